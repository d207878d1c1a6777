//! The requests of a client that creates an order (3.1), cancels it (4.2), and deletes its data
//! (3.12).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::json;

use super::sample;
use crate::client::{self, Client};

type IdentityTm<'a> = Client<'a, super::Own>;

/// Creates an order for the person of the document's samples.
pub(super) fn create(client: &mut IdentityTm<'_>, reference: &str) -> Result<String, String> {
    let product = sample::product_of(&client.account)?;
    let mut order = sample::body(product);
    if let Some(order) = order.as_object_mut() {
        order.insert("Ref".to_owned(), json!(reference));
    }
    let answer = client.send(
        Method::PUT,
        "/api/2.10/putOrder",
        &[("authorization", &credentials(client))],
        Some(&order),
    )?;
    client::text(&answer, "OrderID")
}

/// Deletes the data of an order that has ended, and cancels any other order.
pub(super) fn delete(client: &mut IdentityTm<'_>, id: &str) -> Result<(), String> {
    let is_final = client.case(id).is_some_and(super::Case::is_final);
    let (method, function) = if is_final {
        (Method::DELETE, "delIdentdata")
    } else {
        (Method::POST, "cancelOrder")
    };
    let path = format!("/api/2.10/{function}/{id}");
    let credentials = credentials(client);
    client.send(method, &path, &[("authorization", &credentials)], None)?;
    Ok(())
}

fn credentials(client: &IdentityTm<'_>) -> String {
    let account = &client.account;
    let credentials = STANDARD.encode(format!("{}:{}", account.user, account.password));
    format!("Basic {credentials}")
}
