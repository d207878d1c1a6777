//! A store in which every transaction is a moment at which a program can die: before it, and after it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use idv::Timestamp;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::{
    Backlog, Commit, Committed, EventCursor, EvidencePart, EvidenceStore, Filter, Inserted,
    ListCursor, LookupKey, Message, MessageEnd, PendingEvent, Pushed, Record, Store, StoreResult,
};
use idv_flow::{Event, FlowId};

use super::clock::later;
use super::executor::turn;

/// By how much longer than the program wants the timer of the audit trail's blocks is: a world lasts for months, and there a block each
/// minute costs more than everything else together.
const BLOCKS_LATER: Duration = Duration::from_secs(36 * 60 * 60);

/// Lets everybody else have a turn before and after each transaction.
#[derive(Debug, Clone)]
pub struct YieldingStore(pub Arc<dyn Store>);

fn slowed(timer: &str, due: Timestamp) -> Timestamp {
    if timer == "audit" {
        later(due, BLOCKS_LATER)
    } else {
        due
    }
}

async fn between_turns<T>(transaction: impl Future<Output = T>) -> T {
    turn().await;
    let result = transaction.await;
    turn().await;
    result
}

#[async_trait]
impl Store for YieldingStore {
    async fn migrate(&self) -> StoreResult<()> {
        between_turns(self.0.migrate()).await
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        between_turns(self.0.remember(name, value)).await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        between_turns(self.0.replace(name, old, new)).await
    }

    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        between_turns(self.0.insert(record, lease, audit)).await
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        between_turns(self.0.load(id)).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        between_turns(self.0.commit(commit)).await
    }

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        between_turns(self.0.reports(id)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        between_turns(self.0.claim(now, until, limit, accounts)).await
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        between_turns(self.0.locate(keys)).await
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>> {
        between_turns(self.0.list(filter, after, limit)).await
    }

    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        between_turns(self.0.push(message, forgotten)).await
    }

    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        between_turns(self.0.claim_inbox(now, until, limit, accounts)).await
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        between_turns(self.0.finish(digest, end)).await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        between_turns(self.0.value(name)).await
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        between_turns(self.0.parked(after, limit)).await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        between_turns(self.0.parked_count(account)).await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        between_turns(self.0.wake_parked(flow, now)).await
    }

    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        between_turns(self.0.purge_inbox(before)).await
    }

    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>> {
        between_turns(self.0.events(after, limit)).await
    }

    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>> {
        between_turns(self.0.event(flow, sequence)).await
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>> {
        between_turns(self.0.claim_events(now, until, limit)).await
    }

    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()> {
        between_turns(self.0.finish_event(flow, sequence, again)).await
    }

    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
        between_turns(self.0.late_events(tries, limit)).await
    }

    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
        between_turns(self.0.purge_events(before)).await
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        between_turns(self.0.others_due(accounts, now)).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        between_turns(self.0.backlog(with_events)).await
    }

    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        between_turns(self.0.set_timer(name, slowed(name, due))).await
    }

    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        between_turns(self.0.claim_timers(now, until)).await
    }

    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        between_turns(self.0.wind_timer(name, slowed(name, due))).await
    }

    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        between_turns(self.0.next_due(accounts)).await
    }

    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>> {
        between_turns(self.0.audit(after, limit)).await
    }

    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        between_turns(self.0.audit_of(id)).await
    }

    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        between_turns(self.0.loose_entries(limit)).await
    }

    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        between_turns(self.0.add_block(block, entries)).await
    }

    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        between_turns(self.0.blocks(after, limit)).await
    }

    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        between_turns(self.0.last_block()).await
    }

    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        between_turns(self.0.block_entries(number)).await
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        self.0.evidence_store().is_some().then_some(self)
    }
}

impl YieldingStore {
    fn evidence(&self) -> &dyn EvidenceStore {
        self.0.evidence_store().unwrap()
    }
}

#[async_trait]
impl EvidenceStore for YieldingStore {
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
        between_turns(self.evidence().put_part(part, body)).await
    }

    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
        between_turns(self.evidence().part(part)).await
    }

    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
        between_turns(self.evidence().parts(flow)).await
    }

    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
        between_turns(self.evidence().erase_parts(flow, item)).await
    }
}
