//! The activities: single steps of the engine.

use std::sync::Arc;
use std::time::Duration;

use idv_flow::{FlowDecision, FlowError, FlowId, FlowPlan};
use serde::{Deserialize, Serialize};
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError, activities};

use crate::host::HostInner;
use crate::signals::DRIVEN;

/// The maximum number of messages that one activity processes.
const MESSAGES_AT_ONCE: usize = 16;
/// The maximum number of items that one round of the housekeeping processes per query.
const ROUND: usize = 100;
/// The name of failures that no retry changes: the flow does not exist, because it was purged.
pub(crate) const UNKNOWN_FLOW: &str = "unknown_flow";

/// The steps of the engine, as activities.
pub(crate) struct Steps {
    host: Arc<HostInner>,
}

/// A decision of the application or of an operator about a flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DecisionRequest {
    pub(crate) flow: FlowId,
    pub(crate) decision: FlowDecision,
    /// The account that decided.
    pub(crate) by: String,
    /// The id of the update, by which the flow recognizes a repetition.
    pub(crate) key: String,
}

/// The answer to a decision: the new plan, or why the flow's state does not allow it.
pub(crate) type DecisionAnswer = Result<FlowPlan, String>;

impl Steps {
    pub(crate) const fn new(host: Arc<HostInner>) -> Self {
        Self { host }
    }

    /// Carries out a command, with heartbeats.
    async fn step(
        &self,
        context: &ActivityContext,
        flow: FlowId,
        command: &str,
    ) -> Result<FlowPlan, ActivityError> {
        let step = DRIVEN.scope(flow, self.host.engine.carry_out(flow, command));
        self.alive(context, step).await
    }

    /// Awaits a step of the engine, and reports meanwhile that this worker is alive.
    async fn alive<T>(
        &self,
        context: &ActivityContext,
        step: impl Future<Output = Result<T, FlowError>>,
    ) -> Result<T, ActivityError> {
        // On the heap: the stack of a runtime's thread is small.
        let mut step = Box::pin(step);
        let interval = self.host.options.heartbeat / 3;
        loop {
            tokio::select! {
                biased;
                done = &mut step => return done.map_err(|error| failure(&error)),
                () = tokio::time::sleep(interval.max(Duration::from_millis(100))) => {
                    // A heartbeat that does not arrive counts as missing.
                    let _ = context.record_heartbeat(()).await;
                }
            }
        }
    }
}

#[activities]
impl Steps {
    /// Plans the next step.
    #[activity]
    pub(crate) async fn plan(
        self: Arc<Self>,
        _context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.host
            .engine
            .plan(flow)
            .await
            .map_err(|error| failure(&error))
    }

    /// Sends the create request.
    #[activity]
    pub(crate) async fn create(
        self: Arc<Self>,
        context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.step(&context, flow, "create").await
    }

    /// Searches for the verification of a create request whose answer is lost.
    #[activity]
    pub(crate) async fn search(
        self: Arc<Self>,
        context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.step(&context, flow, "search").await
    }

    /// Polls the vendor.
    #[activity]
    pub(crate) async fn poll(
        self: Arc<Self>,
        context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.step(&context, flow, "poll").await
    }

    /// Fetches the result.
    #[activity]
    pub(crate) async fn fetch(
        self: Arc<Self>,
        context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.step(&context, flow, "fetch").await
    }

    /// Downloads and stores an item of evidence.
    #[activity]
    pub(crate) async fn keep_evidence(
        self: Arc<Self>,
        context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.step(&context, flow, "keep_evidence").await
    }

    /// Has the vendor delete its copy.
    #[activity]
    pub(crate) async fn delete(
        self: Arc<Self>,
        context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.step(&context, flow, "delete").await
    }

    /// Asks the vendor whether it still has a copy.
    #[activity]
    pub(crate) async fn confirm_deletion(
        self: Arc<Self>,
        context: ActivityContext,
        flow: FlowId,
    ) -> Result<FlowPlan, ActivityError> {
        self.step(&context, flow, "confirm_deletion").await
    }

    /// Carries out a command that calls no vendor.
    #[activity]
    pub(crate) async fn advance(
        self: Arc<Self>,
        context: ActivityContext,
        step: (FlowId, String),
    ) -> Result<FlowPlan, ActivityError> {
        let (flow, command) = step;
        self.step(&context, flow, &command).await
    }

    /// Processes the messages of an account that wait in the inbox.
    #[activity]
    pub(crate) async fn receive(
        self: Arc<Self>,
        context: ActivityContext,
        step: (FlowId, Option<String>),
    ) -> Result<FlowPlan, ActivityError> {
        let (flow, account) = step;
        let engine = &self.host.engine;
        let step = DRIVEN.scope(flow, async {
            engine
                .process_inbox(account.as_deref(), MESSAGES_AT_ONCE)
                .await?;
            engine.plan(flow).await
        });
        self.alive(&context, step).await
    }

    /// Delivers events to the application.
    #[activity]
    pub(crate) async fn notify(
        self: Arc<Self>,
        context: ActivityContext,
    ) -> Result<u64, ActivityError> {
        let delivered = self
            .alive(&context, self.host.engine.deliver_events())
            .await?;
        Ok(u64::try_from(delivered).unwrap_or(u64::MAX))
    }

    /// Records a decision of the application or of an operator. A repetition finds it recorded.
    #[activity]
    pub(crate) async fn decide(
        self: Arc<Self>,
        _context: ActivityContext,
        request: DecisionRequest,
    ) -> Result<DecisionAnswer, ActivityError> {
        let DecisionRequest {
            flow,
            decision,
            by,
            key,
        } = &request;
        let decide = self.host.engine.decide(*flow, decision, by, key);
        match DRIVEN.scope(*flow, decide).await {
            Ok(plan) => Ok(Ok(plan)),
            // These texts are of fixed words and times.
            Err(
                error @ (FlowError::Conflict(_)
                | FlowError::Invalid(_)
                | FlowError::Held { .. }
                | FlowError::UnknownFlow(_)),
            ) => Ok(Err(error.to_string())),
            Err(error) => Err(failure(&error)),
        }
    }

    /// Does the work of the store as a whole: its timers, the inbox, the outbox, and flows whose
    /// signal was lost. Returns the milliseconds until the next round.
    #[activity]
    pub(crate) async fn keep_house(
        self: Arc<Self>,
        context: ActivityContext,
    ) -> Result<u64, ActivityError> {
        let (engine, options) = (&self.host.engine, &self.host.options);
        let round = async {
            engine.fire_timers(None).await?;
            while engine.process_inbox(None, ROUND).await? == ROUND {}
            engine.deliver_events().await?;
            for plan in engine.stalled(options.stalled_after, ROUND).await? {
                self.host.wake(plan.flow).await;
            }
            Ok(milliseconds(options.round))
        };
        self.alive(&context, round).await
    }

    /// Reads the list of an account's vendor, if that is due. Returns the milliseconds until the
    /// next round.
    #[activity]
    pub(crate) async fn sweep(
        self: Arc<Self>,
        context: ActivityContext,
        account: String,
    ) -> Result<u64, ActivityError> {
        let sweep = self.host.engine.fire_timers(Some(&account));
        self.alive(&context, sweep).await?;
        Ok(milliseconds(self.host.options.round))
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the failure of an activity. The history shows its text, so it has fixed words only.
fn failure(error: &FlowError) -> ActivityError {
    let kind = match error {
        FlowError::UnknownFlow(_) => UNKNOWN_FLOW,
        FlowError::UnknownAccount(_) => "unknown_account",
        FlowError::Damaged(_) => "damaged",
        FlowError::Newer => "newer",
        FlowError::Store(_) => "store",
        FlowError::Keys(_) => "keys",
        FlowError::WrongClock { .. } => "wrong_clock",
        _ => "other",
    };
    tracing::warn!(
        error = error as &dyn std::error::Error,
        kind,
        "an activity failed"
    );
    let failure = ApplicationFailure::builder(format!("the step failed: {kind}"))
        .type_name(kind.to_owned())
        .non_retryable(kind == UNKNOWN_FLOW);
    ActivityError::Application(Box::new(failure.build()))
}
