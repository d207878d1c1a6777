//! CM.com's ambiguous results: completed without checks, failed in undocumented members, or
//! expired.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod cm_id_scan;
mod support;

use cm_id_scan::{Cm, body, keys, scanned_with};
use serde_json::{Value, json};

/// Returns the fields with this name.
fn fields<'a>(result: &'a Value, name: &str) -> Vec<&'a Value> {
    let fields = result["tasks"][0]["result"].as_array().unwrap();
    fields
        .iter()
        .filter(|field| field["field"] == name)
        .collect()
}

fn expiry(result: &Value) -> (String, String) {
    let field = fields(result, "date_of_expiry")[0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&field["values"][0]["value"]), text(&field["validity"]))
}

#[tokio::test]
async fn face_tasks_can_be_completed_without_a_score() {
    let cm = Cm::start().await;
    let result = cm.result(&body(), "faces-unscored").await;
    assert_eq!(result["tasks"][0]["score"], 0.86);
    for task in [&result["tasks"][1], &result["tasks"][2]] {
        assert_eq!(
            (keys(task), &task["state"]),
            (vec!["type", "state", "attempts"], &json!("completed"))
        );
    }
}

#[tokio::test]
async fn face_tasks_can_fail_in_undocumented_members() {
    let cm = Cm::start().await;
    let result = cm.result(&body(), "faces-denied").await;
    assert_eq!(
        (&result["tasks"][1]["passed"], &result["tasks"][2]["match"]),
        (&json!(false), &json!(false))
    );
    assert!(result["tasks"][1].get("score").is_none() && result["tasks"][2].get("score").is_none());
    assert_eq!(result["tasks"][2]["state"], "completed");
    let id = cm.transaction(&json!({ "tasks": ["document_scan"] })).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for scenario in ["faces-unscored", "faces-denied"] {
        assert!(
            cm.sandbox.cm_id_scan().act(&id, scenario).is_err(),
            "{scenario}: there is no such task"
        );
    }
}

#[tokio::test]
async fn completed_result_can_be_unchecked() {
    let cm = Cm::start().await;
    let result = cm.result(&body(), "unchecked").await;
    for task in result["tasks"].as_array().unwrap() {
        assert!(
            task.get("score").is_none() && task["state"] == "completed",
            "{task}"
        );
    }
    for field in result["tasks"][0]["result"].as_array().unwrap() {
        assert_eq!(
            (&field["validity"], &field["comparison"]),
            (&json!("not_checked"), &json!("not_performed")),
            "{field}"
        );
    }
}

#[tokio::test]
async fn expired_document_can_be_unchecked() {
    let cm = Cm::start().await;
    let result = cm.result(&body(), "expired-unchecked").await;
    assert_eq!(
        expiry(&result),
        ("2015-05-20".to_owned(), "not_checked".to_owned())
    );
}

#[tokio::test]
async fn allowance_covers_an_expired_document_to_its_last_day() {
    let cm = Cm::start().await;
    let allowed = || scanned_with(json!({ "allowedExpiration": 30 }));
    assert_eq!(
        expiry(&cm.result(&allowed(), "expired-allowed").await),
        ("2025-12-02".to_owned(), "valid".to_owned())
    );
    for word in ["invalid", "not_checked", "expired_but_allowed"] {
        cm.sandbox
            .cm_id_scan()
            .configure(|account| account.allowed_expiration_validity = word.to_owned())
            .unwrap();
        assert_eq!(
            expiry(&cm.result(&allowed(), "expired-allowed").await).1,
            word
        );
        assert_eq!(
            expiry(&cm.result(&allowed(), "happy").await).1,
            "valid",
            "a valid document needs no allowance"
        );
    }
    for none in [body(), scanned_with(json!({ "allowedExpiration": -90 }))] {
        let id = cm.transaction(&none).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            cm.sandbox.cm_id_scan().act(&id, "expired-allowed").is_err(),
            "{none}"
        );
    }
}

#[tokio::test]
async fn age_can_be_missing_though_it_is_limited() {
    let cm = Cm::start().await;
    let limited = scanned_with(json!({ "minimumAge": 18 }));
    assert_eq!(fields(&cm.result(&limited, "happy").await, "age").len(), 1);
    let result = cm.result(&limited, "age-missing").await;
    assert_eq!(
        (
            fields(&result, "age").len(),
            fields(&result, "date_of_birth").len()
        ),
        (0, 1)
    );
    let id = cm.transaction(&body()).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        cm.sandbox.cm_id_scan().act(&id, "age-missing").is_err(),
        "there is no limit"
    );
}

#[tokio::test]
async fn image_names_can_have_sides_in_reverse_order() {
    let cm = Cm::start().await;
    let result = cm.result(&body(), "side-b").await;
    let files = result["tasks"][0]["files"].as_array().unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|file| file["name"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        names,
        [
            "Netherlands - Driving License (2022) Side B",
            "Netherlands - Driving License (2022) Side A",
            ""
        ]
    );
    assert_eq!(
        (&files[0]["type"], &files[2]["type"]),
        (&json!("DRIVING_LICENSE"), &json!("portrait"))
    );
    let urls: std::collections::BTreeSet<_> = files
        .iter()
        .map(|file| file["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls.len(), 3);
    for file in files {
        let path = cm
            .target(&file["url"])
            .strip_prefix("/id-scan/v1/")
            .unwrap();
        assert_eq!(cm.get(path).await.status, 200, "{file}");
    }
}

#[tokio::test]
async fn fields_can_have_undocumented_words() {
    let cm = Cm::start().await;
    let result = cm.result(&body(), "unknown-words").await;
    assert_eq!(
        fields(&result, "document_number")[0]["validity"],
        "under_review"
    );
    assert_eq!(fields(&result, "surname")[0]["comparison"], "unclear");
}

#[tokio::test]
async fn unknown_state_comes_from_the_settings() {
    let cm = Cm::start().await;
    cm.sandbox
        .cm_id_scan()
        .configure(|account| account.unknown_status = "archived".to_owned())
        .unwrap();
    let id = cm.transaction(&body()).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    cm.run(&id, "unknown-status").await;
    assert_eq!(cm.state(&id).await, "archived");
    for known in ["", "pending", "completed", "expired"] {
        assert!(
            cm.sandbox
                .cm_id_scan()
                .configure(|account| account.unknown_status = known.to_owned())
                .is_err(),
            "{known}"
        );
    }
}
