//! Identify24: each rule refuses a request that is otherwise right.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identify24;
mod reached;
mod support;

use identify24::{Client, PARTNER, sample, with};
use reached::{Reached, SUBMITTED, check_hints};
use serde_json::{Value, json};
use support::JSON;

#[tokio::test]
async fn each_rule_refuses_a_request() {
    let client = Client::start().await;
    let mut reached = Reached::of(&client.sandbox, "identify24");
    let id = client.ident(&sample()).await;
    let reply = client.auth("911-internet", "").await;
    reached.check(&reply, "credentials");
    reached.check(&client.auth("911-internet", SUBMITTED).await, "api-key");

    let other = client.auth("second", "secondApiKey").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let (ident, token) = (format!("/ident/get/{id}"), client.token().await);
    let headers = [
        ("headers", vec![PARTNER, JSON]),
        ("token", vec![PARTNER, ("X-API-TOKEN", SUBMITTED), JSON]),
        (
            "token-partner",
            vec![PARTNER, ("X-API-TOKEN", &other), JSON],
        ),
        ("media-type", vec![PARTNER, ("X-API-TOKEN", &token)]),
        (
            "ident-owner",
            vec![("X-API-PARTNER", "second"), ("X-API-TOKEN", &other), JSON],
        ),
    ];
    for (rule, headers) in &headers {
        reached.check(&client.send("GET", &ident, headers, "").await, rule);
    }

    let attributes: [(&str, &str, Value); 15] = [
        ("flat", "city", json!([SUBMITTED])),
        ("text", "zip_code", json!(94670)),
        ("required", "person_last_name", json!("")),
        ("date", "birthday", json!(SUBMITTED)),
        ("gender", "gender", json!(SUBMITTED)),
        ("email", "email", json!(SUBMITTED)),
        ("phone", "mobile_phone", json!(SUBMITTED)),
        ("country", "nationality", json!(SUBMITTED)),
        ("type-of-id", "type_of_id", json!(SUBMITTED)),
        ("pdf-url", "pdf_url", json!(SUBMITTED)),
        ("pdf-content", "pdf_content", json!(SUBMITTED)),
        ("required", "project_id", json!(null)),
        ("project", "project_id", json!(SUBMITTED)),
        ("project-owner", "project_id", json!("8")),
        ("project-active", "project_id", json!("7")),
    ];
    for (rule, name, value) in attributes {
        reached.check(&client.create(&with(name, value)).await, rule);
    }

    let others = [
        ("method", "DELETE", ident.as_str(), ""),
        ("method", "POST", "/apply/x", ""),
        ("body", "POST", "/ident/create", "[]"),
        ("project-id", "GET", "/project/get", "{}"),
        ("ident", "GET", "/ident/get/Mustermann", ""),
        ("page", "GET", "/apply/Mustermann", ""),
    ];
    for (rule, method, target, body) in others {
        reached.check(&client.call(method, target, body).await, rule);
    }

    client.seconds(30 * 60).await;
    let reply = client.with_token(&token, "GET", &ident, "").await;
    reached.check(&reply, "token-expired");
    client.seconds(90 * 24 * 3600).await;
    reached.check(&client.get(&id).await, "ident-lifetime");
    let page = format!("/apply/{id}");
    let reply = client.send("GET", &page, &[], "").await;
    reached.check(&reply, "ident-lifetime");
    reached.check_all();
}

#[tokio::test]
async fn refusal_with_status_200_names_its_rule() {
    let client = Client::start().await;
    let set = |account: &mut idv_sandbox::Identify24Account| account.failures_in_200 = true;
    client.sandbox.identify24().configure(set).unwrap();
    let reply = client.create(&with("gender", json!(SUBMITTED))).await;
    let request = client.sandbox.requests().pop().unwrap();
    assert_eq!((reply.status, request.status), (200, 200));
    let rule = request.refusal.unwrap().rule;
    assert_eq!((rule.name, rule.status.as_u16()), ("gender", 400));
}

#[tokio::test]
async fn only_misspelled_request_gets_a_hint() {
    check_hints(&Client::start().await.sandbox, "identify24").await;
}
