//! Single steps that a workflow engine has carried out.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use futures_util::FutureExt as _;
use idv_flow::store::EvidenceStore as _;
use idv_flow::{Engine, EvidencePolicy, FlowId};
use support::*;

/// Carries out the commands that are due now, up to `last`, which stays planned.
async fn carry_out_until(flow: &Engine, id: FlowId, last: &str) {
    let mut plan = flow.plan(id).await.unwrap();
    while let Some(command) = plan.command.filter(|command| command != last) {
        plan = flow.carry_out(id, &command).await.unwrap();
    }
}

#[tokio::test]
async fn repeated_download_begins_at_once() {
    let bench = Bench::new(Kind {
        evidence: true,
        ..Kind::default()
    });
    bench
        .vendor
        .has_file("video", "video", vec![7; 3 * 1024 * 1024]);
    let builder = || bench.builder().evidence(EvidencePolicy::all());
    let flow = bench.open(builder()).await;
    let (id, reference) = start(&flow).await;
    bench.vendor.becomes(&reference, "passed");
    bench.clock.advance(HOUR);
    carry_out_until(&flow, id, "keep_evidence").await;
    bench.vendor.next("evidence", Fate::Hang);
    let mut crashed = Box::pin(flow.carry_out(id, "keep_evidence"));
    while bench.store.parts(id).await.unwrap().len() < 2 {
        assert!(crashed.as_mut().now_or_never().is_none());
    }

    let other = bench.open(builder()).await;
    let plan = other.carry_out(id, "keep_evidence").await.unwrap();
    assert_ne!(plan.command.as_deref(), Some("keep_evidence"), "{plan:?}");
    let kept = other.evidence(id).await.unwrap();
    let parts = bench.store.parts(id).await.unwrap();
    assert_eq!((kept.len(), kept[0].item), (1, 2));
    assert!(parts.iter().all(|part| part.item == 2), "{parts:?}");
}
