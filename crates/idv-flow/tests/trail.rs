//! The audit trail: what is in it, and that nobody changes it unnoticed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::*;
use idv_flow::{Flow, FlowId, Start, Vault};
use jiff::Timestamp;
use support::*;

type Change = dyn Fn(&mut Vec<AuditEntry>) + Send + Sync;
type BlockChange = dyn Fn(&mut Vec<AuditBlock>) + Send + Sync;

/// A store whose audit trail somebody meddles with.
#[derive(Clone)]
struct Meddled {
    store: MemoryStore,
    entries: Arc<Mutex<Option<Arc<Change>>>>,
    blocks: Arc<Mutex<Option<Arc<BlockChange>>>>,
    /// Flows that are gone without a trace.
    hidden: Arc<Mutex<Option<FlowId>>>,
}

impl std::fmt::Debug for Meddled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meddled")
    }
}

impl Meddled {
    fn entries(&self, mut entries: Vec<AuditEntry>) -> Vec<AuditEntry> {
        if let Some(change) = &*self.entries.lock().unwrap() {
            change(&mut entries);
        }
        let hidden = *self.hidden.lock().unwrap();
        entries.retain(|entry| Some(entry.flow) != hidden);
        entries
    }
}

#[async_trait]
impl Store for Meddled {
    async fn migrate(&self) -> StoreResult<()> {
        self.store.migrate().await
    }
    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        self.store.remember(name, value).await
    }
    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        self.store.replace(name, old, new).await
    }
    async fn insert(&self, record: &Record, lease: Option<Timestamp>, audit: &[AuditEntry]) -> StoreResult<Inserted> {
        self.store.insert(record, lease, audit).await
    }
    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.store.load(id).await
    }
    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        self.store.commit(commit).await
    }
    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        self.store.reports(id).await
    }
    async fn claim(&self, now: Timestamp, until: Timestamp, limit: usize) -> StoreResult<Vec<Record>> {
        self.store.claim(now, until, limit).await
    }
    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.store.locate(keys).await
    }
    async fn list(&self, filter: &Filter, after: Option<FlowId>, limit: usize) -> StoreResult<Vec<Record>> {
        let hidden = *self.hidden.lock().unwrap();
        let records = self.store.list(filter, after, limit).await?;
        Ok(records.into_iter().filter(|record| Some(record.id) != hidden).collect())
    }
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        self.store.push(message, forgotten).await
    }
    async fn claim_inbox(&self, now: Timestamp, until: Timestamp, limit: usize) -> StoreResult<Vec<Message>> {
        self.store.claim_inbox(now, until, limit).await
    }
    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.store.finish(digest, end).await
    }
    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        self.store.value(name).await
    }
    async fn parked(&self, after: Option<(Timestamp, [u8; 32])>, limit: usize) -> StoreResult<Vec<Message>> {
        self.store.parked(after, limit).await
    }
    async fn parked_count(&self, provider: &str) -> StoreResult<u64> {
        self.store.parked_count(provider).await
    }
    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.store.wake_parked(flow, now).await
    }
    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        self.store.purge_inbox(before).await
    }
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.store.set_timer(name, due).await
    }
    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        self.store.claim_timers(now, until).await
    }
    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        self.store.wind_timer(name, due).await
    }
    async fn next_due(&self) -> StoreResult<Option<Timestamp>> {
        self.store.next_due().await
    }
    async fn audit(&self, after: Option<(FlowId, u64)>, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        Ok(self.entries(self.store.audit(after, limit).await?))
    }
    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        self.store.audit_of(id).await
    }
    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        self.store.loose_entries(limit).await
    }
    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        self.store.add_block(block, entries).await
    }
    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        let mut blocks = self.store.blocks(after, limit).await?;
        if let Some(change) = &*self.blocks.lock().unwrap() {
            change(&mut blocks);
        }
        Ok(blocks)
    }
    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        self.store.last_block().await
    }
    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        Ok(self.entries(self.store.block_entries(number).await?))
    }
}

/// Three verifications, two days and four blocks at the least.
async fn trail() -> (Meddled, Flow, Vec<FlowId>) {
    let bench = Bench::new(Kind::default());
    let store = Meddled { store: bench.store.clone(), entries: Arc::default(), blocks: Arc::default(), hidden: Arc::default() };
    let vault = Vault::new(&idv_core::Secret::new("a".repeat(64))).unwrap();
    let flow =
        bench.open(Flow::builder(store.clone()).client(bench.client()).random(Arc::new(bench.bits.clone())).vault(vault)).await;
    let mut flows = Vec::new();
    for state in ["passed", "failed", "waiting"] {
        let new = somebody(&flow);
        let reference = new.reference.clone();
        flows.push(settle(Start::new(new).by("desk-3"), &flow).await);
        bench.vendor.becomes(&reference, state);
        bench.pass(&flow, HOUR).await;
    }
    bench.pass(&flow, HOUR).await;
    (store, flow, flows)
}

#[tokio::test]
async fn an_untouched_trail_holds_and_has_an_anchor() {
    let (_, flow, _) = trail().await;
    let verified = flow.verify_audit(None).await.unwrap();
    assert!(verified.holds(), "{verified:?}");
    assert!(verified.flows == 3 && verified.entries >= 13 && verified.blocks >= 3, "{verified:?}");
    assert!(flow.verify_audit(Some(&verified.anchor)).await.unwrap().holds());
    let strange = flow.verify_audit(Some(&format!("1:{}", "0".repeat(64)))).await.unwrap();
    assert!(!strange.holds() && strange.findings[0].contains("anchor"), "{strange:?}");
}

#[tokio::test]
async fn every_entry_that_is_changed_or_missing_is_noticed() {
    let (store, flow, _) = trail().await;
    let count = flow.verify_audit(None).await.unwrap().entries;
    let all = store.store.audit(None, 1_000).await.unwrap();
    assert_eq!(all.len() as u64, count);
    for victim in &all {
        let name = (victim.flow, victim.number);
        let is = move |entry: &AuditEntry| (entry.flow, entry.number) == name;
        let changes: [Arc<Change>; 4] = [
            Arc::new(move |entries: &mut Vec<AuditEntry>| entries.retain(|entry| !is(entry))),
            Arc::new(move |entries: &mut Vec<AuditEntry>| {
                entries.iter_mut().filter(|entry| is(entry)).for_each(|entry| entry.event.push(' '));
            }),
            Arc::new(move |entries: &mut Vec<AuditEntry>| {
                let later = jiff::SignedDuration::from_secs(1);
                entries.iter_mut().filter(|entry| is(entry)).for_each(|entry| entry.at += later);
            }),
            Arc::new(move |entries: &mut Vec<AuditEntry>| {
                // Who knows no key can make no hash that fits.
                entries.iter_mut().filter(|entry| is(entry)).for_each(|entry| entry.hash = [7; 32]);
            }),
        ];
        for change in changes {
            *store.entries.lock().unwrap() = Some(change);
            assert!(!flow.verify_audit(None).await.unwrap().holds(), "{victim:?}");
        }
    }
    *store.entries.lock().unwrap() = None;
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn a_flow_that_vanishes_with_its_whole_trail_is_missed() {
    let (store, flow, flows) = trail().await;
    for id in flows {
        *store.hidden.lock().unwrap() = Some(id);
        let verified = flow.verify_audit(None).await.unwrap();
        assert!(verified.findings.iter().any(|finding| finding.contains("block")), "{verified:?}");
    }
}

#[tokio::test]
async fn a_block_that_is_changed_or_missing_is_noticed_and_a_rolled_back_end_by_its_anchor() {
    let (store, flow, _) = trail().await;
    let anchor = flow.verify_audit(None).await.unwrap().anchor;
    let changes: [fn(&mut Vec<AuditBlock>); 3] = [
        |blocks| drop(blocks.drain(..1.min(blocks.len()))),
        |blocks| blocks.iter_mut().for_each(|block| block.entries += 1),
        |blocks| blocks.iter_mut().filter(|block| block.number == 2).for_each(|block| block.previous = [0; 32]),
    ];
    for change in changes {
        *store.blocks.lock().unwrap() = Some(Arc::new(change));
        assert!(!flow.verify_audit(None).await.unwrap().holds());
    }
    let last = store.store.last_block().await.unwrap().unwrap().number;
    let rolled_back = move |blocks: &mut Vec<AuditBlock>| blocks.retain(|block| block.number != last);
    *store.blocks.lock().unwrap() = Some(Arc::new(rolled_back));
    assert!(!flow.verify_audit(Some(&anchor)).await.unwrap().holds());
}

#[tokio::test]
async fn the_trail_says_who_asked_what_came_by_which_channel_with_which_proof_and_nothing_of_the_person() {
    let (store, _, flows) = trail().await;
    let entries = store.store.audit_of(flows[0]).await.unwrap();
    let events: Vec<serde_json::Value> = entries.iter().map(|entry| serde_json::from_str(&entry.event).unwrap()).collect();
    let words: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(words, ["asked", "creating", "created", "observed", "report_stored"]);
    assert_eq!((&events[0]["by"], &events[0]["provider"]), (&"desk-3".into(), &"example".into()));
    assert!(events[0]["mapping"].as_str().unwrap().contains("idv "));
    let observed = &events[3];
    assert_eq!(
        (&observed["channel"], &observed["proof"], &observed["code"]),
        (&"poll".into(), &"own_call".into(), &"passed".into())
    );
    assert_eq!(observed["digest"].as_str().unwrap().len(), 64);
    assert_eq!(events[4]["outcome"], "verified");
    let all: String = store.store.audit(None, 1_000).await.unwrap().into_iter().map(|entry| entry.event).collect();
    assert!(!all.contains("Mustermann"));
}

#[tokio::test]
async fn a_flow_that_is_put_back_to_what_it_was_does_not_fit_its_trail() {
    let bench = Bench::new(Kind::default());
    let vault = Vault::new(&idv_core::Secret::new("a".repeat(64))).unwrap();
    let flow = bench.open(bench.builder().vault(vault)).await;
    let (id, reference) = start(&flow).await;
    let before = bench.store.load(id).await.unwrap().unwrap();
    bench.vendor.becomes(&reference, "failed");
    bench.pass(&flow, HOUR).await;
    let after = bench.store.load(id).await.unwrap().unwrap();
    // Its state alone does not open at another end of the trail.
    let forged = Record { body: before.body.clone(), ..after.clone() };
    bench.store.commit(&Commit::new(&forged, &[])).await.unwrap();
    assert!(matches!(flow.status(id).await.unwrap_err(), idv_flow::FlowError::Damaged(_)));
    // With its end of the trail it opens, and the trail goes on beyond it.
    let forged = Record { version: after.version + 1, ..before };
    bench.store.commit(&Commit::new(&forged, &[])).await.unwrap();
    assert!(flow.status(id).await.is_ok());
    let verified = flow.verify_audit(None).await.unwrap();
    assert!(verified.findings.iter().any(|finding| finding.contains("its record ends at")), "{verified:?}");
}
