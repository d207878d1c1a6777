//! The inspector: requests, the rules that refuse them, and masking.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/page.rs"]
mod support;

use bytes::Bytes;
use http::Request;
use idv_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::json;
use support::Browser;

async fn sandbox() -> Sandbox {
    Sandbox::builder()
        .in_process()
        .seed(1)
        .start()
        .await
        .unwrap()
}

/// Sends a request to create an identification at IDnow, with this key.
async fn create(sandbox: &Sandbox, key: &str) -> u16 {
    let body =
        json!({ "firstname": "Erika", "lastname": "Mustermann", "email": "erika@example.com" });
    let address =
        "http://idnow.localhost/api/v1/ihrebank/identifications/T-1/start?tid=Erika-Tracking";
    let request = Request::post(address)
        .header("content-type", "application/json")
        .header("x-api-key", key)
        .header("x-person", "Erika Mustermann")
        .header("cookie", "session=ErikaSession")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    sandbox.exchange(request).await.unwrap().status().as_u16()
}

/// The values of [`create`] that are personal or secret.
const SECRETS: [&str; 5] = [
    "Erika",
    "Mustermann",
    "example.com",
    "exampleApiKey",
    "ErikaSession",
];

#[tokio::test]
async fn request_is_shown_with_masked_values_unless_wanted() {
    let sandbox = sandbox().await;
    assert_eq!(create(&sandbox, "exampleApiKey").await, 201);
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let masked = browser.get("/_page/requests/1").await;
    for secret in SECRETS {
        assert!(!masked.text.contains(secret), "{secret} in {}", masked.text);
    }
    // The names stay, with the length of each value.
    for shown in [
        "firstname",
        "‹5 characters›",
        "<dt>x-api-key</dt><dd>‹13 characters›</dd>",
        "<dt>x-person</dt><dd>‹16 characters›</dd>",
        "<dt>tid</dt><dd>‹14 characters›</dd>",
        "<dt>content-type</dt><dd>application/json</dd>",
        "The request breaks no rule.",
    ] {
        assert!(masked.text.contains(shown), "{shown} in {}", masked.text);
    }

    let answer = browser.post("/_page/masking", &[("show", "all")]).await;
    assert_eq!(answer.status, 303);
    let clear = browser.get("/_page/requests/1").await;
    for secret in SECRETS {
        assert!(clear.text.contains(secret), "{secret} in {}", clear.text);
    }
    browser.post("/_page/masking", &[("show", "masked")]).await;
    assert!(
        !browser
            .get("/_page/requests/1")
            .await
            .text
            .contains("Erika")
    );
}

#[tokio::test]
async fn option_of_the_start_shows_values_in_clear() {
    let builder = Sandbox::builder().in_process().show_personal_data();
    let sandbox = builder.start().await.unwrap();
    create(&sandbox, "exampleApiKey").await;
    let page = Browser::at(&sandbox, "sandbox.localhost")
        .get("/_page/requests/1")
        .await;
    assert!(page.text.contains("Mustermann") && page.text.contains("are shown"));
}

#[tokio::test]
async fn refused_request_names_its_rule_and_section() {
    let sandbox = sandbox().await;
    assert_eq!(create(&sandbox, "wrong").await, 401);
    let refusal = sandbox.requests()[0].refusal.clone().unwrap();
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let page = browser.get("/_page/requests/1").await;
    let verdict = page.between("id=\"verdict\">Verdict</h2>", "</section>");
    for shown in [
        refusal.rule.name,
        refusal.rule.section,
        refusal.rule.requires,
    ] {
        assert!(verdict.contains(shown), "{shown} in {verdict}");
    }
    // All rules are listed, and one of them is marked.
    let rules = sandbox.vendor("idnow").unwrap().rules();
    assert_eq!(verdict.matches("<li").count(), rules.len());
    assert_eq!(verdict.matches("<strong>Broken: </strong>").count(), 1);

    assert_eq!(create(&sandbox, "exampleApiKey").await, 201);
    let list = browser.get("/_page/requests").await;
    assert!(list.rows()[0].contains("#2") && list.rows()[1].contains("#1"));
    assert!(list.rows()[1].contains(refusal.rule.name));
    let refused = browser.get("/_page/requests?refused=1&vendor=idnow").await;
    assert_eq!(refused.rows().len(), 1);
    assert!(
        browser
            .get("/_page/requests?vendor=cm-id-scan")
            .await
            .rows()
            .is_empty()
    );
}

#[tokio::test]
async fn unknown_path_gets_a_hint_at_the_documented_one() {
    let sandbox = sandbox().await;
    let request = Request::post("http://idnow.localhost/api/v1/ihrebank/logni")
        .body(Bytes::new())
        .unwrap();
    sandbox.exchange(request).await.unwrap();
    let page = Browser::at(&sandbox, "sandbox.localhost")
        .get("/_page/requests/1")
        .await;
    let hint = sandbox.requests()[0].hint.clone().unwrap();
    assert!(hint.contains("/login"), "{hint}");
    assert!(
        page.text
            .contains("The path is not documented; the nearest one is POST "),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn fault_of_a_request_is_shown() {
    let sandbox = sandbox().await;
    sandbox.plan(Fault::new(FaultKind::Html));
    assert_eq!(create(&sandbox, "exampleApiKey").await, 502);
    let page = Browser::at(&sandbox, "sandbox.localhost")
        .get("/_page/requests/1")
        .await;
    assert!(
        page.text
            .contains("A planned fault struck this request: <code>html</code>")
    );
    assert!(!page.text.contains("The request breaks no rule."));
}

#[tokio::test]
async fn view_of_a_verification_lists_its_own_requests() {
    let sandbox = sandbox().await;
    create(&sandbox, "exampleApiKey").await;
    for path in ["T-10/start", "other/start"] {
        let request = Request::post(format!(
            "http://idnow.localhost/api/v1/ihrebank/identifications/{path}"
        ))
        .body(Bytes::new())
        .unwrap();
        sandbox.exchange(request).await.unwrap();
    }
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let page = browser.get("/_page/verifications/idnow/T-1").await;
    assert_eq!(page.rows().len(), 1, "{}", page.text);
    assert!(page.rows()[0].contains("/_page/requests/1"));
    assert!(!page.text.contains("Mustermann"));
}

#[tokio::test]
async fn callback_is_shown_masked_and_sent_again() {
    let received = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&received);
    let sandbox = Sandbox::builder()
        .in_process()
        .callback("http://localhost:1/callback")
        .deliver_callbacks_to(move |request| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let status = if query.contains("token=forged") {
                403
            } else {
                204
            };
            seen.lock().unwrap().push(query);
            async move { http::StatusCode::from_u16(status).ok() }
        })
        .start()
        .await
        .unwrap();
    create(&sandbox, "exampleApiKey").await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    browser
        .post("/_page/verifications/idnow/T-1/scenario/rejected", &[])
        .await;
    browser.post("/_page/clock", &[("move", "day")]).await;
    let sent = received.lock().unwrap().len();
    assert_eq!(sent, sandbox.callbacks().len());
    assert!(sent > 0);

    let list = browser.get("/_page/callbacks").await;
    assert_eq!(list.rows().len(), sent);
    let page = browser.get("/_page/callbacks/1").await;
    assert_eq!(page.status, 200);
    page.assert_secured();
    for secret in SECRETS.into_iter().chain([idv_sandbox::CALLBACK_SECRET]) {
        assert!(!page.text.contains(secret), "{secret} in {}", page.text);
    }
    assert!(
        page.text.contains("http://localhost:1/callback?token=‹")
            && page.text.contains("transactionnumber")
    );

    let back = [("back", "/_page/callbacks/1")];
    assert_eq!(
        browser
            .post("/_page/callbacks/1/resend", &back)
            .await
            .status,
        303
    );
    assert_eq!(received.lock().unwrap().len(), sent + 1);
    browser.post("/_page/callbacks/1/duplicate", &back).await;
    assert_eq!(received.lock().unwrap().len(), sent + 3);
    let forged = browser.post("/_page/callbacks/1/forge", &back).await;
    assert_eq!(
        forged.header("location"),
        Some("/_page/callbacks/1?forged=403")
    );
    let page = browser.get("/_page/callbacks/1?forged=403").await;
    assert!(
        page.text.contains("The client refused it."),
        "{}",
        page.text
    );

    let before = received.lock().unwrap().len();
    browser
        .post("/_page/callbacks/1/delay", &[("seconds", "600")])
        .await;
    assert_eq!(received.lock().unwrap().len(), before);
    browser.post("/_page/clock", &[("move", "hour")]).await;
    assert_eq!(received.lock().unwrap().len(), before + 1);
    for (path, fields, status) in [
        ("/_page/callbacks/1/delay", [("seconds", "x")], 409),
        ("/_page/callbacks/999/resend", [("", "")], 409),
        ("/_page/callbacks/x/resend", [("", "")], 404),
        ("/_page/callbacks/1/other", [("", "")], 404),
    ] {
        assert_eq!(browser.post(path, &fields).await.status, status, "{path}");
    }
    let page = browser.get("/_page/verifications/idnow/T-1").await;
    assert!(page.text.contains("href=\"/_page/callbacks/1\""));
}
