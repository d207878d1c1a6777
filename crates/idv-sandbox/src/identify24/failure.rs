//! Refusals: the HTTP codes of the chapter "Errors".

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

    /// 400: "often due to missing a required parameter".
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 401: the credentials, or a token that is not known or was idle for too long.
    pub(crate) fn unauthorized(text: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, text)
    }

    /// 402: "The parameters were valid but the request failed."
    pub(crate) fn failed(text: &str) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, text)
    }

    /// 403: it is another partner's.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "The API key has no permission for this")
    }

    /// 404.
    pub(crate) fn not_found(text: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    /// The answer: the document shows no body of a refusal, so it is that of success without what it would have brought.
    pub(crate) fn answer(&self) -> Answer {
        Answer::json(self.status, &json!({ "result": false, "messages": [self.text] }))
    }

    /// The answer of an account whose failures hide in an answer with status 200.
    pub(crate) fn inside(&self) -> Answer {
        let body = json!({ "result": false, "response_status": self.status.as_u16(), "messages": [self.text] });
        Answer::json(StatusCode::OK, &body)
    }
}
