//! Workers: carry out the workflows and the steps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use temporalio_common::worker::WorkerDeploymentOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, SlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};

use crate::activities::Steps;
use crate::error::{Result, server};
use crate::host::{Host, HostInner, milliseconds};
use crate::queues::account_queue;
use crate::rounds::{Rounds, RoundsInput};
use crate::workflow::Verification;

/// The default number of calls to an account that a worker makes at the same time.
const CALLS: usize = 100;
/// The number of workflow tasks, and of activities without a call, at the same time.
const TASKS: usize = 100;

/// The longest wait for the worker that has a workflow in its cache.
const STICKY: Duration = Duration::from_secs(10);

/// The longest round of repeated work. Heartbeats show earlier that its worker crashed.
const LONGEST_ROUND: Duration = Duration::from_secs(60 * 60);

/// The settings of a worker.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct WorkerSettings {
    /// The limits of the accounts, by their names.
    pub limits: BTreeMap<String, QueueLimits>,
    /// The deployment version of this program, so that open workflows stay with the version that
    /// they began with. Default: workflows continue with any version.
    pub deployment: Option<WorkerDeploymentOptions>,
}

/// The limits of the task queue of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct QueueLimits {
    /// The maximum number of calls at the same time of each worker. Default: 100.
    pub calls: Option<usize>,
    /// The maximum number of calls per second of all workers together. The server enforces it.
    pub per_second: Option<f64>,
}

impl QueueLimits {
    /// Returns limits with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum number of calls at the same time of each worker.
    #[must_use]
    pub const fn calls(mut self, calls: usize) -> Self {
        self.calls = Some(calls);
        self
    }

    /// Sets the maximum number of calls per second of all workers together.
    #[must_use]
    pub const fn per_second(mut self, calls: f64) -> Self {
        self.per_second = Some(calls);
        self
    }
}

impl WorkerSettings {
    /// Returns settings without limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limits of an account. Every worker needs the same.
    #[must_use]
    pub fn limits(mut self, account: impl Into<String>, limits: QueueLimits) -> Self {
        self.limits.insert(account.into(), limits);
        self
    }

    /// Sets the deployment version of this program.
    #[must_use]
    pub fn deployment(mut self, deployment: WorkerDeploymentOptions) -> Self {
        self.deployment = Some(deployment);
        self
    }
}

impl Host {
    /// Carries out workflows and steps until `stop` completes. Activities under way at that moment
    /// are completed first.
    ///
    /// One task queue has the workflows and the steps without a call; each account has a task queue
    /// of its own.
    ///
    /// # Errors
    ///
    /// [`HostError::Server`](crate::HostError::Server) if the server refuses the worker.
    ///
    /// # Cancellation
    ///
    /// Dropping the future has the effect of a crash: another worker takes over. A thread of the
    /// SDK, `workflow-processing`, may then end by a panic ("Activation processor channel not
    /// dropped"), which has no further effect.
    pub async fn run(
        &self,
        settings: &WorkerSettings,
        stop: impl Future<Output = ()>,
    ) -> Result<()> {
        let runtime = Runtime::from_current_tokio(Default::default())
            .map_err(server("the runtime could not be made"))?;
        self.inner.start_rounds().await?;
        let mut workers = self.inner.workers(&runtime, settings)?;
        let stops: Vec<_> = workers.iter().map(Worker::shutdown_handle).collect();
        let run = try_join_all(workers.iter_mut().map(Worker::run));
        let stop = async {
            stop.await;
            stops.iter().for_each(|stop| stop());
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            done = run => done.map(drop).map_err(server("a worker failed")),
            () = stop => Ok(()),
        }
    }
}

impl HostInner {
    fn workers(
        self: &Arc<Self>,
        runtime: &Runtime,
        settings: &WorkerSettings,
    ) -> Result<Vec<Worker>> {
        let main = &self.options.task_queue;
        let mut options = self.worker_options(main.clone(), TASKS, settings);
        options
            .register_workflow::<Verification>()
            .map_err(server("the workflow is not valid"))?
            .register_workflow::<Rounds>()
            .map_err(server("the workflow is not valid"))?;
        let mut all = vec![options];
        for account in self.engine.accounts() {
            let limits = settings.limits.get(account).copied().unwrap_or_default();
            let calls = limits.calls.unwrap_or(CALLS);
            let mut options = self.worker_options(account_queue(main, account), calls, settings);
            options.max_task_queue_activities_per_second = limits.per_second;
            all.push(options);
        }
        all.into_iter()
            .map(|options| {
                Worker::new(runtime, self.client.clone(), options)
                    .map_err(server("a worker could not be made"))
            })
            .collect()
    }

    fn worker_options(
        self: &Arc<Self>,
        task_queue: String,
        activities: usize,
        settings: &WorkerSettings,
    ) -> WorkerOptions {
        let slots = |number| SlotSupplier::from(FixedSizeSlotSupplier::new(number));
        let tuner = TunerHolder::builder()
            .workflow_task_slot_supplier(slots(TASKS))
            .activity_task_slot_supplier(slots(activities))
            .local_activity_task_slot_supplier(slots(1))
            .nexus_task_slot_supplier(slots(1))
            .build();
        let mut options = WorkerOptions::new(task_queue)
            .register_activities(Steps::new(Arc::clone(self)))
            .tuner(tuner)
            .sticky_queue_schedule_to_start_timeout(self.options.heartbeat.min(STICKY))
            .build();
        if let Some(deployment) = &settings.deployment {
            options.deployment_options = deployment.clone();
        }
        options
    }

    /// Starts the repeated work, unless it runs already.
    async fn start_rounds(&self) -> Result<()> {
        let sweeps = self.engine.accounts().filter(|account| {
            let client = self.engine.client(account);
            client.is_ok_and(|client| client.info().has(idv_core::Capability::Listing))
        });
        for account in sweeps.map(Some).chain([None]) {
            let main = &self.options.task_queue;
            let id = account.map_or_else(
                || format!("{main}-rounds"),
                |account| format!("{main}-rounds.{account}"),
            );
            let input = RoundsInput {
                account: account.map(str::to_owned),
                round_ms: milliseconds(LONGEST_ROUND),
                heartbeat_ms: milliseconds(self.options.heartbeat),
            };
            self.client
                .start_workflow(Rounds::run, input, self.start_once(id))
                .await
                .map_err(server("the repeated work could not be started"))?;
        }
        Ok(())
    }
}
