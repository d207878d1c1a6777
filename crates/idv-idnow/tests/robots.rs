//! The test robots (chapter 15).

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
use idv_core::call::CallPolicy;
use idv_core::{Client, Effect, ErrorKind, Operation, Sent, TransportCause};
use idv_idnow::api::{Api, TestCase, TransactionNumber};
use idv_idnow::{DataCentre, Idnow, IdnowConfig};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};
use support::*;

fn api(config: &IdnowConfig, transport: &ScriptedTransport) -> (Api, Client) {
    let clock = ManualClock::leaping("2018-11-15T10:00:00Z".parse().unwrap());
    let client = Client::new(
        Idnow::new(config.clone()).unwrap(),
        environment(transport, &clock),
        CallPolicy::default(),
    );
    (Api::new(config).unwrap(), client)
}

fn number() -> TransactionNumber {
    TransactionNumber::parse("1234567890").unwrap()
}

#[tokio::test]
async fn test_calls_match_the_document() {
    let transport = ScriptedTransport::new();
    transport.then(file("application/json", fixture("client-test-robot.json")));
    transport.then_json(200, "{}");
    let (api, client) = api(&config(), &transport);
    let cx = client.context(Operation::Other);
    let started = api.start_test(&cx, &number()).await.unwrap();
    assert_eq!(
        started.id.as_ref().map(idv_core::VendorId::as_str),
        Some("TST-FKQGX")
    );
    assert_eq!(
        (started.status.as_deref(), started.robot_name.as_deref()),
        (Some("STARTED"), Some("happypath"))
    );
    assert_eq!(started.robot_type.as_deref(), Some("AUTO"));
    api.request_video_chat(&cx, &number()).await.unwrap();

    let requests = transport.requests();
    let [start, chat] = requests.as_slice() else {
        panic!("{requests:?}")
    };
    let address = "https://api.test.idnow.de/api/v1/ihrebank/identifications/1234567890";
    assert_eq!(line(start), format!("POST {address}/start"));
    assert_eq!(line(chat), format!("POST {address}/requestVideoChat"));
    assert_eq!(
        (header(start, "x-api-key"), header(chat, "x-api-key")),
        (Some("exampleApiKey"), None)
    );
    for request in [start, chat] {
        assert_eq!(
            (header(request, "content-type"), request.body().as_ref()),
            (Some("application/json"), &b"{}"[..])
        );
        assert_eq!(header(request, "x-api-login-token"), None);
    }
}

#[tokio::test]
async fn empty_test_response_is_accepted() {
    for body in ["", "{}", "[]", "OK", r#"{"internalToken":null}"#] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, body);
        let (api, client) = api(&config(), &transport);
        assert!(
            api.start_test(&client.context(Operation::Other), &number())
                .await
                .unwrap()
                .id
                .is_none(),
            "{body}"
        );
    }
    let transport = ScriptedTransport::new();
    transport.then_json(404, failure("OBJECT_NOT_FOUND", "token"));
    transport.then_json(412, failure("PRECONDITION_FAILED", ""));
    let (api, client) = api(&config(), &transport);
    let cx = client.context(Operation::Other);
    assert_eq!(
        api.start_test(&cx, &number()).await.unwrap_err().kind(),
        &ErrorKind::NotFound
    );
    assert_eq!(
        api.request_video_chat(&cx, &number())
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Conflict
    );
}

#[tokio::test]
async fn robots_exist_only_on_test_system_or_gateway_url() {
    for centre in [DataCentre::De, DataCentre::Ch] {
        let mut config = config();
        config.host = Some(centre);
        let transport = ScriptedTransport::new();
        let (api, client) = api(&config, &transport);
        let cx = client.context(Operation::Other);
        for error in [
            api.start_test(&cx, &number()).await.unwrap_err(),
            api.request_video_chat(&cx, &number()).await.unwrap_err(),
        ] {
            assert_eq!(
                (error.kind(), transport.count()),
                (&ErrorKind::Unsupported, 0)
            );
        }
    }
    let mut config = config();
    config.gateway_url = Some("http://127.0.0.1:8080/idnow".parse().unwrap());
    let transport = ScriptedTransport::new();
    transport.then_json(200, "{}");
    let (api, client) = api(&config, &transport);
    api.request_video_chat(&client.context(Operation::Other), &number())
        .await
        .unwrap();
    let address =
        "http://127.0.0.1:8080/idnow/api/v1/ihrebank/identifications/1234567890/requestVideoChat";
    assert_eq!(transport.requests()[0].uri(), address);
}

#[tokio::test]
async fn test_is_not_repeated_after_lost_response() {
    let transport = ScriptedTransport::new();
    transport.then(Exchange::Fail(Sent::Maybe, TransportCause::Interrupted));
    transport.then(Exchange::Fail(Sent::Maybe, TransportCause::Interrupted));
    let (api, client) = api(&config(), &transport);
    let cx = client.context(Operation::Other);
    let error = api.start_test(&cx, &number()).await.unwrap_err();
    assert_eq!((error.effect(), transport.count()), (Effect::Unknown, 1));
    let error = api.request_video_chat(&cx, &number()).await.unwrap_err();
    assert_eq!((error.effect(), transport.count()), (Effect::Unknown, 2));
}

#[test]
fn every_test_case_has_its_text() {
    // Chapter 15.1.
    let table = [
        "HAPPYPATH",
        "CHANGEALL",
        "CHANGEALLREVIEW",
        "ABORTIDENT",
        "FRAUDIDENT",
        "FRAUDREVIEW",
        "FRAUDOK",
        "CANCELED",
        "LONGREVIEW",
        "HOLDCERTIFICATE",
    ];
    assert_eq!(
        TestCase::ALL
            .iter()
            .map(|case| case.name())
            .collect::<Vec<_>>(),
        table
    );
    assert_eq!(TestCase::HappyPath.automated(), "X-AUTOTEST-HAPPYPATH");
    assert_eq!(TestCase::FraudIdent.manual(), "X-MANUALTEST-FRAUDIDENT");
}
