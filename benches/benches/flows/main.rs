//! Flows: their number per second compared with bare transactions of the same store, the cost of
//! finding due flows as their number grows, the changes of one flow and their bytes, the cost of an open verification and of a sweep, and the
//! time from a callback to its worker in another program.
//!
//! The vendor is IDnow in the sandbox, in the same process: a call costs the sandbox's work and no
//! network. With `--side verifications N` the program only holds N verifications, to measure their
//! memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

mod counted;
mod due;
mod figures;
mod life;
mod open;
mod stores;
mod vendor;
mod wake;
mod writes;

use std::time::{Duration, Instant};

use idv_benches::memory;

/// An unoptimized build runs small cases only, to check that they work.
const SMALL: bool = cfg!(debug_assertions);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--side") {
        return open::side(
            arguments[at + 1].as_str(),
            arguments[at + 2].parse().unwrap(),
        );
    }
    // `cargo bench -- due` runs that part alone.
    let only = arguments
        .iter()
        .skip(1)
        .find(|argument| ["life", "writes", "due", "open", "wake"].contains(&argument.as_str()));
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    if wanted("open") {
        if memory::is_measurable() {
            open::memory();
        }
        runtime.block_on(open::sweep());
    }
    if wanted("life") {
        runtime.block_on(life::measure());
    }
    if wanted("writes") {
        runtime.block_on(writes::measure());
    }
    if wanted("due") {
        runtime.block_on(due::measure());
    }
    if wanted("wake") {
        runtime.block_on(wake::measure());
    }
}

/// Returns a result and the time that it took.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    let result = work.await;
    (result, start.elapsed())
}

/// Prints a table, if the build yields figures.
fn print(title: &str, table: &str) {
    if SMALL {
        println!("{title}: it works; figures need an optimized build");
    } else {
        println!("\n{title}\n\n{table}");
    }
}
