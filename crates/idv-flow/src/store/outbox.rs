//! The outbox of events for the application.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::error::FlowError;
use crate::id::FlowId;
use crate::machine::event::Event;

/// Keeps the events for the application until they are delivered, and for a while after that.
/// Events are added with the changes that they describe.
///
/// The [contract of the store](super::Store#contract) applies to each method.
///
/// # Cancellation
///
/// If the future of a method is dropped, its transaction is committed as a whole or rolled back.
#[async_trait]
pub trait Outbox: fmt::Debug + Send + Sync {
    /// Returns up to `limit` events after `after`, in order: those of one flow by their sequence.
    ///
    /// No event that is committed later comes before an event that was returned. So an event may be
    /// held back until transactions that began before its own have ended.
    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>>;

    /// Returns an event of a flow; `None` if there is none of this number, or it was removed.
    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>>;

    /// Leases up to `limit` undelivered events until `until`, and increments `tries` of each.
    ///
    /// An event is claimed if it is due at `now`, not leased beyond `now`, and the first
    /// undelivered one of its flow.
    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>>;

    /// Marks an event as delivered, or makes it due at `again`, and ends its lease.
    ///
    /// An event that was delivered stays so.
    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()>;

    /// Returns up to `limit` undelivered events that were claimed `tries` times or more, in no
    /// particular order.
    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>>;

    /// Removes up to `limit` events that are older than `before` and were delivered or never
    /// claimed.
    ///
    /// Returns the number of events that it removed: if it is `limit`, more may be left.
    async fn purge_events(&self, before: Timestamp, limit: usize) -> StoreResult<u64>;
}

/// A place in the outbox. It is stored as text, and orders as events do.
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
    /// Returns the place of an event: the transaction that wrote it, and its position.
    ///
    /// The event of the earlier transaction comes first.
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
                "invalid event cursor: expected two numbers such as `71-4`".to_owned(),
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

/// An event to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingEvent {
    /// The event.
    pub event: Event,
    /// The number of claims.
    pub tries: u32,
}

impl PendingEvent {
    /// Returns an event that was claimed `tries` times.
    #[must_use]
    pub const fn new(event: Event, tries: u32) -> Self {
        Self { event, tries }
    }
}
