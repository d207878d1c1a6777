//! Fetching the history and the result, with scripted responses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use fixture::fixture;
use idv_core::report::{CheckResult, EvidenceKind, Field};
use idv_core::{
    Channel, Decision, Effect, Error, ErrorKind, EvidenceId, Observation, Outcome, ReportFinality,
    ResultHandle, ResultState, Status, Verification,
};
use idv_identity_tm::evidence::VIDEO_PROVIDED;
use idv_identity_tm::{IdentityTmConfig, Images};
use idv_testkit::ScriptedTransport;
use support::*;

const HISTORY: &str = "GET getStatus/99920006C38842/ExtendedList/IncludeSubKind";
const RESULT: &str = "GET getIdentData/99920006C38842/IncludeInitialData/IncludeIdentifyMethod";

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// A result with these members at its root.
fn person(root: &str) -> String {
    format!(
        r#"{{"Identitfied":"2018-09-05T11:06:21+02:00",{root}"IdentData":[{{"Type":1,"Firstname":"Erika","Surname":"M"}}]}}"#
    )
}

/// A history of codes at intervals of a minute.
fn course(kinds: &[u32]) -> String {
    let entries: Vec<_> = kinds
        .iter()
        .enumerate()
        .map(|(minute, kind)| {
            format!(r#"{{"Kind":{kind},"Time":"2018-09-05T11:{minute:02}:00+02:00"}}"#)
        })
        .collect();
    format!(
        r#"{{"OrderID":"{ORDER}","Ref":"{REFERENCE}","Status":[{}]}}"#,
        entries.join(",")
    )
}

async fn fetch_with(
    config: IdentityTmConfig,
    handle: Option<&ResultHandle>,
    answers: &[(u16, String)],
) -> (Result<Observation, Error>, Vec<String>) {
    let transport = ScriptedTransport::new();
    for (status, body) in answers {
        transport.then_json(*status, body.clone());
    }
    let fetched = client_of(config, &transport).fetch(&id(), handle).await;
    (fetched, lines(&transport))
}

async fn fetched(
    config: IdentityTmConfig,
    kinds: &[u32],
    answers: &[(u16, String)],
) -> (Observation, Vec<String>) {
    let answers = [&[(200, course(kinds))], answers].concat();
    let (fetched, asked) = fetch_with(config, None, &answers).await;
    (fetched.unwrap(), asked)
}

fn esign() -> IdentityTmConfig {
    with(|config| config.product = 15)
}

fn evidence(observation: &Observation) -> Vec<(String, EvidenceKind)> {
    let evidence = &observation.report().unwrap().evidence;
    evidence
        .iter()
        .map(|piece| (piece.id.as_str().to_owned(), piece.kind))
        .collect()
}

#[tokio::test]
async fn result_is_fetched_with_its_history() {
    let result = text("own-ident-data-object.json").replace("2020-10-31", "2030-10-31");
    let (observation, asked) = fetched(config(), &[25, 75, 6], &[(200, result)]).await;
    assert_eq!(
        (observation.channel, observation.status),
        (Channel::Fetch, Some(Status::Finished(Outcome::Verified)))
    );
    assert_eq!(observation.code.as_deref(), Some("6"));
    assert!(observation.trust.is_proven() && observation.subject.is(&id()));
    let report = observation.report().unwrap();
    assert_eq!(
        (report.reference.as_deref(), report.vendor_id.as_ref()),
        (Some(REFERENCE), id().vendor_id.as_ref())
    );
    let images = report
        .evidence
        .iter()
        .map(|evidence| evidence.kind)
        .collect::<Vec<_>>();
    assert_eq!(
        images,
        [
            EvidenceKind::DocumentFront,
            EvidenceKind::DocumentBack,
            EvidenceKind::Other
        ]
    );
    assert_eq!(
        report.custom["Status"].expose().as_array().unwrap().len(),
        3
    );
    assert_eq!(asked, [HISTORY, RESULT]);
    let with_agent = with(|config| config.include_identifier = true);
    let (_, asked) = fetched(with_agent, &[6], &[(200, person(""))]).await;
    assert_eq!(asked[1], format!("{RESULT}/IncludeIdentifier"));
    // The final report, also after a poll that settled the outcome.
    let client = client(&ScriptedTransport::new());
    let verification = Verification::new(id(), client.info(), None);
    assert_eq!(
        verification.report_finality(&observation),
        Some(ReportFinality::Final)
    );
}

#[tokio::test]
async fn history_and_result_are_judged_together() {
    use Outcome::{Canceled, Disputed, Expired, Rejected, Verified};
    let finished = |outcome| Some(Status::Finished(outcome));
    let review = Some(Status::InReview {
        leaning: Some(Rejected),
    });
    let flag = r#""FraudAttempt":"True","#;
    for (kinds, root, status, code, failed) in [
        (&[25, 6, 80][..], "", finished(Verified), "6", &[][..]),
        (
            &[98, 20_003, 6, 80],
            "",
            finished(Verified),
            "6",
            &["20003"],
        ),
        (&[25, 6, 80, 89], "", finished(Disputed), "89", &["89"]),
        (
            &[25, 6, 80],
            flag,
            finished(Disputed),
            "FraudAttempt",
            &["FraudAttempt"],
        ),
        (
            &[25, 6, 80],
            r#""SecurityCheckFailed":1,"#,
            finished(Disputed),
            "SecurityCheckFailed",
            &["SecurityCheckFailed"],
        ),
        (
            &[25, 89, 6],
            flag,
            finished(Disputed),
            "FraudAttempt",
            &["FraudAttempt", "89"],
        ),
        (
            &[25, 89, 17],
            flag,
            finished(Rejected),
            "17",
            &["FraudAttempt", "89"],
        ),
        (
            &[25, 89, 22],
            flag,
            finished(Canceled),
            "22",
            &["FraudAttempt", "89"],
        ),
        (&[25, 89, 63], "", finished(Canceled), "63", &["89"]),
        (&[25, 89, 99], "", finished(Expired), "99", &["89"]),
        (
            &[25, 89],
            flag,
            review,
            "FraudAttempt",
            &["FraudAttempt", "89"],
        ),
    ] {
        let (observation, asked) = fetched(config(), kinds, &[(200, person(root))]).await;
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (status, Some(code)),
            "{kinds:?} {root}"
        );
        let report = observation.report().unwrap();
        let checks: Vec<_> = report
            .checks
            .iter()
            .filter(|check| check.result == CheckResult::Failed)
            .collect();
        assert_eq!(
            checks
                .iter()
                .map(|check| check.code.as_deref().unwrap())
                .collect::<Vec<_>>(),
            failed,
            "{kinds:?} {root}"
        );
        assert!(report.person.family_name.is_some(), "{kinds:?} {root}");
        assert_eq!(asked, [HISTORY, RESULT], "{kinds:?} {root}");
    }
}

#[tokio::test]
async fn expired_document_or_other_number_is_not_verified() {
    let result = |card: &str, initial: &str| {
        format!(
            r#"{{"Identitfied":"2018-09-05T11:06:21+02:00","IdentData":[{{"Type":1,"Surname":"M","IDCard":{{{card}}}}},
                {{"Type":2,"Surname":"M","IDCard":{{{initial}}}}}]}}"#
        )
    };
    for (card, initial, code) in [
        (
            r#""ValidUntil":"2018-09-04""#,
            "",
            Some("IDCard.ValidUntil"),
        ),
        (r#""ValidUntil":"2018-09-05""#, "", None),
        (
            r#""CardNo":"T22000129""#,
            r#""CardNo":"T22000120""#,
            Some("IDCard.CardNo"),
        ),
        (r#""CardNo":"T22000129""#, r#""CardNo":"T22000129""#, None),
    ] {
        for (kinds, end, end_code) in [
            (&[25, 6][..], Outcome::Verified, "6"),
            (&[89, 17], Outcome::Rejected, "17"),
        ] {
            let (observation, _) = fetched(config(), kinds, &[(200, result(card, initial))]).await;
            let disputed = end == Outcome::Verified && code.is_some();
            let expected = if disputed { Outcome::Disputed } else { end };
            assert_eq!(
                observation.status,
                Some(Status::Finished(expected)),
                "{card} {kinds:?}"
            );
            assert_eq!(
                observation.code.as_deref(),
                if disputed { code } else { Some(end_code) },
                "{card} {kinds:?}"
            );
        }
    }
}

#[tokio::test]
async fn suspicion_found_by_fetch_disputes_a_settled_order() {
    let transport = ScriptedTransport::new();
    transport.then_json(200, course(&[25, 6]));
    transport
        .then_json(200, course(&[25, 6, 89]))
        .then_json(200, person(""));
    let client = client(&transport);
    let mut verification = Verification::new(id(), client.info(), None);
    verification.apply(&client.poll(&id()).await.unwrap());
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Verified)
    );
    verification.apply(&client.fetch(&id(), None).await.unwrap());
    assert_eq!(verification.decision(), Decision::Disputed);
}

#[tokio::test]
async fn data_is_not_requested_if_there_is_none() {
    for (config, kinds, outcome) in [
        (config(), &[25, 17][..], Outcome::Rejected),
        (config(), &[25, 63], Outcome::Canceled),
        (esign(), &[25, 103], Outcome::Canceled),
    ] {
        let (observation, asked) = fetched(config, kinds, &[]).await;
        assert_eq!(
            (observation.status, asked),
            (Some(Status::Finished(outcome)), vec![HISTORY.to_owned()]),
            "{kinds:?}"
        );
        assert_eq!(observation.report().unwrap().vendor_id, id().vendor_id);
        assert!(observation.trust.is_proven());
    }
    // A plain signature with an existing account (Add 16) identifies no person.
    let answers = [(200, text("own-esign-pdf.json")), (404, String::new())];
    let (observation, asked) = fetched(esign(), &[25, 84], &answers).await;
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(
        asked,
        [
            HISTORY.to_owned(),
            format!("GET getESignPDF/{ORDER}"),
            format!("GET getESignHash/{ORDER}")
        ]
    );
    let document = |number: u32| {
        (
            format!("signed-document/{number}"),
            EvidenceKind::SignedDocument,
        )
    };
    assert_eq!(evidence(&observation), [document(1), document(2)]);
    assert!(observation.report().unwrap().person.is_empty());
}

#[tokio::test]
async fn every_signed_document_and_hash_is_listed() {
    let pdfs = r#"{"PDFs":[{"Base64Data":"JVBERi0=","Filename":"a.pdf"},{"Base64Data":"JVBERi0="},{"Base64Data":"JVBERi0="}]}"#;
    let answers = [
        (200, person("")),
        (200, pdfs.to_owned()),
        (200, text("own-esign-hash.json")),
    ];
    let (observation, asked) = fetched(esign(), &[25, 6, 84], &answers).await;
    assert_eq!(asked.len(), 4);
    let listed = &observation.report().unwrap().evidence;
    let listed: Vec<_> = listed
        .iter()
        .map(|piece| {
            (
                piece.id.as_str(),
                piece.media_type.as_deref().unwrap(),
                piece.name.as_ref().map(|it| it.expose().as_str()),
            )
        })
        .collect();
    let expected = [
        ("signed-document/1", "application/pdf", Some("a.pdf")),
        ("signed-document/2", "application/pdf", None),
        ("signed-document/3", "application/pdf", None),
        ("signed-hash/1", "text/plain", Some("contract.pdf")),
        ("signed-hash/2", "text/plain", Some("terms.pdf")),
    ];
    assert_eq!(listed, expected);
    assert!(
        !observation
            .report()
            .unwrap()
            .custom
            .contains_key("getESignHash")
    );

    let transport = ScriptedTransport::new();
    transport
        .then_json(200, text("own-esign-hash.json"))
        .then_json(200, text("own-esign-hash.json"));
    let client = client_of(esign(), &transport);
    let mut file = Vec::new();
    client
        .evidence(&id(), &EvidenceId::new("signed-hash/2"), 100, &mut file)
        .await
        .unwrap();
    assert_eq!(file, b"MIIGBwgJCg==");
    let error = client
        .evidence(&id(), &EvidenceId::new("signed-hash/3"), 100, &mut file)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);
}

#[tokio::test]
async fn refused_list_is_noted_in_the_report() {
    let refusal = || (400, r#"{"Error":"not for you"}"#.to_owned());
    let note = |observation: &Observation, call: &str| {
        observation
            .report()
            .unwrap()
            .custom
            .get(call)
            .map(|it| it.expose().clone())
    };
    let separate = with(|config| config.images = Images::Separate);
    let (observation, _) = fetched(separate.clone(), &[6], &[(200, person("")), refusal()]).await;
    assert!(observation.report().unwrap().person.family_name.is_some());
    let expected = serde_json::json!({
        "error": "the state of the verification does not allow it", "http_status": 400, "text": "not for you",
    });
    assert_eq!(note(&observation, "getImages"), Some(expected));
    let (observation, _) = fetched(
        separate.clone(),
        &[6],
        &[(200, person("")), (200, "<html>".to_owned())],
    )
    .await;
    assert_eq!(note(&observation, "getImages").unwrap()["http_status"], 200);
    // After a transient failure the whole fetch is repeated.
    let answers = [
        vec![(200, course(&[6])), (200, person(""))],
        vec![(503, String::new()); 4],
    ]
    .concat();
    let (fetched_, _) = fetch_with(separate, None, &answers).await;
    assert_eq!(fetched_.unwrap_err().kind(), &ErrorKind::Unavailable);

    // A signed order may lack documents or hashes, unless the account always has them.
    let configured = with(|config| {
        config.product = 15;
        (
            config.recordings.signed_documents,
            config.recordings.signed_hashes,
        ) = (true, true);
    });
    for (config, noted) in [(esign(), false), (configured, true)] {
        let (observation, _) = fetched(config, &[84], &[refusal(), refusal()]).await;
        for call in ["getESignPDF", "getESignHash"] {
            assert_eq!(note(&observation, call).is_some(), noted, "{call}");
        }
        assert_eq!(evidence(&observation), []);
    }
    // A list above the limit has at least one entry.
    let short = with(|config| {
        (config.product, config.max_embedded_bytes) = (15, 100);
        config.recordings.voice = true;
    });
    let long = || (200, format!(r#"{{"x":"{}"}}"#, "x".repeat(200)));
    let history = r#"{"Status":[{"Kind":84}]}"#;
    let (fetched_, _) = fetch_with(
        short.clone(),
        None,
        &[(200, history.to_owned()), long(), long()],
    )
    .await;
    let observation = fetched_.unwrap();
    assert_eq!(
        evidence(&observation),
        [("signed-document/1".to_owned(), EvidenceKind::SignedDocument)]
    );
    assert!(
        note(&observation, "getESignPDF").is_some() && note(&observation, "getESignHash").is_some()
    );
    let result = r#"{"IdentData":[{"Type":1,"Surname":"M"}]}"#;
    let history = r#"{"Status":[{"Kind":6},{"Kind":103}]}"#;
    let (fetched_, _) = fetch_with(
        short,
        None,
        &[(200, history.to_owned()), (200, result.to_owned()), long()],
    )
    .await;
    let observation = fetched_.unwrap();
    assert_eq!(
        evidence(&observation),
        [("voice/1".to_owned(), EvidenceKind::Audio)]
    );
    assert!(note(&observation, "getVoiceFiles").is_some());
}

#[tokio::test]
async fn configured_evidence_is_listed() {
    let all = || {
        with(|config| {
            config.product = 15;
            let kinds = &mut config.recordings;
            (kinds.video, kinds.voice, kinds.pdf, kinds.audit_log) = (true, true, true, true);
        })
    };
    let voices = (
        200,
        r#"{"Voicefiles":[{"Filename":"a.mp3","Base64Data":"SUQz"},{"Base64Data":"SUQz"}]}"#
            .to_owned(),
    );
    let signed = || [(200, text("own-esign-pdf.json")), (400, String::new())];
    let answers = [vec![(200, person("")), voices], signed().to_vec()].concat();
    let expected = |video: &str| {
        [
            ("pdf", EvidenceKind::ReportPdf),
            (video, EvidenceKind::Video),
            ("voice/1", EvidenceKind::Audio),
            ("voice/2", EvidenceKind::Audio),
            ("signed-document/1", EvidenceKind::SignedDocument),
            ("signed-document/2", EvidenceKind::SignedDocument),
            ("audit-log", EvidenceKind::Other),
        ]
        .map(|(id, kind)| (id.to_owned(), kind))
    };
    assert_eq!(
        evidence(&fetched(all(), &[6, 84], &answers).await.0),
        expected("video")
    );
    // With the handle of the vendor's callback, the video is listed regardless of the
    // configuration.
    let provided = ResultHandle::new(VIDEO_PROVIDED);
    let with_history = [&[(200, course(&[6, 84]))], answers.as_slice()].concat();
    let observation = fetch_with(all(), Some(&provided), &with_history)
        .await
        .0
        .unwrap();
    assert_eq!(evidence(&observation), expected(VIDEO_PROVIDED));
    let plain = [(200, course(&[6])), (200, person(""))];
    let observation = fetch_with(config(), Some(&provided), &plain)
        .await
        .0
        .unwrap();
    assert_eq!(
        evidence(&observation),
        [(VIDEO_PROVIDED.to_owned(), EvidenceKind::Video)]
    );
    let observation = fetch_with(config(), Some(&ResultHandle::new(ORDER)), &plain)
        .await
        .0
        .unwrap();
    assert_eq!(evidence(&observation), []);
    // A person without data has no evidence, and nothing was signed yet.
    assert_eq!(evidence(&fetched(all(), &[17], &[]).await.0), []);
    let answers = [(200, person("")), (200, "{}".to_owned())];
    let listed: Vec<_> = evidence(&fetched(all(), &[6, 103], &answers).await.0)
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(listed, ["pdf", "video"]);
}

#[tokio::test]
async fn separate_images_are_listed() {
    let separate = || with(|config| config.images = Images::Separate);
    let images = r#"{"Images":[{"Image":"/9j/4A==","Filename":"front_1.jpg"},{"Image":"/9j/4A==","Filename":"back_1.jpg"}]}"#;
    let (observation, asked) = fetched(
        separate(),
        &[6],
        &[(200, person("")), (200, images.to_owned())],
    )
    .await;
    let ids: Vec<_> = evidence(&observation)
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(ids, ["image/front_1.jpg", "image/back_1.jpg"]);
    assert_eq!(
        asked,
        [
            HISTORY.to_owned(),
            RESULT.to_owned(),
            format!("GET getImages/{ORDER}")
        ]
    );
    assert_eq!(
        evidence(
            &fetched(
                separate(),
                &[6],
                &[(200, person("")), (200, "{}".to_owned())]
            )
            .await
            .0
        ),
        []
    );
}

#[tokio::test]
async fn variants_are_requested_singly_if_refused() {
    let refusal = || (400, String::new());
    let method = |word: &str| (200, person(&format!(r#""IdentifyMethod":"{word}","#)));
    let agent = (200, person(r#""Identifier":1872,"#));
    let of = |variant: &str| format!("GET getIdentData/{ORDER}/{variant}");
    let with_agent = with(|config| config.include_identifier = true);
    let answers = [refusal(), (200, person("")), method("Video"), agent];
    let (observation, asked) = fetched(with_agent, &[6], &answers).await;
    let variants = [
        "IncludeInitialData",
        "IncludeIdentifyMethod",
        "IncludeIdentifier",
    ]
    .map(of);
    assert_eq!(asked[2..], variants);
    let report = observation.report().unwrap();
    assert_eq!(
        (
            report.method,
            report.agent.as_ref().unwrap().expose().as_str()
        ),
        (Some(idv_core::report::Method::Video), "1872")
    );
    // A missing method does not discard the result.
    let (observation, asked) = fetched(
        config(),
        &[6],
        &[(404, String::new()), (200, person("")), refusal()],
    )
    .await;
    assert_eq!(
        (observation.report().unwrap().method, asked.len()),
        (None, 4)
    );
    // The first refusal is the error.
    let answers = [(200, course(&[6])), (404, String::new()), refusal()];
    let (fetched_, asked) = fetch_with(config(), None, &answers).await;
    assert_eq!(
        (fetched_.unwrap_err().kind(), asked.len()),
        (&ErrorKind::NotFound, 3)
    );
}

#[tokio::test]
async fn data_deleted_by_a_time_out_is_not_an_error() {
    for (config, kinds, outcome) in [
        (esign(), &[6, 100][..], Outcome::Expired),
        (esign(), &[6, 29], Outcome::Inconclusive),
        (config(), &[89, 99], Outcome::Expired),
        (
            with(|config| config.product = 17),
            &[6],
            Outcome::Inconclusive,
        ),
    ] {
        for (status, body) in [(400, "noch nicht"), (404, ""), (200, r#"{"IdentData":[]}"#)] {
            let answers = [(status, body.to_owned()), (status, body.to_owned())];
            let (observation, _) = fetched(config.clone(), kinds, &answers).await;
            assert_eq!(
                observation.status,
                Some(Status::Finished(outcome)),
                "{kinds:?} {status}"
            );
            let report = observation.report().unwrap();
            assert_eq!(
                report.custom["getIdentData"].expose()["http_status"],
                status,
                "{kinds:?}"
            );
            assert!(report.person.is_empty() && observation.trust.is_proven());
        }
        // If the data still exist, they are fetched.
        let (observation, _) = fetched(config, kinds, &[(200, person(""))]).await;
        assert!(
            observation.report().unwrap().person.family_name.is_some(),
            "{kinds:?}"
        );
    }
}

#[tokio::test]
async fn missing_or_unreadable_result_is_an_error() {
    let submitted = r#"{"IdentData":[{"Type":2,"Surname":"M"}]}"#;
    for (kinds, status, body, kind) in [
        (&[6][..], 400, "noch nicht", ErrorKind::Conflict),
        (&[25], 400, "noch nicht", ErrorKind::Conflict),
        (&[89, 22], 400, "noch nicht", ErrorKind::Conflict),
        (&[6], 401, "", ErrorKind::Unauthorized),
        (&[6], 404, "", ErrorKind::NotFound),
        (&[6], 200, "", ErrorKind::Malformed),
        (
            &[6],
            200,
            r#"{"Identitfied":"2018-09-05T11:06:21+02:00"}"#,
            ErrorKind::Malformed,
        ),
        (
            &[6],
            200,
            r#"{"IdentData":[{"Firstname":"Er"#,
            ErrorKind::Malformed,
        ),
        (&[6], 200, r#"{"IdentData":[]}"#, ErrorKind::Malformed),
        (
            &[89, 17],
            200,
            r#"{"IdentData":null}"#,
            ErrorKind::Malformed,
        ),
        // An identified person has checked values.
        (&[6], 200, submitted, ErrorKind::Malformed),
    ] {
        let answers = [
            (200, course(kinds)),
            (status, body.to_owned()),
            (status, body.to_owned()),
        ];
        let error = fetch_with(config(), None, &answers).await.0.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&kind, Effect::NotApplied),
            "{status} {body}"
        );
        if body == "noch nicht" {
            assert_eq!(vendor_text(&error), Some("noch nicht"));
            assert!(!error.to_string().contains("noch nicht"));
        }
    }
    let answers = [(200, submitted.to_owned())];
    let (observation, _) = fetched(config(), &[89, 17], &answers).await;
    assert!(
        observation
            .report()
            .unwrap()
            .person
            .family_name
            .as_ref()
            .unwrap()
            .value
            .is_none()
    );
    // Without the history there is no report, because it would look complete.
    for (status, kind) in [(404, ErrorKind::NotFound), (401, ErrorKind::Unauthorized)] {
        let (fetched_, asked) = fetch_with(config(), None, &[(status, String::new())]).await;
        assert_eq!((fetched_.unwrap_err().kind(), asked.len()), (&kind, 1));
    }
    let other = course(&[6]).replace(ORDER, "99920006C38843");
    let (fetched_, _) = fetch_with(config(), None, &[(200, other), (200, person(""))]).await;
    assert_eq!(fetched_.unwrap_err().kind(), &ErrorKind::SubjectMismatch);
}

#[tokio::test]
async fn unknown_latest_code_delays_the_result() {
    let (observation, _) = fetched(
        config(),
        &[25, 4711],
        &[(200, person(r#""FraudAttempt":true,"#))],
    )
    .await;
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (None, Some("4711"))
    );
    let client = client(&ScriptedTransport::new());
    let verification = Verification::new(id(), client.info(), None);
    assert_eq!(verification.report_finality(&observation), None);
}

#[tokio::test]
async fn encrypted_result_is_decrypted_and_a_plain_one_refused() {
    let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let transport = ScriptedTransport::new();
    transport
        .then_json(200, course(&[6]))
        .then(file("application/json", fixture("crypt/java.bin")));
    transport
        .then_json(200, course(&[6]))
        .then(file("application/json", fixture("crypt/plain.json")));
    let client = client_of(
        with(|config| config.crypt_key = Some(key.into())),
        &transport,
    );
    let fetched = client.fetch(&id(), None).await.unwrap();
    assert!(fetched.report().unwrap().person.family_name.is_some() && fetched.trust.is_proven());
    assert_eq!(
        lines(&transport),
        [HISTORY.to_owned(), format!("{RESULT}/crypt")]
    );
    assert_eq!(
        client.fetch(&id(), None).await.unwrap_err().kind(),
        &ErrorKind::Forged
    );
}

#[tokio::test]
async fn results_fill_exactly_the_declared_fields() {
    let mut filled: Vec<Field> = Vec::new();
    let with_agent = with(|config| config.include_identifier = true);
    let declared = client(&ScriptedTransport::new()).info().report_fields;
    for name in fixture::results() {
        let (observation, _) = fetched(with_agent.clone(), &[89, 6], &[(200, text(&name))]).await;
        assert!(
            matches!(observation.result, ResultState::Inline(_)),
            "{name}"
        );
        let report = observation.report().unwrap();
        for field in Field::ALL
            .iter()
            .copied()
            .filter(|field| field.is_filled(report))
        {
            assert!(declared.contains(&field), "{name}: {field:?}");
            filled.push(field);
        }
    }
    for field in declared {
        assert!(
            filled.contains(field),
            "{field:?} is declared, and no result fills it"
        );
    }
}
