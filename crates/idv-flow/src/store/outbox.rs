//! The outbox, as stores keep it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::FlowError;
use crate::machine::event::Event;

/// A place in the outbox: what was read up to. It is stored as text, and orders as events do.
///
/// ```
/// use idv_flow::EventCursor;
///
/// let cursor: EventCursor = "71-4".parse()?;
/// assert_eq!(cursor.to_string(), "71-4");
/// assert!(cursor > "70-9".parse()? && "4".parse::<EventCursor>().is_err());
/// # Ok::<(), idv_flow::FlowError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct EventCursor {
    transaction: u64,
    position: u64,
}

impl EventCursor {
    /// Returns the place of an event: the transaction that wrote it, and its position. Of two events the one that was written by the earlier
    /// transaction comes first.
    #[must_use]
    pub const fn new(transaction: u64, position: u64) -> Self {
        Self {
            transaction,
            position,
        }
    }

    /// Returns the transaction and the position.
    #[must_use]
    pub const fn parts(self) -> (u64, u64) {
        (self.transaction, self.position)
    }
}

impl fmt::Display for EventCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.position)
    }
}

impl From<EventCursor> for String {
    fn from(cursor: EventCursor) -> Self {
        cursor.to_string()
    }
}

impl FromStr for EventCursor {
    type Err = FlowError;

    fn from_str(text: &str) -> Result<Self, FlowError> {
        let parts = text.split_once('-').and_then(|(transaction, position)| {
            Some((transaction.parse().ok()?, position.parse().ok()?))
        });
        let (transaction, position) = parts.ok_or_else(|| {
            FlowError::Invalid(
                "not a cursor of events: expected two numbers such as `71-4`, as it was given"
                    .to_owned(),
            )
        })?;
        Ok(Self {
            transaction,
            position,
        })
    }
}

impl TryFrom<String> for EventCursor {
    type Error = FlowError;

    fn try_from(text: String) -> Result<Self, FlowError> {
        text.parse()
    }
}

/// An event that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingEvent {
    /// The event.
    pub event: Event,
    /// The number of times that it was claimed.
    pub tries: u32,
}

impl PendingEvent {
    /// Makes one of an event that was claimed so often.
    #[must_use]
    pub const fn new(event: Event, tries: u32) -> Self {
        Self { event, tries }
    }
}
