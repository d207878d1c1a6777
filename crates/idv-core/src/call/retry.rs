//! The retry table, and the retry budget.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::StatusCode;

use super::policy::CallPolicy;
use crate::environment::Random;

/// Whether a request may be repeated if its effect is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// The request may be repeated: it only reads, or a repetition has no further effect.
    Repeatable,
    /// The request must not be repeated: a repetition costs money and reaches a human being.
    Once,
}

/// The result of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptResult {
    /// No byte was sent.
    NotSent,
    /// Bytes were sent, and no complete response arrived.
    NoAnswer,
    /// A response arrived.
    Answer(StatusCode),
}

/// A decision of an adapter about a response, in place of the retry table.
///
/// An adapter needs it if a status, or a failure inside a response 200, has a special meaning at
/// its vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryOverride {
    /// The response is final: return it to the adapter.
    Final,
    /// The failure is transient: retry if the request may be repeated.
    Transient,
    /// The vendor refused the session's token and did nothing else: renew the token and retry once,
    /// regardless of the status.
    Unauthorized,
}

/// The next step after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryDecision {
    /// Return the response to the adapter.
    Return,
    /// Retry.
    Retry,
    /// Wait as long as the vendor requests, then retry.
    Wait,
    /// Stop: it is unknown whether the vendor acted.
    Stop,
}

/// Looks up the retry table.
pub(super) fn decide(
    repeat: Repeat,
    result: AttemptResult,
    retry_override: Option<RetryOverride>,
) -> RetryDecision {
    let uncertain = match repeat {
        Repeat::Repeatable => RetryDecision::Retry,
        Repeat::Once => RetryDecision::Stop,
    };
    match (result, retry_override) {
        (AttemptResult::NotSent, _) => RetryDecision::Retry,
        (AttemptResult::NoAnswer, _) => uncertain,
        (AttemptResult::Answer(_), Some(RetryOverride::Final | RetryOverride::Unauthorized)) => {
            RetryDecision::Return
        }
        (AttemptResult::Answer(_), Some(RetryOverride::Transient)) => uncertain,
        (AttemptResult::Answer(StatusCode::TOO_MANY_REQUESTS), None) => RetryDecision::Wait,
        (AttemptResult::Answer(status), None) if leaves_open(status) => uncertain,
        (AttemptResult::Answer(_), None) => RetryDecision::Return,
    }
}

/// Returns whether the vendor may have acted although it answered with this status.
pub(super) fn leaves_open(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// Returns the wait before attempt `attempt`, starting at 2: exponential backoff with jitter.
pub(super) fn backoff(policy: &CallPolicy, attempt: u32, random: &dyn Random) -> Duration {
    let doublings = attempt.saturating_sub(2).min(16);
    let longest = policy
        .backoff
        .saturating_mul(1 << doublings)
        .min(policy.backoff_cap);
    let mut bits = [0; 4];
    random.fill(&mut bits);
    // At least half of the longest wait.
    longest.mul_f64(0.5 + f64::from(u32::from_le_bytes(bits)) / f64::from(u32::MAX) / 2.0)
}

/// The budget of retries for all calls to a provider, in tenths.
#[derive(Debug)]
pub(super) struct RetryBudget {
    tenths: AtomicU32,
    full: u32,
}

impl RetryBudget {
    pub(super) const fn new(retries: u32) -> Self {
        let full = retries.saturating_mul(10);
        Self {
            tenths: AtomicU32::new(full),
            full,
        }
    }

    /// Takes one retry if the budget allows it.
    pub(super) fn take(&self) -> bool {
        self.tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| {
                tenths.checked_sub(10)
            })
            .is_ok()
    }

    /// Returns a tenth of a retry to the budget.
    pub(super) fn succeeded(&self) {
        // A failed update means that the budget is full.
        let _ = self
            .tenths
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| {
                (tenths < self.full).then(|| tenths + 1)
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::OsRandom;

    #[test]
    fn retry_table_is_as_documented() {
        use RetryDecision::{Retry, Return, Stop, Wait};
        let status = |code| AttemptResult::Answer(StatusCode::from_u16(code).unwrap());
        let rows = [
            (AttemptResult::NotSent, Retry, Retry),
            (AttemptResult::NoAnswer, Retry, Stop),
            (status(408), Retry, Stop),
            (status(500), Retry, Stop),
            (status(503), Retry, Stop),
            (status(599), Retry, Stop),
            (status(429), Wait, Wait),
            (status(400), Return, Return),
            (status(401), Return, Return),
            (status(404), Return, Return),
            (status(409), Return, Return),
            (status(200), Return, Return),
            (status(302), Return, Return),
        ];
        for (ending, repeatable, once) in rows {
            assert_eq!(
                decide(Repeat::Repeatable, ending, None),
                repeatable,
                "{ending:?}"
            );
            assert_eq!(decide(Repeat::Once, ending, None), once, "{ending:?}");
        }
    }

    #[test]
    fn override_applies_to_responses_only() {
        let status = |code| AttemptResult::Answer(StatusCode::from_u16(code).unwrap());
        assert_eq!(
            decide(Repeat::Once, status(429), Some(RetryOverride::Final)),
            RetryDecision::Return
        );
        assert_eq!(
            decide(Repeat::Once, status(409), Some(RetryOverride::Transient)),
            RetryDecision::Stop
        );
        assert_eq!(
            decide(
                Repeat::Repeatable,
                status(409),
                Some(RetryOverride::Transient)
            ),
            RetryDecision::Retry
        );
        assert_eq!(
            decide(
                Repeat::Once,
                AttemptResult::NoAnswer,
                Some(RetryOverride::Final)
            ),
            RetryDecision::Stop
        );
    }

    #[test]
    fn backoff_doubles_up_to_its_cap_and_is_never_zero() {
        let policy = CallPolicy::default();
        for attempt in 2..40 {
            let longest = policy
                .backoff
                .saturating_mul(1 << (attempt - 2_u32).min(16))
                .min(policy.backoff_cap);
            let wait = backoff(&policy, attempt, &OsRandom);
            assert!(
                wait >= longest / 2 && wait <= longest,
                "attempt {attempt}: {wait:?}"
            );
        }
    }

    #[test]
    fn retry_budget_runs_out_and_recovers_by_success() {
        let budget = RetryBudget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        (0..10).for_each(|_| budget.succeeded());
        assert!(budget.take() && !budget.take());
    }
}
