//! The simulation can fail: it notices deliberate mistakes within the first worlds.

use std::any::Any;
use std::fmt;

use async_trait::async_trait;
use idv::adapter::{Capabilities, Provider};
use idv::call::CallContext;
use idv::{
    Client, CreateResponse, CreateSafety, Environment, NewVerification, Timestamp, VendorInfo,
};
use idv_flow::FlowId;
use idv_flow::audit::AuditEntry;
use idv_flow::store::{
    Commit, Committed, Filter, FlowStore, Inbox, Inserted, ListCursor, LookupKey, MemoryStore,
    Message, MessageEnd, Pushed, Record, Reports, StoreResult,
};
use idv_sandbox::Sandbox;

use super::plan::Plan;
use super::random::Chance;
use super::simulation::live;
use super::vendor::Vendor;
use super::world::Setting;

/// The number of worlds within which a mistake must show.
const WORLDS: u64 = 60;

/// Returns the error of the first world that notices a mistake.
fn noticed(vendor: Vendor, setting: impl Fn(u64) -> Setting) -> String {
    let mut errors = (0..WORLDS).filter_map(|seed| live(vendor, seed, setting(seed)).1.err());
    errors
        .next()
        .unwrap_or_else(|| panic!("{WORLDS} worlds of {} notice nothing", vendor.id()))
}

/// Returns a vendor whose create requests can be repeated.
fn keyed() -> Vendor {
    Vendor::with(CreateSafety::Keyed).next().unwrap()
}

fn flawed(flaw: Flaw) -> impl Fn(u64) -> Setting {
    move |seed| {
        Setting::new(FlawedStore {
            store: MemoryStore::new(),
            flaw,
            chance: Chance::new(seed),
        })
    }
}

#[test]
fn store_that_loses_reports_is_noticed() {
    let error = noticed(keyed(), flawed(Flaw::Reports));
    assert!(error.contains("0 reports are stored"), "{error}");
}

#[test]
fn store_that_loses_audit_entries_is_noticed() {
    let error = noticed(keyed(), flawed(Flaw::Entries));
    // The check of the reports looks for their entries, and may come first.
    let expected = ["audit trail", "there is no report"];
    assert!(expected.iter().any(|text| error.contains(text)), "{error}");
}

#[test]
fn store_that_loses_new_flows_is_noticed() {
    let error = noticed(
        Vendor::with(CreateSafety::Findable).next().unwrap(),
        flawed(Flaw::NewFlows),
    );
    assert!(error.contains("the flow is lost"), "{error}");
}

#[test]
fn inbox_that_loses_messages_is_noticed() {
    let error = noticed(Vendor::without_polling(), flawed(Flaw::Messages));
    assert!(error.contains("the vendor reported"), "{error}");
}

#[test]
fn repeated_create_is_noticed_when_the_vendor_has_no_key() {
    for vendor in Vendor::all() {
        if matches!(
            vendor.info().create_safety,
            CreateSafety::Keyed | CreateSafety::Findable
        ) {
            continue;
        }
        let error = noticed(vendor, |_| Setting {
            client: careless,
            ..Setting::new(MemoryStore::new())
        });
        assert!(error.contains("times"), "{error}");
    }
}

#[test]
fn leaked_secret_is_noticed_when_it_verifies_people() {
    let error = noticed(Vendor::without_polling(), |_| Setting {
        leaked: true,
        ..Setting::new(MemoryStore::new())
    });
    assert!(error.contains("without proof"), "{error}");
}

#[test]
fn accepted_forgery_verifies_no_one_when_the_vendor_has_polls() {
    // In a world with a second vendor, that one may have no polls.
    let has_polls = |seed: &u64| {
        let vendors = Plan::of(keyed(), *seed, Timestamp::UNIX_EPOCH).vendors;
        let polls = |vendor: &Vendor| vendor.info().has(idv::Capability::Polling);
        vendors.iter().all(polls)
    };
    for seed in (0..WORLDS).filter(has_polls) {
        let setting = Setting {
            leaked: true,
            ..Setting::new(MemoryStore::new())
        };
        let (_, result) = live(keyed(), seed, setting);
        assert_eq!(result, Ok(()), "seed {seed}");
    }
}

/// The data that a store loses now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// The reports of a change.
    Reports,
    /// The audit entries of a change.
    Entries,
    /// A flow that it claims to have inserted.
    NewFlows,
    /// A message that it claims to have stored.
    Messages,
}

#[derive(Debug)]
struct FlawedStore {
    store: MemoryStore,
    flaw: Flaw,
    chance: Chance,
}

impl FlawedStore {
    fn forgets(&self, flaw: Flaw) -> bool {
        self.flaw == flaw && self.chance.percent(10)
    }
}

idv_flow::delegate_store!(
    Store, Outbox, TimerStore, AuditStore for FlawedStore, |this| this.store
);

#[async_trait]
impl FlowStore for FlawedStore {
    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        if self.forgets(Flaw::NewFlows) {
            return Ok(Inserted::New);
        }
        self.store.insert(record, lease, audit).await
    }

    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        if commit.arrival.is_some() && self.forgets(Flaw::Messages) {
            return Ok(Committed::Done(commit.record.version + 1));
        }
        let mut kept = *commit;
        if self.forgets(Flaw::Entries) {
            kept.audit = &[];
        }
        if matches!(commit.reports, Reports::Put(_)) && self.forgets(Flaw::Reports) {
            kept.reports = Reports::Keep;
        }
        self.store.commit(&kept).await
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        self.store.load(id).await
    }

    async fn purge(&self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed> {
        self.store.purge(record, audit).await
    }

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        self.store.reports(id).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        self.store.claim(now, until, limit, accounts).await
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        self.store.locate(keys).await
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>> {
        self.store.list(filter, after, limit).await
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        self.store.others_due(accounts, now).await
    }
}

#[async_trait]
impl Inbox for FlawedStore {
    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        if self.forgets(Flaw::Messages) {
            return Ok(Pushed::New);
        }
        self.store.push(message, forgotten).await
    }

    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        self.store.claim_inbox(now, until, limit, accounts).await
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.store.finish(digest, end).await
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        self.store.parked(after, limit).await
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        self.store.parked_count(account).await
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        self.store.wake_parked(flow, now).await
    }

    async fn purge_inbox(&self, before: Timestamp, limit: usize) -> StoreResult<u64> {
        self.store.purge_inbox(before, limit).await
    }
}

/// Returns a client that treats every create request as repeatable.
fn careless(vendor: Vendor, sandbox: &Sandbox, environment: Environment) -> Client {
    let client = vendor.client(sandbox, environment.clone());
    let mut info = client.info().clone();
    info.create_safety = CreateSafety::Keyed;
    Client::new(
        Careless { client, info },
        environment,
        idv::call::CallPolicy::default(),
    )
}

struct Careless {
    client: Client,
    info: VendorInfo,
}

impl fmt::Debug for Careless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Careless")
    }
}

#[async_trait]
impl Provider for Careless {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> idv::Result<CreateResponse> {
        self.client.provider().create(cx, new).await
    }

    fn capabilities(&self) -> Capabilities<'_> {
        self.client.provider().capabilities()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
