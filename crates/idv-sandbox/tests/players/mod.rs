//! A client of every vendor without a network, and a recipient of callbacks that fails at times.

#![allow(dead_code, reason = "each file of tests uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode};
use idv_sandbox::{Builder, Sandbox};
use serde_json::{Value, json};
use sha2::Sha256;

/// The callback address.
pub(crate) const URL: &str = "http://127.0.0.1:8080/callbacks";

/// Returns the ids of all vendors.
pub(crate) fn vendors() -> Vec<String> {
    macro_rules! modules {
        ($($module:ident,)*) => { [$(stringify!($module),)*] };
    }
    let modules = idv_sandbox::for_each_vendor!(modules);
    modules.map(|module| module.replace('_', "-")).to_vec()
}

/// A sandbox in process, and the received callbacks.
pub(crate) struct Players {
    pub(crate) sandbox: Sandbox,
    pub(crate) received: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Players {
    /// Starts a sandbox whose recipient of callbacks fails every third time.
    pub(crate) async fn start(builder: Builder) -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&received);
        let receive = move |request: Request<Bytes>| {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            let status = match seen.len() % 3 {
                0 => None,
                1 => Some(StatusCode::OK),
                _ => Some(StatusCode::BAD_GATEWAY),
            };
            async move { status }
        };
        let sandbox = builder
            .in_process()
            .deliver_callbacks_to(receive)
            .start()
            .await
            .unwrap();
        Self { sandbox, received }
    }

    /// Sends a request, and returns status and JSON; `null` if a fault cuts the connection.
    pub(crate) async fn send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> (u16, Value) {
        let authority = url.split('/').nth(2).unwrap_or_default();
        let mut request = Request::builder().method(method).uri(url);
        if headers.iter().all(|(name, _)| *name != "host") {
            request = request.header("host", authority);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.into())).unwrap();
        let Ok(response) = self.sandbox.exchange(request).await else {
            return (0, Value::Null);
        };
        let status = response.status().as_u16();
        let body = response.into_body().whole().unwrap_or_default();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Sends a request to the control plane.
    pub(crate) async fn control(
        &self,
        method: &str,
        path: &str,
        body: impl Into<String>,
    ) -> (u16, Value) {
        let url = format!("http://localhost/_control/{path}");
        self.send(method, &url, &[], body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, value) = self.control("GET", path, "").await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// Creates a verification at a vendor.
    pub(crate) async fn create(&self, vendor: &str, name: &str) -> (u16, Value) {
        let base = self.sandbox.vendor(vendor).unwrap().base_url();
        self.create_at(&base, vendor, name).await
    }

    /// Creates a verification at a vendor, by this base address.
    pub(crate) async fn create_at(&self, base: &str, vendor: &str, name: &str) -> (u16, Value) {
        const JSON: (&str, &str) = ("content-type", "application/json");
        match vendor {
            "idnow" => {
                let url = format!("{base}/api/v1/ihrebank/identifications/{name}/start");
                let body = r#"{"firstname":"Armin","lastname":"Bauer","birthday":"1982-05-22"}"#;
                self.send("POST", &url, &[("x-api-key", "exampleApiKey"), JSON], body)
                    .await
            }
            "identity-tm" => {
                let basic = basic("example", "examplePassword");
                let order = json!({
                    "Ref": name, "Product": 12, "Add": 0,
                    "Email": "e.mustermann@example.com", "Mobile": "+491711234567",
                    "Address": { "Firstname": "Erika", "Surname": "Mustermann", "Country": "DE" },
                    "WebhookURL": { "OnStatusChange": URL, "OnFinal": URL },
                });
                let url = format!("{base}/api/2.10/putOrder");
                self.send(
                    "PUT",
                    &url,
                    &[("authorization", &basic), JSON],
                    order.to_string(),
                )
                .await
            }
            "cm-id-scan" => {
                let bearer = format!("Bearer {}", self.token());
                let url = format!("{base}/id-scan/v1/transactions");
                self.send(
                    "POST",
                    &url,
                    &[("authorization", &bearer), JSON],
                    r#"{"tasks":["document_scan"]}"#,
                )
                .await
            }
            "identify24" => {
                let partner = ("x-api-partner", "911-internet");
                let auth = json!({ "PARTNER": "911-internet", "APIKEY": "exampleApiKey" });
                let (_, auth) = self
                    .send("POST", &format!("{base}/auth"), &[JSON], auth.to_string())
                    .await;
                let token = auth["token"].as_str().unwrap_or_default().to_owned();
                let body = json!({
                    "project_id": "6", "gender": "MALE", "person_first_name": "John",
                    "person_last_name": "Doe", "email": "johndoe@identify24.de",
                    "street": "Markgrafenstr.", "house_no": "23", "zip_code": "94670",
                    "city": "Nürnberg", "country": "DE", "mobile_phone": "01511111111",
                    "international_code": "DE", "birthday": "1981-09-05", "birth_place": "BERLIN",
                    "nationality": "DE", "type_of_id": "Personalausweis",
                    "id_number": "LJFE8J32NDM", "id_country": "DE", "id_issue_date": "2021-05-10",
                    "id_end_date": "2031-05-09", "issuing_authority": "Stadt Nürnberg",
                    "custom_id": name,
                });
                let headers = [partner, ("x-api-token", &token), JSON];
                self.send(
                    "POST",
                    &format!("{base}/ident/create"),
                    &headers,
                    body.to_string(),
                )
                .await
            }
            _ => {
                let basic = basic("APIUser", "APIToken");
                let body = json!({
                    "Mensaje": "Verifique su identidad: [LINK]", "Dni": "00000000T", "Fecha": "",
                    "Remitente": "MiEmpresa", "Telefono": "34600000001", "Resp": "JSON",
                });
                let url = format!("{base}/v7/VerificarIdentidad");
                self.send(
                    "POST",
                    &url,
                    &[("authorization", &basic), JSON],
                    body.to_string(),
                )
                .await
            }
        }
    }

    /// Creates verifications by the vendor's host, with and without a port, and by the sandbox's
    /// address. The link in the response has to lead to the vendor's host for persons, or to the
    /// sandbox.
    pub(crate) async fn assert_links(&self, vendor: &str, host: &str, member: &str, persons: &str) {
        let own = self.sandbox.vendor(vendor).unwrap().base_url();
        for (base, expected) in [
            (format!("https://{host}"), format!("https://{persons}")),
            (
                format!("http://{host}:7790"),
                format!("http://{persons}:7790"),
            ),
            (own.clone(), own),
        ] {
            let (_, created) = self.create_at(&base, vendor, "T-1").await;
            assert_eq!(origin(&created[member]), expected);
        }
    }

    /// Returns the ids of all verifications, by vendor.
    pub(crate) fn ids(&self) -> Vec<(&'static str, String)> {
        let ids = |vendor: idv_sandbox::Vendor<'_>| {
            let id = vendor.id();
            vendor
                .ids()
                .into_iter()
                .map(move |key| (id, key))
                .collect::<Vec<_>>()
        };
        self.sandbox.vendors().into_iter().flat_map(ids).collect()
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.sandbox
            .clock()
            .advance(Duration::from_secs(seconds))
            .await;
    }

    /// Returns everything that a user can see of the state.
    pub(crate) async fn picture(&self) -> Value {
        let mut verifications = Vec::new();
        for (vendor, id) in self.ids() {
            verifications.push(self.get(&format!("{vendor}/verifications/{id}")).await);
        }
        json!({
            "overview": self.get("").await,
            "verifications": verifications,
            "requests": self.get("requests").await,
            "callbacks": self.get("callbacks").await,
            "faults": self.get("faults").await,
            "mails": self.get("mails").await,
            "webhooks": self.get("cm-id-scan/webhooks").await,
            "account": self.get("idnow/accounts/ihrebank").await,
        })
    }

    /// Returns a token of CM.com's account for a minute of virtual time.
    pub(crate) fn token(&self) -> String {
        let now = self.sandbox.clock().now().as_second();
        let header = json!({ "alg": "HS256", "kid": "3b438437-04a4-40bb-8389-54bb02766fba" });
        let claims = json!({ "iat": now, "nbf": now, "exp": now + 60 });
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let secret = self.sandbox.cm_id_scan().secret();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        format!("{signed}.{signature}")
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Returns the scheme, the host and the port of a link.
pub(crate) fn origin(link: &Value) -> String {
    let link = link.as_str().unwrap();
    link.split('/').take(3).collect::<Vec<_>>().join("/")
}
