//! The named scenarios and single steps of the person and the agents.

use super::account::{Account, Status, Statuses};
use super::ident::Ident;
use crate::scenario::Ending;

/// The vendor's own scenarios, and common ones with another ending.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    // The corrected values are reported, but not that they differ from the submitted ones.
    ("data-changed", Ending::Verified),
    ("suspicion-then-success", Ending::Verified),
    ("unidentified", Ending::AwaitingPerson),
];

/// The single steps.
pub(crate) const STEPS: &[(&str, &str)] = &[
    (
        "person-calls",
        "The person shows the identity card to an agent in the video call.",
    ),
    (
        "person-aborts",
        "The person leaves, so that the call fails: the status `aborted`.",
    ),
    (
        "agent-corrects-name",
        "The agent reads another last name from the document.",
    ),
    (
        "agent-requests-review",
        "The agent ends the call, and a review follows: the status `in_review`.",
    ),
    (
        "agent-suspects-fraud",
        "The agent suspects fraud, and a review follows: the status `fraud_suspected`.",
    ),
    (
        "agent-rejects",
        "The agent sees that the document is not valid: the last status, `rejected`.",
    ),
    (
        "agent-identifies-no-person",
        "The agent cannot identify the person: the last status, `unidentified`.",
    ),
    (
        "reviewer-confirms",
        "The review confirms the identity: the last status, `identified`.",
    ),
    (
        "reviewer-finds-fraud",
        "The review finds fraud: the last status, `rejected`.",
    ),
    (
        "reviewer-cancels",
        "The review finds the picture not good enough: the last status, `canceled`.",
    ),
    (
        "vendor-sends-unknown-status",
        "The vendor sends the undocumented status of the account's `unknown_status`.",
    ),
    (
        "vendor-deletes-ident",
        "The lifetime of the ident ends early: the status `expired`, and no data is left.",
    ),
];

/// An event of an ident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The agent talks to the person.
    Call,
    /// The agent reads another name from the document.
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
    let mut plan = Plan::default();
    match name {
        "happy" => plan
            .call()
            .reach(&words.in_review)
            .review()
            .end(&words.identified),
        "data-changed" => plan
            .call()
            .correct()
            .reach(&words.in_review)
            .review()
            .end(&words.identified),
        "rejected" => plan.call().reject(reason, words),
        "fraud" => {
            plan.call()
                .suspect(words)
                .review()
                .find_fraud("the review confirmed it", reason, words)
        }
        "fraud-in-review" => {
            plan.call()
                .reach(&words.in_review)
                .review()
                .find_fraud(FRAUD_FOUND, reason, words)
        }
        "aborted-then-success" => plan
            .call()
            .abort("the connection was not good enough", words)
            .later(30)
            .say("tried again")
            .call()
            .reach(&words.in_review)
            .review()
            .end(&words.identified),
        "canceled-in-review" => plan
            .call()
            .reach(&words.in_review)
            .review()
            .cancel(reason, words),
        "suspicion-then-success" => plan
            .call()
            .suspect(words)
            .review()
            .say("the review found nothing")
            .end(&words.identified),
        // The initial status again, this time after a call with an agent.
        "unidentified" => plan.call().identify_no_person(reason, words),
        "expired" => plan
            .until(left)
            .say("never came, and the vendor deleted the ident"),
        "never-finishes" => plan
            .call()
            .reach(&words.in_review)
            .say("no agent reviewed it"),
        "unknown-status" => plan.call().unknown(account),
        _ => return None,
    };
    Some(plan)
}

/// Plans a single step. Fails if there is no such step, or if it does not fit the state of the
/// ident.
pub(crate) fn step(name: &str, ident: &Ident, account: &Account) -> Result<Plan, &'static str> {
    let words = &account.statuses;
    let mut plan = Plan::default();
    match name {
        "person-calls" | "person-aborts" if ident.is_in_review(account) => {
            return Err("the call is over and a review follows");
        }
        "person-calls" if ident.in_call => {
            return Err("the person is already in a call with an agent");
        }
        "agent-corrects-name"
        | "agent-requests-review"
        | "agent-suspects-fraud"
        | "agent-rejects"
        | "agent-identifies-no-person"
            if !ident.in_call =>
        {
            return Err("the person is not in a call with an agent");
        }
        "reviewer-confirms" | "reviewer-finds-fraud" | "reviewer-cancels"
            if !ident.is_in_review(account) =>
        {
            return Err("the ident is not in a review");
        }
        "person-calls" => plan.talk(),
        "person-aborts" => plan.abort("left the call", words),
        "agent-corrects-name" => plan.correct(),
        "agent-requests-review" => plan.reach(&words.in_review),
        "agent-suspects-fraud" => plan.suspect(words),
        "agent-rejects" => plan.reject(None, words),
        "agent-identifies-no-person" => plan.identify_no_person(None, words),
        "reviewer-confirms" => plan.end(&words.identified),
        "reviewer-finds-fraud" => plan.find_fraud(FRAUD_FOUND, None, words),
        "reviewer-cancels" => plan.cancel(None, words),
        "vendor-sends-unknown-status" => plan.unknown(account),
        "vendor-deletes-ident" => plan
            .say("the vendor deleted the ident")
            .effect(Effect::EndOfLife),
        _ => return Err("unknown step"),
    };
    Ok(plan)
}

const FRAUD_FOUND: &str = "the review found fraud";

impl Plan {
    fn call(&mut self) -> &mut Self {
        self.say("opened the link").later(2).talk().later(5)
    }

    fn talk(&mut self) -> &mut Self {
        self.say("showed the identity card in the video call")
            .effect(Effect::Call)
    }

    fn abort(&mut self, what: &str, words: &Statuses) -> &mut Self {
        self.say(what).reach(&words.aborted)
    }

    fn correct(&mut self) -> &mut Self {
        self.say("the agent corrected the last name")
            .effect(Effect::Correct)
    }

    fn suspect(&mut self, words: &Statuses) -> &mut Self {
        self.say("the agent suspected fraud")
            .reach(&words.fraud_suspected)
    }

    fn reject(&mut self, reason: Option<&str>, words: &Statuses) -> &mut Self {
        self.say("the agent saw that the document is not valid")
            .refuse(reason, "DOCUMENT_NOT_VALID")
            .end(&words.rejected)
    }

    fn identify_no_person(&mut self, reason: Option<&str>, words: &Statuses) -> &mut Self {
        self.say("the agent could not identify the person")
            .refuse(reason, "NOT_IDENTIFIABLE")
            .end(&words.unidentified)
    }

    fn review(&mut self) -> &mut Self {
        self.later(12).say("a second agent reviewed it")
    }

    fn find_fraud(&mut self, what: &str, reason: Option<&str>, words: &Statuses) -> &mut Self {
        self.say(what).refuse(reason, "FRAUD").end(&words.rejected)
    }

    fn cancel(&mut self, reason: Option<&str>, words: &Statuses) -> &mut Self {
        self.say("the picture was not good enough")
            .refuse(reason, "PHOTO_NOT_CLEAR")
            .end(&words.canceled)
    }

    fn unknown(&mut self, account: &Account) -> &mut Self {
        self.say("the vendor sent an undocumented status")
            .reach(&account.unknown_status)
    }

    /// Adds the reason of a refusal; `usual` if there is no other.
    fn refuse(&mut self, reason: Option<&str>, usual: &str) -> &mut Self {
        self.effect(Effect::Refuse(reason.unwrap_or(usual).to_owned()))
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
