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

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../crates/", $path))
    };
}

const JSON: &[u8] = fixture!("idv-idnow/fixtures/result.json");
const XML: &[u8] = fixture!("idv-idnow/fixtures/result.xml");

/// Results of Identity.TM.
const RESULTS: [(&str, &[u8]); 5] = [
    ("Identity.TM: result to a report / to a Value", fixture!("idv-identity-tm/fixtures/get-ident-data.json")),
    ("Identity.TM: result with everything", fixture!("idv-identity-tm/fixtures/own-ident-data-object.json")),
    ("Identity.TM: result that was corrected", fixture!("idv-identity-tm/fixtures/own-ident-data-changed.json")),
    ("Identity.TM: result by eID", fixture!("idv-identity-tm/fixtures/own-ident-data-eid.json")),
    ("Identity.TM: result with a licence", fixture!("idv-identity-tm/fixtures/own-ident-data-licence.json")),
];

/// Histories of orders at Identity.TM: what a poll reads. They have a state, and a report where they tell why.
const HISTORIES: [(&str, &[u8]); 2] = [
    ("Identity.TM: history to a state / to a Value", fixture!("idv-identity-tm/fixtures/get-status.json")),
    ("Identity.TM: history of a rejection, with reasons", fixture!("idv-identity-tm/fixtures/own-status-rejected.json")),
];

/// Results of CM, judged by the strict rule.
const CM_RESULTS: [(&str, &[u8]); 2] = [
    ("CM ID Scan: result to a report / to a Value", fixture!("idv-cm-id-scan/fixtures/result.json")),
    ("CM ID Scan: result with everything", fixture!("idv-cm-id-scan/fixtures/own-result-everything.json")),
];

/// Identify24's answer to a fetch, and its webhook.
const IDENTIFY24: [(&str, &[u8], Channel); 2] = [
    (
        "Identify24: ident/get to a report / to a Value",
        fixture!("idv-identify24/fixtures/ident-get-response.json"),
        Channel::Fetch,
    ),
    ("Identify24: webhook to a report", fixture!("idv-identify24/fixtures/webhook.json"), Channel::Callback),
];

/// Reports of VerificarIdentidad, with the result as a string and as an object.
const VERIFICAR: [(&str, &[u8]); 2] = [
    ("VerificarIdentidad: report to a report / to a Value", fixture!("idv-verificar-identidad/fixtures/report.json")),
    ("VerificarIdentidad: report with objects", fixture!("idv-verificar-identidad/fixtures/own-report-objects.json")),
];

fn main() {
    let acceptance = idv::cm_id_scan::normalize::Acceptance::strict();
    let statuses = idv::identify24::normalize::Statuses::default();
    let mut rows = vec![
        beside_value("IDnow: JSON to a report / serde_json to a Value", JSON, |bytes| reported(idnow(bytes))),
        Comparison::measure(
            "IDnow: XML to a report / a bare quick-xml walk",
            3.0,
            || drop(black_box(reported(idnow(black_box(XML))))),
            || walk(black_box(XML)),
        ),
    ];
    rows.extend(RESULTS.map(|(name, bytes)| beside_value(name, bytes, |bytes| reported(identity_tm(Channel::Fetch, bytes)))));
    rows.extend(HISTORIES.map(|(name, bytes)| {
        beside_value(name, bytes, |bytes| {
            let seen = identity_tm(Channel::Poll, bytes);
            assert!(!seen.is_empty() && seen.iter().all(|seen| seen.status.is_some()));
            seen
        })
    }));
    rows.extend(CM_RESULTS.map(|(name, bytes)| {
        beside_value(name, bytes, |bytes| {
            reported(idv::cm_id_scan::normalize::payload(bytes, Channel::Fetch, &acceptance).unwrap())
        })
    }));
    rows.extend(IDENTIFY24.map(|(name, bytes, channel)| {
        beside_value(name, bytes, |bytes| reported(idv::identify24::normalize::payload(bytes, channel, &statuses).unwrap()))
    }));
    rows.extend(VERIFICAR.map(|(name, bytes)| {
        beside_value(name, bytes, |bytes| {
            reported(idv::verificar_identidad::normalize::payload(bytes, Channel::Callback).unwrap())
        })
    }));
    print("payload to report", &rows);
}

fn beside_value(name: &'static str, bytes: &[u8], ours: impl Fn(&[u8]) -> Vec<Observation>) -> Comparison {
    Comparison::measure(
        name,
        1.0,
        || drop(black_box(ours(black_box(bytes)))),
        || drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(bytes)).unwrap())),
    )
}

fn idnow(bytes: &[u8]) -> Vec<Observation> {
    idv::idnow::normalize::payload(bytes, Channel::Fetch).unwrap()
}

fn identity_tm(channel: Channel, bytes: &[u8]) -> Vec<Observation> {
    use idv::identity_tm::normalize::{Flow, payload};
    payload(bytes, channel, Flow::Identification).unwrap()
}

/// What it is about is there, in each round.
fn reported(seen: Vec<Observation>) -> Vec<Observation> {
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.report().is_some()));
    seen
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
