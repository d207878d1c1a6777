//! Opening the file.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::store::lanes;
use crate::store::sql::cannot;
use crate::store::sql::failure::code;
use crate::store::{StoreError, StoreResult};

/// The longest wait of a connection for another program that writes.
pub(super) const BUSY: Duration = Duration::from_secs(30);

/// The page size of a new file, in bytes. The log has whole pages, and a step of a flow changes few
/// bytes of many pages.
pub(super) const PAGE: u32 = 1024;

/// The time for which opening a file is retried while another program creates it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens connections to the file.
#[derive(Clone)]
pub(super) struct Connector(SqliteConnectOptions);

impl Connector {
    /// Creates the file if it is missing. SQLite gives its other files the same permissions.
    pub(super) fn new(path: &Path) -> StoreResult<Self> {
        create(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .page_size(PAGE)
            .journal_mode(SqliteJournalMode::Wal)
            // With less, the latest transactions would be missing after a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .pragma("secure_delete", "ON")
            // Sorting must not write data to another file.
            .pragma("temp_store", "MEMORY")
            .optimize_on_close(false, None)
            .disable_statement_logging();
        Ok(Self(options))
    }
}

impl lanes::Connector for Connector {
    type Connection = SqliteConnection;

    async fn connect(&self) -> StoreResult<SqliteConnection> {
        self.0
            .connect()
            .await
            .map_err(cannot("the store's file could not be opened"))
    }

    /// Unlike a server, a file does not disconnect.
    async fn works(&self, _: &mut SqliteConnection) -> bool {
        true
    }

    async fn close(&self, connection: SqliteConnection) {
        // Everything that matters was committed.
        let _ = connection.close().await;
    }

    /// While another program switches a new file to its journal mode, SQLite does not wait but
    /// fails with `SQLITE_BUSY` or one of its extended codes.
    fn patience(&self, failure: &StoreError) -> Duration {
        let busy = code(failure)
            .and_then(|code| code.parse::<u32>().ok())
            .is_some_and(|code| code & 0xff == 5);
        if busy { PATIENCE } else { Duration::ZERO }
    }

    /// SQLite only waits for locks, and the connection limits that time.
    fn bound(&self) -> Option<Duration> {
        None
    }
}

fn create(path: &Path) -> StoreResult<()> {
    let mut options = std::fs::OpenOptions::new();
    // An existing file that is opened for appending does not change.
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |error| cannot("the store's file could not be created")(sqlx::Error::Io(error));
    options.open(path).map(drop).map_err(failed)
}
