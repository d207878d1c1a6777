//! Workers and the server are killed at random moments. Nothing is lost, nothing is created twice
//! without an operator's task, and every history replays.
//!
//! `IDV_TEMPORAL_RUNS` sets the number of runs, `IDV_TEMPORAL_SEED` the first seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use idv_flow::store::Phase;
use idv_flow::{Attention, FlowId, Resolution, StartRequest};
use support::random::Random;
use support::server::Server;
use support::{Bank, Runner, VENDORS, Worker, until};

/// The number of flows at each vendor.
const FLOWS: usize = 2;
/// The number of kills in each run.
const KILLS: u64 = 4;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_lose_nothing_and_create_nothing_twice() {
    let (runs, seed) = (
        number("IDV_TEMPORAL_RUNS", 2),
        number("IDV_TEMPORAL_SEED", 1),
    );
    let mut server = Server::start().await;
    for seed in seed..seed + runs {
        run(&mut server, seed).await;
    }
}

async fn run(server: &mut Server, seed: u64) {
    let mut random = Random::new(seed);
    let mut bank = Bank::new(&VENDORS).await;
    let mut program = bank.program();
    program.task_queue = format!("idv{seed}");
    let runner = Runner::Hosted(program.host(server).await);
    bank.serve(runner.engine());
    let mut workers: Vec<Worker> = (0..2).map(|_| program.worker(server)).collect();
    let mut flows: Vec<(&str, FlowId)> = Vec::new();
    for vendor in VENDORS {
        for _ in 0..FLOWS {
            let person = bank.person(vendor, runner.engine(), flows.len());
            let id = runner.start(StartRequest::new(person).at(vendor)).await;
            flows.push((vendor, id));
        }
    }
    let mut people = People::default();
    for _ in 0..KILLS {
        let sent = bank.sandbox.requests().len() + usize::try_from(random.below(25)).unwrap();
        until(
            &format!("seed {seed}: the vendors are called"),
            async || {
                people.act(&bank).await;
                bank.sandbox.requests().len() >= sent || all_over(&runner, &flows).await
            },
        )
        .await;
        if random.below(4) == 0 {
            server.kill();
            server.restart().await;
        } else {
            let place = usize::try_from(random.below(2)).unwrap();
            let killed = std::mem::replace(&mut workers[place], program.worker(server));
            tokio::task::spawn_blocking(|| killed.kill()).await.unwrap();
        }
    }
    let last = Last(std::sync::Mutex::default());
    until(&format!("seed {seed}: every flow ends"), async || {
        people.act(&bank).await;
        let open = open_flow(&runner, &flows).await;
        last.0.lock().unwrap().clone_from(&open);
        open.is_none()
    })
    .await;
    check(&bank, &runner, &flows, seed).await;
    delete(&bank, &runner, &flows, async || {
        let killed = std::mem::replace(&mut workers[0], program.worker(server));
        tokio::task::spawn_blocking(|| killed.kill()).await.unwrap();
    })
    .await;
    let Runner::Hosted(host) = &runner else {
        unreachable!("it was made above");
    };
    for (_, id) in &flows {
        let events = host.replay(*id).await.unwrap();
        assert!(events > 5, "seed {seed}: {events} events");
    }
    for worker in workers {
        tokio::task::spawn_blocking(|| worker.stop()).await.unwrap();
    }
}

/// Has every copy deleted, while a worker is killed.
async fn delete(bank: &Bank, runner: &Runner, flows: &[(&str, FlowId)], kill: impl AsyncFnOnce()) {
    let mut ended = Vec::new();
    for (vendor, id) in flows {
        if runner.status(*id).await.phase == Phase::Done {
            runner.delete(*id).await;
            ended.push((vendor, *id));
        }
    }
    kill().await;
    for (vendor, id) in ended {
        runner.delete_all(id, vendor).await;
    }
    let audit = runner.engine().verify_audit(None).await.unwrap();
    assert!(audit.holds(), "{audit:?}");
    assert!(!bank.sandbox.requests().is_empty());
}

/// The last flow that had not ended, which a failure shows.
struct Last(std::sync::Mutex<Option<String>>);

impl Drop for Last {
    #[allow(clippy::print_stderr, reason = "it explains a failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:?}", self.0.lock().unwrap());
        }
    }
}

/// The people, each of whom acts once.
#[derive(Default)]
struct People(BTreeSet<String>);

impl People {
    async fn act(&mut self, bank: &Bank) {
        for vendor in VENDORS {
            for id in bank.ids(vendor) {
                if self.0.insert(format!("{vendor} {id}")) {
                    let vendor = bank.sandbox.vendor(vendor).unwrap();
                    vendor.act(&id, "happy").unwrap();
                    bank.sandbox
                        .clock()
                        .advance(Duration::from_secs(7_200))
                        .await;
                }
            }
        }
    }
}

/// Returns whether each flow has ended, or needs an operator.
async fn all_over(runner: &Runner, flows: &[(&str, FlowId)]) -> bool {
    open_flow(runner, flows).await.is_none()
}

/// Describes a flow that has not ended and needs no operator.
async fn open_flow(runner: &Runner, flows: &[(&str, FlowId)]) -> Option<String> {
    for (_, id) in flows {
        let status = runner.status(*id).await;
        if status.phase != Phase::Done && !is_flagged(status.attention.as_ref()) {
            return Some(format!("{status:?}"));
        }
    }
    None
}

const fn is_flagged(attention: Option<&Attention>) -> bool {
    matches!(
        attention,
        Some(Attention::CreationUnknown | Attention::SeveralFound(_))
    )
}

/// Checks that each verification belongs to a flow, and that each flow is verified or flagged.
async fn check(bank: &Bank, runner: &Runner, flows: &[(&str, FlowId)], seed: u64) {
    let mut flagged: BTreeMap<&str, usize> = BTreeMap::new();
    for (vendor, id) in flows {
        let status = runner.status(*id).await;
        if is_flagged(status.attention.as_ref()) {
            *flagged.entry(vendor).or_default() += 1;
        } else {
            assert!(status.is_verified(), "seed {seed}, {vendor}: {status:?}");
            assert!(status.has_report, "seed {seed}, {vendor}: {status:?}");
        }
    }
    for vendor in VENDORS {
        let (created, unclear) = (
            bank.ids(vendor).len(),
            flagged.get(vendor).copied().unwrap_or_default(),
        );
        assert!(
            created <= FLOWS + unclear && created + unclear >= FLOWS,
            "seed {seed}, {vendor}: {created} verifications, {unclear} flows flagged"
        );
    }
    // An operator settles what the vendor's interface cannot.
    for (_, id) in flows {
        let status = runner.status(*id).await;
        if status.attention == Some(Attention::CreationUnknown) {
            runner.resolve(*id, &Resolution::Abandon).await;
            until("the flow is abandoned", async || {
                runner.status(*id).await.phase == Phase::Refused
            })
            .await;
        }
    }
    let audit = runner.engine().verify_audit(None).await.unwrap();
    assert!(audit.holds(), "seed {seed}: {audit:?}");
}
