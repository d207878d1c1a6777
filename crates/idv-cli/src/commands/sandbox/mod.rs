//! `idv sandbox`: runs the sandbox, and drives a running one.

mod act;
mod clock;
mod lists;
mod remote;
mod requests;
mod server;

use clap::{Args, Subcommand};

use super::Run;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::settings::Settings;

/// Runs emulators of the vendors on the loopback interface until Ctrl-C, and prints settings to
/// paste. The subcommands drive a running one.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SandboxCommand {
    #[command(flatten)]
    server: server::Server,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Let the person and the vendor's staff play a scenario, or take a single step
    Act(act::Act),
    /// Send the callback of an event, without a verification
    Trigger(act::Trigger),
    /// List the verifications of all vendors
    Verifications(lists::Verifications),
    /// List the requests to the vendors, with the rule of each refusal
    Requests(requests::Requests),
    /// List the callbacks
    Callbacks(lists::Callbacks),
    /// Send a callback again
    Resend(act::Resend),
    /// Show, advance, freeze or start the clock
    Clock(clock::Clock),
}

impl Run for SandboxCommand {
    async fn run(self, _: &Settings, output: Output) -> Result<Exit, Failure> {
        match self.command {
            None => self.server.run(output).await,
            Some(Command::Act(command)) => command.run(output).await,
            Some(Command::Trigger(command)) => command.run(output).await,
            Some(Command::Verifications(command)) => command.run(output).await,
            Some(Command::Requests(command)) => command.run(output).await,
            Some(Command::Callbacks(command)) => command.run(output).await,
            Some(Command::Resend(command)) => command.run(output).await,
            Some(Command::Clock(command)) => command.run(output).await,
        }
    }

    fn ends_by_interrupt(&self) -> bool {
        match &self.command {
            None => true,
            Some(Command::Requests(command)) => command.follows(),
            Some(_) => false,
        }
    }
}
