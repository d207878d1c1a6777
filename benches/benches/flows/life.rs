//! Flows from their creation to the end: created at the vendor, two callbacks received and worked off, the outcome and the report asked
//! for and stored, deleted at the vendor, the deletion confirmed, our own copy erased.

use std::fmt::Write as _;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use idv_core::{Clock as _, Delivery, Reference};
use idv_flow::store::{Filter, Store as _};
use idv_flow::{Engine, FlowId, Keep, Retention, Schedule, Vault};

use super::counted::Counted;
use super::stores::{Kind, Place};
use super::vendor::{BenchClock, Vendor};
use super::{SMALL, print, timed};

/// How many programs, and how many workers each has.
const CREWS: [(usize, usize); 3] = [(1, 1), (1, 8), (2, 4)];
/// How many flows.
const fn count(kind: Kind) -> usize {
    match kind {
        _ if SMALL => 6,
        Kind::Memory => 4_000,
        Kind::Sqlite | Kind::Postgres => 400,
    }
}

pub(super) async fn measure() {
    let mut table = format!(
        "{:<12} {:>12} {:>9} {:>10} {:>9} {:>11} {:>12} {:>14} {:>9}\n",
        "store", "workers", "flows/s", "changes", "reads", "time/flow", "changes/s", "bare/s", "of bare"
    );
    for kind in Kind::ALL {
        for (programs, workers) in CREWS {
            let place = Place::new(kind);
            let run = run(&place, programs, workers, count(kind)).await;
            let bare = place.bare(programs * workers, run.length).await;
            let each = run.time / u32::try_from(run.flows).unwrap();
            let per_flow = |count: u64| count as f64 / run.flows as f64;
            let rate = run.changes as f64 / run.time.as_secs_f64();
            let crew = if programs == 1 { workers.to_string() } else { format!("{programs} x {workers}") };
            let (each, ratio) = (format!("{each:.2?}"), format!("{:.2}x", rate / bare));
            let flows = run.flows as f64 / run.time.as_secs_f64();
            let (changes, reads) = (per_flow(run.changes), per_flow(run.questions));
            writeln!(
                table,
                "{kind:<12} {crew:>12} {flows:>9.0} {changes:>10.1} {reads:>9.1} {each:>11} {rate:>12.0} {bare:>14.0} {ratio:>9}"
            )
            .unwrap();
        }
    }
    print("flows from creation to deletion, beside transactions that replace one row of the same length", &table);
}

/// What a run came to.
struct Run {
    flows: usize,
    time: Duration,
    changes: u64,
    questions: u64,
    /// How long a flow's sealed state is.
    length: usize,
}

/// Runs so many flows to their end. What the sandbox needs to play the person, and to let time pass, is not counted.
async fn run(place: &Place, programs: usize, workers: usize, count: usize) -> Run {
    let vendor = Vendor::start().await;
    let mut crew = Vec::new();
    for _ in 0..programs {
        crew.push(Program::open(&vendor, Counted::new(place.connect().await), workers).await);
    }
    let asked = |crew: &[Program]| {
        crew.iter().fold((0, 0), |sum, program| (sum.0 + program.store.changes(), sum.1 + program.store.questions()))
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
    let started = stream::iter(0..count).map(start).buffer_unordered(concurrency).try_collect::<Vec<(FlowId, Reference)>>();
    let (started, mut time) = timed(started).await;
    let started = started.unwrap();
    let length = crew[0].store.list(&Filter::all(), None, 1).await.unwrap()[0].body.len();

    for (_, reference) in &started {
        vendor.sandbox.idnow().act(reference.as_str(), "happy").unwrap();
    }
    vendor.pass(Duration::from_secs(3600)).await;
    let callbacks = vendor.callbacks();
    assert!(callbacks.len() >= count, "the vendor calls back");
    let receive = |(number, delivery): (usize, Delivery)| {
        let flow = crew[number % programs].flow.clone();
        async move { flow.receive("idnow", &delivery).await.map(drop) }
    };
    let received = stream::iter(callbacks.into_iter().enumerate()).map(receive).buffer_unordered(concurrency);
    let (received, took) = timed(received.try_collect::<Vec<()>>()).await;
    received.unwrap();
    time += took;
    time += timed(work(&crew)).await.1;
    assert!(crew[0].flow.report(started[0].0).await.unwrap().is_some(), "the report was stored");
    vendor.pass(Duration::from_secs(120)).await;
    time += timed(work(&crew)).await.1;

    let after = asked(&crew);
    for (id, _) in &started {
        let receipt = crew[0].flow.receipt(*id).await.unwrap();
        assert!(receipt.is_complete(), "{receipt:?}");
    }
    let trail = crew[0].flow.verify_audit(None).await.unwrap();
    assert!(trail.holds() && trail.entries >= 8 * count as u64, "{trail:?}");
    Run { flows: count, time, changes: after.0 - before.0, questions: after.1 - before.1, length }
}

/// A program that runs flows.
struct Program {
    flow: Engine,
    store: Counted,
    clock: BenchClock,
    workers: usize,
}

impl Program {
    async fn open(vendor: &Vendor, store: Counted, workers: usize) -> Self {
        let clock = vendor.clock.of_a_flow();
        let mut schedule = Schedule::of(vendor.client.info());
        // Lists are measured for themselves.
        schedule.sweep = None;
        let at_once = Keep::after(Duration::ZERO);
        let flow = Engine::builder(store.clone())
            .client(vendor.client.clone())
            .schedule("idnow", schedule)
            .vault(Vault::new(&"7".repeat(64).into()).unwrap())
            .retention(Retention::new(at_once, at_once))
            .clock(std::sync::Arc::new(clock.clone()))
            .open()
            .await
            .unwrap();
        Self { flow, store, clock, workers }
    }
}

/// Has every program work until there is nothing to do.
async fn work(crew: &[Program]) {
    let tasks = crew.iter().map(|program| {
        let (flow, clock, workers) = (program.flow.clone(), program.clock.clone(), program.workers);
        let store = program.store.clone();
        tokio::spawn(async move {
            // What ends while the runner looks for more may have left something to do.
            while store.next_due(&[]).await.unwrap().is_some_and(|due| due <= clock.now()) {
                flow.run(workers, clock.idle(|| flow.tally().under_way == 0)).await;
            }
        })
    });
    for ended in join_all(tasks).await {
        ended.unwrap();
    }
}
