//! The requests of a client that creates (3.2) and deletes (8.3.4) an identification.

use http::Method;
use serde_json::{Value, json};

use super::sample::DATA;
use crate::client::{self, Client};

type Idnow<'a> = Client<'a, super::Own>;

/// Creates the identification of the document's example.
pub(super) fn create(client: &mut Idnow<'_>, reference: &str) -> Result<String, String> {
    let person: Value = DATA
        .iter()
        .map(|(name, value)| (*name, json!(value)))
        .collect();
    let path = path(client, &format!("identifications/{reference}/start"));
    let key = key(client);
    client.send(Method::POST, &path, &[("x-api-key", &key)], Some(&person))?;
    Ok(reference.to_owned())
}

/// Logs in and deletes an identification.
pub(super) fn delete(client: &mut Idnow<'_>, id: &str) -> Result<(), String> {
    let transaction = client.case(id).map(|case| case.transaction_number.clone());
    let transaction = transaction.unwrap_or_default();
    let login = json!({ "apiKey": key(client) });
    let answer = client.send(Method::POST, &path(client, "login"), &[], Some(&login))?;
    let token = client::text(&answer, "authToken")?;
    let path = path(client, &format!("identifications/{transaction}"));
    client.send(
        Method::DELETE,
        &path,
        &[("x-api-login-token", &token)],
        None,
    )?;
    Ok(())
}

fn path(client: &Idnow<'_>, rest: &str) -> String {
    format!("/api/v1/{}/{rest}", client.account.company)
}

fn key(client: &Idnow<'_>) -> String {
    client.account.api_keys.first().cloned().unwrap_or_default()
}
