//! The host: an engine whose steps are scheduled by workflows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::unfold;
use idv_core::OsRandom;
use idv_flow::{
    Engine, EngineBuilder, FlowDecision, FlowId, FlowPlan, Resolution, Retention, StartRequest,
    StartResponse,
};
use temporalio_client::errors::WorkflowUpdateError;
use temporalio_client::{
    Client, ClientOptions, Connection, WorkflowExecuteUpdateOptions, WorkflowHandle,
    WorkflowIdConflictPolicy, WorkflowIdReusePolicy, WorkflowQueryOptions, WorkflowStartOptions,
};
use temporalio_common::data_converters::{
    DataConverter, DefaultFailureConverter, PayloadConverter,
};
use tokio::task::JoinHandle;

use crate::activities::DecisionRequest;
use crate::codec::SealingCodec;
use crate::error::{HostError, Result, server};
use crate::options::HostOptions;
use crate::queues::Settings;
use crate::signals::{Notice, NoticeKind, NoticeReceiver, Notices};
use crate::workflow::{Shown, Verification, VerificationInput};

/// The number of signals that are sent at the same time.
const SIGNALS_AT_ONCE: usize = 16;

/// The time after which another worker gets the workflow task of a crashed one.
const LONGEST_TASK: Duration = Duration::from_secs(10);

/// The maximum number of times that a decision is sent to a workflow that ends meanwhile.
const DECISION_ATTEMPTS: usize = 5;

/// An engine whose steps are scheduled by workflows. Cheap to clone; clones share their state.
///
/// Start and decide by the host; read by its [engine](Host::engine). Do not call
/// [`Engine::run`]: the workers of the [host](Host::run) carry out the steps.
#[derive(Clone)]
pub struct Host {
    pub(crate) inner: Arc<HostInner>,
    _signals: Arc<SignalTask>,
}

pub(crate) struct HostInner {
    pub(crate) engine: Engine,
    pub(crate) client: Client,
    pub(crate) options: HostOptions,
}

/// Ends the task that sends signals when the last host is dropped.
struct SignalTask(JoinHandle<()>);

impl Drop for SignalTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Host {
    /// Opens the engine and binds it to a server.
    ///
    /// # Errors
    ///
    /// [`HostError::NoKey`] if the vault has no key, and the errors of
    /// [`EngineBuilder::open`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the tables of the store may be up to date; opening again is safe.
    pub async fn open(
        builder: EngineBuilder,
        connection: Connection,
        options: HostOptions,
    ) -> Result<Self> {
        let (notices, receiver) = Notices::new();
        let engine = builder.observer(Arc::new(notices)).open().await?;
        if engine.is_plain() {
            return Err(HostError::NoKey);
        }
        let client_options = ClientOptions::new(options.namespace.clone())
            .data_converter(converter(&engine))
            .build();
        let client =
            Client::new(connection, client_options).map_err(server("the client is not valid"))?;
        let inner = Arc::new(HostInner {
            engine,
            client,
            options,
        });
        let task = tokio::spawn(send_signals(Arc::clone(&inner), receiver));
        Ok(Self {
            inner,
            _signals: Arc::new(SignalTask(task)),
        })
    }

    /// Returns the engine, to read flows, reports, evidence, events and the audit trail, and to
    /// receive callbacks.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Returns the settings.
    #[must_use]
    pub fn options(&self) -> &HostOptions {
        &self.inner.options
    }

    /// Commits the intent to create a verification, and starts its workflow.
    ///
    /// A reference, and a [key](StartRequest::key), is started once: a second call returns the flow
    /// of the first. If the server is away, the intent stays, and the housekeeping starts the
    /// workflow later. [`Engine::wait_for_hand_off`] waits for the vendor's answer.
    ///
    /// # Errors
    ///
    /// Those of [`Engine::submit`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the intent is committed or not: repeat the call with the same
    /// reference or key.
    pub async fn start(&self, start: impl Into<StartRequest>) -> Result<StartResponse> {
        let started = self.inner.engine.submit(start).await?;
        let plan = self.inner.engine.plan(started.id).await?;
        if !plan.is_over()
            && let Err(error) = self.inner.start_workflow(started.id, Some(plan)).await
        {
            tracing::warn!(flow = %started.id, error = &error as &dyn std::error::Error, "a workflow could not be started; the housekeeping starts it later");
        }
        Ok(started)
    }

    /// Returns the plan of a flow as its workflow knows it; `None` before its first plan.
    ///
    /// # Errors
    ///
    /// [`HostError::Server`] if the server does not know the workflow, or no worker answers.
    /// [`Engine::status`] reads the store instead.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn plan(&self, flow: FlowId) -> Result<Option<FlowPlan>> {
        self.workflow(flow)
            .query(Verification::status, (), WorkflowQueryOptions::default())
            .await
            .map_err(server("the workflow did not answer"))
    }

    /// Carries out an operator's decision about a flow. `by` is the operator's account, without
    /// personal data.
    ///
    /// # Errors
    ///
    /// [`HostError::Refused`], with an explanation, if the state of the flow does not allow it.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the decision is recorded as a whole or not at all.
    pub async fn resolve(
        &self,
        flow: FlowId,
        resolution: &Resolution,
        by: &str,
    ) -> Result<FlowPlan> {
        let decision = FlowDecision::Resolve(resolution.clone());
        self.decide(flow, decision, by).await
    }

    /// Requests the deletion of the vendor's copy and of ours. `by` is the account that requests
    /// it, without personal data.
    ///
    /// # Errors
    ///
    /// [`HostError::Refused`] if one of them must be kept longer.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the request is recorded as a whole or not at all.
    pub async fn delete(&self, flow: FlowId, by: &str) -> Result<FlowPlan> {
        self.decide(flow, FlowDecision::Delete, by).await
    }

    /// Changes the retention of the copies, to put a legal hold on them for example.
    ///
    /// # Errors
    ///
    /// [`HostError::Refused`] if our own copy is already erased.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is recorded as a whole or not at all.
    pub async fn retain(&self, flow: FlowId, retention: Retention, by: &str) -> Result<FlowPlan> {
        self.decide(flow, FlowDecision::Retain(retention), by).await
    }

    async fn decide(&self, flow: FlowId, decision: FlowDecision, by: &str) -> Result<FlowPlan> {
        // The flow exists, whether or not its workflow is open.
        self.inner.engine.plan(flow).await?;
        // The server takes an update of one id once per run of a workflow, and the flow takes it
        // once at all: an activity whose answer a crash has lost is repeated.
        let key = FlowId::random(&OsRandom).to_string();
        let request = DecisionRequest {
            flow,
            decision,
            by: by.to_owned(),
            key: key.clone(),
        };
        let options = WorkflowExecuteUpdateOptions::builder()
            .update_id(key)
            .build();
        for _ in 0..DECISION_ATTEMPTS {
            self.inner.start_workflow(flow, None).await?;
            let answer = self
                .workflow(flow)
                .execute_update(Verification::decide, request.clone(), options.clone())
                .await;
            match answer {
                Ok(answer) => return answer.map_err(HostError::Refused),
                // The workflow ended before it took the decision.
                Err(WorkflowUpdateError::NotFound(_)) => {}
                Err(error) => return Err(server("the decision was not recorded")(error)),
            }
        }
        Err(server("the decision was not recorded")(
            "the workflow ended each time",
        ))
    }

    pub(crate) fn workflow(&self, flow: FlowId) -> WorkflowHandle<Client, Verification> {
        self.inner
            .client
            .get_workflow_handle(self.inner.workflow_id(flow))
    }
}

impl HostInner {
    /// Returns the converter that seals payloads.
    pub(crate) fn converter(&self) -> DataConverter {
        converter(&self.engine)
    }

    /// Returns the id of a flow's workflow.
    pub(crate) fn workflow_id(&self, flow: FlowId) -> String {
        format!("{}-{flow}", self.options.task_queue)
    }

    /// Starts the workflow of a flow unless it is open.
    pub(crate) async fn start_workflow(&self, flow: FlowId, plan: Option<FlowPlan>) -> Result<()> {
        self.client
            .start_workflow(
                Verification::run,
                self.input(flow, plan),
                self.start_options(flow),
            )
            .await
            .map(drop)
            .map_err(server("a workflow could not be started"))
    }

    /// Signals the workflow of a flow, and starts it if it is not open. After a failure the
    /// housekeeping finds the flow.
    pub(crate) async fn wake(&self, flow: FlowId) {
        self.send(Notice {
            flow,
            kind: NoticeKind::Changed,
        })
        .await;
    }

    async fn send(&self, notice: Notice) {
        let Notice { flow, kind } = notice;
        let (client, input, options) = (
            &self.client,
            self.input(flow, None),
            self.start_options(flow),
        );
        let run = Verification::run;
        let sent = match kind {
            NoticeKind::Changed => client
                .signal_with_start_workflow(run, input, Verification::changed, (), options)
                .await
                .map(drop),
            NoticeKind::Received => client
                .signal_with_start_workflow(run, input, Verification::received, (), options)
                .await
                .map(drop),
        };
        if let Err(error) = sent {
            tracing::warn!(%flow, error = &error as &dyn std::error::Error, "a workflow could not be signaled; the housekeeping signals it later");
        }
    }

    fn input(&self, flow: FlowId, plan: Option<FlowPlan>) -> VerificationInput {
        VerificationInput {
            flow,
            plan,
            settings: self.settings(),
            shown: Shown::default(),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            step_ms: milliseconds(self.engine.lease()),
            heartbeat_ms: milliseconds(self.options.heartbeat),
            history_events: self.options.history_events,
            search_attributes: self.options.search_attributes,
        }
    }

    fn start_options(&self, flow: FlowId) -> WorkflowStartOptions {
        self.start_once(self.workflow_id(flow))
    }

    /// Returns the options to start the workflow with this id unless it is open.
    pub(crate) fn start_once(&self, id: String) -> WorkflowStartOptions {
        WorkflowStartOptions::new(self.options.task_queue.clone(), id)
            .id_reuse_policy(WorkflowIdReusePolicy::AllowDuplicate)
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .task_timeout(self.options.heartbeat.min(LONGEST_TASK))
            .build()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

fn converter(engine: &Engine) -> DataConverter {
    DataConverter::new(
        PayloadConverter::default(),
        DefaultFailureConverter::default(),
        SealingCodec::new(engine.clone()),
    )
}

/// Sends the signals of notices as they arrive.
async fn send_signals(host: Arc<HostInner>, receiver: NoticeReceiver) {
    unfold(receiver, |mut receiver| async {
        let notice = receiver.next().await?;
        Some((notice, receiver))
    })
    .for_each_concurrent(SIGNALS_AT_ONCE, |notice| host.send(notice))
    .await;
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
