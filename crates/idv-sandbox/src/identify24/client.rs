//! The requests of a client that creates an ident ("auth", "ident/create").

use http::Method;
use serde_json::json;

use super::create;
use crate::client::{self, Client};

/// Logs in and creates an ident for the person of the document's samples.
pub(super) fn create(
    client: &mut Client<'_, super::Own>,
    reference: &str,
) -> Result<String, String> {
    let partner = client.account.partner.clone();
    let login = json!({ "PARTNER": partner, "APIKEY": client.account.api_key });
    let answer = client.send(Method::POST, "/auth", &[], Some(&login))?;
    let token = client::text(&answer, "token")?;
    let project = client.account.active_project()?;
    let person = create::sample(&project.id, reference);
    let answer = client.send(
        Method::POST,
        "/ident/create",
        &[("x-api-partner", &partner), ("x-api-token", &token)],
        Some(&person),
    )?;
    client::text(&answer, "ident_id")
}
