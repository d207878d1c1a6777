//! The signature of the XML result (chapter 13.3.1), verified with keys and signatures made by
//! OpenSSL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::{archive, fixture};
use idv_core::ErrorKind;
use idv_idnow::signature::{KNOWN_KEYS, PublicKey, System, known_key};
use idv_idnow::wire;
use idv_idnow::wire::archive::Limits;

/// Every supported key, by its file name; its signature has the same name.
const KEYS: [&str; 4] = ["rsa-2048", "p256", "p384", "p521"];

fn pem(name: &str) -> String {
    String::from_utf8(fixture(&format!("signature/{name}.pem"))).unwrap()
}

fn key(name: &str) -> PublicKey {
    PublicKey::from_pem(&pem(name)).unwrap()
}

fn signature(name: &str) -> Vec<u8> {
    fixture(&format!("signature/{name}.sig"))
}

fn document() -> Vec<u8> {
    fixture("signature/signed.xml")
}

fn is_forged(key: &PublicKey, xml: &[u8], signature: &[u8]) -> bool {
    key.verify(xml, signature)
        .is_err_and(|error| error.kind() == &ErrorKind::Forged)
}

/// The error for an unsupported key.
fn refused(pem: &str) -> String {
    let error = PublicKey::from_pem(pem).expect_err("it is a key");
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
    error.to_string()
}

#[test]
fn openssl_signatures_verify_with_every_key_kind() {
    for name in KEYS {
        key(name)
            .verify(&document(), &signature(name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn modified_result_is_refused() {
    for name in ["rsa-2048", "p256"] {
        let (key, signature, mut xml) = (key(name), signature(name), document());
        for place in 0..xml.len() {
            xml[place] ^= 1;
            assert!(is_forged(&key, &xml, &signature), "{name}: byte {place}");
            xml[place] ^= 1;
        }
        key.verify(&xml, &signature).unwrap();
    }
}

#[test]
fn changed_length_or_line_endings_are_refused() {
    let (key, signature, xml) = (key("rsa-2048"), signature("rsa-2048"), document());
    let longer = [xml.as_slice(), b"\n"].concat();
    let windows = String::from_utf8(xml.clone())
        .unwrap()
        .replace('\n', "\r\n");
    for changed in [
        &longer,
        &xml[..xml.len() - 1],
        &xml[1..],
        &[],
        windows.as_bytes(),
    ] {
        assert!(is_forged(&key, changed, &signature));
    }
}

#[test]
fn modified_signature_is_refused() {
    for name in KEYS {
        let (key, mut signature, xml) = (key(name), signature(name), document());
        for place in 0..signature.len() {
            signature[place] ^= 1;
            assert!(is_forged(&key, &xml, &signature), "{name}: byte {place}");
            signature[place] ^= 1;
        }
    }
}

#[test]
fn only_raw_signatures_of_the_right_kind_verify() {
    let (key, xml, signature_) = (key("rsa-2048"), document(), signature("rsa-2048"));
    let longer = [signature_.as_slice(), &[0]].concat();
    let hexadecimal: String = signature_
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for other in [
        &[],
        &signature_[..255],
        &longer,
        hexadecimal.as_bytes(),
        &vec![0; 256],
        &vec![0xFF; 256],
    ] {
        assert!(is_forged(&key, &xml, other), "{} bytes", other.len());
    }
    // The right key with another digest or another padding; a signature of another key.
    for name in ["rsa-2048-sha256", "rsa-2048-pss", "rsa-1024", "p256"] {
        assert!(is_forged(&key, &xml, &signature(name)), "{name}");
    }
}

#[test]
fn signature_of_another_key_is_refused() {
    for name in KEYS {
        for other in KEYS
            .iter()
            .chain(&["other"])
            .filter(|other| **other != name)
        {
            assert!(
                is_forged(&key(other), &document(), &signature(name)),
                "{name} by {other}"
            );
        }
    }
}

#[test]
fn unsupported_key_is_refused_with_advice() {
    for (name, advice) in [
        ("certificate", "openssl x509 -pubkey"),
        ("rsa-pkcs1", "openssl rsa -RSAPublicKey_in -pubout"),
        ("rsa-1024", "2048"),
        ("ed25519", "2048"),
    ] {
        let message = refused(&pem(name));
        assert!(message.contains(advice), "{name}: {message}");
    }
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQA=\n-----END PRIVATE KEY-----\n";
    assert!(refused(private).contains("private"));
    let whole = pem("rsa-2048");
    for pem in [
        "",
        "\n",
        "rsa",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
    ] {
        refused(pem);
    }
    refused(&whole.replace("PUBLIC KEY", "X509 CRL"));
    // Truncated anywhere, and without a line.
    for (length, _) in whole.trim_end().char_indices().rev().skip(5) {
        refused(whole.get(..length).unwrap());
    }
    let lines: Vec<_> = whole.lines().collect();
    for unsupported_fields in 1..lines.len() - 1 {
        let fewer: Vec<_> = lines
            .iter()
            .enumerate()
            .filter(|(line, _)| *line != unsupported_fields)
            .map(|(_, text)| *text)
            .collect();
        if let Ok(key) = PublicKey::from_pem(&fewer.join("\n")) {
            assert!(
                is_forged(&key, &document(), &signature("rsa-2048")),
                "line {unsupported_fields}"
            );
        }
    }
}

#[test]
fn key_is_parsed_with_any_line_endings() {
    let pem = pem("rsa-2048");
    for pem in [
        pem.replace('\n', "\r\n"),
        format!("IDnow, test system\n\n{pem}\n\n"),
        pem.trim_end().to_owned(),
    ] {
        PublicKey::from_pem(&pem)
            .unwrap()
            .verify(&document(), &signature("rsa-2048"))
            .unwrap();
    }
}

#[test]
fn documented_keys_are_known_by_digest() {
    // The table of chapter 13.3.1, with the digests as the page breaks them.
    let test = ["cf85910dc4dd95f0fc8605", "b2ad39041a305b994a"].concat();
    let live = ["a970f6daa84014c124222", "17ef216c03b046322ab"].concat();
    let known: Vec<_> = KNOWN_KEYS
        .iter()
        .map(|key| (key.system, key.sha1))
        .collect();
    assert_eq!(
        known,
        [(System::Test, test.as_str()), (System::Live, live.as_str())]
    );
    assert!(KNOWN_KEYS.iter().all(|key| {
        key.address
            .starts_with("https://go.idnow.de/assets/certs/idnow_signing_")
    }));
    for name in KEYS {
        assert_eq!(known_key(pem(name).as_bytes()), None);
    }
    assert_eq!(known_key(b""), None);
}

#[test]
fn result_in_archive_is_verified() {
    let (xml, sig) = (document(), signature("rsa-2048"));
    let bytes = archive(&[
        ("AH73JK3LM.pdf", b"%PDF-"),
        ("AH73JK3LM.sig", &sig),
        ("AH73JK3LM.xml", &xml),
    ]);
    let verified = key("rsa-2048")
        .verify_archive(&bytes, &Limits::default())
        .unwrap();
    assert_eq!(verified, xml);
    assert_eq!(wire::read(&verified).unwrap().identifications.len(), 1);
    let error = key("other")
        .verify_archive(&bytes, &Limits::default())
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Forged);
}

#[test]
fn unsigned_result_in_archive_is_refused() {
    let (xml, sig) = (document(), signature("rsa-2048"));
    let changed = String::from_utf8(xml.clone())
        .unwrap()
        .replace("SUCCESS", "SUCCESS_DATA_CHANGED");
    let of = |files: &[(&str, &[u8])]| {
        let error = key("rsa-2048")
            .verify_archive(&archive(files), &Limits::default())
            .unwrap_err();
        error.kind().clone()
    };
    assert_eq!(of(&[("AH73JK3LM.xml", &xml)]), ErrorKind::Forged);
    assert_eq!(
        of(&[("AH73JK3LM.xml", &xml), ("OTHER.sig", &sig)]),
        ErrorKind::Forged
    );
    assert_eq!(
        of(&[
            ("AH73JK3LM.xml", changed.as_bytes()),
            ("AH73JK3LM.sig", &sig)
        ]),
        ErrorKind::Forged
    );
    // A signed result does not authenticate another result, in either order.
    let stranger: (&str, &[u8]) = ("AH73JK3LN.xml", changed.as_bytes());
    assert_eq!(
        of(&[stranger, ("AH73JK3LM.xml", &xml), ("AH73JK3LM.sig", &sig)]),
        ErrorKind::Forged
    );
    let key = key("rsa-2048");
    let behind = archive(&[("AH73JK3LM.xml", &xml), ("AH73JK3LM.sig", &sig), stranger]);
    assert_eq!(
        key.verify_archive(&behind, &Limits::default()).unwrap(),
        xml
    );
    // JSON is not signed.
    assert_eq!(
        of(&[("AH73JK3LM.json", b"{}"), ("AH73JK3LM.sig", &sig)]),
        ErrorKind::Malformed
    );
    assert_eq!(
        of(&[
            ("AH73JK3LM.xml", &xml),
            ("AH73JK3LM.sig", &vec![0; 100_000])
        ]),
        ErrorKind::LimitExceeded
    );
}

#[test]
fn key_prints_only_its_kind() {
    assert_eq!(format!("{:?}", key("rsa-2048")), "PublicKey(\"RSA\")");
}

proptest::proptest! {
    #[test]
    fn arbitrary_files_do_not_panic(text in "\\PC{0,60}", body in "[A-Za-z0-9+/=\\n -]{0,80}", bytes: Vec<u8>) {
        for pem in [
            text.clone(),
            format!("-----BEGIN {text}"),
            format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"),
            format!("-----BEGIN {body}-----\n{text}\n-----END {body}-----"),
        ] {
            proptest::prop_assert!(PublicKey::from_pem(&pem).is_err());
        }
        let (key, limits) = (key("rsa-2048"), Limits::default());
        proptest::prop_assert!(key.verify(text.as_bytes(), &bytes).is_err());
        proptest::prop_assert!(key.verify_archive(&bytes, &limits).is_err());
    }
}
