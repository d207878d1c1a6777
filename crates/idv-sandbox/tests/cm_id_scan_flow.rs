//! CM.com ID Scan: a transaction from its creation to its result.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod cm_id_scan;
mod support;

use cm_id_scan::{Cm, EVERY_TASK, assert_refused, body, keys, scanned_with};
use idv_sandbox::SandboxError;
use jiff::civil::date;
use serde_json::{Value, json};
use support::Receiver;

/// Returns the first field of a result with this name.
fn field<'a>(result: &'a Value, name: &str) -> &'a Value {
    let fields = result["tasks"][0]["result"].as_array().unwrap();
    fields
        .iter()
        .find(|field| field["field"] == name)
        .unwrap_or_else(|| panic!("{name}: {result}"))
}

/// Returns the names of a result's fields.
fn names(result: &Value) -> Vec<&str> {
    result["tasks"][0]["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field"].as_str().unwrap())
        .collect()
}

/// Returns the scores of a result's tasks.
fn scores(result: &Value) -> Vec<f64> {
    result["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["score"].as_f64().unwrap())
        .collect()
}

#[tokio::test]
async fn transaction_is_created_completed_and_fetched() {
    let cm = Cm::start().await;
    let created = cm
        .transaction(
            &json!({ "tasks": EVERY_TASK, "returnUrl": "https://bank.example/done?a=b%26c" }),
        )
        .await;
    let (id, page) = (created["id"].as_str().unwrap(), cm.target(&created["url"]));
    assert_eq!(cm.send("GET", page, &[], "").await.status, 200);
    assert_refused(
        &cm.get(&format!("transactions/{id}/results/nothing")).await,
        404,
        "result",
    );
    assert_eq!(cm.sandbox.cm_id_scan().result_id(id), None);
    cm.run(id, "happy").await;
    let result = cm.sandbox.cm_id_scan().result_id(id).unwrap();
    let back = cm.send("GET", page, &[], "").await;
    let place = format!("https://bank.example/done?a=b%26c&trxid={id}&resultid={result}");
    assert_eq!(
        (back.status, back.header("location")),
        (302, Some(place.as_str()))
    );
    let answer = cm
        .get(&format!("transactions/{id}/results/{result}"))
        .await
        .json();
    assert_eq!(keys(&answer), ["id", "state", "tasks"]);
    assert_eq!(
        (&answer["id"], &answer["state"]),
        (&json!(id), &json!("completed"))
    );
    assert_eq!(
        keys(&answer["tasks"][0]),
        ["type", "state", "attempts", "score", "result", "files"]
    );
    assert_eq!(scores(&answer), [0.86, 0.97, 0.93]);
    let number = json!({
        "field": "document_number", "validity": "valid", "comparison": "match", "locale": null,
        "values": [{ "source": "mrz", "value": "NX12VB345" }, { "source": "visual", "value": "NX12VB345" }],
    });
    assert_eq!(field(&answer, "document_number"), &number);
    let given: Vec<_> = answer["tasks"][0]["result"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|field| field["field"] == "given_names")
        .collect();
    assert_eq!(
        given[0]["values"],
        json!([{ "source": "mrz", "value": "SANNE MARIA" }])
    );
    assert_eq!(
        (&given[1]["locale"], &given[1]["values"][0]["source"]),
        (&json!("nl-NL"), &json!("visual"))
    );
    assert!(
        matches!(
            cm.sandbox.cm_id_scan().act(id, "happy"),
            Err(SandboxError::Refused(_))
        ),
        "it is over"
    );
}

#[tokio::test]
async fn return_urls_depend_on_the_device() {
    let cm = Cm::start().await;
    let (plain, scanned) = (
        cm.transaction(&body()).await,
        cm.transaction(
            &json!({ "tasks": ["document_scan"], "scanReturnUrl": "https://bank.example/scanned", "locale": "fr-FR" }),
        )
        .await,
    );
    for transaction in [&plain, &scanned] {
        cm.run(transaction["id"].as_str().unwrap(), "happy").await;
        assert_eq!(
            cm.send("GET", cm.target(&transaction["url"]), &[], "")
                .await
                .status,
            200
        );
    }
    let by_phone = format!("{}/scan", cm.target(&scanned["url"]));
    assert_eq!(
        cm.send("GET", &by_phone, &[], "").await.header("location"),
        Some("https://bank.example/scanned")
    );
    assert!(by_phone.starts_with("/fr-fr/"));
    assert_eq!(
        cm.send(
            "GET",
            &format!("{}/scan", cm.target(&plain["url"])),
            &[],
            ""
        )
        .await
        .status,
        200
    );
    for nowhere in [
        "/en-us/identifications/nothing",
        "/en-us/identifications",
        "/",
        &by_phone.replace("fr-fr", "en-us"),
    ] {
        assert_eq!(
            cm.send("GET", nowhere, &[], "").await.status,
            404,
            "{nowhere}"
        );
    }
}

#[tokio::test]
async fn details_list_files_while_pending() {
    let cm = Cm::start().await;
    let id = cm
        .transaction(&scanned_with(
            json!({ "level": "advanced", "captureSources": ["file"] }),
        ))
        .await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let before = cm.get(&format!("transactions/{id}")).await.json();
    assert_eq!(
        keys(&before),
        ["id", "state", "created", "expires", "completed", "tasks"]
    );
    assert_eq!(
        (&before["completed"], &before["tasks"][0]["documentScans"]),
        (&json!(null), &json!([]))
    );
    assert_eq!(keys(&before["tasks"][1]), ["type", "state", "attempts"]);
    cm.run(&id, "never-finishes").await;
    let details = cm.get(&format!("transactions/{id}")).await.json();
    let task = &details["tasks"][0];
    assert_eq!(
        keys(task),
        [
            "type",
            "state",
            "level",
            "attempts",
            "attemptsInvoiced",
            "documentScans"
        ]
    );
    assert_eq!(
        (&task["state"], &task["level"], &task["attempts"]),
        (&json!("pending"), &json!("advanced"), &json!(1))
    );
    let scan = &task["documentScans"][0];
    assert_eq!(
        keys(scan),
        ["created", "code", "score", "source", "linked", "files"]
    );
    assert_eq!(
        (&scan["code"], &scan["source"]),
        (
            &json!("front_side_provided_back_side_required"),
            &json!("file")
        )
    );
    let types: Vec<_> = scan["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["raw_document_image", "passport", "portrait"]);
    let file = cm
        .target(&scan["files"][2]["url"])
        .strip_prefix("/id-scan/v1/")
        .unwrap();
    let image = cm.get(file).await;
    assert_eq!(
        (image.status, image.header("content-type")),
        (200, Some("image/jpeg"))
    );
    assert!(image.body.starts_with(b"\xFF\xD8\xFF"));
    cm.seconds(3600).await;
    let expired = cm.get(&format!("transactions/{id}")).await.json();
    assert_eq!(
        (
            &expired["state"],
            &expired["tasks"][0]["documentScans"][0]["files"]
        ),
        (&json!("expired"), &json!([]))
    );
    assert_refused(&cm.get(file).await, 404, "file");
}

#[tokio::test]
async fn each_scenario_ends_in_its_state_with_events() {
    let scenarios: [(&str, &str, &[&str]); 10] = [
        ("happy", "completed", &["completed"]),
        ("data-changed", "completed", &["completed"]),
        ("rejected", "completed", &["completed"]),
        ("fraud", "completed", &["completed"]),
        ("fraud-in-review", "completed", &["completed"]),
        ("aborted-then-success", "completed", &["completed"]),
        ("canceled-in-review", "expired", &["expired"]),
        ("expired", "expired", &["expired"]),
        ("never-finishes", "pending", &[]),
        ("unknown-status", "on_hold", &["on_hold"]),
    ];
    for (scenario, state, told) in scenarios {
        let (cm, hooks) = (Cm::start().await, Receiver::start().await);
        cm.call(
            "POST",
            "webhooks",
            &json!({ "url": hooks.url, "events": ["transaction.state.updated"] }).to_string(),
        )
        .await;
        let id = cm.transaction(&body()).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        cm.run(&id, scenario).await;
        assert_eq!(cm.state(&id).await, state, "{scenario}");
        let received = hooks.received();
        let states: Vec<_> = received
            .iter()
            .map(|hook| hook.body["transaction"]["state"].as_str().unwrap())
            .collect();
        assert_eq!(states, told, "{scenario}");
        let has_result = received
            .iter()
            .any(|hook| hook.body["transaction"]["resultId"].is_string());
        assert_eq!(has_result, state == "completed", "{scenario}");
    }
    let cm = Cm::start().await;
    let id = cm.transaction(&body()).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        cm.sandbox
            .cm_id_scan()
            .act(&id, "no-such-scenario")
            .is_err()
    );
    assert!(
        cm.sandbox
            .cm_id_scan()
            .act("no-such-transaction", "happy")
            .is_err()
    );
}

#[tokio::test]
async fn completed_is_not_success() {
    let cm = Cm::start().await;
    let changed = cm.result(&body(), "data-changed").await;
    let surname = field(&changed, "surname");
    assert_eq!(surname["comparison"], "mismatch");
    assert_ne!(
        surname["values"][0]["value"]
            .as_str()
            .unwrap()
            .to_lowercase(),
        surname["values"][1]["value"]
            .as_str()
            .unwrap()
            .to_lowercase()
    );
    assert_eq!(
        field(&cm.result(&body(), "rejected").await, "document_number")["validity"],
        "invalid"
    );
    assert_eq!(
        scores(&cm.result(&body(), "fraud").await),
        [0.86, 0.97, 0.12]
    );
    assert_eq!(
        scores(&cm.result(&body(), "fraud-in-review").await),
        [0.86, 0.12, 0.93]
    );
    let document = json!({ "tasks": ["document_scan"] });
    for scenario in ["fraud", "fraud-in-review"] {
        assert_eq!(
            scores(&cm.result(&document, scenario).await),
            [0.12],
            "other accounts do not find it"
        );
    }
    let retried = cm.result(&body(), "aborted-then-success").await;
    assert_eq!(
        (
            &retried["tasks"][0]["attempts"],
            &retried["tasks"][1]["attempts"]
        ),
        (&json!(2), &json!(1))
    );
}

#[tokio::test]
async fn settings_select_checks_and_fields() {
    let cm = Cm::start().await;
    let all = cm.result(&body(), "happy").await;
    assert!(!names(&all).contains(&"age"));
    assert_eq!(field(&all, "personal_number")["validity"], "not_checked");
    let aged = cm
        .result(&scanned_with(json!({ "minimumAge": 35, "maximumAge": 35, "validateFields": ["personal_number"] })), "happy")
        .await;
    assert_eq!(
        field(&aged, "age"),
        &json!({
            "field": "age", "validity": "valid", "comparison": "not_performed", "locale": null,
            "values": [{ "source": "mrz", "value": "35" }],
        })
    );
    assert_eq!(field(&aged, "personal_number")["validity"], "valid");
    for limits in [json!({ "minimumAge": 36 }), json!({ "maximumAge": 34 })] {
        assert_eq!(
            field(&cm.result(&scanned_with(limits), "happy").await, "age")["validity"],
            "invalid"
        );
    }
    let few = cm
        .result(
            &scanned_with(json!({ "extractFields": ["age", "surname"] })),
            "happy",
        )
        .await;
    assert_eq!(names(&few), ["surname", "surname", "age"]);
    assert_eq!(field(&few, "age")["validity"], "not_checked");
    let files = few["tasks"][0]["files"].as_array().unwrap();
    assert_eq!((files.len(), &files[0]["url"]), (1, &json!(null)));
    let images = cm
        .result(
            &scanned_with(json!({ "extractFields": ["document_image"] })),
            "happy",
        )
        .await;
    assert_eq!(images["tasks"][0]["files"].as_array().unwrap().len(), 2);
    assert!(images["tasks"][0]["files"][0]["url"].is_string());
    let portrait = cm
        .result(
            &scanned_with(json!({ "extractFields": ["portrait"] })),
            "happy",
        )
        .await;
    assert_eq!(
        (
            &portrait["tasks"][0]["files"][0]["url"],
            &portrait["tasks"][0]["files"][1]["type"]
        ),
        (&json!(null), &json!("portrait"))
    );
}

#[tokio::test]
async fn expired_document_is_invalid_beyond_allowance() {
    let cm = Cm::start().await;
    // Virtual time is 1 January 2026.
    let cases = [
        (date(2026, 1, 1), 0, "valid"),
        (date(2025, 12, 31), 0, "invalid"),
        (date(2025, 12, 2), 30, "valid"),
        (date(2025, 12, 1), 30, "invalid"),
        (date(2026, 1, 31), -30, "valid"),
        (date(2026, 1, 30), -30, "invalid"),
    ];
    for (expiry, allowed, validity) in cases {
        cm.sandbox
            .cm_id_scan()
            .configure(|account| account.person.date_of_expiry = expiry)
            .unwrap();
        let result = cm
            .result(
                &scanned_with(json!({ "allowedExpiration": allowed })),
                "happy",
            )
            .await;
        assert_eq!(
            field(&result, "date_of_expiry")["validity"],
            validity,
            "{expiry} {allowed}"
        );
    }
}

#[tokio::test]
async fn files_and_reports_expire_as_configured() {
    let cm = Cm::start().await;
    cm.sandbox
        .cm_id_scan()
        .configure(|account| {
            (account.result_files_seconds, account.image_length) = (Some(7200), 5000);
        })
        .unwrap();
    let (id, result) = cm.finished(&body(), "happy").await;
    let answer = cm
        .get(&format!("transactions/{id}/results/{result}"))
        .await
        .json();
    let file = cm
        .target(&answer["tasks"][0]["files"][0]["url"])
        .strip_prefix("/id-scan/v1/")
        .unwrap();
    assert_eq!(cm.get(file).await.body.len(), 5000);
    let report = |kind: &str| format!("transactions/{id}/results/{result}/report{kind}");
    for kind in ["", "?type=simple", "?type=extended"] {
        let pdf = cm.get(&report(kind)).await;
        assert_eq!(
            (pdf.status, pdf.header("content-type")),
            (200, Some("application/pdf")),
            "{kind}"
        );
        assert!(pdf.body.starts_with(b"%PDF-"));
        let shows_person = pdf.body.windows(9).any(|window| window == b"Voorbeeld");
        assert_eq!(
            shows_person,
            kind == "?type=extended",
            "the simple one has no documents"
        );
    }
    assert_refused(&cm.get(&report("?type=full")).await, 400, "type");
    cm.seconds(3600).await;
    assert_eq!(cm.get(&report("")).await.status, 200);
    assert_refused(&cm.get(&report("?type=extended")).await, 404, "expired");
    assert_eq!(cm.state(&id).await, "completed", "it stays");
    assert_eq!(cm.get(file).await.status, 200);
    cm.seconds(3600).await;
    assert_refused(&cm.get(file).await, 404, "file");
    assert_eq!(
        cm.get(&format!("transactions/{id}/results/{result}"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn control_plane_acts_and_shows_no_personal_data() {
    let cm = Cm::start().await;
    let id = cm.transaction(&body()).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        cm.control("GET", "transactions", "").await.json(),
        json!([id])
    );
    let steps = cm
        .control(
            "POST",
            &format!("transactions/{id}/act"),
            r#"{"scenario":"happy"}"#,
        )
        .await
        .json();
    cm.seconds(
        steps.as_array().unwrap().last().unwrap()["after_seconds"]
            .as_u64()
            .unwrap(),
    )
    .await;
    let view = cm
        .control("GET", &format!("transactions/{id}"), "")
        .await
        .json();
    assert_eq!(
        (&view["state"], &view["done"]),
        (&json!("completed"), &json!(EVERY_TASK))
    );
    assert_eq!(
        view["result_id"].as_str().map(str::to_owned),
        cm.sandbox.cm_id_scan().result_id(&id)
    );
    assert!(!view.to_string().contains("Voorbeeld"));
    assert_eq!(
        cm.control(
            "POST",
            &format!("transactions/{id}/act"),
            r#"{"scenario":"happy"}"#
        )
        .await
        .status,
        400
    );
    assert_eq!(
        cm.control("GET", "transactions/nothing", "").await.status,
        400
    );
    assert_eq!(cm.control("GET", "nothing", "").await.status, 404);
    let key = cm.sandbox.cm_id_scan().key_id();
    let mut account = cm
        .control("GET", &format!("accounts/{key}"), "")
        .await
        .json();
    account["person"]["surname"] = json!("Ander");
    assert_eq!(
        cm.control("PUT", &format!("accounts/{key}"), &account.to_string())
            .await
            .status,
        200
    );
    assert_eq!(
        field(&cm.result(&body(), "happy").await, "surname")["values"][0]["value"],
        "ANDER"
    );
    account["secret"] = json!("");
    assert_eq!(
        cm.control("PUT", &format!("accounts/{key}"), &account.to_string())
            .await
            .status,
        400
    );
    assert_eq!(
        cm.control("PUT", "accounts/another", &account.to_string())
            .await
            .status,
        400
    );
    assert_eq!(cm.control("GET", "accounts/another", "").await.status, 400);
}
