//! Attacks by unauthenticated senders, and floods.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::sync::atomic::Ordering;

use idv_core::{Outcome, Reference, Status};
use idv_flow::store::Inbox as _;
use idv_flow::{Attention, Engine, FlowError, FlowId, Resolution};
use serde_json::json;
use support::meddled::Meddled;
use support::*;

/// A vendor whose results are fetched under a handle that the person's browser brings back.
async fn with_results() -> (Bench, Engine, FlowId, Reference) {
    let bench = Bench::new(Kind {
        results: true,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    bench.vendor.becomes(&reference, "ended");
    bench.vendor.has_result("genuine", &reference);
    bench.pass(&flow, HOUR).await;
    assert_eq!(flow.status(id).await.unwrap().status, Some(Status::Ended));
    (bench, flow, id, reference)
}

#[tokio::test]
async fn forged_handle_does_not_block_the_genuine_one() {
    for order in [
        ["genuine", "forged", "-"],
        ["forged", "genuine", "-"],
        ["forged", "-", "genuine"],
    ] {
        let (bench, flow, id, reference) = with_results().await;
        for handle in order {
            flow.receive("example", &returning(&reference, handle))
                .await
                .unwrap();
        }
        bench.pass(&flow, MINUTE).await;
        assert!(
            flow.status(id).await.unwrap().is_verified(),
            "{:?}",
            bench.vendor.fetched()
        );
        assert!(
            bench.vendor.fetched().len() <= 3,
            "{:?}",
            bench.vendor.fetched()
        );
    }
}

#[tokio::test]
async fn genuine_handle_that_comes_late_is_tried_soon() {
    let (bench, flow, id, reference) = with_results().await;
    flow.receive("example", &returning(&reference, "forged"))
        .await
        .unwrap();
    bench.pass(&flow, DAY).await;
    assert_eq!(attention(&flow).await, ["failing"]);
    flow.receive("example", &returning(&reference, "genuine"))
        .await
        .unwrap();
    bench.pass(&flow, MINUTE).await;
    assert!(
        flow.status(id).await.unwrap().is_verified(),
        "{:?}",
        bench.vendor.fetched()
    );
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn result_that_is_late_is_found_beside_forged_handles() {
    let (bench, flow, id, reference) = with_results().await;
    for handle in ["late", "forged-1", "forged-2"] {
        flow.receive("example", &returning(&reference, handle))
            .await
            .unwrap();
    }
    bench.pass(&flow, MINUTE / 2).await;
    bench.vendor.has_result("late", &reference);
    bench.pass(&flow, 2 * HOUR).await;
    assert!(
        flow.status(id).await.unwrap().is_verified(),
        "{:?}",
        bench.vendor.fetched()
    );
}

#[tokio::test]
async fn operator_drops_a_handle_and_a_claim_does_not_bring_it_back() {
    let (bench, flow, id, reference) = with_results().await;
    flow.receive("example", &returning(&reference, "forged"))
        .await
        .unwrap();
    bench.pass(&flow, DAY).await;
    let item = flow.operator().await.unwrap().remove(0);
    assert_eq!(item.attention, Attention::Failing("not_found".to_owned()));
    assert!(
        item.what_to_do.contains("drop the handle"),
        "{}",
        item.what_to_do
    );
    flow.resolve(id, &Resolution::DropHandle, "operator-7")
        .await
        .unwrap();
    let fetches = bench.vendor.fetched().len();
    flow.receive("example", &returning(&reference, "forged"))
        .await
        .unwrap();
    bench.pass(&flow, DAY).await;
    assert_eq!(bench.vendor.fetched().len(), fetches);
    let error = flow
        .resolve(id, &Resolution::DropHandle, "operator-7")
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::Conflict(_)), "{error}");
    flow.receive("example", &returning(&reference, "genuine"))
        .await
        .unwrap();
    bench.pass(&flow, MINUTE).await;
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn forged_returns_write_a_bounded_audit_trail() {
    let (bench, flow, id, reference) = with_results().await;
    let before = flow.audit_of(id).await.unwrap().len();
    for number in 0..300 {
        flow.receive(
            "example",
            &returning(&reference, &format!("forged-{number}")),
        )
        .await
        .unwrap();
        bench.clock.advance(MINUTE);
        flow.run_due().await.unwrap();
    }
    let written = flow.audit_of(id).await.unwrap().len() - before;
    assert!(written <= 16, "{written}");
}

#[tokio::test]
async fn claims_are_never_stored() {
    let bench = Bench::new(Kind {
        guarded: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (_, reference) = start(&flow).await;
    flow.run_due().await.unwrap();
    let stranger = flow.reference();
    for number in 0..100 {
        for reference in [&reference, &stranger] {
            let claim = said(reference, None, "passed", &number.to_string());
            assert_eq!(flow.receive("example", &claim).await.unwrap().status, 200);
        }
    }
    let far = bench.clock.clone();
    far.advance(DAY);
    let now = idv_core::Clock::now(&far);
    assert_eq!(
        bench
            .store
            .claim_inbox(now, now, 1_000, &[])
            .await
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn delivery_about_many_costs_one_lookup() {
    for guarded in [true, false] {
        let bench = Bench::new(Kind {
            guarded,
            ..Kind::default()
        });
        let store = Meddled {
            store: bench.store.clone(),
            ..Meddled::default()
        };
        let flow = bench
            .open(Engine::builder(store.clone()).client(bench.client()))
            .await;
        let all: Vec<_> = (0..16)
            .map(|number| json!({"reference": number.to_string(), "state": "running"}))
            .collect();
        flow.receive("example", &delivery(json!(all).to_string(), SECRET))
            .await
            .unwrap();
        flow.run_due().await.unwrap();
        assert_eq!(store.lookups.load(Ordering::Relaxed), 1, "{guarded}");
    }
}

#[tokio::test]
async fn flood_of_messages_does_not_starve_the_flows() {
    for workers in [1, 2, 8] {
        let bench = Bench::new(Kind::default());
        let flow = bench.flow().await;
        let (_, reference) = start(&flow).await;
        bench.vendor.becomes(&reference, "passed");
        bench.clock.advance(HOUR);
        for _ in 0..200 {
            let stranger = flow.reference();
            flow.receive("example", &message(&stranger, None, "passed"))
                .await
                .unwrap();
        }
        let asked = async {
            while bench.vendor.calls("poll") == 0 {
                tokio::task::yield_now().await;
            }
        };
        flow.run(workers, asked).await;
        assert!(
            flow.tally().done <= 4 + 2 * workers as u64,
            "{workers}: {}",
            flow.tally().done
        );
    }
}

#[tokio::test]
async fn flood_of_flows_does_not_starve_the_messages() {
    let bench = Bench::new(Kind {
        polling: true,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    for _ in 0..100 {
        start(&flow).await;
    }
    bench.clock.advance(HOUR);
    flow.receive("example", &message(&reference, None, "review"))
        .await
        .unwrap();
    let told = async {
        while flow.status(id).await.unwrap().status == Some(Status::AwaitingPerson) {
            tokio::task::yield_now().await;
        }
    };
    flow.run(2, told).await;
    assert!(flow.tally().done <= 20, "{}", flow.tally().done);
}

#[tokio::test]
async fn proven_end_does_not_end_what_can_be_polled() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    flow.receive("example", &message(&reference, None, "ended"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert_eq!(
        flow.status(id).await.unwrap().status,
        Some(Status::InReview { leaning: None })
    );
    bench.vendor.becomes(&reference, "failed");
    bench.pass(&flow, HOUR).await;
    assert_eq!(
        flow.status(id).await.unwrap().status,
        Some(Status::Finished(Outcome::Rejected))
    );
}
