//! A store between a flow and a store in memory: it shows another audit trail than there is, counts lookups, loses answers, and lets
//! something happen in the middle of a change.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::*;
use idv_flow::{Event, FlowId};
use jiff::Timestamp;

pub(crate) type Change = dyn Fn(&mut Vec<AuditEntry>) + Send + Sync;
pub(crate) type BlockChange = dyn Fn(&mut Vec<AuditBlock>) + Send + Sync;

/// A word of an audit entry, and what happens before it is committed.
pub(crate) type Meanwhile = (&'static str, BoxFuture<'static, ()>);

/// A store whose audit trail an attacker meddles with.
#[derive(Clone)]
pub(crate) struct Meddled {
    pub(crate) store: MemoryStore,
    pub(crate) entries: Arc<Mutex<Option<Arc<Change>>>>,
    pub(crate) blocks: Arc<Mutex<Option<Arc<BlockChange>>>>,
    /// Flows that are gone without a trace.
    pub(crate) hidden: Arc<Mutex<Option<FlowId>>>,
    /// How often flows were looked up.
    pub(crate) lookups: Arc<AtomicUsize>,
    /// The numbers of the writes, counted from now on, whose answer is lost.
    pub(crate) lost: Arc<Mutex<Vec<usize>>>,
    pub(crate) writes: Arc<AtomicUsize>,
    /// What happens just before the next commit whose audit entries contain a word.
    pub(crate) before: Arc<Mutex<Option<Meanwhile>>>,
    /// Reports that are stored cannot be opened.
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
    /// The result of a write, unless its answer is lost.
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

#[async_trait]
impl Store for Meddled {
    async fn migrate(&self) -> StoreResult<()> {
        self.store.migrate().await
    }
    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.store.remember(name, value).await
    }
    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.store.replace(name, old, new).await
    }
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
        let meanwhile = {
            let mut before = self.before.lock().unwrap();
            let is_now = before.as_ref().is_some_and(|(word, _)| {
                commit
                    .audit
                    .iter()
                    .any(|entry| entry.event.contains(&format!("\"{word}\"")))
            });
            before.take_if(|_| is_now)
        };
        if let Some((_, meanwhile)) = meanwhile {
            meanwhile.await;
        }
        let result = self.store.commit(commit).await;
        self.answered(result)
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
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        self.store.push(message, forgotten).await
    }
    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        self.store.claim_inbox(now, until, limit, accounts).await
    }
    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.store.finish(digest, end).await
    }
    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.store.value(name).await
    }
    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.store.parked(after, limit).await
    }
    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.store.parked_count(account).await
    }
    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.store.wake_parked(flow, now).await
    }
    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        self.store.purge_inbox(before).await
    }
    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>> {
        self.store.events(after, limit).await
    }
    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>> {
        self.store.event(flow, sequence).await
    }
    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>> {
        self.store.claim_events(now, until, limit).await
    }
    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()> {
        self.store.finish_event(flow, sequence, again).await
    }
    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
        self.store.late_events(tries, limit).await
    }
    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
        self.store.purge_events(before).await
    }
    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.store.others_due(accounts, now).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.store.backlog(with_events).await
    }
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.store.set_timer(name, due).await
    }
    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        self.store.claim_timers(now, until).await
    }
    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.store.wind_timer(name, due).await
    }
    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        self.store.next_due(accounts).await
    }
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
    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.store.loose_entries(limit).await
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
    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        self.has_evidence
            .then_some(&self.store as &dyn EvidenceStore)
    }
}
