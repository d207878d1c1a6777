//! The state of a transaction: from its details, and from its result.

use idv_core::{Channel, Observation, Outcome, ResultHandle, ResultState, Status, Subject, Text, VendorId};

use super::acceptance::Acceptance;
use super::{filled, report};
use crate::api::ResultId;
use crate::wire::Transaction;

/// A state of a transaction, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateRow {
    /// The vendor's word.
    pub state: &'static str,
    /// What it means before the person has begun.
    pub untouched: Status,
    /// What it means once the person has.
    pub begun: Status,
    /// Where the word is from.
    pub source: &'static str,
}

const fn row(state: &'static str, untouched: Status, begun: Status, source: &'static str) -> StateRow {
    StateRow { state, untouched, begun, source }
}

/// The states of a transaction. The vendor publishes no list: two are in the samples of its documentation, and the third is the word for
/// what the documentation says of transactions ("a transaction will expire").
pub const STATES: &[StateRow] = &[
    row("pending", Status::AwaitingPerson, Status::InProgress, "samples of creation and details"),
    row("completed", Status::Ended, Status::Ended, "samples of results and events"),
    row("expired", Status::Finished(Outcome::Expired), Status::Finished(Outcome::Expired), "section \"Expires in\""),
];

/// The row of a state.
#[must_use]
pub fn find_state(state: &str) -> Option<&'static StateRow> {
    STATES.iter().find(|row| row.state.eq_ignore_ascii_case(state))
}

/// What the details of a transaction say. It is a claim: whoever got them as an answer adds the proof.
///
/// A completed transaction has ended; how, stands in its result alone. The id of the result is in no sample of details, so that it comes
/// by an event or with the person; where it is there all the same, it is taken.
#[must_use]
pub fn status(transaction: &Transaction<'_>, channel: Channel) -> Observation {
    let mut observation = observation(transaction, channel);
    if let Some(handle) = handle(transaction.result_id.as_ref()) {
        observation.result = ResultState::Fetchable(handle);
    }
    observation
}

/// What a result says, judged by `acceptance`. It is a claim: whoever got it as an answer adds the proof.
///
/// Only the result of a completed transaction is judged. `result_id` is what it was fetched by; with it the evidence of the report can be
/// downloaded.
#[must_use]
pub fn result(
    transaction: &Transaction<'_>,
    result_id: Option<&ResultId>,
    acceptance: &Acceptance,
    channel: Channel,
) -> Observation {
    let mut observation = observation(transaction, channel);
    let judgement = acceptance.judge(transaction);
    let mut report = report(transaction, result_id);
    if observation.status == Some(Status::Ended) {
        observation.status = Some(Status::Finished(judgement.outcome));
        report.acceptance = Some(acceptance.to_string());
        report.reasons = judgement.reasons;
    }
    report.checks = judgement.checks;
    observation.result = ResultState::Inline(report);
    observation
}

/// The handle that this text is, where it can be one.
pub(crate) fn handle(text: Option<&Text<'_>>) -> Option<ResultHandle> {
    ResultId::parse(filled(text)?).ok().map(ResultHandle::from)
}

fn observation(transaction: &Transaction<'_>, channel: Channel) -> Observation {
    let id = filled(transaction.id.as_ref()).map(VendorId::new);
    let mut observation = Observation::claimed(Subject::new(None, id), channel);
    let state = filled(transaction.state.as_ref());
    observation.code = state.map(str::to_owned);
    observation.status = state.and_then(find_state).map(|row| if has_begun(transaction) { row.begun } else { row.untouched });
    let times = [&transaction.completed, &transaction.created];
    observation.at = times.into_iter().find_map(|time| filled(time.as_ref())?.parse().ok());
    observation
}

/// Whether the person has tried anything.
fn has_begun(transaction: &Transaction<'_>) -> bool {
    transaction.tasks.iter().any(|task| {
        let is_pending = task.state.as_ref().is_none_or(|state| state.expose().eq_ignore_ascii_case("pending"));
        !is_pending || task.attempts.is_some_and(|attempts| attempts > 0) || !task.document_scans.is_empty()
    })
}
