//! The events of a simulated world: programs start and crash, people act, attackers forge messages.

use std::sync::{Arc, Mutex};

use idv::{Clock as _, Environment, Error, HandOffKind};
use idv_flow::{Engine, FlowError, StartRequest};
use tokio::sync::Notify;

use super::clock::later;
use super::executor::Process;
use super::plan::{Configuration, DAY, HOUR, Life, MINUTE, Nuisance};
use super::program::Program;
use super::store::StoreFaults;
use super::vendor::Vendor;
use super::world::{Event, World, flow};

impl World {
    pub(super) fn happen(&mut self, event: Event) {
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
            // The deletion is already scheduled again.
            Event::NotDeleting(_) => {}
            Event::Abandoned(life) => self.lives[life].abandoned = true,
            Event::Operator => {
                self.operate();
                if let Some(every) = self.plan.operator {
                    self.soon(every, Event::Operator);
                }
            }
            Event::Nuisance(nuisance) => self.annoy(nuisance),
            // The health check fails, so the program is killed and restarted.
            Event::Broken(program) => {
                let wait = self.chance.between_times(MINUTE, HOUR);
                self.soon(wait, Event::Nuisance(Nuisance::Kill(program)));
            }
        }
    }

    fn boot(&mut self, number: usize) {
        let process = Process::new(self.fates.pop_front());
        let program = Program {
            process: process.clone(),
            flow: None,
            stop: Arc::new(Notify::new()),
        };
        self.programs.add(number, program.clone());
        let Configuration {
            vendors,
            workers,
            skew,
        } = self.plan.programs[number].clone();
        let own = self.clock.skewed(skew);
        let clients = vendors.iter().map(|vendor| {
            let transport = self.transport(*vendor);
            let environment =
                Environment::new(transport, own.clone()).with_random(self.chance.fork());
            (self.setting.client)(*vendor, &self.sandbox, environment)
        });
        let faults = StoreFaults::new(
            number,
            self.chance.fork(),
            self.plan.store_faults,
            self.plan.calm_from,
            Arc::clone(&self.outbox),
            self.trace.clone(),
        );
        let store = self.store.with_faults(faults);
        let opening = flow(
            &self.plan,
            store,
            clients.collect(),
            own.for_idle(number),
            self.chance.fork(),
        );
        let (programs, clock, outbox) = (
            self.programs.clone(),
            self.clock.clone(),
            Arc::clone(&self.outbox),
        );
        self.executor.spawn(async move {
            let life = async {
                let flow = match opening.await {
                    Ok(flow) => flow,
                    Err(FlowError::Store(_)) => return,
                    Err(error) => panic!("the engine could not be opened: {error}"),
                };
                programs.add(
                    number,
                    Program {
                        flow: Some(flow.clone()),
                        ..program.clone()
                    },
                );
                flow.run(workers, program.stop.notified()).await;
            };
            process.run(&clock, life).await;
            // All other tasks of the program end with it.
            process.kill();
            outbox.lock().unwrap().push(Event::Ended(number));
        });
    }

    /// Has a running program do the work. Returns `false` if no program runs.
    pub(super) fn ask<A>(
        &mut self,
        vendor: Vendor,
        what: &'static str,
        work: impl FnOnce(Engine, Arc<Mutex<Vec<Event>>>) -> A,
    ) -> bool
    where
        A: Future<Output = ()> + 'static,
    {
        let Some((process, flow)) = self.programs.any(vendor) else {
            return false;
        };
        let (clock, trace, work) = (
            self.clock.clone(),
            self.trace.clone(),
            work(flow, Arc::clone(&self.outbox)),
        );
        self.executor.spawn(async move {
            if process.run(&clock, work).await.is_none() {
                trace.note(clock.now(), || format!("a program crashed during: {what}"));
            }
        });
        true
    }

    fn start(&mut self, number: usize) {
        let life = self.plan.lives[number].clone();
        if self.lives[number].id.is_some() || self.lives[number].refused.is_some() {
            return;
        }
        if life.insists {
            // The start is repeated until the application knows its result.
            self.soon(10 * MINUTE, Event::Start(number));
        }
        let start = StartRequest::new(life.new)
            .at(life.vendor.id())
            .retention(life.retention)
            .evidence(life.evidence)
            .by("simulation");
        self.ask(life.vendor, "start", move |flow, outbox| async move {
            let event = match flow.start(start).await {
                Ok(started) => Event::Started(number, started.id),
                Err(FlowError::Vendor(error)) => Event::NotStarted(number, kind(&error)),
                // The store or the clock failed; the flow may exist.
                Err(FlowError::Store(_) | FlowError::WrongClock { .. }) => return,
                Err(error) => Event::NotStarted(number, error.to_string()),
            };
            outbox.lock().unwrap().push(event);
        });
    }

    fn act(&mut self, number: usize) {
        let Life {
            vendor,
            scenario,
            acts_without_link,
            ..
        } = self.plan.lives[number];
        let words = Vendor::words(&self.plan.lives[number].new, number);
        let Some(creation) = self.ledger.of(&words).into_iter().next() else {
            return;
        };
        if self.lives[number].acted_at.is_some() {
            return;
        }
        let knows =
            acts_without_link || vendor.info().hand_off == HandOffKind::VendorContactsPerson;
        if !knows
            && self
                .find(number)
                .is_none_or(|status| status.hand_off.is_none())
        {
            // The person waits for the link for three days.
            if self.now().duration_since(creation.at) < jiff::SignedDuration::from_hours(72) {
                self.soon(3 * HOUR, Event::Act(number));
            }
            return;
        }
        match vendor.act(&self.sandbox, &creation.id, scenario) {
            Ok(_) => {
                self.note(|| format!("person {number} acts: {scenario}"));
                self.lives[number].acted_at = Some(self.now());
            }
            Err(error) => self.note(|| format!("person {number} cannot act: {error}")),
        }
    }

    fn forge(&mut self, number: usize) {
        let Life { vendor, new, .. } = &self.plan.lives[number];
        let (vendor, reference) = (*vendor, new.reference.clone());
        let id = self
            .ledger
            .of(&Vendor::words(new, number))
            .first()
            .map_or_else(|| "1".to_owned(), |creation| creation.id.clone());
        let mut forged = vendor.forgery(&self.sandbox, reference.as_str(), &id);
        if self.setting.leaked {
            forged.url.push_str(&self.proof(vendor, reference.as_str()));
        }
        let sandbox = Arc::clone(&self.sandbox);
        self.executor.spawn(async move {
            sandbox.forge(&forged).await.unwrap();
        });
    }

    /// Returns the query that authenticates a callback.
    fn proof(&self, vendor: Vendor, reference: &str) -> String {
        let client = self.observer.client(vendor.id()).unwrap();
        let (name, secret) = client
            .provider()
            .capabilities()
            .callbacks
            .unwrap()
            .auth()
            .parameter_for(reference)
            .unwrap();
        let secret = percent(secret.expose());
        format!("?{name}={secret}")
    }

    fn delete(&mut self, number: usize) {
        if self.lives[number].deletion_asked_at.is_some() {
            return;
        }
        let Some(status) = self.find(number) else {
            return;
        };
        // The deletion is repeated until the application knows its result.
        self.soon(12 * HOUR, Event::Delete(number));
        let vendor = self.plan.lives[number].vendor;
        self.ask(vendor, "delete", move |flow, outbox| async move {
            match flow.delete(status.id, "simulation").await {
                Ok(_) => outbox.lock().unwrap().push(Event::Deleting(number)),
                Err(FlowError::Held { .. }) => {}
                Err(error) => outbox
                    .lock()
                    .unwrap()
                    .push(Event::NotDeleting(error.to_string())),
            }
        });
    }

    fn annoy(&mut self, nuisance: Nuisance) {
        let (Nuisance::Kill(number) | Nuisance::Restart(number) | Nuisance::Hang(number, _)) =
            nuisance;
        let Some(program) = self.programs.get(number) else {
            return;
        };
        match nuisance {
            Nuisance::Kill(_) => program.process.kill(),
            Nuisance::Restart(_) => program.stop.notify_one(),
            Nuisance::Hang(_, time) => program.process.hang(later(self.now(), time.min(DAY))),
        }
    }
}

/// Encodes the spaces of a value in a query.
fn percent(value: &str) -> String {
    value.replace(' ', "%20")
}

pub(super) fn kind(error: &Error) -> String {
    format!("{:?} {:?}", error.kind(), error.effect())
}
