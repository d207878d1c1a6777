//! The signature of the result (13.3.1), by a key pair of the sandbox.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA512};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The paths of the public key on the go host: in the test environment, and in the others.
pub(super) const CERTIFICATES: [&str; 2] = [
    "idnow_signing_test_20171004.pem",
    "idnow_signing_20171018.pem",
];

/// Signs a result: PKCS#1 v1.5 with SHA-512, as checked by `openssl dgst -sha512 -verify`.
pub(super) fn sign(result: &[u8]) -> Option<Vec<u8>> {
    let key = key()?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA512,
        &SystemRandom::new(),
        result,
        &mut signature,
    )
    .ok()?;
    Some(signature)
}

/// Returns the public key in PEM, in the form that `openssl` reads.
pub(super) fn public_key() -> Option<String> {
    let der = key()?.public_key().as_der().ok()?;
    let encoded = STANDARD.encode(der.as_ref());
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    Some(pem)
}

/// Returns the key pair, which is generated at its first use, once per process, since the search
/// for primes takes time. `None` only if the system has no random numbers.
fn key() -> Option<&'static KeyPair> {
    static KEY: OnceLock<Option<KeyPair>> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).ok())
        .as_ref()
}
