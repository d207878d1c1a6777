//! The request of a client that verifies a person (`VerificarIdentidad`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::sample;
use crate::client::{self, Client};

/// Sends the request of the document's sample. The vendor takes no reference.
pub(super) fn create(client: &mut Client<'_, super::Own>, _: &str) -> Result<String, String> {
    let account = &client.account;
    let credentials = STANDARD.encode(format!("{}:{}", account.user, account.token));
    let mut body: Value = sample::REQUEST
        .iter()
        .map(|(name, value)| (*name, json!(value)))
        .collect();
    if let Some(body) = body.as_object_mut() {
        body.insert("Resp".to_owned(), json!("JSON"));
    }
    let answer = client.send(
        Method::POST,
        "/v7/VerificarIdentidad",
        &[("authorization", &format!("Basic {credentials}"))],
        Some(&body),
    )?;
    // An array of one, or a bare object, by the account's settings.
    client::text(answer.get(0).unwrap_or(&answer), "ID")
}
