//! A store that counts calls and can be made to fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use async_trait::async_trait;
use idv::Timestamp;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::{
    Backlog, Commit, Committed, EventCursor, Filter, Inserted, ListCursor, LookupKey, MemoryStore,
    Message, MessageEnd, PendingEvent, Pushed, Record, Store, StoreError, StoreResult,
};
use idv_flow::{Event, FlowId};

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const HANGS: u8 = 2;

/// A store in memory. Clones share their content.
#[derive(Debug, Clone, Default)]
pub struct WatchedStore {
    inner: Arc<MemoryStore>,
    state: Arc<AtomicU8>,
    offered: Arc<AtomicUsize>,
    stored: Arc<AtomicUsize>,
    changed: Arc<AtomicUsize>,
}

impl WatchedStore {
    /// Makes every call fail.
    pub fn fail(&self) {
        self.state.store(FAILS, Ordering::SeqCst);
    }

    /// Makes every call hang.
    pub fn hang(&self) {
        self.state.store(HANGS, Ordering::SeqCst);
    }

    /// Makes calls succeed again.
    pub fn recover(&self) {
        self.state.store(WORKS, Ordering::SeqCst);
    }

    /// Returns the number of messages offered, including repeated ones.
    pub fn offered(&self) -> usize {
        self.offered.load(Ordering::SeqCst)
    }

    /// Returns the number of messages stored.
    pub fn stored(&self) -> usize {
        self.stored.load(Ordering::SeqCst)
    }

    /// Returns the number of commits.
    pub fn changed(&self) -> usize {
        self.changed.load(Ordering::SeqCst)
    }

    async fn works(&self) -> StoreResult<&MemoryStore> {
        match self.state.load(Ordering::SeqCst) {
            FAILS => Err(StoreError::new("the disk is full")),
            HANGS => std::future::pending().await,
            _ => Ok(&self.inner),
        }
    }
}

#[async_trait]
impl Store for WatchedStore {
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        self.offered.fetch_add(1, Ordering::SeqCst);
        let pushed = self.works().await?.push(message, forgotten).await?;
        if pushed == Pushed::New {
            self.stored.fetch_add(1, Ordering::SeqCst);
        }
        Ok(pushed)
    }

    async fn migrate(&self) -> StoreResult<()> {
        self.works().await?.migrate().await
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.works().await?.remember(name, value).await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.works().await?.replace(name, old, new).await
    }

    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        self.works().await?.insert(record, lease, audit).await
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.works().await?.load(id).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        let committed = self.works().await?.commit(commit).await?;
        self.changed.fetch_add(1, Ordering::SeqCst);
        Ok(committed)
    }

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        self.works().await?.reports(id).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        self.works().await?.claim(now, until, limit, accounts).await
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.works().await?.locate(keys).await
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>> {
        self.works().await?.list(filter, after, limit).await
    }

    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        self.works()
            .await?
            .claim_inbox(now, until, limit, accounts)
            .await
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.works().await?.finish(digest, end).await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.works().await?.value(name).await
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.works().await?.parked(after, limit).await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.works().await?.parked_count(account).await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.works().await?.wake_parked(flow, now).await
    }

    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        self.works().await?.purge_inbox(before).await
    }

    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>> {
        self.works().await?.events(after, limit).await
    }

    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>> {
        self.works().await?.event(flow, sequence).await
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>> {
        self.works().await?.claim_events(now, until, limit).await
    }

    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()> {
        self.works()
            .await?
            .finish_event(flow, sequence, again)
            .await
    }

    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
        self.works().await?.late_events(tries, limit).await
    }

    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
        self.works().await?.purge_events(before).await
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.works().await?.others_due(accounts, now).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.works().await?.backlog(with_events).await
    }

    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.works().await?.set_timer(name, due).await
    }

    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        self.works().await?.claim_timers(now, until).await
    }

    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.works().await?.wind_timer(name, due).await
    }

    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        self.works().await?.next_due(accounts).await
    }

    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>> {
        self.works().await?.audit(after, limit).await
    }

    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        self.works().await?.audit_of(id).await
    }

    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.works().await?.loose_entries(limit).await
    }

    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        self.works().await?.add_block(block, entries).await
    }

    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        self.works().await?.blocks(after, limit).await
    }

    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        self.works().await?.last_block().await
    }

    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        self.works().await?.block_entries(number).await
    }
}
