//! Programs of different versions work on the flows of one store in turns.
//!
//! The newer program is simulated: it changes the stored state as a version of this program with
//! further members and variants would.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::PathBuf;

use idv_flow::store::{AuditStore as _, FlowStore as _, SqliteStore};
use idv_flow::{Engine, FlowError, FlowId};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use support::*;

/// A file that is removed when the test ends.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("idv-flow-{name}-{}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(&self.0);
        options.connect().await.unwrap()
    }

    /// Reads the state of a flow.
    async fn state(&self, id: FlowId) -> Value {
        let mut connection = self.connect().await;
        let (body,): (Vec<u8>,) = sqlx::query_as("SELECT body FROM idv_flows WHERE id = $1")
            .bind(&id.as_bytes()[..])
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        assert_eq!(body[0], 0, "the store has no key");
        serde_json::from_slice(&body[1..]).unwrap()
    }

    /// Changes the state of a flow as a newer program does.
    async fn newer_program(&self, id: FlowId, change: impl FnOnce(&mut Value)) {
        let mut state = self.state(id).await;
        let format = state["format"].as_u64().unwrap();
        change(&mut state);
        if state["format"] == format {
            state["format"] = json!(format + 1);
        }
        let body = [&[0], &serde_json::to_vec(&state).unwrap()[..]].concat();
        let mut connection = self.connect().await;
        for statement in [
            "UPDATE idv_flows SET body = $2 WHERE id = $1",
            "UPDATE idv_queue SET version = version + 1 WHERE flow = $1 AND $2 IS NOT NULL",
        ] {
            sqlx::query(statement)
                .bind(&id.as_bytes()[..])
                .bind(&body)
                .execute(&mut connection)
                .await
                .unwrap();
        }
        connection.close().await.unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", self.0.display()));
        }
    }
}

async fn open(bench: &Bench, file: &File) -> (SqliteStore, Engine) {
    let store = SqliteStore::open(&file.0).await.unwrap();
    let builder = Engine::builder(store.clone()).client(bench.client());
    (store, bench.open(builder).await)
}

#[tokio::test]
async fn flow_keeps_all_members_when_two_versions_change_it() {
    let bench = Bench::new(Kind::default());
    let file = File::new("turns");
    let (store, older) = open(&bench, &file).await;
    let (id, reference) = start(&older).await;
    let format = file.state(id).await["format"].as_u64().unwrap();

    file.newer_program(id, |state| {
        state["second_hold"] = json!({"until": 7, "court": {"name": "of appeal"}});
        state["retention"]["own"]["reason"] = json!("tax");
        state["polling_plan"] = json!([1, 2, 3]);
    })
    .await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&older, HOUR).await;
    assert!(older.status(id).await.unwrap().is_verified());
    assert!(older.report(id).await.unwrap().is_some());
    let kept = file.state(id).await;
    assert_eq!(kept["format"], format + 1);
    assert_eq!(kept["second_hold"]["court"]["name"], "of appeal");
    assert_eq!(kept["retention"]["own"]["reason"], "tax");
    assert_eq!(kept["polling_plan"], json!([1, 2, 3]));

    // The newer program changes its members and one that both know; then it is the older one's
    // turn.
    file.newer_program(id, |state| {
        state["second_hold"]["until"] = json!(9);
        state["format"] = json!(format + 2);
        state["crashes"] = json!(3);
    })
    .await;
    older.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&older, DAY).await;
    assert!(older.receipt(id).await.unwrap().is_complete());
    let kept = file.state(id).await;
    assert_eq!(kept["format"], format + 2);
    assert_eq!(
        kept["second_hold"],
        json!({"until": 9, "court": {"name": "of appeal"}})
    );
    assert_eq!(kept["retention"]["own"]["reason"], "tax");

    let verified = older.verify_audit(None).await.unwrap();
    assert!(verified.holds(), "{:?}", verified.findings);
    assert!(store.audit_of(id).await.unwrap().len() > 5);
    store.close().await;
}

#[tokio::test]
async fn flow_waits_when_only_a_newer_version_may_change_it() {
    let bench = Bench::new(Kind::default());
    let file = File::new("waits");
    let (store, older) = open(&bench, &file).await;
    let (id, reference) = start(&older).await;
    let (other, other_reference) = start(&older).await;
    bench.vendor.becomes(&reference, "passed");
    bench.vendor.becomes(&other_reference, "passed");
    let creation = file.state(id).await["creation"].clone();
    file.newer_program(id, |state| {
        state["creation"] = json!({"state": "scheduled", "at": 1});
    })
    .await;
    let written = store.load(id).await.unwrap().unwrap().body;
    bench.pass(&older, HOUR).await;

    assert!(older.status(other).await.unwrap().is_verified());
    assert!(matches!(older.status(id).await, Err(FlowError::Newer)));
    assert_eq!(attention(&older).await, ["newer_version"]);
    let record = store.load(id).await.unwrap().unwrap();
    assert_eq!(record.body, written, "the state is unchanged");
    // The newer program continues, and leaves a state that both understand.
    file.newer_program(id, |state| state["creation"] = creation)
        .await;
    bench.pass(&older, HOUR).await;
    assert!(older.status(id).await.unwrap().is_verified());
    assert_eq!(attention(&older).await, Vec::<&str>::new());
    store.close().await;
}
