//! Refusals. The document promises JSON that describes the error, and shows none ("Error handling").

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

    /// 400: a request that is not as documented.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 401: the token.
    pub(crate) fn unauthorized(text: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, text)
    }

    /// 404.
    pub(crate) fn not_found(text: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }

    pub(crate) fn answer(&self) -> Answer {
        let answer = Answer::json(self.status, &json!({ "message": self.text }));
        if self.status == StatusCode::UNAUTHORIZED {
            return answer.with_header("www-authenticate", "Bearer");
        }
        answer
    }
}
