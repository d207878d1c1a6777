//! The stores, and the cost of bare transactions over the same disk, server or memory. With the
//! same settings, each bare transaction replaces one row of the length of a flow's.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use idv_flow::store::{MemoryStore, PostgresStore, SqliteStore, Store};
use idv_testkit::postgres::Server;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgPool, SqlitePool};

use super::SMALL;
use super::figures::Figures;

/// The number of rows that the bare transactions replace in turn.
const ROWS: u64 = 1_000;
/// The duration of the bare transactions.
const FOR: Duration = if SMALL {
    Duration::ZERO
} else {
    Duration::from_secs(3)
};

/// The kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Memory, Self::Sqlite, Self::Postgres];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Memory => "memory",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// The place of a store, which is removed on drop.
pub(super) enum Place {
    Memory(MemoryStore),
    Sqlite(Folder, Vec<SqliteStore>),
    Postgres {
        url: String,
        opened: Vec<PostgresStore>,
    },
}

impl Place {
    /// Creates an empty place.
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Memory => Self::Memory(MemoryStore::new()),
            Kind::Sqlite => Self::Sqlite(Folder::new(), Vec::new()),
            Kind::Postgres => Self::Postgres {
                url: Server::shared().database(),
                opened: Vec::new(),
            },
        }
    }

    /// Opens the store, as one program does.
    pub(super) async fn connect(&mut self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::new(store.clone()),
            Self::Sqlite(folder, opened) => {
                let store = SqliteStore::open(folder.file("flows.db")).await.unwrap();
                opened.push(store.clone());
                Arc::new(store)
            }
            Self::Postgres { url, opened } => {
                let store = PostgresStore::connect(&url.as_str().into()).await.unwrap();
                opened.push(store.clone());
                Arc::new(store)
            }
        }
    }

    /// Closes all open connections.
    pub(super) async fn close(&mut self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(_, opened) => {
                for store in opened.drain(..) {
                    store.close().await;
                }
            }
            Self::Postgres { opened, .. } => {
                for store in opened.drain(..) {
                    store.close().await;
                }
            }
        }
    }

    /// Returns the counters of the database.
    pub(super) fn figures(&self) -> Figures {
        match self {
            Self::Memory(_) => Figures::default(),
            Self::Sqlite(..) => Figures::of_sqlite(),
            Self::Postgres { url, .. } => Figures::of_postgres(url),
        }
    }

    /// Returns the file of a store in SQLite.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(folder, _) => Some(folder.file("flows.db")),
            _ => None,
        }
    }

    /// Executes one statement for the benchmark only, durable or not.
    pub(super) async fn execute(&self, statement: String) {
        let statement = sqlx::AssertSqlSafe(statement);
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(folder, _) => {
                let options = sqlite(folder.file("flows.db")).synchronous(SqliteSynchronous::Off);
                let mut connection = options.connect().await.unwrap();
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            }
            Self::Postgres { url, .. } => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// Returns the number of bare transactions per second that this number of tasks makes, with
    /// rows of `length` bytes.
    pub(super) async fn bare(&self, tasks: usize, length: usize) -> f64 {
        let body = vec![7_u8; length];
        match self {
            Self::Memory(_) => {
                let rows: Mutex<BTreeMap<u64, Vec<u8>>> =
                    Mutex::new((0..ROWS).map(|id| (id, body.clone())).collect());
                let rows = &rows;
                rate(tasks, |id| {
                    let body = body.clone();
                    async move { drop(rows.lock().unwrap().insert(id, body)) }
                })
                .await
            }
            Self::Sqlite(folder, _) => {
                // One connection writes, as in the store.
                let pool = SqlitePoolOptions::new()
                    .max_connections(1)
                    .test_before_acquire(false);
                let pool: SqlitePool = pool
                    .connect_with(sqlite(folder.file("bare.db")))
                    .await
                    .unwrap();
                sqlx::query(
                    "CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
                )
                .execute(&pool)
                .await
                .unwrap();
                let fill = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1) \
                            INSERT INTO bare SELECT i, $2 FROM n";
                sqlx::query(fill)
                    .bind(ROWS as i64)
                    .bind(&body)
                    .execute(&pool)
                    .await
                    .unwrap();
                let (pool, body) = (&pool, &body);
                let rate = rate(tasks, |id| async move {
                    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
                    let update = sqlx::query("UPDATE bare SET body = $2 WHERE id = $1")
                        .bind(id as i64)
                        .bind(body);
                    update.execute(&mut *transaction).await.unwrap();
                    transaction.commit().await.unwrap();
                })
                .await;
                pool.close().await;
                rate
            }
            Self::Postgres { url, .. } => {
                let pool: PgPool = PgPoolOptions::new()
                    .max_connections(tasks as u32)
                    .connect(url)
                    .await
                    .unwrap();
                for statement in [
                    "DROP TABLE IF EXISTS bare",
                    "CREATE TABLE bare (id BIGINT PRIMARY KEY, body BYTEA NOT NULL)",
                ] {
                    sqlx::query(statement).execute(&pool).await.unwrap();
                }
                let fill = "INSERT INTO bare SELECT i, $2 FROM generate_series(0, $1 - 1) AS i";
                sqlx::query(fill)
                    .bind(ROWS as i64)
                    .bind(&body)
                    .execute(&pool)
                    .await
                    .unwrap();
                let (pool, body) = (&pool, &body);
                let rate = rate(tasks, |id| async move {
                    let mut transaction = pool.begin().await.unwrap();
                    let update = sqlx::query("UPDATE bare SET body = $2 WHERE id = $1")
                        .bind(id as i64)
                        .bind(body);
                    update.execute(&mut *transaction).await.unwrap();
                    transaction.commit().await.unwrap();
                })
                .await;
                pool.close().await;
                rate
            }
        }
    }
}

/// Returns the number of repetitions per second by tasks that take turns, each at another row.
async fn rate<F: Future<Output = ()>>(tasks: usize, work: impl Fn(u64) -> F) -> f64 {
    let (done, next) = (AtomicU64::new(0), AtomicU64::new(0));
    let start = Instant::now();
    let task = async || {
        loop {
            work(next.fetch_add(1, Ordering::Relaxed) % ROWS).await;
            done.fetch_add(1, Ordering::Relaxed);
            if start.elapsed() >= FOR {
                return;
            }
        }
    };
    join_all((0..tasks).map(|_| task())).await;
    done.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// Returns the settings of the store.
fn sqlite(file: PathBuf) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(60))
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
}

/// A folder that is removed on drop.
pub(super) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("flows-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that cannot be removed is below the build's folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
