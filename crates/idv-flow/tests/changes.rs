//! Concurrent changes and lost answers. Each test reproduces a former defect.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use idv_core::{Clock as _, CreateSafety, Outcome, Reference, Status};
use idv_flow::store::Phase;
use idv_flow::{Engine, FlowId, Retention, RetentionRule, StartRequest};
use support::meddled::Meddled;
use support::*;

/// Opens an engine over a store that injects changes and failures.
async fn over(bench: &Bench, store: &Meddled) -> Engine {
    let builder = Engine::builder(store.clone())
        .client(bench.client())
        .random(Arc::new(bench.bits.clone()));
    bench.open(builder).await
}

async fn verified(bench: &Bench, engine: &Engine, retention: Retention) -> (FlowId, Reference) {
    let new = new_verification(engine);
    let reference = new.reference.clone();
    let id = settle(StartRequest::new(new).retention(retention), engine).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(engine, HOUR).await;
    assert!(engine.status(id).await.unwrap().is_verified());
    (id, reference)
}

#[tokio::test]
async fn hold_set_during_erasure_is_kept() {
    let (bench, store) = (Bench::new(Kind::default()), Meddled::default());
    let engine = over(&bench, &store).await;
    let (id, _) = verified(
        &bench,
        &engine,
        Retention::new(RetentionRule::until_asked(), RetentionRule::after(DAY)),
    )
    .await;
    let other = engine.clone();
    let until = "2030-01-01T00:00:00Z".parse().unwrap();
    *store.before.lock().unwrap() = Some((
        "erased",
        Box::pin(async move {
            let hold = Retention::new(
                RetentionRule::until_asked(),
                RetentionRule::until_asked().not_before(until),
            );
            other.retain(id, hold, "legal").await.unwrap();
        }),
    ));
    bench.pass(&engine, 3 * DAY).await;
    assert!(store.before.lock().unwrap().is_none(), "the hold was set");
    assert!(engine.report(id).await.unwrap().is_some());
    assert_eq!(engine.status(id).await.unwrap().phase, Phase::Done);
    assert!(engine.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn hold_set_before_delete_request_is_kept() {
    let (bench, store) = (Bench::new(Kind::default()), Meddled::default());
    let engine = over(&bench, &store).await;
    let (id, _) = verified(
        &bench,
        &engine,
        Retention::new(RetentionRule::after(DAY), RetentionRule::until_asked()),
    )
    .await;
    let other = engine.clone();
    let until = "2030-01-01T00:00:00Z".parse().unwrap();
    let hold = Retention::new(
        RetentionRule::until_asked().not_before(until),
        RetentionRule::until_asked(),
    );
    *store.before.lock().unwrap() = Some((
        "deleting",
        Box::pin(async move { other.retain(id, hold, "legal").await.unwrap() }),
    ));
    bench.pass(&engine, 3 * DAY).await;
    assert!(store.before.lock().unwrap().is_none(), "the hold was set");
    assert_eq!(bench.vendor.calls("delete"), 0);

    // The delete request does not reach the vendor: nothing was deleted, and a hold is accepted
    // after that attempt.
    engine
        .retain(
            id,
            Retention::new(RetentionRule::after(DAY), RetentionRule::until_asked()),
            "legal",
        )
        .await
        .unwrap();
    for _ in 0..3 {
        bench.vendor.next("delete", Fate::Refused);
    }
    bench.pass(&engine, MINUTE).await;
    let asked = bench.vendor.calls("delete");
    assert!(asked > 0);
    engine.retain(id, hold, "legal").await.unwrap();
    bench.vendor.recovers();
    bench.pass(&engine, 30 * DAY).await;
    assert_eq!(bench.vendor.calls("delete"), asked);
}

#[tokio::test]
async fn hold_is_refused_during_deletion() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    let (id, _) = verified(
        &bench,
        &engine,
        Retention::new(RetentionRule::after(DAY), RetentionRule::until_asked()),
    )
    .await;
    bench.vendor.next("delete", Fate::HangBefore);
    bench.clock.advance(2 * DAY);
    let until = "2030-01-01T00:00:00Z".parse().unwrap();
    let hold = Retention::new(
        RetentionRule::until_asked().not_before(until),
        RetentionRule::until_asked(),
    );
    let deleting = engine.run_due();
    let holding = async {
        while bench.vendor.calls("delete") == 0 {
            tokio::task::yield_now().await;
        }
        let refused = engine.retain(id, hold, "legal").await.unwrap_err();
        assert!(refused.to_string().contains("too late"), "{refused}");
        bench.clock.advance(HOUR);
    };
    tokio::join!(async { deleting.await.unwrap() }, holding);
    engine.retain(id, hold, "legal").await.unwrap();
}

/// The store loses the answers of writes one after the other: of the intent, of the mark, of the
/// result. The mark of an idempotent request comes with the intent.
#[tokio::test]
async fn flow_continues_after_lost_answer_of_store() {
    for (safety, writes) in [
        (CreateSafety::Keyed, 2),
        (CreateSafety::Findable, 3),
        (CreateSafety::Unkeyed, 3),
    ] {
        for lost in 0..writes {
            let (bench, store) = (
                Bench::new(Kind {
                    safety,
                    ..Kind::default()
                }),
                Meddled::default(),
            );
            let engine = over(&bench, &store).await;
            *store.lost.lock().unwrap() = vec![lost];
            let new = new_verification(&engine);
            let reference = new.reference.clone();
            let _ = engine.start(new.clone()).await;
            let again = engine.start(new).await.unwrap();
            assert!(again.already_existed);
            bench.pass(&engine, HOUR).await;
            let status = engine.status(again.id).await.unwrap();
            assert_eq!(
                (status.phase, status.attention),
                (Phase::Open, None),
                "{safety:?}, write {lost}"
            );
            assert_eq!(
                bench.vendor.made(&reference).len(),
                1,
                "{safety:?}, write {lost}"
            );
            assert_eq!(bench.vendor.calls("create"), 1, "{safety:?}, write {lost}");
        }
    }
}

#[tokio::test]
async fn unreadable_reports_need_operator_and_verify_no_one() {
    let (bench, store) = (Bench::new(Kind::default()), Meddled::default());
    let engine = over(&bench, &store).await;
    let (id, reference) = verified(&bench, &engine, Retention::default()).await;
    store.reports_damaged.store(true, Ordering::Relaxed);
    bench.vendor.becomes(&reference, "failed");
    engine
        .receive("example", &message(&reference, Some("v1"), "failed"))
        .await
        .unwrap();
    bench.pass(&engine, DAY).await;
    let status = engine.status(id).await.unwrap();
    assert!(status.disputed && !status.is_verified());
    assert_eq!(attention(&engine).await, ["damaged"]);
    // Once the stored reports can be read again, the new one is stored beside them.
    store.reports_damaged.store(false, Ordering::Relaxed);
    engine
        .receive("example", &message(&reference, Some("v1"), "passed"))
        .await
        .unwrap();
    engine
        .resolve(id, &idv_flow::Resolution::Acknowledge, "desk")
        .await
        .unwrap();
    let outcomes: Vec<_> = engine
        .reports(id)
        .await
        .unwrap()
        .into_iter()
        .map(|(outcome, _)| outcome)
        .collect();
    assert_eq!(outcomes, [Some(Outcome::Verified), Some(Outcome::Rejected)]);
    assert_eq!(attention(&engine).await, ["disputed"]);
}

#[tokio::test]
async fn panic_of_adapter_affects_one_flow() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    let (one, one_reference) = start(&engine).await;
    let (other, other_reference) = start(&engine).await;
    bench.vendor.becomes(&one_reference, "panics");
    bench.vendor.becomes(&other_reference, "passed");
    bench.pass(&engine, HOUR).await;
    assert!(engine.status(other).await.unwrap().is_verified());
    let told = engine.operator().await.unwrap();
    assert_eq!(
        told.iter()
            .map(|item| (item.about, item.attention.name()))
            .collect::<Vec<_>>(),
        [(idv_flow::TaskTarget::Flow(one), "failing")]
    );
    let polls = bench.vendor.calls("poll");
    bench.pass(&engine, 10 * MINUTE).await;
    assert!(
        bench.vendor.calls("poll") - polls < 5,
        "the step is retried with backoff"
    );

    bench.vendor.becomes(&one_reference, "passed");
    bench.pass(&engine, 2 * HOUR).await;
    assert_eq!(
        engine.status(one).await.unwrap().status,
        Some(Status::Finished(Outcome::Verified))
    );
    assert!(attention(&engine).await.is_empty());
}

/// Returns a vendor with another id in the same world.
fn another(bench: &Bench, provider: &'static str) -> Bench {
    Bench {
        vendor: Vendor::default(),
        ..bench.with(Kind {
            provider,
            ..Kind::default()
        })
    }
}

#[tokio::test]
async fn program_without_vendor_leaves_its_flows_alone() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    let other = another(&bench, "other").flow().await;
    let mut flows = Vec::new();
    for _ in 0..20 {
        flows.push(start(&engine).await);
    }
    for (_, reference) in &flows {
        bench.vendor.becomes(reference, "passed");
    }
    bench.clock.advance(2 * MINUTE);
    // It claims flows again and again.
    for _ in 0..50 {
        other.run_due().await.unwrap();
    }
    let told = other.operator().await.unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|item| (item.about, item.provider.as_str(), item.attention.name()))
        .collect();
    assert_eq!(
        told,
        [(idv_flow::TaskTarget::Account, "example", "unconfigured")]
    );
    engine.run_due().await.unwrap();
    for (id, _) in &flows {
        assert!(engine.status(*id).await.unwrap().is_verified());
    }
    assert!(attention(&other).await.is_empty());
}

#[tokio::test]
async fn hanging_vendor_does_not_stop_another() {
    let bench = Bench::new(Kind::default());
    let hanging = another(&bench, "hanging");
    let engine = bench.open(bench.builder().client(hanging.client())).await;
    for _ in 0..100 {
        let new = new_verification(&engine);
        engine
            .start(StartRequest::new(new).at("hanging"))
            .await
            .unwrap();
        for _ in 0..10 {
            hanging.vendor.next("poll", Fate::HangBefore);
        }
    }
    // All of them are due before the other vendor's flow.
    bench.clock.advance(2 * MINUTE);
    let (id, reference) = start(&engine).await;
    bench.clock.advance(2 * MINUTE);
    bench.vendor.becomes(&reference, "passed");
    let since = bench.clock.now();
    let time = async {
        while !engine.status(id).await.unwrap().is_verified() {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            bench.clock.advance(std::time::Duration::from_secs(1));
            assert!(
                bench.clock.now().duration_since(since).as_secs() < 300,
                "the flow waits for the hanging vendor"
            );
        }
    };
    tokio::select! {
        () = engine.run(4, std::future::pending()) => {}
        () = time => {}
    }
    assert!(hanging.vendor.calls("poll") >= 3);
}
