//! The workflows that repeat work at intervals: one for the store as a whole, one for each vendor
//! with a list.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_client::RetryPolicy;
use temporalio_sdk::workflows::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, ContinueAsNewOptions, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use crate::activities::Steps;
use crate::queues::{LONGEST_BACKOFF, account_queue};

/// The number of rounds of a run. Then the workflow continues as a new run.
const ROUNDS: u32 = 100;

/// The input of the workflow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RoundsInput {
    /// The account whose list is read; `None` for the housekeeping.
    pub(crate) account: Option<String>,
    /// The longest time of a round.
    pub(crate) round_ms: u64,
    /// The longest silence of a worker.
    pub(crate) heartbeat_ms: u64,
}

/// Work that is repeated at intervals.
#[workflow]
pub(crate) struct Rounds {
    input: RoundsInput,
}

#[workflow_methods]
impl Rounds {
    #[init]
    fn new(_context: &WorkflowContextView, input: RoundsInput) -> Self {
        Self { input }
    }

    /// Repeats the work until the workflow is terminated.
    #[run(name = "Rounds")]
    pub(crate) async fn run(context: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let input = context.state(|state| state.input.clone());
        let main = context.task_queue().to_owned();
        let queue = match &input.account {
            Some(account) => account_queue(&main, account),
            None => main,
        };
        let retry = RetryPolicy::builder()
            .maximum_interval(LONGEST_BACKOFF)
            .build();
        let options =
            ActivityOptions::with_start_to_close_timeout(Duration::from_millis(input.round_ms))
                .heartbeat_timeout(Duration::from_millis(input.heartbeat_ms))
                .task_queue(queue)
                .retry_policy(retry)
                .build();
        for _ in 0..ROUNDS {
            let options = options.clone();
            let pause = match &input.account {
                Some(account) => {
                    context
                        .execute_activity(Steps::sweep, account.clone(), options)
                        .await?
                }
                None => {
                    context
                        .execute_activity(Steps::keep_house, (), options)
                        .await?
                }
            };
            context.timer(Duration::from_millis(pause)).await;
        }
        context.continue_as_new(input, ContinueAsNewOptions::default())?;
        Ok(())
    }
}
