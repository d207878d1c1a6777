//! Reports, with the result as a string and as an object.

use idv::verificar_identidad::normalize::payload;
use idv_benches::Comparison;
use idv_core::{Channel, Observation};

use super::{beside_nested_values, beside_value, reported};

const STRINGS: &[u8] = fixture!("idv-verificar-identidad/fixtures/report.json");
const OBJECTS: &[u8] = fixture!("idv-verificar-identidad/fixtures/own-report-objects.json");

pub(crate) fn rows() -> Vec<Comparison> {
    vec![
        beside_nested_values("VerificarIdentidad: report to a report / to Values", STRINGS, read),
        beside_value("VerificarIdentidad: report with objects / to a Value", OBJECTS, read),
    ]
}

fn read(bytes: &[u8]) -> Vec<Observation> {
    reported(payload(bytes, Channel::Callback).unwrap())
}
