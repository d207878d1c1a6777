//! The placement of signatures on a document: section 7.1.2.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/signing.rs"]
mod signing;
mod support;

use idv_sandbox::DataCentre;
use serde_json::{Value, json};
use signing::{
    PDF, assert_bad_value, assert_unknown, call, contract_with, define, signature_at, signing,
    signing_with, upload,
};
use support::{Reply, World};

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

/// Creates a definition with these signatures and returns the response.
async fn with_signatures(world: &World, signatures: Value) -> Reply {
    let changes = json!({ "signatures": signatures });
    if list(world).await.as_array().unwrap().is_empty() {
        return create(world, changes).await;
    }
    call(
        world,
        "POST",
        "documentdefinitions/doc1",
        &contract_with(&changes),
    )
    .await
}

#[tokio::test]
async fn signature_has_one_place() {
    let world = signing().await;
    for (place, value) in [
        ("acrofield", json!("my_acrofield_signature")),
        ("page", json!(1)),
        ("page", json!("1")),
        ("textcontent", json!("Unterschrift")),
    ] {
        let reply = with_signatures(
            &world,
            json!({ "mysignature1": signature_at(place, value) }),
        )
        .await;
        assert!(reply.status < 300, "{place}: {}", reply.text());
    }
    let mut two = signature_at("page", 1);
    two["position"]["acrofield"] = "a".into();
    let none = json!({ "position": { "left": 50, "width": 200, "bottom": 50, "height": 35 } });
    for position in [two, none, json!({ "type": "ELECTRONIC" })] {
        assert_bad_value(
            &with_signatures(&world, json!({ "mysignature1": position })).await,
            "position",
        );
    }
    for wrong in [json!(""), json!(0), json!({}), json!(true)] {
        for place in ["acrofield", "page", "textcontent"] {
            assert_bad_value(
                &with_signatures(&world, json!({ "one": signature_at(place, wrong.clone()) }))
                    .await,
                place,
            );
        }
    }
    for wrong in [json!("0"), json!(-1), json!(1.5), json!("one"), json!("+1")] {
        assert_bad_value(
            &with_signatures(&world, json!({ "one": signature_at("page", wrong) })).await,
            "page",
        );
    }
}

#[tokio::test]
async fn place_has_four_measures() {
    let world = signing().await;
    for measure in ["left", "width", "bottom", "height"] {
        let mut signature = signature_at("page", 1);
        signature["position"]
            .as_object_mut()
            .unwrap()
            .remove(measure);
        assert_bad_value(
            &with_signatures(&world, json!({ "one": signature })).await,
            measure,
        );
        signature["position"][measure] = "50".into();
        assert_bad_value(
            &with_signatures(&world, json!({ "one": signature })).await,
            measure,
        );
        signature["position"][measure] = 50.into();
        assert!(
            with_signatures(&world, json!({ "one": signature }))
                .await
                .status
                < 300
        );
    }
    for measure in ["width", "height"] {
        let mut signature = signature_at("page", 1);
        signature["position"][measure] = 0.into();
        assert_bad_value(
            &with_signatures(&world, json!({ "one": signature })).await,
            measure,
        );
    }
    // There is room below a text, but not below a page.
    for (place, value, taken) in [
        ("textcontent", json!("Datum"), true),
        ("page", json!(1), false),
        ("acrofield", json!("a"), false),
    ] {
        let mut signature = signature_at(place, value);
        signature["position"]["bottom"] = json!(-20);
        let reply = with_signatures(&world, json!({ "one": signature })).await;
        if taken {
            assert!(reply.status < 300, "{}", reply.text());
        } else {
            assert_bad_value(&reply, "bottom");
        }
    }
    let mut signature = signature_at("page", 1);
    signature["position"]["right"] = 1.into();
    assert_unknown(
        &with_signatures(&world, json!({ "one": signature })).await,
        "right",
    );
}

#[tokio::test]
async fn signature_fields_are_validated() {
    let world = signing().await;
    let with = |key: &str, value: Value| {
        let mut signature = signature_at("page", 1);
        signature[key] = value;
        json!({ "one": signature })
    };
    for (key, value) in [
        ("type", json!("ELECTRONIC")),
        ("signatureFontSize", json!(8)),
        ("signatureImage", json!("idnow_seal")),
        ("signatureImage", json!("seal_2")),
        ("optional", json!("false")),
        ("optional", json!(true)),
    ] {
        let reply = with_signatures(&world, with(key, value)).await;
        assert!(reply.status < 300, "{key}: {}", reply.text());
    }
    for (key, wrong) in [
        ("type", json!("electronic")),
        ("signatureFontSize", json!(0)),
        ("signatureFontSize", json!(8.5)),
        ("signatureImage", json!("Seal")),
        ("signatureImage", json!("")),
        ("optional", json!("no")),
        ("optional", json!(0)),
        ("position", json!([])),
    ] {
        assert_bad_value(&with_signatures(&world, with(key, wrong)).await, key);
    }
    assert_unknown(
        &with_signatures(&world, with("colour", json!("red"))).await,
        "colour",
    );
}

#[tokio::test]
async fn handwriting_must_be_activated() {
    let mut signature = signature_at("page", 1);
    signature["type"] = "HANDWRITTEN".into();
    let changes = json!({ "signatures": { "one": signature } });
    assert_bad_value(&create(&signing().await, changes.clone()).await, "type");
    let world = signing_with(|account| account.handwritten_signatures = true).await;
    assert_eq!(create(&world, changes).await.status, 201);
}

#[tokio::test]
async fn switzerland_allows_one_signature_of_two_lines() {
    let two =
        json!({ "signatures": { "one": signature_at("page", 1), "two": signature_at("page", 2) } });
    let mut lines = signature_at("page", 1);
    lines["signatureFontSize2"] = 6.into();
    let lines = json!({ "signatures": { "one": lines } });
    let german = signing().await;
    assert_eq!(create(&german, two.clone()).await.status, 201);
    assert_unknown(&create(&german, lines.clone()).await, "signatureFontSize2");
    let swiss = signing_with(|account| account.data_centre = DataCentre::Ch).await;
    assert_bad_value(&create(&swiss, two).await, "signatures");
    assert_eq!(create(&swiss, lines).await.status, 201);
}

#[tokio::test]
async fn default_document_must_have_required_places() {
    let world = signing().await;
    define(
        &world,
        json!({ "signatures": { "one": signature_at("acrofield", "elsewhere") } }),
    )
    .await;
    assert_bad_value(
        &upload(&world, "documentdefinitions/doc1", PDF).await,
        "signatures",
    );
    with_signatures(
        &world,
        json!({ "one": signature_at("acrofield", "my_acrofield_signature") }),
    )
    .await;
    assert_eq!(
        upload(&world, "documentdefinitions/doc1", PDF).await.status,
        200
    );
    let mut elsewhere = signature_at("page", 3);
    assert_bad_value(
        &with_signatures(&world, json!({ "one": elsewhere })).await,
        "signatures",
    );
    elsewhere["optional"] = "true".into();
    assert_eq!(
        with_signatures(&world, json!({ "one": elsewhere }))
            .await
            .status,
        200
    );
}
