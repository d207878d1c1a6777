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

/// Builds an [`Engine`]. [`EngineBuilder::open`] checks the settings.
///
/// ```
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # bank::run(async |bank| {
/// # let (store, client) = (bank.store.clone(), bank.client());
/// use std::time::Duration;
/// use idv_flow::{Engine, Retention, RetentionRule, Vault};
///
/// let month = Duration::from_secs(30 * 24 * 60 * 60);
/// let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".into();
/// let engine = Engine::builder(store)
///     .client(client)
///     .vault(Vault::new(&key)?)
///     .retention(Retention::default().vendor(RetentionRule::after(month)))
///     .open()
///     .await?;
/// assert_eq!(engine.accounts().collect::<Vec<_>>(), ["idnow"]);
/// # Ok(())
/// # });
/// ```
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
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let store = bank.store.clone();
    /// # let client = bank.client();
    /// use idv_flow::Engine;
    ///
    /// let engine = Engine::builder(store.clone()).client(client).open().await?;
    /// assert_eq!(engine.accounts().collect::<Vec<_>>(), ["idnow"]);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn client(self, client: Client) -> Self {
        let name = client.info().provider.to_string();
        self.account(name, client)
    }

    /// Adds an account at a vendor: several accounts of one vendor have different names. The name
    /// is stored in clear and is part of the address of the account's callbacks, so it must not
    /// change. It has 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let store = bank.store.clone();
    /// use idv_core::NewVerification;
    /// use idv_flow::{Engine, StartRequest};
    /// # let (head_office, branch) = (bank.client(), bank.client());
    ///
    /// let engine = Engine::builder(store.clone())
    ///     .account("idnow", head_office)
    ///     .account("idnow-branch", branch)
    ///     .open()
    ///     .await?;
    /// let new = NewVerification::new(engine.reference());
    /// let started = engine.start(StartRequest::new(new).at("idnow-branch")).await?;
    /// assert_eq!(engine.status(started.id).await?.account, "idnow-branch");
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn account(mut self, name: impl Into<String>, client: Client) -> Self {
        self.clients.push((name.into(), client));
        self
    }

    /// Adds accounts by their names, such as those of a configuration: `Config::clients`.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let store = bank.store.clone();
    /// use std::collections::BTreeMap;
    /// use idv_flow::Engine;
    /// # let (head_office, branch) = (bank.client(), bank.client());
    ///
    /// // As `idv::Config::clients` returns them.
    /// let clients = BTreeMap::from([
    ///     ("idnow".to_owned(), head_office),
    ///     ("idnow-branch".to_owned(), branch),
    /// ]);
    /// let engine = Engine::builder(store.clone()).accounts(clients).open().await?;
    /// assert_eq!(engine.accounts().count(), 2);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = (String, Client)>) -> Self {
        self.clients.extend(accounts);
        self
    }

    /// Sets the account at which new flows start. Default: the first that was added.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let branch = bank.client();
    /// use idv_core::NewVerification;
    ///
    /// let both = builder().account("idnow-branch", branch);
    /// let engine = both.default_account("idnow-branch").open().await?;
    /// let id = engine.start(NewVerification::new(engine.reference())).await?.id;
    /// assert_eq!(engine.status(id).await?.account, "idnow-branch");
    ///
    /// let error = builder().default_account("idnwo").open().await.unwrap_err();
    /// assert!(error.to_string().contains("idnwo"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn default_account(mut self, name: impl Into<String>) -> Self {
        self.default_account = Some(name.into());
        self
    }

    /// Takes over a configuration: the key, the retention, the evidence, the lease, the limits and
    /// the circuit breakers of accounts, and the schedules of all accounts that were added so far.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let store = bank.store.clone();
    /// # let client = bank.client();
    /// use std::time::Duration;
    /// use idv_flow::{Engine, FlowConfig};
    ///
    /// // Usually the table `flow` of a file: `idv::Config::section`.
    /// let config = FlowConfig::default()
    ///     .key("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    ///     .lease(Duration::from_secs(300));
    /// let engine = Engine::builder(store.clone())
    ///     .client(client)
    ///     .configured(&config)?
    ///     .open()
    ///     .await?;
    /// assert!(!engine.is_plain());
    /// assert_eq!(engine.lease(), Duration::from_secs(300));
    /// # Ok(())
    /// # });
    /// ```
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

    /// Sets the schedule of an account. Default: [`Schedule::of`] the vendor. The last one that is
    /// set counts.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// use idv_core::{Clock as _, NewVerification};
    /// use idv_flow::Schedule;
    /// # let client = bank.client();
    ///
    /// let schedule = Schedule::of(client.info())
    ///     .interval(Duration::from_secs(15))
    ///     .jitter(0.0)
    ///     .sweep(None);
    /// let engine = builder().schedule("idnow", schedule).open().await?;
    /// let id = engine.start(NewVerification::new(engine.reference())).await?.id;
    /// let due = engine.status(id).await?.due.expect("the next poll is planned");
    /// assert_eq!(due.duration_since(clock.now()).as_secs(), 15);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn schedule(mut self, account: impl Into<String>, schedule: Schedule) -> Self {
        self.schedules.push((account.into(), schedule));
        self
    }

    /// Sets the limits of the calls of all programs together at an account. Default: none. An
    /// operator can set [others](Engine::limit_account).
    ///
    /// All programs over one store have the same limits; if they differ, each keeps its own.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use idv_flow::AccountLimits;
    ///
    /// let limits = AccountLimits::none().per_second(10).concurrent(4);
    /// let engine = builder().account_limits("idnow", limits).open().await?;
    /// let status = engine.account_status("idnow").await?;
    /// assert_eq!(status.limits, limits);
    /// assert!(!status.limits_are_set); // by an operator
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn account_limits(mut self, account: impl Into<String>, limits: AccountLimits) -> Self {
        self.limits.push((account.into(), limits));
        self
    }

    /// Sets the circuit breaker of an account. Default: [`CircuitBreaker::default`].
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::time::Duration;
    /// use idv_core::NewVerification;
    /// use idv_flow::CircuitBreaker;
    ///
    /// let breaker = CircuitBreaker::new(1, Duration::from_secs(60));
    /// let engine = builder().circuit_breaker("idnow", breaker).open().await?;
    /// # bank.vendor_is_down(true);
    /// // The vendor is down.
    /// engine.start(NewVerification::new(engine.reference())).await?;
    /// assert!(engine.account_status("idnow").await?.circuit.is_some());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn circuit_breaker(mut self, account: impl Into<String>, breaker: CircuitBreaker) -> Self {
        self.breakers.push((account.into(), breaker));
        self
    }

    /// Sets the vault that seals personal data. Default: [`Vault::plain`], so that personal data
    /// are stored in clear.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let store = bank.store.clone();
    /// # let client = bank.client();
    /// use idv_flow::{Engine, FlowError, Vault};
    ///
    /// let builder = || Engine::builder(store.clone()).client(client.clone());
    /// let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".into();
    /// builder().vault(Vault::new(&key)?).open().await?;
    ///
    /// // The store is sealed by that key from now on.
    /// let error = builder().vault(Vault::plain()).open().await.unwrap_err();
    /// assert!(matches!(error, FlowError::Damaged(_)));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn vault(mut self, vault: Vault) -> Self {
        self.vault = vault;
        self
    }

    /// Sets the vault that seals the personal data of a tenant's flows. Default:
    /// [`EngineBuilder::vault`]. Messages in the inbox are always sealed by
    /// [`EngineBuilder::vault`], since their flow is not known yet. The tenant's label has 1 to 64
    /// ASCII letters, digits, `-`, `_` and `.`.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use idv_core::NewVerification;
    /// use idv_flow::{StartRequest, Vault};
    ///
    /// let key = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f".into();
    /// let engine = builder().tenant("insurance", Vault::new(&key)?).open().await?;
    /// let new = NewVerification::new(engine.reference());
    /// let started = engine.start(StartRequest::new(new).tenant("insurance")).await?;
    /// # let id = started.id;
    /// // A program without the tenant's key cannot read the flow.
    /// let other = builder().open().await?;
    /// assert!(engine.status(id).await.is_ok());
    /// assert!(other.status(id).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<String>, vault: Vault) -> Self {
        self.tenants.insert(tenant.into(), vault);
        self
    }

    /// Sets the retention of flows that are started without one. Default: copies are kept until
    /// their deletion is requested.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// use idv_flow::{CopyState, Retention, RetentionRule};
    ///
    /// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    /// let retention = Retention::default().vendor(RetentionRule::after(7 * DAY));
    /// let engine = builder().retention(retention).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// assert_eq!(engine.receipt(id).await?.vendors_copy, CopyState::There);
    /// clock.advance(7 * DAY);
    /// engine.run_due().await?;
    /// assert_eq!(engine.receipt(id).await?.vendors_copy, CopyState::Deleted);
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use idv_core::report::EvidenceKind;
    /// use idv_flow::EvidencePolicy;
    ///
    /// let policy = EvidencePolicy::of([EvidenceKind::ReportPdf]).max_item(10 * 1024 * 1024);
    /// let engine = builder().evidence(policy).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// let kept = engine.evidence(id).await?;
    /// assert_eq!(kept[0].media_type.as_deref(), Some("application/pdf"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn evidence(mut self, policy: EvidencePolicy) -> Self {
        self.evidence = policy;
        self
    }

    /// Sets the store for evidence. Default: that of the [store](Store::evidence_store). All
    /// programs over one store need the same: an engine neither finds nor erases evidence in
    /// another one.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let store = bank.store.clone();
    /// use idv_flow::EvidencePolicy;
    /// use idv_flow::store::{EvidenceStore as _, MemoryStore};
    ///
    /// // In production an `ObjectEvidence`, for example.
    /// let files = MemoryStore::new();
    /// let builder = builder().evidence(EvidencePolicy::all());
    /// let engine = builder.evidence_store(files.clone()).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// assert_eq!(files.parts(id).await?.len(), 1);
    /// assert!(store.parts(id).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn evidence_store(mut self, store: impl EvidenceStore) -> Self {
        self.evidence_store = Some(Arc::new(store));
        self
    }

    /// Sets the source of random bits. Default: the operating system.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::sync::Arc;
    /// use idv_testkit::PredictableRandom;
    ///
    /// // In tests: two engines with the same bits choose the same references.
    /// let engine = builder().random(Arc::new(PredictableRandom::default())).open().await?;
    /// # let store = idv_flow::store::MemoryStore::new();
    /// # let other = idv_flow::Engine::builder(store).client(bank.client());
    /// # let other = other.vault(idv_flow::Vault::new(&"00".repeat(32).as_str().into())?);
    /// let other = other.random(Arc::new(PredictableRandom::default())).open().await?;
    /// assert_eq!(engine.reference(), other.reference());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets the clock. Default: that of the first client. It must tell the same time as the
    /// clients' clocks.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use idv_core::{Clock as _, NewVerification};
    /// # let clock = bank.clock.clone();
    ///
    /// // In tests: a clock that the test moves.
    /// let engine = builder().clock(Arc::new(clock.clone())).open().await?;
    /// let id = engine.start(NewVerification::new(engine.reference())).await?.id;
    /// clock.advance(Duration::from_secs(3_600));
    /// assert!(engine.health().await?.behind > Duration::from_secs(3_000)); // no worker polled
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the lease duration. If a worker crashes, another takes over its work after this long.
    /// The lease must be longer than the longest deadline of the clients' calls, so that a call has
    /// ended when its lease does; leave time for the store, and for clocks that differ. Default:
    /// twice that deadline plus 30 s.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::time::Duration;
    ///
    /// let engine = builder().lease(Duration::from_secs(300)).open().await?;
    /// assert_eq!(engine.lease(), Duration::from_secs(300));
    ///
    /// // A call could still be under way when this lease ends.
    /// let error = builder().lease(Duration::from_secs(1)).open().await.unwrap_err();
    /// assert!(error.to_string().contains("deadline"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Sets the largest difference between this program's clock and that of the database's server.
    /// Beyond it the program refuses to change anything, [`Engine::health`] fails, and other
    /// programs continue. A file of SQLite has no clock to compare with. Default: 30 s.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let client = bank.client();
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use idv_flow::{Engine, FlowError, store::MemoryStore};
    /// use idv_testkit::ManualClock;
    ///
    /// // The clock of the database's server is 20 s ahead of the program's.
    /// let server = ManualClock::new("2026-01-01T00:00:20Z".parse()?);
    /// let store = MemoryStore::new().with_clock(Arc::new(server));
    /// let builder = || Engine::builder(store.clone()).client(client.clone());
    /// assert!(builder().open().await?.health().await.is_ok());
    ///
    /// let strict = builder().clock_tolerance(Duration::from_secs(5)).open().await?;
    /// assert!(matches!(strict.health().await, Err(FlowError::WrongClock { .. })));
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// use idv_flow::FlowError;
    ///
    /// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    /// let engine = builder().purge_erased_after(365 * DAY).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// engine.delete(id, "privacy-desk").await?;
    /// # engine.run_due().await?;
    /// clock.advance(DAY);
    /// engine.run_due().await?;
    /// assert!(engine.receipt(id).await?.is_complete());
    ///
    /// clock.advance(367 * DAY);
    /// engine.run_due().await?;
    /// assert!(matches!(engine.receipt(id).await, Err(FlowError::UnknownFlow(_))));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn purge_erased_after(mut self, time: Duration) -> Self {
        self.purge_erased_after = Some(time);
        self
    }

    /// Sets the maximum number of parked messages of an account: messages that cannot be judged
    /// yet. Beyond it [`Engine::receive`] answers 503 to further ones, and the operator's list
    /// shows it. Default: 10,000.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// let engine = builder().parked_limit(1).open().await?;
    /// # let (first, second) = (bank.message("{"), bank.message("["));
    /// // Two authenticated callbacks that this version cannot parse.
    /// assert_eq!(engine.receive("idnow", &first).await?.status, 200);
    /// assert_eq!(engine.receive("idnow", &second).await?.status, 503);
    /// # Ok(())
    /// # });
    /// ```
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
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::sync::{Arc, Mutex};
    /// use idv_flow::EventKind;
    ///
    /// let verified = Arc::new(Mutex::new(Vec::new()));
    /// let list = Arc::clone(&verified);
    /// let builder = builder().on_change(move |engine, event| {
    ///     let verified = Arc::clone(&list);
    ///     async move {
    ///         if let EventKind::Settled { .. } = event.kind
    ///             && engine.status(event.flow).await?.is_verified()
    ///         {
    ///             // The application opens an account here.
    ///             verified.lock().unwrap().push(event.flow);
    ///         }
    ///         Ok(())
    ///     }
    /// });
    /// let engine = builder.open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// assert_eq!(*verified.lock().unwrap(), [id]);
    /// # Ok(())
    /// # });
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
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    /// use idv_core::NewVerification;
    /// use idv_flow::{FlowId, FlowObserver};
    ///
    /// /// Counts changes. A workflow engine would wake the workflow of the flow.
    /// #[derive(Debug, Default)]
    /// struct Counter(AtomicUsize);
    ///
    /// impl FlowObserver for Counter {
    ///     fn changed(&self, _: FlowId) {
    ///         self.0.fetch_add(1, Ordering::Relaxed);
    ///     }
    ///
    ///     fn received(&self, _: FlowId) {}
    /// }
    ///
    /// let counter = Arc::new(Counter::default());
    /// let engine = builder().observer(counter.clone()).open().await?;
    /// engine.start(NewVerification::new(engine.reference())).await?;
    /// assert!(counter.0.load(Ordering::Relaxed) > 0);
    /// # Ok(())
    /// # });
    /// ```
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
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use std::sync::Arc;
    /// use idv_core::NewVerification;
    /// use idv_flow::Webhook;
    /// # let transport = idv_testkit::ScriptedTransport::new();
    /// # transport.then_json(204, "").then_json(204, "");
    ///
    /// let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
    /// let webhook = Webhook::new("https://bank.example/hooks/idv", &secret)?;
    /// let engine = builder().webhook(webhook, Arc::new(transport.clone())).open().await?;
    /// engine.start(NewVerification::new(engine.reference())).await?;
    /// engine.run_due().await?;
    ///
    /// let requests = transport.requests(); // `created` and `hand_off_ready`
    /// assert_eq!(requests.len(), 2);
    /// assert!(requests[0].headers().contains_key("webhook-signature"));
    /// # Ok(())
    /// # });
    /// ```
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
