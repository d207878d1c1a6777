//! Benchmarks that print ratios to a baseline measured in the same run.
//!
//! A figure in nanoseconds says more about the machine than about the code. Here two
//! implementations of the same work take turns, round by round. The printed figure is the median of
//! the rounds' ratios, next to the budget of the design.

pub mod memory;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Two implementations of the same work, and the result of their comparison.
#[derive(Debug)]
pub struct Comparison {
    name: &'static str,
    budget: f64,
    ours: Duration,
    baseline: Duration,
    ratio: f64,
}

impl Comparison {
    /// Runs `ours` and `baseline` in turn and compares their times. `budget` is the highest allowed
    /// ratio.
    pub fn measure(
        name: &'static str,
        budget: f64,
        mut ours: impl FnMut(),
        mut baseline: impl FnMut(),
    ) -> Self {
        // Ratios of an unoptimized build mean nothing, so it only checks that everything works.
        let (count, round) = if cfg!(debug_assertions) {
            (1, Duration::ZERO)
        } else {
            (61, Duration::from_millis(25))
        };
        let repetitions = repetitions(&mut ours, round).min(repetitions(&mut baseline, round));
        let mut rounds: Vec<(Duration, Duration)> = (0..count)
            .map(|round| {
                // The order alternates too, because the first one finds colder caches.
                if round % 2 == 0 {
                    let ours = time(&mut ours, repetitions);
                    (ours, time(&mut baseline, repetitions))
                } else {
                    let baseline = time(&mut baseline, repetitions);
                    (time(&mut ours, repetitions), baseline)
                }
            })
            .collect();
        rounds.sort_by(|a, b| ratio(*a).total_cmp(&ratio(*b)));
        let (ours, baseline) = rounds.get(count / 2).copied().unwrap_or_default();
        let repetitions = u32::try_from(repetitions).unwrap_or(u32::MAX);
        Self {
            name,
            budget,
            ours: ours / repetitions,
            baseline: baseline / repetitions,
            ratio: ratio((ours, baseline)),
        }
    }

    /// Returns whether the budget holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.ratio <= self.budget
    }
}

/// Prints comparisons as a table.
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
pub fn print(title: &str, comparisons: &[Comparison]) {
    if cfg!(debug_assertions) {
        return println!(
            "{title}: {} comparisons work; figures need an optimized build",
            comparisons.len()
        );
    }
    let mut table = format!(
        "\n{title}\n\n{:<58} {:>12} {:>12} {:>7} {:>7}\n",
        "", "ours", "baseline", "ratio", "budget"
    );
    for comparison in comparisons {
        let Comparison {
            name,
            budget,
            ours,
            baseline,
            ratio,
        } = comparison;
        let verdict = if comparison.holds() { "" } else { "  MISSED" };
        let (ours, baseline) = (format!("{ours:.2?}"), format!("{baseline:.2?}"));
        // Writing to a string does not fail.
        let _ = writeln!(
            table,
            "{name:<58} {ours:>12} {baseline:>12} {ratio:>6.2}x {budget:>6.2}x{verdict}"
        );
    }
    println!("{table}");
}

fn ratio((ours, baseline): (Duration, Duration)) -> f64 {
    ours.as_secs_f64() / baseline.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn time(work: &mut impl FnMut(), repetitions: usize) -> Duration {
    let start = Instant::now();
    (0..repetitions).for_each(|_| work());
    start.elapsed()
}

/// Returns the number of repetitions that fill a round, after a warm-up of the same length.
fn repetitions(work: &mut impl FnMut(), round: Duration) -> usize {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < round {
        work();
        count += 1;
    }
    count.max(1)
}
