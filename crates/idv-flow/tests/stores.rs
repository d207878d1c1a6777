//! The contract that the three stores share, and the promises of each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use idv_flow::store::contract::{EvidenceHarness, Harness, run};
use idv_flow::store::{
    EvidencePart, EvidenceStore, MemoryStore, PostgresStore, SqliteStore, Store,
};
use idv_testkit::postgres::Server;

/// A folder that is removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "idv-flow-stores-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("flows.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

mod memory {
    use super::*;

    struct Memory(MemoryStore);

    impl Harness for Memory {
        async fn open() -> Self {
            Self(MemoryStore::new())
        }

        async fn connect(&self) -> Arc<dyn Store> {
            Arc::new(self.0.clone())
        }
    }

    idv_flow::store_contract!(Memory);

    impl EvidenceHarness for Memory {
        async fn open_evidence() -> Self {
            Self(MemoryStore::new())
        }

        async fn connect_evidence(&self) -> Arc<dyn EvidenceStore> {
            Arc::new(self.0.clone())
        }
    }

    idv_flow::evidence_contract!(Memory);
}

#[cfg(feature = "object-store")]
mod objects {
    use idv_flow::store::ObjectEvidence;

    use super::*;

    struct Local(Folder);

    impl EvidenceHarness for Local {
        async fn open_evidence() -> Self {
            Self(Folder::new())
        }

        async fn connect_evidence(&self) -> Arc<dyn EvidenceStore> {
            Arc::new(ObjectEvidence::folder(self.0.0.join("evidence")).unwrap())
        }
    }

    idv_flow::evidence_contract!(Local);
}

mod sqlite {
    use idv_flow::FlowId;
    use idv_flow::store::{
        Commit, Committed, FlowStore as _, Inbox as _, Inserted, LookupKey, Message, MessageEnd,
        Phase, Record, Reports, SqliteOptions,
    };
    use jiff::Timestamp;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _};
    use std::time::Duration;

    use super::*;

    struct Sqlite(Folder);

    impl Harness for Sqlite {
        async fn open() -> Self {
            Self(Folder::new())
        }

        async fn connect(&self) -> Arc<dyn Store> {
            Arc::new(SqliteStore::open(self.0.file()).await.unwrap())
        }
    }

    idv_flow::store_contract!(Sqlite);

    impl EvidenceHarness for Sqlite {
        async fn open_evidence() -> Self {
            Self(Folder::new())
        }

        async fn connect_evidence(&self) -> Arc<dyn EvidenceStore> {
            let store = SqliteStore::open(self.0.file()).await.unwrap();
            store.migrate().await.unwrap();
            Arc::new(store)
        }
    }

    idv_flow::evidence_contract!(Sqlite);

    /// Executes a statement as another program might.
    async fn execute(path: &Path, statement: &'static str) {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .pragma("secure_delete", "ON")
            .connect()
            .await
            .unwrap();
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    fn record(body: &[u8]) -> Record {
        let mut record = Record::new(
            FlowId::from_bytes([1; 16]),
            "vendor",
            LookupKey([2; 32]),
            Timestamp::UNIX_EPOCH,
        );
        (record.phase, record.body) = (Phase::Open, body.to_vec());
        record
    }

    #[cfg(unix)]
    #[test]
    fn file_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;

        run(async {
            let folder = Folder::new();
            let store = SqliteStore::open(folder.file()).await.unwrap();
            store.migrate().await.unwrap();
            store.remember("name", b"value").await.unwrap();
            let mut files = 0;
            for file in std::fs::read_dir(&folder.0).unwrap() {
                let file = file.unwrap();
                assert_eq!(
                    file.metadata().unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{:?}",
                    file.file_name()
                );
                files += 1;
            }
            assert_eq!(files, 3, "the file, its log, and the index of that");
        });
    }

    #[test]
    fn erased_data_is_neither_in_the_file_nor_in_its_log() {
        run(async {
            let folder = Folder::new();
            let store = SqliteStore::open_with(folder.file(), &at_once())
                .await
                .unwrap();
            store.migrate().await.unwrap();
            // Longer than a page, so that some of each is on pages of its own.
            let marked = |mark: &str| mark.repeat(2_000).into_bytes();
            let (body, reports) = (
                marked("<the body of the flow>"),
                marked("<the reports of the flow>"),
            );
            store.insert(&record(&body), None, &[]).await.unwrap();
            let first = record(&body);
            let mut commit = Commit::new(&first, &[]);
            commit.reports = Reports::Put(&reports);
            assert_eq!(store.commit(&commit).await.unwrap(), Committed::Done(2));
            let now = Timestamp::UNIX_EPOCH;
            let message = Message::new(
                [3; 32],
                "vendor".to_owned(),
                now,
                marked("<the body of the message>"),
            );
            store.push(&message, now).await.unwrap();
            let part = EvidencePart::new(first.id, 1, 0);
            store
                .put_part(part, &marked("<the evidence of the flow>"))
                .await
                .unwrap();
            let marks = [
                "<the body of the flow>",
                "<the reports of the flow>",
                "<the body of the message>",
            ];
            assert_eq!(
                found(&folder.0, &marks),
                marks,
                "data that is not erased is found, so the search works"
            );
            assert_eq!(found(&folder.0, &["<the evidence of the flow>"]).len(), 1);
            store.erase_parts(first.id, None).await.unwrap();
            assert_eq!(
                found(&folder.0, &["<the evidence of the flow>"]),
                Vec::<&str>::new()
            );

            assert_eq!(store.claim_inbox(now, now, 1, &[]).await.unwrap().len(), 1);
            store
                .finish(&[3; 32], &MessageEnd::Done(now))
                .await
                .unwrap();
            assert_eq!(
                store.claim_inbox(now, now, 1, &[]).await.unwrap(),
                [],
                "the inbox is empty"
            );
            assert_eq!(found(&folder.0, &marks), marks[..2]);

            let mut erased = record(b"");
            (erased.version, erased.phase) = (2, Phase::Erased);
            let mut commit = Commit::new(&erased, &[]);
            commit.reports = Reports::Erase;
            assert_eq!(store.commit(&commit).await.unwrap(), Committed::Done(3));
            assert_eq!(found(&folder.0, &marks), Vec::<&str>::new());
        });
    }

    /// The log is emptied after each erasure.
    fn at_once() -> SqliteOptions {
        let mut options = SqliteOptions::default();
        options.log_emptied_every = Duration::ZERO;
        options
    }

    #[test]
    fn messages_are_erased_when_the_inbox_is_never_empty() {
        run(async {
            let folder = Folder::new();
            let store = SqliteStore::open_with(folder.file(), &at_once())
                .await
                .unwrap();
            store.migrate().await.unwrap();
            let now = Timestamp::UNIX_EPOCH;
            // The claim empties the log of anything that an earlier program may have erased.
            assert_eq!(store.claim_inbox(now, now, 1, &[]).await.unwrap(), []);
            for number in 0..64 {
                let message = Message::new(
                    [number; 32],
                    "vendor".to_owned(),
                    now,
                    b"<the body of a message>".to_vec(),
                );
                store.push(&message, now).await.unwrap();
            }
            assert_eq!(found(&folder.0, &["<the body of a message>"]).len(), 1);
            for number in 0..64 {
                store
                    .finish(&[number; 32], &MessageEnd::Done(now))
                    .await
                    .unwrap();
            }
            assert_eq!(
                found(&folder.0, &["<the body of a message>"]),
                Vec::<&str>::new()
            );
        });
    }

    #[test]
    fn log_is_emptied_of_data_that_an_earlier_program_erased() {
        run(async {
            let folder = Folder::new();
            let before = SqliteStore::open(folder.file()).await.unwrap();
            before.migrate().await.unwrap();
            before
                .insert(&record(b"<the body of the flow>"), None, &[])
                .await
                .unwrap();
            // By hand, since the store would empty the log at once.
            execute(&folder.file(), "UPDATE idv_flows SET body = x''").await;
            assert_eq!(found(&folder.0, &["<the body of the flow>"]).len(), 1);
            let store = SqliteStore::open(folder.file()).await.unwrap();
            let now = Timestamp::UNIX_EPOCH;
            assert_eq!(store.claim_inbox(now, now, 1, &[]).await.unwrap(), []);
            assert_eq!(
                found(&folder.0, &["<the body of the flow>"]),
                Vec::<&str>::new()
            );
        });
    }

    /// Returns the marks that are in any file of a folder.
    fn found<'a>(folder: &Path, marks: &[&'a str]) -> Vec<&'a str> {
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| std::fs::read(file.unwrap().path()).unwrap());
        let content = files.collect::<Vec<_>>().concat();
        let there = |mark: &&&str| {
            content
                .windows(mark.len())
                .any(|window| window == mark.as_bytes())
        };
        marks.iter().filter(there).copied().collect()
    }

    /// Migrates a store as a newer program would: it adds a nullable column.
    async fn migrate_further(file: &Path, oldest_program: i64) {
        for statement in [
            "ALTER TABLE idv_flows ADD COLUMN colour TEXT",
            "INSERT INTO idv_migrations (version, description, success, checksum, execution_time) \
             VALUES (99999, 'colours', TRUE, x'00', 0)",
        ] {
            execute(file, statement).await;
        }
        if oldest_program == 99_999 {
            execute(file, "UPDATE idv_schema SET oldest_program = 99999").await;
        }
    }

    #[test]
    fn file_of_a_newer_program_is_used_when_it_allows_this_one() {
        run(async {
            let folder = Folder::new();
            let newer = SqliteStore::open(folder.file()).await.unwrap();
            newer.migrate().await.unwrap();
            newer.insert(&record(b"before"), None, &[]).await.unwrap();
            migrate_further(&folder.file(), 6).await;
            execute(&folder.file(), "UPDATE idv_flows SET colour = 'blue'").await;
            newer.close().await;

            let store = SqliteStore::open(folder.file()).await.unwrap();
            store.migrate().await.unwrap();
            assert_eq!(
                store.load(record(b"").id).await.unwrap(),
                Some(record(b"before"))
            );
            let committed = store.commit(&Commit::new(&record(b"after"), &[])).await;
            assert_eq!(committed.unwrap(), Committed::Done(2));
            let mut other = record(b"other");
            (other.id, other.reference) = (FlowId::from_bytes([9; 16]), LookupKey([9; 32]));
            assert_eq!(
                store.insert(&other, None, &[]).await.unwrap(),
                Inserted::New
            );
            let statement = "SELECT colour FROM idv_flows ORDER BY id";
            let mut connection = SqliteConnectOptions::new()
                .filename(folder.file())
                .connect()
                .await
                .unwrap();
            let colours: Vec<(Option<String>,)> = sqlx::query_as(statement)
                .fetch_all(&mut connection)
                .await
                .unwrap();
            assert_eq!(colours, [(Some("blue".to_owned()),), (None,)]);
        });
    }

    #[test]
    fn file_is_refused_when_it_needs_a_newer_program() {
        run(async {
            let folder = Folder::new();
            let store = SqliteStore::open(folder.file()).await.unwrap();
            store.migrate().await.unwrap();
            migrate_further(&folder.file(), 99_999).await;
            let error = store.migrate().await.unwrap_err();
            assert_needs_newer(&error);
            execute(&folder.file(), "UPDATE idv_schema SET oldest_program = 6").await;
            store.migrate().await.expect("a refusal holds no lock");
            execute(&folder.file(), "UPDATE idv_migrations SET checksum = x'00'").await;
            let error = store.migrate().await.unwrap_err();
            assert!(error.to_string().contains("changed by hand"), "{error}");
        });
    }

    #[test]
    fn second_migration_changes_nothing() {
        run(async {
            let folder = Folder::new();
            let store = SqliteStore::open(folder.file()).await.unwrap();
            store.migrate().await.unwrap();
            let mut connection = SqliteConnectOptions::new()
                .filename(folder.file())
                .connect()
                .await
                .unwrap();
            let mut version = async || -> (i64, i64) {
                let statement = "SELECT (SELECT count(*) FROM idv_migrations), schema_version FROM pragma_schema_version";
                sqlx::query_as(statement)
                    .fetch_one(&mut connection)
                    .await
                    .unwrap()
            };
            let before = version().await;
            assert_eq!(before.0, 6);
            store.migrate().await.unwrap();
            assert_eq!(version().await, before);
        });
    }

    #[test]
    fn new_file_is_opened_by_concurrent_programs() {
        run(async {
            for _ in 0..10 {
                let folder = Folder::new();
                let opened = (0..8).map(|_| {
                    let file = folder.file();
                    tokio::spawn(async move {
                        let store = SqliteStore::open(file).await.unwrap();
                        store.migrate().await.unwrap();
                        store.remember("name", b"value").await.unwrap()
                    })
                });
                for value in opened.collect::<Vec<_>>() {
                    assert_eq!(value.await.unwrap(), b"value");
                }
            }
        });
    }

    #[test]
    fn error_of_an_unreadable_file_hides_its_path() {
        run(async {
            let folder = Folder::new();
            let error = SqliteStore::open(folder.0.join("missing/flows.db"))
                .await
                .unwrap_err();
            assert!(!told(&error).contains("missing"), "{error:?}");
            std::fs::write(
                folder.file(),
                "not a database, but long enough to be read as one".repeat(99),
            )
            .unwrap();
            let error = SqliteStore::open(folder.file()).await.unwrap_err();
            assert!(told(&error).contains("code 26"), "{error:?}");
        });
    }
}

mod postgres {
    use futures_util::FutureExt as _;
    use idv_core::Secret;
    use idv_flow::FlowId;
    use idv_flow::audit::AuditEntry;
    use idv_flow::store::{
        Commit, Committed, FlowStore as _, Inbox as _, Inserted, LookupKey, Message,
        PostgresOptions, Record,
    };
    use jiff::Timestamp;
    use sqlx::{Connection as _, PgConnection};

    use super::*;

    struct Postgres {
        url: Secret,
    }

    impl Harness for Postgres {
        async fn open() -> Self {
            Self {
                url: Secret::new(Server::shared().database()),
            }
        }

        async fn connect(&self) -> Arc<dyn Store> {
            Arc::new(self.store().await)
        }
    }

    impl Postgres {
        async fn store(&self) -> PostgresStore {
            let mut options = PostgresOptions::default();
            options.connections = 4;
            PostgresStore::connect_with(&self.url, &options)
                .await
                .unwrap()
        }

        /// Executes statements as another program might.
        fn execute(&self, statements: &str) -> String {
            Server::shared().execute(self.url.expose(), statements)
        }
    }

    idv_flow::store_contract!(Postgres);

    impl EvidenceHarness for Postgres {
        async fn open_evidence() -> Self {
            Self::open().await
        }

        async fn connect_evidence(&self) -> Arc<dyn EvidenceStore> {
            let store = self.store().await;
            store.migrate().await.unwrap();
            Arc::new(store)
        }
    }

    idv_flow::evidence_contract!(Postgres);

    fn record(number: u8) -> Record {
        let id = FlowId::from_bytes([number; 16]);
        Record::new(id, "vendor", LookupKey([number; 32]), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn database_of_a_newer_program_is_used_when_it_allows_this_one() {
        run(async {
            let harness = Postgres::open().await;
            let newer = harness.store().await;
            newer.migrate().await.unwrap();
            newer.insert(&record(1), None, &[]).await.unwrap();
            harness.execute(
                "ALTER TABLE idv_flows ADD COLUMN colour TEXT; UPDATE idv_flows SET colour = 'blue'; \
                 INSERT INTO idv_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99999, 'colours', TRUE, '', 0)",
            );
            let store = harness.store().await;
            store.migrate().await.unwrap();
            let committed = store.commit(&Commit::new(&record(1), &[])).await;
            assert_eq!(committed.unwrap(), Committed::Done(2));
            let inserted = store.insert(&record(2), None, &[]).await;
            assert_eq!(inserted.unwrap(), Inserted::New);
            let colours =
                "SELECT string_agg(coalesce(colour, 'none'), ',' ORDER BY id) FROM idv_flows";
            assert_eq!(harness.execute(colours), "blue,none");
        });
    }

    #[test]
    fn database_is_refused_when_it_needs_a_newer_program() {
        run(async {
            let harness = Postgres::open().await;
            let store = harness.store().await;
            store.migrate().await.unwrap();
            store.migrate().await.unwrap();
            assert_eq!(harness.execute("SELECT count(*) FROM idv_migrations"), "7");
            harness.execute("UPDATE idv_schema SET oldest_program = 99999");
            let error = store.migrate().await.unwrap_err();
            assert_needs_newer(&error);
            harness.execute("UPDATE idv_schema SET oldest_program = 6");
            store.migrate().await.expect("a refusal holds no lock");
            harness.execute("UPDATE idv_migrations SET checksum = ''");
            let error = store.migrate().await.unwrap_err();
            assert!(error.to_string().contains("changed by hand"), "{error}");
        });
    }

    #[test]
    fn key_is_refused_when_its_flow_is_purged_meanwhile() {
        run(async {
            let harness = Postgres::open().await;
            let store = harness.store().await;
            store.migrate().await.unwrap();
            store.insert(&record(1), None, &[]).await.unwrap();
            let mut purge = PgConnection::connect(harness.url.expose()).await.unwrap();
            for statement in [
                "BEGIN",
                "DELETE FROM idv_flows",
                "DELETE FROM idv_queue",
                "INSERT INTO idv_purged (key, flow) VALUES (decode(repeat('01', 32), 'hex'), decode(repeat('01', 16), 'hex'))",
            ] {
                sqlx::query(statement).execute(&mut purge).await.unwrap();
            }
            let second = Record {
                reference: record(1).reference,
                ..record(2)
            };
            let insert = tokio::spawn({
                let (store, second) = (store.clone(), second.clone());
                async move { store.insert(&second, None, &[]).await }
            });
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                           AND datname = current_database()";
            while harness.execute(waiting) == "0" {
                tokio::task::yield_now().await;
            }
            sqlx::query("COMMIT").execute(&mut purge).await.unwrap();
            let error = insert.await.unwrap().unwrap_err();
            assert!(told(&error).contains("code 23505"), "{error:?}");
            assert_eq!(store.load(second.id).await.unwrap(), None);
            let again = store.insert(&second, None, &[]).await.unwrap();
            assert_eq!(again, Inserted::Purged(record(1).id));
        });
    }

    #[test]
    fn tables_have_the_prefix_of_the_store() {
        run(async {
            let harness = Postgres::open().await;
            harness.store().await.migrate().await.unwrap();
            let others = "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace \
                          WHERE nspname = 'public' AND relname NOT LIKE 'idv\\_%'";
            assert_eq!(harness.execute(others), "0");
        });
    }

    #[test]
    fn failure_hides_stored_data() {
        run(async {
            let harness = Postgres::open().await;
            let store = harness.store().await;
            let id = FlowId::from_bytes([0x5A; 16]);
            let mut record =
                Record::new(id, "vendor", LookupKey([0x5B; 32]), Timestamp::UNIX_EPOCH);
            record.body = vec![0x5C; 8];
            let error = store.insert(&record, None, &[]).await.unwrap_err();
            assert!(
                told(&error).contains("code 42P01"),
                "there are no tables yet: {error:?}"
            );
            store.migrate().await.unwrap();
            let entry = |event: &str| AuditEntry {
                flow: id,
                number: 1,
                at: Timestamp::UNIX_EPOCH,
                event: event.to_owned(),
                previous: [0x5D; 32],
                hash: [0; 32],
            };
            store.insert(&record, None, &[entry("{}")]).await.unwrap();

            // PostgreSQL quotes the existing row in the details of this error.
            let error = store
                .commit(&Commit::new(&record, &[entry("{}")]))
                .await
                .unwrap_err();
            assert!(told(&error).contains("idv_audit_pkey"), "{error:?}");
            for part in ["5a5a", "5b5b", "5c5c", "5d5d", "90, 90"] {
                assert!(!told(&error).contains(part), "{error:?}");
            }
            // It quotes this text, which no column can hold, in the message of the error.
            let error = store
                .commit(&Commit::new(&record, &[entry("a\0b")]))
                .await
                .unwrap_err();
            assert!(told(&error).contains("code 22021"), "{error:?}");
        });
    }

    #[test]
    fn store_continues_after_a_restart_of_the_server() {
        run(async {
            let mut server = Server::start();
            let url = Secret::new(server.database());
            let store = PostgresStore::connect(&url).await.unwrap();
            store.migrate().await.unwrap();
            store.insert(&record(1), None, &[]).await.unwrap();
            assert!(store.load(record(1).id).await.unwrap().is_some());
            server.crash();
            server.restart();
            assert!(
                store.load(record(1).id).await.unwrap().is_some(),
                "a read is repeated"
            );
            store
                .insert(&record(2), None, &[])
                .await
                .expect_err("the connection broke, perhaps after the insertion");
            store.insert(&record(2), None, &[]).await.unwrap();
            store.close().await;
            store.load(record(1).id).await.unwrap_err();
        });
    }

    #[test]
    fn worker_receives_a_hint_of_a_message() {
        run(async {
            let harness = Postgres::open().await;
            let (worker, server) = (harness.store().await, harness.store().await);
            worker.migrate().await.unwrap();
            worker.hint().await;
            assert!(
                worker.hint().now_or_never().is_none(),
                "no work was announced since it began to listen"
            );
            let message = Message::new(
                [1; 32],
                "vendor".to_owned(),
                Timestamp::UNIX_EPOCH,
                Vec::new(),
            );
            server.push(&message, Timestamp::UNIX_EPOCH).await.unwrap();
            worker.hint().await;
        });
    }

    #[test]
    fn error_of_a_missing_server_hides_its_address() {
        run(async {
            let mut options = PostgresOptions::default();
            options.wait = std::time::Duration::from_millis(1);
            for url in [
                "postgres://user:hunter2@127.0.0.1:1/idv",
                "postgres://user:hunter2@[",
                "hunter2",
            ] {
                let error = PostgresStore::connect_with(&Secret::new(url), &options)
                    .await
                    .unwrap_err();
                assert!(!told(&error).contains("hunter2"), "{error:?}");
                assert!(std::error::Error::source(&error).is_some(), "{error:?}");
            }
        });
    }
}

/// Fails unless an error says which program the tables need.
fn assert_needs_newer(error: &idv_flow::store::StoreError) {
    let told = told(error);
    assert!(told.contains("newer version of this program"), "{told}");
    assert!(told.contains("migration 99999 or later"), "{told}");
    let (_, last) = told.rsplit_once("ends at migration ").unwrap();
    assert!(
        ["6", "7"].iter().any(|number| last.starts_with(number)),
        "{told}"
    );
}

/// Returns everything that an error prints.
fn told(error: &idv_flow::store::StoreError) -> String {
    let mut told = format!("{error:?}");
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        told = format!("{told} {error}");
        next = error.source();
    }
    told
}
