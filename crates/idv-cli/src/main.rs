//! The program `idv`: verifies people's identity from the command line.
//!
//! `idv demo` tries every vendor without an account or a network; `idv --help` lists the commands.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod demo;
mod escape;
mod failure;
mod interrupt;
mod output;
mod progress;
mod request;
mod settings;
mod usage;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::commands::Run as _;
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::settings::Settings;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage_error(&error).into(),
    };
    output::set_color(cli.color);
    log_to_standard_error(cli.command.ends_by_interrupt());
    let verbose = cli.verbose;
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(verbose).into(),
    }
}

/// Prints help and the version unchanged, and a usage error in one line.
fn usage_error(error: &clap::Error) -> Exit {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };

    if matches!(
        error.kind(),
        DisplayHelp | DisplayHelpOnMissingArgumentOrSubcommand | DisplayVersion
    ) {
        // If the stream is closed, the program cannot report anything.
        let _ = error.print();
        return if error.use_stderr() {
            Exit::Usage
        } else {
            Exit::Done
        };
    }
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    Failure::usage(usage::describe(error, &arguments)).report(false)
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot start the runtime: {error}"))
        })?;
    let (output, settings) = (Output::new(cli.json), Settings::new(cli.config));
    runtime.block_on(async {
        let ends_by_interrupt = cli.command.ends_by_interrupt();
        let command = cli.command.run(&settings, output);
        if ends_by_interrupt {
            return command.await;
        }
        let mut interrupt = Interrupt::listen();
        // Dropping the command removes incomplete files.
        tokio::select! {
            result = command => result,
            () = interrupt.wait() => Ok(Exit::Interrupted),
        }
    })
}

/// Logs to standard error according to the filter in `IDV_LOG`, such as `debug` or
/// `idv_core=trace`. Without it, only a long-running command logs, and only failures.
fn log_to_standard_error(for_long: bool) {
    use tracing_subscriber::EnvFilter;

    let filter = match EnvFilter::try_from_env("IDV_LOG") {
        Ok(filter) => filter,
        // The program itself warns about a store without a key.
        Err(_) if for_long => EnvFilter::new("idv_flow=warn,idv_flow::flow=error"),
        Err(_) => return,
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}
