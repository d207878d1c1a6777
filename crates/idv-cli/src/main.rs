//! The program `idv`: verify people's identity from the command line, and try every vendor without an account.
//!
//! `idv demo` shows everything without an account or a network; `idv --help` lists the rest.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod demo;
mod failure;
mod flow_table;
mod interrupt;
mod output;
mod request;
mod settings;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::settings::Settings;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and the version are answers; everything else is a usage error. clap writes each where it belongs.
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            // Whoever cannot be told what is wrong cannot be told that either.
            let _ = error.print();
            return exit.into();
        }
    };
    log_to_standard_error(cli.command.ends_by_interrupt());
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report().into(),
    }
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
    }
}

/// Logs what `IDV_LOG` asks for (`debug`, `idv_core=trace`, …) to standard error. Nothing without it; only of what runs for long, what
/// goes wrong.
fn log_to_standard_error(for_long: bool) {
    use tracing_subscriber::EnvFilter;

    let filter = match EnvFilter::try_from_env("IDV_LOG") {
        Ok(filter) => filter,
        // That a store has no key is told without a log.
        Err(_) if for_long => EnvFilter::new("idv_flow=warn,idv_flow::flow=error"),
        Err(_) => return,
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
