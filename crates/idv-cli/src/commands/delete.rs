//! `idv delete`.

use clap::Args;
use idv::DeleteOutcome;
use serde_json::json;

use super::Run;
use crate::args::Which;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// Deletes a verification at the vendor. It cannot be undone.
#[derive(Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,
}

impl Run for Delete {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.which.id()?;
        let deleted = settings.connect()?.delete(&id).await?;
        output.answer(&json!({ "deleted": deleted }), |_| {
            match deleted {
                DeleteOutcome::Data => "the vendor deleted the person's data",
                DeleteOutcome::CanceledOnly => "the vendor called it off; data that it has are still there",
                DeleteOutcome::AlreadyGone => "the vendor knows no such verification, or none any more",
                DeleteOutcome::Accepted => {
                    "the vendor accepted the deletion and carries it out later: delete again to see whether it is done"
                }
                _ => "done",
            }
            .to_owned()
        })?;
        Ok(Exit::Done)
    }
}
