//! A request to verify a person, and its history.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::finding::{self, Finding};
use crate::part::Verification;

/// The statuses of a request.
pub(super) mod estado {
    pub(in super::super) const ACCESSED: i64 = 3000;
    pub(in super::super) const LIVENESS: i64 = 3001;
    pub(in super::super) const FRONT: i64 = 3002;
    pub(in super::super) const BACK: i64 = 3003;
    pub(in super::super) const IN_PROCESS: i64 = 5000;
    pub(in super::super) const UNDER_VERIFICATION: i64 = 5001;
    pub(in super::super) const VALIDATED: i64 = 5100;
    pub(in super::super) const REJECTED: i64 = 5500;
}

/// The number of the document if the request contains none.
const NUMBER: &str = "00000000T";
/// The number of another document.
const ANOTHER: &str = "11111111H";
/// The number of the passport if the request contains none.
const PASSPORT: &str = "PAB123456";
/// The number of another passport.
const ANOTHER_PASSPORT: &str = "XDB999999";

/// A request to verify a person.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(super) id: String,
    /// The person's mobile number, with its country code.
    pub(super) phone: String,
    /// The requested number of the document.
    pub(super) wanted: Option<String>,
    /// The sender of the message.
    pub(super) sender: String,
    /// The message with its link.
    pub(super) message: String,
    /// The last part of the link.
    pub(super) token: String,
    /// The time at which the message is sent.
    pub(super) send_at: Timestamp,
    /// Whether the message is on the person's phone.
    pub(super) is_sent: bool,
    /// The statuses and their times.
    pub(super) statuses: Vec<(i64, Timestamp)>,
    pub(super) accesses: Vec<Access>,
    /// The finding of the process, once it has finished.
    pub(super) finding: Finding,
    pub(super) attempt: u32,
}

/// A visit to the link.
#[derive(Debug, Clone)]
pub(super) struct Access {
    pub(super) at: Timestamp,
    pub(super) port: u32,
}

impl Verification for Case {
    fn is_over(&self) -> bool {
        self.is_final()
    }

    fn attempt(&mut self) -> &mut u32 {
        &mut self.attempt
    }
}

impl Case {
    /// Returns the number on the front of the document.
    pub(super) fn front(&self) -> &str {
        match (self.finding.another, self.finding.passport) {
            (true, true) => ANOTHER_PASSPORT,
            (true, false) => ANOTHER,
            (false, true) => self.wanted.as_deref().unwrap_or(PASSPORT),
            (false, false) => self.wanted.as_deref().unwrap_or(NUMBER),
        }
    }

    /// Returns the number on the back, which a passport does not have.
    pub(super) fn back(&self) -> &str {
        match () {
            () if self.finding.passport => "",
            () if self.finding.is(finding::SIDES_DIFFER) => ANOTHER,
            () => self.front(),
        }
    }

    /// Returns the status, if there is one.
    pub(super) fn status(&self) -> Option<i64> {
        self.statuses.last().map(|(status, _)| *status)
    }

    /// Returns the status in the document's words, or the progress of the message.
    pub(super) fn state(&self) -> String {
        let Some(status) = self.status() else {
            let state = if self.is_sent {
                "message sent"
            } else {
                "message scheduled"
            };
            return state.to_owned();
        };
        let word = match status {
            estado::ACCESSED => "The user has accessed",
            estado::LIVENESS => "Verifying Person/Liveness",
            estado::FRONT => "Request for front of ID document",
            estado::BACK => "Request for back of ID document",
            estado::IN_PROCESS => "In process",
            estado::UNDER_VERIFICATION => "Process under verification",
            estado::VALIDATED => "Validated",
            estado::REJECTED => "Rejected",
            _ => "undocumented",
        };
        format!("{status} {word}")
    }

    /// Returns whether the person can open the link and play their part.
    pub(super) fn is_open(&self) -> bool {
        self.is_sent && !self.is_processed()
    }

    /// Returns whether no further status can follow.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.status(), Some(estado::VALIDATED | estado::REJECTED))
    }

    pub(super) fn is_validated(&self) -> bool {
        self.status() == Some(estado::VALIDATED)
    }

    /// Returns whether it has reached one of these statuses since the person's latest visit.
    pub(super) fn reached(&self, statuses: &[i64]) -> bool {
        let since = self
            .statuses
            .iter()
            .rposition(|(status, _)| *status == estado::ACCESSED)
            .unwrap_or(0);
        self.statuses
            .iter()
            .skip(since)
            .any(|(status, _)| statuses.contains(status))
    }

    /// Returns whether the process has finished, so that there is a result.
    pub(super) fn is_processed(&self) -> bool {
        self.reached(&[
            estado::UNDER_VERIFICATION,
            estado::VALIDATED,
            estado::REJECTED,
        ])
    }
}

/// Returns the time zone of all times: Spain's.
pub(super) fn spain() -> TimeZone {
    // Without a time zone database, winter time.
    TimeZone::get("Europe/Madrid").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(1)))
}

/// Formats a time in Spain, to the minute.
pub(super) fn minute(at: Timestamp) -> String {
    at.to_zoned_datetime(spain())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// Formats a time in Spain, to the second.
pub(super) fn second(at: Timestamp) -> String {
    at.to_zoned_datetime(spain())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}
