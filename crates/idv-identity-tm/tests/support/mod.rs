//! Shared by the tests of calls: an account, a client with scripted responses, and Identity.TM's
//! answers.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use bytes::Bytes;
use http::{Request, Response};
use idv_core::call::CallPolicy;
use idv_core::{Client, Error, Reference, VendorId, VerificationId};
use idv_identity_tm::{IdentityTm, IdentityTmConfig};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};

pub(crate) use idv_testkit::{empty, file, header, line};

/// The application's reference in every test.
pub(crate) const REFERENCE: &str = "0123456789abcdef0123456789abcdef";
/// The order in every test.
pub(crate) const ORDER: &str = "99920006C38842";
/// The base URL of the API (chapter 2.7).
pub(crate) const BASE: &str = "https://customer.identity.tm/api/2.10";
/// The page of the hand-off.
pub(crate) const TARGET: &str = "https://www.identity.tm/status/37C4B60A72A1C6C74FC038282CED500B";
/// `ihrebank` and `examplePassword` by HTTP Basic.
pub(crate) const BASIC: &str = "Basic aWhyZWJhbms6ZXhhbXBsZVBhc3N3b3Jk";

/// The account in every test.
pub(crate) fn config() -> IdentityTmConfig {
    IdentityTmConfig::new("ihrebank", "examplePassword".into())
}

/// The account with a change.
pub(crate) fn with(change: impl FnOnce(&mut IdentityTmConfig)) -> IdentityTmConfig {
    let mut config = config();
    change(&mut config);
    config
}

/// A client of the account.
pub(crate) fn client(transport: &ScriptedTransport) -> Client {
    client_of(config(), transport)
}

/// A client of another account, whose sleeps end immediately.
pub(crate) fn client_of(config: IdentityTmConfig, transport: &ScriptedTransport) -> Client {
    client_at(config, transport, &clock())
}

/// A client of another account with this clock.
pub(crate) fn client_at(
    config: IdentityTmConfig,
    transport: &ScriptedTransport,
    clock: &ManualClock,
) -> Client {
    Client::new(
        IdentityTm::new(config).unwrap(),
        environment(transport, clock),
        CallPolicy::default(),
    )
}

/// A clock whose sleeps end immediately.
pub(crate) fn clock() -> ManualClock {
    ManualClock::leaping("2018-09-05T09:00:00Z".parse().unwrap())
}

/// The application's reference.
pub(crate) fn reference() -> Reference {
    Reference::parse(REFERENCE).unwrap()
}

/// The verification in every test.
pub(crate) fn id() -> VerificationId {
    VerificationId::new(reference(), Some(VendorId::new(ORDER)))
}

/// The response to an accepted order (chapter 3.1.8).
pub(crate) fn created() -> String {
    format!(r#"{{"OrderID":"{ORDER}","Ref":"{REFERENCE}","TargetURL":"{TARGET}"}}"#)
}

/// A history of these codes (chapter 3.2.9).
pub(crate) fn history(kinds: &[u32]) -> String {
    let entries: Vec<_> = kinds
        .iter()
        .map(|kind| format!(r#"{{"Kind":{kind},"Time":"2018-09-05T11:06:21+02:00"}}"#))
        .collect();
    format!(
        r#"{{"OrderID":"{ORDER}","Ref":"{REFERENCE}","Executed":"2018-09-05T11:06:21+02:00","Status":[{}]}}"#,
        entries.join(",")
    )
}

/// The requests as lines of method and path.
pub(crate) fn lines(transport: &ScriptedTransport) -> Vec<String> {
    transport
        .requests()
        .iter()
        .map(|request| line(request).replace(&format!("{BASE}/"), ""))
        .collect()
}

/// The vendor's description of a failure, in clear text.
pub(crate) fn vendor_text(error: &Error) -> Option<&str> {
    error.vendor_text().map(|text| text.expose().as_str())
}
