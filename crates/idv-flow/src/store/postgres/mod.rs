//! A store for many workers: PostgreSQL.

mod batch;
mod changes;
mod claims;
mod connector;
mod evidence;
mod hints;
mod lookups;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use idv_core::Secret;
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, query, query_as};

use self::batch::BatchLane;
use self::claims::Claims;
use self::connector::Connector;
use self::hints::Hints;
use self::lookups::{Load, LoadReports, Locate, Push};
use super::lanes::{self, Connections};
use super::sql::migrations::{migrator, not_migrated};
use super::sql::rows::whole;
use super::sql::{
    Change, Claim, NewFlow, audit, cannot, flows as lists, inbox, outbox, owned, timers, values,
};
use super::{
    Backlog, Commit, Committed, EventCursor, EvidenceStore, Filter, Inserted, ListCursor,
    LookupKey, Message, MessageEnd, PendingEvent, Pushed, Record, Store, StoreError, StoreResult,
};
use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::machine::event::Event;

/// A store in a PostgreSQL database, of version 13 or later: for many workers on many machines.
///
/// Its tables begin with `idv_` and are in the schema that the connection's `search_path` names first. A clone is the same store, and
/// shares its connections.
///
/// # Connections
///
/// The address is a URL, `postgres://user:password@host/database?sslmode=verify-full&sslrootcert=/path`. If it says nothing of
/// `sslmode` and the host is another machine, the store demands TLS with a certificate of that host: unlike PostgreSQL's own programs, it does
/// not go on in clear if the server has no TLS. A pool between store and server must keep a session's prepared statements and settings.
///
/// The store has a connection for each frequent kind of operation ([`LANES`](Self::LANES)), opened when it is needed. Operations of one kind
/// that wait are carried out together, as one statement. Tasks see to this; they end when the last clone is dropped.
///
/// # Durability
///
/// A completed call is as durable as `synchronous_commit` of the database says; it is `on` by default.
///
/// # Erasing
///
/// Erased data are not found any more by any statement. PostgreSQL overwrites them when the table is vacuumed and the space is used anew; its
/// log, replicas and backups keep them for as long as they are kept. This is why bodies are sealed before they get here.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    new_flows: BatchLane<NewFlow>,
    changes: BatchLane<Change>,
    claims: Claims,
    messages: BatchLane<Push>,
    loads: BatchLane<Load>,
    reports: BatchLane<LoadReports>,
    lookups: BatchLane<Locate>,
    others: Connections<Connector>,
    connector: Connector,
    hints: Hints,
}

/// Options of a [`PostgresStore`].
///
/// ```
/// use std::time::Duration;
/// use idv_flow::store::PostgresOptions;
///
/// let options = PostgresOptions::default().connections(10).wait(Duration::from_secs(5));
/// assert_eq!(options.connections, 10);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The maximum number of connections, one more than [`PostgresStore::LANES`] at least. Another one listens for hints once
    /// [`Store::hint`] was called. Default: 10.
    pub connections: u32,
    /// The longest wait for a connection. Default: 30 s.
    pub wait: Duration,
    /// The longest time for one statement. A longer one is ended by the server, and fails. Default: 60 s.
    pub statement: Duration,
}

impl PostgresOptions {
    idv_core::setters! { connections: u32, wait: Duration, statement: Duration }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 10,
            wait: Duration::from_secs(30),
            statement: Duration::from_secs(60),
        }
    }
}

impl PostgresStore {
    /// The number of connections that each have one kind of operation.
    pub const LANES: u32 = 7;

    /// Connects to a database. [`Store::migrate`] creates the tables. The call can be dropped and repeated.
    pub async fn connect(url: &Secret) -> StoreResult<Self> {
        Self::connect_with(url, &PostgresOptions::default()).await
    }

    /// Connects to a database with options. The call can be dropped and repeated.
    pub async fn connect_with(url: &Secret, options: &PostgresOptions) -> StoreResult<Self> {
        let connector = Connector::new(url, options.wait, options.statement)?;
        let connection = lanes::connect(&connector).await?;
        let others = usize::try_from(options.connections.saturating_sub(Self::LANES))
            .unwrap_or(1)
            .max(1);
        let low = Arc::default();
        let inner = Inner {
            new_flows: BatchLane::start(&connector, Arc::clone(&low)),
            changes: BatchLane::start(&connector, Arc::clone(&low)),
            claims: Claims::start(&connector, Arc::clone(&low)),
            messages: BatchLane::start(&connector, Arc::clone(&low)),
            loads: BatchLane::start(&connector, Arc::clone(&low)),
            reports: BatchLane::start(&connector, Arc::clone(&low)),
            lookups: BatchLane::start(&connector, low),
            others: Connections::new(connector.clone(), others),
            hints: Hints::new(connector.options.clone(), Arc::clone(&connector.program)),
            connector,
        };
        inner.others.add(connection);
        Ok(Self(Arc::new(inner)))
    }

    /// Completes what the store and its clones are writing, and closes the connections. Later calls fail. If the future is dropped, the store
    /// is closed for new calls, and connections may remain open until calls under way end.
    pub async fn close(&self) {
        let inner = &*self.0;
        inner.hints.close();
        inner.others.close().await;
        inner.new_flows.close().await;
        inner.changes.close().await;
        inner.claims.close().await;
        inner.messages.close().await;
        inner.loads.close().await;
        inner.reports.close().await;
        inner.lookups.close().await;
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn migrate(&self) -> StoreResult<()> {
        let failed = || cannot("the store's tables could not be made");
        // A connection of its own: if the future is dropped, the lock goes with the connection.
        let mut connection = lanes::connect(&self.0.connector).await?;
        query("SET statement_timeout = 0")
            .execute(&mut connection)
            .await
            .map_err(failed())?;
        let mut transaction = connection.begin().await.map_err(failed())?;
        query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await
            .map_err(failed())?;
        migrator(MIGRATIONS)
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(not_migrated)?;
        transaction.commit().await.map_err(failed())?;
        connection.close().await.map_err(failed())
    }

    async fn hint(&self) {
        self.0.hints.next().await;
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.0
            .others
            .write((name, value), |connection, (name, value)| {
                values::remember(connection, name, value).boxed()
            })
            .await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.0
            .others
            .read(name, |connection, name| {
                values::read(connection, name).boxed()
            })
            .await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.0
            .others
            .write((name, old, new), |connection, (name, old, new)| {
                values::replace(connection, name, old, new).boxed()
            })
            .await
    }

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
        self.0
            .others
            .read(
                (filter, after, limit),
                |connection, (filter, after, limit)| {
                    lists::list(connection, filter, *after, *limit).boxed()
                },
            )
            .await
    }

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
        self.0
            .others
            .write((digest, end), |connection, (digest, end)| {
                inbox::finish(connection, digest, end).boxed()
            })
            .await
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.0
            .others
            .read((after, limit), |connection, (after, limit)| {
                inbox::parked(connection, *after, *limit).boxed()
            })
            .await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.0
            .others
            .read(account, |connection, account| {
                inbox::count_parked(connection, account).boxed()
            })
            .await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.0
            .others
            .write((flow, now), |connection, (flow, now)| {
                inbox::wake_parked(connection, *flow, *now).boxed()
            })
            .await
    }

    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        self.0
            .others
            .write(before, |connection, before| {
                inbox::purge(connection, *before).boxed()
            })
            .await
    }

    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>> {
        self.0
            .others
            .read((after, limit), |connection, (after, limit)| {
                outbox::page(connection, *after, *limit).boxed()
            })
            .await
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>> {
        self.0
            .others
            .write((now, until, limit), |connection, (now, until, limit)| {
                outbox::claim(connection, *now, *until, *limit).boxed()
            })
            .await
    }

    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()> {
        self.0
            .others
            .write(
                (flow, sequence, again),
                |connection, (flow, sequence, again)| {
                    outbox::finish(connection, *flow, *sequence, *again).boxed()
                },
            )
            .await
    }

    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
        self.0
            .others
            .read((tries, limit), |connection, (tries, limit)| {
                outbox::late(connection, *tries, *limit).boxed()
            })
            .await
    }

    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>> {
        self.0
            .others
            .read((flow, sequence), |connection, (flow, sequence)| {
                outbox::one(connection, *flow, *sequence).boxed()
            })
            .await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.0
            .others
            .read(with_events, |connection, with_events| {
                outbox::backlog(connection, *with_events).boxed()
            })
            .await
    }

    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        self.0
            .others
            .read((), |connection, ()| timers::server_time(connection).boxed())
            .await
            .map(Some)
    }

    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
        self.0
            .others
            .write(before, |connection, before| {
                outbox::purge(connection, *before).boxed()
            })
            .await
    }

    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.0.claims.set_timer(name, due).await
    }

    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        self.0.claims.timers(now, until).await
    }

    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.0.claims.wind_timer(name, due).await
    }

    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        self.0.claims.next_due(owned(accounts)).await
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.0
            .others
            .read((owned(accounts), now), |connection, (accounts, now)| {
                lists::others_due(connection, accounts, *now).boxed()
            })
            .await
    }

    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>> {
        self.0
            .others
            .read((after, limit), |connection, (after, limit)| {
                audit::page(connection, *after, *limit).boxed()
            })
            .await
    }

    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        self.0
            .others
            .read(id, |connection, id| audit::of_flow(connection, *id).boxed())
            .await
    }

    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.0
            .others
            .read(limit, |connection, limit| {
                audit::loose(connection, *limit).boxed()
            })
            .await
    }

    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        self.0
            .others
            .write((block, entries), |connection, (block, entries)| {
                add_block(connection, block, entries).boxed()
            })
            .await
    }

    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        self.0
            .others
            .read((after, limit), |connection, (after, limit)| {
                audit::blocks(connection, *after, *limit).boxed()
            })
            .await
    }

    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        self.0
            .others
            .read((), |connection, ()| audit::last_block(connection).boxed())
            .await
    }

    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        self.0
            .others
            .read(number, |connection, number| {
                audit::of_block(connection, *number).boxed()
            })
            .await
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        Some(self)
    }
}

/// Adds a block in one transaction. If it fails, or is dropped, the connection is closed, and the server undoes it.
async fn add_block(
    connection: &mut PgConnection,
    block: &AuditBlock,
    entries: &[(FlowId, u64)],
) -> StoreResult<bool> {
    let failed = || cannot("a block could not be added");
    let number = whole(block.number)?;
    let numbers = entries
        .iter()
        .map(|(_, number)| whole(*number))
        .collect::<StoreResult<Vec<_>>>()?;
    let flows: Vec<Vec<u8>> = entries
        .iter()
        .map(|(flow, _)| flow.as_bytes().to_vec())
        .collect();
    let mut transaction = connection.begin().await.map_err(failed())?;
    let statement = "INSERT INTO idv_blocks (number, at, entries, previous, hash) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (number) DO NOTHING";
    let added = query(statement)
        .bind(number)
        .bind(block.at.as_microsecond())
        .bind(whole(block.entries)?)
        .bind(&block.previous[..])
        .bind(&block.hash[..])
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
    if added.rows_affected() == 0 {
        transaction.rollback().await.map_err(failed())?;
        return Ok(false);
    }
    let statement = "WITH tied AS (UPDATE idv_audit AS a SET block = $1 FROM unnest($2::bytea[], $3::bigint[]) AS e (flow, number) \
                     WHERE a.flow = e.flow AND a.number = e.number AND a.block IS NULL RETURNING 1) SELECT COUNT(*) FROM tied";
    let (tied,): (i64,) = query_as(statement)
        .bind(number)
        .bind(flows)
        .bind(numbers)
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed())?;
    if usize::try_from(tied).ok() != Some(entries.len()) {
        return Err(StoreError::new(
            "an entry of the block is not there, or is in a block already",
        ));
    }
    transaction.commit().await.map_err(failed())?;
    Ok(true)
}

/// Adds a flow in a transaction of the application.
pub(super) async fn insert_one(
    connection: &mut PgConnection,
    new: NewFlow,
) -> StoreResult<Inserted> {
    let inserted = <NewFlow as batch::Batch>::execute(connection, &[new]).await?;
    inserted
        .into_iter()
        .next()
        .ok_or_else(|| StoreError::new("a flow could not be added"))
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

/// The lock of the migrations: `idv_flow` in bytes.
const LOCK: i64 = i64::from_be_bytes(*b"idv_flow");

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "tables",
        include_str!("../../../migrations/postgres/0001_tables.sql"),
    ),
    (
        2,
        "events",
        include_str!("../../../migrations/postgres/0002_events.sql"),
    ),
    (
        3,
        "accounts",
        include_str!("../../../migrations/postgres/0003_accounts.sql"),
    ),
    (
        4,
        "queue",
        include_str!("../../../migrations/postgres/0004_queue.sql"),
    ),
    (
        5,
        "evidence",
        include_str!("../../../migrations/postgres/0005_evidence.sql"),
    ),
];
