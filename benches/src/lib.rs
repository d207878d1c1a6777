//! Benchmarks that print ratios to a baseline measured in the same run.
//!
//! A figure in nanoseconds says more about the machine than about the code. Here two ways of doing the same thing take turns, round
//! by round, and what is printed is the median of the rounds' ratios, beside the budget that the design sets.

pub mod memory;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Two ways of doing the same thing, and how they compared.
#[derive(Debug)]
pub struct Comparison {
    name: &'static str,
    budget: f64,
    ours: Duration,
    baseline: Duration,
    ratio: f64,
}

impl Comparison {
    /// Lets `ours` and `baseline` take turns and compares the time each takes. `budget` is the ratio that is not to be exceeded.
    pub fn measure(
        name: &'static str,
        budget: f64,
        mut ours: impl FnMut(),
        mut baseline: impl FnMut(),
    ) -> Self {
        // In a build that is not optimized ratios mean nothing; then it is only tried whether everything works.
        let (count, round) = if cfg!(debug_assertions) {
            (1, Duration::ZERO)
        } else {
            (61, Duration::from_millis(25))
        };
        let repetitions = repetitions(&mut ours, round).min(repetitions(&mut baseline, round));
        let mut rounds: Vec<(Duration, Duration)> = (0..count)
            .map(|round| {
                // Who goes first takes turns too: the first one finds colder caches.
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

    /// Whether the budget holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.ratio <= self.budget
    }
}

/// Prints comparisons as a table.
#[expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
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

/// How many repetitions fill a round, after warming up for as long.
fn repetitions(work: &mut impl FnMut(), round: Duration) -> usize {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < round {
        work();
        count += 1;
    }
    count.max(1)
}
