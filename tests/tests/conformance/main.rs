//! Every adapter, over its vendor's part of the sandbox, is held to the same contract.

#![allow(missing_docs, unreachable_pub, reason = "a test is a crate of its own, and nobody uses it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod cm_id_scan;
mod hard;
mod identify24;
mod identity_tm;
mod idnow;
mod receiver;
#[path = "../support/mod.rs"]
mod support;
mod verificar_identidad;

use std::marker::PhantomData;
use std::time::Duration;

use idv::{Client, Delivery, Environment, NewVerification, Timestamp, Url, VerificationId};
use idv_sandbox::{FaultKind, Sandbox, SandboxError, Step};
use idv_testkit::conformance::{Astray, Fault, Harness, Trouble};

use self::receiver::Receiver;

/// A vendor's part of the sandbox.
#[async_trait::async_trait]
pub trait Vendor: Send + Sync + 'static {
    /// What stands in the address of a creation, and of a question about the state.
    const CREATE: &'static str;
    const POLL: &'static str;

    /// A client of it, with a secret for callbacks.
    fn client(sandbox: &Sandbox, environment: Environment) -> Client;

    /// Has the vendor report to this address, where that is set for all verifications.
    async fn report_to(_sandbox: &Sandbox, _client: &Client, _url: &Url) {}

    /// Adds what the vendor demands.
    fn demand(_new: &mut NewVerification) {}

    fn act(sandbox: &Sandbox, id: &VerificationId, scenario: &str) -> Result<Vec<Step>, SandboxError>;

    /// A callback that says that the person is verified, without the secret.
    fn forgery(url: &Url, id: &VerificationId) -> Delivery;

    fn verifications(sandbox: &Sandbox) -> usize;
}

/// A vendor's part of the sandbox, a client of it, and an address for callbacks.
pub struct Stage<V> {
    sandbox: Sandbox,
    client: Client,
    receiver: Receiver,
    vendor: PhantomData<V>,
}

#[async_trait::async_trait]
impl<V: Vendor> Harness for Stage<V> {
    fn run<F: Future<Output = ()>>(test: F) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(test);
    }

    async fn open() -> Self {
        let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
        let client = V::client(&sandbox, support::environment(&sandbox));
        let receiver = Receiver::start().await;
        V::report_to(&sandbox, &client, &receiver.url).await;
        Self { sandbox, client, receiver, vendor: PhantomData }
    }

    fn client(&self) -> &Client {
        &self.client
    }

    fn person(&self) -> NewVerification {
        let mut new = NewVerification::new(self.client.reference());
        new.person.given_names = Some("Erika".into());
        new.person.family_name = Some("Mustermann".into());
        new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
        new.person.birth_place = Some("Berlin".into());
        new.person.address.street = Some("Heidestr.".into());
        new.person.address.house_number = Some("17".into());
        new.callback_url = Some(self.receiver.url.clone());
        V::demand(&mut new);
        new
    }

    fn now(&self) -> Timestamp {
        self.sandbox.clock().now()
    }

    async fn advance(&self, by: Duration) {
        self.sandbox.clock().advance(by).await;
    }

    async fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Duration>, String> {
        let steps = V::act(&self.sandbox, id, scenario).map_err(|error| error.to_string())?;
        let mut moments: Vec<_> = steps.iter().map(|step| Duration::from_secs(step.after_seconds)).collect();
        moments.sort_unstable();
        moments.dedup();
        Ok(moments)
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.receiver.take()
    }

    fn forgery(&self, id: &VerificationId) -> Option<Delivery> {
        Some(V::forgery(&self.receiver.url, id))
    }

    fn plan(&self, fault: Fault) {
        let (kind, path) = match fault {
            Fault::Create(trouble) => (kind(trouble), V::CREATE),
            Fault::Poll(trouble) => (kind(trouble), V::POLL),
            Fault::Callback(astray) => (
                match astray {
                    Astray::Lost => FaultKind::CallbackLost,
                    Astray::Late => FaultKind::CallbackLate(3600),
                    Astray::Duplicated => FaultKind::CallbackDuplicated,
                    Astray::Reordered => FaultKind::CallbackReordered,
                    other => panic!("{other:?} is new"),
                },
                "",
            ),
            other => panic!("{other:?} is new"),
        };
        self.sandbox.plan(idv_sandbox::Fault::new(kind).at(path));
    }

    fn requests(&self) -> usize {
        self.sandbox.requests().len()
    }

    fn verifications(&self) -> usize {
        V::verifications(&self.sandbox)
    }
}

/// The address for callbacks of an account, with the secret that proves them.
fn proven(client: &Client, url: &Url) -> Url {
    let mut url = url.clone();
    let (name, secret) = client.provider().capabilities().callbacks.unwrap().auth().parameter_for("").unwrap();
    url.query_pairs_mut().append_pair(name, secret.expose());
    url
}

fn kind(trouble: Trouble) -> FaultKind {
    match trouble {
        Trouble::Refused => FaultKind::Refuse,
        Trouble::CutBefore => FaultKind::CutBefore,
        Trouble::CutAfter => FaultKind::CutAfter,
        Trouble::Status(code) => FaultKind::Status { code, retry_after: None },
        Trouble::RateLimited => FaultKind::Status { code: 429, retry_after: Some("1".to_owned()) },
        Trouble::Html => FaultKind::Html,
        Trouble::Truncated => FaultKind::Truncated,
        Trouble::WrongType => FaultKind::WrongType,
        // More than any answer may be that is not evidence.
        Trouble::Oversize => FaultKind::Oversize(100 << 20),
        other => panic!("{other:?} is new"),
    }
}
