//! The project's own commands. They need only Rust; `cargo xtask help` lists them.
//!
//! `serde_json` is the only dependency, so that the program compiles in seconds.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it is a program for a terminal"
)]

mod arguments;
mod browser;
mod faketime;
mod features;
mod install;
mod links;
mod minimal;
mod msrv;
mod numbers;
mod package;
mod postgres;
mod public_api;
mod recording;
mod release;
mod soak;
mod style;
mod suite;
mod temporal;
mod time_zones;
mod workspace;

use std::process::ExitCode;

use arguments::Command;

/// The result of a command. Its error is a text for standard error.
type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    if let Some(code) = public_api::as_rustdoc() {
        return code;
    }
    let command = match Command::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("xtask: {error}\n\n{}", arguments::HELP);
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Help => {
            println!("{}", arguments::HELP);
            Ok(())
        }
        Command::Test(selection) => test(&selection),
        Command::Soak(selection) => soak::run(&selection),
        Command::Browser { screenshots } => browser::run(screenshots),
        Command::TestTemporal(arguments) => temporal::test(&arguments),
        Command::CheckTemporal => temporal::check(),
        Command::Features => features::check(),
        Command::Msrv => msrv::check(),
        Command::Package => package::check(),
        Command::PublicApi { write } => public_api::check(write),
        Command::MinimalVersions => minimal::check(),
        Command::ReleaseCheck => release::check(),
        Command::Recording { write } => recording::check(write),
        Command::Numbers { write } => numbers::check(write),
        Command::Links => links::check(),
        Command::Style { of, places } => style::check(of.as_deref(), places),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Installs the requirements of the tests, runs them, and prints their number.
fn test(selection: &arguments::Selection) -> Result<()> {
    time_zones::provide()?;
    let path = postgres::provide()?;
    let tally = suite::watch(suite::command(selection, path.as_deref()))?;
    println!("{tally}");
    tally.verdict()
}
