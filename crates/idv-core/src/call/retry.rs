//! The table that says what may be tried again, and the budget that bounds it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::StatusCode;

use super::policy::CallPolicy;
use crate::environment::Random;

/// Whether a request may be repeated when nobody knows whether it was acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// It may: it reads, or doing it twice is the same as once.
    Repeatable,
    /// It must not: doing it twice costs money and reaches a human being.
    Once,
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// No byte had left.
    NotSent,
    /// Bytes had left, and no whole answer came.
    NoAnswer,
    /// An answer.
    Answer(StatusCode),
}

/// What an adapter says of an answer whose status means something else with its vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ruling {
    /// It is the vendor's word: hand it to the adapter.
    Final,
    /// It may pass: try again, if the request may be repeated.
    Transient,
    /// The vendor refused the session's token and did nothing else, whatever the status: renew the token and try once more.
    Unauthorized,
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reaction {
    /// Hand the answer to the adapter.
    Return,
    /// Try again.
    Retry,
    /// Wait as long as the vendor asks, and try again.
    Wait,
    /// Stop: nobody knows whether it was acted on.
    Stop,
}

/// The table.
pub(super) fn react(repeat: Repeat, ending: Ending, ruling: Option<Ruling>) -> Reaction {
    let uncertain = match repeat {
        Repeat::Repeatable => Reaction::Retry,
        Repeat::Once => Reaction::Stop,
    };
    match (ending, ruling) {
        (Ending::NotSent, _) => Reaction::Retry,
        (Ending::NoAnswer, _) => uncertain,
        (Ending::Answer(_), Some(Ruling::Final | Ruling::Unauthorized)) => Reaction::Return,
        (Ending::Answer(_), Some(Ruling::Transient)) => uncertain,
        (Ending::Answer(StatusCode::TOO_MANY_REQUESTS), None) => Reaction::Wait,
        (Ending::Answer(status), None) if leaves_open(status) => uncertain,
        (Ending::Answer(_), None) => Reaction::Return,
    }
}

/// Whether an answer with this status leaves open if the vendor acted.
pub(super) fn leaves_open(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// The wait before attempt `attempt` (the second one is 2): a random part of a time that doubles.
pub(super) fn backoff(policy: &CallPolicy, attempt: u32, random: &dyn Random) -> Duration {
    let doublings = attempt.saturating_sub(2).min(16);
    let longest = policy.backoff.saturating_mul(1 << doublings).min(policy.backoff_cap);
    let mut bits = [0; 4];
    random.fill(&mut bits);
    // Half of it at least: a wait of nothing would not be one.
    longest.mul_f64(0.5 + f64::from(u32::from_le_bytes(bits)) / f64::from(u32::MAX) / 2.0)
}

/// How many retries all calls to a provider may make, in tenths.
#[derive(Debug)]
pub(super) struct RetryBudget {
    tenths: AtomicU32,
    full: u32,
}

impl RetryBudget {
    pub(super) const fn new(retries: u32) -> Self {
        let full = retries.saturating_mul(10);
        Self { tenths: AtomicU32::new(full), full }
    }

    /// Takes one retry, if there is one.
    pub(super) fn take(&self) -> bool {
        self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| tenths.checked_sub(10)).is_ok()
    }

    /// Gives a tenth of a retry back.
    pub(super) fn succeeded(&self) {
        // An update that fails has nothing to add: the budget is full.
        let _ = self.tenths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tenths| (tenths < self.full).then(|| tenths + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::OsRandom;

    #[test]
    fn the_table_is_the_designs() {
        use Reaction::{Retry, Return, Stop, Wait};
        let status = |code| Ending::Answer(StatusCode::from_u16(code).unwrap());
        let rows = [
            (Ending::NotSent, Retry, Retry),
            (Ending::NoAnswer, Retry, Stop),
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
            assert_eq!(react(Repeat::Repeatable, ending, None), repeatable, "{ending:?}");
            assert_eq!(react(Repeat::Once, ending, None), once, "{ending:?}");
        }
    }

    #[test]
    fn an_adapter_overrules_answers_but_never_silence() {
        let status = |code| Ending::Answer(StatusCode::from_u16(code).unwrap());
        assert_eq!(react(Repeat::Once, status(429), Some(Ruling::Final)), Reaction::Return);
        assert_eq!(react(Repeat::Once, status(409), Some(Ruling::Transient)), Reaction::Stop);
        assert_eq!(react(Repeat::Repeatable, status(409), Some(Ruling::Transient)), Reaction::Retry);
        assert_eq!(react(Repeat::Once, Ending::NoAnswer, Some(Ruling::Final)), Reaction::Stop);
    }

    #[test]
    fn waits_double_up_to_their_cap_and_are_never_nothing() {
        let policy = CallPolicy::default();
        for attempt in 2..40 {
            let longest = policy.backoff.saturating_mul(1 << (attempt - 2_u32).min(16)).min(policy.backoff_cap);
            let wait = backoff(&policy, attempt, &OsRandom);
            assert!(wait >= longest / 2 && wait <= longest, "attempt {attempt}: {wait:?}");
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
