//! Scenarios that are hard to judge, each at the vendor that can send them: what is decided, and what the report has to show.

use idv::{Decision, Outcome, Status};
use idv_testkit::conformance::{Harness, outcome_of};

use super::{Stage, Vendor};

type Row = (&'static str, Decision, &'static [&'static str]);

const VERIFIED: Decision = Decision::Settled(Outcome::Verified);
const REJECTED: Decision = Decision::Settled(Outcome::Rejected);
const INCONCLUSIVE: Decision = Decision::Settled(Outcome::Inconclusive);
const FAILED: &str = r#""result":"failed""#;

fn check<V: Vendor>(rows: &[Row]) {
    Stage::<V>::run(async {
        let mut failures = Vec::new();
        for (scenario, expected, shown) in rows {
            let harness = Stage::<V>::open().await;
            let (decision, report) = outcome_of(&harness, scenario).await;
            let report = serde_json::to_string(&report).unwrap();
            if decision != *expected {
                failures.push(format!("{scenario}: {decision:?}, not {expected:?}: {report}"));
            }
            failures.extend(
                shown.iter().filter(|text| !report.contains(*text)).map(|text| format!("{scenario}: no {text}: {report}")),
            );
        }
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    });
}

#[test]
fn identity_tm_never_erases_a_suspicion() {
    check::<super::identity_tm::IdentityTm>(&[
        ("suspicion-then-success", Decision::Disputed, &[FAILED, "FraudAttempt"]),
        ("success-then-suspicion", Decision::Disputed, &[FAILED, r#""code":"89""#]),
        ("suspicion-then-canceled", Decision::Settled(Outcome::Canceled), &[FAILED, "Mustermann"]),
        ("born-1970", VERIFIED, &["1970-01-01"]),
    ]);
}

#[test]
fn idnow_shows_what_came_before_a_success() {
    check::<super::idnow::Idnow>(&[
        ("suspicion-then-changed", VERIFIED, &[FAILED, "FRAUD_SUSPICION_PENDING"]),
        ("check-pending", VERIFIED, &[]),
    ]);
}

#[test]
fn cm_id_scan_verifies_by_evidence_only() {
    check::<super::cm_id_scan::CmIdScan>(&[
        ("faces-unscored", INCONCLUSIVE, &[r#""result":"not_performed""#]),
        ("faces-denied", INCONCLUSIVE, &[]),
        ("unchecked", INCONCLUSIVE, &[]),
        ("unknown-words", INCONCLUSIVE, &[]),
        ("expired-unchecked", REJECTED, &[r#""kind":"document_expiry","result":"failed""#]),
    ]);
}

#[test]
fn identify24_keeps_a_person_unidentified() {
    check::<super::identify24::Identify24>(&[
        ("unidentified", Decision::Open(Status::AwaitingPerson), &[]),
        ("suspicion-then-success", VERIFIED, &[]),
    ]);
}

#[test]
fn verificar_identidad_verifies_the_requested_number_only() {
    check::<super::verificar_identidad::VerificarIdentidad>(&[
        ("wrong-number", INCONCLUSIVE, &["document_number_wrong", FAILED]),
        ("wrong-number-alike", INCONCLUSIVE, &["document_number_wrong", FAILED]),
        ("several-accesses", VERIFIED, &["Acceso"]),
        ("rejected", REJECTED, &[]),
    ]);
}
