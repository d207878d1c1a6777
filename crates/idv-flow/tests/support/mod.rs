//! A vendor for tests: an adapter of a dozen lines over a transport that is the vendor itself, in memory, with a clock that is moved
//! by hand. What it can do is chosen per test, and each call can be made to fail before or after its effect.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "it is a test's own")]

pub(crate) mod meddled;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use idv_core::call::{CallContext, CallPolicy, Repeat};
use idv_core::*;
use idv_flow::store::MemoryStore;
use idv_flow::{Flow, FlowBuilder, FlowId, Start};
use idv_testkit::ManualClock;
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a-callback-secret-of-the-tests";
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It does not arrive.
    Refused,
    /// It arrives and takes effect, and the answer is lost.
    AnswerLost,
    /// It arrives, takes effect, and nobody ever answers.
    Hang,
    /// It never arrives and nobody ever answers.
    HangBefore,
    /// It is answered with this status, without effect.
    Status(u16),
}

#[derive(Debug, Default)]
struct World {
    /// What was created, by the vendor's id: our reference and the state.
    made: BTreeMap<String, (String, String)>,
    fates: VecDeque<(&'static str, Fate)>,
    calls: Vec<String>,
    keyed: bool,
    deletes: bool,
    /// What a deletion amounts to before it deletes for good.
    cancels_first: bool,
    /// Our reference by the handle of its result.
    results: BTreeMap<String, String>,
    fetched: Vec<String>,
}

/// The vendor. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vendor(Arc<Mutex<World>>);

impl Vendor {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call of this operation has this fate.
    pub(crate) fn next(&self, operation: &'static str, fate: Fate) -> &Self {
        self.world().fates.push_back((operation, fate));
        self
    }

    /// Nothing fails any more.
    pub(crate) fn recovers(&self) {
        self.world().fates.clear();
    }

    /// How often it was called for an operation.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.world().calls.iter().filter(|call| *call == operation).count()
    }

    /// The handles that were fetched, in order.
    pub(crate) fn fetched(&self) -> Vec<String> {
        self.world().fetched.clone()
    }

    /// Has the result of a reference under a handle.
    pub(crate) fn has_result(&self, handle: &str, reference: &Reference) {
        self.world().results.insert(handle.to_owned(), reference.as_str().to_owned());
    }

    /// What exists under a reference.
    pub(crate) fn made(&self, reference: &Reference) -> Vec<String> {
        let world = self.world();
        world.made.iter().filter(|(_, (made, _))| made == reference.as_str()).map(|(id, _)| id.clone()).collect()
    }

    /// Something else under our reference, as a vendor whose references are not unique may have it.
    pub(crate) fn plant(&self, reference: &Reference, id: &str) {
        self.world().made.insert(id.to_owned(), (reference.as_str().to_owned(), "waiting".to_owned()));
    }

    /// Something happens at the vendor.
    pub(crate) fn becomes(&self, reference: &Reference, state: &str) {
        for (made, now) in self.world().made.values_mut() {
            if made == reference.as_str() {
                *now = state.to_owned();
            }
        }
    }

    pub(crate) fn cancels_first(&self) {
        self.world().cancels_first = true;
    }

    fn answer(&self, operation: &str, argument: &str) -> Value {
        let world = &mut *self.world();
        let known = |id: &str, (reference, state): &(String, String)| json!({"id": id, "reference": reference, "state": state});
        match operation {
            "create" => {
                let there = world.made.iter().find(|(_, (reference, _))| world.keyed && reference == argument);
                if let Some((id, made)) = there {
                    return known(id, made);
                }
                let id = format!("v{}", world.made.len() + 1);
                world.made.insert(id.clone(), (argument.to_owned(), "waiting".to_owned()));
                known(&id, &world.made[&id])
            }
            "poll" => world.made.get(argument).map_or(Value::Null, |made| known(argument, made)),
            "fetch" => {
                let known = world.results.get(argument);
                known.map_or(Value::Null, |reference| json!({"reference": reference, "state": "passed"}))
            }
            "find" => world.made.iter().filter(|(_, (made, _))| made == argument).map(|(id, made)| known(id, made)).collect(),
            "list" => world.made.iter().map(|(id, made)| known(id, made)).collect(),
            "delete" if world.cancels_first => {
                world.cancels_first = false;
                json!("canceled")
            }
            "delete" => world.made.remove(argument).map_or(Value::Null, |_| json!("deleted")),
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
            position.and_then(|position| world.fates.remove(position)).map(|(_, fate)| fate)
        };
        match fate {
            Some(Fate::Refused) => return Err(TransportError::new(Sent::No, TransportCause::Connect)),
            Some(Fate::HangBefore) => std::future::pending::<()>().await,
            Some(Fate::Status(status)) => {
                return Ok(Response::builder().status(status).body(Bytes::new().into()).unwrap());
            }
            _ => {}
        }
        let answer = self.answer(operation, argument);
        match fate {
            Some(Fate::AnswerLost) => Err(TransportError::new(Sent::Maybe, TransportCause::Interrupted)),
            Some(Fate::Hang) => std::future::pending().await,
            _ => {
                // A network lets others have their turn.
                tokio::task::yield_now().await;
                Ok(Response::new(Bytes::from(answer.to_string()).into()))
            }
        }
    }
}

/// What the vendor is to be able to do.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) safety: CreateSafety,
    pub(crate) polling: bool,
    pub(crate) listing: bool,
    pub(crate) deletion: bool,
    pub(crate) guarded: bool,
    pub(crate) secret: &'static str,
    /// Its id.
    pub(crate) provider: &'static str,
    /// Whether its results are fetched under a handle.
    pub(crate) results: bool,
    /// A word that this version of the adapter knows beside the usual ones: it means that the person is verified.
    pub(crate) taught: Option<&'static str>,
    /// Whether this version of the adapter reads messages in XML, too.
    pub(crate) reads_xml: bool,
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            safety: CreateSafety::Keyed,
            polling: true,
            listing: false,
            deletion: true,
            guarded: true,
            secret: SECRET,
            provider: "example",
            results: false,
            taught: None,
            reads_xml: false,
        }
    }
}

/// The adapter.
#[derive(Debug)]
struct Example {
    kind: Kind,
    profile: Profile,
    guard: Guard,
}

impl Example {
    fn new(kind: Kind) -> Self {
        let report_from = if kind.polling { ReportSource::Poll } else { ReportSource::Callback };
        let mut profile = Profile::new(ProviderId::new(kind.provider), "Example", kind.safety, HandOffKind::Visit, report_from);
        profile.accepts = &["person.family_name"];
        profile.by_hand = "write to the vendor";
        profile.poll_interval = MINUTE;
        let guard = if kind.guarded { Guard::query("secret", kind.secret.into()).unwrap() } else { Guard::open() };
        Self { kind, profile, guard }
    }

    async fn call(&self, cx: &CallContext, repeat: Repeat, path: &str) -> Result<(Value, Proof)> {
        let request = || Request::get(format!("https://vendor.example/{path}")).body(Bytes::new()).unwrap();
        let answer = cx.send(repeat, |_| Ok(request())).await?;
        if !answer.status.is_success() {
            return Err(answer.error());
        }
        Ok((serde_json::from_slice(&answer.body).unwrap(), answer.proof()))
    }
}

/// What a message of the vendor's says.
fn observe(said: &Value, channel: Channel, taught: Option<&str>) -> Observation {
    let text = |name: &str| said[name].as_str().map(str::to_owned);
    let mut observation = Observation::claimed(Subject::new(text("reference"), text("id").map(VendorId::new)), channel);
    observation.code = text("state");
    observation.status = match said["state"].as_str() {
        Some("waiting") => Some(Status::AwaitingPerson),
        Some("running") => Some(Status::InProgress),
        Some("review") => Some(Status::InReview { leaning: None }),
        Some("passed") => Some(Status::Finished(Outcome::Verified)),
        Some("failed") => Some(Status::Finished(Outcome::Rejected)),
        Some("suspicious") => Some(Status::Finished(Outcome::Disputed)),
        Some("ended") => Some(Status::Ended),
        word if word.is_some() && word == taught => Some(Status::Finished(Outcome::Verified)),
        _ => None,
    };
    if let Some(handle) = text("handle") {
        observation.result = ResultState::Fetchable(ResultHandle::new(handle));
    } else if matches!(observation.status, Some(Status::Finished(_)) | None) {
        let mut report = Report::new(ProviderId::new("example"));
        report.reference = text("reference");
        report.vendor_id = text("id").map(VendorId::new);
        report.agent = text("state").map(Pii::new);
        observation.result = ResultState::Inline(Box::new(report));
    }
    observation
}

#[async_trait]
impl Provider for Example {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<Created> {
        let path = format!("create/{}", new.reference.as_str());
        let repeat = if self.kind.safety == CreateSafety::Keyed { Repeat::Repeatable } else { Repeat::Once };
        let (made, _) = self.call(cx, repeat, &path).await?;
        let id = VerificationId::new(new.reference.clone(), made["id"].as_str().map(VendorId::new));
        let url = format!("https://vendor.example/go/{}", made["id"].as_str().unwrap());
        Ok(Created::new(id, HandOff::Visit(SessionUrl::new(url.parse().unwrap())), cx.now()))
    }

    fn polling(&self) -> Option<&dyn Polling> {
        self.kind.polling.then_some(self)
    }

    fn results(&self) -> Option<&dyn Results> {
        self.kind.results.then_some(self)
    }

    fn evidence(&self) -> Option<&dyn EvidenceSource> {
        None
    }

    fn listing(&self) -> Option<&dyn Listing> {
        self.kind.listing.then_some(self)
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        (self.kind.safety == CreateSafety::Findable).then_some(self)
    }

    fn deletion(&self) -> Option<&dyn Deletion> {
        self.kind.deletion.then_some(self)
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        Some(self)
    }
}

#[async_trait]
impl Polling for Example {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let (said, proof) = self.call(cx, Repeat::Repeatable, &format!("poll/{}", id.require_vendor_id()?.as_str())).await?;
        if said.is_null() {
            return Err(Error::new(ErrorKind::NotFound));
        }
        Ok(observe(&said, Channel::Poll, self.kind.taught).proven(proof))
    }
}

#[async_trait]
impl Results for Example {
    async fn fetch(&self, cx: &CallContext, _: &VerificationId, handle: Option<&ResultHandle>) -> Result<Observation> {
        let path = format!("fetch/{}", handle.unwrap().as_str());
        let (said, proof) = self.call(cx, Repeat::Repeatable, &path).await?;
        if said.is_null() {
            return Err(Error::new(ErrorKind::NotFound));
        }
        Ok(observe(&said, Channel::Fetch, self.kind.taught).proven(proof))
    }
}

#[async_trait]
impl Listing for Example {
    async fn list(&self, cx: &CallContext, _: &ListQuery, _: Option<&str>) -> Result<Page> {
        let (said, proof) = self.call(cx, Repeat::Repeatable, "list").await?;
        let observe = |said: &Value| {
            let mut observation = observe(said, Channel::List, self.kind.taught).proven(proof);
            observation.result = ResultState::Absent;
            observation
        };
        Ok(Page::new(said.as_array().unwrap().iter().map(observe).collect(), 0, None))
    }
}

#[async_trait]
impl Lookup for Example {
    async fn find(&self, cx: &CallContext, reference: &Reference) -> Result<Vec<VerificationId>> {
        let (found, _) = self.call(cx, Repeat::Repeatable, &format!("find/{}", reference.as_str())).await?;
        let id = |made: &Value| VerificationId::new(reference.clone(), made["id"].as_str().map(VendorId::new));
        Ok(found.as_array().unwrap().iter().map(id).collect())
    }
}

#[async_trait]
impl Deletion for Example {
    async fn delete(&self, cx: &CallContext, id: &VerificationId) -> Result<Deleted> {
        let (said, _) = self.call(cx, Repeat::Repeatable, &format!("delete/{}", id.require_vendor_id()?.as_str())).await?;
        Ok(match said.as_str() {
            Some("deleted") => Deleted::Data,
            Some(_) => Deleted::CanceledOnly,
            None => Deleted::AlreadyGone,
        })
    }
}

impl Callbacks for Example {
    fn guard(&self) -> &Guard {
        &self.guard
    }

    fn intake(&self) -> Intake {
        Intake::new(&[http::Method::POST], 64 * 1024)
    }

    fn receive(&self, delivery: &Delivery) -> Result<Received> {
        let said: Value = if delivery.kind == DeliveryKind::Return {
            let query = |name: &str| delivery.query(name).map_or(Value::Null, Value::String);
            json!({"reference": query("reference"), "handle": query("handle"), "state": "ended"})
        } else if let Some(xml) = delivery.body.strip_prefix(b"<").filter(|_| self.kind.reads_xml) {
            json!({"reference": std::str::from_utf8(xml).unwrap().trim_end_matches("/>"), "state": "passed"})
        } else {
            serde_json::from_slice(&delivery.body).map_err(|error| Error::malformed_json(&error))?
        };
        let all = match said {
            Value::Array(all) => all,
            one => vec![one],
        };
        let mut observations = Vec::new();
        for said in &all {
            let trust = self.guard.verify(delivery, said["reference"].as_str().unwrap_or_default())?;
            observations.push(observe(said, Channel::Callback, self.kind.taught).trusted(trust));
        }
        Ok(Received::new(observations, Reply::status(http::StatusCode::OK)))
    }
}

/// Bits that are the same in every run, so that what is decided by chance is too.
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

/// A vendor, a clock, a store, and flows over them.
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
        Self { vendor, clock, store: MemoryStore::default(), kind, bits: Bits::default() }
    }

    /// The same vendor, clock and store, for a program whose adapter is another.
    pub(crate) fn with(&self, kind: Kind) -> Self {
        Self { kind, ..self.clone() }
    }

    pub(crate) fn client(&self) -> Client {
        let environment = Environment::new(self.vendor.clone(), self.clock.clone()).with_random(self.bits.clone());
        let mut policy = CallPolicy::default();
        // Each call is one attempt, so that tests say what becomes of it.
        policy.max_attempts = 1;
        Client::new(Example::new(self.kind.clone()), environment, policy)
    }

    pub(crate) fn builder(&self) -> FlowBuilder {
        Flow::builder(self.store.clone()).client(self.client()).random(Arc::new(self.bits.clone()))
    }

    /// A program that starts over the same store.
    pub(crate) async fn flow(&self) -> Flow {
        self.open(self.builder()).await
    }

    pub(crate) async fn open(&self, builder: FlowBuilder) -> Flow {
        builder.open(Arc::new(self.clock.clone())).await.unwrap()
    }

    /// Lets time pass in steps, with everything that becomes due worked off.
    pub(crate) async fn pass(&self, flow: &Flow, time: Duration) {
        let steps = 60;
        for _ in 0..steps {
            flow.run_due().await.unwrap();
            self.clock.advance(time / steps);
        }
        flow.run_due().await.unwrap();
    }
}

/// Starts a verification of somebody.
pub(crate) async fn start(flow: &Flow) -> (FlowId, Reference) {
    let new = somebody(flow);
    let reference = new.reference.clone();
    (flow.start(new).await.unwrap().id, reference)
}

pub(crate) fn somebody(flow: &Flow) -> NewVerification {
    let mut new = NewVerification::new(flow.reference());
    new.person.family_name = Some("Mustermann".into());
    new
}

/// The vendor's message about a verification, with its secret.
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

/// A message of the vendor's, with a secret in its address.
pub(crate) fn delivery(body: impl Into<Bytes>, secret: &str) -> Delivery {
    let uri = format!("/callbacks/example?secret={secret}").parse().unwrap();
    Delivery::callback(http::Method::POST, uri, http::HeaderMap::new(), body)
}

/// The person's browser, coming back with the handle of a result.
pub(crate) fn returning(reference: &Reference, handle: &str) -> Delivery {
    Delivery::returning(format!("/returns/example?reference={}&handle={handle}", reference.as_str()).parse().unwrap())
}

/// What the operator's list says of a flow, in one word each.
pub(crate) async fn attention(flow: &Flow) -> Vec<&'static str> {
    flow.operator().await.unwrap().iter().map(|item| item.attention.name()).collect()
}

pub(crate) async fn settle(start: impl Into<Start>, flow: &Flow) -> FlowId {
    flow.start(start).await.unwrap().id
}
