//! Judges undocumented members.

use idv_core::adapter::wire::Members;
use idv_core::report::{CheckResult, Reason};
use serde_json::Value;

use super::{Judge, comparison_word, validity_word};
use crate::wire::named;

/// Words that count against a person in any member.
const NEGATIVE: &[&str] = &[
    "invalid",
    "failed",
    "fail",
    "failure",
    "mismatch",
    "no_match",
    "not_matched",
    "different",
    "rejected",
    "refused",
    "denied",
    "declined",
    "fraud",
    "fraudulent",
    "suspicious",
    "suspected",
    "tampered",
    "manipulated",
    "altered",
    "forged",
    "fake",
    "counterfeit",
    "spoof",
    "spoofed",
    "expired",
    "false",
    "no",
];

/// Parts of member names that count against a person unless the value denies them.
const SUSPICIONS: &[&str] = &[
    "fraud",
    "suspic",
    "suspect",
    "tamper",
    "manipul",
    "forge",
    "fake",
    "counterfeit",
    "spoof",
    "mismatch",
    "warning",
    "alert",
    "reject",
    "deni",
    "blacklist",
    "blocklist",
];

/// Members whose value `false` means that a task has failed.
const ASSERTIONS: &[&str] = &[
    "match",
    "matched",
    "matches",
    "ismatch",
    "isvalid",
    "valid",
    "passed",
    "pass",
    "success",
    "successful",
    "verified",
    "live",
    "islive",
    "alive",
    "authentic",
    "genuine",
    "approved",
    "accepted",
    "ok",
    "result",
    "verdict",
    "decision",
    "validity",
    "comparison",
];

/// The meaning of a member of a face task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A documented word for a success.
    Positive,
    /// A documented word for a check that was not performed.
    Neutral,
    /// Something is wrong.
    Negative,
    /// The word is unknown.
    Unknown,
}

impl Judge<'_> {
    /// Judges the unknown members of an object outside the face tasks: each member that counts
    /// against the person is a doubt, and the others change nothing.
    pub(super) fn members(&mut self, place: &str, members: &Members) {
        for (name, value) in named(members) {
            if speaks_against(name, value) {
                let place = if place.is_empty() {
                    "transaction"
                } else {
                    place
                };
                self.doubt(Reason::Unknown, place, name);
            }
        }
    }
}

/// Classifies a member by the documented words for validity and comparison, in any member.
pub(super) fn word_of(name: &str, value: &Value) -> Word {
    let result = match value.as_str() {
        Some(word) if name.eq_ignore_ascii_case("validity") => validity_word(word),
        Some(word) if name.eq_ignore_ascii_case("comparison") => Some(comparison_word(word)),
        _ => None,
    };
    match result {
        Some(CheckResult::Passed) => Word::Positive,
        Some(CheckResult::NotPerformed) => Word::Neutral,
        Some(_) => Word::Negative,
        None if speaks_against(name, value) => Word::Negative,
        None => Word::Unknown,
    }
}

/// Returns whether a word counts against a person.
pub(super) fn is_negative(word: &str) -> bool {
    let word = word.trim().replace(['-', ' '], "_");
    NEGATIVE
        .iter()
        .any(|known| known.eq_ignore_ascii_case(&word))
}

/// Returns whether an unknown member counts against a person, by its name or by a word in it.
fn speaks_against(name: &str, value: &Value) -> bool {
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    if SUSPICIONS.iter().any(|suspicion| name.contains(suspicion)) && !says_no(value) {
        return true;
    }
    match value {
        Value::Bool(false) => ASSERTIONS.contains(&name.as_str()),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "false" | "no" => ASSERTIONS.contains(&name.as_str()),
            word => is_negative(word),
        },
        Value::Array(values) => values.iter().any(|value| speaks_against(&name, value)),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| speaks_against(name, value)),
        _ => false,
    }
}

/// Returns whether a value denies its member's name.
fn says_no(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(word) => [
            "",
            "no",
            "false",
            "none",
            "0",
            "n/a",
            "not_performed",
            "not_checked",
        ]
        .contains(&word.trim().to_ascii_lowercase().as_str()),
        Value::Array(values) => values.iter().all(says_no),
        Value::Object(members) => members.values().all(says_no),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn member_counts_against_a_person_by_name_or_word() {
        for (name, value) in [
            ("verdict", json!("rejected")),
            ("status", json!("No Match")),
            ("outcome", json!({ "deep": ["ok", "FRAUD"] })),
            ("fraud", json!(true)),
            ("fraudScore", json!(0.1)),
            ("warnings", json!(["hologram"])),
            ("suspicion", json!({ "code": 4 })),
            ("isSpoof", json!("yes")),
            ("match", json!(false)),
            ("is_valid", json!("false")),
            ("check", json!({ "passed": false })),
        ] {
            assert!(speaks_against(name, &value), "{name}: {value}");
        }
        for (name, value) in [
            ("verdict", json!("approved")),
            ("fraud", json!(false)),
            ("fraud", json!("none")),
            ("warnings", json!([])),
            ("warnings", json!([null, { "count": 0 }])),
            ("alerts", json!({})),
            ("linked", json!(false)),
            ("redacted", json!("no")),
            ("count", json!(0)),
            ("note", json!(null)),
        ] {
            assert!(!speaks_against(name, &value), "{name}: {value}");
        }
    }

    #[test]
    fn documented_words_are_recognized() {
        for (name, value, word) in [
            ("validity", json!("valid"), Word::Positive),
            ("Validity", json!("VALID"), Word::Positive),
            ("validity", json!(" valid"), Word::Unknown),
            ("validity", json!("not_checked"), Word::Neutral),
            ("validity", json!("invalid"), Word::Negative),
            ("validity", json!("probably"), Word::Unknown),
            ("validity", json!(true), Word::Unknown),
            ("comparison", json!("match"), Word::Positive),
            ("comparison", json!("not_performed"), Word::Neutral),
            ("comparison", json!("perhaps"), Word::Negative),
            ("match", json!(true), Word::Unknown),
            ("match", json!("valid"), Word::Unknown),
            ("match", json!(false), Word::Negative),
            ("similarity", json!(0.99), Word::Unknown),
        ] {
            assert_eq!(word_of(name, &value), word, "{name}: {value}");
        }
    }
}
