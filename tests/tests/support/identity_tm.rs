//! A sandbox and clients of Identity.TM for tests.

use std::sync::Arc;

use idv::call::{CallContext, CallPolicy};
use idv::identity_tm::api::order::Order;
use idv::identity_tm::api::{Api, OrderId};
use idv::identity_tm::{IdentityTm, IdentityTmConfig};
use idv::report::{Country, Report};
use idv::{
    Client, Decision, Delivery, EvidenceId, NewVerification, Operation, Secret, Step, Url,
    Verification, VerificationId,
};
use idv_sandbox::{IdentityTmAccount, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::minutes;

/// The key from which each order's callback secret is derived.
pub const CALLBACK_KEY: &str = "a key of the tests, and long enough";

/// A provider and its client.
#[derive(Clone)]
pub struct Bank {
    /// The provider, for its [`Api`].
    pub provider: Arc<IdentityTm>,
    /// The client.
    pub client: Client,
}

impl Bank {
    /// Returns the vendor's own API.
    pub fn api(&self) -> &Api {
        self.provider.api()
    }

    /// Returns a context for calls of the API.
    pub fn call(&self) -> CallContext {
        self.client.context(Operation::Other)
    }

    /// Creates a verification.
    pub async fn create(&self) -> Verification {
        self.create_with(&new_verification(&self.client)).await
    }

    /// Creates a verification of this person.
    pub async fn create_with(&self, new: &NewVerification) -> Verification {
        let created = self.client.create(new).await.unwrap();
        Verification::new(created.id, self.client.info(), created.expires_at)
    }

    /// Returns the report of a finished verification.
    pub async fn report(&self, id: &VerificationId) -> Report {
        self.client
            .fetch(id, None)
            .await
            .unwrap()
            .report()
            .cloned()
            .unwrap()
    }

    /// Downloads an item of evidence.
    pub async fn evidence(&self, id: &VerificationId, name: &str) -> idv::Result<Vec<u8>> {
        let mut file = Vec::new();
        let download = self
            .client
            .evidence(id, &EvidenceId::new(name), 1 << 20, &mut file)
            .await?;
        assert_eq!(download.length, file.len() as u64, "{name}");
        Ok(file)
    }
}

/// A sandbox with a manual clock, and a client of its integration account.
pub struct Vendor {
    /// The vendor.
    pub sandbox: Sandbox,
    /// A client with the default configuration of an account and a secret for callbacks.
    pub bank: Bank,
}

impl Vendor {
    /// Starts a new sandbox.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// Starts a new sandbox with a changed account.
    pub async fn with(change: impl FnOnce(&mut IdentityTmAccount)) -> Self {
        let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
        sandbox.identity_tm().configure(change).unwrap();
        let bank = bank(&sandbox, |_| {}, |provider| provider);
        Self { sandbox, bank }
    }

    /// Returns a client with other settings.
    pub fn bank(&self, change: impl FnOnce(&mut IdentityTmConfig)) -> Bank {
        bank(&self.sandbox, change, |provider| provider)
    }

    /// Returns a client with other settings that changes its orders before it sends them.
    pub fn preparing(
        &self,
        change: impl FnOnce(&mut IdentityTmConfig),
        prepare: impl Fn(&mut Order) + Send + Sync + 'static,
    ) -> Bank {
        bank(&self.sandbox, change, |provider| {
            provider.customize(move |_, order| {
                prepare(order);
                Ok(())
            });
            provider
        })
    }

    /// Has the person and the agents act.
    pub fn act(&self, verification: &Verification, scenario: &str) {
        self.sandbox
            .identity_tm()
            .act(order_of(verification.id()).as_str(), scenario)
            .unwrap();
    }

    /// Has the person and the agents act, and advances the clock by an hour.
    pub async fn play(&self, verification: &Verification, scenario: &str) {
        self.act(verification, scenario);
        self.pass(60).await;
    }

    /// Advances the clock by this number of minutes.
    pub async fn pass(&self, count: u64) {
        self.sandbox.clock().advance(minutes(count)).await;
    }

    /// Returns the number of calls of this name.
    pub fn calls(&self, name: &str) -> usize {
        let named = |path: &str| {
            path.strip_prefix("/api/2.10/")
                .is_some_and(|rest| rest.split('/').next() == Some(name))
        };
        self.sandbox
            .requests()
            .iter()
            .filter(|request| named(&request.path))
            .count()
    }

    /// Returns the number of all calls to the vendor.
    pub fn count(&self) -> usize {
        self.sandbox.requests().len()
    }

    /// Sets a status, as only the vendor can.
    pub async fn set_status(&self, verification: &Verification, kind: u32) {
        let path = format!(
            "identity-tm/orders/{}/status",
            order_of(verification.id()).as_str()
        );
        self.control("POST", &path, &serde_json::json!({ "kind": kind }))
            .await;
        self.pass(0).await;
    }

    /// Calls the control plane for an action without a function.
    pub async fn control(
        &self,
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> serde_json::Value {
        let (status, answer) = super::plain_http(
            method,
            &(self.sandbox.control_url() + path),
            &body.to_string(),
        )
        .await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        serde_json::from_slice(&answer).unwrap()
    }
}

/// Polls once and applies the observation.
pub async fn poll(bank: &Bank, verification: &mut Verification) -> Decision {
    let observation = bank.client.poll(verification.id()).await.unwrap();
    verification.apply(&observation);
    verification.decision()
}

/// Follows a verification to its end, fetches included, while virtual time passes. Returns the
/// report, if there is one.
pub async fn follow(
    vendor: &Vendor,
    bank: &Bank,
    verification: &mut Verification,
) -> Option<Report> {
    let mut report = None;
    for _ in 0..20 {
        let observation = match verification.next_step(bank.client.info()) {
            Step::Poll => {
                vendor.pass(5).await;
                bank.client.poll(verification.id()).await.unwrap()
            }
            Step::Fetch(handle) => bank
                .client
                .fetch(verification.id(), Some(&handle))
                .await
                .unwrap(),
            _ => break,
        };
        report = observation.report().cloned().or(report);
        verification.apply(&observation);
    }
    report
}

/// Returns the vendor's id of a verification.
pub fn order_of(id: &VerificationId) -> OrderId {
    OrderId::parse(id.vendor_id.as_ref().unwrap().as_str()).unwrap()
}

/// Returns the data to submit about the person.
pub fn new_verification(client: &Client) -> NewVerification {
    let mut new = NewVerification::new(client.reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
    new.person.birth_place = Some("Berlin".into());
    new.person.address.street = Some("Heidestr.".into());
    new.person.address.house_number = Some("17".into());
    new.person.address.postal_code = Some("51147".into());
    new.person.address.city = Some("Köln".into());
    new.person.address.country = Country::from_alpha2("DE").map(Into::into);
    new.contact.email = Some("e.mustermann@example.com".into());
    new.contact.phone = Some("+491711234567".into());
    new
}

fn bank(
    sandbox: &Sandbox,
    change: impl FnOnce(&mut IdentityTmConfig),
    finish: impl FnOnce(IdentityTm) -> IdentityTm,
) -> Bank {
    let vendor = sandbox.identity_tm();
    let mut config =
        IdentityTmConfig::new(vendor.user(), Secret::new(vendor.password().to_owned()));
    config.base_url = Some(vendor.base_url().parse().unwrap());
    config.callback_secret = CALLBACK_KEY.into();
    change(&mut config);
    let provider = Arc::new(finish(IdentityTm::new(config).unwrap()));
    let client = Client::from_arc(
        Arc::clone(&provider) as _,
        super::environment(sandbox),
        CallPolicy::default(),
    );
    Bank { provider, client }
}

/// The receiver of the vendor's callbacks.
pub struct Receiver {
    /// The URL of the receiver.
    pub url: Url,
    state: Arc<std::sync::Mutex<Arrived>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Arrived {
    deliveries: Vec<Delivery>,
    /// The answers to the next callbacks; 200 if none is left.
    answers: std::collections::VecDeque<(u16, String)>,
}

impl Receiver {
    /// Starts a receiver on a free port.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let state = Arc::<std::sync::Mutex<Arrived>>::default();
        let kept = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let Some(delivery) = read(&mut stream).await else {
                    continue;
                };
                let (status, body) = {
                    let mut state = kept.lock().unwrap();
                    state.deliveries.push(delivery);
                    state.answers.pop_front().unwrap_or((200, String::new()))
                };
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: \
                     close\r\n\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, state, task }
    }

    /// Sets the statuses of the next answers.
    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.state
            .lock()
            .unwrap()
            .answers
            .extend(statuses.into_iter().map(|status| (status, String::new())));
    }

    /// Sets the next answers, as an arbitrary vendor might send them.
    pub fn say(&self, status: u16, body: &str, times: usize) {
        self.state.lock().unwrap().answers =
            std::iter::repeat_n((status, body.to_owned()), times).collect();
    }

    /// Returns the callbacks that have arrived since the last call.
    pub fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.state.lock().unwrap().deliveries)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one whole request.
async fn read(stream: &mut tokio::net::TcpStream) -> Option<Delivery> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let mut words = lines.next()?.split(' ');
            let (method, uri) = (
                words.next()?.parse().unwrap(),
                words.next()?.parse().unwrap(),
            );
            let length = lines
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse::<usize>().unwrap());
            let body = &bytes[end + 4..];
            if body.len() >= length {
                return Some(Delivery::callback(
                    method,
                    uri,
                    http::HeaderMap::new(),
                    body[..length].to_vec(),
                ));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
