//! The history of an order, reduced to one state (chapter 3.2).

use std::collections::HashSet;

use idv_core::report::{Check, CheckKind, CheckResult, Finding, Reason, Report};
use idv_core::{Channel, Observation, Outcome, Pii, ResultHandle, ResultState, Status, Subject, Text, Timestamp, VendorId};

use super::codes::{self, KindRow};
use super::{PROVIDER, filled, time};
use crate::wire::{Code, StatusEntry, StatusList};

/// What an order is for. It decides which codes are final (chapter 3.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flow {
    /// To identify a person.
    Identification,
    /// To have a person sign: product 15. They are identified on the way.
    Esign,
}

impl Flow {
    /// The flow of a product of `putOrder` (chapter 3.1.4).
    #[must_use]
    pub const fn of_product(product: u32) -> Self {
        match product {
            15 => Self::Esign,
            _ => Self::Identification,
        }
    }
}

/// What the history of an order says. It is a claim: whoever got it as an answer adds the proof.
///
/// - Codes repeat and the last one need not be the state, so a code that is final for the flow is looked for first, wherever it
///   stands. Of several the least favourable counts: rejected, canceled, expired, verified.
/// - Else a suspicion of fraud counts, and else the latest code that tells a state ([`KINDS`](super::KINDS)). What is latest goes by
///   the times of the entries, and among equal times by their order. Codes that tell no state alone are an order that waits for
///   the person.
/// - Codes that are not in the table change nothing. Where the latest code is one, and the order is neither over nor suspected of
///   fraud, the status is none and the code is that one, so that it is noticed; what was learnt before still holds.
/// - The code is the one that decided, verbatim: `6`, or `153/176` with its sub-status code. The time is that code's.
/// - The result of a verified order, and of a rejected one that is suspected of fraud, can be fetched: for those alone there are data
///   (chapter 2.4). Of all others a report with the reasons comes along, where there are any or the order is over.
#[must_use]
pub fn status(list: &StatusList<'_>, flow: Flow, channel: Channel) -> Observation {
    let history = History::of(list);
    let reference = filled(list.reference.as_ref()).map(str::to_owned);
    let order_id = filled(list.order_id.as_ref());
    let mut observation = Observation::claimed(Subject::new(reference, order_id.map(VendorId::new)), channel);
    let Some((status, event)) = history.reduce(flow) else { return observation };
    observation.status = status;
    observation.code = Some(event.code());
    observation.at = event.at.or_else(|| filled(list.executed.as_ref()).and_then(time));
    observation.result = match status {
        Some(Status::Finished(outcome)) if has_data(outcome, &history) => {
            order_id.map_or(ResultState::Absent, |id| ResultState::Fetchable(ResultHandle::new(id)))
        }
        _ => {
            let is_over = matches!(status, Some(Status::Finished(_)));
            if is_over || history.events.iter().any(|event| event.reason().is_some()) {
                // A report is long: it is made where it stays, and only where it is wanted.
                let mut report = Box::new(Report::new(PROVIDER));
                name(&mut report, list);
                history.explain(&mut report, false);
                ResultState::Inline(report)
            } else {
                ResultState::Absent
            }
        }
    };
    observation
}

/// What one code says alone, as the webhook `OnStatusChange` brings it (chapter 2.6). None where the code is not in the table.
#[must_use]
pub fn status_of_code(code: &str, flow: Flow) -> Option<Status> {
    let row = codes::find_kind(Code::of(Text::new(code))?.number()?)?;
    Some(row.ends_with(flow).map(Status::Finished).or(row.state).unwrap_or(Status::AwaitingPerson))
}

/// Adds to a report what the history of its order says: whose order it is, why it came out as it did, and which checks failed.
///
/// Of an order that was verified only suspicions are reasons: what hindered an attempt before is not why it came out so.
pub fn explain(report: &mut Report, list: &StatusList<'_>, flow: Flow) {
    let history = History::of(list);
    let verified = matches!(history.reduce(flow), Some((Some(Status::Finished(Outcome::Verified)), _)));
    name(report, list);
    history.explain(report, verified);
}

/// Adds to a report whose order it is.
fn name(report: &mut Report, list: &StatusList<'_>) {
    if report.reference.is_none() {
        report.reference = filled(list.reference.as_ref()).map(str::to_owned);
    }
    if report.vendor_id.is_none() {
        report.vendor_id = filled(list.order_id.as_ref()).map(VendorId::new);
    }
}

/// What happened to an order, in the order of time.
struct History<'l, 'a> {
    events: Vec<Event<'l, 'a>>,
}

struct Event<'l, 'a> {
    entry: &'l StatusEntry<'a>,
    row: Option<&'static KindRow>,
    /// When it happened, where that can be read.
    at: Option<Timestamp>,
    /// Its place in time.
    when: Option<Timestamp>,
}

impl<'l, 'a> History<'l, 'a> {
    fn of(list: &'l StatusList<'a>) -> Self {
        // One whose time cannot be read happened when the one before it did.
        let mut before = None;
        // Much happens in one second: a time that was just read is not read again.
        let mut read = (None, None);
        let entries = list.status.iter().flatten().filter(|entry| entry.kind.is_some());
        let events = entries.map(|entry| {
            let text = filled(entry.time.as_ref());
            if text != read.0 {
                read = (text, text.and_then(time));
            }
            let at = read.1;
            before = at.or(before);
            let row = entry.kind.as_ref().and_then(|kind| codes::find_kind(kind.number()?));
            Event { entry, row, at, when: before }
        });
        let mut events: Vec<_> = events.collect();
        events.sort_by_key(|event| event.when);
        Self { events }
    }

    /// The state, and what decided it.
    fn reduce(&self, flow: Flow) -> Option<(Option<Status>, &Event<'l, 'a>)> {
        if let Some((outcome, event)) = self.end(flow) {
            return Some((Some(Status::Finished(outcome)), event));
        }
        let state = |event: &Event<'_, '_>| event.row.and_then(|row| row.state);
        if let Some(event) = self.suspicion() {
            return Some((state(event), event));
        }
        let latest = self.events.last()?;
        if latest.row.is_none() {
            return Some((None, latest));
        }
        match self.events.iter().rev().find(|event| state(event).is_some()) {
            Some(event) => Some((state(event), event)),
            None => Some((Some(Status::AwaitingPerson), latest)),
        }
    }

    /// How the order ended, if it is over.
    fn end(&self, flow: Flow) -> Option<(Outcome, &Event<'l, 'a>)> {
        let mut end: Option<(Outcome, &Event<'l, 'a>)> = None;
        for event in &self.events {
            if let Some(outcome) = event.row.and_then(|row| row.ends_with(flow))
                && end.is_none_or(|(known, _)| severity(outcome) > severity(known))
            {
                end = Some((outcome, event));
            }
        }
        end
    }

    /// Adds the reasons, each once, and the checks that failed: of an order that was verified the suspicions alone.
    fn explain(&self, report: &mut Report, verified: bool) {
        let mut seen: HashSet<String> = report.reasons.iter().map(|known| known.code.clone()).collect();
        for event in &self.events {
            let (Some(reason), failed) = (event.reason(), event.failed()) else { continue };
            let code = event.code();
            if (verified && failed.is_none()) || !seen.insert(code.clone()) {
                continue;
            }
            if let Some(kind) = failed {
                report.checks.push(Check::new(kind, CheckResult::Failed).with_code(code.clone()));
            }
            let mut finding = Finding::new(reason, code);
            finding.text = filled(event.entry.text.as_ref()).map(Pii::from);
            finding.permanent = event.row.and_then(|row| row.permanent);
            report.reasons.push(finding);
        }
    }

    /// The latest suspicion of fraud.
    fn suspicion(&self) -> Option<&Event<'l, 'a>> {
        self.events.iter().rev().find(|event| event.row.is_some_and(|row| row.failed.is_some()))
    }
}

impl Event<'_, '_> {
    /// The code, verbatim: `6`, `153/176`.
    fn code(&self) -> String {
        match (&self.entry.kind, &self.entry.sub_kind) {
            (Some(kind), Some(sub_kind)) => format!("{kind}/{sub_kind}"),
            (Some(kind), None) => kind.to_string(),
            (None, _) => String::new(),
        }
    }

    fn sub_row(&self) -> Option<&'static codes::SubKindRow> {
        codes::find_sub_kind(self.row?.code, self.entry.sub_kind.as_ref()?.number()?)
    }

    /// The check that it says has failed.
    fn failed(&self) -> Option<CheckKind> {
        self.sub_row().and_then(|row| row.failed).or_else(|| self.row?.failed)
    }

    /// The reason that it gives, if it gives one.
    fn reason(&self) -> Option<Reason> {
        let Some(row) = self.row else { return Some(Reason::Unknown) };
        match (self.sub_row(), &self.entry.sub_kind) {
            (Some(sub_row), _) => sub_row.reason.or(row.reason),
            // The vendor's list grows: a newer detail of a code that has reasons is a reason that is not known here.
            (None, Some(_)) if row.reason.is_none() && codes::has_reasons(row.code) => Some(Reason::Unknown),
            (None, _) => row.reason,
        }
    }
}

impl KindRow {
    /// What came of an order of a flow that has this code; none where the code does not end it.
    #[must_use]
    pub const fn ends_with(&self, flow: Flow) -> Option<Outcome> {
        let is_final = match flow {
            Flow::Identification => self.final_identification,
            Flow::Esign => self.final_esign,
        };
        if is_final { self.outcome } else { None }
    }
}

/// Whether the vendor has data of an order that is over: where the person was identified, or is suspected of fraud (chapter 2.4).
fn has_data(outcome: Outcome, history: &History<'_, '_>) -> bool {
    outcome == Outcome::Verified || (outcome == Outcome::Rejected && history.suspicion().is_some())
}

/// How unfavourable an outcome is. An order should end once; if it says that it ended twice, nobody is verified by mistake.
const fn severity(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Verified => 0,
        Outcome::Expired => 1,
        Outcome::Canceled => 2,
        Outcome::Rejected => 4,
        // Inconclusive, which no code of the table is, and what the model may add.
        _ => 3,
    }
}
