//! Replays histories, to check that a program takes the same steps as the one that wrote them.

use idv_flow::FlowId;
use temporalio_client::WorkflowFetchHistoryOptions;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};

use crate::error::{Result, server};
use crate::host::Host;
use crate::rounds::Rounds;
use crate::workflow::Verification;

impl Host {
    /// Replays the history of a flow's workflow by the code of this program, and returns the number
    /// of events.
    ///
    /// Use it before an upgrade: the workflows that the old version began must replay by the new
    /// one.
    ///
    /// # Errors
    ///
    /// [`HostError::Server`](crate::HostError::Server) if the history cannot be read, or this
    /// program takes other steps.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn replay(&self, flow: FlowId) -> Result<usize> {
        let options = WorkflowReplayerOptions::new()
            .register_workflow::<Verification>()
            .map_err(server("the workflow is not valid"))?
            .register_workflow::<Rounds>()
            .map_err(server("the workflow is not valid"))?
            .namespace(self.options().namespace.clone())
            .task_queue(self.options().task_queue.clone())
            .data_converter(self.inner.converter())
            .build();
        let replayer =
            WorkflowReplayer::new(options).map_err(server("the replay could not be prepared"))?;
        let history = self
            .workflow(flow)
            .fetch_history(WorkflowFetchHistoryOptions::default());
        let replayed = replayer
            .replay_workflows([history])
            .await
            .map_err(server("the history could not be replayed"))?;
        let mut events = 0;
        for result in replayed {
            events += result.history.events().len();
            if let Some(failure) = result.replay_failure {
                return Err(server("the history does not replay")(failure));
            }
        }
        Ok(events)
    }
}
