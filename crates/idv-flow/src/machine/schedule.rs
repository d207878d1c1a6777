//! Intervals and limits of the calls to a vendor.

use std::time::Duration;

use idv_core::{Capability, VendorInfo};
use jiff::Timestamp;

use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::retention::later;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Intervals and limits of the calls to a vendor. [`Schedule::of`] returns one that suits the
/// vendor.
///
/// ```
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # bank::run(async |bank| {
/// # let client = bank.client();
/// use std::time::Duration;
/// use idv_flow::Schedule;
///
/// let schedule = Schedule::of(client.info()).interval(Duration::from_secs(60)).sweep(None);
/// assert_eq!(schedule.slowest, Duration::from_secs(3_600)); // once nothing changes
/// # Ok(())
/// # });
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Schedule {
    /// The interval between polls after the creation and after each change.
    pub interval: Duration,
    /// The factor by which the interval grows with each poll without a change: 1 to 10.
    pub growth: f64,
    /// The longest interval between polls while the person takes part. Until the person begins, the
    /// interval grows further: to a fifth of the time waited, at most 36 hours.
    pub slowest: Duration,
    /// The random part of each interval, so that flows do not poll in step: 0 to 0.5.
    pub jitter: f64,
    /// The shortest interval between polls that callbacks request. It limits the polls that an
    /// unauthenticated sender can cause.
    pub wake_gap: Duration,
    /// The interval between reads of the vendor's list, if it has one. With a list, a flow polls
    /// only after [`Schedule::backstop`], or when the list or a callback reports a change.
    pub sweep: Option<Duration>,
    /// The longest time without a poll of an open verification while lists are read.
    pub backstop: Duration,
    /// The lifetime of a person's session if neither the vendor's answer nor its document states
    /// one.
    pub lifetime: Duration,
    /// The time after the session's end in which the engine still polls the vendor before the
    /// verification expires.
    pub grace: Duration,
    /// The wait for an expected callback or report before the flow needs an operator.
    pub overdue: Duration,
    /// The time in which a create request that did not reach the vendor is retried.
    pub create_within: Duration,
    /// The time in which a creation with a lost answer is searched for before the flow needs an
    /// operator.
    pub settle_within: Duration,
    /// The time for which calls may fail before the flow needs an operator.
    pub failing: Duration,
    /// The wait after a deletion before the engine asks the vendor to confirm it.
    pub confirm_after: Duration,
}

impl Schedule {
    /// Returns a schedule that suits a vendor.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use std::time::Duration;
    /// use idv_flow::Schedule;
    /// # let client = bank.client();
    ///
    /// let schedule = Schedule::of(client.info());
    /// assert_eq!(schedule.interval, client.info().poll_interval);
    /// // IDnow has lists, so one call covers many flows.
    /// assert_eq!(schedule.sweep, Some(Duration::from_secs(300)));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn of(info: &VendorInfo) -> Self {
        Self {
            interval: info.poll_interval,
            growth: 1.5,
            slowest: HOUR.max(info.poll_interval),
            jitter: 0.1,
            wake_gap: Duration::from_secs(5),
            sweep: info.has(Capability::Listing).then_some(5 * MINUTE),
            backstop: DAY,
            lifetime: info.lifetime.unwrap_or(30 * DAY),
            grace: 2 * DAY,
            overdue: 3 * DAY,
            create_within: HOUR,
            settle_within: DAY,
            failing: 6 * HOUR,
            confirm_after: MINUTE,
        }
    }

    idv_core::setters! {
        interval: Duration,
        growth: f64,
        slowest: Duration,
        jitter: f64,
        wake_gap: Duration,
        sweep: Option<Duration>,
        backstop: Duration,
        lifetime: Duration,
        grace: Duration,
        overdue: Duration,
        create_within: Duration,
        settle_within: Duration,
        failing: Duration,
        confirm_after: Duration,
    }

    pub(crate) fn check(&self) -> Result<()> {
        if !(1.0..=10.0).contains(&self.growth) || !(0.0..=0.5).contains(&self.jitter) {
            return Err(FlowError::Invalid(
                "invalid schedule: expected a `growth` of 1 to 10 and a `jitter` of 0 to 0.5"
                    .to_owned(),
            ));
        }
        if self.interval.is_zero()
            || self.slowest < self.interval
            || self.sweep.is_some_and(|sweep| sweep.is_zero())
        {
            let text = "invalid schedule: expected an `interval` and a `sweep` above zero, and a `slowest` of at least the `interval`";
            return Err(FlowError::Invalid(text.to_owned()));
        }
        Ok(())
    }

    /// Returns the wait after this number of consecutive polls without a change.
    pub(crate) fn pace(&self, unchanged: u32) -> Duration {
        let factor = self
            .growth
            .powi(i32::try_from(unchanged.min(64)).unwrap_or(64));
        scaled(self.interval, factor).min(self.slowest)
    }

    /// Returns the wait after this number of consecutive failures.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let factor = 2_f64.powi(i32::try_from(failures.saturating_sub(1).min(32)).unwrap_or(32));
        scaled(self.interval.min(30 * Duration::from_secs(1)), factor).min(HOUR)
    }

    /// Returns the wait before the next poll of a verification that the person has not begun for
    /// the time `idle`.
    ///
    /// It grows with that time, beyond [`Schedule::slowest`]: most people begin at once or never,
    /// and the vendor need not be polled hundreds of times about the latter.
    pub(crate) fn idle_pace(&self, unchanged: u32, idle: Duration) -> Duration {
        let wait = (idle / 5).min(IDLE_SLOWEST);
        if wait > self.slowest {
            wait
        } else {
            self.pace(unchanged)
        }
    }

    /// Returns the lateness from which a poll is postponed: no worker has run for that long, or far
    /// too few.
    pub(crate) fn outage(&self) -> Duration {
        self.slowest.saturating_mul(2)
    }

    /// Returns a time within the longest interval after `from`, different for each flow.
    pub(crate) fn spread(&self, from: Timestamp, id: FlowId) -> Timestamp {
        in_milliseconds(from, scaled(self.slowest, unit(id, 0)))
    }

    /// Returns the time that is `wait` after `from`, varied by the jitter. The result is the same
    /// for the same flow and number, so that a plan can be repeated.
    pub(crate) fn jittered(
        &self,
        from: Timestamp,
        wait: Duration,
        id: FlowId,
        number: u32,
    ) -> Timestamp {
        in_milliseconds(
            from,
            scaled(wait, 1.0 + self.jitter * (unit(id, number) * 2.0 - 1.0)),
        )
    }
}

/// The longest interval between polls of a verification that the person has not begun, unless
/// [`Schedule::slowest`] is longer.
const IDLE_SLOWEST: Duration = Duration::from_secs(36 * 60 * 60);

/// Returns a number from 0 to 1 that depends on the flow and the number.
fn unit(id: FlowId, number: u32) -> f64 {
    // FNV-1a: the result need not be secret.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in id.as_bytes().iter().chain(&number.to_be_bytes()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    f64::from(u32::try_from(hash >> 32).unwrap_or_default()) / f64::from(u32::MAX)
}

/// Adds a wait, truncated to milliseconds.
fn in_milliseconds(from: Timestamp, wait: Duration) -> Timestamp {
    later(
        from,
        Duration::new(wait.as_secs(), wait.subsec_millis() * 1_000_000),
    )
}

/// Returns `duration` times `factor`, or the longest representable duration.
fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use idv_core::{CreateSafety, HandOffKind, OsRandom, ProviderId, ReportSource};

    use super::*;

    fn schedule() -> Schedule {
        let id = ProviderId::new("example");
        let mut info = VendorInfo::new(
            id,
            "Example",
            CreateSafety::Keyed,
            HandOffKind::Redirect,
            ReportSource::Poll,
        );
        info.poll_interval = MINUTE;
        Schedule {
            growth: 2.0,
            ..Schedule::of(&info)
        }
    }

    #[test]
    fn pace_slows_down_to_a_limit() {
        let schedule = schedule();
        assert_eq!(schedule.pace(0), MINUTE);
        assert_eq!(schedule.pace(2), 4 * MINUTE);
        assert_eq!(schedule.pace(u32::MAX), HOUR);
        assert_eq!(schedule.backoff(1), Duration::from_secs(30));
        assert_eq!(schedule.backoff(u32::MAX), HOUR);
    }

    #[test]
    fn jitter_differs_per_flow_and_is_repeatable() {
        let schedule = schedule();
        let start = Timestamp::UNIX_EPOCH;
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let id = FlowId::random(&OsRandom);
            let at = schedule.jittered(start, HOUR, id, 1);
            assert_eq!(at, schedule.jittered(start, HOUR, id, 1));
            let seconds = at.as_second();
            assert!((3240..=3960).contains(&seconds), "{seconds}");
            seen.insert(seconds);
        }
        assert!(seen.len() > 50, "{}", seen.len());
    }

    #[test]
    fn invalid_schedule_is_refused() {
        for schedule in [
            Schedule {
                growth: 0.5,
                ..schedule()
            },
            Schedule {
                jitter: 0.9,
                ..schedule()
            },
            Schedule {
                growth: f64::NAN,
                ..schedule()
            },
            Schedule {
                interval: Duration::ZERO,
                ..schedule()
            },
            Schedule {
                slowest: Duration::ZERO,
                ..schedule()
            },
        ] {
            assert!(schedule.check().is_err());
        }
    }
}
