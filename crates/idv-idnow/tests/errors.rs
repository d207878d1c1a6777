//! Every error of chapter 12, for each call. The table is copied from the document.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::call::CallPolicy;
use idv_core::{Client, Error, ErrorKind, Operation};
use idv_idnow::Idnow;
use idv_idnow::api::{Api, Filter, StartRequest, Suffix, TransactionNumber};
use idv_testkit::{ManualClock, ScriptedTransport, environment};
use support::*;

/// The HTTP status, the cause, and the kind of the error. `TOKEN_EXPIRED` is known from clients.
fn table() -> Vec<(u16, &'static str, ErrorKind)> {
    let invalid = |field: &'static str| ErrorKind::InvalidRequest {
        field: field.into(),
    };
    vec![
        (400, "UNRECOGNIZED_FIELD", invalid("person.birth_date")),
        (400, "UNPARSEABLE_JSON", invalid("request")),
        (400, "MISSING_TRANSACTION_TOKEN", invalid("reference")),
        (400, "BAD_REQUEST", invalid("person.birth_date")),
        (401, "INVALID_LOGIN_TOKEN", ErrorKind::Unauthorized),
        (401, "SECURITY_VIOLATION", ErrorKind::Unauthorized),
        (401, "TOKEN_EXPIRED", ErrorKind::Unauthorized),
        (404, "OBJECT_NOT_FOUND", ErrorKind::NotFound),
        (409, "EXISTING_IDENTIFICATION", ErrorKind::Conflict),
        (412, "PRECONDITION_FAILED", ErrorKind::Conflict),
        (500, "INTERNAL_SERVER_ERROR", ErrorKind::Unavailable),
    ]
}

/// The error of each call for a response. Beside the causes the document has one column: whether
/// the client used the API wrongly, and therefore whether a repetition can help.
async fn failures(status: u16, body: &str) -> Vec<(&'static str, Error)> {
    let number = TransactionNumber::parse("AH73JK3LM").unwrap();
    let mut failures = Vec::new();
    macro_rules! each {
        ($(|$api:ident, $cx:ident| $call:expr),* $(,)?) => {$({
            let name = stringify!($call);
            // The start call uses the API key and needs no login.
            let transport = if name.contains("start") { ScriptedTransport::new() } else { logged_in() };
            for _ in 0..CallPolicy::default().max_attempts {
                transport.then_json(status, body);
            }
            let clock = ManualClock::leaping("2018-11-15T10:00:00Z".parse().unwrap());
            let client = Client::new(Idnow::new(config()).unwrap(), environment(&transport, &clock), CallPolicy::default());
            let ($api, $cx) = (&Api::new(&config()).unwrap(), &client.context(Operation::Other));
            failures.push((name, $call.await.expect_err(name)));
        })*};
    }
    each!(
        |api, cx| api.start(cx, &number, &StartRequest::default()),
        |api, cx| api.identification(cx, &number),
        |api, cx| api.archive_file(cx, &number),
        |api, cx| api.download(cx, &number, Suffix::Pdf, 1000, &mut Vec::new()),
        |api, cx| api.list(cx, Filter::Finished),
        |api, cx| api.list(cx, Filter::Aborted),
        |api, cx| api.delete(cx, &number),
        |api, cx| api.copy(cx, &number, "ihrebank", None),
        |api, cx| api.move_to_archive(cx, &number),
        |api, cx| api.account(cx),
    );
    failures
}

#[tokio::test]
async fn every_cause_has_its_kind_in_every_call() {
    for (status, cause, kind) in table() {
        for (call, error) in failures(status, &failure(cause, "birthday")).await {
            assert_eq!(
                (error.kind(), error.vendor_code()),
                (&kind, Some(cause)),
                "{call}"
            );
            assert_eq!(
                (error.http_status(), error.is_transient()),
                (Some(status), status == 500),
                "{call} {cause}"
            );
        }
    }
}

#[tokio::test]
async fn every_status_has_its_kind_without_body() {
    for (status, kind) in [
        (
            400,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
        (401, ErrorKind::Unauthorized),
        // Chapter 8.3.5.
        (403, ErrorKind::Unauthorized),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (412, ErrorKind::Conflict),
        (500, ErrorKind::Unavailable),
    ] {
        for body in [
            "",
            "<html>Bad Gateway</html>",
            r#"{"errors":[{"cause":null}]}"#,
        ] {
            for (call, error) in failures(status, body).await {
                assert_eq!(
                    (error.kind(), error.vendor_code()),
                    (&kind, None),
                    "{call} {status} {body}"
                );
            }
        }
    }
}

#[tokio::test]
async fn refused_copy_tells_how_to_get_the_right() {
    let errors = failures(403, "").await;
    let (_, error) = errors
        .iter()
        .find(|(call, _)| call.contains("copy"))
        .unwrap();
    assert!(
        error.to_string().contains("IDnow grants it per account"),
        "{error}"
    );
}
