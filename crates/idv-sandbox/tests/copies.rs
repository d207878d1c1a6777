//! Copies in other accounts, archiving, and the tracking id of a form: sections 8.3.5, 8.3.6 and
//! 6.1.3.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::{JSON, Reply, World};

/// Returns a finished identification of an account that may copy to the other one, and archive.
async fn finished() -> World {
    let world = World::start().await;
    let settings = |account: &mut idv_sandbox::Account| {
        account.copies_to = vec!["testbank".to_owned()];
        account.archiving = true;
    };
    world.sandbox.idnow().configure(settings).unwrap();
    world.finish("T-1", "happy").await;
    world
}

async fn post(world: &World, path: &str, body: &str) -> Reply {
    let token = world.token().await;
    let target = format!("/api/v1/ihrebank/identifications{path}");
    world
        .send(
            "POST",
            &target,
            &[("X-API-LOGIN-TOKEN", &token), JSON],
            body,
        )
        .await
}

/// Sends a request of the other company.
async fn ask_testbank(world: &World, method: &str, rest: &str) -> Reply {
    let login = world
        .send(
            "POST",
            "/api/v1/testbank/login",
            &[JSON],
            r#"{"apiKey":"testbankApiKey"}"#,
        )
        .await
        .json();
    let token = ("X-API-LOGIN-TOKEN", login["authToken"].as_str().unwrap());
    world
        .send(
            method,
            &format!("/api/v1/testbank/identifications{rest}"),
            &[token],
            "",
        )
        .await
}

async fn listed(world: &World) -> usize {
    world.ask("GET", "").await.json()["identifications"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn copy_is_the_result_in_another_account() {
    let world = finished().await;
    let copied = post(
        &world,
        "/T-1/copy",
        r#"{"target_companyid":"testbank","target_transactionnumber":"123456"}"#,
    )
    .await;
    assert_eq!(
        (copied.status, copied.header("content-type")),
        (201, Some("application/json; charset=utf-8"))
    );
    let body = copied.json();
    let id = body["id"].as_str().unwrap();
    assert!(
        id.starts_with("XKH-") && id.len() == 9 && body.as_object().unwrap().len() == 1,
        "{body}"
    );
    let (mut original, mut copy) = (
        world.ask("GET", "/T-1").await.json(),
        ask_testbank(&world, "GET", "/123456").await.json(),
    );
    let process = copy["identificationprocess"].as_object().unwrap();
    assert_eq!(
        (&process["id"], &process["transactionnumber"]),
        (&json!(id), &json!("123456"))
    );
    assert_eq!(process["companyid"], "testbank");
    assert_eq!(
        process["href"],
        "/api/v1/testbank/identifications/123456.zip"
    );
    assert_eq!(
        process["identificationtime"],
        original["identificationprocess"]["identificationtime"]
    );
    for result in [&mut original, &mut copy] {
        result["identificationprocess"].take();
        result["attachments"].take();
    }
    assert_eq!(original, copy, "the person is the same");
    // The copy and the original are independent.
    assert_eq!(world.ask("DELETE", "/T-1").await.status, 200);
    assert_eq!(ask_testbank(&world, "GET", "/123456.zip").await.status, 200);
    world.seconds(91 * 24 * 3600).await;
    assert_eq!(ask_testbank(&world, "GET", "/123456").await.status, 404);
}

#[tokio::test]
async fn copy_keeps_transaction_number_by_default() {
    let world = finished().await;
    let body = r#"{"target_companyid":"testbank","target_transactionnumber":null}"#;
    assert_eq!(post(&world, "/T-1/copy", body).await.status, 201);
    assert_eq!(ask_testbank(&world, "GET", "/T-1").await.status, 200);
    post(&world, "/T-1/copy", body)
        .await
        .assert_failure(409, "EXISTING_IDENTIFICATION");
}

#[tokio::test]
async fn copy_requires_permission() {
    let world = finished().await;
    for company in ["ihrebank", "nobody", ""] {
        let body =
            json!({ "target_companyid": company, "target_transactionnumber": "2" }).to_string();
        post(&world, "/T-1/copy", &body)
            .await
            .assert_failure(403, "FORBIDDEN");
    }
    assert_eq!(
        world.sandbox.idnow().identifications(),
        1,
        "nothing was copied"
    );
    let target = "/api/v1/ihrebank/identifications/T-1/copy";
    let body = r#"{"target_companyid":"testbank"}"#;
    world
        .send("POST", target, &[JSON], body)
        .await
        .assert_failure(401, "INVALID_LOGIN_TOKEN");
}

#[tokio::test]
async fn body_of_a_copy_is_checked() {
    let world = finished().await;
    let bad = |key: &str| {
        let message = format!("Please provide a correct value for ‘{key}’");
        (
            400,
            (
                "BAD_REQUEST".to_owned(),
                Some(key.to_owned()),
                Some(message),
            ),
        )
    };
    for (body, key) in [
        (json!({}), "target_companyid"),
        (json!({ "target_companyid": 7 }), "target_companyid"),
        (
            json!({ "target_companyid": "testbank", "target_transactionnumber": "a b" }),
            "target_transactionnumber",
        ),
        (
            json!({ "target_companyid": "testbank", "target_transactionnumber": 1 }),
            "target_transactionnumber",
        ),
        (
            json!({ "target_companyid": "testbank", "target_transactionnumber": "a".repeat(256) }),
            "target_transactionnumber",
        ),
    ] {
        let reply = post(&world, "/T-1/copy", &body.to_string()).await;
        assert_eq!((reply.status, reply.error()), bad(key), "{body}");
    }
    let unknown = post(
        &world,
        "/T-1/copy",
        r#"{"target_companyid":"testbank","company":"x"}"#,
    )
    .await;
    assert_eq!(
        (unknown.status, unknown.error()),
        (
            400,
            (
                "UNRECOGNIZED_FIELD".to_owned(),
                Some("company".to_owned()),
                None
            )
        )
    );
    post(&world, "/T-1/copy", "[]")
        .await
        .assert_failure(400, "UNPARSEABLE_JSON");
    assert_eq!(world.sandbox.idnow().identifications(), 1);
}

#[tokio::test]
async fn only_finished_identifications_are_copied_or_archived() {
    let world = finished().await;
    world.create("T-2", "{}").await;
    world.finish("T-3", "never-finishes").await;
    let body = r#"{"target_companyid":"testbank"}"#;
    for unfinished in ["T-2", "T-3"] {
        for action in ["copy", "archive"] {
            let reply = post(&world, &format!("/{unfinished}/{action}"), body).await;
            reply.assert_failure(412, "PRECONDITION_FAILED");
        }
    }
    for action in ["copy", "archive"] {
        post(&world, &format!("/T-9/{action}"), body)
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
    }
}

#[tokio::test]
async fn archived_identification_is_readable_but_not_listed() {
    let world = finished().await;
    assert_eq!(listed(&world).await, 1);
    let archived = post(&world, "/t-1/archive", "").await;
    assert_eq!((archived.status, archived.body.len()), (200, 0));
    assert_eq!(listed(&world).await, 0);
    post(&world, "/T-1/archive", "")
        .await
        .assert_failure(412, "PRECONDITION_FAILED");
    assert_eq!(world.ask("GET", "/T-1").await.status, 200);
    assert_eq!(world.ask("DELETE", "/T-1").await.status, 200);
    post(&world, "/T-1/archive", "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
}

#[tokio::test]
async fn archiving_must_be_enabled() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    post(&world, "/T-1/archive", "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(listed(&world).await, 1);
    let world = finished().await;
    post(&world, "/archive", "")
        .await
        .assert_failure(400, "MISSING_TRANSACTION_TOKEN");
    let reply = world
        .send(
            "POST",
            "/api/v1/ihrebank/identifications/T-1/archive",
            &[JSON],
            "",
        )
        .await;
    reply.assert_failure(401, "INVALID_LOGIN_TOKEN");
    assert_eq!(listed(&world).await, 1);
}

#[tokio::test]
async fn tracking_id_of_form_is_in_the_result() {
    let world = World::start().await;
    let tracked = async |transaction: &str| -> Value {
        world.ask("GET", &format!("/{transaction}")).await.json()["identificationprocess"]["trackingid"].take()
    };
    // The form was opened before the identification existed, with its number in another case; and
    // for an existing one.
    world
        .send("GET", "/ihrebank/userdata/t-1?tid=spring", &[], "")
        .await;
    world.finish("T-1", "happy").await;
    assert_eq!(tracked("T-1").await, "spring");
    world.create("T-2", "{}").await;
    world
        .send("GET", "/ihrebank/userdata/T-2?tid=summer", &[], "")
        .await;
    world.finish("T-3", "happy").await;
    world.sandbox.idnow().act("T-2", "happy").unwrap();
    world.seconds(3600).await;
    assert_eq!(
        (tracked("T-2").await, tracked("T-3").await),
        (json!("summer"), Value::Null)
    );
}
