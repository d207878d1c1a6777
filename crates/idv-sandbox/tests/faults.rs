//! Every fault from the client's point of view, and its effect at the vendor.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use idv_sandbox::{Fault, FaultKind};
use serde_json::json;
use support::{JSON, KEY, Receiver, Reply, World, send};

const START: &str = "/api/v1/ihrebank/identifications/T-1/start";

/// Sends a start request while a fault is planned.
async fn start(world: &World, fault: FaultKind) -> io::Result<Reply> {
    world.sandbox.plan(Fault::new(fault));
    send(&world.base, "POST", START, &[KEY, JSON], "{}").await
}

fn created(world: &World) -> usize {
    world.sandbox.idnow().identifications()
}

/// Returns the status and the fault of the latest recorded request.
fn recorded(world: &World) -> (u16, Option<String>) {
    let last = world.sandbox.requests().pop().unwrap();
    assert_eq!(
        (last.vendor, last.method.as_str(), last.path.as_str()),
        ("idnow", "POST", START)
    );
    (last.status, last.fault)
}

#[tokio::test]
async fn refused_connection_is_reset_without_effect() {
    let world = World::start().await;
    assert_eq!(
        start(&world, FaultKind::Refuse).await.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(
        (created(&world), recorded(&world)),
        (0, (0, Some("refuse".to_owned())))
    );
}

#[tokio::test]
async fn cut_before_effect_has_no_effect() {
    let world = World::start().await;
    assert_eq!(
        start(&world, FaultKind::CutBefore)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(
        (created(&world), recorded(&world)),
        (0, (0, Some("cut_before".to_owned())))
    );
}

#[tokio::test]
async fn cut_after_effect_has_effect() {
    let world = World::start().await;
    assert_eq!(
        start(&world, FaultKind::CutAfter).await.unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(
        (created(&world), recorded(&world)),
        (1, (0, Some("cut_after".to_owned())))
    );
    assert_eq!(
        world.create("T-1", "{}").await.status,
        200,
        "the repetition finds it"
    );
}

#[tokio::test]
async fn delayed_response_is_complete_but_late() {
    let world = World::start().await;
    let began = Instant::now();
    assert_eq!(
        start(&world, FaultKind::Delay(60)).await.unwrap().status,
        201
    );
    assert!(began.elapsed() >= Duration::from_millis(60));
    assert_eq!(
        (created(&world), recorded(&world)),
        (1, (201, Some("delay".to_owned())))
    );
}

#[tokio::test]
async fn dripping_response_is_complete_but_slow() {
    let world = World::start().await;
    let began = Instant::now();
    let reply = start(&world, FaultKind::Drip(5)).await.unwrap();
    assert_eq!(reply.status, 201);
    assert!(reply.json()["id"].is_string());
    // One byte at a time, for a response of eighteen bytes.
    assert!(began.elapsed() >= Duration::from_millis(18 * 5));
}

#[tokio::test]
async fn status_fault_has_no_effect() {
    for (code, retry_after) in [
        (429, Some("7")),
        (429, None),
        (500, None),
        (503, Some("Wed, 21 Oct 2026 07:28:00 GMT")),
        (408, None),
    ] {
        let world = World::start().await;
        let fault = FaultKind::Status {
            code,
            retry_after: retry_after.map(str::to_owned),
        };
        let reply = start(&world, fault).await.unwrap();
        assert_eq!(
            (reply.status, reply.header("retry-after")),
            (code, retry_after)
        );
        assert_eq!(
            (created(&world), recorded(&world)),
            (0, (code, Some("status".to_owned())))
        );
    }
}

#[tokio::test]
async fn html_fault_is_not_json() {
    let world = World::start().await;
    let reply = start(&world, FaultKind::Html).await.unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (502, Some("text/html; charset=utf-8"))
    );
    assert!(
        reply.text().starts_with("<!DOCTYPE html>"),
        "{}",
        reply.text()
    );
    assert_eq!(created(&world), 0);
}

#[tokio::test]
async fn truncated_response_is_shorter_than_announced() {
    let world = World::start().await;
    assert_eq!(
        start(&world, FaultKind::Truncated)
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(created(&world), 1, "the vendor acted");
}

#[tokio::test]
async fn wrong_type_response_is_still_json() {
    let world = World::start().await;
    let reply = start(&world, FaultKind::WrongType).await.unwrap();
    assert_eq!((reply.status, reply.json()), (201, json!([7])));
    assert_eq!(created(&world), 1);
}

#[tokio::test]
async fn oversize_response_is_padded_but_valid() {
    let world = World::start().await;
    let reply = start(&world, FaultKind::Oversize(3_000_000)).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (201, 3_000_000));
    assert!(reply.json()["id"].is_string());
}

#[tokio::test]
async fn fault_strikes_matching_requests_as_planned() {
    let world = World::start().await;
    let mut fault = Fault::new(FaultKind::Html).at("/login").after(1).times(2);
    fault.method = Some("POST".to_owned());
    world.sandbox.plan(fault);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let key = r#"{"apiKey":"exampleApiKey"}"#;
        statuses.push(
            world
                .send("POST", "/api/v1/ihrebank/login", &[JSON], key)
                .await
                .status,
        );
        assert_eq!(
            world.send("GET", "/system_check", &[], "").await.status,
            200,
            "another path"
        );
        assert_eq!(
            world
                .send("GET", "/api/v1/ihrebank/login", &[], "")
                .await
                .status,
            404,
            "another method"
        );
    }
    assert_eq!(statuses, [200, 502, 502, 200]);
}

#[tokio::test]
async fn faults_strike_in_planned_order() {
    let world = World::start().await;
    for code in [500, 503] {
        world.sandbox.plan(Fault::new(FaultKind::Status {
            code,
            retry_after: None,
        }));
    }
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(world.send("GET", "/system_check", &[], "").await.status);
    }
    assert_eq!(statuses, [500, 503, 200]);
}

#[tokio::test]
async fn control_plane_manages_faults() {
    let world = World::start().await;
    let fault = json!({
        "path": "/start", "method": "POST", "count": 3, "skip": 1, "kind": { "status": { "code": 429, "retry_after": "1" } }
    });
    assert_eq!(
        world
            .control("POST", "faults", &fault.to_string())
            .await
            .status,
        200
    );
    assert_eq!(
        world
            .control("POST", "faults", r#"{"kind":"cut_after"}"#)
            .await
            .status,
        200
    );
    let planned = world.control("GET", "faults", "").await.json();
    assert_eq!(planned[0], fault);
    assert_eq!(planned[1]["kind"], "cut_after");
    assert_eq!(world.control("DELETE", "faults", "").await.status, 200);
    assert_eq!(world.control("GET", "faults", "").await.json(), json!([]));
    assert_eq!(world.create("T-1", "{}").await.status, 201);
}

#[tokio::test]
async fn every_kind_of_fault_can_be_planned_by_its_name() {
    let world = World::start().await;
    let kinds = json!([
        "refuse", "cut_before", "cut_after", { "delay": 1 }, { "drip": 1 }, { "status": { "code": 500 } }, "html", "truncated",
        "wrong_type", { "oversize": 1 }, "callback_lost", { "callback_late": 1 }, "callback_duplicated", "callback_reordered"
    ]);
    for kind in kinds.as_array().unwrap() {
        let reply = world
            .control("POST", "faults", &json!({ "kind": kind }).to_string())
            .await;
        assert_eq!(reply.status, 200, "{kind}: {}", reply.text());
    }
    assert_eq!(
        world
            .control("GET", "faults", "")
            .await
            .json()
            .as_array()
            .map(Vec::len),
        Some(14)
    );
    for wrong in [
        json!({}),
        json!({ "kind": "earthquake" }),
        json!({ "kind": "refuse", "often": 1 }),
    ] {
        assert_eq!(
            world
                .control("POST", "faults", &wrong.to_string())
                .await
                .status,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn hostile_response_has_the_requested_length() {
    let world = World::start().await;
    let reply = start(&world, FaultKind::Hostile(300_001)).await.unwrap();
    assert_eq!(
        (created(&world), recorded(&world)),
        (1, (201, Some("hostile".to_owned())))
    );
    assert_eq!((reply.status, reply.body.len()), (201, 300_001));
    assert_eq!(reply.json().as_array().unwrap().len(), 150_000);
}

#[tokio::test]
async fn nested_response_is_nested_arrays() {
    let world = World::start().await;
    let reply = start(&world, FaultKind::Nested(200_000)).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (201, 200_000));
    let (opening, closing) = reply.body.split_at(100_000);
    assert!(opening.iter().all(|byte| *byte == b'[') && closing.iter().all(|byte| *byte == b']'));
}

#[tokio::test]
async fn failure_inside_success_has_vendors_form() {
    let world = World::start().await;
    let reply = start(&world, FaultKind::StatusInside(401)).await.unwrap();
    assert_eq!(
        (created(&world), recorded(&world)),
        (0, (200, Some("status_inside".to_owned())))
    );
    assert_eq!(
        (reply.status, reply.json()),
        (
            200,
            json!({ "errors": [{ "cause": "INVALID_LOGIN_TOKEN" }] })
        )
    );
    let sandbox = &world.sandbox;
    for vendor in sandbox.vendors() {
        sandbox.plan(Fault::new(FaultKind::StatusInside(401)));
        let reply = send(&vendor.base_url(), "GET", "/any", &[], "")
            .await
            .unwrap();
        let expected = match vendor.id() {
            "identify24" => {
                json!({ "result": false, "response_status": 401, "messages": ["Token expired"] })
            }
            "identity-tm" => json!({ "Error": "Token expired" }),
            "cm-id-scan" => json!({ "message": "Token expired" }),
            _ => continue,
        };
        assert_eq!(
            (reply.status, reply.json()),
            (200, expected),
            "{}",
            vendor.id()
        );
    }
}

#[tokio::test]
async fn faults_change_bodies_of_callbacks() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let url = receiver.url.clone();
    world
        .sandbox
        .idnow()
        .configure(|account| account.callback_url = Some(url))
        .unwrap();
    for kind in [
        FaultKind::CallbackHostile(1001),
        FaultKind::CallbackNested(100),
        FaultKind::CallbackOversize(9000),
    ] {
        world.sandbox.plan(Fault::new(kind));
    }
    world.finish("T-1", "happy").await;
    world.finish("T-2", "happy").await;
    let received = receiver.received();
    assert_eq!(received[0].body, json!(vec![0; 500]));
    assert!(
        received[0].head.contains("content-length: 1001"),
        "{}",
        received[0].head
    );
    assert_eq!(
        received[1].body.to_string(),
        format!("{}{}", "[".repeat(50), "]".repeat(50))
    );
    assert!(
        received[2].head.contains("content-length: 9000"),
        "{}",
        received[2].head
    );
    assert_eq!(
        received[2].result(),
        "REVIEW_PENDING",
        "the body is padded and readable"
    );
    assert_eq!(received[3].result(), "SUCCESS");
}
