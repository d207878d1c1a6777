//! IDnow's ambiguous results, and archives that are difficult to read.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/signing.rs"]
mod signing;
mod support;

use std::io::{Cursor, Read as _};

use idv_sandbox::Account;
use serde_json::{Value, json};
use signing::{PDF, define, signing, upload};
use support::{Receiver, World};
use zip::ZipArchive;

async fn result(world: &World) -> Value {
    world.ask("GET", "/T-1").await.json()
}

/// Returns the archive of a finished identification of an account with these settings.
async fn archive(change: impl FnOnce(&mut Account)) -> (World, ZipArchive<Cursor<Vec<u8>>>) {
    let world = World::start().await;
    world.sandbox.idnow().configure(change).unwrap();
    world.finish("T-1", "happy").await;
    let reply = world.ask("GET", "/T-1.zip").await;
    assert_eq!(reply.header("content-type"), Some("application/zip"));
    (world, ZipArchive::new(Cursor::new(reply.body)).unwrap())
}

fn names(archive: &ZipArchive<Cursor<Vec<u8>>>) -> Vec<String> {
    (0..archive.len())
        .map(|index| archive.name_for_index(index).unwrap().unwrap().into_owned())
        .collect()
}

#[tokio::test]
async fn suspicion_before_success_is_the_previous_result() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let url = receiver.url.clone();
    world
        .sandbox
        .idnow()
        .configure(|account| account.callback_url = Some(url))
        .unwrap();
    world.finish("T-1", "suspicion-then-success").await;
    assert_eq!(receiver.results(), ["FRAUD_SUSPICION_PENDING", "SUCCESS"]);
    assert_eq!(
        receiver.received()[0].body["identificationprocess"]["reason"],
        "WARNING_BEHAVIOUR"
    );
    let process = result(&world).await["identificationprocess"].clone();
    assert_eq!(
        (&process["result"], &process["previousresult"]),
        (&json!("SUCCESS"), &json!("FRAUD_SUSPICION_PENDING"))
    );
    assert_eq!(
        (&process["identchanges"], &process["reviewchanges"]),
        (&json!(false), &json!(false))
    );
}

#[tokio::test]
async fn changes_after_suspicion_are_reported_everywhere() {
    let world = World::start().await;
    world.finish("T-1", "suspicion-then-changed").await;
    let result = result(&world).await;
    let process = &result["identificationprocess"];
    let told = ["result", "previousresult", "identchanges", "reviewchanges"]
        .map(|name| process[name].clone());
    assert_eq!(
        told,
        [
            json!("SUCCESS_DATA_CHANGED"),
            json!("FRAUD_SUSPICION_PENDING"),
            json!(true),
            json!(true)
        ]
    );
    assert_eq!(result["userdata"]["birthday"]["original"], "1982-05-22");
    assert_eq!(
        (
            &result["userdata"]["birthday"]["status"],
            &result["userdata"]["birthplace"]["reviewstatus"]
        ),
        (&json!("CHANGE"), &json!("CHANGE"))
    );
}

#[tokio::test]
async fn check_pending_is_a_preliminary_result() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    let steps = world.sandbox.idnow().act("T-1", "check-pending").unwrap();
    world.seconds(7 * 60).await;
    assert_eq!(
        result(&world).await["identificationprocess"]["result"],
        "CHECK_PENDING"
    );
    assert_eq!(
        world.ask("GET", "?pending=true").await.json()["identifications"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    world.seconds(steps.last().unwrap().after_seconds).await;
    assert_eq!(
        result(&world).await["identificationprocess"]["previousresult"],
        "CHECK_PENDING"
    );
}

#[tokio::test]
async fn signature_can_fail_beside_success() {
    let world = signing().await;
    define(&world, json!({})).await;
    world.create("T-1", r#"{"firstname":"Armin"}"#).await;
    assert_eq!(
        upload(&world, "identifications/T-1/documents/doc1", PDF)
            .await
            .status,
        200
    );
    let steps = world.sandbox.idnow().act("T-1", "signing-failed").unwrap();
    world.seconds(steps.last().unwrap().after_seconds).await;
    let result = result(&world).await;
    assert_eq!(
        (
            &result["identificationprocess"]["result"],
            &result["esigning"]["result"]
        ),
        (&json!("SUCCESS"), &json!("FAILED"))
    );
    assert_eq!(
        world.ask("GET", "/T-1/documents/doc1/signed").await.status,
        404
    );
    let archive = ZipArchive::new(Cursor::new(world.ask("GET", "/T-1.zip").await.body)).unwrap();
    assert!(
        !names(&archive).iter().any(|name| name.contains("_signed")),
        "{:?}",
        names(&archive)
    );
    world.create("T-2", "{}").await;
    let without = World::start().await;
    without.create("T-1", "{}").await;
    assert!(
        without
            .sandbox
            .idnow()
            .act("T-1", "signing-failed")
            .is_err(),
        "there is nothing to sign"
    );
}

#[tokio::test]
async fn unknown_result_comes_from_the_settings() {
    let world = World::start().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.unknown_status = "FAILED".to_owned())
        .unwrap();
    world.finish("T-1", "unknown-status").await;
    assert_eq!(
        result(&world).await["identificationprocess"]["result"],
        "FAILED"
    );
    assert!(
        world
            .sandbox
            .idnow()
            .configure(|account| account.unknown_status = String::new())
            .is_err()
    );
}

#[tokio::test]
async fn only_its_password_opens_encrypted_archive() {
    let settings = |account: &mut Account| {
        (account.archive_password, account.attachment_length) =
            (Some("Gehe1m & länger".to_owned()), 70_001);
    };
    let (world, mut archive) = archive(settings).await;
    let plain = world.ask("GET", "/T-1.xml").await.body;
    assert!(names(&archive).contains(&"T-1_userface.jpg".to_owned()));
    for index in 0..archive.len() {
        assert!(
            archive.by_index(index).is_err(),
            "no entry is readable without the password"
        );
        let mut entry = archive
            .by_index_decrypt(index, "Gehe1m & länger".as_bytes())
            .unwrap();
        let (mut contents, name) = (Vec::new(), entry.name().unwrap().into_owned());
        entry.read_to_end(&mut contents).unwrap();
        match name.as_str() {
            "T-1.xml" => assert_eq!(contents, plain),
            _ => assert_eq!(contents.len(), 70_001, "{name}"),
        }
    }
    assert!(archive.by_index_decrypt(0, b"another").is_err());
    let too_large = |account: &mut Account| account.video_length = 1 << 30;
    assert!(
        world.sandbox.idnow().configure(too_large).is_err(),
        "an encrypted archive is in memory"
    );
    assert!(
        world
            .sandbox
            .idnow()
            .configure(|account| account.archive_password = Some(String::new()))
            .is_err()
    );
}

#[tokio::test]
async fn archive_can_have_folder_and_extra_files() {
    let extras = [
        "kunde.xml",
        "notes.json",
        "__MACOSX/._T-1.xml",
        "Kunde 12:30.pdf",
        "./x",
        "leer/",
    ];
    let settings = |account: &mut Account| {
        account.archive_extras = extras.map(str::to_owned).to_vec();
        (account.archive_folder, account.json_in_archive) = (true, true);
    };
    let (world, mut archive) = archive(settings).await;
    let names = names(&archive);
    assert_eq!(names[..6], extras, "they come before the result");
    assert_eq!(names[6..9], ["T-1/", "T-1/T-1.xml", "T-1/T-1.json"]);
    assert!(
        names.contains(&"T-1/T-1_idfrontside.jpg".to_owned()),
        "{names:?}"
    );
    let mut read = |name: &str| {
        let mut contents = Vec::new();
        archive
            .by_name(name)
            .unwrap()
            .read_to_end(&mut contents)
            .unwrap();
        contents
    };
    assert!(
        read("kunde.xml").starts_with(b"<?xml")
            && serde_json::from_slice::<Value>(&read("notes.json")).is_ok()
    );
    assert!(
        read("Kunde 12:30.pdf").starts_with(b"%PDF-")
            && read("__MACOSX/._T-1.xml").starts_with(&[0, 5, 0x16, 7])
    );
    assert_eq!(read("T-1/T-1.xml"), world.ask("GET", "/T-1.xml").await.body);
    let too_many = |account: &mut Account| account.archive_extras = vec!["x".to_owned(); 33];
    assert!(world.sandbox.idnow().configure(too_many).is_err());
}

#[tokio::test]
async fn failed_signature_can_be_a_single_step() {
    let world = signing().await;
    define(&world, json!({})).await;
    assert_eq!(world.create("T-1", "{}").await.status, 201);
    let vendor = world.sandbox.vendor("idnow").unwrap();
    let missing = vendor.take_step("T-1", "agent-approves").unwrap_err();
    assert!(missing.to_string().contains("missing"), "{missing}");
    upload(&world, "identifications/T-1/documents/doc1", PDF).await;
    for step in ["agent-approves", "signing-fails"] {
        vendor.take_step("T-1", step).unwrap();
        world.seconds(0).await;
    }
    let result = result(&world).await;
    assert_eq!(result["identificationprocess"]["result"], "SUCCESS");
    assert_eq!(result["esigning"]["result"], "FAILED");
}
