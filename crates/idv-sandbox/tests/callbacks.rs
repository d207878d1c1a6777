//! Callbacks (chapter 14): occasions, contents and retries.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::iter::repeat_n;

use idv_sandbox::{CallbackKind, Fault, FaultKind};
use jiff::Timestamp;
use serde_json::{Value, json};
use support::{Receiver, World};

const DAY: u64 = 24 * 3600;

/// A sandbox whose callbacks go to a receiver.
async fn world() -> (World, Receiver) {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    world
        .sandbox
        .idnow()
        .configure(|account| account.callback_url = Some(receiver.url.clone()))
        .unwrap();
    (world, receiver)
}

/// Returns the attempts at a callback: seconds after the first one, and status of the reply.
fn attempts(world: &World, callback: usize) -> Vec<(i64, u16)> {
    let attempts = world.sandbox.callbacks()[callback].attempts.clone();
    let time = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
    let first = time(&attempts[0].at);
    attempts
        .iter()
        .map(|attempt| (time(&attempt.at) - first, attempt.status))
        .collect()
}

fn states(world: &World) -> Vec<(&'static str, &'static str)> {
    world
        .sandbox
        .callbacks()
        .iter()
        .map(|callback| (callback.kind, callback.state))
        .collect()
}

#[tokio::test]
async fn callback_posts_bare_result() {
    let (world, receiver) = world().await;
    world.finish("T-1", "happy").await;
    let received = receiver.received();
    assert_eq!(receiver.results(), ["REVIEW_PENDING", "SUCCESS"]);
    for callback in &received {
        assert!(
            callback.head.starts_with("post /callback http/1.1\r\n"),
            "{}",
            callback.head
        );
        assert!(
            callback.head.contains("content-type: application/json"),
            "{}",
            callback.head
        );
    }
    assert_eq!(
        received[1].body,
        world.ask("GET", "/T-1").await.json(),
        "the same as a single request"
    );
}

#[tokio::test]
async fn aborted_callback_has_reason_and_no_values() {
    let (world, receiver) = world().await;
    world.finish("T-1", "aborted-then-success").await;
    assert_eq!(receiver.results(), ["ABORTED", "REVIEW_PENDING", "SUCCESS"]);
    let aborted = &receiver.received()[0].body;
    assert_eq!(
        aborted["identificationprocess"]["reason"],
        "TECH_INTERNET_CONNECTION"
    );
    assert_eq!(
        aborted["userdata"]["lastname"],
        json!({ "status": "ORIGINAL", "original": "Bauer" })
    );
    assert_eq!(
        (
            aborted.get("attachments"),
            aborted.get("identificationdocument")
        ),
        (None, None)
    );
}

#[tokio::test]
async fn callback_kinds_are_sent_only_if_enabled() {
    use CallbackKind::{Aborted, Canceled, Final, Realtime};
    let runs: [(&str, &[(CallbackKind, &str)]); 3] = [
        (
            "aborted-then-success",
            &[
                (Aborted, "ABORTED"),
                (Realtime, "REALTIME"),
                (Final, "FINAL"),
            ],
        ),
        (
            "canceled-in-review",
            &[(Realtime, "REALTIME"), (Canceled, "CANCELED")],
        ),
        ("rejected", &[(Final, "FINAL")]),
    ];
    for (scenario, kinds) in runs {
        for off in [
            None,
            Some(Realtime),
            Some(Final),
            Some(Aborted),
            Some(Canceled),
        ] {
            let (world, receiver) = world().await;
            world
                .sandbox
                .idnow()
                .configure(|account| account.callbacks.retain(|kind| Some(*kind) != off))
                .unwrap();
            world.finish("T-1", scenario).await;
            let expected: Vec<_> = kinds
                .iter()
                .filter(|(kind, _)| Some(*kind) != off)
                .map(|(_, name)| (*name, "delivered"))
                .collect();
            assert_eq!(states(&world), expected, "{scenario} without {off:?}");
            assert_eq!(receiver.received().len(), expected.len());
        }
    }
}

#[tokio::test]
async fn realtime_callback_needs_preliminary_results() {
    let (world, receiver) = world().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.preliminary_results = false)
        .unwrap();
    world.finish("T-1", "happy").await;
    assert_eq!(receiver.results(), ["SUCCESS"]);
}

#[tokio::test]
async fn callback_is_retried_unless_reply_is_2xx() {
    let (world, receiver) = world().await;
    let failures = [301, 302, 307, 400, 401, 404, 410, 500, 503, 0];
    receiver.will_answer(failures.into_iter().chain([204]));
    world.finish("T-1", "rejected").await;
    world.seconds(DAY).await;
    assert_eq!(receiver.received().len(), 11);
    let statuses: Vec<u16> = attempts(&world, 0)
        .into_iter()
        .map(|(_, status)| status)
        .collect();
    assert_eq!(
        statuses,
        [301, 302, 307, 400, 401, 404, 410, 500, 503, 0, 204]
    );
    assert_eq!(states(&world), [("FINAL", "delivered")]);
    assert!(
        receiver
            .received()
            .iter()
            .all(|received| received.head.starts_with("post /callback "))
    );
}

#[tokio::test]
async fn every_2xx_reply_counts_as_delivered() {
    for status in [200, 201, 202, 204, 299] {
        let (world, receiver) = world().await;
        receiver.will_answer([status]);
        world.finish("T-1", "rejected").await;
        world.seconds(DAY).await;
        assert_eq!(
            (attempts(&world, 0), receiver.received().len()),
            (vec![(0, status)], 1)
        );
        assert_eq!(world.sandbox.mails(), [""; 0]);
    }
}

#[tokio::test]
async fn retry_interval_doubles_for_a_day() {
    let (world, receiver) = world().await;
    receiver.will_answer(repeat_n(500, 100));
    world.finish("T-1", "rejected").await;
    world.seconds(DAY - 1).await;
    // 1, 2, 4, … seconds apart: the seventeenth is the last within a day.
    let expected: Vec<(i64, u16)> = (0..17).map(|tries| ((1 << tries) - 1, 500)).collect();
    assert_eq!(attempts(&world, 0), expected);
    assert_eq!(states(&world), [("FINAL", "pending")]);
    world.seconds(1).await;
    assert_eq!(states(&world), [("FINAL", "given_up")]);
    world.seconds(30 * DAY).await;
    assert_eq!(receiver.received().len(), 17, "no further attempt");
}

#[tokio::test]
async fn mails_warn_after_10_seconds_and_give_up_after_a_day() {
    let (world, receiver) = world().await;
    receiver.will_answer(repeat_n(500, 100));
    world.finish("Abc-1", "rejected").await;
    world.seconds(9).await;
    assert_eq!(world.sandbox.mails(), [""; 0]);
    world.seconds(1).await;
    let warning = "IDnow Webhook Warning: Unable to send for Abc-1. Retrying.";
    assert_eq!(world.sandbox.mails(), [warning]);
    world.seconds(DAY - 11).await;
    assert_eq!(world.sandbox.mails(), [warning]);
    world.seconds(1).await;
    assert_eq!(
        world.sandbox.mails(),
        [
            warning,
            "IDnow Webhook Error: Unable to send for Abc-1. Giving up."
        ]
    );
}

#[tokio::test]
async fn delivered_callback_causes_no_mail() {
    let (world, receiver) = world().await;
    receiver.will_answer([500, 500, 500]);
    world.finish("T-1", "rejected").await;
    world.seconds(DAY).await;
    assert_eq!(
        attempts(&world, 0),
        [(0, 500), (1, 500), (3, 500), (7, 200)]
    );
    assert_eq!(world.sandbox.mails(), [""; 0]);
}

#[tokio::test]
async fn callback_is_retried_without_a_listener() {
    let (world, receiver) = world().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.callback_url = Some("http://127.0.0.1:1/".to_owned()))
        .unwrap();
    world.finish("T-1", "rejected").await;
    world.seconds(3).await;
    assert_eq!(attempts(&world, 0), [(0, 0), (1, 0), (3, 0)]);
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn outdated_callback_is_dropped_with_a_mail() {
    let (world, receiver) = world().await;
    // The review ends 12 minutes after the call, after ten attempts.
    receiver.will_answer(repeat_n(500, 10));
    world.finish("Abc-1", "happy").await;
    assert_eq!(
        receiver.results(),
        [vec!["REVIEW_PENDING"; 10], vec!["SUCCESS"]].concat()
    );
    assert_eq!(
        states(&world),
        [("REALTIME", "pending"), ("FINAL", "delivered")]
    );
    world.seconds(DAY).await;
    assert_eq!(
        states(&world),
        [("REALTIME", "outdated"), ("FINAL", "delivered")]
    );
    assert_eq!(
        world.sandbox.mails(),
        [
            "IDnow Webhook Warning: Unable to send for Abc-1. Retrying.",
            "IDnow Webhook Error: Not sending for Abc-1 since identification was changed",
        ]
    );
    assert_eq!(
        receiver.received().len(),
        11,
        "the REALTIME one never came after the FINAL one"
    );
}

#[tokio::test]
async fn callback_of_deleted_identification_is_dropped() {
    let (world, receiver) = world().await;
    receiver.will_answer([500]);
    world.finish("T-1", "rejected").await;
    world.ask("DELETE", "/T-1").await;
    world.seconds(DAY).await;
    assert_eq!(
        (receiver.received().len(), states(&world)),
        (1, vec![("FINAL", "outdated")])
    );
}

#[tokio::test]
async fn lost_callback_is_never_sent() {
    let (world, receiver) = world().await;
    world.sandbox.plan(Fault::new(FaultKind::CallbackLost));
    world.finish("T-1", "happy").await;
    world.seconds(DAY).await;
    assert_eq!(receiver.results(), ["SUCCESS"]);
    assert_eq!(
        states(&world),
        [("REALTIME", "lost"), ("FINAL", "delivered")]
    );
}

#[tokio::test]
async fn late_callback_is_sent_although_outdated() {
    let (world, receiver) = world().await;
    world.sandbox.plan(Fault::new(FaultKind::CallbackLate(DAY)));
    world.finish("T-1", "happy").await;
    assert_eq!(receiver.results(), ["SUCCESS"]);
    world.seconds(DAY).await;
    assert_eq!(receiver.results(), ["SUCCESS", "REVIEW_PENDING"]);
}

#[tokio::test]
async fn duplicated_callback_is_sent_twice() {
    let (world, receiver) = world().await;
    world
        .sandbox
        .plan(Fault::new(FaultKind::CallbackDuplicated));
    world.finish("T-1", "rejected").await;
    let received = receiver.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert_eq!(attempts(&world, 0), [(0, 200), (0, 200)]);
}

#[tokio::test]
async fn reordered_callback_follows_the_next_one() {
    let (world, receiver) = world().await;
    world.sandbox.plan(Fault::new(FaultKind::CallbackReordered));
    world.finish("T-1", "happy").await;
    assert_eq!(receiver.results(), ["SUCCESS", "REVIEW_PENDING"]);
    assert_eq!(
        states(&world),
        [("REALTIME", "delivered"), ("FINAL", "delivered")]
    );
}

#[tokio::test]
async fn callback_can_be_forged() {
    let (world, receiver) = world().await;
    let body =
        json!({ "identificationprocess": { "result": "SUCCESS", "transactionnumber": "T-1" } });
    let forge = json!({ "url": receiver.url, "body": body }).to_string();
    let reply = world.control("POST", "forge", &forge).await;
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!({ "status": 200 }))
    );
    assert_eq!(
        world
            .sandbox
            .forge_callback(&receiver.url, body.to_string())
            .await
            .unwrap(),
        200
    );
    assert!(
        world
            .sandbox
            .forge_callback("http://192.0.2.1/hook", body.to_string())
            .await
            .is_err(),
        "the address is not on the loopback interface"
    );
    assert_eq!(
        receiver
            .received()
            .iter()
            .map(|received| &received.body)
            .collect::<Vec<_>>(),
        [&body, &body]
    );
    assert!(
        world.sandbox.callbacks().is_empty(),
        "the vendor does not have it"
    );
}

#[tokio::test]
async fn callbacks_never_leave_the_loopback_interface() {
    let (world, _receiver) = world().await;
    for url in [
        "http://example.com/",
        "http://192.0.2.1/",
        "http://localhost.example.com/",
        "http://[2001:db8::1]/",
        "nowhere",
    ] {
        let changed = world
            .sandbox
            .idnow()
            .configure(|account| account.callback_url = Some(url.to_owned()));
        assert!(changed.is_err(), "{url}");
        let forge = json!({ "url": url, "body": {} }).to_string();
        assert_eq!(
            world.control("POST", "forge", &forge).await.status,
            400,
            "{url}"
        );
    }
}

#[tokio::test]
async fn control_plane_lists_callbacks_and_mails() {
    let (world, receiver) = world().await;
    receiver.will_answer(repeat_n(500, 100));
    world.finish("T-1", "rejected").await;
    world.seconds(10).await;
    let callbacks = world.control("GET", "callbacks", "").await.json();
    assert_eq!(callbacks[0]["kind"], "FINAL");
    assert_eq!(callbacks[0]["reference"], "T-1");
    assert_eq!(callbacks[0]["state"], "pending");
    assert_eq!(callbacks[0]["attempts"].as_array().map(Vec::len), Some(4));
    assert_eq!(callbacks[0]["attempts"][0]["status"], Value::from(500));
    let mails = world.control("GET", "mails", "").await.json();
    assert_eq!(
        mails,
        json!(["IDnow Webhook Warning: Unable to send for T-1. Retrying."])
    );
}
