//! `idv token`: the vendor's documented credentials, and a signature computed independently.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use support::Place;

/// The key id and the secret of the vendor's page "Authentication".
const KEY_ID: &str = "3b438437-04a4-40bb-8389-54bb02766fba";
const SECRET: &str = "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ";

fn arguments(lifetime: &'static str) -> Vec<&'static str> {
    vec![
        "token",
        "cm-id-scan",
        "--key-id",
        KEY_ID,
        "--secret-env",
        "CM_SECRET",
        "--issued-at",
        "1704067200",
        "--lifetime",
        lifetime,
    ]
}

#[test]
fn documented_credentials_give_the_reference_token() {
    let mut place = Place::new();
    place.set("CM_SECRET", SECRET);
    let ran = place.run(&arguments("60"));
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    let parts: Vec<&str> = ran.out.trim_end().split('.').collect();
    // {"typ":"JWT","alg":"HS256","kid":"3b438437-…"},
    // {"iat":1704067200,"nbf":1704067200,"exp":1704067260}
    assert_eq!(parts.len(), 3);
    assert_eq!(
        parts[1],
        "eyJpYXQiOjE3MDQwNjcyMDAsIm5iZiI6MTcwNDA2NzIwMCwiZXhwIjoxNzA0MDY3MjYwfQ"
    );
    assert_eq!(parts[2], "tIViPQZM_SoM47XDC7h4GrvQX_yJgxeF9qOyuOqhl5I");
    let json = place
        .run(&[&arguments("60")[..], &["--json"]].concat())
        .json();
    assert_eq!(json["token"], ran.out.trim_end());
}

#[test]
fn openssl_computes_the_same_signature() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let mut place = Place::new();
    place.set("CM_SECRET", SECRET);
    let token = place.run(&arguments("3600")).out;
    let (signed, signature) = token.trim_end().rsplit_once('.').unwrap();
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", SECRET, "-r"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl
        .stdin
        .take()
        .unwrap()
        .write_all(signed.as_bytes())
        .unwrap();
    let digest = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(digest.split(' ').next().unwrap(), hex_of(signature));
}

#[test]
fn secret_is_read_from_a_variable_only() {
    let place = Place::new();
    assert!(place.run(&arguments("60")).failed(2).contains("CM_SECRET"));
    let mut place = Place::new();
    place.set("CM_SECRET", SECRET);
    assert!(
        !place.run(&arguments("0")).failed(2).contains(SECRET),
        "a token needs a lifetime"
    );
}

/// Decodes unpadded Base64url to hexadecimal digits.
fn hex_of(text: &str) -> String {
    let (mut bits, mut held, mut hex) = (0_u32, 0_u32, String::new());
    for character in text.bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            hex += &format!("{:02x}", bits >> held & 0xff);
        }
    }
    hex
}
