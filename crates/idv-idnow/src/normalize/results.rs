//! The results and their meanings.

use idv_core::report::CheckResult;
use idv_core::{Outcome, Status};

/// A result and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultRow {
    /// The vendor's code.
    pub code: &'static str,
    /// The status.
    pub status: Status,
    /// The review by a trained person, if the result implies one.
    pub review: Option<CheckResult>,
    /// The chapter that documents the result, or "seen by clients".
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

/// Every known result. Codes are compared exactly; an unknown code has no meaning, and is kept.
#[rustfmt::skip]
pub static RESULTS: &[ResultRow] = &[
    row("SUCCESS", Finished(Verified), Some(Passed), "13.1.1",
        "final; disputed beside a suspicion, or if the document had expired"),
    row("SUCCESS_DATA_CHANGED", Finished(Verified), Some(Passed), "13.1.1",
        "final; the report marks the changed fields; disputed as SUCCESS is"),
    row("FRAUD_SUSPICION_CONFIRMED", Finished(Rejected), Some(Failed), "13.1.1", "final"),
    row("CANCELED", Finished(Canceled), None, "14.5", "canceled by the review, because the data cannot be corrected"),
    row("REVIEW_PENDING", InReview { leaning: Some(Verified) }, Some(NotPerformed), "13.1.1",
        "preliminary: expected to become a success"),
    row("FRAUD_SUSPICION_PENDING", InReview { leaning: Some(Rejected) }, Some(NotPerformed), "13.1.1",
        "preliminary: expected to be confirmed"),
    row("CHECK_PENDING", InReview { leaning: None }, Some(NotPerformed), "seen by clients",
        "grouped with REVIEW_PENDING; neither its finality nor its successor is documented"),
    row("ABORTED", AwaitingPerson, None, "14.5, 14.2",
        "an attempt ended, not the identification: the table of final results lacks it, and \
         the person may try again under the same transaction number; for a permanent reason \
         it is finished, canceled"),
];

/// Returns the row of a code.
pub(super) fn find(code: &str) -> Option<&'static ResultRow> {
    RESULTS.iter().find(|row| row.code == code)
}
