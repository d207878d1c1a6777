//! The state of the sandbox: the vendors' worlds, the queue of events, the faults, the records.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::callback::{Callback, CallbackRecords, Reach, Sending};
use crate::clock::{Clock, WallClock};
use crate::exchange::{Answer, Incoming};
use crate::fault::{FaultKind, FaultPlan};
use crate::guard::Hosts;
use crate::journal::{Input, Journal, Line};
use crate::part::{Kept, Part, Planned, Verification as _, World};
use crate::random::Random;
use crate::record::{Detail, RecordedRequest, Records};
use crate::rule;
use crate::vendor::Entry;

/// The context in which a vendor's module handles a request or an event, and the effects beside the
/// response. `E` is the vendor's type of event.
pub(crate) struct Moment<'a, E> {
    pub(crate) now: Timestamp,
    /// The time of the clients' own clock, if the sandbox knows it.
    pub(crate) wall: Option<Timestamp>,
    pub(crate) random: &'a mut Random,
    /// The hosts to which callbacks go.
    pub(crate) reach: Reach,
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
            fn new(reach: &Reach) -> Self {
                Self { $($module: World::new(reach.clone()),)* }
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
    pub(crate) requests: Records,
    pub(crate) callbacks: CallbackRecords,
    /// The subjects of the mails to the account's technical contact.
    pub(crate) mails: Vec<String>,
    pub(crate) random: Random,
    pub(crate) options: Options,
    /// The hosts to which callbacks go.
    pub(crate) reach: Reach,
    /// The further hosts of the control plane.
    pub(crate) hosts: Hosts,
    wall_clock: Option<WallClock>,
    /// The time of the clients' own clock at the latest input.
    pub(crate) wall: Option<Timestamp>,
    /// The state file.
    pub(crate) journal: Option<Journal>,
    /// The speed of the clock that a command has set.
    pub(crate) speed: Option<f64>,
    due: BinaryHeap<Reverse<(Timestamp, u64)>>,
    events: BTreeMap<u64, Event>,
    next_event: u64,
    /// The number of events that have run or begun.
    pub(crate) begun: u64,
    /// Callbacks that a fault holds back until the next one.
    pub(crate) held: Vec<Sending>,
}

/// The options of a start. A reset keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    /// The scenario that every new verification plays.
    pub(crate) auto: Option<String>,
    /// The callback address of every vendor's first account.
    pub(crate) callback: Option<String>,
    /// Whether the inspector shows personal data and secrets.
    #[serde(skip)]
    pub(crate) shows_personal_data: bool,
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

/// An event that has begun.
pub(crate) enum Begun {
    Ended,
    /// The callback has to be sent.
    Sending(Box<Sending>, Timestamp),
}

impl State {
    pub(crate) fn new(
        random: Random,
        wall_clock: Option<WallClock>,
        options: Options,
        reach: Reach,
        hosts: Hosts,
    ) -> Self {
        Self {
            parts: Parts::new(&reach),
            faults: FaultPlan::default(),
            requests: Records::default(),
            callbacks: CallbackRecords::default(),
            mails: Vec::new(),
            random,
            options,
            reach,
            hosts,
            wall_clock,
            wall: None,
            journal: None,
            speed: None,
            due: BinaryHeap::new(),
            events: BTreeMap::new(),
            next_event: 0,
            begun: 0,
            held: Vec::new(),
        }
    }

    /// Returns the time of the clients' own clock, if the sandbox knows it.
    pub(crate) fn wall_now(&self) -> Option<Timestamp> {
        self.wall_clock.as_ref().map(WallClock::now)
    }

    /// Reads the clients' own clock, which an input is checked against.
    pub(crate) fn read_wall_clock(&mut self) {
        self.wall = self.wall_now();
    }

    /// Adds a line to the state file, if there is one. An input without a line must have no effect.
    pub(crate) fn record(
        &mut self,
        at: Timestamp,
        input: impl FnOnce() -> Input,
    ) -> Result<(), String> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        journal.append(&Line {
            at,
            wall: self.wall,
            begun: self.begun,
            random: self.random.state(),
            input: input(),
        })
    }

    /// Removes everything except the options.
    pub(crate) fn clear(&mut self, now: Timestamp) {
        // The random generator continues, so that no id is given twice.
        let random = std::mem::replace(&mut self.random, Random::new(0));
        let pages: Vec<String> = VENDORS.iter().map(|vendor| (vendor.pages)(self)).collect();
        let cleared = Self {
            wall: self.wall,
            journal: self.journal.take(),
            speed: self.speed,
            begun: self.begun,
            ..Self::new(
                random,
                self.wall_clock.take(),
                self.options.clone(),
                self.reach.clone(),
                self.hosts.clone(),
            )
        };
        *self = cleared;
        for (vendor, base) in VENDORS.iter().zip(pages) {
            (vendor.serve_pages_at)(self, base);
        }
        // The address was accepted before.
        let _ = self.report_to_option(now);
    }

    /// Applies options, among them the callback address to every vendor's first account. Returns
    /// the first failure.
    pub(crate) fn use_options(&mut self, now: Timestamp, options: &Options) -> Result<(), String> {
        self.options = Options {
            shows_personal_data: self.options.shows_personal_data,
            ..options.clone()
        };
        self.report_to_option(now)
    }

    fn report_to_option(&mut self, now: Timestamp) -> Result<(), String> {
        let Some(url) = self.options.callback.clone() else {
            return Ok(());
        };
        for vendor in VENDORS {
            (vendor.report_to)(self, now, &url)
                .map_err(|error| format!("{}: {error}", vendor.name))?;
        }
        Ok(())
    }

    /// Lets a vendor answer a request, and records it.
    pub(crate) fn answer(
        &mut self,
        now: Timestamp,
        vendor: &'static Entry,
        request: &Incoming,
    ) -> (Option<Answer>, Option<FaultKind>) {
        let fault = self.faults.strike(request.method.as_str(), &request.path);
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
            _ => Some((vendor.answer)(self, now, request)),
        };
        let refusal = answer.as_ref().and_then(|answer| answer.refusal.clone());
        let answer = answer.map(|answer| match &refusal {
            Some(refusal) => {
                let header = format!("{} {}", refusal.rule.section, refusal.rule.requires);
                answer.with_header("x-sandbox-refusal", header)
            }
            None => answer,
        });
        // The emulator also serves pages that no document describes.
        let hint = refusal
            .as_ref()
            .and_then(|_| rule::hint(vendor.routes, &request.method, &request.path));
        let responds = !matches!(fault, Some(FaultKind::CutAfter));
        let sent = answer.as_ref().filter(|_| responds);
        let detail = Detail::of(request, sent);
        let record = RecordedRequest {
            number: self.requests.next_number(),
            at: now.to_string(),
            vendor: vendor.id,
            method: request.method.to_string(),
            path: request.path.clone(),
            status: sent.map_or(0, |answer| answer.status.as_u16()),
            fault: fault.as_ref().map(fault_name),
            refusal,
            hint,
        };
        self.requests.add(record, detail);
        (answer, fault)
    }

    /// Begins the next event that is due until `until`, and sets the clock to its time.
    pub(crate) fn begin_next(&mut self, clock: &Clock, until: Timestamp) -> Option<Begun> {
        loop {
            let Reverse((at, number)) = *self.due.peek()?;
            if at > until {
                return None;
            }
            self.due.pop();
            // A postponed event has another number.
            let Some(event) = self.events.remove(&number) else {
                continue;
            };
            clock.move_to(at);
            self.begun += 1;
            match event {
                Event::Happen(happen) => happen(self, at),
                Event::Warn(callback) => self.warn(callback),
                Event::GiveUp(callback) => self.give_up(callback),
                Event::Send(sending) => {
                    if let Some(sending) = self.begin(*sending) {
                        return Some(Begun::Sending(Box::new(sending), at));
                    }
                }
            }
            return Some(Begun::Ended);
        }
    }

    /// Removes the next planned attempt of a vendor at a callback.
    pub(crate) fn take_sending(&mut self, callback: usize) -> Option<Sending> {
        let number = self.events.iter().find_map(|(number, event)| match event {
            Event::Send(sending) if sending.number == callback => Some(*number),
            _ => None,
        })?;
        match self.events.remove(&number)? {
            Event::Send(sending) => Some(*sending),
            _ => None,
        }
    }

    /// Works on a vendor's world, then plans its events and callbacks.
    pub(crate) fn with<P: Part, T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut World<P>, &mut Moment<'_, P::Effect>) -> T,
    ) -> T {
        let wall = self.wall;
        let auto = self.options.auto.clone();
        let reach = self.reach.clone();
        let (world, random) = P::of(self);
        let mut moment = Moment {
            now,
            wall,
            random,
            reach,
            planned: Vec::new(),
            callbacks: Vec::new(),
        };
        let result = work(world, &mut moment);
        for key in world.cases.take_new(now) {
            let Some(scenario) = &auto else { continue };
            // A test robot has begun, or will.
            let is_robots = |case: &mut P::Case| *case.attempt() > 0 || case.awaits_robot();
            if world.cases.get_mut(&key).is_some_and(is_robots) {
                continue;
            }
            if let Err(error) = world.act(&key, scenario, None, &mut moment) {
                world.cases.note(&key, now, error);
            }
        }
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
        // A postponed event leaves its old time behind.
        let is_planned = |number: &u64| self.events.contains_key(number);
        match self.due.peek()? {
            Reverse((at, number)) if is_planned(number) => Some(*at),
            _ => self
                .due
                .iter()
                .filter(|Reverse((_, number))| is_planned(number))
                .map(|Reverse((at, _))| *at)
                .min(),
        }
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
