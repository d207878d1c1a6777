//! Callbacks: lost, late, repeated, reordered or forged, the outcome is the same.

use idv_core::{Capability, Channel, Decision, ErrorKind, Outcome, Trust};

use super::{CallbackFault, Case, Fault, Harness, skip};

/// Polling makes up for a lost callback, if the vendor supports it.
pub async fn lost_callback_changes_no_outcome<H: Harness>(harness: &H) {
    deliver_with(harness, CallbackFault::Lost).await;
}

/// A callback that arrives after the end changes nothing.
pub async fn late_callback_changes_no_outcome<H: Harness>(harness: &H) {
    deliver_with(harness, CallbackFault::Late).await;
}

/// A callback that arrives twice counts once.
pub async fn repeated_callback_changes_no_outcome<H: Harness>(harness: &H) {
    deliver_with(harness, CallbackFault::Duplicated).await;
}

/// Progress does not run backwards when callbacks arrive out of order.
pub async fn reordered_callbacks_change_no_outcome<H: Harness>(harness: &H) {
    deliver_with(harness, CallbackFault::Reordered).await;
}

/// A sender that knows the vendor's document but not the secret changes nothing.
pub async fn forged_callback_changes_nothing<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    let Some(forgery) = harness.forgery(case.id()) else {
        return skip(harness, "the vendor sends no callbacks");
    };
    let before = case.verification().clone();
    match harness.client().receive(&forgery) {
        Err(error) => assert_eq!(error.kind(), &ErrorKind::Forged, "{error}"),
        Ok(received) => {
            assert!(
                harness.client().info().callback_proof.is_none(),
                "a secret is configured but the callback was accepted without it"
            );
            for observation in received.observations {
                assert_eq!(
                    (observation.channel, observation.trust),
                    (Channel::Callback, Trust::Claimed)
                );
                case.take(&observation);
            }
        }
    }
    assert_eq!(*case.verification(), before);
}

async fn deliver_with<H: Harness>(harness: &H, fault: CallbackFault) {
    let capabilities = harness.client().info();
    if !capabilities.has(Capability::Callbacks) {
        return skip(harness, "the vendor sends no callbacks");
    }
    if fault == CallbackFault::Lost && !capabilities.has(Capability::Polling) {
        return skip(
            harness,
            "the vendor cannot be polled, so a lost callback needs an operator",
        );
    }
    let mut case = Case::create(harness).await;
    harness.plan(Fault::Callback(fault));
    if !case.play("happy").await {
        return;
    }
    // Callbacks that are still on their way arrive.
    harness
        .advance(std::time::Duration::from_secs(2 * 3600))
        .await;
    case.follow().await;
    let decision = case.decision();
    let lost_for_good =
        fault == CallbackFault::Lost && decision == Decision::Open(idv_core::Status::Ended);
    assert!(
        decision == Decision::Settled(Outcome::Verified) || lost_for_good,
        "{fault:?}: {decision:?}: {:?}",
        case.transitions()
    );
}
