//! The judgement of each adapter on difficult payloads: one row per payload, with the expected
//! outcome and the expected texts of the report.
//!
//! The payloads are written for this test, in the shapes of the vendors' documents.

#![allow(
    clippy::needless_pass_by_value,
    reason = "a row reads best if it is written in place"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use idv::Observation;
use serde_json::{Value, json};

/// A payload and the expected judgement.
struct Row {
    name: &'static str,
    payload: Value,
    /// The status as `state` or `state:outcome`; "null" if the payload has none.
    status: &'static str,
    /// Texts that the report's JSON must contain.
    has: &'static [&'static str],
    /// Texts that the report's JSON must not contain.
    lacks: &'static [&'static str],
}

fn row(
    name: &'static str,
    payload: Value,
    status: &'static str,
    has: &'static [&'static str],
) -> Row {
    Row {
        name,
        payload,
        status,
        has,
        lacks: &[],
    }
}

impl Row {
    fn without(mut self, lacks: &'static [&'static str]) -> Self {
        self.lacks = lacks;
        self
    }
}

fn check(rows: Vec<Row>, observe: impl Fn(&[u8]) -> idv::Result<Vec<Observation>>) {
    let mut failures = Vec::new();
    for row in rows {
        let observations = match observe(row.payload.to_string().as_bytes()) {
            Ok(observations) => observations,
            Err(error) => {
                if row.status != "error" {
                    failures.push(format!("{}: {error}", row.name));
                }
                continue;
            }
        };
        let json = serde_json::to_value(&observations[0]).unwrap();
        let status = match &json["status"] {
            Value::Null => "null".to_owned(),
            status => match status["outcome"].as_str() {
                Some(outcome) => format!("{}:{outcome}", status["state"].as_str().unwrap()),
                None => status["state"].as_str().unwrap().to_owned(),
            },
        };
        let report = json["report"].to_string();
        if status != row.status {
            failures.push(format!(
                "{}: {status}, not {}; {report}",
                row.name, row.status
            ));
        }
        failures.extend(
            row.has
                .iter()
                .filter(|text| !report.contains(*text))
                .map(|text| format!("{}: lacks {text}: {report}", row.name)),
        );
        failures.extend(
            row.lacks
                .iter()
                .filter(|text| report.contains(*text))
                .map(|text| format!("{}: has {text}: {report}", row.name)),
        );
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

const REFERENCE: &str = "0123456789abcdef0123456789abcdef";

/// Returns a history of codes at intervals of a minute. A code with `+` has the time of the
/// previous one.
fn history(codes: &[&str]) -> Value {
    let mut minute = 0;
    let statuses: Vec<Value> = codes
        .iter()
        .map(|code| {
            if !code.ends_with('+') {
                minute += 1;
            }
            let kind: u32 = code.trim_end_matches('+').parse().unwrap();
            json!({ "Kind": kind, "Time": format!("2026-03-01T10:{minute:02}:00+01:00") })
        })
        .collect();
    json!({ "OrderID": "99921269855041", "Ref": REFERENCE, "Status": statuses })
}

macro_rules! vendors {
    ($($vendor:ident,)*) => {
        $(mod $vendor;)*
    };
}

idv_sandbox::for_each_vendor!(vendors);
