//! A client of each vendor, with the settings that the page shows.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::Result;
use crate::receiver::Receiver;

/// The settings of a vendor's account, by variable.
pub(crate) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Reads the commands of a shell that the page shows.
    pub(crate) fn parse(shell: &str) -> Self {
        let lines = shell
            .lines()
            .filter_map(|line| line.strip_prefix("export "));
        let pairs = lines.filter_map(|line| line.split_once('='));
        Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Result<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.ok_or_else(|| format!("the page shows no setting {name}").into())
    }
}

/// Creates a verification and returns the id by which the page shows it.
pub(crate) async fn create(
    vendor: &str,
    settings: &Settings,
    reference: &str,
    receiver: &Receiver,
    now: i64,
) -> Result<String> {
    let back = receiver.return_url();
    match vendor {
        "idnow" => {
            let address = format!(
                "{}/api/v1/{}/identifications/{reference}/start",
                settings.get("IDV_IDNOW_GATEWAY_URL")?,
                settings.get("IDV_IDNOW_COMPANY")?
            );
            let body = json!({ "firstname": "Erika", "lastname": "Mustermann" });
            let key = settings.get("IDV_IDNOW_API_KEY")?;
            send(http().post(address).header("x-api-key", key), &body).await?;
            Ok(reference.to_owned())
        }
        "identity-tm" => {
            let address = format!("{}putOrder", settings.get("IDV_IDENTITY_TM_BASE_URL")?);
            let credentials = basic(
                settings.get("IDV_IDENTITY_TM_USER")?,
                settings.get("IDV_IDENTITY_TM_PASSWORD")?,
            );
            let webhook = format!(
                "{}?token={}",
                receiver.url(),
                settings.get("IDV_IDENTITY_TM_CALLBACK_SECRET")?
            );
            let body = json!({
                "Ref": reference, "Product": 12, "Add": 0,
                "Email": "erika@example.com", "Mobile": "+491711234567",
                "Address": { "Firstname": "Erika", "Surname": "Mustermann", "Country": "DE" },
                "WebhookURL": { "OnFinal": webhook },
                "RedirectURL": {
                    "Success": format!("{back}?result=success"),
                    "Abort": format!("{back}?result=abort"),
                },
            });
            let request = http().put(address).header("authorization", credentials);
            text(&send(request, &body).await?, "OrderID")
        }
        "cm-id-scan" => {
            let address = format!("{}transactions", settings.get("IDV_CM_ID_SCAN_BASE_URL")?);
            let token = token(
                settings.get("IDV_CM_ID_SCAN_KEY_ID")?,
                settings.get("IDV_CM_ID_SCAN_SECRET")?,
                now,
            )?;
            let body = json!({ "tasks": ["document_scan", "face_liveness", "face_match"], "returnUrl": back });
            let request = http()
                .post(address)
                .header("authorization", format!("Bearer {token}"));
            text(&send(request, &body).await?, "id")
        }
        "identify24" => {
            let base = settings
                .get("IDV_IDENTIFY24_BASE_URL")?
                .trim_end_matches('/');
            let partner = settings.get("IDV_IDENTIFY24_PARTNER")?;
            let login =
                json!({ "PARTNER": partner, "APIKEY": settings.get("IDV_IDENTIFY24_API_KEY")? });
            let token = text(
                &send(http().post(format!("{base}/auth")), &login).await?,
                "token",
            )?;
            let body = json!({
                "project_id": settings.get("IDV_IDENTIFY24_PROJECT_ID")?,
                "gender": "FEMALE", "person_first_name": "Erika", "person_last_name": "Mustermann",
                "email": "erika@example.com", "street": "Heidestraße", "house_no": "17",
                "zip_code": "51147", "city": "Köln", "country": "DE", "mobile_phone": "01711234567",
                "international_code": "DE", "birthday": "1964-08-12", "birth_place": "Berlin",
                "nationality": "DE", "custom_id": reference,
            });
            let request = http()
                .post(format!("{base}/ident/create"))
                .header("x-api-partner", partner)
                .header("x-api-token", token);
            text(&send(request, &body).await?, "ident_id")
        }
        "verificar-identidad" => {
            let base = settings
                .get("IDV_VERIFICAR_IDENTIDAD_BASE_URL")?
                .trim_end_matches('/');
            let credentials = basic(
                settings.get("IDV_VERIFICAR_IDENTIDAD_USER")?,
                settings.get("IDV_VERIFICAR_IDENTIDAD_TOKEN")?,
            );
            let body = json!({
                "Mensaje": "Verifique su identidad: [LINK]", "Dni": "00000000T", "Fecha": "",
                "Remitente": "MiEmpresa", "Telefono": "34600000001", "Resp": "JSON",
            });
            let request = http()
                .post(format!("{base}/v7/VerificarIdentidad"))
                .header("authorization", credentials);
            let answer = send(request, &body).await?;
            text(answer.get(0).unwrap_or(&Value::Null), "ID")
        }
        other => Err(format!("no client for the vendor `{other}`").into()),
    }
}

/// Sends a request that its vendor refuses: without credentials.
pub(crate) async fn refused(address: &str) -> Result<()> {
    let status = http().post(address).send().await?.status();
    if status.is_client_error() {
        Ok(())
    } else {
        Err(format!("a request without credentials was answered with {status}").into())
    }
}

fn http() -> Client {
    Client::new()
}

async fn send(request: RequestBuilder, body: &Value) -> Result<Value> {
    let request = request.header("content-type", "application/json");
    let response = request.body(body.to_string()).send().await?;
    let status = response.status();
    let answer = response.text().await?;
    if !status.is_success() {
        return Err(format!("a create request was answered with {status}: {answer}").into());
    }
    Ok(serde_json::from_str(&answer)?)
}

/// Returns a member as a text.
fn text(value: &Value, name: &str) -> Result<String> {
    match value.get(name) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(format!("no `{name}` in {value}").into()),
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Returns a token of CM.com for a minute.
fn token(key: &str, secret: &str, now: i64) -> Result<String> {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": key });
    let claims = json!({ "iat": now, "nbf": now, "exp": now + 60 });
    let signed = format!("{}.{}", part(&header), part(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(signed.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    Ok(format!("{signed}.{signature}"))
}
