//! `idv poll`.

use clap::Args;

use super::Run;
use crate::args::VerificationArgs;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;
use crate::words;

/// Shows the state of a verification. If the output contains a `result_handle`, pass it to `idv
/// fetch --handle`.
#[derive(Args)]
pub(crate) struct Poll {
    #[command(flatten)]
    verification: VerificationArgs,
}

impl Run for Poll {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.verification.id()?;
        let observation = settings.connect()?.poll(&id).await?;
        output.answer(&words::observation_json(&observation), |_| {
            words::observation(&observation)
        })?;
        Ok(Exit::Done)
    }
}
