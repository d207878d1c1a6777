//! Identify24: an ident from its creation to its end, its webhooks and responses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identify24;
mod support;

use identify24::{Client, keys, sample, with};
use serde_json::json;
use support::Receiver;

const DAY: u64 = 24 * 3600;

/// Identify24 with a receiver of webhooks.
async fn hooked() -> (Client, Receiver) {
    let (client, hooks) = (Client::start().await, Receiver::start().await);
    client
        .sandbox
        .identify24()
        .configure(|account| account.callback_url = Some(hooks.url.clone()))
        .unwrap();
    (client, hooks)
}

/// Returns the statuses of the webhooks, in order.
fn words(hooks: &Receiver) -> Vec<String> {
    hooks
        .received()
        .iter()
        .map(|received| received.body["status"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn ident_is_created_conducted_and_read() {
    let (client, hooks) = hooked().await;
    let created = client.create(&sample()).await.json();
    assert_eq!(
        keys(&created),
        ["result", "messages", "ident_id", "conference_url"]
    );
    assert_eq!(
        (&created["result"], &created["messages"]),
        (&json!(true), &json!([]))
    );
    let (id, url) = (
        created["ident_id"].as_str().unwrap(),
        created["conference_url"].as_str().unwrap(),
    );
    assert_eq!(url, format!("{}/apply/{id}", client.base));
    let page = client.send("GET", &format!("/apply/{id}"), &[], "").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    assert_eq!(client.status(id).await, "Unidentified");
    client.run(id, "happy").await;
    assert_eq!(words(&hooks), ["InReview", "Identified"]);
    assert_eq!(client.status(id).await, "Identified");
    assert!(
        client.sandbox.identify24().act(id, "happy").is_err(),
        "it is finished"
    );
    assert_eq!(client.sandbox.identify24().idents(), 1);
}

#[tokio::test]
async fn webhook_matches_documented_payload() {
    let (client, hooks) = hooked().await;
    client
        .sandbox
        .identify24()
        .configure(|account| account.appointment_minutes = Some(60))
        .unwrap();
    let id = client.ident(&sample()).await;
    client.run(&id, "rejected").await;
    let received = hooks.received();
    assert_eq!(received.len(), 1);
    assert!(
        received[0].head.starts_with("post /callback http/1.1"),
        "{}",
        received[0].head
    );
    assert!(
        received[0].head.contains("content-type: application/json"),
        "{}",
        received[0].head
    );
    let expected = json!({
        "ident_id": id, "status_id": "6", "status": "Rejected", "project_id": "6", "custom_id": "Optional",
        "company_name": "Optional", "first_name": "John", "last_name": "Doe", "custom1": "custom1", "custom2": "custom2",
        "custom3": "custom3", "custom4": "custom4", "agent_notes": null, "reject_reason": "DOCUMENT_NOT_VALID",
        "agent_name": "Erika Beispiel", "appointment_date": "2026-01-01 02:00",
    });
    assert_eq!(received[0].body, expected);
}

#[tokio::test]
async fn ident_matches_the_sample_in_german_time() {
    let client = Client::start().await;
    client
        .sandbox
        .identify24()
        .configure(|account| account.appointment_minutes = Some(24 * 60 + 14))
        .unwrap();
    let id = client.ident(&sample()).await;
    let answer = client.get(&id).await.json();
    assert_eq!(
        keys(&answer),
        ["result", "messages", "data"],
        "without response_status, as in the sample"
    );
    let expected = json!({
        "id": id, "project_id": "6", "person_first_name": "John", "person_last_name": "Doe", "custom_id": "Optional",
        "custom1": "custom1", "custom2": "custom2", "custom3": "custom3", "custom4": "custom4", "status": "Unidentified",
        "created_at": "01-01-2026 01:00:00", "appointment_date": "2026-01-02 01:14",
    });
    assert_eq!(answer["data"], expected);
    client.seconds(181 * DAY).await;
    let summer = client.ident(&sample()).await;
    assert_eq!(
        client.get(&summer).await.json()["data"]["created_at"],
        "01-07-2026 02:00:00"
    );
    let mut body = sample();
    body.as_object_mut()
        .unwrap()
        .retain(|name, _| !name.starts_with("custom"));
    let bare = client.ident(&body).await;
    assert_eq!(
        client.get(&bare).await.json()["data"]["custom_id"],
        json!(null),
        "omitted values"
    );
}

#[tokio::test]
async fn each_scenario_sends_webhooks_in_order() {
    let scenarios: [(&str, &[&str]); 10] = [
        ("happy", &["InReview", "Identified"]),
        ("data-changed", &["InReview", "Identified"]),
        ("rejected", &["Rejected"]),
        ("fraud", &["FraudSuspected", "Rejected"]),
        ("fraud-in-review", &["InReview", "Rejected"]),
        (
            "aborted-then-success",
            &["Aborted", "InReview", "Identified"],
        ),
        ("canceled-in-review", &["InReview", "Canceled"]),
        ("expired", &["Expired"]),
        ("never-finishes", &["InReview"]),
        ("unknown-status", &["EscalatedToPartner"]),
    ];
    for (scenario, expected) in scenarios {
        let (client, hooks) = hooked().await;
        let id = client.ident(&sample()).await;
        client.run(&id, scenario).await;
        assert_eq!(words(&hooks), expected, "{scenario}");
        if scenario == "expired" {
            assert_eq!(
                client.get(&id).await.status,
                404,
                "the ident's life is over"
            );
            continue;
        }
        assert_eq!(
            client.status(&id).await,
            *expected.last().unwrap(),
            "{scenario}"
        );
    }
    let client = Client::start().await;
    let id = client.ident(&sample()).await;
    assert!(
        client
            .sandbox
            .identify24()
            .act(&id, "no-such-scenario")
            .is_err()
    );
    assert!(
        client
            .sandbox
            .identify24()
            .act("no-such-ident", "happy")
            .is_err()
    );
}

#[tokio::test]
async fn corrected_name_is_in_webhook_and_response() {
    let (client, hooks) = hooked().await;
    let id = client.ident(&sample()).await;
    client.run(&id, "data-changed").await;
    let told = hooks.received().pop().unwrap().body;
    assert_eq!(
        (&told["last_name"], &told["first_name"]),
        (&json!("Doe-BEISPIEL"), &json!("John"))
    );
    assert_eq!(
        told["agent_notes"],
        "person_last_name corrected by the document"
    );
    assert_eq!(
        client.get(&id).await.json()["data"]["person_last_name"],
        "Doe-BEISPIEL"
    );
}

#[tokio::test]
async fn unfinished_ident_expires_after_90_days_with_webhook() {
    let (client, hooks) = hooked().await;
    let (open, done) = (client.ident(&sample()).await, client.ident(&sample()).await);
    client.run(&done, "rejected").await;
    client.seconds(90 * DAY - 7 * 60 - 1).await;
    assert_eq!(client.status(&open).await, "Unidentified");
    client.seconds(1).await;
    assert_eq!(words(&hooks), ["Rejected", "Expired"]);
    assert_eq!(hooks.received()[1].body["ident_id"], json!(open));
    for id in [&open, &done] {
        assert_eq!(client.get(id).await.status, 404);
        assert_eq!(
            client
                .send("GET", &format!("/apply/{id}"), &[], "")
                .await
                .status,
            404
        );
        assert!(client.view(id).await["gone"].as_bool().unwrap());
        assert!(client.sandbox.identify24().act(id, "happy").is_err());
    }
}

#[tokio::test]
async fn new_scenario_replaces_the_previous_one() {
    let (client, hooks) = hooked().await;
    let id = client.ident(&sample()).await;
    client
        .sandbox
        .identify24()
        .act(&id, "fraud-in-review")
        .unwrap();
    client.seconds(8 * 60).await;
    client.run(&id, "happy").await;
    client.seconds(DAY).await;
    assert_eq!(words(&hooks), ["InReview", "InReview", "Identified"]);
}

#[tokio::test]
async fn webhook_is_retried_after_1_5_and_30_minutes() {
    let (client, hooks) = hooked().await;
    hooks.will_answer([500, 302, 0, 404]);
    let id = client.ident(&sample()).await;
    client.run(&id, "rejected").await;
    let mut tries = Vec::new();
    for wait in [59, 1, 299, 1, 1799, 1, DAY] {
        client.seconds(wait).await;
        tries.push(hooks.received().len());
    }
    assert_eq!(tries, [1, 2, 2, 3, 3, 4, 4]);
    assert_eq!(client.sandbox.callbacks()[0].state, "given_up");
    hooks.will_answer([503, 204]);
    let id = client.ident(&sample()).await;
    client.run(&id, "rejected").await;
    client.seconds(DAY).await;
    assert_eq!(hooks.received().len(), 6);
    assert_eq!(client.sandbox.callbacks()[1].state, "delivered");
}

#[tokio::test]
async fn statuses_come_from_the_account() {
    let (client, hooks) = hooked().await;
    let mut account = client
        .control("GET", "accounts/911-internet", "")
        .await
        .json();
    account["statuses"] = json!({ "identified": { "id": "200", "word": "Successful" } });
    let set = client
        .control("PUT", "accounts/911-internet", &account.to_string())
        .await;
    assert_eq!(set.status, 200, "{}", set.text());
    let id = client.ident(&sample()).await;
    client.run(&id, "happy").await;
    assert_eq!(words(&hooks), ["InReview", "Successful"]);
    assert_eq!(hooks.received()[1].body["status_id"], "200");
    account["statuses"] = json!({ "identified": { "id": "200", "word": "EscalatedToPartner" } });
    assert_eq!(
        client
            .control("PUT", "accounts/911-internet", &account.to_string())
            .await
            .status,
        400,
        "it stays unknown"
    );
    account["statuses"] = json!({ "no_such_step": { "id": "200", "word": "Successful" } });
    assert_eq!(
        client
            .control("PUT", "accounts/911-internet", &account.to_string())
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn control_plane_acts_and_sets_statuses() {
    let (client, hooks) = hooked().await;
    let mut body = with("middle_name", json!("A"));
    body["birth_place"] = json!("Berlin");
    let id = client.ident(&body).await;
    assert_eq!(
        client.control("GET", "idents", "").await.json(),
        json!([id])
    );
    let set = client
        .control(
            "POST",
            &format!("idents/{id}/status"),
            r#"{"id":"99","word":"Anything"}"#,
        )
        .await;
    assert_eq!(set.status, 200, "{}", set.text());
    client.seconds(0).await;
    assert_eq!(words(&hooks), ["Anything"]);
    let acted = client
        .control(
            "POST",
            &format!("idents/{id}/act"),
            r#"{"scenario":"rejected","reason":"TOO_DARK"}"#,
        )
        .await;
    let steps = acted.json();
    client
        .seconds(
            steps.as_array().unwrap().last().unwrap()["after_seconds"]
                .as_u64()
                .unwrap(),
        )
        .await;
    assert_eq!(hooks.received()[1].body["reject_reason"], "TOO_DARK");
    let view = client.view(&id).await;
    assert_eq!(
        view["not_uppercase"],
        json!([
            "birth_place",
            "person_first_name",
            "person_last_name",
            "street",
            "city"
        ])
    );
    assert_eq!(
        (&view["unknown"], &view["finished"]),
        (&json!(["middle_name"]), &json!(true))
    );
    assert_eq!(view["statuses"].as_array().unwrap().len(), 3);
    assert!(!view.to_string().contains("Doe"), "no personal data");
    assert_eq!(
        client
            .control(
                "POST",
                &format!("idents/{id}/act"),
                r#"{"scenario":"happy"}"#
            )
            .await
            .status,
        400
    );
    assert_eq!(
        client.control("GET", "idents/nothing", "").await.status,
        400
    );
    assert_eq!(client.control("GET", "nothing", "").await.status, 404);
    assert_eq!(
        client.control("GET", "accounts/nobody", "").await.status,
        400
    );
    assert_eq!(
        client
            .control("PUT", "accounts/second", r#"{"partner":"911-internet"}"#)
            .await
            .status,
        400
    );
    let abroad = client
        .sandbox
        .identify24()
        .configure(|account| account.callback_url = Some("https://example.com/".into()));
    assert!(abroad.is_err());
}
