//! Shared by the tests of calls: an account, a client with scripted responses, and the vendor's
//! answers.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use idv_core::call::CallPolicy;
use idv_core::{Client, Delivery, Error, NewVerification, Reference, VendorId, VerificationId};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};
use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};

/// The application's reference in every test.
pub(crate) const REFERENCE: &str = "0123456789abcdef0123456789abcdef";
/// The request in every test.
pub(crate) const REQUEST: &str = "1283876988";
/// The base URL of the API.
pub(crate) const BASE: &str = "https://api.mensatek.com/v7";
/// `api-user` and `api-token` by HTTP Basic.
pub(crate) const BASIC: &str = "Basic YXBpLXVzZXI6YXBpLXRva2Vu";
/// The secret in the URL of reports.
pub(crate) const SECRET: &str = "5ec4e70123456789abcdef0123456789";
/// The response to an accepted request.
pub(crate) const TAKEN: &str = r#"[{"Res":1,"ID":"1283876988","Cred":12345.67}]"#;

/// The account in every test.
pub(crate) fn config() -> VerificarIdentidadConfig {
    let mut config = VerificarIdentidadConfig::new("api-user", "api-token".into());
    config.callback_secret = SECRET.into();
    config
}

/// The account with a change.
pub(crate) fn with(change: impl FnOnce(&mut VerificarIdentidadConfig)) -> VerificarIdentidadConfig {
    let mut config = config();
    change(&mut config);
    config
}

/// A client of the account, whose sleeps end immediately.
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

/// A transport with these responses.
pub(crate) fn scripted(answers: &[(u16, &str)]) -> ScriptedTransport {
    let transport = ScriptedTransport::new();
    for (status, body) in answers {
        transport.then_json(*status, *body);
    }
    transport
}

/// A binary response.
pub(crate) fn file(status: u16, bytes: impl Into<Bytes>) -> Exchange {
    Exchange::Answer(
        Response::builder()
            .status(status)
            .body(bytes.into())
            .unwrap(),
    )
}

/// The application's reference.
pub(crate) fn reference() -> Reference {
    Reference::parse(REFERENCE).unwrap()
}

/// The verification in every test.
pub(crate) fn id() -> VerificationId {
    VerificationId::new(reference(), Some(VendorId::new(REQUEST)))
}

/// A verification with only the required inputs.
pub(crate) fn new() -> NewVerification {
    let mut new = NewVerification::new(reference());
    new.contact.phone = Some("+34600000001".into());
    new
}

/// A report delivered to the URL with the secret.
pub(crate) fn delivery(body: impl Into<Bytes>) -> Delivery {
    delivery_to(&format!("/idv?token={SECRET}"), body)
}

/// A report delivered to this URL.
pub(crate) fn delivery_to(uri: &str, body: impl Into<Bytes>) -> Delivery {
    Delivery::callback(Method::POST, uri.parse().unwrap(), HeaderMap::new(), body)
}

/// The vendor's description of a failure, in clear text.
pub(crate) fn vendor_text(error: &Error) -> Option<&str> {
    error.vendor_text().map(|text| text.expose().as_str())
}
