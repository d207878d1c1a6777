//! Workers: sharing, stopping, failing stores, and flows that no program can process.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};
use idv_core::Clock as _;
use idv_flow::store::{Commit, FlowStore as _, Phase};
use idv_flow::{FlowError, Vault};
use support::*;

/// Polls the test's other futures, without any time passing.
async fn breathe() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Waits until the flag is set.
async fn raised(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn programs_share_work_and_repeat_no_step() {
    let bench = Bench::new(Kind::default());
    let flows = join_all((0..4).map(|_| bench.flow())).await;
    let mut references = Vec::new();
    for _ in 0..100 {
        references.push(start(&flows[0]).await);
    }
    bench.clock.advance(HOUR);
    for (_, reference) in &references {
        bench.vendor.becomes(reference, "passed");
    }
    let stop = AtomicBool::new(false);
    let workers = join_all(flows.iter().map(|flow| flow.run(3, raised(&stop))));
    let driver = async {
        for _ in 0..40 {
            breathe().await;
            bench.clock.advance(Duration::from_secs(1));
        }
        stop.store(true, Ordering::Relaxed);
    };
    join(workers, driver).await;
    assert_eq!(bench.vendor.calls("poll"), 100, "each flow was polled once");
    for (id, _) in &references {
        assert!(flows[0].status(*id).await.unwrap().is_verified());
    }
    let shares: Vec<u64> = flows.iter().map(|flow| flow.worker_stats().done).collect();
    assert!(shares.iter().all(|share| *share >= 10), "{shares:?}");
    assert!(flows.iter().all(|flow| flow.worker_stats().under_way == 0));
    assert!(flows[0].verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn stop_completes_running_steps_and_starts_none() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (first, reference) = start(&flow).await;
    let (second, _) = start(&flow).await;
    bench.vendor.becomes(&reference, "passed");
    bench.clock.advance(HOUR);
    // When they stop, one of two workers runs the timer of the audit trail, and the other that of
    // the flows.
    flow.run(2, std::future::ready(())).await;
    assert_eq!(
        (bench.vendor.calls("poll"), flow.worker_stats().under_way),
        (1, 0)
    );
    // Nothing stayed leased: another program goes on at once.
    let next = bench.flow().await;
    next.run_due().await.unwrap();
    assert_eq!(bench.vendor.calls("poll"), 2);
    let answered = [first, second].map(|id| flow.status(id));
    assert!(
        join_all(answered)
            .await
            .into_iter()
            .any(|status| status.unwrap().is_verified())
    );
}

#[tokio::test]
async fn step_of_dropped_worker_resumes_after_its_lease() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    bench.vendor.becomes(&reference, "passed");
    bench.clock.advance(HOUR);
    bench.vendor.next("poll", Fate::Hang);
    assert!(
        Box::pin(flow.run(1, std::future::pending()))
            .now_or_never()
            .is_none()
    );
    let next = bench.flow().await;
    next.run_due().await.unwrap();
    assert_eq!(bench.vendor.calls("poll"), 1, "the lease holds");
    bench.clock.advance(10 * MINUTE);
    next.run_due().await.unwrap();
    assert!(next.status(id).await.unwrap().is_verified());
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn claim_does_not_block_step_with_only_connection() {
    let folder = std::env::temp_dir().join(format!("idv-flow-running-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = idv_flow::store::SqliteStore::open(folder.join("flows.db"))
        .await
        .unwrap();
    let bench = Bench::new(Kind::default());
    let flow = bench
        .open(idv_flow::Engine::builder(store.clone()).client(bench.client()))
        .await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        let (id, reference) = start(&flow).await;
        bench.vendor.becomes(&reference, "passed");
        ids.push(id);
    }
    bench.clock.advance(HOUR);
    let all_verified = async {
        for id in &ids {
            while !flow.status(*id).await.unwrap().is_verified() {
                tokio::task::yield_now().await;
            }
        }
    };
    let worked = tokio::time::timeout(Duration::from_secs(20), flow.run(4, all_verified)).await;
    store.close().await;
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(
        worked.is_ok(),
        "the claim waits for a step that cannot continue"
    );
}

#[tokio::test]
async fn message_is_processed_without_waiting_for_timer() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let stop = AtomicBool::new(false);
    let driver = async {
        breathe().await;
        flow.receive("example", &message(&reference, None, "passed"))
            .await
            .unwrap();
        breathe().await;
        // No time has passed.
        assert!(flow.status(id).await.unwrap().is_verified());
        stop.store(true, Ordering::Relaxed);
    };
    join(flow.run(1, raised(&stop)), driver).await;
}

#[tokio::test]
async fn flow_waits_for_program_that_has_its_vendor() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    let other = bench
        .with(Kind {
            provider: "elsewhere",
            ..bench.kind.clone()
        })
        .flow()
        .await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&other, HOUR).await;
    assert!(matches!(
        other.status(id).await.unwrap_err(),
        FlowError::UnknownAccount(_)
    ));
    assert_eq!(
        other
            .list(&idv_flow::store::Filter::all(), None, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(attention(&other).await, ["unconfigured"]);
    assert!(
        flow.verify_audit(None).await.unwrap().holds(),
        "the flow is only set aside"
    );
    bench.pass(&flow, HOUR).await;
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn damaged_flow_needs_operator_and_stays_unchanged() {
    let bench = Bench::new(Kind::default());
    let vault = Vault::new(&idv_core::Secret::new("a".repeat(64))).unwrap();
    let flow = bench.open(bench.builder().vault(vault)).await;
    let (id, reference) = start(&flow).await;
    let (other, _) = start(&flow).await;
    bench.vendor.becomes(&reference, "passed");
    let good = bench.store.load(id).await.unwrap().unwrap();
    let mut bad = good.clone();
    // An attacker replaces the body of a flow with that of another.
    bad.body = bench.store.load(other).await.unwrap().unwrap().body;
    bench.store.commit(&Commit::new(&bad, &[])).await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert!(matches!(
        flow.status(id).await.unwrap_err(),
        FlowError::Damaged(_)
    ));
    assert_eq!(attention(&flow).await, ["damaged"]);
    let listed = flow
        .list(&idv_flow::store::Filter::all(), None, 10)
        .await
        .unwrap();
    assert_eq!(
        listed
            .iter()
            .filter(|status| status.attention.is_some())
            .count(),
        1
    );
    assert_eq!(listed.len(), 2, "an unreadable flow hides no other");
    assert_eq!(
        flow.status(other).await.unwrap().phase,
        Phase::Open,
        "the other flows continue"
    );

    let mut record = bench.store.load(id).await.unwrap().unwrap();
    record.body = good.body;
    bench
        .store
        .commit(&Commit::new(&record, &[]))
        .await
        .unwrap();
    flow.resolve(id, &idv_flow::Resolution::AskNow, "operator-7")
        .await
        .unwrap();
    bench.pass(&flow, HOUR).await;
    assert!(flow.status(id).await.unwrap().is_verified() && attention(&flow).await.is_empty());
}

#[tokio::test]
async fn health_reports_lag_of_workers() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    assert_eq!(flow.health().await.unwrap().behind, Duration::ZERO);
    bench.clock.advance(HOUR);
    let behind = flow.health().await.unwrap().behind;
    assert!(behind > 58 * MINUTE && behind <= HOUR, "{behind:?}");
    flow.run_due().await.unwrap();
    assert_eq!(flow.health().await.unwrap().behind, Duration::ZERO);
}

#[tokio::test]
async fn concurrent_starts_of_one_reference_make_one_flow() {
    let bench = Bench::new(Kind::default());
    let flows = join_all((0..8).map(|_| bench.flow())).await;
    let new = new_verification(&flows[0]);
    let started = join_all(flows.iter().map(|flow| flow.start(new.clone()))).await;
    let ids: std::collections::BTreeSet<_> = started
        .iter()
        .map(|started| started.as_ref().unwrap().id)
        .collect();
    assert_eq!((ids.len(), bench.vendor.calls("create")), (1, 1));
    assert_eq!(
        started
            .iter()
            .filter(|started| !started.as_ref().unwrap().already_existed)
            .count(),
        1
    );
}

#[tokio::test]
async fn lease_shorter_than_call_is_refused() {
    let bench = Bench::new(Kind::default());
    let deadline = bench.client().policy().deadline;
    for lease in [Duration::ZERO, deadline] {
        let opened = bench
            .builder()
            .lease(lease)
            .clock(Arc::new(bench.clock.clone()))
            .open()
            .await;
        assert!(opened.unwrap_err().to_string().contains("lease"));
    }
    assert!(
        bench
            .builder()
            .lease(deadline + MINUTE)
            .clock(Arc::new(bench.clock.clone()))
            .open()
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn health_reports_failing_account_and_backlog() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    start(&flow).await;
    assert!(flow.health().await.unwrap().failing.is_empty());
    let since = bench.clock.now();
    for status in [500, 429] {
        bench.vendor.next("poll", Fate::Status(status));
    }
    bench.clock.advance(HOUR);
    flow.run_due().await.unwrap();
    bench.clock.advance(HOUR);
    flow.run_due().await.unwrap();
    let failing = flow.health().await.unwrap().failing;
    assert_eq!(
        (failing[0].account.as_str(), failing[0].kind.as_str()),
        ("example", "rate_limited")
    );
    assert_eq!(
        failing[0].since.duration_since(since).as_secs(),
        3600,
        "the time is that of the first failure"
    );
    bench.clock.advance(HOUR);
    flow.run_due().await.unwrap();
    assert!(
        flow.health().await.unwrap().failing.is_empty(),
        "an answer ends the failure"
    );

    // It waits in the inbox until its flow is known.
    let new = new_verification(&flow);
    flow.receive("example", &message(&new.reference, None, "passed"))
        .await
        .unwrap();
    flow.receive("example", &delivery("not JSON", SECRET))
        .await
        .unwrap();
    let health = flow.health().await.unwrap();
    assert_eq!(
        (health.messages, health.parked, health.undelivered_for),
        (1, 1, Duration::ZERO)
    );
    settle(new, &flow).await;
    let handled = bench
        .open(bench.builder().on_change(|_, _| async { Ok(()) }))
        .await;
    assert_eq!(handled.health().await.unwrap().undelivered_for, 3 * HOUR);
    handled.run_due().await.unwrap();
    let health = handled.health().await.unwrap();
    assert_eq!(
        (health.messages, health.undelivered_for),
        (0, Duration::ZERO)
    );
}
