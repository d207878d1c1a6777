//! The choice of a configuration, and the errors for an invalid one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use support::{Place, SandboxedCli};

#[test]
fn missing_configuration_is_answered_with_sources() {
    let error = Place::new()
        .run(&["poll", "0123456789abcdef"])
        .failed(2)
        .to_owned();
    for word in ["idv.toml", "--config", "IDV_PROVIDER", "idv sandbox"] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn invalid_file_is_answered_with_accepted_values() {
    let place = Place::new();
    for (toml, expected) in [
        ("provider = 'idnw'", "compiled in: cm-id-scan, identify24, "),
        (
            "provider = 'nobody'",
            "compiled in: cm-id-scan, identify24, ",
        ),
        ("provder = 'idnow'", "provider"),
        ("provider = 'idnow'\n[idnow]\ncompny = 'a'", "company"),
        ("provider = 'idnow'\n[calls]\nretries = 1", "max_attempts"),
        (
            "provider = 'idnow'\n[idnow]\ncompany = 'a'\napi_key = 'hunter2'\nhost = 'de'",
            "{ env = ",
        ),
        (
            "provider = 'idnow'\n[idnow]\ncompany = 'a'\napi_key = { env = 'NOT_SET' }\nhost = 'de'",
            "NOT_SET",
        ),
        ("provider = ", "line 1"),
    ] {
        let file = place.write("wrong.toml", toml);
        let ran = place.run(&["poll", "0123456789abcdef", "--config", &file]);
        let error = ran.failed(2);
        assert!(
            error.contains(expected) && !error.contains("hunter2"),
            "{expected}: {error}"
        );
        place.write("idv.toml", toml);
        assert!(
            place
                .run(&["poll", "0123456789abcdef"])
                .failed(2)
                .contains(expected)
        );
        std::fs::remove_file(place.folder.path().join("idv.toml")).unwrap();
    }
    assert!(
        place
            .run(&["list", "--config", "missing.toml"])
            .failed(2)
            .contains("missing.toml")
    );
}

#[test]
fn invalid_environment_is_answered_with_accepted_values() {
    for (name, value, expected) in [
        ("IDV_PROVIDR", "idnow", "IDV_PROVIDER"),
        (
            "IDV_PROVIDER",
            "nobody",
            "compiled in: cm-id-scan, identify24, ",
        ),
        (
            "IDV_IDNOW_COMPANY",
            "a",
            "(IDV_PROVIDER in the environment)",
        ),
        ("IDV_PROVIDER", "idnow", "company"),
    ] {
        let mut place = Place::new();
        place.set(name, value);
        let ran = place.run(&["list"]);
        assert!(ran.failed(2).contains(expected), "{}", ran.err);
    }
}

#[test]
fn file_and_environment_are_equivalent() {
    let mut cli = SandboxedCli::new();
    let reference = cli.verified();
    let by_environment = cli.place.run(&["poll", &reference, "--json"]).json();
    let url = cli.sandbox.idnow().base_url();
    cli.place.set("THE_KEY", "exampleApiKey");
    cli.place.write(
        "idv.toml",
        format!(
            "provider = 'idnow'\n[idnow]\ncompany = 'ihrebank'\napi_key = {{ env = 'THE_KEY' }}\ngateway_url = '{url}'\ngo_url = '{url}'\n"
        ),
    );
    let found = cli.place.run(&["poll", &reference, "--json"]);
    assert_eq!(found.json(), by_environment);
    assert!(found.err.contains("idv.toml"), "{}", found.err);
}

#[test]
fn environment_overrides_the_file_and_says_so() {
    let mut cli = SandboxedCli::new();
    let reference = cli.verified();
    let file = cli.place.write(
        "mine.toml",
        "provider = 'identity-tm'\n[idnow]\ncompany = 'somebody-else'\n",
    );
    let ran = cli
        .place
        .run(&["poll", &reference, "--config", &file, "--json"]);
    assert_eq!(ran.json().pointer("/code").unwrap(), "SUCCESS_DATA_CHANGED");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    for variable in ["IDV_PROVIDER", "IDV_IDNOW_COMPANY"] {
        assert!(ran.err.contains(variable), "{}", ran.err);
    }
    cli.place.set("IDV_PROVIDER", "nobody");
    assert!(
        cli.place
            .run(&["poll", &reference, "--config", &file])
            .failed(2)
            .contains("unknown provider `nobody`")
    );
    cli.place.set("IDV_PROVIDER", "idnow");
    cli.place.set("IDV_CALLS_MAX_ATTEMPTS", "many");
    assert!(
        cli.place
            .run(&["poll", &reference, "--config", &file])
            .failed(2)
            .contains("in the environment")
    );
}

#[test]
fn found_file_sends_nothing_to_a_foreign_host() {
    let cli = SandboxedCli::new();
    let mut place = Place::new();
    place.set("SOME_OTHER_PROGRAMS_TOKEN", "hunter2");
    let url = cli
        .sandbox
        .idnow()
        .base_url()
        .replace("127.0.0.1", "vendor.example");
    let head = "provider = 'idnow'\n[idnow]\ncompany = 'ihrebank'\napi_key = { env = 'SOME_OTHER_PROGRAMS_TOKEN' }\n";
    for (own, other) in [("gateway_url", "go_url"), ("go_url", "gateway_url")] {
        let address = url.replace("http:", "https:");
        place.write(
            "idv.toml",
            format!("{head}{own} = '{address}'\n{other} = 'https://go.idnow.de'\n"),
        );
        let ran = place.run(&["poll", "0123456789abcdef"]);
        let error = ran.failed(2);
        assert!(
            error.contains(&format!("idnow.{own}")) && error.contains("--config"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
    place.write(
        "idv.toml",
        format!("{head}host = 'test'\n[flow]\nstore = 'postgres://me@db.example/flows'\n"),
    );
    assert!(
        place
            .run(&["flow", "list"])
            .failed(2)
            .contains("flow.store")
    );
}

#[test]
fn credentials_of_found_file_are_announced() {
    let cli = SandboxedCli::new();
    let reference = cli.verified();
    let url = cli.sandbox.idnow().base_url();
    let mut place = Place::new();
    place.set("SOME_OTHER_PROGRAMS_TOKEN", "exampleApiKey");
    let text = format!(
        "provider = 'idnow'\n[idnow]\ncompany = 'ihrebank'\napi_key = {{ env = 'SOME_OTHER_PROGRAMS_TOKEN' }}\n\
         gateway_url = '{url}'\ngo_url = '{url}'\n"
    );
    place.write("idv.toml", text);
    let ran = place.run(&["poll", &reference, "--json"]);
    ran.json();
    assert!(
        ran.err.contains("SOME_OTHER_PROGRAMS_TOKEN") && ran.err.contains("idnow.api_key"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("exampleApiKey"), "{}", ran.err);
    let ran = place.run(&["poll", &reference, "--json", "--config", "idv.toml"]);
    assert_eq!(
        (ran.exit, ran.err.as_str()),
        (0, ""),
        "a file that the user named is not announced"
    );
}
