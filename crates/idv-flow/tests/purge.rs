//! Removing erased flows, and archiving and removing their audit trail.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::pin::pin;

use futures_util::TryStreamExt as _;
use idv_core::Reference;
use idv_flow::store::{AuditStore as _, Commit, Filter, FlowStore as _, Phase};
use idv_flow::{Engine, FlowError, FlowId};
use support::*;

const AFTER: u32 = 40;

/// Opens an engine that purges erased flows after 40 days.
async fn purging(bench: &Bench) -> Engine {
    bench
        .open(bench.builder().purge_erased_after(AFTER * DAY))
        .await
}

/// Two verified flows of the same day, of which the first is erased a day later.
async fn erased_and_kept(bench: &Bench, engine: &Engine) -> ((FlowId, Reference), FlowId) {
    let (erased, reference) = start(engine).await;
    let (kept, other) = start(engine).await;
    for reference in [&reference, &other] {
        bench.vendor.becomes(reference, "passed");
    }
    bench.pass(engine, DAY).await;
    engine.delete(erased, "privacy-desk").await.unwrap();
    bench.pass(engine, DAY).await;
    assert!(engine.receipt(erased).await.unwrap().is_complete());
    ((erased, reference), kept)
}

/// Writes an archive, and returns its lines and the anchor of its last block.
async fn archive(engine: &Engine, after: Option<&str>) -> (Vec<String>, String) {
    let mut blocks = pin!(engine.archive_audit(after).unwrap());
    let (mut lines, mut anchor) = (Vec::new(), String::new());
    while let Some(block) = blocks.try_next().await.unwrap() {
        lines.push(block.to_line());
        anchor = block.anchor();
    }
    (lines, anchor)
}

async fn holds(engine: &Engine, anchor: Option<&str>) {
    let verified = engine.verify_audit(anchor).await.unwrap();
    assert!(verified.holds(), "{:?}", verified.findings);
}

#[tokio::test]
async fn erased_flow_is_purged_after_the_configured_time() {
    let bench = Bench::new(Kind::default());
    let engine = purging(&bench).await;
    let ((erased, reference), kept) = erased_and_kept(&bench, &engine).await;
    bench.pass(&engine, (AFTER - 2) * DAY).await;
    assert_eq!(engine.status(erased).await.unwrap().phase, Phase::Erased);
    bench.pass(&engine, 4 * DAY).await;

    let unknown = engine.status(erased).await.unwrap_err();
    assert!(matches!(unknown, FlowError::UnknownFlow(id) if id == erased));
    assert!(engine.status(kept).await.unwrap().is_verified());
    assert_eq!(
        bench
            .store
            .list(&Filter::all(), None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
    let trail = engine.audit_of(erased).await.unwrap();
    assert!(
        trail.last().unwrap().event.contains("\"purged\""),
        "{trail:?}"
    );
    holds(&engine, None).await;

    // The reference stays taken: no second verification is created.
    let mut again = new_verification(&engine);
    again.reference = reference.clone();
    let refused = engine.start(again.clone()).await.unwrap_err();
    assert!(matches!(refused, FlowError::Conflict(_)), "{refused}");
    let refused = engine.submit(again).await.unwrap_err();
    assert!(matches!(refused, FlowError::Conflict(_)), "{refused}");
    assert_eq!(bench.vendor.calls("create"), 2);
    // A late callback finds no flow and does no harm.
    engine
        .receive("example", &message(&reference, None, "failed"))
        .await
        .unwrap();
    bench.pass(&engine, DAY).await;
    holds(&engine, None).await;
}

#[tokio::test]
async fn erased_flow_stays_when_no_time_is_configured() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    let ((erased, _), _) = erased_and_kept(&bench, &engine).await;
    bench.pass(&engine, 20 * 365 * DAY).await;
    assert!(engine.receipt(erased).await.unwrap().is_complete());
}

#[tokio::test]
async fn flow_is_not_purged_when_only_its_columns_say_so() {
    let bench = Bench::new(Kind::default());
    let engine = purging(&bench).await;
    let (_, kept) = erased_and_kept(&bench, &engine).await;
    let mut record = bench.store.load(kept).await.unwrap().unwrap();
    record.phase = Phase::Erased;
    bench
        .store
        .commit(&Commit::new(&record, &[]))
        .await
        .unwrap();
    bench.pass(&engine, 3 * AFTER * DAY).await;
    assert!(engine.report(kept).await.unwrap().is_some());
}

#[tokio::test]
async fn purge_time_below_30_days_is_invalid() {
    let bench = Bench::new(Kind::default());
    let error = bench
        .builder()
        .purge_erased_after(29 * DAY)
        .open()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("at least 30 days"), "{error}");
}

#[tokio::test]
async fn block_is_removed_when_it_is_old_and_archived() {
    let bench = Bench::new(Kind::default());
    let engine = purging(&bench).await;
    let ((erased, _), kept) = erased_and_kept(&bench, &engine).await;
    let early = engine.verify_audit(None).await.unwrap();
    let trail = engine.audit_of(kept).await.unwrap();
    bench.pass(&engine, (AFTER + 4) * DAY).await;
    let (lines, anchor) = archive(&engine, None).await;
    assert!(!lines.is_empty());
    bench.pass(&engine, (AFTER + 4) * DAY).await;
    assert_eq!(bench.store.blocks(None, 1).await.unwrap()[0].number, 1);

    engine.confirm_archive(&anchor).await.unwrap();
    engine.confirm_archive(&anchor).await.unwrap();
    bench.pass(&engine, 3 * DAY).await;
    let first = bench.store.blocks(None, 1).await.unwrap()[0].number;
    assert!(first > 1, "the first block is still there");
    assert!(engine.audit_of(erased).await.unwrap().len() < 3);
    let complete = engine.audit_of(kept).await.unwrap();
    assert_eq!(complete, trail, "the trail of a stored flow is complete");
    holds(&engine, None).await;
    let current = engine.verify_audit(None).await.unwrap().anchor;
    holds(&engine, Some(&current)).await;
    let verified = engine.verify_audit(Some(&early.anchor)).await.unwrap();
    assert!(
        verified.findings[0].contains("verify the archive"),
        "{verified:?}"
    );

    let report = engine.verify_archive(&lines).await.unwrap();
    assert!(report.holds(), "{report:?}");
    assert_eq!(
        (report.anchor.as_str(), report.begins_after.as_str()),
        (&*anchor, "")
    );
    assert_eq!(report.blocks, lines.len() as u64);
    // The next archive continues the first.
    let (more, _) = archive(&engine, Some(&anchor)).await;
    let report = engine.verify_archive(&more).await.unwrap();
    assert!(report.holds(), "{report:?}");
    assert_eq!(report.begins_after, anchor);
    // The chain also goes on for a program that starts later.
    let later = purging(&bench).await;
    start(&later).await;
    bench.pass(&later, DAY).await;
    holds(&later, None).await;
}

#[tokio::test]
async fn changed_archive_is_noticed() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    erased_and_kept(&bench, &engine).await;
    let (lines, _) = archive(&engine, None).await;
    assert!(lines.len() > 2, "{}", lines.len());
    let mut changed = lines.clone();
    changed[0] = changed[0].replacen("asked", "erased", 1);
    let mut shorter = lines.clone();
    shorter.remove(1);
    let mut cut = lines.clone();
    cut[0].pop();
    for (archive, finding) in [
        (changed, "was changed"),
        (shorter, "block 2 is missing"),
        (cut, "line 1 is not a block"),
    ] {
        let report = engine.verify_archive(&archive).await.unwrap();
        let is_found = report.findings.iter().any(|found| found.contains(finding));
        assert!(is_found, "{finding}: {report:?}");
    }
}

#[tokio::test]
async fn block_that_is_removed_by_hand_is_noticed() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    erased_and_kept(&bench, &engine).await;
    bench.store.remove_block(1, &[]).await.unwrap();
    let verified = engine.verify_audit(None).await.unwrap();
    let is_found = verified
        .findings
        .iter()
        .any(|found| found == "block 1 is missing");
    assert!(is_found, "{verified:?}");
}

#[tokio::test]
async fn anchor_of_no_block_cannot_be_confirmed() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    erased_and_kept(&bench, &engine).await;
    let (_, anchor) = archive(&engine, None).await;
    let other = format!("1:{}", "0".repeat(64));
    for wrong in [other.as_str(), "0:", "", &format!("{anchor}0")] {
        let error = engine.confirm_archive(wrong).await.unwrap_err();
        assert!(matches!(error, FlowError::Invalid(_)), "{error}");
    }
}
