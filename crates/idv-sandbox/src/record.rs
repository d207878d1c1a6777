//! The records of requests, for the inspector.

use std::collections::VecDeque;

use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;

use crate::exchange::{Answer, Incoming};
use crate::rule::Refusal;

/// The number of recorded requests. Earlier ones are removed.
const MAX_RECORDS: usize = 100_000;

/// The total length of the recorded bodies in bytes. Earlier ones are removed.
const MAX_BODIES: usize = 32 * 1024 * 1024;

/// The recorded part of a body in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A request to a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The number of the request, from 1.
    pub number: u64,
    /// The virtual time of the request, in RFC 3339.
    pub at: String,
    /// The vendor.
    pub vendor: &'static str,
    /// The method.
    pub method: String,
    /// The path without its query, which may contain personal data.
    pub path: String,
    /// The status of the response; 0 if a fault suppressed it.
    pub status: u16,
    /// The name of its fault in the fault plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The rule that the request breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// A hint at the nearest documented request, if this one is refused and not documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The headers and bodies of a request and its response, in clear.
#[derive(Clone)]
pub(crate) struct Detail {
    pub(crate) query: String,
    pub(crate) request_headers: HeaderMap,
    pub(crate) request_body: Recorded,
    pub(crate) response_headers: Vec<(&'static str, String)>,
    pub(crate) response_body: Recorded,
}

/// The beginning of a body, and its whole length in bytes.
#[derive(Clone, Default)]
pub(crate) struct Recorded {
    pub(crate) bytes: Bytes,
    pub(crate) length: u64,
}

/// The latest requests.
#[derive(Default)]
pub(crate) struct Records {
    requests: VecDeque<RecordedRequest>,
    /// The details of the latest requests, by number.
    details: VecDeque<(u64, Detail)>,
    recorded: u64,
    bodies: usize,
}

impl Records {
    /// Returns the number of the next request.
    pub(crate) const fn next_number(&self) -> u64 {
        self.recorded + 1
    }

    pub(crate) fn add(&mut self, request: RecordedRequest, detail: Detail) {
        self.recorded = request.number;
        self.bodies += detail.length();
        self.details.push_back((request.number, detail));
        self.requests.push_back(request);
        if self.requests.len() > MAX_RECORDS {
            self.requests.pop_front();
        }
        while self.bodies > MAX_BODIES || self.details.len() > self.requests.len() {
            let Some((_, removed)) = self.details.pop_front() else {
                break;
            };
            self.bodies -= removed.length();
        }
    }

    /// Returns the requests, the earliest first.
    pub(crate) fn requests(&self) -> impl DoubleEndedIterator<Item = &RecordedRequest> {
        self.requests.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Returns a request, and its headers and bodies unless they have been removed.
    pub(crate) fn get(&self, number: u64) -> Option<(&RecordedRequest, Option<&Detail>)> {
        let request = self
            .requests
            .binary_search_by_key(&number, |request| request.number)
            .ok()?;
        let detail = self
            .details
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()
            .and_then(|index| self.details.get(index));
        Some((
            self.requests.get(request)?,
            detail.map(|(_, detail)| detail),
        ))
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records")
            .field("recorded", &self.recorded)
            .finish_non_exhaustive()
    }
}

impl Detail {
    /// Records an exchange; `answer` is absent if a fault suppresses the response.
    pub(crate) fn of(request: &Incoming, answer: Option<&Answer>) -> Self {
        Self {
            query: request.query.clone(),
            request_headers: request.headers.clone(),
            request_body: Recorded::of_bytes(&request.body),
            response_headers: answer
                .map(|answer| answer.headers.clone())
                .unwrap_or_default(),
            response_body: answer.map(Recorded::of_response).unwrap_or_default(),
        }
    }

    fn length(&self) -> usize {
        self.request_body.bytes.len() + self.response_body.bytes.len()
    }
}

impl Recorded {
    pub(crate) fn of_bytes(body: &Bytes) -> Self {
        Self {
            // A copy, so that the record does not keep a large buffer alive.
            bytes: Bytes::copy_from_slice(body.get(..MAX_BODY).unwrap_or(body)),
            length: body.len() as u64,
        }
    }

    fn of_response(answer: &Answer) -> Self {
        Self {
            bytes: answer.beginning(MAX_BODY).into(),
            length: answer.length(),
        }
    }

    /// Returns whether the record contains the whole body.
    pub(crate) fn is_complete(&self) -> bool {
        self.bytes.len() as u64 == self.length
    }
}
