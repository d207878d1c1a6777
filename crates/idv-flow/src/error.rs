//! What can go wrong with a flow.

use jiff::{SignedDuration, Timestamp};

use crate::engine::events::DeliveryError;
use crate::id::FlowId;
use crate::machine::retention::DataCopy;
use crate::store::StoreError;
use crate::vault::KeyError;

/// A failure. It prints as one line in our own words: no vendor's text, no person's data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// The store failed. What was being committed is there whole or not at all; repeat what you asked for.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The vendor's answer, or the refusal to send something it does not take.
    #[error(transparent)]
    Vendor(#[from] idv_core::Error),
    /// There is no such flow.
    #[error("there is no flow {0}")]
    UnknownFlow(FlowId),
    /// The flow keeps no such item of evidence, or not any more.
    #[error("the flow keeps no evidence with the number {0}")]
    UnknownEvidence(u32),
    /// The clock of this program differs from that of the database's server. As long as it does, the program changes nothing: a deletion
    /// or an expiry by a wrong clock cannot be undone.
    #[error("the clock of this program differs from the database's by {by:#}: set both by NTP")]
    WrongClock {
        /// The difference; positive if this program's clock is ahead.
        by: SignedDuration,
    },
    /// No account of this name was given to the engine.
    #[error("no account {0} is configured here")]
    UnknownAccount(String),
    /// The account takes no new flows: an operator drains it.
    #[error("the account {0} is draining: start at another account, or resume it")]
    Draining(String),
    /// The flow has no such event, or the event was forgotten 30 days after its delivery.
    #[error("flow {flow} has no event {sequence}, or it was delivered more than 30 days ago")]
    UnknownEvent {
        /// The flow.
        flow: FlowId,
        /// The number of the event.
        sequence: u64,
    },
    /// The receiver did not take an event.
    #[error("the event was not taken: {0}")]
    Delivery(DeliveryError),
    /// It must be kept for longer.
    #[error(
        "{copy} must be kept until {until}, by the retention that was set: delete it after that, or change the retention first"
    )]
    Held {
        /// Whose copy it is.
        copy: DataCopy,
        /// Until when.
        until: Timestamp,
    },
    /// The state of the flow does not allow it; in words.
    #[error("{0}")]
    Conflict(&'static str),
    /// What was given is not valid; in words.
    #[error("{0}")]
    Invalid(String),
    /// A newer version of this program wrote it, and only such a version may change it.
    #[error("a newer version of this program wrote the flow: use that version, or a later one")]
    Newer,
    /// The key provider of a vault failed. A value is not damaged because of it; what failed is tried again.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// What is stored cannot be opened or read: by another key, by a change, or by an older program.
    #[error("what is stored cannot be read: {0}")]
    Damaged(&'static str),
}

impl FlowError {
    /// Returns the kind as one word, as traces and metrics show it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Store(_) => "store",
            Self::Vendor(error) => error.kind().name(),
            Self::UnknownFlow(_) | Self::UnknownEvent { .. } | Self::UnknownEvidence(_) => {
                "unknown"
            }
            Self::Delivery(_) => "not_taken",
            Self::WrongClock { .. } => "wrong_clock",
            Self::UnknownAccount(_) => "unknown_account",
            Self::Draining(_) => "draining",
            Self::Held { .. } => "held",
            Self::Conflict(_) => "conflict",
            Self::Invalid(_) => "invalid",
            Self::Newer => "newer",
            Self::Keys(_) => "keys",
            Self::Damaged(_) => "damaged",
        }
    }
}

/// The result of everything here that can fail.
pub type Result<T, E = FlowError> = std::result::Result<T, E>;
