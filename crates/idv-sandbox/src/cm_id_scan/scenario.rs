//! The named scenarios and single steps: the actions of the person and the findings of the checks.

use super::create::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH, Submitted};
use super::transaction::{COMPLETED, Finding, Transaction};
use crate::scenario::Ending;

/// The vendor's own scenarios, and common ones with another ending.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    // Measurements that contradict each other verify no person.
    ("data-changed", Ending::Inconclusive),
    ("rejected", Ending::Inconclusive),
    // The vendor has neither reviews nor cancellations: the transaction expires.
    ("canceled-in-review", Ending::Expired),
    ("never-finishes", Ending::Expired),
    ("faces-unscored", Ending::Inconclusive),
    ("faces-denied", Ending::Inconclusive),
    ("unchecked", Ending::Inconclusive),
    ("expired-unchecked", Ending::Rejected),
    ("expired-allowed", Ending::Unspecified),
    ("age-missing", Ending::Unspecified),
    ("side-b", Ending::Verified),
    ("unknown-words", Ending::Inconclusive),
];

/// The single steps.
pub(crate) const STEPS: &[(&str, &str)] = &[
    (
        "person-shows-front",
        "The person takes a picture of the front of the document.",
    ),
    (
        "person-shows-wrong-side",
        "The person shows something else than the back of the document.",
    ),
    (
        "person-shows-back",
        "The person takes a picture of the back, which completes `document_scan`.",
    ),
    (
        "person-shows-face",
        "The person looks into the camera, which completes `face_liveness`.",
    ),
    (
        "vendor-compares-faces",
        "The vendor compares the faces, which completes `face_match`.",
    ),
    (
        "vendor-finds-nothing",
        "The vendor completes the transaction without findings.",
    ),
    (
        "vendor-finds-difference",
        "The vendor completes the transaction: the print differs from the machine-readable zone.",
    ),
    (
        "vendor-finds-invalid-number",
        "The vendor completes the transaction: the number of the document is invalid.",
    ),
    (
        "vendor-finds-other-face",
        "The vendor completes the transaction: the faces are of different persons.",
    ),
    (
        "vendor-finds-no-living-person",
        "The vendor completes the transaction: the camera saw no living person.",
    ),
    (
        "vendor-scores-no-faces",
        "The vendor completes the transaction: the tasks about the face have no score.",
    ),
    (
        "vendor-denies-faces",
        "The vendor completes the transaction: undocumented members deny the faces.",
    ),
    (
        "vendor-checks-nothing",
        "The vendor completes the transaction without a check.",
    ),
    (
        "vendor-ignores-expiry",
        "The vendor completes the transaction: the document expired long ago, unchecked.",
    ),
    (
        "vendor-allows-expiry",
        "The vendor completes the transaction: the document expired within the allowance.",
    ),
    (
        "vendor-finds-no-age",
        "The vendor completes the transaction: the age is missing despite a limit.",
    ),
    (
        "vendor-finds-side-b-first",
        "The vendor completes the transaction: the back of a driving licence came first.",
    ),
    (
        "vendor-uses-unknown-words",
        "The vendor completes the transaction: its fields contain undocumented words.",
    ),
    (
        "vendor-sends-unknown-state",
        "The vendor sends the undocumented state of the account's `unknown_status`.",
    ),
    (
        "transaction-expires",
        "The transaction expires ahead of its time.",
    ),
];

/// The findings that complete a transaction: the scenario that leads to each, the single step, and
/// the words of the plan.
pub(crate) const FINDINGS: [(&str, &str, &str, Finding); 13] = [
    ("happy", "vendor-finds-nothing", NOTHING, Finding::Nothing),
    (
        "data-changed",
        "vendor-finds-difference",
        "the print differs from the machine-readable zone",
        Finding::Differing,
    ),
    (
        "rejected",
        "vendor-finds-invalid-number",
        "the number of the document is invalid",
        Finding::Invalid,
    ),
    (
        "fraud",
        "vendor-finds-other-face",
        "the faces are of different persons",
        Finding::OtherFace,
    ),
    (
        "fraud-in-review",
        "vendor-finds-no-living-person",
        "no living person was there",
        Finding::NotAlive,
    ),
    (
        "faces-unscored",
        "vendor-scores-no-faces",
        "the faces have no score",
        Finding::FacesUnscored,
    ),
    (
        "faces-denied",
        "vendor-denies-faces",
        "the faces are denied",
        Finding::FacesDenied,
    ),
    (
        "unchecked",
        "vendor-checks-nothing",
        "nothing was checked",
        Finding::Unchecked,
    ),
    (
        "expired-unchecked",
        "vendor-ignores-expiry",
        "the document expired, unchecked",
        Finding::ExpiredUnchecked,
    ),
    (
        "expired-allowed",
        "vendor-allows-expiry",
        "the document expired within the allowance",
        Finding::ExpiredAllowed,
    ),
    (
        "age-missing",
        "vendor-finds-no-age",
        "the age was not found",
        Finding::AgeMissing,
    ),
    (
        "side-b",
        "vendor-finds-side-b-first",
        "the back of a driving licence came first",
        Finding::SideB,
    ),
    (
        "unknown-words",
        "vendor-uses-unknown-words",
        "the fields had undocumented words",
        Finding::UnknownWords,
    ),
];

const NOTHING: &str = "nothing was found";

/// Returns the state, and the finding if one speaks against the person. The vendor's state is the
/// same after every finding.
pub(crate) fn state(transaction: &Transaction) -> String {
    let outcome = transaction.outcome.as_ref();
    let known = outcome.and_then(|outcome| {
        FINDINGS
            .iter()
            .find(|(.., finding)| *finding == outcome.finding)
    });
    match known {
        Some((.., what, finding)) if *finding != Finding::Nothing => {
            format!("{} ({what})", transaction.state)
        }
        _ => transaction.state.clone(),
    }
}

/// An event of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The person starts to show the document.
    Attempt,
    /// The person took a picture: the vendor's verdict, and whether the picture belongs to the
    /// previous one.
    Scan(&'static str, bool),
    /// A task is completed.
    Done(&'static str),
    /// Every task is completed, with this finding.
    Complete(Finding),
    /// The transaction reaches a state.
    State(String),
    /// The transaction expires.
    Expire,
}

/// The plan of a scenario.
pub(crate) type Plan = crate::scenario::Plan<Effect>;

/// Plans a scenario. Fails if there is no such scenario for the transaction. `left` is the time in
/// seconds until the transaction expires, `unknown` the state of the scenario `unknown-status`.
pub(crate) fn plan(
    name: &str,
    transaction: &Transaction,
    left: u64,
    unknown: &str,
) -> Result<Plan, &'static str> {
    let mut plan = Plan::default();
    if let Some((.., what, finding)) = FINDINGS.iter().find(|(known, ..)| *known == name) {
        check_finding(*finding, &transaction.submitted)?;
        plan.open().tasks(transaction).complete(what, *finding);
        return Ok(plan);
    }
    match name {
        "aborted-then-success" => plan
            .open()
            .attempt()
            .later(1)
            .wrong_side()
            .later(10)
            .say("tried again")
            .tasks(transaction)
            .complete(NOTHING, Finding::Nothing),
        // The vendor has neither reviews nor cancellations: if the person gives up, the transaction
        // expires.
        "canceled-in-review" => plan
            .open()
            .attempt()
            .say("left in the middle")
            .until(left)
            .say("the transaction expired"),
        "expired" => plan
            .until(left)
            .say("never came, and the transaction expired"),
        "never-finishes" => plan.open().attempt().say("left in the middle"),
        "unknown-status" => plan.open().tasks(transaction).unknown(unknown),
        _ => return Err("unknown scenario"),
    };
    Ok(plan)
}

/// Plans a single step. Fails if there is no such step, or if it does not fit the state of the
/// transaction. `unknown` is the state of the step `vendor-sends-unknown-state`.
pub(crate) fn step(
    name: &str,
    transaction: &Transaction,
    unknown: &str,
) -> Result<Plan, &'static str> {
    let mut plan = Plan::default();
    let (is_pending, submitted) = (transaction.is_pending(), &transaction.submitted);
    let is_done = |task| transaction.task_state(task) == COMPLETED;
    if let Some((.., what, finding)) = FINDINGS.iter().find(|(_, known, ..)| *known == name) {
        check_finding(*finding, submitted)?;
        if !submitted.tasks.iter().all(|task| is_done(task)) {
            return Err("a task of the transaction is not completed");
        }
        plan.complete(what, *finding);
        return Ok(plan);
    }
    match name {
        "person-shows-front"
        | "person-shows-wrong-side"
        | "person-shows-back"
        | "person-shows-face"
        | "vendor-compares-faces"
        | "transaction-expires"
            if !is_pending =>
        {
            return Err("the transaction is not pending");
        }
        "person-shows-front" | "person-shows-wrong-side" | "person-shows-back"
            if is_done(DOCUMENT_SCAN) =>
        {
            return Err("the document is already complete");
        }
        "person-shows-front" => plan.attempt(),
        "person-shows-wrong-side" | "person-shows-back" if transaction.scans.is_empty() => {
            return Err("there is no picture of the front of the document");
        }
        "person-shows-wrong-side" => plan.wrong_side(),
        "person-shows-back" => plan.back(),
        "person-shows-face" if !submitted.has(FACE_LIVENESS) || is_done(FACE_LIVENESS) => {
            return Err("the task `face_liveness` is not requested or already completed");
        }
        "person-shows-face" if !is_done(DOCUMENT_SCAN) => {
            return Err("the document is not complete");
        }
        "person-shows-face" => plan.face(),
        "vendor-compares-faces" if !submitted.has(FACE_MATCH) || is_done(FACE_MATCH) => {
            return Err("the task `face_match` is not requested or already completed");
        }
        "vendor-compares-faces" if !is_done(FACE_LIVENESS) => {
            return Err("there is no picture of the person's face");
        }
        "vendor-compares-faces" => plan.comparison(),
        "vendor-sends-unknown-state" => plan.unknown(unknown),
        "transaction-expires" => plan.say("the transaction expired").effect(Effect::Expire),
        _ => return Err("unknown step"),
    };
    Ok(plan)
}

/// Checks that a transaction can have a finding.
fn check_finding(finding: Finding, submitted: &Submitted) -> Result<(), &'static str> {
    let document = &submitted.document;
    let has_faces = submitted.has(FACE_LIVENESS) || submitted.has(FACE_MATCH);
    let is_limited = document.minimum_age.is_some() || document.maximum_age.is_some();
    match finding {
        Finding::FacesUnscored | Finding::FacesDenied if !has_faces => {
            Err("the transaction has no task about the face")
        }
        Finding::ExpiredAllowed if document.allowed_expiration < 1 => {
            Err("the transaction allows no expired document")
        }
        Finding::AgeMissing if !is_limited => Err("the transaction has no limit of the age"),
        _ => Ok(()),
    }
}

impl Plan {
    fn open(&mut self) -> &mut Self {
        self.say("opened the page").later(1)
    }

    /// Plans the front of the document.
    fn attempt(&mut self) -> &mut Self {
        self.effect(Effect::Attempt)
            .say("took a picture of the front of the passport")
            .effect(Effect::Scan(
                "front_side_provided_back_side_required",
                false,
            ))
    }

    fn wrong_side(&mut self) -> &mut Self {
        self.say("showed something else than the back of the document")
            .effect(Effect::Scan("unknown_type_back", true))
    }

    /// Plans the back of the document.
    fn back(&mut self) -> &mut Self {
        self.say("took a picture of the back of the passport")
            .effect(Effect::Scan("document_complete", true))
            .effect(Effect::Done(DOCUMENT_SCAN))
    }

    fn face(&mut self) -> &mut Self {
        self.say("looked into the camera")
            .effect(Effect::Done(FACE_LIVENESS))
    }

    fn comparison(&mut self) -> &mut Self {
        self.say("the faces were compared")
            .effect(Effect::Done(FACE_MATCH))
    }

    /// Plans all tasks of the person.
    fn tasks(&mut self, transaction: &Transaction) -> &mut Self {
        self.attempt().later(1).back();
        if transaction.submitted.has(FACE_LIVENESS) {
            self.later(1).face();
        }
        if transaction.submitted.has(FACE_MATCH) {
            self.comparison();
        }
        self
    }

    fn complete(&mut self, what: &str, finding: Finding) -> &mut Self {
        self.say(what)
            .say("the transaction was completed")
            .effect(Effect::Complete(finding))
    }

    fn unknown(&mut self, state: &str) -> &mut Self {
        self.say("the vendor sent an undocumented state")
            .effect(Effect::State(state.to_owned()))
    }
}
