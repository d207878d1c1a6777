//! Opening a flow.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use idv_core::{Client, Clock, OsRandom, Random, Transport};
use tokio::sync::Notify;

use crate::audit::blocks::{BlockHead, HEAD};
use crate::config::FlowConfig;
use crate::engine::Engine;
use crate::engine::clock::ClockGuard;
use crate::engine::events::{Handler, HandlerError, Receivers};
use crate::engine::evidence::NO_EVIDENCE_STORE;
use crate::engine::metrics::Metrics;
use crate::engine::repository::{Inner, VendorHandle};
use crate::engine::workers::Counters;
use crate::error::{FlowError, Result};
use crate::machine::event::Event;
use crate::machine::evidence::EvidencePolicy;
use crate::machine::retention::{Retention, later};
use crate::machine::schedule::Schedule;
use crate::store::{EvidenceStore, Store};
use crate::vault::{Context, StoreKeys, Vault};
use crate::webhook::{Endpoint, Webhook};

/// Default for the difference between the clocks of the program and of the database.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

/// Default for the number of messages of an account that may be parked.
const PARKED_LIMIT: u64 = 10_000;

/// A flow that is to be opened.
#[derive(Debug)]
pub struct EngineBuilder {
    store: Arc<dyn Store>,
    clients: Vec<(String, Client)>,
    schedules: Vec<(String, Schedule)>,
    vault: Vault,
    tenants: BTreeMap<String, Vault>,
    retention: Retention,
    evidence: EvidencePolicy,
    evidence_store: Option<Arc<dyn EvidenceStore>>,
    random: Arc<dyn Random>,
    clock: Option<Arc<dyn Clock>>,
    default_account: Option<String>,
    lease: Option<Duration>,
    parked_limit: u64,
    clock_tolerance: Duration,
    handler: Option<Handler>,
    webhook: Option<(Webhook, Arc<dyn Transport>)>,
}

impl EngineBuilder {
    pub(crate) fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            clients: Vec::new(),
            schedules: Vec::new(),
            vault: Vault::plain(),
            tenants: BTreeMap::new(),
            retention: Retention::default(),
            evidence: EvidencePolicy::none(),
            evidence_store: None,
            random: Arc::new(OsRandom),
            clock: None,
            default_account: None,
            lease: None,
            parked_limit: PARKED_LIMIT,
            clock_tolerance: CLOCK_TOLERANCE,
            handler: None,
            webhook: None,
        }
    }

    /// Adds the only, or the default, account at a vendor. The account is called after the vendor.
    ///
    /// New flows start at the first account that was added. Flows of other accounts continue as long as their accounts are added, too.
    #[must_use]
    pub fn client(self, client: Client) -> Self {
        let name = client.info().provider.to_string();
        self.account(name, client)
    }

    /// Adds an account at a vendor: several accounts of one vendor have different names. The name is stored in clear and is part of the
    /// address of the account's callbacks, so it must not change.
    #[must_use]
    pub fn account(mut self, name: impl Into<String>, client: Client) -> Self {
        self.clients.push((name.into(), client));
        self
    }

    /// Adds accounts by their names, such as those of a configuration: `Config::clients`.
    #[must_use]
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = (String, Client)>) -> Self {
        self.clients.extend(accounts);
        self
    }

    /// Sets the account at which new flows start. Default: the first that was added.
    #[must_use]
    pub fn default_account(mut self, name: impl Into<String>) -> Self {
        self.default_account = Some(name.into());
        self
    }

    /// Takes over a configuration: the key, the retention, the evidence, the lease, and the schedules of all accounts that were added so far.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if a key does not have the form of one.
    pub fn configured(mut self, config: &FlowConfig) -> Result<Self> {
        self.vault = config.vault()?;
        self.retention = config.retention();
        self.evidence = config.evidence();
        self.lease = config.lease.or(self.lease);
        for (name, client) in &self.clients {
            self.schedules
                .push((name.clone(), config.schedule(Schedule::of(client.info()))));
        }
        Ok(self)
    }

    /// Sets the schedule of an account. Default: [`Schedule::of`] the vendor.
    #[must_use]
    pub fn schedule(mut self, account: impl Into<String>, schedule: Schedule) -> Self {
        self.schedules.push((account.into(), schedule));
        self
    }

    /// Sets the key that seals personal data. Without it, personal data are stored in clear.
    #[must_use]
    pub fn vault(mut self, vault: Vault) -> Self {
        self.vault = vault;
        self
    }

    /// Sets the key that seals the personal data of a tenant's flows, instead of [`EngineBuilder::vault`]. Without it, a tenant's flows are
    /// sealed by the same key as all others. Messages in the inbox are always sealed by [`EngineBuilder::vault`]: their flow is not known yet.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>, vault: Vault) -> Self {
        self.tenants.insert(tenant.into(), vault);
        self
    }

    /// Sets how long copies are kept of what is started without saying so itself. Without it, until their deletion is asked for.
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets the evidence that is kept of flows that are started without a policy of their own. Default: none.
    ///
    /// Once a verification has ended, its evidence is downloaded item by item, sealed and stored, and [`EventKind::EvidenceReady`] tells the
    /// application. Until then neither copy is deleted, except at [`RetentionRule::not_after`]; if it fails for long, an operator is told, who can
    /// [give it up](crate::Resolution::GiveUpEvidence).
    ///
    /// [`EventKind::EvidenceReady`]: crate::EventKind::EvidenceReady
    /// [`RetentionRule::not_after`]: crate::RetentionRule::not_after
    #[must_use]
    pub fn evidence(mut self, policy: EvidencePolicy) -> Self {
        self.evidence = policy;
        self
    }

    /// Sets the store for evidence. Default: that of the [store](Store::evidence_store). All programs over one store have the same: evidence
    /// that another one keeps is neither found nor erased.
    #[must_use]
    pub fn evidence_store(mut self, store: impl EvidenceStore) -> Self {
        self.evidence_store = Some(Arc::new(store));
        self
    }

    /// Sets where random bits come from. Without it, from the operating system.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets the clock. Default: that of the first client. It must tell the same time as the clients' clocks.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets for how long work is leased: so long after a program died, another goes on with what it was doing. It is longer than the
    /// longest deadline of the clients' calls, since whoever holds a lease must have ended, or died, when it runs out; leave room for the
    /// store, and for clocks that differ. Without it, twice that deadline and half a minute.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Sets the largest difference between this program's clock and that of the database's server. Beyond it the program refuses to change
    /// anything, [`Engine::health`] fails, and other programs continue. A file of SQLite has no clock to compare with. Default: 30 s.
    #[must_use]
    pub const fn clock_tolerance(mut self, tolerance: Duration) -> Self {
        self.clock_tolerance = tolerance;
        self
    }

    /// Sets how many messages of an account may be parked because they cannot be judged yet. Beyond that [`Engine::receive`] answers 503 to
    /// further ones, and the operator's list says so. Without it, 10,000.
    #[must_use]
    pub const fn parked_limit(mut self, messages: u64) -> Self {
        self.parked_limit = messages;
        self
    }

    /// Calls `handler` for each [`Event`], with the engine, to read the report for example. [`Engine::run`] calls it, and an event is delivered
    /// once the handler returns `Ok`.
    ///
    /// - At least once: a program that ends before it has noted a delivery delivers the event again. The flow's id and the event's sequence
    ///   identify a repetition.
    /// - The events of a flow come in order, one after the other; those of different flows at the same time.
    /// - An event whose handler fails, panics, or takes longer than half the [lease](Self::lease) is delivered again with backoff, from 5
    ///   seconds to an hour, for as long as it takes. The flow's later events wait for it, and an operator is notified after some ten
    ///   minutes.
    ///
    /// Any number of programs may have a handler over the same store: each event goes to one of them.
    ///
    /// ```
    /// use idv_flow::{EngineBuilder, EventKind};
    ///
    /// fn with_handler(builder: EngineBuilder) -> EngineBuilder {
    ///     builder.on_change(|engine, event| async move {
    ///         if event.kind == EventKind::ReportReady
    ///             && let Some(report) = engine.report(event.flow).await?
    ///         {
    ///             println!("flow {}: a report of {}", event.flow, report.provider);
    ///         }
    ///         Ok(())
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn on_change<F, T>(mut self, handler: F) -> Self
    where
        F: Fn(Engine, Event) -> T + Send + Sync + 'static,
        T: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        self.handler = Some(Handler::new(handler));
        self
    }

    /// Sends each event to an endpoint of the application as well: see [`Webhook`]. Delivery is as for [`on_change`](Self::on_change): at
    /// least once, in order per flow, with backoff. A status from 200 to 299 means that the endpoint has taken the event; `Retry-After` is
    /// respected, a day at most; redirects are not followed. A program sends nothing for an hour to an endpoint that answered 410.
    ///
    /// With a handler and a webhook, both get each event at the same time, and it is delivered once both have taken it: if one fails, both
    /// get it again.
    #[must_use]
    pub fn webhook(mut self, webhook: Webhook, transport: Arc<dyn Transport>) -> Self {
        self.webhook = Some((webhook, transport));
        self
    }

    /// Brings the store's tables up to date and opens the engine.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if no account was added, one was added twice, a name, a schedule or the lease is not valid, or evidence is to be
    /// kept and there is no store for it;
    /// [`FlowError::Damaged`] if the store is sealed by another key than the vault's, or is in clear although the vault has a key.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the tables may be up to date; opening again is safe.
    pub async fn open(self) -> Result<Engine> {
        let Some((_, first)) = self.clients.first() else {
            return Err(FlowError::Invalid(
                "an engine needs at least one client".to_owned(),
            ));
        };
        let clock = self.clock.unwrap_or_else(|| Arc::clone(first.clock()));
        self.retention.check()?;
        self.evidence.check()?;
        if !self.evidence.is_none()
            && self.evidence_store.is_none()
            && self.store.evidence_store().is_none()
        {
            return Err(FlowError::Invalid(NO_EVIDENCE_STORE.to_owned()));
        }
        let mut accounts: Vec<Arc<VendorHandle>> = Vec::new();
        let mut deadline = Duration::ZERO;
        for (id, client) in self.clients {
            check_label("account", &id)?;
            if accounts.iter().any(|at| at.id == id) {
                return Err(FlowError::Invalid(format!(
                    "the account {id} is added twice: give the second one another name"
                )));
            }
            // The last one that was set counts.
            let set = self.schedules.iter().rfind(|(account, _)| *account == id);
            let schedule = set.map_or_else(
                || Schedule::of(client.info()),
                |(_, schedule)| schedule.clone(),
            );
            schedule.check()?;
            deadline = deadline.max(client.policy().deadline);
            accounts.push(Arc::new(VendorHandle {
                id,
                client,
                schedule,
            }));
        }
        if let Some((unknown, _)) = self
            .schedules
            .iter()
            .find(|(id, _)| !accounts.iter().any(|at| at.id == *id))
        {
            return Err(FlowError::Invalid(format!(
                "there is a schedule for the account {unknown}, and no client"
            )));
        }
        if let Some(default) = &self.default_account {
            let unknown =
                || FlowError::Invalid(format!("the default account {default} was not added"));
            let place = accounts
                .iter()
                .position(|at| at.id == *default)
                .ok_or_else(unknown)?;
            accounts.swap(0, place);
        }
        self.tenants
            .keys()
            .try_for_each(|tenant| check_label("tenant", tenant))?;
        // Whoever holds a lease must have ended, or died, when it runs out.
        let lease = self.lease.unwrap_or_else(|| {
            deadline
                .saturating_mul(2)
                .saturating_add(Duration::from_secs(30))
        });
        if lease <= deadline {
            return Err(FlowError::Invalid(format!(
                "a lease of {lease:?} is no longer than the deadline of a call, {deadline:?}: work would be done twice"
            )));
        }
        let endpoint =
            |(webhook, transport)| Endpoint::new(webhook, transport, Arc::clone(&clock), lease);
        let receivers = Receivers {
            handler: self.handler,
            endpoint: self.webhook.map(endpoint),
        };
        self.store.migrate().await?;
        let keys = store_keys(&*self.store, &self.vault, &*self.random).await?;
        let inner = Inner {
            store: self.store,
            accounts,
            clock,
            random: self.random,
            vault: self.vault,
            tenants: self.tenants,
            keys,
            retention: self.retention,
            evidence: self.evidence,
            evidence_store: self.evidence_store,
            lease,
            bell: Notify::new(),
            events_bell: Notify::new(),
            tally: Counters::default(),
            metrics: Metrics::new(),
            parked_limit: self.parked_limit,
            this: OnceLock::new(),
            clock_guard: ClockGuard::new(self.clock_tolerance),
            receivers,
            places: Arc::default(),
            block: Mutex::default(),
            woken: AtomicBool::new(false),
            messages_first: AtomicBool::new(true),
        };
        if let Some(last) = inner.store.last_block().await? {
            inner.note_block(last.number, last.hash);
        }
        inner.reseal_head().await?;
        let now = inner.now();
        for at in &inner.accounts {
            if let Some(sweep) = at.schedule.sweep {
                inner
                    .store
                    .set_timer(&super::workers::sweep_timer(&at.id), later(now, sweep))
                    .await?;
            }
        }
        for (timer, period) in super::workers::TIMERS {
            inner.store.set_timer(timer, later(now, *period)).await?;
        }
        if inner.vault.is_plain() {
            tracing::warn!(
                "no key is configured for the store: what it keeps of people is in clear"
            );
        }
        let inner = Arc::new(inner);
        // It is set here alone.
        let _ = inner.this.set(Arc::downgrade(&inner));
        Ok(Engine { inner })
    }
}

/// Checks the name of an account or a tenant, which the store keeps in clear.
pub(crate) fn check_label(what: &str, label: &str) -> Result<()> {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if label.is_empty() || label.len() > 64 || !label.bytes().all(is_valid) {
        return Err(FlowError::Invalid(format!(
            "invalid name of the {what}: expected 1 to 64 ASCII letters, digits, `-`, `_` or `.`, and no personal data"
        )));
    }
    Ok(())
}

/// Reads the store's own keys. The first program to open the store makes them; one that opens it with another key of the vault seals them
/// anew.
async fn store_keys(store: &dyn Store, vault: &Vault, random: &dyn Random) -> Result<StoreKeys> {
    const NAME: &str = "keys";
    let context = Context::store(NAME);
    let kept = match store.value(NAME).await? {
        Some(kept) => kept,
        None => {
            // Made before the keys, and never again: a store that lacks it later was tampered with.
            store
                .remember(HEAD, &BlockHead::default().seal(vault, random))
                .await?;
            store
                .remember(
                    NAME,
                    &vault.seal(random, &context, &StoreKeys::random(random)),
                )
                .await?
        }
    };
    let keys = vault.open(&context, &kept)?;
    if vault.is_outdated(&kept) {
        let resealed = vault.seal(random, &context, &keys);
        // Another program may be doing the same.
        store.replace(NAME, &kept, &resealed).await?;
    }
    StoreKeys::read(&keys)
}
