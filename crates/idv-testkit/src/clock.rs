use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use idv_core::Clock;
use jiff::Timestamp;

/// A clock that is moved by hand. Who sleeps on it wakes when it is moved far enough, and in no real time. Cheap to clone; clones
/// are the same clock.
///
/// With [`ManualClock::leaping`] a sleep ends at once and moves the clock by its length, but only where nothing else can go on: for
/// tests of waits that should not have to be moved by hand.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    now: Duration,
    start: Timestamp,
    leaping: bool,
    sleepers: Vec<Waker>,
    slept: Vec<Duration>,
}

impl ManualClock {
    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(State {
            now: Duration::ZERO,
            start,
            leaping: false,
            sleepers: Vec::new(),
            slept: Vec::new(),
        })))
    }

    /// A clock at `start` whose sleeps end at their second poll and move it by their length.
    #[must_use]
    pub fn leaping(start: Timestamp) -> Self {
        let clock = Self::new(start);
        clock.state().leaping = true;
        clock
    }

    /// Moves the clock forward and wakes who has slept enough.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.now += by;
        state.sleepers.drain(..).for_each(Waker::wake);
    }

    /// How long each completed sleep of a leaping clock was.
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        self.state().slept.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let state = self.state();
        state
            .start
            .saturating_add(
                jiff::SignedDuration::try_from(state.now).unwrap_or(jiff::SignedDuration::MAX),
            )
            .unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.state().now
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let until = self.monotonic() + duration;
        Box::pin(Sleep {
            clock: self.clone(),
            until,
            duration,
            polled: false,
        })
    }
}

struct Sleep {
    clock: ManualClock,
    until: Duration,
    duration: Duration,
    polled: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut state = clock.state();
        if state.now >= self.until {
            return Poll::Ready(());
        }
        if state.leaping && self.polled {
            state.now = self.until;
            state.slept.push(self.duration);
            return Poll::Ready(());
        }
        if state.leaping {
            // Whatever runs beside this sleep gets its turn first.
            cx.waker().wake_by_ref();
        } else {
            state.sleepers.push(cx.waker().clone());
        }
        drop(state);
        self.polled = true;
        Poll::Pending
    }
}
