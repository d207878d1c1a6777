//! Stores of flows.
//!
//! A [`Store`] keeps sealed bytes beside a few columns in clear: when work is due, versions, and
//! keys of indexes. It decides nothing. It consists of one trait for each subject: [`FlowStore`],
//! [`Inbox`], [`Outbox`], [`TimerStore`] and [`AuditStore`]. This crate has three stores; one test
//! suite ([`contract`], behind the feature of that name) checks them and custom stores.

mod audit;
#[cfg(feature = "contract")]
pub mod contract;
mod delegate;
mod evidence;
mod flows;
mod inbox;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod lanes;
mod list;
mod memory;
mod outbox;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod timers;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod transaction;

use std::error::Error as StdError;

use async_trait::async_trait;
use jiff::Timestamp;

pub use audit::AuditStore;
#[doc(hidden)]
pub use delegate::names as __delegate;
#[cfg(feature = "object-store")]
pub use evidence::ObjectEvidence;
pub use evidence::{EvidencePart, EvidenceStore};
pub use flows::{
    Arrival, Commit, Committed, FlowStore, Inserted, Lease, LookupKey, Phase, Record, Reports,
};
pub use inbox::{Inbox, Message, MessageEnd, Pushed};
pub use list::{Filter, ListCursor, ListOrder};
pub use memory::MemoryStore;
pub use outbox::{EventCursor, Outbox, PendingEvent};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};
pub use timers::TimerStore;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use transaction::ApplicationTransaction;

/// Keeps flows, callbacks, events, timers, the audit trail, and a few values of the engine.
///
/// # Contract
///
/// - Each method is one transaction: its changes are durable when it returns `Ok`, and it changes
///   nothing if it fails.
/// - A record has a version that grows with each change. [`FlowStore::commit`] changes a record
///   only at the version at which it was read.
/// - [`FlowStore::claim`], [`Inbox::claim_inbox`], [`Outbox::claim_events`] and
///   [`TimerStore::claim_timers`] give no item to two callers before its lease has expired, however
///   many processes call them at the same time. The earliest item comes first.
/// - Times are kept to the microsecond. No method reads a clock, except [`Store::server_time`].
///
/// A store that only adds something to another one, such as metrics, uses
/// [`delegate_store!`](crate::delegate_store!) for the other subjects.
///
/// # Cancellation
///
/// If the future of a method is dropped, its transaction is committed as a whole or rolled back.
#[async_trait]
pub trait Store: FlowStore + Inbox + Outbox + TimerStore + AuditStore + 'static {
    /// Brings the store's tables up to date. Programs call it when they start, several at once.
    ///
    /// # Errors
    ///
    /// If a newer program changed the tables so that this one cannot work with them.
    async fn migrate(&self) -> StoreResult<()>;

    /// Stores a value under a name, unless there is one already. Returns the stored value.
    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>>;

    /// Returns the value under a name.
    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>>;

    /// Replaces the value under a name if it is still `old`. Returns whether it was.
    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool>;

    /// Counts the waiting work. Looks for events only if `with_events`: without a receiver all of
    /// them wait.
    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog>;

    /// Returns the time of the clock that all programs share, to the second or better: that of the
    /// database's server. `None` if there is no such clock.
    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        Ok(None)
    }

    /// Returns when another program may have announced work, so that a worker looks for it at once.
    ///
    /// A hint may be missing, and may be wrong. A worker looks at intervals, too, so a store
    /// without hints waits for ever.
    async fn hint(&self) {
        std::future::pending::<()>().await;
    }

    /// Returns this store's own store for evidence; `None` if it has none.
    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        None
    }
}

/// The waiting work in a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The number of messages that wait for a worker.
    pub messages: u64,
    /// The number of parked messages.
    pub parked: u64,
    /// The time of the oldest undelivered event.
    pub oldest_event: Option<Timestamp>,
}

/// The failure of a store.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct StoreError {
    /// The operation that failed, in words of this crate.
    pub what: &'static str,
    /// The cause. It must not print stored data.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// Returns a failure without a cause.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what, source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// The result of a store's method.
pub type StoreResult<T> = Result<T, StoreError>;

/// Truncates a time to the microsecond, as stores keep it.
pub(crate) fn to_microsecond(at: Timestamp) -> Timestamp {
    from_microseconds(at.as_microsecond()).unwrap_or(at)
}

/// Returns the time `microseconds` after the beginning of 1970; `None` if no [`Timestamp`] can hold
/// it.
pub(crate) fn from_microseconds(microseconds: i64) -> Option<Timestamp> {
    // Not `Timestamp::from_microsecond`, which does not reach into the last second before
    // `Timestamp::MAX`.
    let nanosecond = i32::try_from(microseconds % 1_000_000 * 1_000).ok()?;
    Timestamp::new(microseconds / 1_000_000, nanosecond).ok()
}
