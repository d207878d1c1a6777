//! Parsers of the vendor's payloads.

use idv::Observation;
use idv::identity_tm::normalize;

pub(crate) const KINDS: &[&str] = &["result", "status"];

/// Members that hold lists in the vendor's document.
pub(crate) const LISTS: &[&str] = &["IdentData", "Status"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind, normalize::Flow::of_product(12))?.observations)
}
