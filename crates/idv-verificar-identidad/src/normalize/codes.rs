//! The tables of codes, and what the codes mean to the model ("Reception of delivery reports", `Estado` and `Resultado`).
//!
//! Each row is a row of the document's; nothing else in this crate knows a code by its number.

use idv_core::report::{CheckKind, CheckResult, Reason};
use idv_core::{Outcome, Status};

/// A state of a request (`Estado`) and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateRow {
    /// The code.
    pub code: u32,
    /// The document's word for it.
    pub name: &'static str,
    /// The meaning in the document's words.
    pub meaning: &'static str,
    /// The state of the verification, before the findings are judged: see [`OVERRULING`].
    pub status: Status,
    /// Whether the document promises data.
    pub reports: bool,
}

/// A code of a result (`Resultado`) and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultRow {
    /// The code.
    pub code: i32,
    /// The meaning in the document's words, shortened.
    pub meaning: &'static str,
    /// The check that the code is about, and its result.
    pub check: Option<(CheckKind, CheckResult)>,
    /// The reason why the verification fails.
    pub reason: Option<Reason>,
    /// Whether an operator has still to judge: then the code leans nowhere, and is a reason only of a rejection.
    pub to_be_judged: bool,
}

/// The similarity in percent above which a result is positive. At 80 itself the document says nothing, so that is not above.
pub const SIMILAR: f64 = 80.0;

/// The age from which a person is no minor, in years.
pub const OF_AGE: u32 = 18;

/// The checks that no operator's validation (5100) overrules if they fail, and the outcome then; the first one counts.
///
/// Signs of fraud beside a validation contradict it. A number that is not the requested one and an expired document are facts, and no
/// matter of judgement. What the other codes are about (-1, -2, -3, -8) an operator can judge from the pictures and the data.
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

/// Returns the row of a result. The vendor has one number for similarities and for codes, so codes may be written like similarities.
#[must_use]
pub fn find_result(code: f64) -> Option<&'static ResultRow> {
    // Small whole numbers are exact.
    RESULTS.iter().find(|row| f64::from(row.code) == code)
}

/// Returns the expected outcome of a verification in review by its result alone.
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

/// Every state. Their numbers are in no order of time.
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
