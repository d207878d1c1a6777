//! The request of a client that creates a transaction ("Create a transaction").

use http::Method;
use serde_json::json;

use super::{bearer, create};
use crate::client::{self, Client};

/// Creates a transaction with every task. The vendor takes no reference.
pub(super) fn create(client: &mut Client<'_, super::Own>, _: &str) -> Result<String, String> {
    let token = bearer::token(&client.account, client.now);
    let answer = client.send(
        Method::POST,
        "/id-scan/v1/transactions",
        &[("authorization", &format!("Bearer {token}"))],
        Some(&json!({ "tasks": create::EVERY_TASK })),
    )?;
    client::text(&answer, "id")
}
