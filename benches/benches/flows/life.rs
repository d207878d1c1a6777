//! Whole lives of flows: the vendor creates the verification, two callbacks arrive and are
//! processed, the outcome and the report are fetched and stored, the vendor deletes its copy and
//! confirms it, and our own copy is erased.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use idv_core::{Clock as _, Delivery, Reference};
use idv_flow::store::{Filter, FlowStore as _, Phase, TimerStore as _};
use idv_flow::{Engine, FlowId, Retention, RetentionRule, Schedule, Vault};

use super::counted::Counted;
use super::figures::Figures;
use super::stores::{Kind, Place};
use super::vendor::{BenchClock, Vendor};
use super::{SMALL, print, timed};

/// The numbers of programs, and of workers in each.
const CREWS: [(usize, usize); 4] = [(1, 1), (1, 8), (2, 4), (4, 16)];
/// The maximum number of times that failed steps are repeated.
const LATE_ROUNDS: u32 = 3;
/// Returns the number of flows.
const fn count(kind: Kind) -> usize {
    match kind {
        _ if SMALL => 6,
        Kind::Memory => 4_000,
        Kind::Sqlite | Kind::Postgres => 400,
    }
}

pub(super) async fn measure() {
    let mut table = format!(
        "{:<10} {:>7} {:>8} {:>8} {:>7} {:>11} {:>7} {:>10} {:>6} {:>10} {:>8} {:>8}\n",
        "store",
        "workers",
        "flows/s",
        "changes",
        "reads",
        "statements",
        "syncs",
        "written",
        "HOT",
        "server",
        "bare/s",
        "of bare"
    );
    for kind in Kind::ALL {
        for (programs, workers) in CREWS {
            let mut place = Place::new(kind);
            let run = run(&mut place, kind, programs, workers).await;
            let bare = place.bare(programs * workers, run.length).await;
            let crew = if programs == 1 {
                workers.to_string()
            } else {
                format!("{programs} x {workers}")
            };
            let each = |figure: Option<f64>, unit: &str| {
                figure.map_or_else(String::new, |figure| {
                    format!("{:.1}{unit}", figure / run.flows as f64)
                })
            };
            let flows = run.flows as f64 / run.time.as_secs_f64();
            let ratio = format!("{:.2}x", run.changes as f64 / run.time.as_secs_f64() / bare);
            let figures = run.figures;
            writeln!(
                table,
                "{kind:<10} {crew:>7} {flows:>8.0} {:>8} {:>7} {:>11} {:>7} {:>10} {:>6} {:>10} \
                 {bare:>8.0} {ratio:>8}",
                each(Some(run.changes as f64), ""),
                each(Some(run.questions as f64), ""),
                each(figures.transactions, ""),
                each(figures.syncs, ""),
                each(figures.written.map(|bytes| bytes / 1024.0), " KB"),
                figures
                    .hot_share()
                    .map_or_else(String::new, |share| format!("{share:.0} %")),
                each(figures.processor, " ms"),
            )
            .unwrap();
        }
    }
    print(
        "flows from creation to deletion, and what each cost, beside transactions that replace \
         one row of the same length",
        &table,
    );
}

/// The result of a run.
pub(super) struct Run {
    pub(super) flows: usize,
    time: Duration,
    changes: u64,
    questions: u64,
    /// The counters of the database.
    figures: Figures,
    /// The length of a flow's sealed state, in bytes.
    length: usize,
}

/// Runs this number of flows to their end. The time that the sandbox needs to play the person and
/// to advance the clock is not counted.
pub(super) async fn run(place: &mut Place, kind: Kind, programs: usize, workers: usize) -> Run {
    let count = count(kind);
    let vendor = Vendor::start().await;
    let before_all = place.figures();
    let mut crew = Vec::new();
    for _ in 0..programs {
        crew.push(Program::open(&vendor, Counted::new(place.connect().await), workers).await);
    }
    let asked = |crew: &[Program]| {
        crew.iter().fold((0, 0), |sum, program| {
            (
                sum.0 + program.store.changes(),
                sum.1 + program.store.questions(),
            )
        })
    };
    let before = asked(&crew);

    let concurrency = programs * workers;
    let start = |number: usize| {
        let (flow, new) = (crew[number % programs].flow.clone(), vendor.submitted());
        async move {
            let reference = new.reference.clone();
            let started = flow.start(new).await?;
            Ok::<_, idv_flow::FlowError>((started.id, reference))
        }
    };
    let started = stream::iter(0..count)
        .map(start)
        .buffer_unordered(concurrency)
        .try_collect::<Vec<(FlowId, Reference)>>();
    let (started, mut time) = timed(started).await;
    let started = started.unwrap();
    let length = crew[0].store.list(&Filter::all(), None, 1).await.unwrap()[0]
        .body
        .len();

    for (_, reference) in &started {
        vendor
            .sandbox
            .idnow()
            .act(reference.as_str(), "happy")
            .unwrap();
    }
    vendor.pass(Duration::from_secs(3600)).await;
    let callbacks = vendor.callbacks();
    assert!(callbacks.len() >= count, "the vendor calls back");
    let receive = |(number, delivery): (usize, Delivery)| {
        let flow = crew[number % programs].flow.clone();
        async move { flow.receive("idnow", &delivery).await.map(drop) }
    };
    let received = stream::iter(callbacks.into_iter().enumerate())
        .map(receive)
        .buffer_unordered(concurrency);
    let (received, took) = timed(received.try_collect::<Vec<()>>()).await;
    received.unwrap();
    time += took;
    time += timed(work(&crew)).await.1;
    assert!(
        crew[0].flow.report(started[0].0).await.unwrap().is_some(),
        "the report was stored"
    );
    vendor.pass(Duration::from_secs(120)).await;
    time += timed(work(&crew)).await.1;
    // On a busy machine a step can fail, for example because a file stays locked for too long. It
    // is repeated when its lease has ended.
    for round in 1.. {
        // One statement for all flows, so that it does not count.
        let mut late = crew[0]
            .store
            .list(&Filter::all(), None, count)
            .await
            .unwrap();
        late.retain(|flow| flow.phase != Phase::Erased);
        if late.is_empty() {
            break;
        }
        assert!(round <= LATE_ROUNDS, "{kind:?}: {late:?}");
        println!("{kind}: {} steps failed and are repeated", late.len());
        vendor.pass(Duration::from_secs(600)).await;
        time += timed(work(&crew)).await.1;
    }

    let after = asked(&crew);
    drop(crew);
    place.close().await;
    let figures = place.figures() - before_all;
    let auditor = Program::open(&vendor, Counted::new(place.connect().await), 1).await;
    for (id, _) in &started {
        let receipt = auditor.flow.receipt(*id).await.unwrap();
        assert!(receipt.is_complete(), "{receipt:?}");
    }
    let trail = auditor.flow.verify_audit(None).await.unwrap();
    assert!(
        trail.holds() && trail.entries >= 8 * count as u64,
        "{trail:?}"
    );
    Run {
        flows: count,
        time,
        changes: after.0 - before.0,
        questions: after.1 - before.1,
        figures,
        length,
    }
}

/// A program that runs flows.
pub(super) struct Program {
    pub(super) flow: Engine,
    pub(super) store: Counted,
    clock: BenchClock,
    workers: usize,
}

impl Program {
    pub(super) async fn open(vendor: &Vendor, store: Counted, workers: usize) -> Self {
        let clock = vendor.clock.of_a_flow();
        let mut schedule = Schedule::of(vendor.client.info());
        // Another benchmark measures lists.
        schedule.sweep = None;
        let at_once = RetentionRule::after(Duration::ZERO);
        let flow = Engine::builder(store.clone())
            .client(vendor.client.clone())
            .schedule("idnow", schedule)
            .vault(Vault::new(&"7".repeat(64).into()).unwrap())
            .retention(Retention::new(at_once, at_once))
            // Simulated time differs from the database's.
            .clock_tolerance(Duration::MAX)
            .clock(std::sync::Arc::new(clock.clone()))
            .open()
            .await
            .unwrap();
        Self {
            flow,
            store,
            clock,
            workers,
        }
    }
}

/// Has every program work until no step is due.
pub(super) async fn work(crew: &[Program]) {
    let tasks = crew.iter().map(|program| {
        let (flow, clock, workers) = (program.flow.clone(), program.clock.clone(), program.workers);
        let store = program.store.clone();
        tokio::spawn(async move {
            // A step that ends while the runner searches may have made another one due.
            while store
                .next_due(&[], &[])
                .await
                .unwrap()
                .is_some_and(|due| due <= clock.now())
            {
                flow.run(workers, clock.idle(|| flow.worker_stats().under_way == 0))
                    .await;
            }
        })
    });
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
}
