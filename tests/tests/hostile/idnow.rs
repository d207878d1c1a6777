//! How the vendor's payloads are read.

use idv::Observation;
use idv::idnow::normalize;

pub(crate) const KINDS: &[&str] = &["result"];

/// Members that the vendor's documents have lists in.
pub(crate) const LISTS: &[&str] = &["identifications", "attachments"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind)?.observations)
}
