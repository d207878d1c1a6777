//! What an application holds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use idv_core::{
    Client, Clock, Decision, Delivery, HandOff, NewVerification, OsRandom, Outcome, Random, Reference, Reply, Report, Status,
    Timestamp,
};
use serde::Serialize;
use tokio::sync::Notify;

use crate::attention::Attention;
use crate::audit::{AuditEntry, Verified};
use crate::deletion::Receipt;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::inner::{At, Inner, Opened};
use crate::operator::{Item, Resolution};
use crate::retention::{Retention, later};
use crate::runner::{Counters, Tally};
use crate::schedule::Schedule;
use crate::store::{Filter, Phase, Record, Store};
use crate::vault::{Context, StoreKeys, Vault};

/// Verifications from their creation to their deletion, over a store. Cheap to clone; clones are the same.
///
/// Any number of programs may hold a flow over the same store. What one of them was doing when it died, another picks up when its lease
/// has run out.
#[derive(Clone)]
pub struct Flow {
    pub(crate) inner: Arc<Inner>,
}

impl Flow {
    /// A flow over a store, to be told of its vendors and opened.
    pub fn builder(store: impl Store) -> FlowBuilder {
        FlowBuilder {
            store: Arc::new(store),
            clients: Vec::new(),
            schedules: Vec::new(),
            vault: Vault::plain(),
            retention: Retention::default(),
            random: Arc::new(OsRandom),
            lease: None,
        }
    }

    /// A new reference, for what is to be started. Whoever keeps it before the call may repeat [`Flow::start`] with it safely.
    #[must_use]
    pub fn reference(&self) -> Reference {
        Reference::random(&*self.inner.random)
    }

    /// Commits the intent to verify somebody, asks the vendor to create the verification, and commits what came of it.
    ///
    /// A reference that was started before is not started again: the flow that it has is returned, and nothing is sent. Where the
    /// vendor could not be reached, or its answer was lost, the flow goes on by itself: ask for its [status](Flow::status) until the
    /// hand-off is there.
    ///
    /// Dropping the future in the middle leaves what a crash leaves, and with some vendors that needs a person. A web server drops a
    /// request's future when the browser goes away: there, spawn this and await the task.
    ///
    /// # Errors
    ///
    /// [`FlowError::Vendor`] where the vendor does not take what is given: nothing was created, and the same reference is spent.
    pub async fn start(&self, start: impl Into<Start>) -> Result<Started> {
        self.inner.start(start.into()).await
    }

    /// How far a flow is.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn status(&self, id: FlowId) -> Result<FlowStatus> {
        let opened = self.inner.read(id).await?;
        self.status_of(&opened)
    }

    /// How far the flow of a reference is.
    ///
    /// # Errors
    ///
    /// Those of the store; `None` where there is no flow with it.
    pub async fn find(&self, provider: &str, reference: &Reference) -> Result<Option<FlowStatus>> {
        let key = self.inner.keys.reference(provider, reference.as_str());
        match self.inner.store.locate(&[key]).await?.first() {
            Some((_, id)) => self.status(*id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Up to `limit` flows after `after`, by their names. Those that cannot be read, and those at a vendor that is not configured here,
    /// are among them, with what the store says of them in clear.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn list(&self, filter: &Filter, after: Option<FlowId>, limit: usize) -> Result<Vec<FlowStatus>> {
        let records = self.inner.store.list(filter, after, limit).await?;
        let status = |record: Record| {
            let read = self.inner.open(record.clone()).and_then(|opened| self.status_of(&opened));
            read.unwrap_or_else(|error| FlowStatus::unread(record, &error))
        };
        Ok(records.into_iter().map(status).collect())
    }

    /// The final report: `None` as long as there is none, after our own copy was erased, and while two outcomes are disputed.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn report(&self, id: FlowId) -> Result<Option<Report>> {
        let opened = self.inner.read(id).await?;
        let Some(Decision::Settled(outcome)) = opened.case.decision() else { return Ok(None) };
        let reports = self.inner.reports(id).await?;
        let of = |wanted: Option<Outcome>| reports.iter().rev().find(|kept| kept.outcome == wanted);
        Ok(of(Some(outcome)).or_else(|| of(None)).map(|kept| kept.report.clone()))
    }

    /// Every final report that is stored, with the outcome it came with: for whoever has to rule on a dispute.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn reports(&self, id: FlowId) -> Result<Vec<(Option<Outcome>, Report)>> {
        self.inner.read(id).await?;
        let reports = self.inner.reports(id).await?;
        Ok(reports.into_iter().map(|kept| (kept.outcome, kept.report)).collect())
    }

    /// Takes in a vendor's message, or the person's return, and says what to answer. It is proven, sealed and stored; it is worked off
    /// by [`Flow::run`]. The same message, repeated, is stored once.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownProvider`]; [`FlowError::Store`] where it could not be stored: answer 503, and the vendor sends it again.
    pub async fn receive(&self, provider: &str, delivery: &Delivery) -> Result<Reply> {
        self.inner.receive(provider, delivery).await
    }

    /// Asks for the deletion of the vendor's copy and of ours, now. `by` is who asks: an account's name, no person's data.
    ///
    /// # Errors
    ///
    /// [`FlowError::Held`] where one of them must be kept for longer: the refusal is in the audit trail, and nothing is deleted.
    pub async fn delete(&self, id: FlowId, by: &str) -> Result<Receipt> {
        self.inner.ask_deletion(id, by).await
    }

    /// What became of a deletion.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownFlow`].
    pub async fn receipt(&self, id: FlowId) -> Result<Receipt> {
        Ok(Receipt::of(&self.inner.read(id).await?))
    }

    /// Changes how long the copies are kept: to put a legal hold on them, for example.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`] where our own copy is erased already.
    pub async fn retain(&self, id: FlowId, retention: Retention, by: &str) -> Result<()> {
        self.inner.retain(id, retention, by).await
    }

    /// Everything that needs a person, and what they can do about each.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn operator(&self) -> Result<Vec<Item>> {
        self.inner.operator().await
    }

    /// Carries out what a person decided about a flow. `by` is who: an account's name, no person's data.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`] in words, where the flow is not in a state for that.
    pub async fn resolve(&self, id: FlowId, resolution: &Resolution, by: &str) -> Result<()> {
        self.inner.resolve(id, resolution, by).await
    }

    /// Tries a message again that needs a person (`again`), or dismisses it.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn resolve_message(&self, digest: &[u8; 32], again: bool) -> Result<()> {
        self.inner.resolve_message(digest, again).await
    }

    /// The audit trail of a flow, in order.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn audit_of(&self, id: FlowId) -> Result<Vec<AuditEntry>> {
        Ok(self.inner.store.audit_of(id).await?)
    }

    /// Checks the whole audit trail. `anchor` is what an earlier check returned and somebody wrote down.
    ///
    /// # Errors
    ///
    /// Those of the store. What is wrong with the trail is no error but a finding.
    pub async fn verify_audit(&self, anchor: Option<&str>) -> Result<Verified> {
        self.inner.verify_audit(anchor).await
    }

    /// How it stands with the work.
    ///
    /// # Errors
    ///
    /// Those of the store: it cannot be reached.
    pub async fn health(&self) -> Result<Health> {
        let now = self.inner.now();
        let due = self.inner.store.next_due().await?;
        let behind = due.and_then(|due| Duration::try_from(now.duration_since(due)).ok()).unwrap_or_default();
        Ok(Health { behind })
    }

    /// What this program is working on, of what [`Flow::run`] and [`Flow::run_due`] took up.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.inner.tally.read()
    }

    /// The client of a provider.
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownProvider`].
    pub fn client(&self, provider: &str) -> Result<Client> {
        Ok(self.inner.provider(provider)?.client.clone())
    }

    /// The ids of the providers; new flows are started at the first.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.inner.providers.iter().map(|at| at.id.as_str())
    }

    /// Whether what is stored of people is in clear, since no key was given.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.inner.vault.is_plain()
    }

    fn status_of(&self, opened: &Opened) -> Result<FlowStatus> {
        let at = self.inner.provider(&opened.record.provider)?;
        let plan = self.inner.plan(&at, opened, self.inner.now());
        let case = &opened.case;
        Ok(FlowStatus {
            id: opened.record.id,
            provider: opened.record.provider.clone(),
            phase: opened.record.phase,
            status: match case.decision() {
                Some(Decision::Open(status)) => Some(status),
                Some(Decision::Settled(outcome)) => Some(Status::Finished(outcome)),
                _ => None,
            },
            disputed: case.decision() == Some(Decision::Disputed),
            hand_off: case.hand_off.clone(),
            has_report: case.reports > 0,
            attention: plan.attention,
            due: plan.due,
            created_at: opened.record.created_at,
            since: case.since,
        })
    }
}

impl fmt::Debug for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flow").field(&self.inner).finish()
    }
}

/// A flow that is to be opened.
#[derive(Debug)]
pub struct FlowBuilder {
    store: Arc<dyn Store>,
    clients: Vec<Client>,
    schedules: Vec<(String, Schedule)>,
    vault: Vault,
    retention: Retention,
    random: Arc<dyn Random>,
    lease: Option<Duration>,
}

impl FlowBuilder {
    /// Adds a vendor. New flows are started at the first; those that were started at another go on as long as it is added too.
    #[must_use]
    pub fn client(mut self, client: Client) -> Self {
        self.clients.push(client);
        self
    }

    /// Sets when what is tried at a vendor. Without it, [`Schedule::of`] the vendor.
    #[must_use]
    pub fn schedule(mut self, provider: impl Into<String>, schedule: Schedule) -> Self {
        self.schedules.push((provider.into(), schedule));
        self
    }

    /// Sets the key that seals what is stored of people. Without it, it is in clear.
    #[must_use]
    pub fn vault(mut self, vault: Vault) -> Self {
        self.vault = vault;
        self
    }

    /// Sets how long copies are kept of what is started without saying so itself. Without it, until their deletion is asked for.
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Sets where random bits come from. Without it, from the operating system.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
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

    /// Brings the store's tables up to date, and opens the flow. `clock` is what the clients' time is, too.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] where no vendor was added, one was added twice, or a schedule or the lease cannot work;
    /// [`FlowError::Damaged`] where the store is sealed by a key that is not the vault's, or is in clear and the vault has a key.
    pub async fn open(self, clock: Arc<dyn Clock>) -> Result<Flow> {
        if self.clients.is_empty() {
            return Err(FlowError::Invalid("a flow needs the client of one vendor at least".to_owned()));
        }
        self.retention.check()?;
        let mut providers: Vec<Arc<At>> = Vec::new();
        let mut deadline = Duration::ZERO;
        for client in self.clients {
            let id = client.capabilities().provider.to_string();
            if providers.iter().any(|at| at.id == id) {
                return Err(FlowError::Invalid(format!("the provider {id} is added twice")));
            }
            let set = self.schedules.iter().find(|(provider, _)| *provider == id);
            let schedule = set.map_or_else(
                || Schedule::of(client.provider().profile(), client.capabilities()),
                |(_, schedule)| schedule.clone(),
            );
            schedule.check()?;
            deadline = deadline.max(client.policy().deadline);
            providers.push(Arc::new(At { id, client, schedule }));
        }
        if let Some((unknown, _)) = self.schedules.iter().find(|(id, _)| !providers.iter().any(|at| at.id == *id)) {
            return Err(FlowError::Invalid(format!("there is a schedule for the provider {unknown}, and no client")));
        }
        // Whoever holds a lease must have ended, or died, when it runs out.
        let lease = self.lease.unwrap_or_else(|| deadline.saturating_mul(2).saturating_add(Duration::from_secs(30)));
        if lease <= deadline {
            return Err(FlowError::Invalid(format!(
                "a lease of {lease:?} is no longer than the deadline of a call, {deadline:?}: work would be done twice"
            )));
        }
        self.store.migrate().await?;
        let keys = store_keys(&*self.store, &self.vault, &*self.random).await?;
        let inner = Inner {
            store: self.store,
            providers,
            clock,
            random: self.random,
            vault: self.vault,
            keys,
            retention: self.retention,
            lease,
            bell: Notify::new(),
            tally: Counters::default(),
        };
        let now = inner.now();
        for at in &inner.providers {
            if let Some(sweep) = at.schedule.sweep {
                inner.store.set_timer(&crate::runner::sweep_timer(&at.id), later(now, sweep)).await?;
            }
        }
        for (timer, period) in crate::runner::TIMERS {
            inner.store.set_timer(timer, later(now, *period)).await?;
        }
        if inner.vault.is_plain() {
            tracing::warn!("no key is configured for the store: what it keeps of people is in clear");
        }
        Ok(Flow { inner: Arc::new(inner) })
    }
}

/// The store's own keys: made by whoever opens it first, sealed anew where the vault's key was changed.
async fn store_keys(store: &dyn Store, vault: &Vault, random: &dyn Random) -> Result<StoreKeys> {
    const NAME: &str = "keys";
    let context = Context::store(NAME);
    let fresh = vault.seal(random, &context, &StoreKeys::random(random));
    let kept = store.remember(NAME, &fresh).await?;
    let keys = vault.open(&context, &kept)?;
    if vault.is_outdated(&kept) {
        let resealed = vault.seal(random, &context, &keys);
        // Another program may be doing the same.
        store.replace(NAME, &kept, &resealed).await?;
    }
    StoreKeys::read(&keys)
}

/// What is to be started.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Start {
    /// What the vendor is to create.
    pub new: NewVerification,
    /// At which provider; at the first, where it is not said.
    pub provider: Option<String>,
    /// How long the copies are kept; as the flow was opened with, where it is not said.
    pub retention: Option<Retention>,
    /// Who asks: an account's name for the audit trail, no person's data.
    pub by: Option<String>,
}

impl Start {
    /// A verification at the first provider.
    #[must_use]
    pub const fn new(new: NewVerification) -> Self {
        Self { new, provider: None, retention: None, by: None }
    }

    /// At this provider.
    #[must_use]
    pub fn at(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Keeps the copies so long.
    #[must_use]
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = Some(retention);
        self
    }

    /// Says who asks.
    #[must_use]
    pub fn by(mut self, by: impl Into<String>) -> Self {
        self.by = Some(by.into());
        self
    }
}

/// A flow that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// What it is called.
    pub id: FlowId,
    /// How the person comes to the vendor; `None` as long as the vendor's answer is missing.
    pub hand_off: Option<HandOff>,
    /// Whether the reference had a flow already, and nothing was sent.
    pub existed: bool,
    /// How far it is.
    pub phase: Phase,
    /// The paths of what was given but has no place in this vendor's call.
    pub left_out: Vec<String>,
}

/// How far a flow is.
///
/// It serializes without the hand-off, which opens the person's session.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FlowStatus {
    /// What it is called.
    pub id: FlowId,
    /// The provider's id.
    pub provider: String,
    /// How far it is, in one word.
    pub phase: Phase,
    /// The state of the verification; `None` where nothing was created, nobody knows, or it is disputed.
    pub status: Option<Status>,
    /// Whether the vendor has said two different things, and nobody has ruled. Then nobody is verified.
    pub disputed: bool,
    /// How the person comes to the vendor.
    #[serde(skip)]
    pub hand_off: Option<HandOff>,
    /// Whether a final report is stored.
    pub has_report: bool,
    /// For what it needs a person.
    pub attention: Option<Attention>,
    /// When there is next something to be done; `None` where it waits for somebody, or for nothing more.
    #[serde(serialize_with = "time")]
    pub due: Option<Timestamp>,
    /// When it was started.
    #[serde(serialize_with = "instant")]
    pub created_at: Timestamp,
    /// Since when it stands as it does.
    #[serde(serialize_with = "instant")]
    pub since: Timestamp,
}

impl FlowStatus {
    /// What is known of a flow that cannot be read.
    fn unread(record: Record, error: &FlowError) -> Self {
        Self {
            id: record.id,
            provider: record.provider,
            phase: record.phase,
            status: None,
            disputed: false,
            hand_off: None,
            has_report: false,
            attention: matches!(error, FlowError::Damaged(_)).then_some(Attention::Damaged),
            due: record.due,
            created_at: record.created_at,
            since: record.created_at,
        }
    }

    /// Whether the person is verified.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.status == Some(Status::Finished(Outcome::Verified))
    }
}

/// How it stands with the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// For how long the oldest work has been due. Much more than a minute says that no worker runs, or too few.
    pub behind: Duration,
}

fn time<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(serializer)
}

fn instant<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}
