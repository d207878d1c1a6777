//! Control of accounts, shared by the programs over one store: pause, drain, limits and circuit
//! breaker.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{join, join3};
use idv_core::Outcome;
use idv_flow::store::{Phase, Store as _};
use idv_flow::{
    AccountLimits, AccountMode, CircuitBreaker, Engine, FlowError, FlowId, OperatorTask,
    StartRequest, TaskTarget,
};
use support::*;

const SECOND: Duration = Duration::from_secs(1);
/// The time after which every program has read a change of an account's control.
const NOTICED: Duration = Duration::from_secs(5);

/// Two vendors, one clock and one store.
struct Two {
    bench: Bench,
    other: Bench,
}

impl Two {
    fn new() -> Self {
        Self::of(Kind::default())
    }

    fn of(kind: Kind) -> Self {
        let bench = Bench::new(kind);
        let kind = Kind {
            provider: "other",
            ..Kind::default()
        };
        let other = Bench {
            vendor: Vendor::default(),
            ..bench.with(kind)
        };
        Self { bench, other }
    }

    /// Opens a program with an account at each vendor.
    async fn program(&self) -> Engine {
        let builder = self.bench.builder().client(self.other.client());
        self.bench.open(builder).await
    }

    /// Starts flows at an account that are due to be polled.
    async fn flows(&self, engine: &Engine, account: &str, count: usize) -> Vec<FlowId> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let start = StartRequest::new(new_verification(engine)).at(account);
            ids.push(settle(start, engine).await);
        }
        self.bench.clock.advance(HOUR);
        ids
    }

    fn polls(&self) -> (usize, usize) {
        (
            self.bench.vendor.calls("poll"),
            self.other.vendor.calls("poll"),
        )
    }
}

/// Lets tasks run without letting time pass.
async fn breathe() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

async fn raised(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn pause_stops_the_calls_of_every_program() {
    let two = Two::new();
    let (first, second) = (two.program().await, two.program().await);
    two.flows(&first, "example", 2).await;
    two.flows(&first, "other", 1).await;
    second.run_due().await.unwrap();
    assert_eq!(two.polls(), (2, 1));
    let paused = first.pause_account("example", "ops").await.unwrap();
    assert_eq!(
        (paused.mode, paused.history[0].by.as_str()),
        (AccountMode::Paused, "ops")
    );
    two.bench.clock.advance(NOTICED);
    for _ in 0..4 {
        two.bench.clock.advance(HOUR);
        first.run_due().await.unwrap();
        second.run_due().await.unwrap();
    }
    assert_eq!(two.polls(), (2, 5), "the other account is served");
    let health = second.health().await.unwrap();
    assert_eq!(health.restricted[0].account, "example");
    assert_eq!(health.behind, Duration::ZERO, "paused work is not behind");
    assert!(
        second
            .operator()
            .await
            .unwrap()
            .iter()
            .any(|task| { (task.about, task.attention.name()) == (TaskTarget::Account, "paused") })
    );
    second.resume_account("example", "ops").await.unwrap();
    two.bench.pass(&second, HOUR).await;
    assert!(two.polls().0 >= 4, "{:?}", two.polls());
    let status = first.account_status("example").await.unwrap();
    let changes: Vec<_> = status
        .history
        .iter()
        .map(|change| &*change.change)
        .collect();
    assert_eq!(changes, ["pause", "resume"]);
    assert!(first.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn paused_account_keeps_callbacks_and_commits_starts() {
    let kind = Kind {
        guarded: true,
        polling: false,
        ..Kind::default()
    };
    let two = Two::of(kind);
    let (first, second) = (two.program().await, two.program().await);
    let (id, reference) = start(&first).await;
    first.pause_account("example", "ops").await.unwrap();
    two.bench.clock.advance(NOTICED);
    let reply = second
        .receive("example", &message(&reference, None, "passed"))
        .await
        .unwrap();
    assert_eq!(reply.status, http::StatusCode::OK);
    first.run_due().await.unwrap();
    assert!(first.status(id).await.unwrap().is_verified());
    let calls = two.bench.vendor.calls("create");
    let started = second.start(new_verification(&second)).await.unwrap();
    assert_eq!((started.hand_off, started.phase), (None, Phase::Creating));
    second.run_due().await.unwrap();
    assert_eq!(two.bench.vendor.calls("create"), calls);
    first.resume_account("example", "ops").await.unwrap();
    first.run_due().await.unwrap();
    assert!(first.status(started.id).await.unwrap().hand_off.is_some());
}

#[tokio::test]
async fn pause_between_claim_and_call_stops_the_call() {
    let two = Two::new();
    let engine = two.program().await;
    two.flows(&engine, "example", 8).await;
    two.bench.vendor.next("poll", Fate::Hang);
    // The worker of the first call is dropped in it; seven more were not begun.
    assert!(
        Box::pin(engine.run(1, std::future::pending()))
            .now_or_never()
            .is_none()
    );
    engine.pause_account("example", "ops").await.unwrap();
    engine.run_due().await.unwrap();
    two.bench.clock.advance(HOUR);
    engine.run_due().await.unwrap();
    assert_eq!(two.polls().0, 1);
}

#[tokio::test]
async fn drained_account_refuses_starts_and_finishes_the_rest() {
    let two = Two::new();
    let (first, second) = (two.program().await, two.program().await);
    let new = new_verification(&first);
    let reference = new.reference.clone();
    let begun = first.start(new.clone()).await.unwrap();
    let keyed = StartRequest::new(new_verification(&first)).key("order-1");
    let with_key = first.submit(keyed).await.unwrap();
    first.drain_account("example", "ops").await.unwrap();
    two.bench.clock.advance(NOTICED);
    for engine in [&first, &second] {
        for refused in [
            engine.start(new_verification(engine)).await,
            engine.submit(new_verification(engine)).await,
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(error, FlowError::Draining(_)), "{error}");
        }
        let again = engine.start(new.clone()).await.unwrap();
        assert_eq!((again.id, again.already_existed), (begun.id, true));
        let again = StartRequest::new(new_verification(engine)).key("order-1");
        assert_eq!(engine.submit(again).await.unwrap().id, with_key.id);
    }
    settle(
        StartRequest::new(new_verification(&first)).at("other"),
        &first,
    )
    .await;
    two.bench.vendor.becomes(&reference, "passed");
    two.bench.pass(&second, HOUR).await;
    assert_eq!(
        second.status(begun.id).await.unwrap().status,
        Some(idv_core::Status::Finished(Outcome::Verified))
    );
    let health = second.health().await.unwrap();
    assert_eq!(health.restricted[0].mode, AccountMode::Draining);
    assert!(attention(&second).await.contains(&"draining"));
    second.resume_account("example", "ops").await.unwrap();
    second.start(new_verification(&second)).await.unwrap();
    let unknown = second.drain_account("nowhere", "ops").await.unwrap_err();
    assert!(matches!(unknown, FlowError::UnknownAccount(_)));
}

#[tokio::test]
async fn rate_limit_holds_for_two_programs_together() {
    let two = Two::new();
    let (first, second) = (two.program().await, two.program().await);
    two.flows(&first, "example", 40).await;
    two.flows(&first, "other", 20).await;
    let limits = AccountLimits::none().per_second(2);
    first
        .limit_account("example", Some(limits), "ops")
        .await
        .unwrap();
    let mut starts = Vec::new();
    for tick in 0..100_u32 {
        let before = two.polls().0;
        first.run_due().await.unwrap();
        second.run_due().await.unwrap();
        starts.extend((before..two.polls().0).map(|_| tick));
        two.bench.clock.advance(SECOND / 10);
    }
    assert_eq!(two.polls().1, 20, "the other account is not slowed");
    // Ten seconds, and the first.
    assert!((20..=22).contains(&starts.len()), "{starts:?}");
    for tick in 0..90 {
        let in_second = starts.iter().filter(|at| (tick..tick + 10).contains(*at));
        assert!(in_second.count() <= 4, "{starts:?}");
    }
    // A start by the application takes part, and is made later if there is no room.
    let started = second.start(new_verification(&second)).await.unwrap();
    let also = second.start(new_verification(&second)).await.unwrap();
    assert!(started.hand_off.is_none() || also.hand_off.is_none());
    first.limit_account("example", None, "ops").await.unwrap();
    two.bench.clock.advance(NOTICED);
    second.run_due().await.unwrap();
    assert!(second.status(also.id).await.unwrap().hand_off.is_some());
    assert_eq!(two.polls().0, 40);
    let zero = first
        .limit_account("example", Some(AccountLimits::none().per_second(0)), "ops")
        .await;
    assert!(matches!(zero.unwrap_err(), FlowError::Invalid(_)));
}

#[tokio::test]
async fn concurrency_limit_holds_for_two_programs_together() {
    let two = Two::new();
    let program = || async {
        let builder = two
            .bench
            .builder()
            .client(two.other.client())
            .account_limits("example", AccountLimits::none().concurrent(3))
            .circuit_breaker("example", CircuitBreaker::off());
        two.bench.open(builder).await
    };
    let (first, second) = (program().await, program().await);
    two.flows(&first, "example", 10).await;
    two.flows(&first, "other", 4).await;
    for _ in 0..3 {
        two.bench.vendor.next("poll", Fate::Hang);
    }
    let stop = AtomicBool::new(false);
    let driver = async {
        for _ in 0..10 {
            breathe().await;
            two.bench.clock.advance(SECOND);
        }
        breathe().await;
        assert_eq!(two.polls(), (3, 4), "three hang, and no fourth begins");
        let status = first.account_status("example").await.unwrap();
        assert_eq!((status.in_flight, status.limits.concurrent), (3, Some(3)));
        // The calls that hang time out.
        for _ in 0..20 {
            two.bench.clock.advance(SECOND);
            breathe().await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    join3(
        first.run(4, raised(&stop)),
        second.run(4, raised(&stop)),
        driver,
    )
    .await;
    assert!(two.polls().0 >= 10, "{:?}", two.polls());
    let status = first.account_status("example").await.unwrap();
    assert_eq!(status.in_flight, 0, "all was released at the end");
}

#[tokio::test]
async fn calls_of_a_crashed_program_count_until_its_lease_ends() {
    let two = Two::new();
    let (first, second) = (two.program().await, two.program().await);
    two.flows(&first, "example", 3).await;
    let limits = AccountLimits::none().concurrent(1);
    first
        .limit_account("example", Some(limits), "ops")
        .await
        .unwrap();
    two.bench.vendor.next("poll", Fate::Hang);
    assert!(
        Box::pin(first.run(1, std::future::pending()))
            .now_or_never()
            .is_none()
    );
    drop(first);
    second.run_due().await.unwrap();
    assert_eq!(two.polls().0, 1);
    two.bench.clock.advance(10 * MINUTE);
    second.run_due().await.unwrap();
    assert!(two.polls().0 >= 4, "{:?}", two.polls());
}

#[tokio::test]
async fn circuit_opens_for_all_programs_probes_and_closes() {
    let two = Two::new();
    let (first, second) = (two.program().await, two.program().await);
    two.flows(&first, "example", 8).await;
    for _ in 0..100 {
        two.bench.vendor.next("poll", Fate::Status(503));
    }
    first.run_due().await.unwrap();
    assert_eq!(two.polls().0, 5, "five outages in a row open the circuit");
    second.run_due().await.unwrap();
    assert_eq!(two.polls().0, 5);
    let failing = second.health().await.unwrap().failing;
    assert_eq!(failing[0].kind, "unavailable");
    assert!(attention(&second).await.is_empty(), "outages mostly pass");
    two.flows(&second, "other", 2).await;
    for probes in 1..=3 {
        two.bench.clock.advance(31 * SECOND);
        for engine in [&first, &second] {
            engine.run_due().await.unwrap();
        }
        assert_eq!(two.polls(), (5 + probes, 2), "one probe at a time");
    }
    let circuit = first.account_status("example").await.unwrap().circuit;
    assert!(circuit.is_some());
    // A start waits for the vendor, too.
    let started = second.start(new_verification(&second)).await.unwrap();
    assert!(started.hand_off.is_none());
    two.bench.vendor.recovers();
    two.bench.clock.advance(31 * SECOND);
    second.run_due().await.unwrap();
    // With those that were never polled, once the probe was answered.
    assert!(two.polls().0 >= 5 + 3 + 3, "{:?}", two.polls());
    let status = first.account_status("example").await.unwrap();
    assert_eq!((status.circuit, status.outages), (None, 0));
    assert!(second.status(started.id).await.unwrap().hand_off.is_some());
}

#[tokio::test]
async fn operator_is_told_of_an_account_that_is_down_for_long() {
    let two = Two::new();
    let engine = two.program().await;
    two.flows(&engine, "example", 5).await;
    for _ in 0..1_000 {
        two.bench.vendor.next("poll", Fate::Status(503));
    }
    two.bench.pass(&engine, 7 * HOUR).await;
    let tasks = engine.operator().await.unwrap();
    let told = |task: &OperatorTask| {
        (task.about, task.attention.name()) == (TaskTarget::Account, "failing")
    };
    assert!(tasks.iter().any(told), "{tasks:?}");
}

#[tokio::test]
async fn refusals_of_a_vendor_do_not_open_the_circuit() {
    let two = Two::new();
    let engine = two.program().await;
    two.flows(&engine, "example", 12).await;
    for status in [401, 429, 404].repeat(4) {
        two.bench.vendor.next("poll", Fate::Status(status));
    }
    engine.run_due().await.unwrap();
    assert_eq!(two.polls().0, 12);
    let status = engine.account_status("example").await.unwrap();
    assert_eq!((status.circuit, status.outages), (None, 0));
}

#[tokio::test]
async fn control_that_cannot_be_read_closes_its_account_only() {
    let two = Two::new();
    let engine = two.program().await;
    two.flows(&engine, "example", 1).await;
    two.flows(&engine, "other", 1).await;
    two.bench
        .store
        .remember("account:example", br#"{"version":99}"#)
        .await
        .unwrap();
    let other = two.program().await;
    other.run_due().await.unwrap();
    assert_eq!(two.polls(), (0, 1));
    let error = other.account_status("example").await.unwrap_err();
    assert!(matches!(error, FlowError::Newer), "{error}");
    assert!(attention(&other).await.contains(&"newer_version"));
    other.health().await.unwrap();
}

#[tokio::test]
async fn sweep_waits_while_its_account_is_paused() {
    let bench = Bench::new(Kind {
        listing: true,
        ..Kind::default()
    });
    let engine = bench.flow().await;
    start(&engine).await;
    engine.pause_account("example", "ops").await.unwrap();
    bench.pass(&engine, 2 * HOUR).await;
    assert_eq!(bench.vendor.calls("list"), 0);
    engine.resume_account("example", "ops").await.unwrap();
    bench.clock.advance(MINUTE);
    engine.run_due().await.unwrap();
    assert_eq!(bench.vendor.calls("list"), 1);
}

#[tokio::test]
async fn worker_wakes_when_the_rate_allows_the_next_call() {
    let two = Two::new();
    let engine = two.program().await;
    two.flows(&engine, "example", 5).await;
    let limits = AccountLimits::none().per_second(4);
    engine
        .limit_account("example", Some(limits), "ops")
        .await
        .unwrap();
    let stop = AtomicBool::new(false);
    let driver = async {
        for _ in 0..12 {
            breathe().await;
            two.bench.clock.advance(SECOND / 10);
        }
        breathe().await;
        stop.store(true, Ordering::Relaxed);
    };
    join(engine.run(2, raised(&stop)), driver).await;
    assert_eq!(two.polls().0, 5, "without waiting for a whole second each");
}
