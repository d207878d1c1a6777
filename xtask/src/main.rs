//! The project's own commands, for a machine that has only Rust: `cargo xtask test`, `cargo xtask soak`.
//!
//! Without dependencies, so that it is compiled in a moment.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

mod arguments;
mod faketime;
mod install;
mod postgres;
mod soak;
mod suite;
mod time_zones;

use std::process::ExitCode;

use arguments::Command;

/// The error of a command: one line for standard error.
type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
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
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Provides what the tests need, runs them, and prints how many there were.
fn test(selection: &arguments::Selection) -> Result<()> {
    time_zones::provide()?;
    let path = postgres::provide()?;
    let tally = suite::watch(suite::command(selection, path.as_deref()))?;
    println!("{tally}");
    tally.verdict()
}
