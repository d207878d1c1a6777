//! Parsers of the vendor's payloads.

use idv::Observation;
use idv::idnow::normalize;

pub(crate) const KINDS: &[&str] = &["result"];

/// Members that hold lists in the vendor's document.
pub(crate) const LISTS: &[&str] = &["identifications", "attachments"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind)?.observations)
}
