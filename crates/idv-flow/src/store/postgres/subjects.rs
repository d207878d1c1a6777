//! Flows, the inbox and the timers of the store.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::PostgresStore;
use super::changes::purge;
use super::lookups::{Load, LoadReports, Locate, Push};
use crate::audit::AuditEntry;
use crate::id::FlowId;
use crate::store::sql::{Change, Claim, NewFlow, PurgedFlow, flows as lists, inbox, owned};
use crate::store::{
    Commit, Committed, Filter, FlowStore, Inbox, Inserted, ListCursor, LookupKey, Message,
    MessageEnd, Pushed, Record, StoreResult, TimerStore,
};

#[async_trait]
impl FlowStore for PostgresStore {
    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        let lease = lease.map(Timestamp::as_microsecond);
        self.0
            .new_flows
            .run(NewFlow {
                record: record.clone(),
                lease,
                audit: audit.to_vec(),
            })
            .await
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.0.loads.run(Load(id)).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        self.0.changes.run(Change::from(commit)).await
    }

    async fn purge(&self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed> {
        let purged = PurgedFlow::new(record, audit);
        self.write(purged, |connection, purged| {
            purge(connection, purged).boxed()
        })
        .await
    }

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        self.0.reports.run(LoadReports(id)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        self.0
            .claims
            .flows(Claim {
                now,
                until,
                limit,
                accounts: owned(accounts),
            })
            .await
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.0.lookups.run(Locate(keys.to_vec())).await
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>> {
        self.read(
            (filter, after, limit),
            |connection, (filter, after, limit)| {
                lists::list(connection, filter, *after, *limit).boxed()
            },
        )
        .await
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.read((owned(accounts), now), |connection, (accounts, now)| {
            lists::others_due(connection, accounts, *now).boxed()
        })
        .await
    }
}

#[async_trait]
impl Inbox for PostgresStore {
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        self.0
            .messages
            .run(Push {
                message: message.clone(),
                forgotten,
            })
            .await
    }

    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        self.0
            .claims
            .messages(Claim {
                now,
                until,
                limit,
                accounts: owned(accounts),
            })
            .await
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.write((digest, end), |connection, (digest, end)| {
            inbox::finish(connection, digest, end).boxed()
        })
        .await
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.read((after, limit), |connection, (after, limit)| {
            inbox::parked(connection, *after, *limit).boxed()
        })
        .await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.read(account, |connection, account| {
            inbox::count_parked(connection, account).boxed()
        })
        .await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.write((flow, now), |connection, (flow, now)| {
            inbox::wake_parked(connection, *flow, *now).boxed()
        })
        .await
    }

    async fn purge_inbox(&self, before: Timestamp, limit: usize) -> StoreResult<u64> {
        self.write((before, limit), |connection, (before, limit)| {
            inbox::purge(connection, *before, *limit).boxed()
        })
        .await
    }
}

#[async_trait]
impl TimerStore for PostgresStore {
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.0.claims.set_timer(name, due).await
    }

    async fn claim_timers(
        &self,
        now: Timestamp,
        until: Timestamp,
        names: &[&str],
    ) -> StoreResult<Vec<String>> {
        self.0.claims.timers(now, until, owned(names)).await
    }

    async fn reschedule_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.0.claims.reschedule_timer(name, due).await
    }

    async fn next_due(&self, accounts: &[&str], timers: &[&str]) -> StoreResult<Option<Timestamp>> {
        let (accounts, timers) = (owned(accounts), owned(timers));
        self.0.claims.next_due(accounts, timers).await
    }
}
