//! The error bodies of chapter 12.

use http::StatusCode;
use serde_json::json;

use crate::exchange::Answer;

/// A cause of chapter 12, and its field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    status: StatusCode,
    cause: &'static str,
    key: Option<String>,
    message: Option<String>,
}

impl Failure {
    const fn new(status: StatusCode, cause: &'static str) -> Self {
        Self {
            status,
            cause,
            key: None,
            message: None,
        }
    }

    pub(crate) fn unrecognized_field(key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "UNRECOGNIZED_FIELD")
        }
    }

    pub(crate) const fn unparseable_json() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "UNPARSEABLE_JSON")
    }

    pub(crate) const fn missing_transaction() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MISSING_TRANSACTION_TOKEN")
    }

    /// Returns the failure for a value of the wrong format, in the document's wording.
    pub(crate) fn bad_value(key: &str) -> Self {
        let message = format!("Please provide a correct value for ‘{key}’");
        Self {
            key: Some(key.to_owned()),
            message: Some(message),
            ..Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST")
        }
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self {
            message: Some(message.to_owned()),
            ..Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST")
        }
    }

    pub(crate) const fn invalid_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "INVALID_LOGIN_TOKEN")
    }

    pub(crate) const fn security_violation() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "SECURITY_VIOLATION")
    }

    pub(crate) const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "OBJECT_NOT_FOUND")
    }

    pub(crate) const fn finished() -> Self {
        Self::new(StatusCode::CONFLICT, "EXISTING_IDENTIFICATION")
    }

    pub(crate) const fn precondition() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED")
    }

    /// Returns a failure without a cause: the document states the status alone (8.3.5).
    pub(crate) const fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN")
    }

    /// Returns the response, with an id for the vendor's support.
    pub(crate) fn answer(&self, id: u32) -> Answer {
        let body = json!({
            "errors": [{ "cause": self.cause, "id": id.to_string(), "key": self.key, "message": self.message }]
        });
        Answer::json_with_charset(self.status, &body)
    }
}
