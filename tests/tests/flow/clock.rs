//! The clock of a world: the sandbox's virtual clock, which only the simulation advances.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use idv::{Clock, Timestamp};
use idv_sandbox::VirtualClock;
use jiff::SignedDuration;

/// The sandbox's time, and the futures that sleep in it. Clones share their state.
#[derive(Debug, Clone)]
pub struct SandboxClock {
    time: VirtualClock,
    began: Timestamp,
    sleepers: Arc<Mutex<Sleepers>>,
    /// The number of the program, if its sleeps are only pauses between searches for work.
    idle: Option<usize>,
    skew: Skew,
}

/// The deviation of a program's clock from the correct time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Skew {
    /// The permanent deviation, within the engine's tolerance.
    pub drift: SignedDuration,
    /// The temporary deviation, beyond the tolerance.
    pub leap: Option<Leap>,
}

/// A period in which a clock is badly wrong.
#[derive(Debug, Clone, Copy)]
pub struct Leap {
    pub from: Timestamp,
    pub until: Timestamp,
    pub by: SignedDuration,
}

impl Skew {
    fn at(&self, now: Timestamp) -> SignedDuration {
        let leap = self
            .leap
            .filter(|leap| leap.from <= now && now < leap.until);
        self.drift + leap.map_or(SignedDuration::ZERO, |leap| leap.by)
    }
}

#[derive(Debug, Default)]
struct Sleepers {
    next: u64,
    /// The sleeps that end at their time.
    strict: BTreeMap<(Timestamp, u64), Waker>,
    /// The sleeps between searches for work, by program. Waking them once there is work suffices.
    idle: BTreeMap<usize, BTreeMap<(Timestamp, u64), Waker>>,
}

impl SandboxClock {
    pub fn new(time: VirtualClock) -> Self {
        let began = time.now();
        Self {
            time,
            began,
            sleepers: Arc::default(),
            idle: None,
            skew: Skew::default(),
        }
    }

    /// Returns a view of this clock that deviates by `skew`. Sleeps are not affected.
    pub fn skewed(&self, skew: Skew) -> Self {
        Self {
            skew,
            ..self.clone()
        }
    }

    /// Returns a view of this clock for a program that sleeps between searches for work. The
    /// simulation knows when there is work, and skips the other searches.
    pub fn for_idle(&self, program: usize) -> Self {
        Self {
            idle: Some(program),
            ..self.clone()
        }
    }

    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Returns the programs that sleep between searches for work.
    pub fn idle_programs(&self) -> Vec<usize> {
        let sleepers = self.sleepers.lock().unwrap();
        sleepers.idle.keys().copied().collect()
    }

    /// Returns the time of the next wake-up. `work` has the time from which each idle program finds
    /// work.
    pub fn next_wake(&self, work: &BTreeMap<usize, Timestamp>) -> Option<Timestamp> {
        let sleepers = self.sleepers.lock().unwrap();
        let idle = sleepers.idle.iter().filter_map(|(program, waiting)| {
            let ((until, _), _) = waiting.first_key_value()?;
            Some((*until).max(*work.get(program)?))
        });
        let strict = sleepers.strict.keys().next().map(|(until, _)| *until);
        idle.chain(strict).min()
    }

    /// Wakes every sleeper whose time has come.
    pub fn wake(&self) {
        let now = self.time.now();
        let mut sleepers = self.sleepers.lock().unwrap();
        let mut awake = Vec::new();
        let Sleepers { strict, idle, .. } = &mut *sleepers;
        for waiting in idle.values_mut().chain([strict]) {
            while waiting
                .first_key_value()
                .is_some_and(|((until, _), _)| *until <= now)
            {
                awake.extend(waiting.pop_first());
            }
        }
        idle.retain(|_, waiting| !waiting.is_empty());
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
        let now = self.time.now();
        now.checked_add(self.skew.at(now)).unwrap()
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

/// Adds a duration to a time. Returns [`Timestamp::MAX`] if the sum is out of range.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
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
        match self.clock.idle {
            Some(program) => sleepers.idle.entry(program).or_default(),
            None => &mut sleepers.strict,
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
