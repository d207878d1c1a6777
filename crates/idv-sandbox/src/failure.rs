//! A refusal in the form that most vendors share.

use http::StatusCode;

use crate::exchange::Answer;
use crate::rule::{Refusal, Rule};

/// A refusal: its rule, and the text of the response. The vendor's module decides the form of the
/// body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    rule: &'static Rule,
    pub(crate) text: String,
}

impl Failure {
    /// Returns a refusal by a rule, with the text of the response, which names the place of the
    /// violation and contains no personal data.
    pub(crate) fn by(rule: &'static Rule, text: impl Into<String>) -> Self {
        Self {
            rule,
            text: text.into(),
        }
    }

    /// Returns the status of the response.
    pub(crate) const fn status(&self) -> StatusCode {
        self.rule.status
    }

    /// Marks a response as this refusal.
    pub(crate) fn mark(&self, answer: Answer) -> Answer {
        answer.refused(Refusal::by(self.rule).with_detail(&self.text))
    }
}
