//! Places in lists of flows.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ListOrder, Record, from_microseconds, to_microsecond};
use crate::error::FlowError;
use crate::id::FlowId;

/// A place in a list of flows. It is stored and sent as text.
///
/// ```
/// use idv_flow::store::ListCursor;
///
/// let cursor: ListCursor = "1764496800000000-0198a3c2f00045678901234567890123".parse()?;
/// assert_eq!(cursor.to_string(), "1764496800000000-0198a3c2f00045678901234567890123");
/// # Ok::<(), idv_flow::FlowError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ListCursor {
    at: Timestamp,
    id: FlowId,
}

impl ListCursor {
    /// Returns the place of a flow that has this time in the order of the list, to the microsecond. The order by id has no times.
    #[must_use]
    pub fn new(at: Timestamp, id: FlowId) -> Self {
        Self {
            at: to_microsecond(at),
            id,
        }
    }

    /// Returns the place before every flow that has this time or a later one: a list after it begins there.
    #[must_use]
    pub fn from_time(at: Timestamp) -> Self {
        Self::new(at, FlowId::from_bytes([0; 16]))
    }

    /// Returns the place of a record in an order.
    #[must_use]
    pub fn of(record: &Record, order: ListOrder) -> Self {
        let at = match order {
            ListOrder::Id => Timestamp::UNIX_EPOCH,
            ListOrder::CreatedAt => record.created_at,
            ListOrder::PhaseSince => record.phase_since,
        };
        Self::new(at, record.id)
    }

    /// Returns the time.
    #[must_use]
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// Returns the id of the flow.
    #[must_use]
    pub const fn id(self) -> FlowId {
        self.id
    }
}

/// A place in the order by id.
impl From<FlowId> for ListCursor {
    fn from(id: FlowId) -> Self {
        Self::new(Timestamp::UNIX_EPOCH, id)
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at.as_microsecond(), self.id)
    }
}

impl From<ListCursor> for String {
    fn from(cursor: ListCursor) -> Self {
        cursor.to_string()
    }
}

impl FromStr for ListCursor {
    type Err = FlowError;

    fn from_str(text: &str) -> Result<Self, FlowError> {
        let parts = text
            .rsplit_once('-')
            .and_then(|(at, id)| Some((from_microseconds(at.parse().ok()?)?, id.parse().ok()?)));
        let (at, id) = parts.ok_or_else(|| {
            FlowError::Invalid(
                "invalid list cursor: expected the text of an earlier page".to_owned(),
            )
        })?;
        Ok(Self { at, id })
    }
}

impl TryFrom<String> for ListCursor {
    type Error = FlowError;

    fn try_from(text: String) -> Result<Self, FlowError> {
        text.parse()
    }
}
