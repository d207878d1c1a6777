//! Parsers of the vendor's payloads.

use idv::Observation;
use idv::verificar_identidad::normalize;

pub(crate) const KINDS: &[&str] = &["callback"];

/// Members that hold lists in the vendor's document.
pub(crate) const LISTS: &[&str] = &["Result", "Acceso"];

pub(crate) fn read(body: &[u8], kind: &str) -> idv::Result<Vec<Observation>> {
    Ok(normalize::kind(body, kind)?.observations)
}
