//! Images, recordings and files: streamed, decoded from JSON, or requested from the vendor.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use fixture::fixture;
use idv_core::{Delivery, Download, Error, ErrorKind, EvidenceId, ResultHandle, ResultState};
use idv_identity_tm::evidence::VIDEO_PROVIDED;
use idv_identity_tm::{IdentityTmConfig, Images};
use idv_testkit::{Exchange, ScriptedTransport};
use serde_json::Value;
use support::*;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

async fn download(
    config: IdentityTmConfig,
    evidence: &str,
    limit: u64,
    answer: Exchange,
) -> (Result<(Vec<u8>, Download), Error>, Vec<String>) {
    let transport = ScriptedTransport::new();
    transport.then(answer);
    let mut sink = Vec::new();
    let result = client_of(config, &transport)
        .evidence(&id(), &EvidenceId::new(evidence), limit, &mut sink)
        .await;
    (result.map(|download| (sink, download)), lines(&transport))
}

fn separate() -> IdentityTmConfig {
    with(|config| config.images = Images::Separate)
}

#[tokio::test]
async fn files_with_a_call_of_their_own_are_streamed() {
    for (evidence, path, media_type) in [
        ("pdf", "getIdentDataPDF", "application/pdf"),
        ("audit-log", "getESignAuditLogPDF", "application/pdf"),
        (VIDEO_PROVIDED, "getVideoFileBinary", "video/webm"),
        ("signed-hashes", "getESignHash", "application/json"),
    ] {
        let body = if evidence == "signed-hashes" {
            fixture("own-esign-hash.json")
        } else {
            b"some bytes".to_vec()
        };
        let length = body.len() as u64;
        let (result, asked) =
            download(config(), evidence, length, file(media_type, body.clone())).await;
        let (bytes, download_) = result.unwrap();
        assert_eq!(
            (bytes, download_.length),
            (body.clone(), length),
            "{evidence}"
        );
        assert_eq!(asked, [format!("GET {path}/{ORDER}")]);
        let (result, _) = download(config(), evidence, length - 1, file(media_type, body)).await;
        assert_eq!(
            result.unwrap_err().kind(),
            &ErrorKind::LimitExceeded,
            "{evidence}"
        );
    }
}

#[tokio::test]
async fn files_within_json_are_decoded() {
    for (config, evidence, path, answer, bytes) in [
        (
            config(),
            "image/front_20211008-091623-123.jpg",
            "getIdentData",
            text("own-ident-data-object.json"),
            b"\xFF\xD8\xFF\xE0front".as_slice(),
        ),
        (
            separate(),
            "image/back.png",
            "getImages",
            r#"{"Images":[{"Image":"AA=="},{"Image":"iVBORw0KGgo=","Filename":"back.png"}]}"#
                .to_owned(),
            b"\x89PNG\r\n\x1A\n",
        ),
        (
            separate(),
            "image/#1",
            "getImages",
            r#"{"Images":[{"Image":"AQI="}]}"#.to_owned(),
            b"\x01\x02",
        ),
        (
            config(),
            "signed-document/1",
            "getESignPDF",
            text("own-esign-pdf.json"),
            b"%PDF-1.7\n%",
        ),
        (
            config(),
            "signed-document/2",
            "getESignPDF",
            text("own-esign-pdf.json"),
            b"%PDF-1.4\n",
        ),
        (
            config(),
            "voice/1",
            "getVoiceFiles",
            r#"{"Voicefiles":[{"Filename":"sound_4348.mp3","Base64Data":"\/\/uQ"}]}"#.to_owned(),
            b"\xFF\xFB\x90",
        ),
    ] {
        let length = bytes.len() as u64;
        let answer = || file("application/json", answer.clone());
        let (result, asked) = download(config.clone(), evidence, length, answer()).await;
        let (found, download_) = result.unwrap_or_else(|error| panic!("{evidence}: {error}"));
        assert_eq!(
            (found.as_slice(), download_.length),
            (bytes, length),
            "{evidence}"
        );
        assert_eq!(asked, [format!("GET {path}/{ORDER}")]);
        let (result, _) = download(config, evidence, length - 1, answer()).await;
        assert_eq!(
            result.unwrap_err().kind(),
            &ErrorKind::LimitExceeded,
            "{evidence}"
        );
    }
}

#[tokio::test]
async fn missing_evidence_is_not_found() {
    let embedded = || file("application/json", fixture("own-ident-data-object.json"));
    let images = || {
        file(
            "application/json",
            r#"{"Images":[{"Image":"AA==","Filename":"front.jpg"}]}"#,
        )
    };
    for evidence in [
        "",
        "image/",
        "image/none.jpg",
        "image/#0",
        "image/#99",
        "voice/0",
        "voice/x",
        "archive",
        "VIDEO",
        "pdf/1",
    ] {
        for (config, answer) in [(config(), embedded()), (separate(), images())] {
            let (result, _) = download(config, evidence, 100, answer).await;
            assert_eq!(
                result.unwrap_err().kind(),
                &ErrorKind::NotFound,
                "{evidence}"
            );
        }
    }
    for (evidence, answer) in [
        ("signed-document/3", fixture("own-esign-pdf.json")),
        (
            "signed-document/18446744073709551615",
            fixture("own-esign-pdf.json"),
        ),
        (
            "voice/2",
            br#"{"Voicefiles":[{"Base64Data":"AA=="}]}"#.to_vec(),
        ),
        (
            "voice/1",
            br#"{"Voicefiles":[{"Filename":"a.mp3"}]}"#.to_vec(),
        ),
        ("voice/1", b"{}".to_vec()),
    ] {
        let (result, _) = download(config(), evidence, 100, file("application/json", answer)).await;
        assert_eq!(
            result.unwrap_err().kind(),
            &ErrorKind::NotFound,
            "{evidence}"
        );
    }
    for evidence in [
        "pdf",
        "audit-log",
        VIDEO_PROVIDED,
        "signed-hashes",
        "signed-document/1",
        "voice/1",
        "image/a.jpg",
    ] {
        let (result, _) = download(config(), evidence, 100, empty(404)).await;
        assert_eq!(
            result.unwrap_err().kind(),
            &ErrorKind::NotFound,
            "{evidence}"
        );
        let (result, _) = download(config(), evidence, 100, empty(400)).await;
        assert_eq!(
            result.unwrap_err().kind(),
            &ErrorKind::Conflict,
            "{evidence}"
        );
    }
}

#[tokio::test]
async fn invalid_base64_or_json_is_malformed() {
    for (evidence, answer) in [
        // Dots replace the rest of the data in the document's own samples.
        (
            "image/back_20211008-091705-123.jpg",
            text("get-images.json"),
        ),
        (
            "image/back_20211008-091705-123.jpg",
            "{\"Images\":[".to_owned(),
        ),
        ("voice/1", text("get-voice-files.json")),
        ("signed-document/1", "<html>".to_owned()),
        (
            "signed-document/1",
            r#"{"PDFs":[{"Base64Data":"JVB"#.to_owned(),
        ),
    ] {
        let (result, _) =
            download(separate(), evidence, 1000, file("application/json", answer)).await;
        assert_eq!(
            result.unwrap_err().kind(),
            &ErrorKind::Malformed,
            "{evidence}"
        );
    }
}

#[tokio::test]
async fn encrypted_file_is_decrypted_before_writing() {
    let config = || with(|config| config.crypt_key = Some(KEY.into()));
    for (evidence, path, media_type) in [
        ("pdf", "getIdentDataPDF", "application/pdf"),
        (VIDEO_PROVIDED, "getVideoFileBinary", "video/mp4"),
    ] {
        let (result, asked) = download(
            config(),
            evidence,
            10_000,
            file(media_type, fixture("crypt/java.bin")),
        )
        .await;
        assert_eq!(result.unwrap().0, fixture("crypt/plain.json"));
        assert_eq!(asked, [format!("GET {path}/{ORDER}/crypt")]);

        let mut changed = fixture("crypt/java.bin");
        changed[25] ^= 1;
        let transport = ScriptedTransport::new();
        transport.then(file(media_type, changed));
        let mut sink = Vec::new();
        let result = client_of(config(), &transport)
            .evidence(&id(), &EvidenceId::new(evidence), 10_000, &mut sink)
            .await;
        assert_eq!(
            (result.unwrap_err().kind(), sink.len()),
            (&ErrorKind::Forged, 0),
            "{evidence}"
        );
    }
}

#[tokio::test]
async fn video_is_requested_and_announced_by_callback() {
    let config = |base: &str| {
        with(|config| {
            config.video_callback_url = Some(base.parse().unwrap());
            config.callback_secret = "0123456789abcdef".into();
        })
    };
    for base in [
        "https://bank.example.com/video",
        "https://bank.example.com/video?tenant=7",
    ] {
        let transport = ScriptedTransport::new();
        transport.then(empty(200));
        let client = client_of(config(base), &transport);
        let mut sink = Vec::new();
        let error = client
            .evidence(&id(), &EvidenceId::new("video"), 1000, &mut sink)
            .await
            .unwrap_err();
        assert_eq!((error.kind(), sink.len()), (&ErrorKind::NotReady, 0));
        assert!(error.to_string().contains(VIDEO_PROVIDED), "{error}");
        assert_eq!(
            lines(&transport),
            [format!("POST getVideoFileBinaryAsync/{ORDER}")]
        );
        let body: Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
        let address = body["callbackUrl"].as_str().unwrap();
        assert!(address.starts_with(base), "{address}");

        // The vendor calls the URL unchanged; then the video is listed and can be downloaded.
        let called = Delivery::callback(
            http::Method::GET,
            address.parse().unwrap(),
            http::HeaderMap::new(),
            Vec::new(),
        );
        let received = client.receive(&called).unwrap();
        let observation = &received.observations[0];
        assert!(observation.trust.is_proven() && observation.subject.is(&id()));
        assert_eq!(
            observation.result,
            ResultState::Fetchable(ResultHandle::new(VIDEO_PROVIDED))
        );
        assert_eq!(observation.status, None);
    }
    // The vendor's refusal is the error.
    for (status, kind) in [
        (400, ErrorKind::Conflict),
        (401, ErrorKind::Unauthorized),
        (404, ErrorKind::NotFound),
    ] {
        let (result, _) = download(
            config("https://bank.example.com/video"),
            "video",
            10,
            empty(status),
        )
        .await;
        assert_eq!(result.unwrap_err().kind(), &kind);
    }
    // Without a callback URL nothing is requested.
    let (result, asked) = download(with(|_| {}), "video", 10, empty(200)).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), asked.len()), (&ErrorKind::Unsupported, 0));
    assert!(error.to_string().contains("video_callback_url"), "{error}");
}

#[tokio::test]
async fn error_page_is_not_a_video() {
    let (result, _) = download(config(), VIDEO_PROVIDED, 100, file("text/html", "<html>")).await;
    assert_eq!(result.unwrap_err().kind(), &ErrorKind::Malformed);
}
