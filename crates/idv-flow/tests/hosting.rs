//! Single steps that a workflow engine has carried out.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use futures_util::FutureExt as _;
use idv_core::{CreateSafety, EvidenceId, Outcome, Reference, VendorId};
use idv_flow::store::EvidenceStore as _;
use idv_flow::{
    Engine, EvidencePolicy, FlowDecision, FlowError, FlowId, FlowPlan, Resolution, Result,
    Retention, RetentionRule,
};
use support::*;

const BY: &str = "operator-7";

/// Carries out the commands that are due now, up to `last`, which stays planned.
async fn carry_out_until(flow: &Engine, id: FlowId, last: &str) {
    let mut plan = flow.plan(id).await.unwrap();
    while let Some(command) = plan.command.filter(|command| command != last) {
        plan = flow.carry_out(id, &command).await.unwrap();
    }
}

#[tokio::test]
async fn repeated_download_begins_at_once() {
    let bench = Bench::new(Kind {
        evidence: true,
        ..Kind::default()
    });
    bench
        .vendor
        .has_file("video", "video", vec![7; 3 * 1024 * 1024]);
    let builder = || bench.builder().evidence(EvidencePolicy::all());
    let flow = bench.open(builder()).await;
    let (id, reference) = start(&flow).await;
    bench.vendor.becomes(&reference, "passed");
    bench.clock.advance(HOUR);
    carry_out_until(&flow, id, "keep_evidence").await;
    bench.vendor.next("evidence", Fate::Hang);
    let mut crashed = Box::pin(flow.carry_out(id, "keep_evidence"));
    while bench.store.parts(id).await.unwrap().len() < 2 {
        assert!(crashed.as_mut().now_or_never().is_none());
    }

    let other = bench.open(builder()).await;
    let plan = other.carry_out(id, "keep_evidence").await.unwrap();
    assert_ne!(plan.command.as_deref(), Some("keep_evidence"), "{plan:?}");
    let kept = other.evidence(id).await.unwrap();
    let parts = bench.store.parts(id).await.unwrap();
    assert_eq!((kept.len(), kept[0].item), (1, 2));
    assert!(parts.iter().all(|part| part.item == 2), "{parts:?}");
}

/// A flow, and the engine and the vendor that have it.
struct Setup {
    bench: Bench,
    flow: Engine,
    id: FlowId,
    reference: Reference,
}

impl Setup {
    /// Starts a flow at a vendor of this kind. The answer to the create request can be lost.
    async fn new(kind: Kind, is_answer_lost: bool) -> Self {
        let bench = Bench::new(kind);
        let flow = bench
            .open(bench.builder().evidence(EvidencePolicy::all()))
            .await;
        if is_answer_lost {
            bench.vendor.next("create", Fate::AnswerLost);
        }
        let (id, reference) = start(&flow).await;
        bench.pass(&flow, MINUTE).await;
        Self {
            bench,
            flow,
            id,
            reference,
        }
    }

    async fn decide(&self, decision: &FlowDecision, key: &str) -> Result<FlowPlan> {
        self.flow.decide(self.id, decision, BY, key).await
    }

    async fn trail(&self) -> usize {
        self.flow.audit_of(self.id).await.unwrap().len()
    }

    /// Makes a decision, and repeats it at once and after the flow has gone on. Returns the answer to
    /// an equal decision of another key.
    async fn repeat(&self, decision: FlowDecision) -> Result<FlowPlan> {
        let before = self.trail().await;
        self.decide(&decision, "update-1").await.unwrap();
        let recorded = self.trail().await;
        assert!(recorded > before, "{decision:?}");
        let plan = self.decide(&decision, "update-1").await.unwrap();
        assert_eq!(self.trail().await, recorded, "{decision:?}");
        assert_eq!(plan, self.flow.plan(self.id).await.unwrap());

        self.bench.pass(&self.flow, HOUR).await;
        let (later, calls) = (self.trail().await, self.bench.vendor.calls("create"));
        self.decide(&decision, "update-1").await.unwrap();
        self.bench.pass(&self.flow, MINUTE).await;
        assert_eq!(self.trail().await, later, "{decision:?}");
        assert_eq!(self.bench.vendor.calls("create"), calls);
        self.decide(&decision, "update-2").await
    }
}

fn silent() -> Kind {
    Kind {
        polling: false,
        ..Kind::default()
    }
}

/// Asserts that the state of the flow did not allow a decision.
#[track_caller]
fn assert_refused(answer: &Result<FlowPlan>) {
    assert!(matches!(answer, Err(FlowError::Conflict(_))), "{answer:?}");
}

#[tokio::test]
async fn repeated_decision_about_a_creation_is_recorded_once() {
    let kind = Kind {
        safety: CreateSafety::Unkeyed,
        ..silent()
    };
    for resolution in [
        Resolution::CreateAgain,
        Resolution::Adopt(VendorId::new("v1")),
    ] {
        let setup = Setup::new(kind.clone(), true).await;
        assert_refused(&setup.repeat(FlowDecision::Resolve(resolution)).await);
    }
    let setup = Setup::new(kind, true).await;
    let abandon = FlowDecision::Resolve(Resolution::Abandon);
    setup.repeat(abandon).await.unwrap();
}

#[tokio::test]
async fn repeated_decision_about_an_outcome_is_recorded_once() {
    let setup = Setup::new(silent(), false).await;
    for state in ["passed", "failed"] {
        let message = message(&setup.reference, None, state);
        setup.flow.receive("example", &message).await.unwrap();
        setup.flow.run_due().await.unwrap();
    }
    let rejected = Resolution::ResolveDispute(Outcome::Rejected);
    assert_refused(&setup.repeat(FlowDecision::Resolve(rejected)).await);

    let kind = Kind {
        results: true,
        ..Kind::default()
    };
    let setup = Setup::new(kind, false).await;
    setup.bench.vendor.becomes(&setup.reference, "ended");
    setup.bench.pass(&setup.flow, HOUR).await;
    let forged = returning(&setup.reference, "forged");
    setup.flow.receive("example", &forged).await.unwrap();
    setup.flow.run_due().await.unwrap();
    let drop_handle = FlowDecision::Resolve(Resolution::DropHandle);
    assert_refused(&setup.repeat(drop_handle).await);

    for resolution in [Resolution::AskNow, Resolution::Acknowledge] {
        let setup = Setup::new(silent(), false).await;
        let answer = setup.repeat(FlowDecision::Resolve(resolution)).await;
        answer.unwrap();
    }
}

#[tokio::test]
async fn repeated_decision_about_evidence_is_recorded_once() {
    for resolution in [
        Resolution::SkipEvidence(EvidenceId::new("front")),
        Resolution::GiveUpEvidence,
    ] {
        let kind = Kind {
            evidence: true,
            ..Kind::default()
        };
        let setup = Setup::new(kind, false).await;
        let vendor = &setup.bench.vendor;
        vendor.has_file("front", "document_front", &b"front"[..]);
        vendor.refuses_file("front", 400);
        vendor.becomes(&setup.reference, "passed");
        setup.bench.pass(&setup.flow, DAY).await;
        assert_eq!(attention(&setup.flow).await, ["evidence_failing"]);
        assert_refused(&setup.repeat(FlowDecision::Resolve(resolution)).await);
    }
}

#[tokio::test]
async fn repeated_decision_about_a_deletion_is_recorded_once() {
    let kind = Kind {
        deletion: false,
        ..silent()
    };
    let setup = Setup::new(kind, false).await;
    let message = message(&setup.reference, None, "passed");
    setup.flow.receive("example", &message).await.unwrap();
    setup.flow.run_due().await.unwrap();
    setup.repeat(FlowDecision::Delete).await.unwrap();
    let by_hand = FlowDecision::Resolve(Resolution::DeletedByHand);
    setup.decide(&by_hand, "update-3").await.unwrap();
    setup.bench.pass(&setup.flow, HOUR).await;
    // Both copies are gone.
    let receipt = setup.flow.receipt(setup.id).await.unwrap();
    assert!(receipt.is_complete(), "{receipt:?}");
    setup.decide(&by_hand, "update-3").await.unwrap();
    assert_refused(&setup.decide(&by_hand, "update-4").await);
    let retain = FlowDecision::Retain(Retention::default());
    assert_refused(&setup.decide(&retain, "update-5").await);

    let setup = Setup::new(Kind::default(), false).await;
    let retain = FlowDecision::Retain(Retention::default());
    setup.repeat(retain).await.unwrap();
}

#[tokio::test]
async fn deletion_during_a_hold_is_not_a_repetition_later() {
    let setup = Setup::new(Kind::default(), false).await;
    let held = Retention::default().own(
        RetentionRule::until_asked()
            .not_before(setup.flow.status(setup.id).await.unwrap().phase_since + DAY),
    );
    setup
        .decide(&FlowDecision::Retain(held), "update-1")
        .await
        .unwrap();
    let refused = setup.decide(&FlowDecision::Delete, "update-2").await;
    assert!(
        matches!(refused, Err(FlowError::Held { .. })),
        "{refused:?}"
    );
    setup.bench.clock.advance(2 * DAY);
    let plan = setup.decide(&FlowDecision::Delete, "update-2").await;
    assert_eq!(plan.unwrap().command.as_deref(), Some("delete"));
}

#[tokio::test]
async fn flow_remembers_its_last_decisions() {
    let setup = Setup::new(silent(), false).await;
    let ask = FlowDecision::Resolve(Resolution::AskNow);
    for number in 0..16 {
        setup.decide(&ask, &number.to_string()).await.unwrap();
    }
    let before = setup.trail().await;
    for number in 0..16 {
        setup.decide(&ask, &number.to_string()).await.unwrap();
    }
    assert_eq!(setup.trail().await, before);
    for key in ["16", "0"] {
        setup.decide(&ask, key).await.unwrap();
    }
    assert_eq!(
        setup.trail().await,
        before + 2,
        "the first one is forgotten"
    );
}
