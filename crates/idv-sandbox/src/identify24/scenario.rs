//! The named scenarios of the person and the agents.

use super::account::{Account, Status};
use crate::scenario::Ending;

/// The vendor's own scenarios, and common ones with another ending.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    // The corrected values are reported, but not that they differ from the submitted ones.
    ("data-changed", Ending::Verified),
    ("suspicion-then-success", Ending::Verified),
    ("unidentified", Ending::AwaitingPerson),
];

/// An event of an ident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The agent talks to the person.
    Call,
    /// The agent reads another date of birth and another name from the document.
    Correct,
    /// The reason of the rejection, for the webhook.
    Refuse(String),
    /// The ident reaches a status; `true` if it is the last one.
    Status(Status, bool),
    /// The ident's lifetime ends.
    EndOfLife,
}

/// The plan of a scenario.
pub(crate) type Plan = crate::scenario::Plan<Effect>;

/// Plans a scenario; `None` if there is no such scenario. `reason` replaces the reason of a
/// scenario that has one, `left` is the time in seconds until the end of the ident's lifetime.
pub(crate) fn plan(name: &str, reason: Option<&str>, account: &Account, left: u64) -> Option<Plan> {
    let words = &account.statuses;
    let because = |usual: &str| reason.unwrap_or(usual).to_owned();
    let mut plan = Plan::default();
    match name {
        "happy" => plan
            .call()
            .reach(&words.in_review)
            .review()
            .end(&words.identified),
        "data-changed" => {
            plan.call()
                .say("the agent corrected the last name")
                .effect(Effect::Correct)
                .reach(&words.in_review);
            plan.review().end(&words.identified)
        }
        "rejected" => {
            plan.call()
                .say("the agent saw that the document is not valid");
            plan.effect(Effect::Refuse(because("DOCUMENT_NOT_VALID")))
                .end(&words.rejected)
        }
        "fraud" => {
            plan.call()
                .say("the agent suspected fraud")
                .reach(&words.fraud_suspected)
                .review();
            plan.say("the review confirmed it")
                .effect(Effect::Refuse(because("FRAUD")))
                .end(&words.rejected)
        }
        "fraud-in-review" => {
            plan.call().reach(&words.in_review).review();
            plan.say("the review found fraud")
                .effect(Effect::Refuse(because("FRAUD")))
                .end(&words.rejected)
        }
        "aborted-then-success" => {
            plan.call()
                .say("the connection was not good enough")
                .reach(&words.aborted)
                .later(30)
                .say("tried again");
            plan.call()
                .reach(&words.in_review)
                .review()
                .end(&words.identified)
        }
        "canceled-in-review" => {
            plan.call()
                .reach(&words.in_review)
                .review()
                .say("the picture was not good enough");
            plan.effect(Effect::Refuse(because("PHOTO_NOT_CLEAR")))
                .end(&words.canceled)
        }
        "suspicion-then-success" => {
            plan.call()
                .say("the agent suspected fraud")
                .reach(&words.fraud_suspected)
                .review();
            plan.say("the review found nothing").end(&words.identified)
        }
        // The initial status again, this time after a call with an agent.
        "unidentified" => {
            plan.call().say("the agent could not identify the person");
            plan.effect(Effect::Refuse(because("NOT_IDENTIFIABLE")))
                .end(&words.unidentified)
        }
        "expired" => plan
            .until(left)
            .say("never came, and the vendor deleted the ident"),
        "never-finishes" => plan
            .call()
            .reach(&words.in_review)
            .say("no agent reviewed it"),
        "unknown-status" => plan
            .call()
            .say("the vendor sent an undocumented status")
            .reach(&account.unknown_status),
        _ => return None,
    };
    Some(plan)
}

impl Plan {
    fn call(&mut self) -> &mut Self {
        self.say("opened the link")
            .later(2)
            .say("showed the identity card in the video call")
            .effect(Effect::Call)
            .later(5)
    }

    fn review(&mut self) -> &mut Self {
        self.later(12).say("a second agent reviewed it")
    }

    fn reach(&mut self, status: &Status) -> &mut Self {
        self.say(&format!("the status was {}", status.word))
            .effect(Effect::Status(status.clone(), false))
    }

    fn end(&mut self, status: &Status) -> &mut Self {
        self.say(&format!("the status was {}", status.word))
            .effect(Effect::Status(status.clone(), true))
    }
}
