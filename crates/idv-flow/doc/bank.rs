// The bank of the examples in the documentation: its account at IDnow, in memory, its store and its
// clock, which only the example moves.
//
// Examples include this file.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idv_core::call::CallPolicy;
use idv_core::{
    Body, Bytes, Client, Delivery, Environment, NewVerification, Reference, Secret, Sent,
    Transport, TransportCause, TransportError, async_trait, http,
};
use idv_flow::store::MemoryStore;
use idv_flow::{Engine, EngineBuilder, FlowId, Result, Schedule, Vault};
use idv_idnow::{DataCentre, Idnow, IdnowConfig};
use idv_testkit::{ManualClock, PredictableRandom};

/// The secret in the URL of the bank's callbacks.
const CALLBACK_SECRET: &str = "0123456789abcdef0123";

/// The result of a successful identification.
const SUCCESS: &str = r#""result":"SUCCESS""#;

/// Runs an example.
pub fn run(example: impl AsyncFnOnce(Bank) -> std::result::Result<(), Box<dyn Error>>) {
    run_with(Bank::new(), example);
}

/// Runs an example whose clock moves itself: each sleep ends at once and moves it.
pub fn run_leaping(example: impl AsyncFnOnce(Bank) -> std::result::Result<(), Box<dyn Error>>) {
    let clock = ManualClock::leaping(start_time());
    let bank = Bank::new();
    run_with(Bank { clock, ..bank }, example);
}

fn run_with(
    bank: Bank,
    example: impl AsyncFnOnce(Bank) -> std::result::Result<(), Box<dyn Error>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(example(bank)).unwrap();
}

/// Returns the path of a file or a folder for one example.
pub fn temporary(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("idv-flow-{}-{name}", std::process::id()))
}

fn start_time() -> idv_core::Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// The bank.
#[derive(Debug, Clone)]
pub struct Bank {
    pub clock: ManualClock,
    pub store: MemoryStore,
    server: Server,
}

impl Bank {
    fn new() -> Self {
        Self {
            clock: ManualClock::new(start_time()),
            store: MemoryStore::new(),
            server: Server::default(),
        }
    }

    /// Creates a client of the bank's account at IDnow.
    pub fn client(&self) -> Client {
        let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test)
            .callback_secret(CALLBACK_SECRET);
        let environment = Environment::new(self.server.clone(), self.clock.clone())
            .with_random(PredictableRandom::default());
        let mut policy = CallPolicy::default();
        policy.max_attempts = 1;
        Client::new(Idnow::new(config).unwrap(), environment, policy)
    }

    /// Returns a builder with the store, the key and the account `idnow`, which is polled each
    /// minute.
    pub fn builder(&self) -> EngineBuilder {
        let client = self.client();
        let key = Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2));
        let schedule = Schedule::of(client.info()).interval(Duration::from_secs(60)).sweep(None);
        Engine::builder(self.store.clone())
            .client(client)
            .schedule("idnow", schedule)
            .vault(Vault::new(&key).unwrap())
    }

    /// Opens an engine.
    pub async fn engine(&self) -> Result<Engine> {
        self.builder().open().await
    }

    /// Starts a flow at the default account.
    pub async fn start(&self, engine: &Engine) -> Result<FlowId> {
        let new = NewVerification::new(engine.reference());
        Ok(engine.start(new).await?.id)
    }

    /// Lets every person be verified.
    pub fn verify_persons(&self) {
        self.server.change(|state| state.result = Some(SUCCESS));
    }

    /// Starts a flow and lets the person be verified.
    pub async fn verified(&self, engine: &Engine) -> Result<FlowId> {
        self.finished(engine, SUCCESS).await
    }

    /// Starts a flow whose report says that a review has found fraud and that all is well.
    pub async fn disputed(&self, engine: &Engine) -> Result<FlowId> {
        let result = r#""result":"SUCCESS","previousresult":"FRAUD_SUSPICION_CONFIRMED""#;
        self.finished(engine, result).await
    }

    async fn finished(&self, engine: &Engine, result: &'static str) -> Result<FlowId> {
        let id = self.start(engine).await?;
        self.server.change(|state| state.result = Some(result));
        self.pass(engine, Duration::from_secs(600)).await?;
        Ok(id)
    }

    /// Moves the clock, and lets a worker do all that is due then.
    pub async fn pass(&self, engine: &Engine, time: Duration) -> Result<usize> {
        self.clock.advance(time);
        engine.run_due().await
    }

    /// Cuts the vendor off, or connects it again.
    pub fn vendor_is_down(&self, is_down: bool) {
        self.server.change(|state| state.is_down = is_down);
    }

    /// Returns the number of requests that have reached the vendor.
    pub fn requests(&self) -> usize {
        self.server.0.lock().unwrap().requests
    }

    /// Returns an authenticated callback of the vendor about a verification.
    pub fn callback(&self, reference: &Reference) -> Delivery {
        let number = reference.as_str();
        self.message(format!(
            r#"{{"identificationprocess":{{"result":"SUCCESS","transactionnumber":"{number}"}}}}"#
        ))
    }

    /// Returns an authenticated callback with this body.
    pub fn message(&self, body: impl Into<Bytes>) -> Delivery {
        let uri = format!("/callbacks/idnow?token={CALLBACK_SECRET}").parse().unwrap();
        Delivery::callback(http::Method::POST, uri, http::HeaderMap::new(), body)
    }
}

/// The server of IDnow. Clones share its state.
#[derive(Debug, Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The transaction numbers of the identifications.
    numbers: Vec<String>,
    /// The members of the result; `None` until the persons have been identified.
    result: Option<&'static str>,
    is_down: bool,
    requests: usize,
}

impl Server {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> std::result::Result<http::Response<Body>, TransportError> {
        let mut state = self.0.lock().unwrap();
        if state.is_down {
            return Err(TransportError::new(Sent::No, TransportCause::Connect));
        }
        state.requests += 1;
        let (status, body) = state.answer(request.method(), request.uri().path());
        let mut response = http::Response::new(Bytes::from(body).into());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        Ok(response)
    }
}

impl State {
    /// Answers as chapters 3.2, 8.3.1, 8.3.3 and 8.3.4 of IDnow's document say.
    fn answer(&mut self, method: &http::Method, path: &str) -> (u16, String) {
        let unknown = || (404, r#"{"errors":[{"cause":"OBJECT_NOT_FOUND"}]}"#.to_owned());
        let parts: Vec<&str> = path.split('/').skip(4).collect();
        let index = |number: &str| self.numbers.iter().position(|known| known == number);
        match *parts.as_slice() {
            ["login"] => (200, r#"{"authToken":"7eb579f6-51b9-4a61-a32b-8bce0f84c6fa"}"#.to_owned()),
            ["identifications", number, "start"] => {
                let index = index(number).unwrap_or_else(|| {
                    self.numbers.push(number.to_owned());
                    self.numbers.len() - 1
                });
                (201, format!(r#"{{"id":"IBA-H5FD{index}"}}"#))
            }
            ["identifications", file] if file.ends_with(".pdf") => (200, "%PDF-1.7".to_owned()),
            ["identifications", number] => match (index(number), self.result) {
                (Some(index), _) if method == http::Method::DELETE => {
                    self.numbers.remove(index);
                    (200, String::new())
                }
                (Some(index), Some(result)) => (200, format!(
                    r#"{{"identificationprocess":{{{result},"id":"IBA-H5FD{index}",
                        "transactionnumber":"{number}","identificationtime":"2026-01-01T00:05:00Z"}},
                        "userdata":{{"lastname":{{"value":"MUSTERMANN","status":"MATCH"}}}},
                        "attachments":{{"pdf":"{number}.pdf"}}}}"#
                )),
                _ => unknown(),
            },
            _ => unknown(),
        }
    }
}
