//! The configuration: every key from a file and from environment variables, and the texts of
//! errors.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::{ErrorKind, Outcome, Status};
use idv_identify24::normalize::Statuses;
use idv_identify24::{Identify24, Identify24Config};
use support::*;

const LEAST: &str = "partner = '911-internet'\napi_key = { env = 'PATH' }\nproject_id = 6\n";

fn parse(toml: &str) -> Result<Identify24Config, toml::de::Error> {
    toml::from_str(toml)
}

/// Parses the required settings and these.
fn parse_with(more: &str) -> Result<Identify24Config, toml::de::Error> {
    parse(&format!("{LEAST}{more}"))
}

/// The error text of an invalid configuration.
fn refused(change: impl FnOnce(&mut Identify24Config)) -> String {
    let error = with(change).check().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config);
    error.to_string()
}

#[test]
fn defaults_are_the_documents() {
    let least = parse(LEAST).unwrap();
    for config in [
        least,
        Identify24Config::new("911-internet", "key".into(), 6),
    ] {
        assert_eq!(
            config.address().unwrap().as_str(),
            "https://api.identify24.de/"
        );
        assert_eq!(
            (config.project_id, config.callback_parameter.as_str()),
            (6, "token")
        );
        assert!(config.callback_secret.is_empty() && config.base_url.is_none());
        assert_eq!(config.statuses, Statuses::of_document());
        assert!(config.check().is_ok());
    }
}

#[test]
fn every_key_is_parsed_and_unknown_keys_are_named() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let config = parse(&format!(
        r#"
        partner = "911-internet"
        api_key = {{ env = "PATH" }}
        project_id = 6
        base_url = "https://proxy.example.com/identify24"
        callback_secret = {{ file = "{path}" }}
        callback_parameter = "secret"
        [statuses]
        "Some Word" = "verified"
        "Another Word" = "in_review"
        "#
    ))
    .unwrap();
    assert_eq!(
        (config.partner.as_str(), config.project_id),
        ("911-internet", 6)
    );
    assert_eq!(config.api_key.expose(), std::env::var("PATH").unwrap());
    assert_eq!(
        config.address().unwrap().as_str(),
        "https://proxy.example.com/identify24"
    );
    assert!(
        config
            .callback_secret
            .first()
            .unwrap()
            .expose()
            .contains("idv-identify24")
    );
    assert_eq!(config.callback_parameter, "secret");
    assert_eq!(
        config.statuses.find("some word"),
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(
        config.statuses.find("Another Word"),
        Some(Status::InReview { leaning: None })
    );

    let error = parse_with("projectid = 7").unwrap_err().to_string();
    assert!(
        error.contains("projectid") && error.contains("project_id"),
        "{error}"
    );
    for missing in ["partner", "api_key", "project_id"] {
        let rest: String = LEAST
            .lines()
            .filter(|line| !line.starts_with(missing))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(
            parse(&rest).unwrap_err().to_string().contains("is missing"),
            "{missing}"
        );
    }
}

#[test]
fn environment_variables_are_parsed_like_file_values() {
    let config =
        parse("partner = 'a'\napi_key = { env = 'PATH' }\nproject_id = '6'\nstatuses = 'Some Word=verified, Other=ended'")
            .unwrap();
    assert_eq!(config.project_id, 6);
    let file = parse_with("[statuses]\n'Some Word' = 'verified'\nOther = 'ended'").unwrap();
    for word in ["Some Word", "Other", "Third"] {
        assert_eq!(
            config.statuses.find(word),
            file.statuses.find(word),
            "{word}"
        );
    }
}

#[test]
fn literal_secrets_are_refused_in_files() {
    for key in ["api_key", "callback_secret"] {
        let rest = LEAST.replace(
            "api_key = { env = 'PATH' }\n",
            if key == "api_key" {
                ""
            } else {
                "api_key = { env = 'PATH' }\n"
            },
        );
        let error = parse(&format!("{rest}{key} = 'hunter2'")).unwrap_err();
        assert!(
            error.message().contains("refer to it by") && !error.message().contains("hunter2"),
            "{key}: {error}"
        );
    }
}

#[test]
fn unknown_words_are_refused_with_the_accepted_ones() {
    for (wrong, says) in [
        ("base_url = 'api.identify24.de'", "https URL"),
        ("statuses = 'Some Word'", "word=meaning"),
        ("statuses = 'Some Word=identified'", "inconclusive"),
        ("statuses = 1", "a table"),
        ("[statuses]\nA = 'verified'\na = 'rejected'", "twice"),
        ("[statuses]\nA = 1", "string"),
    ] {
        let error = parse_with(wrong).unwrap_err();
        assert!(error.message().contains(says), "{wrong}: {error}");
    }
    for number in ["-1", "'six'", "6.5", "true"] {
        assert!(
            parse(&LEAST.replace("= 6", &format!("= {number}"))).is_err(),
            "{number}"
        );
    }
}

#[test]
fn invalid_values_are_refused_by_key() {
    for partner in ["", "911 internet", "911\ninternet", "pärtner", "a\u{7f}"] {
        let said = refused(|config| config.partner = partner.into());
        assert!(said.contains("partner") && !said.contains("911"), "{said}");
    }
    for api_key in ["", "key\n", "a\u{0}b"] {
        let said = refused(|config| config.api_key = api_key.into());
        assert!(
            said.contains("api_key") && !said.contains("a\u{0}b"),
            "{said}"
        );
    }
    assert!(refused(|config| config.project_id = 0).contains("project_id"));
    assert!(refused(|config| config.callback_secret = "short".into()).contains("16"));
    for name in ["", "to ken", "token=", "tökén", "a&b", "to.ken"] {
        assert!(
            refused(|config| config.callback_parameter = name.into())
                .contains("callback_parameter"),
            "{name}"
        );
    }
    for (url, taken) in [
        ("https://api.example.com", true),
        ("http://api.identify24.de", false),
        ("http://127.0.0.1:8080", true),
        ("http://localhost:8080/identify24", true),
        ("ftp://api.identify24.de", false),
        ("https://user@api.identify24.de", false),
        ("https://api.identify24.de?a=b", false),
    ] {
        let config = with(|config| config.base_url = Some(url.parse().unwrap()));
        assert_eq!(config.check().is_ok(), taken, "{url}");
        assert!(
            taken || config.check().unwrap_err().to_string().contains("base_url"),
            "{url}"
        );
    }
    let error = Identify24::new(with(|config| config.project_id = 0)).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config);
}

#[test]
fn configuration_prints_no_secret() {
    let config = guarded();
    let provider = Identify24::new(config.clone()).unwrap();
    let printed = format!(
        "{config:?} {config:#?} {provider:?} {:?} {:?}",
        provider.api(),
        config.auth().unwrap()
    );
    for secret in ["example-api-key", SECRET] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
}
