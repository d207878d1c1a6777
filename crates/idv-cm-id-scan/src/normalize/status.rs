//! Normalizes the state of a transaction, from its details and from its result.

use idv_core::adapter::{MaybeText, non_empty};
use idv_core::{
    Channel, Observation, Outcome, Report, ResultHandle, ResultState, Status, Subject, Timestamp,
    VendorId,
};
use serde_json::Value;

use super::acceptance::Acceptance;
use super::custom::{self, Custom};
use super::{PROVIDER, report};
use crate::api::ResultId;
use crate::wire::{Loose, Transaction};

/// A state of a transaction and its meanings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateRow {
    /// The vendor's word for the state.
    pub state: &'static str,
    /// The meaning before the person has begun.
    pub untouched: Status,
    /// The meaning after the person has begun.
    pub begun: Status,
    /// The section of the document that has the word.
    pub source: &'static str,
}

const fn row(
    state: &'static str,
    untouched: Status,
    begun: Status,
    source: &'static str,
) -> StateRow {
    StateRow {
        state,
        untouched,
        begun,
        source,
    }
}

/// The states of a transaction.
///
/// The vendor publishes no list. Two states are in the samples; the third is the documentation's
/// verb for transactions ("a transaction will expire").
pub const STATES: &[StateRow] = &[
    row(
        "pending",
        Status::AwaitingPerson,
        Status::InProgress,
        "samples of creation and details",
    ),
    row(
        "completed",
        Status::Ended,
        Status::Ended,
        "samples of results and events",
    ),
    row(
        "expired",
        Status::Finished(Outcome::Expired),
        Status::Finished(Outcome::Expired),
        "section \"Expires in\"",
    ),
];

/// Returns the row of a state.
#[must_use]
pub fn find_state(state: &str) -> Option<&'static StateRow> {
    STATES
        .iter()
        .find(|row| row.state.eq_ignore_ascii_case(state))
}

/// Normalizes the details of a transaction. The observation is a claim: the caller adds the proof
/// if the details answer its own call.
///
/// A completed transaction has ended, and only its result has the outcome. No sample of details has
/// the id of the result; if details have one, it becomes the handle. Otherwise the observation has
/// a report with only `custom`: the document scans and unknown members.
/// [`IGNORED_IN_STATES`](super::IGNORED_IN_STATES) lists the omitted members.
#[must_use]
pub fn status(transaction: &Transaction<'_>, channel: Channel) -> Observation {
    let mut observation = observation(transaction, channel);
    observation.result = match handle(transaction.result_id.as_ref()) {
        Some(handle) => ResultState::Fetchable(handle),
        None => beside(
            observation.subject.vendor_id.as_ref(),
            custom::of_details(transaction),
        ),
    };
    observation
}

/// Builds a report with only `custom`, or none if `custom` is empty.
pub(crate) fn beside(id: Option<&VendorId>, custom: Custom) -> ResultState {
    if custom.values.is_empty() {
        return ResultState::Absent;
    }
    let mut report = Box::new(Report::new(PROVIDER));
    report.vendor_id = id.cloned();
    report.custom = custom.values.into_values();
    ResultState::Inline(report)
}

/// Normalizes a result and judges it by `acceptance`. The observation is a claim: the caller adds
/// the proof if the result answers its own call.
///
/// Only the result of a completed transaction is judged. `result_id` is the id in the request; with
/// it the report's evidence can be downloaded. If the result has no time of completion, dates are
/// compared with `now`, and the report's `acceptance` names that day.
#[must_use]
pub fn result(
    transaction: &Transaction<'_>,
    result_id: Option<&ResultId>,
    acceptance: &Acceptance,
    now: Option<Timestamp>,
    channel: Channel,
) -> Observation {
    let mut observation = observation(transaction, channel);
    let judgement = acceptance.judge(transaction, now);
    let mut report = report(transaction, result_id);
    if observation.status == Some(Status::Ended) {
        observation.status = Some(Status::Finished(judgement.outcome));
        let mut rule = acceptance.to_string();
        if let (None, Some(now)) = (report.completed_at, now) {
            rule += &now.strftime(" as_of=%Y-%m-%d").to_string();
        }
        report.acceptance = Some(rule);
        report.reasons = judgement.reasons;
    }
    report.checks = judgement.checks;
    observation.result = ResultState::Inline(report);
    observation
}

/// Parses a result handle.
pub(crate) fn handle<W: MaybeText>(text: Option<&W>) -> Option<ResultHandle> {
    ResultId::parse(non_empty(text)?)
        .ok()
        .map(ResultHandle::from)
}

fn observation(transaction: &Transaction<'_>, channel: Channel) -> Observation {
    let id = non_empty(transaction.id.as_ref()).map(VendorId::new);
    let mut observation = Observation::claimed(Subject::new(None, id), channel);
    let state = non_empty(transaction.state.as_ref());
    observation.code = state.map(str::to_owned);
    observation.status = state.and_then(find_state).map(|row| {
        if has_begun(transaction) {
            row.begun
        } else {
            row.untouched
        }
    });
    let time = |time: &Option<Loose<'_>>| non_empty(time.as_ref())?.parse().ok();
    observation.at = time(&transaction.completed).or_else(|| time(&transaction.created));
    observation
}

/// Returns whether the person has attempted a task.
fn has_begun(transaction: &Transaction<'_>) -> bool {
    transaction.tasks.iter().any(|task| {
        let is_pending = non_empty(task.state.as_ref())
            .is_none_or(|state| state.eq_ignore_ascii_case("pending"));
        !is_pending
            || task
                .attempts
                .as_ref()
                .is_some_and(|attempts| is_positive(attempts.expose()))
            || !task.document_scans.is_empty()
    })
}

/// Returns whether a value is a number above zero, or the text of one.
fn is_positive(value: &Value) -> bool {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.is_some_and(|number| number > 0.0)
}
