//! Time: the sandbox's, which moves only when the simulation moves it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use idv::{Clock, Timestamp};
use idv_sandbox::VirtualClock;

/// The sandbox's time, and who sleeps in it. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct SandboxClock {
    time: VirtualClock,
    began: Timestamp,
    sleepers: Arc<Mutex<Sleepers>>,
    idle: bool,
}

#[derive(Debug, Default)]
struct Sleepers {
    next: u64,
    /// Who must be woken in time.
    strict: BTreeMap<(Timestamp, u64), Waker>,
    /// Who only wants to look whether there is something to do: it is enough to wake them once there is.
    idle: BTreeMap<(Timestamp, u64), Waker>,
}

impl SandboxClock {
    pub fn new(time: VirtualClock) -> Self {
        let began = time.now();
        Self {
            time,
            began,
            sleepers: Arc::default(),
            idle: false,
        }
    }

    /// The same clock for somebody who sleeps only to look, now and then, whether there is something to do: the simulation knows when
    /// there is, and spares them the rest.
    pub fn for_the_idle(&self) -> Self {
        Self {
            idle: true,
            ..self.clone()
        }
    }

    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// When the first sleeper is to be woken, where there is something to look at from `work` on.
    pub fn next_wake(&self, work: Option<Timestamp>) -> Option<Timestamp> {
        let sleepers = self.sleepers.lock().unwrap();
        let first = |sleepers: &BTreeMap<(Timestamp, u64), Waker>| {
            sleepers.keys().next().map(|(until, _)| *until)
        };
        let idle = first(&sleepers.idle)
            .zip(work)
            .map(|(until, work)| until.max(work));
        first(&sleepers.strict).into_iter().chain(idle).min()
    }

    /// Wakes who has slept enough.
    pub fn wake(&self) {
        let now = self.time.now();
        let mut sleepers = self.sleepers.lock().unwrap();
        let mut awake = Vec::new();
        let Sleepers { strict, idle, .. } = &mut *sleepers;
        for waiting in [strict, idle] {
            while waiting
                .first_key_value()
                .is_some_and(|((until, _), _)| *until <= now)
            {
                awake.extend(waiting.pop_first());
            }
        }
        drop(sleepers);
        awake.into_iter().for_each(|(_, waker)| waker.wake());
    }

    pub fn sleep_until(&self, until: Timestamp) -> Sleep {
        Sleep {
            clock: self.clone(),
            until,
            number: None,
        }
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn monotonic(&self) -> Duration {
        self.time
            .now()
            .duration_since(self.began)
            .try_into()
            .unwrap()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.sleep_until(later(self.time.now(), duration)))
    }
}

/// So much later; the end of time where that is too much.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    jiff::SignedDuration::try_from(by)
        .ok()
        .and_then(|by| at.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

pub struct Sleep {
    clock: SandboxClock,
    until: Timestamp,
    number: Option<u64>,
}

impl Sleep {
    fn waiting<'a>(&self, sleepers: &'a mut Sleepers) -> &'a mut BTreeMap<(Timestamp, u64), Waker> {
        if self.clock.idle {
            &mut sleepers.idle
        } else {
            &mut sleepers.strict
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.clock.time.now() >= self.until {
            return Poll::Ready(());
        }
        let shared = Arc::clone(&self.clock.sleepers);
        let mut sleepers = shared.lock().unwrap();
        let number = *self.number.get_or_insert_with(|| {
            sleepers.next += 1;
            sleepers.next
        });
        let until = self.until;
        self.waiting(&mut sleepers)
            .insert((until, number), cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut sleepers = self.clock.sleepers.lock().unwrap();
            self.waiting(&mut sleepers).remove(&(self.until, number));
        }
    }
}
