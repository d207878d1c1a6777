//! The store of a simulated program: a program can crash before and after each transaction, the
//! answer to a transaction can be lost, and a connection can fail for good.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use idv::Timestamp;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::{
    Backlog, Commit, Committed, EventCursor, EvidencePart, EvidenceStore, Filter, Inserted,
    ListCursor, LookupKey, Message, MessageEnd, PendingEvent, Pushed, Record, Store, StoreError,
    StoreResult,
};
use idv_flow::{Event, FlowId};
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
    /// The clock of the database's server, which is right.
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
    /// Nothing was committed.
    Refused,
    /// The transaction was committed, and its answer was lost.
    AnswerLost,
    /// As [`StoreFault::Refused`], and every later transaction of the program fails, too.
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

    /// Returns the same store for a program whose connection fails now and then.
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

#[async_trait]
impl Store for SimulatedStore {
    async fn migrate(&self) -> StoreResult<()> {
        self.carry(self.inner.migrate()).await
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.carry(self.inner.remember(name, value)).await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.carry(self.inner.replace(name, old, new)).await
    }

    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        self.carry(self.inner.insert(record, lease, audit)).await
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.carry(self.inner.load(id)).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        self.carry(self.inner.commit(commit)).await
    }

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        self.carry(self.inner.reports(id)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        self.carry(self.inner.claim(now, until, limit, accounts))
            .await
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.carry(self.inner.locate(keys)).await
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>> {
        self.carry(self.inner.list(filter, after, limit)).await
    }

    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        self.carry(self.inner.push(message, forgotten)).await
    }

    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        self.carry(self.inner.claim_inbox(now, until, limit, accounts))
            .await
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.carry(self.inner.finish(digest, end)).await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.carry(self.inner.value(name)).await
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.carry(self.inner.parked(after, limit)).await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.carry(self.inner.parked_count(account)).await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.carry(self.inner.wake_parked(flow, now)).await
    }

    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        self.carry(self.inner.purge_inbox(before)).await
    }

    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>> {
        self.carry(self.inner.events(after, limit)).await
    }

    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>> {
        self.carry(self.inner.event(flow, sequence)).await
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>> {
        self.carry(self.inner.claim_events(now, until, limit)).await
    }

    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()> {
        self.carry(self.inner.finish_event(flow, sequence, again))
            .await
    }

    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
        self.carry(self.inner.late_events(tries, limit)).await
    }

    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
        self.carry(self.inner.purge_events(before)).await
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.carry(self.inner.others_due(accounts, now)).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        self.carry(self.inner.backlog(with_events)).await
    }

    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.carry(self.inner.set_timer(name, slowed(name, due)))
            .await
    }

    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        self.carry(self.inner.claim_timers(now, until)).await
    }

    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.carry(self.inner.wind_timer(name, slowed(name, due)))
            .await
    }

    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        self.carry(self.inner.next_due(accounts)).await
    }

    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>> {
        self.carry(self.inner.audit(after, limit)).await
    }

    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        self.carry(self.inner.audit_of(id)).await
    }

    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.carry(self.inner.loose_entries(limit)).await
    }

    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        self.carry(self.inner.add_block(block, entries)).await
    }

    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        self.carry(self.inner.blocks(after, limit)).await
    }

    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        self.carry(self.inner.last_block()).await
    }

    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        self.carry(self.inner.block_entries(number)).await
    }

    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        self.carry(async { Ok(Some(self.time.now())) }).await
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        self.inner.evidence_store().is_some().then_some(self)
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
