//! Callbacks: sending, repeating, giving up, and their faults.

mod forge;
mod record;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use jiff::Timestamp;
use serde_json::Value;

pub(crate) use self::record::CallbackRecords;
pub use self::record::{CallbackAttempt, RecordedCallback};
use crate::clock::later;
use crate::fault::FaultKind;
use crate::in_process::Receive;
use crate::part::CallbackSubject;
use crate::state::{Event, State};
use crate::vendor::{Entry, VENDORS};
use crate::world::Worlds;

/// The recorded part of a reply's body in bytes.
const MAX_REPLY: usize = 1024;

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

/// A callback on its way.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    /// The number of its record.
    pub(crate) number: usize,
    vendor: &'static Entry,
    callback: Callback,
    since: Timestamp,
    tries: u32,
    /// Whether a fault or the user holds it back. It is then sent even if it is outdated.
    strayed: bool,
    /// Whether the user requested this attempt, which has no place in the vendor's schedule.
    requested: bool,
}

/// The reply to a callback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The status, or 0 if there was no reply.
    pub(crate) status: u16,
    /// The beginning of the body.
    pub(crate) beginning: Bytes,
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
    /// Sends a callback that has begun, and records the reply. If the caller goes away, there was
    /// none.
    pub(crate) async fn deliver(&self, sending: Sending, at: Timestamp) {
        let callback = sending.callback.clone();
        let mut on_its_way = OnItsWay {
            worlds: self,
            sending: Some(sending),
            at,
            reply: Reply::default(),
        };
        on_its_way.reply = self
            .request(
                callback.method,
                &callback.url,
                &callback.headers,
                callback.body,
            )
            .await;
    }

    /// Sends a request to a callback address.
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: Option<(&'static str, Bytes)>,
    ) -> Reply {
        let Ok(request) = request(method, url, headers, body) else {
            return Reply::default();
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
                match request.send().await {
                    Ok(response) => Reply::read(response).await,
                    Err(_) => Reply::default(),
                }
            }
            CallbackSender::InProcess(receive) => Reply {
                status: receive.request(request).await,
                beginning: Bytes::new(),
            },
            CallbackSender::Discard => Reply::default(),
        }
    }
}

/// A callback on its way, whose reply is recorded at the end in any case.
struct OnItsWay<'a> {
    worlds: &'a Worlds,
    sending: Option<Sending>,
    at: Timestamp,
    reply: Reply,
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        if let Some(sending) = self.sending.take() {
            self.worlds.record_reply(sending, self.at, &self.reply);
        }
    }
}

impl Reply {
    /// Reads the status, and the body as far as it is recorded. The status counts even if the body
    /// breaks off.
    async fn read(mut response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let mut beginning = Vec::new();
        while beginning.len() < MAX_REPLY
            && let Ok(Some(chunk)) = response.chunk().await
        {
            beginning.extend(chunk.iter().take(MAX_REPLY - beginning.len()));
        }
        Self {
            status,
            beginning: beginning.into(),
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
    /// Records a callback of a vendor and plans its first attempt. Returns its number.
    pub(crate) fn call_back(
        &mut self,
        now: Timestamp,
        vendor: &'static Entry,
        mut callback: Callback,
    ) -> usize {
        let path = url::Url::parse(&callback.url)
            .map_or_else(|_| String::new(), |url| url.path().to_owned());
        let fault = self.faults.strike_callback(&path);
        if let Some(fault) = &fault {
            callback.body = fault.of_callback(callback.body.take());
        }
        let number = self.callbacks.add(now, vendor, &callback, "pending");
        let strayed = matches!(
            fault,
            Some(FaultKind::CallbackLate(_) | FaultKind::CallbackReordered)
        );
        let astray = !self.reach.allows(&callback.url);
        let sending = Box::new(Sending {
            number,
            vendor,
            callback,
            since: now,
            tries: 0,
            strayed,
            requested: false,
        });
        // A callback that was held back follows the next one.
        let held = std::mem::take(&mut self.held);
        match fault {
            // A callback must not leave this machine.
            _ if astray => self.callbacks.finish(number, "lost"),
            Some(FaultKind::CallbackLost) => self.callbacks.finish(number, "lost"),
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
        number
    }

    /// Returns a callback if it still has to be sent.
    pub(crate) fn begin(&mut self, sending: Sending) -> Option<Sending> {
        if sending.requested {
            return Some(sending);
        }
        if self.callbacks.is_settled(sending.number) {
            return None;
        }
        if !sending.strayed && self.is_outdated(&sending) {
            self.complain(
                sending.number,
                "Error: Not sending",
                "since identification was changed",
            );
            self.callbacks.finish(sending.number, "outdated");
            return None;
        }
        Some(sending)
    }

    /// Records the reply to an attempt, and plans the next one if the vendor makes one.
    pub(crate) fn end(&mut self, sending: Sending, at: Timestamp, reply: &Reply) {
        let number = sending.number;
        let Some(known) = self.callbacks.get_mut(number) else {
            return;
        };
        known.attempts.push(CallbackAttempt::new(at, reply));
        let is_first = known.attempts.len() == 1;
        let is_forged = known.state == "forged";
        let is_delivered = (sending.vendor.accepts)(reply.status);
        if sending.requested {
            if is_delivered && !is_forged {
                // The vendor stops its attempts.
                self.callbacks.settle(number);
            }
            return;
        }
        if is_delivered {
            return self.callbacks.finish(number, "delivered");
        }
        if is_first && let Some((warn_after, give_up_after)) = sending.vendor.mails {
            self.plan(later(sending.since, warn_after), Event::Warn(number));
            self.plan(later(sending.since, give_up_after), Event::GiveUp(number));
        }
        let elapsed = at
            .duration_since(sending.since)
            .try_into()
            .unwrap_or_default();
        match (sending.vendor.again)(sending.tries, elapsed) {
            Some(wait) => self.plan(
                later(at, wait),
                Event::Send(Box::new(Sending {
                    tries: sending.tries + 1,
                    ..sending
                })),
            ),
            // The mail that reports it ends the attempts.
            None if sending.vendor.mails.is_some() => {}
            None => self.callbacks.finish(number, "given_up"),
        }
    }

    /// Plans further attempts at a callback, now, and returns its number.
    pub(crate) fn resend(
        &mut self,
        now: Timestamp,
        number: usize,
        times: usize,
    ) -> Result<usize, String> {
        let sending = self.requested(now, number)?;
        for _ in 0..times {
            self.plan(now, Event::Send(Box::new(sending.clone())));
        }
        Ok(number)
    }

    /// Postpones the next attempt at a callback, or plans another one if there is none.
    pub(crate) fn delay(
        &mut self,
        now: Timestamp,
        number: usize,
        seconds: u64,
    ) -> Result<usize, String> {
        let requested = self.requested(now, number)?;
        let at = later(now, Duration::from_secs(seconds));
        let sending = match self.take_sending(number) {
            Some(planned) => Sending {
                strayed: true,
                // The vendor's schedule begins with the first attempt.
                since: if planned.tries == 0 {
                    at
                } else {
                    planned.since
                },
                ..planned
            },
            None => requested,
        };
        self.plan(at, Event::Send(Box::new(sending)));
        Ok(number)
    }

    /// Plans a copy of a callback without the secret, now, and returns the number of the copy.
    pub(crate) fn forge(&mut self, now: Timestamp, number: usize) -> Result<usize, String> {
        let sending = self.requested(now, number)?;
        let callback = forge::forged(&sending.callback).ok_or_else(|| {
            format!(
                "callback {number} has no secret to replace: a forged one is the same as a resent one"
            )
        })?;
        let number = self.callbacks.add(now, sending.vendor, &callback, "forged");
        let sending = Sending {
            number,
            callback,
            ..sending
        };
        self.plan(now, Event::Send(Box::new(sending)));
        Ok(number)
    }

    /// Returns a further attempt at a callback at the user's request.
    fn requested(&self, now: Timestamp, number: usize) -> Result<Sending, String> {
        let record = self
            .callbacks
            .get(number)
            .ok_or_else(|| format!("unknown callback {number}: `callbacks` lists them"))?;
        let sent = self.callbacks.sent(number).ok_or_else(|| {
            format!("callback {number} is too old: the sandbox keeps the latest ones alone")
        })?;
        if !self.reach.allows(&sent.url) {
            return Err(Reach::EXPECTED.to_owned());
        }
        let vendor = VENDORS
            .iter()
            .find(|vendor| vendor.id == record.vendor)
            .ok_or("unknown vendor")?;
        Ok(Sending {
            number,
            vendor,
            callback: sent.clone(),
            since: now,
            tries: 0,
            strayed: true,
            requested: true,
        })
    }

    fn is_outdated(&self, sending: &Sending) -> bool {
        sending
            .callback
            .subject
            .as_ref()
            .is_some_and(|subject| (sending.vendor.is_outdated)(self, subject))
    }

    /// Sends the vendor's mail about a callback that is not delivered yet.
    pub(crate) fn warn(&mut self, number: usize) {
        self.complain(number, "Warning: Unable to send", "Retrying.");
    }

    /// Gives up a callback that is not delivered yet, with the vendor's mail about it.
    pub(crate) fn give_up(&mut self, number: usize) {
        if self.complain(number, "Error: Unable to send", "Giving up.") {
            self.callbacks.finish(number, "given_up");
        }
    }

    /// Writes a mail about a callback that is not delivered yet. Returns whether there is one.
    fn complain(&mut self, number: usize, problem: &str, end: &str) -> bool {
        let Some(pending) = self
            .callbacks
            .get(number)
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
}

/// The hosts to which callbacks go: those of the loopback interface, and the names that the start
/// allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(std::sync::Arc<[String]>);

impl Reach {
    pub(crate) const EXPECTED: &str = "invalid callback address: expected an address of the \
        loopback interface, or of a host that the start of the sandbox allows";

    pub(crate) fn new(hosts: &[String]) -> Self {
        Self(hosts.iter().map(|host| host.to_ascii_lowercase()).collect())
    }

    /// Checks that callbacks may go to an address, if there is one.
    pub(crate) fn demand<S: AsRef<str>>(&self, url: Option<S>) -> Result<(), &'static str> {
        if url.is_none_or(|url| self.allows(url.as_ref())) {
            Ok(())
        } else {
            Err(Self::EXPECTED)
        }
    }

    /// Returns whether callbacks may go to an address.
    pub(crate) fn allows(&self, url: &str) -> bool {
        url::Url::parse(url).is_ok_and(|url| match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || self.contains(name),
            Some(url::Host::Ipv4(address)) => {
                address.is_loopback() || self.contains(&address.to_string())
            }
            Some(url::Host::Ipv6(address)) => {
                address.is_loopback() || self.contains(&address.to_string())
            }
            None => false,
        })
    }

    fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|known| known == host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_reach_loopback_and_allowed_hosts_alone() {
        let reach = Reach::new(&["App".to_owned(), "10.0.0.7".to_owned()]);
        for url in [
            "http://localhost/",
            "http://127.9.9.9:80/x",
            "https://[::1]:8080/",
            "http://app:8080/callback",
            "http://APP/",
            "http://10.0.0.7/",
        ] {
            assert!(reach.allows(url), "{url}");
        }
        for url in [
            "http://app.example/",
            "http://localhost.example/",
            "http://10.0.0.8/",
            "http://user@evil.example/app",
            "app",
            "file:///app",
        ] {
            assert!(!reach.allows(url), "{url}");
        }
        assert!(!Reach::default().allows("http://app:8080/callback"));
    }
}
