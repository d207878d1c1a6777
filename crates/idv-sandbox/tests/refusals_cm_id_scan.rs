//! CM.com ID Scan: each rule refuses a request that is otherwise right.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod cm_id_scan;
mod reached;
mod support;

use cm_id_scan::{Cm, KEY, SECOND, SECRET, body, header, scanned_with, token};
use reached::{Reached, SUBMITTED, check_hints};
use serde_json::{Value, json};
use support::JSON;

#[tokio::test]
async fn each_rule_refuses_a_request() {
    let cm = Cm::start().await;
    let mut reached = Reached::of(&cm.sandbox, "cm-id-scan");
    let transaction = body().to_string();

    let signed =
        |header: Value, claims: Value| format!("Bearer {}", token(&header, &claims, SECRET));
    let with = |name: &str, value: Value| {
        let mut claims = cm.claims();
        claims[name] = value;
        signed(header(KEY), claims)
    };
    let foreign = token(&header(KEY), &cm.claims(), SECOND.1);
    let authorizations = [
        ("bearer-token", format!("Basic {SUBMITTED}")),
        ("token-form", format!("Bearer {SUBMITTED}")),
        (
            "token-algorithm",
            signed(json!({ "alg": "HS512", "kid": KEY }), cm.claims()),
        ),
        ("token-key-id", signed(header(SUBMITTED), cm.claims())),
        ("token-signature", format!("Bearer {foreign}")),
        ("token-times", with("nbf", json!(SUBMITTED))),
        ("token-start", with("nbf", json!(cm.now() + 10))),
        ("token-expired", with("exp", json!(cm.now()))),
        ("token-lifetime", with("exp", json!(cm.now() + 3601))),
    ];
    let create = "/id-scan/v1/transactions";
    for (rule, authorization) in &authorizations {
        let headers = [("Authorization", authorization.as_str()), JSON];
        let reply = cm.send("POST", create, &headers, &transaction).await;
        reached.check(&reply, rule);
    }
    let valid = signed(header(KEY), cm.claims());
    let headers = [
        ("Authorization", valid.as_str()),
        ("Content-Type", "text/plain"),
    ];
    let reply = cm.send("POST", create, &headers, &transaction).await;
    reached.check(&reply, "media-type");
    let reply = cm.call("POST", "transactions", "[]").await;
    reached.check(&reply, "body");

    let also = |name: &str, value: Value| {
        let mut body = body();
        body[name] = value;
        body
    };
    let transactions = [
        ("tasks", json!({})),
        ("task-combination", json!({ "tasks": [SUBMITTED] })),
        ("settings", also("settings", json!(SUBMITTED))),
        (
            "known-settings",
            scanned_with(json!({ "expiry": SUBMITTED })),
        ),
        (
            "allowed-expiration",
            scanned_with(json!({ "allowedExpiration": SUBMITTED })),
        ),
        (
            "capture-sources",
            scanned_with(json!({ "captureSources": [SUBMITTED] })),
        ),
        ("level", scanned_with(json!({ "level": SUBMITTED }))),
        ("age-limit", scanned_with(json!({ "minimumAge": -1 }))),
        (
            "age-order",
            scanned_with(json!({ "minimumAge": 18, "maximumAge": 17 })),
        ),
        (
            "field-names",
            scanned_with(json!({ "extractFields": [SUBMITTED] })),
        ),
        ("locale", also("locale", json!(SUBMITTED))),
        ("mobile-only", also("mobileOnly", json!(SUBMITTED))),
        ("expires-in", also("expiresIn", json!(3599))),
        (
            "return-url",
            also("returnUrl", json!(format!("http://{SUBMITTED}.example/"))),
        ),
    ];
    for (rule, body) in &transactions {
        reached.check(&cm.create(body).await, rule);
    }

    let url = "https://bank.example/hook";
    let webhooks = [
        ("webhook-url", json!({ "url": SUBMITTED })),
        (
            "webhook-events",
            json!({ "url": url, "events": [SUBMITTED] }),
        ),
        (
            "webhook-headers",
            json!({ "url": url, "headers": { "Host": SUBMITTED } }),
        ),
    ];
    for (rule, body) in &webhooks {
        let reply = cm.call("POST", "webhooks", &body.to_string()).await;
        reached.check(&reply, rule);
    }

    let (id, result) = cm.finished(&body(), "happy").await;
    let report = format!("transactions/{id}/results/{result}/report");
    let absent = [
        ("route", SUBMITTED.to_owned()),
        ("transaction", format!("transactions/{SUBMITTED}")),
        ("result", format!("transactions/{id}/results/{SUBMITTED}")),
        ("report-type", format!("{report}?type={SUBMITTED}")),
        ("file", format!("downloads/{SUBMITTED}")),
    ];
    for (rule, path) in &absent {
        reached.check(&cm.get(path).await, rule);
    }
    let reply = cm
        .send("POST", "/transactions", &[JSON], &transaction)
        .await;
    reached.check(&reply, "route");
    cm.seconds(3600).await;
    let reply = cm.get(&format!("{report}?type=extended")).await;
    reached.check(&reply, "extended-report");
    let page = format!("/en-us/identifications/{SUBMITTED}/scan");
    reached.check(&cm.send("GET", &page, &[], "").await, "page");
    reached.check_all();
}

#[tokio::test]
async fn only_misspelled_request_gets_a_hint() {
    check_hints(&Cm::start().await.sandbox, "cm-id-scan").await;
}
