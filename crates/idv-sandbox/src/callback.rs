//! Callbacks: sending, repeating, giving up, and their faults.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::clock::later;
use crate::fault::FaultKind;
use crate::in_process::Receive;
use crate::part::CallbackSubject;
use crate::vendor::{Entry, VENDORS};
use crate::world::{Event, State, Worlds};

/// A callback to send.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    /// The kind of callback, in the vendor's terms.
    pub(crate) kind: &'static str,
    /// The reference of its verification.
    pub(crate) reference: String,
    pub(crate) method: Method,
    pub(crate) url: String,
    /// The headers of the vendor and of the account.
    pub(crate) headers: Vec<(String, String)>,
    /// The media type and the body, if the vendor sends one.
    pub(crate) body: Option<(&'static str, Bytes)>,
    /// The result that it reports, if the vendor drops outdated callbacks.
    pub(crate) subject: Option<CallbackSubject>,
}

impl Callback {
    /// Returns a callback without headers and body for the verification with this reference.
    pub(crate) fn new(kind: &'static str, reference: &str, method: Method, url: String) -> Self {
        Self {
            kind,
            reference: reference.to_owned(),
            method,
            url,
            headers: Vec::new(),
            body: None,
            subject: None,
        }
    }

    /// Returns a callback by POST with a JSON body.
    pub(crate) fn json(kind: &'static str, reference: &str, url: String, body: &Value) -> Self {
        let body = Some(("application/json", body.to_string().into()));
        Self {
            body,
            ..Self::new(kind, reference, Method::POST, url)
        }
    }
}

/// A callback and its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedCallback {
    /// The vendor.
    pub vendor: &'static str,
    /// The kind of callback, in the vendor's terms.
    pub kind: &'static str,
    /// The reference of its verification.
    pub reference: String,
    /// The time of each attempt and the status of the reply; 0 if there was none.
    pub attempts: Vec<(String, u16)>,
    /// The state: `pending`, `delivered`, `outdated`, `given_up` or `lost`.
    pub state: &'static str,
}

/// A callback on its way.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    /// The index of its record.
    record: usize,
    vendor: &'static Entry,
    callback: Callback,
    since: Timestamp,
    tries: u32,
    /// Whether a fault holds it back. It is then sent even if it is outdated.
    strayed: bool,
}

/// The transport of callbacks.
#[derive(Debug)]
pub(crate) enum CallbackSender {
    Network(reqwest::Client),
    InProcess(Receive),
    /// There is neither a network nor a function, so callbacks are discarded.
    Discard,
}

impl Worlds {
    /// Attempts to deliver a callback.
    pub(crate) async fn send(&self, sending: Sending, at: Timestamp) {
        let record = sending.record;
        if !sending.strayed && self.state().is_outdated(&sending) {
            let mut state = self.state();
            state.complain(
                record,
                "Error: Not sending",
                "since identification was changed",
            );
            return state.finish(record, "outdated");
        }
        let callback = &sending.callback;
        let status = self
            .request(
                callback.method.clone(),
                &callback.url,
                &callback.headers,
                callback.body.clone(),
            )
            .await;
        let mut state = self.state();
        let Some(known) = state.callbacks.get_mut(record) else {
            return;
        };
        known.attempts.push((at.to_string(), status));
        if (sending.vendor.accepts)(status) {
            return state.finish(record, "delivered");
        }
        if known.attempts.len() == 1
            && let Some((warn_after, give_up_after)) = sending.vendor.mails
        {
            state.plan(later(sending.since, warn_after), Event::Warn(record));
            state.plan(later(sending.since, give_up_after), Event::GiveUp(record));
        }
        let elapsed = at
            .duration_since(sending.since)
            .try_into()
            .unwrap_or_default();
        match (sending.vendor.again)(sending.tries, elapsed) {
            Some(wait) => state.plan(
                later(at, wait),
                Event::Send(Box::new(Sending {
                    tries: sending.tries + 1,
                    ..sending
                })),
            ),
            // The mail that reports it ends the attempts.
            None if sending.vendor.mails.is_some() => {}
            None => state.finish(record, "given_up"),
        }
    }

    /// Sends a request to a callback address. Returns the status of the reply, or 0 if there is
    /// none.
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: Option<(&'static str, Bytes)>,
    ) -> u16 {
        let Ok(request) = request(method, url, headers, body) else {
            return 0;
        };
        match &self.sender {
            CallbackSender::Network(http) => {
                let (head, body) = request.into_parts();
                let mut request = http
                    .request(head.method, head.uri.to_string())
                    .headers(head.headers);
                if !body.is_empty() {
                    request = request.body(body);
                }
                request
                    .send()
                    .await
                    .map_or(0, |response| response.status().as_u16())
            }
            CallbackSender::InProcess(receive) => receive.request(request).await,
            CallbackSender::Discard => 0,
        }
    }
}

/// Builds the request of a callback, with an absolute URL.
fn request(
    method: Method,
    url: &str,
    headers: &[(String, String)],
    body: Option<(&'static str, Bytes)>,
) -> Result<Request<Bytes>, http::Error> {
    // The URL standard escapes characters that a URI must not contain.
    let escaped = url::Url::parse(url).map_or_else(|_| url.to_owned(), String::from);
    let mut request = Request::builder().method(method).uri(escaped);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match body {
        Some((media_type, body)) => request.header("content-type", media_type).body(body),
        None => request.body(Bytes::new()),
    }
}

impl State {
    pub(crate) fn call_back(
        &mut self,
        now: Timestamp,
        vendor: &'static Entry,
        mut callback: Callback,
    ) {
        let path = url::Url::parse(&callback.url)
            .map_or_else(|_| String::new(), |url| url.path().to_owned());
        let fault = self.faults.strike_callback(&path);
        if let Some(fault) = &fault {
            callback.body = fault.of_callback(callback.body.take());
        }
        let record = self.callbacks.len();
        self.callbacks.push(RecordedCallback {
            vendor: vendor.id,
            kind: callback.kind,
            reference: callback.reference.clone(),
            attempts: Vec::new(),
            state: "pending",
        });
        let strayed = matches!(
            fault,
            Some(FaultKind::CallbackLate(_) | FaultKind::CallbackReordered)
        );
        let astray = !is_loopback(&callback.url);
        let sending = Box::new(Sending {
            record,
            vendor,
            callback,
            since: now,
            tries: 0,
            strayed,
        });
        // A callback that was held back follows the next one.
        let held = std::mem::take(&mut self.held);
        match fault {
            // A callback must not leave this machine.
            _ if astray => self.finish(record, "lost"),
            Some(FaultKind::CallbackLost) => self.finish(record, "lost"),
            Some(FaultKind::CallbackLate(seconds)) => {
                let at = later(now, Duration::from_secs(seconds));
                self.plan(
                    at,
                    Event::Send(Box::new(Sending {
                        since: at,
                        ..*sending
                    })),
                );
            }
            Some(FaultKind::CallbackReordered) => self.held.push(*sending),
            Some(FaultKind::CallbackDuplicated) => {
                self.plan(now, Event::Send(sending.clone()));
                self.plan(now, Event::Send(sending));
            }
            _ => self.plan(now, Event::Send(sending)),
        }
        for sending in held {
            self.plan(
                now,
                Event::Send(Box::new(Sending {
                    since: now,
                    ..sending
                })),
            );
        }
    }

    fn is_outdated(&self, sending: &Sending) -> bool {
        sending
            .callback
            .subject
            .as_ref()
            .is_some_and(|subject| (sending.vendor.is_outdated)(self, subject))
    }

    /// Sends the vendor's mail about a callback that is not delivered yet.
    pub(crate) fn warn(&mut self, record: usize) {
        self.complain(record, "Warning: Unable to send", "Retrying.");
    }

    /// Gives up a callback that is not delivered yet, with the vendor's mail about it.
    pub(crate) fn give_up(&mut self, record: usize) {
        if self.complain(record, "Error: Unable to send", "Giving up.") {
            self.finish(record, "given_up");
        }
    }

    /// Writes a mail about a callback that is not delivered yet. Returns whether there is one.
    fn complain(&mut self, record: usize, problem: &str, end: &str) -> bool {
        let Some(pending) = self
            .callbacks
            .get(record)
            .filter(|record| record.state == "pending")
        else {
            return false;
        };
        let name = VENDORS
            .iter()
            .find(|vendor| vendor.id == pending.vendor)
            .map_or("", |vendor| vendor.name);
        // IDnow's spelling (14.6).
        let dot = if problem.starts_with("Error: Not") {
            " "
        } else {
            ". "
        };
        self.mails.push(format!(
            "{name} Webhook {problem} for {}{dot}{end}",
            pending.reference
        ));
        true
    }

    fn finish(&mut self, record: usize, state: &'static str) {
        if let Some(record) = self.callbacks.get_mut(record) {
            record.state = state;
        }
    }
}

/// Checks that a callback address, if there is one, is on this machine.
pub(crate) fn demand_loopback<S: AsRef<str>>(url: Option<S>) -> Result<(), &'static str> {
    if url.is_none_or(|url| is_loopback(url.as_ref())) {
        Ok(())
    } else {
        Err("invalid callback address: expected an address of the loopback interface")
    }
}

/// Returns whether an address is on this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}
