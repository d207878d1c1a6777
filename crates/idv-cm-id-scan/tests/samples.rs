//! The normalization of the samples: snapshots of whole reports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::{details, fixture, json, named, results};
use idv_cm_id_scan::api::{
    CreateTransactionResponse, CreateWebhookResponse, NewTransaction, ResultId,
};
use idv_cm_id_scan::normalize::{self, Acceptance, REPORT_FIELDS};
use idv_cm_id_scan::wire::{ErrorBody, Transaction};
use idv_core::report::{Field, Source, Verdict};
use idv_core::{Channel, ErrorKind, Observation};

fn read(name: &str, kind: &str) -> Observation {
    let page = normalize::kind(&fixture(name), kind, &Acceptance::default()).unwrap();
    assert_eq!((page.observations.len(), page.unreadable), (1, 0), "{name}");
    page.observations.into_iter().next().unwrap()
}

#[test]
fn every_payload_matches_its_snapshot() {
    for (kind, names) in [("result", results()), ("status", details())] {
        for name in names {
            let snapshot = name.strip_suffix(".json").unwrap().to_owned();
            // The order of JSON members depends on the build's features of serde_json.
            insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(snapshot, read(&name, kind)) });
        }
    }
}

#[test]
fn every_fixture_is_used_by_a_test() {
    let read: Vec<_> = [results(), details(), fixture::events()].concat();
    let rest = [
        "create-request.json",
        "webhook-request.json",
        "webhook-response.json",
        "own-error.json",
        "README.md",
    ];
    for name in named(&[""]) {
        assert!(
            read.contains(&name) || rest.contains(&name.as_str()),
            "{name}"
        );
        assert!(
            String::from_utf8(fixture("README.md"))
                .unwrap()
                .contains("own-result-everything.json")
        );
    }
    assert_eq!(
        CreateWebhookResponse::read(&fixture("webhook-response.json"))
            .unwrap()
            .events
            .len(),
        2
    );
    assert_eq!(
        ErrorBody::read(&fixture("own-error.json")).code(),
        Some("transaction_not_found")
    );
    assert_eq!(
        CreateTransactionResponse::read(&fixture("create-response.json"))
            .unwrap()
            .state,
        "pending"
    );
    assert_eq!(
        serde_json::to_value(NewTransaction::default()).unwrap()["tasks"],
        json("create-request.json")["tasks"]
    );
}

#[test]
fn fixtures_fill_exactly_the_declared_fields() {
    let mut filled = Vec::new();
    for name in results() {
        let observation = read(&name, "result");
        let report = observation.report().unwrap();
        for field in Field::ALL.iter().filter(|field| field.is_filled(report)) {
            assert!(
                REPORT_FIELDS.contains(field),
                "{name}: {field} is not declared"
            );
            filled.push(*field);
        }
    }
    for field in REPORT_FIELDS {
        assert!(filled.contains(field), "{field} is never filled");
    }
}

#[test]
fn machine_readable_zone_comes_first() {
    let observation = read("own-result-verified.json", "result");
    let person = &observation.report().unwrap().person;
    let given = person.given_names.as_ref().unwrap();
    assert_eq!(
        (
            given.source,
            given.verdict,
            given.expose().unwrap().as_str()
        ),
        (Source::Mrz, Verdict::Unchecked, "WILLEKE LISELOTTE")
    );
    assert_eq!(
        given.alternatives[0].value.as_ref().unwrap().expose(),
        "Willeke Liselotte"
    );
    let nationality = &person.nationalities[0];
    assert_eq!(
        (nationality.expose().unwrap().code(), nationality.verdict),
        ("NL", Verdict::Valid)
    );
    assert_eq!(nationality.raw.as_ref().unwrap().expose(), "Netherlands");
    let local = &nationality.alternatives[0];
    assert_eq!(
        (
            local.value.as_ref().unwrap().expose().code(),
            local.locale.as_deref()
        ),
        ("NL", Some("nl-NL"))
    );
    assert_eq!(
        (local.source, local.raw.as_ref().unwrap().expose().as_str()),
        (Source::Visual, "Nederlandse")
    );
}

#[test]
fn best_reading_wins_in_any_order() {
    let entry = |source: &str, locale: &str, value: &str| {
        format!(
            r#"{{"field":"surname","validity":"valid","locale":{locale},"values":[{{"source":"{source}","value":"{value}"}}]}}"#
        )
    };
    let mut entries = [
        entry("other", "null", "5"),
        entry("visual", "\"nl-NL\"", "4"),
        entry("visual", "null", "3"),
        entry("mrz", "\"nl-NL\"", "2"),
        entry("mrz", "null", "1"),
    ]
    .to_vec();
    for best in ["1", "2", "3", "4", "5"] {
        for _ in 0..entries.len() {
            entries.rotate_left(1);
            let payload = format!(
                r#"{{"id":"a","state":"completed","tasks":[{{"type":"document_scan","result":[{}]}}]}}"#,
                entries.join(",")
            );
            let observation =
                normalize::payload(payload.as_bytes(), Channel::Fetch, &Acceptance::default())
                    .unwrap()
                    .remove(0);
            let surname = observation
                .report()
                .unwrap()
                .person
                .family_name
                .clone()
                .unwrap();
            assert_eq!(
                (
                    surname.expose().unwrap().as_str(),
                    surname.alternatives.len()
                ),
                (best, entries.len() - 1)
            );
        }
        entries.retain(|entry| !entry.contains(&format!("\"value\":\"{best}\"")));
    }
}

#[test]
fn evidence_id_has_the_result_if_known() {
    let payload = fixture("own-result-everything.json");
    let transaction = Transaction::read(&payload).unwrap();
    let result = ResultId::parse("e6b7ce66").unwrap();
    let with = normalize::result(
        &transaction,
        Some(&result),
        &Acceptance::default(),
        None,
        Channel::Fetch,
    );
    let without = normalize::result(
        &transaction,
        None,
        &Acceptance::default(),
        None,
        Channel::Fetch,
    );
    let ids = |observation: &Observation| -> Vec<String> {
        observation
            .report()
            .unwrap()
            .evidence
            .iter()
            .map(|evidence| evidence.id.as_str().to_owned())
            .collect()
    };
    let prefixed: Vec<_> = ids(&without)
        .iter()
        .map(|id| format!("results/e6b7ce66/{id}"))
        .collect();
    assert_eq!(ids(&with)[..prefixed.len()], prefixed);
    assert_eq!(ids(&with).len(), prefixed.len() + 2, "the reports too");
    for evidence in &with.report().unwrap().evidence {
        let (found, wanted) = normalize::wanted(&evidence.id).unwrap();
        assert_eq!(found, result);
        if let normalize::Wanted::File(name) = wanted {
            assert!(normalize::find_file(&transaction, name).is_some(), "{name}");
        }
    }
    let extract = read("result-extract-fields.json", "result");
    assert!(
        extract.report().unwrap().evidence.is_empty(),
        "without an address there is nothing to download"
    );
}

#[test]
fn other_kind_of_payload_is_refused() {
    let kind = |bytes: &[u8], kind: &str| {
        normalize::kind(bytes, kind, &Acceptance::default())
            .unwrap_err()
            .kind()
            .clone()
    };
    assert_eq!(
        kind(b"{}", "archive"),
        ErrorKind::InvalidRequest {
            field: "kind".into()
        }
    );
    for payload in [
        "",
        "{}",
        "[]",
        "null",
        "<html>",
        "{\"id\":\"a\"}",
        "{\"state\":\"completed\"}",
        "{\"id\":\"\",\"state\":\"completed\"}",
    ] {
        for name in ["result", "status"] {
            assert_eq!(
                kind(payload.as_bytes(), name),
                ErrorKind::Malformed,
                "{payload}"
            );
        }
    }
    let error = normalize::payload(b"{}", Channel::List, &Acceptance::default()).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "channel".into()
        }
    );
}
