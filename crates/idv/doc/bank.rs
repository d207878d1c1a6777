// The configuration of the examples in the documentation: two accounts at IDnow, and an environment
// without a network.
//
// Examples include this file.

use idv::{Config, Environment, Timestamp};
use idv_testkit::{ManualClock, ScriptedTransport};

/// Parses the configuration.
pub fn config() -> Config {
    toml::from_str(
        r#"
        provider = "idnow"

        [idnow]
        company = "ihrebank"
        host = "test"
        api_key = { file = "tests/secret.txt" }

        [accounts.idnow-branch]
        provider = "idnow"
        company = "ihrebankfiliale"
        host = "test"
        api_key = { file = "tests/secret.txt" }

        [flow]
        store = "flows.db"
        "#,
    )
    .unwrap()
}

/// Returns an environment for tests.
pub fn environment() -> Environment {
    let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
    idv_testkit::environment(&ScriptedTransport::new(), &clock)
}
