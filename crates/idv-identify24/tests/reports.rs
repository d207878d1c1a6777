//! Every member of a payload is kept in any shape, and a word has its taught meaning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::report::{Method, Reason, Report};
use idv_core::{Channel, Observation, Outcome, Pii, Result, Status};
use idv_identify24::normalize::{self, IGNORED, Statuses};
use idv_testkit::Leaves;
use serde_json::{Value, json};
use support::*;

fn observe_with(payload: &Value, kind: &str, statuses: &Statuses) -> Observation {
    normalize::kind(payload.to_string().as_bytes(), kind, statuses)
        .unwrap()
        .observations
        .remove(0)
}

fn told(members: &Value) -> Value {
    let mut webhook = json!({"ident_id": IDENT, "status": "Word"});
    webhook
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    webhook
}

fn report(members: &Value) -> Report {
    observe_with(&told(members), "callback", &Statuses::of_document())
        .report()
        .unwrap()
        .clone()
}

fn custom(report: &Report) -> Value {
    report
        .custom
        .iter()
        .map(|(name, value)| (name.clone(), value.expose().clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn every_leaf_of_a_payload_is_kept() {
    let observe = |payload: &Value, channel| -> Result<Vec<Observation>> {
        normalize::payload(payload.to_string().as_bytes(), channel, &statuses())
    };
    let mut leaves = Leaves::new(IGNORED);
    for (names, channel) in [(idents(), Channel::Poll), (webhooks(), Channel::Callback)] {
        for name in names {
            let payload: Value = serde_json::from_slice(&fixture(&name)).unwrap();
            leaves.check(&format!("{name} as result"), &payload, |payload| {
                observe(payload, Channel::Fetch)
            });
            leaves.check_variations(&name, &payload, 30, |payload| observe(payload, channel));
        }
    }
    let more = json!({
        "ident_id": IDENT, "status_id": 7, "status": "Word", "birthday": "1964-08-12", "birth_place": "BERLIN", "id_number": "T22",
        "id_end_date": "2031-05-09", "nationality": ["DE"], "street": {"name": "Weg", "no": 7}, "pdf_url": "https://example.com/a.pdf",
        "reject_reason": ["one", {"code": 4, "text": "two"}], "agent_notes": {"a": [1.5, true]}, "agent_name": "Agentin Acht",
        "appointment_date": "2024-01-03 10:30",
    });
    leaves.check_variations("newer webhook", &more, 30, |payload| {
        observe(payload, Channel::Callback)
    });
    let answer = json!({
        "result": true, "response_status": 200, "messages": ["Successful.."], "later": {"a": 1},
        "data": {"id": IDENT, "status": "Word", "later": [1, 2], "created_at": "21-10-2019 09:57:51", "agent_name": "x"},
    });
    leaves.check_variations("newer answer", &answer, 30, |payload| {
        observe(payload, Channel::Poll)
    });
    leaves.finish();
}

#[test]
fn members_of_newer_versions_keep_their_shape() {
    let members = json!({
        "birthday": "1964-08-12", "nationality_code": "D", "pdf": {"url": "https://example.com/a.pdf"}, "scores": [1, 0.5, true],
        "long": 123_456_789_012_345_678_u64, "company_name": ["A", "B"], "first_name": {"latin": "ERIKA"}, "custom1": "N/A", "none": null,
    });
    let mut expected = members.clone();
    expected.as_object_mut().unwrap().remove("none");
    assert_eq!(custom(&report(&members)), expected);
    let long = format!(
        r#"{{"ident_id":123456789012345678901234567890,"status":"Word","n":{}}}"#,
        "9".repeat(40)
    );
    let observation = normalize::kind(long.as_bytes(), "callback", &statuses())
        .unwrap()
        .observations
        .remove(0);
    assert_eq!(
        observation.subject.vendor_id.as_ref().unwrap().as_str(),
        "123456789012345678901234567890"
    );
    assert_eq!(
        observation.report().unwrap().custom["n"].expose(),
        &json!("9".repeat(40))
    );
}

#[test]
fn reject_reason_of_any_shape_is_a_reason() {
    for (reason, texts) in [
        (json!("zu dunkel"), vec!["zu dunkel"]),
        (json!(17), vec!["17"]),
        (
            json!(["zu dunkel", " Brille "]),
            vec!["zu dunkel", "Brille"],
        ),
        (json!([["a", "b"]]), vec![r#"["a","b"]"#]),
        (
            json!({"code": 4, "text": "zu dunkel"}),
            vec![r#"{"code":4,"text":"zu dunkel"}"#],
        ),
        (
            json!(["x", {"code": 4}, null, ""]),
            vec!["x", r#"{"code":4}"#],
        ),
        (json!([]), vec![]),
        (json!({"text": " "}), vec![]),
        (json!(""), vec![]),
        (json!(null), vec![]),
    ] {
        let report = report(&json!({"reject_reason": reason}));
        let found: Vec<_> = report
            .reasons
            .iter()
            .map(|it| it.text.as_ref().unwrap().expose().as_str())
            .collect();
        assert_eq!(found, texts, "{reason}");
        assert!(
            report
                .reasons
                .iter()
                .all(|it| (it.reason, it.code.as_str()) == (Reason::Unknown, "reject_reason"))
        );
        let kept = report.custom.get("reject_reason").map(Pii::expose);
        assert_eq!(
            kept,
            (!texts.is_empty() && (reason.is_array() || reason.is_object())).then_some(&reason),
            "{reason}"
        );
        assert_eq!(
            report.method,
            (!texts.is_empty()).then_some(Method::Video),
            "{reason}"
        );
    }
}

#[test]
fn report_does_not_depend_on_taught_words() {
    for members in [
        json!({"agent_name": "Agentin Acht", "agent_notes": "gut", "reject_reason": ["a"]}),
        json!({"first_name": "ERIKA", "custom_id": REFERENCE}),
    ] {
        let payload = told(&members);
        let before = observe_with(&payload, "callback", &Statuses::of_document());
        assert_eq!(
            (before.status, before.code.as_deref()),
            (None, Some("Word"))
        );
        for outcome in [Outcome::Verified, Outcome::Rejected] {
            let statuses = Statuses::of_document()
                .with("Word", Status::Finished(outcome))
                .unwrap();
            let after = observe_with(&payload, "callback", &statuses);
            assert_eq!(after.status, Some(Status::Finished(outcome)));
            assert_eq!(after.report(), before.report(), "{members}");
        }
    }
}

#[test]
fn initial_word_has_no_meaning_after_an_agent() {
    let unidentified = |members: &Value| {
        let mut payload = told(members);
        payload["status"] = json!("Unidentified");
        payload
    };
    let taught = Statuses::of_document()
        .with_both("Unidentified", None, Status::Finished(Outcome::Rejected))
        .unwrap();
    for (members, has_agent) in [
        (json!({}), false),
        (
            json!({"agent_name": "", "agent_notes": " ", "reject_reason": []}),
            false,
        ),
        (json!({"agent_name": "Agentin Acht"}), true),
        (json!({"agent_notes": "kein Ausweis"}), true),
        (json!({"reject_reason": "kein Ausweis"}), true),
        (json!({"reject_reason": {"code": 4}}), true),
    ] {
        let payload = unidentified(&members);
        let plain = observe_with(&payload, "callback", &Statuses::of_document());
        let rejected = Some(Status::Finished(Outcome::Rejected));
        let (status, after) = if has_agent {
            (None, rejected)
        } else {
            (Some(Status::AwaitingPerson), Some(Status::AwaitingPerson))
        };
        assert_eq!(
            (plain.status, plain.code.as_deref()),
            (status, Some("Unidentified")),
            "{members}"
        );
        assert_eq!(
            observe_with(&payload, "callback", &taught).status,
            after,
            "{members}"
        );
    }
    for (agent, status) in [
        (Value::Null, Some(Status::AwaitingPerson)),
        (json!("Agentin Acht"), None),
    ] {
        let answer = json!({"result": true, "data": {"id": IDENT, "status": "Unidentified", "agent_name": agent}});
        assert_eq!(
            observe_with(&answer, "status", &Statuses::of_document()).status,
            status,
            "{agent}"
        );
    }
}

#[test]
fn envelope_of_a_response_is_kept() {
    let answer = json!({
        "result": true, "response_status": 200, "messages": ["Successful.."], "hint": {"a": [1]}, "custom1": "outer", "empty": "",
        "data": {"id": IDENT, "status": "Word", "custom1": "inner", "created_at": "21-10-2019 09:57:51", "appointment_date": "soon"},
    });
    let observation = observe_with(&answer, "status", &Statuses::of_document());
    assert_eq!(
        custom(observation.report().unwrap()),
        json!({
            "messages": ["Successful.."], "hint": {"a": [1]}, "custom1": "inner", "envelope.custom1": "outer",
            "created_at": "2019-10-21T07:57:51Z", "appointment_date": "soon",
        })
    );
}
