//! Claims work that is due, and divides it among the accounts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;

use super::places::Shares;
use super::timers::NO_CALLS;
use super::{AFTER_FAILURE, Task};
use crate::engine::accounts::Admission;
use crate::engine::accounts::permits::Permit;
use crate::engine::repository::{Inner, VendorHandle};
use crate::error::{FlowError, Result};
use crate::machine::retention::later;
use crate::store::Record;

/// The longest time between two claims: another program may have added work.
const IDLE: Duration = Duration::from_secs(1);
/// The shortest time between two claims: another program may be about to claim the same work.
const SHORTEST: Duration = Duration::from_millis(10);

/// The time for which workers without a pause do not look into an inbox that was empty. Another
/// program may have added a message, which its own workers see at once.
const EMPTY_FOR: Duration = Duration::from_millis(50);

/// The last look of a program into the inbox. Most claims of messages would find nothing while its
/// workers are busy with flows.
#[derive(Debug, Default)]
pub(super) struct InboxView {
    empty_at: Option<Timestamp>,
}

impl InboxView {
    /// Returns whether the inbox was empty a moment ago.
    fn is_empty(&self, now: Timestamp) -> bool {
        self.empty_at
            .is_some_and(|at| at <= now && now < later(at, EMPTY_FOR))
    }

    fn note(&mut self, now: Timestamp, is_empty: bool) {
        self.empty_at = is_empty.then_some(now);
    }
}

impl Inner {
    /// Claims up to `free` flows and messages that are due, and every timer that is.
    pub(super) async fn take(
        &self,
        workers: usize,
        free: usize,
        inbox: &mut InboxView,
    ) -> Result<Vec<Task>> {
        self.check_clock().await?;
        self.refresh_keys().await?;
        self.settle_all_permits().await?;
        let now = self.now();
        let until = self.lease_until();
        if !self.woken.load(Ordering::Relaxed) {
            // A newer program may understand parked messages that an older one could not.
            self.store.wake_parked(None, now).await?;
            self.woken.store(true, Ordering::Relaxed);
        }
        let names = self.timer_names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let timers = self.store.claim_timers(now, until, &names).await?;
        let mut tasks: Vec<Task> = timers.into_iter().map(Task::Timer).collect();
        let free = free.saturating_sub(tasks.len());
        let claimed = self.take_messages_and_flows(workers, free, inbox, &mut tasks);
        let claimed = claimed.await;
        claimed_before_failure(claimed, tasks)
    }

    /// Claims up to `free` flows and messages.
    async fn take_messages_and_flows(
        &self,
        workers: usize,
        free: usize,
        inbox: &mut InboxView,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        if free == 0 {
            return Ok(());
        }
        if inbox.is_empty(self.now()) {
            tasks.extend(self.claim(false, workers, free).await?);
            return Ok(());
        }
        // Messages and flows get half of the free places each, and the rest of the other's half.
        // They take turns at an odd place. So neither starves, whatever the number of the other.
        let messages_first = self.messages_first.fetch_xor(true, Ordering::Relaxed);
        let half = free.div_ceil(2);
        let first = self.claim(messages_first, workers, half).await?;
        let (count, left) = (first.len(), free - first.len());
        tasks.extend(first);
        let others = self.claim(!messages_first, workers, left).await?;
        let has_looked = messages_first || left > 0;
        let messages = if messages_first { count } else { others.len() };
        inbox.note(self.now(), has_looked && messages == 0);
        let left = left - others.len();
        tasks.extend(others);
        if count == half && left > 0 {
            tasks.extend(self.claim(messages_first, workers, left).await?);
        }
        Ok(())
    }

    /// Claims up to `limit` messages or flows of the accounts that are configured here.
    async fn claim(&self, messages: bool, workers: usize, limit: usize) -> Result<Vec<Task>> {
        let (now, until) = (self.now(), self.lease_until());
        let accounts = self.account_names();
        if limit == 0 {
            return Ok(Vec::new());
        }
        if messages {
            let claimed = self.store.claim_inbox(now, until, limit, &accounts).await?;
            return Ok(claimed.into_iter().map(Task::Message).collect());
        }
        self.claim_flows(workers, limit).await
    }

    /// Claims up to `limit` flows: those of accounts without limits together, and of each account
    /// with limits as many as there are permits.
    async fn claim_flows(&self, workers: usize, limit: usize) -> Result<Vec<Task>> {
        let (mut unlimited, mut limited) = (Vec::new(), Vec::new());
        for at in &self.accounts {
            match self.admission(at).await {
                Ok(Admission::Unlimited) => unlimited.push(at.id.as_str()),
                Ok(Admission::Limited) => limited.push(at),
                Ok(Admission::Closed) => {}
                Err(error @ FlowError::Store(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(account = %at.id, error = &error as &dyn std::error::Error, "the control of an account cannot be read: its vendor is not called");
                    self.permits
                        .refuse_until(&at.id, later(self.now(), NO_CALLS));
                }
            }
        }
        let mut names = unlimited.clone();
        names.extend(limited.iter().map(|at| at.id.as_str()));
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let shares = self.places.shares(workers, limit, &names);
        let mut tasks: Vec<Task> = Vec::new();
        let claimed = self.claim_shares(shares, limit, &limited, &unlimited, &mut tasks);
        let claimed = claimed.await;
        claimed_before_failure(claimed, tasks)
    }

    /// Claims the shares of accounts.
    async fn claim_shares(
        &self,
        shares: Shares<'_>,
        limit: usize,
        limited: &[&Arc<VendorHandle>],
        unlimited: &[&str],
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let Shares { of_any, one_each } = shares;
        // None of them takes more than its part before the others have had their turn.
        let part = of_any.div_ceil(limited.len() + unlimited.len());
        for at in limited {
            let free = part.min(of_any - tasks.len());
            tasks.extend(self.claim_limited(at, free).await?);
        }
        let free = of_any - tasks.len();
        if free > 0 && !unlimited.is_empty() {
            tasks.extend(self.claim_unlimited(unlimited, free).await?);
        }
        for account in one_each {
            let has_one = tasks
                .iter()
                .any(|task| matches!(task, Task::Flow(record, ..) if record.account == account));
            if has_one || tasks.len() >= limit {
                continue;
            }
            tasks.extend(match limited.iter().find(|at| at.id == account) {
                Some(at) => self.claim_limited(at, 1).await?,
                None => self.claim_unlimited(&[account], 1).await?,
            });
        }
        Ok(())
    }

    async fn claim_unlimited(&self, accounts: &[&str], limit: usize) -> Result<Vec<Task>> {
        let (now, until) = (self.now(), self.lease_until());
        let claimed = self.store.claim(now, until, limit, accounts).await?;
        let task = |record: Record| {
            let permit = self.permits.unlimited(&record.account);
            self.task(record, until, permit)
        };
        Ok(claimed.into_iter().map(task).collect())
    }

    /// Claims flows of an account with limits, as many as it gets permits for.
    async fn claim_limited(&self, at: &VendorHandle, limit: usize) -> Result<Vec<Task>> {
        let (now, until) = (self.now(), self.lease_until());
        if limit == 0 || self.permits.refused_until(&at.id, now).is_some() {
            return Ok(Vec::new());
        }
        // A permit that is not used is lost to the other programs.
        let due = self.next_due(&[&at.id]).await?;
        if due.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let wanted = u32::try_from(limit).unwrap_or(u32::MAX);
        let permits = self.permits(at, wanted).await?;
        if permits.is_empty() {
            return Ok(Vec::new());
        }
        let claimed = self
            .store
            .claim(now, until, permits.len(), &[&at.id])
            .await?;
        Ok(claimed
            .into_iter()
            .zip(permits)
            .map(|(record, permit)| self.task(record, until, permit))
            .collect())
    }

    fn task(&self, record: Record, until: Timestamp, permit: Permit) -> Task {
        let place = self.places.take(&record.account);
        Task::Flow(Box::new(record), until, place, permit)
    }

    /// Returns the time until there may be something to do.
    pub(super) async fn pause(&self) -> Duration {
        let now = self.now();
        let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
        let (mut wait, mut open) = (IDLE, Vec::new());
        for at in &self.accounts {
            match self.permits.refused_until(&at.id, now) {
                Some(again) => wait = wait.min(until(again)),
                None => open.push(at.id.as_str()),
            }
        }
        if !open.is_empty() {
            wait = match self.next_due(&open).await {
                Ok(Some(due)) => wait.min(until(due)),
                Ok(None) => wait,
                Err(_) => AFTER_FAILURE,
            };
        }
        wait.clamp(SHORTEST, IDLE)
    }
}

/// Returns the tasks that were claimed before a claim failed: they are leased, and would wait for
/// the end of their lease.
fn claimed_before_failure(claimed: Result<()>, tasks: Vec<Task>) -> Result<Vec<Task>> {
    match claimed {
        Err(error) if tasks.is_empty() => Err(error),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a part of the work could not be claimed"
            );
            Ok(tasks)
        }
        Ok(()) => Ok(tasks),
    }
}
