//! Runs `cargo test` and counts the tests.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::arguments::Selection;

/// The number of tests of a run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// Whether cargo succeeded: everything compiled, and no test program crashed.
    pub(crate) ended_well: bool,
}

impl Tally {
    /// Counts a line of the tests' output.
    fn count(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (
                words.next().and_then(|number| number.parse::<u64>().ok()),
                words.next(),
            ) else {
                continue;
            };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// Returns an error unless every test ran and passed.
    pub(crate) fn verdict(self) -> Result<()> {
        match self {
            Self {
                passed: 0,
                failed: 0,
                ..
            } => Err("no test ran".to_owned()),
            Self { failed: 1.., .. } => Err("a test failed".to_owned()),
            Self {
                ended_well: false, ..
            } => Err("a test program did not compile, or crashed".to_owned()),
            Self { skipped: 1.., .. } => Err("a test was skipped".to_owned()),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tests: {} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Returns the command that runs the tests with this search path.
pub(crate) fn command(selection: &Selection, path: Option<&OsStr>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--all-features", "--locked"]);
    if selection.packages.is_empty() {
        command.arg("--workspace");
    }
    for package in &selection.packages {
        command.args(["--package", package]);
    }
    command.args(&selection.arguments).stdin(Stdio::null());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    command
}

/// Runs the tests and shows their output.
pub(crate) fn watch(command: Command) -> Result<Tally> {
    run(command, &mut io::stdout())
}

/// Runs the tests and writes their output to a file.
pub(crate) fn record(mut command: Command, log: &Path) -> Result<Tally> {
    let failed = |error: io::Error| format!("{} could not be written: {error}", log.display());
    let mut file = std::fs::File::create(log).map_err(failed)?;
    command.stderr(file.try_clone().map_err(failed)?);
    run(command, &mut file)
}

fn run(mut command: Command, output: &mut dyn io::Write) -> Result<Tally> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`cargo test` did not start: {error}"))?;
    let stdout = child.stdout.take().ok_or("`cargo test` has no output")?;
    let mut tally = Tally::default();
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = lines
            .read_until(b'\n', &mut line)
            .map_err(|error| format!("the output could not be read: {error}"))?;
        if length == 0 {
            break;
        }
        // If the output is closed, the tests continue and are counted.
        let _ = output.write_all(&line);
        tally.count(String::from_utf8_lossy(&line).trim_end());
    }
    let _ = output.flush();
    let status = child
        .wait()
        .map_err(|error| format!("failed to wait for `cargo test`: {error}"))?;
    tally.ended_well = status.success();
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_programs_are_added() {
        let mut tally = Tally {
            ended_well: true,
            ..Tally::default()
        };
        for line in [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 22.22s",
            "test tests::x ... ok",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            tally.count(line);
        }
        assert_eq!(tally.to_string(), "tests: 15 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn verdict_is_good_only_if_every_test_passed() {
        let good = Tally {
            passed: 1,
            ended_well: true,
            ..Tally::default()
        };
        assert_eq!(good.verdict(), Ok(()));
        for bad in [
            Tally { passed: 0, ..good },
            Tally { failed: 1, ..good },
            Tally { skipped: 1, ..good },
            Tally {
                ended_well: false,
                ..good
            },
        ] {
            assert!(bad.verdict().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn selection_becomes_arguments_of_cargo() {
        let arguments = |selection: &Selection| {
            let command = command(selection, None);
            command
                .get_args()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            arguments(&Selection::default()),
            "test --all-features --locked --workspace"
        );
        let selection = Selection {
            packages: vec!["idv".to_owned()],
            arguments: vec!["--doc".to_owned()],
        };
        assert_eq!(
            arguments(&selection),
            "test --all-features --locked --package idv --doc"
        );
    }
}
