//! The time from a callback in one program to the change that a worker of another program makes,
//! over PostgreSQL: with notifications of the database, and with workers that only look at
//! intervals.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use idv_core::{Delivery, Timestamp};
use idv_flow::store::{Backlog, EvidenceStore, Store, StoreResult};
use idv_flow::{Engine, FlowId, Schedule, Vault, delegate_store};
use idv_transport_reqwest::SystemClock;
use jiff::SignedDuration;
use tokio::sync::oneshot;

use super::stores::{Kind, Place};
use super::vendor::Vendor;
use super::{SMALL, print};

/// The maximum median.
const GOAL: Duration = Duration::from_millis(50);
/// The number of workers.
const WORKERS: usize = 4;
/// The time after which a change counts as lost. The longest wait between two looks is a second.
const LOST: Duration = Duration::from_secs(30);
/// The time that the person and the vendor's agent need, in the vendor's time.
const CALL: Duration = Duration::from_secs(3_600);

pub(super) async fn measure() {
    let mut table = format!(
        "{:<16} {:>10} {:>10} {:>10}   p50 within {GOAL:.0?}\n",
        "workers wait for", "callbacks", "p50", "p95"
    );
    for (name, notified, flows) in [
        ("notifications", true, if SMALL { 3 } else { 200 }),
        ("their interval", false, if SMALL { 2 } else { 60 }),
    ] {
        let mut times = run(notified, flows).await;
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        let verdict = match (notified, at(50) <= GOAL) {
            (false, _) => "baseline",
            (true, true) => "yes",
            (true, false) => "MISSED",
        };
        writeln!(
            table,
            "{name:<16} {flows:>10} {:>10} {:>10}   {verdict}",
            format!("{:.1?}", at(50)),
            format!("{:.1?}", at(95)),
        )
        .unwrap();
    }
    print(
        "from the reply to a callback in one program to the change by a worker of another program, \
         over PostgreSQL",
        &table,
    );
}

/// Returns the time for each callback.
async fn run(notified: bool, flows: usize) -> Vec<Duration> {
    // The vendor's time is the real time after the calls.
    let start = Timestamp::now() - SignedDuration::try_from(CALL).unwrap();
    let vendor = Vendor::start_at(start, Arc::new(SystemClock::new())).await;
    let mut place = Place::new(Kind::Postgres);
    let receiver = open(&vendor, place.connect().await).await;
    let store = place.connect().await;
    let worker = if notified {
        open(&vendor, store).await
    } else {
        open(&vendor, Arc::new(WithoutHints(store))).await
    };

    let mut started = Vec::with_capacity(flows);
    for _ in 0..flows {
        let new = vendor.submitted();
        let reference = new.reference.clone();
        started.push((receiver.start(new).await.unwrap().id, reference));
    }
    for (_, reference) in &started {
        let idnow = vendor.sandbox.idnow();
        idnow.act(reference.as_str(), "happy").unwrap();
    }
    vendor.pass(CALL).await;
    let callbacks = vendor.callbacks();
    let last_of = |reference: &str| -> Delivery {
        let about = |delivery: &&Delivery| {
            String::from_utf8_lossy(&delivery.body).contains(&format!("\"{reference}\""))
        };
        callbacks.iter().rfind(about).unwrap().clone()
    };

    let (stop, stopped) = oneshot::channel::<()>();
    let working = {
        let worker = worker.clone();
        tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            worker.run(WORKERS, stopped).await;
        })
    };
    rest(&worker).await;
    let mut times = Vec::with_capacity(flows);
    for (number, (id, reference)) in started.iter().enumerate() {
        let delivery = last_of(reference.as_str());
        // The callbacks come at different times within the workers' interval.
        if !SMALL {
            tokio::time::sleep(Duration::from_millis(number as u64 * 137 % 400)).await;
        }
        receiver.receive("idnow", &delivery).await.unwrap();
        times.push(change(&receiver, *id).await);
        rest(&worker).await;
    }
    drop(stop);
    working.await.unwrap();
    drop((receiver, worker));
    place.close().await;
    times
}

/// Returns the time until the program sees the outcome.
async fn change(receiver: &Engine, id: FlowId) -> Duration {
    let start = Instant::now();
    while !receiver.status(id).await.unwrap().is_verified() {
        assert!(start.elapsed() < LOST, "the callback changes the flow");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    start.elapsed()
}

/// Waits until the program has carried out every step that is due.
async fn rest(worker: &Engine) {
    let start = Instant::now();
    loop {
        let health = worker.health().await.unwrap();
        let is_busy = worker.worker_stats().under_way > 0;
        if !is_busy && health.messages == 0 && health.behind.is_zero() {
            return;
        }
        assert!(start.elapsed() < LOST, "the workers finish");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn open(vendor: &Vendor, store: Arc<dyn Store>) -> Engine {
    let mut schedule = Schedule::of(vendor.client.info());
    // Only callbacks cause work.
    (schedule.sweep, schedule.interval) = (None, CALL);
    Engine::builder(Shared(store))
        .client(vendor.client.clone())
        .schedule("idnow", schedule)
        .vault(Vault::new(&"7".repeat(64).into()).unwrap())
        .clock(Arc::new(SystemClock::new()))
        .open()
        .await
        .unwrap()
}

/// A store of which several programs hold a part.
#[derive(Debug)]
struct Shared(Arc<dyn Store>);

delegate_store!(
    Store, FlowStore, Inbox, Outbox, TimerStore, AuditStore for Shared, |this| this.0
);

/// A store without notifications.
#[derive(Debug)]
struct WithoutHints(Arc<dyn Store>);

delegate_store!(
    FlowStore, Inbox, Outbox, TimerStore, AuditStore for WithoutHints, |this| this.0
);

#[async_trait]
impl Store for WithoutHints {
    async fn migrate(&self) -> StoreResult<()> {
        self.0.migrate().await
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.0.remember(name, value).await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.0.value(name).await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.0.replace(name, old, new).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.0.backlog(with_events).await
    }

    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        self.0.server_time().await
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        self.0.evidence_store()
    }
}
