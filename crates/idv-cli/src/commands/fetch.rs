//! `idv fetch`.

use clap::Args;
use idv::ResultHandle;

use super::Run;
use crate::args::VerificationArgs;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;
use crate::words;

/// Fetches the result of a verification.
#[derive(Args)]
pub(crate) struct Fetch {
    #[command(flatten)]
    verification: VerificationArgs,

    /// The `result_handle` that `idv poll` printed; some vendors require it
    #[arg(long)]
    handle: Option<String>,
}

impl Run for Fetch {
    async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.verification.id()?;
        let handle = self.handle.map(ResultHandle::new);
        let observation = settings.connect()?.fetch(&id, handle.as_ref()).await?;
        output.answer(&observation, words::observation)?;
        Ok(Exit::Done)
    }
}
