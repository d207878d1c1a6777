//! What the tests of calls share: an account, a client over a script, and the vendor's answers.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use idv_core::call::CallPolicy;
use idv_core::{Client, Delivery, NewVerification, Reference, VendorId, VerificationId};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};
use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};

/// Our reference in every test.
pub(crate) const REFERENCE: &str = "0123456789abcdef0123456789abcdef";
/// The request in every test.
pub(crate) const REQUEST: &str = "1283876988";
/// Where the calls go.
pub(crate) const BASE: &str = "https://api.mensatek.com/v7";
/// `api-user` and `api-token` by HTTP Basic.
pub(crate) const BASIC: &str = "Basic YXBpLXVzZXI6YXBpLXRva2Vu";
/// The secret in the address that reports are sent to.
pub(crate) const SECRET: &str = "5ec4e70123456789abcdef0123456789";
/// A request that was taken.
pub(crate) const TAKEN: &str = r#"[{"Res":1,"ID":"1283876988","Cred":12345.67}]"#;

/// The account in every test.
pub(crate) fn config() -> VerificarIdentidadConfig {
    let mut config = VerificarIdentidadConfig::new("api-user", "api-token".into());
    config.callback_secret = SECRET.into();
    config
}

/// The same with something else in it.
pub(crate) fn with(change: impl FnOnce(&mut VerificarIdentidadConfig)) -> VerificarIdentidadConfig {
    let mut config = config();
    change(&mut config);
    config
}

/// A client of the account. Its waits end at once.
pub(crate) fn client(transport: &ScriptedTransport) -> Client {
    client_of(config(), transport)
}

/// A client of another account.
pub(crate) fn client_of(config: VerificarIdentidadConfig, transport: &ScriptedTransport) -> Client {
    client_with(VerificarIdentidad::new(config).unwrap(), transport)
}

/// A client of a provider.
pub(crate) fn client_with(provider: VerificarIdentidad, transport: &ScriptedTransport) -> Client {
    let clock = ManualClock::leaping("2021-10-10T08:00:00Z".parse().unwrap());
    Client::new(
        provider,
        environment(transport, &clock),
        CallPolicy::default(),
    )
}

/// A transport that answers like this.
pub(crate) fn scripted(answers: &[(u16, &str)]) -> ScriptedTransport {
    let transport = ScriptedTransport::new();
    for (status, body) in answers {
        transport.then_json(*status, *body);
    }
    transport
}

/// An answer that is bytes.
pub(crate) fn file(status: u16, bytes: impl Into<Bytes>) -> Exchange {
    Exchange::Answer(
        Response::builder()
            .status(status)
            .body(bytes.into())
            .unwrap(),
    )
}

/// Our reference.
pub(crate) fn reference() -> Reference {
    Reference::parse(REFERENCE).unwrap()
}

/// The verification in every test.
pub(crate) fn id() -> VerificationId {
    VerificationId::new(reference(), Some(VendorId::new(REQUEST)))
}

/// The least that the vendor needs of a person.
pub(crate) fn new() -> NewVerification {
    let mut new = NewVerification::new(reference());
    new.contact.phone = Some("+34600000001".into());
    new
}

/// A report that is delivered to the address with the secret.
pub(crate) fn delivery(body: impl Into<Bytes>) -> Delivery {
    delivery_to(&format!("/idv?token={SECRET}"), body)
}

/// A report that is delivered to an address.
pub(crate) fn delivery_to(uri: &str, body: impl Into<Bytes>) -> Delivery {
    Delivery::callback(Method::POST, uri.parse().unwrap(), HeaderMap::new(), body)
}
