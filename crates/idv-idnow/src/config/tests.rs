use super::*;

fn config() -> IdnowConfig {
    IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test)
}

fn parse(toml: &str) -> Result<IdnowConfig, toml::de::Error> {
    toml::from_str(toml)
}

#[test]
fn data_centre_has_both_documented_urls() {
    for (host, gateway, go) in [
        (
            DataCentre::De,
            "https://gateway.idnow.de/",
            "https://go.idnow.de/",
        ),
        (
            DataCentre::Ch,
            "https://gateway.online-ident.ch/",
            "https://go.online-ident.ch/",
        ),
        (
            DataCentre::Test,
            "https://gateway.test.idnow.de/",
            "https://go.test.idnow.de/",
        ),
    ] {
        let config = IdnowConfig {
            host: Some(host),
            ..config()
        };
        assert_eq!(
            (
                config.gateway().unwrap().as_str(),
                config.go().unwrap().as_str()
            ),
            (gateway, go)
        );
    }
}

#[test]
fn configured_url_replaces_the_data_centres() {
    let config = IdnowConfig {
        go_url: Some("https://ident.ihrebank.de".parse().unwrap()),
        ..config()
    };
    assert_eq!(config.go().unwrap().as_str(), "https://ident.ihrebank.de/");
    assert_eq!(
        config.gateway().unwrap().as_str(),
        "https://gateway.test.idnow.de/"
    );
    let neither = IdnowConfig {
        host: None,
        ..config
    };
    assert!(neither.go().is_ok());
    assert!(
        neither
            .check()
            .unwrap_err()
            .to_string()
            .contains("gateway_url")
    );
}

#[test]
fn plain_http_is_only_for_loopback_and_test_system() {
    for (url, taken) in [
        ("https://gateway.example.com", true),
        ("http://gateway.example.com", false),
        ("http://gateway.idnow.de", false),
        ("http://gateway.test.idnow.de", true),
        ("http://eviltest.idnow.de", false),
        ("http://test.idnow.de.example.com", false),
        ("http://127.0.0.1:8080", true),
        ("http://[::1]:8080", true),
        ("http://localhost:8080/idnow", true),
        ("ftp://gateway.idnow.de", false),
        ("https://user@gateway.idnow.de", false),
        ("https://gateway.idnow.de?a=b", false),
        ("https://gateway.idnow.de#a", false),
    ] {
        let config = IdnowConfig {
            gateway_url: Some(url.parse().unwrap()),
            ..config()
        };
        assert_eq!(config.check().is_ok(), taken, "{url}");
    }
}

#[test]
fn unsendable_value_is_refused_without_quoting_it() {
    for key in [
        "",
        " exampleApiKey",
        "exampleApiKey\n",
        "example\u{0}ApiKey",
        "schlüssel",
    ] {
        let error = IdnowConfig {
            api_key: key.into(),
            ..config()
        }
        .check()
        .unwrap_err()
        .to_string();
        assert!(
            error.contains("api_key") && !error.contains("exampleApi"),
            "{error}"
        );
    }
    for company in ["", ".", "..", "ihre bank", "ihrebank\n"] {
        assert!(
            IdnowConfig {
                company: company.into(),
                ..config()
            }
            .check()
            .is_err(),
            "{company:?}"
        );
    }
    assert!(
        IdnowConfig {
            callback_secret: "short".into(),
            ..config()
        }
        .check()
        .is_err()
    );
    assert!(config().check().is_ok());
}

#[test]
fn every_key_is_parsed_and_unknown_keys_are_named() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let config = parse(&format!(
        r#"
        company = "ihrebank"
        api_key = {{ file = "{path}" }}
        host = "ch"
        gateway_url = "https://gateway.example.com"
        go_url = "https://go.example.com"
        callback_secret = {{ file = "{path}" }}
        callback_parameter = "secret"
        check_source = "true"
        archive_password = {{ file = "{path}" }}
        result_format = "zip"
        product = "auto"
        link = "short"
        max_archive_bytes = "1000"
        max_entry_bytes = 2000
        "#
    ))
    .unwrap();
    assert_eq!(
        (config.max_archive_bytes, config.max_entry_bytes),
        (1000, 2000)
    );
    assert!(config.archive_password.is_some() && config.check_source);
    assert_eq!(
        (config.result_format, config.product, config.link),
        (ResultFormat::Zip, Some(Product::Auto), LinkStyle::Short)
    );
    let error = parse("company = 'a'\napi_key = { env = 'PATH' }\napikey = 'x'")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("apikey") && error.contains("result_format"),
        "{error}"
    );
    assert!(
        parse("company = 'a'\napi_key = 'hunter2'")
            .unwrap_err()
            .message()
            .contains("refer to it by")
    );
}

#[test]
fn configuration_prints_no_secret() {
    let config = IdnowConfig {
        callback_secret: "0123456789abcdef".into(),
        archive_password: Some("hunter2".into()),
        ..config()
    };
    let printed = format!("{config:?}");
    for secret in ["exampleApiKey", "0123456789abcdef", "hunter2"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn source_of_callbacks_follows_the_host() {
    for (check_source, host, sources) in [
        (false, Some(DataCentre::De), Sources::Any),
        (true, Some(DataCentre::De), Sources::Of(DataCentre::De)),
        (true, Some(DataCentre::Test), Sources::Of(DataCentre::Test)),
        (true, None, Sources::Documented),
    ] {
        assert_eq!(
            IdnowConfig {
                check_source,
                host,
                ..config()
            }
            .sources(),
            sources
        );
    }
}

#[test]
fn empty_archive_password_is_refused() {
    let error = IdnowConfig {
        archive_password: Some("".into()),
        ..config()
    }
    .check()
    .unwrap_err()
    .to_string();
    assert!(error.contains("archive_password"), "{error}");
}
