//! The changes that an input causes, beside the new state.

use jiff::Timestamp;

use crate::audit;
use crate::machine::event::EventKind;
use crate::report::KeptReport;

/// The changes that an input causes: audit entries, application events and reports to store.
///
/// A driver commits all of them together with the state.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ChangeSet {
    /// When the change was made.
    pub now: Timestamp,
    /// The audit entries, in order.
    pub audit: Vec<audit::Event>,
    /// The application events, in order.
    pub events: Vec<EventKind>,
    /// The final reports to store.
    pub(crate) reports: Vec<KeptReport>,
}

impl ChangeSet {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }

    pub(crate) fn write(&mut self, event: audit::Event) {
        self.audit.push(event);
    }
}

/// Returns the kind of a failure as one word.
pub(crate) fn kind(error: &idv_core::Error) -> String {
    use idv_core::ErrorKind as Kind;
    match error.kind() {
        Kind::Config => "config",
        Kind::Unsupported => "unsupported",
        Kind::InvalidRequest { field } => return format!("invalid_request:{field}"),
        Kind::Unauthorized => "unauthorized",
        Kind::QuotaExhausted => "quota_exhausted",
        Kind::NotFound => "not_found",
        Kind::NotReady => "not_ready",
        Kind::Conflict => "conflict",
        Kind::RateLimited => "rate_limited",
        Kind::Unavailable => "unavailable",
        Kind::Malformed => "malformed",
        Kind::Forged => "forged",
        Kind::SubjectMismatch => "subject_mismatch",
        Kind::LimitExceeded => "limit_exceeded",
        Kind::Sink => "sink",
        _ => "other",
    }
    .to_owned()
}
