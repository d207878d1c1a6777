//! The named scenarios: the actions of the person and the findings of the checks.

use super::create::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH};
use super::transaction::{Finding, Transaction};
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
    let (mut plan, submitted) = (Plan::default(), &transaction.submitted);
    let has_faces = submitted.has(FACE_LIVENESS) || submitted.has(FACE_MATCH);
    let is_limited =
        submitted.document.minimum_age.is_some() || submitted.document.maximum_age.is_some();
    match name {
        "happy" => plan
            .open()
            .tasks(transaction)
            .complete("nothing was found", Finding::Nothing),
        "data-changed" => plan.open().tasks(transaction).complete(
            "the print differs from the machine-readable zone",
            Finding::Differing,
        ),
        "rejected" => plan
            .open()
            .tasks(transaction)
            .complete("the number of the document is invalid", Finding::Invalid),
        "fraud" => plan
            .open()
            .tasks(transaction)
            .complete("the faces are of different persons", Finding::OtherFace),
        "fraud-in-review" => plan
            .open()
            .tasks(transaction)
            .complete("no living person was there", Finding::NotAlive),
        "aborted-then-success" => {
            plan.open()
                .attempt()
                .later(1)
                .say("showed something else than the back of the document");
            plan.effect(Effect::Scan("unknown_type_back", true))
                .later(10)
                .say("tried again");
            plan.tasks(transaction)
                .complete("nothing was found", Finding::Nothing)
        }
        "faces-unscored" | "faces-denied" if !has_faces => {
            return Err("the transaction has no task about the face");
        }
        "faces-unscored" => plan
            .open()
            .tasks(transaction)
            .complete("the faces have no score", Finding::FacesUnscored),
        "faces-denied" => plan
            .open()
            .tasks(transaction)
            .complete("the faces are denied", Finding::FacesDenied),
        "unchecked" => plan
            .open()
            .tasks(transaction)
            .complete("nothing was checked", Finding::Unchecked),
        "expired-unchecked" => plan
            .open()
            .tasks(transaction)
            .complete("the document expired, unchecked", Finding::ExpiredUnchecked),
        "expired-allowed" if submitted.document.allowed_expiration < 1 => {
            return Err("the transaction allows no expired document");
        }
        "expired-allowed" => plan.open().tasks(transaction).complete(
            "the document expired within the allowance",
            Finding::ExpiredAllowed,
        ),
        "age-missing" if !is_limited => return Err("the transaction has no limit of the age"),
        "age-missing" => plan
            .open()
            .tasks(transaction)
            .complete("the age was not found", Finding::AgeMissing),
        "side-b" => plan
            .open()
            .tasks(transaction)
            .complete("the back of a driving licence came first", Finding::SideB),
        "unknown-words" => plan
            .open()
            .tasks(transaction)
            .complete("the fields had undocumented words", Finding::UnknownWords),
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
        "unknown-status" => plan
            .open()
            .tasks(transaction)
            .say("the vendor sent an undocumented state")
            .effect(Effect::State(unknown.to_owned())),
        _ => return Err("unknown scenario"),
    };
    Ok(plan)
}

impl Plan {
    fn open(&mut self) -> &mut Self {
        self.say("opened the page").later(1)
    }

    /// Plans the front of the document.
    fn attempt(&mut self) -> &mut Self {
        self.effect(Effect::Attempt)
            .say("took a picture of the front of the passport");
        self.effect(Effect::Scan(
            "front_side_provided_back_side_required",
            false,
        ))
    }

    /// Plans all tasks of the person.
    fn tasks(&mut self, transaction: &Transaction) -> &mut Self {
        self.attempt()
            .later(1)
            .say("took a picture of the back of the passport");
        self.effect(Effect::Scan("document_complete", true))
            .effect(Effect::Done(DOCUMENT_SCAN));
        if transaction.submitted.has(FACE_LIVENESS) {
            self.later(1)
                .say("looked into the camera")
                .effect(Effect::Done(FACE_LIVENESS));
        }
        if transaction.submitted.has(FACE_MATCH) {
            self.say("the faces were compared")
                .effect(Effect::Done(FACE_MATCH));
        }
        self
    }

    fn complete(&mut self, what: &str, finding: Finding) -> &mut Self {
        self.say(what)
            .say("the transaction was completed")
            .effect(Effect::Complete(finding))
    }
}
