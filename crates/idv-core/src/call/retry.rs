//! The table that says what may be tried again, and the budget that bounds it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::StatusCode;

use super::policy::CallPolicy;
use crate::environment::Random;

/// Whether a request may be repeated if it is unknown whether the vendor acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// It may: it only reads, or twice has the same effect as once.
    Repeatable,
    /// It must not: twice costs money and reaches a human being.
    Once,
}

/// The result of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttemptResult {
    /// No byte was sent.
    NotSent,
    /// Bytes were sent, and no complete answer arrived.
    NoAnswer,
    /// An answer.
    Answer(StatusCode),
}

/// An adapter's judgement of an answer whose status means something else at its vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ruling {
    /// The answer is final: return it to the adapter.
    Final,
    /// The failure is transient: retry if the request may be repeated.
    Transient,
    /// The vendor refused the session's token and did nothing else, whatever the status: renew the token and retry once.
    Unauthorized,
}

/// The next step after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryDecision {
    /// Return the answer to the adapter.
    Return,
    /// Retry.
    Retry,
    /// Wait as long as the vendor asks, then retry.
    Wait,
    /// Stop: it is unknown whether the vendor acted.
    Stop,
}

/// The table.
pub(super) fn decide(
    repeat: Repeat,
    result: AttemptResult,
    ruling: Option<Ruling>,
) -> RetryDecision {
    let uncertain = match repeat {
        Repeat::Repeatable => RetryDecision::Retry,
        Repeat::Once => RetryDecision::Stop,
    };
    match (result, ruling) {
        (AttemptResult::NotSent, _) => RetryDecision::Retry,
        (AttemptResult::NoAnswer, _) => uncertain,
        (AttemptResult::Answer(_), Some(Ruling::Final | Ruling::Unauthorized)) => {
            RetryDecision::Return
        }
        (AttemptResult::Answer(_), Some(Ruling::Transient)) => uncertain,
        (AttemptResult::Answer(StatusCode::TOO_MANY_REQUESTS), None) => RetryDecision::Wait,
        (AttemptResult::Answer(status), None) if leaves_open(status) => uncertain,
        (AttemptResult::Answer(_), None) => RetryDecision::Return,
    }
}

/// Returns whether the vendor may have acted although it answered with this status.
pub(super) fn leaves_open(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// Returns the wait before attempt `attempt`, starting at 2: a random part of a time that doubles.
pub(super) fn backoff(policy: &CallPolicy, attempt: u32, random: &dyn Random) -> Duration {
    let doublings = attempt.saturating_sub(2).min(16);
    let longest = policy
        .backoff
        .saturating_mul(1 << doublings)
        .min(policy.backoff_cap);
    let mut bits = [0; 4];
    random.fill(&mut bits);
    // At least half of it.
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
    fn the_table_is_the_designs() {
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
    fn an_adapter_overrules_answers_but_never_silence() {
        let status = |code| AttemptResult::Answer(StatusCode::from_u16(code).unwrap());
        assert_eq!(
            decide(Repeat::Once, status(429), Some(Ruling::Final)),
            RetryDecision::Return
        );
        assert_eq!(
            decide(Repeat::Once, status(409), Some(Ruling::Transient)),
            RetryDecision::Stop
        );
        assert_eq!(
            decide(Repeat::Repeatable, status(409), Some(Ruling::Transient)),
            RetryDecision::Retry
        );
        assert_eq!(
            decide(Repeat::Once, AttemptResult::NoAnswer, Some(Ruling::Final)),
            RetryDecision::Stop
        );
    }

    #[test]
    fn waits_double_up_to_their_cap_and_are_never_nothing() {
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
    fn a_budget_runs_out_and_recovers_by_success() {
        let budget = RetryBudget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        (0..10).for_each(|_| budget.succeeded());
        assert!(budget.take() && !budget.take());
    }
}
