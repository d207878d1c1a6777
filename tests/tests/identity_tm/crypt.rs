//! Encrypted answers of the vendor (chapter 9.4).

use idv::identity_tm::api::IdentDataVariants;
use idv::identity_tm::api::order::{Order, SignDocument};
use idv::identity_tm::{IdentityTmConfig, Recordings};
use idv::{Effect, ErrorKind, EvidenceId};

use crate::support::identity_tm::{Receiver, Vendor, order_of};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const ANOTHER: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

async fn with_a_key() -> Vendor {
    Vendor::with(|account| {
        account.encryption_key = Some(KEY.into());
        account.audio_recording = true;
    })
    .await
}

fn encrypted(key: &'static str) -> impl FnOnce(&mut IdentityTmConfig) {
    move |config| {
        config.product = 15;
        config.crypt_key = Some(key.into());
        let mut recordings = Recordings::default();
        (
            recordings.pdf,
            recordings.voice,
            recordings.signed_documents,
            recordings.video,
        ) = (true, true, true, true);
        config.recordings = recordings;
    }
}

fn with_a_document(order: &mut Order) {
    order.esign_pdfs.push(SignDocument::new(
        b"%PDF-1.4\n%contract\n%%EOF\n".to_vec(),
        "contract.pdf".to_owned(),
    ));
}

/// Every kind of evidence that can be encrypted, and the first bytes of its file.
const FILES: [(&str, &[u8]); 4] = [
    ("pdf", b"%PDF-"),
    ("voice/1", b"ID3"),
    ("signed-document/1", b"%PDF-1.4\n%contract"),
    ("video/provided", b"\0\0\0\x18ftyp"),
];

#[tokio::test]
async fn encrypted_answers_equal_plain_ones() {
    let vendor = with_a_key().await;
    let receiver = Receiver::start().await;
    let secret = vendor.preparing(encrypted(KEY), with_a_document);
    let plain = vendor.bank(|config| {
        encrypted(KEY)(config);
        config.crypt_key = None;
    });
    let verification = secret.create().await;
    vendor.play(&verification, "happy").await;
    let order = order_of(verification.id());
    plain
        .api()
        .provide_video(&plain.call(), &order, &receiver.url)
        .await
        .unwrap();
    vendor.pass(2).await;

    assert_eq!(
        secret.report(verification.id()).await,
        plain.report(verification.id()).await
    );
    for (name, beginning) in FILES {
        let file = secret.evidence(verification.id(), name).await.unwrap();
        assert!(file.starts_with(beginning), "{name}");
        assert_eq!(
            file,
            plain.evidence(verification.id(), name).await.unwrap(),
            "{name}"
        );
    }

    // The transmitted bytes are neither JSON nor readable.
    let answer = secret
        .api()
        .ident_data(&secret.call(), &order, IdentDataVariants::default())
        .await
        .unwrap();
    let url = format!(
        "{}getIdentData/{}/crypt",
        vendor.sandbox.identity_tm().base_url(),
        order.as_str()
    );
    let request = http::Request::get(url)
        .header("authorization", "Basic ZXhhbXBsZTpleGFtcGxlUGFzc3dvcmQ=")
        .body(idv::Bytes::new())
        .unwrap();
    let transport =
        idv::transport::ReqwestTransport::new(idv::transport::TransportOptions::default()).unwrap();
    let mut body = idv::Transport::send(&transport, request)
        .await
        .unwrap()
        .into_body();
    let mut raw = Vec::new();
    while let Some(piece) = body.next().await.unwrap() {
        raw.extend_from_slice(&piece);
    }
    assert!(serde_json::from_slice::<serde_json::Value>(&raw).is_err());
    assert_eq!(
        raw.len(),
        23 + answer.body.len() + 16,
        "vector, ciphertext and tag"
    );
    assert!(!raw.windows(10).any(|window| window == b"Mustermann"));
    assert!(
        answer
            .body
            .windows(10)
            .any(|window| window == b"Mustermann")
    );
    for (name, path) in [
        ("getIdentData", "/crypt"),
        ("getIdentDataPDF", "/crypt"),
        ("getVoiceFiles", "/crypt"),
        ("getESignPDF", "/crypt"),
        ("getVideoFileBinary", "/crypt"),
    ] {
        let asked = vendor.sandbox.requests();
        let asked = asked.iter().any(|request| {
            request.path.contains(&format!("/{name}/")) && request.path.ends_with(path)
        });
        assert!(asked, "{name}");
    }
}

#[tokio::test]
async fn wrong_key_is_reported_as_forged() {
    let vendor = with_a_key().await;
    let verification = vendor
        .preparing(encrypted(KEY), with_a_document)
        .create()
        .await;
    vendor.play(&verification, "happy").await;
    let wrong = vendor.bank(encrypted(ANOTHER));
    let error = wrong
        .client
        .fetch(verification.id(), None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Forged, Effect::NotApplied)
    );
    for (name, _) in FILES {
        let mut file = Vec::new();
        let error = wrong
            .client
            .evidence(
                verification.id(),
                &EvidenceId::new(name),
                1 << 20,
                &mut file,
            )
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Forged, "{name}");
        assert!(file.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn unrequested_encryption_needs_the_key() {
    let vendor = with_a_key().await;
    vendor
        .sandbox
        .identity_tm()
        .configure(|account| account.always_encrypted = true)
        .unwrap();
    let secret = vendor.bank(|config| config.crypt_key = Some(KEY.into()));
    let verification = secret.create().await;
    vendor.play(&verification, "happy").await;
    assert!(
        secret
            .report(verification.id())
            .await
            .person
            .family_name
            .is_some()
    );
    let error = vendor
        .bank
        .client
        .fetch(verification.id(), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Malformed);
}

#[tokio::test]
async fn missing_key_at_vendor_is_an_error() {
    let vendor = Vendor::new().await;
    let secret = vendor.bank(|config| config.crypt_key = Some(KEY.into()));
    let verification = secret.create().await;
    vendor.play(&verification, "happy").await;
    let error = secret
        .client
        .fetch(verification.id(), None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.http_status()),
        (&ErrorKind::Conflict, Some(400))
    );
    assert!(
        error.vendor_text().unwrap().expose().contains("key"),
        "what the vendor says of it is kept"
    );
}
