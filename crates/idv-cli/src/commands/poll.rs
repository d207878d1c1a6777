//! `idv poll`.

use clap::Args;

use super::Run;
use crate::args::Which;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;
use crate::words;

/// Asks for the state of a verification. The `result_handle` of the answer, if there is one, is for `idv fetch --handle`.
#[derive(Args)]
pub(crate) struct Poll {
    #[command(flatten)]
    which: Which,
}

impl Run for Poll {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.which.id()?;
        let observation = settings.connect()?.poll(&id).await?;
        output.answer(&words::observation_json(&observation), |_| {
            words::observation(&observation)
        })?;
        Ok(Exit::Done)
    }
}
