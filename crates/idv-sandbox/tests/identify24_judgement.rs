//! Identify24's ambiguous responses and webhooks: unknown statuses, members of later versions, and
//! failures inside a 200.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identify24;
mod support;

use identify24::{Client, sample};
use idv_sandbox::{Fault, FaultKind, Identify24Account, Identify24ReasonForm, Identify24Status};
use serde_json::{Value, json};
use support::Receiver;

/// Returns the bodies of a scenario's webhooks, for an account with these settings.
async fn told(scenario: &str, change: impl FnOnce(&mut Identify24Account)) -> Vec<Value> {
    let (client, hooks) = (Client::start().await, Receiver::start().await);
    let url = hooks.url.clone();
    let settings = |account: &mut Identify24Account| {
        account.callback_url = Some(url);
        change(account);
    };
    client.sandbox.identify24().configure(settings).unwrap();
    let id = client.ident(&sample()).await;
    client.run(&id, scenario).await;
    hooks.received().into_iter().map(|hook| hook.body).collect()
}

#[tokio::test]
async fn suspicion_can_end_in_success() {
    let told = told("suspicion-then-success", |_| {}).await;
    let words: Vec<_> = told
        .iter()
        .map(|body| body["status"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["FraudSuspected", "Identified"]);
}

#[tokio::test]
async fn first_status_can_return_after_the_call() {
    let told = told("unidentified", |_| {}).await;
    let [body] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(
        (&body["status"], &body["reject_reason"]),
        (&json!("Unidentified"), &json!("NOT_IDENTIFIABLE"))
    );
    assert_eq!(body["agent_name"], "Erika Beispiel");
}

#[tokio::test]
async fn unknown_status_comes_from_the_settings() {
    let set = |account: &mut Identify24Account| {
        account.unknown_status = Identify24Status::new("99", "Identifiziert");
    };
    let told = told("unknown-status", set).await;
    assert_eq!(
        (&told[0]["status_id"], &told[0]["status"]),
        (&json!("99"), &json!("Identifiziert"))
    );
    let client = Client::start().await;
    for (id, word) in [("1", ""), ("99", "Identified")] {
        let known = |account: &mut Identify24Account| {
            account.unknown_status = Identify24Status::new(id, word);
        };
        assert!(
            client.sandbox.identify24().configure(known).is_err(),
            "{word}"
        );
    }
}

#[tokio::test]
async fn webhooks_can_have_members_of_later_versions() {
    let plain = told("happy", |_| {}).await.pop().unwrap();
    let rich = told("happy", |account| account.webhook_extras = true)
        .await
        .pop()
        .unwrap();
    let (plain, rich) = (plain.as_object().unwrap(), rich.as_object().unwrap());
    assert!(plain.keys().all(|name| rich.contains_key(name)));
    assert_eq!(rich.len() - plain.len(), 10);
    assert_eq!(
        (&rich["id_number"], &rich["checks"]),
        (&json!("T22000129"), &json!({ "mrz": true, "nfc": null }))
    );
}

#[tokio::test]
async fn reject_reason_has_the_form_of_the_settings() {
    for (form, expected) in [
        (Identify24ReasonForm::Text, json!("DOCUMENT_NOT_VALID")),
        (
            Identify24ReasonForm::Array,
            json!(["DOCUMENT_NOT_VALID", "SECOND_REASON"]),
        ),
        (
            Identify24ReasonForm::Object,
            json!({ "code": "DOCUMENT_NOT_VALID", "text": "The agent's words" }),
        ),
    ] {
        let rejected = told("rejected", |account| account.reject_reason_as = form)
            .await
            .pop()
            .unwrap();
        assert_eq!(rejected["reject_reason"], expected);
        let verified = told("happy", |account| account.reject_reason_as = form)
            .await
            .pop()
            .unwrap();
        assert_eq!(verified["reject_reason"], Value::Null, "there is none");
    }
}

#[tokio::test]
async fn create_response_can_lack_the_url() {
    let client = Client::start().await;
    client
        .sandbox
        .identify24()
        .configure(|account| account.conference_url = false)
        .unwrap();
    let created = client.create(&sample()).await.json();
    assert_eq!(
        created.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["result", "messages", "ident_id"]
    );
    assert_eq!(
        client.status(created["ident_id"].as_str().unwrap()).await,
        "Unidentified"
    );
}

#[tokio::test]
async fn expired_token_can_be_refused_inside_a_200() {
    let client = Client::start().await;
    let (id, token) = (client.ident(&sample()).await, client.token().await);
    let get = async |token: &str| {
        client
            .with_token(token, "GET", &format!("/ident/get/{id}"), "")
            .await
    };
    client
        .sandbox
        .identify24()
        .configure(|account| account.failures_in_200 = true)
        .unwrap();
    client.sandbox.identify24().forget_tokens();
    for _ in 0..2 {
        let refused = get(&token).await;
        assert_eq!(
            (
                refused.status,
                &refused.json()["result"],
                &refused.json()["response_status"]
            ),
            (200, &json!(false), &json!(401))
        );
    }
    assert_eq!(
        get(&client.token().await).await.json()["result"],
        true,
        "a new token is valid"
    );
    let missing = client.get("00000000-0000-4000-a000-000000000000").await;
    assert_eq!(
        (missing.status, &missing.json()["response_status"]),
        (200, &json!(404))
    );
    assert_eq!(
        client.auth("911-internet", "wrong").await.json()["response_status"],
        401
    );
    assert_eq!(client.auth("911-internet", "wrong").await.status, 200);
}

#[tokio::test]
async fn fault_refuses_token_inside_a_200() {
    let client = Client::start().await;
    let (id, token) = (client.ident(&sample()).await, client.token().await);
    client
        .sandbox
        .plan(Fault::new(FaultKind::StatusInside(401)).at("/ident/get"));
    let get = async || {
        client
            .with_token(&token, "GET", &format!("/ident/get/{id}"), "")
            .await
            .json()
    };
    assert_eq!(
        get().await,
        json!({ "result": false, "response_status": 401, "messages": ["Token expired"] })
    );
    assert_eq!(get().await["result"], true);
}
