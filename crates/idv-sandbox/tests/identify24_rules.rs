//! Identify24: accepted and refused requests, rule by rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identify24;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use identify24::{Client, PARTNER, keys, sample, with};
use serde_json::{Value, json};
use support::{JSON, Reply};

/// The headers of a request.
type Headers<'a> = &'a [(&'a str, &'a str)];

/// Checks that a response is a refusal with this status and one message that contains the subject.
#[track_caller]
fn assert_refused(reply: &Reply, status: u16, about: &str) {
    assert_eq!(reply.status, status, "{about}: {}", reply.text());
    let body = reply.json();
    assert_eq!(keys(&body), ["result", "messages"]);
    assert_eq!(body["result"], false);
    assert!(
        body["messages"][0].as_str().unwrap().contains(about),
        "{about}: {body}"
    );
}

#[tokio::test]
async fn partner_and_key_yield_a_token() {
    let client = Client::start().await;
    let identify24 = client.sandbox.identify24();
    let reply = client
        .auth(identify24.partner(), identify24.api_key())
        .await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(
        keys(&body),
        ["result", "response_status", "token", "messages"]
    );
    assert_eq!(
        (&body["response_status"], &body["messages"]),
        (&json!(200), &json!(["Successful.."]))
    );
    let parts: Vec<&str> = body["token"].as_str().unwrap().split('.').collect();
    assert_eq!(parts.len(), 3);
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    assert_eq!(header["typ"], "JWT");
    assert_ne!(
        client.token().await,
        client.token().await,
        "each token differs"
    );
}

#[tokio::test]
async fn authentication_requires_partner_and_key() {
    let client = Client::start().await;
    assert_refused(
        &client.auth("911-internet", "secondApiKey").await,
        401,
        "API key",
    );
    assert_refused(
        &client.auth("nobody", "exampleApiKey").await,
        401,
        "API key",
    );
    for (body, about) in [
        (r#"{"PARTNER":"911-internet"}"#, "APIKEY"),
        (r#"{"APIKEY":"exampleApiKey"}"#, "PARTNER"),
        (
            r#"{"partner":"911-internet","apikey":"exampleApiKey"}"#,
            "PARTNER",
        ),
        (r#"{"PARTNER":911,"APIKEY":"exampleApiKey"}"#, "PARTNER"),
        ("[]", "JSON"),
        ("PARTNER=911-internet", "JSON"),
    ] {
        assert_refused(
            &client.send("POST", "/auth", &[JSON], body).await,
            400,
            about,
        );
    }
    let body = r#"{"PARTNER":"911-internet","APIKEY":"exampleApiKey"}"#;
    assert_refused(
        &client.send("POST", "/auth", &[], body).await,
        400,
        "Content-Type",
    );
    assert_refused(
        &client.send("GET", "/auth", &[JSON], body).await,
        404,
        "method",
    );
}

#[tokio::test]
async fn every_method_requires_its_headers() {
    let client = Client::start().await;
    let token = client.token().await;
    let second = client.auth("second", "secondApiKey").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = client.ident(&sample()).await;
    let (get, body) = (format!("/ident/get/{id}"), sample().to_string());
    let methods = [
        ("POST", "/ident/create", body.as_str()),
        ("GET", get.as_str(), ""),
        ("GET", "/project/getAll", ""),
        ("GET", "/project/get", r#"{"project_id":6}"#),
    ];
    for (method, target, body) in methods {
        let token = ("X-API-TOKEN", token.as_str());
        let refused: [(Headers<'_>, u16, &str); 7] = [
            (&[token, JSON], 401, "X-API-PARTNER"),
            (&[PARTNER, JSON], 401, "X-API-TOKEN"),
            (&[PARTNER, ("X-API-TOKEN", ""), JSON], 401, "X-API-TOKEN"),
            (
                &[PARTNER, ("X-API-TOKEN", "exampleApiKey"), JSON],
                401,
                "token",
            ),
            (&[PARTNER, ("X-API-TOKEN", &second), JSON], 401, "token"),
            (&[PARTNER, token], 400, "Content-Type"),
            (
                &[PARTNER, token, ("Content-Type", "text/plain")],
                400,
                "Content-Type",
            ),
        ];
        for (headers, status, about) in refused {
            assert_refused(
                &client.send(method, target, headers, body).await,
                status,
                about,
            );
        }
        assert_eq!(
            client
                .send(method, target, &[PARTNER, token, JSON], body)
                .await
                .status,
            200,
            "{target}"
        );
    }
    for (method, target) in [
        ("POST", "/project/getAll"),
        ("GET", "/ident/create"),
        ("GET", "/ident/get"),
        ("GET", "/"),
        ("GET", "/x"),
    ] {
        assert_refused(&client.call(method, target, "").await, 404, "method");
    }
}

#[tokio::test]
async fn token_expires_after_30_idle_minutes() {
    let client = Client::start().await;
    let token = client.token().await;
    for _ in 0..4 {
        client.seconds(30 * 60 - 1).await;
        assert_eq!(
            client
                .with_token(&token, "GET", "/project/getAll", "")
                .await
                .status,
            200,
            "it was used"
        );
    }
    client.seconds(30 * 60).await;
    assert_refused(
        &client
            .with_token(&token, "GET", "/project/getAll", "")
            .await,
        401,
        "token",
    );
    let token = client.token().await;
    client.sandbox.identify24().forget_tokens();
    assert_refused(
        &client
            .with_token(&token, "GET", "/project/getAll", "")
            .await,
        401,
        "token",
    );
    let token = client.token().await;
    client.control("DELETE", "tokens", "").await;
    assert_refused(
        &client
            .with_token(&token, "GET", "/project/getAll", "")
            .await,
        401,
        "token",
    );
}

#[tokio::test]
async fn only_documented_attributes_are_required() {
    let client = Client::start().await;
    let required = [
        "project_id",
        "birthday",
        "birth_place",
        "email",
        "gender",
        "person_first_name",
        "person_last_name",
        "mobile_phone",
        "nationality",
        "zip_code",
        "city",
        "country",
    ];
    let body = sample();
    for name in keys(&body) {
        for absent in [None, Some(json!(null)), Some(json!("")), Some(json!(" "))] {
            let mut body = body.clone();
            match &absent {
                Some(value) => body[name] = value.clone(),
                None => drop(body.as_object_mut().unwrap().remove(name)),
            }
            let reply = client.create(&body).await;
            if required.contains(&name) {
                assert_refused(&reply, 400, &format!("{name} is required"));
            } else {
                assert_eq!(reply.status, 200, "{name} {absent:?}: {}", reply.text());
            }
        }
    }
}

#[tokio::test]
async fn each_format_is_validated() {
    let client = Client::start().await;
    let pdf = STANDARD.encode("%PDF-1.7\n%%EOF\n");
    let (no_pdf, other_prefix) = (
        STANDARD.encode("no PDF"),
        format!("data:application/pdf;base64,{pdf}"),
    );
    let cases: [(&str, &[&str], &[&str]); 13] = [
        (
            "birthday",
            &["2000-02-29"],
            &[
                "2001-02-29",
                "05.09.1981",
                "1981-9-5",
                "81-09-05",
                "1981-09-05T00:00:00",
                "19810905",
            ],
        ),
        (
            "id_issue_date",
            &["2021-05-10"],
            &["10.05.2021", "2021-13-01"],
        ),
        ("id_end_date", &["2031-05-09"], &["2031-05-32", "soon"]),
        ("gender", &["MALE", "FEMALE"], &["male", "DIVERSE", "M"]),
        (
            "email",
            &["a@b.example"],
            &[
                "johndoe",
                "@identify24.de",
                "john@",
                "john doe@identify24.de",
            ],
        ),
        (
            "mobile_phone",
            &["+49 151 1111111", "0151/1111-111"],
            &["none", "+49x151111111", "12", "49+151111111"],
        ),
        ("nationality", &["TR"], &["de", "DEU", "XX", "German"]),
        ("country", &["AT"], &["at", "AUT", "ZZ", "Austria"]),
        ("id_country", &["CH"], &["ch", "CHE", "QQ"]),
        (
            "type_of_id",
            &["Personalausweis", "Reisepass"],
            &["PASSPORT", "personalausweis", "Führerschein"],
        ),
        (
            "pdf_url",
            &["http://127.0.0.1/a.pdf"],
            &["a.pdf", "file:///a.pdf", "javascript:1"],
        ),
        (
            "pdf_content",
            &[&pdf],
            &["%PDF-1.4", &no_pdf, &other_prefix, "data:@file/pdf;base64,"],
        ),
        ("person_last_name", &["DOE", "Ünal"], &[]),
    ];
    for (name, accepted, refused) in cases {
        for value in accepted {
            let reply = client.create(&with(name, json!(value))).await;
            assert_eq!(reply.status, 200, "{name} {value}: {}", reply.text());
        }
        for value in refused {
            assert_refused(
                &client.create(&with(name, json!(value))).await,
                400,
                &format!("{name} must be"),
            );
        }
    }
}

#[tokio::test]
async fn body_is_flat_json_of_strings() {
    let client = Client::start().await;
    assert_refused(
        &client
            .create(&with("address", json!({ "city": "Nürnberg" })))
            .await,
        400,
        "flat",
    );
    assert_refused(
        &client.create(&with("city", json!(["Nürnberg"]))).await,
        400,
        "flat",
    );
    assert_refused(
        &client.create(&with("zip_code", json!(94670))).await,
        400,
        "zip_code must be a text",
    );
    assert_refused(
        &client.create(&with("custom1", json!(true))).await,
        400,
        "custom1 must be a text",
    );
    assert_refused(
        &client.create(&with("project_id", json!(-6))).await,
        400,
        "project_id",
    );
    assert_eq!(
        client.create(&with("project_id", json!(6))).await.status,
        200
    );
    for body in ["", "{", "[]", "\"6\""] {
        assert_refused(
            &client.call("POST", "/ident/create", body).await,
            400,
            "JSON",
        );
    }
    let newer = with("company_hrb_number", json!("HRB 12345"));
    let id = client.ident(&newer).await;
    assert_eq!(
        client.view(&id).await["unknown"],
        json!([]),
        "attributes of later versions are known"
    );
}

#[tokio::test]
async fn project_id_can_be_number_or_string() {
    let client = Client::start().await;
    let all = client.call("GET", "/project/getAll", "").await.json();
    assert_eq!(
        keys(&all),
        ["result", "messages", "data", "response_status"]
    );
    assert_eq!(
        all["data"][0],
        json!({ "id": "6", "title": "911 Internet GmbH", "status": "Active" })
    );
    for body in [r#"{"project_id":6}"#, r#"{"project_id":"6"}"#] {
        let one = client.call("GET", "/project/get", body).await.json();
        assert_eq!(
            keys(&one),
            ["result", "messages", "data", "response_status"]
        );
        assert_eq!(
            (&one["data"], &one["response_status"]),
            (&all["data"][0], &json!(200))
        );
    }
    for body in ["{}", r#"{"project_id":null}"#, r#"{"project_id":6.5}"#] {
        assert_refused(
            &client.call("GET", "/project/get", body).await,
            400,
            "project_id",
        );
    }
    assert_refused(&client.call("GET", "/project/get", "").await, 400, "JSON");
    assert_refused(
        &client
            .call("GET", "/project/get", r#"{"project_id":666}"#)
            .await,
        404,
        "project",
    );
}

#[tokio::test]
async fn unknown_inactive_and_foreign_projects_differ() {
    let client = Client::start().await;
    assert_refused(
        &client.create(&with("project_id", json!("666"))).await,
        404,
        "project",
    );
    assert_refused(
        &client.create(&with("project_id", json!("7"))).await,
        402,
        "not active",
    );
    assert_refused(
        &client.create(&with("project_id", json!("8"))).await,
        403,
        "permission",
    );
    assert_refused(
        &client
            .call("GET", "/project/get", r#"{"project_id":8}"#)
            .await,
        403,
        "permission",
    );
    assert_refused(
        &client.get("00000000-0000-0000-0000-000000000000").await,
        404,
        "ident",
    );
    assert_eq!(
        client.sandbox.identify24().idents(),
        0,
        "nothing was created"
    );
    let id = client.ident(&sample()).await;
    let token = client.auth("second", "secondApiKey").await.json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let headers = [
        ("X-API-PARTNER", "second"),
        ("X-API-TOKEN", token.as_str()),
        JSON,
    ];
    assert_refused(
        &client
            .send("GET", &format!("/ident/get/{id}"), &headers, "")
            .await,
        403,
        "permission",
    );
}

#[tokio::test]
async fn every_request_is_answered() {
    let client = Client::start().await;
    let token = client.token().await;
    let texts = [
        "\u{1f600}-1-1",
        "ä975-12-2",
        "-0001-01-01",
        "99999-01-01",
        "2026-13-45",
        "@",
        "+",
        "data:@file/pdf;base64,",
        "\u{0}",
    ];
    for name in keys(&sample()) {
        for text in texts {
            let body = with(name, json!(text)).to_string();
            let reply = client
                .with_token(&token, "POST", "/ident/create", &body)
                .await;
            assert!(
                matches!(reply.status, 200 | 400 | 404),
                "{name} {text}: {}",
                reply.status
            );
        }
    }
    for body in [
        "\u{0}",
        "nul",
        "{\"project_id\":1e999}",
        "{\"project_id\":-0}",
        "{\"PARTNER\":\"\",\"APIKEY\":{}}",
    ] {
        for (method, target) in [
            ("POST", "/auth"),
            ("POST", "/ident/create"),
            ("GET", "/project/get"),
        ] {
            assert_refused(
                &client.with_token(&token, method, target, body).await,
                400,
                "",
            );
        }
    }
    for target in [
        "//",
        "/%00",
        "/%ff%fe",
        "/ident/get/%",
        "/ident/get/..",
        "/ident/get/\u{e9}",
        "/apply/%2F",
        "/apply/a/b",
    ] {
        assert_eq!(
            client.with_token(&token, "GET", target, "").await.status,
            404,
            "{target}"
        );
    }
}

#[tokio::test]
async fn page_names_every_scenario() {
    let readme = include_str!("../vendors/identify24.md");
    let scenarios = Client::start()
        .await
        .control("GET", "scenarios", "")
        .await
        .json();
    assert_eq!(scenarios.as_array().unwrap().len(), 12);
    for name in scenarios
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
    {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn page_names_every_setting_and_status() {
    let chapter = include_str!("../vendors/identify24.md");
    let account = serde_json::to_value(idv_sandbox::Identify24Account::default()).unwrap();
    for name in keys(&account).into_iter().chain(keys(&account["statuses"])) {
        assert!(chapter.contains(&format!("`{name}`")), "{name}");
    }
    for status in account["statuses"].as_object().unwrap().values() {
        assert!(
            chapter.contains(&format!("`{}`", status["word"].as_str().unwrap())),
            "{status}"
        );
    }
}
