//! Everything that is and will be: the vendors' worlds, the queue of what is due, the faults, the records.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::clock::{Clock, later};
use crate::exchange::{Answer, Incoming};
use crate::fault::{FaultKind, FaultPlan};
use crate::idnow;
use crate::random::Random;

/// How long a callback is tried (14.6).
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3600);
/// After how long of trying a mail warns (14.6).
const WARN_AFTER: Duration = Duration::from_secs(10);

/// A request that a vendor's part has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The vendor.
    pub vendor: &'static str,
    /// The method.
    pub method: String,
    /// The path, without its query, which may carry a person's data.
    pub path: String,
    /// The status that was answered; 0 where a fault left none.
    pub status: u16,
    /// The fault that befell it, by its name in the fault plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A callback and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedCallback {
    /// The vendor.
    pub vendor: &'static str,
    /// What kind of callback it is, in the vendor's words.
    pub kind: &'static str,
    /// The reference of the verification it is about.
    pub reference: String,
    /// When each attempt was made, and the status that came back; 0 where none did.
    pub attempts: Vec<(String, u16)>,
    /// What became of it: `pending`, `delivered`, `outdated`, `given_up` or `lost`.
    pub state: &'static str,
}

/// The worlds and their time. One lock holds all of it; it is never held while something is awaited.
#[derive(Debug)]
pub(crate) struct Worlds {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    http: reqwest::Client,
    /// One at a time does what is due, so that it is done in order.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) idnow: idnow::World,
    pub(crate) faults: FaultPlan,
    pub(crate) requests: Vec<RecordedRequest>,
    pub(crate) callbacks: Vec<RecordedCallback>,
    /// The subjects of mails that the vendors' systems sent to the account's technical contact.
    pub(crate) mails: Vec<String>,
    random: Random,
    due: BinaryHeap<Reverse<(Timestamp, u64)>>,
    events: BTreeMap<u64, Event>,
    next_event: u64,
    /// Callbacks that a fault holds back until the next one.
    held: Vec<Sending>,
}

#[derive(Debug)]
enum Event {
    Happen(idnow::Planned),
    /// Try a callback.
    Send(Box<Sending>),
    /// Write a mail if the callback with this number in the record is still not delivered.
    Warn(usize),
    /// Stop trying the callback with this number in the record.
    GiveUp(usize),
}

/// A callback on its way.
#[derive(Debug, Clone)]
struct Sending {
    /// Its number in the record.
    record: usize,
    callback: idnow::Callback,
    since: Timestamp,
    tries: u32,
    /// Whether a fault holds it back, so that it is sent although it is outdated.
    strayed: bool,
}

impl Worlds {
    pub(crate) fn new(clock: Clock, http: reqwest::Client, seed: u64) -> Self {
        Self { state: Mutex::new(State::new(Random::new(seed))), clock, http, turn: tokio::sync::Mutex::new(()) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets IDnow answer a request, and keeps a record of it. The fault that befalls it is the caller's to carry out.
    pub(crate) fn idnow(&self, request: &Incoming) -> (Option<Answer>, Option<FaultKind>) {
        let now = self.clock.now();
        let mut state = self.state();
        let fault = state.faults.strike(request.method.as_str(), &request.path);
        let answer = match &fault {
            Some(FaultKind::Refuse | FaultKind::CutBefore) => None,
            Some(FaultKind::Status { code, retry_after }) => {
                let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let answer = Answer::json(status, &json!({ "errors": [{ "cause": "INTERNAL_SERVER_ERROR" }] }));
                Some(match retry_after {
                    Some(value) => answer.with_header("retry-after", value),
                    None => answer,
                })
            }
            Some(FaultKind::Html) => Some(Answer::page(StatusCode::BAD_GATEWAY, "Bad Gateway")),
            _ => Some(state.with_idnow(now, |world, moment| world.handle(request, moment))),
        };
        let answered = !matches!(fault, Some(FaultKind::CutAfter));
        state.requests.push(RecordedRequest {
            vendor: "idnow",
            method: request.method.to_string(),
            path: request.path.clone(),
            status: answer.as_ref().filter(|_| answered).map_or(0, |answer| answer.status.as_u16()),
            fault: fault.as_ref().map(fault_name),
        });
        (answer, fault)
    }

    /// Does everything that is due until `until`, in the order of its time, what comes of it included; then it is `until`.
    pub(crate) async fn advance_to(&self, until: Timestamp) {
        let _turn = self.turn.lock().await;
        loop {
            let next = {
                let mut state = self.state();
                match state.due.peek() {
                    Some(Reverse((at, number))) if *at <= until => {
                        let (at, number) = (*at, *number);
                        state.due.pop();
                        state.events.remove(&number).map(|event| (at, event))
                    }
                    _ => break,
                }
            };
            let Some((at, event)) = next else { continue };
            self.clock.move_to(at);
            match event {
                Event::Happen(planned) => {
                    self.state().with_idnow(at, |world, moment| world.happen(&planned, moment));
                }
                Event::Send(sending) => self.send(*sending, at).await,
                Event::Warn(record) => {
                    self.state().complain(record, |name| format!("IDnow Webhook Warning: Unable to send for {name}. Retrying."));
                }
                Event::GiveUp(record) => {
                    let mut state = self.state();
                    let subject = |name: &str| format!("IDnow Webhook Error: Unable to send for {name}. Giving up.");
                    if state.complain(record, subject) {
                        state.finish(record, "given_up");
                    }
                }
            }
        }
        self.clock.move_to(until);
    }

    /// One attempt at a callback (14.6).
    async fn send(&self, sending: Sending, at: Timestamp) {
        let record = sending.record;
        if !sending.strayed && self.state().idnow.is_outdated(&sending.callback) {
            let mut state = self.state();
            let subject = |name: &str| format!("IDnow Webhook Error: Not sending for {name} since identification was changed");
            state.complain(record, subject);
            return state.finish(record, "outdated");
        }
        let status = self.post(&sending.callback).await;
        let mut state = self.state();
        let Some(known) = state.callbacks.get_mut(record) else { return };
        known.attempts.push((at.to_string(), status));
        if (200..300).contains(&status) {
            return state.finish(record, "delivered");
        }
        if known.attempts.len() == 1 {
            state.plan(later(sending.since, WARN_AFTER), Event::Warn(record));
            state.plan(later(sending.since, GIVE_UP_AFTER), Event::GiveUp(record));
        }
        let wait = Duration::from_secs(1_u64.checked_shl(sending.tries).unwrap_or(u64::MAX));
        let again = later(at, wait);
        if again <= later(sending.since, GIVE_UP_AFTER) {
            state.plan(again, Event::Send(Box::new(Sending { tries: sending.tries + 1, ..sending })));
        }
    }

    /// The status that came back; 0 where none did.
    async fn post(&self, callback: &idnow::Callback) -> u16 {
        let request = self.http.post(&callback.url).header("content-type", "application/json; charset=utf-8");
        match request.body(callback.body.to_string()).send().await {
            Ok(response) => response.status().as_u16(),
            Err(_) => 0,
        }
    }

    /// Forgets everything but the time.
    pub(crate) async fn reset(&self) {
        let _turn = self.turn.lock().await;
        let mut state = self.state();
        // Ids go on, so that none is given twice.
        let random = std::mem::replace(&mut state.random, Random::new(0));
        *state = State::new(random);
    }

    /// Sends a body to a callback address, as anybody could.
    pub(crate) async fn forge(&self, url: &str, body: String) -> u16 {
        let request = self.http.post(url).header("content-type", "application/json; charset=utf-8").body(body);
        request.send().await.map_or(0, |response| response.status().as_u16())
    }
}

impl State {
    fn new(random: Random) -> Self {
        Self {
            idnow: idnow::World::new(),
            faults: FaultPlan::default(),
            requests: Vec::new(),
            callbacks: Vec::new(),
            mails: Vec::new(),
            random,
            due: BinaryHeap::new(),
            events: BTreeMap::new(),
            next_event: 0,
            held: Vec::new(),
        }
    }

    /// Works on IDnow's world, and plans what comes of it.
    pub(crate) fn with_idnow<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut idnow::World, &mut idnow::Moment<'_>) -> T,
    ) -> T {
        let mut moment = idnow::Moment { now, random: &mut self.random, planned: Vec::new(), callbacks: Vec::new() };
        let result = work(&mut self.idnow, &mut moment);
        let (planned, callbacks) = (moment.planned, moment.callbacks);
        for (at, planned) in planned {
            self.plan(at, Event::Happen(planned));
        }
        for callback in callbacks {
            self.call_back(now, callback);
        }
        result
    }

    fn call_back(&mut self, now: Timestamp, callback: idnow::Callback) {
        let path = url::Url::parse(&callback.url).map_or_else(|_| String::new(), |url| url.path().to_owned());
        let fault = self.faults.strike_callback(&path);
        let record = self.callbacks.len();
        self.callbacks.push(RecordedCallback {
            vendor: "idnow",
            kind: callback.kind.name(),
            reference: callback.transaction_number.clone(),
            attempts: Vec::new(),
            state: "pending",
        });
        let strayed = matches!(fault, Some(FaultKind::CallbackLate(_) | FaultKind::CallbackReordered));
        let sending = Box::new(Sending { record, callback, since: now, tries: 0, strayed });
        // What was held back follows the next one.
        let held = std::mem::take(&mut self.held);
        match fault {
            Some(FaultKind::CallbackLost) => self.finish(record, "lost"),
            Some(FaultKind::CallbackLate(seconds)) => {
                let at = later(now, Duration::from_secs(seconds));
                self.plan(at, Event::Send(Box::new(Sending { since: at, ..*sending })));
            }
            Some(FaultKind::CallbackReordered) => self.held.push(*sending),
            Some(FaultKind::CallbackDuplicated) => {
                self.plan(now, Event::Send(sending.clone()));
                self.plan(now, Event::Send(sending));
            }
            _ => self.plan(now, Event::Send(sending)),
        }
        for sending in held {
            self.plan(now, Event::Send(Box::new(Sending { since: now, ..sending })));
        }
    }

    fn plan(&mut self, at: Timestamp, event: Event) {
        self.next_event += 1;
        self.events.insert(self.next_event, event);
        self.due.push(Reverse((at, self.next_event)));
    }

    /// Writes a mail about a callback that is still to be delivered; says whether it is.
    fn complain(&mut self, record: usize, subject: impl FnOnce(&str) -> String) -> bool {
        let pending = self.callbacks.get(record).filter(|record| record.state == "pending");
        let subject = pending.map(|record| subject(&record.reference));
        let written = subject.is_some();
        self.mails.extend(subject);
        written
    }

    fn finish(&mut self, record: usize, state: &'static str) {
        if let Some(record) = self.callbacks.get_mut(record) {
            record.state = state;
        }
    }

    /// When the next thing is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }
}

fn fault_name(fault: &FaultKind) -> String {
    match serde_json::to_value(fault) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(object)) => object.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
