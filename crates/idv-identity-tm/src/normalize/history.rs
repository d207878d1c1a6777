//! The events of an order in chronological order, and their meanings.

use std::collections::HashSet;

use idv_core::adapter::{CustomValues, non_empty, path};
use idv_core::report::{Check, CheckKind, CheckResult, Finding, Reason};
use idv_core::{Pii, Report, Timestamp};
use serde_json::Value;

use super::codes::{self, KindRow, SubKindRow};
use super::custom;
use super::time;
use crate::wire::{StatusEntry, StatusList};

/// The events of an order that have a code, in chronological order.
pub(super) struct History<'l, 'a> {
    pub(super) events: Vec<Event<'l, 'a>>,
}

pub(super) struct Event<'l, 'a> {
    entry: &'l StatusEntry<'a>,
    pub(super) row: Option<&'static KindRow>,
    /// The time of the event, if it can be parsed.
    pub(super) at: Option<Timestamp>,
    /// The event's position in time: the time of the previous event if its own cannot be parsed.
    when: Option<Timestamp>,
}

impl<'l, 'a> History<'l, 'a> {
    pub(super) fn of(list: &'l StatusList<'a>) -> Self {
        let mut before = None;
        // Many events share one second: the previously parsed time is reused.
        let mut read = (None, None);
        let entries = list
            .status
            .iter()
            .flatten()
            .filter(|entry| entry.kind.is_some());
        let events = entries.map(|entry| {
            let text = non_empty(entry.time.as_ref());
            if text != read.0 {
                read = (text, text.and_then(time));
            }
            let at = read.1;
            before = at.or(before);
            let row = entry
                .kind
                .as_ref()
                .and_then(|kind| codes::find_kind(kind.number()?));
            Event {
                entry,
                row,
                at,
                when: before,
            }
        });
        let mut events: Vec<_> = events.collect();
        events.sort_by_key(|event| event.when);
        Self { events }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &'static KindRow> {
        self.events.iter().filter_map(|event| event.row)
    }

    /// Returns the positions of the events whose row satisfies `is`.
    pub(super) fn places(
        &self,
        is: impl Fn(&KindRow) -> bool,
    ) -> impl DoubleEndedIterator<Item = usize> {
        let rows = self.events.iter().enumerate();
        rows.filter(move |(_, event)| event.row.is_some_and(&is))
            .map(|(place, _)| place)
    }

    /// Returns the positions of suspicions of fraud.
    pub(super) fn suspicions(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.places(|row| row.failed.is_some())
    }

    /// Returns whether an event is certainly older than another one: by the times, or by the
    /// positions if a time is missing. An unreadable time proves nothing.
    pub(super) fn is_older(&self, place: usize, other: usize) -> bool {
        let (Some(event), Some(than)) = (self.events.get(place), self.events.get(other)) else {
            return false;
        };
        match (event.at, than.at) {
            (Some(at), Some(than)) => at < than,
            _ => !event.has_unreadable_time() && !than.has_unreadable_time() && place < other,
        }
    }

    /// Adds each reason once, and the failed checks. For an order with a positive end, adds only
    /// the suspicions.
    pub(super) fn explain(&self, report: &mut Report, is_positive: bool) {
        let mut seen: HashSet<_> = report
            .reasons
            .iter()
            .map(|known| (known.code.clone(), text_of(known)))
            .collect();
        let mut checked: HashSet<_> = report
            .checks
            .iter()
            .filter_map(|known| known.code.clone())
            .collect();
        for event in &self.events {
            let (Some(reason), failed) = (event.reason(), event.failed()) else {
                continue;
            };
            if is_positive && failed.is_none() {
                continue;
            }
            let code = event.code();
            if let Some(kind) = failed
                && checked.insert(code.clone())
            {
                report
                    .checks
                    .push(Check::new(kind, CheckResult::Failed).with_code(code.clone()));
            }
            let mut finding = Finding::new(reason, code.clone());
            finding.text = non_empty(event.entry.text.as_ref()).map(Pii::from);
            finding.permanent = event.row.and_then(|row| row.permanent);
            finding.by_person = event.row.and_then(|row| row.by_person);
            if seen.insert((code, text_of(&finding))) {
                report.reasons.push(finding);
            }
        }
    }

    /// Keeps the events and all undocumented members in `custom`.
    pub(super) fn keep(&self, report: &mut Report, list: &StatusList<'_>) {
        let mut custom = CustomValues::of(std::mem::take(&mut report.custom), custom::CLASH);
        let without_code = list
            .status
            .iter()
            .flatten()
            .filter(|entry| entry.kind.is_none());
        let lines: Vec<Value> = self
            .events
            .iter()
            .map(|event| event.entry)
            .chain(without_code)
            .filter_map(line)
            .collect();
        if !lines.is_empty() {
            custom.add("Status", lines.into());
        }
        custom.text("", "Executed", list.executed.as_ref());
        custom.members("", &list.others);
        for (index, entry) in list
            .status
            .iter()
            .flatten()
            .enumerate()
            .filter(|(_, entry)| !entry.others.is_empty())
        {
            custom.members(&path("Status", &index.to_string()), &entry.others);
        }
        report.custom = custom.into_values();
    }
}

/// Returns an entry of a history as one line: code, time and text.
fn line(entry: &StatusEntry<'_>) -> Option<Value> {
    let texts = [&entry.time, &entry.text].map(|text| non_empty(text.as_ref()));
    if entry.kind.is_none() && entry.sub_kind.is_none() && texts == [None, None] {
        return None;
    }
    let mut line = String::with_capacity(
        CODE_LENGTH
            + texts
                .iter()
                .flatten()
                .map(|text| text.len() + 1)
                .sum::<usize>(),
    );
    add_code(entry, &mut line);
    for text in texts.into_iter().flatten() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(text);
    }
    Some(line.into())
}

/// The length of most codes with a sub-status code.
const CODE_LENGTH: usize = 11;

/// Appends the code of an entry verbatim: `6`, `153/176`.
fn add_code(entry: &StatusEntry<'_>, line: &mut String) {
    if let Some(kind) = &entry.kind {
        kind.add_to(line);
    }
    if let Some(sub_kind) = &entry.sub_kind {
        line.push('/');
        sub_kind.add_to(line);
    }
}

fn text_of(finding: &Finding) -> Option<String> {
    finding.text.as_ref().map(|text| text.expose().clone())
}

impl Event<'_, '_> {
    pub(super) fn code(&self) -> String {
        let mut code = String::new();
        add_code(self.entry, &mut code);
        code
    }

    fn has_unreadable_time(&self) -> bool {
        self.at.is_none() && non_empty(self.entry.time.as_ref()).is_some()
    }

    fn sub_row(&self) -> Option<&'static SubKindRow> {
        codes::find_sub_kind(self.row?.code, self.entry.sub_kind.as_ref()?.number()?)
    }

    /// Returns the check that this event fails.
    fn failed(&self) -> Option<CheckKind> {
        self.sub_row()
            .and_then(|row| row.failed)
            .or_else(|| self.row?.failed)
    }

    /// Returns the reason of this event, if it has one.
    pub(super) fn reason(&self) -> Option<Reason> {
        let Some(row) = self.row else {
            return Some(Reason::Unknown);
        };
        let known = self.sub_row().and_then(|row| row.reason).or(row.reason);
        // The vendor's list grows: an unknown sub-status code of a code with reasons is an unknown
        // reason.
        let is_newer = self.entry.sub_kind.is_some()
            && self.sub_row().is_none()
            && codes::has_reasons(row.code);
        // A text that explains an end is a reason, although the vendor has no code for it.
        let is_explained = row.explained && non_empty(self.entry.text.as_ref()).is_some();
        match known {
            Some(reason) => Some(reason),
            None if is_newer => Some(Reason::Unknown),
            None => is_explained.then_some(Reason::Other),
        }
    }
}
