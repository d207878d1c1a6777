//! Creating exactly once, whatever is lost on the way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

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
async fn what_is_started_is_there_and_says_where_to_send_the_person() {
    let bench = bench(CreateSafety::Keyed);
    let flow = bench.flow().await;
    let started = flow.start(somebody(&flow)).await.unwrap();
    assert!(matches!(started.hand_off, Some(HandOff::Redirect(_))) && !started.already_existed);
    let status = flow.status(started.id).await.unwrap();
    assert_eq!(
        (status.phase, status.status),
        (Phase::Open, Some(Status::AwaitingPerson))
    );
    assert_eq!(status.hand_off, started.hand_off);
}

#[tokio::test]
async fn the_same_reference_is_never_sent_twice() {
    for safety in [
        CreateSafety::Keyed,
        CreateSafety::Findable,
        CreateSafety::Unkeyed,
    ] {
        let bench = bench(safety);
        let flow = bench.flow().await;
        let new = somebody(&flow);
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
async fn a_vendor_that_is_not_reached_is_tried_again_and_given_up_in_the_end() {
    let bench = bench(CreateSafety::Unkeyed);
    let flow = bench.flow().await;
    bench
        .vendor
        .next("create", Fate::Refused)
        .next("create", Fate::Refused);
    let new = somebody(&flow);
    let started = flow.start(new.clone()).await.unwrap();
    assert_eq!((started.phase, started.hand_off), (Phase::Creating, None));
    bench.pass(&flow, 10 * MINUTE).await;
    assert_eq!(flow.status(started.id).await.unwrap().phase, Phase::Open);
    assert_eq!(bench.vendor.made(&new.reference).len(), 1);

    for _ in 0..200 {
        bench.vendor.next("create", Fate::Refused);
    }
    let new = somebody(&flow);
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
async fn what_the_vendor_refuses_is_told_and_not_tried_again() {
    let bench = bench(CreateSafety::Keyed);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::Status(400));
    let new = somebody(&flow);
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
async fn a_lost_answer_of_a_keyed_vendor_is_asked_for_again_under_the_same_reference() {
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
async fn a_lost_answer_of_a_findable_vendor_is_searched_for_and_never_asked_for_again() {
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
async fn what_a_search_does_not_find_is_a_persons_matter_after_a_while_and_found_late_all_the_same()
{
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
async fn of_several_a_person_says_which_it_is() {
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
async fn a_lost_answer_of_an_unkeyed_vendor_is_flagged_at_once_and_nobody_is_invited_in_silence() {
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
async fn a_proven_message_that_names_it_settles_an_interrupted_creation_and_a_forged_one_does_not()
{
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
async fn a_program_that_dies_in_the_middle_is_followed_by_another_when_its_lease_has_run_out() {
    for (safety, fate, creations) in [
        (CreateSafety::Keyed, Fate::Hang, 2),
        (CreateSafety::Keyed, Fate::HangBefore, 2),
        (CreateSafety::Findable, Fate::Hang, 1),
        (CreateSafety::Unkeyed, Fate::Hang, 1),
    ] {
        let bench = bench(safety);
        let flow = bench.flow().await;
        bench.vendor.next("create", fate);
        let new = somebody(&flow);
        let reference = new.reference.clone();
        // The future is dropped where it waits for the vendor.
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
async fn an_answer_that_comes_after_its_worker_was_given_up_still_counts() {
    let bench = bench(CreateSafety::Unkeyed);
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::Hang);
    let slow = Box::pin(flow.start(somebody(&flow)));
    let mut slow = slow;
    assert!((&mut slow).now_or_never().is_none());
    // The call ends by its own deadline, long before the lease does; here both are over when it is looked at.
    bench.clock.advance(Duration::from_secs(600));
    flow.run_due().await.unwrap();
    assert_eq!(attention(&flow).await, ["creation_unknown"]);
    let started = slow.await.unwrap();
    assert_eq!(started.phase, Phase::Creating);
    assert_eq!(attention(&flow).await, ["creation_unknown"]);
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn a_flow_starts_where_it_is_told_to_or_not_at_all() {
    let bench = bench(CreateSafety::Keyed);
    let flow = bench.flow().await;
    let error = flow
        .start(StartRequest::new(somebody(&flow)).at("nobody"))
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::UnknownAccount(_)), "{error}");
    assert_eq!(bench.vendor.calls("create"), 0);
}
