//! The document's tables of codes, with their meanings in the model ("Reception of delivery
//! reports", `Estado` and `Resultado`).
//!
//! Each row is a row of the document. No other module knows a code by its number.

use idv_core::report::{CheckKind, CheckResult, Reason};
use idv_core::{Outcome, Status};

/// A state of a request (`Estado`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateRow {
    /// The code.
    pub code: u32,
    /// The document's name of the state.
    pub name: &'static str,
    /// The meaning in the document's words.
    pub meaning: &'static str,
    /// The status of the verification before the findings are judged: see [`OVERRULING`].
    pub status: Status,
    /// Whether the document promises data.
    pub reports: bool,
}

/// A negative result (`Resultado`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultRow {
    /// The code.
    pub code: i32,
    /// The meaning in the document's words, abridged.
    pub meaning: &'static str,
    /// The check that the code refers to, and its result.
    pub check: Option<(CheckKind, CheckResult)>,
    /// The reason for which the verification fails.
    pub reason: Option<Reason>,
    /// Whether an operator must still judge. The code then has no leaning, and is a reason only if
    /// the verification is rejected.
    pub to_be_judged: bool,
}

/// The similarity in percent above which a result is positive. The document does not define exactly
/// 80, which is not above.
pub const SIMILAR: f64 = 80.0;

/// The age of majority, in years.
pub const OF_AGE: u32 = 18;

/// The checks that override an operator's validation (5100) if they fail, with the resulting
/// outcome. The first failed check counts.
///
/// Signs of fraud contradict a validation. A number that differs from the requested one and an
/// expired document are facts, not matters of judgement. An operator can judge the remaining codes
/// (-1, -2, -3, -8) from the pictures and the data.
pub static OVERRULING: &[(CheckKind, Outcome)] = &[
    (CheckKind::Liveness, Outcome::Disputed),
    (CheckKind::SamePerson, Outcome::Disputed),
    (CheckKind::RequestedNumber, Outcome::Inconclusive),
    (CheckKind::DocumentExpiry, Outcome::Inconclusive),
];

/// Returns the row of a state.
#[must_use]
pub fn find_state(code: u32) -> Option<&'static StateRow> {
    STATES.iter().find(|row| row.code == code)
}

/// Returns the row of a result. The vendor uses one number for similarities and codes, so a code
/// may be written like a similarity.
#[must_use]
pub fn find_result(code: f64) -> Option<&'static ResultRow> {
    // Small whole numbers are exact in an `f64`.
    RESULTS.iter().find(|row| f64::from(row.code) == code)
}

/// Returns the expected outcome of a verification in review, judged only by its result.
#[must_use]
pub fn leaning(result: f64) -> Option<Outcome> {
    if result > SIMILAR && result <= 100.0 {
        return Some(Outcome::Verified);
    }
    let row = find_result(result)?;
    (!row.to_be_judged).then_some(Outcome::Rejected)
}

const fn state(
    code: u32,
    name: &'static str,
    meaning: &'static str,
    status: Status,
    reports: bool,
) -> StateRow {
    StateRow {
        code,
        name,
        meaning,
        status,
        reports,
    }
}

const fn result(
    code: i32,
    meaning: &'static str,
    kind: CheckKind,
    result: CheckResult,
    reason: Reason,
) -> ResultRow {
    ResultRow {
        code,
        meaning,
        check: Some((kind, result)),
        reason: Some(reason),
        to_be_judged: false,
    }
}

/// Every state. The numbers do not follow the order of events.
pub static STATES: &[StateRow] = &[
    state(
        3000,
        "The user has accessed",
        "The user has accessed to begin the process.",
        Status::InProgress,
        false,
    ),
    state(
        3001,
        "Verifying Person/Liveness",
        "The person is being verified through video and a liveness test is being performed.",
        Status::InProgress,
        false,
    ),
    state(
        3002,
        "Request for front of ID document",
        "After verifying the person, the front of the ID document or passport is requested.",
        Status::InProgress,
        false,
    ),
    state(
        3003,
        "Request for back of ID document",
        "The user has been asked to show the back of their ID document.",
        Status::InProgress,
        false,
    ),
    state(
        5000,
        "In process",
        "The service is accepted and in the process of verification.",
        Status::InProgress,
        false,
    ),
    state(
        5001,
        "Process under verification",
        "The process has finished and you have the data available.",
        Status::InReview { leaning: None },
        true,
    ),
    state(
        5100,
        "Validated",
        "The verification has been validated and certified.",
        Status::Finished(Outcome::Verified),
        true,
    ),
    state(
        5500,
        "Rejected",
        "The verification has been rejected by an operator based on the results obtained.",
        Status::Finished(Outcome::Rejected),
        true,
    ),
];

/// Every negative result.
pub static RESULTS: &[ResultRow] = &[
    ResultRow {
        to_be_judged: true,
        ..result(
            -1,
            "The similarity is less than 80% and must be validated by an operator",
            CheckKind::FaceMatch,
            CheckResult::Inconclusive,
            Reason::FaceMismatch,
        )
    },
    result(
        -2,
        "The recipient is a minor.",
        CheckKind::Age,
        CheckResult::Failed,
        Reason::Underage,
    ),
    result(
        -3,
        "The Front and Back of the document do not seem to match.",
        CheckKind::DocumentSides,
        CheckResult::Failed,
        Reason::DocumentSidesMismatch,
    ),
    result(
        -4,
        "The liveness test seems to have been performed by different people.",
        CheckKind::SamePerson,
        CheckResult::Failed,
        Reason::LivenessFailed,
    ),
    result(
        -5,
        "Expired ID document.",
        CheckKind::DocumentExpiry,
        CheckResult::Failed,
        Reason::DocumentExpired,
    ),
    result(
        -6,
        "The liveness test did not obtain a valid result (is it a photo?).",
        CheckKind::Liveness,
        CheckResult::Failed,
        Reason::LivenessFailed,
    ),
    ResultRow {
        code: -7,
        meaning: "Process not yet finished.",
        check: None,
        reason: None,
        to_be_judged: true,
    },
    result(
        -8,
        "The recipient is very different from the photo on the ID document or the ID document is not valid",
        CheckKind::FaceMatch,
        CheckResult::Failed,
        Reason::FaceMismatch,
    ),
    result(
        -9,
        "Verification of an ID document number was requested that does not match the one provided by the recipient.",
        CheckKind::RequestedNumber,
        CheckResult::Failed,
        Reason::DocumentNumberWrong,
    ),
];
