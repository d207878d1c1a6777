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

use idv_core::ErrorKind;
use idv_identity_tm::api::order::{Behaviors, Product};
use idv_identity_tm::{IdentityTm, IdentityTmConfig, Images, Link, Recordings, Webhooks};
use support::{config, with};

const LEAST: &str = "user = 'ihrebank'\npassword = { env = 'PATH' }\n";

fn parse(toml: &str) -> Result<IdentityTmConfig, toml::de::Error> {
    toml::from_str(toml)
}

/// Parses the required settings and these.
fn parse_with(more: &str) -> Result<IdentityTmConfig, toml::de::Error> {
    parse(&format!("{LEAST}{more}"))
}

/// The error text of an invalid configuration.
fn refused(change: impl FnOnce(&mut IdentityTmConfig)) -> String {
    let error = with(change).check().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config);
    error.to_string()
}

fn webhooks(change: impl FnOnce(&mut Webhooks)) -> Webhooks {
    let mut webhooks = Webhooks::default();
    change(&mut webhooks);
    webhooks
}

fn recordings(change: impl FnOnce(&mut Recordings)) -> Recordings {
    let mut recordings = Recordings::default();
    change(&mut recordings);
    recordings
}

#[test]
fn defaults_are_the_documents_or_the_strictest() {
    let least = parse(LEAST).unwrap();
    for config in [least, config()] {
        assert_eq!(
            config.address().unwrap().as_str(),
            "https://customer.identity.tm/api/2.10/"
        );
        assert_eq!(
            (
                config.order_product().unwrap(),
                config.order_behaviors().unwrap()
            ),
            (Product::Video, Behaviors::NORMAL)
        );
        assert_eq!(
            (config.link, config.images, config.recordings),
            (Link::Target, Images::Embedded, Recordings::default())
        );
        assert_eq!(
            config.webhooks,
            webhooks(|webhooks| webhooks.on_final = true)
        );
        assert_eq!(
            (
                config.check_source,
                config.include_identifier,
                config.callback_parameter.as_str()
            ),
            (false, false, "token")
        );
        assert_eq!(config.max_embedded_bytes, 67_108_864);
        assert!(config.answer_key().unwrap().is_none() && config.callback_secret.is_empty());
        assert!(config.video_callback_url.is_none() && config.base_url.is_none());
        assert!(config.check().is_ok());
    }
}

#[test]
fn every_key_is_parsed_and_unknown_keys_are_named() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let config = parse(&format!(
        r#"
        user = "ihrebank"
        password = {{ env = "PATH" }}
        base_url = "https://identity.example.com/api/2.10"
        product = 15
        behaviors = 144
        link = "auto_ident"
        webhooks = ["after_ident", "on_final", "on_error", "on_video_error", "on_status_change"]
        callback_secret = {{ file = "{path}" }}
        callback_parameter = "secret"
        check_source = true
        crypt_key = {{ file = "{path}" }}
        images = "separate"
        recordings = ["video", "voice", "pdf", "signed_documents", "audit_log"]
        include_identifier = true
        video_callback_url = "https://bank.example.com/video"
        max_embedded_bytes = 1000
        "#
    ))
    .unwrap();
    assert_eq!(config.user, "ihrebank");
    assert_eq!(config.password.expose(), std::env::var("PATH").unwrap());
    assert_eq!(
        config.address().unwrap().as_str(),
        "https://identity.example.com/api/2.10"
    );
    assert_eq!(config.order_product().unwrap(), Product::Esign);
    assert_eq!(
        config.order_behaviors().unwrap(),
        Behaviors::SIGN_ME_USE.with(Behaviors::ADVANCED_SIGNATURE)
    );
    assert_eq!(
        (config.link, config.images),
        (Link::AutoIdent, Images::Separate)
    );
    let all = webhooks(|all| {
        (
            all.after_ident,
            all.on_final,
            all.on_error,
            all.on_video_error,
            all.on_status_change,
        ) = (true, true, true, true, true);
    });
    assert_eq!(config.webhooks, all);
    let all = recordings(|all| {
        (
            all.video,
            all.voice,
            all.pdf,
            all.signed_documents,
            all.audit_log,
        ) = (true, true, true, true, true);
    });
    assert_eq!(config.recordings, all);
    assert_eq!(
        (
            config.callback_parameter.as_str(),
            config.check_source,
            config.include_identifier
        ),
        ("secret", true, true)
    );
    assert_eq!(
        config.video_callback_url.as_ref().unwrap().as_str(),
        "https://bank.example.com/video"
    );
    assert_eq!(config.max_embedded_bytes, 1000);
    for secret in [config.callback_secret.first(), config.crypt_key.as_ref()] {
        assert!(
            secret.unwrap().expose().contains("idv-identity-tm"),
            "it is the file"
        );
    }

    let error = parse_with("passwort = 'x'").unwrap_err().to_string();
    assert!(
        error.contains("passwort") && error.contains("max_embedded_bytes"),
        "{error}"
    );
    for missing in ["user = 'a'", "password = { env = 'PATH' }"] {
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
    for key in ["password", "callback_secret", "crypt_key"] {
        let rest = if key == "password" {
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
fn environment_variables_are_parsed_like_file_values() {
    let config = parse_with(
        "product = '16'\nbehaviors = '12288'\ncheck_source = 'true'\ninclude_identifier = 'false'\nmax_embedded_bytes = '1000'\n\
         webhooks = 'after_ident, on_final'\nrecordings = 'voice,pdf'\nlink = 'email'\nimages = 'embedded'",
    )
    .unwrap();
    assert_eq!(
        (config.product, config.behaviors, config.max_embedded_bytes),
        (16, 4096 | 8192, 1000)
    );
    assert_eq!(
        (config.check_source, config.include_identifier),
        (true, false)
    );
    assert_eq!(
        config.webhooks,
        webhooks(|webhooks| (webhooks.after_ident, webhooks.on_final) = (true, true))
    );
    assert_eq!(
        config.recordings,
        recordings(|recordings| (recordings.voice, recordings.pdf) = (true, true))
    );
    assert_eq!(
        (config.link, config.images),
        (Link::Email, Images::Embedded)
    );
    for none in ["webhooks = ''", "webhooks = []"] {
        assert_eq!(
            parse_with(none).unwrap().webhooks,
            Webhooks::default(),
            "{none}"
        );
    }
    assert_eq!(
        parse_with("webhooks = 'after_video,'").unwrap().webhooks,
        webhooks(|webhooks| webhooks.after_video = true)
    );
}

#[test]
fn unknown_words_are_refused_with_the_accepted_ones() {
    for (wrong, says) in [
        ("product = 'twelve'", "a whole number"),
        ("product = -1", "a whole number"),
        ("product = 4294967296", "4294967295"),
        ("behaviors = '-4'", "a whole number"),
        ("max_embedded_bytes = -1", "whole number"),
        ("max_embedded_bytes = 1.5", "whole number"),
        ("check_source = 'yes'", "`true` or `false`"),
        ("check_source = 1", "`true` or `false`"),
        ("include_identifier = 'TRUE'", "`true` or `false`"),
        ("link = 'page'", "auto_ident"),
        ("images = 'both'", "separate"),
        ("webhooks = 'onFinal'", "on_final"),
        ("webhooks = ['on_final', '']", "on_final"),
        ("recordings = 'audio'", "voice"),
        ("base_url = 'customer.identity.tm'", "https URL"),
    ] {
        let error = parse_with(wrong).unwrap_err();
        assert!(error.message().contains(says), "{wrong}: {error}");
    }
}

#[test]
fn plain_http_is_refused_except_on_loopback() {
    for (url, taken) in [
        ("https://customer.example.com/api/2.10", true),
        ("http://customer.example.com", false),
        ("http://customer.identity.tm/api/2.10/", false),
        ("http://127.0.0.1:8080/api/2.10/", true),
        ("http://127.0.0.1.example.com/", false),
        ("http://[::1]:8080", true),
        ("http://localhost:8080/identity", true),
        ("http://identity.localhost:8080", true),
        ("http://evillocalhost", false),
        ("http://0.0.0.0:8080", false),
        ("ftp://customer.identity.tm", false),
        ("https://user@customer.identity.tm", false),
        ("https://:secret@customer.identity.tm", false),
        ("https://customer.identity.tm?a=b", false),
        ("https://customer.identity.tm#a", false),
        ("mailto:itm@example.com", false),
    ] {
        let config = with(|config| config.base_url = Some(url.parse().unwrap()));
        assert_eq!(config.check().is_ok(), taken, "{url}");
        if !taken {
            assert!(
                config.check().unwrap_err().to_string().contains("base_url"),
                "{url}"
            );
        }
    }
}

#[test]
fn unsendable_value_is_refused_without_quoting_it() {
    for user in ["", "ihre:bank", "ihre\nbank", "ihrebank\u{7f}"] {
        assert!(
            refused(|config| config.user = user.into()).contains("user"),
            "{user:?}"
        );
    }
    for password in ["", "example\nPassword", "example\u{0}Password"] {
        let said = refused(|config| config.password = password.into());
        assert!(
            said.contains("password") && !said.contains("example"),
            "{said}"
        );
    }
    // Colons and non-ASCII characters are allowed in a password (RFC 7617).
    assert!(
        with(|config| config.password = "schlüssel: 5".into())
            .check()
            .is_ok()
    );
}

#[test]
fn invalid_values_are_refused_by_key() {
    for number in [1, 7, 13, 14, 18, 20, u32::MAX] {
        assert!(
            refused(|config| config.product = number).contains("product"),
            "{number}"
        );
    }
    for product in Product::ALL {
        assert_eq!(
            with(|config| config.product = product.number())
                .order_product()
                .unwrap(),
            *product
        );
    }
    for number in [1, 4 | 8, 128 | 256, 1 << 31] {
        assert!(
            refused(|config| config.behaviors = number).contains("behaviors"),
            "{number}"
        );
    }
    // With the other combinations no order could be placed.
    for (product, behaviors, taken) in [
        (12, 128, false),
        (16, 8, false),
        (15, 128, true),
        (12, 4096, true),
        (0, 4_194_304, false),
    ] {
        let config = with(|config| (config.product, config.behaviors) = (product, behaviors));
        assert_eq!(config.check().is_ok(), taken, "{product} {behaviors}");
    }
    assert!(refused(|config| config.callback_secret = "short".into()).contains("16"));
    for name in [
        "",
        "to ken",
        "token=",
        "tökén",
        "a&b",
        "to.ken",
        "ref",
        "OrderId",
        "event",
        "statusCode",
    ] {
        assert!(
            refused(|config| config.callback_parameter = name.into())
                .contains("callback_parameter"),
            "{name}"
        );
    }
    for key in [
        "",
        "0123",
        "g0g0",
        &"00".repeat(31),
        &"00".repeat(33),
        &"A".repeat(42),
    ] {
        let said = refused(|config| config.crypt_key = Some(key.into()));
        assert!(said.contains("64 hexadecimal digits"), "{said}");
    }
    for key in [
        "0f".repeat(32),
        "0F".repeat(32),
        format!("{}=", "A".repeat(43)),
        "A".repeat(43),
        "_".repeat(42) + "8",
    ] {
        assert!(
            with(|config| config.crypt_key = Some(key.as_str().into()))
                .answer_key()
                .unwrap()
                .is_some(),
            "{key}"
        );
    }
    let both =
        |webhooks: &mut Webhooks| (webhooks.after_video, webhooks.after_ident) = (true, true);
    assert!(refused(|config| both(&mut config.webhooks)).contains("after_video and after_ident"));
    assert!(refused(|config| config.max_embedded_bytes = 0).contains("max_embedded_bytes"));
    for url in [
        "ftp://bank.example.com/video",
        "https://bank.example.com/video#a",
        "https://bank.example.com/video?token=1",
        "https://bank.example.com/video?a=1&ref=2",
    ] {
        assert!(
            refused(|config| config.video_callback_url = Some(url.parse().unwrap()))
                .contains("video_callback_url"),
            "{url}"
        );
    }
}

#[test]
fn invalid_configuration_gives_no_provider() {
    for config in [
        with(|config| config.user = String::new()),
        with(|config| config.product = 1),
    ] {
        assert_eq!(
            IdentityTm::new(config).unwrap_err().kind(),
            &ErrorKind::Config
        );
    }
    assert!(IdentityTm::new(config()).is_ok());
}

#[test]
fn configuration_prints_no_secret() {
    let key = "5eC4e75b".repeat(8);
    let config = with(|config| {
        config.callback_secret = "0123456789abcdef".into();
        config.crypt_key = Some(key.as_str().into());
    });
    assert!(config.check().is_ok());
    let key = config.answer_key().unwrap();
    let provider = IdentityTm::new(config.clone()).unwrap();
    let printed = format!(
        "{config:?} {config:#?} {key:?} {provider:?} {:?} {:?}",
        provider.api(),
        config.auth().unwrap()
    );
    for secret in [
        "examplePassword",
        "0123456789abcdef",
        "5eC4e7",
        "aWhyZWJhbms",
    ] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
}
