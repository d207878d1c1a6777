// The account of the examples in the documentation: a client whose vendor answers from a script.
//
// Examples include this file.

use std::error::Error;
use std::result::Result;

use idv_identify24::{Identify24, Identify24Config};
use idv_testkit::ScriptedClient;

/// Runs an example.
pub fn run(example: impl AsyncFnOnce(ScriptedClient<Identify24>) -> Result<(), Box<dyn Error>>) {
    let vendor = Identify24::new(config()).unwrap();
    let account = ScriptedClient::new(vendor, "2024-01-02T09:00:00Z".parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(example(account)).unwrap();
}

/// Returns the configuration of the account.
pub fn config() -> Identify24Config {
    Identify24Config::new("911-internet", "example-api-key".into(), 6)
        .callback_secret("0123456789abcdef0123")
}

/// Appends the answer to the login before the first call.
pub fn answer_login(account: &ScriptedClient<Identify24>) {
    account.answer(200, r#"{"result":true,"response_status":200,"token":"xxx"}"#);
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
