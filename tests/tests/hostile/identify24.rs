//! Parsers of the vendor's payloads.

use idv::Observation;
use idv::identify24::normalize;

pub(crate) const KINDS: &[&str] = &["status", "callback"];

/// Members that hold lists in the vendor's document.
pub(crate) const LISTS: &[&str] = &["data", "messages"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind, &normalize::Statuses::of_document())?.observations)
}
