//! A store for many workers: PostgreSQL.

mod audit;
mod batch;
mod changes;
mod claims;
mod columns;
mod connector;
mod evidence;
mod hints;
mod lookups;
mod subjects;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use idv_core::Secret;
use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, query};

use self::batch::BatchLane;
use self::claims::Claims;
use self::connector::Connector;
use self::hints::Hints;
use self::lookups::{Load, LoadReports, Locate, Push};
use super::lanes::{self, Connections};
use super::sql::migrations::{Migrations, migration};
use super::sql::{Change, NewFlow, cannot, outbox, timers, values};
use super::{Backlog, EvidenceStore, Inserted, Store, StoreError, StoreResult};

/// A store in a PostgreSQL database, version 13 or later, for many workers on many machines.
///
/// The names of its tables and of its trigger function begin with `idv_`. They are in the schema
/// that the connection's `search_path` names first. Clones share the connections.
///
/// # Connections
///
/// The address is a URL,
/// `postgres://user:password@host/database?sslmode=verify-full&sslrootcert=/path`. If it has no
/// `sslmode` and the host is another machine, the store requires TLS with a certificate of that
/// host: unlike PostgreSQL's own programs, it does not connect in clear to a server without TLS. A
/// connection pooler between store and server must preserve a session's prepared statements and
/// settings.
///
/// The store has a connection for each frequent kind of operation ([`LANES`](Self::LANES)), opened
/// when it is needed. Waiting operations of one kind are executed together, as one statement, by
/// tasks that end when the last clone is dropped.
///
/// # Durability
///
/// The database's setting `synchronous_commit`, `on` by default, determines the durability of a
/// completed call.
///
/// # Erasing
///
/// No statement finds erased data. PostgreSQL overwrites it when it has vacuumed the table and
/// reuses the space; the write-ahead log, replicas and backups have it for as long as they are
/// kept. This is why bodies are sealed before they reach the store.
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
    /// The maximum number of connections, at least one more than [`PostgresStore::LANES`]. A
    /// further one listens for hints after the first call of [`Store::hint`]. Default: 10.
    pub connections: u32,
    /// The longest wait for a connection. Default: 30 s.
    pub wait: Duration,
    /// The longest time for one statement. The server cancels a longer one. Default: 60 s.
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
    /// The number of connections that each serve one kind of operation.
    pub const LANES: u32 = 7;

    /// Connects to a database. [`Store::migrate`] creates the tables.
    ///
    /// # Errors
    ///
    /// If the address is not valid or the connection fails.
    ///
    /// # Cancellation
    ///
    /// The call can be dropped and repeated.
    pub async fn connect(url: &Secret) -> StoreResult<Self> {
        Self::connect_with(url, &PostgresOptions::default()).await
    }

    /// Connects to a database with options; otherwise like [`PostgresStore::connect`].
    ///
    /// # Errors
    ///
    /// If the address is not valid or the connection fails.
    ///
    /// # Cancellation
    ///
    /// The call can be dropped and repeated.
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

    /// Completes the writes of the store and its clones, and closes the connections. Later calls
    /// fail.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the store is closed for new calls, and connections may remain open
    /// until the calls in progress end.
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

    /// Reads on a connection without a lane.
    async fn read<I: Send + Sync, T>(
        &self,
        input: I,
        work: impl for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        self.0.others.read(input, work).await
    }

    /// Writes on a connection without a lane, in one statement or transaction.
    async fn write<I: Send + Sync, T>(
        &self,
        input: I,
        work: impl for<'c> Fn(&'c mut PgConnection, &'c I) -> BoxFuture<'c, StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        self.0.others.write(input, work).await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn migrate(&self) -> StoreResult<()> {
        let failed = || cannot("the store's tables could not be created");
        // On a separate connection: if the future is dropped, the lock ends with the connection.
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
        MIGRATIONS.run(&mut *transaction).await?;
        transaction.commit().await.map_err(failed())?;
        connection.close().await.map_err(failed())
    }

    async fn hint(&self) {
        self.0.hints.next().await;
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.write((name, value), |connection, (name, value)| {
            values::remember(connection, name, value).boxed()
        })
        .await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.read(name, |connection, name| {
            values::read(connection, name).boxed()
        })
        .await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.write((name, old, new), |connection, (name, old, new)| {
            values::replace(connection, name, old, new).boxed()
        })
        .await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.read(with_events, |connection, with_events| {
            outbox::backlog(connection, *with_events).boxed()
        })
        .await
    }

    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        self.read((), |connection, ()| timers::server_time(connection).boxed())
            .await
            .map(Some)
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        Some(self)
    }
}

super::sql::outbox::impl_outbox!(PostgresStore);
super::sql::audit::impl_audit!(PostgresStore, audit);

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

const MIGRATIONS: Migrations = Migrations(&[
    migration!("postgres", 1, "tables"),
    migration!("postgres", 2, "events"),
    migration!("postgres", 3, "accounts"),
    migration!("postgres", 4, "queue"),
    migration!("postgres", 5, "evidence"),
    migration!("postgres", 6, "purge"),
    migration!("postgres", 7, "phases"),
]);
