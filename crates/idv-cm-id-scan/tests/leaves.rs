//! Every leaf of a payload is in the observation or in a table of ignored members.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::{details, events, json, results};
use idv_cm_id_scan::normalize::{
    self, Acceptance, IGNORED_IN_CALLBACKS, IGNORED_IN_RESULTS, IGNORED_IN_STATES,
};
use idv_core::{Channel, Observation, Result, Timestamp};
use idv_testkit::Leaves;
use serde_json::Value;

/// The varied fixtures: those with the most members.
const VARIED: [&str; 5] = [
    "own-result-everything.json",
    "own-result-loose.json",
    "details.json",
    "own-event-task.json",
    "event-completed.json",
];
const VARIATIONS: u64 = 8;

fn read(payload: &Value, channel: Channel) -> Result<Vec<Observation>> {
    let now: Timestamp = "2024-06-01T12:00:00Z".parse().unwrap();
    normalize::payload_at(
        payload.to_string().as_bytes(),
        channel,
        &Acceptance::default(),
        now,
    )
}

fn check(ignored: &'static [(&'static str, &'static str)], names: Vec<String>, channel: Channel) {
    let mut leaves = Leaves::new(ignored);
    for name in names {
        let variations = if VARIED.contains(&name.as_str()) {
            VARIATIONS
        } else {
            0
        };
        leaves.check_variations(&name, &json(&name), variations, |payload| {
            read(payload, channel)
        });
    }
    leaves.finish();
}

#[test]
fn every_leaf_of_a_result_is_kept() {
    check(IGNORED_IN_RESULTS, results(), Channel::Fetch);
}

#[test]
fn every_leaf_of_a_state_is_kept_or_ignored() {
    check(IGNORED_IN_STATES, details(), Channel::Poll);
}

#[test]
fn every_leaf_of_an_event_is_kept_or_ignored() {
    check(IGNORED_IN_CALLBACKS, events(), Channel::Callback);
}
