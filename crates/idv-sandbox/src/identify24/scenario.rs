//! The named scenarios that the person and the agents act out.

use super::account::{Account, Status};
use crate::scenario::Ending;

/// The scenarios of this vendor alone, and those of all vendors that end otherwise here.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    // What the person corrects is reported; that it differs from what was submitted is not.
    ("data-changed", Ending::Verified),
    ("suspicion-then-success", Ending::Verified),
    ("unidentified", Ending::AwaitingPerson),
];

/// An event of an ident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The agent speaks with the person.
    Call,
    /// The agent reads another birthday and another name from the document than were submitted.
    Correct,
    /// The reason of the refusal, for the webhook.
    Refuse(String),
    /// A status is reached; the last one, if nothing follows it.
    Status(Status, bool),
    /// The ident's lifetime is over.
    EndOfLife,
}

/// The plan of a scenario.
pub(crate) type Plan = crate::scenario::Plan<Effect>;

/// Plans a scenario; `None` if there is none of this name. `reason` replaces the reason of a scenario that has one, `left` is the time in
/// seconds until the ident's life is over.
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
        // The first word of all comes again, now after an agent.
        "unidentified" => {
            plan.call().say("the agent could not identify the person");
            plan.effect(Effect::Refuse(because("NOT_IDENTIFIABLE")))
                .end(&words.unidentified)
        }
        "expired" => plan
            .until(left)
            .say("never came, and the vendor forgot them"),
        "never-finishes" => plan
            .call()
            .reach(&words.in_review)
            .say("nobody reviewed it"),
        "unknown-status" => plan
            .call()
            .say("the vendor said a word that no document knows")
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
