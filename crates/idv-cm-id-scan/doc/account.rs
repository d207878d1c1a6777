// The account of the examples in the documentation: a client whose vendor answers from a script.
//
// Examples include this file.

use std::error::Error;
use std::result::Result;

use idv_core::call::{CallContext, CallPolicy};
use idv_core::{Client, Operation};
use idv_cm_id_scan::{CmIdScan, CmIdScanConfig, api::Api};
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
        let clock = ManualClock::new("2024-01-01T12:00:00Z".parse().unwrap());
        let environment = environment(&transport, &clock);
        let vendor = CmIdScan::new(config()).unwrap();
        let client = Client::new(vendor, environment, CallPolicy::default());
        Self { transport, client }
    }

    /// Appends the vendor's next answer.
    pub fn answer(&self, status: u16, body: &str) {
        self.transport.then_json(status, body);
    }

    /// Returns the adapter.
    pub fn vendor(&self) -> &CmIdScan {
        self.client.vendor::<CmIdScan>().unwrap()
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
pub fn config() -> CmIdScanConfig {
    let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
    CmIdScanConfig::new(key_id, "the account's secret".into())
        .callback_secret("0123456789abcdef0123")
}
