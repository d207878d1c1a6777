//! Working off what is due.

mod create;
pub(crate) mod delete;
mod evidence;
pub(crate) mod inbox;
pub(crate) mod places;
pub(crate) mod poll;
pub(crate) mod spawned;

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt as _, join, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::oneshot;

use self::places::{Place, Shares};
use crate::engine::Engine;
use crate::engine::events::KEPT_FOR;
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::error::{FlowError, Result};
use crate::machine::attention::Attention;
use crate::machine::retention::later;
use crate::machine::{Command, Input};
use crate::store::{Commit, Lease, Message, Record};

/// The timers that every store has, and their periods.
pub(crate) const TIMERS: &[(&str, Duration)] =
    &[(TIE, Duration::from_secs(60)), (PURGE, DAY), (RESEAL, DAY)];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const TIE: &str = "audit";
const PURGE: &str = "inbox";
const RESEAL: &str = "keys";
const SWEEP: &str = "sweep:";

/// The longest wait before the store is looked at again: another program may have added something.
const IDLE: Duration = Duration::from_secs(1);
/// The shortest: what is due may be about to be claimed by another program.
const SHORTEST: Duration = Duration::from_millis(10);
/// How long to wait after the store has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// After how long a flow that no program could work on is tried again.
pub(crate) const SET_ASIDE: Duration = Duration::from_secs(60);
/// The maximum number of steps that a worker carries out while it holds the lease of a flow.
const STEPS_OF_A_LEASE: usize = 4;
/// After how long a timer of a vendor that is not configured here is left to others again.
const NOT_OURS: Duration = Duration::from_secs(10);

/// Returns the name of the timer that reads an account's list.
pub(crate) fn sweep_timer(account: &str) -> String {
    format!("{SWEEP}{account}")
}

/// What a program is working on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// How many steps are under way.
    pub under_way: usize,
    /// How many steps were brought to an end since the flow was opened.
    pub done: u64,
}

/// Counts steps.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    under_way: AtomicUsize,
    done: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> WorkerStats {
        WorkerStats {
            under_way: self.under_way.load(Ordering::Relaxed),
            done: self.done.load(Ordering::Relaxed),
        }
    }

    /// Counts a step as under way until what this returns is dropped.
    fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }
}

struct UnderWay<'a>(&'a Counters);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Something that was claimed.
enum Task {
    Timer(String),
    Message(Message),
    /// A flow that is leased until then.
    Flow(Box<Record>, Timestamp, Place),
}

impl Engine {
    /// Runs every step that becomes due, up to `workers` at the same time, until `stop` completes. Steps under way at that moment are
    /// completed first, which takes no longer than a call.
    ///
    /// Failures of a vendor are part of the work; failures of the store are logged, and the step is retried.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, nothing is lost: a worker takes over the steps under way when their lease has expired.
    pub async fn run(&self, workers: usize, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = oneshot::channel();
        // The gauges are recorded until the last delivery has ended.
        let deliver = async {
            select(pin!(self.inner.deliver(stopped)), pin!(self.inner.sample())).await;
        };
        join(self.work(workers, stop, stopping), deliver).await;
    }

    /// Carries out steps until `stop` completes, and says so by dropping `stopping`.
    async fn work(
        &self,
        workers: usize,
        stop: impl Future<Output = ()>,
        stopping: oneshot::Sender<()>,
    ) {
        let inner = &*self.inner;
        let workers = workers.max(1);
        let mut stop = pin!(stop);
        let mut under_way: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
        loop {
            // Timers may have come on top.
            let free = workers.saturating_sub(under_way.len());
            let wait = match meanwhile(&mut under_way, inner.take(workers, free)).await {
                Ok(tasks) => {
                    let all = tasks.len() >= free;
                    under_way.extend(
                        tasks
                            .into_iter()
                            .map(|task| -> BoxFuture<'_, ()> { Box::pin(inner.carry_out(task)) }),
                    );
                    match under_way.len() >= workers {
                        // With every worker busy, nothing is looked for until one is free.
                        true => None,
                        // One became free meanwhile, and there may be more.
                        false if all => Some(Duration::ZERO),
                        false => Some(meanwhile(&mut under_way, inner.pause()).await),
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "no work could be claimed"
                    );
                    Some(AFTER_FAILURE)
                }
            };
            let ended = async {
                if under_way.is_empty() {
                    std::future::pending().await
                } else {
                    under_way.next().await
                }
            };
            let rest = async {
                match wait {
                    Some(wait) => {
                        let notified = pin!(inner.bell.notified());
                        select(
                            select(notified, inner.store.hint()),
                            inner.clock.sleep(wait),
                        )
                        .await;
                    }
                    None => std::future::pending().await,
                }
            };
            match select(&mut stop, select(pin!(ended), pin!(rest))).await {
                Either::Left(_) => break,
                Either::Right(_) => {}
            }
        }
        drop(stopping);
        while under_way.next().await.is_some() {}
    }

    /// Runs every step that is due now, one after the other, delivers the events, and returns the number of steps: for a program that the system starts at intervals,
    /// and for tests.
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`].
    ///
    /// # Cancellation
    ///
    /// As [`Engine::run`].
    pub async fn run_due(&self) -> Result<usize> {
        let mut done = 0;
        loop {
            let tasks = self.inner.take(1, 1).await?;
            if tasks.is_empty() {
                self.inner.deliver_all_due().await?;
                return Ok(done);
            }
            done += tasks.len();
            for task in tasks {
                self.inner.try_carry_out(task).await?;
            }
        }
    }
}

/// Waits for something while what is under way goes on: a step that nobody polls may hold the connection to the store that is waited for.
async fn meanwhile<T>(
    under_way: &mut FuturesUnordered<BoxFuture<'_, ()>>,
    wanted: impl Future<Output = T>,
) -> T {
    let mut wanted = pin!(wanted);
    while !under_way.is_empty() {
        if let Either::Left((found, _)) = select(&mut wanted, under_way.next()).await {
            return found;
        }
    }
    wanted.await
}

impl Inner {
    /// Claims up to so many things that are due; timers may come on top.
    async fn take(&self, workers: usize, free: usize) -> Result<Vec<Task>> {
        self.check_clock().await?;
        let now = self.now();
        let until = self.lease_until();
        if !self.woken.load(Ordering::Relaxed) {
            // A program that begins to work may understand more than the one before.
            self.store.wake_parked(None, now).await?;
            self.woken.store(true, Ordering::Relaxed);
        }
        let timers = self.store.claim_timers(now, until).await?;
        let mut tasks: Vec<Task> = timers.into_iter().map(Task::Timer).collect();
        let free = free.saturating_sub(tasks.len());
        if free == 0 {
            return Ok(tasks);
        }
        // Messages and flows have half of the free places each, and what the other leaves; which one has the odd place, takes turns. So
        // neither starves, however many there are of the other.
        let messages_first = self.messages_first.fetch_xor(true, Ordering::Relaxed);
        let half = free.div_ceil(2);
        let first = self.claim(messages_first, workers, half).await?;
        let others = self
            .claim(!messages_first, workers, free - first.len())
            .await?;
        let left = free - first.len() - others.len();
        let more = if first.len() == half && left > 0 {
            self.claim(messages_first, workers, left).await?
        } else {
            Vec::new()
        };
        tasks.extend(first.into_iter().chain(others).chain(more));
        Ok(tasks)
    }

    /// Claims messages or flows of the accounts that are configured here, up to a number of them.
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
        let task = |record: Record| {
            let place = self.places.take(&record.account);
            Task::Flow(Box::new(record), until, place)
        };
        let Shares { of_any, one_each } = self.places.shares(workers, limit, &accounts);
        let mut tasks: Vec<Task> = Vec::new();
        if of_any > 0 {
            tasks.extend(
                self.store
                    .claim(now, until, of_any, &accounts)
                    .await?
                    .into_iter()
                    .map(task),
            );
        }
        for account in one_each {
            let has_one = tasks
                .iter()
                .any(|task| matches!(task, Task::Flow(record, ..) if record.account == account));
            if !has_one && tasks.len() < limit {
                tasks.extend(
                    self.store
                        .claim(now, until, 1, &[account])
                        .await?
                        .into_iter()
                        .map(task),
                );
            }
        }
        Ok(tasks)
    }

    /// How long there is nothing to do.
    async fn pause(&self) -> Duration {
        let due = match self.store.next_due(&self.account_names()).await {
            Ok(Some(due)) => Duration::try_from(due.duration_since(self.now())).unwrap_or_default(),
            Ok(None) => IDLE,
            Err(_) => AFTER_FAILURE,
        };
        due.clamp(SHORTEST, IDLE)
    }

    /// Carries a task out. What fails stays leased, and is tried again when the lease has run out.
    async fn carry_out(&self, task: Task) {
        if let Err(error) = self.try_carry_out(task).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a step failed and will be tried again"
            );
        }
    }

    async fn try_carry_out(&self, task: Task) -> Result<()> {
        let _under_way = self.tally.begin();
        match task {
            Task::Timer(name) => {
                let account = name.strip_prefix(SWEEP);
                let operation = if account.is_some() { "sweep" } else { &name };
                self.measured(account, operation, None, self.ring(&name))
                    .await
            }
            Task::Message(message) => {
                let account = message.account.clone();
                self.measured(Some(&account), "message", None, self.work_off(message))
                    .await
            }
            Task::Flow(record, until, _place) => self.step(*record, until).await,
        }?;
        self.tally.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Carries out the next step of a claimed flow, and those after it that are due at once and for which the lease lasts.
    async fn step(&self, record: Record, until: Timestamp) -> Result<()> {
        let at = match self.account(&record.account) {
            Ok(at) => at,
            // It waits for a program that knows this vendor, and a person is told.
            Err(FlowError::UnknownAccount(_)) => {
                return self.set_aside(record, Attention::Unconfigured).await;
            }
            Err(error) => return Err(error),
        };
        let mut flow = match self.open(record.clone()) {
            Err(FlowError::Damaged(_)) => return self.set_aside(record, Attention::Damaged).await,
            Err(FlowError::Newer) => return self.set_aside(record, Attention::NewerVersion).await,
            flow => flow?,
        };
        let id = flow.record.id;
        for left in (0..STEPS_OF_A_LEASE).rev() {
            flow.leased_until = (left > 0).then_some(until);
            match AssertUnwindSafe(self.carry_out_next(&at, flow))
                .catch_unwind()
                .await
            {
                Ok(done) => flow = done?,
                Err(_) => {
                    tracing::error!(flow = %id, account = %at.id, "an adapter panicked");
                    let flow = self.read(id).await?;
                    return self
                        .change(&at, flow, Lease::End, Input::Crashed)
                        .await
                        .map(drop);
                }
            }
            if flow.leased_until.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Carries out the next step of a flow.
    async fn carry_out_next(&self, at: &VendorHandle, flow: LoadedFlow) -> Result<LoadedFlow> {
        let command = Self::next(at, &flow, self.now()).command;
        let (name, id) = (
            command.as_ref().map_or("refresh", Command::name),
            flow.record.id,
        );
        self.measured(
            Some(&at.id),
            name,
            Some(id),
            self.carry_out_command(at, flow, command),
        )
        .await
    }

    async fn carry_out_command(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
        command: Option<Command>,
    ) -> Result<LoadedFlow> {
        self.check_clock().await?;
        let end = |flow, input| self.change(at, flow, Lease::End, input);
        let Some(command) = command else {
            // Only what the record says of it has to be brought up to date.
            return end(flow, Input::Refreshed).await;
        };
        match &command {
            Command::Create => self.create(at, flow).await.map(|(flow, _)| flow),
            Command::Search => self.search(at, flow).await,
            Command::SettleInterrupted => end(flow, Input::CreationInterrupted).await,
            Command::GiveUp => end(flow, Input::CreationGivenUp).await,
            Command::Spread => end(flow, Input::Spread).await,
            Command::Poll => self.poll(at, flow, None).await,
            Command::Fetch(handle) => self.poll(at, flow, Some(handle)).await,
            Command::Expire => end(flow, Input::Expired).await,
            Command::Delete | Command::ConfirmDeletion => self.delete(at, flow, &command).await,
            Command::KeepEvidence => self.keep_evidence(at, flow).await,
            Command::Erase => self.erase(at, flow).await,
        }
    }

    /// A flow that this program cannot work on is left as it is, for a person to look at. Now and then it is tried again, perhaps by a
    /// program that has the key, or the vendor.
    async fn set_aside(&self, mut record: Record, attention: Attention) -> Result<()> {
        tracing::error!(flow = %record.id, provider = record.provider, attention = attention.name(), "a flow waits for a person");
        record.attention = Some(attention.name().to_owned());
        record.due = Some(later(self.now(), SET_ASIDE));
        self.store.commit(&Commit::new(&record, &[])).await?;
        Ok(())
    }

    /// Forgets messages that were worked off, and events that were delivered, long ago.
    async fn purge(&self) -> Result<()> {
        self.store
            .purge_inbox(inbox::earlier(self.now(), inbox::REMEMBERED_FOR))
            .await?;
        self.store
            .purge_events(inbox::earlier(self.now(), KEPT_FOR))
            .await?;
        Ok(())
    }

    async fn ring(&self, name: &str) -> Result<()> {
        let period = TIMERS
            .iter()
            .find(|(timer, _)| *timer == name)
            .map(|(_, period)| *period);
        let swept = name
            .strip_prefix(SWEEP)
            .and_then(|account| self.account(account).ok());
        let (result, period) = match (name, &swept) {
            (TIE, _) => (self.seal_block().await, period),
            (RESEAL, _) => (self.reseal().await, period),
            (PURGE, _) => (self.purge().await, period),
            (_, Some(at)) => (self.sweep(at, name).await, at.schedule.sweep),
            _ => (Ok(()), None),
        };
        match &result {
            // A list that cannot be read now is read the next time.
            Err(FlowError::Vendor(error)) => {
                tracing::warn!(
                    timer = name,
                    kind = crate::machine::change::kind(error),
                    "a list could not be read"
                );
            }
            _ => result?,
        }
        // A timer that is nobody's here is left to those whose it is.
        let period = period.unwrap_or(NOT_OURS);
        Ok(self
            .store
            .wind_timer(name, later(self.now(), period))
            .await?)
    }
}
