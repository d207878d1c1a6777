//! The single steps of the person, the agents and the vendor.

use super::Effect;
use super::account::Account;
use super::case::{Case, Method};
use super::scenario::Plan;

/// Names and descriptions.
pub(super) const STEPS: &[(&str, &str)] = &[
    (
        "person-begins",
        "The person opens the link and begins the identification.",
    ),
    (
        "person-completes",
        "The person completes their part of the identification.",
    ),
    (
        "person-aborts",
        "The person refuses the identification, or aborts the signing, for good.",
    ),
    (
        "person-signs",
        "The person reads the documents and signs them with a TAN.",
    ),
    (
        "attempt-fails",
        "The attempt fails for a technical reason, and the person can try again.",
    ),
    (
        "agent-corrects-data",
        "The agent finds another date and another place of birth on the document.",
    ),
    ("agent-suspects-fraud", "The agent suspects fraud."),
    (
        "agent-rejects",
        "The agent finds the document not valid, and the identification is negative.",
    ),
    (
        "review-begins",
        "Quality management begins to review the identification.",
    ),
    (
        "reviewer-finds-error",
        "The reviewer finds an error in the data of a video identification.",
    ),
    (
        "reviewer-confirms",
        "The review ends without findings, and the identification is positive.",
    ),
    (
        "reviewer-terminates",
        "The vendor terminates the processing without a result.",
    ),
    (
        "partner-fails",
        "An external system fails for good; the order cannot be finished.",
    ),
    (
        "partner-fails-for-now",
        "An external system fails; the person can try again.",
    ),
    (
        "order-times-out",
        "The order times out, and the vendor deletes its data.",
    ),
];

/// Plans a step, all of it at once. Fails if the step does not fit the state of the order.
pub(super) fn plan(name: &str, case: &Case, account: &Account) -> Result<Plan, &'static str> {
    let mut plan = Plan::default();
    match name {
        "person-begins" => {
            demand_attempt(case)?;
            match case.method() {
                Method::Shop => return Err("no status reports that the person goes to a shop"),
                _ if is_underway(case) => return Err("the person has already begun"),
                _ => plan.begin(case),
            }
        }
        "person-completes" => {
            demand_attempt(case)?;
            demand(
                is_underway(case) || case.method() == Method::Shop,
                "the person has not begun",
            )?;
            plan.complete(case)
        }
        "person-aborts" if case.awaits_signature() => plan.refuse_signature(case, account),
        "person-aborts" => {
            demand_attempt(case)?;
            if is_underway(case) && case.method() == Method::Video {
                plan.leave();
            }
            plan.status("refused the identification", 16, None)
        }
        "person-signs" => {
            demand(
                case.awaits_signature(),
                "there is nothing to sign, or the person is not identified yet",
            )?;
            demand(
                !account.customer_side_signing,
                "the customer performs the signing, through requestSign",
            )?;
            plan.sign(case, account)
        }
        "attempt-fails" => {
            demand_attempt(case)?;
            match case.method() {
                Method::Phone => return Err("a phone verification has no failed attempts"),
                Method::Shop => {}
                _ => demand(is_underway(case), "the person has not begun")?,
            }
            plan.fail(case)
        }
        "agent-corrects-data" => {
            demand_review(case)?;
            demand(!case.changed, "the data is already corrected")?;
            plan.say("the agent corrected the date and the place of birth")
                .effect(Effect::Changed)
        }
        "agent-suspects-fraud" => {
            demand_agent(case)?;
            plan.suspect(case)
        }
        "agent-rejects" => {
            demand_agent(case)?;
            plan.reject(case, 20_005, 73)
        }
        "review-begins" => {
            demand_review(case)?;
            demand(has_review(case), "the order's method has no review")?;
            demand(!case.reached(11), "the review has already begun")?;
            plan.review_begins(case)
        }
        "reviewer-finds-error" => {
            demand_review(case)?;
            demand(
                case.method() == Method::Video && case.reached(11),
                "there is no review of a video identification",
            )?;
            plan.find_error()
        }
        "reviewer-confirms" => {
            demand_review(case)?;
            if !case.reached(11) {
                plan.review_begins(case);
            }
            plan.review_ends(case).identify(case, account)
        }
        "reviewer-terminates" => {
            demand_agent(case)?;
            plan.terminate()
        }
        "partner-fails" => plan.status("an external system failed for good", 29, None),
        "partner-fails-for-now" => plan.status("an external system failed for now", 139, None),
        "order-times-out" => {
            demand(
                account.time_out_days.is_some(),
                "the account has no time-out, so its orders do not expire",
            )?;
            demand(
                !case.conducted || case.identified.is_some(),
                "the person has completed their part, so the order does not time out",
            )?;
            plan.say("the order timed out").effect(Effect::TimeOut)
        }
        _ => return Err("unknown step"),
    };
    let mut plan = plan.done();
    plan.hasten_all();
    Ok(plan)
}

/// Checks that the person can attempt the identification.
fn demand_attempt(case: &Case) -> Result<(), &'static str> {
    demand(
        case.method() != Method::Earlier,
        "the person is not identified again, because an earlier identification is used",
    )?;
    demand(
        case.identified.is_none(),
        "the person is already identified",
    )?;
    demand(
        !case.is_done_by_person(),
        "the person has already completed their part",
    )
}

/// Checks that an agent has the identification.
fn demand_agent(case: &Case) -> Result<(), &'static str> {
    demand(
        case.identified.is_none(),
        "the person is already identified",
    )?;
    demand(
        is_underway(case) || case.is_done_by_person(),
        "the person has not begun",
    )
}

/// Checks that the identification waits for its verdict.
fn demand_review(case: &Case) -> Result<(), &'static str> {
    demand(
        case.identified.is_none(),
        "the person is already identified",
    )?;
    demand(
        case.is_done_by_person(),
        "the person has not completed their part",
    )
}

fn demand(fits: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if fits { Ok(()) } else { Err(otherwise) }
}

fn has_review(case: &Case) -> bool {
    matches!(case.method(), Method::Video | Method::Shop | Method::AutoId)
}

/// Returns whether the person has begun an attempt that has not ended: by a video call, by the
/// app, by autoID, or by a TAN.
fn is_underway(case: &Case) -> bool {
    let latest = case
        .statuses
        .iter()
        .rev()
        .find_map(|status| match status.kind {
            50 | 78 | 98 => Some(true),
            71 if case.method() == Method::Phone => Some(true),
            21 | 53 | 79 | 153 => Some(false),
            _ => None,
        });
    latest.unwrap_or_default()
}

impl Plan {
    /// Lets every step and every effect happen at once, in their order.
    fn hasten_all(&mut self) {
        for step in &mut self.steps {
            step.after_seconds = 0;
        }
        for (after, _) in &mut self.effects {
            *after = 0;
        }
    }
}
