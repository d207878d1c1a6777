//! A vendor for tests: a small adapter over a transport that is the vendor itself, in memory, with
//! a manual clock.
//!
//! Each test chooses the vendor's capabilities, and can make each call fail before or after its
//! effect.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod adapter;
pub(crate) mod meddled;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use idv_core::call::CallPolicy;
use idv_core::*;
use idv_flow::store::MemoryStore;
use idv_flow::{Engine, EngineBuilder, FlowId, StartRequest};
use idv_testkit::ManualClock;
use serde_json::{Value, json};

use adapter::Example;
pub(crate) use adapter::Kind;

pub(crate) const SECRET: &str = "a-callback-secret-of-the-tests";
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// The fate of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The request does not arrive.
    Refused,
    /// The request arrives and takes effect, and the answer is lost.
    AnswerLost,
    /// The request arrives and takes effect, and no answer ever comes.
    Hang,
    /// Each piece of the answer takes this long.
    Slow(Duration),
    /// The request never arrives, and no answer ever comes.
    HangBefore,
    /// The vendor answers with this status, without an effect.
    Status(u16),
}

#[derive(Debug, Default)]
struct World {
    /// The verifications by the vendor's id: our reference and the state.
    made: BTreeMap<String, (String, String)>,
    fates: VecDeque<(&'static str, Fate)>,
    calls: Vec<String>,
    keyed: bool,
    deletes: bool,
    /// Whether the first deletion only cancels the verification.
    cancels_first: bool,
    /// The number of deletions that the vendor accepts before it carries one out.
    accepts: u32,
    /// Our reference by the handle of its result.
    results: BTreeMap<String, String>,
    fetched: Vec<String>,
    /// The kind and the content of each file, by its id.
    files: BTreeMap<String, (String, Bytes)>,
    downloads: Vec<String>,
    /// The statuses with which the vendor answers the download of a file.
    refusals: BTreeMap<String, u16>,
    clock: Option<ManualClock>,
}

/// The vendor. Clones share their state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vendor(Arc<Mutex<World>>);

impl Vendor {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the fate of the next call of this operation.
    pub(crate) fn next(&self, operation: &'static str, fate: Fate) -> &Self {
        self.world().fates.push_back((operation, fate));
        self
    }

    /// Clears the planned failures.
    pub(crate) fn recovers(&self) {
        let mut world = self.world();
        world.fates.clear();
        world.refusals.clear();
    }

    /// Returns the number of calls of an operation.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.world()
            .calls
            .iter()
            .filter(|call| *call == operation)
            .count()
    }

    /// Returns the fetched handles, in order.
    pub(crate) fn fetched(&self) -> Vec<String> {
        self.world().fetched.clone()
    }

    /// Adds the result of a reference under a handle.
    pub(crate) fn has_result(&self, handle: &str, reference: &Reference) {
        self.world()
            .results
            .insert(handle.to_owned(), reference.as_str().to_owned());
    }

    /// Adds a file, which reports list from now on.
    pub(crate) fn has_file(&self, id: &str, kind: &str, content: impl Into<Bytes>) {
        self.world()
            .files
            .insert(id.to_owned(), (kind.to_owned(), content.into()));
    }

    /// Answers each download of a file with this status.
    pub(crate) fn refuses_file(&self, id: &str, status: u16) {
        self.world().refusals.insert(id.to_owned(), status);
    }

    fn clock(&self) -> Option<ManualClock> {
        self.world().clock.clone()
    }

    /// Returns the downloaded files, in order.
    pub(crate) fn downloads(&self) -> Vec<String> {
        self.world().downloads.clone()
    }

    /// Returns the verifications under a reference.
    pub(crate) fn made(&self, reference: &Reference) -> Vec<String> {
        let world = self.world();
        world
            .made
            .iter()
            .filter(|(_, (made, _))| made == reference.as_str())
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Adds another verification under our reference, as a vendor without unique references may
    /// have it.
    pub(crate) fn plant(&self, reference: &Reference, id: &str) {
        self.world().made.insert(
            id.to_owned(),
            (reference.as_str().to_owned(), "waiting".to_owned()),
        );
    }

    /// Changes the state of a verification.
    pub(crate) fn becomes(&self, reference: &Reference, state: &str) {
        for (made, now) in self.world().made.values_mut() {
            if made == reference.as_str() {
                *now = state.to_owned();
            }
        }
    }

    pub(crate) fn deletes_after(&self, accepted: u32) {
        self.world().accepts = accepted;
    }

    pub(crate) fn cancels_first(&self) {
        self.world().cancels_first = true;
    }

    fn answer(&self, operation: &str, argument: &str) -> Value {
        let world = &mut *self.world();
        let files: Vec<Value> = world
            .files
            .iter()
            .map(|(id, (kind, _))| json!({"id": id, "kind": kind}))
            .collect();
        let known = |id: &str, (reference, state): &(String, String)| json!({"id": id, "reference": reference, "state": state, "evidence": files});
        match operation {
            "create" => {
                let there = world
                    .made
                    .iter()
                    .find(|(_, (reference, _))| world.keyed && reference == argument);
                if let Some((id, made)) = there {
                    return known(id, made);
                }
                let id = format!("v{}", world.made.len() + 1);
                world
                    .made
                    .insert(id.clone(), (argument.to_owned(), "waiting".to_owned()));
                known(&id, &world.made[&id])
            }
            "poll" => world
                .made
                .get(argument)
                .map_or(Value::Null, |made| known(argument, made)),
            "fetch" => {
                let known = world.results.get(argument);
                known.map_or(
                    Value::Null,
                    |reference| json!({"reference": reference, "state": "passed"}),
                )
            }
            "find" => world
                .made
                .iter()
                .filter(|(_, (made, _))| made == argument)
                .map(|(id, made)| known(id, made))
                .collect(),
            "list" => world
                .made
                .iter()
                .map(|(id, made)| known(id, made))
                .collect(),
            "delete" if world.cancels_first => {
                world.cancels_first = false;
                json!("canceled")
            }
            "delete" if world.accepts > 0 => {
                world.accepts -= 1;
                json!("accepted")
            }
            "delete" => world
                .made
                .remove(argument)
                .map_or(Value::Null, |_| json!("deleted")),
            other => panic!("the vendor has no operation {other}"),
        }
    }
}

#[async_trait]
impl Transport for Vendor {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let path = request.uri().path().trim_start_matches('/').to_owned();
        let (operation, argument) = path.split_once('/').unwrap_or((&path, ""));
        let fate = {
            let mut world = self.world();
            world.calls.push(operation.to_owned());
            if operation == "fetch" {
                world.fetched.push(argument.to_owned());
            }
            let position = world.fates.iter().position(|(of, _)| *of == operation);
            position
                .and_then(|position| world.fates.remove(position))
                .map(|(_, fate)| fate)
        };
        match fate {
            Some(Fate::Refused) => {
                return Err(TransportError::new(Sent::No, TransportCause::Connect));
            }
            Some(Fate::HangBefore) => std::future::pending::<()>().await,
            Some(Fate::Status(status)) => {
                return Ok(Response::builder()
                    .status(status)
                    .body(Bytes::new().into())
                    .unwrap());
            }
            _ => {}
        }
        if operation == "evidence" {
            let (file, refusal) = {
                let mut world = self.world();
                world.downloads.push(argument.to_owned());
                let file = world.files.get(argument);
                let file = file.map(|(_, content)| content.clone());
                (file, world.refusals.get(argument).copied())
            };
            let Some(content) = file.filter(|_| refusal.is_none()) else {
                return Ok(Response::builder()
                    .status(refusal.unwrap_or(404))
                    .body(Bytes::new().into())
                    .unwrap());
            };
            return Ok(Response::new(Body::chunks(Content {
                rest: content,
                fate,
                clock: self.clock(),
            })));
        }
        let answer = self.answer(operation, argument);
        match fate {
            Some(Fate::AnswerLost) => Err(TransportError::new(
                Sent::Maybe,
                TransportCause::Interrupted,
            )),
            Some(Fate::Hang) => std::future::pending().await,
            _ => {
                // Yields to other tasks, as a network does.
                tokio::task::yield_now().await;
                Ok(Response::new(Bytes::from(answer.to_string()).into()))
            }
        }
    }
}

/// The content of a file, in pieces.
struct Content {
    rest: Bytes,
    /// The fate of the last piece.
    fate: Option<Fate>,
    clock: Option<ManualClock>,
}

#[async_trait]
impl Chunks for Content {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        let piece = if matches!(self.fate, Some(Fate::Slow(_))) {
            30_000
        } else {
            300_000
        };
        tokio::task::yield_now().await;
        if let (Some(Fate::Slow(time)), Some(clock)) = (self.fate, &self.clock) {
            clock.sleep(time).await;
        }
        if self.rest.len() > piece {
            return Ok(Some(self.rest.split_to(piece)));
        }
        match self.fate {
            Some(Fate::AnswerLost) => Err(TransportError::new(
                Sent::Maybe,
                TransportCause::Interrupted,
            )),
            Some(Fate::Hang) => std::future::pending().await,
            _ => Ok(Some(std::mem::take(&mut self.rest)).filter(|rest| !rest.is_empty())),
        }
    }
}

/// Bits that are the same in every run, so that every run takes the same decisions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits(Arc<AtomicU64>);

impl Random for Bits {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            // SplitMix64.
            let mut bits = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (bits >> 56) as u8;
        }
    }
}

/// A vendor, a clock and a store, and the engines that use them.
#[derive(Debug, Clone)]
pub(crate) struct Bench {
    pub(crate) vendor: Vendor,
    pub(crate) clock: ManualClock,
    pub(crate) store: MemoryStore,
    pub(crate) kind: Kind,
    pub(crate) bits: Bits,
}

impl Bench {
    pub(crate) fn new(kind: Kind) -> Self {
        let vendor = Vendor::default();
        vendor.world().keyed = kind.safety == CreateSafety::Keyed;
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
        vendor.world().clock = Some(clock.clone());
        Self {
            vendor,
            clock,
            store: MemoryStore::default(),
            kind,
            bits: Bits::default(),
        }
    }

    /// Returns the same vendor, clock and store, for a program with another version of the adapter.
    pub(crate) fn with(&self, kind: Kind) -> Self {
        Self {
            kind,
            ..self.clone()
        }
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(self.clock.clone(), CallPolicy::default())
    }

    /// Returns a client with another clock.
    pub(crate) fn client_with(&self, clock: impl Clock, mut policy: CallPolicy) -> Client {
        let environment =
            Environment::new(self.vendor.clone(), clock).with_random(self.bits.clone());
        // Each call is one attempt, so that tests choose its fate.
        policy.max_attempts = 1;
        Client::new(Example::new(self.kind.clone()), environment, policy)
    }

    pub(crate) fn builder(&self) -> EngineBuilder {
        Engine::builder(self.store.clone())
            .client(self.client())
            .random(Arc::new(self.bits.clone()))
    }

    /// Opens a program over the same store.
    pub(crate) async fn flow(&self) -> Engine {
        self.open(self.builder()).await
    }

    pub(crate) async fn open(&self, builder: EngineBuilder) -> Engine {
        builder
            .clock(Arc::new(self.clock.clone()))
            .open()
            .await
            .unwrap()
    }

    /// Advances the clock in steps, and processes all due work at each step.
    pub(crate) async fn pass(&self, flow: &Engine, time: Duration) {
        let steps = 60;
        for _ in 0..steps {
            flow.run_due().await.unwrap();
            self.clock.advance(time / steps);
        }
        flow.run_due().await.unwrap();
    }
}

/// Starts a verification.
pub(crate) async fn start(flow: &Engine) -> (FlowId, Reference) {
    let new = new_verification(flow);
    let reference = new.reference.clone();
    (flow.start(new).await.unwrap().id, reference)
}

pub(crate) fn new_verification(flow: &Engine) -> NewVerification {
    let mut new = NewVerification::new(flow.reference());
    new.person.family_name = Some("Mustermann".into());
    new
}

/// Returns the vendor's message about a verification, with its secret.
pub(crate) fn message(reference: &Reference, id: Option<&str>, state: &str) -> Delivery {
    said(reference, id, state, SECRET)
}

pub(crate) fn said(reference: &Reference, id: Option<&str>, state: &str, secret: &str) -> Delivery {
    let mut body = json!({"reference": reference.as_str(), "state": state});
    if let Some(id) = id {
        body["id"] = json!(id);
    }
    delivery(body.to_string(), secret)
}

/// Returns a message of the vendor, with a secret in its URL.
pub(crate) fn delivery(body: impl Into<Bytes>, secret: &str) -> Delivery {
    let uri = format!("/callbacks/example?secret={secret}")
        .parse()
        .unwrap();
    Delivery::callback(http::Method::POST, uri, http::HeaderMap::new(), body)
}

/// Returns the return of the person's browser with the handle of a result.
pub(crate) fn returning(reference: &Reference, handle: &str) -> Delivery {
    Delivery::returning(
        format!(
            "/returns/example?reference={}&handle={handle}",
            reference.as_str()
        )
        .parse()
        .unwrap(),
    )
}

/// Returns the reasons of the operator's tasks, one word each.
pub(crate) async fn attention(flow: &Engine) -> Vec<&'static str> {
    flow.operator()
        .await
        .unwrap()
        .iter()
        .map(|item| item.attention.name())
        .collect()
}

pub(crate) async fn settle(start: impl Into<StartRequest>, flow: &Engine) -> FlowId {
    flow.start(start).await.unwrap().id
}
