use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use idv_core::Clock;
use jiff::Timestamp;

/// A clock that a test moves by hand.
///
/// A task that sleeps on the clock wakes when the test has moved it far enough; no real time
/// passes. Clones are cheap and share the same time.
///
/// A [leaping](ManualClock::leaping) clock moves itself: each sleep ends at once and moves the
/// clock by its length, but only after other tasks had their turn. It suits tests of code that
/// waits, without a test that has to move the clock.
///
/// ```
/// use std::time::Duration;
/// use idv_core::{Clock, Timestamp};
/// use idv_testkit::ManualClock;
///
/// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().as_second(), 60);
/// ```
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
    /// Creates a clock that shows `start` until a test moves it.
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

    /// Creates a clock at `start` whose sleeps end at their second poll and move it by their
    /// length.
    #[must_use]
    pub fn leaping(start: Timestamp) -> Self {
        let clock = Self::new(start);
        clock.state().leaping = true;
        clock
    }

    /// Moves the clock forward and wakes the tasks whose sleep has ended.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.now += by;
        state.sleepers.drain(..).for_each(Waker::wake);
    }

    /// Returns the length of each completed sleep, in order. Only a leaping clock records them.
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
            // Other tasks get their turn first.
            cx.waker().wake_by_ref();
        } else {
            state.sleepers.push(cx.waker().clone());
        }
        drop(state);
        self.polled = true;
        Poll::Pending
    }
}
