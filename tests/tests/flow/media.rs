//! The stores that worlds are simulated over.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Once};

use idv::Secret;
use idv_flow::store::{MemoryStore, PostgresStore, SqliteStore};
use idv_testkit::postgres::Server;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::world::Setting;

/// Runs the databases' own tasks.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
});

/// The files of all SQLite databases of this program.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// The change of the role under which the tests connect to PostgreSQL.
static ROLE: Once = Once::new();

/// A kind of store.
#[derive(Debug, Clone, Copy)]
pub enum Medium {
    Memory,
    Sqlite,
    Postgres,
}

impl Medium {
    /// Returns the setting of a world over an empty store of this kind.
    pub fn setting(self) -> Setting {
        let runtime = || Some(RUNTIME.handle().clone());
        match self {
            Self::Memory => Setting::new(MemoryStore::new()),
            Self::Sqlite => Setting {
                runtime: runtime(),
                ..Setting::new(RUNTIME.block_on(SqliteStore::open(file())).unwrap())
            },
            Self::Postgres => {
                let server = Server::shared();
                let url = server.database();
                // No world crashes the server. Two changes of a role at once would fail.
                ROLE.call_once(|| {
                    server.execute(&url, "ALTER ROLE CURRENT_USER SET synchronous_commit = off");
                });
                let url = Secret::new(url);
                let store = RUNTIME.block_on(PostgresStore::connect(&url)).unwrap();
                Setting {
                    runtime: runtime(),
                    connected: Some(Connected(store.clone())),
                    ..Setting::new(store)
                }
            }
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Returns the divisor of the number of worlds over this store. Databases are slower, so they
    /// get fewer.
    pub const fn divisor(self) -> u64 {
        match self {
            Self::Memory => 1,
            Self::Sqlite | Self::Postgres => 100,
        }
    }
}

/// A store with connections to a server, which limits their number. Dropping it closes them.
pub struct Connected(PostgresStore);

impl Drop for Connected {
    fn drop(&mut self) {
        RUNTIME.block_on(self.0.close());
    }
}

fn file() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    FOLDER.path().join(format!("{number}.db"))
}
