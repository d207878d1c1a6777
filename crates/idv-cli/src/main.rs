//! The program `idv`: verify people's identity from the command line, and try every vendor without an account.
//!
//! `idv demo` shows everything without an account or a network; `idv --help` lists the rest.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod demo;
mod escape;
mod failure;
mod interrupt;
mod output;
mod request;
mod settings;
mod usage;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::commands::completions;
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::settings::Settings;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error).into(),
    };
    log_to_standard_error(cli.command.ends_by_interrupt());
    let verbose = cli.verbose;
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(verbose).into(),
    }
}

/// Prints help and the version as they are, and a usage error in one line.
fn usage_error(error: &clap::Error) -> Exit {
    use clap::error::ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};

    if matches!(error.kind(), DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion) {
        // If the stream is closed, the program cannot report anything.
        let _ = error.print();
        return if error.use_stderr() { Exit::Usage } else { Exit::Done };
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    Failure::usage(usage::describe(error, &arguments)).report(false)
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("the runtime cannot start: {error}")))?;
    runtime.block_on(async {
        if cli.command.ends_by_interrupt() {
            return dispatch(cli).await;
        }
        let mut interrupt = Interrupt::listen();
        // Dropping the command removes what it had half written.
        tokio::select! {
            result = dispatch(cli) => result,
            () = interrupt.come() => Ok(Exit::Interrupted),
        }
    })
}

async fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let output = Output::new(cli.json);
    let settings = Settings::new(cli.config);
    match cli.command {
        Command::Demo(command) => command.run(output).await,
        Command::Providers(command) => command.run(output),
        Command::Create(command) => command.run(&settings, output).await,
        Command::Poll(command) => command.run(&settings, output).await,
        Command::Watch(command) => command.run(&settings, output).await,
        Command::Fetch(command) => command.run(&settings, output).await,
        Command::Evidence(command) => command.run(&settings, output).await,
        Command::Find(command) => command.run(&settings, output).await,
        Command::List(command) => command.run(&settings, output).await,
        Command::Delete(command) => command.run(&settings, output).await,
        Command::Flow(command) => command.run(&settings, output).await,
        Command::Audit(command) => command.run(&settings, output).await,
        Command::Normalize(command) => command.run(output),
        Command::Link(command) => command.run(output),
        Command::Token(command) => command.run(output),
        Command::Decrypt(command) => command.run(),
        Command::Verify(command) => command.run(output),
        Command::Sandbox(command) => command.run(output).await,
        Command::Schema(command) => command.run(output),
        Command::Completions(command) => command.run(),
        Command::Man(_) => completions::Man::run(),
    }
}

/// Logs to standard error by the filter in `IDV_LOG` (`debug`, `idv_core=trace`, …). Without it, only a long-running command logs, and only
/// failures.
fn log_to_standard_error(for_long: bool) {
    use tracing_subscriber::EnvFilter;

    let filter = match EnvFilter::try_from_env("IDV_LOG") {
        Ok(filter) => filter,
        // The program itself warns of a store without a key.
        Err(_) if for_long => EnvFilter::new("idv_flow=warn,idv_flow::flow=error"),
        Err(_) => return,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
