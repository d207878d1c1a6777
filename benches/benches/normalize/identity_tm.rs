//! Results and histories of orders.

use idv::identity_tm::normalize::{Flow, payload};
use idv_benches::Comparison;
use idv_core::{Channel, Observation};

use super::{beside_value, reported};

const RESULTS: [(&str, &[u8]); 5] = [
    ("Identity.TM: result to a report / to a Value", fixture!("idv-identity-tm/fixtures/get-ident-data.json")),
    ("Identity.TM: result with everything", fixture!("idv-identity-tm/fixtures/own-ident-data-object.json")),
    ("Identity.TM: result with corrections", fixture!("idv-identity-tm/fixtures/own-ident-data-changed.json")),
    ("Identity.TM: result by eID", fixture!("idv-identity-tm/fixtures/own-ident-data-eid.json")),
    ("Identity.TM: result with a licence", fixture!("idv-identity-tm/fixtures/own-ident-data-licence.json")),
];

/// Answers to polls. They have a status, and a report if they state a reason.
const HISTORIES: [(&str, &[u8]); 2] = [
    ("Identity.TM: history to a state / to a Value", fixture!("idv-identity-tm/fixtures/get-status.json")),
    ("Identity.TM: history of a rejection, with reasons", fixture!("idv-identity-tm/fixtures/own-status-rejected.json")),
];

pub(crate) fn rows() -> Vec<Comparison> {
    let results = RESULTS.map(|(name, bytes)| beside_value(name, bytes, |bytes| reported(read(Channel::Fetch, bytes))));
    let histories = HISTORIES.map(|(name, bytes)| {
        beside_value(name, bytes, |bytes| {
            let seen = read(Channel::Poll, bytes);
            assert!(!seen.is_empty() && seen.iter().all(|seen| seen.status.is_some()));
            seen
        })
    });
    results.into_iter().chain(histories).collect()
}

fn read(channel: Channel, bytes: &[u8]) -> Vec<Observation> {
    payload(bytes, channel, Flow::Identification).unwrap()
}
