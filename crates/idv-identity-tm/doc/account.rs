// The account of the examples in the documentation, with a server in memory and the order of the
// vendor's document. Examples include this file.

use std::error::Error;

use idv_core::call::CallPolicy;
use idv_core::{CallContext, Client, Operation, http};
use idv_identity_tm::api::order::{Address, Order, Product};
use idv_identity_tm::api::{Api, OrderId};
use idv_identity_tm::{IdentityTm, IdentityTmConfig};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};

/// Returns the configuration of the account.
pub fn config() -> IdentityTmConfig {
    IdentityTmConfig::new("ihrebank", "examplePassword".into())
}

/// Returns the identifier of the order in the document's examples.
pub fn order_id() -> OrderId {
    OrderId::parse("99920006C38842").unwrap()
}

/// Returns an order about the document's person.
pub fn order(product: Product) -> Order {
    let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
    Order::new(product, "e.mustermann@example.com".into(), address)
}

/// Creates a client of the account, whose clock does not wait in real time.
pub fn client(server: &Server) -> Client {
    let clock = ManualClock::leaping("2018-09-05T09:00:00Z".parse().unwrap());
    Client::new(
        IdentityTm::new(config()).unwrap(),
        environment(&server.0, &clock),
        CallPolicy::default(),
    )
}

/// Runs an example with the account's API, a context and the server.
pub fn run(example: impl AsyncFnOnce(Api, CallContext, Server) -> Result<(), Box<dyn Error>>) {
    let server = Server::default();
    let api = Api::new(&config()).unwrap();
    let cx = client(&server).context(Operation::Other);
    let example = example(api, cx, server);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(example).unwrap();
}

/// The vendor's server, which answers from a script.
#[derive(Debug, Clone, Default)]
pub struct Server(ScriptedTransport);

impl Server {
    /// Adds a response without a body to the script.
    pub fn status(&self, status: u16) {
        self.0.then(idv_testkit::empty(status));
    }

    /// Adds a JSON response to the script.
    pub fn json(&self, status: u16, body: &str) {
        self.0.then_json(status, body);
    }

    /// Adds a file to the script.
    pub fn file(&self, media_type: &str, bytes: &'static [u8]) {
        self.0.then(idv_testkit::file(media_type, bytes));
    }

    /// Adds a failed connection to the script: the request was sent, the response is lost.
    pub fn lose(&self) {
        let cause = idv_core::TransportCause::Interrupted;
        self.0.then(Exchange::Fail(idv_core::Sent::Maybe, cause));
    }

    /// Returns the method of the last request, and its path below the API's base URL.
    pub fn line(&self) -> String {
        let request = self.request();
        let path = request.uri().path().trim_start_matches("/api/2.10/");
        format!("{} {path}", request.method())
    }

    /// Returns the body of the last request.
    pub fn body(&self) -> String {
        String::from_utf8(self.request().body().to_vec()).expect("the body is text")
    }

    /// Returns the number of requests.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    fn request(&self) -> http::Request<idv_core::Bytes> {
        self.0.requests().pop().expect("a request was sent")
    }
}
