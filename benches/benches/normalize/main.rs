//! The time from a vendor's bytes to a report, compared with the least work on the same bytes.
//!
//! The sandbox, a dependency of this package, enables the feature `preserve_order` of serde_json.
//! The objects of the baseline's `Value` are therefore hash maps in order of insertion. With the
//! B-trees of serde_json's default features, the baseline takes 10 to 35 % less time.

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
use serde_json::Value;

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

fn beside_value(
    name: &'static str,
    bytes: &[u8],
    ours: impl Fn(&[u8]) -> Vec<Observation>,
) -> Comparison {
    Comparison::measure(
        name,
        1.0,
        || drop(black_box(ours(black_box(bytes)))),
        || {
            drop(black_box(
                serde_json::from_slice::<Value>(black_box(bytes)).unwrap(),
            ));
        },
    )
}

/// Compares a payload with JSON inside its strings, which the baseline parses too.
fn beside_nested_values(
    name: &'static str,
    bytes: &[u8],
    ours: impl Fn(&[u8]) -> Vec<Observation>,
) -> Comparison {
    Comparison::measure(
        name,
        1.1,
        || drop(black_box(ours(black_box(bytes)))),
        || {
            drop(black_box(unpacked(
                serde_json::from_slice(black_box(bytes)).unwrap(),
            )));
        },
    )
}

/// Parses the strings of a value that are JSON.
fn unpacked(mut value: Value) -> Value {
    match &mut value {
        Value::String(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).map_or(value, unpacked)
        }
        Value::Array(entries) => {
            entries
                .iter_mut()
                .for_each(|entry| *entry = unpacked(entry.take()));
            value
        }
        Value::Object(members) => {
            members
                .values_mut()
                .for_each(|member| *member = unpacked(member.take()));
            value
        }
        _ => value,
    }
}

/// Returns the observations, after an assertion that there are some and that each has a report.
fn reported(seen: Vec<Observation>) -> Vec<Observation> {
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.report().is_some()));
    seen
}
