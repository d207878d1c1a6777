//! Tokens: their bytes, by an independent computation of HMAC-SHA256, and their reuse.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idv_cm_id_scan::session::token;
use idv_core::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

/// The credentials in the document's example.
const KEY_ID: &str = "3b438437-04a4-40bb-8389-54bb02766fba";
const SECRET: &str = "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ";

fn decoded(part: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn token_matches_another_implementation() {
    let issued_at = "2024-01-01T00:00:00Z".parse().unwrap();
    let token = token(KEY_ID, &SECRET.into(), issued_at, Duration::from_secs(60)).unwrap();
    let parts: Vec<_> = token.expose().split('.').collect();
    assert_eq!(
        decoded(parts[0]),
        format!(r#"{{"typ":"JWT","alg":"HS256","kid":"{KEY_ID}"}}"#)
    );
    assert_eq!(
        decoded(parts[1]),
        r#"{"iat":1704067200,"nbf":1704067200,"exp":1704067260}"#
    );
    assert_eq!(parts[2], "tIViPQZM_SoM47XDC7h4GrvQX_yJgxeF9qOyuOqhl5I");
    assert_eq!(parts.len(), 3);
}

#[test]
fn token_verifies_only_with_its_secret() {
    let issued_at = "2024-01-01T00:00:00.9Z".parse().unwrap();
    let token = token(
        "a \"key\" ü",
        &SECRET.into(),
        issued_at,
        Duration::from_secs(86_400),
    )
    .unwrap();
    let mut validation = Validation::new(Algorithm::HS256);
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    let read = |secret: &str| {
        let key = DecodingKey::from_secret(secret.as_bytes())?;
        decode::<serde_json::Value>(token.expose(), &key, &validation)
    };
    let data = read(SECRET).unwrap();
    assert_eq!(data.header.kid.as_deref(), Some("a \"key\" ü"));
    assert_eq!(
        data.claims,
        serde_json::json!({ "iat": 1_704_067_200, "nbf": 1_704_067_200, "exp": 1_704_153_600 })
    );
    assert!(read(SECRET.trim_start_matches('A')).is_err());
}

#[test]
fn invalid_credentials_are_named() {
    let now = "2024-01-01T00:00:00Z".parse().unwrap();
    let minute = Duration::from_secs(60);
    let kind = |key_id: &str, secret: &str, at: idv_core::Timestamp, lifetime| {
        token(key_id, &secret.into(), at, lifetime)
            .unwrap_err()
            .kind()
            .clone()
    };
    for (key_id, secret) in [("", SECRET), (" ", SECRET), ("a\nb", SECRET), (KEY_ID, "")] {
        assert_eq!(
            kind(key_id, secret, now, minute),
            ErrorKind::Config,
            "{key_id:?}"
        );
    }
    let invalid = |field: &'static str| ErrorKind::InvalidRequest {
        field: field.into(),
    };
    assert_eq!(
        kind(
            KEY_ID,
            SECRET,
            "1969-12-31T23:59:59Z".parse().unwrap(),
            minute
        ),
        invalid("issued_at")
    );
    for lifetime in [Duration::ZERO, Duration::from_millis(999), Duration::MAX] {
        assert_eq!(
            kind(KEY_ID, SECRET, now, lifetime),
            invalid("lifetime"),
            "{lifetime:?}"
        );
    }
}
