//! Every leaf of a payload is in the observation or in the table of ignored members.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod fixture;

use fixture::{fixture, histories, results};
use idv_core::{Observation, Result};
use idv_identity_tm::normalize::{self, Flow, IGNORED};
use idv_testkit::Leaves;
use serde_json::{Value, json};

fn observe(kind: &'static str, flow: Flow) -> impl Fn(&Value) -> Result<Vec<Observation>> {
    move |payload| {
        normalize::kind(payload.to_string().as_bytes(), kind, flow).map(|page| page.observations)
    }
}

fn payload(name: &str) -> Value {
    serde_json::from_slice(&fixture(name)).unwrap()
}

#[test]
fn result_loses_no_leaf() {
    let mut leaves = Leaves::new(IGNORED);
    for name in results() {
        leaves.check_variations(
            &name,
            &payload(&name),
            30,
            observe("result", Flow::Identification),
        );
        leaves.check(
            &name,
            &payload(&name),
            observe("result", Flow::PhoneVerification),
        );
    }
    // Lists of several people with images, as an array and as PHP encodes a list with further keys.
    let [checked, initial] = [
        "own-ident-data-object.json",
        "own-ident-data-licence-alone.json",
    ]
    .map(payload);
    let (checked, mut initial) = (
        checked["IdentData"].clone(),
        initial["IdentData"][0].clone(),
    );
    initial["Type"] = json!(2);
    let third = json!({"Type": 1, "Surname": "Third", "IDCard": {"CardNo": "3", "extDocumentType": 3}, "DriverLicence": {"Classes": "B"}});
    let list = json!([initial, checked, third]);
    let places = json!({"0": initial, "1": checked, "2": third, "Images": [{"Image": "AA==", "Filename": "f.jpg"}]});
    for data in [list, places] {
        leaves.check_variations(
            "people",
            &json!({"Identitfied": "2024-03-01T10:00:00Z", "IdentData": data}),
            30,
            observe("result", Flow::Identification),
        );
    }
    leaves.finish();
}

#[test]
fn history_loses_no_leaf() {
    let mut leaves = Leaves::new(&[]);
    for name in histories() {
        for flow in [Flow::Identification, Flow::Esign, Flow::PhoneVerification] {
            leaves.check_variations(&name, &payload(&name), 20, observe("status", flow));
        }
    }
    leaves.finish();
}

#[test]
fn callback_loses_no_leaf() {
    let mut leaves = Leaves::new(&[]);
    for payload in [
        json!({"event": "OnFinal", "orderId": "99921269855041", "ref": "4711"}),
        json!({"event": "OnStatusChange", "orderId": "99921269855041", "ref": "4711", "statusCode": "6"}),
        json!({"event": "OnError", "order": 99921269855041_u64, "reference": "4711", "status": 4711, "tenant": "x"}),
    ] {
        leaves.check_variations(
            "callback",
            &payload,
            30,
            observe("callback", Flow::Identification),
        );
    }
    leaves.finish();
}
