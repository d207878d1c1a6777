//! A store in front of a store in memory that shows a changed audit trail, counts lookups, loses
//! answers, and runs other work in the middle of a change.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use idv_flow::FlowId;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::*;
use jiff::Timestamp;

pub(crate) type Change = dyn Fn(&mut Vec<AuditEntry>) + Send + Sync;
pub(crate) type BlockChange = dyn Fn(&mut Vec<AuditBlock>) + Send + Sync;

/// A word of an audit entry, and the work that runs before the entry is committed.
pub(crate) type Meanwhile = (&'static str, BoxFuture<'static, ()>);

/// A store whose audit trail an attacker changes.
#[derive(Clone)]
pub(crate) struct Meddled {
    pub(crate) store: MemoryStore,
    pub(crate) entries: Arc<Mutex<Option<Arc<Change>>>>,
    pub(crate) blocks: Arc<Mutex<Option<Arc<BlockChange>>>>,
    /// A flow that is missing without a trace.
    pub(crate) hidden: Arc<Mutex<Option<FlowId>>>,
    /// The number of lookups of flows.
    pub(crate) lookups: Arc<AtomicUsize>,
    /// The numbers of the writes whose answers are lost.
    pub(crate) lost: Arc<Mutex<Vec<usize>>>,
    pub(crate) writes: Arc<AtomicUsize>,
    /// The work that runs just before the next commit whose audit entries contain a word.
    pub(crate) before: Arc<Mutex<Option<Meanwhile>>>,
    /// A word of an audit entry. The next commit with it takes effect, and its answer never comes.
    pub(crate) silent: Arc<Mutex<Option<&'static str>>>,
    /// Whether stored reports cannot be opened.
    pub(crate) reports_damaged: Arc<AtomicBool>,
    /// Whether the store keeps evidence.
    pub(crate) has_evidence: bool,
}

impl Default for Meddled {
    fn default() -> Self {
        Self {
            store: MemoryStore::default(),
            entries: Arc::default(),
            blocks: Arc::default(),
            hidden: Arc::default(),
            lookups: Arc::default(),
            lost: Arc::default(),
            writes: Arc::default(),
            before: Arc::default(),
            silent: Arc::default(),
            reports_damaged: Arc::default(),
            has_evidence: true,
        }
    }
}

impl std::fmt::Debug for Meddled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meddled")
    }
}

impl Meddled {
    /// Returns the result of a write, unless its answer is lost.
    fn answered<T>(&self, result: StoreResult<T>) -> StoreResult<T> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let is_lost = self.lost.lock().unwrap().contains(&number);
        if is_lost {
            Err(StoreError::new("the answer was lost"))
        } else {
            result
        }
    }

    fn entries(&self, mut entries: Vec<AuditEntry>) -> Vec<AuditEntry> {
        if let Some(change) = &*self.entries.lock().unwrap() {
            change(&mut entries);
        }
        let hidden = *self.hidden.lock().unwrap();
        entries.retain(|entry| Some(entry.flow) != hidden);
        entries
    }
}

idv_flow::delegate_store!(Inbox, Outbox, TimerStore for Meddled, |this| this.store);

#[async_trait]
impl Store for Meddled {
    async fn migrate(&self) -> StoreResult<()> {
        self.store.migrate().await
    }
    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.store.remember(name, value).await
    }
    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.store.value(name).await
    }
    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.store.replace(name, old, new).await
    }
    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.store.backlog(with_events).await
    }
    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        self.has_evidence
            .then_some(&self.store as &dyn EvidenceStore)
    }
}

#[async_trait]
impl FlowStore for Meddled {
    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        let result = self.store.insert(record, lease, audit).await;
        self.answered(result)
    }
    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.store.load(id).await
    }
    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        let has = |word: &str| {
            let word = format!("\"{word}\"");
            let mut entries = commit.audit.iter();
            entries.any(|entry| entry.event.contains(&word))
        };
        let meanwhile = self.before.lock().unwrap().take_if(|(word, _)| has(word));
        if let Some((_, meanwhile)) = meanwhile {
            meanwhile.await;
        }
        let result = self.store.commit(commit).await;
        let silent = self.silent.lock().unwrap().take_if(|word| has(word));
        if silent.is_some() {
            std::future::pending::<()>().await;
        }
        self.answered(result)
    }
    async fn purge(&self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed> {
        self.store.purge(record, audit).await
    }
    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        let reports = self.store.reports(id).await?;
        let is_damaged = self.reports_damaged.load(Ordering::Relaxed);
        Ok(reports.map(|reports| {
            if is_damaged {
                b"damaged".to_vec()
            } else {
                reports
            }
        }))
    }
    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        self.store.claim(now, until, limit, accounts).await
    }
    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        self.store.locate(keys).await
    }
    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>> {
        let hidden = *self.hidden.lock().unwrap();
        let records = self.store.list(filter, after, limit).await?;
        Ok(records
            .into_iter()
            .filter(|record| Some(record.id) != hidden)
            .collect())
    }
    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.store.others_due(accounts, now).await
    }
}

#[async_trait]
impl AuditStore for Meddled {
    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>> {
        Ok(self.entries(self.store.audit(after, limit).await?))
    }
    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        self.store.audit_of(id).await
    }
    async fn unsealed_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.store.unsealed_entries(limit).await
    }
    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        self.store.add_block(block, entries).await
    }
    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        let mut blocks = self.store.blocks(after, limit).await?;
        if let Some(change) = &*self.blocks.lock().unwrap() {
            change(&mut blocks);
        }
        Ok(blocks)
    }
    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        self.store.last_block().await
    }
    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        Ok(self.entries(self.store.block_entries(number).await?))
    }
    async fn remove_block(&self, number: u64, kept: &[FlowId]) -> StoreResult<bool> {
        self.store.remove_block(number, kept).await
    }
    async fn replace_with_entry(
        &self,
        name: &str,
        old: &[u8],
        new: &[u8],
        entry: &AuditEntry,
    ) -> StoreResult<bool> {
        self.store.replace_with_entry(name, old, new, entry).await
    }
}
