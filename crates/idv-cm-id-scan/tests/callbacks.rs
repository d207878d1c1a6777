//! Events and returns: authentication, polls that they trigger, and replies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use fixture::{events, fixture};
use http::{HeaderMap, Method, StatusCode};
use idv_cm_id_scan::CmIdScan;
use idv_cm_id_scan::normalize::{self, Acceptance};
use idv_core::adapter::settings::Secrets;
use idv_core::{
    CallbackMessage, Channel, Delivery, Error, ErrorKind, Provider as _, Reply, ResultHandle,
    ResultState, Status,
};
use serde_json::{Value, json};
use support::{CALLBACK_SECRET, config, with};

/// The transaction of the fixtures.
const TRANSACTION: &str = "b659c273-0000-4000-8000-000000000000";
const RESULT: &str = "e6b7ce66-0000-4000-8000-000000000000";

fn delivery(body: impl Into<bytes::Bytes>, secret: Option<&str>) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    if let Some(secret) = secret {
        headers.insert("X-Callback-Secret", secret.parse().unwrap());
    }
    Delivery::callback(Method::POST, "/webhook".parse().unwrap(), headers, body)
}

fn receive(delivery: &Delivery) -> Result<CallbackMessage, Error> {
    CmIdScan::new(config())
        .unwrap()
        .capabilities()
        .callbacks
        .unwrap()
        .receive(delivery)
}

fn proven(body: impl Into<bytes::Bytes>) -> Result<CallbackMessage, Error> {
    receive(&delivery(body, Some(CALLBACK_SECRET)))
}

#[test]
fn event_has_state_and_handle() {
    let handle = ResultState::Fetchable(ResultHandle::new(RESULT));
    for (name, status, code, result) in [
        (
            "event-completed.json",
            Some(Status::Ended),
            Some("completed"),
            handle,
        ),
        (
            "own-event-pending.json",
            Some(Status::InProgress),
            Some("pending"),
            ResultState::Absent,
        ),
        (
            "own-event-state-unknown.json",
            None,
            Some("quarantined"),
            ResultState::Absent,
        ),
    ] {
        let received = proven(fixture(name)).unwrap();
        assert_eq!(received.reply, Reply::status(StatusCode::OK));
        let [observation] = received.observations.as_slice() else {
            panic!("{name}: {received:?}")
        };
        assert_eq!(
            observation.subject.vendor_id.as_ref().unwrap().as_str(),
            TRANSACTION,
            "{name}"
        );
        assert_eq!(
            (
                observation.status,
                observation.code.as_deref(),
                &observation.result
            ),
            (status, code, &result),
            "{name}"
        );
        assert_eq!(observation.channel, Channel::Callback);
        assert_eq!(observation.at.unwrap().to_string(), "2022-01-01T00:00:00Z");
        assert!(observation.trust.is_proven());
    }
}

#[test]
fn task_event_means_that_the_person_has_begun() {
    for (name, expected) in [
        (
            "own-event-task.json",
            json!({ "task.type": "document_scan", "task.state": "completed", "transaction.state": "pending" }),
        ),
        (
            "own-event-task-nested.json",
            json!({ "task.type": "face_match", "task.state": "completed" }),
        ),
    ] {
        let observation = proven(fixture(name)).unwrap().observations.remove(0);
        assert_eq!(
            observation.subject.vendor_id.as_ref().unwrap().as_str(),
            TRANSACTION,
            "{name}"
        );
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (Some(Status::InProgress), None)
        );
        assert_eq!(
            serde_json::to_value(observation.report()).unwrap()["custom"],
            expected,
            "{name}"
        );
    }
}

#[test]
fn unknown_event_members_are_kept_without_a_handle() {
    let event = |result: Value| {
        let transaction = json!({ "id": TRANSACTION, "state": "pending", "resultId": result, "risk": { "level": 2 } });
        let body = json!({ "type": "transaction.state.updated", "transaction": transaction, "attempt": 3, "task": { "note": [1] } });
        proven(body.to_string()).unwrap().observations.remove(0)
    };
    let observation = event(json!(null));
    assert_eq!(
        serde_json::to_value(observation.report()).unwrap(),
        json!({
            "provider": "cm-id-scan",
            "vendor_id": TRANSACTION,
            "custom": { "attempt": 3, "transaction.risk": { "level": 2 }, "task.note": [1] },
        })
    );
    assert_eq!(
        event(json!(RESULT)).result,
        ResultState::Fetchable(ResultHandle::new(RESULT))
    );
}

#[test]
fn event_of_unknown_type_is_ignored() {
    let received = proven(fixture("own-event-unknown.json")).unwrap();
    assert_eq!(
        (received.observations.len(), received.reply.status),
        (0, StatusCode::OK)
    );
}

#[test]
fn event_without_the_secret_is_refused() {
    for name in events() {
        for secret in [
            None,
            Some(""),
            Some("5f1c2a9e1c1f4a6b9a520c2d6a1f7e10"),
            Some("5F1C2A9E1C1F4A6B9A520C2D6A1F7E11"),
        ] {
            let error = receive(&delivery(fixture(&name), secret)).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Forged, "{name} {secret:?}");
            assert_eq!(Reply::to_error(&error).status, StatusCode::FORBIDDEN);
        }
    }
}

#[test]
fn event_is_a_claim_if_no_secret_is_configured() {
    let provider =
        CmIdScan::new(with(|config| config.callback_secret = Secrets::default())).unwrap();
    let received = provider
        .capabilities()
        .callbacks
        .unwrap()
        .receive(&delivery(fixture("event-completed.json"), None))
        .unwrap();
    assert!(!received.observations[0].trust.is_proven());
}

#[test]
fn header_has_the_configured_name() {
    let provider = CmIdScan::new(with(|config| {
        config.callback_header = "X-Bank-Proof".to_owned();
    }))
    .unwrap();
    assert!(
        provider
            .capabilities()
            .callbacks
            .unwrap()
            .receive(&delivery(
                fixture("event-completed.json"),
                Some(CALLBACK_SECRET)
            ))
            .is_err()
    );
    let mut delivery = delivery(fixture("event-completed.json"), None);
    delivery
        .headers
        .insert("x-bank-proof", CALLBACK_SECRET.parse().unwrap());
    assert!(
        provider
            .capabilities()
            .callbacks
            .unwrap()
            .receive(&delivery)
            .unwrap()
            .observations[0]
            .trust
            .is_proven()
    );
}

#[test]
fn other_payload_is_not_an_event() {
    for body in [
        "",
        "[]",
        "null",
        "\"x\"",
        "{}",
        "{\"type\":null}",
        "{\"type\":\"transaction.state.updated\"}",
        "{\"type\":\"transaction.state.updated\",\"transaction\":{}}",
        "{\"type\":\"transaction.state.updated\",\"transaction\":{\"id\":\"\"}}",
        "{\"type\":\"task.state.updated\",\"task\":{\"id\":\"x\"}}",
        "{\"type\":\"transaction.archived\"",
        "trxid=a&resultid=b",
    ] {
        let error = proven(body).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{body}");
        assert_eq!(Reply::to_error(&error).status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(
        proven(vec![0xFF, 0xFE]).unwrap_err().kind(),
        &ErrorKind::Malformed
    );
}

#[test]
fn impossible_result_id_gives_no_handle() {
    for result in ["", "../x", "a/b", "a b", "é", "-", "_-_"] {
        let body = format!(
            r#"{{"type":"transaction.state.updated","transaction":{{"id":"{TRANSACTION}","state":"completed","resultId":"{result}"}}}}"#
        );
        assert_eq!(
            proven(body).unwrap().observations[0].result,
            ResultState::Absent,
            "{result}"
        );
    }
}

fn back(uri: &str) -> CallbackMessage {
    receive(&Delivery::returning(uri.parse().unwrap())).unwrap()
}

#[test]
fn return_is_a_claim_about_its_result() {
    for uri in [
        format!("/back?session=7&trxid={TRANSACTION}&resultid={RESULT}"),
        format!("/back?trxId={TRANSACTION}&resultId={RESULT}"),
        format!("/?resultid={RESULT}&trxid={TRANSACTION}&trxid=another"),
    ] {
        let received = back(&uri);
        assert_eq!(received.reply.status, StatusCode::OK);
        let observation = &received.observations[0];
        assert_eq!(
            observation.subject.vendor_id.as_ref().unwrap().as_str(),
            TRANSACTION
        );
        assert_eq!(
            observation.result,
            ResultState::Fetchable(ResultHandle::new(RESULT))
        );
        assert_eq!(
            (
                observation.channel,
                observation.status,
                observation.code.as_deref()
            ),
            (Channel::Return, None, None)
        );
        assert!(!observation.trust.is_proven());
    }
    assert_eq!(
        back(&format!("/?trxid={TRANSACTION}")).observations[0].result,
        ResultState::Absent
    );
    for nothing in [
        "/",
        "/?",
        "/?trxid=",
        "/?trxid=../x",
        "/?trxid=-",
        "/?resultid=x",
    ] {
        assert!(back(nothing).observations.is_empty(), "{nothing}");
    }
}

#[test]
fn stored_callback_is_a_claim() {
    let read = |bytes: &[u8]| normalize::kind(bytes, "callback", &Acceptance::default());
    for name in events() {
        let (page, received) = (
            read(&fixture(&name)).unwrap(),
            proven(fixture(&name)).unwrap(),
        );
        assert_eq!(
            page.observations.len(),
            received.observations.len(),
            "{name}"
        );
        for (claimed, proven) in page.observations.into_iter().zip(received.observations) {
            assert!(!claimed.trust.is_proven());
            assert_eq!(claimed.trusted(proven.trust), proven, "{name}");
        }
    }
    for address in [
        "https://example.com/back?a=b&trxid=x1&resultid=y2#top",
        "/back?trxid=x1&resultid=y2",
        "trxid=x1&resultid=y2\n",
    ] {
        let observation = read(address.as_bytes()).unwrap().observations.remove(0);
        assert_eq!(
            (
                observation.channel,
                observation.subject.vendor_id.unwrap().as_str()
            ),
            (Channel::Return, "x1"),
            "{address}"
        );
    }
    for neither in [
        "",
        "hello",
        "a=b",
        "trxid=x1\nresultid=y2",
        "{\"id\":1}",
        "[{}]",
    ] {
        assert_eq!(
            read(neither.as_bytes()).unwrap_err().kind(),
            &ErrorKind::Malformed,
            "{neither}"
        );
    }
}
