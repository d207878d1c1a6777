//! Errors of the engine.

use jiff::{SignedDuration, Timestamp};

use crate::engine::events::DeliveryError;
use crate::id::FlowId;
use crate::machine::retention::DataCopy;
use crate::store::StoreError;
use crate::vault::KeyError;

/// An error of the engine.
///
/// Its text consists of fixed words, numbers and labels of the application. It holds no text of a
/// vendor and no personal data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// The store failed.
    ///
    /// A commit is applied as a whole or not at all: repeat the call.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The vendor refused the request or did not answer, or the adapter refused to send it.
    #[error(transparent)]
    Vendor(#[from] idv_core::Error),
    /// No flow has this id.
    #[error("there is no flow {0}: use the id that the start returned")]
    UnknownFlow(FlowId),
    /// The flow keeps no item of evidence with this number, or it was erased.
    #[error(
        "the flow keeps no evidence with number {0}: use a number that the list of its evidence \
         shows"
    )]
    UnknownEvidence(u32),
    /// The clocks of this program and of the database server differ too much.
    ///
    /// Until they agree, the engine changes nothing: a deletion or an expiry at a wrong time cannot
    /// be undone.
    #[error(
        "this program's clock differs from the database server's by {by:#}: synchronize both by NTP"
    )]
    WrongClock {
        /// The difference. It is positive if this program's clock is ahead.
        by: SignedDuration,
    },
    /// The engine has no account of this name.
    #[error("no account {0} is configured: add it, or use the name of a configured account")]
    UnknownAccount(String),
    /// The account takes no new flows: an operator drains it.
    #[error("the account {0} is draining: start at another account, or resume it")]
    Draining(String),
    /// The flow has no event of this number, or the event was delivered more than 30 days ago.
    #[error(
        "flow {flow} has no event {sequence}: it never existed or was delivered more than 30 \
         days ago"
    )]
    UnknownEvent {
        /// The flow.
        flow: FlowId,
        /// The number of the event.
        sequence: u64,
    },
    /// The handler or the webhook failed to process an event.
    #[error("the event was not delivered: {0}")]
    Delivery(DeliveryError),
    /// A legal hold forbids the deletion.
    #[error(
        "{copy} must be kept until {until}: delete it after that time, or change the retention \
         first"
    )]
    Held {
        /// The copy.
        copy: DataCopy,
        /// The end of the hold.
        until: Timestamp,
    },
    /// The state of the flow does not allow the change. The text says why.
    #[error("{0}")]
    Conflict(&'static str),
    /// An argument is invalid. The text says what is expected.
    #[error("{0}")]
    Invalid(String),
    /// A newer version of this program wrote the flow, and older versions must not change it.
    #[error("a newer version of this program wrote the flow: use that version or a later one")]
    Newer,
    /// The key provider of a vault failed. No value is damaged; the failed step is retried.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Stored data cannot be decrypted or parsed: the key is missing, or the data was changed.
    #[error("stored data cannot be read ({0}): check the keys of the vault, or restore a backup")]
    Damaged(&'static str),
}

impl FlowError {
    /// Returns the kind of error as one word, for traces and metrics.
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

/// The result of a fallible operation of this crate.
pub type Result<T, E = FlowError> = std::result::Result<T, E>;
