//! Which configuration is used, and what is said of a wrong one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use support::{Place, Town};

#[test]
fn without_a_configuration_it_says_where_one_could_be() {
    let error = Place::new().run(&["poll", "0123456789abcdef"]).failed(2).to_owned();
    for word in ["idv.toml", "--config", "IDV_PROVIDER", "idv sandbox"] {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn a_wrong_configuration_is_answered_with_what_there_is() {
    let place = Place::new();
    for (toml, told) in [
        ("provider = 'idnw'", "compiled in: cm-id-scan, identify24, identity-tm, idnow, verificar-identidad"),
        ("provider = 'nobody'", "compiled in: cm-id-scan, identify24, identity-tm, idnow, verificar-identidad"),
        ("provder = 'idnow'", "provider"),
        ("provider = 'idnow'\n[idnow]\ncompny = 'a'", "company"),
        ("provider = 'idnow'\n[calls]\nretries = 1", "max_attempts"),
        ("provider = 'idnow'\n[idnow]\ncompany = 'a'\napi_key = 'hunter2'\nhost = 'de'", "{ env = "),
        ("provider = 'idnow'\n[idnow]\ncompany = 'a'\napi_key = { env = 'NOT_SET' }\nhost = 'de'", "NOT_SET"),
        ("provider = ", "line 1"),
    ] {
        let file = place.write("wrong.toml", toml);
        let ran = place.run(&["poll", "0123456789abcdef", "--config", &file]);
        let error = ran.failed(2);
        assert!(error.contains(told) && !error.contains("hunter2"), "{told}: {error}");
        place.write("idv.toml", toml);
        assert!(place.run(&["poll", "0123456789abcdef"]).failed(2).contains(told));
        std::fs::remove_file(place.folder.path().join("idv.toml")).unwrap();
    }
    assert!(place.run(&["list", "--config", "missing.toml"]).failed(2).contains("missing.toml"));
}

#[test]
fn a_wrong_environment_is_answered_with_what_there_is() {
    for (name, value, told) in [
        ("IDV_PROVIDR", "idnow", "IDV_PROVIDER"),
        ("IDV_PROVIDER", "nobody", "compiled in: cm-id-scan, identify24, identity-tm, idnow, verificar-identidad"),
        ("IDV_IDNOW_COMPANY", "a", "IDV_PROVIDER is not set"),
        ("IDV_PROVIDER", "idnow", "company"),
    ] {
        let mut place = Place::new();
        place.set(name, value);
        let ran = place.run(&["list"]);
        assert!(ran.failed(2).contains(told), "{}", ran.err);
    }
}

#[test]
fn a_file_and_the_environment_do_the_same() {
    let mut town = Town::new();
    let reference = town.verified();
    let by_environment = town.place.run(&["poll", &reference, "--json"]).json();
    let url = town.sandbox.idnow().base_url();
    town.place.set("THE_KEY", "exampleApiKey");
    town.place.write(
        "idv.toml",
        format!(
            "provider = 'idnow'\n[idnow]\ncompany = 'ihrebank'\napi_key = {{ env = 'THE_KEY' }}\ngateway_url = '{url}'\ngo_url = '{url}'\n"
        ),
    );
    // A variable that would be refused shows that the file is what is read.
    town.place.set("IDV_PROVIDER", "no such thing");
    assert_eq!(town.place.run(&["poll", &reference, "--json"]).json(), by_environment);
}
