//! The state of a transaction: from its details, and from its result.

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

/// A state of a transaction, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateRow {
    /// The vendor's word.
    pub state: &'static str,
    /// Its meaning before the person has begun.
    pub untouched: Status,
    /// Its meaning once the person has.
    pub begun: Status,
    /// Where the word is from.
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

/// The states of a transaction. The vendor publishes no list: two are in the samples of its documentation, and the third is the word for
/// what the documentation says of transactions ("a transaction will expire").
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

/// The row of a state.
#[must_use]
pub fn find_state(state: &str) -> Option<&'static StateRow> {
    STATES
        .iter()
        .find(|row| row.state.eq_ignore_ascii_case(state))
}

/// Reads the details of a transaction. The observation is a claim: the caller adds the proof if they answer its own call.
///
/// A completed transaction has ended; how, stands in its result alone. The id of the result is in no sample of details, so that it comes
/// by an event or with the person; it is taken from details if it is there all the same. Otherwise scans of a document, and whatever is
/// not known, come along in `custom` of a report that says nothing else. What is left out is in
/// [`IGNORED_IN_STATES`](super::IGNORED_IN_STATES).
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

/// A report of nothing but what the model has no place for; none if there is nothing.
pub(crate) fn beside(id: Option<&VendorId>, custom: Custom) -> ResultState {
    if custom.values.is_empty() {
        return ResultState::Absent;
    }
    let mut report = Box::new(Report::new(PROVIDER));
    report.vendor_id = id.cloned();
    report.custom = custom.values.into_values();
    ResultState::Inline(report)
}

/// Reads a result and judges it by `acceptance`. The observation is a claim: the caller adds the proof if it answers its own call.
///
/// Only the result of a completed transaction is judged. `result_id` is what it was fetched by; with it the evidence of the report can be
/// downloaded. `now` is what dates are compared with if the result does not say when it was completed: the report's `acceptance` names that
/// day then.
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

/// The handle that this text is, if it can be one.
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

/// Whether the person has tried anything.
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
