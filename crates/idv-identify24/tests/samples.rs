//! The normalization of the document's samples.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::report::{Field, Method, Reason, Source, Verdict};
use idv_core::{Channel, ErrorKind, Observation, Outcome, Status};
use idv_identify24::normalize::{self, REPORT_FIELDS, STATUSES, Statuses};
use idv_identify24::wire::{Envelope, IdentAnswer, ProjectsAnswer, Webhook};
use support::*;

fn observe(name: &str, kind: &str) -> Observation {
    let page = normalize::kind(&fixture(name), kind, &statuses())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((page.observations.len(), page.unreadable), (1, 0));
    page.observations.into_iter().next().unwrap()
}

#[test]
fn every_ident_matches_its_snapshot() {
    for name in idents() {
        // The order of JSON members depends on the build's features of serde_json.
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name.replace('.', "-"), observe(&name, "status")) });
    }
}

#[test]
fn every_webhook_matches_its_snapshot() {
    for name in webhooks() {
        // The order of JSON members depends on the build's features of serde_json.
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name.replace('.', "-"), observe(&name, "callback")) });
    }
}

#[test]
fn every_fixture_is_listed_in_the_readme() {
    let (explained, names) = (
        text("README.md"),
        named(&["auth-", "ident-", "project-", "webhook", "own-"]),
    );
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        assert!(
            explained.contains(&format!("`{name}`")),
            "{name} is not in the table of fixtures"
        );
    }
}

#[test]
fn documents_responses_are_parsed() {
    let auth = fixture("auth-response.json");
    let auth = Envelope::read(&auth).unwrap();
    assert_eq!(
        (
            auth.result,
            auth.response_status,
            auth.token.unwrap().expose()
        ),
        (Some(true), Some(200), "xxx")
    );
    assert_eq!(auth.messages[0].as_ref().unwrap().expose(), "Successful..");

    let created = fixture("ident-create-response.json");
    let created = Envelope::read(&created).unwrap();
    assert_eq!(
        (
            created.result,
            created.response_status,
            created.messages.len()
        ),
        (Some(true), None, 0)
    );
    assert_eq!(
        created.ident_id.unwrap().expose(),
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    );
    assert_eq!(
        created.conference_url.unwrap().expose(),
        "https://identify24.de/apply/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    );

    for name in ["project-get-all-response.json", "project-get-response.json"] {
        let bytes = fixture(name);
        let answer = ProjectsAnswer::read(&bytes).unwrap();
        let [project] = answer.data.as_slice() else {
            panic!("{name}")
        };
        let texts = [&project.id, &project.title, &project.status]
            .map(|text| text.as_ref().unwrap().expose().to_owned());
        assert_eq!(texts, ["6", "911 Internet GmbH", "Active"]);
    }
}

#[test]
fn documents_sample_without_its_comma_is_refused() {
    let broken = text("ident-get-response.json").replace("51\",", "51\"");
    let error = normalize::kind(broken.as_bytes(), "status", &Statuses::of_document()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Malformed);
}

#[test]
fn documents_ident_awaits_the_person() {
    let observation = observe("ident-get-response.json", "status");
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (Some(Status::AwaitingPerson), Some("Unidentified"))
    );
    assert_eq!(observation.at.unwrap().to_string(), "2019-10-21T07:57:51Z");
    assert_eq!(observation.subject.reference.as_deref(), Some("Optional"));
    assert_eq!(
        observation.subject.vendor_id.unwrap().as_str(),
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    );
    assert!(!observation.trust.is_proven());
}

#[test]
fn creation_time_is_not_that_of_a_later_state() {
    let observation = observe("own-ident-get-final.json", "status");
    assert_eq!(
        (observation.status, observation.at),
        (Some(Status::Finished(Outcome::Verified)), None)
    );
    // The same applies to a state that awaits the person again.
    let statuses = statuses().with("Aborted", Status::AwaitingPerson).unwrap();
    let page = normalize::kind(ident("Aborted").as_bytes(), "status", &statuses).unwrap();
    assert_eq!(
        (page.observations[0].status, page.observations[0].at),
        (Some(Status::AwaitingPerson), None)
    );
}

#[test]
fn webhook_has_names_agent_notes_and_custom_data() {
    let observation = observe("own-webhook-final.json", "callback");
    assert_eq!(
        (observation.channel, observation.status),
        (Channel::Callback, Some(Status::Finished(Outcome::Verified)))
    );
    let report = observation.report().unwrap();
    let name = report.person.family_name.as_ref().unwrap();
    assert_eq!(
        (name.expose().unwrap().as_str(), name.source, name.verdict),
        ("MUSTERMANN", Source::Vendor, Verdict::Unchecked)
    );
    assert_eq!(
        (
            report.method,
            report.agent.as_ref().unwrap().expose().as_str()
        ),
        (Some(Method::Video), "Agentin Acht")
    );
    assert_eq!(
        (
            report.reference.as_deref(),
            report.vendor_id.as_ref().unwrap().as_str()
        ),
        (Some(REFERENCE), IDENT)
    );
    let custom: Vec<_> = report
        .custom
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose().as_str().unwrap()))
        .collect();
    assert_eq!(
        custom,
        [
            ("agent_notes", "Ausweis gut lesbar"),
            ("appointment_date", "2024-01-03T09:30:00Z"),
            ("custom1", "policy-4711"),
            ("project_id", "6"),
            ("status_id", "5"),
        ]
    );
    assert!(report.reasons.is_empty() && report.document.is_empty());
}

#[test]
fn reason_is_text_and_not_printed() {
    let observation = observe("own-webhook-rejected.json", "callback");
    let report = observation.report().unwrap();
    let [finding] = report.reasons.as_slice() else {
        panic!("one reason")
    };
    assert_eq!(
        (finding.reason, finding.code.as_str()),
        (Reason::Unknown, "reject_reason")
    );
    assert_eq!(
        finding.text.as_ref().unwrap().expose(),
        "Das Gesicht von Frau Mustermann ist verdeckt"
    );
    assert!(!format!("{report:?}").contains("Mustermann"));
}

#[test]
fn untaught_word_is_kept_without_meaning() {
    for word in ["Identified", "VERIFIED", "Success", "xxxxx", "Active"] {
        for (payload, kind) in [(ident(word), "status"), (webhook(word), "callback")] {
            let page = normalize::kind(payload.as_bytes(), kind, &Statuses::of_document()).unwrap();
            assert_eq!(
                (
                    page.observations[0].status,
                    page.observations[0].code.as_deref()
                ),
                (None, Some(word)),
                "{kind}"
            );
        }
    }
}

#[test]
fn every_documented_word_is_in_the_table() {
    let samples: String = idents()
        .iter()
        .filter(|name| !name.starts_with("own-"))
        .map(|name| text(name))
        .collect();
    for row in STATUSES {
        assert!(
            samples.contains(&format!("\"{}\"", row.word)),
            "{} is in no sample",
            row.word
        );
        assert_eq!(Statuses::of_document().find(row.word), Some(row.status));
        assert_eq!(
            Statuses::of_document().meaning(row.word, true),
            None,
            "the sample is of an ident without an agent"
        );
        assert!(row.source.starts_with("ident/get"));
    }
    // No state is missing.
    for name in idents().iter().filter(|name| !name.starts_with("own-")) {
        let bytes = fixture(name);
        let answer = IdentAnswer::read(&bytes).unwrap();
        let word = answer
            .ident()
            .unwrap()
            .status
            .as_ref()
            .unwrap()
            .text()
            .unwrap()
            .expose()
            .to_owned();
        assert!(STATUSES.iter().any(|row| row.word == word), "{word}");
    }
}

#[test]
fn number_of_a_state_replaces_a_missing_word() {
    let observation = observe("own-webhook-loose.json", "callback");
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (None, Some("5"))
    );
    let statuses = statuses()
        .with("5", Status::Finished(Outcome::Verified))
        .unwrap();
    let read = |payload: &str| {
        normalize::kind(payload.as_bytes(), "callback", &statuses)
            .unwrap()
            .observations
            .remove(0)
    };
    assert_eq!(
        read(&text("own-webhook-loose.json")).status,
        Some(Status::Finished(Outcome::Verified))
    );
    // If there is a word, the number is ignored.
    let observation = read(&webhook("Something else"));
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (None, Some("Something else"))
    );
}

#[test]
fn result_is_either_payload() {
    let result = observe("own-ident-get-final.json", "result");
    assert_eq!(result.channel, Channel::Fetch);
    assert_eq!(
        result.report().unwrap().custom["custom1"].expose(),
        "policy-4711"
    );
    let result = observe("own-webhook-rejected.json", "result");
    assert_eq!(
        (result.channel, result.report().unwrap().reasons.len()),
        (Channel::Fetch, 1)
    );
    for payload in [
        "{}",
        r#"{"result":true}"#,
        r#"{"result":true,"data":[]}"#,
        r#"{"data":{}}"#,
        &text("own-refused.json"),
    ] {
        let error = normalize::kind(payload.as_bytes(), "result", &statuses()).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{payload}");
    }
}

#[test]
fn failed_response_has_no_status() {
    for payload in [
        text("own-refused.json"),
        ident(VERIFIED).replace("\"result\":true", "\"result\":false"),
        ident(VERIFIED).replace("\"result\":true", "\"result\":true,\"response_status\":500"),
        r#"{"result":true,"messages":[]}"#.to_owned(),
        r#"{"result":true,"data":null}"#.to_owned(),
        ident(VERIFIED)
            .replace("\"data\":", "\"data\":[{\"id\":\"1\"},")
            .replace("}}", "}]}"),
    ] {
        let error = normalize::kind(payload.as_bytes(), "status", &statuses()).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{payload}");
    }
}

#[test]
fn only_three_kinds_exist() {
    for (kind, channel) in [
        ("result", Channel::Fetch),
        ("status", Channel::Poll),
        ("callback", Channel::Callback),
    ] {
        assert_eq!(idv_core::adapter::payload_channel(kind).unwrap(), channel);
    }
    let error = normalize::kind(b"{}", "list", &statuses()).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "kind".into()
        }
    );
    let error = normalize::payload(b"{}", Channel::List, &statuses()).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "channel".into()
        }
    );
}

#[test]
fn payloads_fill_exactly_the_declared_fields() {
    let mut filled: Vec<Field> = Vec::new();
    for (name, kind) in idents()
        .into_iter()
        .map(|name| (name, "status"))
        .chain(webhooks().into_iter().map(|name| (name, "callback")))
    {
        let observation = observe(&name, kind);
        let report = observation.report().unwrap();
        for field in Field::ALL.iter().filter(|field| field.is_filled(report)) {
            assert!(
                REPORT_FIELDS.contains(field),
                "{name} fills {field}, which is not declared"
            );
            filled.push(*field);
        }
    }
    for field in REPORT_FIELDS {
        assert!(
            filled.contains(field),
            "{field} is declared and never filled"
        );
    }
}

#[test]
fn text_borrows_from_the_payload() {
    let bytes = fixture("own-webhook-final.json");
    let webhook = Webhook::read(&bytes).unwrap();
    for text in [
        &webhook.first_name,
        &webhook.agent_notes,
        &webhook.custom_id,
    ] {
        assert!(text.as_ref().unwrap().text().unwrap().is_borrowed());
    }
}
