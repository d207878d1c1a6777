//! The settings of an engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use idv_core::{Client, Clock, OsRandom, Random, Transport};

use crate::config::FlowConfig;
use crate::engine::Engine;
use crate::engine::accounts::limits::{AccountLimits, CircuitBreaker};
use crate::engine::events::{Handler, HandlerError};
use crate::engine::hosting::FlowObserver;
use crate::error::{FlowError, Result};
use crate::machine::event::Event;
use crate::machine::evidence::EvidencePolicy;
use crate::machine::retention::Retention;
use crate::machine::schedule::Schedule;
use crate::store::{EvidenceStore, Store};
use crate::vault::Vault;
use crate::webhook::Webhook;

/// The default tolerance between the clocks of the program and of the database.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(30);

/// The default maximum number of parked messages of an account.
const PARKED_LIMIT: u64 = 10_000;

/// Builds an [`Engine`].
#[derive(Debug)]
pub struct EngineBuilder {
    pub(super) store: Arc<dyn Store>,
    pub(super) clients: Vec<(String, Client)>,
    pub(super) schedules: Vec<(String, Schedule)>,
    pub(super) limits: Vec<(String, AccountLimits)>,
    pub(super) breakers: Vec<(String, CircuitBreaker)>,
    pub(super) vault: Vault,
    pub(super) tenants: BTreeMap<String, Vault>,
    pub(super) retention: Retention,
    pub(super) evidence: EvidencePolicy,
    pub(super) evidence_store: Option<Arc<dyn EvidenceStore>>,
    pub(super) random: Arc<dyn Random>,
    pub(super) clock: Option<Arc<dyn Clock>>,
    pub(super) default_account: Option<String>,
    pub(super) lease: Option<Duration>,
    pub(super) parked_limit: u64,
    pub(super) clock_tolerance: Duration,
    pub(super) purge_erased_after: Option<Duration>,
    pub(super) handler: Option<Handler>,
    pub(super) webhook: Option<(Webhook, Arc<dyn Transport>)>,
    pub(super) observer: Option<Arc<dyn FlowObserver>>,
}

impl EngineBuilder {
    pub(crate) fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            clients: Vec::new(),
            schedules: Vec::new(),
            limits: Vec::new(),
            breakers: Vec::new(),
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
            purge_erased_after: None,
            handler: None,
            webhook: None,
            observer: None,
        }
    }

    /// Adds the only, or the default, account at a vendor. The account is called after the vendor.
    ///
    /// New flows start at the first account that was added. Flows of other accounts continue as
    /// long as their accounts are added, too.
    #[must_use]
    pub fn client(self, client: Client) -> Self {
        let name = client.info().provider.to_string();
        self.account(name, client)
    }

    /// Adds an account at a vendor: several accounts of one vendor have different names. The name
    /// is stored in clear and is part of the address of the account's callbacks, so it must not
    /// change.
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

    /// Takes over a configuration: the key, the retention, the evidence, the lease, the limits and
    /// the circuit breakers of accounts, and the schedules of all accounts that were added so far.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if a key does not have the form of one.
    pub fn configured(mut self, config: &FlowConfig) -> Result<Self> {
        self.vault = config.vault()?;
        self.retention = config.retention();
        self.evidence = config.evidence();
        self.lease = config.lease.or(self.lease);
        self.purge_erased_after = config.purge_erased_after.or(self.purge_erased_after);
        for (name, client) in &self.clients {
            self.schedules
                .push((name.clone(), config.schedule(Schedule::of(client.info()))));
        }
        for (account, settings) in config.accounts.iter() {
            self.limits.push((account.to_owned(), settings.limits));
            self.breakers.push((account.to_owned(), settings.breaker));
        }
        Ok(self)
    }

    /// Sets the schedule of an account. Default: [`Schedule::of`] the vendor.
    #[must_use]
    pub fn schedule(mut self, account: impl Into<String>, schedule: Schedule) -> Self {
        self.schedules.push((account.into(), schedule));
        self
    }

    /// Sets the limits of the calls of all programs together at an account. Default: none. An
    /// operator can set [others](Engine::limit_account).
    ///
    /// All programs over one store have the same limits; if they differ, each keeps its own.
    #[must_use]
    pub fn account_limits(mut self, account: impl Into<String>, limits: AccountLimits) -> Self {
        self.limits.push((account.into(), limits));
        self
    }

    /// Sets the circuit breaker of an account. Default: [`CircuitBreaker::default`].
    #[must_use]
    pub fn circuit_breaker(mut self, account: impl Into<String>, breaker: CircuitBreaker) -> Self {
        self.breakers.push((account.into(), breaker));
        self
    }

    /// Sets the vault that seals personal data. Default: [`Vault::plain`], so that personal data
    /// are stored in clear.
    #[must_use]
    pub fn vault(mut self, vault: Vault) -> Self {
        self.vault = vault;
        self
    }

    /// Sets the vault that seals the personal data of a tenant's flows. Default:
    /// [`EngineBuilder::vault`]. Messages in the inbox are always sealed by
    /// [`EngineBuilder::vault`], since their flow is not known yet.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>, vault: Vault) -> Self {
        self.tenants.insert(tenant.into(), vault);
        self
    }

    /// Sets the retention of flows that are started without one. Default: copies are kept until
    /// their deletion is requested.
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets the evidence that is kept of flows that are started without a policy. Default: none.
    ///
    /// Once a verification has ended, its evidence is downloaded item by item, sealed and stored,
    /// and [`EventKind::EvidenceReady`] tells the application. Until then neither copy is deleted,
    /// except at [`RetentionRule::not_after`]. If it fails for long, the operator's list shows it,
    /// and an operator can [give it up](crate::Resolution::GiveUpEvidence).
    ///
    /// [`EventKind::EvidenceReady`]: crate::EventKind::EvidenceReady
    /// [`RetentionRule::not_after`]: crate::RetentionRule::not_after
    #[must_use]
    pub fn evidence(mut self, policy: EvidencePolicy) -> Self {
        self.evidence = policy;
        self
    }

    /// Sets the store for evidence. Default: that of the [store](Store::evidence_store). All
    /// programs over one store need the same: an engine neither finds nor erases evidence in
    /// another one.
    #[must_use]
    pub fn evidence_store(mut self, store: impl EvidenceStore) -> Self {
        self.evidence_store = Some(Arc::new(store));
        self
    }

    /// Sets the source of random bits. Default: the operating system.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets the clock. Default: that of the first client. It must tell the same time as the
    /// clients' clocks.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the lease duration. If a worker crashes, another takes over its work after this long.
    /// The lease must be longer than the longest deadline of the clients' calls, so that a call has
    /// ended when its lease does; leave time for the store, and for clocks that differ. Default:
    /// twice that deadline plus 30 s.
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Sets the largest difference between this program's clock and that of the database's server.
    /// Beyond it the program refuses to change anything, [`Engine::health`] fails, and other
    /// programs continue. A file of SQLite has no clock to compare with. Default: 30 s.
    #[must_use]
    pub const fn clock_tolerance(mut self, tolerance: Duration) -> Self {
        self.clock_tolerance = tolerance;
        self
    }

    /// Removes flows from the store this long after both copies of their data were erased, at least
    /// 30 days. Default: never, since laws prescribe how long the proof of an erasure must be kept.
    ///
    /// A worker removes them once a day, in batches:
    ///
    /// - The record of the flow leaves the store, so [`Engine::status`](crate::Engine::status) and
    ///   the receipt of its deletion are no longer available.
    /// - Its reference and its key stay taken, as a keyed digest of 32 bytes each, so that no
    ///   verification is created twice: starting a flow with one of them fails with
    ///   [`FlowError::Conflict`].
    /// - Its audit trail gets a last entry. Blocks of the audit trail that are older than this are
    ///   removed once they are [archived](crate::Engine::archive_audit), if at least half of their
    ///   entries belong to removed flows.
    #[must_use]
    pub const fn purge_erased_after(mut self, time: Duration) -> Self {
        self.purge_erased_after = Some(time);
        self
    }

    /// Sets the maximum number of parked messages of an account: messages that cannot be judged
    /// yet. Beyond it [`Engine::receive`] answers 503 to further ones, and the operator's list
    /// shows it. Default: 10,000.
    #[must_use]
    pub const fn parked_limit(mut self, messages: u64) -> Self {
        self.parked_limit = messages;
        self
    }

    /// Calls `handler` for each [`Event`], with the engine, to read the report for example.
    /// [`Engine::run`] calls it, and an event is delivered once the handler returns `Ok`.
    ///
    /// - At least once: if a program ends before it has recorded a delivery, the event is delivered
    ///   again. The flow's id and the event's sequence identify a repetition.
    /// - The events of a flow come in order, one after the other; those of different flows at the
    ///   same time.
    /// - An event whose handler fails, panics, or takes longer than half the [lease](Self::lease)
    ///   is delivered again with backoff, from 5 seconds to an hour, until it succeeds. The flow's
    ///   later events wait for it, and the operator's list shows it after some ten minutes.
    ///
    /// Any number of programs may have a handler over the same store: each event goes to one of
    /// them.
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

    /// Notifies `observer` of each committed change and each stored message: for a workflow engine
    /// that schedules the steps instead of [`Engine::run`].
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn FlowObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Sends each event to an endpoint of the application as well: see [`Webhook`]. Delivery is as
    /// for [`on_change`](Self::on_change): at least once, in order per flow, with backoff. A status
    /// from 200 to 299 means that the endpoint has taken the event; `Retry-After` is respected, a
    /// day at most; redirects are not followed. A program sends nothing for an hour to an endpoint
    /// that answered 410.
    ///
    /// With a handler and a webhook, both get each event at the same time, and it is delivered once
    /// both have taken it: if one fails, both get it again.
    #[must_use]
    pub fn webhook(mut self, webhook: Webhook, transport: Arc<dyn Transport>) -> Self {
        self.webhook = Some((webhook, transport));
        self
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
