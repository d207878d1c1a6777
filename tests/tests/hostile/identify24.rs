//! How the vendor's payloads are read.

use idv::Observation;
use idv::identify24::normalize;

pub(crate) const KINDS: &[&str] = &["status", "callback"];

/// Members that the vendor's documents have lists in.
pub(crate) const LISTS: &[&str] = &["data", "messages"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind, &normalize::Statuses::of_document())?.observations)
}
