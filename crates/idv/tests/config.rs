//! What a configuration promises: one validation, and errors that list what there is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(all(
    feature = "cm-id-scan",
    feature = "identify24",
    feature = "identity-tm",
    feature = "idnow",
    feature = "verificar-identidad"
))]

use idv::{Capability, Config, CreateSafety, ErrorKind, Timestamp, connect_in};
use idv_testkit::{ManualClock, ScriptedTransport, environment};

/// A file with the API key of the vendor's own samples, which opens nothing.
const SECRET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/secret.txt");

fn file(extra: &str) -> String {
    format!("provider = 'idnow'\n{extra}\n[idnow]\ncompany = 'ihrebank'\nhost = 'test'\napi_key = {{ file = '{SECRET}' }}\n")
}

fn connect(config: &Config) -> idv::Result<idv::Client> {
    connect_in(config, environment(&ScriptedTransport::new(), &ManualClock::new(Timestamp::UNIX_EPOCH)))
}

fn toml(text: &str) -> Config {
    toml::from_str(text).unwrap()
}

fn refusal(text: &str) -> String {
    match toml::from_str::<Config>(text) {
        Err(error) => error.message().to_owned(),
        Ok(config) => connect(&config).unwrap_err().to_string(),
    }
}

#[test]
fn a_file_and_the_environment_make_the_same_client() {
    let from_file = connect(&toml(&file(""))).unwrap();
    let variables = [
        ("HOME", "/"),
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_COMPANY", "ihrebank"),
        ("IDV_IDNOW_HOST", "test"),
        ("IDV_IDNOW_API_KEY_FILE", SECRET),
        ("IDV_CALLS_MAX_ATTEMPTS", "2"),
    ];
    let config = Config::from_env(variables).unwrap();
    assert_eq!(config.calls().max_attempts, 2);
    let from_environment = connect(&config).unwrap();
    assert_eq!(format!("{from_file:?}"), format!("{from_environment:?}"));
    assert_eq!(from_file.info(), from_environment.info());
}

#[test]
fn a_secret_in_a_variable_is_referred_to_and_not_copied() {
    let config =
        Config::from_env([("IDV_PROVIDER", "idnow"), ("IDV_IDNOW_API_KEY", "hunter2"), ("IDV_IDNOW_COMPANY", "a")]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    // The process does not have the variable, which shows that it is what was looked for.
    let error = connect(&config).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config);
    assert!(error.to_string().contains("IDV_IDNOW_API_KEY") && !error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn unknown_variables_are_refused_and_the_known_ones_listed() {
    let error = Config::from_env([("IDV_PROVIDER", "idnow"), ("IDV_IDNOW_COMPNY", "a")]).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config);
    for name in ["IDV_IDNOW_COMPNY", "IDV_IDNOW_COMPANY", "IDV_IDNOW_API_KEY_FILE", "IDV_CALLS_DEADLINE_MS"] {
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
    let twice = [("IDV_PROVIDER", "idnow"), ("IDV_IDNOW_API_KEY", "a"), ("IDV_IDNOW_API_KEY_FILE", "b")];
    assert!(Config::from_env(twice).unwrap_err().to_string().contains("twice"));
}

#[test]
fn unknown_keys_are_refused_and_the_known_ones_listed() {
    for (text, told) in [
        (file("providr = 'x'"), "provider"),
        (file("[unknown]\n"), "idnow"),
        (file("[calls]\nretries = 3"), "max_attempts"),
        (file("[transport]\nproxy = 'x'"), "environment_proxies"),
        (file("").replace("company", "compny"), "company"),
    ] {
        let refusal = refusal(&text);
        assert!(refusal.contains(told), "{told}: {refusal}");
    }
}

#[test]
fn numbers_in_calls_are_checked_whoever_wrote_them() {
    assert_eq!(toml(&file("[calls]\ndeadline_ms = 30000\n")).calls().deadline.as_secs(), 30);
    assert!(refusal(&file("[calls]\nmax_attempts = 0\n")).contains("max_attempts"));
    assert!(refusal(&file("[calls]\nmax_attempts = -1\n")).contains("not negative"));
    let error = Config::from_env([("IDV_PROVIDER", "idnow"), ("IDV_CALLS_MAX_ATTEMPTS", "0")]).unwrap_err();
    assert!(error.to_string().contains("max_attempts"), "{error}");
}

#[test]
fn a_provider_that_there_is_not_is_answered_with_those_that_there_are() {
    for text in ["provider = 'idnw'", "provider = ''"] {
        let error = connect(&toml(text)).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Config);
        assert!(
            error.to_string().contains("compiled in: cm-id-scan, identify24, identity-tm, idnow, verificar-identidad"),
            "{error}"
        );
    }
    assert!(
        refusal("[calls]\n")
            .contains("`provider` is missing: it is one of cm-id-scan, identify24, identity-tm, idnow, verificar-identidad")
    );
    assert!(Config::from_env([("PATH", "")]).unwrap_err().to_string().contains("IDV_PROVIDER"));
}

#[test]
fn a_secret_written_into_the_file_is_refused_and_not_repeated() {
    let refusal = refusal("provider = 'idnow'\n[idnow]\ncompany = 'a'\nhost = 'test'\napi_key = 'hunter2'\n");
    assert!(refusal.contains("in the table `idnow`") && refusal.contains("refer to it by"), "{refusal}");
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

#[test]
fn what_is_compiled_in_is_listed_without_credentials() {
    let providers = idv::providers();
    let ids: Vec<&str> = providers.iter().map(|vendor| vendor.provider.as_str()).collect();
    assert_eq!(ids, ["cm-id-scan", "identify24", "identity-tm", "idnow", "verificar-identidad"]);
    let idnow = &providers[3];
    assert_eq!(idnow.create_safety, CreateSafety::Keyed);
    assert!(idnow.has(Capability::Polling) && idnow.has(Capability::Deletion) && !idnow.has(Capability::Lookup));
    assert!(idnow.callback_proof.is_some(), "what the vendor can do at best");
    let configured = connect(&toml(&file(""))).unwrap();
    assert_eq!(configured.info().capabilities, idnow.capabilities);
    assert!(configured.info().callback_proof.is_none(), "what it can do as it is configured");
}

#[test]
fn another_vendor_is_another_configuration() {
    let file = format!("provider = 'identity-tm'\n[identity-tm]\nuser = 'a'\nproduct = 15\npassword = {{ file = '{SECRET}' }}\n");
    let by_file = connect(&toml(&file)).unwrap();
    let variables = [
        ("IDV_PROVIDER", "identity-tm"),
        ("IDV_IDENTITY_TM_USER", "a"),
        ("IDV_IDENTITY_TM_PRODUCT", "15"),
        ("IDV_IDENTITY_TM_PASSWORD_FILE", SECRET),
    ];
    let by_environment = connect(&Config::from_env(variables).unwrap()).unwrap();
    assert_eq!(format!("{by_file:?}"), format!("{by_environment:?}"));
    assert!(by_file.info().has(Capability::Lookup) && !by_file.info().has(Capability::Listing));
}
