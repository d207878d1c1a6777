//! Refusals: the HTTP codes of the methods' tables.

use http::StatusCode;
use serde_json::json;

use crate::exchange::Answer;
pub(super) use crate::failure::Failure;

/// 404 for an unknown order.
pub(super) fn not_found() -> Failure {
    Failure::not_found("order not found")
}

/// 404 for an unknown method.
pub(super) fn no_such_method() -> Failure {
    Failure::not_found("no such method")
}

/// 406.
pub(super) fn invalid_state(text: &str) -> Failure {
    Failure::new(StatusCode::NOT_ACCEPTABLE, text)
}

/// Returns the response of a refusal. The document states the member `Error` for putOrder (3.1.5);
/// the emulator uses it for all methods.
pub(super) fn answer(failure: &Failure) -> Answer {
    let answer = Answer::json(failure.status, &json!({ "Error": failure.text }));
    if failure.status == StatusCode::UNAUTHORIZED {
        return answer.with_header("www-authenticate", "Basic realm=\"identity.TM\"");
    }
    answer
}
