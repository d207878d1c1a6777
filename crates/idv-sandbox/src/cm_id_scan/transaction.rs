//! A transaction: what was submitted and what became of it.

use jiff::Timestamp;

use super::account::Person;
use super::create::{DOCUMENT_SCAN, Submitted};
use crate::part::Verification;

/// A transaction.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) id: String,
    /// The account's key ID.
    pub(crate) key_id: String,
    /// What the person's address has in place of the id.
    pub(crate) token: String,
    pub(crate) submitted: Submitted,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) state: String,
    pub(crate) scans: Vec<Scan>,
    /// How often the document was shown.
    pub(crate) attempts: u32,
    /// The tasks that the person has done.
    pub(crate) done: Vec<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) attempt: u32,
}

/// A picture that the person took of a side of the document.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) created: Timestamp,
    pub(crate) code: &'static str,
    /// Whether it belongs to the scan before.
    pub(crate) linked: bool,
    /// What the addresses of its files end with: the raw image, the document, the portrait.
    pub(crate) files: [String; 3],
}

/// The result, once every task is done.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) result_id: String,
    pub(crate) completed: Timestamp,
    pub(crate) finding: Finding,
    pub(crate) person: Person,
    /// The tokens at the end of the files' addresses: the document, its second side, the portrait.
    pub(crate) files: [String; 3],
}

/// The finding of the checks, and how the vendor tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    Nothing,
    /// What is printed differs from the machine-readable zone.
    Differing,
    /// The number of the document is invalid.
    Invalid,
    /// The faces are of different persons.
    OtherFace,
    /// No living person was in front of the camera.
    NotAlive,
    /// Nothing is against the person, but the tasks about the face say no more than that they are done.
    FacesUnscored,
    /// The tasks about the face deny the person, in parts that no document has.
    FacesDenied,
    /// Everything is done, and nothing was checked.
    Unchecked,
    /// The document expired long ago, and its date was not checked.
    ExpiredUnchecked,
    /// The document expired within the allowance of the transaction.
    ExpiredAllowed,
    /// The age is missing, although there is a limit.
    AgeMissing,
    /// The images are the sides of a driving licence, the back first.
    SideB,
    /// The validity and the comparison of fields are words that no document has.
    UnknownWords,
}

/// The state before every task is done.
pub(crate) const PENDING: &str = "pending";
/// The state with a result.
pub(crate) const COMPLETED: &str = "completed";
/// The state once the time is over. No document shows it.
pub(crate) const EXPIRED: &str = "expired";

impl Verification for Transaction {
    fn account(&self) -> &str {
        &self.key_id
    }

    fn is_over(&self) -> bool {
        self.state == COMPLETED || self.state == EXPIRED
    }

    fn attempt(&mut self) -> &mut u32 {
        &mut self.attempt
    }
}

impl Transaction {
    /// Whether the person can still do something.
    pub(crate) fn is_pending(&self) -> bool {
        self.state == PENDING
    }

    /// The state of one of its tasks.
    pub(crate) fn task_state(&self, task: &str) -> &'static str {
        if self.done.iter().any(|done| done == task) {
            COMPLETED
        } else {
            PENDING
        }
    }

    /// How often a task was tried.
    pub(crate) fn tries(&self, task: &str) -> u32 {
        match self.task_state(task) {
            _ if task == DOCUMENT_SCAN => self.attempts,
            COMPLETED => 1,
            _ => 0,
        }
    }
}
