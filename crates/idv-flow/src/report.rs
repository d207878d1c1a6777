//! Final reports as they are stored.

use std::fmt;

use idv_core::{Outcome, Report};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::error::{FlowError, Result};

/// A final report with its outcome and time.
///
/// The text stays as it was first written, so that its digest does not depend on the program's
/// version.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptReport {
    report: Box<RawValue>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) stored_at: Timestamp,
}

impl KeptReport {
    pub(crate) fn new(report: &Report, outcome: Option<Outcome>, stored_at: Timestamp) -> Self {
        // A report has string keys only, so it always serializes.
        let report =
            serde_json::value::to_raw_value(report).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            report,
            outcome,
            stored_at,
        }
    }

    /// Parses the report.
    pub(crate) fn report(&self) -> Result<Report> {
        serde_json::from_str(self.report.get())
            .map_err(|_| FlowError::Damaged("a stored report cannot be parsed"))
    }

    /// Returns the digest of the report, by which the audit trail names it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.report.get()).into()
    }
}

impl fmt::Debug for KeptReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptReport")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// Returns the report of an outcome.
///
/// If an operator decided the outcome (`ruled`), the report may belong to another outcome, or to
/// none.
pub(crate) fn of_outcome(
    reports: &[KeptReport],
    outcome: Outcome,
    ruled: bool,
) -> Option<&KeptReport> {
    let with = |wanted: Option<Outcome>| {
        reports
            .iter()
            .rev()
            .find(move |kept| kept.outcome == wanted)
    };
    with(Some(outcome))
        .or_else(|| with(None))
        .or_else(|| reports.last().filter(|_| ruled))
}
