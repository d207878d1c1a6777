//! Deletion at the vendor and here, and its receipt.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use idv_core::Outcome;
use idv_flow::store::Phase;
use idv_flow::{
    CopyState, DataCopy, FlowError, Resolution, Retention, RetentionRule, StartRequest,
};
use support::*;

async fn verified(
    bench: &Bench,
    flow: &idv_flow::Engine,
    retention: Retention,
) -> idv_flow::FlowId {
    let new = new_verification(flow);
    let reference = new.reference.clone();
    let id = settle(StartRequest::new(new).retention(retention), flow).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(flow, HOUR).await;
    assert!(flow.status(id).await.unwrap().is_verified());
    id
}

#[tokio::test]
async fn copies_are_deleted_by_their_retention_rules() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let id = verified(
        &bench,
        &flow,
        Retention::new(
            RetentionRule::after(7 * DAY),
            RetentionRule::after(60 * DAY),
        ),
    )
    .await;
    bench.pass(&flow, 6 * DAY).await;
    assert_eq!(bench.vendor.calls("delete"), 0);
    bench.pass(&flow, 2 * DAY).await;
    let receipt = flow.receipt(id).await.unwrap();
    assert_eq!(
        (receipt.vendors_copy, bench.vendor.calls("delete")),
        (CopyState::Confirmed, 2)
    );
    assert!(receipt.vendors_copy_gone_at.is_some() && !receipt.is_complete());
    assert!(
        flow.report(id).await.unwrap().is_some(),
        "our copy still exists"
    );

    bench.pass(&flow, 60 * DAY).await;
    let (status, receipt) = (
        flow.status(id).await.unwrap(),
        flow.receipt(id).await.unwrap(),
    );
    assert_eq!(
        (
            status.phase,
            status.has_report,
            status.hand_off.is_none(),
            status.due
        ),
        (Phase::Erased, false, true, None)
    );
    assert!(receipt.is_complete());
    assert_eq!(flow.report(id).await.unwrap(), None);
    assert!(flow.verify_audit(None).await.unwrap().holds());
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn requested_deletion_is_immediate() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let id = verified(&bench, &flow, Retention::default()).await;
    bench.pass(&flow, 365 * DAY).await;
    assert_eq!(
        bench.vendor.calls("delete"),
        0,
        "without a rule nothing is deleted automatically"
    );
    assert_eq!(
        flow.delete(id, "privacy-desk").await.unwrap().vendors_copy,
        CopyState::There
    );
    bench.pass(&flow, HOUR).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    let trail: Vec<String> = flow
        .audit_of(id)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    let said = |word: &str| trail.iter().any(|event| event.contains(word));
    assert!(
        said("deletion_asked")
            && said("privacy-desk")
            && said("deletion_confirmed")
            && said("erased"),
        "{trail:?}"
    );
}

#[tokio::test]
async fn legal_hold_refuses_deletion_and_is_audited() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let until = "2026-03-01T00:00:00Z".parse().unwrap();
    let retention = Retention::new(
        RetentionRule::until_asked(),
        RetentionRule::until_asked().not_before(until),
    );
    let id = verified(&bench, &flow, retention).await;
    let error = flow.delete(id, "privacy-desk").await.unwrap_err();
    assert!(matches!(error, FlowError::Held { copy: DataCopy::Own, until: held } if held == until));
    assert!(
        error.to_string().contains("2026-03-01") && error.to_string().contains("our own copy"),
        "{error}"
    );
    bench.pass(&flow, DAY).await;
    assert_eq!(bench.vendor.calls("delete"), 0);
    assert!(
        flow.audit_of(id)
            .await
            .unwrap()
            .iter()
            .any(|entry| entry.event.contains("deletion_refused"))
    );
    bench.pass(&flow, 90 * DAY).await;
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, DAY).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
}

#[tokio::test]
async fn later_hold_delays_planned_deletion() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let id = verified(
        &bench,
        &flow,
        Retention::new(RetentionRule::after(7 * DAY), RetentionRule::after(7 * DAY)),
    )
    .await;
    let until = "2026-06-01T00:00:00Z".parse().unwrap();
    let held = RetentionRule::after(7 * DAY).not_before(until);
    flow.retain(id, Retention::new(held, held), "legal")
        .await
        .unwrap();
    bench.pass(&flow, 60 * DAY).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::There
    );
    bench.pass(&flow, 120 * DAY).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    let error = flow
        .retain(id, Retention::default(), "legal")
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::Conflict(_)), "{error}");
}

#[tokio::test]
async fn expired_retention_limit_deletes_open_verification() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let limit = RetentionRule::until_asked().not_after("2026-01-05T00:00:00Z".parse().unwrap());
    let id = settle(
        StartRequest::new(new_verification(&flow)).retention(Retention::new(limit, limit)),
        &flow,
    )
    .await;
    bench.pass(&flow, 3 * DAY).await;
    assert_eq!(flow.status(id).await.unwrap().phase, Phase::Open);
    bench.pass(&flow, 3 * DAY).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    let polls = bench.vendor.calls("poll");
    bench.pass(&flow, 40 * DAY).await;
    assert_eq!(
        bench.vendor.calls("poll"),
        polls,
        "a deleted verification is not polled"
    );
}

#[tokio::test]
async fn operator_deletes_by_hand_when_vendor_has_no_deletion() {
    let bench = Bench::new(Kind {
        deletion: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let id = verified(
        &bench,
        &flow,
        Retention::new(RetentionRule::after(DAY), RetentionRule::after(2 * DAY)),
    )
    .await;
    bench.pass(&flow, 5 * DAY).await;
    let item = flow.operator().await.unwrap().remove(0);
    assert_eq!(item.attention.name(), "delete_by_hand");
    assert!(
        item.what_to_do.contains("write to the vendor"),
        "{}",
        item.what_to_do
    );
    assert!(
        !flow.receipt(id).await.unwrap().is_complete(),
        "our copy holds the vendor's id until the vendor's copy is gone"
    );
    flow.resolve(id, &Resolution::DeletedByHand, "operator-7")
        .await
        .unwrap();
    bench.pass(&flow, DAY).await;
    let receipt = flow.receipt(id).await.unwrap();
    assert_eq!(
        (receipt.vendors_copy, receipt.is_complete()),
        (CopyState::ByHand, true)
    );
    assert!(attention(&flow).await.is_empty());
}

#[tokio::test]
async fn our_copy_is_erased_at_its_limit_before_the_vendors() {
    let bench = Bench::new(Kind {
        deletion: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let limit = "2026-01-10T00:00:00Z".parse().unwrap();
    let id = verified(
        &bench,
        &flow,
        Retention::new(
            RetentionRule::after(DAY),
            RetentionRule::until_asked().not_after(limit),
        ),
    )
    .await;
    bench.pass(&flow, 20 * DAY).await;
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        (status.phase, status.has_report, attention(&flow).await),
        (Phase::Erased, false, vec!["delete_by_hand"])
    );
    flow.resolve(id, &Resolution::DeletedByHand, "operator-7")
        .await
        .unwrap();
    assert!(flow.receipt(id).await.unwrap().is_complete() && attention(&flow).await.is_empty());
}

#[tokio::test]
async fn deletion_is_repeated_after_mere_cancellation() {
    let bench = Bench::new(Kind::default());
    bench.vendor.cancels_first();
    let flow = bench.flow().await;
    let (id, _) = start(&flow).await;
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(
        flow.receipt(id).await.unwrap().vendors_copy,
        CopyState::CanceledOnly
    );
    bench.pass(&flow, 2 * DAY).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
}

#[tokio::test]
async fn accepted_deletion_is_repeated_until_done() {
    let bench = Bench::new(Kind::default());
    bench.vendor.deletes_after(2);
    let flow = bench.flow().await;
    let id = verified(&bench, &flow, Retention::default()).await;
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, std::time::Duration::from_secs(1)).await;
    let receipt = flow.receipt(id).await.unwrap();
    assert_eq!(
        (receipt.vendors_copy, receipt.is_complete()),
        (CopyState::Accepted, false)
    );
    bench.pass(&flow, DAY).await;
    let receipt = flow.receipt(id).await.unwrap();
    assert_eq!(
        (receipt.vendors_copy, receipt.is_complete()),
        (CopyState::Confirmed, true)
    );
    let trail = flow.audit_of(id).await.unwrap();
    let accepted = trail
        .iter()
        .filter(|entry| entry.event.contains("accepted"))
        .count();
    assert_eq!(accepted, 1, "a running job writes no further entry");
}

#[tokio::test]
async fn failed_deletion_is_retried_and_needs_operator() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let id = verified(&bench, &flow, Retention::default()).await;
    for _ in 0..50 {
        bench.vendor.next("delete", Fate::Status(503));
    }
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert_eq!(attention(&flow).await, ["deletion_failing"]);
    assert!(
        flow.report(id).await.unwrap().is_some(),
        "our copy stays until the vendor's copy is deleted"
    );
    bench.vendor.recovers();
    bench.pass(&flow, 3 * HOUR).await;
    assert!(flow.receipt(id).await.unwrap().is_complete() && attention(&flow).await.is_empty());
}

#[tokio::test]
async fn flow_without_verification_is_erased() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::Status(400));
    let new = new_verification(&flow);
    flow.start(new.clone()).await.unwrap_err();
    let id = flow
        .find("example", &new.reference)
        .await
        .unwrap()
        .unwrap()
        .id;
    flow.delete(id, "privacy-desk").await.unwrap();
    flow.run_due().await.unwrap();
    let receipt = flow.receipt(id).await.unwrap();
    assert_eq!(
        (receipt.vendors_copy, receipt.is_complete()),
        (CopyState::NeverWas, true)
    );
    assert_eq!(bench.vendor.calls("delete"), 0);
}

#[tokio::test]
async fn late_message_does_not_undo_erasure() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    flow.receive("example", &message(&reference, Some("v1"), "passed"))
        .await
        .unwrap();
    flow.run_due().await.unwrap();
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    for state in ["failed", "passed", "review"] {
        flow.receive("example", &message(&reference, Some("v1"), state))
            .await
            .unwrap();
    }
    bench.pass(&flow, 3 * DAY).await;
    let status = flow.status(id).await.unwrap();
    assert_eq!(
        (
            status.phase,
            status.has_report,
            flow.report(id).await.unwrap()
        ),
        (Phase::Erased, false, None)
    );
    assert!(
        attention(&flow).await.is_empty(),
        "a late message about an erased flow makes no task"
    );
    let outcome = status
        .status
        .map(|status| matches!(status, idv_core::Status::Finished(Outcome::Verified)));
    assert_eq!(outcome, Some(true), "the outcome stays known");
}

#[tokio::test]
async fn deletion_cancels_unsent_create_request() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    bench.vendor.next("create", Fate::Refused);
    let (id, reference) = start(&flow).await;
    flow.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&flow, DAY).await;
    assert!(flow.receipt(id).await.unwrap().is_complete());
    assert!(bench.vendor.made(&reference).is_empty());
}

#[tokio::test]
async fn overdue_report_does_not_hide_deletion() {
    let bench = Bench::new(Kind {
        deletion: false,
        polling: false,
        ..Kind::default()
    });
    let flow = bench.flow().await;
    let (id, reference) = start(&flow).await;
    flow.receive("example", &message(&reference, None, "review"))
        .await
        .unwrap();
    bench.pass(&flow, 40 * DAY).await;
    assert_eq!(attention(&flow).await, ["overdue"]);
    flow.delete(id, "privacy-desk").await.unwrap();
    assert_eq!(attention(&flow).await, ["delete_by_hand"]);
}
