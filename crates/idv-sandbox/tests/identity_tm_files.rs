//! Identity.TM's files: signed documents (3.5 to 3.7), images (3.8), recordings (3.9 to 3.11).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_tm::{Hooks, Tm, order, with, without};
use serde_json::{Value, json};

async fn statuses(tm: &Tm, order: &str, methods: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for method in methods {
        statuses.push(tm.get(&format!("{method}/{order}")).await.status);
    }
    statuses
}

#[tokio::test]
async fn signed_documents_are_returned() {
    let tm = Tm::start().await;
    let pdf = |text: &str| json!({ "Data": STANDARD.encode(format!("%PDF-1.4\n({text})")) });
    let body = with(order(15), "eSignPDF", json!([pdf("one"), pdf("two")]));
    let id = tm.order(&body).await;
    assert_eq!(
        tm.get(&format!("getESignPDF/{id}")).await.status,
        400,
        "not yet"
    );
    tm.run(&id, "happy").await;
    let documents = tm.get(&format!("getESignPDF/{id}")).await.json();
    let documents: Vec<Vec<u8>> = documents["PDFs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| {
            STANDARD
                .decode(document["Base64Data"].as_str().unwrap())
                .unwrap()
        })
        .collect();
    assert_eq!(documents.len(), 2);
    assert!(documents[0].starts_with(b"%PDF-1.4\n(one)\n% signed"));
    assert!(documents[1].starts_with(b"%PDF-1.4\n(two)\n% signed"));
    let further = with(
        without(order(15), "eSignPDF"),
        "MultiSignOptions",
        json!({ "FirstOrderID": id }),
    );
    let second = tm
        .finished(
            &with(further.clone(), "Mobile", json!("+491719999999")),
            "happy",
        )
        .await;
    assert_eq!(
        tm.get(&format!("getESignPDF/{second}")).await.json()["PDFs"]
            .as_array()
            .unwrap()
            .len(),
        2,
        "the first order's"
    );
    let same_phone = tm.finished(&further, "happy").await;
    assert_eq!(
        tm.statuses(&same_phone).await.last(),
        Some(&(29, 65)),
        "each person needs a number of their own"
    );
    assert_eq!(
        tm.get(&format!("getESignPDF/{same_phone}")).await.status,
        400
    );
    let video = tm.finished(&order(12), "happy").await;
    let methods = ["getESignPDF", "getESignHash", "getESignAuditLogPDF"];
    assert_eq!(
        statuses(&tm, &video, &methods).await,
        [400; 3],
        "no order to be signed"
    );
    let aborted = tm.finished(&order(15), "signature-aborted").await;
    assert_eq!(
        statuses(&tm, &aborted, &methods).await,
        [400; 3],
        "never signed"
    );
}

#[tokio::test]
async fn signed_hashes_are_returned_by_name() {
    let tm = Tm::start().await;
    let hash =
        |byte: u8, name: &str| json!({ "Hash": STANDARD.encode([byte; 32]), "Filename": name });
    let body = with(
        without(order(15), "eSignPDF"),
        "eSignHash",
        json!([hash(1, "one"), hash(2, "two")]),
    );
    let id = tm.finished(&body, "happy").await;
    let hashes = tm.get(&format!("getESignHash/{id}")).await.json()["Hashes"].clone();
    let (one, two) = (
        hashes[0]["one"].as_str().unwrap(),
        hashes[1]["two"].as_str().unwrap(),
    );
    assert_eq!(hashes.as_array().unwrap().len(), 2);
    assert_ne!(one, two);
    assert_eq!(STANDARD.decode(one).unwrap().len(), 32);
    assert_eq!(
        tm.get(&format!("getESignPDF/{id}")).await.status,
        400,
        "there was no eSignPDF"
    );
}

#[tokio::test]
async fn audit_log_exists_for_advanced_signatures_only() {
    let tm = Tm::start().await;
    let advanced = tm
        .finished(&with(order(15), "Add", json!(128)), "happy")
        .await;
    assert!(
        tm.statuses(&advanced).await.contains(&(71, 49)),
        "an AES TAN"
    );
    let log = tm.get(&format!("getESignAuditLogPDF/{advanced}")).await;
    assert_eq!(
        (log.status, log.header("content-type")),
        (200, Some("application/pdf"))
    );
    assert!(log.body.starts_with(b"%PDF-"));
    let qualified = tm.finished(&order(15), "happy").await;
    assert!(
        tm.statuses(&qualified).await.contains(&(71, 17)),
        "Namirial's TAN"
    );
    assert_eq!(
        tm.get(&format!("getESignAuditLogPDF/{qualified}"))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn images_are_available_once_order_is_final() {
    let tm = Tm::start().await;
    let id = tm.order(&order(12)).await;
    assert_eq!(tm.get(&format!("getImages/{id}")).await.status, 400);
    tm.run(&id, "happy").await;
    tm.sandbox
        .identity_tm()
        .configure(|account| account.image_length = 100_000)
        .unwrap();
    let images = tm.get(&format!("getImages/{id}")).await.json()["Images"].clone();
    for (image, name) in images
        .as_array()
        .unwrap()
        .iter()
        .zip(["front_", "back_", "portrait_"])
    {
        let content = STANDARD.decode(image["Image"].as_str().unwrap()).unwrap();
        assert!(
            content.starts_with(b"\xff\xd8\xff")
                && content.ends_with(b"\xff\xd9")
                && content.len() == 100_000
        );
        assert!(image["Filename"].as_str().unwrap().starts_with(name));
    }
    let rejected = tm.finished(&order(12), "rejected").await;
    assert_eq!(
        tm.get(&format!("getImages/{rejected}")).await.json(),
        json!({}),
        "none recorded"
    );
    tm.sandbox
        .identity_tm()
        .configure(|account| account.image_recording = false)
        .unwrap();
    assert_eq!(tm.get(&format!("getImages/{id}")).await.json(), json!({}));
}

#[tokio::test]
async fn recording_is_a_placeholder_until_available() {
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    tm.sandbox
        .identity_tm()
        .configure(|account| account.video_length = 5000)
        .unwrap();
    let id = tm.finished(&order(12), "happy").await;
    let video = async || tm.get(&format!("getVideoFileBinary/{id}")).await;
    let placeholder = video().await;
    assert_eq!(
        (placeholder.status, placeholder.header("content-type")),
        (200, Some("video/mp4"))
    );
    assert!(placeholder.body.len() < 100);
    let ask = async |body: Value| {
        tm.post(&format!("getVideoFileBinaryAsync/{id}"), &body.to_string())
            .await
            .status
    };
    for wrong in [
        json!({}),
        json!({ "callbackUrl": 1 }),
        json!({ "callbackUrl": "here" }),
        json!([]),
    ] {
        assert_eq!(ask(wrong).await, 400);
    }
    assert_eq!(
        ask(json!({ "callbackUrl": format!("{}/video?ready", hooks.url) })).await,
        200
    );
    tm.seconds(59).await;
    assert_eq!(
        (video().await.body, hooks.targets().len()),
        (placeholder.body, 0),
        "not yet"
    );
    tm.seconds(1).await;
    assert_eq!(
        (hooks.targets(), hooks.received()[0].method.as_str()),
        (vec!["/video?ready".to_owned()], "GET")
    );
    let recording = video().await;
    assert_eq!(
        (recording.body.len(), &recording.body[4..8]),
        (5000, b"ftyp".as_slice())
    );
}

#[tokio::test]
async fn only_recorded_calls_have_a_recording() {
    let tm = Tm::start().await;
    let video = async |id: &str| {
        let ask = tm
            .post(
                &format!("getVideoFileBinaryAsync/{id}"),
                r#"{"callbackUrl":"http://127.0.0.1:9/"}"#,
            )
            .await
            .status;
        (
            ask,
            tm.get(&format!("getVideoFileBinary/{id}")).await.status,
        )
    };
    let fraud = tm.finished(&order(12), "fraud").await;
    assert_eq!(video(&fraud).await, (200, 200), "89 is enough");
    let rejected = tm.finished(&order(12), "rejected").await;
    assert_eq!(video(&rejected).await, (400, 400), "neither 6 nor 89");
    let shop = tm.finished(&order(8), "happy").await;
    assert_eq!(video(&shop).await, (400, 400), "no video identification");
    let open = tm.order(&order(12)).await;
    assert_eq!(video(&open).await, (400, 400));
    tm.sandbox
        .identity_tm()
        .configure(|account| account.video_recording = false)
        .unwrap();
    let plain = tm.finished(&order(12), "happy").await;
    assert_eq!(video(&plain).await, (400, 400), "not asked for");
    let asked = tm
        .finished(&with(order(12), "Add", json!(131_072)), "happy")
        .await;
    assert_eq!(video(&asked).await, (200, 200));
    assert_eq!(video("99920000000000").await, (404, 404));
}

#[tokio::test]
async fn an_audio_recording_is_the_accounts_to_have() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(12), "happy").await;
    assert_eq!(tm.get(&format!("getVoiceFiles/{id}")).await.status, 400);
    tm.sandbox
        .identity_tm()
        .configure(|account| account.audio_recording = true)
        .unwrap();
    let files = tm.get(&format!("getVoiceFiles/{id}")).await.json();
    assert_eq!(files["Voicefiles"][0]["Filename"], "sound_4348.mp3");
    assert!(
        STANDARD
            .decode(files["Voicefiles"][0]["Base64Data"].as_str().unwrap())
            .unwrap()
            .starts_with(b"ID3")
    );
}

#[tokio::test]
async fn files_are_encrypted_where_the_document_has_it() {
    let tm = Tm::start().await;
    tm.sandbox
        .identity_tm()
        .configure(|account| account.audio_recording = true)
        .unwrap();
    let id = tm
        .finished(&with(order(15), "Add", json!(128)), "happy")
        .await;
    let methods = [
        "getIdentDataPDF",
        "getESignPDF",
        "getVideoFileBinary",
        "getVoiceFiles",
    ];
    for method in methods {
        assert_eq!(
            tm.get(&format!("{method}/{id}/crypt")).await.status,
            400,
            "{method} without a key"
        );
    }
    tm.sandbox
        .identity_tm()
        .configure(|account| account.encryption_key = Some("42".repeat(32)))
        .unwrap();
    for method in methods {
        let (plain, sealed) = (
            tm.get(&format!("{method}/{id}")).await,
            tm.get(&format!("{method}/{id}/crypt")).await,
        );
        assert_eq!((plain.status, sealed.status), (200, 200), "{method}");
        assert_eq!(
            sealed.header("content-type"),
            plain.header("content-type"),
            "{method}"
        );
        assert_eq!(sealed.body.len(), 23 + plain.body.len() + 16, "{method}");
        assert_ne!(sealed.body[23..31], plain.body[..8], "{method}");
        assert_eq!(
            tm.get(&format!("{method}/{id}/other")).await.status,
            404,
            "{method}"
        );
    }
    for method in [
        "getESignAuditLogPDF",
        "getESignHash",
        "getImages",
        "getStatus",
    ] {
        assert_eq!(
            tm.get(&format!("{method}/{id}/crypt")).await.status,
            404,
            "{method} has no such variant"
        );
    }
}
