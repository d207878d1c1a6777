//! Shared by the tests of calls: an account, a client with scripted responses, and the vendor's
//! answers.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv_core::call::CallPolicy;
use idv_core::{Client, Error, Reference, ResultHandle, VendorId, VerificationId};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};

pub(crate) use idv_testkit::{empty, file, header, line};

/// The application's reference in every test.
pub(crate) const REFERENCE: &str = "0123456789abcdef0123456789abcdef";
/// The transaction in every test.
pub(crate) const TRANSACTION: &str = "c3b92333-0000-4000-8000-000000000000";
/// The transaction's result.
pub(crate) const RESULT: &str = "e6b7ce66-0000-4000-8000-000000000000";
/// The base URL of the API.
pub(crate) const BASE: &str = "https://api.cm.com/id-scan/v1";
/// The credentials in the document's example.
pub(crate) const KEY_ID: &str = "3b438437-04a4-40bb-8389-54bb02766fba";
pub(crate) const SECRET: &str = "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ";
/// The secret of callbacks.
pub(crate) const CALLBACK_SECRET: &str = "5f1c2a9e1c1f4a6b9a520c2d6a1f7e11";

/// The account in every test.
pub(crate) fn config() -> CmIdScanConfig {
    let mut config = CmIdScanConfig::new(KEY_ID, SECRET.into());
    config.callback_secret = CALLBACK_SECRET.into();
    config
}

/// The account with a change.
pub(crate) fn with(change: impl FnOnce(&mut CmIdScanConfig)) -> CmIdScanConfig {
    let mut config = config();
    change(&mut config);
    config
}

/// A client of the account.
pub(crate) fn client(transport: &ScriptedTransport) -> Client {
    client_of(config(), transport)
}

/// A client of another account, whose sleeps end immediately.
pub(crate) fn client_of(config: CmIdScanConfig, transport: &ScriptedTransport) -> Client {
    client_at(config, transport, &clock())
}

/// A client of another account with this clock.
pub(crate) fn client_at(
    config: CmIdScanConfig,
    transport: &ScriptedTransport,
    clock: &ManualClock,
) -> Client {
    Client::new(
        CmIdScan::new(config).unwrap(),
        environment(transport, clock),
        CallPolicy::default(),
    )
}

/// A clock whose sleeps end immediately.
pub(crate) fn clock() -> ManualClock {
    ManualClock::leaping("2024-01-01T12:00:00Z".parse().unwrap())
}

/// The application's reference.
pub(crate) fn reference() -> Reference {
    Reference::parse(REFERENCE).unwrap()
}

/// The verification in every test.
pub(crate) fn id() -> VerificationId {
    VerificationId::new(reference(), Some(VendorId::new(TRANSACTION)))
}

/// The handle of the transaction's result.
pub(crate) fn handle() -> ResultHandle {
    ResultHandle::new(RESULT)
}

/// The requests as lines of method and path.
pub(crate) fn lines(transport: &ScriptedTransport) -> Vec<String> {
    transport
        .requests()
        .iter()
        .map(|request| line(request).replace(&format!("{BASE}/"), ""))
        .collect()
}

/// The claims in a request's token.
pub(crate) fn claims(request: &Request<Bytes>) -> serde_json::Value {
    let token = header(request, "authorization")
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap();
    let parts: Vec<_> = token.split('.').collect();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}

/// The body of a request.
pub(crate) fn body(request: &Request<Bytes>) -> serde_json::Value {
    serde_json::from_slice(request.body()).unwrap()
}

/// The vendor's description of a failure, in clear text.
pub(crate) fn vendor_text(error: &Error) -> Option<&str> {
    error.vendor_text().map(|text| text.expose().as_str())
}
