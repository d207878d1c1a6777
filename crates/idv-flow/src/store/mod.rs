//! Where flows are kept.
//!
//! A [`Store`] keeps sealed bytes beside a few columns in clear: what is due when, which version it is, where an index finds it. It
//! decides nothing. Three come with this crate, and one suite ([`contract`], behind the feature of that name) holds them and any other
//! to what is promised here.

#[cfg(feature = "contract")]
pub mod contract;
mod evidence;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod lanes;
mod list;
mod memory;
mod outbox;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod transaction;

use std::error::Error as StdError;
use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::audit::{AuditBlock, AuditEntry, AuditHead};
use crate::id::FlowId;
use crate::machine::event::Event;

#[cfg(feature = "object-store")]
pub use evidence::ObjectEvidence;
pub use evidence::{EvidencePart, EvidenceStore};
pub use list::ListCursor;
pub use memory::MemoryStore;
pub use outbox::{EventCursor, PendingEvent};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use transaction::ApplicationTransaction;

/// Keeps flows, the inbox of callbacks, timers and the audit trail.
///
/// # Contract
///
/// - Each method is one transaction: it is committed durably when the method returns, and not at all if the method fails.
/// - A record has a version that grows with each change. [`Store::commit`] changes a record only at the version that it was read at.
/// - [`Store::claim`], [`Store::claim_inbox`] and [`Store::claim_timers`] give no item to two callers before its lease has run out, however many
///   processes call them at the same time. What is due first is given first.
/// - Times are kept to the microsecond. No method looks at a clock.
///
/// # Cancellation
///
/// If the future of a method is dropped, its transaction is committed as a whole or rolled back.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Brings the store's tables up to date. Called whenever a program starts, by several at once.
    async fn migrate(&self) -> StoreResult<()>;

    /// Keeps a value under a name, unless there is one already; returns what is kept.
    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>>;

    /// Returns the value under a name.
    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>>;

    /// Replaces the value under a name, if it is still `old`; whether it was.
    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool>;

    /// Adds a flow at version 1, whatever `record.version` says, with the beginning of its audit trail, leased until `lease`. If there is a
    /// flow with the same reference key or the same application key, erased or not, it changes nothing and returns the id of that flow.
    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted>;

    /// A flow.
    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>>;

    /// Replaces a flow that is still at `commit.record.version`, and makes that version one more. If it erases the reports, it removes the
    /// messages that are kept for this flow in the same transaction; [`Commit::message`] ends in it, too.
    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed>;

    /// The sealed reports of a flow.
    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>>;

    /// Leases up to `limit` flows of these accounts, or of all if there are none, that are due at `now` and not leased beyond it, until
    /// `until`, making the version of each one more.
    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>>;

    /// Returns the flows that have one of these keys, as reference key, vendor key or application key, whatever their phase.
    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>>;

    /// Returns up to `limit` flows after `after`, in the order of the filter.
    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>>;

    /// Adds a message to the inbox, unless it is there: one that was worked off before `forgotten` counts anew, any other only as
    /// repeated.
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed>;

    /// Leases up to `limit` messages of these accounts, or of all if there are none, that are due at `now` and not leased beyond it, until
    /// `until`, making `tries` of each one more.
    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>>;

    /// Says what became of a message, and ends its lease. One that was worked off stays so, whatever is said of it later.
    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()>;

    /// Returns up to `limit` parked messages after `after`, by the time at which they came and their digest.
    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>>;

    /// Counts the parked messages of an account.
    async fn parked_count(&self, account: &str) -> StoreResult<u64>;

    /// Makes parked messages due at `now` unless they are due earlier: those of one flow, or all of them. Returns how many it changed.
    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64>;

    /// Forgets messages that were worked off before `before`.
    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64>;

    /// Returns up to `limit` events after `after`, in order: those of one flow by their sequence. Nothing that is committed later comes
    /// before what was returned; so an event may be held back until transactions that began before its own have ended.
    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>>;

    /// Returns an event of a flow; `None` if there is none of this number, or it was forgotten.
    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>>;

    /// Leases up to `limit` undelivered events that are due at `now` and not leased beyond it, until `until`, making `tries` of each one
    /// more. Of each flow only the first undelivered one can be claimed.
    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>>;

    /// Marks an event as delivered, or has it claimed again at `again`, and ends its lease. One that was delivered stays so.
    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()>;

    /// Returns up to `limit` undelivered events that were claimed `tries` times or more, in no particular order.
    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>>;

    /// Forgets events that are older than `before` and were delivered, or never claimed. Returns how many.
    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64>;

    /// Counts what waits to be done. Looks for events only if `with_events`: without a receiver all of them wait.
    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog>;

    /// Makes a timer, unless there is one of that name.
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()>;

    /// Leases every timer that is due at `now` and not leased beyond it, until `until`.
    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>>;

    /// Winds a timer up again, and ends its lease. One that is not there is not made.
    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()>;

    /// Returns the time of the clock that all programs share, to the second or better: that of the database's server. `None` if there is no
    /// such clock.
    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        Ok(None)
    }

    /// Returns when another program may have announced work, so that a worker looks for it at once. A store that cannot know waits for ever:
    /// a worker looks at intervals, too. A hint may be missing, and may be wrong.
    async fn hint(&self) {
        std::future::pending::<()>().await;
    }

    /// Returns the earliest time at which a claim for these accounts finds a flow or a message, or a claim finds a timer.
    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>>;

    /// Returns the accounts other than these that have flows due before `now`.
    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>>;

    /// Up to `limit` entries of the audit trail after `after`, by flow and number.
    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>>;

    /// The audit trail of one flow, in order.
    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>>;

    /// Up to `limit` entries that stand in no block, by flow and number.
    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>>;

    /// Puts loose entries into a block, unless there is one of that number; whether it was added. An entry that is in a block already
    /// fails it.
    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool>;

    /// Up to `limit` blocks after `after`, in order.
    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>>;

    /// The last block.
    async fn last_block(&self) -> StoreResult<Option<AuditBlock>>;

    /// The entries of a block, by flow and number.
    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>>;

    /// Returns the store for evidence that this one brings along; `None` if it has none.
    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        None
    }
}

/// A flow, as a store keeps it. A new field breaks a store of your own on purpose: a store has to keep all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id of the flow.
    pub id: FlowId,
    /// The provider's id.
    pub provider: String,
    /// The account at the provider. An account without a name of its own is called after the provider.
    pub account: String,
    /// The application's label of the tenant that the flow belongs to.
    pub tenant: Option<String>,
    /// How often it was changed.
    pub version: u64,
    /// The phase.
    pub phase: Phase,
    /// When the phase began.
    pub phase_since: Timestamp,
    /// Why it needs an operator, in one word.
    pub attention: Option<String>,
    /// When the next step is due; `None` if it waits for an event.
    pub due: Option<Timestamp>,
    /// When it was started.
    pub created_at: Timestamp,
    /// The key of our reference. No two flows have the same.
    pub reference: LookupKey,
    /// The key of the vendor's id.
    pub vendor: Option<LookupKey>,
    /// The key of the application's own key. No two flows have the same.
    pub application_key: Option<LookupKey>,
    /// All else, sealed.
    pub body: Vec<u8>,
    /// The end of its audit trail.
    pub audit: AuditHead,
}

impl Record {
    /// Returns the record of a new flow at the default account of a provider: at version 1, in the phase [`Phase::Creating`] since
    /// `created_at`, with nothing due.
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

/// How far a flow is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// The verification is being created, or it is not known whether it was.
    Creating,
    /// The verification is under way.
    Open,
    /// There is an outcome, and the report where there is to be one.
    Done,
    /// Nothing was created, for good.
    Refused,
    /// Our own copy is erased.
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

    /// The phase as one word.
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

    /// The phase of this name.
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

/// A name in an index: a keyed digest, so that the index tells nothing of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LookupKey(pub [u8; 32]);

/// A change to a flow.
#[derive(Debug)]
#[non_exhaustive]
pub struct Commit<'a> {
    /// What it becomes. Its version is that at which it was read.
    pub record: &'a Record,
    /// What becomes of the lease.
    pub lease: Lease,
    /// What becomes of its reports.
    pub reports: Reports<'a>,
    /// What is added to its audit trail.
    pub audit: &'a [AuditEntry],
    /// The events for the application, in order.
    pub events: &'a [Event],
    /// The message that caused the change, by its digest, and its end.
    pub message: Option<(&'a [u8; 32], &'a MessageEnd)>,
}

impl<'a> Commit<'a> {
    /// A change that ends the lease and leaves the reports as they are.
    #[must_use]
    pub const fn new(record: &'a Record, audit: &'a [AuditEntry]) -> Self {
        Self {
            record,
            lease: Lease::End,
            reports: Reports::Keep,
            audit,
            events: &[],
            message: None,
        }
    }
}

/// What a change makes of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// It stays as it is: the change is not its holder's, or the holder goes on.
    Keep,
    /// It ends.
    End,
}

/// What a change makes of a flow's reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reports<'a> {
    /// They stay as they are.
    Keep,
    /// They are replaced.
    Put(&'a [u8]),
    /// They are erased.
    Erase,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// It was made; the record has this version now.
    Done(u64),
    /// The record was changed in between, or is not there; nothing was done.
    Conflict,
}

/// What became of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// It is there.
    New,
    /// There was a flow with the same reference key already; nothing was done.
    Exists(FlowId),
}

/// Selects and orders the flows of a list.
///
/// ```
/// use idv_flow::store::{Filter, ListOrder, Phase};
///
/// // The flows that have ended, in the order in which they did.
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
    /// By id, which is random: for a walk through all flows that misses none.
    #[default]
    Id,
    /// By the time of the start.
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

/// A message in the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The digest of its content, which identifies it.
    pub digest: [u8; 32],
    /// The account at the provider.
    pub account: String,
    /// When it came, the first time.
    pub received_at: Timestamp,
    /// When a worker may claim it; `None` if it waits for an operator alone.
    pub due: Option<Timestamp>,
    /// How often it was claimed.
    pub tries: u32,
    /// Why it is parked, in one word.
    pub attention: Option<String>,
    /// The flow that it is kept for: it is removed when that flow's reports are erased.
    pub flow: Option<FlowId>,
    /// The delivery, sealed; empty once it was worked off.
    pub body: Vec<u8>,
}

impl Message {
    /// A message that has just come and is due at once.
    #[must_use]
    pub const fn new(
        digest: [u8; 32],
        account: String,
        received_at: Timestamp,
        body: Vec<u8>,
    ) -> Self {
        Self {
            digest,
            account,
            received_at,
            due: Some(received_at),
            tries: 0,
            attention: None,
            flow: None,
            body,
        }
    }

    /// Returns the message parked for `reason`, to be judged again at `again`.
    #[must_use]
    pub fn parked(mut self, reason: impl Into<String>, again: Option<Timestamp>) -> Self {
        self.attention = Some(reason.into());
        self.due = again;
        self
    }

    /// Returns the message kept for one flow.
    #[must_use]
    pub const fn kept_for(mut self, flow: FlowId) -> Self {
        self.flow = Some(flow);
        self
    }
}

/// What became of a message that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It will be worked off.
    New,
    /// It was there already.
    Repeated,
}

/// What became of a message that was claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageEnd {
    /// It was worked off then: its body is erased.
    Done(Timestamp),
    /// It is tried again then.
    Later(Timestamp),
    /// It cannot be judged yet.
    Parked {
        /// Why, in one word: an operator is told.
        reason: String,
        /// When it is judged again; `None` if only an operator has it judged.
        again: Option<Timestamp>,
    },
}

/// The work that waits in a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The number of messages that wait for a worker.
    pub messages: u64,
    /// The number of messages that cannot be judged yet.
    pub parked: u64,
    /// When the oldest event that is not delivered happened.
    pub oldest_event: Option<Timestamp>,
}

/// A store's failure.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
#[non_exhaustive]
pub struct StoreError {
    /// What was not possible, in our own words.
    pub what: &'static str,
    /// The failure beneath. It must not print what is stored.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// A failure without one beneath.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what, source: None }
    }

    /// Adds the failure beneath.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// The result of a store.
pub type StoreResult<T> = Result<T, StoreError>;

/// A time as stores keep it: without what is finer than a microsecond.
pub(crate) fn to_microsecond(at: Timestamp) -> Timestamp {
    from_microseconds(at.as_microsecond()).unwrap_or(at)
}

/// The time so many microseconds after the beginning of 1970; `None` where it is beyond what a [`Timestamp`] can be.
pub(crate) fn from_microseconds(microseconds: i64) -> Option<Timestamp> {
    // Not `Timestamp::from_microsecond`, which does not reach into the last second before `Timestamp::MAX`.
    let nanosecond = i32::try_from(microseconds % 1_000_000 * 1_000).ok()?;
    Timestamp::new(microseconds / 1_000_000, nanosecond).ok()
}
