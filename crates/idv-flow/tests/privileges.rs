//! The privileges in PostgreSQL that the book lists suffice, and the restricted roles have no
//! others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt as _;
use idv_flow::store::{PostgresStore, Store as _};
use idv_flow::{Engine, EvidencePolicy, FlowError, FlowId, StartRequest};
use idv_testkit::postgres::Server;
use support::*;

const AFTER: u32 = 40;
/// The words with which the page begins the privileges that only a purge needs.
const FOR_PURGES: &str = "If erased flows are purged";

/// Privileges on one table, or on the schema if `table` is `None`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    privileges: Vec<String>,
    table: Option<String>,
}

/// Returns the privileges of a role in the book's table.
fn documented(role: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/operations.md");
    let page = std::fs::read_to_string(path).unwrap();
    let row = page
        .lines()
        .find_map(|line| line.strip_prefix(&format!("| {role} | ")))
        .unwrap_or_else(|| panic!("the page has no row of: {role}"));
    row.trim_end_matches(" |").to_owned()
}

/// Reads privileges: names of privileges in code, then the tables in code or the words "on the
/// schema" or "on all tables".
fn grants(text: &str, tables: &BTreeSet<String>) -> Vec<Grant> {
    let (mut grants, mut privileges, mut is_complete) = (Vec::new(), Vec::new(), false);
    for (index, part) in text.split('`').enumerate() {
        let objects: Vec<Option<String>> = match index % 2 {
            1 if part.starts_with("idv_") => vec![Some(part.to_owned())],
            1 => {
                if std::mem::take(&mut is_complete) {
                    privileges.clear();
                }
                privileges.push(part.to_owned());
                continue;
            }
            _ if part.starts_with(" on the schema") => vec![None],
            _ if part.starts_with(" on all tables") => tables.iter().cloned().map(Some).collect(),
            _ => continue,
        };
        is_complete = true;
        grants.extend(objects.into_iter().map(|table| Grant {
            privileges: privileges.clone(),
            table,
        }));
    }
    grants
}

/// A database with the store's tables, which its owner has created.
struct Database {
    url: String,
    tables: BTreeSet<String>,
}

impl Database {
    async fn open() -> Self {
        let url = Server::shared().database();
        let owner = PostgresStore::connect(&url.as_str().into()).await.unwrap();
        owner.migrate().await.unwrap();
        owner.close().await;
        // No role has a privilege that it was not granted.
        let statements = "REVOKE ALL ON SCHEMA public FROM PUBLIC;
            SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
        let tables = Server::shared().execute(&url, statements);
        let tables = tables.lines().map(str::to_owned).collect();
        Self { url, tables }
    }

    /// Creates a role with these privileges and connects under it.
    async fn connect_as(&self, role: &str, privileges: &[String]) -> PostgresStore {
        let name = self.url.rsplit('/').next().unwrap();
        // The roles of all databases have one name space.
        let role = format!("{role}_{}", name.split('?').next().unwrap());
        let mut statements = format!("CREATE ROLE {role} LOGIN;");
        for Grant { privileges, table } in privileges
            .iter()
            .flat_map(|text| grants(text, &self.tables))
        {
            let object = table.map_or("SCHEMA public".to_owned(), |table| format!("TABLE {table}"));
            let privileges = privileges.join(", ");
            write!(statements, "GRANT {privileges} ON {object} TO {role};").unwrap();
        }
        Server::shared().execute(&self.url, &statements);
        let url = self.url.replace("postgres@", &format!("{role}@"));
        let store = PostgresStore::connect(&url.as_str().into()).await.unwrap();
        let may_change = "SELECT has_table_privilege('idv_blocks', 'UPDATE')";
        assert_eq!(Server::shared().execute(&url, may_change), "f");
        store
    }
}

/// A program of the application, and the number of events that its handler has received.
struct Program {
    bench: Bench,
    engine: Engine,
    events: Arc<AtomicUsize>,
    store: PostgresStore,
}

impl Program {
    async fn open(store: PostgresStore, is_purging: bool) -> Self {
        let bench = Bench::new(Kind {
            evidence: true,
            listing: true,
            ..Kind::default()
        });
        let file = vec![7; 1_500_000];
        bench.vendor.has_file("front", "document_front", file);
        let events = Arc::new(AtomicUsize::new(0));
        let received = Arc::clone(&events);
        let mut builder = Engine::builder(store.clone())
            .client(bench.client())
            .random(Arc::new(bench.bits.clone()))
            .clock_tolerance(std::time::Duration::MAX)
            .on_change(move |_, _| {
                received.fetch_add(1, Ordering::Relaxed);
                async { Ok(()) }
            });
        if is_purging {
            builder = builder.purge_erased_after(AFTER * DAY);
        }
        let engine = bench.open(builder).await;
        Self {
            bench,
            engine,
            events,
            store,
        }
    }

    /// Takes a flow from its creation to its erasure.
    async fn play(&self) -> FlowId {
        let Self { bench, engine, .. } = self;
        engine.pause_account("example", "operator").await.unwrap();
        engine.resume_account("example", "operator").await.unwrap();
        let new = new_verification(engine);
        let reference = new.reference.clone();
        let start = StartRequest::new(new).evidence(EvidencePolicy::all());
        let id = engine.start(start).await.unwrap().id;
        // A message of no flow and one that cannot be read wait in the inbox.
        let other = engine.reference();
        for delivery in [
            message(&reference, None, "passed"),
            message(&other, Some("v9"), "passed"),
            delivery("{", SECRET),
        ] {
            engine.receive("example", &delivery).await.unwrap();
        }
        bench.vendor.becomes(&reference, "passed");
        bench.pass(engine, 2 * DAY).await;
        assert!(engine.status(id).await.unwrap().is_verified());
        assert!(engine.report(id).await.unwrap().is_some());
        let kept = engine.evidence(id).await.unwrap();
        let pieces = pin!(engine.read_evidence(id, kept[0].item).await.unwrap());
        let pieces: Vec<_> = pieces.try_collect().await.unwrap();
        assert_eq!(pieces.concat().len(), 1_500_000);
        for task in engine.operator().await.unwrap() {
            if let idv_flow::TaskTarget::Message(digest) = task.about {
                engine.resolve_message(&digest, false).await.unwrap();
            }
        }
        engine.delete(id, "privacy-desk").await.unwrap();
        bench.pass(engine, 2 * DAY).await;
        assert!(engine.receipt(id).await.unwrap().is_complete());
        assert!(self.events.load(Ordering::Relaxed) > 3);
        // Old messages and events are removed.
        bench.pass(engine, 60 * DAY).await;
        assert!(engine.verify_audit(None).await.unwrap().holds());
        id
    }

    async fn archive(&self) -> String {
        let mut blocks = pin!(self.engine.archive_audit(None).unwrap());
        let mut anchor = String::new();
        while let Some(block) = blocks.try_next().await.unwrap() {
            anchor = block.anchor();
        }
        anchor
    }
}

/// Returns the privileges of a program, and those that it needs only to purge erased flows.
fn of_program() -> (String, String) {
    let all = documented("the programs");
    let (always, purging) = all.split_once(FOR_PURGES).expect(FOR_PURGES);
    (always.to_owned(), purging.to_owned())
}

fn of_opening() -> String {
    documented("every program that opens an engine")
}

#[tokio::test]
async fn documented_privileges_name_every_table() {
    let database = Database::open().await;
    let (always, purging) = of_program();
    let texts = [of_opening(), always, purging];
    let named: BTreeSet<String> = texts
        .iter()
        .flat_map(|text| grants(text, &database.tables))
        .filter_map(|grant| grant.table)
        .collect();
    assert_eq!(named, database.tables);
}

#[tokio::test]
async fn documented_privileges_suffice_for_a_flow() {
    let database = Database::open().await;
    let (always, _) = of_program();
    let store = database
        .connect_as("program", &[of_opening(), always])
        .await;
    let program = Program::open(store, false).await;
    let id = program.play().await;
    assert!(program.engine.receipt(id).await.unwrap().is_complete());
    program.store.close().await;
}

#[tokio::test]
async fn documented_privileges_suffice_for_a_purge() {
    let database = Database::open().await;
    let (always, purging) = of_program();
    let store = database
        .connect_as("purger", &[of_opening(), always, purging])
        .await;
    let program = Program::open(store, true).await;
    let id = program.play().await;
    let unknown = program.engine.status(id).await.unwrap_err();
    assert!(matches!(unknown, FlowError::UnknownFlow(_)), "{unknown}");
    let anchor = program.archive().await;
    program.engine.confirm_archive(&anchor).await.unwrap();
    program.bench.pass(&program.engine, 2 * AFTER * DAY).await;
    let first = "SELECT MIN(number) FROM idv_blocks";
    let first: u64 = Server::shared()
        .execute(&database.url, first)
        .parse()
        .unwrap();
    assert!(first > 1, "the first block is still there");
    program.store.close().await;
}

#[tokio::test]
async fn documented_privileges_suffice_for_the_auditor() {
    let database = Database::open().await;
    let (always, _) = of_program();
    let store = database
        .connect_as("program", &[of_opening(), always])
        .await;
    let program = Program::open(store, false).await;
    let id = program.play().await;
    program.store.close().await;

    let store = database
        .connect_as("auditor", &[of_opening(), documented("the auditor")])
        .await;
    let auditor = Program::open(store, false).await;
    let report = auditor.engine.verify_audit(None).await.unwrap();
    assert!(report.holds(), "{:?}", report.findings);
    assert!(!auditor.engine.audit_of(id).await.unwrap().is_empty());
    assert_eq!(auditor.archive().await, report.anchor);
    let refused = auditor.engine.delete(id, "auditor").await;
    let refused = refused.map(drop).and(
        auditor
            .engine
            .pause_account("example", "auditor")
            .await
            .map(drop),
    );
    assert!(matches!(refused, Err(FlowError::Store(_))), "{refused:?}");
    auditor.store.close().await;
}
