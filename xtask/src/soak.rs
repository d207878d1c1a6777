//! Runs the tests ten times under different conditions.

use std::fmt;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::arguments::Selection;
use crate::{Result, faketime, postgres, suite, time_zones};

/// The condition of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Plain,
    /// Other threads keep every core busy.
    Loaded,
    /// The time of day is a year ahead.
    YearAhead,
}

use Condition::{Loaded, Plain, YearAhead};

/// The ten runs, five of them under load. The conditions alternate, so that the first failure of
/// each is found early.
const RUNS: [Condition; 10] = [
    Plain, Loaded, YearAhead, Loaded, Plain, Loaded, Plain, Loaded, Plain, Loaded,
];

/// Runs the tests ten times and stops at the first failure.
pub(crate) fn run(selection: &Selection) -> Result<()> {
    time_zones::provide()?;
    let path = postgres::provide()?;
    let folder = folder()?;
    println!("xtask: building the tests");
    // `--no-run` has to precede the arguments of the test programs.
    let arguments = selection
        .arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .cloned()
        .collect();
    let build = Selection {
        packages: selection.packages.clone(),
        arguments,
    };
    let status = suite::command(&build, path.as_deref())
        .arg("--no-run")
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the tests could not be built".to_owned());
    }
    for (index, condition) in RUNS.into_iter().enumerate() {
        let number = index + 1;
        let log = folder.join(format!("run-{number}.log"));
        let mut command = suite::command(selection, path.as_deref());
        if condition == YearAhead {
            faketime::a_year_ahead(&mut command)?;
        }
        let load = (condition == Loaded).then(Load::begin);
        let began = Instant::now();
        let tally = suite::record(command, &log);
        let seconds = began.elapsed().as_secs_f64();
        drop(load);
        let tally = tally?;
        println!(
            "run {number} of {}: {condition}, {tally}, {seconds:.1} s",
            RUNS.len()
        );
        if let Err(error) = tally.verdict() {
            show_failures(&log);
            return Err(format!(
                "run {number} ({condition}): {error}; its output is in {}",
                log.display()
            ));
        }
    }
    println!("{} runs, no failure", RUNS.len());
    Ok(())
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Plain => "plain",
            Loaded => "every core busy",
            YearAhead => "clock a year ahead",
        })
    }
}

/// The folder of the logs, in cargo's target folder.
fn folder() -> Result<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let folder = target.join("soak");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} could not be created: {error}", folder.display()))?;
    Ok(folder)
}

/// Prints the names of the failed tests.
fn show_failures(log: &Path) {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    for line in text
        .lines()
        .filter(|line| line.starts_with("test ") && line.ends_with("FAILED"))
    {
        println!("{line}");
    }
}

/// Threads that keep every core busy until this is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn begin() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..cores).map(|_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut number = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    number = black_box(
                        number
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1),
                    );
                }
            })
        });
        Self {
            threads: threads.collect(),
            stop,
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A counting thread does not panic.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soak_has_the_promised_runs() {
        let count = |condition| RUNS.iter().filter(|run| **run == condition).count();
        assert_eq!((count(Plain), count(Loaded), count(YearAhead)), (4, 5, 1));
    }

    #[test]
    fn load_ends_when_it_is_dropped() {
        let load = Load::begin();
        let stop = Arc::clone(&load.stop);
        assert!(!load.threads.is_empty());
        drop(load);
        assert!(stop.load(Ordering::Relaxed));
        assert_eq!(Arc::strong_count(&stop), 1, "every thread has ended");
    }
}
