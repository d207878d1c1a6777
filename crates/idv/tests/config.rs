//! Tests of the configuration: accounts, overrides, and errors that name the place and the expected
//! format.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![cfg(all(feature = "all-vendors", feature = "file"))]

use std::sync::Arc;
use std::time::Duration;

use idv::adapter::VendorEntry;
use idv::adapter::settings::{Millis, Section, Setting, Table};
use idv::{Capability, Config, CreateSafety, ErrorKind, Timestamp, connect_in};
use idv_testkit::{ManualClock, ScriptedTransport, environment};

/// A file with the API key of the vendor's own samples, which is not valid anywhere.
const SECRET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/secret.txt");

fn file(extra: &str) -> String {
    format!(
        "provider = 'idnow'\n{extra}\n[idnow]\ncompany = 'ihrebank'\nhost = 'test'\napi_key = {{ file = '{SECRET}' }}\n"
    )
}

fn in_memory() -> idv::Environment {
    environment(
        &ScriptedTransport::new(),
        &ManualClock::new(Timestamp::UNIX_EPOCH),
    )
}

fn connect(config: &Config) -> idv::Result<idv::Client> {
    connect_in(config, in_memory())
}

/// Loads a file, overridden by variables.
fn load(text: &str, variables: &[(&str, &str)]) -> idv::Result<Config> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("idv.toml");
    std::fs::write(&path, text).unwrap();
    Config::loader()
        .file(&path)
        .variables(variables.iter().copied())
        .load()
}

fn loaded(text: &str) -> Config {
    load(text, &[]).unwrap()
}

fn refusal(text: &str) -> String {
    load(text, &[])
        .and_then(|config| connect(&config))
        .unwrap_err()
        .to_string()
}

#[test]
fn file_and_environment_build_the_same_client() {
    let variables = [
        ("HOME", "/"),
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_COMPANY", "ihrebank"),
        ("IDV_IDNOW_HOST", "test"),
        ("IDV_IDNOW_API_KEY_FILE", SECRET),
        ("IDV_CALLS_MAX_ATTEMPTS", "2"),
        ("IDV_IDNOW_CALLS_DEADLINE_MS", "1000"),
    ];
    let from_environment = connect(&Config::from_env(variables).unwrap()).unwrap();
    let text = file("[calls]\nmax_attempts = 2") + "calls.deadline_ms = 1000\n";
    let from_file = connect(&loaded(&text)).unwrap();
    let by_serde = connect(&toml::from_str(&text).unwrap()).unwrap();
    for client in [from_file, by_serde] {
        assert_eq!(format!("{client:?}"), format!("{from_environment:?}"));
        assert_eq!(client.info(), from_environment.info());
        assert_eq!(
            (client.policy().max_attempts, client.policy().deadline),
            (2, Duration::from_secs(1))
        );
    }
}

#[test]
fn missing_file_leaves_the_environment_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("idv.toml");
    let variables = [("IDV_PROVIDER", "idnow")];
    assert_eq!(
        Config::loader()
            .optional_file(&path)
            .variables(variables)
            .load()
            .unwrap()
            .provider(),
        Some("idnow")
    );
    let error = Config::loader()
        .file(&path)
        .variables(variables)
        .load()
        .unwrap_err();
    assert!(
        error.to_string().contains("idv.toml does not exist"),
        "{error}"
    );
    let nothing = Config::loader().optional_file(&path).load().unwrap_err();
    assert!(nothing.to_string().contains("IDV_PROVIDER"), "{nothing}");
}

#[test]
fn variables_override_the_file_and_are_listed() {
    let text = file("[calls]\nmax_attempts = 3");
    let variables = [
        ("IDV_CALLS_MAX_ATTEMPTS", "3"),
        ("IDV_IDNOW_COMPANY", "other"),
        ("IDV_IDNOW_HOST", "test"),
        ("IDV_IDNOW_LINK", "short"),
        ("IDV_PROVIDER", "identity-tm"),
    ];
    let config = load(&text, &variables).unwrap();
    let overrides: Vec<_> = config
        .overrides()
        .iter()
        .map(|one| (one.variable.as_str(), one.key.as_str()))
        .collect();
    assert_eq!(
        overrides,
        [
            ("IDV_PROVIDER", "provider"),
            ("IDV_IDNOW_COMPANY", "idnow.company")
        ]
    );
    assert_eq!(
        config.settings("idnow").unwrap().get("company").unwrap(),
        "other"
    );
    let error = load(&text, &[("IDV_CALLS_MAX_ATTEMPTS", "many")])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("IDV_CALLS_MAX_ATTEMPTS in the environment: invalid `calls.max_attempts`"),
        "{error}"
    );
}

#[test]
fn named_account_has_its_own_client() {
    let text = format!(
        "{}[accounts.idnow-auto]\nprovider = 'idnow'\ncompany = 'auto'\nhost = 'de'\napi_key = {{ file = '{SECRET}' }}\n\
         [accounts.idnow-auto.calls]\ndeadline_ms = 5000\n[calls]\nmax_attempts = 7\n",
        file("")
    );
    let variables = [
        ("IDV_ACCOUNTS_IDNOW_AUTO_HOST", "ch"),
        ("IDV_ACCOUNTS_THIRD_PROVIDER", "identity-tm"),
    ];
    let config = load(&text, &variables).unwrap();
    assert_eq!(
        config.accounts().collect::<Vec<_>>(),
        ["idnow", "idnow-auto", "third"]
    );
    assert_eq!(config.vendor("third").unwrap().id, "identity-tm");
    let missing = config.clients_in(&in_memory()).unwrap_err().to_string();
    assert!(
        missing.contains("`accounts.third.user` is missing")
            && missing.contains("IDV_ACCOUNTS_THIRD_USER"),
        "{missing}"
    );

    let clients = load(&text, &variables[..1])
        .unwrap()
        .clients_in(&in_memory())
        .unwrap();
    let policy = |name: &str| clients.get(name).unwrap().policy().clone();
    assert_eq!(
        (policy("idnow").max_attempts, policy("idnow").deadline),
        (7, Duration::from_secs(90))
    );
    assert_eq!(
        (
            policy("idnow-auto").max_attempts,
            policy("idnow-auto").deadline
        ),
        (7, Duration::from_secs(5))
    );
    assert_eq!(
        config.settings("idnow-auto").unwrap().get("host").unwrap(),
        "ch"
    );
    let by_name = load(&text, &[("IDV_PROVIDER", "idnow-auto")]).unwrap();
    assert_eq!(
        connect(&by_name).unwrap().policy().deadline,
        Duration::from_secs(5)
    );
}

#[test]
fn invalid_account_is_refused_by_name() {
    for (extra, says) in [
        (
            "[accounts.Branch]\nprovider = 'idnow'",
            "lower-case letters",
        ),
        (
            "[accounts.idnow]\nprovider = 'idnow'",
            "not a provider's id",
        ),
        (
            "[accounts.branch]\ncompany = 'x'",
            "`accounts.branch.provider` is missing",
        ),
        (
            "[accounts.branch]\nprovider = 'idnw'",
            "did you mean `idnow`?",
        ),
        (
            "[accounts.branch]\nprovider = 'idnow'\ncompny = 'x'",
            "did you mean `company`?",
        ),
        ("[accounts]\nbranch = 1", "expected a table"),
    ] {
        let error = refusal(&format!("{}{extra}", file("")));
        assert!(
            error.contains(says) && error.contains("line "),
            "{extra}: {error}"
        );
    }
}

#[test]
fn error_names_file_line_key_and_form() {
    for (text, says) in [
        (
            file("providr = 'x'"),
            "idv.toml, line 2: unknown key `providr`: did you mean `provider`?",
        ),
        (
            file("[unknown]\n"),
            "line 2: unknown key `unknown`: expected one of provider, calls",
        ),
        (
            file("[calls]\nretries = 3"),
            "line 3: unknown key `calls.retries`: expected one of attempt_timeout_ms",
        ),
        (file("[calls]\ndeadline = 3"), "did you mean `deadline_ms`?"),
        (
            file("[calls]\nmax_attempts = 0"),
            "line 3: invalid `calls.max_attempts`: expected a whole number",
        ),
        (
            file("[calls]\nmax_attempts = -1"),
            "invalid `calls.max_attempts`",
        ),
        (
            file("[calls]\nmax_attempts = 99999999999999999999"),
            "invalid `calls.max_attempts`",
        ),
        (file("[transport]\nproxy = 'x'"), "environment_proxies"),
        (
            file("").replace("company", "compny"),
            "line 4: unknown key `idnow.compny`: did you mean `company`?",
        ),
        (
            file("").replace("'test'", "'tset'"),
            "line 5: invalid `idnow.host`: expected `de`, `ch` or `test`; did you mean `test`?",
        ),
        (
            file("").replace("'ihrebank'", "7"),
            "line 4: invalid `idnow.company`: expected text",
        ),
        (
            file("").replace("company = 'ihrebank'\n", ""),
            "line 3: `idnow.company` is missing: expected text, or IDV_IDNOW_COMPANY",
        ),
        (
            file("").replace("'ihrebank'", "'ihre bank'"),
            "line 4: in `idnow`: invalid company: expected the company id",
        ),
        (
            file("").replace("'test'", "2026-01-01"),
            "line 5: invalid `idnow.host`",
        ),
        ("provider = ".to_owned(), "idv.toml, line 1: "),
        (
            "provider = 'idnow'\n[idnow\n".to_owned(),
            "idv.toml, line 2: ",
        ),
    ] {
        let error = refusal(&text);
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn literal_secret_is_never_printed() {
    const LITERAL: &str = "s3cr3t-h7nter2";
    let wrong = [
        "= 's3cr3t-h7nter2'",
        "= s3cr3t-h7nter2",
        "= \"s3cr3t-h7nter2",
        "= 's3cr3t-h7nter2' 'x'",
        "= 's3cr3t-h7nter2",
        "= '''\ns3cr3t-h7nter2",
        "= \"s3cr3t-h7nter2\\q\"",
        "'s3cr3t-h7nter2'",
        ": 's3cr3t-h7nter2'",
        "= ['s3cr3t-h7nter2']",
        "= ['s3cr3t-h7nter2'",
        "= { 's3cr3t-h7nter2' }",
        "= { env = 's3cr3t-h7nter2' }",
        "= { env = s3cr3t-h7nter2 }",
        "= { env = ['s3cr3t-h7nter2'] }",
        "= { file = 's3cr3t-h7nter2' }",
        "= { value = 's3cr3t-h7nter2' }",
        "= { env = 'PATH', file = 's3cr3t-h7nter2' }",
        "= { env = { env = 's3cr3t-h7nter2' } }",
        "= { file = 's3cr3t-h7nter2', file = 's3cr3t-h7nter2' }",
        "= [{ env = 'PATH' }, 's3cr3t-h7nter2']",
        "= 's3cr3t-h7nter2'\napi_key = 's3cr3t-h7nter2'",
    ];
    let secrets = ["api_key", "callback_secret", "archive_password"];
    let others = [
        "host",
        "gateway_url",
        "max_entry_bytes",
        "check_source",
        "calls.deadline_ms",
        "transport.read_timeout_ms",
    ];
    let key_line = format!("api_key = {{ file = '{SECRET}' }}\n");
    for key in secrets.into_iter().chain(others) {
        for form in wrong {
            // The last table of the file is the account's, so that a line after it belongs there.
            let without = file("")
                .replace("host = 'test'\n", "")
                .replace(if key == "api_key" { &key_line } else { "" }, "");
            let text = format!("{without}{key} {form}\n");
            let Err(error) = load(&text, &[]).and_then(|config| connect(&config)) else {
                panic!("{key} {form} is accepted")
            };
            let printed = format!("{error} {error:?} {error:#?}");
            assert!(!printed.contains(LITERAL), "{key} {form}: {printed}");
            assert!(printed.contains("idv.toml, line "), "{key} {form}: {error}");
        }
    }
}

#[test]
fn secret_of_the_given_variables_is_used_and_not_printed() {
    let mut variables = vec![
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_HOST", "test"),
        ("IDV_IDNOW_COMPANY", "a"),
    ];
    let error = Config::from_env(variables.clone())
        .and_then(|config| connect(&config))
        .unwrap_err();
    assert!(
        error.to_string().contains("api_key"),
        "the process has no such variable: {error}"
    );
    variables.push(("IDV_IDNOW_API_KEY", "hunter2"));
    let config = Config::from_env(variables).unwrap();
    let client = connect(&config).unwrap();
    assert!(!format!("{config:?} {client:?} {:?}", config.settings("idnow")).contains("hunter2"));
}

#[test]
fn two_callback_secrets_come_from_the_environment() {
    let secrets = [
        ("IDV_IDNOW_CALLBACK_SECRET_FILE", "a"),
        ("IDV_IDNOW_CALLBACK_SECRET_2_FILE", "b"),
    ];
    let config = load(&file(""), &secrets).unwrap();
    let table = config.settings("idnow").unwrap();
    assert_eq!(
        table.get("callback_secret").unwrap().to_string(),
        r#"[{"file":"a"},{"file":"b"}]"#
    );
}

#[test]
fn misspelled_variables_are_refused_and_others_left_alone() {
    for (name, says) in [
        ("IDV_IDNOW_COMPNY", "did you mean IDV_IDNOW_COMPANY?"),
        ("IDV_IDNOW_APIKEY", "did you mean IDV_IDNOW_API_KEY?"),
        (
            "IDV_IDNOW_COLOUR",
            "expected one of IDV_IDNOW_COMPANY, IDV_IDNOW_API_KEY, IDV_IDNOW_API_KEY_FILE",
        ),
        (
            "IDV_CALL_DEADLINE_MS",
            "did you mean IDV_CALLS_DEADLINE_MS?",
        ),
        ("IDV_PROVIDR", "did you mean IDV_PROVIDER?"),
    ] {
        let error = Config::from_env([("IDV_PROVIDER", "idnow"), (name, "a")]).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Config);
        assert!(
            error.to_string().contains(name) && error.to_string().contains(says),
            "{name}: {error}"
        );
    }
    let ours = [
        "IDV_LOG",
        "IDV_FLOW_KEY",
        "IDV_GENERATE",
        "IDV_SIMULATION_SEED",
        "IDV_SIMULATION_SEEDS",
        "IDV_STORE_KEY",
    ];
    Config::from_env(
        ours.map(|name| (name, "x"))
            .into_iter()
            .chain([("IDV_PROVIDER", "idnow")]),
    )
    .unwrap();
    let referred = file("").replace(
        &format!("file = '{SECRET}'"),
        "env = 'IDV_IDNOW_KEY_OF_TODAY'",
    );
    load(&referred, &[("IDV_IDNOW_KEY_OF_TODAY", "x")]).unwrap();
    let twice = [
        ("IDV_PROVIDER", "idnow"),
        ("IDV_IDNOW_API_KEY", "a"),
        ("IDV_IDNOW_API_KEY_FILE", "b"),
    ];
    assert!(
        Config::from_env(twice)
            .unwrap_err()
            .to_string()
            .contains("twice")
    );
}

/// The vendors, as errors list them.
fn compiled_in() -> String {
    idv::vendors()
        .iter()
        .map(|vendor| vendor.id)
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn unknown_provider_error_lists_the_known_ones() {
    for text in ["provider = 'idnw'", "provider = ''"] {
        let error = connect(&toml::from_str(text).unwrap()).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Config);
        assert!(
            error
                .to_string()
                .contains(&format!("compiled in: {}", compiled_in())),
            "{error}"
        );
    }
    assert!(refusal("provider = 'idnw'").contains("line 1: unknown provider `idnw`"));
    assert!(refusal("[calls]\n").contains(&format!(
        "`provider` is missing: expected one of {}",
        compiled_in()
    )));
    assert!(
        refusal(&file("").replace("provider = 'idnow'", ""))
            .contains("`provider` is missing: expected one of idnow")
    );
    assert!(
        Config::from_env([("PATH", "")])
            .unwrap_err()
            .to_string()
            .contains("IDV_PROVIDER")
    );
}

#[test]
fn vendors_describe_themselves_without_credentials() {
    let providers = idv::providers();
    let ids: Vec<&str> = providers
        .iter()
        .map(|vendor| vendor.provider.as_str())
        .collect();
    assert_eq!(
        ids,
        idv::vendors()
            .iter()
            .map(|vendor| vendor.id)
            .collect::<Vec<_>>()
    );
    assert!(ids.is_sorted() && ids.len() >= 5, "{ids:?}");
    for (entry, info) in idv::vendors().iter().zip(&providers) {
        assert_eq!(entry.name, info.name);
        assert!(
            info.callback_proof.is_some(),
            "the optional features of {}",
            entry.id
        );
        assert!(
            entry
                .settings
                .iter()
                .all(|setting| !setting.doc.trim().is_empty()),
            "{}",
            entry.id
        );
    }
    let idnow = &providers[3];
    assert_eq!(idnow.create_safety, CreateSafety::Keyed);
    assert!(
        idnow.has(Capability::Polling)
            && idnow.has(Capability::Deletion)
            && !idnow.has(Capability::Lookup)
    );
    let configured = connect(&loaded(&file(""))).unwrap();
    assert_eq!(configured.info().capabilities, idnow.capabilities);
    assert!(
        configured.info().callback_proof.is_none(),
        "the vendor as it is configured"
    );
}

#[test]
fn vendor_is_changed_by_configuration() {
    let file = format!(
        "provider = 'identity-tm'\n[identity-tm]\nuser = 'a'\nproduct = 15\npassword = {{ file = '{SECRET}' }}\n"
    );
    let by_file = connect(&loaded(&file)).unwrap();
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

/// IDnow under another id, like an adapter of another crate.
const FOREIGN: VendorEntry = VendorEntry {
    id: "foreign",
    build: |table| {
        Ok(Arc::new(idv::idnow::Idnow::new(
            idv::idnow::IdnowConfig::from_table(table)?,
        )?))
    },
    ..idv::idnow::ENTRY
};

#[test]
fn adapter_of_another_crate_is_configured_alike() {
    let variables = [
        ("IDV_PROVIDER", "foreign"),
        ("IDV_FOREIGN_COMPANY", "ihrebank"),
        ("IDV_FOREIGN_HOST", "test"),
        ("IDV_FOREIGN_API_KEY_FILE", SECRET),
    ];
    let config = Config::loader()
        .vendor(FOREIGN)
        .variables(variables)
        .load()
        .unwrap();
    assert!(connect(&config).is_ok());
    let error = Config::loader()
        .vendor(FOREIGN)
        .variables([("IDV_FOREIGN_COMPNY", "x")])
        .load()
        .unwrap_err();
    assert!(error.to_string().contains("IDV_FOREIGN_COMPANY"), "{error}");
}

idv::settings! {
    /// A table of the application.
    #[derive(PartialEq)]
    pub struct Flows {
        optional {
            /// A number.
            number: u8,
            /// A wait.
            wait("inner.wait_ms"): Duration as Millis,
        }
    }
}

impl Section for Flows {
    const NAME: &'static str = "flow";

    fn settings() -> &'static [Setting] {
        Self::SETTINGS
    }

    fn from_table(table: &Table) -> idv::Result<Self> {
        Self::from_table(table)
    }
}

#[test]
fn section_is_overridden_by_the_environment() {
    let text = file("[flow]\nnumber = 1\ninner.wait_ms = 5");
    let config = load(&text, &[("IDV_FLOW_NUMBER", "2")]).unwrap();
    assert_eq!(
        config.section::<Flows>().unwrap(),
        Flows::default().number(2).wait(Duration::from_millis(5))
    );
    assert_eq!(
        config.section_table::<Flows>().unwrap().1[0].variable,
        "IDV_FLOW_NUMBER"
    );
    assert_eq!(
        loaded(&file("")).section::<Flows>().unwrap(),
        Flows::default()
    );
    for (text, variable, says) in [
        (
            file("[flow]\nnumbr = 1"),
            ("X", ""),
            "line 3: unknown key `flow.numbr`: did you mean `number`?",
        ),
        (
            file(""),
            ("IDV_FLOW_NUMBR", "1"),
            "did you mean IDV_FLOW_NUMBER?",
        ),
        (
            file(""),
            ("IDV_FLOW_INNER_WAIT_MS", "x"),
            "IDV_FLOW_INNER_WAIT_MS in the environment: invalid `flow.inner.wait_ms`",
        ),
    ] {
        let error = load(&text, &[variable])
            .unwrap()
            .section::<Flows>()
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}
