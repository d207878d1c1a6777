//! CM.com ID Scan: accepted and refused requests, rule by rule.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod cm_id_scan;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cm_id_scan::{
    Cm, EVERY_TASK, KEY, SECOND, SECRET, assert_refused, body, header, keys, scanned_with, token,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use support::{JSON, send, still};

#[tokio::test]
async fn token_with_sample_credentials_is_accepted() {
    let start = Timestamp::from_second(1_704_067_200).unwrap();
    let sandbox = still().start_time(start).start().await.unwrap();
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjNiNDM4NDM3LTA0YTQtNDBiYi04Mzg5LTU0YmIwMjc2NmZiYSJ9.\
                 eyJpYXQiOjE3MDQwNjcyMDAsIm5iZiI6MTcwNDA2NzIwMCwiZXhwIjoxNzA0MDY3MjYwfQ.\
                 3htbVOTgyRG1ivmF10YTWe14lAj1t9pwB7k1cPN_8ks";
    let bearer = format!("Bearer {token}");
    let base = sandbox.cm_id_scan().base_url();
    let headers = [("Authorization", bearer.as_str()), JSON];
    let reply = send(
        &base,
        "POST",
        "/id-scan/v1/transactions",
        &headers,
        body().to_string(),
    )
    .await
    .unwrap();
    assert_eq!(reply.status, 201, "{}", reply.text());
    assert_eq!(
        (sandbox.cm_id_scan().key_id(), sandbox.cm_id_scan().secret()),
        (KEY, SECRET)
    );
}

#[tokio::test]
async fn every_route_requires_a_bearer_token() {
    let cm = Cm::start().await;
    let basic = format!("Basic {}", STANDARD.encode(format!("{KEY}:{SECRET}")));
    for (method, path) in [
        ("POST", "transactions"),
        ("GET", "transactions/x"),
        ("GET", "transactions/x/results/y"),
        ("GET", "transactions/x/results/y/report"),
        ("GET", "downloads/x"),
        ("POST", "webhooks"),
        ("GET", "no-such-route"),
    ] {
        let target = format!("/id-scan/v1/{path}");
        for headers in [
            vec![JSON],
            vec![JSON, ("Authorization", "Bearer")],
            vec![JSON, ("Authorization", &basic)],
        ] {
            let reply = cm.send(method, &target, &headers, "").await;
            assert_refused(&reply, 401, "Bearer");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        }
    }
    for (method, path) in [
        ("GET", "no-such-route"),
        ("GET", "transactions"),
        ("DELETE", "transactions/x"),
        ("GET", "webhooks"),
    ] {
        assert_refused(&cm.call(method, path, "").await, 404, "route");
    }
    assert_refused(
        &cm.send("POST", "/transactions", &[JSON], "{}").await,
        404,
        "route",
    );
}

#[tokio::test]
async fn each_part_of_a_token_is_checked() {
    let cm = Cm::start().await;
    let (now, good) = (cm.now(), cm.claims());
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        token(&header(KEY), &claims, SECRET)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        token(&header(KEY), &claims, SECRET)
    };
    let fraction =
        |beyond: f64| json!(cm.sandbox.clock().now().as_duration().as_secs_f64() + beyond);
    let signed = token(&header(KEY), &good, SECRET);
    let refused = [
        ("a.b".to_owned(), "not a JWT"),
        ("a.b.c".to_owned(), "JSON"),
        ("abc".to_owned(), "not a JWT"),
        (
            token(&json!({ "alg": "none", "kid": KEY }), &good, SECRET),
            "alg",
        ),
        (
            token(&json!({ "alg": "HS512", "kid": KEY }), &good, SECRET),
            "alg",
        ),
        (
            token(&json!({ "alg": "HS256", "typ": "JWT" }), &good, SECRET),
            "kid",
        ),
        (
            token(
                &header("00000000-0000-0000-0000-000000000000"),
                &good,
                SECRET,
            ),
            "kid",
        ),
        (token(&header(KEY), &good, SECOND.1), "signature"),
        (token(&header(SECOND.0), &good, SECRET), "signature"),
        (
            format!("{}.", signed.rsplit_once('.').unwrap().0),
            "signature",
        ),
        (format!("{signed}="), "signature"),
        (token(&header(KEY), &json!([]), SECRET), "payload"),
        (without("iat"), "iat"),
        (without("nbf"), "nbf"),
        (without("exp"), "exp"),
        (with("iat", json!(now.to_string())), "iat"),
        (with("nbf", json!(now.to_string())), "nbf"),
        (with("exp", json!(60.5)), "expired"),
        (with("exp", fraction(-0.25)), "expired"),
        (with("iat", fraction(0.25)), "not valid yet"),
        (with("exp", fraction(3600.5)), "too long"),
        (with("nbf", json!(true)), "nbf"),
        (with("iat", json!(now + 1)), "not valid yet"),
        (with("nbf", json!(now + 1)), "not valid yet"),
        (with("nbf", json!(now * 1000)), "not valid yet"),
        (with("exp", json!(now)), "expired"),
        (with("exp", json!(now + 3601)), "too long"),
        (with("iat", json!(i64::MIN)), "too long"),
    ];
    for (token, about) in refused {
        assert_refused(
            &cm.with_token(&token, "GET", "transactions/x", "").await,
            401,
            about,
        );
    }
    let accepted = [
        signed,
        with("exp", json!(now + 1)),
        with("exp", json!(now + 3600)),
        with("exp", fraction(0.5)),
        with("iat", json!(now - 1)),
        with("iat", fraction(-0.5)),
        with("nbf", json!(0)),
    ];
    for token in accepted {
        assert_refused(
            &cm.with_token(&token, "GET", "transactions/x", "").await,
            404,
            "transaction",
        );
    }
}

#[tokio::test]
async fn token_lifetime_is_limited_by_the_account() {
    let cm = Cm::start().await;
    let minute = token(&header(KEY), &cm.claims(), SECRET);
    cm.seconds(59).await;
    assert_eq!(
        cm.with_token(&minute, "GET", "transactions/x", "")
            .await
            .status,
        404
    );
    cm.seconds(1).await;
    assert_refused(
        &cm.with_token(&minute, "GET", "transactions/x", "").await,
        401,
        "expired",
    );
    let now = cm.now();
    let early = token(
        &header(KEY),
        &json!({ "iat": now + 5, "nbf": now + 5, "exp": now + 65 }),
        SECRET,
    );
    let long = token(
        &header(KEY),
        &json!({ "iat": now, "nbf": now, "exp": now + 7200 }),
        SECRET,
    );
    for token in [&early, &long] {
        assert_eq!(
            cm.with_token(token, "GET", "transactions/x", "")
                .await
                .status,
            401
        );
    }
    let set = |account: &mut idv_sandbox::CmIdScanAccount| {
        (account.clock_skew_seconds, account.longest_token_seconds) = (5, 7200);
    };
    cm.sandbox.cm_id_scan().configure(set).unwrap();
    for token in [&early, &long] {
        assert_eq!(
            cm.with_token(token, "GET", "transactions/x", "")
                .await
                .status,
            404
        );
    }
}

#[tokio::test]
async fn create_response_matches_the_sample() {
    let cm = Cm::start().await;
    let created = cm.transaction(&body()).await;
    let names = [
        "id",
        "state",
        "tasks",
        "settings",
        "url",
        "locale",
        "mobileOnly",
        "expires",
        "created",
    ];
    assert_eq!(keys(&created), names);
    assert_eq!(
        (
            &created["state"],
            &created["locale"],
            &created["mobileOnly"]
        ),
        (&json!("pending"), &json!("en-US"), &json!(false))
    );
    assert_eq!(created["created"], "2026-01-01T00:00:00+00:00");
    assert_eq!(
        created["expires"], "2026-01-01T01:00:00+00:00",
        "an hour by default"
    );
    assert!(
        cm.target(&created["url"])
            .starts_with("/en-us/identifications/")
    );
    let settings = json!({ "documentScan": {
        "allowedExpiration": 30, "redactFields": ["personal_number", "signature"], "captureSources": ["camera", "file"],
        "level": "advanced", "minimumAge": 16, "maximumAge": 80, "validateFields": ["personal_number"],
        "extractFields": ["document_number", "given_names", "surname"],
    } });
    let full = json!({
        "tasks": EVERY_TASK, "settings": settings, "locale": "nl-NL", "mobileOnly": true, "expiresIn": 86400,
        "returnUrl": "https://bank.example/done", "scanReturnUrl": "http://127.0.0.1:1/scanned",
    });
    let created = cm.transaction(&full).await;
    assert_eq!(
        (&created["settings"], &created["tasks"]),
        (&settings, &json!(EVERY_TASK))
    );
    assert_eq!(
        (&created["locale"], &created["mobileOnly"]),
        (&json!("nl-NL"), &json!(true))
    );
    assert_eq!(created["expires"], "2026-01-02T00:00:00+00:00");
    assert_eq!(cm.sandbox.cm_id_scan().transactions(), 2);
}

#[tokio::test]
async fn only_three_task_combinations_are_valid() {
    let cm = Cm::start().await;
    for tasks in [&EVERY_TASK[..1], &EVERY_TASK[..2], &EVERY_TASK] {
        cm.transaction(&json!({ "tasks": tasks })).await;
    }
    for tasks in [
        json!([]),
        json!(["face_liveness"]),
        json!(["face_match"]),
        json!(["document_scan", "face_match"]),
        json!(["face_liveness", "face_match"]),
        json!(["document_scan", "document_scan"]),
        json!(["document_scan", "nfc"]),
        json!("document_scan"),
        json!([{ "type": "document_scan" }]),
        json!(null),
    ] {
        assert_refused(&cm.create(&json!({ "tasks": tasks })).await, 400, "tasks");
    }
    assert_refused(&cm.create(&json!({})).await, 400, "tasks is required");
}

#[tokio::test]
async fn each_setting_is_validated() {
    let cm = Cm::start().await;
    let top: [(&str, Vec<Value>, Vec<Value>); 5] = [
        (
            "locale",
            vec![json!("en-US"), json!("fr-FR"), json!(null)],
            vec![json!("de-DE"), json!("nl"), json!("NL-nl"), json!(1)],
        ),
        (
            "mobileOnly",
            vec![json!(true), json!(false)],
            vec![json!("true"), json!(1)],
        ),
        (
            "expiresIn",
            vec![json!(3600), json!(86400)],
            vec![
                json!(3599),
                json!(86401),
                json!("3600"),
                json!(3600.5),
                json!(-1),
            ],
        ),
        (
            "returnUrl",
            vec![
                json!("https://bank.example/a?b=c"),
                json!("http://localhost:1/"),
            ],
            vec![
                json!("http://bank.example/"),
                json!("bank.example"),
                json!("javascript:1"),
                json!(1),
            ],
        ),
        (
            "scanReturnUrl",
            vec![json!("https://bank.example/")],
            vec![json!("http://bank.example/"), json!("")],
        ),
    ];
    for (name, accepted, refused) in top {
        let with = |value: &Value| {
            let mut body = body();
            body[name] = value.clone();
            body
        };
        for value in accepted {
            cm.transaction(&with(&value)).await;
        }
        for value in refused {
            assert_refused(&cm.create(&with(&value)).await, 400, name);
        }
    }
    let scan: [(&str, Vec<Value>, Vec<Value>); 8] = [
        (
            "allowedExpiration",
            vec![json!(30), json!(-30), json!(0)],
            vec![json!("30"), json!(1.5), json!(null)],
        ),
        (
            "redactFields",
            vec![json!(["signature"]), json!([])],
            vec![json!("signature"), json!([1]), json!(["Signature!"])],
        ),
        (
            "captureSources",
            vec![json!(["file"]), json!(["camera", "file"])],
            vec![json!([]), json!(["scanner"]), json!("file")],
        ),
        (
            "level",
            vec![json!("advanced")],
            vec![json!("highest"), json!(2)],
        ),
        (
            "minimumAge",
            vec![json!(0), json!(18)],
            vec![json!(-1), json!("18")],
        ),
        ("maximumAge", vec![json!(80)], vec![json!(-80), json!([])]),
        (
            "validateFields",
            vec![json!(["personal_number"])],
            vec![json!(["personal number"]), json!({})],
        ),
        (
            "extractFields",
            vec![json!(["age", "portrait"])],
            vec![json!([""]), json!(true)],
        ),
    ];
    for (name, accepted, refused) in scan {
        for value in accepted {
            cm.transaction(&scanned_with(json!({ name: value }))).await;
        }
        for value in refused {
            assert_refused(
                &cm.create(&scanned_with(json!({ name: value }))).await,
                400,
                name,
            );
        }
    }
    assert_refused(
        &cm.create(&scanned_with(json!({ "minimumAge": 18, "maximumAge": 17 })))
            .await,
        400,
        "maximumAge",
    );
    assert_refused(
        &cm.create(&scanned_with(json!({ "minAge": 18 }))).await,
        400,
        "minAge",
    );
    for settings in [
        json!([]),
        json!({ "faceMatch": {} }),
        json!({ "documentScan": [] }),
    ] {
        assert_refused(
            &cm.create(&json!({ "tasks": EVERY_TASK, "settings": settings }))
                .await,
            400,
            "settings",
        );
    }
}

#[tokio::test]
async fn body_must_be_a_json_object() {
    let cm = Cm::start().await;
    for body in ["{", "[]", "tasks=document_scan"] {
        assert_refused(&cm.call("POST", "transactions", body).await, 400, "JSON");
        assert_refused(&cm.call("POST", "webhooks", body).await, 400, "JSON");
    }
    let bearer = format!("Bearer {}", token(&header(KEY), &cm.claims(), SECRET));
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "text/plain"),
    ];
    for path in ["transactions", "webhooks"] {
        assert_refused(
            &cm.send(
                "POST",
                &format!("/id-scan/v1/{path}"),
                &headers,
                &body().to_string(),
            )
            .await,
            400,
            "content type",
        );
    }
    let mut unknown = body();
    unknown["reference"] = json!("T-1");
    let id = cm.transaction(&unknown).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let view = cm
        .control("GET", &format!("transactions/{id}"), "")
        .await
        .json();
    assert_eq!(
        view["unknown"],
        json!(["reference"]),
        "it is accepted and recorded"
    );
}

#[tokio::test]
async fn other_accounts_transactions_are_not_found() {
    let cm = Cm::start().await;
    let (id, result) = cm.finished(&body(), "happy").await;
    let answer = cm
        .get(&format!("transactions/{id}/results/{result}"))
        .await
        .json();
    let file = cm
        .target(&answer["tasks"][0]["files"][0]["url"])
        .strip_prefix("/id-scan/v1/")
        .unwrap();
    let paths = [
        format!("transactions/{id}"),
        format!("transactions/{id}/results/{result}"),
        format!("transactions/{id}/results/{result}/report"),
        file.to_owned(),
    ];
    for path in &paths {
        assert_eq!(cm.get(path).await.status, 200, "{path}");
        assert_refused(
            &cm.call_as(SECOND, "GET", path, "").await,
            404,
            "there is no such",
        );
    }
}

#[tokio::test]
async fn result_requires_both_ids_by_default() {
    let cm = Cm::start().await;
    let ((first, result), (second, other)) = (
        cm.finished(&body(), "happy").await,
        cm.finished(&body(), "rejected").await,
    );
    for path in [
        format!("transactions/{first}/results/{other}"),
        format!("transactions/{second}/results/{result}"),
        format!("transactions/{first}/results/{first}"),
        format!("transactions/{first}/results/{other}/report"),
    ] {
        assert_refused(&cm.get(&path).await, 404, "result");
    }
    cm.sandbox
        .cm_id_scan()
        .configure(|account| account.results_by_id_alone = true)
        .unwrap();
    let answer = cm
        .get(&format!("transactions/{first}/results/{other}"))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["id"]),
        (200, &json!(second)),
        "the result contains its actual transaction"
    );
    assert_refused(
        &cm.get(&format!("transactions/nothing/results/{other}"))
            .await,
        404,
        "transaction",
    );
}

#[tokio::test]
async fn every_request_is_answered() {
    let cm = Cm::start().await;
    let values = [
        json!("\u{1f600}"),
        json!(["\u{0}"]),
        json!({ "documentScan": { "allowedExpiration": i64::MIN } }),
        json!({ "documentScan": { "minimumAge": i64::MAX } }),
        json!(u64::MAX),
        json!(-1.5e300),
        json!("http://127.0.0.1:99999/"),
    ];
    for name in [
        "tasks",
        "settings",
        "locale",
        "mobileOnly",
        "expiresIn",
        "returnUrl",
        "scanReturnUrl",
        "\u{e9}",
    ] {
        for value in &values {
            let mut body = body();
            body[name] = value.clone();
            let reply = cm.create(&body).await;
            assert!(
                matches!(reply.status, 201 | 400),
                "{name} {value}: {}",
                reply.status
            );
            if let Some(id) = reply.json()["id"].as_str() {
                cm.run(id, "happy").await;
                let result = cm.sandbox.cm_id_scan().result_id(id).unwrap();
                assert_eq!(
                    cm.get(&format!("transactions/{id}/results/{result}"))
                        .await
                        .status,
                    200,
                    "{name} {value}"
                );
            }
        }
    }
    for token in [
        "",
        ".",
        "..",
        "....",
        "é.é.é",
        "e30.e30.",
        "bnVsbA.bnVsbA.bnVsbA",
        "eyJ.eyJ.eyJ",
    ] {
        assert_refused(
            &cm.with_token(token, "GET", "transactions/x", "").await,
            401,
            "",
        );
    }
    for path in [
        "",
        "//",
        "%00",
        "transactions/%ff%fe",
        "transactions/../results/x",
        "downloads/%2F",
        "transactions/x/results/",
    ] {
        assert_eq!(cm.get(path).await.status, 404, "{path}");
    }
}

#[test]
fn page_names_every_setting() {
    let chapter = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/vendors/cm-id-scan.md"
    ))
    .unwrap();
    let account = serde_json::to_value(idv_sandbox::CmIdScanAccount::default()).unwrap();
    for name in keys(&account).into_iter().chain(keys(&account["person"])) {
        assert!(chapter.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn page_names_every_scenario() {
    let chapter = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/vendors/cm-id-scan.md"
    ))
    .unwrap();
    let scenarios = Cm::start()
        .await
        .control("GET", "scenarios", "")
        .await
        .json();
    assert_eq!(scenarios.as_array().unwrap().len(), 18);
    for name in scenarios
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
    {
        assert!(chapter.contains(&format!("| `{name}` |")), "{name}");
    }
}
