//! The number of changes of a flow. Each is a durable commit, so the number must not creep up.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use idv_core::{Clock as _, CreateSafety};
use idv_flow::store::{FlowStore as _, Inbox as _};
use idv_flow::{Engine, FlowId, Retention, RetentionRule};
use support::*;

async fn opened(bench: &Bench) -> Engine {
    let at_once = RetentionRule::after(Duration::ZERO);
    let builder = bench.builder().retention(Retention::new(at_once, at_once));
    bench.open(builder).await
}

/// Returns the number of changes of a flow, and the end of its trail.
async fn changes(bench: &Bench, id: FlowId) -> (u64, u64) {
    let record = bench.store.load(id).await.unwrap().unwrap();
    (record.version, record.audit.count)
}

#[tokio::test]
async fn flow_has_nine_changes_from_creation_to_erasure() {
    let bench = Bench::new(Kind::default());
    let engine = opened(&bench).await;
    let (id, reference) = start(&engine).await;
    // The intent with the mark of the request, and the answer.
    assert_eq!(changes(&bench, id).await, (2, 3));
    for (state, expected) in [("running", (3, 4)), ("ended", (4, 5))] {
        let message = message(&reference, Some("v1"), state);
        engine.receive("example", &message).await.unwrap();
        assert_eq!(changes(&bench, id).await, expected, "{state}");
        engine.receive("example", &message).await.unwrap();
        assert_eq!(changes(&bench, id).await, expected, "{state}, repeated");
    }
    bench.vendor.becomes(&reference, "passed");
    engine.run_due().await.unwrap();
    // A claim; the report with the mark of the deletion; and the vendor's answer.
    assert_eq!(changes(&bench, id).await, (7, 9));
    bench.clock.advance(HOUR);
    engine.run_due().await.unwrap();
    // A claim; the vendor's confirmation with the erasure.
    assert_eq!(changes(&bench, id).await, (9, 12));
    assert!(engine.receipt(id).await.unwrap().is_complete());
    assert!(engine.verify_audit(None).await.unwrap().holds());
    let (from, until) = (bench.clock.now(), bench.clock.now() + HOUR);
    let messages = bench.store.claim_inbox(until, from, 9, &[]).await.unwrap();
    assert_eq!(messages, [], "no message went to the inbox");
}

#[tokio::test]
async fn creation_is_marked_alone_if_requests_are_not_idempotent() {
    for safety in [CreateSafety::Findable, CreateSafety::Unkeyed] {
        let bench = Bench::new(Kind {
            safety,
            ..Kind::default()
        });
        let engine = opened(&bench).await;
        let (id, _) = start(&engine).await;
        assert_eq!(changes(&bench, id).await, (3, 3), "{safety:?}");
    }
}

#[tokio::test]
async fn message_goes_to_inbox_when_it_cannot_be_applied_on_arrival() {
    let bench = Bench::new(Kind::default());
    let engine = opened(&bench).await;
    let unknown = message(&engine.reference(), Some("v9"), "running");
    engine.receive("example", &unknown).await.unwrap();
    let now = bench.clock.now();
    let waiting = bench.store.claim_inbox(now, now, 9, &[]).await.unwrap();
    assert_eq!(waiting.len(), 1);
}
