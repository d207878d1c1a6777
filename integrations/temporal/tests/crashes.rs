//! Workers and the server are killed at random moments. Nothing is lost, nothing is created twice
//! without an operator's task, and every history replays.
//!
//! Each run is a world of its own: two vendors, a store, a task queue and two workers. Several
//! worlds share a server, which some of them kill. `IDV_TEMPORAL_RUNS` sets the number of runs,
//! `IDV_TEMPORAL_SEED` the first seed, `IDV_TEMPORAL_WORLDS` the number of worlds side by side.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::join_all;
use idv_flow::store::Phase;
use idv_flow::{Attention, FlowId, Resolution, StartRequest};
use idv_temporal::HostError;
use support::random::Random;
use support::server::Server;
use support::{Bank, Program, Runner, VENDORS, Worker, until};

/// The number of vendors in each world.
const VENDORS_OF_A_WORLD: usize = 2;
/// The number of flows at each vendor.
const FLOWS: usize = 2;
/// The number of kills in each world.
const KILLS: u64 = 4;
/// Every world with a seed divisible by this number kills the server once.
const SERVER_KILLS: u64 = 8;

/// The failure of a replay itself.
const DOES_NOT_REPLAY: &str = "the history does not replay";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crashes_lose_nothing_and_create_nothing_twice() {
    let (runs, first) = (
        number("IDV_TEMPORAL_RUNS", 16),
        number("IDV_TEMPORAL_SEED", 1),
    );
    let worlds = usize::try_from(number("IDV_TEMPORAL_WORLDS", 16)).unwrap();
    let server = Arc::new(Server::start().await);
    futures::stream::iter(first..first + runs)
        .for_each_concurrent(worlds, |seed| run(Arc::clone(&server), seed))
        .await;
}

/// A world, with the seed of its random choices.
struct World {
    seed: u64,
    random: Random,
    server: Arc<Server>,
    bank: Bank,
    program: Program,
    runner: Runner,
    workers: Vec<Worker>,
    vendors: Vec<&'static str>,
    flows: Vec<(&'static str, FlowId)>,
}

#[allow(clippy::print_stdout, reason = "a run says how long it took")]
async fn run(server: Arc<Server>, seed: u64) {
    let began = Instant::now();
    let mut world = World::new(server, seed).await;
    let mut people = People::default();
    world.start().await;
    let server_kill = seed
        .is_multiple_of(SERVER_KILLS)
        .then(|| world.random.below(KILLS));
    for kill in 0..KILLS {
        let pause = usize::try_from(world.random.below(25)).unwrap();
        let sent = world.bank.sandbox.requests().len() + pause;
        until(
            &format!("seed {seed}: the vendors are called"),
            async || {
                people.act(&world).await;
                world.bank.sandbox.requests().len() >= sent || world.open_flow().await.is_none()
            },
        )
        .await;
        if server_kill == Some(kill) {
            world.server.kill().await;
            world.server.restart().await;
        } else {
            world.kill_worker().await;
        }
    }
    let last = Last(Mutex::default());
    until(&format!("seed {seed}: every flow ends"), async || {
        people.act(&world).await;
        let open = world.open_flow().await;
        last.0.lock().unwrap().clone_from(&open);
        open.is_none()
    })
    .await;
    let ended = began.elapsed();
    world.check().await;
    world.delete().await;
    let deleted = began.elapsed();
    world.replay().await;
    for worker in world.workers {
        tokio::task::spawn_blocking(|| worker.stop()).await.unwrap();
    }
    let replayed = began.elapsed();
    println!(
        "seed {seed}: ended after {ended:.1?}, deleted {deleted:.1?}, replayed {replayed:.1?}"
    );
}

impl World {
    async fn new(server: Arc<Server>, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut vendors = VENDORS.to_vec();
        while vendors.len() > VENDORS_OF_A_WORLD {
            let place = random.below(vendors.len() as u64);
            vendors.remove(usize::try_from(place).unwrap());
        }
        let mut bank = Bank::new(&vendors).await;
        let mut program = bank.program();
        program.task_queue = format!("idv{seed}");
        program.round = Duration::from_secs(2);
        program.deadline = Some(Duration::from_secs(8));
        let runner = Runner::Hosted(program.host(&server).await);
        bank.serve(runner.engine());
        let workers = (0..2).map(|_| program.worker(&server)).collect();
        Self {
            seed,
            random,
            server,
            bank,
            program,
            runner,
            workers,
            vendors,
            flows: Vec::new(),
        }
    }

    async fn start(&mut self) {
        for vendor in &self.vendors {
            for _ in 0..FLOWS {
                let number = self.flows.len();
                let person = self.bank.person(vendor, self.runner.engine(), number);
                let start = StartRequest::new(person).at(*vendor);
                self.flows.push((vendor, self.runner.start(start).await));
            }
        }
    }

    /// Kills a worker, and starts another.
    async fn kill_worker(&mut self) {
        let place = usize::try_from(self.random.below(2)).unwrap();
        let worker = self.program.worker(&self.server);
        let killed = std::mem::replace(&mut self.workers[place], worker);
        tokio::task::spawn_blocking(|| killed.kill()).await.unwrap();
    }

    /// Describes a flow that has not ended and needs no operator.
    async fn open_flow(&self) -> Option<String> {
        for (_, id) in &self.flows {
            let status = self.runner.status(*id).await;
            if status.phase != Phase::Done && !is_flagged(status.attention.as_ref()) {
                return Some(format!("{status:?}"));
            }
        }
        None
    }

    /// Checks that each verification belongs to a flow, and that each flow is verified or flagged.
    async fn check(&self) {
        let seed = self.seed;
        let mut flagged: BTreeMap<&str, usize> = BTreeMap::new();
        for (vendor, id) in &self.flows {
            let status = self.runner.status(*id).await;
            if is_flagged(status.attention.as_ref()) {
                *flagged.entry(vendor).or_default() += 1;
            } else {
                assert!(status.is_verified(), "seed {seed}, {vendor}: {status:?}");
                assert!(status.has_report, "seed {seed}, {vendor}: {status:?}");
            }
        }
        for vendor in &self.vendors {
            let (created, unclear) = (
                self.bank.ids(vendor).len(),
                flagged.get(vendor).copied().unwrap_or_default(),
            );
            assert!(
                created <= FLOWS + unclear && created + unclear >= FLOWS,
                "seed {seed}, {vendor}: {created} verifications, {unclear} flows flagged"
            );
        }
        // An operator settles what the vendor's interface cannot.
        for (_, id) in &self.flows {
            let status = self.runner.status(*id).await;
            if status.attention == Some(Attention::CreationUnknown) {
                self.runner.resolve(*id, &Resolution::Abandon).await;
                until("the flow is abandoned", async || {
                    self.runner.status(*id).await.phase == Phase::Refused
                })
                .await;
            }
        }
    }

    /// Has every copy deleted, while a worker is killed.
    async fn delete(&mut self) {
        let mut ended = Vec::new();
        for (vendor, id) in &self.flows {
            if self.runner.status(*id).await.phase == Phase::Done {
                ended.push((*vendor, *id));
            }
        }
        join_all(ended.iter().map(|(_, id)| self.runner.delete(*id))).await;
        self.kill_worker().await;
        join_all(ended.iter().map(|(vendor, id)| {
            let what = format!("seed {}: {vendor}", self.seed);
            let runner = &self.runner;
            async move { runner.deleted(*id, &what).await }
        }))
        .await;
        let audit = self.runner.engine().verify_audit(None).await.unwrap();
        assert!(audit.holds(), "seed {}: {audit:?}", self.seed);
    }

    /// Replays the history of each flow.
    async fn replay(&self) {
        let Runner::Hosted(host) = &self.runner else {
            unreachable!("it was made above");
        };
        for (_, id) in &self.flows {
            let mut events = 0;
            until("the history is read", async || {
                match host.replay(*id).await {
                    Ok(replayed) => events = replayed,
                    // Another world has killed the server.
                    Err(HostError::Server { what, .. }) if what != DOES_NOT_REPLAY => {}
                    Err(error) => panic!("seed {}: {error:?}", self.seed),
                }
                events > 0
            })
            .await;
            // The last run can be that of a decision after the end, which may have only begun: its
            // start and its first workflow task are four events.
            assert!(events >= 4, "seed {}: {events} events", self.seed);
        }
    }
}

/// The last flow that had not ended, which a failure shows.
struct Last(Mutex<Option<String>>);

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
    async fn act(&mut self, world: &World) {
        let bank = &world.bank;
        for vendor in &world.vendors {
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

const fn is_flagged(attention: Option<&Attention>) -> bool {
    matches!(
        attention,
        Some(Attention::CreationUnknown | Attention::SeveralFound(_))
    )
}
