//! Results, judged by the strict rule.

use idv::cm_id_scan::normalize::{Acceptance, payload};
use idv_benches::Comparison;
use idv_core::Channel;

use super::{beside_value, reported};

const RESULTS: [(&str, &[u8]); 2] = [
    ("CM ID Scan: result to a report / to a Value", fixture!("idv-cm-id-scan/fixtures/result.json")),
    ("CM ID Scan: result with everything", fixture!("idv-cm-id-scan/fixtures/own-result-everything.json")),
];

pub(crate) fn rows() -> Vec<Comparison> {
    let acceptance = Acceptance::strict();
    let row = |(name, bytes)| beside_value(name, bytes, |bytes| reported(payload(bytes, Channel::Fetch, &acceptance).unwrap()));
    RESULTS.map(row).into()
}
