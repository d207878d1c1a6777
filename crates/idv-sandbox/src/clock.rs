//! Time that can be moved.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The sandbox's clock. It runs at a multiple of real time (which may be nothing), and can be moved forward at once.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// The virtual time at `since`.
    base: Timestamp,
    since: Instant,
    speed: f64,
}

impl Clock {
    pub(crate) fn new(start: Timestamp, speed: f64) -> Self {
        Self(Arc::new(Mutex::new(Inner { base: start, since: Instant::now(), speed })))
    }

    pub(crate) fn now(&self) -> Timestamp {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        later(inner.base, inner.since.elapsed().mul_f64(inner.speed))
    }

    /// Moves the clock forward to `time`; never back.
    pub(crate) fn move_to(&self, time: Timestamp) {
        let now = self.now();
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.base = now.max(time);
        inner.since = Instant::now();
    }
}

/// `time` and so much more; the end of time where that is too much.
pub(crate) fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| time.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}
