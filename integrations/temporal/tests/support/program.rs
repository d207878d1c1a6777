//! The programs of a bank: each opens the store, its vendors and an engine of its own.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use idv::transport::{SystemClock, TransportOptions};
use idv::{Clock, Config, Environment, Secret, Timestamp};
use idv_flow::store::{PostgresStore, SqliteStore};
use idv_flow::{Engine, EngineBuilder, EvidencePolicy, Schedule, Vault};
use idv_sandbox::VirtualClock;
use idv_temporal::temporalio_client::{Connection, ConnectionOptions, GrpcCompression};
use idv_temporal::{Host, HostOptions};
use tokio::sync::oneshot;

use super::server::Server;
use super::{EVIDENCE, PATIENCE, Runner, Worker};

/// The parts of a program of a bank: each program opens its own.
#[derive(Clone)]
pub struct Program {
    pub(super) settings: Vec<Vec<(String, String)>>,
    pub(super) clock: VirtualClock,
    pub(super) store: PathBuf,
    /// The PostgreSQL database of the store; `None` for a file.
    pub database: Option<String>,
    /// The longest call, if it is not the default. The lease follows from it.
    pub deadline: Option<Duration>,
    /// The number of events after which the history of a workflow continues in a new run.
    pub history_events: u32,
    pub task_queue: String,
    /// The interval of the housekeeping.
    pub round: Duration,
}

impl Program {
    pub async fn builder(&self) -> EngineBuilder {
        let mut environment: Environment =
            idv::transport::environment(TransportOptions::default()).unwrap();
        // Tokens carry dates, which the sandbox checks.
        environment.clock = Arc::new(SandboxClock {
            time: self.clock.clone(),
            real: SystemClock::new(),
        });
        let key = Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2));
        let builder = match &self.database {
            Some(url) => {
                let url = Secret::new(url.clone());
                Engine::builder(PostgresStore::connect(&url).await.unwrap())
            }
            None => Engine::builder(SqliteStore::open(&self.store).await.unwrap()),
        };
        let mut builder = builder
            .vault(Vault::new(&key).unwrap())
            .evidence(EvidencePolicy::of(EVIDENCE))
            .clock(Arc::new(SystemClock::new()));
        let mut calls = Vec::new();
        if let Some(deadline) = self.deadline {
            builder = builder.lease(deadline + Duration::from_secs(2));
            let deadline = deadline.as_millis().to_string();
            calls.push(("IDV_CALLS_DEADLINE_MS".to_owned(), deadline));
        }
        for settings in &self.settings {
            let settings = settings.iter().chain(&calls).cloned();
            let config = Config::from_env(settings).unwrap();
            let client = idv::connect_in(&config, environment.clone()).unwrap();
            let schedule = quick(Schedule::of(client.info()));
            let account = client.info().provider.to_string();
            builder = builder.client(client).schedule(account, schedule);
        }
        builder
    }

    /// Opens the embedded engine, and runs it until the returned sender is dropped.
    pub async fn embedded(&self, workers: usize) -> (Runner, oneshot::Sender<()>) {
        let engine = self.builder().await.open().await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = engine.clone();
        tokio::spawn(async move {
            running
                .run(workers, async {
                    let _ = stopped.await;
                })
                .await;
        });
        (Runner::Embedded(engine), stop)
    }

    /// Opens a host on a server.
    pub async fn host(&self, server: &Server) -> Host {
        self.host_of(self.builder().await, server.url()).await
    }

    pub async fn host_of(&self, builder: EngineBuilder, server: &str) -> Host {
        let options = host_options()
            .round(self.round)
            .history_events(self.history_events)
            .task_queue(self.task_queue.clone());
        open(builder, server, options).await
    }

    /// Starts a worker with a store and a connection of its own.
    pub fn worker(&self, server: &Server) -> Worker {
        Worker::start(self.clone(), server.url().to_owned())
    }
}

/// Shortens the intervals: the development server has real time.
pub fn quick(schedule: Schedule) -> Schedule {
    let sweep = schedule.sweep.map(|_| Duration::from_millis(500));
    schedule
        .interval(Duration::from_millis(400))
        .growth(1.0)
        .slowest(Duration::from_secs(5))
        .jitter(0.0)
        .wake_gap(Duration::from_millis(100))
        .sweep(sweep)
        .backstop(Duration::from_secs(2))
        .confirm_after(Duration::from_millis(200))
        // A create request that never reached a vendor with a search is flagged after this time.
        .settle_within(Duration::from_secs(2))
}

/// Returns settings with short times.
pub fn host_options() -> HostOptions {
    HostOptions::new()
        .heartbeat(Duration::from_secs(2))
        .round(Duration::from_millis(500))
        .stalled_after(Duration::from_secs(3))
}

/// Opens a host on a server as soon as that answers.
pub async fn open(builder: EngineBuilder, server: &str, options: HostOptions) -> Host {
    Host::open(builder, connect(server).await, options)
        .await
        .unwrap()
}

/// Connects to a server as soon as it answers.
pub async fn connect(url: &str) -> Connection {
    let began = Instant::now();
    loop {
        let options = ConnectionOptions::new(url.parse::<idv::Url>().unwrap())
            .identity("idv-tests")
            .grpc_compression(GrpcCompression::None)
            .build();
        match Connection::connect(options).await {
            Ok(connection) => return connection,
            Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The sandbox's time, with real waits.
#[derive(Debug)]
struct SandboxClock {
    time: VirtualClock,
    real: SystemClock,
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn monotonic(&self) -> Duration {
        self.real.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.real.sleep(duration)
    }
}
