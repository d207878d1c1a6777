//! Callbacks: on their way, tried, given up, and what faults make of them.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::clock::later;
use crate::fault::FaultKind;
use crate::in_process::Receive;
use crate::part::Told;
use crate::vendor::{Entry, VENDORS};
use crate::world::{Event, State, Worlds};

/// A callback that is to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    /// The kind, in the vendor's words.
    pub(crate) kind: &'static str,
    /// The reference of the verification it is about.
    pub(crate) reference: String,
    pub(crate) method: Method,
    pub(crate) url: String,
    /// Headers of the vendor's, and of the account's.
    pub(crate) headers: Vec<(String, String)>,
    /// The media type and the body, if the vendor sends one.
    pub(crate) body: Option<(&'static str, Bytes)>,
    /// What it tells of, if the vendor drops one that is outdated.
    pub(crate) told: Option<Told>,
}

impl Callback {
    /// A callback without headers and body about the verification with this reference.
    pub(crate) fn new(kind: &'static str, reference: &str, method: Method, url: String) -> Self {
        Self {
            kind,
            reference: reference.to_owned(),
            method,
            url,
            headers: Vec::new(),
            body: None,
            told: None,
        }
    }

    /// A callback by POST with a body of JSON.
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
    /// The kind of callback, in the vendor's words.
    pub kind: &'static str,
    /// The reference of the verification it is about.
    pub reference: String,
    /// The time of each attempt, and the status that came back; 0 if there was none.
    pub attempts: Vec<(String, u16)>,
    /// Its state: `pending`, `delivered`, `outdated`, `given_up` or `lost`.
    pub state: &'static str,
}

/// A callback on its way.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    /// Its number in the record.
    record: usize,
    vendor: &'static Entry,
    callback: Callback,
    since: Timestamp,
    tries: u32,
    /// Whether a fault holds it back, so that it is sent although it is outdated.
    strayed: bool,
}

/// The way of callbacks.
#[derive(Debug)]
pub(crate) enum Post {
    Network(reqwest::Client),
    InProcess(Receive),
    /// There is no network, and no function takes them.
    Nobody,
}

impl Worlds {
    /// One attempt at a callback.
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
            // The mail that says so ends it.
            None if sending.vendor.mails.is_some() => {}
            None => state.finish(record, "given_up"),
        }
    }

    /// Sends a request to a callback address. Returns the status, or 0 if there is none.
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: Option<(&'static str, Bytes)>,
    ) -> u16 {
        let http = match &self.post {
            Post::Network(http) => http,
            Post::InProcess(receive) => return receive.request(method, url, headers, body).await,
            Post::Nobody => return 0,
        };
        let mut request = http.request(method, url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some((media_type, body)) = body {
            request = request.header("content-type", media_type).body(body);
        }
        request
            .send()
            .await
            .map_or(0, |response| response.status().as_u16())
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
        // What was held back follows the next one.
        let held = std::mem::take(&mut self.held);
        match fault {
            // Nothing leaves this machine.
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
            .told
            .as_ref()
            .is_some_and(|told| (sending.vendor.is_outdated)(self, told))
    }

    /// The vendor's mail about a callback that is still to be delivered.
    pub(crate) fn warn(&mut self, record: usize) {
        self.complain(record, "Warning: Unable to send", "Retrying.");
    }

    /// Stops trying a callback that is still to be delivered, with the vendor's mail about it.
    pub(crate) fn give_up(&mut self, record: usize) {
        if self.complain(record, "Error: Unable to send", "Giving up.") {
            self.finish(record, "given_up");
        }
    }

    /// Writes a mail about a callback that is still to be delivered; says whether it is.
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
        // As IDnow writes them (14.6).
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

/// Checks that callbacks to an address, if there is one, stay on this machine.
pub(crate) fn demand_loopback<S: AsRef<str>>(url: Option<S>) -> Result<(), &'static str> {
    if url.is_none_or(|url| is_loopback(url.as_ref())) {
        Ok(())
    } else {
        Err("callbacks go to the loopback interface only")
    }
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    })
}
