//! The records of callbacks.

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::{Callback, Reply};
use crate::vendor::Entry;

/// The number of recorded callbacks. Earlier ones are removed.
const MAX_RECORDS: usize = 100_000;

/// The number of callbacks whose requests are kept, with headers and bodies.
const MAX_SENT: usize = 1000;

/// The total length of the kept bodies in bytes.
const MAX_BODIES: usize = 32 * 1024 * 1024;

/// A callback and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedCallback {
    /// The number of the callback, from 1.
    pub number: usize,
    /// The virtual time at which the vendor decided to send it, in RFC 3339.
    pub at: String,
    /// The vendor.
    pub vendor: &'static str,
    /// The kind of callback, in the vendor's terms.
    pub kind: &'static str,
    /// The reference of its verification.
    pub reference: String,
    /// The method.
    pub method: String,
    /// The address without user, password and the values of its query, which may be secrets.
    pub url: String,
    /// The attempts, in order.
    pub attempts: Vec<CallbackAttempt>,
    /// The state: `pending`, `delivered`, `outdated`, `given_up`, `lost` or `forged`.
    pub state: &'static str,
}

/// An attempt to deliver a callback.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CallbackAttempt {
    /// The virtual time of the attempt, in RFC 3339.
    pub at: String,
    /// The status of the reply; 0 if there was none.
    pub status: u16,
    /// The beginning of the reply's body, at most 1,024 bytes.
    #[serde(skip)]
    pub reply: String,
}

impl CallbackAttempt {
    pub(super) fn new(at: Timestamp, reply: &Reply) -> Self {
        Self {
            at: at.to_string(),
            status: reply.status,
            reply: String::from_utf8_lossy(&reply.beginning).into_owned(),
        }
    }
}

impl fmt::Debug for CallbackAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may contain personal data.
        f.debug_struct("CallbackAttempt")
            .field("at", &self.at)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// The latest callbacks.
#[derive(Default)]
pub(crate) struct CallbackRecords {
    records: VecDeque<Record>,
    /// The number of removed records.
    removed: usize,
    /// The requests of the latest callbacks, by number.
    sent: VecDeque<(usize, Callback)>,
    bodies: usize,
}

struct Record {
    callback: RecordedCallback,
    /// Whether the vendor makes no further attempt, since the user's was successful.
    settled: bool,
}

impl CallbackRecords {
    /// Adds a callback and returns its number.
    pub(super) fn add(
        &mut self,
        now: Timestamp,
        vendor: &Entry,
        callback: &Callback,
        state: &'static str,
    ) -> usize {
        let number = self.removed + self.records.len() + 1;
        let record = RecordedCallback {
            number,
            at: now.to_string(),
            vendor: vendor.id,
            kind: callback.kind,
            reference: callback.reference.clone(),
            method: callback.method.to_string(),
            url: visible_address(&callback.url),
            attempts: Vec::new(),
            state,
        };
        self.records.push_back(Record {
            callback: record,
            settled: false,
        });
        if self.records.len() > MAX_RECORDS {
            self.records.pop_front();
            self.removed += 1;
        }
        self.bodies += length(callback);
        self.sent.push_back((number, callback.clone()));
        while self.sent.len() > MAX_SENT || self.bodies > MAX_BODIES {
            let Some((_, removed)) = self.sent.pop_front() else {
                break;
            };
            self.bodies -= length(&removed);
        }
        number
    }

    /// Returns the callbacks, the earliest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &RecordedCallback> {
        self.records.iter().map(|record| &record.callback)
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// Returns a callback by its number.
    pub(crate) fn get(&self, number: usize) -> Option<&RecordedCallback> {
        self.record(number).map(|record| &record.callback)
    }

    /// Returns the request of a callback in clear, unless it has been removed.
    pub(crate) fn sent(&self, number: usize) -> Option<&Callback> {
        let index = self
            .sent
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()?;
        self.sent.get(index).map(|(_, callback)| callback)
    }

    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut RecordedCallback> {
        self.record_mut(number).map(|record| &mut record.callback)
    }

    pub(super) fn finish(&mut self, number: usize, state: &'static str) {
        if let Some(callback) = self.get_mut(number) {
            callback.state = state;
        }
    }

    /// Ends the vendor's attempts after a successful one of the user.
    pub(super) fn settle(&mut self, number: usize) {
        if let Some(record) = self.record_mut(number) {
            record.settled = true;
            record.callback.state = "delivered";
        }
    }

    pub(super) fn is_settled(&self, number: usize) -> bool {
        self.record(number).is_some_and(|record| record.settled)
    }

    fn record(&self, number: usize) -> Option<&Record> {
        self.records.get(self.index(number)?)
    }

    fn record_mut(&mut self, number: usize) -> Option<&mut Record> {
        let index = self.index(number)?;
        self.records.get_mut(index)
    }

    fn index(&self, number: usize) -> Option<usize> {
        number.checked_sub(1)?.checked_sub(self.removed)
    }
}

impl fmt::Debug for CallbackRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackRecords")
            .field("recorded", &(self.removed + self.records.len()))
            .finish_non_exhaustive()
    }
}

fn length(callback: &Callback) -> usize {
    callback.body.as_ref().map_or(0, |(_, body)| body.len())
}

/// Returns an address without user, password, fragment and the values of its query.
fn visible_address(address: &str) -> String {
    let Ok(url) = url::Url::parse(address) else {
        return "invalid".to_owned();
    };
    let authority = url.host_str().unwrap_or_default();
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let names: Vec<String> = url
        .query_pairs()
        .map(|(name, _)| format!("{name}=…"))
        .collect();
    let query = if names.is_empty() {
        String::new()
    } else {
        format!("?{}", names.join("&"))
    };
    format!("{}://{authority}{port}{}{query}", url.scheme(), url.path())
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::vendor::VENDORS;

    #[test]
    fn visible_address_has_no_secret() {
        assert_eq!(
            visible_address("http://user:pw@127.0.0.1:8080/cb/1?token=secret&x=y#z"),
            "http://127.0.0.1:8080/cb/1?token=…&x=…"
        );
        assert_eq!(visible_address("https://localhost"), "https://localhost/");
        assert_eq!(visible_address("secret"), "invalid");
    }

    #[test]
    fn requests_of_latest_callbacks_are_kept() {
        let mut records = CallbackRecords::default();
        let url = "http://127.0.0.1/".to_owned();
        let small = Callback::new("test", "R", Method::GET, url);
        for expected in 1..=MAX_SENT + 1 {
            let number = records.add(Timestamp::UNIX_EPOCH, &VENDORS[0], &small, "pending");
            assert_eq!(number, expected);
        }
        assert!(records.sent(1).is_none() && records.sent(2).is_some());
        assert_eq!(records.get(1).map(|record| record.number), Some(1));
        let large = Callback {
            body: Some(("text/plain", vec![b' '; MAX_BODIES].into())),
            ..small
        };
        let number = records.add(Timestamp::UNIX_EPOCH, &VENDORS[0], &large, "pending");
        assert!(records.sent(number).is_some() && records.sent(number - 1).is_some());
        let number = records.add(Timestamp::UNIX_EPOCH, &VENDORS[0], &large, "pending");
        assert!(records.sent(number).is_some() && records.sent(number - 1).is_none());
        assert!(records.get(0).is_none() && records.get(number + 1).is_none());
    }
}
