//! A world: vendors, programs over one store, people, an attacker, and time.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use idv::{Client, Clock as _, Environment, Timestamp};
use idv_flow::store::{Filter, FlowStore as _, Store, TimerStore as _};
use idv_flow::{Engine, FlowId, FlowStatus, Vault};
use idv_sandbox::Sandbox;
use tokio::runtime::Handle;

use super::clock::{SandboxClock, later};
use super::executor::{Executor, Fate};
use super::media::Connected;
use super::plan::{Configuration, MINUTE, Nuisance, Plan};
use super::program::Programs;
use super::random::Chance;
use super::store::SimulatedStore;
use super::trace::Trace;
use super::transport::{Ledger, SandboxTransport, Weather};
use super::vendor::Vendor;

/// The maximum number of polls without time passing. A program that needs more is in a loop.
const MOST_POLLS: u32 = 100_000;
/// The maximum duration of a world.
const HORIZON: Duration = Duration::from_secs(100 * 24 * 60 * 60);
/// The time that a world continues after its last pending work, since errors may show late.
const AFTERMATH: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// The options of a world.
pub struct Setting {
    pub store: Arc<dyn Store>,
    /// Creates a program's client. Default: [`Vendor::client`].
    pub client: fn(Vendor, &Sandbox, Environment) -> Client,
    /// Whether events are recorded.
    pub traced: bool,
    /// Whether the attacker knows the callback secret.
    pub leaked: bool,
    /// Runs the store's transactions, if it is a database.
    pub runtime: Option<Handle>,
    #[allow(dead_code, reason = "dropping it closes the store's connections")]
    pub connected: Option<Connected>,
}

impl Setting {
    pub fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            client: Vendor::client,
            traced: false,
            leaked: false,
            runtime: None,
            connected: None,
        }
    }
}

pub struct World {
    pub plan: Plan,
    pub setting: Setting,
    pub sandbox: Arc<Sandbox>,
    pub clock: SandboxClock,
    pub trace: Trace,
    pub ledger: Ledger,
    /// The store without faults.
    pub store: SimulatedStore,
    /// Reads the store and runs no work.
    pub observer: Engine,
    pub lives: Vec<Standing>,
    pub(super) programs: Programs,
    pub(super) chance: Chance,
    /// The faults of each vendor, in the order of the plan's vendors.
    weather: Vec<Weather>,
    pub(super) executor: Executor,
    agenda: BTreeMap<(Timestamp, u64), Event>,
    planned: u64,
    pub(super) fates: VecDeque<Fate>,
    /// The events that programs report to the world.
    pub(super) outbox: Arc<Mutex<Vec<Event>>>,
    over_at: Timestamp,
    created: usize,
}

/// The state of one verification.
#[derive(Default)]
pub struct Standing {
    /// The id that the application received.
    pub id: Option<FlowId>,
    /// The id as the observer found it, if the application did not receive it.
    pub(super) found: Option<FlowId>,
    /// The reason that the application received for the refusal.
    pub refused: Option<String>,
    /// When the person began to act.
    pub acted_at: Option<Timestamp>,
    /// When the engine accepted the application's request for deletion.
    pub deletion_asked_at: Option<Timestamp>,
    pub abandoned: bool,
    /// The version that was checked last.
    pub(super) seen: Option<u64>,
}

/// An event of a world.
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
    NotDeleting(#[allow(dead_code, reason = "the trace shows it")] String),
    Abandoned(usize),
    Nuisance(Nuisance),
    Operator,
    /// A program's connection to the store has failed for good.
    Broken(usize),
    Ended(usize),
}

impl World {
    pub fn new(vendor: Vendor, seed: u64, setting: Setting) -> Self {
        let began = Timestamp::from_second(1_767_225_600).unwrap();
        let plan = Plan::of(vendor, seed, began);
        let chance = Chance::new(seed.wrapping_add(77));
        let trace = if setting.traced {
            Trace::kept()
        } else {
            Trace::default()
        };
        let programs = Programs::new(chance.fork(), trace.clone());
        let receive = programs.clone();
        let sandbox = Sandbox::builder()
            .in_process()
            .start_time(began)
            .seed(seed)
            .deliver_callbacks_to(move |request| receive.clone().receive(request));
        let sandbox = Arc::new(at_once(sandbox.start()).unwrap());
        let clock = SandboxClock::new(sandbox.clock());
        programs.set_clock(clock.clone());
        let weather = plan.vendors.iter().enumerate().map(|(number, _)| {
            // Each outage affects one vendor.
            let outages = plan.outages.iter().skip(number).step_by(plan.vendors.len());
            let outages = outages.cloned().collect();
            Weather::new(chance.fork(), plan.trouble, plan.calm_from, outages)
        });
        let weather = weather.collect();
        let clients = plan.vendors.iter().map(|vendor| {
            let calm = SandboxTransport {
                vendor: *vendor,
                sandbox: Arc::clone(&sandbox),
                clock: clock.clone(),
                weather: Weather::calm(),
                ledger: Ledger::default(),
                trace: Trace::default(),
            };
            vendor.report_to_us(&sandbox);
            vendor.client(
                &sandbox,
                Environment::new(calm, clock.clone()).with_random(chance.fork()),
            )
        });
        let clients = clients.collect();
        for fault in &plan.callback_faults {
            sandbox.plan(fault.clone());
        }
        let store = SimulatedStore::new(
            Arc::clone(&setting.store),
            setting.runtime.clone(),
            sandbox.clock(),
        );
        let observer = flow(&plan, store.clone(), clients, clock.clone(), chance.fork());
        let observer = at_once(observer).unwrap();
        let mut world = Self {
            lives: plan.lives.iter().map(|_| Standing::default()).collect(),
            executor: Executor::new(chance.fork()),
            agenda: BTreeMap::new(),
            planned: 0,
            fates: plan.fates.iter().copied().collect(),
            outbox: Arc::default(),
            over_at: later(began, HORIZON),
            created: 0,
            plan,
            setting,
            sandbox,
            clock,
            trace,
            ledger: Ledger::default(),
            store,
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

    /// Simulates the whole world. Returns the violated property, if any.
    pub fn run(&mut self) -> Result<(), String> {
        let result = self.live();
        if result.is_err() {
            self.note(|| "the world ends here".to_owned());
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
            while self
                .agenda
                .first_key_value()
                .is_some_and(|((at, _), _)| *at <= next)
            {
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

    /// Returns the state of a verification in the store, whether or not the application knows its
    /// id.
    pub(super) fn find(&self, life: usize) -> Option<FlowStatus> {
        let reference = &self.plan.lives[life].new.reference;
        match self.lives[life].id.or(self.lives[life].found) {
            Some(id) => at_once(self.observer.status(id)).ok(),
            None => at_once(
                self.observer
                    .find(self.plan.lives[life].vendor.id(), reference),
            )
            .ok()
            .flatten(),
        }
    }

    fn begin(&mut self) {
        let began = self.now();
        for program in 0..self.plan.programs.len() {
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

    /// Returns a program's transport to a vendor.
    pub(super) fn transport(&self, vendor: Vendor) -> SandboxTransport {
        let number = self.plan.vendors.iter().position(|known| *known == vendor);
        SandboxTransport {
            vendor,
            sandbox: Arc::clone(&self.sandbox),
            clock: self.clock.clone(),
            weather: self.weather[number.unwrap()].clone(),
            ledger: self.ledger.clone(),
            trace: self.trace.clone(),
        }
    }

    pub(super) fn at(&mut self, at: Timestamp, event: Event) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), event);
    }

    pub(super) fn soon(&mut self, after: Duration, event: Event) {
        self.at(later(self.now(), after), event);
    }

    /// Polls tasks until all of them wait.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..MOST_POLLS {
            if !self.executor.step() {
                return Ok(());
            }
        }
        Err("the programs do not become idle while time stands still".to_owned())
    }

    /// Returns the time of the next event, and moves the end of the world while work is pending.
    fn next(&mut self) -> Timestamp {
        let work = self.work();
        let agenda = self.agenda.keys().next().map(|(at, _)| *at);
        let vendor = self.sandbox.clock().next_due();
        let moments = [self.clock.next_wake(&work), vendor, agenda];
        // Later events of a vendor are its housekeeping.
        let soon = vendor.is_some_and(|at| at < later(self.now(), AFTERMATH));
        let hangs = (0..self.plan.programs.len()).any(|number| self.programs.hangs(number));
        let waiting = soon
            || hangs
            || self
                .agenda
                .values()
                .any(|event| !matches!(event, Event::Operator));
        if waiting || self.has_open_flows() {
            self.over_at = later(self.clock.began(), HORIZON);
        } else {
            self.over_at = self.over_at.min(later(self.now(), AFTERMATH));
        }
        moments
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// Returns when each idle program finds work by its own clock.
    fn work(&self) -> BTreeMap<usize, Timestamp> {
        let (programs, now) = (self.clock.idle_programs().into_iter(), self.now());
        let due = programs.filter_map(|program| {
            let Configuration { vendors, skew, .. } = self.plan.programs.get(program)?;
            let accounts: Vec<_> = vendors.iter().map(|vendor| vendor.id()).collect();
            let sweeps = accounts.iter().map(|account| format!("sweep:{account}"));
            let timers: Vec<_> = sweeps
                .chain(["audit", "inbox", "keys"].map(String::from))
                .collect();
            let timers: Vec<&str> = timers.iter().map(String::as_str).collect();
            let due = at_once(self.store.next_due(&accounts, &timers)).unwrap()?;
            let due = due.checked_sub(skew.drift).unwrap_or(due);
            // Idle programs leave due work if a vendor is down: they need not look each second.
            let due = if due <= now {
                later(now, MINUTE / 6)
            } else {
                due
            };
            Some((program, due))
        });
        due.collect()
    }

    fn has_open_flows(&self) -> bool {
        let records = at_once(self.store.list(&Filter::all(), None, 100)).unwrap();
        records.iter().any(|record| record.due.is_some())
    }

    /// Advances time. The vendors process their due events, and wait for the responses to their
    /// callbacks.
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
                return Err("the programs became idle before they answered a callback".to_owned());
            }
        }
        Err("the programs do not become idle while a callback is delivered".to_owned())
    }

    /// Processes new events of programs and new verifications at vendors. Returns whether there
    /// were any.
    fn look_after(&mut self) -> bool {
        let events = std::mem::take(&mut *self.outbox.lock().unwrap());
        let mut any = !events.is_empty();
        for event in events {
            self.happen(event);
        }
        let created = self.ledger.all();
        for creation in &created[self.created.min(created.len())..] {
            any = true;
            let whose = self
                .plan
                .lives
                .iter()
                .find(|life| creation.asks_for(&Vendor::words(&life.new, life.number)));
            match whose.cloned() {
                Some(life) => self.soon(life.acts_after, Event::Act(life.number)),
                None => self.note(|| {
                    "the vendor created a verification of no person in the plan".to_owned()
                }),
            }
        }
        self.created = created.len();
        any
    }
}

/// Opens the engine of a program.
pub(super) fn flow(
    plan: &Plan,
    store: SimulatedStore,
    clients: Vec<Client>,
    clock: SandboxClock,
    chance: Chance,
) -> impl Future<Output = idv_flow::Result<Engine>> + use<> {
    let vault = if plan.sealed {
        Vault::new(&"5a".repeat(32).into()).unwrap()
    } else {
        Vault::plain()
    };
    let mut builder = Engine::builder(store)
        .vault(vault)
        .random(Arc::new(chance))
        .clock(Arc::new(clock));
    for client in clients {
        let (id, schedule) = (
            client.info().provider.clone(),
            Plan::schedule(client.info()),
        );
        builder = builder.client(client).schedule(id.as_str(), schedule);
    }
    builder.open()
}

/// Runs a future that waits for no other task.
pub fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..MOST_POLLS {
        if let Poll::Ready(output) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return output;
        }
    }
    panic!("the future waits for another task");
}
