//! `idv flow replay`.

use clap::Args;
use idv_flow::{Engine, FlowId};
use serde_json::json;

use super::flow_id;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// Sends an event to the configured webhook again, whether or not it was delivered. Its
/// `webhook-id` is FLOW-SEQUENCE, the same as the first time.
#[derive(Args)]
pub(crate) struct Replay {
    /// The flow
    #[arg(value_parser = flow_id)]
    id: FlowId,

    /// The sequence number of the event in its flow, from 1
    sequence: u64,
}

impl Replay {
    pub(crate) async fn run(self, flow: &Engine, output: Output) -> Result<Exit, Failure> {
        flow.replay(self.id, self.sequence).await?;
        let answer = json!({ "flow": self.id, "sequence": self.sequence, "delivered": true });
        output.answer(&answer, |_| {
            "the webhook's endpoint accepted the event".to_owned()
        })?;
        Ok(Exit::Done)
    }
}
