//! A store in a file: SQLite.

mod audit;
mod connector;
mod evidence;
mod flows;
mod inbox;
mod queue;
mod subjects;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use self::connector::Connector;
use self::writer::Writer;
use super::lanes::{self, Connections, Line};
use super::sql::migrations::{Migrations, migration};
use super::sql::{NewFlow, cannot, outbox, values};
use super::{Backlog, EvidenceStore, Inserted, Store, StoreResult};

/// A store in a file, for one machine, based on SQLite. Several programs can have the file open at
/// the same time.
///
/// Clones share the connections. One task writes; it commits all waiting changes as one
/// transaction. The task ends when the last clone is dropped.
///
/// # Durability
///
/// Completed calls survive a crash of the program and a power cut: each transaction is synchronized
/// to the disk. The file must be on a local disk, not on a network drive. If a transaction fails,
/// for example because the disk is full, the store opens the file again and continues as soon as it
/// can.
///
/// # Erasing
///
/// Erased data is overwritten in the file. SQLite first writes a change to a log beside the file
/// (its name ends in `-wal`), where older contents stay until the log is written back. So the store
/// writes the log back and empties it after the erasure of a flow or of a message. If there are
/// many erasures, it does so at intervals ([`SqliteOptions::log_emptied_every`]), since writing to
/// an empty log is slow. If another program is reading at that moment, the store tries again at the
/// next opportunity. Copies elsewhere (backups, snapshots, blocks that the disk retains) stay.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    /// SQLite allows one writer at a time, so operations wait here.
    writer: Writer,
    readers: Connections<Connector>,
    connector: Connector,
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
    /// The longest time that erased data stays readable in the log beside the file while the store
    /// is in use. Default: 10 s.
    pub log_emptied_every: Duration,
}

impl SqliteOptions {
    idv_core::setters! { log_emptied_every: Duration }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            log_emptied_every: Duration::from_secs(10),
        }
    }
}

impl SqliteStore {
    /// Opens the store in a file. A missing file is created; on Unix only its owner can read it.
    ///
    /// [`Store::migrate`] creates the tables.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::Engine;
    /// use idv_flow::store::SqliteStore;
    /// # let client = bank.client();
    /// # let path = bank::temporary("open.db");
    ///
    /// let store = SqliteStore::open(&path).await?;
    /// let engine = Engine::builder(store.clone()).client(client).open().await?;
    /// # let id = bank.start(&engine).await?;
    /// assert!(engine.status(id).await?.hand_off.is_some());
    /// store.close().await;
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or is not a database.
    ///
    /// # Cancellation
    ///
    /// The call can be dropped and repeated.
    pub async fn open(path: impl AsRef<Path>) -> StoreResult<Self> {
        Self::open_with(path, &SqliteOptions::default()).await
    }

    /// Opens the store with options; otherwise like [`SqliteStore::open`].
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use std::time::Duration;
    /// use idv_flow::store::{SqliteOptions, SqliteStore, Store as _};
    /// # let path = bank::temporary("with.db");
    ///
    /// // Erased data leaves the log beside the file within a second.
    /// let options = SqliteOptions::default().log_emptied_every(Duration::from_secs(1));
    /// let store = SqliteStore::open_with(&path, &options).await?;
    /// store.migrate().await?;
    /// assert_eq!(store.value("a name").await?, None);
    /// store.close().await;
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// If the file cannot be opened or is not a database.
    ///
    /// # Cancellation
    ///
    /// The call can be dropped and repeated.
    pub async fn open_with(path: impl AsRef<Path>, options: &SqliteOptions) -> StoreResult<Self> {
        let connector = Connector::new(path.as_ref())?;
        let mut line = Line::new(connector.clone());
        let connection = line.take().await?;
        line.put_back(connection);
        let writer = Writer::start(line, options.log_emptied_every);
        let readers = Connections::new(connector.clone(), READERS);
        Ok(Self(Arc::new(Inner {
            writer,
            readers,
            connector,
        })))
    }

    /// Completes the writes of the store and its clones, and closes the file. Later calls fail.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::store::{SqliteStore, Store as _};
    /// # let path = bank::temporary("close.db");
    ///
    /// let store = SqliteStore::open(&path).await?;
    /// store.migrate().await?;
    /// store.close().await;
    /// assert!(store.value("a name").await.is_err());
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the store is closed for new calls, and the file may remain open
    /// until the calls in progress end.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.writer.close().await;
    }

    /// Reads on one of the readers' connections.
    async fn read<I: Send + Sync, T>(
        &self,
        input: I,
        work: impl for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, StoreResult<T>> + Send,
    ) -> StoreResult<T> {
        self.0.readers.read(input, work).await
    }

    /// Writes in a transaction, perhaps with other writes.
    async fn write<I, T, F>(&self, input: I, work: F) -> StoreResult<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'c> Fn(&'c mut SqliteConnection, &'c I) -> BoxFuture<'c, StoreResult<T>>
            + Send
            + Sync
            + 'static,
    {
        self.0.writer.run(input, work).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn migrate(&self) -> StoreResult<()> {
        let mut connection = lanes::connect(&self.0.connector).await?;
        // The transaction is the lock: another program waits for it here, then finds everything
        // done. It writes from its beginning, since a transaction that starts to write later fails
        // if another program was quicker.
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        let mut transaction = begun.map_err(cannot("a transaction could not be begun"))?;
        MIGRATIONS.run(&mut *transaction).await?;
        transaction
            .commit()
            .await
            .map_err(cannot("the store's tables could not be created"))?;
        lanes::Connector::close(&self.0.connector, connection).await;
        Ok(())
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        let input = (name.to_owned(), value.to_vec());
        self.write(input, |connection, (name, value)| {
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
        let input = (name.to_owned(), old.to_vec(), new.to_vec());
        self.write(input, |connection, (name, old, new)| {
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

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        Some(self)
    }
}

crate::store::sql::outbox::impl_outbox!(SqliteStore);
crate::store::sql::audit::impl_audit!(SqliteStore, audit);

/// Adds a flow in a transaction of the application.
pub(super) async fn insert_one(
    connection: &mut SqliteConnection,
    new: NewFlow,
) -> StoreResult<Inserted> {
    flows::insert(connection, &new).await
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

/// The number of concurrent readers.
const READERS: usize = 4;

const MIGRATIONS: Migrations = Migrations(&[
    migration!("sqlite", 1, "tables"),
    migration!("sqlite", 2, "events"),
    migration!("sqlite", 3, "accounts"),
    migration!("sqlite", 4, "queue"),
    migration!("sqlite", 5, "evidence"),
    migration!("sqlite", 6, "purge"),
]);

#[cfg(test)]
mod tests;
