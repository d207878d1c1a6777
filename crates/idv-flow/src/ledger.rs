//! The ledger of a change: what it leaves behind beside the changed state.

use jiff::Timestamp;

use crate::audit::{Event, Journal};
use crate::report::KeptReport;
use crate::vault::StoreKeys;

/// Results of a change beside the changed case: entries of the audit trail, and reports to be stored.
pub(crate) struct Ledger<'a> {
    pub(crate) now: Timestamp,
    pub(crate) reports: Vec<KeptReport>,
    journal: Journal,
    keys: &'a StoreKeys,
}

impl<'a> Ledger<'a> {
    pub(crate) const fn new(journal: Journal, keys: &'a StoreKeys, now: Timestamp) -> Self {
        Self { now, reports: Vec::new(), journal, keys }
    }

    pub(crate) fn write(&mut self, event: &Event) {
        self.journal.write(self.keys, event);
    }

    pub(crate) fn finish(self) -> (Journal, Vec<KeptReport>) {
        (self.journal, self.reports)
    }
}

/// A failure as one word.
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
        _ => "other",
    }
    .to_owned()
}
