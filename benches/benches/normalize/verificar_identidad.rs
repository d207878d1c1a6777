//! Reports, with the result as a string and as an object.

use idv::verificar_identidad::normalize::payload;
use idv_benches::Comparison;
use idv_core::Channel;

use super::{beside_value, reported};

const REPORTS: [(&str, &[u8]); 2] = [
    ("VerificarIdentidad: report to a report / to a Value", fixture!("idv-verificar-identidad/fixtures/report.json")),
    ("VerificarIdentidad: report with objects", fixture!("idv-verificar-identidad/fixtures/own-report-objects.json")),
];

pub(crate) fn rows() -> Vec<Comparison> {
    let row = |(name, bytes)| beside_value(name, bytes, |bytes| reported(payload(bytes, Channel::Callback).unwrap()));
    REPORTS.map(row).into()
}
