//! The rules that a driver of the state machine can break, on both engines by one body of code.
//!
//! The vendor is that of `idv-flow`'s tests, in memory: each test chooses its capabilities and has
//! calls fail before or after their effect.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;
#[path = "../../../crates/idv-flow/tests/support/mod.rs"]
mod vendor;

use std::sync::Arc;
use std::time::Duration;

use idv::transport::SystemClock;
use idv_core::call::CallPolicy;
use idv_core::{CreateSafety, Outcome, Reference, Secret, Status, VendorId};
use idv_flow::audit::AuditEntry;
use idv_flow::store::{Phase, Store};
use idv_flow::{
    Attention, CopyState, Engine, EngineBuilder, EvidencePolicy, FlowId, FlowPlan, Resolution,
    Retention, RetentionRule, Schedule, StartRequest, Vault,
};
use idv_temporal::{Host, HostError, WorkerSettings};
use support::program::{host_options, open, quick};
use support::runner::BY;
use support::server::Server;
use support::{Runner, until};
use vendor::meddled::Meddled;
use vendor::{Bench, Fate, HOUR, Kind, message, new_verification};

const ACCOUNT: &str = "example";

/// Checks a rule on each engine, with a vendor of its own.
async fn on_both(kind: Kind, interval: Option<Duration>, rule: impl AsyncFn(&Setup)) {
    let bench = Bench::new(kind.clone());
    let engine = builder(&bench, interval).open().await.unwrap();
    let runner = Runner::Embedded(engine.clone());
    let setup = Setup { bench, runner };
    tokio::select! {
        () = rule(&setup) => {}
        () = engine.run(4, std::future::pending()) => unreachable!("it runs until it is dropped"),
    }
    let server = Server::start().await;
    let bench = Bench::new(kind);
    let host = open(builder(&bench, interval), server.url(), host_options()).await;
    let runner = Runner::Hosted(host.clone());
    let setup = Setup { bench, runner };
    let settings = WorkerSettings::new();
    tokio::select! {
        () = rule(&setup) => {}
        done = host.run(&settings, std::future::pending()) => panic!("the worker ended: {done:?}"),
    }
}

fn builder(bench: &Bench, interval: Option<Duration>) -> EngineBuilder {
    builder_over(bench.store.clone(), bench, interval)
}

fn builder_over(
    store: impl Store + 'static,
    bench: &Bench,
    interval: Option<Duration>,
) -> EngineBuilder {
    let mut policy = CallPolicy::default();
    // The longest wait for an answer that never comes.
    (policy.attempt_timeout, policy.deadline) = (Duration::from_secs(3), Duration::from_secs(3));
    let client = bench.client_with(SystemClock::new(), policy);
    let schedule = quick(Schedule::of(client.info()));
    let schedule = match interval {
        Some(interval) => schedule.interval(interval).slowest(interval),
        None => schedule,
    };
    let key = Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2));
    Engine::builder(store)
        .client(client)
        .clock(Arc::new(SystemClock::new()))
        .vault(Vault::new(&key).unwrap())
        .evidence(EvidencePolicy::all())
        .schedule(ACCOUNT, schedule)
}

/// A vendor, and the engine that runs its flows.
struct Setup {
    bench: Bench,
    runner: Runner,
}

impl Setup {
    async fn start(&self) -> (FlowId, Reference) {
        let new = new_verification(self.runner.engine());
        let reference = new.reference.clone();
        (self.runner.start(StartRequest::new(new)).await, reference)
    }

    /// Starts a flow, and waits until it has a verification.
    async fn create(&self) -> (FlowId, Reference) {
        let (id, reference) = self.start().await;
        self.is_in(id, Phase::Open).await;
        (id, reference)
    }

    /// Starts a flow whose person the vendor verifies, and waits for its end.
    async fn verify(&self) -> (FlowId, Reference) {
        let (id, reference) = self.create().await;
        self.bench.vendor.becomes(&reference, "passed");
        self.is_in(id, Phase::Done).await;
        assert!(self.runner.status(id).await.is_verified());
        (id, reference)
    }

    async fn is_in(&self, id: FlowId, phase: Phase) {
        until(&format!("the flow is {phase:?}"), async || {
            self.runner.status(id).await.phase == phase
        })
        .await;
    }

    async fn needs(&self, id: FlowId, attention: &Attention) {
        until(&format!("the flow needs {attention:?}"), async || {
            self.runner.status(id).await.attention.as_ref() == Some(attention)
        })
        .await;
    }

    async fn receive(&self, reference: &Reference, id: Option<&str>, state: &str) {
        let message = message(reference, id, state);
        let reply = self.runner.engine().receive(ACCOUNT, &message).await;
        assert_eq!(reply.unwrap().status, 200);
    }

    fn calls(&self, operation: &str) -> usize {
        self.bench.vendor.calls(operation)
    }
}

fn kind(safety: CreateSafety) -> Kind {
    Kind {
        safety,
        ..Kind::default()
    }
}

fn silent() -> Kind {
    Kind {
        polling: false,
        ..Kind::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn second_start_with_key_is_the_first_flow() {
    on_both(kind(CreateSafety::Unkeyed), None, async |setup| {
        let engine = setup.runner.engine();
        let start = || StartRequest::new(new_verification(engine)).key("case-1");
        let first = setup.runner.start(start()).await;
        assert_eq!(setup.runner.start(start()).await, first);
        setup.is_in(first, Phase::Open).await;
        assert_eq!(setup.runner.start(start()).await, first);
        assert_eq!(setup.calls("create"), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callback_before_the_answer_to_create_counts() {
    let kind = Kind {
        safety: CreateSafety::Unkeyed,
        ..silent()
    };
    on_both(kind, None, async |setup| {
        setup.bench.vendor.next("create", Fate::Hang);
        let (id, reference) = setup.start().await;
        until("the request is sent", async || setup.calls("create") == 1).await;
        setup.receive(&reference, Some("v1"), "running").await;
        setup.is_in(id, Phase::Open).await;
        setup.receive(&reference, Some("v1"), "passed").await;
        setup.is_in(id, Phase::Done).await;
        let status = setup.runner.status(id).await;
        assert!(
            status.is_verified() && status.attention.is_none(),
            "{status:?}"
        );
        assert_eq!(setup.bench.vendor.made(&reference).len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answer_to_create_needs_an_operator() {
    on_both(kind(CreateSafety::Unkeyed), None, async |setup| {
        setup.bench.vendor.next("create", Fate::AnswerLost);
        let (id, reference) = setup.start().await;
        setup.needs(id, &Attention::CreationUnknown).await;
        let made = setup.bench.vendor.made(&reference);
        let adopted = Resolution::Adopt(VendorId::new(made[0].clone()));
        setup.runner.resolve(id, &adopted).await;
        setup.is_in(id, Phase::Open).await;
        assert_eq!((made.len(), setup.calls("create")), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answer_to_create_is_searched_for() {
    on_both(kind(CreateSafety::Findable), None, async |setup| {
        setup.bench.vendor.next("create", Fate::AnswerLost);
        let (_, reference) = setup.create().await;
        assert_eq!(setup.bench.vendor.made(&reference).len(), 1);
        assert_eq!((setup.calls("create"), setup.calls("find")), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answer_to_keyed_create_is_repeated() {
    on_both(kind(CreateSafety::Keyed), None, async |setup| {
        setup.bench.vendor.next("create", Fate::AnswerLost);
        let (_, reference) = setup.create().await;
        assert_eq!(setup.bench.vendor.made(&reference).len(), 1);
        assert_eq!(setup.calls("create"), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_create_request_is_not_repeated() {
    on_both(kind(CreateSafety::Unkeyed), None, async |setup| {
        // The first request does not arrive, so it is repeated.
        setup.bench.vendor.next("create", Fate::Refused);
        setup.bench.vendor.next("create", Fate::Status(400));
        let (id, _) = setup.start().await;
        setup.is_in(id, Phase::Refused).await;
        assert_eq!(setup.calls("create"), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contradiction_verifies_no_one_until_resolved() {
    on_both(silent(), None, async |setup| {
        let (id, reference) = setup.create().await;
        setup.receive(&reference, None, "passed").await;
        setup.is_in(id, Phase::Done).await;
        setup.receive(&reference, None, "failed").await;
        setup.needs(id, &Attention::Disputed).await;
        let status = setup.runner.status(id).await;
        assert!(status.disputed && !status.is_verified(), "{status:?}");
        let rejected = Resolution::ResolveDispute(Outcome::Rejected);
        setup.runner.resolve(id, &rejected).await;
        setup.is_in(id, Phase::Done).await;
        let status = setup.runner.status(id).await;
        assert_eq!(status.status, Some(Status::Finished(Outcome::Rejected)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_suspicion_disputes_the_outcome() {
    on_both(Kind::default(), None, async |setup| {
        let (id, reference) = setup.verify().await;
        setup.bench.vendor.becomes(&reference, "suspicious");
        setup.receive(&reference, None, "suspicious").await;
        setup.needs(id, &Attention::Disputed).await;
        assert!(!setup.runner.status(id).await.is_verified());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operator_polls_regardless_of_the_schedule() {
    on_both(Kind::default(), Some(HOUR), async |setup| {
        let (id, reference) = setup.create().await;
        setup.bench.vendor.becomes(&reference, "passed");
        assert_eq!(setup.calls("poll"), 0);
        setup.runner.resolve(id, &Resolution::AskNow).await;
        setup.is_in(id, Phase::Done).await;
        assert!(setup.runner.status(id).await.is_verified());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_refuses_deletion_until_it_ends() {
    on_both(Kind::default(), None, async |setup| {
        let (id, _) = setup.verify().await;
        let rule = RetentionRule::until_asked();
        let tomorrow = jiff::Timestamp::now() + Duration::from_secs(86_400);
        let held = Retention::new(rule, rule.not_before(tomorrow));
        setup.runner.retain(id, held).await;
        assert!(setup.runner.refuses_delete(id).await);
        assert_eq!(setup.calls("delete"), 0);
        setup.runner.retain(id, Retention::default()).await;
        setup.runner.delete_all(id, "the verification").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_is_kept_before_the_vendor_deletes() {
    let kind = Kind {
        evidence: true,
        ..Kind::default()
    };
    on_both(kind, None, async |setup| {
        let vendor = &setup.bench.vendor;
        vendor.has_file("front", "document_front", vec![1; 1_000]);
        vendor.has_file("selfie", "selfie", vec![2; 1_000]);
        vendor.next("evidence", Fate::Status(503));
        vendor.next("evidence", Fate::AnswerLost);
        let (id, _) = setup.verify().await;
        setup.runner.delete_all(id, "the verification").await;
        let trail = setup.runner.engine().audit_of(id).await.unwrap();
        let is = |entry: &AuditEntry, name: &str| entry.event.contains(&format!("\"{name}\""));
        let kept = trail.iter().rposition(|entry| is(entry, "evidence_kept"));
        let deleted = trail.iter().position(|entry| is(entry, "deleted"));
        assert!(kept.is_some() && kept < deleted, "{trail:?}");
        // Two failed, and none was repeated without need.
        let downloads = vendor.downloads();
        assert!(downloads.len() <= 4, "{downloads:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_deletion_is_repeated_until_confirmed() {
    on_both(Kind::default(), None, async |setup| {
        setup.bench.vendor.deletes_after(2);
        let (id, _) = setup.verify().await;
        setup.runner.delete_all(id, "the verification").await;
        let receipt = setup.runner.engine().receipt(id).await.unwrap();
        assert_eq!(receipt.vendors_copy, CopyState::Confirmed);
        // Two that are accepted, one that deletes, one that confirms.
        assert_eq!(setup.calls("delete"), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_account_is_not_called() {
    on_both(Kind::default(), None, async |setup| {
        let engine = setup.runner.engine();
        let (open, reference) = setup.create().await;
        engine.pause_account(ACCOUNT, BY).await.unwrap();
        let (id, _) = setup.start().await;
        // Callbacks still count.
        let before = engine.audit_of(open).await.unwrap().len();
        setup.receive(&reference, None, "running").await;
        until("the message is processed", async || {
            engine.audit_of(open).await.unwrap().len() > before
        })
        .await;
        assert_eq!(setup.runner.status(id).await.phase, Phase::Creating);
        assert_eq!(setup.calls("create"), 1);
        engine.resume_account(ACCOUNT, BY).await.unwrap();
        setup.is_in(id, Phase::Open).await;
    })
    .await;
}

/// A host whose store can keep the answer to a decision to itself, as a crash does.
struct Silenced {
    setup: Setup,
    store: Meddled,
    host: Host,
}

impl Silenced {
    /// Has a decision made whose first answer is lost. It must be recorded once.
    async fn decide(&self, id: FlowId, decision: impl AsyncFn() -> Result<FlowPlan, HostError>) {
        let before = self.decisions(id).await;
        *self.store.silent.lock().unwrap() = Some(BY);
        let plan = decision().await.unwrap();
        assert_eq!(plan.flow, id);
        assert!(
            self.store.silent.lock().unwrap().is_none(),
            "no answer was lost"
        );
        assert_eq!(self.decisions(id).await, before + 1);
    }

    /// As [`Silenced::decide`]. An equal decision afterwards must be refused.
    async fn resolve_once(&self, id: FlowId, resolution: Resolution) {
        let decision = async || self.host.resolve(id, &resolution, BY).await;
        self.decide(id, &decision).await;
        let refused = decision().await;
        assert!(matches!(refused, Err(HostError::Refused(_))), "{refused:?}");
    }

    /// Returns the number of decisions in the audit trail of a flow.
    async fn decisions(&self, id: FlowId) -> usize {
        let trail = self.host.engine().audit_of(id).await.unwrap();
        let by = format!("\"{BY}\"");
        trail
            .iter()
            .filter(|entry| entry.event.contains(&by))
            .count()
    }

    async fn verify(&self) -> (FlowId, Reference) {
        let (id, reference) = self.setup.create().await;
        self.setup.receive(&reference, None, "passed").await;
        self.setup.is_in(id, Phase::Done).await;
        (id, reference)
    }

    /// Starts a flow whose create request loses its answer.
    async fn lose_creation(&self) -> (FlowId, Reference) {
        self.setup.bench.vendor.next("create", Fate::AnswerLost);
        let (id, reference) = self.setup.start().await;
        self.setup.needs(id, &Attention::CreationUnknown).await;
        (id, reference)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_is_recorded_once_if_its_answer_is_lost() {
    let kind = Kind {
        safety: CreateSafety::Unkeyed,
        deletion: false,
        ..silent()
    };
    let server = Server::start().await;
    let bench = Bench::new(kind);
    let store = Meddled {
        store: bench.store.clone(),
        ..Meddled::default()
    };
    let builder = builder_over(store.clone(), &bench, None);
    let host = open(builder, server.url(), host_options()).await;
    let runner = Runner::Hosted(host.clone());
    let setup = Setup { bench, runner };
    let silenced = Silenced { setup, store, host };
    let (settings, never) = (WorkerSettings::new(), std::future::pending());
    tokio::select! {
        () = decide_each(&silenced) => {}
        done = silenced.host.run(&settings, never) => panic!("the worker ended: {done:?}"),
    }
}

async fn decide_each(silenced: &Silenced) {
    let Silenced { setup, host, .. } = silenced;
    let (id, reference) = silenced.lose_creation().await;
    silenced.resolve_once(id, Resolution::CreateAgain).await;
    setup.is_in(id, Phase::Open).await;
    assert_eq!(setup.bench.vendor.made(&reference).len(), 2, "one is lost");

    let (id, reference) = silenced.lose_creation().await;
    let made = VendorId::new(setup.bench.vendor.made(&reference)[0].clone());
    silenced.resolve_once(id, Resolution::Adopt(made)).await;
    setup.is_in(id, Phase::Open).await;
    let abandon = async || host.resolve(id, &Resolution::Abandon, BY).await;
    silenced.decide(id, abandon).await;

    let (id, reference) = silenced.verify().await;
    setup.receive(&reference, None, "failed").await;
    setup.needs(id, &Attention::Disputed).await;
    let rejected = Resolution::ResolveDispute(Outcome::Rejected);
    silenced.resolve_once(id, rejected).await;

    let (id, _) = silenced.verify().await;
    let retain = async || host.retain(id, Retention::default(), BY).await;
    silenced.decide(id, retain).await;
    silenced
        .decide(id, async || host.delete(id, BY).await)
        .await;
    setup.needs(id, &Attention::DeleteByHand).await;
    silenced.resolve_once(id, Resolution::DeletedByHand).await;
    until("both copies are gone", async || {
        host.engine().receipt(id).await.unwrap().is_complete()
    })
    .await;
}
