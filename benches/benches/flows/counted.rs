//! A store whose transactions are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use idv_core::Timestamp;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::{
    Backlog, Commit, Committed, EventCursor, Filter, Inserted, ListCursor, LookupKey, Message,
    MessageEnd, PendingEvent, Pushed, Record, Store, StoreResult,
};
use idv_flow::{Event, FlowId};

/// A store, and how often it was asked for what.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    store: Arc<dyn Store>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    changes: AtomicU64,
    questions: AtomicU64,
}

impl Counted {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            counts: Arc::default(),
        }
    }

    /// How many transactions changed something, which a durable store has written to the disk.
    pub(super) fn changes(&self) -> u64 {
        self.counts.changes.load(Ordering::Relaxed)
    }

    /// How many changed nothing: what is read, and claims that found nothing.
    pub(super) fn questions(&self) -> u64 {
        self.counts.questions.load(Ordering::Relaxed)
    }

    fn changed(&self, changed: bool) {
        let count = if changed {
            &self.counts.changes
        } else {
            &self.counts.questions
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn claimed<T>(&self, claimed: Vec<T>) -> Vec<T> {
        self.changed(!claimed.is_empty());
        claimed
    }
}

/// Methods that are handed on and counted: as a change, as a question, or as a claim, which is the one or the other.
macro_rules! counted {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty, $kind:ident;)*) => {
        #[async_trait]
        impl Store for Counted {
            $(async fn $name(&self, $($argument: $type),*) -> StoreResult<$result> {
                let result = self.store.$name($($argument),*).await?;
                Ok(counted!(@$kind self, result))
            })*
        }
    };
    (@change $self:ident, $result:ident) => {{
        $self.changed(true);
        $result
    }};
    (@question $self:ident, $result:ident) => {{
        $self.changed(false);
        $result
    }};
    (@claim $self:ident, $result:ident) => {
        $self.claimed($result)
    };
}

counted! {
    fn migrate() -> (), question;
    fn remember(name: &str, value: &[u8]) -> Vec<u8>, change;
    fn replace(name: &str, old: &[u8], new: &[u8]) -> bool, change;
    fn insert(record: &Record, lease: Option<Timestamp>, audit: &[AuditEntry]) -> Inserted, change;
    fn load(id: FlowId) -> Option<Record>, question;
    fn commit(commit: &Commit<'_>) -> Committed, change;
    fn reports(id: FlowId) -> Option<Vec<u8>>, question;
    fn claim(now: Timestamp, until: Timestamp, limit: usize, accounts: &[&str]) -> Vec<Record>, claim;
    fn locate(keys: &[LookupKey]) -> Vec<(LookupKey, FlowId)>, question;
    fn list(filter: &Filter, after: Option<ListCursor>, limit: usize) -> Vec<Record>, question;
    fn push(message: &Message, forgotten: Timestamp) -> Pushed, change;
    fn claim_inbox(now: Timestamp, until: Timestamp, limit: usize, accounts: &[&str]) -> Vec<Message>, claim;
    fn finish(digest: &[u8; 32], end: &MessageEnd) -> (), change;
    fn value(name: &str) -> Option<Vec<u8>>, question;
    fn parked(after: Option<(Timestamp, [u8; 32])>, limit: usize) -> Vec<Message>, question;
    fn parked_count(account: &str) -> u64, question;
    fn wake_parked(flow: Option<FlowId>, now: Timestamp) -> u64, question;
    fn purge_inbox(before: Timestamp) -> u64, change;
    fn events(after: Option<EventCursor>, limit: usize) -> Vec<(EventCursor, Event)>, question;
    fn event(flow: FlowId, sequence: u64) -> Option<Event>, question;
    fn claim_events(now: Timestamp, until: Timestamp, limit: usize) -> Vec<PendingEvent>, claim;
    fn finish_event(flow: FlowId, sequence: u64, again: Option<Timestamp>) -> (), change;
    fn late_events(tries: u32, limit: usize) -> Vec<PendingEvent>, question;
    fn purge_events(before: Timestamp) -> u64, change;
    fn others_due(accounts: &[&str], now: Timestamp) -> Vec<String>, question;
    fn backlog(with_events: bool) -> Backlog, question;
    fn set_timer(name: &str, due: Timestamp) -> (), change;
    fn claim_timers(now: Timestamp, until: Timestamp) -> Vec<String>, claim;
    fn wind_timer(name: &str, due: Timestamp) -> (), change;
    fn next_due(accounts: &[&str]) -> Option<Timestamp>, question;
    fn audit(after: Option<(FlowId, u64)>, limit: usize) -> Vec<AuditEntry>, question;
    fn audit_of(id: FlowId) -> Vec<AuditEntry>, question;
    fn loose_entries(limit: usize) -> Vec<AuditEntry>, question;
    fn add_block(block: &AuditBlock, entries: &[(FlowId, u64)]) -> bool, change;
    fn blocks(after: Option<u64>, limit: usize) -> Vec<AuditBlock>, question;
    fn last_block() -> Option<AuditBlock>, question;
    fn block_entries(number: u64) -> Vec<AuditEntry>, question;
}
