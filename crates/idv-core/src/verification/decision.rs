//! The effects of observations, the decision and the next step.

use crate::id::ResultHandle;
use crate::observation::{Outcome, Status};

/// The effect of an observation on a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transition {
    /// No change.
    Unchanged,
    /// No change, but a reason to poll now.
    PollRequested,
    /// The progress advanced, or the report arrived.
    Progressed,
    /// The outcome is settled.
    Settled(Outcome),
    /// The vendor's statements contradict each other. The person is not verified until an operator
    /// resolves the dispute.
    Disputed,
    /// The observation is about another verification.
    WrongSubject,
    /// The adapter does not know the vendor's code. The observation changes nothing; notify an
    /// operator.
    UnknownCode(String),
}

/// Whether the vendor may still change a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReportFinality {
    /// The vendor may still change the report.
    Preliminary,
    /// The report is final.
    Final,
}

/// The decision about a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Undecided, with the progress so far.
    Open(Status),
    /// Decided, with this outcome.
    Settled(Outcome),
    /// The vendor's statements contradict each other. The person is not verified.
    Disputed,
}

impl Decision {
    /// Returns whether the person is verified.
    ///
    /// ```
    /// use idv_core::{Decision, Outcome};
    ///
    /// assert!(Decision::Settled(Outcome::Verified).is_verified());
    /// assert!(!Decision::Disputed.is_verified());
    /// ```
    #[must_use]
    pub fn is_verified(self) -> bool {
        self == Self::Settled(Outcome::Verified)
    }
}

/// The next step for the application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Poll the state, at the vendor's pace.
    Poll,
    /// Fetch the result with this handle.
    Fetch(ResultHandle),
    /// Wait for a callback; the vendor cannot be polled.
    AwaitCallback,
    /// Wait for the report, which arrives by callback.
    AwaitReport,
    /// No further step.
    Done,
    /// An operator has to decide.
    NeedsOperator,
}
