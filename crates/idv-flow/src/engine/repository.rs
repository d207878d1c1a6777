//! Loads, seals and changes flows; holds the parts of an engine: the store, the clients, the clock.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use idv_core::{Client, Clock, Random, Reference, Timestamp};
use tokio::sync::Notify;

use crate::audit::Journal;
use crate::engine::accounts::Admission;
use crate::engine::accounts::limits::{AccountLimits, CircuitBreaker};
use crate::engine::accounts::permits::Permits;
use crate::engine::clock::ClockGuard;
use crate::engine::events::Receivers;
use crate::engine::hosting::FlowObserver;
use crate::engine::metrics::Metrics;
use crate::engine::workers::Counters;
use crate::engine::workers::places::Places;
use crate::engine::workers::timers::{TIMERS, sweep_timer};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::evidence::EvidencePolicy;
use crate::machine::retention::{Retention, later};
use crate::machine::schedule::Schedule;
use crate::machine::state::{Creation, Shown};
use crate::machine::{ChangeSet, Command, Event, EventKind, FlowState, Input, Machine, Step};
use crate::report::KeptReport;
use crate::store::{
    Arrival, Commit, Committed, EvidenceStore, Lease, LookupKey, MessageEnd, Phase, Record,
    Reports, Store,
};
use crate::vault::{Access, Context, Sealer, StoreKeys};

/// The maximum number of final reports of a verification: enough for both sides of a dispute.
const MAX_REPORTS: usize = 4;
/// The maximum number of times a change is tried because others change the same flow.
const MAX_CONFLICTS: usize = 100;

/// An account at a vendor, with its client and its schedule.
#[derive(Debug)]
pub(crate) struct VendorHandle {
    /// The name of the account. The default account of a vendor is called after the vendor.
    pub(crate) id: String,
    pub(crate) client: Client,
    pub(crate) schedule: Schedule,
    /// The limits that hold unless an operator has set others.
    pub(crate) limits: AccountLimits,
    pub(crate) breaker: CircuitBreaker,
    /// Held while this program changes what it was granted of the shared limits.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

pub(crate) struct Inner {
    pub(crate) store: Arc<dyn Store>,
    /// The accounts at vendors. New flows are started at the first.
    pub(crate) accounts: Vec<Arc<VendorHandle>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) vault: Sealer,
    /// The vaults of tenants that have keys of their own.
    pub(crate) tenants: BTreeMap<String, Sealer>,
    pub(crate) keys: StoreKeys,
    pub(crate) retention: Retention,
    pub(crate) evidence: EvidencePolicy,
    /// The store for evidence, if it is not that of the store.
    pub(crate) evidence_store: Option<Arc<dyn EvidenceStore>>,
    /// The lease duration: longer than any call takes.
    pub(crate) lease: Duration,
    /// Wakes the workers when there is new work.
    pub(crate) wakeup: Notify,
    /// Wakes the deliveries when there is a new event.
    pub(crate) events_wakeup: Notify,
    pub(crate) worker_stats: Counters,
    pub(crate) metrics: Metrics,
    /// The places of the workers that each account has taken.
    pub(crate) places: Arc<Places>,
    /// The random name of this program among those that share the store.
    pub(crate) program: String,
    /// The calls that this program may start and has under way.
    pub(crate) permits: Permits,
    pub(crate) clock_guard: ClockGuard,
    /// The engine itself, which the application's handler receives.
    pub(crate) this: OnceLock<Weak<Self>>,
    /// The application's receivers of events.
    pub(crate) receivers: Receivers,
    /// Learns of changes and messages, if another program runs the steps.
    pub(crate) observer: Option<Arc<dyn FlowObserver>>,
    /// Maximum number of parked messages of an account.
    pub(crate) parked_limit: u64,
    /// After how long erased flows are removed.
    pub(crate) purge_erased_after: Option<Duration>,
    /// The last block of the audit trail that this program knows of.
    pub(crate) block: Mutex<Option<(u64, [u8; 32])>>,
    /// Whether this program has had the parked messages judged again.
    pub(crate) woken: AtomicBool,
    /// Whether messages are claimed before flows at the next time.
    pub(crate) messages_first: AtomicBool,
}

/// A flow that was read from the store.
#[derive(Clone)]
pub(crate) struct LoadedFlow {
    pub(crate) record: Record,
    pub(crate) state: FlowState,
    /// When the lease ends, if the worker may carry out the next step under it as well.
    pub(crate) leased_until: Option<Timestamp>,
    /// Whether the last change also marked that the next command is about to be carried out.
    pub(crate) is_begun: bool,
}

/// The message that brought an input.
#[derive(Clone, Copy)]
pub(crate) enum Source<'m> {
    /// A message in the inbox, which ends in the same commit.
    Inbox(&'m [u8; 32], &'m MessageEnd),
    /// A message that is applied on arrival.
    Arrival(Arrival<'m>),
}

impl LoadedFlow {
    /// Returns whether this is the flow of a reference. Some vendors change its case.
    pub(crate) fn is_of(&self, account: &str, reference: &Reference) -> bool {
        let ours = &self.state.verification.id().reference;
        self.record.account == account && ours.as_str().eq_ignore_ascii_case(reference.as_str())
    }
}

impl Inner {
    /// Returns the time, as precisely as stores keep it.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.clock.now().as_microsecond()).unwrap_or(Timestamp::MAX)
    }

    /// Returns the last block of the audit trail that this program knows of.
    pub(crate) fn last_block(&self) -> Option<(u64, [u8; 32])> {
        *self.block.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_block(&self, number: u64, hash: [u8; 32]) {
        *self.block.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, hash));
    }

    /// Writes a value, to check that the store can be written.
    pub(crate) async fn probe(&self) -> Result<()> {
        const PROBE: &str = "probe";
        let now = self.now().as_microsecond().to_be_bytes();
        let kept = self.store.remember(PROBE, &now).await?;
        if kept != now {
            // If another program did the same at this moment, the store can be written too.
            self.store.replace(PROBE, &kept, &now).await?;
        }
        Ok(())
    }

    pub(crate) fn lease_until(&self) -> Timestamp {
        later(self.now(), self.lease)
    }

    /// Returns an account by its name.
    pub(crate) fn account(&self, name: &str) -> Result<Arc<VendorHandle>> {
        let found = self.accounts.iter().find(|at| at.id == name);
        found
            .map(Arc::clone)
            .ok_or_else(|| FlowError::UnknownAccount(name.to_owned()))
    }

    /// Returns the names of the accounts that are configured here.
    pub(crate) fn account_names(&self) -> Vec<&str> {
        self.accounts.iter().map(|at| at.id.as_str()).collect()
    }

    /// Returns the names of the timers that this program fires.
    pub(crate) fn timer_names(&self) -> Vec<String> {
        let shared = TIMERS.iter().map(|(name, _)| (*name).to_owned());
        let swept = self
            .accounts
            .iter()
            .filter(|at| at.schedule.sweep.is_some());
        let sweeps = swept.map(|at| sweep_timer(&at.id));
        shared.chain(sweeps).collect()
    }

    /// Returns when there is something to do for these accounts, or for a timer of this program.
    pub(crate) async fn next_due(&self, accounts: &[&str]) -> Result<Option<Timestamp>> {
        let names = self.timer_names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(self.store.next_due(accounts, &names).await?)
    }

    /// Returns what keys are read with.
    pub(crate) fn access(&self) -> Access<'_> {
        Access {
            store: &*self.store,
            random: &*self.random,
            now: self.now(),
        }
    }

    /// Reads the data keys of the vaults again if they were read long ago: another program may have
    /// added one. Called before values are opened or sealed.
    pub(crate) async fn refresh_keys(&self) -> Result<()> {
        for vault in std::iter::once(&self.vault).chain(self.tenants.values()) {
            vault.refresh(self.access()).await?;
        }
        Ok(())
    }

    /// Returns the vault of a tenant's flows.
    pub(crate) fn vault_of(&self, tenant: Option<&str>) -> &Sealer {
        // A tenant without a vault has the engine's. If its vault is missing in the configuration,
        // its values do not open.
        tenant
            .and_then(|tenant| self.tenants.get(tenant))
            .unwrap_or(&self.vault)
    }

    /// Reads a flow.
    pub(crate) async fn read(&self, id: FlowId) -> Result<LoadedFlow> {
        self.refresh_keys().await?;
        let record = self
            .store
            .load(id)
            .await?
            .ok_or(FlowError::UnknownFlow(id))?;
        self.open(record)
    }

    /// Opens a record.
    pub(crate) fn open(&self, record: Record) -> Result<LoadedFlow> {
        let body = self
            .vault_of(record.tenant.as_deref())
            .open(&Context::body(&record), &record.body)?;
        let state = FlowState::from_json(&body)?;
        // In a sealed store the seal proves it already.
        let id = state.verification.id();
        let vendor = id
            .vendor_id
            .as_ref()
            .map(|vendor_id| self.keys.vendor(&record.account, vendor_id.as_str()));
        if record.reference != self.keys.reference(&record.account, id.reference.as_str())
            || record.vendor != vendor
        {
            return Err(FlowError::Damaged(
                "a flow is stored under another flow's keys",
            ));
        }
        Ok(LoadedFlow {
            record,
            state,
            leased_until: None,
            is_begun: false,
        })
    }

    /// Reads the flow of a reference.
    pub(crate) async fn of_reference(
        &self,
        account: &str,
        reference: &Reference,
    ) -> Result<Option<LoadedFlow>> {
        let key = self.keys.reference(account, reference.as_str());
        let mut damaged = None;
        for (_, id) in self.store.locate(&[key]).await? {
            match self.read(id).await {
                Ok(opened) if opened.is_of(account, reference) => return Ok(Some(opened)),
                // Another flow has this key for its vendor's id.
                Ok(_) | Err(FlowError::UnknownFlow(_)) => {}
                Err(error @ FlowError::Damaged(_)) => damaged = Some(error),
                Err(error) => return Err(error),
            }
        }
        damaged.map_or(Ok(None), Err)
    }

    /// Reads the flow of the application's own key.
    pub(crate) async fn of_application_key(
        &self,
        tenant: Option<&str>,
        key: &str,
    ) -> Result<Option<LoadedFlow>> {
        let key = self.keys.application(tenant, key);
        for (_, id) in self.store.locate(&[key]).await? {
            match self.read(id).await {
                Ok(opened) if opened.record.application_key == Some(key) => {
                    return Ok(Some(opened));
                }
                Ok(_) | Err(FlowError::UnknownFlow(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Returns the machine of a flow.
    pub(crate) fn machine<'a>(at: &'a VendorHandle, flow: &LoadedFlow) -> Machine<'a> {
        Machine::new(
            flow.record.id,
            at.client.info(),
            &at.schedule,
            flow.state.clone(),
        )
    }

    /// Returns the next step of a flow.
    pub(crate) fn next(at: &VendorHandle, flow: &LoadedFlow, now: Timestamp) -> Step {
        Self::machine(at, flow).next(now)
    }

    /// Applies an input to a flow and commits the change. After a conflict with another change, the
    /// flow is read again and the input is applied to its new state. Returns the changed flow.
    pub(crate) async fn change(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
        lease: Lease,
        input: Input<'_>,
    ) -> Result<LoadedFlow> {
        self.change_by_message(at, flow, lease, input, None).await
    }

    /// As [`Inner::change`]; the message that brought the input is noted in the same commit.
    pub(crate) async fn change_by_message(
        &self,
        at: &VendorHandle,
        mut flow: LoadedFlow,
        lease: Lease,
        input: Input<'_>,
        source: Option<Source<'_>>,
    ) -> Result<LoadedFlow> {
        for _ in 0..MAX_CONFLICTS {
            if let Some(changed) = self.try_change(at, &flow, lease, input, source).await? {
                return Ok(changed);
            }
            flow = self.read(flow.record.id).await?;
        }
        Err(FlowError::Conflict("gave up after 100 concurrent changes"))
    }

    /// Applies an input to a flow and commits the change. Returns `None` after a conflict with
    /// another change, or if a message that is applied on arrival has been applied before.
    pub(crate) async fn try_change(
        &self,
        at: &VendorHandle,
        flow: &LoadedFlow,
        lease: Lease,
        input: Input<'_>,
        source: Option<Source<'_>>,
    ) -> Result<Option<LoadedFlow>> {
        let mut machine = Self::machine(at, flow);
        let changes = machine.apply(input, self.now())?;
        self.commit(at, flow, machine, changes, lease, source).await
    }

    /// Marks that a command is about to be carried out. Returns `None` if it must not be, or after
    /// a conflict with another change.
    pub(crate) async fn begin(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
        command: &Command,
    ) -> Result<Option<LoadedFlow>> {
        self.check_clock().await?;
        let mut machine = Self::machine(at, &flow);
        let Some(changes) = machine.begin(command, self.now()) else {
            return Ok(None);
        };
        self.commit(at, &flow, machine, changes, Lease::Keep, None)
            .await
    }

    /// Commits a change. Returns `None` if the flow was changed since it was read.
    async fn commit(
        &self,
        at: &VendorHandle,
        before: &LoadedFlow,
        mut machine: Machine<'_>,
        mut changes: ChangeSet,
        mut lease: Lease,
        source: Option<Source<'_>>,
    ) -> Result<Option<LoadedFlow>> {
        let (now, record) = (changes.now, before.record.clone());
        let reports = self
            .add_reports(&record, &mut machine, &mut changes)
            .await?;
        // The lease must last for another call.
        let deadline = later(now, at.client.policy().deadline);
        let leased_until = before
            .leased_until
            .filter(|until| lease == Lease::End && deadline < *until);
        let is_begun = leased_until.is_some()
            && self
                .begin_with_change(at, &mut machine, &mut changes)
                .await?;
        let mut journal = Journal::new(record.id, record.audit, now);
        changes
            .audit
            .iter()
            .for_each(|event| journal.write(&self.keys, event));
        let (head, entries) = journal.finish();
        let mut flow = LoadedFlow {
            record,
            state: machine.into_state(),
            leased_until: before.leased_until,
            is_begun,
        };
        flow.record.audit = head;
        let events = numbered(&mut flow, std::mem::take(&mut changes.events), now);
        let step = self.describe(at, &mut flow, now);
        if lease == Lease::End {
            flow.leased_until = leased_until.filter(|_| step.command.is_some());
            lease = flow.leased_until.map_or(Lease::End, |_| Lease::Keep);
        }
        let erased = flow.state.deletion.own_erased_at.is_some();
        let mut commit = Commit::new(&flow.record, &entries);
        commit.lease = lease;
        commit.events = &events;
        match source {
            Some(Source::Inbox(digest, end)) => commit.message = Some((digest, end)),
            Some(Source::Arrival(arrival)) => commit.arrival = Some(arrival),
            None => {}
        }
        commit.reports = match &reports {
            _ if erased => Reports::Erase,
            Some(sealed) => Reports::Put(sealed),
            None => Reports::Keep,
        };
        let committed = match self.store.commit(&commit).await {
            Ok(committed) => committed,
            Err(error) => self.committed_after_all(&flow.record).await.ok_or(error)?,
        };
        if !events.is_empty() {
            self.events_wakeup.notify_one();
        }
        match committed {
            Committed::Done(version) => {
                flow.record.version = version;
                events.iter().for_each(|event| self.metrics.event(event));
                if let Some(observer) = &self.observer {
                    observer.changed(flow.record.id);
                }
                Ok(Some(flow))
            }
            Committed::Conflict => {
                self.metrics.conflict(&at.id);
                Ok(None)
            }
        }
    }

    /// Marks that the next command is about to be carried out, in the change that makes it the next
    /// one: one commit instead of two. Returns whether it did.
    ///
    /// It does so for deletions, and only if no limit can delay the call: a hold is refused while
    /// the mark stands.
    async fn begin_with_change(
        &self,
        at: &VendorHandle,
        machine: &mut Machine<'_>,
        changes: &mut ChangeSet,
    ) -> Result<bool> {
        let next = machine.next(changes.now).command;
        let Some(command @ (Command::Delete | Command::ConfirmDeletion)) = next else {
            return Ok(false);
        };
        let deletion = &machine.state().deletion;
        // The mark of an interrupted deletion stays that of its worker.
        if !deletion.may_be_held()
            || deletion.calling_at.is_some()
            || self.admission(at).await? != Admission::Unlimited
        {
            return Ok(false);
        }
        let Some(marks) = machine.begin(&command, changes.now) else {
            return Ok(false);
        };
        changes.audit.extend(marks.audit);
        Ok(true)
    }

    /// Checks whether a change was committed although the store failed: its answer may have been
    /// lost. The end of the audit trail identifies a change.
    async fn committed_after_all(&self, ours: &Record) -> Option<Committed> {
        let there = self.store.load(ours.id).await.ok().flatten()?;
        let is_ours = there.version == ours.version + 1
            && there.audit == ours.audit
            && there.body == ours.body;
        is_ours.then_some(Committed::Done(there.version))
    }

    /// Updates the columns of the record that are in clear from the state, and seals the state.
    pub(crate) fn describe(
        &self,
        at: &VendorHandle,
        flow: &mut LoadedFlow,
        now: Timestamp,
    ) -> Step {
        let step = Self::next(at, flow, now);
        let last_block = self.last_block();
        let LoadedFlow { record, state, .. } = flow;
        record.due = step.due.map(first_microsecond);
        record.attention = step
            .attention
            .as_ref()
            .map(|attention| attention.name().to_owned());
        let before = std::mem::replace(&mut record.phase, phase(state));
        if record.phase != before {
            record.phase_since = now;
        }
        record.vendor = state
            .verification
            .id()
            .vendor_id
            .as_ref()
            .map(|id| self.keys.vendor(&record.account, id.as_str()));
        state.shown = Shown::of(record);
        // Another program may know of a later block.
        if state.block.as_ref().map(|(number, _)| *number) < last_block.map(|(number, _)| number) {
            state.block = last_block.map(|(number, hash)| (number, hex::encode(hash)));
        }
        let vault = self.vault_of(record.tenant.as_deref());
        record.body = vault.seal(
            &*self.random,
            &Context::body(record),
            &zeroize::Zeroizing::new(state.to_json()),
        );
        step
    }

    /// Returns the stored final reports.
    pub(crate) async fn reports(&self, record: &Record) -> Result<Vec<KeptReport>> {
        let Some(sealed) = self.store.reports(record.id).await? else {
            return Ok(Vec::new());
        };
        let reports = self
            .vault_of(record.tenant.as_deref())
            .open(&Context::flow(record.id, "reports"), &sealed)?;
        serde_json::from_slice(&reports)
            .map_err(|_| FlowError::Damaged("a stored report has an unexpected form"))
    }

    /// Adds new reports to the stored ones. Returns all of them, sealed, if there is a new one.
    ///
    /// If the stored ones cannot be read, the new ones stay in the state, and the operator's list
    /// shows it.
    async fn add_reports(
        &self,
        record: &Record,
        machine: &mut Machine<'_>,
        changes: &mut ChangeSet,
    ) -> Result<Option<Vec<u8>>> {
        let state = machine.state_mut();
        let mut came = std::mem::take(&mut state.unstored);
        came.append(&mut changes.reports);
        let erased = state.deletion.own_erased_at.is_some();
        let before = usize::from(state.reports);
        if came.is_empty() || erased {
            machine.reports_stored(if erased { 0 } else { before }, false, changes);
            return Ok(None);
        }
        let kept = match before {
            // No report is stored yet.
            0 => Ok(Vec::new()),
            _ => self.reports(record).await,
        };
        let mut kept = match kept {
            Ok(kept) => kept,
            Err(FlowError::Damaged(_)) => {
                tracing::error!(flow = %record.id, "the stored reports cannot be read; a new one is kept beside them");
                came.truncate(MAX_REPORTS);
                machine.state_mut().unstored = came;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let before = kept.len();
        for report in came {
            let known = kept
                .iter()
                .any(|known| known.outcome == report.outcome && known.digest() == report.digest());
            if known || kept.len() >= MAX_REPORTS {
                continue;
            }
            let digest = hex::encode(report.digest());
            changes.write(crate::audit::Event::ReportStored {
                digest,
                outcome: report.outcome,
            });
            kept.push(report);
        }
        let is_new = kept.len() > before;
        machine.reports_stored(kept.len(), is_new, changes);
        if !is_new {
            return Ok(None);
        }
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default());
        let vault = self.vault_of(record.tenant.as_deref());
        Ok(Some(vault.seal(
            &*self.random,
            &Context::flow(record.id, "reports"),
            &bytes,
        )))
    }

    /// Returns the keys under which the index may have a subject.
    pub(crate) fn keys_of(&self, account: &str, subject: &idv_core::Subject) -> Vec<LookupKey> {
        let reference = subject
            .reference
            .as_deref()
            .map(|reference| self.keys.reference(account, reference));
        let vendor = subject
            .vendor_id
            .as_ref()
            .map(|id| self.keys.vendor(account, id.as_str()));
        reference.into_iter().chain(vendor).collect()
    }
}

/// Numbers the events of a change.
fn numbered(flow: &mut LoadedFlow, events: Vec<EventKind>, at: Timestamp) -> Vec<Event> {
    let number = |kind| {
        flow.state.events += 1;
        let LoadedFlow { record, state, .. } = &*flow;
        Event {
            flow: record.id,
            sequence: state.events,
            at,
            provider: record.provider.clone(),
            account: record.account.clone(),
            tenant: record.tenant.clone(),
            kind,
        }
    };
    events.into_iter().map(number).collect()
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("store", &self.store)
            .field("accounts", &self.accounts)
            .finish_non_exhaustive()
    }
}

/// Returns the first microsecond from `at` on, since stores keep no finer times. A flow that is due
/// at an earlier one would be claimed again and again before its step is due.
fn first_microsecond(at: Timestamp) -> Timestamp {
    const MICROSECOND: Duration = Duration::from_micros(1);
    match Timestamp::from_microsecond(at.as_microsecond()) {
        Ok(floor) if floor < at => later(floor, MICROSECOND),
        Ok(floor) => floor,
        Err(_) => at,
    }
}

fn phase(state: &FlowState) -> Phase {
    if state.deletion.own_erased_at.is_some() {
        return Phase::Erased;
    }
    match state.creation {
        Creation::Created if state.ended_at.is_some() => Phase::Done,
        Creation::Created => Phase::Open,
        Creation::Refused { .. } => Phase::Refused,
        _ => Phase::Creating,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_time_is_rounded_up_to_a_microsecond() {
        let at = |nanosecond: i128| Timestamp::from_nanosecond(nanosecond).unwrap();
        assert_eq!(first_microsecond(at(1_999_000)), at(1_999_000));
        assert_eq!(first_microsecond(at(1_999_001)), at(2_000_000));
        assert_eq!(first_microsecond(at(-1_999_001)), at(-1_999_000));
        assert_eq!(
            first_microsecond(Timestamp::MAX).as_second(),
            Timestamp::MAX.as_second()
        );
    }
}
