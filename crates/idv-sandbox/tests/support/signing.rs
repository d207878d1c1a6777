//! An account with eSign, and helpers for the tests of chapter 7.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use idv_sandbox::Account;
use serde_json::{Value, json};

use crate::support::{JSON, Reply, World};

/// The media type of uploads (7.1.8.2), as a header.
pub(crate) const OCTETS: (&str, &str) = ("Content-Type", "application/octet-stream");

/// A PDF of two pages with one field.
pub(crate) const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
    2 0 obj<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n\
    4 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n\
    5 0 obj<</FT/Sig/T(my_acrofield_signature)/Rect[0 0 200 35]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// Starts a sandbox whose account has eSign.
pub(crate) async fn signing() -> World {
    signing_with(|_| {}).await
}

/// Starts a sandbox whose account has eSign and other settings.
pub(crate) async fn signing_with(change: impl FnOnce(&mut Account)) -> World {
    let world = World::start().await;
    let settings = |account: &mut Account| {
        account.e_sign = true;
        change(account);
    };
    world.sandbox.idnow().configure(settings).unwrap();
    world
}

/// Sends a request below the account with a new login token; a body is sent as JSON.
pub(crate) async fn call(world: &World, method: &str, rest: &str, body: &str) -> Reply {
    let token = world.token().await;
    world
        .send(
            method,
            &format!("/api/v1/ihrebank/{rest}"),
            &[("X-API-LOGIN-TOKEN", &token), JSON],
            body,
        )
        .await
}

/// Uploads a document with a new login token.
pub(crate) async fn upload(world: &World, rest: &str, bytes: &[u8]) -> Reply {
    let token = world.token().await;
    world
        .send(
            "POST",
            &format!("/api/v1/ihrebank/{rest}/data"),
            &[("X-API-LOGIN-TOKEN", &token), OCTETS],
            bytes,
        )
        .await
}

/// Returns the definition of the samples.
pub(crate) fn contract() -> Value {
    json!({ "optional": false, "name": "Arbeitsvertrag", "identifier": "doc1", "mimeType": "application/pdf", "sortOrder": 1 })
}

/// Returns the definition of the samples with other fields; `null` removes one.
pub(crate) fn contract_with(changes: &Value) -> String {
    let mut contract = contract();
    let fields = contract.as_object_mut().unwrap();
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            fields.remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    contract.to_string()
}

/// Creates a definition.
pub(crate) async fn define(world: &World, changes: Value) {
    let reply = call(
        world,
        "POST",
        "documentdefinitions",
        &contract_with(&changes),
    )
    .await;
    assert_eq!((reply.status, reply.text()), (201, "{}"));
}

/// Returns a signature at a place of a document.
pub(crate) fn signature_at(place: &str, value: impl Into<Value>) -> Value {
    let mut position = json!({ "left": 50, "width": 200, "bottom": 50, "height": 35 });
    position[place] = value.into();
    json!({ "position": position })
}

/// Checks that a response refuses a field's format, in the document's words (chapter 12).
#[track_caller]
pub(crate) fn assert_bad_value(reply: &Reply, key: &str) {
    let message = format!("Please provide a correct value for ‘{key}’");
    assert_eq!(
        (reply.status, reply.error()),
        (
            400,
            (
                "BAD_REQUEST".to_owned(),
                Some(key.to_owned()),
                Some(message)
            )
        )
    );
}

/// Checks that a response refuses an unknown field (chapter 12).
#[track_caller]
pub(crate) fn assert_unknown(reply: &Reply, key: &str) {
    assert_eq!(
        (reply.status, reply.error()),
        (
            400,
            ("UNRECOGNIZED_FIELD".to_owned(), Some(key.to_owned()), None)
        )
    );
}
