//! Workers: claim flows, messages and timers that are due, and carry their steps out.

mod claims;
mod create;
pub(crate) mod delete;
mod delivery;
mod evidence;
pub(crate) mod inbox;
pub(crate) mod places;
pub(crate) mod poll;
pub(crate) mod spawned;
mod steps;
pub(crate) mod timers;

use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, join, select};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::oneshot;

use self::claims::InboxView;
use self::places::Place;
pub(crate) use self::steps::SET_ASIDE;
use self::timers::SWEEP;
use crate::engine::Engine;
use crate::engine::accounts::permits::Permit;
use crate::engine::repository::Inner;
use crate::error::Result;
use crate::store::{Message, Record};

/// The time after which the store is tried again when it has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Numbers of steps of this program's workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerStats {
    /// The number of steps under way.
    pub under_way: usize,
    /// The number of steps completed since the engine was opened.
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

    /// Counts a step as under way until the returned guard is dropped.
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

/// A claimed piece of work.
enum Task {
    Timer(String),
    Message(Message),
    /// A flow, the end of its lease, and the permit for its next call.
    Flow(Box<Record>, Timestamp, Place, Permit),
}

impl Engine {
    /// Runs every step that becomes due, up to `workers` at the same time, until `stop` completes.
    /// Steps under way at that moment are completed first, which takes no longer than a call.
    ///
    /// Failures of a vendor are part of the work; failures of the store are logged, and the step is
    /// retried.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run_leaping(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    ///
    /// let started = engine.submit(NewVerification::new(engine.reference())).await?;
    /// // In a server, `stop` completes when it shuts down.
    /// let stop = async {
    ///     engine.wait_for_hand_off(started.id).await.expect("a worker creates the verification");
    /// };
    /// engine.run(4, stop).await;
    /// assert!(engine.status(started.id).await?.hand_off.is_some());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, nothing is lost: a worker takes over the steps under way when
    /// their lease has expired.
    pub async fn run(&self, workers: usize, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = oneshot::channel();
        // The gauges are recorded until the last delivery has ended.
        let deliver = async {
            select(pin!(self.inner.deliver(stopped)), pin!(self.inner.sample())).await;
        };
        join(self.work(workers, stop, stopping), deliver).await;
    }

    /// Carries out steps until `stop` completes, then drops `stopping`.
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
        let mut inbox = InboxView::default();
        loop {
            // Timers are claimed beyond the number of workers.
            let free = workers.saturating_sub(under_way.len());
            let wait = match meanwhile(&mut under_way, inner.take(workers, free, &mut inbox)).await
            {
                Ok(tasks) => {
                    let all = tasks.len() >= free;
                    under_way.extend(
                        tasks
                            .into_iter()
                            .map(|task| -> BoxFuture<'_, ()> { Box::pin(inner.carry_out(task)) }),
                    );
                    match under_way.len() >= workers {
                        // While every worker is busy, no claim is made.
                        true => None,
                        // A worker became free during the claim, and more work may be due.
                        false if all => Some(Duration::ZERO),
                        false => {
                            // After a pause the inbox may have messages.
                            inbox = InboxView::default();
                            Some(meanwhile(&mut under_way, inner.pause()).await)
                        }
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
                        let notified = pin!(inner.wakeup.notified());
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
        inner.release_permits().await;
    }

    /// Runs every step that is due now, one after the other, delivers the events, and returns the
    /// number of steps: for a program that the system starts at intervals, and for tests.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// # let id = bank.start(&engine).await?;
    ///
    /// assert_eq!(engine.run_due().await?, 0);
    /// clock.advance(Duration::from_secs(120));
    /// assert!(engine.run_due().await? > 0); // a poll, among others
    /// assert!(engine.status(id).await?.due.is_some());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors): the first error ends the call. Failures of a vendor are part
    /// of the work.
    ///
    /// # Cancellation
    ///
    /// As [`Engine::run`].
    pub async fn run_due(&self) -> Result<usize> {
        let mut done = 0;
        loop {
            let tasks = self.inner.take(1, 1, &mut InboxView::default()).await?;
            if tasks.is_empty() {
                self.inner.deliver_all_due().await?;
                self.inner.release_permits().await;
                return Ok(done);
            }
            done += tasks.len();
            for task in tasks {
                self.inner.try_carry_out(task).await?;
            }
        }
    }
}

/// Awaits a future and polls the steps under way meanwhile: one of them may hold the connection
/// that the future waits for.
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
    /// Carries out a task. A failed one stays leased, and is tried again when its lease has ended.
    async fn carry_out(&self, task: Task) {
        if let Err(error) = self.try_carry_out(task).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a step failed and will be tried again"
            );
        }
    }

    async fn try_carry_out(&self, task: Task) -> Result<()> {
        let _under_way = self.worker_stats.begin();
        match task {
            Task::Timer(name) => {
                let account = name.strip_prefix(SWEEP);
                let operation = if account.is_some() { "sweep" } else { &name };
                self.measured(account, operation, None, self.fire_timer(&name))
                    .await
            }
            Task::Message(message) => {
                let account = message.account.clone();
                self.measured(
                    Some(&account),
                    "message",
                    None,
                    self.process_message(message),
                )
                .await
            }
            Task::Flow(record, until, _place, permit) => self.step(*record, until, permit).await,
        }?;
        self.worker_stats.done.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
