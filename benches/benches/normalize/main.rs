//! The time from a vendor's bytes to a report, beside the least work on the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;

use idv_benches::{Comparison, print};
use idv_core::Observation;

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/", $path))
    };
}

macro_rules! vendors {
    ($($vendor:ident,)*) => {
        $(mod $vendor;)*

        fn main() {
            let rows: Vec<Comparison> = [$($vendor::rows(),)*].into_iter().flatten().collect();
            print("payload to report", &rows);
        }
    };
}

idv_sandbox::for_each_vendor!(vendors);

fn beside_value(name: &'static str, bytes: &[u8], ours: impl Fn(&[u8]) -> Vec<Observation>) -> Comparison {
    Comparison::measure(
        name,
        1.0,
        || drop(black_box(ours(black_box(bytes)))),
        || drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(bytes)).unwrap())),
    )
}

/// Returns the observations, after asserting that there are some, each with a report.
fn reported(seen: Vec<Observation>) -> Vec<Observation> {
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.report().is_some()));
    seen
}
