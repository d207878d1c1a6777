//! The named scenarios of the person and the agents, and the robots of chapter 15.

use crate::scenario::{self, Ending};

/// The effect of a step on an identification.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// A result arrives.
    Result {
        word: String,
        reason: Option<String>,
        manner: Manner,
    },
    /// The vendor deletes the identification.
    Forget,
}

/// The origin of a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Whether the agent changed fields during the identification.
    pub(crate) changed: bool,
    /// Whether the reviewer changed fields afterwards.
    pub(crate) review_changed: bool,
    /// Whether the values are ones that no form would send: the robot CHANGEALL.
    pub(crate) exotic: bool,
    /// Whether signing the documents failed.
    pub(crate) unsigned: bool,
}

/// The vendor's own scenarios, and common ones with another ending.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    ("suspicion-then-success", Ending::Verified),
    ("suspicion-then-changed", Ending::VerifiedWithChanges),
    ("check-pending", Ending::Verified),
    ("signing-failed", Ending::Unspecified),
];

/// Returns whether a scenario or a robot's case (15.1) suits identifications with or without
/// documents to sign.
pub(crate) fn is_for(name: &str, e_signing: bool) -> bool {
    match name {
        "FRAUDIDENT" | "FRAUDREVIEW" => !e_signing,
        "HOLDCERTIFICATE" | "signing-failed" => e_signing,
        _ => true,
    }
}

const DAY_MINUTES: u64 = 24 * 60;

/// Plans a scenario or a robot's case; `None` if the name is neither. `unknown` is the result of
/// the scenario `unknown-status`.
pub(crate) fn plan(
    name: &str,
    reason: Option<&str>,
    unknown: &str,
) -> Option<scenario::Plan<Effect>> {
    let because = |default: &str| Some(reason.unwrap_or(default).to_owned());
    let mut plan = Plan::default();
    match name {
        "happy" | "HAPPYPATH" => plan
            .call()
            .result("REVIEW_PENDING", None)
            .review(12)
            .result("SUCCESS", None),
        "LONGREVIEW" => plan
            .call()
            .result("REVIEW_PENDING", None)
            .review(DAY_MINUTES)
            .result("SUCCESS", None),
        "data-changed" => {
            plan.call()
                .say("the agent corrected the date of birth")
                .changing(true, false)
                .result("REVIEW_PENDING", None);
            plan.review(12)
                .say("the reviewer corrected the place of birth")
                .changing(true, true)
                .result("SUCCESS_DATA_CHANGED", None)
        }
        "CHANGEALL" => {
            plan.call()
                .say("the agent changed every field")
                .changing(true, false)
                .exotic()
                .result("REVIEW_PENDING", None);
            plan.review(12).result("SUCCESS_DATA_CHANGED", None)
        }
        "CHANGEALLREVIEW" => {
            plan.call().exotic().result("REVIEW_PENDING", None);
            plan.review(12)
                .say("the reviewer changed every field")
                .changing(false, true)
                .result("SUCCESS_DATA_CHANGED", None)
        }
        "rejected" => plan
            .call()
            .say("the agent saw a forged document")
            .result("FRAUD_SUSPICION_CONFIRMED", because("WARNING_FAKE_ID")),
        "fraud" | "FRAUDIDENT" => {
            plan.call()
                .say("the agent suspected fraud")
                .result("FRAUD_SUSPICION_PENDING", because("WARNING_PHOTO"));
            plan.review(12)
                .say("the review confirmed it")
                .result("FRAUD_SUSPICION_CONFIRMED", because("WARNING_PHOTO"))
        }
        "fraud-in-review" | "FRAUDREVIEW" => {
            plan.call().result("REVIEW_PENDING", None);
            plan.review(12).say("the review found fraud").result(
                "FRAUD_SUSPICION_CONFIRMED",
                because("WARNING_ID_MANIPULATION"),
            )
        }
        "suspicion-then-changed" => {
            plan.call()
                .say("the agent suspected fraud and corrected the date of birth")
                .changing(true, false);
            plan.result("FRAUD_SUSPICION_PENDING", because("WARNING_BEHAVIOUR"))
                .review(12);
            plan.say("the review found no fraud and corrected the place of birth")
                .changing(true, true);
            plan.result("SUCCESS_DATA_CHANGED", None)
        }
        "check-pending" => plan
            .call()
            .result("CHECK_PENDING", None)
            .review(12)
            .result("SUCCESS", None),
        "signing-failed" => {
            plan.call()
                .result("REVIEW_PENDING", None)
                .review(12)
                .say("the signature failed");
            plan.manner.unsigned = true;
            plan.result("SUCCESS", None)
        }
        "suspicion-then-success" | "FRAUDOK" => {
            plan.call()
                .say("the agent suspected fraud")
                .result("FRAUD_SUSPICION_PENDING", because("WARNING_BEHAVIOUR"));
            plan.review(12)
                .say("the review found nothing")
                .result("SUCCESS", None)
        }
        // The vendor holds the certificate back, and with it every message.
        "HOLDCERTIFICATE" => plan
            .call()
            .later(10)
            .say("the signed documents were sent out")
            .result("SUCCESS", None),
        "ABORTIDENT" => plan
            .call()
            .say("the video was not good enough")
            .result("ABORTED", because("TECH_VIDEO")),
        "aborted-then-success" => {
            plan.call()
                .say("the connection was not good enough")
                .result("ABORTED", because("TECH_INTERNET_CONNECTION"));
            plan.later(30)
                .say("tried again")
                .call()
                .result("REVIEW_PENDING", None)
                .review(12)
                .result("SUCCESS", None)
        }
        "canceled-in-review" | "CANCELED" => {
            plan.call().result("REVIEW_PENDING", None).review(12);
            plan.say("the picture was not good enough")
                .result("CANCELED", because("TECH_PHOTO"))
        }
        "expired" => plan
            .later(90 * DAY_MINUTES)
            .say("never came, and the vendor deleted the identification")
            .forget(),
        "never-finishes" => plan
            .call()
            .result("REVIEW_PENDING", None)
            .say("no agent reviewed it"),
        "unknown-status" => plan
            .call()
            .say("the vendor sent an undocumented status")
            .result(unknown, None),
        _ => return None,
    };
    Some(plan.plan)
}

#[derive(Default)]
struct Plan {
    plan: scenario::Plan<Effect>,
    manner: Manner,
}

impl Plan {
    fn later(&mut self, minutes: u64) -> &mut Self {
        self.plan.later(minutes);
        self
    }

    fn say(&mut self, what: &str) -> &mut Self {
        self.plan.say(what);
        self
    }

    fn call(&mut self) -> &mut Self {
        self.say("opened the link")
            .later(2)
            .say("showed the identity card in the video call")
            .later(5)
    }

    fn review(&mut self, minutes: u64) -> &mut Self {
        self.later(minutes).say("a second agent reviewed it")
    }

    fn changing(&mut self, changed: bool, review_changed: bool) -> &mut Self {
        (self.manner.changed, self.manner.review_changed) = (changed, review_changed);
        self
    }

    fn exotic(&mut self) -> &mut Self {
        self.manner.exotic = true;
        self
    }

    fn result(&mut self, word: &str, reason: Option<String>) -> &mut Self {
        let result = Effect::Result {
            word: word.to_owned(),
            reason,
            manner: self.manner,
        };
        self.plan
            .say(&format!("the result was {word}"))
            .effect(result);
        self
    }

    fn forget(&mut self) -> &mut Self {
        self.plan
            .say("the identification was gone")
            .effect(Effect::Forget);
        self
    }
}
