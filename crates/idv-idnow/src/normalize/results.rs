//! The results and their meaning.

use idv_core::report::CheckResult;
use idv_core::{Outcome, Status};

/// A result and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultRow {
    /// The vendor's code.
    pub code: &'static str,
    /// The state.
    pub status: Status,
    /// The review by a trained person, if the result tells of one.
    pub review: Option<CheckResult>,
    /// The chapter that documents it, or "seen by clients".
    pub source: &'static str,
    /// The grounds for this meaning.
    pub why: &'static str,
}

const fn row(
    code: &'static str,
    status: Status,
    review: Option<CheckResult>,
    source: &'static str,
    why: &'static str,
) -> ResultRow {
    ResultRow {
        code,
        status,
        review,
        source,
        why,
    }
}

use CheckResult::{Failed, NotPerformed, Passed};
use Outcome::{Canceled, Rejected, Verified};
use Status::{AwaitingPerson, Finished, InReview};

/// Every result that is known. Codes are compared exactly; one that is not here has no meaning, and is kept.
#[rustfmt::skip]
pub static RESULTS: &[ResultRow] = &[
    row("SUCCESS", Finished(Verified), Some(Passed), "13.1.1",
        "final; beside a suspicion, or a document that had expired, it is disputed"),
    row("SUCCESS_DATA_CHANGED", Finished(Verified), Some(Passed), "13.1.1",
        "final; the fields that changed say so in the report; disputed as SUCCESS is"),
    row("FRAUD_SUSPICION_CONFIRMED", Finished(Rejected), Some(Failed), "13.1.1", "final"),
    row("CANCELED", Finished(Canceled), None, "14.5", "called off in the review, because of data that cannot be corrected"),
    row("REVIEW_PENDING", InReview { leaning: Some(Verified) }, Some(NotPerformed), "13.1.1",
        "preliminary: expected to become a success"),
    row("FRAUD_SUSPICION_PENDING", InReview { leaning: Some(Rejected) }, Some(NotPerformed), "13.1.1",
        "preliminary: expected to be confirmed"),
    row("CHECK_PENDING", InReview { leaning: None }, Some(NotPerformed), "seen by clients",
        "grouped with REVIEW_PENDING; whether it is final, and what it leads to, is not documented"),
    row("ABORTED", AwaitingPerson, None, "14.5, 14.2",
        "an attempt ended, not the identification: the table of final results lacks it, and the person may try again under the \
         same transaction number; for a permanent reason it is finished, canceled"),
];

/// The row of a code.
pub(super) fn find(code: &str) -> Option<&'static ResultRow> {
    RESULTS.iter().find(|row| row.code == code)
}
