//! Tests of errors and lists without any vendor. CI runs them separately, without features.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use idv::{Config, ErrorKind, Timestamp, connect_in};
use idv_testkit::{ManualClock, ScriptedTransport, environment};

#[test]
fn missing_vendor_error_names_the_feature_to_enable() {
    let transport = ScriptedTransport::new();
    let config: Config = toml::from_str("provider = 'idnow'").unwrap();
    let error = connect_in(
        &config,
        environment(&transport, &ManualClock::new(Timestamp::UNIX_EPOCH)),
    )
    .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unsupported);
    assert!(
        error
            .to_string()
            .contains("enable the feature `idnow` of the crate idv"),
        "{error}"
    );
    assert_eq!(transport.count(), 0);
    let table = toml::from_str::<Config>("provider = 'idnow'\n[idnow]\ncompany = 'a'")
        .unwrap_err()
        .to_string();
    assert!(table.contains("enable the feature `idnow`"), "{table}");
}

#[test]
fn nothing_is_listed() {
    assert!(idv::providers().is_empty());
}
