//! The normalization of the document's samples.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test"
)]

mod fixture;

use fixture::{archive, fixture, names, results};
use idv_core::report::{Source, Verdict};
use idv_core::{Channel, ErrorKind, Observation, Outcome, Status};
use idv_idnow::{normalize, wire};

fn observe(name: &str) -> Vec<Observation> {
    let kind = match name {
        _ if name.starts_with("list") => "status",
        _ if name.starts_with("callback") => "callback",
        _ => "result",
    };
    normalize::kind(&fixture(name), kind)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .observations
}

#[test]
fn every_sample_matches_its_snapshot() {
    for name in results() {
        // The order of JSON members depends on the build's features of serde_json.
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name.replace('.', "-"), observe(&name)) });
    }
}

#[test]
fn every_fixture_is_listed_in_the_readme() {
    let explained = String::from_utf8(fixture("README.md")).unwrap();
    for name in names() {
        let is_example = name.starts_with("example-");
        assert!(
            is_example || explained.contains(&format!("`{name}`")),
            "{name} is not in the table of fixtures"
        );
    }
}

#[test]
fn documents_json_has_changes_and_redactions() {
    let observation = observe("result.json").remove(0);
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Verified))
    );
    let report = observation.report().unwrap();
    let birth_date = report.person.birth_date.as_ref().unwrap();
    assert_eq!(
        (birth_date.verdict, birth_date.source),
        (Verdict::Changed, Source::Agent)
    );
    assert_eq!(birth_date.expose().unwrap().to_string(), "1983-05-22");
    assert_eq!(
        birth_date.submitted.as_ref().unwrap().expose().to_string(),
        "1982-05-22"
    );
    let number = report.document.number.as_ref().unwrap();
    assert_eq!(
        (number.verdict, number.expose(), number.raw.as_ref()),
        (Verdict::Redacted, None, None)
    );
}

#[test]
fn report_is_equal_in_every_format() {
    let json = observe("same-case.json");
    let xml = fixture("same-case.xml");
    for (what, payload) in [
        ("bare", fixture("same-case-bare.json")),
        ("XML", xml.clone()),
        (
            "XML in an archive",
            archive(&[("AH73JK3LM.pdf", b"%PDF-"), ("AH73JK3LM.xml", &xml)]),
        ),
        (
            "JSON in an archive",
            archive(&[
                ("AH73JK3LM.json", &fixture("same-case.json")),
                ("AH73JK3LM.sig", b"x"),
            ]),
        ),
    ] {
        assert_eq!(
            normalize::payload(&payload, Channel::Fetch).unwrap(),
            json,
            "{what}"
        );
    }
}

#[test]
fn bad_list_entry_affects_no_other() {
    let bytes = fixture("list-with-a-bad-entry.json");
    let payload = wire::read(&bytes).unwrap();
    assert_eq!(
        (
            payload.identifications.len(),
            payload.unreadable,
            payload.listed
        ),
        (2, 3, true)
    );
}

#[test]
fn list_is_parsed_in_each_form() {
    let one = r#"{"identificationprocess":{"id":"A"}}"#;
    for (payload, read, unreadable, listed) in [
        (one.to_owned(), 1, 0, false),
        (format!("\u{feff} {one}\n"), 1, 0, false),
        (format!("[{one},{one}]"), 2, 0, true),
        (format!(r#"{{"identifications":[{one}]}}"#), 1, 0, true),
        (format!(r#"{{"identifications":{one}}}"#), 1, 0, true),
        (r#"{"identifications":[]}"#.to_owned(), 0, 0, true),
        (r#"{"identifications":null}"#.to_owned(), 0, 0, true),
        (r#"{"identifications":"x"}"#.to_owned(), 0, 1, true),
        ("<identifications/>".to_owned(), 0, 0, true),
        ("\u{feff}\n <?xml version=\"1.0\" encoding=\"utf-8\"?><!-- --><identifications/>\n".to_owned(), 0, 0, true),
        ("<identifications><identification/><x><identification/></x></identifications>".to_owned(), 0, 1, true),
        ("<identification><identificationprocess><id>A</id></identificationprocess></identification>".to_owned(), 1, 0, false),
    ] {
        let found = wire::read(payload.as_bytes()).unwrap();
        assert_eq!((found.identifications.len(), found.unreadable, found.listed), (read, unreadable, listed), "{payload}");
    }
}

#[test]
fn other_payloads_are_refused() {
    for name in [
        "client-test-robot.json",
        "error-400.json",
        "error-401.json",
        "error-409.json",
    ] {
        let error = wire::read(&fixture(name)).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{name}");
    }
    assert_eq!(
        normalize::kind(&fixture("list-with-a-bad-entry.json"), "status")
            .unwrap()
            .unreadable,
        3
    );
    let nothing = normalize::kind(
        br#"{"identifications": [{"identificationprocess": {}}]}"#,
        "result",
    )
    .unwrap_err();
    assert_eq!(nothing.kind(), &ErrorKind::Malformed);
    let error = normalize::kind(&fixture("result.json"), "return").unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "kind".into()
        }
    );
}

#[test]
fn documents_errors_have_their_causes() {
    let cause = |name: &str| {
        let body = wire::ErrorBody::read(&fixture(name));
        (
            body.cause().map(str::to_owned),
            body.key().map(str::to_owned),
            body.errors[0].id.clone(),
        )
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        cause("error-400.json"),
        (text("BAD_REQUEST"), text("birthday"), text("73464627"))
    );
    assert_eq!(
        cause("error-401.json"),
        (text("INVALID_LOGIN_TOKEN"), None, text("487800773"))
    );
    assert_eq!(
        cause("error-409.json"),
        (text("EXISTING_IDENTIFICATION"), None, text("34253467"))
    );
}

#[test]
fn valid_members_survive_invalid_ones() {
    let payload = br#"{"identificationprocess":{"id":"A","result":"SUCCESS","reason":{"x":1},"agentname":["y"]},
        "userdata":"x","contactdata":[1],"identificationdocument":null,"attachments":{"pdf":{"a":1},"xml":"a.xml"},
        "questions":[{"value":1}],"customdata":7,"unknown":{"deep":[[[{}]]]}}"#;
    let observation = normalize::payload(payload, Channel::Fetch)
        .unwrap()
        .remove(0);
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Verified))
    );
    let report = observation.report().unwrap();
    assert!(
        report.person.is_empty()
            && report.document.is_empty()
            && report.reasons.is_empty()
            && report.agent.is_none()
    );
    assert_eq!(report.evidence.len(), 1);
    let custom = serde_json::to_value(report).unwrap()["custom"].take();
    let kept = serde_json::json!({
        "attachments.pdf.a": 1, "contactdata": [1], "customdata": "7", "identificationprocess.agentname": ["y"],
        "identificationprocess.reason": {"x": 1}, "questions": [{"value": 1}], "unknown": {"deep": [[[{}]]]}, "userdata": "x",
    });
    assert_eq!(custom, kept);
}

#[test]
fn licence_classes_are_parsed_in_each_form() {
    let json = |classes: &str| {
        format!(
            r#"{{"identificationprocess":{{"id":"A"}},"identificationdocument":{{"driversclasses":{classes}}}}}"#
        )
    };
    let xml = |classes: &str| {
        format!(
            "<identification><identificationprocess><id>A</id></identificationprocess><identificationdocument>\
             <driversclasses status=\"NEW\">{classes}</driversclasses></identificationdocument></identification>"
        )
    };
    for payload in [
        json(r#"{"value":[{"type":"ML"},{"type":"B"}],"status":"NEW"}"#),
        json(r#"{"value":["ML","B"]}"#),
        json(r#"["ML",{"x":1,"type":"B"}]"#),
        xml("<type>ML</type><type>B</type>"),
        xml("<class><type>ML</type></class><class><type>B</type></class>"),
        xml("ML, B"),
    ] {
        let observation = normalize::payload(payload.as_bytes(), Channel::Fetch)
            .unwrap()
            .remove(0);
        let classes = observation
            .report()
            .unwrap()
            .document
            .licence_classes
            .as_ref()
            .unwrap();
        assert_eq!(classes.expose().unwrap(), &["ML", "B"], "{payload}");
    }
}

#[test]
fn lists_have_handles_instead_of_reports() {
    let bytes = fixture("list.json");
    let payload = wire::read(&bytes).unwrap();
    let observation = normalize::observation(
        &payload.identifications[0],
        Channel::List,
        normalize::Inline::Handle,
    );
    assert!(observation.report().is_none());
    let idv_core::ResultState::Fetchable(handle) = &observation.result else {
        panic!("{observation:?}")
    };
    assert_eq!(handle.as_str(), "ah73jk3lm");
}
