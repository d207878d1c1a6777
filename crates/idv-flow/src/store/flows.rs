//! Flows: the records, their changes, and the trait that keeps them.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Filter, ListCursor, MessageEnd, StoreResult};
use crate::audit::{AuditEntry, AuditHead};
use crate::id::FlowId;
use crate::machine::event::Event;

/// Keeps the flows.
///
/// The [contract of the store](super::Store#contract) applies to each method.
///
/// # Cancellation
///
/// If the future of a method is dropped, its transaction is committed as a whole or rolled back.
#[async_trait]
pub trait FlowStore: fmt::Debug + Send + Sync {
    /// Adds a flow at version 1, whatever `record.version` says, with the beginning of its audit
    /// trail, leased until `lease`.
    ///
    /// If a flow has the same reference key or the same application key, erased or not, or had it
    /// before it was purged, nothing changes.
    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted>;

    /// Returns a flow.
    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>>;

    /// Replaces a flow that is still at `commit.record.version`, and increments that version.
    ///
    /// If the change erases the reports, the messages that are kept for this flow are removed in
    /// the same transaction. [`Commit::message`] ends in it, too, and [`Commit::arrival`] is noted
    /// in it.
    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed>;

    /// Removes a flow that is still at `record.version`, and adds the last entries of its audit
    /// trail.
    ///
    /// The record, the reports, and the messages that are kept for this flow are removed. Its
    /// reference key and its application key stay taken: see [`Inserted::Purged`]. Its events stay
    /// until [`Outbox::purge_events`](super::Outbox::purge_events) removes them, and its audit
    /// trail stays until [`AuditStore::remove_block`](super::AuditStore::remove_block) removes it.
    async fn purge(&self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed>;

    /// Returns the sealed reports of a flow.
    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>>;

    /// Leases up to `limit` flows of these accounts, or of all accounts if the list is empty, until
    /// `until`, and increments the version of each.
    ///
    /// A flow is claimed if it is due at `now` and not leased beyond `now`; the earliest comes
    /// first.
    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>>;

    /// Returns the flows that have one of these keys as reference key, vendor key or application
    /// key, whatever their phase.
    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>>;

    /// Returns up to `limit` flows after `after`, in the order of the filter.
    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>>;

    /// Returns the accounts other than these that have flows due before `now`.
    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>>;
}

/// A flow, as a store keeps it.
///
/// A store keeps every field, so a new field breaks custom stores on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id of the flow.
    pub id: FlowId,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider. The default account of a provider has the provider's name.
    pub account: String,
    /// The application's label of the tenant that the flow belongs to.
    pub tenant: Option<String>,
    /// The number of changes.
    pub version: u64,
    /// The phase.
    pub phase: Phase,
    /// When the phase began.
    pub phase_since: Timestamp,
    /// Why the flow needs an operator, in one word.
    pub attention: Option<String>,
    /// When the next step is due; `None` if the flow waits for an event.
    pub due: Option<Timestamp>,
    /// When the flow was started.
    pub created_at: Timestamp,
    /// The key of the application's reference. It is unique.
    pub reference: LookupKey,
    /// The key of the vendor's identifier.
    pub vendor: Option<LookupKey>,
    /// The key of the application's own key. It is unique.
    pub application_key: Option<LookupKey>,
    /// Everything else, sealed.
    pub body: Vec<u8>,
    /// The end of the flow's audit trail.
    pub audit: AuditHead,
}

impl Record {
    /// Returns the record of a new flow at the default account of a provider: at version 1, in the
    /// phase [`Phase::Creating`] since `created_at`, with nothing due.
    #[must_use]
    pub fn new(
        id: FlowId,
        provider: impl Into<String>,
        reference: LookupKey,
        created_at: Timestamp,
    ) -> Self {
        let provider = provider.into();
        Self {
            id,
            account: provider.clone(),
            provider,
            tenant: None,
            version: 1,
            phase: Phase::Creating,
            phase_since: created_at,
            attention: None,
            due: None,
            created_at,
            reference,
            vendor: None,
            application_key: None,
            body: Vec::new(),
            audit: AuditHead::default(),
        }
    }
}

/// The phase of a flow.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// The verification is being created, or it is unknown whether it was.
    Creating,
    /// The verification is in progress.
    Open,
    /// The outcome is known, and the report is stored if there is one.
    Done,
    /// No verification was created, and none will be.
    Refused,
    /// The flow's own copy of the personal data is erased.
    Erased,
}

impl Phase {
    /// Every phase.
    pub const ALL: &'static [Self] = &[
        Self::Creating,
        Self::Open,
        Self::Done,
        Self::Refused,
        Self::Erased,
    ];

    /// Returns the phase as one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Open => "open",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Erased => "erased",
        }
    }

    /// Returns the phase of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name in an index: a keyed digest, so that the index does not reveal the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LookupKey(pub [u8; 32]);

/// A change to a flow. A store that wraps another one can copy it and replace parts of the copy.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Commit<'a> {
    /// The new record. Its version is the one at which it was read.
    pub record: &'a Record,
    /// The effect on the lease.
    pub lease: Lease,
    /// The effect on the reports.
    pub reports: Reports<'a>,
    /// The entries to add to the audit trail.
    pub audit: &'a [AuditEntry],
    /// The events for the application, in order.
    pub events: &'a [Event],
    /// The digest of the message that caused the change, and the end of that message.
    pub message: Option<(&'a [u8; 32], &'a MessageEnd)>,
    /// The message that caused the change and was never in the inbox.
    pub arrival: Option<Arrival<'a>>,
}

/// A message that is applied to its flow on arrival, without a stay in the inbox.
///
/// The commit adds its digest to the inbox as processed, without a body. If the inbox already has
/// the digest, and the message was not processed before `forgotten`, the commit is a
/// [conflict](Committed::Conflict) and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// The digest of the content, which identifies the message.
    pub digest: &'a [u8; 32],
    /// When the message arrived and was processed.
    pub at: Timestamp,
    /// A message that was processed before this time counts as new.
    pub forgotten: Timestamp,
}

impl<'a> Commit<'a> {
    /// Returns a change that ends the lease and leaves the reports as they are.
    #[must_use]
    pub const fn new(record: &'a Record, audit: &'a [AuditEntry]) -> Self {
        Self {
            record,
            lease: Lease::End,
            reports: Reports::Keep,
            audit,
            events: &[],
            message: None,
            arrival: None,
        }
    }
}

/// The effect of a change on a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// The lease stays: its holder continues, or did not make the change.
    Keep,
    /// The lease ends.
    End,
}

/// The effect of a change on a flow's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reports<'a> {
    /// The reports stay as they are.
    Keep,
    /// The reports are replaced.
    Put(&'a [u8]),
    /// The reports are erased.
    Erase,
}

/// The result of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// The change is stored, and the flow now has this version.
    Done(u64),
    /// The flow has another version or does not exist. Nothing changed.
    Conflict,
}

/// The result of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// The flow is stored.
    New,
    /// This flow has the same reference key or application key. Nothing changed.
    Exists(FlowId),
    /// This flow had the same reference key or application key before it was purged. Nothing
    /// changed: a key is never used twice, so that no verification is created twice.
    Purged(FlowId),
}
