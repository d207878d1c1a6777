//! The named scenarios of the person and the vendor's operators.

use jiff::Timestamp;

use super::Effect;
use super::account::Account;
use super::case::{Case, estado};
use super::finding::{ANOTHER_NUMBER, Finding, SIDES_DIFFER};
use crate::scenario::Ending;

/// The vendor's own scenarios, and common ones with another ending.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    // The request only contains a number, so nothing else can differ.
    ("data-changed", Ending::Verified),
    // The vendor has no such state: the operators reject unfinished processes.
    ("canceled-in-review", Ending::Rejected),
    // The document states no lifetime of the link.
    ("expired", Ending::AwaitingPerson),
    ("wrong-number", Ending::Inconclusive),
    ("wrong-number-alike", Ending::Inconclusive),
    ("passport", Ending::Verified),
    ("wrong-passport", Ending::Inconclusive),
    ("sides-differ", Ending::Inconclusive),
    ("unreviewed", Ending::InReview),
    ("several-accesses", Ending::Verified),
];
/// The minutes after which the scenario `expired` reports that the person never came. The vendor
/// itself never reports it.
const NEVER_CAME: u64 = 30 * 24 * 60;

/// The plan of a scenario.
pub(super) type Plan = crate::scenario::Plan<Effect>;

/// Plans a scenario from now on. Fails if there is no such scenario for the request.
pub(super) fn plan(
    name: &str,
    case: &Case,
    account: &Account,
    now: Timestamp,
) -> Result<Plan, &'static str> {
    // The person cannot come before the message is sent.
    let wait = case.send_at.duration_since(now).as_secs();
    let mut plan = Plan::after(u64::try_from(wait).unwrap_or_default());
    match name {
        "happy" => {
            plan.finding(Finding::GOOD).conduct().finish();
            plan.review("saw nothing against it")
                .status("validated it", estado::VALIDATED)
        }
        "data-changed" => {
            plan.finding(Finding::MISREAD).conduct().finish();
            plan.review("corrected the name and the date of birth")
                .status("validated it", estado::VALIDATED)
        }
        "wrong-number" | "wrong-number-alike" | "wrong-passport" if case.wanted.is_none() => {
            return Err("the request contains no number that could differ");
        }
        "wrong-number" => {
            plan.found(ANOTHER_NUMBER)
                .say("took a document other than the expected one")
                .conduct()
                .finish();
            plan.review("saw that it is the person on it")
                .status("validated it", estado::VALIDATED)
        }
        "wrong-number-alike" => {
            plan.finding(Finding::ANOTHER)
                .say("took a document other than the expected one")
                .conduct()
                .finish();
            plan.review("saw that it is the person on it")
                .status("validated it", estado::VALIDATED)
        }
        "passport" => {
            plan.finding(Finding::PASSPORT)
                .say("took a passport")
                .conduct_passport()
                .finish();
            plan.review("saw nothing against it")
                .status("validated it", estado::VALIDATED)
        }
        "wrong-passport" => {
            plan.finding(Finding::ANOTHER_PASSPORT)
                .say("took a passport other than the expected one");
            plan.conduct_passport()
                .finish()
                .review("saw that it is the person on it");
            plan.status("validated it", estado::VALIDATED)
        }
        "sides-differ" => {
            plan.found(SIDES_DIFFER)
                .say("took a document whose back cannot be read well")
                .conduct()
                .finish();
            plan.review("saw that it is the right person nevertheless")
                .status("validated it", estado::VALIDATED)
        }
        "unreviewed" => plan
            .finding(Finding::GOOD)
            .conduct()
            .finish()
            .say("no operator looked at what was found"),
        "several-accesses" => {
            plan.finding(Finding::GOOD)
                .access()
                .say("closed the page")
                .access()
                .say("closed it again")
                .conduct()
                .finish();
            plan.review("saw nothing against it")
                .status("validated it", estado::VALIDATED)
        }
        "rejected" => {
            plan.found(-5)
                .say("took a document that has expired")
                .conduct()
                .finish();
            plan.review("saw that the document has expired")
                .status("rejected it", estado::REJECTED)
        }
        "fraud" => {
            plan.found(-8)
                .say("took another person's document")
                .conduct()
                .finish();
            plan.review("saw another person")
                .status("rejected it", estado::REJECTED)
        }
        "fraud-in-review" => {
            plan.found(-1).conduct().finish();
            plan.review("saw that the document is forged")
                .status("rejected it", estado::REJECTED)
        }
        "aborted-then-success" => {
            plan.finding(Finding::GOOD)
                .access()
                .say("closed the page")
                .later(30)
                .say("tried again");
            plan.conduct()
                .finish()
                .review("saw nothing against it")
                .status("validated it", estado::VALIDATED)
        }
        "canceled-in-review" => {
            plan.found(-6)
                .say("held the phone into the light")
                .conduct()
                .finish();
            plan.review("could not see a person")
                .status("rejected it", estado::REJECTED)
        }
        "expired" => plan
            .later(NEVER_CAME)
            .say("never came; the vendor does not report it"),
        "never-finishes" => plan
            .found(-1)
            .conduct()
            .finish()
            .say("no operator ever looked at it"),
        "unknown-status" => {
            plan.finding(Finding::GOOD).conduct();
            plan.status(
                "the vendor set an undocumented status",
                account.unknown_status,
            )
        }
        _ => return Err("unknown scenario"),
    };
    Ok(plan)
}

impl Plan {
    fn status(&mut self, what: &str, status: i64) -> &mut Self {
        self.say(&format!("{what}: {status}"));
        self.effect(Effect::Status(status))
    }

    /// Sets the finding of the process.
    fn finding(&mut self, finding: Finding) -> &mut Self {
        self.effect(Effect::Finding(finding))
    }

    /// As [`Plan::finding`], for one of the reasons.
    fn found(&mut self, reason: i64) -> &mut Self {
        self.finding(Finding::of(reason).unwrap_or(Finding::GOOD))
    }

    /// Plans the opening of the link and the video.
    fn access(&mut self) -> &mut Self {
        self.later(1).status("opened the link", estado::ACCESSED);
        self.seconds(30)
            .status("looked into the camera", estado::LIVENESS)
    }

    /// Plans the person's whole part.
    fn conduct(&mut self) -> &mut Self {
        self.access()
            .later(1)
            .status("was asked for the front of the document", estado::FRONT);
        self.seconds(30)
            .status("was asked for its back", estado::BACK);
        self.seconds(30).status(
            "was done, and the pictures were accepted",
            estado::IN_PROCESS,
        )
    }

    /// Plans the person's whole part with a passport, which has no back.
    fn conduct_passport(&mut self) -> &mut Self {
        self.access()
            .later(1)
            .status("was asked for the passport", estado::FRONT);
        self.seconds(30).status(
            "was done, and the pictures were accepted",
            estado::IN_PROCESS,
        )
    }

    /// Plans the end of the automatic process.
    fn finish(&mut self) -> &mut Self {
        self.later(1).status(
            "the data were there, under verification",
            estado::UNDER_VERIFICATION,
        )
    }

    fn review(&mut self, what: &str) -> &mut Self {
        self.later(12).say(&format!("an operator {what}"))
    }
}
