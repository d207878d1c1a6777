//! Evidence: kept before the vendor's copy is deleted, read back, and erased with our copy.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use idv_core::report::EvidenceKind;
use idv_core::{Clock as _, EvidenceId, Secret};
use idv_flow::store::{
    Commit, EvidencePart, EvidenceStore, FlowStore as _, MemoryStore, Phase, Reports, StoreError,
    StoreResult,
};
use idv_flow::{
    Attention, CopyState, Engine, EngineBuilder, EventKind, EvidencePolicy, FlowError, FlowId,
    KeptEvidence, Resolution, Retention, RetentionRule, StartRequest, Vault,
};
use support::*;

const MIB: usize = 1024 * 1024;

fn kind() -> Kind {
    Kind {
        evidence: true,
        ..Kind::default()
    }
}

fn vault(digit: &str) -> Vault {
    Vault::new(&secret(digit)).unwrap()
}

fn secret(digit: &str) -> Secret {
    Secret::new(digit.repeat(64))
}

/// Returns bytes that differ from part to part.
fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at / 1_000 + at % 251) as u8)
        .collect()
}

/// Creates a vendor with three files.
fn bench() -> Bench {
    let bench = Bench::new(kind());
    bench
        .vendor
        .has_file("front", "document_front", &b"\xFF\xD8\xFFfront"[..]);
    bench
        .vendor
        .has_file("selfie", "selfie", &b"\x89PNGselfie"[..]);
    bench
        .vendor
        .has_file("video", "video", content(2 * MIB + 500_000));
    bench
}

/// As [`bench`], with short files only.
fn short_bench() -> Bench {
    let bench = bench();
    bench.vendor.has_file("video", "video", &b"video"[..]);
    bench
}

fn builder(bench: &Bench) -> EngineBuilder {
    bench
        .builder()
        .vault(vault("a"))
        .evidence(EvidencePolicy::all())
}

async fn engine(bench: &Bench) -> Engine {
    bench.open(builder(bench)).await
}

/// Starts a flow whose person the vendor verifies.
async fn passed(bench: &Bench, flow: &Engine, retention: Retention) -> FlowId {
    let new = new_verification(flow);
    let reference = new.reference.clone();
    let id = settle(StartRequest::new(new).retention(retention), flow).await;
    bench.vendor.becomes(&reference, "passed");
    id
}

async fn read(flow: &Engine, id: FlowId, kept: &KeptEvidence) -> Result<Vec<u8>, FlowError> {
    let pieces: Vec<_> = Box::pin(flow.read_evidence(id, kept.item).await?)
        .try_collect()
        .await?;
    assert!(pieces.iter().all(|piece| piece.len() <= MIB));
    Ok(pieces.concat())
}

async fn trail(flow: &Engine, id: FlowId) -> String {
    flow.audit_of(id)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.event + "\n")
        .collect()
}

async fn events(flow: &Engine, id: FlowId) -> Vec<EventKind> {
    let page = flow.events_page(None, 1_000).await.unwrap();
    page.into_iter()
        .filter(|(_, event)| event.flow == id)
        .map(|(_, event)| event.kind)
        .collect()
}

fn soon() -> Retention {
    Retention::new(RetentionRule::after(DAY), RetentionRule::after(30 * DAY))
}

#[tokio::test]
async fn evidence_is_kept_before_deletion() {
    let bench = bench();
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, HOUR).await;
    let kept = flow.evidence(id).await.unwrap();
    let found: Vec<_> = kept
        .iter()
        .map(|kept| {
            (
                kept.id.as_str(),
                kept.kind,
                kept.media_type.as_deref(),
                kept.length,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("front", EvidenceKind::DocumentFront, Some("image/jpeg"), 8),
            ("selfie", EvidenceKind::Selfie, Some("image/png"), 10),
            ("video", EvidenceKind::Video, None, 2 * MIB as u64 + 500_000),
        ]
    );
    assert_eq!(
        read(&flow, id, &kept[0]).await.unwrap(),
        b"\xFF\xD8\xFFfront"
    );
    assert_eq!(
        read(&flow, id, &kept[2]).await.unwrap(),
        content(2 * MIB + 500_000)
    );
    assert_eq!(
        (bench.vendor.calls("evidence"), bench.vendor.calls("delete")),
        (3, 0)
    );
    let told = events(&flow, id).await;
    assert_eq!(
        told.iter()
            .filter(|event| **event == EventKind::EvidenceReady)
            .count(),
        1,
        "{told:?}"
    );
    let trail = trail(&flow, id).await;
    assert!(
        trail.contains(r#""event":"evidence_kept""#) && trail.contains(&kept[2].sha256_hex()),
        "{trail}"
    );
    assert!(!trail.contains("front.jpg") && !trail.contains("\"video.\""));

    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
    assert_eq!(
        read(&flow, id, &kept[1]).await.unwrap(),
        b"\x89PNGselfie",
        "ours stays"
    );
    let verified = flow.verify_audit(None).await.unwrap();
    assert!(verified.holds(), "{verified:?}");
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn no_evidence_is_kept_by_default() {
    let bench = bench();
    let flow = bench.flow().await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(
        (
            flow.evidence(id).await.unwrap().len(),
            bench.vendor.calls("evidence")
        ),
        (0, 0)
    );
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
}

#[tokio::test]
async fn policy_of_flow_replaces_policy_of_engine() {
    let bench = bench();
    let flow = engine(&bench).await;
    let new = new_verification(&flow);
    let reference = new.reference.clone();
    let id = settle(
        StartRequest::new(new).evidence(EvidencePolicy::of([EvidenceKind::Selfie])),
        &flow,
    )
    .await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&flow, HOUR).await;
    assert_eq!(bench.vendor.downloads(), ["selfie"]);
    assert_eq!(flow.evidence(id).await.unwrap().len(), 1);
}

#[tokio::test]
async fn vendor_without_evidence_does_not_delay_deletion() {
    let bench = Bench::new(Kind::default());
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn report_without_evidence_does_not_delay_deletion() {
    let bench = Bench::new(kind());
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
    assert!(!events(&flow, id).await.contains(&EventKind::EvidenceReady));
}

/// Returns the ids of the stored items.
async fn kept(flow: &Engine, id: FlowId) -> Vec<String> {
    let kept = flow.evidence(id).await.unwrap();
    kept.iter()
        .map(|kept| kept.id.as_str().to_owned())
        .collect()
}

/// Returns the ids and the failures of the items whose download fails.
async fn failed(flow: &Engine, id: FlowId) -> Vec<(String, String, bool)> {
    let failed = flow.failed_evidence(id).await.unwrap();
    failed
        .into_iter()
        .map(|failed| {
            let awaits_operator = failed.awaits_operator();
            (failed.id.as_str().to_owned(), failed.error, awaits_operator)
        })
        .collect()
}

#[tokio::test]
async fn deletion_waits_until_evidence_is_given_up() {
    let bench = short_bench();
    let flow = engine(&bench).await;
    for _ in 0..1_000 {
        bench.vendor.next("evidence", Fate::Status(404));
    }
    let id = passed(
        &bench,
        &flow,
        Retention::new(RetentionRule::after(DAY), RetentionRule::after(2 * DAY)),
    )
    .await;
    bench.pass(&flow, 5 * DAY).await;
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, DAY).await;
    assert_eq!(
        (
            bench.vendor.calls("delete"),
            flow.status(id).await.unwrap().phase
        ),
        (0, Phase::Done),
        "both copies stay"
    );
    let item = flow.operator().await.unwrap().remove(0);
    assert_eq!(item.attention.name(), "evidence_failing");
    for option in ["ask now", "skip the item", "give up"] {
        assert!(item.what_to_do.contains(option), "{}", item.what_to_do);
    }
    assert_eq!(
        bench.vendor.calls("evidence"),
        9,
        "three downloads of each item, then the flow waits"
    );
    assert_eq!(flow.status(id).await.unwrap().due, None);

    flow.resolve(id, &Resolution::GiveUpEvidence, "operator-7")
        .await
        .unwrap();
    assert!(matches!(
        flow.resolve(id, &Resolution::GiveUpEvidence, "operator-7")
            .await,
        Err(FlowError::Conflict(_))
    ));
    bench.pass(&flow, HOUR).await;
    assert!(flow.receipt(id).await.unwrap().is_complete() && attention(&flow).await.is_empty());
    let trail = trail(&flow, id).await;
    assert!(
        trail.contains("give_up_evidence") && trail.contains("evidence_not_kept"),
        "{trail}"
    );
    assert_eq!(
        trail.matches("evidence_not_kept").count(),
        3,
        "a repeated failure of an item writes one entry"
    );
}

#[tokio::test]
async fn failed_item_waits_for_operator_and_others_are_kept() {
    let cases: [(&[&str], Option<u16>, &str, usize); 6] = [
        (&["front"], None, "unsupported", 0),
        (&[], Some(404), "not_found", 3),
        (&[], Some(400), "invalid_request:", 3),
        (&[], Some(409), "conflict", 3),
        (&[], Some(422), "invalid_request:", 3),
        (&[], Some(302), "malformed", 3),
    ];
    for (unsupported, status, error, downloads) in cases {
        let mut bench = short_bench();
        bench.kind.unsupported = unsupported;
        if let Some(status) = status {
            bench.vendor.refuses_file("front", status);
        }
        let flow = engine(&bench).await;
        let id = passed(&bench, &flow, soon()).await;
        bench.pass(&flow, 3 * DAY).await;
        assert_eq!(kept(&flow, id).await, ["selfie", "video"], "{error}");
        let waits = failed(&flow, id).await;
        assert!(
            matches!(&waits[..], [(id, kind, true)] if id == "front" && kind.starts_with(error)),
            "{error}: {waits:?}"
        );
        assert_eq!(attention(&flow).await, ["evidence_failing"], "{error}");
        let of_front = |bench: &Bench| {
            let downloads = bench.vendor.downloads();
            downloads.iter().filter(|file| *file == "front").count()
        };
        assert_eq!(
            (bench.vendor.calls("delete"), of_front(&bench)),
            (0, downloads),
            "{error}"
        );

        let of_another = Resolution::SkipEvidence(EvidenceId::new("selfie"));
        let refused = flow.resolve(id, &of_another, "operator-7").await;
        assert!(matches!(refused, Err(FlowError::Conflict(_))), "{error}");
        flow.resolve(
            id,
            &Resolution::SkipEvidence(EvidenceId::new("front")),
            "operator-7",
        )
        .await
        .unwrap();
        bench.pass(&flow, HOUR).await;
        assert_eq!(of_front(&bench), downloads, "{error}");
        assert_eq!(
            flow.receipt(id).await.unwrap().vendors_copy,
            CopyState::Confirmed,
            "{error}"
        );
        assert_eq!(kept(&flow, id).await, ["selfie", "video"], "{error}");
        assert!(failed(&flow, id).await.is_empty() && attention(&flow).await.is_empty());
        let trail = trail(&flow, id).await;
        assert!(
            trail.contains(r#""action":"skip_evidence""#)
                && trail.contains(r#""reason":"skipped","kind":"document_front","count":1"#),
            "{trail}"
        );
        let told = events(&flow, id).await;
        assert!(told.contains(&EventKind::EvidenceReady), "{told:?}");
        assert!(flow.verify_audit(None).await.unwrap().holds());
    }
}

#[tokio::test]
async fn failed_item_is_downloaded_when_operator_asks() {
    let bench = short_bench();
    bench.vendor.refuses_file("front", 400);
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, 3 * DAY).await;
    assert_eq!(attention(&flow).await, ["evidence_failing"]);
    // The vendor still refuses it: the flow asks again.
    flow.resolve(id, &Resolution::AskNow, "operator-7")
        .await
        .unwrap();
    bench.pass(&flow, DAY).await;
    assert_eq!(
        (attention(&flow).await, bench.vendor.calls("evidence")),
        (vec!["evidence_failing"], 8)
    );
    bench.vendor.recovers();
    flow.resolve(id, &Resolution::AskNow, "operator-7")
        .await
        .unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(kept(&flow, id).await, ["selfie", "video", "front"]);
    assert!(attention(&flow).await.is_empty());
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
}

#[tokio::test]
async fn later_report_ends_the_wait_for_operator() {
    let bench = Bench::new(Kind {
        polling: false,
        ..kind()
    });
    let flow = engine(&bench).await;
    let (id, reference) = start(&flow).await;
    let said = |state: &str, file: &str| {
        let evidence = serde_json::json!([{"id": file, "kind": "selfie"}]);
        let said = serde_json::json!({"reference": reference.as_str(), "id": "v1", "state": state, "evidence": evidence});
        delivery(said.to_string(), SECRET)
    };
    bench.vendor.has_file("second", "selfie", &b"second"[..]);
    flow.receive("example", &said("passed", "first"))
        .await
        .unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(attention(&flow).await, ["evidence_failing"]);
    flow.receive("example", &said("failed", "second"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    let resolved = Resolution::ResolveDispute(idv_core::Outcome::Rejected);
    flow.resolve(id, &resolved, "operator-7").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(kept(&flow, id).await, ["second"]);
    assert_eq!(attention(&flow).await, ["evidence_failing"]);
    assert_eq!(
        bench.vendor.downloads(),
        ["first", "first", "first", "second"]
    );
}

#[tokio::test]
async fn long_outage_of_one_item_does_not_delay_others() {
    let bench = short_bench();
    bench.vendor.refuses_file("front", 503);
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, HOUR).await;
    assert_eq!(kept(&flow, id).await, ["selfie", "video"]);
    assert!(attention(&flow).await.is_empty(), "an outage may pass");
    bench.pass(&flow, 2 * DAY).await;
    let waits = failed(&flow, id).await;
    assert_eq!(waits, [("front".into(), "unavailable".into(), false)]);
    assert!(attention(&flow).await.contains(&"evidence_failing"));
    assert_eq!(bench.vendor.calls("delete"), 0);
    let skip = Resolution::SkipEvidence(EvidenceId::new("front"));
    flow.resolve(id, &skip, "operator-7").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
    assert!(!attention(&flow).await.contains(&"evidence_failing"));
}

#[tokio::test]
async fn operator_gets_task_after_long_outage_only() {
    let bench = bench();
    let flow = engine(&bench).await;
    for _ in 0..30 {
        bench.vendor.next("evidence", Fate::Status(503));
    }
    let id = passed(&bench, &flow, Retention::default()).await;
    bench.pass(&flow, 3 * HOUR).await;
    assert!(attention(&flow).await.is_empty());
    bench.pass(&flow, 5 * HOUR).await;
    assert_eq!(
        attention(&flow).await,
        ["evidence_failing", "failing"],
        "the flow, and its account"
    );
    bench.vendor.recovers();
    bench.clock.advance(MINUTE);
    flow.resolve(id, &Resolution::AskNow, "operator-7")
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert_eq!(flow.evidence(id).await.unwrap().len(), 3);
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn retention_limit_overrides_missing_evidence() {
    let bench = bench();
    let flow = engine(&bench).await;
    for _ in 0..1_000 {
        bench.vendor.next("evidence", Fate::Status(404));
    }
    let limit = "2026-01-10T00:00:00Z".parse().unwrap();
    let keep = RetentionRule::after(DAY).not_after(limit);
    let id = passed(&bench, &flow, Retention::new(keep, keep)).await;
    bench.pass(&flow, 8 * DAY).await;
    assert_eq!(
        (bench.vendor.calls("delete"), attention(&flow).await),
        (0, vec!["evidence_failing"])
    );
    bench.pass(&flow, 2 * DAY).await;
    let tries = bench.vendor.calls("evidence");
    assert!(flow.receipt(id).await.unwrap().is_complete() && attention(&flow).await.is_empty());
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(
        bench.vendor.calls("evidence"),
        tries,
        "deleted evidence is not downloaded"
    );
}

#[tokio::test]
async fn requested_deletion_waits_for_evidence() {
    let bench = bench();
    let flow = engine(&bench).await;
    bench.vendor.next("evidence", Fate::Status(503));
    let id = passed(&bench, &flow, Retention::default()).await;
    bench.clock.advance(HOUR);
    flow.run_due().await.unwrap();
    flow.delete(id, "privacy-desk").await.unwrap();
    flow.run_due().await.unwrap();
    assert_eq!(bench.vendor.calls("delete"), 0);
    bench.pass(&flow, HOUR).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    assert_eq!(trail(&flow, id).await.matches("evidence_kept").count(), 3);
}

#[tokio::test]
async fn too_long_evidence_is_skipped_and_audited() {
    let bench = bench();
    let policy = EvidencePolicy::all().max_item(MIB as u64);
    let flow = bench.open(builder(&bench).evidence(policy)).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, HOUR).await;
    assert_eq!(flow.evidence(id).await.unwrap().len(), 2);
    assert!(
        trail(&flow, id).await.contains(
            r#""event":"evidence_left_out","reason":"too_long","kind":"video","count":1"#
        )
    );
    let parts = bench.store.parts(id).await.unwrap();
    assert_eq!(parts.len(), 2, "the parts of the long item are removed");
    assert!(events(&flow, id).await.contains(&EventKind::EvidenceReady));
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
    assert_eq!(
        bench.vendor.calls("evidence"),
        3,
        "the download is not repeated"
    );
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn total_limits_of_flow_hold() {
    let bench = bench();
    let flow = bench
        .open(builder(&bench).evidence(EvidencePolicy::all().max_total(12)))
        .await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, HOUR).await;
    assert_eq!(flow.evidence(id).await.unwrap().len(), 1, "8 of 12 bytes");
    assert_eq!(trail(&flow, id).await.matches("too_long").count(), 2);

    let few = bench
        .open(builder(&bench).evidence(EvidencePolicy::all().max_items(1)))
        .await;
    let id = passed(&bench, &few, soon()).await;
    bench.pass(&few, HOUR).await;
    assert_eq!(few.evidence(id).await.unwrap().len(), 1);
    assert!(
        trail(&few, id)
            .await
            .contains(r#""event":"evidence_left_out","reason":"too_many","count":2"#)
    );
    bench.pass(&few, 2 * DAY).await;
    assert_eq!(
        few.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
}

#[tokio::test]
async fn empty_file_is_kept() {
    let bench = Bench::new(kind());
    bench.vendor.has_file("empty", "other", &b""[..]);
    bench.vendor.has_file("full", "other", content(MIB - 64));
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, HOUR).await;
    let kept = flow.evidence(id).await.unwrap();
    assert_eq!(read(&flow, id, &kept[0]).await.unwrap(), b"");
    assert_eq!(read(&flow, id, &kept[1]).await.unwrap(), content(MIB - 64));
    assert_eq!(
        bench.store.parts(id).await.unwrap().len(),
        2,
        "one part each"
    );
}

/// Stops a step while it downloads the second part of a video, as a crash does.
async fn crash_in_a_download(bench: &Bench, flow: &Engine, id: FlowId) {
    bench.vendor.next("evidence", Fate::Hang);
    let mut step = Box::pin(flow.run_due());
    while bench.store.parts(id).await.unwrap().len() < 2 {
        assert!(step.as_mut().now_or_never().is_none());
    }
}

#[tokio::test]
async fn crash_between_parts_leaves_no_part_behind() {
    let bench = bench();
    let video = EvidencePolicy::of([EvidenceKind::Video]);
    let flow = bench.open(builder(&bench).evidence(video)).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.clock.advance(HOUR);
    crash_in_a_download(&bench, &flow, id).await;

    let next = engine(&bench).await;
    bench.clock.advance(5 * MINUTE);
    next.run_due().await.unwrap();
    assert_eq!(
        bench.vendor.downloads().len(),
        1,
        "another worker may be downloading it"
    );
    bench.clock.advance(6 * MINUTE);
    next.run_due().await.unwrap();
    let kept = next.evidence(id).await.unwrap();
    assert_eq!(
        (
            kept.len(),
            kept[0].item,
            bench.store.parts(id).await.unwrap().len()
        ),
        (1, 2, 3)
    );
    assert_eq!(
        read(&next, id, &kept[0]).await.unwrap(),
        content(2 * MIB + 500_000)
    );
    assert!(next.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn parts_of_crashed_download_are_erased() {
    let bench = bench();
    let flow = bench
        .open(builder(&bench).evidence(EvidencePolicy::of([EvidenceKind::Video])))
        .await;
    let id = passed(&bench, &flow, Retention::default()).await;
    bench.clock.advance(HOUR);
    crash_in_a_download(&bench, &flow, id).await;
    bench.vendor.recovers();
    flow.resolve(id, &Resolution::GiveUpEvidence, "operator-7")
        .await
        .unwrap();
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    assert_eq!(bench.store.parts(id).await.unwrap(), []);
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn long_download_stays_with_its_worker() {
    let bench = bench();
    let flow = bench
        .open(builder(&bench).evidence(EvidencePolicy::of([EvidenceKind::Video])))
        .await;
    let id = passed(&bench, &flow, Retention::default()).await;
    bench.clock.advance(HOUR);
    bench.vendor.next("evidence", Fate::Slow(MINUTE / 6));
    let other = engine(&bench).await;
    let mut step = Box::pin(flow.run_due());
    let began = bench.clock.now();
    while step.as_mut().now_or_never().is_none() {
        bench.clock.advance(MINUTE / 12);
        other.run_due().await.unwrap();
    }
    assert!(bench.clock.now().duration_since(began).as_secs() > 11 * 60);
    assert_eq!(
        (
            flow.evidence(id).await.unwrap().len(),
            bench.vendor.downloads().len()
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn download_ends_when_it_is_no_longer_needed() {
    let bench = bench();
    let flow = bench
        .open(builder(&bench).evidence(EvidencePolicy::of([EvidenceKind::Video])))
        .await;
    let id = passed(&bench, &flow, Retention::default()).await;
    bench.clock.advance(HOUR);
    bench.vendor.next("evidence", Fate::Slow(MINUTE / 6));
    let mut step = Box::pin(flow.run_due());
    while bench.store.parts(id).await.unwrap().len() < 2 {
        assert!(step.as_mut().now_or_never().is_none());
        bench.clock.advance(MINUTE / 12);
    }
    let other = engine(&bench).await;
    other
        .resolve(id, &Resolution::GiveUpEvidence, "operator-7")
        .await
        .unwrap();
    other.delete(id, "privacy-desk").await.unwrap();
    bench.clock.advance(3 * MINUTE);
    other.run_due().await.unwrap();
    step.await.unwrap();
    assert_eq!(bench.store.parts(id).await.unwrap(), []);
    bench.pass(&other, HOUR).await;
    assert!(other.receipt(id).await.unwrap().is_complete());
    assert_eq!(
        (
            other.evidence(id).await.unwrap(),
            bench.store.parts(id).await.unwrap()
        ),
        (vec![], vec![])
    );
}

#[tokio::test]
async fn erasure_erases_evidence() {
    let bench = bench();
    let flow = engine(&bench).await;
    let id = passed(
        &bench,
        &flow,
        Retention::new(RetentionRule::after(DAY), RetentionRule::after(2 * DAY)),
    )
    .await;
    bench.pass(&flow, HOUR).await;
    let kept = flow.evidence(id).await.unwrap();
    let mut pieces = Box::pin(flow.read_evidence(id, kept[2].item).await.unwrap());
    pieces.try_next().await.unwrap().unwrap();
    bench.pass(&flow, 5 * DAY).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    assert!(
        matches!(pieces.try_next().await, Err(FlowError::UnknownEvidence(item)) if item == kept[2].item)
    );
    assert!(matches!(
        flow.read_evidence(id, kept[0].item).await.map(drop),
        Err(FlowError::UnknownEvidence(_))
    ));
    assert_eq!(
        (
            flow.evidence(id).await.unwrap(),
            bench.store.parts(id).await.unwrap()
        ),
        (vec![], vec![])
    );
    assert!(flow.verify_audit(None).await.unwrap().holds());
    // A restored part is found.
    bench
        .store
        .put_part(EvidencePart::new(id, 9, 0), b"left")
        .await
        .unwrap();
    let findings = flow.verify_audit(None).await.unwrap().findings.concat();
    assert!(
        findings.contains("1 parts of evidence are still stored"),
        "{findings}"
    );
}

#[tokio::test]
async fn hold_keeps_evidence() {
    let bench = bench();
    let flow = engine(&bench).await;
    let until = "2026-06-01T00:00:00Z".parse().unwrap();
    let held = RetentionRule::after(2 * DAY).not_before(until);
    let id = passed(
        &bench,
        &flow,
        Retention::new(RetentionRule::after(DAY), held),
    )
    .await;
    bench.pass(&flow, 60 * DAY).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::Confirmed
    );
    assert_eq!(flow.evidence(id).await.unwrap().len(), 3);
    bench.pass(&flow, 120 * DAY).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
}

#[tokio::test]
async fn changed_parts_are_found() {
    let bench = bench();
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, HOUR).await;
    let kept = flow.evidence(id).await.unwrap();
    let name = |item: usize, part| EvidencePart::new(id, kept[item].item, part);
    let part = async |item, number| bench.store.part(name(item, number)).await.unwrap().unwrap();
    let [front, first, second, last] = [
        part(0, 0).await,
        part(2, 0).await,
        part(2, 1).await,
        part(2, 2).await,
    ];
    let mut flipped = first.clone();
    flipped[500_000] ^= 1;
    let changes: [&[(usize, u32, &[u8])]; 5] = [
        // A flipped bit, a swap, a repetition, another item's part, and the last part in place of
        // an earlier one.
        &[(2, 0, &flipped)],
        &[(2, 0, &second), (2, 1, &first)],
        &[(2, 1, &first)],
        &[(2, 0, &front)],
        &[(2, 1, &last)],
    ];
    for change in changes {
        for (item, number, body) in change {
            bench
                .store
                .put_part(name(*item, *number), body)
                .await
                .unwrap();
        }
        assert!(matches!(
            read(&flow, id, &kept[2]).await,
            Err(FlowError::Damaged(_))
        ));
        for (number, body) in [(0, &first), (1, &second), (2, &last)] {
            bench.store.put_part(name(2, number), body).await.unwrap();
        }
        read(&flow, id, &kept[2]).await.unwrap();
    }
    bench
        .store
        .erase_parts(id, Some(kept[2].item))
        .await
        .unwrap();
    assert!(matches!(
        read(&flow, id, &kept[2]).await,
        Err(FlowError::Damaged(_))
    ));
    let findings = flow.verify_audit(None).await.unwrap().findings.concat();
    assert!(findings.contains("has 0 of 3 parts"), "{findings}");
}

#[tokio::test]
async fn truncated_evidence_is_found_without_key() {
    let bench = bench();
    let flow = bench
        .open(bench.builder().evidence(EvidencePolicy::all()))
        .await;
    let id = passed(&bench, &flow, soon()).await;
    bench.pass(&flow, HOUR).await;
    let kept = flow.evidence(id).await.unwrap();
    read(&flow, id, &kept[2]).await.unwrap();
    let last = EvidencePart::new(id, kept[2].item, 2);
    let body = bench.store.part(last).await.unwrap().unwrap();
    bench
        .store
        .put_part(last, &body[..body.len() - 1])
        .await
        .unwrap();
    assert!(matches!(
        read(&flow, id, &kept[2]).await,
        Err(FlowError::Damaged(_))
    ));
}

#[tokio::test]
async fn rotated_key_reseals_evidence() {
    let bench = bench();
    let flow = engine(&bench).await;
    let id = passed(&bench, &flow, Retention::default()).await;
    bench.pass(&flow, HOUR).await;
    let kept = flow.evidence(id).await.unwrap();
    let both = vault("b").with_older(&secret("a")).unwrap();
    let rotated = bench.open(builder(&bench).vault(both)).await;
    assert_eq!(
        rotated.verify_audit(None).await.unwrap().older_key,
        5,
        "a flow, a report and three items"
    );
    bench.pass(&rotated, 2 * DAY).await;
    let verified = rotated.verify_audit(None).await.unwrap();
    assert!(verified.holds() && verified.older_key == 0, "{verified:?}");
    let alone = bench.open(builder(&bench).vault(vault("b"))).await;
    assert_eq!(
        read(&alone, id, &kept[2]).await.unwrap(),
        content(2 * MIB + 500_000)
    );
}

#[tokio::test]
async fn later_report_adds_its_evidence() {
    let bench = Bench::new(Kind {
        polling: false,
        ..kind()
    });
    let flow = engine(&bench).await;
    let (id, reference) = start(&flow).await;
    let said = |state: &str, file: &str| {
        let evidence = serde_json::json!([{"id": file, "kind": "selfie"}]);
        let said = serde_json::json!({"reference": reference.as_str(), "id": "v1", "state": state, "evidence": evidence});
        delivery(said.to_string(), SECRET)
    };
    for file in ["first", "second"] {
        bench.vendor.has_file(file, "selfie", file.as_bytes());
    }
    flow.receive("example", &said("passed", "first"))
        .await
        .unwrap();
    bench.pass(&flow, HOUR).await;
    flow.receive("example", &said("failed", "second"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert_eq!(
        flow.evidence(id).await.unwrap().len(),
        1,
        "the outcome is disputed"
    );
    flow.resolve(
        id,
        &Resolution::ResolveDispute(idv_core::Outcome::Rejected),
        "operator-7",
    )
    .await
    .unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(bench.vendor.downloads(), ["first", "second"]);
    let told = events(&flow, id).await;
    assert_eq!(
        told.iter()
            .filter(|event| **event == EventKind::EvidenceReady)
            .count(),
        2,
        "{told:?}"
    );
}

#[tokio::test]
async fn lost_report_does_not_make_worker_spin() {
    let bench = bench();
    let flow = engine(&bench).await;
    bench.vendor.next("evidence", Fate::Status(503));
    let id = passed(&bench, &flow, soon()).await;
    bench.clock.advance(HOUR);
    flow.run_due().await.unwrap();
    let record = bench.store.load(id).await.unwrap().unwrap();
    let mut commit = Commit::new(&record, &[]);
    commit.reports = Reports::Erase;
    bench.store.commit(&commit).await.unwrap();
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(
        (attention(&flow).await, bench.vendor.calls("delete")),
        (vec!["evidence_failing"], 0)
    );
    assert_eq!(bench.vendor.calls("evidence"), 1);
}

/// An evidence store that fails on request.
#[derive(Debug, Clone, Default)]
struct Failing {
    store: MemoryStore,
    fails: Arc<AtomicBool>,
    puts: Arc<AtomicUsize>,
    erased: Arc<Mutex<Vec<Option<u32>>>>,
}

impl Failing {
    fn check(&self) -> StoreResult<()> {
        if self.fails.load(Ordering::Relaxed) {
            Err(StoreError::new("the bucket is gone"))
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl EvidenceStore for Failing {
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
        self.check()?;
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.store.put_part(part, body).await
    }

    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
        self.store.part(part).await
    }

    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
        self.store.parts(flow).await
    }

    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
        self.check()?;
        self.erased.lock().unwrap().push(item);
        self.store.erase_parts(flow, item).await
    }
}

#[tokio::test]
async fn failing_evidence_store_delays_deletion() {
    let bench = bench();
    let store = Failing::default();
    store.fails.store(true, Ordering::Relaxed);
    let flow = bench
        .open(builder(&bench).evidence_store(store.clone()))
        .await;
    let id = passed(
        &bench,
        &flow,
        Retention::new(RetentionRule::after(DAY), RetentionRule::after(2 * DAY)),
    )
    .await;
    bench.pass(&flow, 3 * DAY).await;
    assert_eq!(
        (bench.vendor.calls("delete"), attention(&flow).await),
        (0, vec!["evidence_failing"])
    );
    store.fails.store(false, Ordering::Relaxed);
    bench.pass(&flow, 3 * HOUR).await;
    let receipt = flow.receipt(id).await.unwrap();
    assert!(receipt.is_complete() && attention(&flow).await.is_empty());
    assert_eq!(
        (
            store.puts.load(Ordering::Relaxed),
            store.parts(id).await.unwrap()
        ),
        (5, vec![]),
        "the evidence store had the parts and erased them"
    );
    assert_eq!(store.erased.lock().unwrap().last(), Some(&None));
}

#[tokio::test]
async fn erasure_waits_for_evidence_store() {
    let bench = short_bench();
    let store = Failing::default();
    let flow = bench
        .open(builder(&bench).evidence_store(store.clone()))
        .await;
    let id = passed(
        &bench,
        &flow,
        Retention::new(RetentionRule::until_asked(), RetentionRule::after(DAY)),
    )
    .await;
    bench.pass(&flow, HOUR).await;
    store.fails.store(true, Ordering::Relaxed);
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(attention(&flow).await, ["evidence_failing"]);
    let task = flow.operator().await.unwrap().remove(0);
    assert_eq!(task.attention, Attention::EvidenceFailing("sink".into()));
    let until = "2027-01-01T00:00:00Z".parse().unwrap();
    let held = Retention::new(
        RetentionRule::until_asked(),
        RetentionRule::until_asked().not_before(until),
    );
    let error = flow.retain(id, held, "legal").await.unwrap_err();
    assert!(
        matches!(error, FlowError::Conflict(_)),
        "a hold after parts may be gone: {error}"
    );
    assert_eq!(flow.status(id).await.unwrap().phase, Phase::Done);
    store.fails.store(false, Ordering::Relaxed);
    bench.pass(&flow, 2 * HOUR).await;
    assert_eq!(
        (
            flow.status(id).await.unwrap().phase,
            store.parts(id).await.unwrap()
        ),
        (Phase::Erased, vec![])
    );
}

#[tokio::test]
async fn policy_beyond_limit_or_without_store_is_refused() {
    let bench = bench();
    let error = builder(&bench)
        .evidence(EvidencePolicy::all().max_items(1_001))
        .open()
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::Invalid(_)), "{error}");
    let without = meddled::Meddled {
        has_evidence: false,
        ..meddled::Meddled::default()
    };
    let builder = || Engine::builder(without.clone()).client(bench.client());
    let error = builder()
        .evidence(EvidencePolicy::all())
        .open()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("evidence_store"), "{error}");
    let flow = builder().open().await.unwrap();
    let error = flow
        .start(StartRequest::new(new_verification(&flow)).evidence(EvidencePolicy::all()))
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::Invalid(_)), "{error}");
    assert_eq!(bench.vendor.calls("create"), 0);
}
