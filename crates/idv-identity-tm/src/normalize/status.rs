//! The history of an order, reduced to one state (chapter 3.2).

use idv_core::adapter::non_empty;
use idv_core::{
    Channel, Observation, Outcome, Report, ResultHandle, ResultState, Status, Subject, Text,
    VendorId,
};

use super::codes::{self, KindRow};
use super::history::{Event, History};
use super::{PROVIDER, time};
use crate::api::order::{Behaviors, Product};
use crate::wire::{Code, StatusList};

/// The purpose of an order. It decides which codes are final (chapter 3.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flow {
    /// Identifies a person.
    Identification,
    /// Has a person sign: product 15. They are identified on the way.
    Esign,
    /// Verifies a mobile number: product 17. A TAN proves control over a telephone, and no identity.
    PhoneVerification,
}

impl Flow {
    /// Returns the flow of a product of `putOrder` (chapter 3.1.4).
    #[must_use]
    pub const fn of_product(product: u32) -> Self {
        match product {
            15 => Self::Esign,
            17 => Self::PhoneVerification,
            _ => Self::Identification,
        }
    }

    /// Returns the flow of an order. One that only creates an account of sign-me has no part for the signature (chapter 9.1), so that it
    /// ends like an identification.
    #[must_use]
    pub const fn of_order(product: Product, behaviors: Behaviors) -> Self {
        if behaviors.contains(Behaviors::SIGN_ME_CREATE) {
            return Self::Identification;
        }
        Self::of_product(product.number())
    }
}

/// Returns the observation that the history of an order is. It is a claim: a caller that got it as an answer adds the proof.
///
/// - Codes repeat and the last one need not be the state, so a code that is final for the flow is looked for first, in every place.
///   Of several the least favourable counts: rejected, canceled, expired, verified.
/// - A suspicion of fraud that is not older than a positive end makes it disputed: one that is newer, or has the same time. Without
///   times the order of the entries counts; a time that cannot be read proves nothing. A suspicion before a positive end is a failed
///   check.
/// - Without an end a suspicion of fraud counts, and else the latest code that tells a state ([`KINDS`](super::KINDS)). Which one is
///   latest goes by the times of the entries, and among equal times by their order. If no code tells a state, the order waits for the
///   person.
/// - Codes that are not in the table change nothing. If the latest code is one, and the order is neither over nor suspected of
///   fraud, the status is none and the code is that one, so that it is noticed; earlier knowledge still holds.
/// - The code is the one that decided, verbatim: `6`, or `153/176` with its sub-status code. The time is that code's.
/// - An order for a signature whose latest state is 29 is over without a judgement: inconclusive.
/// - A verified telephone is no verified person: 6 ends an order of product 17 as inconclusive.
/// - The report has the reasons, the suspicions as failed checks, and in `custom` the whole history as `Status`: an entry is its code,
///   its time and its text in one line.
#[must_use]
pub fn status(list: &StatusList<'_>, flow: Flow, channel: Channel) -> Observation {
    let course = Course::of(list, flow);
    let mut observation = course.observation(channel);
    let report = course.report();
    // Without an event there is nothing but the order's ids, which the subject has.
    if !report.custom.is_empty() {
        observation.result = ResultState::Inline(report);
    }
    observation
}

/// Returns the status that one code means alone, as the webhook `OnStatusChange` brings it (chapter 2.6). None if the code is not in the
/// table.
#[must_use]
pub fn status_of_code(code: &str, flow: Flow) -> Option<Status> {
    let row = codes::find_kind(Code::of(Text::new(code))?.number()?)?;
    Some(
        row.ends_with(flow)
            .map(Status::Finished)
            .or(row.state_in(flow))
            .unwrap_or(Status::AwaitingPerson),
    )
}

/// Adds the history of an order to its report: the order's ids, the reasons, the checks that failed, and every event.
///
/// Of an order with a positive end only suspicions are reasons: an obstacle to an earlier attempt is no reason for its outcome.
pub fn explain(report: &mut Report, list: &StatusList<'_>, flow: Flow) {
    Course::of(list, flow).explain(report);
}

/// The history of an order, and the state that it is reduced to.
pub(crate) struct Course<'l, 'a> {
    list: &'l StatusList<'a>,
    history: History<'l, 'a>,
    status: Option<Status>,
    /// The place of the event that decided.
    decisive: Option<usize>,
}

impl<'l, 'a> Course<'l, 'a> {
    pub(crate) fn of(list: &'l StatusList<'a>, flow: Flow) -> Self {
        let history = History::of(list);
        let (status, decisive) =
            reduce(&history, flow).map_or((None, None), |(status, place)| (status, Some(place)));
        Self {
            list,
            history,
            status,
            decisive,
        }
    }

    /// Returns the observation without a result.
    pub(crate) fn observation(&self, channel: Channel) -> Observation {
        let reference = non_empty(self.list.reference.as_ref()).map(str::to_owned);
        let order = non_empty(self.list.order_id.as_ref()).map(VendorId::new);
        let mut observation = Observation::claimed(Subject::new(reference, order), channel);
        let event = self
            .decisive
            .and_then(|place| self.history.events.get(place));
        observation.status = self.status;
        observation.code = event.map(Event::code);
        observation.at = event.and_then(|event| {
            event
                .at
                .or_else(|| non_empty(self.list.executed.as_ref()).and_then(time))
        });
        observation
    }

    /// Returns the result that a poll brings along: a handle if there is more to fetch than the history, else a report if it says
    /// anything of an order that is over or has reasons. Each poll of an open order brings the whole history again.
    pub(crate) fn polled(&self, order: &str) -> ResultState {
        if self.is_over() && (self.has_data() || self.is_signed()) {
            return ResultState::Fetchable(ResultHandle::new(order));
        }
        if self.is_over()
            || self
                .history
                .events
                .iter()
                .any(|event| event.reason().is_some())
        {
            return ResultState::Inline(self.report());
        }
        ResultState::Absent
    }

    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.status, Some(Status::Finished(_)))
    }

    /// Returns whether the vendor has data of the person: if the person was identified, or is suspected of fraud (chapter 2.4).
    pub(crate) fn has_data(&self) -> bool {
        self.is_identified() || self.history.suspicions().next().is_some()
    }

    pub(crate) fn is_identified(&self) -> bool {
        self.history.rows().any(KindRow::is_identified)
    }

    /// Returns whether something was signed, which can be fetched (chapters 3.5.1 and 3.6.1).
    pub(crate) fn is_signed(&self) -> bool {
        self.history.rows().any(KindRow::is_signed)
    }

    /// Returns whether the vendor may have no data although the history says so: a time-out deletes the order (chapter 2.4), and an
    /// error that cannot be corrected leaves it unfinished (chapter 3.3.1).
    pub(crate) const fn can_be_without_data(&self) -> bool {
        matches!(
            self.status,
            Some(Status::Finished(Outcome::Expired | Outcome::Inconclusive))
        )
    }

    /// Returns the report of the history alone.
    pub(crate) fn report(&self) -> Box<Report> {
        // A report is long: it is made in its final place.
        let mut report = Box::new(Report::new(PROVIDER));
        self.explain(&mut report);
        report
    }

    pub(crate) fn explain(&self, report: &mut Report) {
        if report.reference.is_none() {
            report.reference = non_empty(self.list.reference.as_ref()).map(str::to_owned);
        }
        if report.vendor_id.is_none() {
            report.vendor_id = non_empty(self.list.order_id.as_ref()).map(VendorId::new);
        }
        let is_positive = matches!(
            self.status,
            Some(Status::Finished(Outcome::Verified | Outcome::Disputed))
        );
        self.history.explain(report, is_positive);
        self.history.keep(report, self.list);
    }
}

/// Reduces a history to a state, and the place of the event that decides it.
fn reduce(history: &History<'_, '_>, flow: Flow) -> Option<(Option<Status>, usize)> {
    let state = |place: usize| history.events.get(place)?.row?.state_in(flow);
    if let Some((outcome, place)) = end(history, flow) {
        return Some((Some(Status::Finished(outcome)), place));
    }
    let places = 0..history.events.len();
    let latest = places.clone().next_back()?;
    let latest_state = places.rev().find(|place| state(*place).is_some());
    if let Some(place) = latest_state
        && let Some(over @ Status::Finished(_)) = state(place)
    {
        return Some((Some(over), place));
    }
    if let Some(place) = history.suspicions().next_back() {
        let is_handed_over = history
            .places(KindRow::is_data_ready)
            .any(|ready| !history.is_older(ready, place));
        let is_identified = history.rows().any(KindRow::is_identified);
        let status = if is_handed_over && !is_identified {
            Some(Status::Finished(Outcome::Disputed))
        } else {
            state(place)
        };
        return Some((status, place));
    }
    match latest_state {
        _ if history.events.get(latest)?.row.is_none() => Some((None, latest)),
        Some(place) => Some((state(place), place)),
        None => Some((Some(Status::AwaitingPerson), latest)),
    }
}

/// Returns the outcome of an order that is over, and the place of the event that decides it.
fn end(history: &History<'_, '_>, flow: Flow) -> Option<(Outcome, usize)> {
    let mut end: Option<(Outcome, usize)> = None;
    for (place, event) in history.events.iter().enumerate() {
        if let Some(outcome) = event.row.and_then(|row| row.ends_with(flow))
            && end.is_none_or(|(known, _)| severity(outcome) > severity(known))
        {
            end = Some((outcome, place));
        }
    }
    // To be identified is a positive end, too, that a suspicion disputes: a signature after it says nothing of the person.
    let is_positive =
        |row: &KindRow| row.is_identified() || row.ends_with(flow) == Some(Outcome::Verified);
    let suspicion = history.suspicions().rev().find(|suspicion| {
        history
            .places(is_positive)
            .any(|positive| !history.is_older(*suspicion, positive))
    });
    match (end, suspicion) {
        (Some((Outcome::Verified | Outcome::Inconclusive, _)), Some(suspicion)) => {
            Some((Outcome::Disputed, suspicion))
        }
        _ => end,
    }
}

impl KindRow {
    /// Returns the state of an order of a flow that this code does not end by the table; none if it tells none.
    ///
    /// An error that cannot be corrected ends the process of a signature by the text of chapter 3.2.3, though not by its table.
    #[must_use]
    pub fn state_in(&self, flow: Flow) -> Option<Status> {
        match (self.permanent, flow) {
            (Some(true), Flow::Esign) => Some(Status::Finished(Outcome::Inconclusive)),
            _ => self.state,
        }
    }

    /// Returns the outcome of an order of a flow that has this code; none if the code does not end it.
    #[must_use]
    pub const fn ends_with(&self, flow: Flow) -> Option<Outcome> {
        let is_final = match flow {
            Flow::Identification | Flow::PhoneVerification => self.final_identification,
            Flow::Esign => self.final_esign,
        };
        match (self.outcome, flow) {
            _ if !is_final => None,
            (Some(Outcome::Verified), Flow::PhoneVerification) => Some(Outcome::Inconclusive),
            (outcome, _) => outcome,
        }
    }
}

/// Returns how unfavourable an outcome is. An order should end once; if it ends twice, no person is verified by mistake.
const fn severity(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Verified | Outcome::Inconclusive => 0,
        Outcome::Expired => 1,
        Outcome::Canceled => 2,
        Outcome::Rejected => 4,
        // No code of the table, and what the model may add.
        _ => 3,
    }
}
