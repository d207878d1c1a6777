//! The workflow of a verification.
//!
//! It holds a plan, never personal data: each activity returns the flow's next step, as the state
//! machine of `idv-flow` plans it. The workflow schedules that step, waits for its time, and plans
//! anew after a signal.

use std::time::{Duration, SystemTime};

use idv_flow::{FlowId, FlowPlan};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use temporalio_common::error::IncomingError;
use temporalio_common::search_attributes::SearchAttributeKey;
use temporalio_sdk::error::ActivityExecutionError;
use temporalio_sdk::workflows::{select, workflow, workflow_methods};
use temporalio_sdk::{
    ActivityCloseTimeouts, ActivityOptions, ContinueAsNewOptions, SyncWorkflowContext,
    WorkflowContext, WorkflowContextView, WorkflowResult,
};

use crate::activities::{DecisionAnswer, DecisionRequest, Steps, UNKNOWN_FLOW};
use crate::queues::{Queue, Settings, activity_options};

/// The search attribute with the provider's id.
pub(crate) const PROVIDER: &str = "IdvProvider";
/// The search attribute with the flow's phase.
pub(crate) const PHASE: &str = "IdvPhase";
/// The search attribute with the outcome.
pub(crate) const OUTCOME: &str = "IdvOutcome";

const PROVIDER_KEY: SearchAttributeKey<String> = SearchAttributeKey::keyword(PROVIDER);
const PHASE_KEY: SearchAttributeKey<String> = SearchAttributeKey::keyword(PHASE);
const OUTCOME_KEY: SearchAttributeKey<String> = SearchAttributeKey::keyword(OUTCOME);

/// The longest timer. A later step is planned anew before it is due.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The maximum number of attempts of a create request at a vendor that recognizes a repetition.
const KEYED_ATTEMPTS: u32 = 3;
/// The longest download of an item of evidence. Heartbeats show earlier that its worker crashed.
const LONGEST_DOWNLOAD: Duration = Duration::from_secs(24 * 60 * 60);
/// No maximum number of attempts.
const UNLIMITED: u32 = 0;
/// The wait after a create activity was lost.
const AFTER_LOSS: Duration = Duration::from_secs(1);

/// The input of the workflow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VerificationInput {
    pub(crate) flow: FlowId,
    /// The plan, if it is known.
    pub(crate) plan: Option<FlowPlan>,
    pub(crate) settings: Settings,
    /// The current values of the search attributes.
    #[serde(default)]
    pub(crate) shown: Shown,
}

/// The values of the search attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    phase: Option<String>,
    outcome: Option<String>,
    /// The number of the last event whose delivery was requested.
    events: u64,
}

/// A verification, from its creation to its deletion.
#[workflow]
pub(crate) struct Verification {
    flow: FlowId,
    settings: Settings,
    plan: Option<FlowPlan>,
    shown: Shown,
    /// Whether the flow was changed since it was planned.
    is_stale: bool,
    /// Whether a decision has brought a new plan.
    is_decided: bool,
    /// Whether an activity of the flow itself is under way, beside those of decisions.
    is_busy: bool,
    /// The number of such activities.
    activities: u64,
    /// Whether a message waits in the inbox.
    has_message: bool,
    /// The number of decisions that are being recorded.
    decisions: u32,
}

#[workflow_methods]
impl Verification {
    #[init]
    fn new(_context: &WorkflowContextView, input: VerificationInput) -> Self {
        Self {
            flow: input.flow,
            settings: input.settings,
            plan: input.plan,
            shown: input.shown,
            is_stale: false,
            is_decided: false,
            is_busy: false,
            activities: 0,
            has_message: false,
            decisions: 0,
        }
    }

    /// Follows the flow until no step is left.
    #[run(name = "Verification")]
    pub(crate) async fn run(
        context: &mut WorkflowContext<Self>,
    ) -> WorkflowResult<Option<FlowPlan>> {
        let flow = context.state(|state| state.flow);
        loop {
            if context.state(Self::may_continue_as_new) && is_long(context) {
                let next = context.state(Self::next_input);
                context.continue_as_new(next, ContinueAsNewOptions::default())?;
            }
            let planned = match context.state_mut(Self::next_task) {
                Task::Receive(account) => {
                    let options = Self::options(context, Queue::Main, UNLIMITED);
                    let activity =
                        context.execute_activity(Steps::receive, (flow, account), options);
                    activity.await
                }
                Task::Plan => {
                    let options = Self::options(context, Queue::Main, UNLIMITED);
                    context.execute_activity(Steps::plan, flow, options).await
                }
                Task::CarryOut(plan) => Self::carry_out(context, plan).await,
                Task::Notify => {
                    let options = Self::options(context, Queue::Main, UNLIMITED);
                    // The rounds deliver what this activity could not.
                    let _ = context.execute_activity(Steps::notify, (), options).await;
                    continue;
                }
                Task::Wait(due) => {
                    Self::wait(context, due).await?;
                    continue;
                }
                Task::End(plan) => return Ok(Some(plan)),
            };
            match planned {
                Ok(plan) => Self::take(context, plan),
                Err(error) if is_unknown_flow(&error) => return Ok(None),
                // Only a create activity ends without a result. The next plan settles it.
                Err(_) => {
                    context.timer(AFTER_LOSS).await;
                    context.state_mut(|state| state.is_stale = true);
                }
            }
        }
    }

    /// Plans anew, because the flow was changed by a message, a list or the application.
    #[signal]
    pub(crate) fn changed(&mut self, _context: &mut SyncWorkflowContext<Self>) {
        self.is_stale = true;
    }

    /// Processes the inbox, because it has a message that is probably about this flow.
    #[signal]
    pub(crate) fn received(&mut self, _context: &mut SyncWorkflowContext<Self>) {
        self.has_message = true;
    }

    /// Returns the last plan; `None` before the first.
    #[query]
    pub(crate) fn status(&self, _context: &WorkflowContextView) -> Option<FlowPlan> {
        self.plan.clone()
    }

    /// Records a decision of the application or of an operator.
    #[update]
    pub(crate) async fn decide(
        context: &mut WorkflowContext<Self>,
        request: DecisionRequest,
    ) -> Result<DecisionAnswer, Box<dyn std::error::Error + Send + Sync>> {
        let before = context.state_mut(|state| {
            state.decisions = state.decisions.saturating_add(1);
            (state.is_busy, state.activities)
        });
        let options = Self::options(context, Queue::Main, UNLIMITED);
        let answer = context
            .execute_activity(Steps::decide, request, options)
            .await;
        let is_latest = context.state_mut(|state| {
            state.decisions = state.decisions.saturating_sub(1);
            state.is_decided = true;
            state.decisions == 0 && before == (false, state.activities)
        });
        match &answer {
            Ok(Ok(plan)) if is_latest => Self::take(context, plan.clone()),
            // Another activity may have planned after this one.
            _ => context.state_mut(|state| state.is_stale = true),
        }
        answer.map_err(Into::into)
    }
}

/// The next task of the workflow.
enum Task {
    Receive(Option<String>),
    Plan,
    CarryOut(FlowPlan),
    Notify,
    Wait(Option<Timestamp>),
    End(FlowPlan),
}

impl Verification {
    fn next_task(&mut self) -> Task {
        let task = self.choose_task();
        self.is_busy = !matches!(task, Task::Wait(_) | Task::End(_));
        self.activities += u64::from(self.is_busy);
        task
    }

    fn choose_task(&mut self) -> Task {
        self.is_decided = false;
        if std::mem::take(&mut self.has_message) {
            self.is_stale = false;
            return Task::Receive(self.plan.as_ref().map(|plan| plan.account.clone()));
        }
        let is_stale = std::mem::take(&mut self.is_stale);
        let Some(plan) = self.plan.clone().filter(|_| !is_stale) else {
            // A decision that started the workflow brings the first plan.
            let is_planned_soon = self.decisions > 0 && self.plan.is_none() && !is_stale;
            return if is_planned_soon {
                Task::Wait(None)
            } else {
                Task::Plan
            };
        };
        if plan.has_receivers && plan.events > self.shown.events {
            self.shown.events = plan.events;
            return Task::Notify;
        }
        if plan.command.is_some() {
            return Task::CarryOut(plan);
        }
        if plan.is_over() && self.decisions == 0 {
            return Task::End(plan);
        }
        Task::Wait(plan.due)
    }

    const fn may_continue_as_new(&self) -> bool {
        self.decisions == 0 && !self.has_message && !self.is_stale
    }

    fn next_input(&self) -> VerificationInput {
        VerificationInput {
            flow: self.flow,
            plan: self.plan.clone(),
            settings: self.settings,
            shown: self.shown.clone(),
        }
    }

    /// Takes a new plan over, and shows it.
    fn take(context: &WorkflowContext<Self>, plan: FlowPlan) {
        let phase = plan.phase.name();
        let outcome = plan.outcome.map(|outcome| outcome.name().to_owned());
        let provider = plan.provider.clone();
        let is_news = context.state_mut(|state| {
            state.plan = Some(plan);
            let shown = &mut state.shown;
            let is_news = shown.phase.as_deref() != Some(phase) || shown.outcome != outcome;
            (shown.phase, shown.outcome) = (Some(phase.to_owned()), outcome.clone());
            is_news && state.settings.search_attributes
        });
        if is_news {
            let mut attributes = vec![
                PROVIDER_KEY.value_set(provider),
                PHASE_KEY.value_set(phase.to_owned()),
            ];
            attributes.extend(outcome.map(|outcome| OUTCOME_KEY.value_set(outcome)));
            context.upsert_search_attributes(attributes);
        }
    }

    /// Carries out the command of a plan.
    async fn carry_out(
        context: &WorkflowContext<Self>,
        plan: FlowPlan,
    ) -> Result<FlowPlan, ActivityExecutionError> {
        let command = plan.command.unwrap_or_default();
        let account = Self::options(context, Queue::Account(&plan.account), UNLIMITED);
        let flow = plan.flow;
        match command.as_str() {
            "create" => {
                // A lost request must not be sent again unless the vendor recognizes it. The state
                // machine settles it either way.
                let attempts = if plan.is_keyed { KEYED_ATTEMPTS } else { 1 };
                let options = Self::options(context, Queue::Account(&plan.account), attempts);
                context.execute_activity(Steps::create, flow, options).await
            }
            "search" => context.execute_activity(Steps::search, flow, account).await,
            "poll" => context.execute_activity(Steps::poll, flow, account).await,
            "fetch" => context.execute_activity(Steps::fetch, flow, account).await,
            "keep_evidence" => {
                let mut options = account;
                options.close_timeouts = ActivityCloseTimeouts::StartToClose(LONGEST_DOWNLOAD);
                context
                    .execute_activity(Steps::keep_evidence, flow, options)
                    .await
            }
            "delete" => context.execute_activity(Steps::delete, flow, account).await,
            "confirm_deletion" => {
                context
                    .execute_activity(Steps::confirm_deletion, flow, account)
                    .await
            }
            _ => {
                let options = Self::options(context, Queue::Main, UNLIMITED);
                context
                    .execute_activity(Steps::advance, (flow, command), options)
                    .await
            }
        }
    }

    /// Waits until `due`, or until a signal arrives.
    async fn wait(context: &WorkflowContext<Self>, due: Option<Timestamp>) -> WorkflowResult<()> {
        let is_woken = |state: &Self| state.is_stale || state.is_decided || state.has_message;
        let Some(due) = due else {
            context
                .wait_condition(|state: &Self| {
                    is_woken(state) || (state.decisions == 0 && state.is_over())
                })
                .await?;
            return Ok(());
        };
        let now = now(context);
        let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        select! {
            _ = context.timer(wait.min(LONGEST_WAIT)) => {
                context.state_mut(|state| state.wait_ended(wait <= LONGEST_WAIT));
            }
            woken = context.wait_condition(is_woken) => woken?,
        }
        Ok(())
    }

    /// Makes the next command due, or has the flow planned anew.
    fn wait_ended(&mut self, is_due: bool) {
        let plan = self.plan.as_mut().filter(|_| is_due);
        match plan.and_then(|plan| Some((plan.next.take()?, plan))) {
            Some((next, plan)) => plan.command = Some(next),
            None => self.is_stale = true,
        }
    }

    fn is_over(&self) -> bool {
        self.plan.as_ref().is_some_and(FlowPlan::is_over)
    }

    fn options(
        context: &WorkflowContext<Self>,
        queue: Queue<'_>,
        attempts: u32,
    ) -> ActivityOptions {
        let settings = context.state(|state| state.settings);
        let main = context.task_queue();
        activity_options(main, queue, settings, attempts)
    }
}

fn is_long(context: &WorkflowContext<Verification>) -> bool {
    let longest = context.state(|state| state.settings.history_events);
    context.history_length() > longest || context.continue_as_new_suggested()
}

fn is_unknown_flow(error: &ActivityExecutionError) -> bool {
    match error.reason() {
        Some(IncomingError::Application(failure)) => failure.type_name() == Some(UNKNOWN_FLOW),
        _ => false,
    }
}

fn now(context: &WorkflowContext<Verification>) -> Timestamp {
    let now = context.workflow_time().unwrap_or(SystemTime::UNIX_EPOCH);
    Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH)
}
