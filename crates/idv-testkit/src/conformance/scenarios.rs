//! Scenarios: the same course of a verification leads to the same outcome at every vendor.

use std::time::Duration;

use idv_core::report::{Attribute, Report, Verdict};
use idv_core::{Capability, Decision, Outcome, Status, Transition};

use super::{Case, Harness, skip};

/// The names of the scenarios that [`Harness::act`] has to know.
pub const SCENARIOS: &[&str] = &[
    "happy",
    "data-changed",
    "rejected",
    "fraud",
    "fraud-in-review",
    "aborted-then-success",
    "canceled-in-review",
    "expired",
    "never-finishes",
    "unknown-status",
];

/// Longer than every vendor's session lifetime.
const PATIENCE: Duration = Duration::from_secs(100 * 24 * 3600);

/// A verified person has a report.
pub async fn happy<H: Harness>(harness: &H) {
    let Some(case) = played(harness, "happy").await else {
        return;
    };
    assert_eq!(
        case.decision(),
        Decision::Settled(Outcome::Verified),
        "{:?}",
        case.transitions()
    );
    let report = case.final_report().expect("a verified person has a report");
    assert_eq!(report.provider, harness.client().info().provider);
    assert!(
        report.person.family_name.is_some(),
        "a report names the person"
    );
}

/// A verified person's report shows the values that differ from the submitted ones, if the vendor
/// compares them.
pub async fn data_changed<H: Harness>(harness: &H) {
    let Some(case) = played(harness, "data-changed").await else {
        return;
    };
    let last = case.last_report();
    let report = last
        .as_ref()
        .and_then(|observation| observation.report())
        .expect("the vendor sent a report");
    if !compares(report) {
        assert!(
            matches!(case.decision(), Decision::Settled(_)),
            "{:?}",
            case.transitions()
        );
        return skip(
            harness,
            "the vendor does not compare values with the submitted ones",
        );
    }
    let changed = changed(report);
    let settled = case.decision();
    assert!(
        matches!(settled, Decision::Settled(Outcome::Verified) if changed)
            || settled == Decision::Settled(Outcome::Inconclusive),
        "{settled:?}, changed: {changed}: {:?}",
        case.transitions()
    );
}

/// A person whom the vendor rejects is not verified.
pub async fn rejected<H: Harness>(harness: &H) {
    not_verified(harness, "rejected").await;
}

/// A forger whom the agent detects is not verified.
pub async fn fraud<H: Harness>(harness: &H) {
    not_verified(harness, "fraud").await;
}

/// A forger whom only the review detects is not verified.
pub async fn fraud_in_review<H: Harness>(harness: &H) {
    not_verified(harness, "fraud-in-review").await;
}

/// A failed attempt does not end the verification.
pub async fn aborted_then_success<H: Harness>(harness: &H) {
    let Some(case) = played(harness, "aborted-then-success").await else {
        return;
    };
    assert_eq!(
        case.decision(),
        Decision::Settled(Outcome::Verified),
        "{:?}",
        case.transitions()
    );
}

/// A verification that the review cancels is over and not verified.
pub async fn canceled_in_review<H: Harness>(harness: &H) {
    not_verified(harness, "canceled-in-review").await;
}

/// A verification that the person never begins expires: by the vendor's status, by the client's
/// clock, or never, if the vendor states no lifetime.
pub async fn expired<H: Harness>(harness: &H) {
    let Some(mut case) = played(harness, "expired").await else {
        return;
    };
    if matches!(case.decision(), Decision::Open(_)) {
        harness.advance(PATIENCE).await;
        case.follow().await;
    }
    let decision = case.decision();
    let waits = harness.client().info().lifetime.is_none()
        && !harness.client().info().has(Capability::Polling);
    assert!(
        decision == Decision::Settled(Outcome::Expired)
            || (waits && matches!(decision, Decision::Open(_))),
        "{decision:?}: {:?}",
        case.transitions()
    );
}

/// An unfinished verification stays open.
pub async fn never_finishes<H: Harness>(harness: &H) {
    let Some(case) = played(harness, "never-finishes").await else {
        return;
    };
    assert!(
        matches!(case.decision(), Decision::Open(_)),
        "{:?}",
        case.transitions()
    );
}

/// An unknown status code changes nothing and is reported.
pub async fn unknown_status<H: Harness>(harness: &H) {
    let Some(case) = played(harness, "unknown-status").await else {
        return;
    };
    assert!(
        matches!(case.decision(), Decision::Open(status) if status != Status::Ended),
        "{:?}",
        case.transitions()
    );
    assert!(
        case.transitions()
            .iter()
            .any(|transition| matches!(transition, Transition::UnknownCode(_))),
        "the unknown code was not reported: {:?}",
        case.transitions()
    );
}

/// Acts out a vendor's own scenario to its end before the client polls.
///
/// Returns the decision, and the last authenticated report.
///
/// # Panics
///
/// If the vendor does not have the scenario, or does not answer.
#[allow(clippy::panic, reason = "a test fails by panicking")]
pub async fn outcome_of<H: Harness>(harness: &H, scenario: &str) -> (Decision, Option<Report>) {
    let mut case = Case::create(harness).await;
    let moments = harness
        .act(case.id(), scenario)
        .await
        .unwrap_or_else(|why| panic!("the vendor has no scenario {scenario}: {why}"));
    harness
        .advance(moments.into_iter().max().unwrap_or_default())
        .await;
    case.follow().await;
    let report = case
        .last_report()
        .and_then(|observation| observation.report().cloned());
    (case.decision(), report)
}

/// Returns whether a value differs from the submitted one or contradicts itself.
fn changed(report: &Report) -> bool {
    any_verdict(report, &[Verdict::Changed, Verdict::Invalid])
}

/// Returns whether the report compares a value with the submitted one.
fn compares(report: &Report) -> bool {
    any_verdict(
        report,
        &[Verdict::Match, Verdict::Changed, Verdict::Invalid],
    )
}

/// Returns whether a field that could have been submitted has one of these verdicts.
fn any_verdict(report: &Report, verdicts: &[Verdict]) -> bool {
    let is = |verdict: Option<Verdict>| verdict.is_some_and(|verdict| verdicts.contains(&verdict));
    fn of<T>(attribute: &Option<Attribute<T>>) -> Option<Verdict> {
        attribute.as_ref().map(|attribute| attribute.verdict)
    }
    let (person, address) = (&report.person, &report.person.address);
    is(of(&person.given_names))
        || is(of(&person.family_name))
        || is(of(&person.birth_date))
        || is(person.birth_place.as_ref().map(|place| place.verdict))
        || is(person
            .nationalities
            .first()
            .map(|nationality| nationality.verdict))
        || is(of(&address.street))
        || is(of(&address.city))
        || is(of(&address.postal_code))
}

async fn played<'h, H: Harness>(harness: &'h H, scenario: &str) -> Option<Case<'h, H>> {
    let mut case = Case::create(harness).await;
    case.follow().await;
    if !case.play(scenario).await {
        return None;
    }
    assert!(
        !case.transitions().iter().any(|transition| matches!(
            transition,
            Transition::WrongSubject | Transition::Disputed
        )),
        "{:?}",
        case.transitions()
    );
    Some(case)
}

/// Checks that the verification is settled and the person is not verified.
async fn not_verified<H: Harness>(harness: &H, scenario: &str) {
    let Some(case) = played(harness, scenario).await else {
        return;
    };
    let decision = case.decision();
    assert!(
        matches!(decision, Decision::Settled(outcome) if outcome != Outcome::Verified),
        "{decision:?}: {:?}",
        case.transitions()
    );
}
