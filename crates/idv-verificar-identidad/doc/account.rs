// The account of the examples in the documentation: a client whose vendor answers from a script.
//
// Examples include this file.

use std::error::Error;
use std::result::Result;

use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
use idv_testkit::ScriptedClient;

/// Runs an example.
pub fn run(example: impl AsyncFnOnce(ScriptedClient<VerificarIdentidad>) -> Result<(), Box<dyn Error>>) {
    let vendor = VerificarIdentidad::new(config()).unwrap();
    let account = ScriptedClient::new(vendor, "2021-10-10T08:00:00Z".parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(example(account)).unwrap();
}

/// Returns the configuration of the account.
pub fn config() -> VerificarIdentidadConfig {
    VerificarIdentidadConfig::new("api-user", "api-token".into())
        .callback_secret("0123456789abcdef0123456789abcdef")
}
