//! A store for many workers: PostgreSQL.

#[path = "evidence/postgres.rs"]
mod evidence;

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use idv_core::Secret;
use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode, Postgres};
use sqlx::{ConnectOptions, Connection, Executor, QueryBuilder, query, query_as, query_scalar};

use super::sql::{
    Erased, FlowRow, MessageRow, PendingEventRow, PlacedEventRow, ROWS_OF_A_STATEMENT, block, cannot, entry, entry_columns,
    event_columns, flow, flow_columns, flow_id, limited, lookup_key, message, message_columns, migrator, not_migrated,
    pending_event, placed_event, time, whole,
};
use super::statements::implement_store;
use super::{
    Commit, Committed, EventCursor, Filter, Inserted, Lease, LookupKey, Message, MessageEnd, PendingEvent, Phase, Pushed, Record,
    Reports, Store, StoreError, StoreResult,
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
/// The address is a URL, `postgres://user:password@host/database?sslmode=verify-full&sslrootcert=/path`. Where it says nothing of
/// `sslmode` and the host is another machine, TLS with a certificate of that host is demanded: what PostgreSQL's own programs do,
/// to go on in clear where the server has no TLS, is not done. A pool between store and server must keep a session's prepared statements.
///
/// # Durability
///
/// What a method has done is as durable as `synchronous_commit` of the database says; it is `on` unless somebody changed it.
///
/// # Erasing
///
/// What is erased is not found any more by any statement. PostgreSQL overwrites it when the table is vacuumed and the space used anew; its
/// log, replicas and backups keep it for as long as they are kept. This is why bodies are sealed before they get here.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    options: PgConnectOptions,
}

/// Options of a [`PostgresStore`].
///
/// ```
/// use std::time::Duration;
/// use idv_flow::store::PostgresOptions;
///
/// let options = PostgresOptions::default().connections(4).wait(Duration::from_secs(5));
/// assert_eq!(options.connections, 4);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    /// The maximum number of connections. Default: 10.
    pub connections: u32,
    /// The longest wait for a connection. Default: 30 s.
    pub wait: Duration,
}

impl PostgresOptions {
    idv_core::setters! { connections: u32, wait: Duration }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { connections: 10, wait: Duration::from_secs(30) }
    }
}

impl PostgresStore {
    /// Connects to a database. [`Store::migrate`] creates the tables. The call can be dropped and repeated.
    pub async fn connect(url: &Secret) -> StoreResult<Self> {
        Self::connect_with(url, &PostgresOptions::default()).await
    }

    /// Connects to a database with options. The call can be dropped and repeated.
    pub async fn connect_with(url: &Secret, options: &PostgresOptions) -> StoreResult<Self> {
        let failed = || cannot("the database could not be connected to");
        let connect = secured(PgConnectOptions::from_str(url.expose()).map_err(failed())?).disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(options.connections.max(1))
            .acquire_timeout(options.wait)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // The isolation that the statements are written for: a change looks again at what another has just changed. And
                    // no plan made when the tables were empty is kept until they are large.
                    let settings =
                        "SET default_transaction_isolation = 'read committed'; SET plan_cache_mode = force_custom_plan";
                    connection.execute(settings).await.map(drop)
                })
            })
            .connect_with(connect.clone())
            .await
            .map_err(failed())?;
        Ok(Self { pool, options: connect })
    }

    /// Closes the connections of the store and all its clones. If the future is dropped, the store is closed for new calls, and connections
    /// in use may remain open until their call ends.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn readers(&self) -> &PgPool {
        &self.pool
    }

    fn writer(&self) -> &PgPool {
        &self.pool
    }

    async fn begin(&self) -> StoreResult<Work> {
        Work::begin(&self.pool).await.map_err(cannot("a transaction could not be begun"))
    }

    async fn bring_up_to_date(&self) -> StoreResult<()> {
        let failed = || cannot("the store's tables could not be made");
        // A connection of its own: where this is dropped midway the lock goes with it.
        let mut connection = PgConnection::connect_with(&self.options).await.map_err(failed())?;
        let mut transaction = connection.begin().await.map_err(failed())?;
        query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await.map_err(failed())?;
        migrator(MIGRATIONS).run_direct(None, &mut *transaction, false).await.map_err(not_migrated)?;
        transaction.commit().await.map_err(failed())?;
        connection.close().await.map_err(failed())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn keys(keys: &[LookupKey]) -> Vec<Vec<u8>> {
        keys.iter().map(|key| key.0.to_vec()).collect()
    }

    /// Nothing: see the documentation of the store.
    #[allow(clippy::unused_async, reason = "the other store has something to do")]
    async fn erased(&self, _: Erased) {}
}

implement_store!(PostgresStore, Postgres, skip_locked: "FOR UPDATE SKIP LOCKED", in_keys: "= ANY($1)", among: ("= ANY(", ")"), settled: " AND transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint");

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

/// A transaction. Where it is dropped before its end its connection is closed, and the server undoes it.
///
/// Not the driver's own: where the future that begins one is dropped at a bad moment, that goes back to the pool with a transaction begun
/// that nobody knows of, and what the next does on it would never be committed.
struct Work {
    connection: PoolConnection<Postgres>,
    ended: bool,
}

impl Work {
    async fn begin(pool: &PgPool) -> sqlx::Result<Self> {
        let mut work = Self { connection: pool.acquire().await?, ended: false };
        work.connection.execute("BEGIN").await?;
        Ok(work)
    }

    async fn commit(self) -> sqlx::Result<()> {
        self.end("COMMIT").await
    }

    async fn rollback(self) -> sqlx::Result<()> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, statement: &'static str) -> sqlx::Result<()> {
        self.connection.execute(statement).await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Work {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Work {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// Demands TLS where the server is another machine and nothing was said of it.
fn secured(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host();
    let local = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match options.get_ssl_mode() {
        PgSslMode::Prefer | PgSslMode::Allow if !local => options.ssl_mode(PgSslMode::VerifyFull),
        _ => options,
    }
}

/// What the migrations are locked by: `idv_flow` in bytes.
const LOCK: i64 = i64::from_be_bytes(*b"idv_flow");

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tables", include_str!("../../migrations/postgres/0001_tables.sql")),
    (2, "events", include_str!("../../migrations/postgres/0002_events.sql")),
    (5, "evidence", include_str!("../../migrations/postgres/0005_evidence.sql")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_machine_is_spoken_to_in_tls_with_its_certificate() {
        let mode = |url| format!("{:?}", secured(PgConnectOptions::from_str(url).unwrap()).get_ssl_mode());
        assert_eq!(mode("postgres://user@db.example/idv"), "VerifyFull");
        assert_eq!(mode("postgres://user@192.0.2.1/idv?sslmode=prefer"), "VerifyFull");
        assert_eq!(mode("postgres://user@db.example/idv?sslmode=require"), "Require");
        assert_eq!(mode("postgres://user@db.example/idv?sslmode=disable"), "Disable");
        for local in ["postgres://user@localhost/idv", "postgres://user@127.0.0.1/idv", "postgres://user@[::1]/idv"] {
            assert_eq!(mode(local), "Prefer", "{local}");
        }
    }
}
