//! Everything that is and will be: the vendors' worlds, the queue of what is due, the faults, the records.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use crate::callback::{Callback, RecordedCallback, Sending};
use crate::clock::Clock;
use crate::exchange::{Answer, Incoming};
use crate::fault::{FaultKind, FaultPlan};
use crate::random::Random;
use crate::vendor::Vendor;
use crate::{identity_tm, idnow};

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

/// What a vendor's part handles something with, and what comes of it beside the answer. `P` is what it can plan.
pub(crate) struct Moment<'a, P> {
    pub(crate) now: Timestamp,
    pub(crate) random: &'a mut Random,
    /// What is to happen later.
    pub(crate) planned: Vec<(Timestamp, P)>,
    /// The callbacks that are to be sent.
    pub(crate) callbacks: Vec<Callback>,
}

/// The worlds and their time. One lock holds all of it; it is never held while something is awaited.
#[derive(Debug)]
pub(crate) struct Worlds {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    pub(crate) http: reqwest::Client,
    /// One at a time does what is due, so that it is done in order.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) idnow: idnow::World,
    pub(crate) identity_tm: identity_tm::World,
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
    pub(crate) held: Vec<Sending>,
}

#[derive(Debug)]
pub(crate) enum Event {
    Idnow(idnow::Planned),
    IdentityTm(identity_tm::Planned),
    /// Try a callback.
    Send(Box<Sending>),
    /// Write a mail if the callback with this number in the record is still not delivered.
    Warn(usize),
    /// Stop trying the callback with this number in the record.
    GiveUp(usize),
}

impl Worlds {
    pub(crate) fn new(clock: Clock, http: reqwest::Client, seed: u64) -> Self {
        Self { state: Mutex::new(State::new(Random::new(seed))), clock, http, turn: tokio::sync::Mutex::new(()) }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a vendor answer a request, and keeps a record of it. The fault that befalls it is the caller's to carry out.
    pub(crate) fn answer(&self, vendor: Vendor, request: &Incoming) -> (Option<Answer>, Option<FaultKind>) {
        let now = self.clock.now();
        let mut state = self.state();
        let fault = state.faults.strike(request.method.as_str(), &request.path);
        let answer = match &fault {
            Some(FaultKind::Refuse | FaultKind::CutBefore) => None,
            Some(FaultKind::Status { code, retry_after }) => {
                let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let answer = Answer::json(status, &vendor.error());
                Some(match retry_after {
                    Some(value) => answer.with_header("retry-after", value),
                    None => answer,
                })
            }
            Some(FaultKind::Html) => Some(Answer::page(StatusCode::BAD_GATEWAY, "Bad Gateway")),
            _ => Some(match vendor {
                Vendor::Idnow => state.with_idnow(now, |world, moment| world.handle(request, moment)),
                Vendor::IdentityTm => state.with_identity_tm(now, |world, moment| world.handle(request, moment)),
            }),
        };
        let answered = !matches!(fault, Some(FaultKind::CutAfter));
        state.requests.push(RecordedRequest {
            vendor: vendor.name(),
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
                Event::Idnow(planned) => self.state().with_idnow(at, |world, moment| world.happen(&planned, moment)),
                Event::IdentityTm(planned) => self.state().with_identity_tm(at, |world, moment| world.happen(&planned, moment)),
                Event::Send(sending) => self.send(*sending, at).await,
                Event::Warn(record) => self.state().warn(record),
                Event::GiveUp(record) => self.state().give_up(record),
            }
        }
        self.clock.move_to(until);
    }

    /// Forgets everything but the time.
    pub(crate) async fn reset(&self) {
        let _turn = self.turn.lock().await;
        let mut state = self.state();
        // Ids go on, so that none is given twice.
        let random = std::mem::replace(&mut state.random, Random::new(0));
        let pages = state.identity_tm.pages().to_owned();
        *state = State::new(random);
        state.identity_tm.serve_pages_at(pages);
    }
}

impl State {
    fn new(random: Random) -> Self {
        Self {
            idnow: idnow::World::new(),
            identity_tm: identity_tm::World::new(),
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
        work: impl FnOnce(&mut idnow::World, &mut Moment<'_, idnow::Planned>) -> T,
    ) -> T {
        let mut moment = Moment { now, random: &mut self.random, planned: Vec::new(), callbacks: Vec::new() };
        let result = work(&mut self.idnow, &mut moment);
        let (planned, callbacks) = (moment.planned, moment.callbacks);
        self.settle(now, Vendor::Idnow, planned.into_iter().map(|(at, planned)| (at, Event::Idnow(planned))), callbacks);
        result
    }

    /// Works on Identity.TM's world, and plans what comes of it.
    pub(crate) fn with_identity_tm<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut identity_tm::World, &mut Moment<'_, identity_tm::Planned>) -> T,
    ) -> T {
        let mut moment = Moment { now, random: &mut self.random, planned: Vec::new(), callbacks: Vec::new() };
        let result = work(&mut self.identity_tm, &mut moment);
        let (planned, callbacks) = (moment.planned, moment.callbacks);
        let planned = planned.into_iter().map(|(at, planned)| (at, Event::IdentityTm(planned)));
        self.settle(now, Vendor::IdentityTm, planned, callbacks);
        result
    }

    fn settle(
        &mut self,
        now: Timestamp,
        vendor: Vendor,
        planned: impl IntoIterator<Item = (Timestamp, Event)>,
        callbacks: Vec<Callback>,
    ) {
        for (at, event) in planned {
            self.plan(at, event);
        }
        for callback in callbacks {
            self.call_back(now, vendor, callback);
        }
    }

    pub(crate) fn plan(&mut self, at: Timestamp, event: Event) {
        self.next_event += 1;
        self.events.insert(self.next_event, event);
        self.due.push(Reverse((at, self.next_event)));
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
