//! `idv completions` and `idv man`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Run;
use crate::args::Cli;
use crate::failure::{Exit, Failure};
use crate::output::{self, Output};
use crate::settings::Settings;

/// Prints a shell script that completes the commands and options of this program.
///
/// For bash: idv completions bash > ~/.local/share/bash-completion/completions/idv
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Run for Completions {
    async fn run(self, _: &Settings, _: Output) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "idv", &mut script);
        output::bytes(&script)?;
        Ok(Exit::Done)
    }
}

/// Prints the manual page of this program, for `man`.
///
/// To read it: idv man | man -l -
#[derive(Args)]
pub(crate) struct Man {}

impl Run for Man {
    async fn run(self, _: &Settings, _: Output) -> Result<Exit, Failure> {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        output::bytes(&page)?;
        Ok(Exit::Done)
    }
}
