//! What the vendor's messages mean: pure functions from [`wire`](crate::wire) to observations and reports.
//!
//! The tables ([`RESULTS`], [`REASONS`]) are data, each row with its chapter; the documentation is generated from them.

mod attachments;
mod fields;
mod reasons;
mod results;

use std::borrow::Cow;

use idv_core::report::{Check, CheckKind, CheckResult, Finding, Source};
use idv_core::{
    Channel, Observation, Outcome, Pii, Report, Result, ResultHandle, ResultState, Status, Subject, Timestamp, VendorId,
};

pub use attachments::{ATTACHMENTS, AttachmentRow};
pub use reasons::{REASONS, ReasonRow};
pub use results::{RESULTS, ResultRow};

use crate::Idnow;
use crate::wire::archive::{self, Limits};
use crate::wire::{self, Identification, Process, Text};

/// Whether an observation brings the report along, or only how to fetch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inline {
    /// The report.
    Report,
    /// A handle.
    Handle,
}

/// What kind of payload is read, where that is not known from the call that brought it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A result that was fetched.
    Result,
    /// A state that was asked for.
    Status,
    /// A callback.
    Callback,
}

/// Reads a payload of any form, a ZIP archive included, and says what it says. Everything in it is a claim: a file proves nothing.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read;
/// [`LimitExceeded`](idv_core::ErrorKind::LimitExceeded) where an archive is larger than allowed.
pub fn payload(bytes: &[u8], kind: Kind) -> Result<Vec<Observation>> {
    let bytes =
        if archive::is_archive(bytes) { Cow::Owned(archive::result(bytes, &Limits::default())?) } else { Cow::Borrowed(bytes) };
    let payload = wire::read(&bytes)?;
    let channel = match kind {
        Kind::Result => Channel::Fetch,
        Kind::Callback => Channel::Callback,
        Kind::Status if payload.listed => Channel::List,
        Kind::Status => Channel::Poll,
    };
    Ok(payload.identifications.iter().map(|identification| observation(identification, channel, Inline::Report)).collect())
}

/// What one identification says. It is a claim; who asked for it adds the proof of the answer.
#[must_use]
pub fn observation(identification: &Identification<'_>, channel: Channel, inline: Inline) -> Observation {
    let empty = Process::default();
    let process = identification.identificationprocess.as_ref().unwrap_or(&empty);
    let row = process.result.as_ref().and_then(|result| results::find(result.expose()));
    let mut observation = Observation::claimed(subject(process), channel);
    observation.status = row.map(|row| row.status);
    observation.code = process.result.as_ref().map(|result| result.expose().to_owned());
    observation.at = time(process);
    observation.result = match inline {
        // A result that is not there yet has nothing to be fetched.
        _ if process.result.is_none() => ResultState::Absent,
        Inline::Handle => ResultState::Fetchable(ResultHandle::new("result")),
        Inline::Report => {
            ResultState::Inline(Box::new(report(identification, process, observation.at, row.map(|row| row.status))))
        }
    };
    observation
}

fn subject(process: &Process<'_>) -> Subject {
    Subject::new(owned(process.transactionnumber.as_ref()), owned(process.id.as_ref()).map(VendorId::new))
}

fn time(process: &Process<'_>) -> Option<Timestamp> {
    process.identificationtime.as_ref()?.expose().trim().parse().ok()
}

fn report(identification: &Identification<'_>, process: &Process<'_>, at: Option<Timestamp>, status: Option<Status>) -> Report {
    let mut report = Report::new(Idnow::ID);
    report.reference = owned(process.transactionnumber.as_ref());
    report.vendor_id = owned(process.id.as_ref()).map(VendorId::new);
    report.completed_at = at;
    report.agent = owned(process.agentname.as_ref()).map(Pii::new);
    // An agent's name says that a person saw the document; without one the vendor does not say who or what did.
    let source = if report.agent.is_some() { Source::Agent } else { Source::Vendor };
    fields::fill(&mut report, identification, source);
    if let Some(reason) = owned(process.reason.as_ref()) {
        judge(&mut report, reason);
    }
    if let Some(check) = review(process, status) {
        report.checks.push(check);
    }
    if let Some(sent) = &identification.attachments {
        report.evidence = sent.0.iter().map(|(key, name)| attachments::evidence(key.expose(), name.expose())).collect();
        report.method = attachments::method(sent.0.iter().map(|(key, _)| key.expose()));
    }
    for (key, value) in identification.customdata.iter().flat_map(|pairs| &pairs.0) {
        if let Some(value) = fields::filled(value) {
            report.custom.insert(key.expose().to_owned(), Pii::from(value));
        }
    }
    if let Some(tracking) = owned(process.trackingid.as_ref()) {
        report.custom.insert("trackingid".to_owned(), tracking.into());
    }
    for (key, value) in identification.questions.iter().flat_map(|pairs| &pairs.0) {
        report.answers.insert(key.expose().to_owned(), Pii::from(value.expose()));
    }
    report
}

/// The reason, and the check that it says has failed.
fn judge(report: &mut Report, code: String) {
    let row = reasons::find(&code);
    if let Some(kind) = row.and_then(|row| row.failed_check) {
        report.checks.push(Check::new(kind, CheckResult::Failed).with_code(code.clone()));
    }
    let mut finding = Finding::new(row.map_or(idv_core::report::Reason::Unknown, |row| row.reason), code);
    finding.permanent = row.and_then(|row| row.permanent);
    report.reasons.push(finding);
}

/// The review by a second agent, as far as the result tells of it (2.1).
fn review(process: &Process<'_>, status: Option<Status>) -> Option<Check> {
    let result = match status? {
        Status::Finished(Outcome::Verified) => CheckResult::Passed,
        Status::Finished(Outcome::Rejected) => CheckResult::Failed,
        Status::InReview { .. } => CheckResult::NotPerformed,
        _ => return None,
    };
    Some(Check::new(CheckKind::AgentReview, result).with_code(process.result.as_ref()?.expose()))
}

/// Text that is there and not empty.
fn owned(text: Option<&Text<'_>>) -> Option<String> {
    text.and_then(fields::filled).map(str::to_owned)
}
