//! The peak memory of some work, measured in its own process.
//!
//! The figure is the resident memory at the peak (`VmHWM` of `/proc/self/status`), allocator
//! included. It only grows during a process, so each measurement is a child process: the benchmark
//! starts itself again, and the child prints one line. On systems other than Linux nothing is
//! measured.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

/// The figures of one run in its own process.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// The growth of the resident memory from the start to the peak, in bytes.
    pub grown: u64,
    /// The duration.
    pub time: Duration,
}

impl Run {
    /// Does the work in this process and prints its figures for [`Run::in_child`].
    #[expect(clippy::print_stdout, reason = "the parent process reads the output")]
    pub fn report(work: impl FnOnce()) {
        let before = status("VmRSS:").unwrap_or_default();
        let start = Instant::now();
        work();
        let time = start.elapsed();
        let grown = status("VmHWM:").unwrap_or_default().saturating_sub(before);
        println!("{grown} {}", time.as_nanos());
    }

    /// Starts this program again with these arguments, which have it call [`Run::report`].
    ///
    /// # Panics
    ///
    /// If the child fails or prints anything else.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::panic,
        reason = "a benchmark fails by panicking"
    )]
    pub fn in_child(arguments: &[&str]) -> Self {
        let program = std::env::current_exe().expect("the benchmark has a path");
        let output = Command::new(program)
            .args(arguments)
            .output()
            .expect("the benchmark can be started again");
        let errors = String::from_utf8_lossy(&output.stderr);
        let answer = String::from_utf8_lossy(&output.stdout);
        let mut numbers = answer.split_whitespace().map(str::parse::<u64>);
        match (output.status.success(), numbers.next(), numbers.next()) {
            (true, Some(Ok(grown)), Some(Ok(time))) => Self {
                grown,
                time: Duration::from_nanos(time),
            },
            _ => panic!("{arguments:?} failed: {errors}"),
        }
    }
}

/// The budget of a peak.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    /// A number of bytes.
    Bytes(u64),
    /// A multiple of a payload, and the length of the payload in bytes.
    OfPayload(u64, f64),
}

/// The peaks of two implementations of the same work.
#[derive(Debug, Clone, Copy)]
pub struct Peak {
    /// The name of the work.
    pub name: &'static str,
    /// The growth of ours, in bytes.
    pub ours: u64,
    /// The growth of the baseline, in bytes.
    pub baseline: u64,
    /// The budget of ours.
    pub limit: Limit,
}

impl Peak {
    /// Returns whether the budget holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.limit {
            Limit::Bytes(limit) => self.ours <= limit,
            Limit::OfPayload(payload, times) => of(self.ours, payload) <= times,
        }
    }
}

/// Returns whether memory can be measured on this system.
#[must_use]
pub fn is_measurable() -> bool {
    status("VmHWM:").is_some_and(|peak| peak > 0)
}

/// Prints peaks as a table.
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
pub fn print(title: &str, peaks: &[Peak]) {
    if cfg!(debug_assertions) {
        return println!(
            "{title}: {} measurements work; figures need an optimized build",
            peaks.len()
        );
    }
    let mut table = format!(
        "\n{title}\n\n{:<58} {:>12} {:>12} {:>9} {:>9}\n",
        "", "ours", "baseline", "counts", "budget"
    );
    for peak in peaks {
        let (counts, budget) = match peak.limit {
            Limit::Bytes(limit) => (mebibytes(peak.ours), mebibytes(limit)),
            Limit::OfPayload(payload, times) => (
                format!("{:.2}x", of(peak.ours, payload)),
                format!("{times:.2}x"),
            ),
        };
        let verdict = if peak.holds() { "" } else { "  MISSED" };
        let (ours, baseline) = (mebibytes(peak.ours), mebibytes(peak.baseline));
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "{:<58} {ours:>12} {baseline:>12} {counts:>9} {budget:>9}{verdict}",
            peak.name
        );
    }
    println!("{table}");
}

fn of(bytes: u64, payload: u64) -> f64 {
    bytes as f64 / payload as f64
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", of(bytes, 1 << 20))
}

/// Returns a value of `/proc/self/status`, converted from kB to bytes.
fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kilobytes| kilobytes * 1024)
}
