//! Controls accounts: pauses and drains them, limits their calls, and stops calling a vendor that
//! is down.
//!
//! The control of an account is a value of the store, so that it holds for all programs. A program
//! reads it at most [`CACHED`] ago, and changes it by compare-and-replace. Before a program calls a
//! vendor it takes a [`Permit`]:
//!
//! - **Rate.** The stored value plans the next start; each start moves it by one interval. A
//!   program takes the starts of up to a quarter of a second in advance and uses them within a
//!   quarter of a second. So in a period `t` all programs together start at most `rate × (t + 0.5
//!   s) + 1` calls.
//! - **Concurrency.** Each program stores the number of calls that it may have under way. The
//!   number expires with the lease, so a crashed program blocks its part for one lease at most. The
//!   limit is exceeded only by calls that were under way when it was set or lowered, by one probe,
//!   by downloads that take longer than a lease, and if a program cannot reach the store for most
//!   of a lease.
//! - **Circuit breaker.** Outages of all programs are counted in the stored value. While the
//!   circuit is open, the program that moves the time of the next probe makes it.
//!
//! A flow without a permit stays unclaimed; no worker waits for it.

pub(crate) mod control;
pub(crate) mod limits;
pub(crate) mod permits;
pub(crate) mod status;

use std::time::Duration;

use idv_core::{Error, ErrorKind};
use jiff::{SignedDuration, Timestamp};

use self::control::{AccountControl, AccountMode, Demand, Grant};
use self::limits::AccountLimits;
use self::permits::{Cached, Permit};
use crate::audit::{AuditEntry, AuditHead, Event, Journal};
use crate::engine::repository::{Inner, VendorHandle};
use crate::error::{FlowError, Result};
use crate::machine::retention::later;

/// The longest time for which a control that was read counts.
const CACHED: SignedDuration = SignedDuration::from_secs(5);
/// The same, before calls are refused because other programs have taken all.
const CACHED_BEFORE_REFUSAL: SignedDuration = SignedDuration::from_secs(1);
/// The time after which a program gives calls back that it may have under way and has not.
const SURPLUS: Duration = Duration::from_secs(1);
/// The time after which the control of a closed account is checked again.
const CLOSED: Duration = Duration::from_secs(1);
/// Maximum number of times a change is tried because other programs change the same control.
const MAX_CONFLICTS: usize = 50;

/// Whether calls to an account are possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Any number.
    Unlimited,
    /// As many as permits can be had for.
    Limited,
    /// None.
    Closed,
}

/// Returns the name of the value that holds the control of an account.
fn value_name(account: &str) -> String {
    format!("account:{account}")
}

impl Inner {
    /// Returns the control of an account, read at most [`CACHED`] ago.
    pub(crate) async fn control(&self, account: &str) -> Result<AccountControl> {
        Ok(self.cached_control(account, CACHED).await?.control)
    }

    async fn cached_control(&self, account: &str, longest: SignedDuration) -> Result<Cached> {
        let now = self.now();
        match self.permits.cached(account) {
            Some(cached) if now.duration_since(cached.read_at).abs() < longest => Ok(cached),
            _ => self.read_control(account).await,
        }
    }

    /// Reads the control of an account from the store.
    async fn read_control(&self, account: &str) -> Result<Cached> {
        let read_at = self.now();
        let stored = self.store.value(&value_name(account)).await?;
        let cached = Cached {
            control: AccountControl::read(stored.as_deref())?,
            stored,
            read_at,
        };
        self.permits.cache(account, cached.clone());
        Ok(cached)
    }

    /// Changes the control of an account. If `change` returns `None`, nothing is stored.
    ///
    /// The first try is based on the cached control, whatever its age: the store refuses the change
    /// if it is out of date.
    async fn change_control<T>(
        &self,
        account: &str,
        mut change: impl FnMut(&mut AccountControl) -> Option<T>,
    ) -> Result<Option<T>> {
        let change = |control: &mut AccountControl| {
            let result = change(control);
            result.map(|result| (result, None))
        };
        self.change_audited(account, change).await
    }

    /// As [`Inner::change_control`], with an entry for the account's audit trail.
    async fn change_audited<T>(
        &self,
        account: &str,
        mut change: impl FnMut(&mut AccountControl) -> Option<(T, Option<Event>)>,
    ) -> Result<Option<T>> {
        let name = value_name(account);
        let mut cached = match self.permits.cached(account) {
            Some(cached) => cached,
            None => self.read_control(account).await?,
        };
        // The end of the account's trail, if the control names an earlier entry.
        let mut later_end = None;
        for _ in 0..MAX_CONFLICTS {
            let mut control = cached.control.clone();
            let Some((result, event)) = change(&mut control) else {
                return Ok(None);
            };
            let entry = match event {
                Some(event) => self.account_entry(account, &mut control, event, later_end)?,
                None => None,
            };
            let new = control.to_json();
            let old = match cached.stored {
                Some(old) => old,
                None => {
                    // Two programs that make the same first value must not both take it for their
                    // own: they replace an empty one.
                    let first = AccountControl::default().to_json();
                    if self.store.remember(&name, &first).await? != first {
                        cached = self.read_control(account).await?;
                        continue;
                    }
                    first
                }
            };
            let is_made = match &entry {
                Some(entry) => {
                    let store = &self.store;
                    match store.replace_with_entry(&name, &old, &new, entry).await {
                        Ok(is_made) => is_made,
                        Err(error) if later_end.is_some() => return Err(error.into()),
                        Err(error) => {
                            // The entry may exist, because an older control was restored.
                            cached = self.read_control(account).await?;
                            later_end = self.later_end(account, &cached.control).await?;
                            later_end.ok_or(error)?;
                            continue;
                        }
                    }
                }
                None => old == new || self.store.replace(&name, &old, &new).await?,
            };
            if is_made {
                let read_at = self.now();
                let stored = Some(new);
                self.permits.cache(
                    account,
                    Cached {
                        stored,
                        control,
                        read_at,
                    },
                );
                return Ok(Some(result));
            }
            cached = self.read_control(account).await?;
        }
        Err(FlowError::Conflict(
            "gave up after 50 concurrent changes of the account's control: try again",
        ))
    }

    /// Returns the end of an account's audit trail if it is after the entry that the control names
    /// as the last.
    async fn later_end(
        &self,
        account: &str,
        control: &AccountControl,
    ) -> Result<Option<AuditHead>> {
        let named = control.trail()?.count;
        let trail = self
            .store
            .audit_of(self.keys.account_trail(account))
            .await?;
        let last = trail.last().filter(|last| last.number > named);
        Ok(last.map(|last| AuditHead {
            count: last.number,
            hash: last.hash,
        }))
    }

    /// Returns the next entry of an account's audit trail, and makes it the head. If the trail ends
    /// at a later entry than the control names, the new entry follows that one and notes it.
    fn account_entry(
        &self,
        account: &str,
        control: &mut AccountControl,
        mut event: Event,
        later_end: Option<AuditHead>,
    ) -> Result<Option<AuditEntry>> {
        let id = self.keys.account_trail(account);
        let named = control.trail()?;
        let later_end = later_end.filter(|end| end.count > named.count);
        if let (Some(_), Event::AccountChanged { restored_from, .. }) = (later_end, &mut event) {
            *restored_from = Some(named.count);
        }
        let mut journal = Journal::new(id, later_end.unwrap_or(named), self.now());
        journal.write(&self.keys, &event);
        let (head, entries) = journal.finish();
        control.set_trail(head);
        Ok(entries.into_iter().next())
    }

    /// Returns the control of an account as it is stored, without the cache; `None` if there is
    /// none.
    pub(crate) async fn stored_control(&self, account: &str) -> Result<Option<AccountControl>> {
        let stored = self.store.value(&value_name(account)).await?;
        stored
            .map(|stored| AccountControl::read(Some(&stored)))
            .transpose()
    }

    /// Returns whether calls to an account are possible now, as far as this program knows.
    pub(crate) async fn admission(&self, at: &VendorHandle) -> Result<Admission> {
        let (control, now) = (self.control(&at.id).await?, self.now());
        if control.mode == AccountMode::Paused {
            self.permits.refuse_until(&at.id, later(now, CLOSED));
            return Ok(Admission::Closed);
        }
        if let Some(open) = &control.open {
            if open.probe_at > now && !self.permits.has_probe(&at.id, now) {
                let again = open.probe_at.min(later(now, CLOSED));
                self.permits.refuse_until(&at.id, again);
                return Ok(Admission::Closed);
            }
            return Ok(Admission::Limited);
        }
        if control.limits(at.limits).is_none() {
            self.permits.reopen(&at.id);
            return Ok(Admission::Unlimited);
        }
        Ok(Admission::Limited)
    }

    /// Takes up to `wanted` permits for calls to an account: fewer, or none, if its control does
    /// not allow more.
    pub(crate) async fn permits(&self, at: &VendorHandle, wanted: u32) -> Result<Vec<Permit>> {
        match self.admission(at).await? {
            Admission::Closed => return Ok(Vec::new()),
            Admission::Unlimited => {
                return Ok((0..wanted)
                    .map(|_| self.permits.unlimited(&at.id))
                    .collect());
            }
            Admission::Limited => {}
        }
        // One task of this program at a time, so that none takes what was granted to another.
        let _gate = at.gate.lock().await;
        let control = self.control(&at.id).await?;
        if control.open.is_some() {
            return Ok(self.probe_permit(at).await?.into_iter().collect());
        }
        let limits = control.limits(at.limits);
        let mut permits = self.permits.take(&at.id, limits, self.now(), wanted);
        let missing = wanted.saturating_sub(u32::try_from(permits.len()).unwrap_or(wanted));
        if missing > 0 && self.grant(at, limits, missing).await? {
            permits.extend(self.permits.take(&at.id, limits, self.now(), missing));
        }
        Ok(permits)
    }

    /// Takes one permit for a call to an account.
    pub(crate) async fn permit(&self, at: &VendorHandle) -> Result<Option<Permit>> {
        Ok(self.permits(at, 1).await?.pop())
    }

    /// Returns the permit for a call that is about to be made: the one that was reserved for it,
    /// unless the account was closed since.
    pub(crate) async fn admit(
        &self,
        at: &VendorHandle,
        reserved: Option<Permit>,
    ) -> Result<Option<Permit>> {
        let Some(permit) = reserved else {
            return self.permit(at).await;
        };
        let control = self.control(&at.id).await?;
        let is_closed =
            control.mode == AccountMode::Paused || control.open.is_some() && !permit.is_probe();
        Ok((!is_closed).then_some(permit))
    }

    /// Has the shared control grant calls to this program. Returns whether it granted any.
    async fn grant(&self, at: &VendorHandle, limits: AccountLimits, wanted: u32) -> Result<bool> {
        let account = &at.id;
        if self.permits.refused_until(account, self.now()).is_some() {
            return Ok(false);
        }
        for is_fresh in [false, true] {
            let (now, until) = (self.now(), self.lease_until());
            let demand = Demand {
                program: &self.program,
                in_use: self.permits.in_use(account),
                wanted,
                now,
                until,
            };
            let mut refused = None;
            let granted = self
                .change_control(account, |control| match control.grant(limits, demand) {
                    Grant::Granted { starts, slots } => Some((starts, slots)),
                    Grant::Refused(again) => {
                        refused = Some(again);
                        None
                    }
                })
                .await?;
            if let Some((starts, slots)) = granted {
                self.permits.add(account, starts, slots, now, until);
                return Ok(true);
            }
            let again = refused.unwrap_or(now);
            if is_fresh {
                self.permits.refuse_until(account, again);
                return Ok(false);
            }
            // Other programs may have released calls since the control was read.
            self.cached_control(account, CACHED_BEFORE_REFUSAL).await?;
        }
        Ok(false)
    }

    /// Takes the next probe of an open circuit.
    async fn probe_permit(&self, at: &VendorHandle) -> Result<Option<Permit>> {
        let now = self.now();
        if let Some(probe) = self.permits.take_probe(&at.id, now) {
            return Ok(Some(probe));
        }
        let taken = self
            .change_control(&at.id, |control| control.take_probe(at.breaker, now))
            .await?;
        if taken.is_none() {
            self.permits.refuse_until(&at.id, later(now, CLOSED));
        }
        Ok(taken.map(|until| self.permits.probe(&at.id, until)))
    }

    /// Releases calls that this program may have under way and has not, and renews the others
    /// before they lapse.
    pub(crate) async fn settle_permits(&self, at: &VendorHandle, patience: Duration) -> Result<()> {
        let (now, until) = (self.now(), self.lease_until());
        let renewed_before = later(now, self.lease / 4 * 3);
        if !self
            .permits
            .is_unsettled(&at.id, now, patience, renewed_before)
        {
            return Ok(());
        }
        let _gate = at.gate.lock().await;
        let mut held = 0;
        self.change_control(&at.id, |control| {
            held = self.permits.in_use(&at.id);
            control.set_slots(&self.program, held, now, until);
            Some(())
        })
        .await?;
        self.permits.hold(&at.id, held, until);
        Ok(())
    }

    /// As [`Inner::settle_permits`], for all accounts, at intervals.
    pub(crate) async fn settle_all_permits(&self) -> Result<()> {
        for at in &self.accounts {
            self.settle_permits(at, SURPLUS).await?;
        }
        Ok(())
    }

    /// Releases all calls that are not under way, at the end of work.
    pub(crate) async fn release_permits(&self) {
        for at in &self.accounts {
            if let Err(error) = self.settle_permits(at, Duration::ZERO).await {
                tracing::warn!(account = %at.id, error = &error as &dyn std::error::Error, "permits for calls could not be released; they lapse with the lease");
            }
        }
    }

    /// Notes the answer of a vendor: in the metrics, and for the circuit breaker. A failure to do
    /// so changes nothing about the answer.
    pub(crate) async fn note_answer<T>(&self, at: &VendorHandle, answer: &Result<T, Error>) {
        self.metrics.answered(&at.id, self.now(), answer);
        let outage = answer
            .as_ref()
            .err()
            .filter(|error| *error.kind() == ErrorKind::Unavailable);
        let noted = match outage {
            Some(error) => self.note_outage(at, error.kind().name()).await,
            None => self.note_success(at).await,
        };
        if let Err(error) = noted {
            tracing::warn!(account = %at.id, error = &error as &dyn std::error::Error, "the state of the circuit breaker could not be stored");
        }
    }

    async fn note_outage(&self, at: &VendorHandle, kind: &'static str) -> Result<()> {
        if at.breaker.outages == 0 {
            return Ok(());
        }
        let now = self.now();
        let opened = self
            .change_control(&at.id, |control| {
                let was_open = control.open.is_some();
                let opened = control.note_outage(at.breaker, kind, now);
                // The time of the next probe was moved when this one was taken.
                (!was_open).then_some(opened)
            })
            .await?;
        if opened == Some(true) {
            tracing::error!(account = %at.id, kind, "the vendor is down: only probes are sent until one is answered");
        }
        Ok(())
    }

    async fn note_success(&self, at: &VendorHandle) -> Result<()> {
        // In the common case nothing is read and nothing is stored.
        let is_news = |control: &AccountControl| control.outages > 0 || control.open.is_some();
        if !self
            .permits
            .cached(&at.id)
            .is_some_and(|cached| is_news(&cached.control))
        {
            return Ok(());
        }
        let closed = self
            .change_control(&at.id, |control| {
                is_news(control).then(|| control.note_answer())
            })
            .await?;
        if closed == Some(true) {
            tracing::info!(account = %at.id, "the vendor answers again: calls continue");
            self.wakeup.notify_one();
        }
        Ok(())
    }

    /// Refuses a new flow at an account that is drained.
    pub(crate) async fn refuse_if_draining(&self, at: &VendorHandle) -> Result<()> {
        match self.control(&at.id).await?.mode {
            AccountMode::Draining => Err(FlowError::Draining(at.id.clone())),
            _ => Ok(()),
        }
    }

    /// Returns the accounts that workers can call: neither paused nor stopped by their circuit
    /// breaker. Reports what is behind only of them.
    pub(crate) async fn working_accounts(&self) -> Result<Vec<&str>> {
        let mut working = Vec::new();
        for at in &self.accounts {
            match self.control(&at.id).await {
                Ok(control) if control.mode == AccountMode::Paused || control.open.is_some() => {}
                Ok(_) => working.push(at.id.as_str()),
                Err(error @ FlowError::Store(_)) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(working)
    }

    /// Returns since when work of accounts that can be called has been due.
    pub(crate) async fn due_since(&self) -> Result<Option<Timestamp>> {
        let working = self.working_accounts().await?;
        if working.is_empty() {
            return Ok(None);
        }
        self.next_due(&working).await
    }
}
