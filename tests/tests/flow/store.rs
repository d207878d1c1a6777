//! The store of a simulated program: a program can crash before and after each transaction, the
//! answer to a transaction can be lost, and a connection can fail for good.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use idv::Timestamp;
use idv_flow::FlowId;
use idv_flow::store::{
    Backlog, EvidencePart, EvidenceStore, Store, StoreError, StoreResult, TimerStore,
};
use idv_sandbox::VirtualClock;
use tokio::runtime::Handle;

use super::clock::later;
use super::executor::turn;
use super::random::Chance;
use super::trace::Trace;
use super::world;

/// The time that is added to the interval of the audit timer. A world lasts for months, and a block
/// for each minute would cost more than everything else.
const BLOCKS_LATER: Duration = Duration::from_secs(36 * 60 * 60);

/// A program's connection to the store. All other tasks get a turn before and after each
/// transaction.
#[derive(Debug, Clone)]
pub struct SimulatedStore {
    inner: Arc<dyn Store>,
    /// Runs the transactions of a database to their end: they do not use the simulated executor.
    runtime: Option<Handle>,
    /// The clock of the database's server, which is correct.
    time: VirtualClock,
    faults: Option<StoreFaults>,
}

/// The failures of one program's connection.
#[derive(Debug, Clone)]
pub struct StoreFaults(Arc<Faults>);

#[derive(Debug)]
struct Faults {
    program: usize,
    chance: Chance,
    /// The share of transactions that fail, in tenths of a percent.
    rate: u64,
    calm_from: Timestamp,
    is_broken: AtomicBool,
    events: Arc<Mutex<Vec<world::Event>>>,
    trace: Trace,
}

/// A failure of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreFault {
    /// The transaction was not committed.
    Refused,
    /// The transaction was committed, and its answer was lost.
    AnswerLost,
    /// As [`StoreFault::Refused`], and every later transaction of the program fails as well.
    Broken,
}

impl SimulatedStore {
    /// Returns a store without faults.
    pub fn new(inner: Arc<dyn Store>, runtime: Option<Handle>, time: VirtualClock) -> Self {
        Self {
            inner,
            runtime,
            time,
            faults: None,
        }
    }

    /// Returns the same store over a connection with these faults.
    pub fn with_faults(&self, faults: StoreFaults) -> Self {
        Self {
            faults: Some(faults),
            ..self.clone()
        }
    }

    async fn carry<T>(&self, transaction: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
        turn().await;
        let now = self.time.now();
        let fault = self.faults.as_ref().and_then(|faults| faults.strike(now));
        let result = match (fault, &self.runtime) {
            (Some(StoreFault::Refused | StoreFault::Broken), _) => {
                Err(StoreError::new("the simulated connection failed"))
            }
            (_, Some(runtime)) => runtime.block_on(transaction),
            (_, None) => transaction.await,
        };
        turn().await;
        match fault {
            Some(StoreFault::AnswerLost) => Err(StoreError::new("the simulated answer was lost")),
            _ => result,
        }
    }
}

impl StoreFaults {
    pub fn new(
        program: usize,
        chance: Chance,
        rate: u64,
        calm_from: Timestamp,
        events: Arc<Mutex<Vec<world::Event>>>,
        trace: Trace,
    ) -> Self {
        Self(Arc::new(Faults {
            program,
            chance,
            rate,
            calm_from,
            is_broken: AtomicBool::new(false),
            events,
            trace,
        }))
    }

    fn strike(&self, now: Timestamp) -> Option<StoreFault> {
        let faults = &*self.0;
        if faults.is_broken.load(Ordering::Relaxed) {
            return Some(StoreFault::Refused);
        }
        if now >= faults.calm_from || faults.chance.between(0, 1000) >= faults.rate {
            return None;
        }
        let fault = match faults.chance.between(0, 9) {
            0..=3 => StoreFault::Refused,
            4..=7 => StoreFault::AnswerLost,
            _ => StoreFault::Broken,
        };
        faults
            .trace
            .note(now, || format!("the store fails [{fault:?}]"));
        if fault == StoreFault::Broken {
            faults.is_broken.store(true, Ordering::Relaxed);
            let event = world::Event::Broken(faults.program);
            faults.events.lock().unwrap().push(event);
        }
        Some(fault)
    }
}

fn slowed(timer: &str, due: Timestamp) -> Timestamp {
    if timer == "audit" {
        later(due, BLOCKS_LATER)
    } else {
        due
    }
}

idv_flow::delegate_store!(
    FlowStore, Inbox, Outbox, AuditStore for SimulatedStore, |this| this.inner, |call| this.carry(call)
);

#[async_trait]
impl Store for SimulatedStore {
    async fn migrate(&self) -> StoreResult<()> {
        self.carry(self.inner.migrate()).await
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.carry(self.inner.remember(name, value)).await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.carry(self.inner.value(name)).await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.carry(self.inner.replace(name, old, new)).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.carry(self.inner.backlog(with_events)).await
    }

    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        self.carry(async { Ok(Some(self.time.now())) }).await
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        self.inner.evidence_store().is_some().then_some(self)
    }
}

#[async_trait]
impl TimerStore for SimulatedStore {
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.carry(self.inner.set_timer(name, slowed(name, due)))
            .await
    }

    async fn claim_timers(
        &self,
        now: Timestamp,
        until: Timestamp,
        names: &[&str],
    ) -> StoreResult<Vec<String>> {
        self.carry(self.inner.claim_timers(now, until, names)).await
    }

    async fn reschedule_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.carry(self.inner.reschedule_timer(name, slowed(name, due)))
            .await
    }

    async fn next_due(&self, accounts: &[&str], timers: &[&str]) -> StoreResult<Option<Timestamp>> {
        self.carry(self.inner.next_due(accounts, timers)).await
    }
}

impl SimulatedStore {
    fn evidence(&self) -> &dyn EvidenceStore {
        self.inner.evidence_store().unwrap()
    }
}

#[async_trait]
impl EvidenceStore for SimulatedStore {
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
        self.carry(self.evidence().put_part(part, body)).await
    }

    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
        self.carry(self.evidence().part(part)).await
    }

    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
        self.carry(self.evidence().parts(flow)).await
    }

    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
        self.carry(self.evidence().erase_parts(flow, item)).await
    }
}
