//! The tables have every word of the documentation, each with the meaning of its row.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::{json, named};
use idv_cm_id_scan::api::{EventKind, Tasks};
use idv_cm_id_scan::normalize::{self, Acceptance, DOCUMENT_KINDS, FIELDS, STATES, find_state};
use idv_core::report::{CheckKind, CheckResult, DocumentKind, Source, Verdict};
use idv_core::{Channel, Observation, Outcome, Report, ResultHandle, ResultState, Status};
use serde_json::{Value, json};

fn report_of(fields: &Value) -> Report {
    let payload = json!({ "id": "a", "state": "completed", "tasks": [{ "type": "document_scan", "state": "completed", "result": fields }] });
    let observation = normalize::payload(
        payload.to_string().as_bytes(),
        Channel::Fetch,
        &Acceptance::default(),
    )
    .unwrap()
    .remove(0);
    observation.report().unwrap().clone()
}

fn details(state: &str, tasks: &Value) -> Observation {
    let payload = json!({ "id": "a", "state": state, "tasks": tasks });
    normalize::payload(
        payload.to_string().as_bytes(),
        Channel::Poll,
        &Acceptance::default(),
    )
    .unwrap()
    .remove(0)
}

#[test]
fn state_has_the_meaning_of_its_row() {
    let begun = [
        json!([{ "type": "document_scan", "state": "completed" }]),
        json!([{ "type": "document_scan", "state": "pending", "attempts": 1 }]),
        json!([{ "type": "document_scan", "state": "pending", "attempts": "2" }]),
        json!([{ "type": "document_scan", "state": "pending", "documentScans": [{}] }]),
    ];
    let untouched = [
        json!([]),
        json!(["document_scan"]),
        json!([{ "type": "document_scan" }]),
        json!([{ "type": "document_scan", "state": "pending", "attempts": 0, "documentScans": [] }]),
    ];
    for row in STATES {
        for tasks in &begun {
            assert_eq!(
                details(row.state, tasks).status,
                Some(row.begun),
                "{} {tasks}",
                row.state
            );
        }
        for tasks in &untouched {
            assert_eq!(
                details(row.state, tasks).status,
                Some(row.untouched),
                "{} {tasks}",
                row.state
            );
        }
        assert_eq!(
            details(row.state, &json!([])).code.as_deref(),
            Some(row.state)
        );
        assert!(!row.source.is_empty());
        assert!(
            row.begun != Status::Finished(Outcome::Verified),
            "no state alone verifies a person"
        );
    }
    assert_eq!(find_state("PENDING"), find_state("pending"));
    for unknown in ["quarantined", "complete", "canceled"] {
        let observation = details(unknown, &json!([]));
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (None, Some(unknown))
        );
    }
}

#[test]
fn result_id_of_details_is_the_handle() {
    for (id, handle) in [
        (json!("e6b7ce66"), Some("e6b7ce66")),
        (json!(null), None),
        (json!("../x"), None),
        (json!([]), None),
    ] {
        let payload = json!({ "id": "a", "state": "completed", "tasks": [], "resultId": id });
        let observation = normalize::payload(
            payload.to_string().as_bytes(),
            Channel::Poll,
            &Acceptance::default(),
        )
        .unwrap()
        .remove(0);
        let expected = handle.map_or(ResultState::Absent, |handle| {
            ResultState::Fetchable(ResultHandle::new(handle))
        });
        assert_eq!(
            (observation.status, observation.result),
            (Some(Status::Ended), expected),
            "{id}"
        );
    }
}

#[test]
fn states_of_samples_are_in_the_table() {
    for name in named(&["create-response", "details", "result", "event"]) {
        let sample = json(&name);
        let state = sample
            .get("state")
            .unwrap_or(&sample["transaction"]["state"])
            .as_str()
            .unwrap()
            .to_owned();
        assert!(find_state(&state).is_some(), "{name}: {state}");
    }
}

#[test]
fn fields_of_samples_are_documented_in_the_table() {
    let mut seen = 0;
    for name in named(&["result"]) {
        for field in json(&name)["tasks"][0]["result"].as_array().unwrap() {
            let row = FIELDS
                .iter()
                .find(|row| row.field == field["field"])
                .unwrap_or_else(|| panic!("{name}: {field}"));
            assert!(row.documented, "{name}: {field}");
            seen += 1;
        }
    }
    assert!(seen >= 8);
    for (index, row) in FIELDS.iter().enumerate() {
        assert!(
            !FIELDS
                .iter()
                .skip(index + 1)
                .any(|other| other.field == row.field),
            "{} stands twice",
            row.field
        );
    }
}

#[test]
fn every_field_of_the_table_reaches_the_report() {
    for row in FIELDS {
        let value = if row.field.contains("date") {
            "2020-01-02"
        } else {
            "NL"
        };
        let field = json!([{ "field": row.field, "validity": "valid", "values": [{ "source": "mrz", "value": value }] }]);
        let report = serde_json::to_value(report_of(&field)).unwrap().to_string();
        assert!(report.contains(value), "{}: {report}", row.field);
    }
}

#[test]
fn unknown_field_is_kept_by_its_name() {
    let report = report_of(&json!([
        { "field": "eye_colour", "validity": "not_checked", "locale": "nl-NL", "values": [{ "source": "visual", "value": "blauw" }] },
        { "field": "eye_colour", "validity": "not_checked", "locale": null, "values": [{ "source": "visual", "value": "blue" }] },
        { "field": "age", "validity": "valid", "values": [{ "source": "visual", "value": "45" }] },
    ]));
    let custom = |key: &str| {
        report
            .custom
            .get(key)
            .and_then(|value| value.expose().as_str())
    };
    assert_eq!(custom("eye_colour"), Some("blue"));
    assert_eq!(custom("eye_colour.visual.nl-NL"), Some("blauw"));
    assert_eq!(custom("age"), Some("45"));
}

#[test]
fn words_of_checks_and_sources_are_parsed() {
    let report = |validity: &str, source: &str| {
        report_of(
            &json!([{ "field": "surname", "validity": validity, "values": [{ "source": source, "value": "DE BRUIJN" }] }]),
        )
    };
    for (word, verdict) in [
        ("valid", Verdict::Valid),
        ("invalid", Verdict::Invalid),
        ("not_checked", Verdict::Unchecked),
        ("other", Verdict::Unchecked),
    ] {
        assert_eq!(
            report(word, "mrz").person.family_name.unwrap().verdict,
            verdict,
            "{word}"
        );
    }
    for (word, source) in [
        ("mrz", Source::Mrz),
        ("MRZ", Source::Mrz),
        ("visual", Source::Visual),
        ("chip", Source::Chip),
        ("nfc", Source::Chip),
        ("RFID", Source::Chip),
        ("barcode", Source::Vendor),
        ("", Source::Vendor),
    ] {
        assert_eq!(
            report("valid", word).person.family_name.unwrap().source,
            source,
            "{word}"
        );
    }
    let empty = report_of(&json!([{ "field": "surname", "validity": "invalid", "values": [] }]));
    assert_eq!(
        empty.person.family_name.unwrap().verdict,
        Verdict::Invalid,
        "an invalid field without values stays visible"
    );
    assert!(
        report_of(&json!([{ "field": "surname", "validity": "valid", "values": [] }]))
            .person
            .family_name
            .is_none()
    );
    let data = report("invalid", "mrz")
        .checks
        .into_iter()
        .find(|check| check.kind == CheckKind::DocumentData);
    assert_eq!(data.unwrap().result, CheckResult::Failed);
}

#[test]
fn document_kind_is_parsed_in_any_case() {
    let kind = |word: &str| {
        let files = json!([{ "category": "document", "type": "raw_document_image" }, { "category": "document", "type": word }]);
        let payload = json!({ "id": "a", "state": "completed", "tasks": [{ "type": "document_scan", "files": files }] });
        let observation = normalize::payload(
            payload.to_string().as_bytes(),
            Channel::Fetch,
            &Acceptance::default(),
        )
        .unwrap()
        .remove(0);
        let kind = observation.report().unwrap().document.kind.clone().unwrap();
        (
            *kind.expose().unwrap(),
            kind.raw.map(idv_core::Pii::into_exposed),
        )
    };
    for (word, expected) in DOCUMENT_KINDS {
        assert_eq!(kind(word).0, *expected, "{word}");
        assert_eq!(
            kind(&word.to_uppercase()),
            (*expected, Some(word.to_uppercase()))
        );
    }
    assert_eq!(kind("visa"), (DocumentKind::Other, Some("visa".to_owned())));
    assert_eq!(kind("passport"), (DocumentKind::Passport, None));
}

#[test]
fn document_country_comes_from_field_or_name() {
    let country = |name: &str| {
        let files = json!([{ "category": "document", "type": "passport", "name": name }]);
        let payload = json!({ "id": "a", "state": "completed", "tasks": [{ "type": "document_scan", "files": files }] });
        let observation = normalize::payload(
            payload.to_string().as_bytes(),
            Channel::Fetch,
            &Acceptance::default(),
        )
        .unwrap()
        .remove(0);
        observation
            .report()
            .unwrap()
            .document
            .issuing_country
            .clone()
            .map(|country| country.expose().unwrap().code().to_owned())
    };
    assert_eq!(
        country("Netherlands - ePassport (2021)").as_deref(),
        Some("NL")
    );
    assert_eq!(
        country("Czech Republic - Id Card (2012)").as_deref(),
        Some("CZ")
    );
    assert_eq!(country("Utopia - ePassport (2021)"), None);
    let report = report_of(
        &json!([{ "field": "issuing_country", "validity": "valid", "values": [{ "source": "mrz", "value": "Utopia" }] }]),
    );
    let country = report.document.issuing_country.unwrap();
    assert_eq!(
        (
            country.expose(),
            country.raw.as_ref().unwrap().expose().as_str()
        ),
        (None, "Utopia"),
        "an unknown word is kept"
    );
}

#[test]
fn only_documented_task_combinations_are_accepted() {
    let (document, liveness, face) = ("document_scan", "face_liveness", "face_match");
    assert_eq!(Tasks::of(&[document]), Some(Tasks::Document));
    assert_eq!(
        Tasks::of(&[liveness, document]),
        Some(Tasks::DocumentAndLiveness)
    );
    assert_eq!(
        Tasks::of(&[document, face, liveness]),
        Some(Tasks::DocumentLivenessAndMatch)
    );
    for wrong in [
        vec![],
        vec![liveness],
        vec![document, face],
        vec![liveness, face],
        vec![document, document],
        vec![document, "x"],
    ] {
        assert_eq!(Tasks::of(&wrong), None, "{wrong:?}");
    }
    for event in EventKind::ALL {
        assert_eq!(EventKind::named(event.name()), Some(event));
        assert_eq!(serde_json::to_value(event).unwrap(), event.name());
    }
}
