//! Who asks how it stands is told: monitoring of the work, a balancer of the store, and whoever restarts programs of neither.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use http::{Method, StatusCode};
use idv_axum::Options;
use support::{Desk, Vendor, request};

async fn health(desk: &Desk, path: &str) -> (u16, String) {
    let answer = desk.ask(request(Method::GET, path, &[], "")).await;
    assert_eq!(
        (
            answer.header("content-type"),
            answer.header("cache-control")
        ),
        ("application/json", "no-store")
    );
    serde_json::from_str::<serde_json::Value>(&answer.body).unwrap();
    (answer.status.as_u16(), answer.body)
}

#[tokio::test]
async fn work_that_waits_for_too_long_is_told_to_monitoring_alone() {
    let options = Options::new().max_lag(Duration::from_secs(90));
    let desk = Desk::with(&Vendor::keyed(), true, &options).await;
    assert_eq!(
        health(&desk, "/health").await,
        (200, r#"{"status":"ok","behind_seconds":0}"#.to_owned())
    );
    // The first timer is due after a minute, and nobody works.
    desk.advance(Duration::from_secs(150)).await;
    assert_eq!(
        health(&desk, "/health").await,
        (200, r#"{"status":"ok","behind_seconds":90}"#.to_owned())
    );
    desk.advance(Duration::from_secs(1)).await;
    assert_eq!(
        health(&desk, "/health").await,
        (503, r#"{"status":"behind","behind_seconds":91}"#.to_owned())
    );
    assert_eq!(
        health(&desk, "/health/ready").await,
        (200, r#"{"status":"ok"}"#.to_owned())
    );
    desk.flow.run_due().await.unwrap();
    assert_eq!(health(&desk, "/health").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_hangs_is_told_and_is_no_reason_to_restart() {
    let desk = Desk::open(&Vendor::keyed()).await;
    desk.store.fail();
    let expected = (503, r#"{"status":"unavailable"}"#.to_owned());
    assert_eq!(health(&desk, "/health").await, expected);
    desk.store.hang();
    assert_eq!(health(&desk, "/health").await, expected);
    assert_eq!(health(&desk, "/health/ready").await, expected);
    assert_eq!(
        health(&desk, "/health/live").await,
        (200, r#"{"status":"ok"}"#.to_owned())
    );
    desk.store.recover();
    assert_eq!(health(&desk, "/health/ready").await.0, 200);
}

#[tokio::test]
async fn a_balancer_may_ask_for_the_head_alone_and_nobody_for_anything_else() {
    let desk = Desk::open(&Vendor::keyed()).await;
    for path in ["/health", "/health/ready", "/health/live"] {
        let answer = desk.ask(request(Method::HEAD, path, &[], "")).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
        assert_eq!(
            desk.ask(request(Method::POST, path, &[], "")).await.status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}
