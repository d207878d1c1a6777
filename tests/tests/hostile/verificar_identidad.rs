//! How the vendor's payloads are read.

use idv::Observation;
use idv::verificar_identidad::normalize;

pub(crate) const KINDS: &[&str] = &["callback"];

/// Members that the vendor's documents have lists in.
pub(crate) const LISTS: &[&str] = &["Result", "Acceso"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind)?.observations)
}
