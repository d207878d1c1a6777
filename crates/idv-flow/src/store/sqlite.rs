//! A store in a file: SQLite.

#[path = "evidence/sqlite.rs"]
mod evidence;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, QueryBuilder, Sqlite, SqlitePool, Transaction, query, query_as, query_scalar};

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

/// A store in a file, by SQLite: for one machine. Several programs may have the file open at the same time.
///
/// A clone is the same store, and shares its connections.
///
/// # Durability
///
/// What a method has done survives the end of the program and a power cut: each transaction is synchronized to the disk. The file
/// must be on a disk of this machine, not on a network's.
///
/// # Erasing
///
/// What is erased is overwritten in the file. SQLite writes a change into a log beside the file first (its name ends in `-wal`), where
/// older contents stay until the log is carried over. So the log is carried over and emptied after an erasure, of a flow or of a message
/// that was worked off; where there are many, once in a while ([`SqliteOptions::log_emptied_every`]), since an empty log is slow to write
/// to. Where another program is reading just then it is done at the next opportunity. Copies elsewhere (backups, snapshots, what the disk
/// itself keeps) are not reached.
#[derive(Clone)]
pub struct SqliteStore {
    /// One connection: SQLite lets one write at a time, and who waits here waits in line.
    writer: SqlitePool,
    readers: SqlitePool,
    /// One connection, which empties the log and does not wait long for other programs.
    emptier: SqlitePool,
    log: Arc<Log>,
}

/// Options of a [`SqliteStore`].
///
/// ```
/// use std::time::Duration;
/// use idv_flow::store::SqliteOptions;
///
/// let options = SqliteOptions::default().log_emptied_every(Duration::from_secs(1));
/// assert_eq!(options.log_emptied_every, Duration::from_secs(1));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The longest time that erased data stay readable in the log beside the file while the store is in use. Default: 10 s.
    pub log_emptied_every: Duration,
}

impl SqliteOptions {
    idv_core::setters! { log_emptied_every: Duration }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { log_emptied_every: Duration::from_secs(10) }
    }
}

/// How many erasures the log may still show, and when it was last tried to empty it.
#[derive(Debug)]
struct Log {
    erasures: AtomicU32,
    tried: Mutex<Option<Instant>>,
    every: Duration,
}

impl Log {
    /// Whether it is time to empty it.
    fn is_due(&self, erasures: u32) -> bool {
        erasures > 0 && self.tried().is_none_or(|at| at.elapsed() >= self.every)
    }

    fn tried(&self) -> MutexGuard<'_, Option<Instant>> {
        self.tried.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqliteStore {
    /// Opens the store in a file, and creates the file if it is missing: on Unix readable by its owner only. [`Store::migrate`] creates the
    /// tables. The call can be dropped and repeated.
    pub async fn open(path: impl AsRef<Path>) -> StoreResult<Self> {
        Self::open_with(path, &SqliteOptions::default()).await
    }

    /// Opens the store with options. The call can be dropped and repeated.
    pub async fn open_with(path: impl AsRef<Path>, kept: &SqliteOptions) -> StoreResult<Self> {
        let path = path.as_ref();
        create(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // In this mode less would be consistent after a power cut, but not there.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .pragma("secure_delete", "ON")
            // What is sorted on the way must not get to the disk in another file.
            .pragma("temp_store", "MEMORY")
            .optimize_on_close(false, None)
            .disable_statement_logging();
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                // A file does not go away as a server does.
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(BUSY * 2)
        };
        // One after the other: the first brings the file into its mode.
        let writer = connect(pool(1), options.clone()).await?;
        let readers = connect(pool(READERS), options.clone().pragma("query_only", "ON")).await?;
        let emptier = pool(1).connect_lazy_with(options.busy_timeout(BUSY_EMPTYING));
        let log = Log { erasures: AtomicU32::new(LEFT_BEFORE), tried: Mutex::new(None), every: kept.log_emptied_every };
        Ok(Self { writer, readers, emptier, log: Arc::new(log) })
    }

    /// Closes the store and all its clones. The last program to close a file checkpoints and removes the log. If the future is dropped, the
    /// store is closed for new calls, and the log may remain until the file is opened again.
    pub async fn close(&self) {
        self.emptier.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    fn writer(&self) -> &SqlitePool {
        &self.writer
    }

    /// A transaction that writes from its beginning: one that becomes writing midway fails where another was quicker.
    async fn begin(&self) -> StoreResult<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(cannot("a transaction could not be begun"))
    }

    async fn bring_up_to_date(&self) -> StoreResult<()> {
        // The transaction is the lock: another program waits for it here, then finds everything done.
        let mut transaction = self.begin().await?;
        migrator(MIGRATIONS).run_direct(None, &mut *transaction, false).await.map_err(not_migrated)?;
        transaction.commit().await.map_err(cannot("the store's tables could not be made"))
    }

    /// A list of keys, as SQLite can take one: in JSON.
    fn keys(keys: &[LookupKey]) -> String {
        let keys: Vec<_> = keys.iter().map(|key| format!("\"{}\"", hex::encode(key.0))).collect();
        format!("[{}]", keys.join(","))
    }

    fn names(names: &[&str]) -> String {
        // Names are text, which always serializes.
        serde_json::to_string(names).unwrap_or_default()
    }

    /// Carries the log over and empties it, where it is time to. What was erased is erased already when this is called: where it
    /// fails, or its future is dropped, it is done with the next erasure.
    async fn erased(&self, what: Erased) {
        let log = &*self.log;
        let erasures = match what {
            Erased::Nothing => log.erasures.load(Ordering::Relaxed),
            Erased::Something => log.erasures.fetch_add(1, Ordering::Relaxed).saturating_add(1),
        };
        if !log.is_due(erasures) {
            return;
        }
        *log.tried() = Some(Instant::now());
        // In line with what writes here, so that there is a moment for it however much that is.
        let Ok(_in_line) = self.writer.acquire().await else { return };
        match query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.emptier).await {
            Ok((0, ..)) => {
                // What was erased meanwhile, by another call, stays counted.
                let _ = log.erasures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(now.saturating_sub(erasures)));
            }
            Ok(_) => tracing::debug!("the log of the store's file is being read; it is emptied later"),
            Err(_) => {
                tracing::warn!("the log of the store's file could not be emptied; it is tried again after the next erasure");
            }
        }
    }
}

implement_store!(SqliteStore, Sqlite, skip_locked: "", in_keys: "IN (SELECT unhex(value) FROM json_each($1))", among: ("IN (SELECT value FROM json_each(", "))"), settled: "");

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

/// How long a connection waits for another program that writes.
const BUSY: Duration = Duration::from_secs(30);

/// A program before may have erased something and ended before it emptied the log.
const LEFT_BEFORE: u32 = 1;

/// How long the log's being emptied waits for another program. What writes here waits meanwhile.
const BUSY_EMPTYING: Duration = Duration::from_millis(250);

/// How often, and after how long, a file is tried to be opened again that another program is making: some ten seconds.
const REFUSALS: u32 = 500;
const AFTER_REFUSAL: Duration = Duration::from_millis(20);

/// How many read at the same time.
const READERS: u32 = 4;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tables", include_str!("../../migrations/sqlite/0001_tables.sql")),
    (2, "events", include_str!("../../migrations/sqlite/0002_events.sql")),
    (5, "evidence", include_str!("../../migrations/sqlite/0005_evidence.sql")),
];

/// Opens the file. Where another program is bringing a new file into its mode, SQLite does not wait but refuses: then it is tried again.
async fn connect(pool: SqlitePoolOptions, options: SqliteConnectOptions) -> StoreResult<SqlitePool> {
    let failed = || cannot("the store's file could not be opened");
    for _ in 0..REFUSALS {
        match pool.clone().connect_with(options.clone()).await {
            Err(sqlx::Error::Database(error)) if is_busy(&*error) => tokio::time::sleep(AFTER_REFUSAL).await,
            opened => return opened.map_err(failed()),
        }
    }
    pool.connect_with(options).await.map_err(failed())
}

/// Whether somebody else has the file just now: SQLITE_BUSY, or one of its kinds.
fn is_busy(error: &dyn DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Makes the file where it is not there. SQLite gives the files beside it the same permissions.
fn create(path: &Path) -> StoreResult<()> {
    let mut options = std::fs::OpenOptions::new();
    // Opened for appending, a file that is there stays as it is.
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |error| cannot("the store's file could not be made")(sqlx::Error::Io(error));
    options.open(path).map(drop).map_err(failed)
}
