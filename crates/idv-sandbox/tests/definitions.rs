//! Document definitions, rule by rule: section 7.1.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/signing.rs"]
mod signing;
mod support;

use serde_json::{Value, json};
use signing::{
    OCTETS, PDF, assert_bad_value, assert_unknown, call, contract, contract_with, define,
    signature_at, signing, upload,
};
use support::{JSON, KEY, Reply, World};

async fn list(world: &World) -> Value {
    call(world, "GET", "documentdefinitions", "").await.json()
}

async fn create(world: &World, changes: Value) -> Reply {
    call(
        world,
        "POST",
        "documentdefinitions",
        &contract_with(&changes),
    )
    .await
}

#[tokio::test]
async fn created_definition_matches_the_samples() {
    let world = signing().await;
    assert_eq!(list(&world).await, json!([]));
    let created = create(&world, json!({})).await;
    assert_eq!((created.status, created.text()), (201, "{}"));
    assert_eq!(
        created.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(created.header("access-control-allow-origin"), Some("*"));
    let single = call(&world, "GET", "documentdefinitions/doc1", "").await;
    let sample = r#"{"optional":false,"name":"Arbeitsvertrag","identifier":"doc1","mimeType":"application/pdf","sortOrder":1}"#;
    assert_eq!((single.status, single.text()), (200, sample));
    assert_eq!(list(&world).await, json!([contract()]));
}

#[tokio::test]
async fn additional_fields_are_returned() {
    let world = signing().await;
    let signatures = json!({ "mysignature1": signature_at("page", "1") });
    define(
        &world,
        json!({ "viewPolicy": "SCROLL", "signatures": signatures, "optional": true }),
    )
    .await;
    let told = call(&world, "GET", "documentdefinitions/doc1", "")
        .await
        .json();
    assert_eq!(told["viewPolicy"], "SCROLL");
    assert_eq!(
        told["signatures"], signatures,
        "a page that is a string stays one"
    );
    assert_eq!(told["optional"], true);
}

#[tokio::test]
async fn every_route_requires_the_companys_login_token() {
    let world = signing().await;
    define(&world, json!({})).await;
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
    let body = contract().to_string();
    for (method, rest) in [
        ("POST", ""),
        ("GET", ""),
        ("POST", "/doc1"),
        ("GET", "/doc1"),
        ("DELETE", "/doc1"),
        ("POST", "/doc1/data"),
        ("GET", "/doc1/data"),
    ] {
        let target = format!("/api/v1/ihrebank/documentdefinitions{rest}");
        let ask = async |header| world.send(method, &target, &[header, JSON], &body).await;
        ask(("X-API-LOGIN-TOKEN", "wrong"))
            .await
            .assert_failure(401, "INVALID_LOGIN_TOKEN");
        ask(KEY).await.assert_failure(401, "INVALID_LOGIN_TOKEN");
        ask(("X-API-LOGIN-TOKEN", foreign))
            .await
            .assert_failure(401, "SECURITY_VIOLATION");
    }
    assert_eq!(list(&world).await, json!([contract()]), "nothing was done");
}

#[tokio::test]
async fn account_without_e_sign_has_no_routes() {
    let world = World::start().await;
    create(&world, json!({}))
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    call(&world, "GET", "documentdefinitions", "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    world.create("T-1", "{}").await;
    call(&world, "GET", "identifications/T-1/documents", "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
}

#[tokio::test]
async fn other_companys_definitions_are_not_visible() {
    let world = signing().await;
    define(&world, json!({})).await;
    let mut other = world
        .control("GET", "idnow/accounts/testbank", "")
        .await
        .json();
    other["e_sign"] = true.into();
    assert_eq!(
        world
            .control("PUT", "idnow/accounts/testbank", &other.to_string())
            .await
            .status,
        200
    );
    let login = world
        .send(
            "POST",
            "/api/v1/testbank/login",
            &[JSON],
            r#"{"apiKey":"testbankApiKey"}"#,
        )
        .await
        .json();
    let token = ("X-API-LOGIN-TOKEN", login["authToken"].as_str().unwrap());
    assert_eq!(
        world
            .send("GET", "/api/v1/testbank/documentdefinitions", &[token], "")
            .await
            .text(),
        "[]"
    );
}

#[tokio::test]
async fn name_identifier_and_mime_type_are_mandatory() {
    let world = signing().await;
    for field in ["name", "identifier", "mimeType"] {
        for wrong in [Value::Null, json!(""), json!(" "), json!(7), json!(["a"])] {
            assert_bad_value(&create(&world, json!({ field: wrong })).await, field);
        }
    }
    assert_eq!(list(&world).await, json!([]));
    // The other fields have defaults.
    assert_eq!(
        create(&world, json!({ "optional": null, "sortOrder": null }))
            .await
            .status,
        201
    );
    assert_eq!(list(&world).await, json!([contract()]));
}

#[tokio::test]
async fn every_field_has_its_format() {
    let world = signing().await;
    for (field, wrong) in [
        ("identifier", json!("Doc1")),
        ("identifier", json!("doc 1")),
        ("identifier", json!("döc")),
        ("identifier", json!("a/b")),
        ("mimeType", json!("")),
        ("mimeType", json!("application/pdf\r\nX-Other: 1")),
        ("mimeType", json!(7)),
        ("optional", json!("false")),
        ("optional", json!(0)),
        ("sortOrder", json!(0)),
        ("sortOrder", json!(-1)),
        ("sortOrder", json!("1")),
        ("sortOrder", json!(1.5)),
        ("viewPolicy", json!("scroll")),
        ("viewPolicy", json!(true)),
        ("version", json!(1)),
        ("signatures", json!([])),
        ("signatures", json!("mysignature1")),
        ("signatures", json!({ "": signature_at("page", 1) })),
    ] {
        assert_bad_value(&create(&world, json!({ field: wrong })).await, field);
    }
    assert_unknown(&create(&world, json!({ "hash": "094c" })).await, "hash");
    for body in ["", "{", "[]", "null"] {
        call(&world, "POST", "documentdefinitions", body)
            .await
            .assert_failure(400, "UNPARSEABLE_JSON");
    }
    let token = world.token().await;
    let plain = [
        ("X-API-LOGIN-TOKEN", token.as_str()),
        ("Content-Type", "text/plain"),
    ];
    let target = "/api/v1/ihrebank/documentdefinitions";
    assert_eq!(
        world
            .send("POST", target, &plain, contract().to_string())
            .await
            .error()
            .0,
        "BAD_REQUEST"
    );
    assert_eq!(list(&world).await, json!([]));
    for (number, mime_type) in ["text/plain", "application/xword", "image/svg+xml"]
        .into_iter()
        .enumerate()
    {
        let identifier = format!("a-{number}_z");
        assert_eq!(
            create(
                &world,
                json!({ "identifier": identifier, "mimeType": mime_type })
            )
            .await
            .status,
            201
        );
    }
}

#[tokio::test]
async fn duplicate_identifier_is_refused() {
    let world = signing().await;
    define(&world, json!({})).await;
    assert_bad_value(
        &create(&world, json!({ "name": "Another" })).await,
        "identifier",
    );
    assert_eq!(list(&world).await, json!([contract()]));
}

#[tokio::test]
async fn definition_is_inserted_at_its_position() {
    let world = signing().await;
    let order = async || -> Vec<(String, u64)> {
        let list = list(&world).await;
        let pair = |told: &Value| {
            (
                told["identifier"].as_str().unwrap().to_owned(),
                told["sortOrder"].as_u64().unwrap(),
            )
        };
        list.as_array().unwrap().iter().map(pair).collect()
    };
    let expected = |identifiers: &[&str]| -> Vec<(String, u64)> {
        identifiers
            .iter()
            .zip(1..)
            .map(|(identifier, place)| ((*identifier).to_owned(), place))
            .collect()
    };
    for (identifier, place) in [
        ("first", json!(1)),
        ("last", json!(null)),
        ("second", json!(2)),
        ("far", json!(99)),
    ] {
        define(
            &world,
            json!({ "identifier": identifier, "sortOrder": place }),
        )
        .await;
    }
    assert_eq!(order().await, expected(&["first", "second", "last", "far"]));
    let moved = contract_with(&json!({ "identifier": "far", "sortOrder": 1 }));
    assert_eq!(
        call(&world, "POST", "documentdefinitions/far", &moved)
            .await
            .status,
        200
    );
    assert_eq!(order().await, expected(&["far", "first", "second", "last"]));
    let renamed =
        contract_with(&json!({ "identifier": "second", "sortOrder": null, "name": "Other" }));
    assert_eq!(
        call(&world, "POST", "documentdefinitions/second", &renamed)
            .await
            .status,
        200
    );
    assert_eq!(
        call(&world, "DELETE", "documentdefinitions/far", "{}")
            .await
            .status,
        200
    );
    assert_eq!(order().await, expected(&["first", "second", "last"]));
}

#[tokio::test]
async fn update_changes_given_fields_only() {
    let world = signing().await;
    let signatures = json!({ "mysignature1": signature_at("page", 1) });
    define(
        &world,
        json!({ "signatures": signatures, "viewPolicy": "SCROLL", "optional": true }),
    )
    .await;
    let update = contract_with(
        &json!({ "name": "AGB", "mimeType": "text/plain", "sortOrder": null, "optional": null }),
    );
    let reply = call(&world, "POST", "documentdefinitions/doc1", &update).await;
    assert_eq!((reply.status, reply.text()), (200, "{}"));
    let told = list(&world).await[0].clone();
    assert_eq!(
        (&told["name"], &told["mimeType"]),
        (&json!("AGB"), &json!("text/plain"))
    );
    assert_eq!(
        (&told["optional"], &told["viewPolicy"]),
        (&json!(true), &json!("SCROLL"))
    );
    assert_eq!(told["signatures"], signatures);
    let update = contract_with(&json!({ "signatures": {}, "optional": false }));
    assert_eq!(
        call(&world, "POST", "documentdefinitions/doc1", &update)
            .await
            .status,
        200
    );
    let told = list(&world).await[0].clone();
    assert_eq!(
        (&told["optional"], told.get("signatures")),
        (&json!(false), None)
    );
}

#[tokio::test]
async fn update_is_as_strict_as_create() {
    let world = signing().await;
    define(&world, json!({})).await;
    let update = async |changes: Value| {
        call(
            &world,
            "POST",
            "documentdefinitions/doc1",
            &contract_with(&changes),
        )
        .await
    };
    assert_bad_value(&update(json!({ "identifier": "doc2" })).await, "identifier");
    assert_bad_value(&update(json!({ "name": null })).await, "name");
    assert_unknown(&update(json!({ "hash": "" })).await, "hash");
    assert_eq!(list(&world).await, json!([contract()]));
}

#[tokio::test]
async fn missing_objects_are_not_found() {
    let world = signing().await;
    define(&world, json!({})).await;
    let body = contract_with(&json!({ "identifier": "doc2" }));
    for (method, rest) in [
        ("GET", "/doc2"),
        ("POST", "/doc2"),
        ("DELETE", "/doc2"),
        ("GET", "/doc2/data"),
        // There is a definition without a default document.
        ("GET", "/doc1/data"),
        // A POST updates the document.
        ("PUT", "/doc1"),
        ("DELETE", ""),
        ("GET", "/doc1/signed"),
    ] {
        let reply = call(&world, method, &format!("documentdefinitions{rest}"), &body).await;
        reply.assert_failure(404, "OBJECT_NOT_FOUND");
    }
    upload(&world, "documentdefinitions/doc2", PDF)
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    let deleted = call(&world, "DELETE", "documentdefinitions/doc1", "{}").await;
    assert_eq!((deleted.status, deleted.text()), (200, "{}"));
    call(&world, "DELETE", "documentdefinitions/doc1", "{}")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(list(&world).await, json!([]));
}

#[tokio::test]
async fn default_document_is_returned_unchanged() {
    let world = signing().await;
    define(&world, json!({})).await;
    let uploaded = upload(&world, "documentdefinitions/doc1", PDF).await;
    assert_eq!(
        (
            uploaded.status,
            uploaded.body.len(),
            uploaded.header("content-length")
        ),
        (200, 0, Some("0"))
    );
    assert_eq!(uploaded.header("access-control-allow-origin"), Some("*"));
    let downloaded = call(&world, "GET", "documentdefinitions/doc1/data", "").await;
    assert_eq!(
        (downloaded.status, downloaded.header("content-type")),
        (200, Some("application/pdf"))
    );
    assert_eq!(downloaded.body, PDF);
    // It stays when the definition changes, and is replaced by another upload.
    assert_eq!(
        call(
            &world,
            "POST",
            "documentdefinitions/doc1",
            &contract().to_string()
        )
        .await
        .status,
        200
    );
    assert_eq!(
        call(&world, "GET", "documentdefinitions/doc1/data", "")
            .await
            .body,
        PDF
    );
    assert_eq!(
        upload(&world, "documentdefinitions/doc1", b"%PDF-1.7 other")
            .await
            .status,
        200
    );
    assert_eq!(
        call(&world, "GET", "documentdefinitions/doc1/data", "")
            .await
            .body,
        b"%PDF-1.7 other"
    );
}

#[tokio::test]
async fn upload_must_have_the_defined_type() {
    let world = signing().await;
    define(&world, json!({})).await;
    define(
        &world,
        json!({ "identifier": "text", "mimeType": "text/plain" }),
    )
    .await;
    for bytes in [b"".as_slice(), b"PK\x03\x04", b"hello %PDF-"] {
        let refused = upload(&world, "documentdefinitions/doc1", bytes).await;
        let message = "Please provide a document of the type application/pdf".to_owned();
        assert_eq!(
            (refused.status, refused.error()),
            (400, ("BAD_REQUEST".to_owned(), None, Some(message)))
        );
    }
    assert_eq!(
        upload(&world, "documentdefinitions/text", b"").await.status,
        400
    );
    assert_eq!(
        upload(&world, "documentdefinitions/text", b"plain")
            .await
            .status,
        200
    );
    let token = world.token().await;
    let token = ("X-API-LOGIN-TOKEN", token.as_str());
    let target = "/api/v1/ihrebank/documentdefinitions/doc1/data";
    for headers in [
        vec![token],
        vec![token, JSON],
        vec![token, ("Content-Type", "application/pdf")],
    ] {
        assert_eq!(
            world.send("POST", target, &headers, PDF).await.error().0,
            "BAD_REQUEST"
        );
    }
    call(&world, "GET", "documentdefinitions/doc1/data", "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(
        world
            .send("POST", target, &[token, OCTETS], PDF)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn upload_with_expect_continue_proceeds() {
    let world = signing().await;
    define(&world, json!({})).await;
    let token = world.token().await;
    let headers = [
        ("X-API-LOGIN-TOKEN", token.as_str()),
        OCTETS,
        ("Expect", "100-continue"),
    ];
    let reply = world
        .send(
            "POST",
            "/api/v1/ihrebank/documentdefinitions/doc1/data",
            &headers,
            PDF,
        )
        .await;
    // The first head is the interim response, the second one the final response.
    assert_eq!(reply.status, 100);
    assert!(
        reply.text().starts_with("HTTP/1.1 200 OK"),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn total_length_of_documents_is_limited() {
    let world = signing().await;
    let large = [b"%PDF-1.4\n".as_slice(), &vec![b' '; 31 << 20]].concat();
    for number in 0..9 {
        define(&world, json!({ "identifier": format!("doc{number}") })).await;
    }
    // Default documents count as well.
    for number in 0..8 {
        assert_eq!(
            upload(&world, &format!("documentdefinitions/doc{number}"), &large)
                .await
                .status,
            200,
            "{number}"
        );
    }
    assert_eq!(
        upload(&world, "documentdefinitions/doc8", &large)
            .await
            .error()
            .0,
        "BAD_REQUEST"
    );
    assert_eq!(
        upload(&world, "documentdefinitions/doc7", &large)
            .await
            .status,
        200,
        "a replacement does not count twice"
    );
    world.create("T-1", "{}").await;
    for number in 0..8 {
        assert_eq!(
            upload(
                &world,
                &format!("identifications/T-1/documents/doc{number}"),
                &large
            )
            .await
            .status,
            200,
            "{number}"
        );
    }
    assert_eq!(
        upload(&world, "identifications/T-1/documents/doc8", &large)
            .await
            .error()
            .0,
        "BAD_REQUEST"
    );
    assert_eq!(
        upload(&world, "identifications/T-1/documents/doc7", &large)
            .await
            .status,
        200,
        "a replacement does not count twice"
    );
}

#[tokio::test]
async fn mime_type_can_be_any_text() {
    let world = signing().await;
    for (index, mime_type) in [
        "txt",
        "text/plain",
        "application/xword",
        "application/pdf; charset=utf-8",
    ]
    .iter()
    .enumerate()
    {
        let identifier = format!("doc{index}");
        define(
            &world,
            json!({ "identifier": identifier, "mimeType": mime_type }),
        )
        .await;
        let told = call(
            &world,
            "GET",
            &format!("documentdefinitions/{identifier}"),
            "",
        )
        .await
        .json();
        assert_eq!(told["mimeType"], *mime_type);
    }
}
