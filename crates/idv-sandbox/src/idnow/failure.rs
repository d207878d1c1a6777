//! The error bodies of chapter 12.

use http::StatusCode;
use serde_json::json;

use super::rules;
use crate::exchange::Answer;
use crate::rule::{Refusal, Rule};

/// The maximum length of a member's name in a refusal, in characters.
const MAX_PLACE: usize = 64;

/// A rule that a request breaks, the cause of chapter 12, and the field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    rule: &'static Rule,
    cause: &'static str,
    key: Option<String>,
    message: Option<String>,
    /// The place of the violation, if it is not the field.
    place: Option<String>,
}

impl Failure {
    /// Returns the failure with the cause that chapter 12 assigns to the status of the rule.
    pub(crate) fn by(rule: &'static Rule) -> Self {
        let cause = match rule.status {
            StatusCode::UNAUTHORIZED => "INVALID_LOGIN_TOKEN",
            // No table contains this cause: the document states the status alone (8.3.5).
            StatusCode::FORBIDDEN => "FORBIDDEN",
            StatusCode::NOT_FOUND => "OBJECT_NOT_FOUND",
            StatusCode::CONFLICT => "EXISTING_IDENTIFICATION",
            StatusCode::PRECONDITION_FAILED => "PRECONDITION_FAILED",
            _ => "BAD_REQUEST",
        };
        Self::with_cause(rule, cause)
    }

    const fn with_cause(rule: &'static Rule, cause: &'static str) -> Self {
        Self {
            rule,
            cause,
            key: None,
            message: None,
            place: None,
        }
    }

    pub(crate) fn unrecognized_field(rule: &'static Rule, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..Self::with_cause(rule, "UNRECOGNIZED_FIELD")
        }
    }

    pub(crate) const fn unparseable_json() -> Self {
        Self::with_cause(&rules::JSON_OBJECT, "UNPARSEABLE_JSON")
    }

    pub(crate) const fn missing_transaction() -> Self {
        Self::with_cause(&rules::TRANSACTION_IN_PATH, "MISSING_TRANSACTION_TOKEN")
    }

    pub(crate) const fn security_violation() -> Self {
        Self::with_cause(&rules::OWN_COMPANY, "SECURITY_VIOLATION")
    }

    /// Returns the failure for a value of the wrong format, in the document's wording.
    pub(crate) fn bad_value(rule: &'static Rule, key: &str) -> Self {
        let message = format!("Please provide a correct value for ‘{key}’");
        Self {
            key: Some(key.to_owned()),
            message: Some(message),
            ..Self::by(rule)
        }
    }

    pub(crate) fn bad_request(rule: &'static Rule, message: &str) -> Self {
        Self {
            message: Some(message.to_owned()),
            ..Self::by(rule)
        }
    }

    /// Names the place of the violation.
    pub(crate) fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    pub(crate) const fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// Returns the rule, and the place of the violation.
    pub(crate) fn refusal(&self) -> Refusal {
        let place = self.place.as_ref().or(self.key.as_ref());
        let refusal = Refusal::by(self.rule);
        match place {
            Some(place) => refusal.with_detail(place.chars().take(MAX_PLACE).collect::<String>()),
            None => refusal,
        }
    }

    /// Returns the response, with an id for the vendor's support.
    pub(crate) fn answer(&self, id: u32) -> Answer {
        let body = json!({
            "errors": [{ "cause": self.cause, "id": id.to_string(), "key": self.key, "message": self.message }]
        });
        Answer::json_with_charset(self.rule.status, &body).refused(self.refusal())
    }
}
