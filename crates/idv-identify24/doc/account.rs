// The account of the examples in the documentation: a client whose vendor answers from a script.
//
// Examples include this file.

use std::error::Error;
use std::result::Result;

use idv_core::call::{CallContext, CallPolicy};
use idv_core::{Client, Operation};
use idv_identify24::{Identify24, Identify24Config, api::Api};
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
        let clock = ManualClock::new("2024-01-02T09:00:00Z".parse().unwrap());
        let environment = environment(&transport, &clock);
        let vendor = Identify24::new(config()).unwrap();
        let client = Client::new(vendor, environment, CallPolicy::default());
        Self { transport, client }
    }

    /// Appends the vendor's next answer.
    pub fn answer(&self, status: u16, body: &str) {
        self.transport.then_json(status, body);
    }

    /// Returns the adapter.
    pub fn vendor(&self) -> &Identify24 {
        self.client.vendor::<Identify24>().unwrap()
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
pub fn config() -> Identify24Config {
    Identify24Config::new("911-internet", "example-api-key".into(), 6)
        .callback_secret("0123456789abcdef0123")
}

impl Account {
    /// Appends the answer to the login before the first call.
    pub fn answer_login(&self) {
        self.answer(200, r#"{"result":true,"response_status":200,"token":"xxx"}"#);
    }
}

/// Returns a verification with the data that the vendor requires.
pub fn person(reference: idv_core::Reference) -> idv_core::NewVerification {
    let germany = idv_core::report::Country::from_alpha2("DE").map(Into::into);
    let mut new = idv_core::NewVerification::new(reference);
    new.person.given_names = Some("John".into());
    new.person.family_name = Some("Doe".into());
    new.person.gender = Some(idv_core::report::Gender::Male.into());
    new.person.birth_date = Some("1981-09-05".parse::<jiff::civil::Date>().unwrap().into());
    new.person.birth_place = Some("Berlin".into());
    new.person.nationality = germany.clone();
    new.person.address.postal_code = Some("94670".into());
    new.person.address.city = Some("Nürnberg".into());
    new.person.address.country = germany;
    new.contact.email = Some("johndoe@identify24.de".into());
    new.contact.phone = Some("01511111111".into());
    new
}
