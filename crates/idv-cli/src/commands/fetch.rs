//! `idv fetch`.

use clap::Args;
use idv::{ResultHandle, Want};

use crate::args::Which;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;
use crate::words;

/// Fetches the result of a verification.
#[derive(Args)]
pub(crate) struct Fetch {
    #[command(flatten)]
    which: Which,

    /// What an earlier answer named for fetching the result; some vendors need it
    #[arg(long)]
    handle: Option<String>,

    /// Also bring evidence that the vendor embeds in its result
    #[arg(long)]
    embedded_evidence: bool,
}

impl Fetch {
    pub(crate) async fn run(self, settings: &Settings, output: Output) -> Result<Exit, Failure> {
        let id = self.which.id()?;
        let handle = self.handle.map(ResultHandle::new);
        let mut want = Want::default();
        want.embedded_evidence = self.embedded_evidence;
        let observation = settings.connect()?.fetch(&id, handle.as_ref(), &want).await?;
        output.answer(&observation, words::observation)?;
        Ok(Exit::Done)
    }
}
