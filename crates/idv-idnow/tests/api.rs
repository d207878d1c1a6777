//! The vendor's own calls: requests and responses as in the document.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use idv_core::call::CallPolicy;
use idv_core::{Client, Effect, ErrorKind, Operation, Sent, TransportCause};
use idv_idnow::Idnow;
use idv_idnow::api::{Answer, Api, Filter, Gender, StartRequest, Suffix, TransactionNumber};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};
use support::*;

/// The API and a client that creates contexts for it.
fn api(transport: &ScriptedTransport) -> (Api, Client) {
    let clock = ManualClock::leaping("2014-07-11T10:25:49.567Z".parse().unwrap());
    let client = Client::new(
        Idnow::new(config()).unwrap(),
        environment(transport, &clock),
        CallPolicy::default(),
    );
    (Api::new(&config()).unwrap(), client)
}

fn number() -> TransactionNumber {
    TransactionNumber::parse("AH73JK3LM").unwrap()
}

/// The request in the example of chapter 3.2.11.
fn example() -> StartRequest {
    let mut request = StartRequest::default();
    request.birthday = Some(jiff::civil::date(1975, 12, 20).into());
    request.birthplace = Some("München".into());
    request.city = Some("München".into());
    request.country = idv_core::report::Country::from_alpha2("DE").map(Into::into);
    request.custom1 = Some("287492_23552".into());
    request.email = Some("sampleuser@example.com".into());
    request.firstname = Some("Michael".into());
    request.lastname = Some("Berger".into());
    request.mobilephone = Some("0151 23411232".into());
    request.nationality = request.country.clone();
    request.street = Some("Bahnstrasse".into());
    request.streetnumber = Some("27".into());
    request.zipcode = Some("80127".into());
    request
}

#[tokio::test]
async fn start_call_matches_the_documents_example() {
    let transport = ScriptedTransport::new();
    transport.then_json(200, r#"{"id":"ATK-EFXAL"}"#);
    let (api, client) = api(&transport);
    let number = TransactionNumber::parse("1234567890").unwrap();
    let started = api
        .start(&client.context(Operation::Create), &number, &example())
        .await
        .unwrap();
    assert_eq!(
        (started.id.as_str(), started.already_existed),
        ("ATK-EFXAL", true)
    );

    let requests = transport.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    assert_eq!(
        line(request),
        format!("POST {BASE}/identifications/1234567890/start")
    );
    assert_eq!(header(request, "x-api-key"), Some("exampleApiKey"));
    assert_eq!(header(request, "content-type"), Some("application/json"));
    assert_eq!(header(request, "x-api-login-token"), None);
    assert_eq!(
        std::str::from_utf8(request.body()).unwrap(),
        "{\"birthday\":\"1975-12-20\",\"birthplace\":\"München\",\"city\":\"München\",\"country\":\"DE\",\
         \"custom1\":\"287492_23552\",\"email\":\"sampleuser@example.com\",\"firstname\":\"Michael\",\"lastname\":\"Berger\",\
         \"mobilephone\":\"0151 23411232\",\"nationality\":\"DE\",\"street\":\"Bahnstrasse\",\"streetnumber\":\"27\",\
         \"zipcode\":\"80127\"}"
    );
}

#[tokio::test]
async fn every_other_parameter_has_the_vendors_name() {
    let transport = ScriptedTransport::new();
    transport.then_json(201, r#"{"id":"ATK-EFXAL"}"#);
    let (api, client) = api(&transport);
    let mut request = StartRequest::default();
    request.birthname = Some("Meier".into());
    request.custom5 = Some("five".into());
    request.gender = Some(Gender::Female.into());
    request.preferred_lang = Some("en".parse().unwrap());
    request.title = Some("Dr.".into());
    request.trackingid = Some("summer".into());
    request
        .questions
        .insert("question_key_str".into(), Answer::Text("value".into()));
    let started = api
        .start(&client.context(Operation::Create), &number(), &request)
        .await
        .unwrap();
    assert!(!started.already_existed);
    assert_eq!(
        std::str::from_utf8(transport.requests()[0].body()).unwrap(),
        r#"{"birthname":"Meier","custom5":"five","gender":"FEMALE","preferredLang":"en","questions":{"question_key_str":{"value":"value"}},"title":"Dr.","trackingid":"summer"}"#
    );
}

#[test]
fn predefined_answers_match_the_document() {
    // The whole table of chapter 3.2.9.
    let mut request = StartRequest::default();
    request
        .questions
        .insert("question_key_str".into(), Answer::Text("value".into()));
    request
        .questions
        .insert("question_key_int".into(), Answer::Number(1.into()));
    request.questions.insert(
        "question_key_date".into(),
        Answer::Date(jiff::civil::date(1975, 12, 20).into()),
    );
    let sample = r#"{
        "questions": {
            "question_key_str": { "value": "value" },
            "question_key_int": { "value": 1 },
            "question_key_date": { "value": "1975-12-20" }
        }
    }"#;
    assert_eq!(
        serde_json::to_value(&request).unwrap(),
        serde_json::from_str::<serde_json::Value>(sample).unwrap()
    );
}

#[tokio::test]
async fn calls_of_chapter_8_match_the_document() {
    let transport = logged_in();
    for _ in Filter::ALL {
        transport.then_json(200, r#"{"identifications":[]}"#);
    }
    transport.then_json(200, result("SUCCESS"));
    transport.then(file("application/zip", "PK\u{3}\u{4}"));
    transport.then(empty(200));
    transport.then_json(201, r#"{"id":"CGD-DSFGE"}"#);
    transport.then_json(201, r#"{"id":"CGD-DSFGF"}"#);
    transport.then(empty(200));
    transport.then_json(200, r#"{"shortname":"ihrebank","shortcode":"IBA","name":"IhreBank AG","estimatedWaitingTime":30}"#);

    let (api, client) = api(&transport);
    let cx = client.context(Operation::Other);
    for filter in Filter::ALL {
        assert!(
            api.list(&cx, *filter)
                .await
                .unwrap()
                .read(idv_idnow::wire::read)
                .unwrap()
                .identifications
                .is_empty()
        );
    }
    assert_eq!(
        api.identification(&cx, &number())
            .await
            .unwrap()
            .read(idv_idnow::wire::read)
            .unwrap()
            .identifications
            .len(),
        1
    );
    assert_eq!(
        api.archive_file(&cx, &number())
            .await
            .unwrap()
            .body
            .as_ref(),
        b"PK\x03\x04"
    );
    api.delete(&cx, &number()).await.unwrap();
    let target = TransactionNumber::parse("123456").unwrap();
    assert_eq!(
        api.copy(&cx, &number(), "ihrebank", Some(&target))
            .await
            .unwrap()
            .id
            .as_str(),
        "CGD-DSFGE"
    );
    assert_eq!(
        api.copy(&cx, &number(), "ihrebank", None)
            .await
            .unwrap()
            .id
            .as_str(),
        "CGD-DSFGF"
    );
    api.move_to_archive(&cx, &number()).await.unwrap();
    assert_eq!(
        api.account(&cx).await.unwrap().estimated_waiting_time,
        Some(30)
    );

    let requests = transport.requests();
    let lines: Vec<_> = requests.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            format!("POST {BASE}/login"),
            format!("GET {BASE}/identifications"),
            format!("GET {BASE}/identifications?pending=true"),
            format!("GET {BASE}/identifications?canceled=true"),
            format!("GET {BASE}/identifications?aborted=true"),
            format!("GET {BASE}/identifications/AH73JK3LM"),
            format!("GET {BASE}/identifications/AH73JK3LM.zip"),
            format!("DELETE {BASE}/identifications/AH73JK3LM"),
            format!("POST {BASE}/identifications/AH73JK3LM/copy"),
            format!("POST {BASE}/identifications/AH73JK3LM/copy"),
            format!("POST {BASE}/identifications/AH73JK3LM/archive"),
            format!("GET {BASE}"),
        ]
    );
    assert_eq!(
        header(&requests[0], "content-type"),
        Some("application/json")
    );
    assert_eq!(
        requests[0].body().as_ref(),
        br#"{"apiKey":"exampleApiKey"}"#
    );
    assert_eq!(
        requests[8].body().as_ref(),
        br#"{"target_companyid":"ihrebank","target_transactionnumber":"123456"}"#
    );
    assert_eq!(
        requests[9].body().as_ref(),
        br#"{"target_companyid":"ihrebank"}"#
    );
    for request in &requests[1..] {
        assert_eq!(header(request, "x-api-login-token"), Some(TOKEN));
        assert_eq!(header(request, "x-api-key"), None);
        assert_eq!(
            header(request, "content-type").is_some(),
            !request.body().is_empty()
        );
    }
}

#[tokio::test]
async fn files_are_streamed_by_number_and_extension() {
    let transport = logged_in();
    let (api, client) = api(&transport);
    let cx = client.context(Operation::Evidence);
    for (suffix, ending) in [
        (Suffix::Zip, ".zip"),
        (Suffix::Pdf, ".pdf"),
        (Suffix::Mp3, ".mp3"),
        (Suffix::Xml, ".xml"),
    ] {
        transport.then(file("application/octet-stream", "bytes"));
        let mut sink = Vec::new();
        let download = api
            .download(&cx, &number(), suffix, 5, &mut sink)
            .await
            .unwrap();
        assert_eq!((download.length, sink.as_slice()), (5, b"bytes".as_slice()));
        assert_eq!(
            line(transport.requests().last().unwrap()),
            format!("GET {BASE}/identifications/AH73JK3LM{ending}")
        );
    }
    transport.then(file("application/octet-stream", "bytes"));
    let error = api
        .download(&cx, &number(), Suffix::Zip, 4, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn system_check_needs_no_login() {
    let transport = ScriptedTransport::new();
    transport.then(file("text/plain; charset=utf-8", "SYSTEM_CHECK_OK"));
    transport.then(file("text/plain; charset=utf-8", "SOMETHING_ELSE"));
    let (api, client) = api(&transport);
    let cx = client.context(Operation::Other);
    assert!(api.system_check(&cx).await.unwrap());
    assert!(!api.system_check(&cx).await.unwrap());
    assert_eq!(
        line(&transport.requests()[0]),
        "GET https://gateway.test.idnow.de/system_check"
    );
    assert!(transport.requests()[0].headers().is_empty());
}

#[tokio::test]
async fn copy_is_not_repeated_after_lost_response() {
    let transport = logged_in();
    transport.then(Exchange::Fail(Sent::Maybe, TransportCause::Interrupted));
    let (api, client) = api(&transport);
    let error = api
        .copy(
            &client.context(Operation::Other),
            &number(),
            "ihrebank",
            None,
        )
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect(), transport.count()),
        (&ErrorKind::Unavailable, Effect::Unknown, 2)
    );
}

#[tokio::test]
async fn missing_right_is_reported() {
    let transport = logged_in();
    transport.then(empty(403));
    let (api, client) = api(&transport);
    let error = api
        .copy(&client.context(Operation::Other), &number(), "other", None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.http_status()),
        (&ErrorKind::Unauthorized, Some(403))
    );
}

#[tokio::test]
async fn copy_without_target_is_refused_before_sending() {
    let transport = logged_in();
    let (api, client) = api(&transport);
    for company in ["", "..", "ihre bank"] {
        let error = api
            .copy(&client.context(Operation::Other), &number(), company, None)
            .await
            .unwrap_err();
        let field = ErrorKind::InvalidRequest {
            field: "target_companyid".into(),
        };
        assert_eq!(
            (error.kind(), transport.count()),
            (&field, 0),
            "{company:?}"
        );
    }
}

#[tokio::test]
async fn signed_link_has_the_time_of_the_call() {
    let transport = ScriptedTransport::new();
    let (api, client) = api(&transport);
    let link = api
        .signed_link(&client.context(Operation::Other), &number(), &example())
        .unwrap();
    let pairs: std::collections::HashMap<_, _> = link.expose().query_pairs().into_owned().collect();
    assert_eq!(pairs["timestamp"], "1405074349567");
    assert_eq!(pairs["transactionnumber"], "AH73JK3LM");
    assert_eq!(pairs["mobilephone"], "0151 23411232");
    assert_eq!(link.expose().path(), "/v1/ihrebank/start");
    assert_eq!(transport.count(), 0);
}

#[tokio::test]
async fn error_inside_a_success_is_an_error() {
    let transport = logged_in();
    transport.then_json(200, failure("OBJECT_NOT_FOUND", "token"));
    let (api, client) = api(&transport);
    let error = api
        .identification(&client.context(Operation::Other), &number())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.vendor_code()),
        (&ErrorKind::NotFound, Some("OBJECT_NOT_FOUND"))
    );
}
