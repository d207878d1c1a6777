//! Lists of flows: filters, orders, and cursors.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Phase, Record, from_microseconds, to_microsecond};
use crate::error::FlowError;
use crate::id::FlowId;

/// Selects and orders the flows of a list.
///
/// ```
/// use idv_flow::store::{Filter, ListOrder, Phase};
///
/// // The flows that have ended, earliest first.
/// let ended = Filter::all().in_phase(Phase::Done).ordered_by(ListOrder::PhaseSince);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// Only flows in this phase.
    pub phase: Option<Phase>,
    /// Only flows at this provider.
    pub provider: Option<String>,
    /// Only flows of this account.
    pub account: Option<String>,
    /// Only flows of this tenant.
    pub tenant: Option<String>,
    /// Only flows that need an operator.
    pub attention: bool,
    /// The order.
    pub order: ListOrder,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListOrder {
    /// By id, which is random: a walk through all flows misses none.
    #[default]
    Id,
    /// By the time at which the flow was started.
    CreatedAt,
    /// By the time at which the phase began.
    PhaseSince,
}

impl Filter {
    /// Selects every flow.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            phase: None,
            provider: None,
            account: None,
            tenant: None,
            attention: false,
            order: ListOrder::Id,
        }
    }

    /// Selects only flows in a phase.
    #[must_use]
    pub const fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    /// Selects only flows at a provider.
    #[must_use]
    pub fn at_provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Selects only flows of an account.
    #[must_use]
    pub fn of_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Selects only flows of a tenant.
    #[must_use]
    pub fn of_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Selects only flows that need an operator.
    #[must_use]
    pub const fn needing_attention(mut self) -> Self {
        self.attention = true;
        self
    }

    /// Sets the order.
    #[must_use]
    pub const fn ordered_by(mut self, order: ListOrder) -> Self {
        self.order = order;
        self
    }
}

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
    /// Returns the place of a flow that has this time in the order of the list, to the microsecond.
    ///
    /// The order by id has no times.
    #[must_use]
    pub fn new(at: Timestamp, id: FlowId) -> Self {
        Self {
            at: to_microsecond(at),
            id,
        }
    }

    /// Returns the place before every flow that has this time or a later one.
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

/// The place of a flow in the order by id.
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
