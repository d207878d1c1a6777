//! A store in a file: SQLite.

mod connector;
mod evidence;
mod flows;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use sqlx::Connection as _;

use self::connector::Connector;
use self::flows::Queue;
use self::writer::Writer;
use super::lanes::{self, Connections, Line};
use super::sql::migrations::{migrator, not_migrated};
use super::sql::{
    Change, Claim, NewFlow, audit, cannot, flows as lists, inbox, outbox, owned, timers, values,
};
use super::{
    Backlog, Commit, Committed, EventCursor, EvidenceStore, Filter, Inserted, ListCursor,
    LookupKey, Message, MessageEnd, PendingEvent, Phase, Pushed, Record, Reports, Store,
    StoreResult,
};
use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::machine::event::Event;

/// A store in a file, by SQLite: for one machine. Several programs may have the file open at the same time.
///
/// A clone is the same store, and shares its connections. One task writes; it commits the changes that wait as one transaction. The task
/// ends when the last clone is dropped.
///
/// # Durability
///
/// Completed calls survive the end of the program and a power cut: each transaction is synchronized to the disk. The file must be on a disk
/// of this machine, not on a network drive. If a transaction fails, for example because the disk is full, the store opens the file again, and
/// goes on as soon as it can.
///
/// # Erasing
///
/// Erased data are overwritten in the file. SQLite writes a change into a log beside the file first (its name ends in `-wal`), where
/// older contents stay until the log is carried over. So the store carries the log over and empties it after an erasure, of a flow or of a
/// message; if there are many erasures, once in a while ([`SqliteOptions::log_emptied_every`]), since an empty log is slow to write
/// to. If another program is reading at that moment, the store does it at the next opportunity. Copies elsewhere (backups, snapshots, what the
/// disk itself keeps) are not reached.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    /// SQLite lets one write at a time, and operations wait here in line.
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
    /// The longest time that erased data stay readable in the log beside the file while the store is in use. Default: 10 s.
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
    /// Opens the store in a file, and creates the file if it is missing: on Unix readable by its owner only. [`Store::migrate`] creates the
    /// tables. The call can be dropped and repeated.
    pub async fn open(path: impl AsRef<Path>) -> StoreResult<Self> {
        Self::open_with(path, &SqliteOptions::default()).await
    }

    /// Opens the store with options. The call can be dropped and repeated.
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

    /// Completes what the store and its clones are writing, and closes the file. Later calls fail. If the future is dropped, the store is
    /// closed for new calls, and the file may remain open until calls under way end.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.writer.close().await;
    }
}

impl SqliteStore {
    /// Returns whether a claim has to be made: if it would find something, or it is time to empty the log.
    async fn is_due(&self, queue: Queue, now: Timestamp, accounts: &[&str]) -> StoreResult<bool> {
        if self.0.writer.log_is_due() {
            return Ok(true);
        }
        let input = (queue, now, owned(accounts));
        let readers = &self.0.readers;
        readers
            .read(input, |connection, (queue, now, accounts)| {
                flows::is_due(connection, *queue, *now, accounts).boxed()
            })
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn migrate(&self) -> StoreResult<()> {
        let mut connection = lanes::connect(&self.0.connector).await?;
        // The transaction is the lock: another program waits for it here, then finds everything done. It writes from its beginning, since one
        // that becomes writing midway fails if another was quicker.
        let begun = connection.begin_with("BEGIN IMMEDIATE").await;
        let mut transaction = begun.map_err(cannot("a transaction could not be begun"))?;
        migrator(MIGRATIONS)
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(not_migrated)?;
        transaction
            .commit()
            .await
            .map_err(cannot("the store's tables could not be made"))?;
        lanes::Connector::close(&self.0.connector, connection).await;
        Ok(())
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        let input = (name.to_owned(), value.to_vec());
        self.0
            .writer
            .run(input, |connection, (name, value)| {
                values::remember(connection, name, value).boxed()
            })
            .await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.0
            .readers
            .read(name, |connection, name| {
                values::read(connection, name).boxed()
            })
            .await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        let input = (name.to_owned(), old.to_vec(), new.to_vec());
        self.0
            .writer
            .run(input, |connection, (name, old, new)| {
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
        let new = NewFlow {
            record: record.clone(),
            lease,
            audit: audit.to_vec(),
        };
        self.0
            .writer
            .run(new, |connection, new| {
                flows::insert(connection, new).boxed()
            })
            .await
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.0
            .readers
            .read(id, |connection, id| flows::load(connection, *id).boxed())
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

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        self.0
            .readers
            .read(id, |connection, id| flows::reports(connection, *id).boxed())
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
        self.0
            .writer
            .run(claim, |connection, claim| {
                flows::claim(connection, claim).boxed()
            })
            .await
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.0
            .readers
            .read(keys, |connection, keys| {
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
        self.0
            .readers
            .read(
                (filter, after, limit),
                |connection, (filter, after, limit)| {
                    lists::list(connection, filter, *after, *limit).boxed()
                },
            )
            .await
    }

    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        let input = (message.clone(), forgotten);
        self.0
            .writer
            .run(input, |connection, (message, forgotten)| {
                flows::push(connection, message, *forgotten).boxed()
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
        self.0
            .writer
            .run(claim, |connection, claim| {
                flows::claim_messages(connection, claim).boxed()
            })
            .await
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        let (erases, input) = (matches!(end, MessageEnd::Done(_)), (*digest, end.clone()));
        let writer = &self.0.writer;
        writer
            .run_erasing(erases, input, |connection, (digest, end)| {
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
            .readers
            .read((after, limit), |connection, (after, limit)| {
                inbox::parked(connection, *after, *limit).boxed()
            })
            .await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.0
            .readers
            .read(account, |connection, account| {
                inbox::count_parked(connection, account).boxed()
            })
            .await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.0
            .writer
            .run((flow, now), |connection, (flow, now)| {
                inbox::wake_parked(connection, *flow, *now).boxed()
            })
            .await
    }

    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        self.0
            .writer
            .run(before, |connection, before| {
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
            .readers
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
            .writer
            .run((now, until, limit), |connection, (now, until, limit)| {
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
            .writer
            .run(
                (flow, sequence, again),
                |connection, (flow, sequence, again)| {
                    outbox::finish(connection, *flow, *sequence, *again).boxed()
                },
            )
            .await
    }

    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
        self.0
            .readers
            .read((tries, limit), |connection, (tries, limit)| {
                outbox::late(connection, *tries, *limit).boxed()
            })
            .await
    }

    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>> {
        self.0
            .readers
            .read((flow, sequence), |connection, (flow, sequence)| {
                outbox::one(connection, *flow, *sequence).boxed()
            })
            .await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.0
            .readers
            .read(with_events, |connection, with_events| {
                outbox::backlog(connection, *with_events).boxed()
            })
            .await
    }

    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
        self.0
            .writer
            .run(before, |connection, before| {
                outbox::purge(connection, *before).boxed()
            })
            .await
    }

    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let input = (name.to_owned(), due);
        self.0
            .writer
            .run(input, |connection, (name, due)| {
                timers::set(connection, name, *due).boxed()
            })
            .await
    }

    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        if !self.is_due(Queue::Timers, now, &[]).await? {
            return Ok(Vec::new());
        }
        self.0
            .writer
            .run((now, until), |connection, (now, until)| {
                timers::claim(connection, *now, *until).boxed()
            })
            .await
    }

    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let input = (name.to_owned(), due);
        self.0
            .writer
            .run(input, |connection, (name, due)| {
                timers::wind(connection, name, *due).boxed()
            })
            .await
    }

    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        self.0
            .readers
            .read(owned(accounts), |connection, accounts| {
                timers::next(connection, accounts, i64::MIN).boxed()
            })
            .await
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.0
            .readers
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
            .readers
            .read((after, limit), |connection, (after, limit)| {
                audit::page(connection, *after, *limit).boxed()
            })
            .await
    }

    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        self.0
            .readers
            .read(id, |connection, id| audit::of_flow(connection, *id).boxed())
            .await
    }

    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.0
            .readers
            .read(limit, |connection, limit| {
                audit::loose(connection, *limit).boxed()
            })
            .await
    }

    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        let input = (block.clone(), entries.to_vec());
        self.0
            .writer
            .run(input, |connection, (block, entries)| {
                flows::add_block(connection, block, entries).boxed()
            })
            .await
    }

    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        self.0
            .readers
            .read((after, limit), |connection, (after, limit)| {
                audit::blocks(connection, *after, *limit).boxed()
            })
            .await
    }

    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        self.0
            .readers
            .read((), |connection, ()| audit::last_block(connection).boxed())
            .await
    }

    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        self.0
            .readers
            .read(number, |connection, number| {
                audit::of_block(connection, *number).boxed()
            })
            .await
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        Some(self)
    }
}

/// Adds a flow in a transaction of the application.
pub(super) async fn insert_one(
    connection: &mut sqlx::SqliteConnection,
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

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "tables",
        include_str!("../../../migrations/sqlite/0001_tables.sql"),
    ),
    (
        2,
        "events",
        include_str!("../../../migrations/sqlite/0002_events.sql"),
    ),
    (
        3,
        "accounts",
        include_str!("../../../migrations/sqlite/0003_accounts.sql"),
    ),
    (
        4,
        "queue",
        include_str!("../../../migrations/sqlite/0004_queue.sql"),
    ),
    (
        5,
        "evidence",
        include_str!("../../../migrations/sqlite/0005_evidence.sql"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in a folder that is removed in the end.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("idv-flow-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn record(number: u8, length: usize) -> Record {
        let id = FlowId::from_bytes([number; 16]);
        let mut record = Record::new(id, "vendor", LookupKey([number; 32]), Timestamp::UNIX_EPOCH);
        record.body = vec![7; length];
        record
    }

    #[tokio::test]
    async fn store_goes_on_after_the_disk_was_full() {
        let folder = Folder::new("full");
        let store = SqliteStore::open(folder.0.join("flows.db")).await.unwrap();
        store.migrate().await.unwrap();
        // For this connection the file cannot grow.
        let limit = store.0.writer.run((), |connection, ()| {
            async {
                sqlx::query("PRAGMA max_page_count = 1")
                    .execute(connection)
                    .await
                    .map(drop)
                    .map_err(cannot("limit the file"))
            }
            .boxed()
        });
        limit.await.unwrap();
        let error = store
            .insert(&record(1, 1 << 20), None, &[])
            .await
            .unwrap_err();
        assert_eq!(
            crate::store::sql::failure::code(&error),
            Some("13"),
            "the disk is full: {error:?}"
        );
        assert_eq!(store.load(record(1, 0).id).await.unwrap(), None);

        // There is space again.
        assert_eq!(
            store.insert(&record(1, 1 << 20), None, &[]).await.unwrap(),
            Inserted::New
        );
        assert_eq!(
            store
                .commit(&Commit::new(&record(1, 9), &[]))
                .await
                .unwrap(),
            Committed::Done(2)
        );
        let block = AuditBlock {
            number: 1,
            at: Timestamp::UNIX_EPOCH,
            entries: 0,
            previous: [0; 32],
            hash: [0; 32],
        };
        assert!(store.add_block(&block, &[]).await.unwrap());
    }

    #[tokio::test]
    async fn changes_that_wait_share_a_transaction() {
        let folder = Folder::new("shared");
        let store = SqliteStore::open(folder.0.join("flows.db")).await.unwrap();
        store.migrate().await.unwrap();
        let before = frames(&folder).await;
        let inserted = (1..=40).map(|number| {
            let store = store.clone();
            async move { store.insert(&record(number, 10), None, &[]).await.unwrap() }
        });
        futures_util::future::join_all(inserted).await;
        // A transaction each would write some eight pages each.
        let written = frames(&folder).await - before;
        assert!(written < 150, "{written} pages");
    }

    /// The number of pages of the log.
    async fn frames(folder: &Folder) -> u64 {
        let log = std::fs::metadata(folder.0.join("flows.db-wal")).map_or(0, |log| log.len());
        log / 4096
    }

    #[tokio::test]
    async fn closed_store_fails() {
        let folder = Folder::new("closed");
        let store = SqliteStore::open(folder.0.join("flows.db")).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        store.insert(&record(1, 1), None, &[]).await.unwrap_err();
        store.load(record(1, 1).id).await.unwrap_err();
    }
}
