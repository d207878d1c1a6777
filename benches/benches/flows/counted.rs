//! A store that counts its transactions, and lists those that change something.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use idv_core::Timestamp;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::{
    AuditStore, Backlog, Commit, Committed, EventCursor, Filter, FlowStore, Inbox, Inserted,
    ListCursor, LookupKey, Message, MessageEnd, Outbox, PendingEvent, Pushed, Record, Store,
    StoreResult, TimerStore,
};
use idv_flow::{Event, FlowId};

/// A store, and the numbers of its transactions.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    store: Arc<dyn Store>,
    counts: Arc<Counts>,
    log: Option<Arc<Log>>,
}

/// The changes in order, each with the position in the database's log after it.
struct Log {
    position: Box<dyn Fn() -> BoxFuture<'static, u64> + Send + Sync>,
    changes: Mutex<Vec<(String, u64)>>,
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
            log: None,
        }
    }

    /// Lists changes from now on, with the position in the database's log.
    pub(super) fn listing(
        self,
        position: impl Fn() -> BoxFuture<'static, u64> + Send + Sync + 'static,
    ) -> Self {
        let log = Log {
            position: Box::new(position),
            changes: Mutex::default(),
        };
        Self {
            log: Some(Arc::new(log)),
            ..self
        }
    }

    /// Returns the changes since the last call.
    pub(super) fn listed(&self) -> Vec<(String, u64)> {
        let log = self.log.as_ref().unwrap();
        std::mem::take(&mut log.changes.lock().unwrap())
    }

    /// Returns the number of transactions that changed something, which a durable store writes to
    /// the disk.
    pub(super) fn changes(&self) -> u64 {
        self.counts.changes.load(Ordering::Relaxed)
    }

    /// Returns the number of transactions that changed nothing: reads, and claims that found
    /// nothing.
    pub(super) fn questions(&self) -> u64 {
        self.counts.questions.load(Ordering::Relaxed)
    }

    async fn changed(&self, name: impl FnOnce() -> String) {
        self.counts.changes.fetch_add(1, Ordering::Relaxed);
        if let Some(log) = &self.log {
            let position = (log.position)().await;
            log.changes.lock().unwrap().push((name(), position));
        }
    }

    fn asked(&self) {
        self.counts.questions.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").finish_non_exhaustive()
    }
}

/// Returns the names of the entries that a change adds to the audit trail.
fn entries(audit: &[AuditEntry]) -> String {
    let name = |entry: &AuditEntry| {
        let event: serde_json::Value = serde_json::from_str(&entry.event).unwrap();
        event["event"].as_str().unwrap().to_owned()
    };
    audit.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Delegates the methods of a subject and counts each as a change, as a question, or as a claim,
/// which is a change if it found something.
macro_rules! counted {
    ($subject:ident: $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty, $kind:ident $(($detail:expr))?;)*) => {
        #[async_trait]
        impl $subject for Counted {
            $(async fn $name(&self, $($argument: $type),*) -> StoreResult<$result> {
                let result = self.store.$name($($argument),*).await?;
                counted!(@$kind self, result, $name $(, $detail)?);
                Ok(result)
            })*
        }
    };
    (@change $self:ident, $result:ident, $name:ident) => {
        $self.changed(|| stringify!($name).to_owned()).await
    };
    (@change $self:ident, $result:ident, $name:ident, $detail:expr) => {
        $self.changed(|| format!("{} ({})", stringify!($name), $detail)).await
    };
    (@question $self:ident, $result:ident, $name:ident) => {
        $self.asked()
    };
    (@claim $self:ident, $result:ident, $name:ident) => {
        if $result.is_empty() {
            $self.asked();
        } else {
            $self.changed(|| stringify!($name).to_owned()).await;
        }
    };
}

counted! {
    Store:
    fn migrate() -> (), question;
    fn remember(name: &str, value: &[u8]) -> Vec<u8>, change;
    fn value(name: &str) -> Option<Vec<u8>>, question;
    fn replace(name: &str, old: &[u8], new: &[u8]) -> bool, change;
    fn backlog(with_events: bool) -> Backlog, question;
}

counted! {
    FlowStore:
    fn insert(record: &Record, lease: Option<Timestamp>, audit: &[AuditEntry]) -> Inserted, change(entries(audit));
    fn load(id: FlowId) -> Option<Record>, question;
    fn commit(commit: &Commit<'_>) -> Committed, change(entries(commit.audit));
    fn purge(record: &Record, audit: &[AuditEntry]) -> Committed, change;
    fn reports(id: FlowId) -> Option<Vec<u8>>, question;
    fn claim(now: Timestamp, until: Timestamp, limit: usize, accounts: &[&str]) -> Vec<Record>, claim;
    fn locate(keys: &[LookupKey]) -> Vec<(LookupKey, FlowId)>, question;
    fn list(filter: &Filter, after: Option<ListCursor>, limit: usize) -> Vec<Record>, question;
    fn others_due(accounts: &[&str], now: Timestamp) -> Vec<String>, question;
}

counted! {
    Inbox:
    fn push(message: &Message, forgotten: Timestamp) -> Pushed, change;
    fn claim_inbox(now: Timestamp, until: Timestamp, limit: usize, accounts: &[&str]) -> Vec<Message>, claim;
    fn finish(digest: &[u8; 32], end: &MessageEnd) -> (), change;
    fn parked(after: Option<(Timestamp, [u8; 32])>, limit: usize) -> Vec<Message>, question;
    fn parked_count(account: &str) -> u64, question;
    fn wake_parked(flow: Option<FlowId>, now: Timestamp) -> u64, question;
    fn purge_inbox(before: Timestamp, limit: usize) -> u64, change;
}

counted! {
    Outbox:
    fn events(after: Option<EventCursor>, limit: usize) -> Vec<(EventCursor, Event)>, question;
    fn event(flow: FlowId, sequence: u64) -> Option<Event>, question;
    fn claim_events(now: Timestamp, until: Timestamp, limit: usize) -> Vec<PendingEvent>, claim;
    fn finish_event(flow: FlowId, sequence: u64, again: Option<Timestamp>) -> (), change;
    fn late_events(tries: u32, limit: usize) -> Vec<PendingEvent>, question;
    fn purge_events(before: Timestamp, limit: usize) -> u64, change;
}

counted! {
    TimerStore:
    fn set_timer(name: &str, due: Timestamp) -> (), change;
    fn claim_timers(now: Timestamp, until: Timestamp, names: &[&str]) -> Vec<String>, claim;
    fn reschedule_timer(name: &str, due: Timestamp) -> (), change;
    fn next_due(accounts: &[&str], timers: &[&str]) -> Option<Timestamp>, question;
}

counted! {
    AuditStore:
    fn audit(after: Option<(FlowId, u64)>, limit: usize) -> Vec<AuditEntry>, question;
    fn audit_of(id: FlowId) -> Vec<AuditEntry>, question;
    fn unsealed_entries(limit: usize) -> Vec<AuditEntry>, question;
    fn add_block(block: &AuditBlock, entries: &[(FlowId, u64)]) -> bool, change;
    fn blocks(after: Option<u64>, limit: usize) -> Vec<AuditBlock>, question;
    fn last_block() -> Option<AuditBlock>, question;
    fn block_entries(number: u64) -> Vec<AuditEntry>, question;
    fn remove_block(number: u64, kept: &[FlowId]) -> bool, change;
    fn replace_with_entry(name: &str, old: &[u8], new: &[u8], entry: &AuditEntry) -> bool, change;
}
