//! Creation exactly once, whatever is lost on the way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use futures_util::FutureExt as _;
use idv_core::{CreateSafety, ErrorKind, HandOff, Outcome, Status, VendorId};
use idv_flow::store::Phase;
use idv_flow::{FlowError, Resolution, StartRequest};
use support::*;

fn bench(safety: CreateSafety) -> Bench {
    Bench::new(Kind {
        safety,
        ..Kind::default()
    })
}

#[tokio::test]
async fn start_returns_hand_off() {
    let bench = bench(CreateSafety::Keyed);
    let flow = bench.flow().await;
    let started = flow.start(new_verification(&flow)).await.unwrap();
    assert!(matches!(started.hand_off, Some(HandOff::Redirect(_))) && !started.already_existed);
    let status = flow.status(started.id).await.unwrap();
    assert_eq!(
        (status.phase, status.status),
        (Phase::Open, Some(Status::AwaitingPerson))
    );
    assert_eq!(status.hand_off, started.hand_off);
}

#[tokio::test]
async fn reference_is_sent_once() {
    for safety in [
        CreateSafety::Keyed,
        CreateSafety::Findable,
        CreateSafety::Unkeyed,
    ] {
        let bench = bench(safety);
        let flow = bench.flow().await;
        let new = new_verification(&flow);
        let first = flow.start(new.clone()).await.unwrap();
        let second = flow.start(new.clone()).await.unwrap();
        assert_eq!(
            (
                first.id,
                second.already_existed,
                bench.vendor.calls("create")
            ),
            (second.id, true, 1)
        );
        assert_eq!(second.hand_off, first.hand_off);
    }
}

#[tokio::test]
async fn unreachable_vendor_is_retried_and_given_up() {
    let bench = bench(CreateSafety::Unkeyed);
    let flow = bench.flow().await;
    bench
        .vendor
        .next("create", Fate::Refused)
        .next("create", Fate::Refused);
    let new = new_verification(&flow);
    let started = flow.start(new.clone()).await.unwrap();
    assert_eq!((started.phase, started.hand_off), (Phase::Creating, None));
    bench.pass(&flow, 10 * MINUTE).await;
    assert_eq!(flow.status(started.id).await.unwrap().phase, Phase::Open);
    assert_eq!(bench.vendor.made(&new.reference).len(), 1);

    for _ in 0..200 {
        bench.vendor.next("create", Fate::Refused);
    }
    let new = new_verification(&flow);
    let started = flow.start(new.clone()).await.unwrap();
    bench.pass(&flow, 3 * HOUR).await;
    let status = flow.status(started.id).await.unwrap();
    assert_eq!(
        (status.phase, status.due, status.attention),
        (Phase::Refused, None, None)
    );
    assert_eq!(bench.vendor.made(&new.reference).len(), 0);
}

#[tokio::test]
async fn refused_creation_is_not_retried() {
    let bench = bench(CreateSafety::Keyed);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::Status(400));
    let new = new_verification(&flow);
    let error = flow.start(new.clone()).await.unwrap_err();
    assert!(
        matches!(&error, FlowError::Vendor(error) if matches!(error.kind(), ErrorKind::InvalidRequest { .. })),
        "{error}"
    );
    bench.pass(&flow, DAY).await;
    assert_eq!(bench.vendor.calls("create"), 1);
    let status = flow.find("example", &new.reference).await.unwrap().unwrap();
    assert_eq!((status.phase, status.due), (Phase::Refused, None));
}

#[tokio::test]
async fn lost_answer_is_repeated_when_creation_is_keyed() {
    let bench = bench(CreateSafety::Keyed);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::AnswerLost);
    let (id, reference) = start(&flow).await;
    assert_eq!(flow.status(id).await.unwrap().phase, Phase::Creating);
    bench.pass(&flow, 10 * MINUTE).await;
    assert!(flow.status(id).await.unwrap().hand_off.is_some());
    assert_eq!(
        (
            bench.vendor.made(&reference).len(),
            bench.vendor.calls("create")
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn lost_answer_is_searched_for_when_vendor_is_findable() {
    let bench = bench(CreateSafety::Findable);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::AnswerLost);
    let (id, reference) = start(&flow).await;
    bench.pass(&flow, 10 * MINUTE).await;
    assert_eq!(flow.status(id).await.unwrap().phase, Phase::Open);
    assert_eq!(
        (
            bench.vendor.made(&reference).len(),
            bench.vendor.calls("create"),
            bench.vendor.calls("find")
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn unsuccessful_search_needs_operator_and_continues() {
    let bench = bench(CreateSafety::Findable);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::Status(500));
    let (id, reference) = start(&flow).await;
    bench.pass(&flow, HOUR).await;
    assert!(attention(&flow).await.is_empty());
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(attention(&flow).await, ["creation_unknown"]);
    assert_eq!(bench.vendor.calls("create"), 1);
    bench.vendor.plant(&reference, "late");
    bench.pass(&flow, 2 * DAY).await;
    assert_eq!(flow.status(id).await.unwrap().phase, Phase::Open);
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn operator_chooses_among_several_verifications() {
    let bench = bench(CreateSafety::Findable);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::AnswerLost);
    let (id, reference) = start(&flow).await;
    bench.vendor.plant(&reference, "other");
    bench.pass(&flow, HOUR).await;
    assert_eq!(attention(&flow).await, ["several_found"]);
    flow.resolve(id, &Resolution::Adopt(VendorId::new("v1")), "operator-7")
        .await
        .unwrap();
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&flow, HOUR).await;
    assert!(flow.status(id).await.unwrap().is_verified());
}

#[tokio::test]
async fn lost_answer_needs_operator_when_creation_is_unkeyed() {
    let bench = bench(CreateSafety::Unkeyed);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::AnswerLost);
    let (id, reference) = start(&flow).await;
    bench.pass(&flow, 30 * DAY).await;
    assert_eq!(
        (attention(&flow).await, bench.vendor.calls("create")),
        (vec!["creation_unknown"], 1)
    );
    let item = flow.operator().await.unwrap().remove(0);
    assert!(item.what_to_do.contains("adopt"), "{}", item.what_to_do);

    flow.resolve(id, &Resolution::CreateAgain, "operator-7")
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    assert_eq!(
        (
            bench.vendor.calls("create"),
            bench.vendor.made(&reference).len()
        ),
        (2, 2)
    );
    assert!(attention(&flow).await.is_empty());
    let error = flow
        .resolve(id, &Resolution::CreateAgain, "operator-7")
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::Conflict(_)), "{error}");
}

#[tokio::test]
async fn only_authenticated_callback_settles_creation() {
    let bench = bench(CreateSafety::Unkeyed);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::AnswerLost);
    let (id, reference) = start(&flow).await;
    let forged = said(&reference, Some("mine"), "passed", "guessed");
    assert_eq!(flow.receive("example", &forged).await.unwrap().status, 403);
    flow.run_due().await.unwrap();
    assert_eq!(attention(&flow).await, ["creation_unknown"]);

    let reply = flow
        .receive("example", &message(&reference, Some("v1"), "running"))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    flow.run_due().await.unwrap();
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        (status.phase, status.status),
        (Phase::Open, Some(Status::InProgress))
    );
    assert!(attention(&flow).await.is_empty());
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&flow, HOUR).await;
    assert_eq!(
        flow.status(id).await.unwrap().status,
        Some(Status::Finished(Outcome::Verified))
    );
}

#[tokio::test]
async fn other_program_continues_after_lease_of_crashed_one() {
    for (safety, fate, creations) in [
        (CreateSafety::Keyed, Fate::Hang, 2),
        (CreateSafety::Keyed, Fate::HangBefore, 2),
        (CreateSafety::Findable, Fate::Hang, 1),
        (CreateSafety::Unkeyed, Fate::Hang, 1),
    ] {
        let bench = bench(safety);
        let flow = bench.flow().await;
        bench.vendor.next("create", fate);
        let new = new_verification(&flow);
        let reference = new.reference.clone();
        // The future is dropped while it waits for the vendor.
        assert!(Box::pin(flow.start(new)).now_or_never().is_none());
        drop(flow);
        let flow = bench.flow().await;
        flow.run_due().await.unwrap();
        assert_eq!(bench.vendor.calls("create"), 1, "the lease holds");
        bench.pass(&flow, HOUR).await;
        assert_eq!(
            bench.vendor.calls("create"),
            creations,
            "{safety:?} {fate:?}"
        );
        let status = flow.find("example", &reference).await.unwrap().unwrap();
        let settled = if safety == CreateSafety::Unkeyed {
            Phase::Creating
        } else {
            Phase::Open
        };
        assert_eq!(status.phase, settled, "{safety:?} {fate:?}");
        assert_eq!(
            attention(&flow).await.len(),
            usize::from(safety == CreateSafety::Unkeyed)
        );
        assert!(flow.verify_audit(None).await.unwrap().holds());
    }
}

#[tokio::test]
async fn answer_counts_after_its_lease_has_expired() {
    let bench = bench(CreateSafety::Unkeyed);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::Hang);
    let slow = Box::pin(flow.start(new_verification(&flow)));
    let mut slow = slow;
    assert!((&mut slow).now_or_never().is_none());
    // The call ends by its own deadline, long before the lease expires; here both have passed when
    // the engine resumes.
    bench.clock.advance(Duration::from_secs(600));
    flow.run_due().await.unwrap();
    assert_eq!(attention(&flow).await, ["creation_unknown"]);
    let started = slow.await.unwrap();
    assert_eq!(started.phase, Phase::Creating);
    assert_eq!(attention(&flow).await, ["creation_unknown"]);
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn flow_starts_at_chosen_account_only() {
    let bench = bench(CreateSafety::Keyed);
    let flow = bench.flow().await;
    let error = flow
        .start(StartRequest::new(new_verification(&flow)).at("nobody"))
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::UnknownAccount(_)), "{error}");
    assert_eq!(bench.vendor.calls("create"), 0);
}
