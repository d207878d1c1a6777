//! The signature of the XML result, checked as a customer does: section 13.3.1.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::io::{Cursor, Read as _};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use support::World;

/// Returns the two files of the archive, if they exist.
async fn signed(world: &World) -> (Vec<u8>, Option<Vec<u8>>) {
    let reply = world.ask("GET", "/T-1.zip").await;
    let mut archive = zip::ZipArchive::new(Cursor::new(reply.body)).unwrap();
    let mut read = |name: &str| {
        let mut contents = Vec::new();
        archive
            .by_name(name)
            .ok()?
            .read_to_end(&mut contents)
            .unwrap();
        Some(contents)
    };
    (read("T-1.xml").unwrap(), read("T-1.sig"))
}

/// Returns the public key in DER, from its documented path.
async fn public_key(world: &World, name: &str) -> Vec<u8> {
    let reply = world
        .send(
            "GET",
            &format!("/assets/certs/{name}"),
            &[("Host", "go.idnow.de")],
            "",
        )
        .await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/x-pem-file"))
    );
    let pem = reply.text();
    assert!(pem.lines().all(|line| line.len() <= 64), "{pem}");
    let body = pem
        .strip_prefix("-----BEGIN PUBLIC KEY-----\n")
        .unwrap()
        .strip_suffix("\n-----END PUBLIC KEY-----\n")
        .unwrap();
    let der = STANDARD.decode(body.replace('\n', "")).unwrap();
    // A SubjectPublicKeyInfo of rsaEncryption (RFC 5280, 4.1.2.7), the only form that openssl reads
    // under this label.
    let start = b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    assert!(der.len() == 294 && der.starts_with(start), "{der:02x?}");
    der
}

async fn finished(signs: bool) -> World {
    let world = World::start().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.sign_results = signs)
        .unwrap();
    world.finish("T-1", "happy").await;
    world
}

#[tokio::test]
async fn signature_covers_exact_bytes_of_result() {
    let world = finished(true).await;
    let (xml, signature) = signed(&world).await;
    let signature = signature.unwrap();
    assert_eq!(signature.len(), 256, "RSA with 2048 bits");
    for name in [
        "idnow_signing_test_20171004.pem",
        "idnow_signing_20171018.pem",
    ] {
        let key = public_key(&world, name).await;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, key);
        assert!(key.verify(&xml, &signature).is_ok(), "{name}");
        let longer = [xml.as_slice(), b"\n"].concat();
        assert!(key.verify(&longer, &signature).is_err(), "{name}");
        let mut altered = xml.clone();
        altered[100] ^= 1;
        assert!(key.verify(&altered, &signature).is_err(), "{name}");
    }
    // A second request returns the same result under the same key.
    assert_eq!(world.ask("GET", "/T-1.xml").await.body, xml);
    assert_eq!(signed(&world).await.1.unwrap(), signature);
}

#[tokio::test]
async fn result_is_signed_only_if_configured() {
    let world = finished(false).await;
    assert_eq!(signed(&world).await.1, None);
}

#[tokio::test]
async fn only_documented_keys_exist() {
    let world = World::start().await;
    assert_eq!(
        world
            .send("GET", "/assets/certs/other.pem", &[], "")
            .await
            .status,
        404
    );
    assert_eq!(
        world.send("GET", "/assets/certs/", &[], "").await.status,
        404
    );
}
