//! A vendor's bytes to a report, beside what is the least anybody could do with the same bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::hint::black_box;

use idv_benches::{Comparison, print};
use idv_core::{Channel, Observation};
use idv_idnow::normalize;

const JSON: &[u8] = include_bytes!("../../crates/idv-idnow/fixtures/result.json");
const XML: &[u8] = include_bytes!("../../crates/idv-idnow/fixtures/result.xml");

fn main() {
    assert!(observations(JSON).iter().chain(&observations(XML)).all(|seen| seen.report().is_some()));
    let rows = [
        Comparison::measure(
            "IDnow: JSON to a report / serde_json to a Value",
            1.0,
            || drop(black_box(observations(black_box(JSON)))),
            || drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(JSON)).unwrap())),
        ),
        Comparison::measure(
            "IDnow: XML to a report / a bare quick-xml walk",
            3.0,
            || drop(black_box(observations(black_box(XML)))),
            || walk(black_box(XML)),
        ),
    ];
    print("payload to report", &rows);
}

fn observations(bytes: &[u8]) -> Vec<Observation> {
    normalize::payload(bytes, Channel::Fetch).unwrap()
}

/// Every event, and nothing done with it.
fn walk(bytes: &[u8]) {
    let mut reader = quick_xml::Reader::from_str(std::str::from_utf8(bytes).unwrap());
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => return,
            event => drop(black_box(event)),
        }
    }
}
