//! One person's signature, from the upload to the archive: section 7.2, the test robots, and
//! 13.3.1.

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

use idv_sandbox::DataCentre;
use serde_json::{Value, json};
use signing::{
    OCTETS, PDF, assert_bad_value, assert_unknown, call, contract, define, signature_at, signing,
    signing_with, upload,
};
use support::{JSON, KEY, Reply, World, xml_fields};

const DOCUMENTS: &str = "identifications/T-1/documents";
const DOC1: &str = "identifications/T-1/documents/doc1";
/// None of the robots' cases is in these names.
const PERSON: &str = r#"{"firstname":"Armin","lastname":"Bauer","birthday":"1982-05-22"}"#;

/// Creates an account with the contract of the samples, and an identification that waits for it.
async fn contracted() -> World {
    let world = signing().await;
    define(&world, json!({})).await;
    assert_eq!(world.create("T-1", PERSON).await.status, 201);
    world
}

async fn document(world: &World) -> Value {
    let mut told = call(world, "GET", DOC1, "").await.json();
    assert_eq!(
        told.as_array().unwrap().len(),
        1,
        "an array of the one, as in the sample"
    );
    told[0].take()
}

async fn signed(world: &World) -> Reply {
    call(world, "GET", &format!("{DOC1}/signed"), "").await
}

async fn act(world: &World, scenario: &str) {
    let last = world
        .sandbox
        .idnow()
        .act("T-1", scenario)
        .unwrap()
        .last()
        .unwrap()
        .after_seconds;
    world.seconds(last).await;
}

/// Returns the files of the archive.
async fn archive(world: &World) -> Vec<(String, Vec<u8>)> {
    let reply = world.ask("GET", "/T-1.zip").await;
    assert_eq!(reply.status, 200);
    let mut archive = zip::ZipArchive::new(Cursor::new(reply.body)).unwrap();
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    let mut read = |name: String| {
        let mut contents = Vec::new();
        archive
            .by_name(&name)
            .unwrap()
            .read_to_end(&mut contents)
            .unwrap();
        (name, contents)
    };
    names.into_iter().map(&mut read).collect()
}

async fn file(world: &World, name: &str) -> Option<Vec<u8>> {
    archive(world)
        .await
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, contents)| contents)
}

#[tokio::test]
async fn identification_has_a_document_per_definition() {
    let world = contracted().await;
    let expected = json!({
        "name": "Arbeitsvertrag", "version": null, "hash": null, "displayHash": null, "status": "NEED_UPLOAD",
        "documentDefinition": contract()
    });
    let listed = call(&world, "GET", DOCUMENTS, "").await;
    assert_eq!((listed.status, listed.json()), (200, json!([expected])));
    // The definitions at the time of the creation, in their state at that time.
    define(&world, json!({ "identifier": "agb", "name": "AGB" })).await;
    assert_eq!(
        call(&world, "DELETE", "documentdefinitions/doc1", "{}")
            .await
            .status,
        200
    );
    assert_eq!(
        call(&world, "GET", DOCUMENTS, "").await.json(),
        json!([expected])
    );
    world.create("T-2", "{}").await;
    let second = call(&world, "GET", "identifications/T-2/documents", "")
        .await
        .json();
    assert_eq!(
        (second.as_array().unwrap().len(), &second[0]["name"]),
        (1, &json!("AGB"))
    );
}

#[tokio::test]
async fn upload_is_returned_with_its_hash() {
    let world = contracted().await;
    let uploaded = upload(&world, DOC1, b"%PDF-1.4 a\n").await;
    assert_eq!(
        (
            uploaded.status,
            uploaded.body.len(),
            uploaded.header("content-length")
        ),
        (200, 0, Some("0"))
    );
    let told = document(&world).await;
    // Computed with sha256sum.
    let hash = "4eb62bc6f0ae79902543bef27cf838d0d725af21db7fc988f0f59cd079185dd0";
    assert_eq!(told["status"], "UPLOADED");
    assert_eq!(told["hash"], hash);
    assert_eq!(told["displayHash"], "4eb6-2bc6-f0ae");
    // A second upload replaces the first.
    assert_eq!(upload(&world, DOC1, PDF).await.status, 200);
    assert_ne!(document(&world).await["hash"], hash);
}

#[tokio::test]
async fn every_route_requires_the_companys_login_token() {
    let world = contracted().await;
    let foreign = world
        .send(
            "POST",
            "/api/v1/testbank/login",
            &[JSON],
            r#"{"apiKey":"testbankApiKey"}"#,
        )
        .await
        .json();
    let foreign = foreign["authToken"].as_str().unwrap();
    for (method, rest) in [
        ("GET", ""),
        ("GET", "/doc1"),
        ("POST", "/doc1"),
        ("POST", "/doc1/data"),
        ("GET", "/doc1/signed"),
        ("POST", "/doc1/signed"),
    ] {
        let target = format!("/api/v1/ihrebank/{DOCUMENTS}{rest}");
        let ask = async |header| world.send(method, &target, &[header, OCTETS], PDF).await;
        ask(("X-API-LOGIN-TOKEN", "wrong"))
            .await
            .assert_failure(401, "INVALID_LOGIN_TOKEN");
        ask(KEY).await.assert_failure(401, "INVALID_LOGIN_TOKEN");
        ask(("X-API-LOGIN-TOKEN", foreign))
            .await
            .assert_failure(401, "SECURITY_VIOLATION");
    }
    assert_eq!(document(&world).await["status"], "NEED_UPLOAD");
}

#[tokio::test]
async fn missing_objects_are_not_found() {
    let world = contracted().await;
    for rest in [
        "identifications/T-9/documents",
        "identifications/T-9/documents/doc1",
        "identifications/T-1/documents/doc2",
    ] {
        call(&world, "GET", rest, "")
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
        call(&world, "POST", rest, "{}")
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
        upload(&world, rest, PDF)
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
        call(&world, "GET", &format!("{rest}/signed"), "")
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
    }
    // There is a path for uploads, and none to read them; the sample of 7.2.4.2 omits a part of it.
    call(&world, "GET", &format!("{DOC1}/data"), "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    call(&world, "DELETE", DOC1, "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    upload(&world, "T-1/documents/doc1", PDF)
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    call(&world, "GET", "identifications//documents", "")
        .await
        .assert_failure(400, "MISSING_TRANSACTION_TOKEN");
    assert_eq!(
        upload(&world, "identifications/t-1/documents/doc1", PDF)
            .await
            .status,
        200,
        "the case of letters is ignored"
    );
}

#[tokio::test]
async fn document_settings_can_be_set_per_person() {
    let world = contracted().await;
    let signatures = json!({ "mysignature3": signature_at("acrofield", "my_acrofield_signature") });
    let update = json!({ "name": "My Extended Contract", "signatures": signatures });
    let reply = call(&world, "POST", DOC1, &update.to_string()).await;
    assert_eq!((reply.status, reply.text()), (200, "{}"));
    assert_eq!(
        call(&world, "POST", DOC1, r#"{"version":"V1.2.3","name":null}"#)
            .await
            .status,
        200
    );
    let told = document(&world).await;
    assert_eq!(
        (&told["name"], &told["version"]),
        (&json!("My Extended Contract"), &json!("V1.2.3"))
    );
    assert_eq!(told["signatures"], signatures);
    assert_eq!(told["documentDefinition"], contract(), "of one person only");
    assert_eq!(
        call(&world, "GET", "documentdefinitions/doc1", "")
            .await
            .json(),
        contract()
    );
}

#[tokio::test]
async fn document_inherits_version_of_definition() {
    let world = signing().await;
    define(&world, json!({ "version": "V1" })).await;
    world.create("T-1", PERSON).await;
    let told = document(&world).await;
    assert_eq!(
        (&told["version"], &told["documentDefinition"]["version"]),
        (&json!("V1"), &json!("V1"))
    );
    call(&world, "POST", DOC1, r#"{"version":"V2"}"#).await;
    let told = document(&world).await;
    assert_eq!(
        (&told["version"], &told["documentDefinition"]["version"]),
        (&json!("V2"), &json!("V1"))
    );
}

#[tokio::test]
async fn update_of_read_only_fields_is_refused() {
    let world = contracted().await;
    let update = async |body: Value| call(&world, "POST", DOC1, &body.to_string()).await;
    for field in ["hash", "displayHash", "status", "documentDefinition"] {
        assert_bad_value(&update(json!({ field: "x" })).await, field);
    }
    assert_unknown(&update(json!({ "optional": true })).await, "optional");
    for (field, wrong) in [
        ("name", json!("")),
        ("name", json!(1)),
        ("version", json!(1)),
        ("signatures", json!([])),
    ] {
        assert_bad_value(&update(json!({ field: wrong })).await, field);
    }
    assert_bad_value(
        &update(json!({ "signatures": { "one": { "type": "ELECTRONIC" } } })).await,
        "position",
    );
    call(&world, "POST", DOC1, "{")
        .await
        .assert_failure(400, "UNPARSEABLE_JSON");
    let told = document(&world).await;
    assert_eq!(
        (&told["name"], told.get("signatures")),
        (&json!("Arbeitsvertrag"), None)
    );
}

#[tokio::test]
async fn signatures_are_merged_by_name() {
    let world = signing_with(|account| account.data_centre = DataCentre::Ch).await;
    define(
        &world,
        json!({ "signatures": { "one": signature_at("page", 1) } }),
    )
    .await;
    world.create("T-1", PERSON).await;
    let update = async |name: &str| {
        let body = json!({ "signatures": { name: signature_at("page", 2) } });
        call(&world, "POST", DOC1, &body.to_string()).await
    };
    assert_bad_value(&update("two").await, "signatures");
    assert_eq!(
        update("one").await.status,
        200,
        "it overwrites the definition's"
    );
}

#[tokio::test]
async fn document_must_have_required_places() {
    let world = signing().await;
    define(
        &world,
        json!({ "signatures": { "one": signature_at("page", 3) } }),
    )
    .await;
    world.create("T-1", PERSON).await;
    assert_bad_value(&upload(&world, DOC1, PDF).await, "signatures");
    let update = async |signature: Value| {
        call(
            &world,
            "POST",
            DOC1,
            &json!({ "signatures": { "one": signature } }).to_string(),
        )
        .await
    };
    assert_eq!(update(signature_at("page", 2)).await.status, 200);
    assert_eq!(upload(&world, DOC1, PDF).await.status, 200);
    assert_bad_value(
        &update(signature_at("acrofield", "nowhere")).await,
        "signatures",
    );
}

#[tokio::test]
async fn upload_must_have_the_defined_type() {
    let world = contracted().await;
    assert_eq!(upload(&world, DOC1, b"").await.status, 400);
    assert_eq!(
        upload(&world, DOC1, b"PK\x03\x04").await.error().0,
        "BAD_REQUEST"
    );
    let token = world.token().await;
    let headers = [
        ("X-API-LOGIN-TOKEN", token.as_str()),
        ("Content-Type", "application/pdf"),
    ];
    let target = format!("/api/v1/ihrebank/{DOC1}/data");
    assert_eq!(
        world.send("POST", &target, &headers, PDF).await.error().0,
        "BAD_REQUEST"
    );
    assert_eq!(document(&world).await["status"], "NEED_UPLOAD");
}

#[tokio::test]
async fn required_default_document_needs_no_upload() {
    let world = signing().await;
    define(&world, json!({})).await;
    define(
        &world,
        json!({ "identifier": "extra", "optional": true, "sortOrder": null }),
    )
    .await;
    for identifier in ["doc1", "extra"] {
        assert_eq!(
            upload(&world, &format!("documentdefinitions/{identifier}"), PDF)
                .await
                .status,
            200
        );
    }
    world.create("T-1", PERSON).await;
    let listed = call(&world, "GET", DOCUMENTS, "").await.json();
    // A required default document is used automatically (7.1.1).
    assert_eq!(
        (&listed[0]["status"], &listed[1]["status"]),
        (&json!("UPLOADED"), &json!("NEED_UPLOAD"))
    );
    act(&world, "happy").await;
    let listed = call(&world, "GET", DOCUMENTS, "").await.json();
    assert_eq!(
        (&listed[0]["status"], &listed[1]["status"]),
        (&json!("SIGNED"), &json!("NEED_UPLOAD"))
    );
    assert_eq!(signed(&world).await.status, 200);
    call(&world, "GET", &format!("{DOCUMENTS}/extra/signed"), "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    let names: Vec<String> = archive(&world)
        .await
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert!(
        names.contains(&"doc1_signed.pdf".to_owned())
            && !names.contains(&"extra_signed.pdf".to_owned()),
        "{names:?}"
    );
}

#[tokio::test]
async fn signing_requires_the_documents() {
    let world = contracted().await;
    let refused = world
        .sandbox
        .idnow()
        .act("T-1", "happy")
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("a document to sign is missing"),
        "{refused}"
    );
    let page = world
        .send("GET", "/ihrebank/identifications/T-1", &[], "")
        .await;
    assert!(
        page.text().contains("upload the document"),
        "{}",
        page.text()
    );
    // Only the first document has a page for its upload (7.2.5).
    define(&world, json!({ "identifier": "second", "sortOrder": 2 })).await;
    world.create("T-2", PERSON).await;
    let page = world
        .send("GET", "/ihrebank/identifications/T-2", &[], "")
        .await;
    assert!(page.text().contains("cannot be started"), "{}", page.text());
    upload(&world, DOC1, PDF).await;
    let page = world
        .send("GET", "/ihrebank/identifications/T-1", &[], "")
        .await;
    assert!(page.text().contains("identity card"), "{}", page.text());
    world.sandbox.idnow().act("T-1", "happy").unwrap();
}

#[tokio::test]
async fn signed_document_extends_the_upload() {
    let world = signing().await;
    define(
        &world,
        json!({ "signatures": { "one": signature_at("page", 1), "two": signature_at("page", 2) } }),
    )
    .await;
    world.create("T-1", PERSON).await;
    upload(&world, DOC1, PDF).await;
    let before = document(&world).await;
    signed(&world).await.assert_failure(404, "OBJECT_NOT_FOUND");
    let steps = world.sandbox.idnow().act("T-1", "happy").unwrap();
    // The call has ended, the review has not.
    world.seconds(10 * 60).await;
    assert_eq!(
        world.ask("GET", "/T-1").await.json()["identificationprocess"]["result"],
        "REVIEW_PENDING"
    );
    signed(&world).await.assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(file(&world, "doc1_signed.pdf").await, None);
    world.seconds(steps.last().unwrap().after_seconds).await;
    let reply = signed(&world).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/pdf"))
    );
    let added = reply.body.strip_prefix(PDF).unwrap();
    let added = std::str::from_utf8(added).unwrap();
    assert!(
        added.contains("IBA-")
            && added.contains("one")
            && added.contains("two")
            && added.ends_with("%%EOF\n"),
        "{added}"
    );
    let by_post = call(&world, "POST", &format!("{DOC1}/signed"), "").await;
    assert_eq!(
        by_post.body, reply.body,
        "the heading says POST, the sample is a GET"
    );
    assert_eq!(file(&world, "doc1_signed.pdf").await, Some(reply.body));
    let after = document(&world).await;
    assert_eq!(
        (&after["status"], &after["hash"]),
        (&json!("SIGNED"), &before["hash"])
    );
}

#[tokio::test]
async fn failed_identification_signs_nothing() {
    for scenario in [
        "rejected",
        "fraud-in-review",
        "canceled-in-review",
        "never-finishes",
    ] {
        let world = contracted().await;
        upload(&world, DOC1, PDF).await;
        act(&world, scenario).await;
        signed(&world).await.assert_failure(404, "OBJECT_NOT_FOUND");
        assert_eq!(document(&world).await["status"], "UPLOADED", "{scenario}");
        assert_eq!(
            world.ask("GET", "/T-1").await.json().get("esigning"),
            None,
            "{scenario}"
        );
        assert_eq!(file(&world, "doc1_signed.pdf").await, None, "{scenario}");
    }
}

#[tokio::test]
async fn documents_change_only_before_the_start() {
    let world = contracted().await;
    upload(&world, DOC1, PDF).await;
    let steps = world
        .sandbox
        .idnow()
        .act("T-1", "aborted-then-success")
        .unwrap();
    let change = async |status: u16, cause: &str| {
        upload(&world, DOC1, PDF)
            .await
            .assert_failure(status, cause);
        call(&world, "POST", DOC1, r#"{"name":"Late"}"#)
            .await
            .assert_failure(status, cause);
    };
    change(412, "PRECONDITION_FAILED").await;
    world.seconds(10 * 60).await;
    assert_eq!(
        world.ask("GET", "/T-1").await.json()["identificationprocess"]["result"],
        "ABORTED"
    );
    assert_eq!(
        upload(&world, DOC1, PDF).await.status,
        200,
        "it can be repeated"
    );
    world.seconds(steps.last().unwrap().after_seconds).await;
    change(409, "EXISTING_IDENTIFICATION").await;
    assert_eq!(document(&world).await["name"], "Arbeitsvertrag");
}

#[tokio::test]
async fn json_and_xml_results_contain_the_signature() {
    let world = contracted().await;
    upload(&world, DOC1, PDF).await;
    act(&world, "data-changed").await;
    let told = world.ask("GET", "/T-1").await.json();
    assert_eq!(told["esigning"]["result"], "SUCCESS");
    let session = told["esigning"]["sessionid"].as_str().unwrap();
    assert!(session.starts_with("3XIDNOW-"), "{session}");
    let xml = world.ask("GET", "/T-1.xml").await;
    let fields = xml_fields(xml.text());
    assert_eq!(
        fields["identifications/identification/esigning/result"]["value"],
        "SUCCESS"
    );
    assert_eq!(
        fields["identifications/identification/esigning/sessionid"]["value"],
        session
    );
}

#[tokio::test]
async fn account_without_e_sign_needs_no_documents() {
    let world = contracted().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.e_sign = false)
        .unwrap();
    world.finish("T-2", "happy").await;
    assert_eq!(
        world.ask("GET", "/T-2").await.json()["identificationprocess"]["result"],
        "SUCCESS"
    );
}

#[tokio::test]
async fn identification_without_definitions_has_no_documents() {
    let world = signing().await;
    world.finish("T-1", "happy").await;
    assert_eq!(call(&world, "GET", DOCUMENTS, "").await.text(), "[]");
    assert_eq!(world.ask("GET", "/T-1").await.json().get("esigning"), None);
}

/// Performs steps 1 and 2 of 15.2.4, the second one if requested.
async fn prepared(robot: &str, uploads: bool) -> World {
    let world = signing().await;
    define(&world, json!({})).await;
    assert_eq!(
        world
            .create(
                "T-1",
                &json!({ "custom1": format!("X-AUTOTEST-{robot}") }).to_string()
            )
            .await
            .status,
        201
    );
    if uploads {
        assert_eq!(upload(&world, DOC1, PDF).await.status, 200);
    }
    world
}

async fn robot(world: &World, path: &str) -> Reply {
    let target = format!("/api/v1/ihrebank/identifications/T-1/{path}");
    world
        .send(
            "POST",
            &target,
            &[("Host", "api.test.idnow.de"), KEY, JSON],
            "{}",
        )
        .await
}

#[tokio::test]
async fn robots_sign_the_upload() {
    let world = prepared("HAPPYPATH", false).await;
    robot(&world, "start")
        .await
        .assert_failure(412, "PRECONDITION_FAILED");
    robot(&world, "requestVideoChat")
        .await
        .assert_failure(412, "PRECONDITION_FAILED");
    assert_eq!(
        upload(&world, DOC1, PDF).await.status,
        200,
        "the document can still be uploaded"
    );
    assert_eq!(robot(&world, "start").await.json()["status"], "STARTED");
    upload(&world, DOC1, PDF)
        .await
        .assert_failure(412, "PRECONDITION_FAILED");
    assert_eq!(robot(&world, "requestVideoChat").await.status, 200);
    world.seconds(3600).await;
    assert_eq!(signed(&world).await.status, 200);
}

#[tokio::test]
async fn robot_cases_suit_signing_or_not() {
    for case in ["FRAUDIDENT", "FRAUDREVIEW"] {
        let world = prepared(case, true).await;
        robot(&world, "start").await;
        robot(&world, "requestVideoChat")
            .await
            .assert_failure(412, "PRECONDITION_FAILED");
    }
    let world = prepared("HOLDCERTIFICATE", true).await;
    robot(&world, "start").await;
    assert_eq!(robot(&world, "requestVideoChat").await.status, 200);
    // The call takes seven minutes, and every message is held back for ten more.
    world.seconds(16 * 60).await;
    assert_eq!(world.ask("GET", "/T-1").await.status, 404);
    signed(&world).await.assert_failure(404, "OBJECT_NOT_FOUND");
    world.seconds(60).await;
    assert_eq!(
        world.ask("GET", "/T-1").await.json()["identificationprocess"]["result"],
        "SUCCESS"
    );
    assert_eq!(signed(&world).await.status, 200);
}
