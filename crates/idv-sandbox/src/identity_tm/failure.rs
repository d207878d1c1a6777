//! Refusals: the HTTP codes of the methods' tables.

use http::StatusCode;
use serde_json::json;

use crate::exchange::Answer;

/// A refusal, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// 400: the error description is in the body.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 401: user name, password, or what else a method authenticates by.
    pub(crate) fn unauthorized(text: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, text)
    }

    /// 404: of an order.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "order not found")
    }

    /// 404: of a method.
    pub(crate) fn no_such_method() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no such method")
    }

    /// 406.
    pub(crate) fn invalid_state(text: &str) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, text)
    }

    /// 409.
    pub(crate) fn wrong_tan() -> Self {
        Self::new(StatusCode::CONFLICT, "wrong TAN given")
    }

    /// 410.
    pub(crate) fn processed() -> Self {
        Self::new(StatusCode::GONE, "order has already been processed")
    }

    /// 412.
    pub(crate) fn not_started(first: &str) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, format!("not started, call {first} first"))
    }

    /// 429: this ends the order; it is no limit of a rate.
    pub(crate) fn too_many_tans() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too many tries with a wrong TAN, order cancelled")
    }

    /// The answer. The document names the member `Error` for putOrder (3.1.5); the other methods have it too here.
    pub(crate) fn answer(&self) -> Answer {
        let answer = Answer::json(self.status, &json!({ "Error": self.text }));
        if self.status == StatusCode::UNAUTHORIZED {
            return answer.with_header("www-authenticate", "Basic realm=\"identity.TM\"");
        }
        answer
    }
}
