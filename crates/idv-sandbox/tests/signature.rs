//! The signature of the XML result, as a customer checks it: chapter 13.3.1.

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

/// The two files of the archive, where they are there.
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

/// The public key in DER, from where the document has it.
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
    // A SubjectPublicKeyInfo of rsaEncryption (RFC 5280, 4.1.2.7): openssl reads no other under this label.
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
async fn the_signature_is_of_exactly_the_bytes_of_the_result() {
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
    // Asked for again, it is the same result under the same key.
    assert_eq!(world.ask("GET", "/T-1.xml").await.body, xml);
    assert_eq!(signed(&world).await.1.unwrap(), signature);
}

#[tokio::test]
async fn a_result_is_signed_on_request_alone() {
    let world = finished(false).await;
    assert_eq!(signed(&world).await.1, None);
}

#[tokio::test]
async fn no_other_key_is_there() {
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
