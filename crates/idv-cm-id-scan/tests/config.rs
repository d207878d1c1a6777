//! The configuration: every key, its variable, its default, and refused values.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_cm_id_scan::api::{Locale, NewTransaction, NewWebhook, ResultId, Tasks, TransactionId};
use idv_cm_id_scan::normalize::Acceptance;
use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv_core::{ErrorKind, Secret, Url};
use support::{KEY_ID, SECRET, config, with};

const LEAST: &str = "key_id = 'k'\nsecret = { env = 'PATH' }\n";

fn parse(text: &str) -> Result<CmIdScanConfig, toml::de::Error> {
    toml::from_str(text)
}

fn parse_with(rest: &str) -> Result<CmIdScanConfig, toml::de::Error> {
    parse(&format!("{LEAST}{rest}"))
}

fn refused(change: impl FnOnce(&mut CmIdScanConfig)) -> String {
    let error = with(change).check().unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Config);
    error.to_string()
}

#[test]
fn default_is_the_vendors_or_the_strictest() {
    for config in [
        parse(LEAST).unwrap(),
        CmIdScanConfig::new(KEY_ID, SECRET.into()),
    ] {
        assert_eq!(
            config.address().unwrap().as_str(),
            "https://api.cm.com/id-scan/v1/"
        );
        assert_eq!(
            config.transaction(),
            NewTransaction::new(Tasks::DocumentLivenessAndMatch)
        );
        assert_eq!((config.token_lifetime, config.token_skew), (300, 30));
        assert_eq!(config.callback_header, "X-Callback-Secret");
        assert!(config.callback_secret.is_empty() && config.auth().unwrap().proof().is_none());
        let mut strict = Acceptance::strict();
        strict.ordered = Some(Tasks::DocumentLivenessAndMatch);
        assert_eq!(config.acceptance(), strict);
        assert!(config.check().is_ok());
    }
}

#[test]
fn every_key_is_read_from_file_and_environment() {
    let secret = "callback_secret = { env = 'PATH' }\ncallback_header = 'X-Bank'\n";
    let file = parse_with(&format!(
        r#"
        base_url = "https://api.cmdisp.com/id-scan/v1/"
        tasks = ["document_scan", "face_liveness"]
        allowed_expiration = -30
        redact_fields = ["personal_number", "signature"]
        capture_sources = ["camera"]
        level = "advanced"
        minimum_age = 18
        maximum_age = 99
        validate_fields = ["personal_number"]
        extract_fields = ["document_number", "portrait", "age", "date_of_expiry"]
        locale = "fr-FR"
        mobile_only = true
        expires_in = 7200
        scan_return_url = "https://bank.example.com/done"
        token_lifetime = 60
        token_skew = 0
        acceptance_min_score = 0.9
        acceptance_face_floor = 0
        acceptance_require_scores = false
        acceptance_completed_means_match = true
        acceptance_required_fields = ["document_number"]
        acceptance_tolerated_fields = ["signature"]
        {secret}"#
    ))
    .unwrap();
    let environment = parse_with(&format!(
        r#"
        base_url = "https://api.cmdisp.com/id-scan/v1/"
        tasks = "document_scan, face_liveness"
        allowed_expiration = "-30"
        redact_fields = "personal_number,signature"
        capture_sources = "camera"
        level = "advanced"
        minimum_age = "18"
        maximum_age = "99"
        validate_fields = "personal_number"
        extract_fields = "document_number, portrait,age , date_of_expiry"
        locale = "fr-FR"
        mobile_only = "true"
        expires_in = "7200"
        scan_return_url = "https://bank.example.com/done"
        token_lifetime = "60"
        token_skew = "0"
        acceptance_min_score = "0.9"
        acceptance_face_floor = "0"
        acceptance_require_scores = "false"
        acceptance_completed_means_match = "true"
        acceptance_required_fields = "document_number"
        acceptance_tolerated_fields = "signature"
        {secret}"#
    ))
    .unwrap();
    assert_eq!(format!("{file:?}"), format!("{environment:?}"));
    assert!(file.check().is_ok());
    assert_eq!(file.address().unwrap().host_str(), Some("api.cmdisp.com"));
    let scan = &file.transaction().settings.document_scan;
    assert_eq!(
        (scan.allowed_expiration, scan.minimum_age, scan.maximum_age),
        (Some(-30), Some(18), Some(99))
    );
    assert_eq!(
        (
            scan.redact_fields.len(),
            scan.capture_sources.len(),
            scan.extract_fields.len()
        ),
        (2, 1, 4)
    );
    assert_eq!(
        (scan.level.as_deref(), scan.validate_fields.len()),
        (Some("advanced"), 1)
    );
    assert_eq!(
        (file.locale, file.mobile_only, file.expires_in),
        (Some(Locale::French), true, Some(7_200))
    );
    assert_eq!(
        file.transaction().scan_return_url.unwrap().as_str(),
        "https://bank.example.com/done"
    );
    let demanding = parse_with("acceptance_require_scores = 'true'").unwrap();
    assert!(demanding.acceptance().require_scores && demanding.check().is_ok());
    assert_eq!(
        (
            file.token_lifetime,
            file.token_skew,
            file.callback_header.as_str()
        ),
        (60, 0, "X-Bank")
    );
    assert_eq!(
        file.acceptance().to_string(),
        "strict/2 min_score=0.9 face_floor=0 completed_means_match required_fields=document_number tolerated_fields=signature \
         allowed_expiration=-30 minimum_age=18 maximum_age=99 tasks=document_scan,face_liveness"
    );
}

#[test]
fn missing_or_unknown_key_is_named() {
    for missing in ["key_id = 'a'", "secret = { env = 'PATH' }"] {
        assert!(
            parse(missing)
                .unwrap_err()
                .to_string()
                .contains("is missing"),
            "{missing}"
        );
    }
    for (wrong, named) in [
        ("sekret = 'x'", "sekret"),
        ("tasks = 'face_match'", "tasks"),
        ("tasks = []", "tasks"),
        ("tasks = ['document_scan', 'face_match']", "tasks"),
        ("allowed_expiration = 1.5", "allowed_expiration"),
        ("allowed_expiration = 'soon'", "allowed_expiration"),
        ("allowed_expiration = 9999999999", "allowed_expiration"),
        ("minimum_age = -1", "minimum_age"),
        ("minimum_age = 70000", "minimum_age"),
        ("locale = 'de-DE'", "locale"),
        ("mobile_only = 'yes'", "mobile_only"),
        ("expires_in = 'day'", "expires_in"),
        ("acceptance_min_score = 'high'", "acceptance_min_score"),
        ("acceptance_min_score = true", "acceptance_min_score"),
    ] {
        let error = parse_with(wrong).unwrap_err().to_string();
        assert!(error.contains(named), "{wrong}: {error}");
    }
    for key in ["secret", "callback_secret"] {
        let rest = if key == "secret" {
            "key_id = 'a'\n"
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
fn invalid_values_are_refused_by_key() {
    for key_id in ["", " ", "a\nb"] {
        assert!(refused(|config| config.key_id = key_id.into()).contains("key_id"));
    }
    assert!(refused(|config| config.secret = Secret::new("")).contains("secret"));
    for url in [
        "http://api.cm.com/",
        "ftp://api.cm.com",
        "https://user@api.cm.com",
        "https://api.cm.com?a=b",
        "https://api.cm.com#a",
    ] {
        assert!(
            refused(|config| config.base_url = Some(url.parse().unwrap())).contains("base_url"),
            "{url}"
        );
    }
    for seconds in [0, 3_599, 86_401, u32::MAX] {
        assert!(
            refused(|config| config.expires_in = Some(seconds)).contains("expires_in"),
            "{seconds}"
        );
    }
    for seconds in [3_600, 86_400] {
        assert!(
            with(|config| config.expires_in = Some(seconds))
                .check()
                .is_ok()
        );
    }
    for lifetime in [0, 59, 3_601] {
        assert!(refused(|config| config.token_lifetime = lifetime).contains("token_lifetime"));
    }
    assert!(refused(|config| config.token_skew = 301).contains("token_skew"));
    assert!(
        refused(|config| (config.minimum_age, config.maximum_age) = (Some(30), Some(29)))
            .contains("minimum_age")
    );
    assert!(
        refused(|config| config.capture_sources = vec!["scanner".into()])
            .contains("capture_sources")
    );
    assert!(refused(|config| config.level = Some(String::new())).contains("level"));
    for word in ["", "personal number", "naïve", "a-b"] {
        assert!(
            refused(|config| config.redact_fields = vec![word.into()]).contains("redact_fields"),
            "{word}"
        );
        assert!(
            refused(|config| config.validate_fields = vec![word.into()])
                .contains("validate_fields"),
            "{word}"
        );
        assert!(
            refused(|config| config.extract_fields = vec![word.into()]).contains("extract_fields"),
            "{word}"
        );
    }
    assert!(refused(|config| config.callback_secret = "short".into()).contains("16"));
    let said = refused(|config| config.callback_secret = "a secret with\na line break".into());
    assert!(said.contains("callback_secret") && !said.contains("line break"));
    for name in ["", "X Callback", "X-Callback:", "ü"] {
        assert!(
            refused(|config| config.callback_header = name.into()).contains("callback_header"),
            "{name}"
        );
    }
    for score in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        assert!(
            refused(|config| config.acceptance_min_score = score).contains("acceptance_min_score"),
            "{score}"
        );
    }
    assert!(refused(|config| config.acceptance_face_floor = 0.9).contains("acceptance_face_floor"));
    assert_eq!(
        CmIdScan::new(with(|config| config.expires_in = Some(1)))
            .unwrap_err()
            .kind(),
        &ErrorKind::Config
    );
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn extracted_fields_do_not_become_required() {
    let required = |extract: &[&str], required: &[&str]| {
        let config = with(|config| {
            (config.extract_fields, config.acceptance_required_fields) =
                (words(extract), words(required));
        });
        config.check().unwrap();
        config.acceptance().required_fields
    };
    assert_eq!(required(&[], &[]), ["document_number", "surname"]);
    assert_eq!(
        required(
            &[
                "document_number",
                "surname",
                "given_names",
                "personal_number"
            ],
            &[]
        ),
        ["document_number", "surname"]
    );
    assert_eq!(
        required(&["portrait", "age", "Last_Name"], &[]),
        ["surname"]
    );
    assert_eq!(
        required(&["document_number", "portrait"], &[]),
        ["document_number"]
    );
    assert_eq!(required(&["age", "surname"], &["age"]), ["age"]);
    assert_eq!(required(&["age", "last_name"], &["surname"]), ["surname"]);
    assert_eq!(required(&["signature"], &["signature"]), ["signature"]);
}

#[test]
fn configuration_that_verifies_no_person_is_refused() {
    let extracting = |extract: &[&str], change: fn(&mut CmIdScanConfig)| {
        with(|config| {
            config.extract_fields = words(extract);
            change(config);
        })
    };
    let named = |extract: &[&str], key: &str, change: fn(&mut CmIdScanConfig)| {
        let error = extracting(extract, change).check().unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Config);
        assert!(error.to_string().contains(key), "{extract:?}: {error}");
    };
    // No field identifies the person.
    named(&["document_image", "portrait"], "extract_fields", |_| {});
    named(&["age", "given_names"], "extract_fields", |_| {});
    // No field remains for the limits.
    let document = ["document_number", "given_names", "surname"];
    named(&document, "minimum_age", |config| {
        config.minimum_age = Some(16);
    });
    named(&document, "maximum_age", |config| {
        config.maximum_age = Some(80);
    });
    named(&document, "allowed_expiration", |config| {
        config.allowed_expiration = Some(30);
    });
    named(&["surname"], "document_number", |config| {
        config.acceptance_required_fields = vec!["document_number".into()];
    });
    named(&[], "Portrait", |config| {
        config.acceptance_required_fields = vec!["Portrait".into()];
    });
    named(&[], "document_image", |config| {
        config.acceptance_required_fields = vec!["document_image".into()];
    });
    named(&[], "acceptance_completed_means_match", |config| {
        (
            config.acceptance_require_scores,
            config.acceptance_completed_means_match,
        ) = (true, true);
    });
    for (extract, change) in [
        (
            ["surname", "age"],
            (|config| config.minimum_age = Some(16)) as fn(&mut CmIdScanConfig),
        ),
        (["surname", "birth_date"], |config| {
            (config.minimum_age, config.maximum_age) = (Some(16), Some(80));
        }),
        (["surname", "expiry_date"], |config| {
            config.allowed_expiration = Some(-90);
        }),
        (["surname", "given_names"], |_| {}),
    ] {
        extracting(&extract, change).check().unwrap();
    }
    with(|config| {
        (
            config.minimum_age,
            config.maximum_age,
            config.allowed_expiration,
        ) = (Some(16), Some(80), Some(30));
    })
    .check()
    .unwrap();
}

#[test]
fn forbidden_request_is_refused_before_sending() {
    let field = |field: &'static str| ErrorKind::InvalidRequest {
        field: field.into(),
    };
    let mut transaction = NewTransaction::default();
    assert!(transaction.check().is_ok());
    transaction.return_url = Some("https://example.com/?a=b".parse().unwrap());
    assert!(transaction.check().is_ok());
    transaction.return_url = Some("https://example.com/?trxid=b".parse().unwrap());
    assert_eq!(
        transaction.check().unwrap_err().kind(),
        &field("return_url")
    );
    let url: Url = "https://example.com/".parse().unwrap();
    assert!(NewWebhook::new(url.clone()).check().is_ok());
    for (name, value) in [("", "x"), ("a b", "x"), ("a", "line\nbreak")] {
        let webhook = NewWebhook::new(url.clone()).with_header(name, value.into());
        assert_eq!(webhook.check().unwrap_err().kind(), &field("headers"));
    }
    for id in ["", "a/b", "..", "a b", "é", "-", "__", &"a".repeat(101)] {
        assert_eq!(
            TransactionId::parse(id).unwrap_err().kind(),
            &field("vendor_id"),
            "{id}"
        );
        assert_eq!(
            ResultId::parse(id).unwrap_err().kind(),
            &field("handle"),
            "{id}"
        );
    }
}

#[test]
fn configuration_prints_no_secret() {
    let config = config();
    let provider = CmIdScan::new(config.clone()).unwrap();
    let webhook = provider.webhook("https://example.com/".parse().unwrap());
    let printed = format!(
        "{config:?} {config:#?} {provider:?} {:?} {webhook:?} {:?}",
        provider.api(),
        config.auth().unwrap()
    );
    for secret in [SECRET, support::CALLBACK_SECRET] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
