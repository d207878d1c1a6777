//! Every leaf of a payload is in the observation, for each kind of payload, as JSON and as XML.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod fixture;

use fixture::{fixture, results, xml};
use idv_core::{Error, Observation, Result};
use idv_idnow::normalize::{self, IGNORED};
use idv_testkit::Leaves;
use serde_json::Value;

/// The number of checked variations of each fixture.
const VARIATIONS: u64 = 3;

/// The observations of a payload of a kind. An entry that names no identification cannot be
/// attributed; it is counted. Members beside an empty list describe no person.
fn observe(payload: &[u8], kind: &str) -> Result<Vec<Observation>> {
    let page = normalize::kind(payload, kind)?;
    if page.unreadable > 0 || page.observations.is_empty() {
        return Err(Error::malformed("an entry names no identification"));
    }
    Ok(page.observations)
}

/// The JSON fixtures of a kind. A callback has one identification, or a few.
fn payloads(kind: &str) -> Vec<Value> {
    let names = results().into_iter().filter(|name| {
        let is_list = name.starts_with("list");
        name.ends_with(".json")
            && name != "list-with-a-bad-entry.json"
            && is_list == (kind == "status")
    });
    names
        .map(|name| serde_json::from_slice(&fixture(&name)).unwrap())
        .collect()
}

#[test]
fn every_leaf_of_json_is_kept() {
    let mut leaves = Leaves::new(IGNORED);
    for kind in ["result", "status", "callback"] {
        for payload in payloads(kind) {
            leaves.check_variations(kind, &payload, VARIATIONS, |payload| {
                observe(payload.to_string().as_bytes(), kind)
            });
        }
    }
    leaves.finish();
}

#[test]
fn every_leaf_of_xml_is_kept() {
    let mut leaves = Leaves::new(IGNORED);
    for kind in ["result", "status", "callback"] {
        for payload in payloads(kind) {
            leaves.check_variations(kind, &payload, VARIATIONS, |payload| {
                observe(xml(payload).as_bytes(), kind)
            });
        }
    }
    leaves.finish();
}

#[test]
fn xml_gives_the_report_of_json() {
    for kind in ["result", "status"] {
        for payload in payloads(kind) {
            let json = observe(payload.to_string().as_bytes(), kind).unwrap();
            let mut xml = observe(xml(&payload).as_bytes(), kind).unwrap();
            // A date of a class is a member that keeps its shape, and XML has another shape for a
            // list.
            for (json, xml) in json.iter().zip(&mut xml) {
                let (Some(json), idv_core::ResultState::Inline(xml)) =
                    (json.report(), &mut xml.result)
                else {
                    panic!("no report")
                };
                let name = "identificationdocument.driversclasses.value";
                if let (Some(json), Some(xml)) = (json.custom.get(name), xml.custom.get_mut(name)) {
                    *xml = json.clone();
                }
            }
            assert_eq!(json, xml, "{kind} {payload}");
        }
    }
}
