//! CM.com ID Scan: registration, contents and retries of webhooks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod cm_id_scan;
mod support;

use cm_id_scan::{Cm, SECOND, assert_refused, body, keys};
use serde_json::{Value, json};
use support::{Receiver, Reply};

async fn register(cm: &Cm, body: &Value) -> Reply {
    cm.call("POST", "webhooks", &body.to_string()).await
}

#[tokio::test]
async fn webhook_registration_matches_the_sample() {
    let cm = Cm::start().await;
    let plain = register(&cm, &json!({ "url": "https://bank.example/hook" })).await;
    assert_eq!(plain.status, 201, "{}", plain.text());
    let plain = plain.json();
    assert_eq!(
        keys(&plain),
        ["id", "url", "events", "headers", "updatedAt", "createdAt"]
    );
    assert_eq!(
        plain["events"],
        json!(["transaction.state.updated", "task.state.updated"]),
        "both by default"
    );
    assert_eq!(
        (&plain["headers"], &plain["createdAt"]),
        (&json!(null), &json!("2026-01-01T00:00:00+00:00"))
    );
    let full = json!({
        "url": "http://127.0.0.1:1/hook", "events": ["task.state.updated"], "headers": { "My-Custom-Header": "x" },
    });
    let answer = register(&cm, &full).await.json();
    for name in keys(&full) {
        assert_eq!(answer[name], full[name]);
    }
    assert_eq!(
        cm.control("GET", "webhooks", "").await.json(),
        json!([plain, answer])
    );
}

#[tokio::test]
async fn each_part_of_a_registration_is_checked() {
    let cm = Cm::start().await;
    let url = "https://bank.example/hook";
    for (body, about) in [
        (json!({}), "url"),
        (json!({ "url": "http://bank.example/hook" }), "url"),
        (json!({ "url": "bank.example" }), "url"),
        (json!({ "url": 1 }), "url"),
        (json!({ "url": url, "events": [] }), "events"),
        (
            json!({ "url": url, "events": ["transaction.created"] }),
            "events",
        ),
        (
            json!({ "url": url, "events": "task.state.updated" }),
            "events",
        ),
        (json!({ "url": url, "headers": ["X: y"] }), "headers"),
        (
            json!({ "url": url, "headers": { "X y": "z" } }),
            "headers.X y",
        ),
        (json!({ "url": url, "headers": { "X": 1 } }), "headers.X"),
        (
            json!({ "url": url, "headers": { "X": "a\r\nY: b" } }),
            "headers.X",
        ),
        (
            json!({ "url": url, "headers": { "Content-Length": "0" } }),
            "headers.Content-Length",
        ),
    ] {
        assert_refused(&register(&cm, &body).await, 400, about);
    }
    assert_eq!(cm.control("GET", "webhooks", "").await.json(), json!([]));
}

#[tokio::test]
async fn events_go_to_subscribed_webhooks_with_headers() {
    let cm = Cm::start().await;
    let (both, transactions, others) = (
        Receiver::start().await,
        Receiver::start().await,
        Receiver::start().await,
    );
    register(
        &cm,
        &json!({ "url": both.url, "headers": { "X-Idv-Secret": "between-us" } }),
    )
    .await;
    register(
        &cm,
        &json!({ "url": transactions.url, "events": ["transaction.state.updated"] }),
    )
    .await;
    cm.call_as(
        SECOND,
        "POST",
        "webhooks",
        &json!({ "url": others.url }).to_string(),
    )
    .await;
    let (id, result) = cm.finished(&body(), "happy").await;
    let received = both.received();
    for hook in &received {
        assert!(
            hook.head.starts_with("post /callback http/1.1"),
            "{}",
            hook.head
        );
        assert!(
            hook.head.contains("content-type: application/json"),
            "{}",
            hook.head
        );
        assert!(
            hook.head.contains("x-idv-secret: between-us"),
            "{}",
            hook.head
        );
        assert_eq!(hook.body["transaction"]["id"], json!(id));
    }
    let tasks: Vec<_> = received
        .iter()
        .filter(|hook| hook.body["type"] == "task.state.updated")
        .map(|hook| &hook.body)
        .collect();
    let done: Vec<_> = tasks
        .iter()
        .map(|body| body["task"]["type"].as_str().unwrap())
        .collect();
    assert_eq!(done, ["document_scan", "face_liveness", "face_match"]);
    assert!(
        tasks.iter().all(|body| body["task"]["state"] == "completed"
            && body["transaction"]["state"] == "pending")
    );
    let last = &received.last().unwrap().body;
    assert_eq!(keys(last), ["id", "type", "created", "transaction"]);
    assert_eq!(last["type"], "transaction.state.updated");
    assert_eq!(
        last["transaction"],
        json!({ "id": id, "state": "completed", "resultId": result })
    );
    assert!(last["created"].as_str().unwrap().ends_with("+00:00"));
    let mut ids: Vec<_> = received
        .iter()
        .map(|hook| hook.body["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), received.len(), "each event has its own id");
    let other = transactions.received();
    assert_eq!(other.len(), 1);
    assert_eq!(&other[0].body, last, "the same event, by the same id");
    assert!(!other[0].head.contains("x-idv-secret"));
    assert!(others.received().is_empty(), "another account's");
}

#[tokio::test]
async fn event_is_retried_with_growing_delay_until_2xx() {
    let (cm, hooks) = (Cm::start().await, Receiver::start().await);
    register(
        &cm,
        &json!({ "url": hooks.url, "events": ["transaction.state.updated"] }),
    )
    .await;
    hooks.will_answer([500, 404, 302, 0, 503, 400, 500]);
    cm.finished(&body(), "happy").await;
    let mut tries = Vec::new();
    for minutes in [1, 5, 15, 60, 360, 1440] {
        cm.seconds(minutes * 60 - 1).await;
        tries.push(hooks.received().len());
        cm.seconds(1).await;
    }
    tries.push(hooks.received().len());
    assert_eq!(tries, [1, 2, 3, 4, 5, 6, 7]);
    cm.seconds(30 * 24 * 3600).await;
    assert_eq!(hooks.received().len(), 7);
    assert_eq!(cm.sandbox.callbacks()[0].state, "given_up");
    let bodies: Vec<_> = hooks.received().into_iter().map(|hook| hook.body).collect();
    assert!(
        bodies.windows(2).all(|pair| pair[0] == pair[1]),
        "it is the same event"
    );
    hooks.will_answer([500, 204]);
    cm.finished(&body(), "happy").await;
    cm.seconds(3600).await;
    assert_eq!(
        (hooks.received().len(), cm.sandbox.callbacks()[1].state),
        (9, "delivered")
    );
}

#[tokio::test]
async fn foreign_and_deleted_webhooks_receive_nothing() {
    let (cm, hooks) = (Cm::start().await, Receiver::start().await);
    register(
        &cm,
        &json!({ "url": "https://bank.example/hook", "events": ["transaction.state.updated"] }),
    )
    .await;
    cm.finished(&body(), "happy").await;
    assert_eq!(cm.sandbox.callbacks()[0].state, "lost");
    register(&cm, &json!({ "url": hooks.url })).await;
    assert_eq!(cm.control("DELETE", "webhooks", "").await.status, 200);
    cm.finished(&body(), "happy").await;
    assert!(hooks.received().is_empty());
}
