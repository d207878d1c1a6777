//! Refusals: the HTTP codes of the methods' tables.

use http::StatusCode;
use serde_json::json;

use crate::exchange::Answer;
pub(super) use crate::failure::Failure;
use crate::rule::Rule;

/// 404 for an unknown order, or one whose data is deleted.
pub(super) fn not_found(rule: &'static Rule) -> Failure {
    Failure::by(rule, "order not found")
}

/// 404 for an unknown method, or an unknown variant of one.
pub(super) fn no_such_method(rule: &'static Rule) -> Failure {
    Failure::by(rule, "no such method")
}

/// Returns the response of a refusal. The document states the member `Error` for putOrder (3.1.5);
/// the emulator uses it for all methods.
pub(super) fn answer(failure: &Failure) -> Answer {
    let answer = failure.mark(Answer::json(
        failure.status(),
        &json!({ "Error": failure.text }),
    ));
    if failure.status() == StatusCode::UNAUTHORIZED {
        return answer.with_header("www-authenticate", "Basic realm=\"identity.TM\"");
    }
    answer
}
