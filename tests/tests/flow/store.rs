//! A store in which a program can crash before and after each transaction.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use idv::Timestamp;
use idv_flow::FlowId;
use idv_flow::store::{Backlog, EvidencePart, EvidenceStore, Store, StoreResult, TimerStore};

use super::clock::later;
use super::executor::turn;

/// The delay of the timer that seals blocks of the audit trail. A world lasts for months, and a block
/// each minute would cost more than everything else together.
const BLOCKS_LATER: Duration = Duration::from_secs(36 * 60 * 60);

/// Gives all other tasks a turn before and after each transaction.
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

idv_flow::delegate_store!(
    FlowStore, Inbox, Outbox, AuditStore for YieldingStore, |this| this.0, between_turns
);

#[async_trait]
impl Store for YieldingStore {
    async fn migrate(&self) -> StoreResult<()> {
        between_turns(self.0.migrate()).await
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        between_turns(self.0.remember(name, value)).await
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        between_turns(self.0.value(name)).await
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        between_turns(self.0.replace(name, old, new)).await
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        between_turns(self.0.backlog(with_events)).await
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        self.0.evidence_store().is_some().then_some(self)
    }
}

#[async_trait]
impl TimerStore for YieldingStore {
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        between_turns(self.0.set_timer(name, slowed(name, due))).await
    }

    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        between_turns(self.0.claim_timers(now, until)).await
    }

    async fn reschedule_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        between_turns(self.0.reschedule_timer(name, slowed(name, due))).await
    }

    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        between_turns(self.0.next_due(accounts)).await
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
