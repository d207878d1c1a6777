//! Interprets responses as pure functions of status and body.

use http::{HeaderValue, StatusCode};
use idv_core::{Error, ErrorKind, Result, Secret, VendorId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::loose::{self, Object};
use super::parameter::Parameter;
use super::{Account, StartResponse};
use crate::wire;

/// The `cause` of an error for an unknown identification, or one without a result yet.
pub(crate) const OBJECT_NOT_FOUND: &str = "OBJECT_NOT_FOUND";

/// The error text for a path that IDnow does not know.
pub(crate) const WRONG_ADDRESS: &str = "unknown path at IDnow: check company, host and gateway_url";

/// The start call (chapter 3.2.10): 201 for a new identification, 200 for an existing one that was
/// updated. The document's own sample has 200 for a new one.
pub(crate) fn started(status: StatusCode, body: &[u8]) -> Result<StartResponse> {
    let answer: Object = read(status, body)?;
    let id = loose::text(&answer, "id")
        .ok_or_else(|| Error::malformed("the Ident-ID is missing or empty"))?;
    Ok(StartResponse {
        id: VendorId::new(id),
        already_existed: status == StatusCode::OK,
    })
}

/// The copy call (chapter 8.3.5), with the response of the start call.
pub(crate) fn copied(status: StatusCode, body: &[u8]) -> Result<StartResponse> {
    started(status, body).map_err(|error| match (status, error.vendor_code()) {
        (StatusCode::FORBIDDEN, None) => error
            .detail("the account has no right to copy to this one: IDnow grants it per account"),
        _ => error,
    })
}

/// The login call (chapter 8.3.1).
pub(crate) fn token(status: StatusCode, body: &[u8]) -> Result<Secret> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        auth_token: String,
    }
    let Body { auth_token } = read(status, body).map_err(|error| match error.kind() {
        ErrorKind::Unauthorized => error.detail("wrong company id or API key"),
        _ => error,
    })?;
    if auth_token.is_empty() || HeaderValue::from_str(&auth_token).is_err() {
        return Err(Error::malformed(
            "the vendor returned a login token that is not a valid header value",
        ));
    }
    Ok(Secret::new(auth_token))
}

/// The call for the waiting time (chapter 6.4).
pub(crate) fn account(status: StatusCode, body: &[u8]) -> Result<Account> {
    let value = read(status, body)?;
    Account::read(&value).ok_or_else(|| Error::malformed("expected a JSON object"))
}

/// The system check (chapter 16): "any other result indicates an issue".
pub(crate) fn system_check(status: StatusCode, body: &[u8]) -> bool {
    status == StatusCode::OK && body.trim_ascii() == b"SYSTEM_CHECK_OK"
}

/// A response whose body another function parses, or that has no content.
pub(crate) fn succeeded(status: StatusCode, body: &[u8]) -> Result<()> {
    // Results are not parsed twice: only a body that begins like the documented error is parsed as
    // one.
    let begins = |text: &[u8]| {
        text.trim_ascii_start()
            .strip_prefix(b"{")
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"errors\""))
    };
    if status.is_success() && !begins(body) {
        return Ok(());
    }
    let errors = wire::ErrorBody::read(body);
    if status.is_success() && errors.cause().is_none() {
        return Ok(());
    }
    Err(error(status, &errors))
}

fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T> {
    succeeded(status, body)?;
    serde_json::from_slice(body).map_err(|error| Error::malformed_json(&error))
}

/// Returns the error of a response. The cause decides, because it is more specific than the status
/// and occurs with other statuses than those of the document's table (chapter 12). Without a known
/// cause the status decides.
fn error(status: StatusCode, errors: &wire::ErrorBody) -> Error {
    let cause = errors.cause();
    let error = match cause {
        Some("UNRECOGNIZED_FIELD") => {
            Error::invalid(field(errors), "IDnow does not know a field of the request")
        }
        Some("UNPARSEABLE_JSON") => Error::invalid("request", "IDnow could not parse the request"),
        Some("MISSING_TRANSACTION_TOKEN") => Error::invalid(
            "reference",
            "IDnow found no transaction number in the request",
        ),
        Some("BAD_REQUEST") => Error::invalid(field(errors), "IDnow does not accept this value"),
        Some("INVALID_LOGIN_TOKEN") => Error::new(ErrorKind::Unauthorized)
            .detail("the API key or the login token is not valid"),
        Some("TOKEN_EXPIRED") => {
            Error::new(ErrorKind::Unauthorized).detail("the login token has expired")
        }
        Some("SECURITY_VIOLATION") => Error::new(ErrorKind::Unauthorized)
            .detail("the identification belongs to another company, or the account lacks a right"),
        Some(OBJECT_NOT_FOUND) => Error::new(ErrorKind::NotFound)
            .detail("no result at the vendor: not finished yet, expired or deleted"),
        Some("EXISTING_IDENTIFICATION") => Error::new(ErrorKind::Conflict).detail(
            "the identification under this transaction number is finished: fetch it instead \
                of changing it",
        ),
        Some("PRECONDITION_FAILED") => Error::new(ErrorKind::Conflict)
            .detail("a precondition is missing: for eSigning, upload the documents first"),
        Some("INTERNAL_SERVER_ERROR") => {
            Error::new(ErrorKind::Unavailable).detail("IDnow reported an internal error")
        }
        _ => by_status(status),
    };
    let error = match cause {
        Some(cause) => error.with_vendor_code(cause),
        None => error,
    };
    match errors.text() {
        Some(text) => error.with_vendor_text(text),
        None => error,
    }
}

/// Returns the error of a status by the table of chapter 12, for responses without a body.
fn by_status(status: StatusCode) -> Error {
    match status.as_u16() {
        400 => Error::invalid("request", "IDnow rejected the request"),
        401 | 403 => Error::new(ErrorKind::Unauthorized),
        402 => Error::new(ErrorKind::QuotaExhausted),
        404 | 410 => Error::new(ErrorKind::NotFound).detail(WRONG_ADDRESS),
        409 => Error::new(ErrorKind::Conflict).detail("the identification is finished"),
        412 => Error::new(ErrorKind::Conflict).detail("a precondition is missing"),
        429 => Error::new(ErrorKind::RateLimited),
        408 | 500..=599 => Error::new(ErrorKind::Unavailable),
        405..=499 => Error::invalid("request", "IDnow rejected the request"),
        _ => Error::malformed("undocumented status"),
    }
}

/// Returns the model's name of the field in an error. An undocumented name is not repeated, because
/// it is the vendor's text.
fn field(errors: &wire::ErrorBody) -> &'static str {
    match errors.key() {
        Some("token" | "transactionToken") => "reference",
        Some("preferredlang") => "locale",
        Some("questions") => "questions",
        Some(key) => Parameter::named(key).map_or("request", |parameter| parameter.path),
        None => "request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(status: u16, body: &str) -> Error {
        succeeded(StatusCode::from_u16(status).unwrap(), body.as_bytes()).unwrap_err()
    }

    fn invalid(field: &'static str) -> ErrorKind {
        ErrorKind::InvalidRequest {
            field: field.into(),
        }
    }

    #[test]
    fn every_documented_cause_is_mapped() {
        for (status, cause, kind) in [
            (400, "UNRECOGNIZED_FIELD", invalid("request")),
            (400, "UNPARSEABLE_JSON", invalid("request")),
            (400, "MISSING_TRANSACTION_TOKEN", invalid("reference")),
            (400, "BAD_REQUEST", invalid("request")),
            (401, "INVALID_LOGIN_TOKEN", ErrorKind::Unauthorized),
            (401, "TOKEN_EXPIRED", ErrorKind::Unauthorized),
            (401, "SECURITY_VIOLATION", ErrorKind::Unauthorized),
            (404, "OBJECT_NOT_FOUND", ErrorKind::NotFound),
            (409, "EXISTING_IDENTIFICATION", ErrorKind::Conflict),
            (412, "PRECONDITION_FAILED", ErrorKind::Conflict),
            (500, "INTERNAL_SERVER_ERROR", ErrorKind::Unavailable),
        ] {
            let error = failed(status, &format!(r#"{{"errors":[{{"cause":"{cause}"}}]}}"#));
            assert_eq!((error.kind(), error.vendor_code()), (&kind, Some(cause)));
        }
    }

    #[test]
    fn ident_id_is_parsed_from_text_and_number() {
        let id = |body: &str| {
            started(StatusCode::CREATED, body.as_bytes())
                .map(|started| started.id.as_str().to_owned())
        };
        assert_eq!(id(r#"{"id":"IBA-H5FD8"}"#).unwrap(), "IBA-H5FD8");
        assert_eq!(id(r#"{"id":12345,"new":[]}"#).unwrap(), "12345");
        for body in [
            r#"{"id":""}"#,
            r#"{"id":null}"#,
            r#"{"id":["x"]}"#,
            "{}",
            "[]",
            "\"x\"",
        ] {
            assert_eq!(
                id(body).unwrap_err().kind(),
                &ErrorKind::Malformed,
                "{body}"
            );
        }
    }

    #[test]
    fn known_cause_overrides_the_status() {
        assert_eq!(
            failed(401, r#"{"errors":[{"cause":"OBJECT_NOT_FOUND"}]}"#).kind(),
            &ErrorKind::NotFound
        );
        assert_eq!(
            failed(200, r#"{"errors":[{"cause":"OBJECT_NOT_FOUND"}]}"#).kind(),
            &ErrorKind::NotFound
        );
        assert_eq!(
            failed(404, r#"{"errors":[{"cause":"SOMETHING_NEW"}]}"#).kind(),
            &ErrorKind::NotFound
        );
        for body in [
            "",
            "{}",
            "<html>",
            "null",
            r#"{"errors":null}"#,
            r#"{"errors":[null]}"#,
            "\u{feff}",
        ] {
            for (status, kind) in [
                (400, invalid("request")),
                (401, ErrorKind::Unauthorized),
                (403, ErrorKind::Unauthorized),
                (404, ErrorKind::NotFound),
                (409, ErrorKind::Conflict),
                (412, ErrorKind::Conflict),
                (429, ErrorKind::RateLimited),
                (500, ErrorKind::Unavailable),
                (302, ErrorKind::Malformed),
            ] {
                let error = failed(status, body);
                assert_eq!(
                    (error.kind(), error.vendor_code()),
                    (&kind, None),
                    "{status} {body}"
                );
            }
        }
    }

    #[test]
    fn error_names_the_models_field_and_no_unknown_one() {
        let of = |key: &str| {
            failed(
                400,
                &format!(
                    r#"{{"errors":[{{"cause":"BAD_REQUEST","id":"7","key":{key},"message":"Max"}}]}}"#
                ),
            )
        };
        assert_eq!(of("\"birthday\"").kind(), &invalid("person.birth_date"));
        assert_eq!(of("\"preferredLang\"").kind(), &invalid("locale"));
        assert_eq!(of("\"transactionToken\"").kind(), &invalid("reference"));
        assert_eq!(of("null").kind(), &invalid("request"));
        let error = of("\"Mustermann\"");
        assert_eq!(
            error.vendor_text().map(|text| text.expose().as_str()),
            Some("Max (Mustermann; error 7)")
        );
        assert!(
            !format!("{error} {error:?}").contains("Mustermann"),
            "{error}"
        );
        assert!(!format!("{error} {error:?}").contains("Max"), "{error}");
    }

    #[test]
    fn existing_identification_differs_from_a_new_one() {
        let body = r#"{"id":"IBA-H5FD8"}"#;
        let new = started(StatusCode::CREATED, body.as_bytes()).unwrap();
        assert_eq!((new.id.as_str(), new.already_existed), ("IBA-H5FD8", false));
        assert!(
            started(StatusCode::OK, body.as_bytes())
                .unwrap()
                .already_existed
        );
        for body in ["", "{}", r#"{"id":""}"#, r#"{"id":null}"#, "IBA-H5FD8"] {
            assert_eq!(
                started(StatusCode::CREATED, body.as_bytes())
                    .unwrap_err()
                    .kind(),
                &ErrorKind::Malformed,
                "{body}"
            );
        }
    }

    #[test]
    fn unusable_token_is_not_printed() {
        assert_eq!(
            token(StatusCode::OK, br#"{"authToken":"7eb579f6"}"#)
                .unwrap()
                .expose(),
            "7eb579f6"
        );
        for body in [
            r#"{"authToken":""}"#,
            r#"{"authToken":"SECRET\n"}"#,
            r#"{"authToken":["SECRET"]}"#,
            r#""SECRET""#,
        ] {
            let error = token(StatusCode::OK, body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Malformed);
            assert!(!format!("{error} {error:?}").contains("SECRET"));
        }
    }

    #[test]
    fn system_is_up_only_with_the_documented_text() {
        assert!(system_check(StatusCode::OK, b"SYSTEM_CHECK_OK"));
        assert!(!system_check(StatusCode::OK, b"SYSTEM_CHECK_FAILED"));
        assert!(!system_check(
            StatusCode::SERVICE_UNAVAILABLE,
            b"SYSTEM_CHECK_OK"
        ));
    }

    #[test]
    fn waiting_time_is_parsed() {
        let body = r#"{"shortname":"ihrebank","shortcode":"IBA","name":"IhreBank AG","estimatedWaitingTime":30}"#;
        let account = account(StatusCode::OK, body.as_bytes()).unwrap();
        assert_eq!(
            (account.shortname.as_deref(), account.estimated_waiting_time),
            (Some("ihrebank"), Some(30))
        );
        assert_eq!(
            (account.shortcode.as_deref(), account.name.as_deref()),
            (Some("IBA"), Some("IhreBank AG"))
        );
    }

    #[test]
    fn account_is_parsed_with_any_types() {
        for (time, expected) in [
            ("0", Some(0)),
            ("\"45\"", Some(45)),
            ("60.0", Some(60)),
            ("-1", None),
            ("null", None),
            ("{}", None),
        ] {
            let body = format!(
                r#"{{"shortname":null,"shortcode":7,"estimatedWaitingTime":{time},"new":[1]}}"#
            );
            let account = account(StatusCode::OK, body.as_bytes()).unwrap();
            assert_eq!(
                (account.shortname, account.shortcode.as_deref()),
                (None, Some("7"))
            );
            assert_eq!(account.estimated_waiting_time, expected, "{time}");
        }
        for body in ["", "[]", "null", "30", "<html>"] {
            assert_eq!(
                account(StatusCode::OK, body.as_bytes()).unwrap_err().kind(),
                &ErrorKind::Malformed,
                "{body}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_answers_do_not_panic(status in 100_u16..1000, body: Vec<u8>, json in "\\PC{0,40}") {
            let status = StatusCode::from_u16(status).unwrap();
            let errors = format!(r#"{{"errors":[{{"cause":{},"key":{0}}}]}}"#, serde_json::Value::from(json));
            for body in [body.as_slice(), errors.as_bytes()] {
                let _ = started(status, body);
                let _ = token(status, body);
                let _ = account(status, body);
                let succeeded = succeeded(status, body);
                proptest::prop_assert!(succeeded.is_err() || status.is_success());
            }
        }
    }
}
