//! Helpers for tests of CM.com ID Scan: a customer who signs tokens.

#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use idv_sandbox::Sandbox;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{JSON, Reply, send, still};

pub(crate) const KEY: &str = "3b438437-04a4-40bb-8389-54bb02766fba";
pub(crate) const SECRET: &str = "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ";
pub(crate) const SECOND: (&str, &str) = (
    "5d1f6a4e-2b90-4c7e-9f33-8a1c0e7b6d52",
    "secondSecretOfTheSandboxThatNobodyElseHas",
);
pub(crate) const EVERY_TASK: [&str; 3] = ["document_scan", "face_liveness", "face_match"];

/// CM.com ID Scan with its two accounts, and its customer.
pub(crate) struct Cm {
    pub(crate) sandbox: Sandbox,
    pub(crate) base: String,
}

impl Cm {
    pub(crate) async fn start() -> Self {
        let sandbox = still().start().await.unwrap();
        let base = sandbox.cm_id_scan().base_url();
        Self { sandbox, base }
    }

    /// Returns the time in UNIX seconds.
    pub(crate) fn now(&self) -> i64 {
        self.sandbox.clock().now().as_second()
    }

    /// Returns the claims of a token for a minute.
    pub(crate) fn claims(&self) -> Value {
        json!({ "iat": self.now(), "nbf": self.now(), "exp": self.now() + 60 })
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

    /// Sends a request with this token, below the API's base.
    pub(crate) async fn with_token(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Reply {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(JSON);
        }
        self.send(method, &format!("/id-scan/v1/{path}"), &headers, body)
            .await
    }

    pub(crate) async fn call_as(
        &self,
        (key, secret): (&str, &str),
        method: &str,
        path: &str,
        body: &str,
    ) -> Reply {
        self.with_token(
            &token(&header(key), &self.claims(), secret),
            method,
            path,
            body,
        )
        .await
    }

    /// Sends a request of the first account.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.call_as((KEY, SECRET), method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    pub(crate) async fn create(&self, body: &Value) -> Reply {
        self.call("POST", "transactions", &body.to_string()).await
    }

    /// Creates a transaction and returns the response.
    pub(crate) async fn transaction(&self, body: &Value) -> Value {
        let reply = self.create(body).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()
    }

    /// Creates a transaction and plays a scenario to its end. Returns the transaction's id and its
    /// result's id.
    pub(crate) async fn finished(&self, body: &Value, scenario: &str) -> (String, String) {
        let id = self.transaction(body).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        self.run(&id, scenario).await;
        let result = self.sandbox.cm_id_scan().result_id(&id).unwrap();
        (id, result)
    }

    /// Returns the result of a transaction after a scenario.
    pub(crate) async fn result(&self, body: &Value, scenario: &str) -> Value {
        let (id, result) = self.finished(body, scenario).await;
        let reply = self
            .get(&format!("transactions/{id}/results/{result}"))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    pub(crate) async fn state(&self, id: &str) -> String {
        self.get(&format!("transactions/{id}")).await.json()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) async fn run(&self, id: &str, scenario: &str) {
        let steps = self.sandbox.cm_id_scan().act(id, scenario).unwrap();
        self.seconds(steps.last().unwrap().after_seconds).await;
    }

    pub(crate) async fn seconds(&self, seconds: u64) {
        self.sandbox
            .clock()
            .advance(Duration::from_secs(seconds))
            .await;
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(
            method,
            &format!("/_control/cm-id-scan/{path}"),
            &[JSON],
            body,
        )
        .await
    }

    /// Returns the path and query of one of the sandbox's addresses.
    pub(crate) fn target<'a>(&self, url: &'a Value) -> &'a str {
        url.as_str().unwrap().strip_prefix(&self.base).unwrap()
    }
}

/// Returns the header of a token.
pub(crate) fn header(key: &str) -> Value {
    json!({ "alg": "HS256", "typ": "JWT", "kid": key })
}

/// Returns a token signed with the secret as it is.
pub(crate) fn token(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

/// Returns a transaction with every task.
pub(crate) fn body() -> Value {
    json!({ "tasks": EVERY_TASK })
}

/// Returns a transaction with every task and these `settings.documentScan`.
pub(crate) fn scanned_with(settings: Value) -> Value {
    let mut body = body();
    body["settings"]["documentScan"] = settings;
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

/// Checks that a response is a refusal with this status and a message that contains the subject.
#[track_caller]
pub(crate) fn assert_refused(reply: &Reply, status: u16, about: &str) {
    assert_eq!(reply.status, status, "{about}: {}", reply.text());
    let body = reply.json();
    assert_eq!(keys(&body), ["message"]);
    assert!(
        body["message"].as_str().unwrap().contains(about),
        "{about}: {body}"
    );
}
