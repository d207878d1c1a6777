//! What the person and the vendor's operators do: the named scenarios.

use std::time::Duration;

use super::case::{Case, estado};
use super::finding::Finding;
use super::{Effect, Planned};
use crate::clock::later;
use crate::idnow::scenario::Step;
use jiff::Timestamp;

const MINUTE: u64 = 60;
/// How long nobody comes before it is said that nobody does: the vendor itself never says so.
const NOBODY: u64 = 30 * 24 * 60 * MINUTE;
/// A status that the document does not have.
const UNKNOWN: i64 = 4711;
/// The number of another document than the one that was asked for, and one that was read wrong.
const ANOTHER: &str = "11111111H";

/// The steps of a scenario and what they do, each after so many seconds.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    effects: Vec<(u64, Effect)>,
    after: u64,
}

/// What happens in a scenario from now on; an error where there is none of this name.
pub(super) fn plan(name: &str, case: &Case, now: Timestamp) -> Result<Plan, &'static str> {
    let mut plan = Plan::default();
    // Before the message is sent, nobody can come.
    let wait = case.send_at.duration_since(now).as_secs();
    plan.after = u64::try_from(wait).unwrap_or_default();
    let own = case.wanted.as_deref().unwrap_or("00000000T").to_owned();
    match name {
        "happy" => {
            plan.finding(Finding::GOOD, &own, &own).conduct().finish();
            plan.review("saw nothing against it").status("validated it", estado::VALIDATED)
        }
        "data-changed" => {
            // Without a number that was asked for, nothing was submitted that could differ: the back was read wrong.
            let (reason, front) = if case.wanted.is_some() { (-9, ANOTHER) } else { (-3, own.as_str()) };
            plan.found(reason, front, ANOTHER).say("showed a document whose number is not the expected one");
            plan.conduct().finish().review("saw that it is the right person nevertheless");
            plan.status("validated it", estado::VALIDATED)
        }
        "rejected" => {
            plan.found(-5, &own, &own).say("took a document that has expired").conduct().finish();
            plan.review("saw that the document has expired").status("rejected it", estado::REJECTED)
        }
        "fraud" => {
            plan.found(-8, &own, &own).say("took somebody else's document").conduct().finish();
            plan.review("saw another person").status("rejected it", estado::REJECTED)
        }
        "fraud-in-review" => {
            plan.found(-1, &own, &own).conduct().finish();
            plan.review("saw that the document is forged").status("rejected it", estado::REJECTED)
        }
        "aborted-then-success" => {
            plan.finding(Finding::GOOD, &own, &own).access().say("closed the page").later(30 * MINUTE).say("tried again");
            plan.conduct().finish().review("saw nothing against it").status("validated it", estado::VALIDATED)
        }
        "canceled-in-review" => {
            plan.found(-6, &own, &own).say("held the phone into the light").conduct().finish();
            plan.review("could see nobody").status("rejected it", estado::REJECTED)
        }
        "expired" => plan.later(NOBODY).say("never came; the vendor says nothing of it"),
        "never-finishes" => plan.found(-1, &own, &own).conduct().finish().say("no operator ever looked at it"),
        "unknown-status" => {
            plan.finding(Finding::GOOD, &own, &own).conduct();
            plan.status("the vendor set a status that no document knows", UNKNOWN)
        }
        _ => return Err("there is no such scenario"),
    };
    Ok(plan)
}

impl Plan {
    /// What is to happen to a request, and when.
    pub(super) fn planned(self, case: &Case, now: Timestamp) -> (Vec<Step>, Vec<(Timestamp, Planned)>) {
        let planned = |(after, effect)| {
            let planned = Planned { id: case.id.clone(), attempt: Some(case.attempt), effect };
            (later(now, Duration::from_secs(after)), planned)
        };
        (self.steps, self.effects.into_iter().map(planned).collect())
    }

    fn later(&mut self, seconds: u64) -> &mut Self {
        self.after += seconds;
        self
    }

    fn say(&mut self, what: &str) -> &mut Self {
        self.steps.push(Step { what: what.to_owned(), after_seconds: self.after, effect: None });
        self
    }

    fn status(&mut self, what: &str, status: i64) -> &mut Self {
        self.say(&format!("{what}: {status}"));
        self.effects.push((self.after, Effect::Status(status)));
        self
    }

    /// What the process will find, and the numbers on both sides of the document.
    fn finding(&mut self, finding: Finding, front: &str, back: &str) -> &mut Self {
        let effect = Effect::Finding { finding, front: front.to_owned(), back: back.to_owned() };
        self.effects.push((self.after, effect));
        self
    }

    /// As [`Plan::finding`], for one of the reasons.
    fn found(&mut self, reason: i64, front: &str, back: &str) -> &mut Self {
        self.finding(Finding::of(reason).unwrap_or(Finding::GOOD), front, back)
    }

    /// The person opens the link and is filmed.
    fn access(&mut self) -> &mut Self {
        self.later(MINUTE).status("opened the link", estado::ACCESSED);
        self.later(30).status("looked into the camera", estado::LIVENESS)
    }

    /// The person does all of their part.
    fn conduct(&mut self) -> &mut Self {
        self.access().later(60).status("was asked for the front of the document", estado::FRONT);
        self.later(30).status("was asked for its back", estado::BACK);
        self.later(30).status("was done, and the pictures were accepted", estado::IN_PROCESS)
    }

    /// The machine is done with it.
    fn finish(&mut self) -> &mut Self {
        self.later(60).status("the data were there, under verification", estado::UNDER_VERIFICATION)
    }

    fn review(&mut self, what: &str) -> &mut Self {
        self.later(12 * MINUTE).say(&format!("an operator {what}"))
    }
}
