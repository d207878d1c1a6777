// The account of the examples in the documentation: a client whose vendor answers from a script.
//
// Examples include this file.

use std::error::Error;
use std::result::Result;

use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv_testkit::ScriptedClient;

/// Runs an example.
pub fn run(example: impl AsyncFnOnce(ScriptedClient<CmIdScan>) -> Result<(), Box<dyn Error>>) {
    let vendor = CmIdScan::new(config()).unwrap();
    let account = ScriptedClient::new(vendor, "2024-01-01T12:00:00Z".parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(example(account)).unwrap();
}

/// Returns the configuration of the account.
pub fn config() -> CmIdScanConfig {
    let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
    CmIdScanConfig::new(key_id, "the account's secret".into())
        .callback_secret("0123456789abcdef0123")
}
