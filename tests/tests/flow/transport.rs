//! The transport to the sandbox: a function call in place of a network, with random faults.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use idv::{Body, Chunks, Clock as _, Sent, Timestamp, Transport, TransportCause, TransportError};
use idv_sandbox::{AnswerBody, AnswerDelay, Cut, Fault, FaultKind, Sandbox};

use super::clock::SandboxClock;
use super::executor::turn;
use super::random::Chance;
use super::trace::Trace;
use super::vendor::Vendor;

/// Sends requests to a vendor's part of a sandbox. Other tasks run before and after the vendor
/// acts.
#[derive(Clone)]
pub struct SandboxTransport {
    pub vendor: Vendor,
    pub sandbox: Arc<Sandbox>,
    pub clock: SandboxClock,
    pub weather: Weather,
    pub ledger: Ledger,
    pub trace: Trace,
}

/// The effects at the vendor: verifications by the vendor's own count, and requests for deletion.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    creations: Vec<Creation>,
    /// The time and the path of each request for deletion.
    deletions: Vec<(Timestamp, String)>,
}

/// A verification that exists at the vendor.
#[derive(Debug, Clone)]
pub struct Creation {
    /// The create request: its URL and its body.
    request: String,
    /// The vendor's id, or the key under which the sandbox finds the verification.
    pub id: String,
    pub at: Timestamp,
}

impl Creation {
    /// Returns whether the create request contains one of these words.
    pub fn asks_for(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.request.contains(word))
    }
}

impl Ledger {
    /// Returns the verifications whose create request contains one of these words.
    pub fn of(&self, words: &[String]) -> Vec<Creation> {
        let book = self.0.lock().unwrap();
        book.creations
            .iter()
            .filter(|creation| creation.asks_for(words))
            .cloned()
            .collect()
    }

    pub fn all(&self) -> Vec<Creation> {
        self.0.lock().unwrap().creations.clone()
    }

    /// Returns when the vendor was last asked to delete a verification with this word in the path.
    pub fn last_deletion(&self, word: &str) -> Option<Timestamp> {
        let book = self.0.lock().unwrap();
        book.deletions
            .iter()
            .filter(|(_, path)| path.contains(word))
            .map(|(at, _)| *at)
            .max()
    }
}

/// The faults of requests.
#[derive(Debug, Clone)]
pub struct Weather(Arc<Mutex<Sky>>);

#[derive(Debug)]
struct Sky {
    chance: Chance,
    /// The percentage of requests that fail.
    trouble: u64,
    /// The time after which no request fails.
    calm_from: Timestamp,
    outages: Vec<Outage>,
}

/// A time in which the vendor is down.
#[derive(Debug, Clone)]
pub struct Outage {
    pub from: Timestamp,
    pub until: Timestamp,
    pub kind: FaultKind,
}

impl Weather {
    pub fn new(chance: Chance, trouble: u64, calm_from: Timestamp, outages: Vec<Outage>) -> Self {
        Self(Arc::new(Mutex::new(Sky {
            chance,
            trouble,
            calm_from,
            outages,
        })))
    }

    /// Returns conditions in which no request fails.
    pub fn calm() -> Self {
        Self::new(Chance::new(0), 0, Timestamp::MIN, Vec::new())
    }

    fn strike(&self, now: Timestamp) -> Option<FaultKind> {
        let sky = self.0.lock().unwrap();
        if let Some(outage) = sky
            .outages
            .iter()
            .find(|outage| outage.from <= now && now < outage.until)
        {
            return Some(outage.kind.clone());
        }
        (now < sky.calm_from && sky.chance.percent(sky.trouble)).then(|| trouble(&sky.chance))
    }
}

/// Returns a random fault.
fn trouble(chance: &Chance) -> FaultKind {
    let status = |code, retry_after: Option<&str>| FaultKind::Status {
        code,
        retry_after: retry_after.map(str::to_owned),
    };
    match chance.between(0, 12) {
        0 => FaultKind::Refuse,
        1 | 2 => FaultKind::CutBefore,
        3..=5 => FaultKind::CutAfter,
        // A delay within the timeout, and one beyond it.
        6 => FaultKind::Delay(chance.pick(&[3_000, 40_000])),
        7 => status(chance.pick(&[500, 502, 503]), None),
        8 => status(429, chance.pick(&[None, Some("1"), Some("7200")])),
        9 => FaultKind::Html,
        10 => FaultKind::Truncated,
        _ => FaultKind::WrongType,
    }
}

#[async_trait]
impl Transport for SandboxTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        turn().await;
        let (result, delay) = self.exchange(request).await;
        if let Some(delay) = delay {
            self.clock.sleep(delay).await;
        }
        turn().await;
        result
    }
}

impl SandboxTransport {
    /// Has the vendor act, without interruption, so that its effects can be attributed to this
    /// request.
    async fn exchange(
        &self,
        request: http::Request<Bytes>,
    ) -> (
        Result<http::Response<Body>, TransportError>,
        Option<Duration>,
    ) {
        let now = self.clock.now();
        let path = request.uri().path().to_owned();
        let fault = self.weather.strike(now).map(|fault| match fault {
            // The answer of the wrong type is a list with a number, which these calls could accept
            // as the answer about another order.
            FaultKind::WrongType
                if path.ends_with("/putOrder") || path.contains("/getOrdersByRef/") =>
            {
                FaultKind::Truncated
            }
            fault => fault,
        });
        let method = request.method().clone();
        let whole = format!(
            "{} {}",
            request.uri(),
            String::from_utf8_lossy(request.body())
        );
        if let Some(kind) = &fault {
            self.sandbox.plan(Fault::new(kind.clone()));
        }
        let before = self.vendor.ids(&self.sandbox).len();
        let answer = self.sandbox.exchange(request).await;
        let mut ids = self.vendor.ids(&self.sandbox);
        if ids.len() > before
            && let Some(id) = ids.pop()
        {
            self.trace.note(now, || format!("the vendor created {id}"));
            self.ledger.0.lock().unwrap().creations.push(Creation {
                request: whole,
                id,
                at: now,
            });
        }
        if method == http::Method::DELETE {
            self.ledger
                .0
                .lock()
                .unwrap()
                .deletions
                .push((now, path.clone()));
        }
        self.trace.note(now, || {
            let answered = answer
                .as_ref()
                .map_or_else(ToString::to_string, |response| {
                    response.status().as_u16().to_string()
                });
            let struck = fault
                .as_ref()
                .map_or_else(String::new, |kind| format!(" [{kind:?}]"));
            format!("{method} {path}: {answered}{struck}")
        });
        match answer {
            Ok(response) => {
                let delay = response
                    .extensions()
                    .get::<AnswerDelay>()
                    .map(|delay| delay.0);
                (Ok(response.map(|body| Body::chunks(Pieces(body)))), delay)
            }
            Err(Cut::Refused) => (
                Err(TransportError::new(Sent::No, TransportCause::Connect)),
                None,
            ),
            Err(_) => (
                Err(TransportError::new(
                    Sent::Maybe,
                    TransportCause::Interrupted,
                )),
                None,
            ),
        }
    }
}

impl fmt::Debug for SandboxTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxTransport")
            .field("vendor", &self.vendor)
            .finish_non_exhaustive()
    }
}

struct Pieces(AnswerBody);

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.0
            .next()
            .transpose()
            .map_err(|_| TransportError::new(Sent::Maybe, TransportCause::Interrupted))
    }
}
