//! What the tests of calls share: an account, a client over a script, and the vendor's answers.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv_core::call::CallPolicy;
use idv_core::{Client, Reference, ResultHandle, VendorId, VerificationId};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};

pub(crate) use idv_testkit::{empty, file, header, line};

/// Our reference in every test.
pub(crate) const REFERENCE: &str = "0123456789abcdef0123456789abcdef";
/// The transaction in every test.
pub(crate) const TRANSACTION: &str = "c3b92333-0000-4000-8000-000000000000";
/// Its result.
pub(crate) const RESULT: &str = "e6b7ce66-0000-4000-8000-000000000000";
/// Where the calls go.
pub(crate) const BASE: &str = "https://api.cm.com/id-scan/v1";
/// The credentials of the document's example.
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

/// The same with something else in it.
pub(crate) fn with(change: impl FnOnce(&mut CmIdScanConfig)) -> CmIdScanConfig {
    let mut config = config();
    change(&mut config);
    config
}

/// A client of the account.
pub(crate) fn client(transport: &ScriptedTransport) -> Client {
    client_of(config(), transport)
}

/// A client of another account. Its waits end at once.
pub(crate) fn client_of(config: CmIdScanConfig, transport: &ScriptedTransport) -> Client {
    client_at(config, transport, &clock())
}

/// The same by a clock of the caller's.
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

/// A clock whose sleeps end at once.
pub(crate) fn clock() -> ManualClock {
    ManualClock::leaping("2024-01-01T12:00:00Z".parse().unwrap())
}

/// Our reference.
pub(crate) fn reference() -> Reference {
    Reference::parse(REFERENCE).unwrap()
}

/// The verification in every test.
pub(crate) fn id() -> VerificationId {
    VerificationId::new(reference(), Some(VendorId::new(TRANSACTION)))
}

/// The handle of its result.
pub(crate) fn handle() -> ResultHandle {
    ResultHandle::new(RESULT)
}

/// The method and what follows the API's address of every request that was made.
pub(crate) fn lines(transport: &ScriptedTransport) -> Vec<String> {
    transport
        .requests()
        .iter()
        .map(|request| line(request).replace(&format!("{BASE}/"), ""))
        .collect()
}

/// The claims of a request's token.
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
