//! Limits of an account's calls, and its circuit breaker.

use std::time::Duration;

use serde::Serialize;

use crate::error::{FlowError, Result};

/// The time for which a program may take starts in advance: a batch, which saves statements.
pub(crate) const BATCH: Duration = Duration::from_millis(250);
/// Maximum number of starts of a batch.
const MAX_BURST: u32 = 1_000;
/// The longest unit of time of a rate.
const MAX_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// Limits of the calls of all programs together at an account.
///
/// A call is one operation of the client: a creation, a poll, one page of a list. Its retries and
/// logins are governed by the client's own [`CallPolicy`](idv_core::call::CallPolicy). [Calls that
/// the application makes itself](crate::Engine::client) do not count.
///
/// ```
/// use idv_flow::AccountLimits;
///
/// let limits = AccountLimits::none().per_second(10).concurrent(4);
/// assert_eq!(limits.rate.map(|rate| rate.calls), Some(10));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccountLimits {
    /// The number of calls that may start per unit of time; `None` for no limit.
    pub rate: Option<RateLimit>,
    /// The number of calls that may be under way at the same time; `None` for no limit.
    pub concurrent: Option<u32>,
}

/// A number of calls per unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RateLimit {
    /// The number of calls.
    pub calls: u32,
    /// The unit of time.
    #[serde(rename = "per_ms", serialize_with = "millis")]
    pub per: Duration,
}

impl AccountLimits {
    /// Returns no limits.
    ///
    /// ```
    /// use idv_flow::AccountLimits;
    ///
    /// assert!(AccountLimits::none().is_none());
    /// assert_eq!(AccountLimits::none(), AccountLimits::default());
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self {
            rate: None,
            concurrent: None,
        }
    }

    /// Sets the number of calls that may start in each second, at least 1.
    ///
    /// ```
    /// use std::time::Duration;
    /// use idv_flow::AccountLimits;
    ///
    /// let rate = AccountLimits::none().per_second(10).rate.expect("the rate is limited");
    /// assert_eq!((rate.calls, rate.per), (10, Duration::from_secs(1)));
    /// ```
    #[must_use]
    pub const fn per_second(self, calls: u32) -> Self {
        self.rate(calls, Duration::from_secs(1))
    }

    /// Sets the number of calls that may start in each minute, at least 1.
    ///
    /// ```
    /// use std::time::Duration;
    /// use idv_flow::AccountLimits;
    ///
    /// let rate = AccountLimits::none().per_minute(30).rate.expect("the rate is limited");
    /// assert_eq!((rate.calls, rate.per), (30, Duration::from_secs(60)));
    /// ```
    #[must_use]
    pub const fn per_minute(self, calls: u32) -> Self {
        self.rate(calls, Duration::from_secs(60))
    }

    /// Sets the number of calls that may start per unit of time: at least 1, in a millisecond to a
    /// day. [`EngineBuilder::open`](crate::EngineBuilder::open) and
    /// [`Engine::limit_account`](crate::Engine::limit_account) refuse other values.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::time::Duration;
    /// use idv_flow::AccountLimits;
    ///
    /// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    /// let limits = AccountLimits::none().rate(500, DAY);
    /// builder().account_limits("idnow", limits).open().await?;
    ///
    /// // A longer unit of time is refused when the engine opens.
    /// let limits = AccountLimits::none().rate(15_000, 30 * DAY);
    /// let error = builder().account_limits("idnow", limits).open().await.unwrap_err();
    /// assert!(error.to_string().contains("1 ms to 1 day"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn rate(mut self, calls: u32, per: Duration) -> Self {
        self.rate = Some(RateLimit::new(calls, per));
        self
    }

    /// Sets the number of calls that may be under way at the same time, at least 1.
    ///
    /// ```
    /// use idv_flow::AccountLimits;
    ///
    /// let limits = AccountLimits::none().per_second(10).concurrent(4);
    /// assert_eq!(limits.concurrent, Some(4));
    /// assert!(limits.rate.is_some());
    /// ```
    #[must_use]
    pub const fn concurrent(mut self, calls: u32) -> Self {
        self.concurrent = Some(calls);
        self
    }

    /// Returns whether there is no limit.
    ///
    /// ```
    /// use idv_flow::AccountLimits;
    ///
    /// assert!(AccountLimits::none().is_none());
    /// assert!(!AccountLimits::none().concurrent(4).is_none());
    /// ```
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.rate.is_none() && self.concurrent.is_none()
    }

    /// Checks that calls are possible at all: an account is stopped by a pause, not by a limit of
    /// 0.
    pub(crate) fn check(&self) -> Result<()> {
        if self.concurrent == Some(0) || self.rate.is_some_and(|rate| !rate.is_valid()) {
            return Err(FlowError::Invalid(
                "invalid limits of an account: expected at least 1 call, per a unit of time from 1 ms to 1 day; to stop all calls, \
                 pause the account"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

impl RateLimit {
    pub(crate) const fn new(calls: u32, per: Duration) -> Self {
        Self { calls, per }
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.calls > 0 && (Duration::from_millis(1)..=MAX_PERIOD).contains(&self.per)
    }

    /// Returns the time between two starts.
    pub(crate) fn interval(&self) -> Duration {
        (self.per / self.calls.max(1)).max(Duration::from_nanos(1))
    }

    /// Returns the number of calls that may start at the same moment after a pause: those of a
    /// batch.
    pub(crate) fn burst(&self) -> u32 {
        let batch = BATCH.as_nanos() / self.interval().as_nanos();
        u32::try_from(batch)
            .unwrap_or(MAX_BURST)
            .clamp(1, MAX_BURST)
    }
}

/// When an account counts as down.
///
/// After `outages` failed calls in a row of all programs together, the circuit is open: one call
/// per `probe_interval` probes the vendor, and every other waits. The first answer closes it. An
/// outage is a call that reached no vendor or that the vendor answered with a failure of its own
/// ([`ErrorKind::Unavailable`](idv_core::ErrorKind::Unavailable)); a refusal is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CircuitBreaker {
    /// The number of outages in a row that opens the circuit; 0 if nothing does. Default: 5.
    pub outages: u32,
    /// The time between two probes. Default: 30 s.
    pub probe_interval: Duration,
}

impl Default for CircuitBreaker {
    fn default() -> Self {
        Self::new(5, Duration::from_secs(30))
    }
}

impl CircuitBreaker {
    /// Returns a circuit breaker that opens after `outages` outages in a row, and then probes the
    /// vendor once per `probe_interval`: at least a second, unless `outages` is 0.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::time::Duration;
    /// use idv_flow::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::new(3, Duration::from_secs(60));
    /// assert!(builder().circuit_breaker("idnow", breaker).open().await.is_ok());
    ///
    /// // An interval below a second is refused when the engine opens.
    /// let breaker = CircuitBreaker::new(3, Duration::from_millis(500));
    /// let error = builder().circuit_breaker("idnow", breaker).open().await.unwrap_err();
    /// assert!(error.to_string().contains("probe interval"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn new(outages: u32, probe_interval: Duration) -> Self {
        Self {
            outages,
            probe_interval,
        }
    }

    /// Returns a circuit breaker that never opens.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use idv_core::NewVerification;
    ///
    /// let breaker = idv_flow::CircuitBreaker::off();
    /// let engine = builder().circuit_breaker("idnow", breaker).open().await?;
    /// # bank.vendor_is_down(true);
    /// // The vendor is down.
    /// for _ in 0..10 {
    ///     engine.start(NewVerification::new(engine.reference())).await?;
    /// }
    /// assert_eq!(engine.account_status("idnow").await?.circuit, None);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn off() -> Self {
        Self::new(0, Duration::ZERO)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.outages > 0 && self.probe_interval < Duration::from_secs(1) {
            return Err(FlowError::Invalid(
                "invalid circuit breaker: expected a probe interval of at least 1 s".to_owned(),
            ));
        }
        Ok(())
    }
}

fn millis<S: serde::Serializer>(per: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(per.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burst_is_a_quarter_of_a_second_and_at_least_one() {
        let burst = |limits: AccountLimits| limits.rate.unwrap().burst();
        assert_eq!(burst(AccountLimits::none().per_second(40)), 10);
        assert_eq!(burst(AccountLimits::none().per_second(1)), 1);
        assert_eq!(burst(AccountLimits::none().per_minute(30)), 1);
        assert_eq!(burst(AccountLimits::none().per_second(u32::MAX)), MAX_BURST);
    }

    #[test]
    fn limits_that_allow_no_call_are_refused() {
        let none = AccountLimits::none();
        for limits in [
            none.per_second(0),
            none.concurrent(0),
            none.rate(1, Duration::ZERO),
            none.rate(1, 2 * MAX_PERIOD),
        ] {
            let error = limits.check().unwrap_err().to_string();
            assert!(error.contains("pause the account"), "{error}");
        }
        none.per_minute(1).concurrent(1).check().unwrap();
        assert!(CircuitBreaker::new(1, Duration::ZERO).check().is_err());
        CircuitBreaker::off().check().unwrap();
    }
}
