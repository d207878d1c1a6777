//! The state of the sandbox: the vendors' worlds, the queue of events, the faults, the records.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use crate::callback::{Callback, CallbackSender, RecordedCallback, Sending};
use crate::clock::{Clock, WallClock};
use crate::exchange::{Answer, Incoming};
use crate::fault::{FaultKind, FaultPlan};
use crate::part::{Kept, Part, Planned, World};
use crate::random::Random;
use crate::vendor::Entry;

/// A request to a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedRequest {
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
}

/// The context in which a vendor's module handles a request or an event, and the effects beside the
/// response. `E` is the vendor's type of event.
pub(crate) struct Moment<'a, E> {
    pub(crate) now: Timestamp,
    /// The time of the clients' own clock, if the sandbox knows it.
    pub(crate) wall: Option<Timestamp>,
    pub(crate) random: &'a mut Random,
    /// The planned events.
    pub(crate) planned: Vec<(Timestamp, Planned<E>)>,
    /// The callbacks to send.
    pub(crate) callbacks: Vec<Callback>,
}

impl<E> Moment<'_, E> {
    /// Plans an event that does not depend on the current scenario.
    pub(crate) fn plan(&mut self, at: Timestamp, key: &str, effect: E) {
        self.planned.push((
            at,
            Planned {
                key: key.to_owned(),
                attempt: None,
                effect,
            },
        ));
    }

    /// Returns the times by which a client's own time may be right: virtual time, and unless
    /// `strict` the client's clock.
    pub(crate) fn clocks(&self, strict: bool) -> impl Iterator<Item = Timestamp> + use<E> {
        std::iter::once(self.now).chain(self.wall.filter(|_| !strict))
    }
}

/// The worlds and their clock. One lock guards the whole state; it is never held across an await.
#[derive(Debug)]
pub(crate) struct Worlds {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    pub(crate) sender: CallbackSender,
    /// The seed of the ids.
    pub(crate) seed: u64,
    /// Only one task at a time runs due events, so that they run in order.
    turn: tokio::sync::Mutex<()>,
}

/// Generates the table of the vendors and the storage of their modules.
macro_rules! parts {
    ($($module:ident,)*) => {
        /// All vendors, in the order of their ports.
        pub(crate) static VENDORS: &[Entry] = &[$(Entry::of::<crate::$module::Own>(),)*];

        /// The vendors' modules.
        #[derive(Debug)]
        pub(crate) struct Parts {
            $(pub(crate) $module: World<crate::$module::Own>,)*
        }

        impl Parts {
            fn new() -> Self {
                Self { $($module: World::new(),)* }
            }
        }

        $(impl Kept for crate::$module::Own {
            fn of(state: &mut State) -> (&mut World<Self>, &mut Random) {
                (&mut state.parts.$module, &mut state.random)
            }

            fn seen(state: &State) -> &World<Self> {
                &state.parts.$module
            }
        })*
    };
}

crate::for_each_vendor!(parts);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) parts: Parts,
    pub(crate) faults: FaultPlan,
    pub(crate) requests: Vec<RecordedRequest>,
    pub(crate) callbacks: Vec<RecordedCallback>,
    /// The subjects of the mails to the account's technical contact.
    pub(crate) mails: Vec<String>,
    pub(crate) random: Random,
    wall_clock: Option<WallClock>,
    due: BinaryHeap<Reverse<(Timestamp, u64)>>,
    events: BTreeMap<u64, Event>,
    next_event: u64,
    /// Callbacks that a fault holds back until the next one.
    pub(crate) held: Vec<Sending>,
}

/// An event of a vendor's module.
type Happening = Box<dyn FnOnce(&mut State, Timestamp) + Send>;

pub(crate) enum Event {
    Happen(Happening),
    /// Attempt a callback.
    Send(Box<Sending>),
    /// Send a mail if the callback with this record is still not delivered.
    Warn(usize),
    /// Give up the callback with this record.
    GiveUp(usize),
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Happen(_) => "Happen",
            Self::Send(_) => "Send",
            Self::Warn(_) => "Warn",
            Self::GiveUp(_) => "GiveUp",
        })
    }
}

impl Worlds {
    pub(crate) fn new(
        clock: Clock,
        wall_clock: Option<WallClock>,
        sender: CallbackSender,
        seed: u64,
    ) -> Self {
        let state = State::new(Random::new(seed), wall_clock);
        Self {
            state: Mutex::new(state),
            clock,
            sender,
            seed,
            turn: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a vendor answer a request, and records it. The caller carries out faults of the
    /// connection.
    pub(crate) fn answer(
        &self,
        vendor: &'static Entry,
        request: &Incoming,
    ) -> (Option<Answer>, Option<FaultKind>) {
        let now = self.clock.now();
        let mut state = self.state();
        let fault = state.faults.strike(request.method.as_str(), &request.path);
        let answer = match &fault {
            Some(FaultKind::Refuse | FaultKind::CutBefore) => None,
            Some(FaultKind::Status { code, retry_after }) => {
                let status =
                    StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let answer = (vendor.failure)(status, 500);
                Some(match retry_after {
                    Some(value) => answer.with_header("retry-after", value),
                    None => answer,
                })
            }
            Some(FaultKind::StatusInside(code)) => Some((vendor.failure)(StatusCode::OK, *code)),
            Some(FaultKind::Html) => Some(Answer::page(StatusCode::BAD_GATEWAY, "Bad Gateway")),
            _ => Some((vendor.answer)(&mut state, now, request)),
        };
        let responds = !matches!(fault, Some(FaultKind::CutAfter));
        state.requests.push(RecordedRequest {
            vendor: vendor.id,
            method: request.method.to_string(),
            path: request.path.clone(),
            status: answer
                .as_ref()
                .filter(|_| responds)
                .map_or(0, |answer| answer.status.as_u16()),
            fault: fault.as_ref().map(fault_name),
        });
        (answer, fault)
    }

    /// Runs every event that is due until `until`, in order of time, including those that follow
    /// from earlier ones, then sets the clock to `until`.
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
                Event::Happen(happen) => happen(&mut self.state(), at),
                Event::Send(sending) => self.send(*sending, at).await,
                Event::Warn(record) => self.state().warn(record),
                Event::GiveUp(record) => self.state().give_up(record),
            }
        }
        self.clock.move_to(until);
    }

    /// Resets everything except the clock.
    pub(crate) async fn reset(&self) {
        let _turn = self.turn.lock().await;
        let mut state = self.state();
        // The random generator continues, so that no id is given twice.
        let random = std::mem::replace(&mut state.random, Random::new(0));
        let pages: Vec<String> = VENDORS
            .iter()
            .map(|vendor| (vendor.pages)(&state))
            .collect();
        *state = State::new(random, state.wall_clock.take());
        for (vendor, base) in VENDORS.iter().zip(pages) {
            (vendor.serve_pages_at)(&mut state, base);
        }
    }
}

impl State {
    fn new(random: Random, wall_clock: Option<WallClock>) -> Self {
        Self {
            parts: Parts::new(),
            faults: FaultPlan::default(),
            requests: Vec::new(),
            callbacks: Vec::new(),
            mails: Vec::new(),
            random,
            wall_clock,
            due: BinaryHeap::new(),
            events: BTreeMap::new(),
            next_event: 0,
            held: Vec::new(),
        }
    }

    /// Works on a vendor's world, then plans its events and callbacks.
    pub(crate) fn with<P: Part, T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut World<P>, &mut Moment<'_, P::Effect>) -> T,
    ) -> T {
        let wall = self.wall_clock.as_ref().map(WallClock::now);
        let (world, random) = P::of(self);
        let mut moment = Moment {
            now,
            wall,
            random,
            planned: Vec::new(),
            callbacks: Vec::new(),
        };
        let result = work(world, &mut moment);
        let (planned, callbacks) = (moment.planned, moment.callbacks);
        for (at, planned) in planned {
            self.plan(at, happening::<P>(planned));
        }
        for callback in callbacks {
            self.call_back(now, P::ENTRY, callback);
        }
        result
    }

    pub(crate) fn plan(&mut self, at: Timestamp, event: Event) {
        self.next_event += 1;
        self.events.insert(self.next_event, event);
        self.due.push(Reverse((at, self.next_event)));
    }

    /// Returns the time of the next event.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }
}

/// A separate function: within [`State::with`] the closure's type would contain itself.
fn happening<P: Part>(planned: Planned<P::Effect>) -> Event {
    Event::Happen(Box::new(move |state, now| {
        state.with(now, |world: &mut World<P>, moment| {
            world.happen(planned, moment);
        });
    }))
}

fn fault_name(fault: &FaultKind) -> String {
    match serde_json::to_value(fault) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(object)) => object.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
