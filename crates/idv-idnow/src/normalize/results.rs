//! What each result means for the state.

use idv_core::{Outcome, Status};

/// One result and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultRow {
    /// The vendor's word.
    pub code: &'static str,
    /// The state.
    pub status: Status,
    /// Where the word is described: a chapter of the document, or who has seen it.
    pub source: &'static str,
    /// Why it means this.
    pub why: &'static str,
}

/// Every result that is known.
pub const RESULTS: &[ResultRow] = &[
    row("SUCCESS", Status::Finished(Outcome::Verified), "13.1.1", "final"),
    row(
        "SUCCESS_DATA_CHANGED",
        Status::Finished(Outcome::Verified),
        "13.1.1",
        "final; the changed fields say what had been submitted",
    ),
    row("FRAUD_SUSPICION_CONFIRMED", Status::Finished(Outcome::Rejected), "13.1.1", "final"),
    row(
        "REVIEW_PENDING",
        Status::InReview { leaning: Some(Outcome::Verified) },
        "13.1.1",
        "preliminary: expected to become a success, and may be canceled",
    ),
    row(
        "FRAUD_SUSPICION_PENDING",
        Status::InReview { leaning: Some(Outcome::Rejected) },
        "13.1.1",
        "preliminary: expected to be confirmed, and may become a success",
    ),
    row(
        "CHECK_PENDING",
        Status::InReview { leaning: None },
        "seen in use",
        "not in the document; seen beside REVIEW_PENDING, and nobody says what it leans to",
    ),
    row("CANCELED", Status::Finished(Outcome::Canceled), "14.5", "the review canceled it; the vendor deletes the person's data"),
    row(
        "ABORTED",
        Status::AwaitingPerson,
        "14.2, 14.5",
        "an attempt failed; it is not among the final results, and the person may try again under the same transaction number",
    ),
];

const fn row(code: &'static str, status: Status, source: &'static str, why: &'static str) -> ResultRow {
    ResultRow { code, status, source, why }
}

pub(super) fn find(code: &str) -> Option<&'static ResultRow> {
    RESULTS.iter().find(|row| row.code == code)
}
