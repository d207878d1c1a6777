//! Opens an engine: checks its settings, brings the store up to date and reads the keys.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::audit::blocks::{BlockHead, HEAD};
use crate::engine::Engine;
use crate::engine::accounts::permits::Permits;
use crate::engine::builder::{EngineBuilder, check_label};
use crate::engine::clock::ClockGuard;
use crate::engine::events::{KEPT_FOR, Receivers};
use crate::engine::evidence::NO_EVIDENCE_STORE;
use crate::engine::metrics::Metrics;
use crate::engine::repository::{Inner, VendorHandle};
use crate::engine::workers::Counters;
use crate::engine::workers::timers::{TIMERS, sweep_timer};
use crate::error::{FlowError, Result};
use crate::machine::retention::later;
use crate::machine::schedule::Schedule;
use crate::vault::{Access, Context, Sealer, StoreKeys};
use crate::webhook::Endpoint;

impl EngineBuilder {
    /// Brings the store's tables up to date and opens the engine.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let client = bank.client();
    /// use idv_flow::{Engine, FlowError, store::MemoryStore};
    ///
    /// let engine = Engine::builder(MemoryStore::new()).client(client).open().await?;
    /// assert_eq!(engine.accounts().collect::<Vec<_>>(), ["idnow"]);
    ///
    /// let error = Engine::builder(MemoryStore::new()).open().await.unwrap_err();
    /// assert!(matches!(error, FlowError::Invalid(text) if text.contains("at least one client")));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// - [`FlowError::Invalid`] if no account was added, one was added twice, or a setting names an
    ///   account that was not added; if a name, a schedule, a limit, a circuit breaker, the
    ///   retention, the lease or the time of the purge is not valid; or if evidence is to be kept
    ///   and there is no store for it.
    /// - [`FlowError::Damaged`] if the store is sealed by another key than the vault's, or is in
    ///   clear although the vault has a key.
    /// - [`FlowError::Store`] if the store fails, and [`FlowError::Keys`] if the key provider does.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the tables may be up to date; opening again is safe.
    pub async fn open(self) -> Result<Engine> {
        let Some((_, first)) = self.clients.first() else {
            return Err(FlowError::Invalid(
                "an engine needs at least one client: add one by EngineBuilder::client".to_owned(),
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
                    "the account {id} was added twice: give the second one another name"
                )));
            }
            let schedule = last_of(&self.schedules, &id)
                .cloned()
                .unwrap_or_else(|| Schedule::of(client.info()));
            schedule.check()?;
            let limits = last_of(&self.limits, &id).copied().unwrap_or_default();
            limits.check()?;
            let breaker = last_of(&self.breakers, &id).copied().unwrap_or_default();
            breaker.check()?;
            deadline = deadline.max(client.policy().deadline);
            accounts.push(Arc::new(VendorHandle {
                id,
                client,
                schedule,
                limits,
                breaker,
                gate: tokio::sync::Mutex::default(),
            }));
        }
        let named = self
            .schedules
            .iter()
            .map(|(id, _)| (id, "a schedule"))
            .chain(self.limits.iter().map(|(id, _)| (id, "limits")))
            .chain(
                self.breakers
                    .iter()
                    .map(|(id, _)| (id, "a circuit breaker")),
            );
        for (id, what) in named {
            if !accounts.iter().any(|at| at.id == *id) {
                return Err(FlowError::Invalid(format!(
                    "there is no account {id}, and {what} for it: add its client, or correct the name"
                )));
            }
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
        // A call that was made under a lease must have ended when the lease does.
        let lease = self.lease.unwrap_or_else(|| {
            deadline
                .saturating_mul(2)
                .saturating_add(Duration::from_secs(30))
        });
        if lease <= deadline {
            return Err(FlowError::Invalid(format!(
                "a lease of {lease:?} is not longer than the deadline of a call, {deadline:?}: set a longer lease, or a shorter deadline"
            )));
        }
        if self.purge_erased_after.is_some_and(|time| time < KEPT_FOR) {
            return Err(FlowError::Invalid(
                "invalid time after which erased flows are purged: expected at least 30 days"
                    .to_owned(),
            ));
        }
        let endpoint =
            |(webhook, transport)| Endpoint::new(webhook, transport, Arc::clone(&clock), lease);
        let receivers = Receivers {
            handler: self.handler,
            endpoint: self.webhook.map(endpoint),
        };
        self.store.migrate().await?;
        let access = Access {
            store: &*self.store,
            random: &*self.random,
            now: clock.now(),
        };
        let vault = Sealer::bind(&self.vault, None, access).await?;
        let mut tenants = BTreeMap::new();
        for (tenant, vault) in self.tenants {
            let sealer = Sealer::bind(&vault, Some(&tenant), access).await?;
            tenants.insert(tenant, sealer);
        }
        let keys = store_keys(access, &vault).await?;
        let mut program = [0; 8];
        self.random.fill(&mut program);
        let program = hex::encode(program);
        let inner = Inner {
            store: self.store,
            accounts,
            clock,
            random: self.random,
            vault,
            tenants,
            keys,
            retention: self.retention,
            evidence: self.evidence,
            evidence_store: self.evidence_store,
            lease,
            wakeup: Notify::new(),
            events_wakeup: Notify::new(),
            worker_stats: Counters::default(),
            metrics: Metrics::new(),
            parked_limit: self.parked_limit,
            purge_erased_after: self.purge_erased_after,
            this: OnceLock::new(),
            clock_guard: ClockGuard::new(self.clock_tolerance),
            receivers,
            observer: self.observer,
            places: Arc::default(),
            program,
            permits: Permits::default(),
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
                    .set_timer(&sweep_timer(&at.id), later(now, sweep))
                    .await?;
            }
        }
        for (timer, period) in TIMERS {
            inner.store.set_timer(timer, later(now, *period)).await?;
        }
        if inner.vault.is_plain() {
            tracing::warn!("no key is configured for the store: personal data are stored in clear");
        }
        let inner = Arc::new(inner);
        // No other place sets it.
        let _ = inner.this.set(Arc::downgrade(&inner));
        Ok(Engine { inner })
    }
}

/// Returns the last value that was set for an account.
fn last_of<'a, T>(values: &'a [(String, T)], account: &str) -> Option<&'a T> {
    let value = values.iter().rfind(|(name, _)| name == account);
    value.map(|(_, value)| value)
}

/// The name of the value that holds the sealed keys of the store's indexes and audit trail.
const STORE_KEYS: &str = "keys";

/// Reads the store's own keys. The first program to open the store makes them.
async fn store_keys(access: Access<'_>, vault: &Sealer) -> Result<StoreKeys> {
    let Access { store, random, .. } = access;
    let context = Context::store(STORE_KEYS);
    let kept = match store.value(STORE_KEYS).await? {
        Some(kept) => kept,
        None => {
            // Made before the keys, and never again: a store that lacks it later was tampered with.
            let head = BlockHead::default().seal(vault, HEAD, random);
            store.remember(HEAD, &head).await?;
            let keys = vault.seal(random, &context, &StoreKeys::random(random));
            store.remember(STORE_KEYS, &keys).await?
        }
    };
    let keys = StoreKeys::read(&vault.open(&context, &kept)?)?;
    reseal_store_keys(access, vault).await?;
    Ok(keys)
}

/// Seals the store's own keys by the current key of the vault.
pub(crate) async fn reseal_store_keys(access: Access<'_>, vault: &Sealer) -> Result<()> {
    let Access { store, random, .. } = access;
    let context = Context::store(STORE_KEYS);
    if let Some(kept) = store.value(STORE_KEYS).await?
        && vault.is_outdated(&kept)
    {
        let resealed = vault.seal(random, &context, &vault.open(&context, &kept)?);
        // Another program may be doing the same.
        store.replace(STORE_KEYS, &kept, &resealed).await?;
    }
    Ok(())
}
