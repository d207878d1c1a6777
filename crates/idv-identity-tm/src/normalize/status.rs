//! Reduces the history of an order to one status (chapter 3.2).

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

/// The purpose of an order, which determines its final codes (chapter 3.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flow {
    /// Identifies a person.
    Identification,
    /// Has a person sign (product 15), including the identification.
    Esign,
    /// Verifies a mobile number (product 17). A TAN proves control over a phone, not an identity.
    PhoneVerification,
}

impl Flow {
    /// Returns the flow of a product of `putOrder` (chapter 3.1.4).
    ///
    /// ```
    /// use idv_identity_tm::normalize::Flow;
    ///
    /// assert_eq!(Flow::of_product(15), Flow::Esign);
    /// assert_eq!(Flow::of_product(12), Flow::Identification);
    /// ```
    #[must_use]
    pub const fn of_product(product: u32) -> Self {
        match product {
            15 => Self::Esign,
            17 => Self::PhoneVerification,
            _ => Self::Identification,
        }
    }

    /// Returns the flow of an order.
    ///
    /// An order that only creates a sign-me account has no signing part (chapter 9.1), so it ends
    /// like an identification.
    ///
    /// ```
    /// use idv_identity_tm::api::order::{Behaviors, Product};
    /// use idv_identity_tm::normalize::Flow;
    ///
    /// assert_eq!(Flow::of_order(Product::Esign, Behaviors::NORMAL), Flow::Esign);
    /// let account_only = Flow::of_order(Product::Esign, Behaviors::SIGN_ME_CREATE);
    /// assert_eq!(account_only, Flow::Identification);
    /// ```
    #[must_use]
    pub const fn of_order(product: Product, behaviors: Behaviors) -> Self {
        if behaviors.contains(Behaviors::SIGN_ME_CREATE) {
            return Self::Identification;
        }
        Self::of_product(product.number())
    }
}

/// Normalizes the history of an order.
///
/// The observation is a claim: a caller that received it as a response adds the proof.
///
/// - Codes repeat, and the last one need not be the state, so a code that is final for the flow
///   counts at any position. Of several the least favourable counts: rejected, canceled, expired,
///   verified.
/// - A suspicion of fraud that is as recent as a positive end, or more recent, makes it disputed.
///   Without times, the order of the entries counts; an unreadable time proves nothing. A suspicion
///   before a positive end is a failed check.
/// - Without an end, a suspicion of fraud counts, otherwise the latest code that tells a state
///   ([`KINDS`](super::KINDS)). The times of the entries determine the latest one, and their order
///   if the times are equal. If no code tells a state, the order awaits the person.
/// - Unknown codes change nothing. If the latest code is unknown, and the order is neither over nor
///   suspected of fraud, the observation has that code and no status, so that the unknown code is
///   reported; earlier knowledge remains.
/// - The code is the decisive one verbatim: `6`, or `153/176` with its sub-status code. The time is
///   that code's.
/// - A signing order whose latest state is 29 is over without a judgement: inconclusive.
/// - A verified phone is not a verified person: 6 ends an order of product 17 as inconclusive.
/// - The report has the reasons, the suspicions as failed checks, and in `custom` the whole history
///   as `Status`: code, time and text of each entry in one line.
///
/// ```
/// use idv_core::{Channel, Outcome, Status};
/// use idv_identity_tm::normalize::{self, Flow};
/// use idv_identity_tm::wire::StatusList;
///
/// let list = StatusList::read(br#"{"OrderID":"99921269855041","Status":[
///     {"Kind":6,"Time":"2018-09-05T11:06:21+02:00"},
///     {"Kind":20003,"Time":"2018-09-05T11:07:00+02:00"}]}"#)?;
/// // A suspicion of fraud after the positive end:
/// let observation = normalize::status(&list, Flow::Identification, Channel::Poll);
/// assert_eq!(observation.status, Some(Status::Finished(Outcome::Disputed)));
/// assert_eq!(observation.code.as_deref(), Some("20003"));
/// # Ok::<(), idv_core::Error>(())
/// ```
#[must_use]
pub fn status(list: &StatusList<'_>, flow: Flow, channel: Channel) -> Observation {
    let course = Course::of(list, flow);
    let mut observation = course.observation(channel);
    let report = course.report();
    // Without events there are only the order's ids, which the subject has.
    if !report.custom.is_empty() {
        observation.result = ResultState::Inline(report);
    }
    observation
}

/// Returns the status of a single code, as the webhook `OnStatusChange` brings it (chapter 2.6), or
/// `None` if the code is unknown.
///
/// ```
/// use idv_core::{Outcome, Status};
/// use idv_identity_tm::normalize::{self, Flow};
///
/// let verified = Some(Status::Finished(Outcome::Verified));
/// assert_eq!(normalize::status_of_code("6", Flow::Identification), verified);
/// // In a signing order, the identification is only a step.
/// assert_ne!(normalize::status_of_code("6", Flow::Esign), verified);
/// assert_eq!(normalize::status_of_code("4711", Flow::Esign), None);
/// ```
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

/// Adds the history of an order to its report: the order's ids, the reasons, the failed checks, and
/// every event.
///
/// For an order with a positive end only suspicions are reasons: an obstacle to an earlier attempt
/// does not explain the outcome.
///
/// ```
/// use idv_identity_tm::normalize::{self, Flow};
/// use idv_identity_tm::wire::{IdentResult, StatusList};
///
/// let result = IdentResult::read(br#"{"IdentData":[{"Type":1,"Firstname":"Erika"}]}"#)?;
/// let history = StatusList::read(br#"{"OrderID":"99921269855041","Ref":"543210","Status":[
///     {"Kind":17,"SubKind":73,"Time":"2018-09-05T11:06:21+02:00"}]}"#)?;
/// let mut report = normalize::report(&result);
/// normalize::explain(&mut report, &history, Flow::Identification);
/// assert_eq!(report.vendor_id.as_ref().map(|id| id.as_str()), Some("99921269855041"));
/// assert_eq!(report.reasons.len(), 1);
/// # Ok::<(), idv_core::Error>(())
/// ```
pub fn explain(report: &mut Report, list: &StatusList<'_>, flow: Flow) {
    Course::of(list, flow).explain(report);
}

/// The history of an order, and its reduced status.
pub(crate) struct Course<'l, 'a> {
    list: &'l StatusList<'a>,
    history: History<'l, 'a>,
    status: Option<Status>,
    /// The position of the decisive event.
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

    /// Returns the result of a poll: a handle if there is more to fetch than the history; a report
    /// if the order is over or has reasons; otherwise none, because each poll of an open order
    /// returns the whole history again.
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

    /// Returns whether the vendor has data of the person: the person was identified, or is
    /// suspected of fraud (chapter 2.4).
    pub(crate) fn has_data(&self) -> bool {
        self.is_identified() || self.history.suspicions().next().is_some()
    }

    pub(crate) fn is_identified(&self) -> bool {
        self.history.rows().any(KindRow::is_identified)
    }

    /// Returns whether signed documents or hashes can be fetched (chapters 3.5.1 and 3.6.1).
    pub(crate) fn is_signed(&self) -> bool {
        self.history.rows().any(KindRow::is_signed)
    }

    /// Returns whether the vendor may lack data despite the history: a time-out deletes the order
    /// (chapter 2.4), and an uncorrectable error leaves it unfinished (chapter 3.3.1).
    pub(crate) const fn can_be_without_data(&self) -> bool {
        matches!(
            self.status,
            Some(Status::Finished(Outcome::Expired | Outcome::Inconclusive))
        )
    }

    /// Returns the report of the history alone.
    pub(crate) fn report(&self) -> Box<Report> {
        // A report is large: building it in place avoids moving it.
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

/// Reduces a history to a status and the position of the decisive event.
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

/// Returns the outcome of a finished order and the position of the decisive event.
fn end(history: &History<'_, '_>, flow: Flow) -> Option<(Outcome, usize)> {
    let mut end: Option<(Outcome, usize)> = None;
    for (place, event) in history.events.iter().enumerate() {
        if let Some(outcome) = event.row.and_then(|row| row.ends_with(flow))
            && end.is_none_or(|(known, _)| severity(outcome) > severity(known))
        {
            end = Some((outcome, place));
        }
    }
    // A suspicion also disputes the identification of a signing order: a later signature says
    // nothing about the person.
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
    /// Returns the state of an order that this code does not end by the table, or `None` if the
    /// code tells none.
    ///
    /// An uncorrectable error ends a signing process by the text of chapter 3.2.3, though not by
    /// its table.
    ///
    /// ```
    /// use idv_core::{Outcome, Status};
    /// use idv_identity_tm::normalize::{Flow, find_kind};
    ///
    /// // An uncorrectable error leaves a signing order without an end.
    /// let row = find_kind(29).expect("a code of the table");
    /// let over = Status::Finished(Outcome::Inconclusive);
    /// assert_eq!(row.state_in(Flow::Esign), Some(over));
    /// assert_ne!(row.state_in(Flow::Identification), Some(over));
    /// ```
    #[must_use]
    pub fn state_in(&self, flow: Flow) -> Option<Status> {
        match (self.permanent, flow) {
            (Some(true), Flow::Esign) => Some(Status::Finished(Outcome::Inconclusive)),
            _ => self.state,
        }
    }

    /// Returns the outcome of an order with this code, or `None` if the code does not end it.
    ///
    /// ```
    /// use idv_core::Outcome;
    /// use idv_identity_tm::normalize::{Flow, find_kind};
    ///
    /// let row = find_kind(6).expect("a code of the table");
    /// assert_eq!(row.ends_with(Flow::Identification), Some(Outcome::Verified));
    /// assert_eq!(row.ends_with(Flow::Esign), None);
    /// assert_eq!(row.ends_with(Flow::PhoneVerification), Some(Outcome::Inconclusive));
    /// ```
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

/// Returns how unfavourable an outcome is. An order should end once; if it ends twice, the worse
/// outcome counts.
const fn severity(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Verified | Outcome::Inconclusive => 0,
        Outcome::Expired => 1,
        Outcome::Canceled => 2,
        Outcome::Rejected => 4,
        // Outcomes that no code has, or that the model adds later.
        _ => 3,
    }
}
