// The account of the examples in the documentation: a client whose vendor answers from a script.
//
// Examples include this file.

use std::error::Error;
use std::result::Result;

use idv_core::call::{CallContext, CallPolicy};
use idv_core::{Client, Operation};
use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig, api::Api};
use idv_testkit::{ManualClock, ScriptedTransport, environment};

/// Runs an example.
pub fn run(example: impl AsyncFnOnce(Account) -> Result<(), Box<dyn Error>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(example(Account::new())).unwrap();
}

/// The account.
pub struct Account {
    pub transport: ScriptedTransport,
    pub client: Client,
}

impl Account {
    fn new() -> Self {
        let transport = ScriptedTransport::new();
        let clock = ManualClock::new("2021-10-10T08:00:00Z".parse().unwrap());
        let environment = environment(&transport, &clock);
        let vendor = VerificarIdentidad::new(config()).unwrap();
        let client = Client::new(vendor, environment, CallPolicy::default());
        Self { transport, client }
    }

    /// Appends the vendor's next answer.
    pub fn answer(&self, status: u16, body: &str) {
        self.transport.then_json(status, body);
    }

    /// Returns the adapter.
    pub fn vendor(&self) -> &VerificarIdentidad {
        self.client.vendor::<VerificarIdentidad>().unwrap()
    }

    /// Returns the vendor's API.
    pub fn api(&self) -> &Api {
        self.vendor().api()
    }

    /// Returns the context of a call.
    pub fn context(&self) -> CallContext {
        self.client.context(Operation::Other)
    }

    /// Returns the last request as a line.
    pub fn last_request(&self) -> String {
        idv_testkit::line(self.transport.requests().last().unwrap())
    }
}

/// Returns the configuration of the account.
pub fn config() -> VerificarIdentidadConfig {
    VerificarIdentidadConfig::new("api-user", "api-token".into())
        .callback_secret("0123456789abcdef0123456789abcdef")
}
