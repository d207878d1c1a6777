//! Helpers for tests of Identify24: a client, and the ident of the document's sample.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use idv_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{JSON, Reply, send, still};

pub(crate) const PARTNER: (&str, &str) = ("X-API-PARTNER", "911-internet");

/// Identify24 with its two partners, and a client.
pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) base: String,
}

impl Client {
    pub(crate) async fn start() -> Self {
        let sandbox = still().start().await.unwrap();
        let base = sandbox.identify24().base_url();
        Self { sandbox, base }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        send(&self.base, method, target, headers, body)
            .await
            .unwrap()
    }

    pub(crate) async fn auth(&self, partner: &str, key: &str) -> Reply {
        self.send(
            "POST",
            "/auth",
            &[JSON],
            &json!({ "PARTNER": partner, "APIKEY": key }).to_string(),
        )
        .await
    }

    /// Returns a new token of the first partner.
    pub(crate) async fn token(&self) -> String {
        self.auth("911-internet", "exampleApiKey").await.json()["token"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Sends a request with this token.
    pub(crate) async fn with_token(
        &self,
        token: &str,
        method: &str,
        target: &str,
        body: &str,
    ) -> Reply {
        self.send(
            method,
            target,
            &[PARTNER, ("X-API-TOKEN", token), JSON],
            body,
        )
        .await
    }

    /// Sends a request with a new token.
    pub(crate) async fn call(&self, method: &str, target: &str, body: &str) -> Reply {
        self.with_token(&self.token().await, method, target, body)
            .await
    }

    pub(crate) async fn create(&self, body: &Value) -> Reply {
        self.call("POST", "/ident/create", &body.to_string()).await
    }

    /// Creates an ident and returns its id.
    pub(crate) async fn ident(&self, body: &Value) -> String {
        let reply = self.create(body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["ident_id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, id: &str) -> Reply {
        self.call("GET", &format!("/ident/get/{id}"), "").await
    }

    /// Returns the status from ident/get.
    pub(crate) async fn status(&self, id: &str) -> String {
        self.get(id).await.json()["data"]["status"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(
            method,
            &format!("/_control/identify24/{path}"),
            &[JSON],
            body,
        )
        .await
    }

    pub(crate) async fn view(&self, id: &str) -> Value {
        self.control("GET", &format!("idents/{id}"), "")
            .await
            .json()
    }

    /// Plays a scenario to its end.
    pub(crate) async fn run(&self, id: &str, scenario: &str) {
        let steps = self.sandbox.identify24().act(id, scenario).unwrap();
        self.seconds(steps.last().unwrap().after_seconds).await;
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.sandbox
            .clock()
            .advance(Duration::from_secs(seconds))
            .await;
    }
}

/// Returns the body of the document's sample, with a project and a PDF in place of its
/// placeholders.
pub(crate) fn sample() -> Value {
    json!({
        "project_id": "6", "company_name": "Optional", "store_name": "Optional", "branche": "Optional",
        "person_title": "Optional", "gender": "MALE", "person_first_name": "John", "person_last_name": "Doe",
        "person_position": "Optional", "email": "johndoe@identify24.de", "street": "Markgrafenstr.", "house_no": "23",
        "zip_code": "94670", "city": "Nürnberg", "country": "DE", "mobile_phone": "01511111111", "international_code": "DE",
        "birthday": "1981-09-05", "birth_place": "BERLIN", "nationality": "DE", "type_of_id": "Personalausweis",
        "id_number": "LJFE8J32NDM", "id_country": "DE", "id_issue_date": "2021-05-10", "id_end_date": "2031-05-09",
        "issuing_authority": "Stadt Nürnberg", "pdf_url": "https://xxxxxxxxxx.pdf",
        "pdf_content": format!("data:@file/pdf;base64,{}", STANDARD.encode("%PDF-1.4\n%%EOF\n")),
        "custom_id": "Optional", "custom1": "custom1", "custom2": "custom2", "custom3": "custom3", "custom4": "custom4",
    })
}

/// Returns the sample with another value for an attribute.
pub(crate) fn with(name: &str, value: Value) -> Value {
    let mut body = sample();
    body[name] = value;
    body
}

/// Returns the keys of an object, in order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}
