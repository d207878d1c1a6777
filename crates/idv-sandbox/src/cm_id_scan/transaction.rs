//! A transaction: its submitted data, its scans and its result.

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
    /// The token in the person's address, in place of the id.
    pub(crate) token: String,
    pub(crate) submitted: Submitted,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) state: String,
    pub(crate) scans: Vec<Scan>,
    /// The number of times that the person showed the document.
    pub(crate) attempts: u32,
    /// The tasks that the person has completed.
    pub(crate) done: Vec<String>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) attempt: u32,
}

/// The person's picture of a side of the document.
#[derive(Debug, Clone)]
pub(crate) struct Scan {
    pub(crate) created: Timestamp,
    pub(crate) code: &'static str,
    /// Whether it belongs to the previous scan.
    pub(crate) linked: bool,
    /// The tokens in the addresses of its files: the raw image, the document, the portrait.
    pub(crate) files: [String; 3],
}

/// The result, once every task is completed.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) result_id: String,
    pub(crate) completed: Timestamp,
    pub(crate) finding: Finding,
    pub(crate) person: Person,
    /// The tokens in the addresses of the files: the document, its second side, the portrait.
    pub(crate) files: [String; 3],
}

/// The finding of the checks, in the vendor's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    Nothing,
    /// The print differs from the machine-readable zone.
    Differing,
    /// The number of the document is invalid.
    Invalid,
    /// The faces belong to different persons.
    OtherFace,
    /// The camera saw no living person.
    NotAlive,
    /// Nothing speaks against the person, but the tasks about the face only report their
    /// completion.
    FacesUnscored,
    /// The tasks about the face reject the person, in undocumented members.
    FacesDenied,
    /// Every task is completed, but nothing was checked.
    Unchecked,
    /// The document expired long ago, and its date was not checked.
    ExpiredUnchecked,
    /// The document expired within the allowance of the transaction.
    ExpiredAllowed,
    /// The age is missing, although the transaction has a limit.
    AgeMissing,
    /// The images show the sides of a driving licence, the back first.
    SideB,
    /// The validity and the comparison of fields are undocumented words.
    UnknownWords,
}

/// The state before every task is completed.
pub(crate) const PENDING: &str = "pending";
/// The state with a result.
pub(crate) const COMPLETED: &str = "completed";
/// The state after the expiry, which is undocumented.
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
    /// Returns whether the person can still act.
    pub(crate) fn is_pending(&self) -> bool {
        self.state == PENDING
    }

    /// Returns the state of a task.
    pub(crate) fn task_state(&self, task: &str) -> &'static str {
        if self.done.iter().any(|done| done == task) {
            COMPLETED
        } else {
            PENDING
        }
    }

    /// Returns the number of attempts at a task.
    pub(crate) fn tries(&self, task: &str) -> u32 {
        match self.task_state(task) {
            _ if task == DOCUMENT_SCAN => self.attempts,
            COMPLETED => 1,
            _ => 0,
        }
    }
}
