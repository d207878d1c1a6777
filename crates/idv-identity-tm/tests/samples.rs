//! The normalization of the document's samples and of additional ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::{fixture, histories, named, results};
use idv_core::report::{DocumentKind, Field, Report, Source, Verdict};
use idv_core::{Channel, ErrorKind, EvidenceId, Observation, Outcome, Status, Text};
use idv_identity_tm::normalize::{self, Flow, REPORT_FIELDS};
use idv_identity_tm::wire::{
    Encoded, Hashes, IdentResult, Images, NewPassword, Orders, SignedDocuments, SignmeUser,
    StatusList, SystemStatus, VoiceFiles,
};

fn observe(name: &str, kind: &str, flow: Flow) -> Observation {
    let page = normalize::kind(&fixture(name), kind, flow)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((page.observations.len(), page.unreadable), (1, 0));
    page.observations.into_iter().next().unwrap()
}

fn report(name: &str) -> Report {
    observe(name, "result", Flow::Identification)
        .report()
        .unwrap()
        .clone()
}

fn decoded(file: &Encoded<'_>) -> idv_core::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.decode(|piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

#[test]
fn every_result_matches_its_snapshot() {
    for name in results() {
        // The order of JSON members depends on the build's features of serde_json.
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name.replace('.', "-"), observe(&name, "result", Flow::Identification)) });
    }
}

#[test]
fn every_history_matches_its_snapshot() {
    for name in histories() {
        let both = [Flow::Identification, Flow::Esign].map(|flow| observe(&name, "status", flow));
        let both = [("identification", &both[0]), ("esign", &both[1])];
        // The order of JSON members depends on the build's features of serde_json.
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name.replace('.', "-"), std::collections::BTreeMap::from(both)) });
    }
}

#[test]
fn every_fixture_is_listed_in_the_readme() {
    let explained = String::from_utf8(fixture("README.md")).unwrap();
    for name in named(&[
        "get-", "own-", "status-", "sub-", "system-", "check-", "confirm-", "put-",
    ]) {
        assert!(
            explained.contains(&format!("`{name}`")),
            "{name} is not in the table of fixtures"
        );
    }
}

#[test]
fn documents_result_matches_the_submitted_data() {
    let observation = observe("get-ident-data.json", "result", Flow::Identification);
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (None, None)
    );
    assert_eq!(observation.at.unwrap().to_string(), "2018-09-05T09:06:21Z");
    let report = observation.report().unwrap();
    assert_eq!(report.completed_at, observation.at);
    let birth_date = report.person.birth_date.as_ref().unwrap();
    assert_eq!(
        (birth_date.verdict, birth_date.expose().unwrap().to_string()),
        (Verdict::Match, "1964-08-12".to_owned())
    );
    assert_eq!(
        birth_date.submitted.as_ref().unwrap().expose().to_string(),
        "1964-08-12"
    );
    // No data of the document were submitted: null and 1970-01-01 mean absence.
    let expires_on = report.document.expires_on.as_ref().unwrap();
    assert_eq!(
        (expires_on.verdict, expires_on.expose().unwrap().to_string()),
        (Verdict::New, "2020-10-31".to_owned())
    );
    assert_eq!(
        (&expires_on.submitted, expires_on.alternatives.len()),
        (&None, 0)
    );
    assert_eq!(
        report.document.kind.as_ref().unwrap().expose(),
        Some(&DocumentKind::IdCard)
    );
    assert!(
        report.method.is_none()
            && report.agent.is_none()
            && report.checks.is_empty()
            && report.evidence.is_empty()
    );
}

#[test]
fn changed_value_has_its_verdict_and_submitted_value() {
    let report = report("own-ident-data-changed.json");
    let surname = report.person.family_name.unwrap();
    assert_eq!(
        (
            surname.verdict,
            surname.expose().unwrap().as_str(),
            surname.source
        ),
        (Verdict::Changed, "Musterfrau", Source::Agent)
    );
    assert_eq!(surname.submitted.unwrap().expose(), "Mustermann");
    let birth_date = report.person.birth_date.unwrap();
    assert_eq!(
        (birth_date.verdict, birth_date.expose().unwrap().to_string()),
        (Verdict::Changed, "1964-08-21".to_owned())
    );
    // The same country in another notation.
    let nationality = report.person.nationalities[0].clone();
    assert_eq!(
        (
            nationality.verdict,
            nationality.raw.unwrap().expose().as_str()
        ),
        (Verdict::Match, "Germany")
    );
    assert_eq!(report.person.birth_name.unwrap().verdict, Verdict::New);
    assert_eq!(
        report.document.kind.unwrap().expose(),
        Some(&DocumentKind::Passport)
    );
    // The value was submitted and not checked.
    assert_eq!(report.custom["InitialData.custom1"].expose(), "policy-4711");
}

#[test]
fn licence_checked_alone_is_the_document() {
    let alone = report("own-ident-data-licence-alone.json");
    assert_eq!(
        alone.document.kind.unwrap().expose(),
        Some(&DocumentKind::DrivingLicence)
    );
    assert_eq!(
        alone.document.number.unwrap().expose().unwrap(),
        "B072RRE2I55"
    );
    assert_eq!(
        alone.document.licence_classes.unwrap().expose().unwrap(),
        &["AM", "B", "L"]
    );
    let beside = report("own-ident-data-licence.json");
    assert_eq!(
        beside.document.number.unwrap().expose().unwrap(),
        "T22000129"
    );
    assert_eq!(
        beside.custom["DriverLicence.LicenceNo"].expose(),
        "B072RRE2I55"
    );
}

#[test]
fn fixtures_fill_exactly_the_declared_fields() {
    let reports = results().into_iter().map(|name| report(&name));
    let histories = histories().into_iter().filter_map(|name| {
        observe(&name, "status", Flow::Identification)
            .report()
            .cloned()
    });
    let reports: Vec<_> = reports.chain(histories).collect();
    for field in Field::ALL {
        let filled = reports.iter().any(|report| field.is_filled(report));
        assert_eq!(filled, REPORT_FIELDS.contains(field), "{field}");
    }
}

#[test]
fn documents_history_ends_only_an_identification() {
    let identification = observe("get-status.json", "status", Flow::Identification);
    assert_eq!(
        (identification.status, identification.code.as_deref()),
        (Some(Status::Finished(Outcome::Verified)), Some("6"))
    );
    assert_eq!(
        identification.at.unwrap().to_string(),
        "2018-09-05T09:06:21Z"
    );
    assert_eq!(
        identification.subject.reference.as_deref(),
        Some("Sign-me_Account_Creation_Test")
    );
    let esign = observe("get-status.json", "status", Flow::Esign);
    assert_eq!(esign.status, Some(Status::InProgress));
}

#[test]
fn truncated_sample_files_are_not_valid() {
    let bytes = fixture("get-images.json");
    let images = Images::read(&bytes).unwrap();
    let evidence = normalize::images(&images.images);
    let ids: Vec<_> = evidence.iter().map(|piece| piece.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "image/back_20211008-091705-123.jpg",
            "image/front_20211008-091623-123.jpg"
        ]
    );
    assert!(decoded(images.images[0].image.as_ref().unwrap()).is_err());

    let bytes = fixture("get-voice-files.json");
    let voice = VoiceFiles::read(&bytes).unwrap().voice_files;
    assert_eq!(
        (voice.len(), voice[0].filename.as_ref().map(Text::expose)),
        (1, Some("sound_4348.mp3"))
    );
    assert!(decoded(voice[0].base64_data.as_ref().unwrap()).is_err());
}

#[test]
fn files_are_decoded_from_the_payload() {
    let bytes = fixture("own-ident-data-object.json");
    let result = IdentResult::read(&bytes).unwrap();
    let evidence = normalize::images(result.images());
    assert_eq!(evidence.len(), 3);
    let front = normalize::find_image(
        result.images(),
        &EvidenceId::new("image/front_20211008-091623-123.jpg"),
    )
    .unwrap();
    assert!(
        decoded(front.image.as_ref().unwrap())
            .unwrap()
            .starts_with(&[0xFF, 0xD8, 0xFF, 0xE0])
    );

    let bytes = fixture("own-esign-pdf.json");
    let pdfs = SignedDocuments::read(&bytes).unwrap().pdfs;
    let pdfs: Vec<_> = pdfs
        .iter()
        .map(|pdf| decoded(pdf.base64_data.as_ref().unwrap()).unwrap())
        .collect();
    assert!(pdfs.len() == 2 && pdfs.iter().all(|pdf| pdf.starts_with(b"%PDF-")));
}

#[test]
fn orders_of_a_reference_are_parsed_in_each_form() {
    for (payload, ids) in [
        (
            String::from_utf8(fixture("get-orders-by-ref.txt")).unwrap(),
            vec!["99921801997040", "99921800019939"],
        ),
        (
            r#"["99921801997040", 99921800019939, null, ""]"#.to_owned(),
            vec!["99921801997040", "99921800019939"],
        ),
        (
            r#"{"Orders": ["99921801997040"]}"#.to_owned(),
            vec!["99921801997040"],
        ),
        (
            r#"{"x": 1, "OrderIDs": [{"OrderID": "99921801997040", "Ref": "543210"}]}"#.to_owned(),
            vec!["99921801997040"],
        ),
        ("[]".to_owned(), vec![]),
        ("{ [] }".to_owned(), vec![]),
    ] {
        let orders =
            Orders::read(payload.as_bytes()).unwrap_or_else(|error| panic!("{payload}: {error}"));
        let found: Vec<_> = orders
            .order_ids
            .as_ref()
            .unwrap()
            .iter()
            .map(Text::expose)
            .collect();
        assert_eq!(found, ids, "{payload}");
    }
    for payload in [
        "{}",
        "",
        "\"x\"",
        "{ [\"1\" }",
        "{ [\"1\"] ]",
        "{\"Error\": \"x\"}",
        "{ [1], [2] }",
        "{{[1]}}",
    ] {
        assert!(Orders::read(payload.as_bytes()).is_err(), "{payload}");
    }
}

#[test]
fn other_samples_are_parsed() {
    let status = SystemStatus::read(&fixture("system-status.json")).unwrap();
    assert_eq!(
        (
            status.server_alive,
            status.sms_tan_available,
            status.auto_ident_available
        ),
        (Some(true), Some(true), None)
    );
    assert_eq!(
        (status.esign.qes_available, status.esign.fes_available),
        (Some(true), Some(true))
    );
    for name in ["autoIdentAvailable", "autoldentAvailable"] {
        let status = SystemStatus::read(format!(r#"{{"{name}": false}}"#).as_bytes()).unwrap();
        assert_eq!(status.auto_ident_available, Some(false));
    }
    let user = SignmeUser::read(&fixture("check-signme-user.json")).unwrap();
    assert_eq!(
        (user.user_exists, user.user_is_able_to_sign),
        (Some(false), Some(false))
    );
    let new = NewPassword::read(&fixture("confirm-new-password.json")).unwrap();
    assert_eq!(new.password.unwrap().expose(), "XXXXXXXXXXXX");
    let bytes = fixture("own-esign-hash.json");
    let hashes = Hashes::read(&bytes).unwrap().hashes.entries;
    let hashes: Vec<_> = hashes
        .iter()
        .map(|(name, hash)| (name.expose(), hash.expose()))
        .collect();
    assert_eq!(
        hashes,
        [
            ("contract.pdf", "MIIBAgMEBQ=="),
            ("terms.pdf", "MIIGBwgJCg==")
        ]
    );
    let one = br#"{"Hashes": {"a": "b", "c": "d", "e": null}}"#;
    assert_eq!(Hashes::read(one).unwrap().hashes.entries.len(), 2);
}

#[test]
fn other_payloads_are_refused() {
    let created = br#"{"OrderID": "99921269855041", "Ref": "x", "TargetURL": "https://www.identity.tm/status/37C4"}"#;
    for error in [
        StatusList::read(created).unwrap_err(),
        IdentResult::read(created).unwrap_err(),
        StatusList::read(&fixture("get-ident-data.json")).unwrap_err(),
        IdentResult::read(&fixture("get-status.json")).unwrap_err(),
        IdentResult::read(br#"{"IdentData": "none"}"#).unwrap_err(),
        StatusList::read(br#"[{"Kind": 6}]"#).unwrap_err(),
        SystemStatus::read(b"{}").unwrap_err(),
        SignmeUser::read(br#"{"Error": "x"}"#).unwrap_err(),
        NewPassword::read(br#"{"password": ""}"#).unwrap_err(),
        normalize::kind(b"<html></html>", "result", Flow::Identification).unwrap_err(),
    ] {
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{error}");
    }
    let error =
        normalize::kind(&fixture("get-status.json"), "return", Flow::Identification).unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "kind".into()
        }
    );
}

#[test]
fn callback_has_the_parameters_of_its_url() {
    let page = normalize::kind(
        b"orderId=99921269855041&ref=our-reference&statusCode=6",
        "callback",
        Flow::Identification,
    )
    .unwrap();
    let observation = &page.observations[0];
    assert_eq!(
        (observation.channel, observation.status),
        (Channel::Callback, Some(Status::Finished(Outcome::Verified)))
    );
    assert_eq!(
        observation.subject.reference.as_deref(),
        Some("our-reference")
    );
    assert!(!observation.trust.is_proven());
}
