//! A world: a vendor, programs over one store, persons, an attacker, and time.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use idv::{Client, Clock as _, Environment, Error, Timestamp};
use idv_flow::store::{Filter, Store};
use idv_flow::{Flow, FlowError, FlowId, FlowStatus, Start, Vault};
use idv_sandbox::Sandbox;
use tokio::sync::Notify;

use super::clock::{SandboxClock, later};
use super::executor::{Executor, Process};
use super::plan::{DAY, HOUR, Life, MINUTE, Nuisance, Plan};
use super::program::{Program, Programs};
use super::random::Chance;
use super::store::YieldingStore;
use super::trace::Trace;
use super::transport::{Ledger, SandboxTransport, Weather};
use super::vendor::Vendor;

/// How many polls there may be before time goes on: more is a program that spins.
const MOST_POLLS: u32 = 100_000;
/// How long a world lasts at the most.
const HORIZON: Duration = Duration::from_secs(100 * 24 * 60 * 60);
/// For how long it goes on when nobody waits for anything any more: what is wrong may still show.
const AFTERMATH: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// What of a world a test may want otherwise.
pub struct Setting {
    pub store: Arc<dyn Store>,
    /// Makes a program's client of the usual one.
    pub client: fn(Vendor, &Sandbox, Environment) -> Client,
    /// Whether it is recorded what happens.
    pub traced: bool,
    /// Whether whoever forges callbacks knows the secret.
    pub leaked: bool,
}

impl Setting {
    pub fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store), client: Vendor::client, traced: false, leaked: false }
    }
}

pub struct World {
    pub plan: Plan,
    pub setting: Setting,
    pub sandbox: Arc<Sandbox>,
    pub clock: SandboxClock,
    pub trace: Trace,
    pub ledger: Ledger,
    /// Looks at the store without a part in anything.
    pub observer: Flow,
    pub lives: Vec<Standing>,
    pub(super) programs: Programs,
    pub(super) chance: Chance,
    weather: Weather,
    executor: Executor,
    agenda: BTreeMap<(Timestamp, u64), Event>,
    planned: u64,
    deaths: VecDeque<u64>,
    /// What programs leave behind for the world to see.
    outbox: Arc<Mutex<Vec<Event>>>,
    over_at: Timestamp,
    created: usize,
}

/// How it stands with one verification.
#[derive(Default)]
pub struct Standing {
    /// What the application was told that it is called.
    pub id: Option<FlowId>,
    /// What it is called where the application was not told: looked up before it is erased.
    pub(super) found: Option<FlowId>,
    /// What the application was told of why there is none.
    pub refused: Option<String>,
    /// When the person began to act.
    pub acted_at: Option<Timestamp>,
    /// When the application asked for its deletion and was not refused.
    pub deletion_asked_at: Option<Timestamp>,
    pub abandoned: bool,
    /// The version that was looked at last.
    pub(super) seen: Option<u64>,
}

/// Something that happens in a world.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Boot(usize),
    Start(usize),
    Started(usize, FlowId),
    NotStarted(usize, String),
    Act(usize),
    Forge(usize),
    Delete(usize),
    Deleting(usize),
    Abandoned(usize),
    Nuisance(Nuisance),
    Operator,
    Ended(usize),
}

impl World {
    pub fn new(vendor: Vendor, seed: u64, setting: Setting) -> Self {
        let began = Timestamp::from_second(1_767_225_600).unwrap();
        let plan = Plan::of(vendor, seed, began);
        let chance = Chance::new(seed.wrapping_add(77));
        let trace = if setting.traced { Trace::kept() } else { Trace::default() };
        let programs = Programs::new(vendor.id(), chance.fork(), trace.clone());
        let receive = programs.clone();
        let sandbox = Sandbox::builder()
            .in_process()
            .start_time(began)
            .seed(seed)
            .deliver_callbacks_to(move |request| receive.clone().receive(request));
        let sandbox = Arc::new(at_once(sandbox.start()).unwrap());
        let clock = SandboxClock::new(sandbox.clock());
        programs.set_clock(clock.clone());
        let ledger = Ledger::default();
        let weather = Weather::new(chance.fork(), plan.trouble, plan.calm_from, plan.outages.clone());
        let calm = SandboxTransport {
            vendor,
            sandbox: Arc::clone(&sandbox),
            clock: clock.clone(),
            weather: Weather::calm(),
            ledger: Ledger::default(),
            trace: Trace::default(),
        };
        let client = vendor.client(&sandbox, Environment::new(calm, clock.clone()).with_random(chance.fork()));
        at_once(vendor.report_to_us(&sandbox, &client));
        for fault in &plan.callback_faults {
            sandbox.plan(fault.clone());
        }
        let store: Arc<dyn Store> = Arc::clone(&setting.store);
        let observer = flow(&plan, YieldingStore(store), client, &clock, chance.fork());
        let observer = at_once(observer).unwrap();
        let mut world = Self {
            lives: plan.lives.iter().map(|_| Standing::default()).collect(),
            executor: Executor::new(chance.fork()),
            agenda: BTreeMap::new(),
            planned: 0,
            deaths: plan.deaths.iter().copied().collect(),
            outbox: Arc::default(),
            over_at: later(began, HORIZON),
            created: 0,
            plan,
            setting,
            sandbox,
            clock,
            trace,
            ledger,
            observer,
            programs,
            chance,
            weather,
        };
        world.begin();
        world
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lives through all of it; what is wrong, in words.
    pub fn run(&mut self) -> Result<(), String> {
        let result = self.live();
        if result.is_err() {
            self.note(|| "here it ends".to_owned());
        }
        result
    }

    fn live(&mut self) -> Result<(), String> {
        loop {
            self.settle()?;
            self.check_safety()?;
            if self.look_after() {
                continue;
            }
            let next = self.next();
            if next > self.over_at {
                break;
            }
            self.advance(next)?;
            while self.agenda.first_key_value().is_some_and(|((at, _), _)| *at <= next) {
                if let Some((_, event)) = self.agenda.pop_first() {
                    self.happen(event);
                }
            }
        }
        self.check_end()
    }

    pub(super) fn note(&self, what: impl FnOnce() -> String) {
        self.trace.note(self.now(), what);
    }

    /// How it stands with a verification in the store, whether or not the application was told.
    pub(super) fn find(&self, life: usize) -> Option<FlowStatus> {
        let reference = &self.plan.lives[life].new.reference;
        match self.lives[life].id.or(self.lives[life].found) {
            Some(id) => at_once(self.observer.status(id)).ok(),
            None => at_once(self.observer.find(self.plan.vendor.id(), reference)).ok().flatten(),
        }
    }

    fn begin(&mut self) {
        let began = self.now();
        for program in 0..self.plan.programs {
            self.at(began, Event::Boot(program));
        }
        for life in self.plan.lives.clone() {
            self.at(later(began, life.start_after), Event::Start(life.number));
            if let Some(after) = life.delete_after {
                self.at(later(began, after), Event::Delete(life.number));
            }
            for after in life.forge_after {
                self.at(later(began, after), Event::Forge(life.number));
            }
        }
        for (after, nuisance) in self.plan.nuisances.clone() {
            self.at(later(began, after), Event::Nuisance(nuisance));
        }
        if let Some(every) = self.plan.operator {
            self.at(later(began, every), Event::Operator);
        }
    }

    pub(super) fn at(&mut self, at: Timestamp, event: Event) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), event);
    }

    fn soon(&mut self, after: Duration, event: Event) {
        self.at(later(self.now(), after), event);
    }

    /// Lets everybody go on who can.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..MOST_POLLS {
            if !self.executor.step() {
                return Ok(());
            }
        }
        Err("the programs go on without end while no time passes".to_owned())
    }

    /// When something happens next.
    fn next(&mut self) -> Timestamp {
        let work = at_once(self.setting.store.next_due()).unwrap();
        let agenda = self.agenda.keys().next().map(|(at, _)| *at);
        let moments = [self.clock.next_wake(work), self.sandbox.clock().next_due(), agenda];
        let waiting =
            self.sandbox.clock().next_due().is_some() || self.agenda.values().any(|event| !matches!(event, Event::Operator));
        if waiting || self.has_open_flows() {
            self.over_at = later(self.clock.began(), HORIZON);
        } else {
            self.over_at = self.over_at.min(later(self.now(), AFTERMATH));
        }
        moments.into_iter().flatten().min().unwrap_or(Timestamp::MAX)
    }

    fn has_open_flows(&self) -> bool {
        let records = at_once(self.setting.store.list(&Filter::all(), None, 100)).unwrap();
        records.iter().any(|record| record.due.is_some())
    }

    /// Moves time on. What becomes due at the vendor happens meanwhile; callbacks are answered before time has moved.
    fn advance(&mut self, to: Timestamp) -> Result<(), String> {
        let time = self.sandbox.clock();
        let by = Duration::try_from(to.duration_since(self.now())).unwrap_or_default();
        let moved = Arc::new(Mutex::new(false));
        let done = Arc::clone(&moved);
        self.executor.spawn(async move {
            time.advance(by).await;
            *done.lock().unwrap() = true;
        });
        for _ in 0..MOST_POLLS {
            self.clock.wake();
            let went_on = self.executor.step();
            if *moved.lock().unwrap() {
                self.clock.wake();
                return Ok(());
            }
            if !went_on {
                return Err("a callback is not answered at once".to_owned());
            }
        }
        Err("the programs go on without end while a callback is delivered".to_owned())
    }

    /// Sees to what has become known; whether there was any of it.
    fn look_after(&mut self) -> bool {
        let events = std::mem::take(&mut *self.outbox.lock().unwrap());
        let mut any = !events.is_empty();
        for event in events {
            self.happen(event);
        }
        let created = self.ledger.all();
        for creation in &created[self.created.min(created.len())..] {
            any = true;
            let whose = self.plan.lives.iter().find(|life| creation.asks_for(&Vendor::words(&life.new, life.number)));
            match whose.cloned() {
                Some(life) => self.soon(life.acts_after, Event::Act(life.number)),
                None => self.note(|| "the vendor created what nobody asked for".to_owned()),
            }
        }
        self.created = created.len();
        any
    }

    fn happen(&mut self, event: Event) {
        if !matches!(event, Event::Operator) {
            self.note(|| format!("{event:?}"));
        }
        match event {
            Event::Boot(program) => self.boot(program),
            Event::Ended(program) => {
                self.programs.remove(program);
                let wait = self.chance.between_times(MINUTE / 60, 3 * HOUR);
                self.soon(wait, Event::Boot(program));
            }
            Event::Start(life) => self.start(life),
            Event::Started(life, id) => self.lives[life].id = Some(id),
            Event::NotStarted(life, why) => self.lives[life].refused = Some(why),
            Event::Act(life) => self.act(life),
            Event::Forge(life) => self.forge(life),
            Event::Delete(life) => self.delete(life),
            Event::Deleting(life) => self.lives[life].deletion_asked_at = Some(self.now()),
            Event::Abandoned(life) => self.lives[life].abandoned = true,
            Event::Operator => {
                self.operate();
                if let Some(every) = self.plan.operator {
                    self.soon(every, Event::Operator);
                }
            }
            Event::Nuisance(nuisance) => self.annoy(nuisance),
        }
    }

    fn boot(&mut self, number: usize) {
        let process = Process::new(self.deaths.pop_front().unwrap_or(u64::MAX));
        let program = Program { process: process.clone(), flow: None, stop: Arc::new(Notify::new()) };
        self.programs.add(number, program.clone());
        let transport = SandboxTransport {
            vendor: self.plan.vendor,
            sandbox: Arc::clone(&self.sandbox),
            clock: self.clock.clone(),
            weather: self.weather.clone(),
            ledger: self.ledger.clone(),
            trace: self.trace.clone(),
        };
        let environment = Environment::new(transport, self.clock.clone()).with_random(self.chance.fork());
        let client = (self.setting.client)(self.plan.vendor, &self.sandbox, environment);
        let store = YieldingStore(Arc::clone(&self.setting.store));
        let opening = flow(&self.plan, store, client, &self.clock, self.chance.fork());
        let (programs, clock, outbox, workers) =
            (self.programs.clone(), self.clock.clone(), Arc::clone(&self.outbox), self.plan.workers);
        self.executor.spawn(async move {
            let life = async {
                let flow = opening.await.unwrap();
                programs.add(number, Program { flow: Some(flow.clone()), ..program.clone() });
                flow.run(workers, program.stop.notified()).await;
            };
            process.run(&clock, life).await;
            // Whatever else it was doing ends with it.
            process.kill();
            outbox.lock().unwrap().push(Event::Ended(number));
        });
    }

    /// Has a program that serves do something; `false` where there is none.
    pub(super) fn ask<A>(&mut self, work: impl FnOnce(Flow, Arc<Mutex<Vec<Event>>>) -> A) -> bool
    where
        A: Future<Output = ()> + 'static,
    {
        let Some((process, flow)) = self.programs.any() else { return false };
        let (clock, work) = (self.clock.clone(), work(flow, Arc::clone(&self.outbox)));
        self.executor.spawn(async move {
            process.run(&clock, work).await;
        });
        true
    }

    fn start(&mut self, number: usize) {
        let life = self.plan.lives[number].clone();
        if self.lives[number].id.is_some() || self.lives[number].refused.is_some() {
            return;
        }
        if life.insists {
            // Until it is known what became of it.
            self.soon(10 * MINUTE, Event::Start(number));
        }
        let start = Start::new(life.new).retention(life.retention).by("simulation");
        self.ask(move |flow, outbox| async move {
            let event = match flow.start(start).await {
                Ok(started) => Event::Started(number, started.id),
                Err(FlowError::Vendor(error)) => Event::NotStarted(number, kind(&error)),
                Err(error) => panic!("a store that does not fail fails: {error}"),
            };
            outbox.lock().unwrap().push(event);
        });
    }

    fn act(&mut self, number: usize) {
        let Life { scenario, acts_without_link, .. } = self.plan.lives[number];
        let words = Vendor::words(&self.plan.lives[number].new, number);
        let Some(creation) = self.ledger.of(&words).into_iter().next() else { return };
        if self.lives[number].acted_at.is_some() {
            return;
        }
        let knows = acts_without_link || self.plan.vendor == Vendor::VerificarIdentidad;
        if !knows && self.find(number).is_none_or(|status| status.hand_off.is_none()) {
            // Whoever has no link today may have one tomorrow, but not for ever.
            if self.now().duration_since(creation.at) < jiff::SignedDuration::from_hours(72) {
                self.soon(3 * HOUR, Event::Act(number));
            }
            return;
        }
        match self.plan.vendor.act(&self.sandbox, &creation.id, scenario) {
            Ok(_) => {
                self.note(|| format!("person {number} acts: {scenario}"));
                self.lives[number].acted_at = Some(self.now());
            }
            Err(error) => self.note(|| format!("person {number} cannot act: {error}")),
        }
    }

    fn forge(&mut self, number: usize) {
        let reference = self.plan.lives[number].new.reference.clone();
        let words = Vendor::words(&self.plan.lives[number].new, number);
        let id = self.ledger.of(&words).first().map_or_else(|| "1".to_owned(), |creation| creation.id.clone());
        let (mut url, body) = self.plan.vendor.forgery(reference.as_str(), &id);
        if self.setting.leaked {
            url.push_str(&self.proof(reference.as_str()));
        }
        let sandbox = Arc::clone(&self.sandbox);
        self.executor.spawn(async move {
            let answer = match body {
                Some(body) => sandbox.forge_callback(&url, body).await,
                None => sandbox.forge_visit(&url).await,
            };
            answer.unwrap();
        });
    }

    /// What proves a callback to an account's address, as a part of that address.
    fn proof(&self, reference: &str) -> String {
        let client = self.observer.client(self.plan.vendor.id()).unwrap();
        let (name, secret) = client.provider().callbacks().unwrap().guard().parameter_for(reference).unwrap();
        let secret = percent(secret.expose());
        format!("?{name}={secret}")
    }

    fn delete(&mut self, number: usize) {
        if self.lives[number].deletion_asked_at.is_some() {
            return;
        }
        let Some(status) = self.find(number) else { return };
        // Until it is known what became of it.
        self.soon(12 * HOUR, Event::Delete(number));
        self.ask(move |flow, outbox| async move {
            match flow.delete(status.id, "simulation").await {
                Ok(_) => outbox.lock().unwrap().push(Event::Deleting(number)),
                Err(FlowError::Held { .. }) => {}
                Err(error) => panic!("a deletion fails: {error}"),
            }
        });
    }

    fn annoy(&mut self, nuisance: Nuisance) {
        let (Nuisance::Kill(number) | Nuisance::Restart(number) | Nuisance::Hang(number, _)) = nuisance;
        let Some(program) = self.programs.get(number) else { return };
        match nuisance {
            Nuisance::Kill(_) => program.process.kill(),
            Nuisance::Restart(_) => program.stop.notify_one(),
            Nuisance::Hang(_, time) => program.process.hang(later(self.now(), time.min(DAY))),
        }
    }
}

/// A flow as every program of a world opens it.
fn flow(
    plan: &Plan,
    store: YieldingStore,
    client: Client,
    clock: &SandboxClock,
    chance: Chance,
) -> impl Future<Output = idv_flow::Result<Flow>> + use<> {
    let schedule = Plan::schedule(client.provider().profile(), client.capabilities());
    let vault = if plan.sealed { Vault::new(&"5a".repeat(32).into()).unwrap() } else { Vault::plain() };
    let builder = Flow::builder(store).client(client).schedule(plan.vendor.id(), schedule).vault(vault);
    builder.random(Arc::new(chance)).open(Arc::new(clock.for_the_idle()))
}

/// A value of a query.
fn percent(value: &str) -> String {
    value.replace(' ', "%20")
}

pub(super) fn kind(error: &Error) -> String {
    format!("{:?} {:?}", error.kind(), error.effect())
}

/// Runs what waits for nobody.
pub fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..MOST_POLLS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("it waits for somebody");
}
