//! Parsers of the vendor's payloads.

use idv::Observation;
use idv::cm_id_scan::normalize;

pub(crate) const KINDS: &[&str] = &["result", "callback"];

/// Members that hold lists in the vendor's document.
pub(crate) const LISTS: &[&str] = &["tasks", "transaction"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind, &normalize::Acceptance::strict())?.observations)
}
