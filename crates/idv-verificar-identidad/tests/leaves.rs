//! Nothing that the vendor sends is lost, in any form of a report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod fixture;

use fixture::{fixture, reports};
use idv_core::{Channel, Observation, Result};
use idv_testkit::Leaves;
use idv_verificar_identidad::normalize::{self, IGNORED};
use serde_json::Value;

/// The members that hold JSON again.
const EMBEDDED: [&str; 4] = ["Acceso", "Posicion", "Dispositivo", "Result"];

/// A report whose embedded members are objects, if they are JSON.
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

/// The same report with its embedded members as text.
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
fn every_leaf_of_a_report_is_found() {
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
fn every_leaf_of_an_answer_is_found() {
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
