//! How the vendor's payloads are read.

use idv::Observation;
use idv::cm_id_scan::normalize;

pub(crate) const KINDS: &[&str] = &["result", "callback"];

/// Members that the vendor's documents have lists in.
pub(crate) const LISTS: &[&str] = &["tasks", "transaction"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind, &normalize::Acceptance::strict())?.observations)
}
