//! Encrypted answers (chapter 9.4): decryption with the right key only.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use base64::Engine as _;
use idv_core::ErrorKind;
use idv_identity_tm::crypt::{CryptKey, IV_LENGTH, TAG_LENGTH};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PLAIN: &[u8] = include_bytes!("../fixtures/crypt/plain.json");
const JAVA: &[u8] = include_bytes!("../fixtures/crypt/java.bin");
const JAVA_EMPTY: &[u8] = include_bytes!("../fixtures/crypt/java-empty.bin");
const OPENSSL: &[u8] = include_bytes!("../fixtures/crypt/openssl.bin");

fn key(text: &str) -> CryptKey {
    CryptKey::parse(&text.into()).unwrap()
}

#[test]
fn bodies_of_other_implementations_are_decrypted() {
    for (body, plain) in [(JAVA, PLAIN), (OPENSSL, PLAIN), (JAVA_EMPTY, b"")] {
        assert_eq!(body.len(), IV_LENGTH + plain.len() + TAG_LENGTH);
        assert_eq!(key(KEY).decrypt(body.to_vec()).unwrap(), plain);
    }
}

#[test]
fn modified_body_is_refused() {
    for body in [JAVA, OPENSSL, JAVA_EMPTY] {
        for index in 0..body.len() {
            for change in [0x01, 0x80, 0xFF] {
                let mut changed = body.to_vec();
                changed[index] ^= change;
                assert_eq!(
                    key(KEY).decrypt(changed).unwrap_err().kind(),
                    &ErrorKind::Forged,
                    "byte {index}"
                );
            }
        }
    }
}

#[test]
fn truncated_or_extended_body_is_refused() {
    for length in 0..JAVA.len() {
        let error = key(KEY).decrypt(JAVA[..length].to_vec()).unwrap_err();
        let expected = if length < IV_LENGTH + TAG_LENGTH {
            ErrorKind::Malformed
        } else {
            ErrorKind::Forged
        };
        assert_eq!(error.kind(), &expected, "{length} bytes");
    }
    assert!(key(KEY).decrypt([JAVA, b"\0"].concat()).is_err());
    assert!(key(KEY).decrypt([JAVA, JAVA].concat()).is_err());
}

#[test]
fn wrong_key_is_refused() {
    for digit in 0..KEY.len() {
        let mut other = KEY.as_bytes().to_vec();
        other[digit] = if other[digit] == b'0' { b'1' } else { b'0' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(
            key(&other).decrypt(JAVA.to_vec()).unwrap_err().kind(),
            &ErrorKind::Forged,
            "digit {digit}"
        );
    }
}

#[test]
fn key_is_hexadecimal_or_base64() {
    let base64 = base64::engine::general_purpose::STANDARD.encode(hex::decode(KEY).unwrap());
    let url_safe =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hex::decode(KEY).unwrap());
    for text in [
        KEY,
        &KEY.to_uppercase(),
        &base64,
        base64.trim_end_matches('='),
        &url_safe,
    ] {
        assert_eq!(
            key(text).decrypt(JAVA.to_vec()).unwrap(),
            PLAIN,
            "{} characters",
            text.len()
        );
    }
    for text in [
        "",
        "0001",
        KEY.trim_start_matches("00"),
        &format!("{KEY}20"),
        "not a key",
        &"A".repeat(42),
        &"A".repeat(32),
    ] {
        let error = CryptKey::parse(&text.into()).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Config);
        assert!(
            text.is_empty() || !error.to_string().contains(text),
            "{error}"
        );
    }
    assert_eq!(format!("{:?}", key(KEY)), "CryptKey([secret])");
}
