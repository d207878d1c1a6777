//! Flows, the inbox and the timers of the store.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;

use super::queue::{Queue, is_due};
use super::{SqliteStore, flows, inbox};
use crate::audit::AuditEntry;
use crate::id::FlowId;
use crate::store::sql::{
    Change, Claim, NewFlow, PurgedFlow, flows as lists, inbox as messages, owned, timers,
};
use crate::store::{
    Commit, Committed, Filter, FlowStore, Inbox, Inserted, ListCursor, LookupKey, Message,
    MessageEnd, Phase, Pushed, Record, Reports, StoreResult, TimerStore,
};

impl SqliteStore {
    /// Returns whether a claim is needed: if it would find something, or it is time to empty the
    /// log.
    async fn is_due(&self, queue: Queue, now: Timestamp, accounts: &[&str]) -> StoreResult<bool> {
        if self.0.writer.log_is_due() {
            return Ok(true);
        }
        let input = (queue, now, owned(accounts));
        self.read(input, |connection, (queue, now, accounts)| {
            is_due(connection, *queue, *now, accounts).boxed()
        })
        .await
    }
}

#[async_trait]
impl FlowStore for SqliteStore {
    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        let lease = lease.map(Timestamp::as_microsecond);
        let new = NewFlow {
            record: record.clone(),
            lease,
            audit: audit.to_vec(),
        };
        self.write(new, |connection, new| {
            flows::insert(connection, new).boxed()
        })
        .await
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.read(id, |connection, id| flows::load(connection, *id).boxed())
            .await
    }

    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        let erases = commit.reports == Reports::Erase
            || commit.record.phase == Phase::Erased
            || matches!(commit.message, Some((_, MessageEnd::Done(_))));
        let change = Change::from(commit);
        self.0
            .writer
            .run_erasing(erases, change, |connection, change| {
                flows::commit(connection, change).boxed()
            })
            .await
    }

    async fn purge(&self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed> {
        let purged = PurgedFlow::new(record, audit);
        self.0
            .writer
            .run_erasing(true, purged, |connection, purged| {
                flows::purge(connection, purged).boxed()
            })
            .await
    }

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        self.read(id, |connection, id| flows::reports(connection, *id).boxed())
            .await
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        if !self.is_due(Queue::Flows, now, accounts).await? {
            return Ok(Vec::new());
        }
        let claim = Claim {
            now,
            until,
            limit,
            accounts: owned(accounts),
        };
        self.write(claim, |connection, claim| {
            flows::claim(connection, claim).boxed()
        })
        .await
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.read(keys, |connection, keys| {
            flows::locate(connection, keys).boxed()
        })
        .await
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
impl Inbox for SqliteStore {
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        let input = (message.clone(), forgotten);
        self.write(input, |connection, (message, forgotten)| {
            inbox::push(connection, message, *forgotten).boxed()
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
        if !self.is_due(Queue::Messages, now, accounts).await? {
            return Ok(Vec::new());
        }
        let claim = Claim {
            now,
            until,
            limit,
            accounts: owned(accounts),
        };
        self.write(claim, |connection, claim| {
            inbox::claim(connection, claim).boxed()
        })
        .await
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        let (erases, input) = (matches!(end, MessageEnd::Done(_)), (*digest, end.clone()));
        let writer = &self.0.writer;
        writer
            .run_erasing(erases, input, |connection, (digest, end)| {
                messages::finish(connection, digest, end).boxed()
            })
            .await
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.read((after, limit), |connection, (after, limit)| {
            messages::parked(connection, *after, *limit).boxed()
        })
        .await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.read(account, |connection, account| {
            messages::count_parked(connection, account).boxed()
        })
        .await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.write((flow, now), |connection, (flow, now)| {
            messages::wake_parked(connection, *flow, *now).boxed()
        })
        .await
    }

    async fn purge_inbox(&self, before: Timestamp, limit: usize) -> StoreResult<u64> {
        self.write((before, limit), |connection, (before, limit)| {
            messages::purge(connection, *before, *limit).boxed()
        })
        .await
    }
}

#[async_trait]
impl TimerStore for SqliteStore {
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let input = (name.to_owned(), due);
        self.write(input, |connection, (name, due)| {
            timers::set(connection, name, *due).boxed()
        })
        .await
    }

    async fn claim_timers(
        &self,
        now: Timestamp,
        until: Timestamp,
        names: &[&str],
    ) -> StoreResult<Vec<String>> {
        if !self.is_due(Queue::Timers, now, names).await? {
            return Ok(Vec::new());
        }
        let input = (now, until, owned(names));
        self.write(input, |connection, (now, until, names)| {
            timers::claim(connection, *now, *until, names).boxed()
        })
        .await
    }

    async fn reschedule_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let input = (name.to_owned(), due);
        self.write(input, |connection, (name, due)| {
            timers::reschedule(connection, name, *due).boxed()
        })
        .await
    }

    async fn next_due(&self, accounts: &[&str], timers: &[&str]) -> StoreResult<Option<Timestamp>> {
        let input = (owned(accounts), owned(timers));
        self.read(input, |connection, (accounts, names)| {
            timers::next(connection, accounts, names, i64::MIN).boxed()
        })
        .await
    }
}
