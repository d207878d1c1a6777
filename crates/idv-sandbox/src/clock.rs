//! The virtual clock, and times.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};

/// Returns the expiry date of a document with the `standard` date, unless an account sets another
/// one. The standard person renews the document in time, so that the result of a scenario does not
/// depend on the year.
pub(crate) fn renewed(expires: Date, standard: Date, today: Date) -> Date {
    if expires == standard && expires < today {
        today.saturating_add(Span::new().years(5))
    } else {
        expires
    }
}

/// The sandbox's clock, which runs at a multiple of real time, possibly zero, and can be moved
/// forward.
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
        Self(Arc::new(Mutex::new(Inner {
            base: start,
            since: Instant::now(),
            speed,
        })))
    }

    pub(crate) fn now(&self) -> Timestamp {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        later(inner.base, inner.since.elapsed().mul_f64(inner.speed))
    }

    /// Moves the clock forward to `time`, but never back.
    pub(crate) fn move_to(&self, time: Timestamp) {
        let now = self.now();
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.base = now.max(time);
        inner.since = Instant::now();
    }
}

/// The clients' own clock, beside virtual time.
#[derive(Clone)]
pub(crate) struct WallClock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl WallClock {
    pub(crate) fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Returns the system's clock.
    pub(crate) fn system() -> Self {
        Self::new(Timestamp::now)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock(…)")
    }
}

/// Formats a time for HTTP (RFC 9110, 5.6.7).
pub(crate) fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Returns `time` plus `by`, or the latest time if that is too late.
pub(crate) fn later(time: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| time.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_document_is_renewed_and_others_are_not() {
        let date = |year| Date::constant(year, 10, 19);
        assert_eq!(renewed(date(2027), date(2027), date(2026)), date(2027));
        assert_eq!(renewed(date(2027), date(2027), date(2028)), date(2033));
        assert_eq!(
            renewed(date(2020), date(2027), date(2028)),
            date(2020),
            "a date set by the account is kept"
        );
    }
}
