//! Results in both formats.

use std::hint::black_box;

use idv_benches::Comparison;
use idv_core::{Channel, Observation};

use super::{beside_value, reported};

const JSON: &[u8] = fixture!("idv-idnow/fixtures/result.json");
const XML: &[u8] = fixture!("idv-idnow/fixtures/result.xml");

pub(crate) fn rows() -> Vec<Comparison> {
    vec![
        beside_value("IDnow: JSON to a report / serde_json to a Value", JSON, |bytes| reported(read(bytes))),
        Comparison::measure(
            "IDnow: XML to a report / a bare quick-xml walk",
            3.0,
            || drop(black_box(reported(read(black_box(XML))))),
            || walk(black_box(XML)),
        ),
    ]
}

fn read(bytes: &[u8]) -> Vec<Observation> {
    idv::idnow::normalize::payload(bytes, Channel::Fetch).unwrap()
}

/// Reads every event and ignores it.
fn walk(bytes: &[u8]) {
    let mut reader = quick_xml::Reader::from_str(std::str::from_utf8(bytes).unwrap());
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Eof => return,
            event => drop(black_box(event)),
        }
    }
}
