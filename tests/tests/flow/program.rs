//! The application's programs. Each opens an engine over the store, processes due work and receives
//! callbacks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use http::{Request, StatusCode};
use idv::{Clock as _, Delivery};
use idv_flow::Engine;
use tokio::sync::Notify;

use super::clock::SandboxClock;
use super::executor::Process;
use super::random::Chance;
use super::trace::Trace;
use super::vendor::Vendor;

/// The running programs. Clones share their state.
#[derive(Clone)]
pub struct Programs(Arc<Shared>);

struct Shared {
    clock: OnceLock<SandboxClock>,
    chance: Chance,
    trace: Trace,
    running: Mutex<BTreeMap<usize, Program>>,
}

/// A running program.
#[derive(Clone)]
pub struct Program {
    pub process: Process,
    /// The engine, once it is open.
    pub flow: Option<Engine>,
    /// Asks the program to stop.
    pub stop: Arc<Notify>,
}

impl Programs {
    pub fn new(chance: Chance, trace: Trace) -> Self {
        let (clock, running) = (OnceLock::new(), Mutex::default());
        Self(Arc::new(Shared {
            clock,
            chance,
            trace,
            running,
        }))
    }

    pub fn set_clock(&self, clock: SandboxClock) {
        self.0.clock.set(clock).unwrap();
    }

    pub fn add(&self, number: usize, program: Program) {
        self.0.running.lock().unwrap().insert(number, program);
    }

    pub fn remove(&self, number: usize) {
        self.0.running.lock().unwrap().remove(&number);
    }

    pub fn get(&self, number: usize) -> Option<Program> {
        self.0.running.lock().unwrap().get(&number).cloned()
    }

    pub fn hangs(&self, number: usize) -> bool {
        let now = self.0.clock.get().map(SandboxClock::now);
        self.get(number)
            .zip(now)
            .is_some_and(|(program, now)| program.process.hangs_at(now).is_some())
    }

    /// Returns one of the programs that serve this vendor now.
    pub fn any(&self, vendor: Vendor) -> Option<(Process, Engine)> {
        let now = self.0.clock.get()?.now();
        let running = self.0.running.lock().unwrap();
        let serves = |program: &Program| {
            let up = program.process.is_alive() && program.process.hangs_at(now).is_none();
            program
                .flow
                .clone()
                .filter(|flow| up && flow.client(vendor.id()).is_ok())
                .map(|flow| (program.process.clone(), flow))
        };
        let serving: Vec<_> = running.values().filter_map(serves).collect();
        drop(running);
        (!serving.is_empty()).then(|| serving[self.0.chance.index(serving.len())].clone())
    }

    /// Receives a callback, as the application's route does.
    pub async fn receive(self, request: Request<Bytes>) -> Option<StatusCode> {
        let Shared { clock, trace, .. } = &*self.0;
        let clock = clock.get()?;
        let vendor = Vendor::of_callback(request.uri().path())?;
        let Some((process, flow)) = self.any(vendor) else {
            trace.note(clock.now(), || "a callback reached no program".to_owned());
            return None;
        };
        let (head, body) = request.into_parts();
        let delivery = Delivery::callback(head.method, head.uri, head.headers, body);
        let answer = process
            .answer(clock, flow.receive(vendor.id(), &delivery))
            .await;
        if !process.is_alive() {
            trace.note(clock.now(), || {
                "a program crashed during: receive".to_owned()
            });
        }
        let status =
            answer.map(|reply| reply.map_or(StatusCode::SERVICE_UNAVAILABLE, |reply| reply.status));
        trace.note(clock.now(), || {
            format!("a callback was answered with {status:?}")
        });
        status
    }
}
