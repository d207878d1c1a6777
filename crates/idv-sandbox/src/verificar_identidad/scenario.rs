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

/// The error of a step or a scenario with a number other than the requested one.
const NO_NUMBER: &str = "the request contains no number that could differ";

// The documents that the person takes.
const EXPIRED: &str = "took a document that has expired";
const OF_ANOTHER: &str = "took another person's document";
const UNEXPECTED: &str = "took a document other than the expected one";
const A_PASSPORT: &str = "took a passport";

/// The single steps, in the usual order.
pub(crate) const STEPS: &[(&str, &str)] = &[
    (
        "take-valid-document",
        "The person takes a valid document of their own.",
    ),
    (
        "take-expired-document",
        "The person takes a document that has expired (-5).",
    ),
    (
        "take-document-of-another-person",
        "The person takes the document of another person (-8).",
    ),
    (
        "take-document-with-another-number",
        "The person takes a document whose number differs from the requested one (-9).",
    ),
    (
        "take-passport",
        "The person takes a passport, which has no back.",
    ),
    (
        "look-different",
        "The person looks different from the picture, so that an operator has to decide (-1).",
    ),
    (
        "open-link",
        "The person opens the link in the message (3000).",
    ),
    (
        "look-into-camera",
        "The person looks into the camera for the liveness test (3001).",
    ),
    (
        "ask-for-front",
        "The vendor asks for the front of the document (3002).",
    ),
    (
        "ask-for-back",
        "The vendor asks for the back of the document (3003).",
    ),
    (
        "accept-pictures",
        "The vendor accepts the pictures and processes them (5000).",
    ),
    (
        "finish-process",
        "The automatic process finishes, and an operator has to decide (5001).",
    ),
    ("validate", "An operator validates the verification (5100)."),
    ("reject", "An operator rejects the verification (5500)."),
    (
        "close-page",
        "The person closes the page, which the vendor does not report.",
    ),
];

/// The plan of a scenario.
pub(super) type Plan = crate::scenario::Plan<Effect>;

/// Plans a scenario from now on. Fails if there is no such scenario for the request.
pub(super) fn plan(
    name: &str,
    case: &Case,
    account: &Account,
    now: Timestamp,
) -> Result<Plan, &'static str> {
    let mut script = Script::after_message(case, now);
    match name {
        "happy" => {
            script.finding(Finding::GOOD).conduct().finish();
            script.review("saw nothing against it").validate()
        }
        "data-changed" => {
            script.finding(Finding::MISREAD).conduct().finish();
            script
                .review("corrected the name and the date of birth")
                .validate()
        }
        "wrong-number" | "wrong-number-alike" | "wrong-passport" if case.wanted.is_none() => {
            return Err(NO_NUMBER);
        }
        "wrong-number" => {
            script
                .found(ANOTHER_NUMBER)
                .say(UNEXPECTED)
                .conduct()
                .finish();
            script.review("saw that it is the person on it").validate()
        }
        "wrong-number-alike" => {
            script
                .finding(Finding::ANOTHER)
                .say(UNEXPECTED)
                .conduct()
                .finish();
            script.review("saw that it is the person on it").validate()
        }
        "passport" => {
            script
                .finding(Finding::PASSPORT)
                .say(A_PASSPORT)
                .conduct_passport()
                .finish();
            script.review("saw nothing against it").validate()
        }
        "wrong-passport" => {
            script
                .finding(Finding::ANOTHER_PASSPORT)
                .say("took a passport other than the expected one");
            script
                .conduct_passport()
                .finish()
                .review("saw that it is the person on it");
            script.validate()
        }
        "sides-differ" => {
            script
                .found(SIDES_DIFFER)
                .say("took a document whose back cannot be read well")
                .conduct()
                .finish();
            script
                .review("saw that it is the right person nevertheless")
                .validate()
        }
        "unreviewed" => script
            .finding(Finding::GOOD)
            .conduct()
            .finish()
            .say("no operator looked at what was found"),
        "several-accesses" => {
            script
                .finding(Finding::GOOD)
                .access()
                .say("closed the page")
                .access()
                .say("closed it again")
                .conduct()
                .finish();
            script.review("saw nothing against it").validate()
        }
        "rejected" => {
            script.found(-5).say(EXPIRED).conduct().finish();
            script.review("saw that the document has expired").reject()
        }
        "fraud" => {
            script.found(-8).say(OF_ANOTHER).conduct().finish();
            script.review("saw another person").reject()
        }
        "fraud-in-review" => {
            script.found(-1).conduct().finish();
            script.review("saw that the document is forged").reject()
        }
        "aborted-then-success" => {
            script
                .finding(Finding::GOOD)
                .access()
                .say("closed the page")
                .later(30)
                .say("tried again");
            script
                .conduct()
                .finish()
                .review("saw nothing against it")
                .validate()
        }
        "canceled-in-review" => {
            script
                .found(-6)
                .say("held the phone into the light")
                .conduct()
                .finish();
            script.review("could not see a person").reject()
        }
        "expired" => script
            .later(NEVER_CAME)
            .say("never came; the vendor does not report it"),
        "never-finishes" => script
            .found(-1)
            .conduct()
            .finish()
            .say("no operator ever looked at it"),
        "unknown-status" => {
            script.finding(Finding::GOOD).conduct();
            script.status(
                "the vendor set an undocumented status",
                account.unknown_status,
            )
        }
        _ => return Err("unknown scenario"),
    };
    Ok(script.plan)
}

/// Plans a single step. Fails if it does not fit the request.
pub(super) fn step(name: &str, case: &Case) -> Result<Plan, &'static str> {
    let demand = |fits, error| if fits { Ok(()) } else { Err(error) };
    let is_at = |statuses: &[i64]| case.status().is_some_and(|at| statuses.contains(&at));
    let has_passport = case.finding.passport;
    let may_choose = !case.is_processed() && !case.reached(&[estado::IN_PROCESS]);
    let mut script = Script::new(Plan::after(0));
    if !STEPS.iter().any(|(known, _)| *known == name) {
        return Err("unknown step");
    }
    demand(
        case.is_sent,
        "the message has not been sent to the person yet",
    )?;
    if let Some((what, finding)) = document(name) {
        demand(may_choose, "the vendor has already accepted the pictures")?;
        if finding.is(ANOTHER_NUMBER) && case.wanted.is_none() {
            return Err(NO_NUMBER);
        }
        if finding.passport && case.reached(&[estado::BACK]) {
            return Err(
                "the vendor has already asked for the back, which a passport does not have",
            );
        }
        script.say(what);
        script.plan.effect(Effect::Finding(finding));
        return Ok(script.plan);
    }
    match name {
        "open-link" => {
            demand(!case.is_processed(), "the process has finished")?;
            script.open()
        }
        "look-into-camera" => {
            demand(
                is_at(&[estado::ACCESSED]),
                "the person has to open the link first (3000)",
            )?;
            script.look()
        }
        "ask-for-front" => {
            demand(
                is_at(&[estado::LIVENESS]),
                "the person has to look into the camera first (3001)",
            )?;
            script.ask_for_front(has_passport)
        }
        "ask-for-back" => {
            demand(!has_passport, "a passport has no back")?;
            demand(
                is_at(&[estado::FRONT]),
                "the vendor has to ask for the front first (3002)",
            )?;
            script.ask_for_back()
        }
        "accept-pictures" => {
            demand(
                is_at(&[estado::BACK]) || has_passport && is_at(&[estado::FRONT]),
                "the vendor has to ask for all sides of the document first (3003, or 3002 for a passport)",
            )?;
            script.accept_pictures()
        }
        "finish-process" => {
            demand(
                is_at(&[estado::IN_PROCESS]),
                "the vendor has to accept the pictures first (5000)",
            )?;
            script.finish_process()
        }
        "validate" | "reject" => {
            demand(
                is_at(&[estado::UNDER_VERIFICATION]),
                "the process has to finish first (5001)",
            )?;
            script.say("an operator decided");
            if name == "validate" {
                script.validate()
            } else {
                script.reject()
            }
        }
        _ => {
            demand(!case.is_processed(), "the process has finished")?;
            script.say("closed the page; the vendor does not report it")
        }
    };
    Ok(script.plan)
}

/// Returns what the person does in a step that decides the finding, and the finding.
fn document(step: &str) -> Option<(&'static str, Finding)> {
    let found = |reason| Finding::of(reason).unwrap_or(Finding::GOOD);
    Some(match step {
        "take-valid-document" => ("took a valid document", Finding::GOOD),
        "take-expired-document" => (EXPIRED, found(-5)),
        "take-document-of-another-person" => (OF_ANOTHER, found(-8)),
        "take-document-with-another-number" => (UNEXPECTED, found(ANOTHER_NUMBER)),
        "take-passport" => (A_PASSPORT, Finding::PASSPORT),
        "look-different" => ("looked different from the picture", found(-1)),
        _ => return None,
    })
}

/// A plan under construction.
struct Script {
    plan: Plan,
    /// Whether the person has just opened the link, so that the plan continues there.
    is_open: bool,
    /// The finding that takes effect with the next status.
    finding: Option<Finding>,
}

impl Script {
    const fn new(plan: Plan) -> Self {
        Self {
            plan,
            is_open: false,
            finding: None,
        }
    }

    /// Returns an empty plan. The person cannot come before the message is sent.
    fn after_message(case: &Case, now: Timestamp) -> Self {
        let wait = case.send_at.duration_since(now).as_secs();
        Self {
            is_open: case.status() == Some(estado::ACCESSED),
            ..Self::new(Plan::after(u64::try_from(wait).unwrap_or_default()))
        }
    }

    fn say(&mut self, what: &str) -> &mut Self {
        self.plan.say(what);
        self
    }

    fn later(&mut self, minutes: u64) -> &mut Self {
        self.plan.later(minutes);
        self
    }

    fn seconds(&mut self, seconds: u64) -> &mut Self {
        self.plan.seconds(seconds);
        self
    }

    fn status(&mut self, what: &str, status: i64) -> &mut Self {
        if let Some(finding) = self.finding.take() {
            self.plan.effect(Effect::Finding(finding));
        }
        self.plan.say(&format!("{what}: {status}"));
        self.plan.effect(Effect::Status(status));
        self
    }

    /// Sets the finding of the process.
    fn finding(&mut self, finding: Finding) -> &mut Self {
        self.finding = Some(finding);
        self
    }

    /// As [`Script::finding`], for one of the reasons.
    fn found(&mut self, reason: i64) -> &mut Self {
        self.finding(Finding::of(reason).unwrap_or(Finding::GOOD))
    }

    fn open(&mut self) -> &mut Self {
        self.status("opened the link", estado::ACCESSED)
    }

    fn look(&mut self) -> &mut Self {
        self.status("looked into the camera", estado::LIVENESS)
    }

    fn ask_for_front(&mut self, is_passport: bool) -> &mut Self {
        let what = if is_passport {
            "was asked for the passport"
        } else {
            "was asked for the front of the document"
        };
        self.status(what, estado::FRONT)
    }

    fn ask_for_back(&mut self) -> &mut Self {
        self.status("was asked for its back", estado::BACK)
    }

    fn accept_pictures(&mut self) -> &mut Self {
        self.status(
            "was done, and the pictures were accepted",
            estado::IN_PROCESS,
        )
    }

    fn finish_process(&mut self) -> &mut Self {
        self.status(
            "the data were there, under verification",
            estado::UNDER_VERIFICATION,
        )
    }

    fn validate(&mut self) -> &mut Self {
        self.status("validated it", estado::VALIDATED)
    }

    fn reject(&mut self) -> &mut Self {
        self.status("rejected it", estado::REJECTED)
    }

    /// Plans the opening of the link, unless it is open, and the video.
    fn access(&mut self) -> &mut Self {
        if !std::mem::take(&mut self.is_open) {
            self.later(1).open();
        }
        self.seconds(30).look()
    }

    /// Plans the person's whole part.
    fn conduct(&mut self) -> &mut Self {
        self.access().later(1).ask_for_front(false);
        self.seconds(30).ask_for_back();
        self.seconds(30).accept_pictures()
    }

    /// Plans the person's whole part with a passport, which has no back.
    fn conduct_passport(&mut self) -> &mut Self {
        self.access().later(1).ask_for_front(true);
        self.seconds(30).accept_pictures()
    }

    /// Plans the end of the automatic process.
    fn finish(&mut self) -> &mut Self {
        self.later(1).finish_process()
    }

    fn review(&mut self, what: &str) -> &mut Self {
        self.later(12).say(&format!("an operator {what}"))
    }
}
