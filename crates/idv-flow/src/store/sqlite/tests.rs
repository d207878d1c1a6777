//! Tests of the parts that no contract can see.

use jiff::Timestamp;

use super::connector::PAGE;
use super::*;
use crate::audit::AuditBlock;
use crate::id::FlowId;
use crate::store::{AuditStore as _, Commit, Committed, FlowStore as _, LookupKey, Record};

/// A file in a folder that is removed in the end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("idv-flow-{name}-{}", std::process::id()));
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
    log / u64::from(PAGE)
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
