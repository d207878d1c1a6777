//! `idv delete`.

use clap::Args;
use idv::DeleteOutcome;
use serde_json::json;

use super::Run;
use crate::args::VerificationArgs;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// Deletes a verification at the vendor. This cannot be undone.
#[derive(Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    verification: VerificationArgs,
}

impl Run for Delete {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.verification.id()?;
        let deleted = settings.connect()?.delete(&id).await?;
        output.answer(&json!({ "deleted": deleted }), |_| {
            match deleted {
                DeleteOutcome::Data => "the vendor deleted the person's data",
                DeleteOutcome::CanceledOnly => "the vendor canceled the verification but still has its data",
                DeleteOutcome::AlreadyGone => "the vendor has no such verification, or no longer has it",
                DeleteOutcome::Accepted => {
                    "the vendor accepted the deletion and will carry it out later: repeat the command to see whether it is done"
                }
                _ => "done",
            }
            .to_owned()
        })?;
        Ok(Exit::Done)
    }
}
