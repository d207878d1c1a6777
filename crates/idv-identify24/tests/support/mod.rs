//! Shared by the tests: an account, a client with scripted responses, Identify24's answers, and the
//! fixtures.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use bytes::Bytes;
use http::Request;
use idv_core::call::CallPolicy;
use idv_core::report::{Country, DocumentKind, Gender};
use idv_core::{
    Client, Error, NewVerification, Outcome, Reference, Status, VendorId, VerificationId,
};
use idv_identify24::normalize::Statuses;
use idv_identify24::{Identify24, Identify24Config};
use idv_testkit::{Fixtures, ManualClock, ScriptedTransport, environment};

pub(crate) use idv_testkit::{header, line};

/// The application's reference in every test.
pub(crate) const REFERENCE: &str = "6f1c2a9e1c1f4a6b9a520c2d6a1f7e11";
/// The ident in every test.
pub(crate) const IDENT: &str = "3d1b2c4e-0000-4000-8000-00000000a001";
/// The base URL of the API.
pub(crate) const BASE: &str = "https://api.identify24.de";
/// The token in every test.
pub(crate) const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.e30.example";
/// The secret in the webhook's URL.
pub(crate) const SECRET: &str = "0123456789abcdef0123";
/// States that the account's configuration teaches.
pub(crate) const VERIFIED: &str = "Example Verified";
pub(crate) const REJECTED: &str = "Example Rejected";

/// The account in every test, without a secret for callbacks.
pub(crate) fn config() -> Identify24Config {
    let mut config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
    config.statuses = statuses();
    config
}

pub(crate) fn statuses() -> Statuses {
    [
        (VERIFIED, Status::Finished(Outcome::Verified)),
        (REJECTED, Status::Finished(Outcome::Rejected)),
        ("Example Waiting", Status::InProgress),
        ("Example Review", Status::InReview { leaning: None }),
    ]
    .into_iter()
    .fold(Statuses::of_document(), |statuses, (word, status)| {
        statuses.with(word, status).unwrap()
    })
}

/// The account with a change.
pub(crate) fn with(change: impl FnOnce(&mut Identify24Config)) -> Identify24Config {
    let mut config = config();
    change(&mut config);
    config
}

/// The account with a secret for callbacks.
pub(crate) fn guarded() -> Identify24Config {
    with(|config| config.callback_secret = SECRET.into())
}

/// A client of the account.
pub(crate) fn client(transport: &ScriptedTransport) -> Client {
    client_of(guarded(), transport)
}

/// A client of another account, whose sleeps end immediately.
pub(crate) fn client_of(config: Identify24Config, transport: &ScriptedTransport) -> Client {
    Client::new(
        Identify24::new(config).unwrap(),
        environment(transport, &clock()),
        CallPolicy::default(),
    )
}

/// A clock whose sleeps end immediately.
pub(crate) fn clock() -> ManualClock {
    ManualClock::leaping("2024-01-02T09:00:00Z".parse().unwrap())
}

/// A script that begins with a login.
pub(crate) fn logged_in() -> ScriptedTransport {
    let transport = ScriptedTransport::new();
    transport.then_json(200, token(TOKEN));
    transport
}

/// The response to a login.
pub(crate) fn token(token: &str) -> String {
    format!(
        r#"{{"result":true,"response_status":200,"token":"{token}","messages":["Successful.."]}}"#
    )
}

/// The response to an accepted ident.
pub(crate) fn created() -> String {
    format!(
        r#"{{"result":true,"messages":[],"ident_id":"{IDENT}","conference_url":"https://identify24.de/apply/{IDENT}"}}"#
    )
}

/// An ident in a state.
pub(crate) fn ident(status: &str) -> String {
    format!(
        r#"{{"result":true,"messages":[],"data":{{"id":"{IDENT}","project_id":"6","person_first_name":"ERIKA","person_last_name":"MUSTERMANN",
        "custom_id":"{REFERENCE}","custom1":"policy-4711","status":"{status}","created_at":"02-01-2024 08:15:00","appointment_date":""}}}}"#
    )
}

/// The body of a webhook about a state.
pub(crate) fn webhook(status: &str) -> String {
    format!(
        r#"{{"ident_id":"{IDENT}","status_id":"5","status":"{status}","project_id":"6","custom_id":"{REFERENCE}","company_name":"",
        "first_name":"ERIKA","last_name":"MUSTERMANN","custom1":"policy-4711","agent_notes":"","reject_reason":"","agent_name":"Agentin Acht",
        "appointment_date":""}}"#
    )
}

/// The application's reference.
pub(crate) fn reference() -> Reference {
    Reference::parse(REFERENCE).unwrap()
}

/// The verification in every test.
pub(crate) fn id() -> VerificationId {
    VerificationId::new(reference(), Some(VendorId::new(IDENT)))
}

/// A verification with every supported input.
pub(crate) fn new() -> NewVerification {
    let country = |letters: &str| Country::from_alpha2(letters).map(Into::into);
    let date = |text: &str| Some(text.parse::<jiff::civil::Date>().unwrap().into());
    let mut new = NewVerification::new(reference());
    new.person.given_names = Some("Erika Zoë".into());
    new.person.family_name = Some("Mustermann-Groß".into());
    new.person.birth_date = date("1964-08-12");
    new.person.birth_place = Some("Köln".into());
    new.person.nationality = country("DE");
    new.person.gender = Some(Gender::Female.into());
    new.person.title = Some("Dr.".into());
    new.person.address.street = Some("Heidestraße".into());
    new.person.address.house_number = Some("17a".into());
    new.person.address.postal_code = Some("51147".into());
    new.person.address.city = Some("Nürnberg".into());
    new.person.address.country = country("AT");
    new.contact.email = Some("e.mustermann@example.com".into());
    new.contact.phone = Some("+49 151 11111111".into());
    new.document.kind = Some(DocumentKind::IdCard.into());
    new.document.number = Some("LJFE8J32NDM".into());
    new.document.issuing_country = country("DE");
    new.document.issuer = Some("Stadt Nürnberg".into());
    new.document.issued_on = date("2021-05-10");
    new.document.expires_on = date("2031-05-09");
    for number in 1..=4 {
        new.custom
            .insert(format!("custom{number}"), format!("own {number}").into());
    }
    new
}

/// The requests as lines of method and path.
pub(crate) fn lines(transport: &ScriptedTransport) -> Vec<String> {
    transport
        .requests()
        .iter()
        .map(|request| line(request).replace(&format!("{BASE}/"), ""))
        .collect()
}

/// The body of a request.
pub(crate) fn sent(request: &Request<Bytes>) -> serde_json::Value {
    serde_json::from_slice(request.body()).unwrap()
}

const FIXTURES: Fixtures = Fixtures::of(env!("CARGO_MANIFEST_DIR"));

/// A fixture.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    FIXTURES.read(name)
}

/// A fixture as text.
pub(crate) fn text(name: &str) -> String {
    FIXTURES.text(name)
}

/// The names of all fixtures with one of these prefixes, sorted.
pub(crate) fn named(beginnings: &[&str]) -> Vec<String> {
    FIXTURES.named(beginnings)
}

/// The fixtures that are responses of `ident/get`.
pub(crate) fn idents() -> Vec<String> {
    named(&["ident-get", "own-ident-get"])
}

/// The fixtures that are bodies of webhooks.
pub(crate) fn webhooks() -> Vec<String> {
    named(&["webhook", "own-webhook"])
}

/// The vendor's description of a failure, in clear text.
pub(crate) fn vendor_text(error: &Error) -> Option<&str> {
    error.vendor_text().map(|text| text.expose().as_str())
}
