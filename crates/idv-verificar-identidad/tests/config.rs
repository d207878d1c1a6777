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

use idv_core::adapter::settings::Secrets;
use idv_core::{ErrorKind, ProofKind};
use idv_verificar_identidad::{
    AnswerFormat, RequestFormat, VerificarIdentidad, VerificarIdentidadConfig,
};
use support::{config, with};

const LEAST: &str = "user = 'api-user'\ntoken = { env = 'PATH' }\n";

fn parse(toml: &str) -> Result<VerificarIdentidadConfig, toml::de::Error> {
    toml::from_str(toml)
}

/// Parses the required settings and these.
fn parse_with(more: &str) -> Result<VerificarIdentidadConfig, toml::de::Error> {
    parse(&format!("{LEAST}{more}"))
}

/// The error text of an invalid configuration.
fn refused(change: impl FnOnce(&mut VerificarIdentidadConfig)) -> String {
    let config = with(change);
    let error = config.check().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config);
    assert_eq!(
        VerificarIdentidad::new(config).unwrap_err().kind(),
        &ErrorKind::Config,
        "the adapter starts nevertheless"
    );
    error.to_string()
}

#[test]
fn defaults_are_the_documents_or_the_strictest() {
    let least = parse(LEAST).unwrap();
    for config in [&least, &config()] {
        assert_eq!(
            config.address().unwrap().as_str(),
            "https://api.mensatek.com/v7/"
        );
        assert_eq!(
            (config.request_format, config.answer_format),
            (RequestFormat::Json, AnswerFormat::Json)
        );
        assert_eq!(
            (config.language.as_str(), config.callback_parameter.as_str()),
            ("es", "token")
        );
        assert!(config.sender.is_none() && config.messages.is_empty() && config.base_url.is_none());
        assert!(
            config.template("es").unwrap().contains("[LINK]") && config.template("ja").is_none()
        );
    }
    assert!(config().check().is_ok());
}

#[test]
fn every_key_is_parsed_and_unknown_keys_are_named() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let config = parse(&format!(
        r#"
        user = "api-user"
        token = {{ env = "PATH" }}
        base_url = "https://gateway.example.com/v7"
        request_format = "form"
        answer_format = "xml"
        sender = "MiBanco"
        language = "ca"
        callback_user = "mensatek"
        callback_password = {{ file = "{path}" }}
        callback_parameter = "secret"

        [messages]
        ca = "[LINK]"
        es = "[PURPOSE] [LINK]"
        "#
    ))
    .unwrap();
    assert!(config.check().is_ok());
    assert_eq!(
        (config.user.as_str(), config.token.expose()),
        ("api-user", std::env::var("PATH").unwrap().as_str())
    );
    assert_eq!(
        config.address().unwrap().as_str(),
        "https://gateway.example.com/v7"
    );
    assert_eq!(
        (config.request_format, config.answer_format),
        (RequestFormat::Form, AnswerFormat::Xml)
    );
    assert_eq!(
        (config.sender.as_deref(), config.language.as_str()),
        (Some("MiBanco"), "ca")
    );
    assert_eq!(
        (config.template("ca"), config.template("es")),
        (Some("[LINK]"), Some("[PURPOSE] [LINK]"))
    );
    assert!(
        config
            .callback_password
            .first()
            .unwrap()
            .expose()
            .contains("idv-verificar-identidad"),
        "it is the file"
    );
    assert_eq!(config.auth().unwrap().proof(), Some(ProofKind::Basic));

    let error = parse_with("tokn = 'x'").unwrap_err().to_string();
    assert!(
        error.contains("tokn") && error.contains("callback_secret"),
        "{error}"
    );
    for missing in ["user = 'a'", "token = { env = 'PATH' }"] {
        assert!(
            parse(missing)
                .unwrap_err()
                .to_string()
                .contains("is missing"),
            "{missing}"
        );
    }
}

#[test]
fn literal_secrets_are_refused_in_files() {
    for key in ["token", "callback_password", "callback_secret"] {
        let rest = if key == "token" {
            "user = 'a'\n"
        } else {
            LEAST
        };
        let error = parse(&format!("{rest}{key} = 'hunter2'")).unwrap_err();
        assert!(
            error.message().contains("refer to it by") && !error.message().contains("hunter2"),
            "{key}: {error}"
        );
    }
}

#[test]
fn texts_are_parsed_from_file_and_environment() {
    let file = parse_with("[messages]\nes = 'a [LINK]'\nen = 'b [LINK]'").unwrap();
    let environment = parse_with(r#"messages = '{"es": "a [LINK]", "en": "b [LINK]"}'"#).unwrap();
    assert_eq!(file.messages, environment.messages);
    assert_eq!(file.messages.len(), 2);
    for (wrong, says) in [
        ("messages = 'a [LINK]'", "JSON object"),
        ("messages = 1", "a table of strings"),
        ("messages = '[1]'", "JSON object"),
        ("request_format = 'xml'", "form"),
        ("answer_format = 'ANT'", "txt"),
    ] {
        assert!(
            parse_with(wrong).unwrap_err().to_string().contains(says),
            "{wrong}"
        );
    }
}

#[test]
fn unauthenticated_reports_are_refused_at_start() {
    let says = refused(|config| config.callback_secret = Secrets::default());
    assert!(
        says.contains("callback_user")
            && says.contains("callback_secret")
            && says.contains("no call for an outcome"),
        "{says}"
    );
    assert!(parse(LEAST).unwrap().check().is_err());

    let basic = |user: Option<&'static str>,
                 password: Option<&'static str>,
                 secret: Option<&'static str>| {
        move |config: &mut VerificarIdentidadConfig| {
            config.callback_user = user.map(str::to_owned);
            config.callback_password = password.map(Secrets::from).unwrap_or_default();
            config.callback_secret = secret.map(Secrets::from).unwrap_or_default();
        }
    };
    const LONG: &str = "0123456789abcdef";
    for (user, password, secret, says) in [
        (Some("a"), None, None, "must be set together"),
        (None, Some(LONG), None, "must be set together"),
        (Some("a"), Some(LONG), Some(LONG), "only one of the two"),
        (Some("a"), None, Some(LONG), "only one of the two"),
        (Some(""), Some(LONG), None, "callback_user is empty"),
        (Some("a:b"), Some(LONG), None, "colon"),
        (Some("a"), Some("short"), None, "16 characters"),
        (Some("a"), Some(""), None, "16 characters"),
        (None, None, Some("short"), "16 characters"),
        (None, None, Some(""), "16 characters"),
    ] {
        let said = refused(basic(user, password, secret));
        assert!(said.contains(says), "{said}");
    }
    for (user, password, secret, proof) in [
        (Some("a"), Some(LONG), None, ProofKind::Basic),
        (None, None, Some(LONG), ProofKind::SecretUrl),
    ] {
        let config = with(basic(user, password, secret));
        assert!(config.check().is_ok());
        assert_eq!(config.auth().unwrap().proof(), Some(proof));
    }
}

#[test]
fn invalid_values_are_refused_by_key() {
    let message = |language: &'static str, text: &'static str| {
        move |config: &mut VerificarIdentidadConfig| {
            drop(config.messages.insert(language.to_owned(), text.to_owned()));
        }
    };
    for (said, key) in [
        (refused(|config| config.user = String::new()), "user"),
        (refused(|config| config.user = "a:b".to_owned()), "user"),
        (refused(|config| config.token = "".into()), "token"),
        (refused(|config| config.token = "a\nb".into()), "token"),
        (
            refused(|config| config.base_url = Some("http://api.example.com".parse().unwrap())),
            "base_url",
        ),
        (
            refused(|config| {
                config.base_url = Some("https://api.example.com?a=b".parse().unwrap());
            }),
            "base_url",
        ),
        (
            refused(|config| config.sender = Some(String::new())),
            "sender",
        ),
        (
            refused(|config| config.sender = Some("123456789012".to_owned())),
            "sender",
        ),
        (
            refused(|config| config.language = "ja".to_owned()),
            "language",
        ),
        (
            refused(|config| config.callback_parameter = "a b".to_owned()),
            "callback_parameter",
        ),
        (
            refused(|config| config.callback_parameter = String::new()),
            "callback_parameter",
        ),
        (refused(message("es", "no link")), "messages.es"),
        (refused(message("es", "[PURPOSE]")), "messages.es"),
        (
            refused(message("es", "[LINK] [PURPOSE] [PURPOSE]")),
            "messages.es",
        ),
        (refused(message("es", "[LINK]\u{7}")), "messages.es"),
        (refused(message("ES", "[LINK]")), "messages"),
        (refused(message("spanish", "[LINK]")), "messages"),
        (refused(message("es-ES", "[LINK]")), "messages"),
    ] {
        assert!(said.contains(key), "{key}: {said}");
    }
}

#[test]
fn configuration_prints_no_secret() {
    let printed = format!(
        "{:?} {:?}",
        config(),
        VerificarIdentidad::new(config()).unwrap()
    );
    for secret in ["api-token", support::SECRET, "YXBpLXVzZXI6"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
