//! The virtual clock, and times.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde::Serialize;

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
        self.inner().now()
    }

    /// Returns the number of virtual seconds per real second.
    pub(crate) fn speed(&self) -> f64 {
        self.inner().speed
    }

    /// Sets the number of virtual seconds per real second; with 0 the clock is frozen.
    pub(crate) fn set_speed(&self, speed: f64) {
        let mut inner = self.inner();
        let now = inner.now();
        inner.restart(now);
        inner.speed = speed;
    }

    /// Moves the clock forward to `time`, but never back.
    pub(crate) fn move_to(&self, time: Timestamp) {
        let mut inner = self.inner();
        let now = inner.now();
        inner.restart(now.max(time));
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        later(self.base, scaled(self.since.elapsed(), self.speed))
    }

    fn restart(&mut self, now: Timestamp) {
        self.base = now;
        self.since = Instant::now();
    }
}

/// Returns a duration of real time in virtual time, or the longest one if that is too long.
fn scaled(elapsed: Duration, speed: f64) -> Duration {
    Duration::try_from_secs_f64(elapsed.as_secs_f64() * speed).unwrap_or(Duration::MAX)
}

/// The mode of the clock, which can be changed at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClockMode {
    /// Time passes, at the speed of real time or at a multiple of it. Advancing the clock adds an
    /// offset.
    Running,
    /// Time stands still until the clock is advanced.
    Frozen,
}

impl ClockMode {
    pub(crate) fn of(speed: f64) -> Self {
        if speed > 0.0 {
            Self::Running
        } else {
            Self::Frozen
        }
    }
}

/// Checks a speed of the clock.
pub(crate) fn check_speed(speed: f64) -> Result<(), &'static str> {
    if speed.is_finite() && (0.0..=MAX_SPEED).contains(&speed) {
        Ok(())
    } else {
        Err("invalid speed: expected a number from 0 (frozen) to 1000000")
    }
}

/// The highest speed of the clock: about eleven days in a second.
const MAX_SPEED: f64 = 1_000_000.0;

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
    fn speed_is_a_number_that_moves_time_forward() {
        for speed in [0.0, 0.5, 1.0, 3600.0, MAX_SPEED] {
            assert_eq!(check_speed(speed), Ok(()), "{speed}");
        }
        for speed in [-1.0, f64::NAN, f64::INFINITY, MAX_SPEED * 2.0] {
            assert!(check_speed(speed).is_err(), "{speed}");
        }
    }

    #[test]
    fn frozen_clock_moves_by_advancing_alone() {
        let start = Timestamp::UNIX_EPOCH;
        let clock = Clock::new(start, MAX_SPEED);
        clock.set_speed(0.0);
        let frozen = clock.now();
        assert_eq!(clock.now(), frozen);
        clock.move_to(later(frozen, Duration::from_secs(5)));
        assert_eq!(clock.now(), later(frozen, Duration::from_secs(5)));
        clock.move_to(frozen);
        assert_eq!(clock.now(), later(frozen, Duration::from_secs(5)));
    }

    #[test]
    fn scaled_time_never_overflows() {
        assert_eq!(
            scaled(Duration::from_secs(2), 60.0),
            Duration::from_secs(120)
        );
        assert_eq!(scaled(Duration::MAX, MAX_SPEED), Duration::MAX);
    }

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
