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
    ///
    /// ```
    /// use idv_flow::store::Filter;
    ///
    /// assert_eq!(Filter::all(), Filter::default());
    /// ```
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
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::{Filter, Phase};
    /// # bank.start(&engine).await?;
    ///
    /// let open = engine.list(&Filter::all().in_phase(Phase::Open), None, 100).await?;
    /// assert_eq!(open.len(), 1);
    /// assert!(engine.list(&Filter::all().in_phase(Phase::Done), None, 100).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn in_phase(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    /// Selects only flows at a provider.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::Filter;
    /// # bank.start(&engine).await?;
    ///
    /// let filter = Filter::all().at_provider("identity-tm");
    /// assert!(engine.list(&filter, None, 100).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn at_provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Selects only flows of an account.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::Filter;
    /// # bank.start(&engine).await?;
    ///
    /// let filter = Filter::all().of_account("idnow");
    /// assert_eq!(engine.list(&filter, None, 100).await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn of_account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// Selects only flows of a tenant.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::{StartRequest, store::Filter};
    ///
    /// let new = NewVerification::new(engine.reference());
    /// engine.start(StartRequest::new(new).tenant("insurance")).await?;
    /// let filter = Filter::all().of_tenant("insurance");
    /// assert_eq!(engine.list(&filter, None, 100).await?.len(), 1);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn of_tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// Selects only flows that need an operator.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::Filter;
    /// # let id = bank.disputed(&engine).await?;
    ///
    /// let flows = engine.list(&Filter::all().needing_attention(), None, 100).await?;
    /// assert_eq!(flows[0].id, id);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn needing_attention(mut self) -> Self {
        self.attention = true;
        self
    }

    /// Sets the order.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::{Filter, ListOrder};
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(60)).await?;
    /// # bank.start(&engine).await?;
    ///
    /// let filter = Filter::all().ordered_by(ListOrder::CreatedAt);
    /// let flows = engine.list(&filter, None, 100).await?;
    /// assert!(flows[0].created_at < flows[1].created_at);
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// use idv_flow::store::ListCursor;
    ///
    /// let at = "2026-01-01T00:00:00Z".parse().unwrap();
    /// let id = "0123456789abcdef0123456789abcdef".parse()?;
    /// let cursor = ListCursor::new(at, id);
    /// assert_eq!((cursor.at(), cursor.id()), (at, id));
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    #[must_use]
    pub fn new(at: Timestamp, id: FlowId) -> Self {
        Self {
            at: to_microsecond(at),
            id,
        }
    }

    /// Returns the place before every flow that has this time or a later one.
    ///
    /// ```
    /// use idv_flow::FlowId;
    /// use idv_flow::store::ListCursor;
    ///
    /// let at = "2026-01-01T00:00:00Z".parse().unwrap();
    /// assert_eq!(ListCursor::from_time(at).id(), FlowId::from_bytes([0; 16]));
    /// ```
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
    ///
    /// ```
    /// use idv_flow::store::ListCursor;
    ///
    /// let at = "2026-01-01T00:00:00Z".parse().unwrap();
    /// assert_eq!(ListCursor::from_time(at).at(), at);
    /// ```
    #[must_use]
    pub const fn at(self) -> Timestamp {
        self.at
    }

    /// Returns the id of the flow.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::store::ListOrder;
    /// # let id = bank.start(&engine).await?;
    ///
    /// let cursor = engine.status(id).await?.cursor(ListOrder::CreatedAt);
    /// assert_eq!(cursor.id(), id);
    /// # Ok(())
    /// # });
    /// ```
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
