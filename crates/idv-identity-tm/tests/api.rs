//! The vendor's own calls: requests as in the document, responses, and harmless repetitions only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod calls;
mod support;

use calls::*;
use idv_core::{Effect, ErrorKind, Operation, Sent, TransportCause};
use idv_identity_tm::api::{Api, CALLS};
use idv_testkit::{Exchange, ScriptedTransport};
use support::*;

/// The calls that reach a person, cost money or count attempts. They are sent once, even if the
/// response is lost.
const ONCE: &[&str] = &[
    "putOrder",
    "requestSign",
    "confirmSign",
    "requestResendSignTan",
    "requestPhoneVerification",
    "provePhoneControl",
    "requestResendPhoneTan",
    "requestNewPassword",
    "confirmNewPassword",
];

#[test]
fn table_of_calls_matches_the_document() {
    let table: Vec<_> = CALLS
        .iter()
        .map(|row| {
            let failures: Vec<_> = row.failures.iter().map(|failure| failure.status).collect();
            (
                row.name,
                row.chapter,
                row.method.as_str(),
                row.success,
                failures,
            )
        })
        .collect();
    let document = DOCUMENT
        .iter()
        .map(|(name, chapter, method, success, failures)| {
            (*name, *chapter, *method, *success, failures.to_vec())
        });
    assert_eq!(table, document.collect::<Vec<_>>());
    // Every call is made below.
    assert_eq!(
        ROWS.iter().map(|row| row.name).collect::<Vec<_>>(),
        DOCUMENT.iter().map(|call| call.0).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn every_call_matches_the_document() {
    for (row, (name, _, method, ..)) in ROWS.iter().zip(DOCUMENT) {
        let (result, transport) = call(row, vec![success(row)]).await;
        assert!(result.is_ok(), "{name}: {result:?}");
        let requests = transport.requests();
        assert_eq!(requests.len(), 1, "{name}");
        assert_eq!(
            line(&requests[0]),
            format!("{method} {BASE}/{name}{}", row.rest)
        );
        assert_eq!(header(&requests[0], "authorization"), Some(BASIC), "{name}");
        assert!(
            requests[0].headers()["authorization"].is_sensitive(),
            "{name}"
        );
        assert_eq!(
            header(&requests[0], "content-type"),
            (!row.body.is_empty()).then_some("application/json"),
            "{name}"
        );
        assert_eq!(
            std::str::from_utf8(requests[0].body()).unwrap(),
            row.body,
            "{name}"
        );
    }
}

/// The kind of a documented status, by the document's words.
fn meant(name: &str, status: u16) -> ErrorKind {
    let invalid = |field: &'static str| ErrorKind::InvalidRequest {
        field: field.into(),
    };
    match (name, status) {
        ("getOrdersByRef", 400) => invalid("reference"),
        // The requested data are not ready or not enabled; the request itself is valid.
        (name, 400) if name.starts_with("get") && name != "getStatus" => ErrorKind::Conflict,
        (_, 400) => invalid("request"),
        (_, 401) => ErrorKind::Unauthorized,
        (_, 404) => ErrorKind::NotFound,
        (_, 409) => invalid("tan"),
        (_, 406 | 410 | 412 | 429) => ErrorKind::Conflict,
        (_, 500) => ErrorKind::Unavailable,
        _ => panic!("{status} is documented nowhere"),
    }
}

#[tokio::test]
async fn documented_failures_have_their_kind_and_are_not_retried() {
    for (row, (name, _, _, _, failures)) in ROWS.iter().zip(DOCUMENT) {
        for status in *failures {
            if *name == "serverStatus" {
                continue; // An error status is the result of this call.
            }
            let answers = (0..4)
                .map(|_| Exchange::Answer(failed(*status, r#"{"Error":"what was wrong"}"#)))
                .collect();
            let (result, transport) = call(row, answers).await;
            let error = result.unwrap_err();
            assert_eq!(error.kind(), &meant(name, *status), "{name} {status}");
            assert_eq!(
                (error.http_status(), vendor_text(&error)),
                (Some(*status), Some("what was wrong")),
                "{name}"
            );
            assert!(!error.to_string().contains("what was wrong"), "{error}");
            let expected = if *status == 500 { 4 } else { 1 };
            assert_eq!(
                (transport.count(), error.attempts()),
                (expected, u32::try_from(expected).unwrap()),
                "{name} {status}"
            );
            // A refusal had no effect; one after too many wrong TANs had exactly the reported
            // effect.
            assert_eq!(
                error.effect(),
                if *status == 500 {
                    Effect::Unknown
                } else {
                    Effect::NotApplied
                },
                "{name} {status}"
            );
        }
    }
}

#[tokio::test]
async fn undocumented_statuses_have_their_http_meaning() {
    for (row, (name, ..)) in ROWS.iter().zip(DOCUMENT) {
        if *name == "serverStatus" {
            continue;
        }
        for (status, kind) in [
            (402, ErrorKind::QuotaExhausted),
            (403, ErrorKind::Unauthorized),
            (405, ErrorKind::NotFound),
            (
                415,
                ErrorKind::InvalidRequest {
                    field: "request".into(),
                },
            ),
            (302, ErrorKind::Malformed),
        ] {
            let (result, transport) = call(
                row,
                vec![Exchange::Answer(failed(status, "<html>no</html>"))],
            )
            .await;
            let error = result.unwrap_err();
            assert_eq!(
                (error.kind(), vendor_text(&error), transport.count()),
                (&kind, None, 1),
                "{name} {status}"
            );
        }
    }
}

#[tokio::test]
async fn only_harmless_calls_are_retried_after_lost_response() {
    for row in ROWS {
        let losses: [fn() -> Exchange; 4] = [
            || Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
            || Exchange::Hang,
            || empty(503),
            || Exchange::Break(failed(200, "{")),
        ];
        for (number, loss) in losses.iter().enumerate() {
            let (result, transport) = call(row, vec![loss(), success(row)]).await;
            let what = format!("{} {number}", row.name);
            if ONCE.contains(&row.name) {
                let error = result.unwrap_err();
                assert_eq!(
                    (error.kind(), error.effect()),
                    (&ErrorKind::Unavailable, Effect::Unknown),
                    "{what}"
                );
                assert_eq!(transport.count(), 1, "{what}");
            } else if number == 3
                && matches!(
                    row.name,
                    "getIdentDataPDF" | "getESignAuditLogPDF" | "getVideoFileBinary"
                )
            {
                // A part of an interrupted file is already in the sink.
                assert_eq!(
                    (result.unwrap_err().kind(), transport.count()),
                    (&ErrorKind::Unavailable, 1),
                    "{what}"
                );
            } else {
                assert!(result.is_ok(), "{what}: {result:?}");
                let requests = transport.requests();
                assert_eq!(
                    (requests.len(), line(&requests[0])),
                    (2, line(&requests[1])),
                    "{what}"
                );
            }
        }
    }
}

#[tokio::test]
async fn unsent_request_is_always_retried() {
    for row in ROWS {
        let unsent = Exchange::Fail(Sent::No, TransportCause::Connect);
        let (result, transport) = call(row, vec![unsent, success(row)]).await;
        assert!(result.is_ok(), "{}: {result:?}", row.name);
        assert_eq!(transport.count(), 2, "{}", row.name);
    }
}

#[tokio::test]
async fn status_429_is_retried_unless_the_order_is_cancelled() {
    for row in ROWS {
        let limited = http::Response::builder()
            .status(429)
            .header("retry-after", "7")
            .body(bytes::Bytes::new())
            .unwrap();
        let transport = ScriptedTransport::new();
        transport.then(Exchange::Answer(limited)).then(success(row));
        let clock = clock();
        let client = client_at(config(), &transport, &clock);
        let result = (row.call)(
            &Api::new(&config()).unwrap(),
            &client.context(Operation::Other),
        )
        .await;
        if matches!(row.name, "confirmSign" | "provePhoneControl") {
            let error = result.unwrap_err();
            assert_eq!(
                (error.kind(), error.effect()),
                (&ErrorKind::Conflict, Effect::NotApplied),
                "{}",
                row.name
            );
            assert!(error.to_string().contains("cancelled"), "{error}");
            assert_eq!(
                (transport.count(), clock.slept()),
                (1, Vec::new()),
                "{}",
                row.name
            );
        } else {
            assert!(result.is_ok(), "{}: {result:?}", row.name);
            assert_eq!(transport.count(), 2, "{}", row.name);
            assert!(
                clock.slept().iter().any(|slept| slept.as_secs() == 7),
                "{}: {:?}",
                row.name,
                clock.slept()
            );
        }
    }
}

#[tokio::test]
async fn vendor_text_is_kept_and_not_printed() {
    let transport = ScriptedTransport::new();
    transport.then_json(404, r#"{"Error":"no order of Erika Mustermann"}"#);
    let error = client(&transport).poll(&id()).await.unwrap_err();
    assert_eq!(
        (error.vendor_code(), vendor_text(&error)),
        (None, Some("no order of Erika Mustermann"))
    );
    assert!(
        !format!("{error} {error:?}").contains("Mustermann"),
        "{error}"
    );
}
