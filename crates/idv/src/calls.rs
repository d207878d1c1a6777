//! The table `calls`: what is changed about how calls behave.

use std::time::Duration;

use idv_core::call::CallPolicy;
use serde::Deserialize;

use crate::lenient::Number;

/// Each of them optional; what is left out stays as [`CallPolicy::default`] has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Calls {
    attempt_timeout_ms: Option<Number>,
    deadline_ms: Option<Number>,
    max_attempts: Option<Number>,
    backoff_ms: Option<Number>,
    backoff_cap_ms: Option<Number>,
    retry_after_cap_ms: Option<Number>,
    retry_budget: Option<Number>,
    max_in_flight: Option<Number>,
    max_answer_bytes: Option<Number>,
    poll_interval_ms: Option<Number>,
}

impl Calls {
    pub(crate) const KEYS: &'static [&'static str] = &[
        "attempt_timeout_ms",
        "deadline_ms",
        "max_attempts",
        "backoff_ms",
        "backoff_cap_ms",
        "retry_after_cap_ms",
        "retry_budget",
        "max_in_flight",
        "max_answer_bytes",
        "poll_interval_ms",
    ];

    /// The policy that this makes of the default one; an error in words where a number makes calls impossible.
    pub(crate) fn policy(self) -> Result<CallPolicy, String> {
        let mut policy = CallPolicy::default();
        let milliseconds = |number: Option<Number>, into: &mut Duration| {
            if let Some(Number(number)) = number {
                *into = Duration::from_millis(number);
            }
        };
        milliseconds(self.attempt_timeout_ms, &mut policy.attempt_timeout);
        milliseconds(self.deadline_ms, &mut policy.deadline);
        milliseconds(self.backoff_ms, &mut policy.backoff);
        milliseconds(self.backoff_cap_ms, &mut policy.backoff_cap);
        milliseconds(self.retry_after_cap_ms, &mut policy.retry_after_cap);
        if let Some(number) = self.max_attempts {
            policy.max_attempts = number.fit("calls.max_attempts")?;
        }
        if let Some(number) = self.retry_budget {
            policy.retry_budget = number.fit("calls.retry_budget")?;
        }
        if let Some(number) = self.max_in_flight {
            policy.max_in_flight = number.fit("calls.max_in_flight")?;
        }
        if let Some(Number(number)) = self.max_answer_bytes {
            policy.max_answer = number;
        }
        policy.poll_interval = self.poll_interval_ms.map(|Number(number)| Duration::from_millis(number));
        let noughts = [
            ("attempt_timeout_ms", policy.attempt_timeout.is_zero()),
            ("deadline_ms", policy.deadline.is_zero()),
            ("poll_interval_ms", policy.poll_interval.is_some_and(|interval| interval.is_zero())),
            ("max_attempts", policy.max_attempts == 0),
            ("max_in_flight", policy.max_in_flight == 0),
            ("max_answer_bytes", policy.max_answer == 0),
        ];
        match noughts.into_iter().find(|(_, nought)| *nought) {
            Some((key, _)) => Err(format!("calls.{key} is 0: no call could ever be made")),
            None => Ok(policy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: serde_json::Value) -> Result<CallPolicy, String> {
        serde_json::from_value::<Calls>(json).map_err(|error| error.to_string())?.policy()
    }

    #[test]
    fn what_is_left_out_stays_as_it_is() {
        assert_eq!(policy(serde_json::json!({})).unwrap(), CallPolicy::default());
    }

    #[test]
    fn every_key_changes_the_policy() {
        for key in Calls::KEYS {
            let changed = policy(serde_json::json!({ *key: 7 })).unwrap();
            assert_ne!(changed, CallPolicy::default(), "{key}");
            assert_eq!(changed, policy(serde_json::json!({ *key: "7" })).unwrap(), "{key}");
        }
    }

    #[test]
    fn numbers_that_make_calls_impossible_are_refused_by_name() {
        for key in ["attempt_timeout_ms", "deadline_ms", "max_attempts", "max_in_flight", "max_answer_bytes"] {
            let error = policy(serde_json::json!({ key: 0 })).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
        assert!(policy(serde_json::json!({ "max_attempts": u64::MAX })).unwrap_err().contains("max_attempts"));
        assert!(policy(serde_json::json!({ "deadline": 1 })).unwrap_err().contains("deadline_ms"));
    }
}
