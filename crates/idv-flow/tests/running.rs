//! Workers: sharing, stopping, failing stores, and what no program here can work on.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
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

/// Lets the futures of a test have their turn, without any time passing.
async fn breathe() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Until the flag is up, looked at whenever there is a turn.
async fn raised(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn programs_over_one_store_share_the_work_and_none_does_a_step_twice() {
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
    assert_eq!(bench.vendor.calls("poll"), 100, "each was asked for once");
    for (id, _) in &references {
        assert!(flows[0].status(*id).await.unwrap().is_verified());
    }
    let shares: Vec<u64> = flows.iter().map(|flow| flow.tally().done).collect();
    assert!(shares.iter().all(|share| *share >= 10), "{shares:?}");
    assert!(flows.iter().all(|flow| flow.tally().under_way == 0));
    assert!(flows[0].verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn stopping_brings_what_is_under_way_to_its_end_and_begins_nothing_new() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (first, reference) = start(&flow).await;
    let (second, _) = start(&flow).await;
    bench.vendor.becomes(&reference, "passed");
    bench.clock.advance(HOUR);
    // Of two workers one has the timer of the audit trail, and the other one of the flows, when they are told to stop.
    flow.run(2, std::future::ready(())).await;
    assert_eq!((bench.vendor.calls("poll"), flow.tally().under_way), (1, 0));
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
async fn a_worker_that_is_dropped_in_a_call_leaves_it_to_the_next_after_its_lease() {
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
async fn a_step_that_was_handed_the_only_connection_gives_it_back_while_more_is_claimed() {
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
        "claiming waits for a step that nobody lets go on"
    );
}

#[tokio::test]
async fn what_comes_in_is_worked_off_without_waiting_for_a_timer() {
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
async fn a_flow_at_a_vendor_that_is_not_configured_here_waits_for_a_program_that_knows_it() {
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
        "it is only set aside"
    );
    bench.pass(&flow, HOUR).await;
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn what_cannot_be_opened_is_left_as_it_is_for_a_person() {
    let bench = Bench::new(Kind::default());
    let vault = Vault::new(&idv_core::Secret::new("a".repeat(64))).unwrap();
    let flow = bench.open(bench.builder().vault(vault)).await;
    let (id, reference) = start(&flow).await;
    let (other, _) = start(&flow).await;
    bench.vendor.becomes(&reference, "passed");
    let good = bench.store.load(id).await.unwrap().unwrap();
    let mut bad = good.clone();
    // Somebody puts one flow's body into another's place.
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
    assert_eq!(listed.len(), 2, "one that cannot be read hides no other");
    assert_eq!(
        flow.status(other).await.unwrap().phase,
        Phase::Open,
        "the others go on"
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
async fn health_says_for_how_long_work_has_been_waiting() {
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
async fn two_that_start_the_same_reference_at_the_same_time_have_one_flow() {
    let bench = Bench::new(Kind::default());
    let flows = join_all((0..8).map(|_| bench.flow())).await;
    let new = somebody(&flows[0]);
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
async fn a_lease_that_a_call_may_outlive_is_refused() {
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
async fn health_names_the_vendor_that_fails_and_what_waits() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (_, reference) = start(&flow).await;
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
        (failing[0].account.as_str(), failing[0].kind),
        ("example", "rate_limited")
    );
    assert_eq!(
        failing[0].since.duration_since(since).as_secs(),
        3600,
        "it is the first failure's time"
    );
    bench.clock.advance(HOUR);
    flow.run_due().await.unwrap();
    assert!(
        flow.health().await.unwrap().failing.is_empty(),
        "an answer ends it"
    );

    flow.receive("example", &message(&reference, None, "passed"))
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
