//! The named scenarios: the person acts, and the checks find something.

use super::create::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH};
use super::transaction::{Finding, Transaction};
use crate::scenario::Ending;

/// The scenarios of this vendor alone, and those of all vendors that end otherwise here.
pub(crate) const SCENARIOS: &[(&str, Ending)] = &[
    // Measurements that contradict each other verify no one.
    ("data-changed", Ending::Inconclusive),
    ("rejected", Ending::Inconclusive),
    // No one reviews and nothing cancels: the time runs out.
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
    /// The person begins to show the document.
    Attempt,
    /// A picture was taken: what the vendor says of it, and whether it belongs to the one before.
    Scan(&'static str, bool),
    /// A task is done.
    Done(&'static str),
    /// Every task is done, and this was found.
    Complete(Finding),
    /// A state is reached.
    State(String),
    /// The transaction's time is over.
    Expire,
}

/// The plan of a scenario.
pub(crate) type Plan = crate::scenario::Plan<Effect>;

/// Plans a scenario. It is an error if there is none of this name, or none for such a transaction. `left` is the time in seconds until
/// the transaction expires, `unknown` the state of the scenario `unknown-status`.
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
        "unknown-words" => plan.open().tasks(transaction).complete(
            "the fields had words that no document knows",
            Finding::UnknownWords,
        ),
        // There is no one who reviews and nothing that cancels: a person who gives up lets the time run out.
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
            .say("the vendor said a word that no document knows")
            .effect(Effect::State(unknown.to_owned())),
        _ => return Err("there is no such scenario"),
    };
    Ok(plan)
}

impl Plan {
    fn open(&mut self) -> &mut Self {
        self.say("opened the page").later(1)
    }

    /// The front of the document.
    fn attempt(&mut self) -> &mut Self {
        self.effect(Effect::Attempt)
            .say("took a picture of the front of the passport");
        self.effect(Effect::Scan(
            "front_side_provided_back_side_required",
            false,
        ))
    }

    /// The person does every task.
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
