//! The imaginary vendor, in memory: a transport that answers according to its document.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use idv_core::call::CallPolicy;
use idv_core::{
    Body, Client, Delivery, NewVerification, Sent, Timestamp, Transport, TransportCause,
    TransportError, VerificationId, async_trait,
};
use idv_testkit::conformance::{Fault, Harness, RequestFault};
use idv_testkit::{ManualClock, environment};

use crate::adapter::Example;

/// The vendor.
#[derive(Debug, Clone, Default)]
struct Vendor(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cases: BTreeMap<String, Case>,
    /// Planned changes: time, reference and new state.
    planned: Vec<(Timestamp, String, &'static str)>,
    fault: Option<Fault>,
    requests: usize,
}

#[derive(Debug, Clone, Default)]
struct Case {
    name: String,
    state: &'static str,
    corrected: bool,
}

/// The vendor, its clock, and the client under test.
pub struct ExampleHarness {
    vendor: Vendor,
    clock: ManualClock,
    client: Client,
}

impl Vendor {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn answer(&self, request: &Request<Bytes>) -> (StatusCode, String) {
        let id = request
            .uri()
            .path()
            .trim_start_matches("/verifications/")
            .to_owned();
        let mut state = self.state();
        match *request.method() {
            Method::PUT => {
                let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
                let name = body["name"].as_str().unwrap().to_owned();
                state.cases.entry(id.clone()).or_insert_with(|| Case {
                    name,
                    state: "waiting",
                    corrected: false,
                });
                (StatusCode::OK, format!("\"https://example.com/go/{id}\""))
            }
            Method::GET => match state.cases.get(&id) {
                Some(case) => {
                    let seen = (case.state == "passed").then_some(());
                    let name = seen.map(|()| {
                        if case.corrected {
                            "MUSTERMANN-GABLER"
                        } else {
                            &case.name
                        }
                    });
                    let before = seen.filter(|()| case.corrected).map(|()| &case.name);
                    let body = serde_json::json!({ "reference": id, "state": case.state, "name": name, "corrected_from": before });
                    (StatusCode::OK, body.to_string())
                }
                None => (StatusCode::NOT_FOUND, String::new()),
            },
            _ if state.cases.remove(&id).is_some() => (StatusCode::OK, String::new()),
            _ => (StatusCode::NOT_FOUND, String::new()),
        }
    }
}

#[async_trait]
impl Transport for Vendor {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let fault = {
            let mut state = self.state();
            state.requests += 1;
            match state.fault {
                Some(Fault::Create(fault)) if request.method() == Method::PUT => {
                    state.fault.take().map(|_| fault)
                }
                Some(Fault::Poll(fault)) if request.method() == Method::GET => {
                    state.fault.take().map(|_| fault)
                }
                _ => None,
            }
        };
        let say = |status: u16, body: String| {
            Response::builder()
                .status(status)
                .header("retry-after", "1")
                .body(Body::from(Bytes::from(body)))
                .unwrap()
        };
        match fault {
            Some(RequestFault::Refused) => {
                return Err(TransportError::new(Sent::No, TransportCause::Connect));
            }
            Some(RequestFault::CutBefore) => {
                return Err(TransportError::new(
                    Sent::Maybe,
                    TransportCause::Interrupted,
                ));
            }
            Some(RequestFault::Status(status)) => return Ok(say(status, String::new())),
            Some(RequestFault::RateLimited) => return Ok(say(429, String::new())),
            Some(RequestFault::Html) => return Ok(say(502, "<html></html>".to_owned())),
            _ => {}
        }
        let (status, body) = self.answer(&request);
        let body = match fault {
            Some(RequestFault::CutAfter | RequestFault::Truncated) => {
                return Err(TransportError::new(
                    Sent::Maybe,
                    TransportCause::Interrupted,
                ));
            }
            Some(RequestFault::WrongType) => "[7]".to_owned(),
            Some(RequestFault::Oversize) => " ".repeat(64 << 20),
            _ => body,
        };
        Ok(say(status.as_u16(), body))
    }
}

#[async_trait]
impl Harness for ExampleHarness {
    fn run<F: Future<Output = ()>>(test: F) {
        futures_executor::block_on(test);
    }

    async fn open() -> Self {
        let (vendor, clock) = (
            Vendor::default(),
            ManualClock::leaping("2026-01-01T00:00:00Z".parse().unwrap()),
        );
        let mut environment = environment(&idv_testkit::ScriptedTransport::new(), &clock);
        environment.transport = Arc::new(vendor.clone());
        Self {
            client: Client::new(Example::new(), environment, CallPolicy::default()),
            vendor,
            clock,
        }
    }

    fn client(&self) -> &Client {
        &self.client
    }

    fn person(&self) -> NewVerification {
        let mut new = NewVerification::new(self.client.reference());
        new.person.family_name = Some("Mustermann".into());
        new
    }

    fn now(&self) -> Timestamp {
        idv_core::Clock::now(&self.clock)
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        let now = self.now();
        let mut state = self.vendor.state();
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut state.planned)
            .into_iter()
            .partition(|(at, ..)| *at <= now);
        state.planned = later;
        for (_, id, word) in due {
            if let Some(case) = state.cases.get_mut(&id) {
                case.state = word;
            }
        }
    }

    async fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Duration>, String> {
        let words: &[&'static str] = match scenario {
            "happy" | "data-changed" => &["running", "passed"],
            "rejected" | "fraud" => &["running", "failed"],
            "fraud-in-review" => &["running", "review", "failed"],
            "aborted-then-success" => &["running", "waiting", "running", "passed"],
            "canceled-in-review" => &["running", "review", "canceled"],
            "expired" => &["expired"],
            "never-finishes" => &["running", "review"],
            "unknown-status" => &["running", "escalated"],
            _ => return Err("unknown scenario".to_owned()),
        };
        let now = self.now();
        let mut state = self.vendor.state();
        if let Some(case) = state.cases.get_mut(id.reference.as_str()) {
            case.corrected = scenario == "data-changed";
        }
        let moments: Vec<_> = (1..=words.len() as u64)
            .map(|minute| Duration::from_secs(60 * minute))
            .collect();
        for (word, moment) in words.iter().zip(&moments) {
            let at = now
                .checked_add(jiff::SignedDuration::try_from(*moment).unwrap())
                .unwrap();
            state
                .planned
                .push((at, id.reference.as_str().to_owned(), word));
        }
        Ok(moments)
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        Vec::new()
    }

    fn forgery(&self, _: &VerificationId) -> Option<Delivery> {
        None
    }

    fn plan(&self, fault: Fault) {
        self.vendor.state().fault = Some(fault);
    }

    fn requests(&self) -> usize {
        self.vendor.state().requests
    }

    fn verifications(&self) -> usize {
        self.vendor.state().cases.len()
    }
}
