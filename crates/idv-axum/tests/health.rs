//! Health checks: lag concerns monitoring, the store a load balancer, and neither a process
//! supervisor.

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
async fn lag_fails_health_but_not_readiness() {
    let options = Options::new().max_lag(Duration::from_secs(90));
    let desk = Desk::with(&Vendor::keyed(), true, &options).await;
    assert_eq!(
        health(&desk, "/health").await,
        (200, r#"{"status":"ok","behind_seconds":0}"#.to_owned())
    );
    // The first timer is due after a minute, and no worker runs.
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
async fn failing_store_fails_readiness_but_not_liveness() {
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
async fn health_accepts_get_and_head_only() {
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
