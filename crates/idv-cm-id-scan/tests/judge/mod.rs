//! Shared by the tests of judgements: a good result, a change to it, and the rule.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use idv_cm_id_scan::api::Tasks;
use idv_cm_id_scan::normalize::{self, Acceptance};
use idv_core::report::{CheckKind, CheckResult, Reason};
use idv_core::{Channel, Observation, Outcome, Status, Timestamp};
use serde_json::{Value, json};

use super::fixture;

/// The day of every judgement. The fixtures' person is 59 years old on that day, and the document
/// is valid until 2031-08-30.
pub(crate) const NOW: &str = "2024-06-01T12:00:00Z";

/// The rule for all three tasks.
pub(crate) fn strict() -> Acceptance {
    with(|_| {})
}

/// The rule with a change.
pub(crate) fn with(change: impl FnOnce(&mut Acceptance)) -> Acceptance {
    let mut acceptance = Acceptance::strict();
    acceptance.ordered = Some(Tasks::DocumentLivenessAndMatch);
    change(&mut acceptance);
    acceptance
}

/// Judges a good result with a change.
pub(crate) fn judged(acceptance: &Acceptance, change: impl FnOnce(&mut Value)) -> Observation {
    let mut result = fixture::json("own-result-verified.json");
    change(&mut result);
    judged_payload(acceptance, &result)
}

pub(crate) fn judged_payload(acceptance: &Acceptance, payload: &Value) -> Observation {
    let now: Timestamp = NOW.parse().unwrap();
    normalize::payload_at(
        payload.to_string().as_bytes(),
        Channel::Fetch,
        acceptance,
        now,
    )
    .unwrap()
    .remove(0)
}

pub(crate) fn outcome(observation: &Observation) -> Outcome {
    match observation.status {
        Some(Status::Finished(outcome)) => outcome,
        _ => Outcome::Canceled,
    }
}

pub(crate) fn reasons(observation: &Observation) -> Vec<(Reason, &str)> {
    observation
        .report()
        .unwrap()
        .reasons
        .iter()
        .map(|finding| (finding.reason, finding.code.as_str()))
        .collect()
}

#[track_caller]
pub(crate) fn expect(
    observation: &Observation,
    expected: Outcome,
    expected_reasons: &[(Reason, &str)],
) {
    assert_eq!(
        (outcome(observation), reasons(observation).as_slice()),
        (expected, expected_reasons)
    );
}

/// The result of a check. There is at most one check of each kind.
#[track_caller]
pub(crate) fn check(observation: &Observation, kind: CheckKind) -> Option<CheckResult> {
    let mut checks = observation
        .report()
        .unwrap()
        .checks
        .iter()
        .filter(|check| check.kind == kind);
    let check = checks.next().map(|check| check.result);
    assert!(checks.next().is_none(), "{kind:?} stands twice");
    check
}

/// A field of the good result.
pub(crate) fn field<'v>(result: &'v mut Value, name: &str) -> &'v mut Value {
    let fields = result["tasks"][0]["result"].as_array_mut().unwrap();
    fields
        .iter_mut()
        .find(|field| field["field"] == name)
        .unwrap()
}

/// Sets a field to one value from the machine-readable zone.
pub(crate) fn set(result: &mut Value, name: &str, value: &str, validity: &str) {
    let field = field(result, name);
    field["values"] = json!([{ "source": "mrz", "value": value }]);
    field["validity"] = validity.into();
}

pub(crate) fn remove(result: &mut Value, name: &str) {
    result["tasks"][0]["result"]
        .as_array_mut()
        .unwrap()
        .retain(|field| field["field"] != name);
}
