//! The scenarios that only one vendor has: the outcome of each, and the expected texts of its
//! report.

use idv::{Decision, Outcome, Status};
use idv_sandbox::{Ending, Sandbox};
use idv_testkit::conformance::{Harness, outcome_of};

use super::{Named, Stage};

const FAILED: &str = r#""result":"failed""#;

/// The expected texts in the reports of scenarios with this end.
const SHOWN: &[(&str, Ending, &[&str])] = &[
    (
        "suspicion-then-success",
        Ending::Disputed,
        &[FAILED, "FraudAttempt"],
    ),
    (
        "success-then-suspicion",
        Ending::Disputed,
        &[FAILED, r#""code":"89""#],
    ),
    (
        "suspicion-then-canceled",
        Ending::Canceled,
        &[FAILED, "Mustermann"],
    ),
    ("born-1970", Ending::Verified, &["1970-01-01"]),
    (
        "suspicion-then-changed",
        Ending::VerifiedWithChanges,
        &[FAILED, "FRAUD_SUSPICION_PENDING"],
    ),
    (
        "faces-unscored",
        Ending::Inconclusive,
        &[r#""result":"not_performed""#],
    ),
    (
        "expired-unchecked",
        Ending::Rejected,
        &[r#""kind":"document_expiry","result":"failed""#],
    ),
    (
        "wrong-number",
        Ending::Inconclusive,
        &["document_number_wrong", FAILED],
    ),
    (
        "wrong-number-alike",
        Ending::Inconclusive,
        &["document_number_wrong", FAILED],
    ),
    ("several-accesses", Ending::Verified, &["Acceso"]),
];

/// Plays each scenario of a vendor in its own sandbox.
pub fn check<V: Named>() {
    Stage::<V>::run(async {
        let scenarios = Stage::<V>::open().await.vendor().scenarios();
        let common: Vec<&str> = idv_testkit::conformance::SCENARIOS.to_vec();
        let mut failures = Vec::new();
        for scenario in scenarios
            .iter()
            .filter(|scenario| !common.contains(&scenario.name))
        {
            if scenario.ending == Ending::Unspecified {
                continue;
            }
            let harness = Stage::<V>::open().await;
            let (decision, report) = outcome_of(&harness, scenario.name).await;
            let report = serde_json::to_string(&report).unwrap();
            if !ends_so(decision, scenario.ending) {
                failures.push(format!(
                    "{}: {decision:?}, not {:?}: {report}",
                    scenario.name, scenario.ending
                ));
            }
            let shown = SHOWN
                .iter()
                .find(|row| (row.0, row.1) == (scenario.name, scenario.ending))
                .map_or(&[][..], |row| row.2);
            failures.extend(
                shown
                    .iter()
                    .filter(|text| !report.contains(*text))
                    .map(|text| format!("{}: no {text}: {report}", scenario.name)),
            );
        }
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    });
}

#[tokio::test]
async fn every_expected_text_belongs_to_a_scenario() {
    let sandbox = Sandbox::builder().in_process().start().await.unwrap();
    let all: Vec<_> = sandbox
        .vendors()
        .iter()
        .flat_map(idv_sandbox::Vendor::scenarios)
        .collect();
    for (name, ending, _) in SHOWN {
        assert!(
            all.iter()
                .any(|scenario| (scenario.name, scenario.ending) == (*name, *ending)),
            "{name}"
        );
    }
}

fn ends_so(decision: Decision, ending: Ending) -> bool {
    match ending {
        Ending::Verified | Ending::VerifiedWithChanges => {
            decision == Decision::Settled(Outcome::Verified)
        }
        Ending::Rejected => decision == Decision::Settled(Outcome::Rejected),
        Ending::Inconclusive => decision == Decision::Settled(Outcome::Inconclusive),
        Ending::Canceled => decision == Decision::Settled(Outcome::Canceled),
        Ending::Expired => decision == Decision::Settled(Outcome::Expired),
        Ending::Disputed => decision == Decision::Disputed,
        Ending::InReview => matches!(decision, Decision::Open(Status::InReview { .. })),
        Ending::AwaitingPerson => decision == Decision::Open(Status::AwaitingPerson),
        _ => false,
    }
}
