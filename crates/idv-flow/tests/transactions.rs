//! Starts of flows in a transaction of the application.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use idv_flow::store::{ApplicationTransaction, PostgresStore, SqliteStore, Store};
use idv_flow::{Engine, StartRequest};
use idv_testkit::postgres::Server;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use support::*;

async fn engine(bench: &Bench, store: impl Store) -> Engine {
    let builder = Engine::builder(store)
        .client(bench.client())
        .clock_tolerance(std::time::Duration::MAX);
    builder
        .clock(Arc::new(bench.clock.clone()))
        .open()
        .await
        .unwrap()
}

/// Submits a flow with a key in a transaction.
async fn submit(
    engine: &Engine,
    transaction: &mut impl ApplicationTransaction,
    key: &str,
) -> idv_flow::StartResponse {
    engine
        .submit_in(
            transaction,
            StartRequest::new(new_verification(engine)).key(key),
        )
        .await
        .unwrap()
}

/// Checks an engine whose application has rolled "first" back and committed "second".
async fn is_as_committed(bench: &Bench, engine: &Engine, second: &idv_flow::StartResponse) {
    assert!(engine.find_by_key(None, "first").await.unwrap().is_none());
    assert!(second.hand_off.is_none());
    engine.run_due().await.unwrap();
    let status = engine.find_by_key(None, "second").await.unwrap().unwrap();
    assert!(status.id == second.id && status.hand_off.is_some());
    assert_eq!(
        engine.wait_for_hand_off(second.id).await.unwrap(),
        status.hand_off.unwrap()
    );
    assert_eq!(bench.vendor.calls("create"), 1);
    assert!(engine.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn flow_starts_with_sqlite_transaction() {
    let bench = Bench::new(Kind::default());
    let folder = std::env::temp_dir().join(format!("idv-transactions-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("flows.db");
    let store = SqliteStore::open(&file).await.unwrap();
    let engine = engine(&bench, store.clone()).await;
    let mut connection = SqliteConnectOptions::new()
        .filename(&file)
        .connect()
        .await
        .unwrap();
    let mut transaction = connection.begin().await.unwrap();
    submit(&engine, &mut *transaction, "first").await;
    transaction.rollback().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let second = submit(&engine, &mut *transaction, "second").await;
    let again = submit(&engine, &mut *transaction, "second").await;
    assert_eq!((again.id, again.already_existed), (second.id, true));
    assert!(
        engine.status(second.id).await.is_err(),
        "the transaction is not committed yet"
    );
    transaction.commit().await.unwrap();
    is_as_committed(&bench, &engine, &second).await;
    store.close().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn flow_starts_with_postgres_transaction() {
    let bench = Bench::new(Kind::default());
    let url = Server::shared().database();
    let store = PostgresStore::connect(&url.as_str().into()).await.unwrap();
    let engine = engine(&bench, store.clone()).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    submit(&engine, &mut *transaction, "first").await;
    transaction.rollback().await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let second = submit(&engine, &mut *transaction, "second").await;
    let again = submit(&engine, &mut *transaction, "second").await;
    assert_eq!((again.id, again.already_existed), (second.id, true));
    transaction.commit().await.unwrap();
    is_as_committed(&bench, &engine, &second).await;
    store.close().await;
}
