//! A development server, a bank with a sandbox of the vendors, and its workers.

#![allow(unreachable_pub, reason = "each test is a crate of its own")]
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

pub mod random;
pub mod server;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use idv::transport::{SystemClock, TransportOptions};
use idv::{Clock, Config, Environment, NewVerification, Secret, Timestamp};
use idv_axum::Options;
use idv_core::report::EvidenceKind;
use idv_flow::store::{Phase, SqliteStore};
use idv_flow::{
    Attention, Engine, EngineBuilder, EvidencePolicy, FlowId, FlowStatus, Resolution, Schedule,
    StartRequest, Vault,
};
use idv_sandbox::{Sandbox, VirtualClock};
use idv_temporal::temporalio_client::{Connection, ConnectionOptions};
use idv_temporal::{Host, HostOptions, WorkerSettings};
use tempfile::TempDir;
use tokio::sync::oneshot;

use self::server::Server;

/// The vendors, by the ids of their adapters.
pub const VENDORS: [&str; 5] = [
    "identity-tm",
    "idnow",
    "identify24",
    "cm-id-scan",
    "verificar-identidad",
];

/// The kinds of evidence that a bank keeps.
pub const EVIDENCE: [EvidenceKind; 3] = [
    EvidenceKind::DocumentFront,
    EvidenceKind::DocumentBack,
    EvidenceKind::Selfie,
];

/// The time within which every condition of a test must come true.
const PATIENCE: Duration = Duration::from_secs(300);

/// A bank: an application with a store, a sandbox of its vendors, and a server for callbacks.
pub struct Bank {
    pub sandbox: Arc<Sandbox>,
    pub folder: TempDir,
    pub vendors: Vec<&'static str>,
    pub port: u16,
    listener: Option<std::net::TcpListener>,
}

/// The engine that runs the bank's flows.
#[derive(Clone)]
pub enum Runner {
    Embedded(Engine),
    Hosted(Host),
}

impl Runner {
    pub fn engine(&self) -> &Engine {
        match self {
            Self::Embedded(engine) => engine,
            Self::Hosted(host) => host.engine(),
        }
    }

    /// Starts a flow, and returns its id.
    pub async fn start(&self, start: StartRequest) -> FlowId {
        match self {
            Self::Embedded(engine) => engine.submit(start).await.unwrap().id,
            Self::Hosted(host) => host.start(start).await.unwrap().id,
        }
    }

    pub async fn delete(&self, id: FlowId) {
        match self {
            Self::Embedded(engine) => drop(engine.delete(id, "desk-1").await.unwrap()),
            Self::Hosted(host) => drop(host.delete(id, "desk-1").await.unwrap()),
        }
    }

    /// Has both copies deleted: the vendor's by hand, if its interface cannot.
    pub async fn delete_all(&self, id: FlowId, what: &str) {
        self.delete(id).await;
        let mut is_confirmed = false;
        until(&format!("{what} is deleted"), async || {
            let status = self.status(id).await;
            if status.attention == Some(Attention::DeleteByHand) && !is_confirmed {
                is_confirmed = true;
                self.resolve(id, &Resolution::DeletedByHand).await;
            }
            self.engine().receipt(id).await.unwrap().is_complete()
        })
        .await;
    }

    pub async fn resolve(&self, id: FlowId, resolution: &Resolution) {
        match self {
            Self::Embedded(engine) => engine.resolve(id, resolution, "desk-1").await.unwrap(),
            Self::Hosted(host) => drop(host.resolve(id, resolution, "desk-1").await.unwrap()),
        }
    }

    pub async fn status(&self, id: FlowId) -> FlowStatus {
        self.engine().status(id).await.unwrap()
    }
}

impl Bank {
    /// Starts the sandbox of these vendors. Its clock starts now, and only the test moves it.
    pub async fn new(vendors: &[&'static str]) -> Self {
        let sandbox = Sandbox::builder()
            .speed(0.0)
            .start_time(Timestamp::now())
            .start()
            .await
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let bank = Self {
            sandbox: Arc::new(sandbox),
            folder: TempDir::new().unwrap(),
            vendors: vendors.to_vec(),
            port: listener.local_addr().unwrap().port(),
            listener: Some(listener),
        };
        for vendor in vendors {
            let vendor = bank.sandbox.vendor(vendor).unwrap();
            vendor.report_to(&bank.callback_url(vendor.id())).unwrap();
            vendor.expect("Mustermann");
        }
        bank
    }

    pub fn callback_url(&self, vendor: &str) -> String {
        format!("http://127.0.0.1:{}/callbacks/{vendor}", self.port)
    }

    /// Returns the parts of a program of this bank.
    pub fn program(&self) -> Program {
        Program {
            settings: self
                .vendors
                .iter()
                .map(|vendor| self.sandbox.settings(vendor))
                .collect(),
            clock: self.sandbox.clock(),
            store: self.folder.path().join("store.db"),
            history_events: 1_000,
            task_queue: "idv".to_owned(),
        }
    }

    /// Serves the callbacks of the vendors.
    pub fn serve(&mut self, engine: &Engine) {
        let listener = self.listener.take().unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let routes = idv_axum::routes(engine, &Options::new());
        tokio::spawn(async move { axum::serve(listener, routes).await });
    }

    /// Returns the request for a person.
    pub fn person(&self, vendor: &str, engine: &Engine, number: usize) -> NewVerification {
        NewVerification::builder(engine.reference())
            .given_names("Erika")
            .family_name("Mustermann")
            .birth_date("1964-08-12")
            .birth_place("Berlin")
            .nationality("DE")
            .gender("female")
            .street("Heidestr.")
            .house_number("17")
            .postal_code("51147")
            .city("Köln")
            .country("DE")
            .email("e.mustermann@example.com")
            .phone(format!("+34600{number:06}"))
            .success_url(format!("https://bank.example/done/{number}"))
            .callback_url(self.callback_url(vendor))
            .build()
            .unwrap()
    }

    /// Starts a flow, and returns it with the vendor's id of its verification once it exists.
    pub async fn create(&self, runner: &Runner, vendor: &str, number: usize) -> (FlowId, String) {
        let before: BTreeSet<String> = self.ids(vendor).into_iter().collect();
        let start = StartRequest::new(self.person(vendor, runner.engine(), number)).at(vendor);
        let id = runner.start(start).await;
        until("the verification is created", async || {
            runner.status(id).await.phase != Phase::Creating
        })
        .await;
        let new = self.ids(vendor).into_iter().find(|id| !before.contains(id));
        (id, new.expect("the vendor has a new verification"))
    }

    pub fn ids(&self, vendor: &str) -> Vec<String> {
        self.sandbox.vendor(vendor).unwrap().ids()
    }
}

/// The parts of a program of a bank: each program opens its own.
#[derive(Clone)]
pub struct Program {
    settings: Vec<Vec<(String, String)>>,
    clock: VirtualClock,
    store: PathBuf,
    /// The number of events after which the history of a workflow continues in a new run.
    pub history_events: u32,
    pub task_queue: String,
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
        let store = SqliteStore::open(&self.store).await.unwrap();
        let mut builder = Engine::builder(store)
            .vault(Vault::new(&key).unwrap())
            .evidence(EvidencePolicy::of(EVIDENCE))
            .clock(Arc::new(SystemClock::new()));
        for settings in &self.settings {
            let config = Config::from_env(settings.clone()).unwrap();
            let client = idv::connect_in(&config, environment.clone()).unwrap();
            let schedule = quick(Schedule::of(client.info()));
            let account = client.info().provider.to_string();
            builder = builder.client(client).schedule(account, schedule);
        }
        builder
    }

    /// Opens the embedded engine, and runs it until the returned sender is dropped.
    pub async fn embedded(&self) -> (Runner, oneshot::Sender<()>) {
        let engine = self.builder().await.open().await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = engine.clone();
        tokio::spawn(async move {
            running
                .run(4, async {
                    let _ = stopped.await;
                })
                .await;
        });
        (Runner::Embedded(engine), stop)
    }

    pub async fn host(&self, server: &Server) -> Host {
        self.host_of(self.builder().await, &server.url()).await
    }

    pub async fn host_of(&self, builder: EngineBuilder, server: &str) -> Host {
        let options = HostOptions::new()
            .heartbeat(Duration::from_secs(2))
            .round(Duration::from_millis(500))
            .stalled_after(Duration::from_secs(3))
            .history_events(self.history_events)
            .task_queue(self.task_queue.clone());
        Host::open(builder, connect(server).await, options)
            .await
            .unwrap()
    }

    /// Starts a worker with a store and a connection of its own.
    pub fn worker(&self, server: &Server) -> Worker {
        let (program, url) = (self.clone(), server.url());
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let host = program.host_of(program.builder().await, &url).await;
                let mut stopped = stopped;
                let (graceful, ended) = oneshot::channel::<()>();
                let mut graceful = Some(graceful);
                let settings = WorkerSettings::new();
                let run = host.run(&settings, async {
                    let _ = ended.await;
                });
                let mut run = std::pin::pin!(run);
                tokio::select! {
                    done = &mut run => return done.unwrap(),
                    end = &mut stopped => if end != Ok(End::Stop) { return },
                }
                drop(graceful.take());
                run.await.unwrap();
            });
            // A killed worker ends at any await.
            runtime.shutdown_background();
        });
        Worker {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

/// Shortens the intervals: the development server has real time.
fn quick(schedule: Schedule) -> Schedule {
    let sweep = schedule.sweep.map(|_| Duration::from_millis(500));
    schedule
        .interval(Duration::from_millis(400))
        .growth(1.0)
        .slowest(Duration::from_millis(400))
        .jitter(0.0)
        .wake_gap(Duration::from_millis(100))
        .sweep(sweep)
        .backstop(Duration::from_secs(2))
        .confirm_after(Duration::from_millis(200))
        // A create request that never reached a vendor with a search is flagged after this time.
        .settle_within(Duration::from_secs(2))
}

async fn connect(url: &str) -> Connection {
    let options = ConnectionOptions::new(url.parse::<idv::Url>().unwrap())
        .identity("idv-tests")
        .build();
    Connection::connect(options).await.unwrap()
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Stop,
    Kill,
}

/// A worker in a thread of its own.
pub struct Worker {
    stop: Option<oneshot::Sender<End>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Has the worker complete what it does, and waits for its end.
    pub fn stop(mut self) {
        self.end(End::Stop);
    }

    /// Ends the worker like a crash: whatever it does is cut off.
    pub fn kill(mut self) {
        self.end(End::Kill);
    }

    fn end(&mut self, end: End) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(end);
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the worker panicked");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end(End::Kill);
    }
}

/// Waits until a condition is true.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(
            began.elapsed() < PATIENCE,
            "{what}: not within {PATIENCE:?}"
        );
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

/// Returns the bytes of every file below a folder.
pub fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.extend(std::fs::read(&path).unwrap());
        }
    }
    all
}
