//! A store that counts calls and can be made to fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use async_trait::async_trait;
use idv::Timestamp;
use idv_flow::FlowId;
use idv_flow::audit::AuditEntry;
use idv_flow::store::{
    Backlog, Commit, Committed, Filter, FlowStore, Inbox, Inserted, ListCursor, LookupKey,
    MemoryStore, Message, MessageEnd, Pushed, Record, Store, StoreError, StoreResult,
};

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const HANGS: u8 = 2;

/// A store in memory. Clones share the data.
#[derive(Debug, Clone, Default)]
pub struct WatchedStore {
    inner: Arc<MemoryStore>,
    state: Arc<AtomicU8>,
    offered: Arc<AtomicUsize>,
    stored: Arc<AtomicUsize>,
    changed: Arc<AtomicUsize>,
}

impl WatchedStore {
    /// Makes all later calls fail.
    pub fn fail(&self) {
        self.state.store(FAILS, Ordering::SeqCst);
    }

    /// Makes all later calls hang.
    pub fn hang(&self) {
        self.state.store(HANGS, Ordering::SeqCst);
    }

    /// Makes all later calls work again.
    pub fn recover(&self) {
        self.state.store(WORKS, Ordering::SeqCst);
    }

    /// Returns the number of messages that were to be stored, in the inbox or with a change of
    /// their flow.
    pub fn offered(&self) -> usize {
        self.offered.load(Ordering::SeqCst)
    }

    /// Returns the number of stored messages.
    pub fn stored(&self) -> usize {
        self.stored.load(Ordering::SeqCst)
    }

    /// Returns the number of changes of flows.
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

idv_flow::delegate_store!(
    Outbox, TimerStore, AuditStore for WatchedStore, |this| this.works().await?
);

#[async_trait]
impl Store for WatchedStore {
    async fn migrate(&self) -> StoreResult<()> {
        self.works().await?.migrate().await
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.works().await?.remember(name, value).await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.works().await?.value(name).await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.works().await?.replace(name, old, new).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.works().await?.backlog(with_events).await
    }
}

#[async_trait]
impl FlowStore for WatchedStore {
    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        let arrivals = usize::from(commit.arrival.is_some());
        self.offered.fetch_add(arrivals, Ordering::SeqCst);
        let committed = self.works().await?.commit(commit).await?;
        self.changed.fetch_add(1, Ordering::SeqCst);
        if matches!(committed, Committed::Done(_)) {
            self.stored.fetch_add(arrivals, Ordering::SeqCst);
        }
        Ok(committed)
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

    async fn purge(&self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed> {
        self.works().await?.purge(record, audit).await
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

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.works().await?.others_due(accounts, now).await
    }
}

#[async_trait]
impl Inbox for WatchedStore {
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        self.offered.fetch_add(1, Ordering::SeqCst);
        let pushed = self.works().await?.push(message, forgotten).await?;
        if pushed == Pushed::New {
            self.stored.fetch_add(1, Ordering::SeqCst);
        }
        Ok(pushed)
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

    async fn purge_inbox(&self, before: Timestamp, limit: usize) -> StoreResult<u64> {
        self.works().await?.purge_inbox(before, limit).await
    }
}
