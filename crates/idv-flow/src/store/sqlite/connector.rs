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

/// The time in which opening a file is retried while another program creates it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens connections to the file.
#[derive(Clone)]
pub(super) struct Connector(SqliteConnectOptions);

impl Connector {
    /// Creates the file if it is missing. SQLite gives the files beside it the same permissions.
    pub(super) fn new(path: &Path) -> StoreResult<Self> {
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

    /// A file does not go away as a server does.
    async fn works(&self, _: &mut SqliteConnection) -> bool {
        true
    }

    async fn close(&self, connection: SqliteConnection) {
        // All that matters was committed.
        let _ = connection.close().await;
    }

    /// If another program is bringing a new file into its mode, SQLite does not wait but refuses: with SQLITE_BUSY or one of its kinds.
    fn patience(&self, failure: &StoreError) -> Duration {
        let busy = code(failure)
            .and_then(|code| code.parse::<u32>().ok())
            .is_some_and(|code| code & 0xff == 5);
        if busy { PATIENCE } else { Duration::ZERO }
    }

    /// SQLite waits for locks as long as the connection says, and for nothing else.
    fn bound(&self) -> Option<Duration> {
        None
    }
}

fn create(path: &Path) -> StoreResult<()> {
    let mut options = std::fs::OpenOptions::new();
    // Opened for appending, a file that is there stays as it is.
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |error| cannot("the store's file could not be made")(sqlx::Error::Io(error));
    options.open(path).map(drop).map_err(failed)
}
