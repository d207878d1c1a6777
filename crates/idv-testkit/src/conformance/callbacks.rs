//! Callbacks: lost, late, repeated, reordered or forged, the outcome is the same.

use idv_core::{Capability, Channel, Decision, ErrorKind, Outcome, Trust};

use super::{Astray, Case, Fault, Harness, skip};

/// One that never arrives is made up for by asking, where the vendor can be asked.
pub async fn a_lost_callback_changes_no_outcome<H: Harness>(harness: &H) {
    astray(harness, Astray::Lost).await;
}

/// One that arrives when all is over changes nothing any more.
pub async fn a_late_callback_changes_no_outcome<H: Harness>(harness: &H) {
    astray(harness, Astray::Late).await;
}

/// One that arrives twice is one.
pub async fn a_repeated_callback_changes_no_outcome<H: Harness>(harness: &H) {
    astray(harness, Astray::Duplicated).await;
}

/// Progress does not run backwards.
pub async fn reordered_callbacks_change_no_outcome<H: Harness>(harness: &H) {
    astray(harness, Astray::Reordered).await;
}

/// Whoever knows the vendor's document, and not the secret, changes nothing.
pub async fn a_forged_callback_changes_nothing<H: Harness>(harness: &H) {
    let mut case = Case::create(harness).await;
    let Some(forgery) = harness.forgery(case.id()) else {
        return skip(harness, "it does not call back");
    };
    let before = case.verification().clone();
    match harness.client().receive(&forgery) {
        Err(error) => assert_eq!(error.kind(), &ErrorKind::Forged, "{error}"),
        Ok(received) => {
            assert!(
                harness.client().info().callback_proof.is_none(),
                "a secret is configured, and was not asked for"
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

async fn astray<H: Harness>(harness: &H, astray: Astray) {
    let capabilities = harness.client().info();
    if !capabilities.has(Capability::Callbacks) {
        return skip(harness, "it does not call back");
    }
    if astray == Astray::Lost && !capabilities.has(Capability::Polling) {
        return skip(
            harness,
            "it cannot be asked, so a lost callback is for an operator",
        );
    }
    let mut case = Case::create(harness).await;
    harness.plan(Fault::Callback(astray));
    if !case.play("happy").await {
        return;
    }
    // Whatever is still on its way.
    harness
        .advance(std::time::Duration::from_secs(2 * 3600))
        .await;
    case.follow().await;
    let decision = case.decision();
    let lost_for_good =
        astray == Astray::Lost && decision == Decision::Open(idv_core::Status::Ended);
    assert!(
        decision == Decision::Settled(Outcome::Verified) || lost_for_good,
        "{astray:?}: {decision:?}: {:?}",
        case.transitions()
    );
}
