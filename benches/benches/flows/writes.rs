//! Lists the changes of a flow by name, with the bytes that each adds to the database's log, and the
//! tables and indexes that they belong to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use idv_testkit::postgres::Server;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tokio::sync::Mutex;

use super::counted::Counted;
use super::life::{self, Program, work};
use super::print;
use super::stores::{Kind, Place};
use super::vendor::Vendor;

/// The length of the header of SQLite's log, and of the header of a page in it.
const LOG_HEADER: usize = 32;
const PAGE_HEADER: usize = 24;

/// The changes of a flow: with one worker, at a vendor whose create request is idempotent. Two
/// callbacks call for a poll, and the second one changes nothing.
const CHANGES: [&str; 8] = [
    "insert (asked, creating)",
    "commit (created)",
    "commit (observed)",
    "claim",
    "commit (observed, report_stored, deleting)",
    "commit (deleted)",
    "claim",
    "commit (deleted, deletion_confirmed, erased)",
];

/// A change with the bytes of the log that it wrote, by table or index.
struct Written {
    name: String,
    bytes: BTreeMap<String, usize>,
}

pub(super) async fn measure() {
    for kind in [Kind::Memory, Kind::Sqlite, Kind::Postgres] {
        let changes = of(kind).await;
        let names: Vec<&str> = changes
            .iter()
            .map(|change| change.name.as_str())
            .filter(|name| is_of_a_flow(name))
            .collect();
        assert_eq!(names, CHANGES, "{kind}: the changes of a flow");
        if kind != Kind::Memory {
            print(
                &format!("what one flow writes to the log of {kind}, one worker"),
                &table(&changes),
            );
        }
    }
    measure_sqlite().await;
}

/// Prints the syncs and the bytes of SQLite's log per flow while many flows are under way.
async fn measure_sqlite() {
    let mut table = format!("{:<10} {:>10} {:>12}\n", "workers", "syncs", "log");
    for workers in [1, 8, 64] {
        let mut place = Place::new(Kind::Sqlite);
        // The log is held once the tables exist.
        let vendor = Vendor::start().await;
        drop(Program::open(&vendor, Counted::new(place.connect().await), 1).await);
        place.close().await;
        let log = Log::open(&place).await;
        log.hold().await;
        let begin = log.position().await;
        let run = life::run(&mut place, Kind::Sqlite, 1, workers).await;
        let bytes = log.position().await - begin;
        let syncs = commits(&place.file().unwrap(), begin as usize);
        log.release().await;
        let each = |count: f64| count / run.flows as f64;
        writeln!(
            table,
            "{workers:<10} {:>10.1} {:>9.1} KB",
            each(syncs as f64),
            each(bytes as f64 / 1024.0)
        )
        .unwrap();
    }
    print("the syncs and the log of SQLite per flow", &table);
}

/// Returns whether a change is made for each flow. The timers' changes are made for all flows
/// together.
fn is_of_a_flow(name: &str) -> bool {
    ![
        "claim_timers",
        "reschedule_timer",
        "add_block",
        "remember",
        "replace",
    ]
    .iter()
    .any(|timer| name.starts_with(timer))
        && !name.starts_with("purge")
}

fn table(changes: &[Written]) -> String {
    let mut table = String::new();
    let kilobytes = |bytes: usize| format!("{:.1} KB", bytes as f64 / 1024.0);
    let (mut total, mut sums) = (0, BTreeMap::<&str, usize>::new());
    for change in changes {
        let bytes: usize = change.bytes.values().sum();
        let note = if is_of_a_flow(&change.name) {
            total += bytes;
            for (place, bytes) in &change.bytes {
                *sums.entry(place).or_default() += bytes;
            }
            ""
        } else {
            "  a timer's, once for all flows"
        };
        writeln!(table, "{:<46} {:>9}{note}", change.name, kilobytes(bytes)).unwrap();
    }
    writeln!(
        table,
        "{:<46} {:>9}\n",
        "sum of the flow's",
        kilobytes(total)
    )
    .unwrap();
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    for (place, bytes) in sums {
        writeln!(table, "  {place:<44} {:>9}", kilobytes(bytes)).unwrap();
    }
    table
}

/// Runs two flows one after the other, and returns the changes of the second.
async fn of(kind: Kind) -> Vec<Written> {
    let vendor = Vendor::start().await;
    let mut place = Place::new(kind);
    let log = Log::open(&place).await;
    let store = Counted::new(place.connect().await);
    let position = log.clone();
    let store = store.listing(move || {
        let log = position.clone();
        async move { log.position().await }.boxed()
    });
    let crew = [Program::open(&vendor, store, 1).await];
    // The first flow fires the timers of a new store and fills the first pages.
    run(&vendor, &crew).await;
    log.hold().await;
    crew[0].store.listed();
    let begin = log.position().await;
    run(&vendor, &crew).await;
    let changes = crew[0].store.listed();
    drop(crew);
    log.release().await;
    place.close().await;
    log.written(begin, changes).await
}

/// Runs a flow from its creation until both copies are gone.
async fn run(vendor: &Vendor, crew: &[Program; 1]) {
    let flow = &crew[0].flow;
    let new = vendor.submitted();
    let reference = new.reference.clone();
    let id = flow.start(new).await.unwrap().id;
    vendor
        .sandbox
        .idnow()
        .act(reference.as_str(), "happy")
        .unwrap();
    vendor.pass(Duration::from_secs(3_600)).await;
    for delivery in vendor.callbacks() {
        flow.receive("idnow", &delivery).await.unwrap();
    }
    work(crew).await;
    vendor.pass(Duration::from_secs(120)).await;
    work(crew).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
}

/// The log of a database.
#[derive(Clone)]
enum Log {
    None,
    /// The file, and a reader that keeps the log from being written back, so that it only grows.
    Sqlite(std::path::PathBuf, Arc<Mutex<Option<SqliteConnection>>>),
    Postgres(String, Arc<Mutex<PgConnection>>),
}

impl Log {
    async fn open(place: &Place) -> Self {
        match place {
            Place::Memory(_) => Self::None,
            Place::Sqlite(..) => Self::Sqlite(place.file().unwrap(), Arc::default()),
            Place::Postgres { url, .. } => {
                let connection = PgConnection::connect(url).await.unwrap();
                Self::Postgres(url.clone(), Arc::new(Mutex::new(connection)))
            }
        }
    }

    /// Keeps the log from being emptied.
    async fn hold(&self) {
        if let Self::Sqlite(file, reader) = self {
            let mut connection = sqlite(file).await;
            for statement in [
                "PRAGMA wal_checkpoint(TRUNCATE)",
                "BEGIN",
                "SELECT COUNT(*) FROM idv_flows",
            ] {
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .unwrap();
            }
            *reader.lock().await = Some(connection);
        }
    }

    async fn release(&self) {
        if let Self::Sqlite(_, reader) = self {
            // The file is needed as it is: closing a connection in order could write the log back.
            std::mem::forget(reader.lock().await.take());
        }
    }

    /// Returns the end of the log.
    async fn position(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Sqlite(file, _) => {
                std::fs::metadata(file.with_extension("db-wal")).map_or(0, |log| log.len())
            }
            Self::Postgres(_, connection) => {
                let statement = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint";
                let position: i64 = sqlx::query_scalar(statement)
                    .fetch_one(&mut *connection.lock().await)
                    .await
                    .unwrap();
                position as u64
            }
        }
    }

    /// Returns the bytes that each change wrote, by table and index.
    async fn written(&self, begin: u64, changes: Vec<(String, u64)>) -> Vec<Written> {
        let mut written = Vec::new();
        let mut from = begin;
        for (name, to) in changes {
            let bytes = match self {
                Self::None => BTreeMap::new(),
                Self::Sqlite(file, _) => pages(file, from as usize, to as usize).await,
                Self::Postgres(url, _) => records(url, from, to),
            };
            written.push(Written { name, bytes });
            from = to;
        }
        written
    }
}

async fn sqlite(file: &std::path::Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap()
}

/// Returns the bytes of a part of SQLite's log by table and index.
async fn pages(file: &std::path::Path, from: usize, to: usize) -> BTreeMap<String, usize> {
    let log = std::fs::read(file.with_extension("db-wal")).unwrap();
    let mut connection = sqlite(file).await;
    let names: BTreeMap<i64, String> = sqlx::query_as("SELECT pageno, name FROM dbstat")
        .fetch_all(&mut connection)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let mut bytes = BTreeMap::new();
    for page in log_pages(&log[..to], from) {
        let number = u32::from_be_bytes(page[..4].try_into().unwrap());
        let name = names.get(&i64::from(number));
        *bytes
            .entry(name.map_or_else(|| "free pages".to_owned(), Clone::clone))
            .or_default() += page.len();
    }
    // Not closed in order: the last connection would write the log back.
    std::mem::forget(connection);
    bytes
}

/// Returns the number of commits in SQLite's log. With `synchronous = FULL`, each syncs the log once.
fn commits(file: &std::path::Path, from: usize) -> usize {
    let log = std::fs::read(file.with_extension("db-wal")).unwrap();
    // The last page of a commit names the new length of the database.
    let is_last = |page: &&[u8]| page[4..8] != [0; 4];
    log_pages(&log, from).filter(is_last).count()
}

/// Returns the pages in SQLite's log from an offset on, with their headers.
fn log_pages(log: &[u8], from: usize) -> std::slice::ChunksExact<'_, u8> {
    let length = u32::from_be_bytes(log[8..12].try_into().unwrap());
    log[from.max(LOG_HEADER)..].chunks_exact(PAGE_HEADER + length as usize)
}

/// Returns the bytes of a part of PostgreSQL's log by table and index.
fn records(url: &str, from: u64, to: u64) -> BTreeMap<String, usize> {
    let position = |at: u64| format!("{:X}/{:X}", at >> 32, at & 0xffff_ffff);
    let statement = format!(
        "SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS pg_walinspect; \
         SELECT COALESCE(c.relname, 'commit'), SUM(r.record_length) \
         FROM pg_get_wal_records_info('{}', '{}') AS r \
         LEFT JOIN pg_class AS c ON pg_relation_filenode(c.oid) = \
         substring(r.block_ref FROM 'rel [0-9]+/[0-9]+/([0-9]+)')::oid GROUP BY 1",
        position(from),
        position(to)
    );
    let rows = Server::shared().execute(url, &statement);
    let row = |row: &str| {
        let (name, bytes) = row.split_once('|').unwrap();
        (name.to_owned(), bytes.parse().unwrap())
    };
    rows.lines().map(row).collect()
}
