//! Every leaf of a report is kept, in any format.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::{fixture, reports};
use idv_core::{Channel, Observation, Result};
use idv_testkit::Leaves;
use idv_verificar_identidad::normalize::{self, IGNORED};
use serde_json::Value;

/// The members that contain JSON in a string.
const EMBEDDED: [&str; 4] = ["Acceso", "Posicion", "Dispositivo", "Result"];

/// A report whose embedded JSON is replaced with objects.
fn opened(name: &str) -> Option<Value> {
    let mut report: Value = serde_json::from_slice(&fixture(name)).ok()?;
    if let Value::Array(entries) = report {
        report = entries.into_iter().next()?;
    }
    for part in EMBEDDED {
        if let Some(inner) = report
            .get(part)
            .and_then(Value::as_str)
            .and_then(|text| serde_json::from_str(text).ok())
        {
            report[part] = inner;
        }
    }
    Some(report)
}

fn observe(payload: &Value, channel: Channel) -> Result<Vec<Observation>> {
    normalize::payload(payload.to_string().as_bytes(), channel)
}

/// A report whose embedded members are replaced with text.
fn wrapped(payload: &Value) -> Value {
    let mut payload = payload.clone();
    for part in EMBEDDED {
        if let Some(inner) = payload.get_mut(part).filter(|inner| inner.is_object()) {
            *inner = inner.to_string().into();
        }
    }
    payload
}

#[test]
fn every_leaf_of_a_report_is_kept() {
    let mut leaves = Leaves::new(IGNORED);
    for name in reports()
        .iter()
        .filter(|name| name.ends_with(".json") && !name.contains("other-service"))
    {
        let report = opened(name).unwrap();
        for (kind, channel) in [
            ("callback", Channel::Callback),
            ("result", Channel::Fetch),
            ("status", Channel::Poll),
        ] {
            leaves.check(&format!("{name} as {kind}"), &report, |payload| {
                observe(payload, channel)
            });
        }
        leaves.check_variations(name, &report, 10, |payload| {
            observe(payload, Channel::Callback)
        });
        leaves.check(&format!("{name} with text"), &report, |payload| {
            observe(&wrapped(payload), Channel::Callback)
        });
    }
    leaves.finish();
}

#[test]
fn every_leaf_of_a_response_is_kept() {
    let mut leaves = Leaves::new(&[]);
    for json in [
        r#"{"Res":1,"ID":"7","Cred":5.5}"#,
        r#"{"Res":-3,"Error":"x"}"#,
        r#"{"Res":1,"ID":"7","Aviso":[{"a":true}]}"#,
    ] {
        let answer: Value = serde_json::from_str(json).unwrap();
        leaves.check_variations("answer", &answer, 20, |payload| {
            observe(payload, Channel::Poll)
        });
    }
    leaves.finish();
}
