//! Identity.TM's ambiguous orders: suspicions beside a positive end, signatures without an
//! identification, results without a name, and undocumented codes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_tm::{Tm, order, with};
use serde_json::{Value, json};

const CALL: [u64; 6] = [25, 7, 77, 78, 71, 75];

/// Returns the kinds after the call, and the response of getIdentData.
async fn played(tm: &Tm, product: u64, scenario: &str) -> (Vec<u64>, support::Reply) {
    let id = tm.finished(&order(product), scenario).await;
    (
        tm.kinds(&id).await,
        tm.get(&format!("getIdentData/{id}/IncludeInitialData"))
            .await,
    )
}

#[tokio::test]
async fn suspicion_before_success_shows_only_if_an_agent_flagged() {
    let tm = Tm::start().await;
    let (kinds, result) = played(&tm, 16, "suspicion-then-success").await;
    assert_eq!(kinds, [25, 7, 98, 71, 105, 20_003, 11, 30, 6, 23, 80]);
    assert_eq!(
        (result.status, result.json().get("FraudAttempt")),
        (200, None),
        "autoID flags nothing in the result"
    );
    let (kinds, result) = played(&tm, 12, "suspicion-then-success").await;
    assert_eq!(
        kinds,
        [CALL.as_slice(), &[89, 104, 105, 11, 106, 30, 6, 23, 80]].concat()
    );
    assert_eq!(result.json()["FraudAttempt"], true);
}

#[tokio::test]
async fn suspicion_after_success_flags_the_result() {
    let tm = Tm::start().await;
    for (product, last) in [
        (12, vec![80, 89]),
        (15, vec![84, 80, 89]),
        (16, vec![80, 89]),
    ] {
        let (kinds, result) = played(&tm, product, "success-then-suspicion").await;
        assert!(
            kinds.contains(&6) && kinds.ends_with(&last),
            "product {product}: {kinds:?}"
        );
        assert_eq!(
            (result.status, &result.json()["FraudAttempt"]),
            (200, &json!(true)),
            "product {product}"
        );
    }
}

#[tokio::test]
async fn suspicious_order_has_data_without_success() {
    let tm = Tm::start().await;
    for (product, suspicion) in [(12, 89), (16, 20_003), (0, 89)] {
        let (kinds, result) = played(&tm, product, "suspicion-then-canceled").await;
        assert!(
            kinds.ends_with(&[suspicion, 22]) && !kinds.contains(&6),
            "product {product}: {kinds:?}"
        );
        assert_eq!(result.status, 200, "product {product}: {}", result.text());
        assert_eq!(
            result.json()["IdentData"][0]["Surname"],
            "Mustermann",
            "product {product}"
        );
    }
    let (kinds, result) = played(&tm, 12, "suspicion-alone").await;
    assert_eq!(
        (kinds.last(), result.status),
        (Some(&89), 400),
        "an order that is not final has no result"
    );
}

#[tokio::test]
async fn identification_outlives_aborted_signature() {
    let tm = Tm::start().await;
    let (kinds, result) = played(&tm, 15, "signature-aborted").await;
    assert!(
        kinds.contains(&6) && kinds.last() == Some(&103),
        "{kinds:?}"
    );
    assert_eq!(
        (result.status, &result.json()["IdentData"][0]["Firstname"]),
        (200, &json!("Erika"))
    );
}

#[tokio::test]
async fn identification_outlives_expired_signature() {
    let tm = Tm::start().await;
    let (kinds, result) = played(&tm, 15, "signature-expired").await;
    assert!(
        kinds.contains(&6) && kinds.last() == Some(&100),
        "{kinds:?}"
    );
    assert_eq!(result.status, 404, "a time-out deletes the order");
    let id = tm.order(&order(12)).await;
    assert!(
        tm.sandbox
            .identity_tm()
            .act(&id, "signature-expired")
            .is_err(),
        "there is nothing to sign"
    );
    tm.sandbox
        .identity_tm()
        .configure(|account| account.time_out_days = None)
        .unwrap();
    let id = tm.order(&order(15)).await;
    assert!(
        tm.sandbox
            .identity_tm()
            .act(&id, "signature-expired")
            .is_err(),
        "nothing expires"
    );
}

#[tokio::test]
async fn plain_signature_has_no_identification() {
    let tm = Tm::start().await;
    tm.finished(&with(order(15), "Add", json!(8)), "happy")
        .await;
    let id = tm
        .finished(&with(order(15), "Add", json!(16)), "happy")
        .await;
    let kinds = tm.kinds(&id).await;
    assert!(kinds.contains(&84) && !kinds.contains(&6), "{kinds:?}");
    assert_eq!(tm.get(&format!("getIdentData/{id}")).await.status, 400);
    let documents = tm.get(&format!("getESignPDF/{id}")).await.json();
    assert_eq!(documents["PDFs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn basic_signature_uses_default_of_add() {
    let tm = Tm::start().await;
    let id = tm
        .finished(&with(order(15), "Add", json!(256)), "happy")
        .await;
    let kinds = tm.kinds(&id).await;
    assert!(kinds.contains(&6) && kinds.contains(&84), "{kinds:?}");
}

#[tokio::test]
async fn every_document_and_hash_is_signed() {
    let tm = Tm::start().await;
    let pdf = |name: &str| json!({ "Data": STANDARD.encode(format!("%PDF-1.4\n({name})\n%%EOF\n")), "Filename": name });
    let hash = |name: &str| json!({ "Hash": STANDARD.encode(name), "Filename": name });
    let body = with(
        order(15),
        "eSignPDF",
        json!([pdf("a.pdf"), pdf("b.pdf"), pdf("c.pdf")]),
    );
    let id = tm
        .finished(
            &with(body, "eSignHash", json!([hash("one"), hash("two")])),
            "happy",
        )
        .await;
    let documents = tm.get(&format!("getESignPDF/{id}")).await.json();
    let content = |document: &Value| {
        String::from_utf8(
            STANDARD
                .decode(document["Base64Data"].as_str().unwrap())
                .unwrap(),
        )
        .unwrap()
    };
    let contents: Vec<String> = documents["PDFs"]
        .as_array()
        .unwrap()
        .iter()
        .map(content)
        .collect();
    assert_eq!(contents.len(), 3);
    for (content, name) in contents.iter().zip(["a.pdf", "b.pdf", "c.pdf"]) {
        assert!(
            content.contains(name) && content.contains("signed"),
            "{content}"
        );
    }
    let hashes = tm.get(&format!("getESignHash/{id}")).await.json();
    let names: Vec<_> = hashes["Hashes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|hash| hash.as_object().unwrap().keys().cloned())
        .collect();
    assert_eq!(names, ["one", "two"]);
}

#[tokio::test]
async fn birth_on_filler_date_is_reported() {
    let tm = Tm::start().await;
    let (_, result) = played(&tm, 12, "born-1970").await;
    let result = result.json();
    assert_eq!(
        (
            &result["IdentData"][0]["Type"],
            &result["IdentData"][0]["Birthdate"]
        ),
        (&json!(1), &json!("1970-01-01"))
    );
    assert_eq!(
        result["IdentData"][1]["IDCard"]["ValidUntil"], "1970-01-01",
        "this value is the filler"
    );
}

#[tokio::test]
async fn result_may_name_no_person() {
    let tm = Tm::start().await;
    let (kinds, result) = played(&tm, 12, "no-person").await;
    assert!(kinds.contains(&6), "{kinds:?}");
    assert_eq!(
        (result.status, &result.json()["IdentData"]),
        (200, &json!([]))
    );
    tm.sandbox
        .identity_tm()
        .configure(|account| account.images_in_result = true)
        .unwrap();
    let (_, result) = played(&tm, 12, "no-person").await;
    let data = result.json()["IdentData"].clone();
    assert_eq!(
        data.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Images"]
    );
}

#[tokio::test]
async fn object_with_images_can_contain_both_sets() {
    let tm = Tm::start().await;
    let settings = |account: &mut idv_sandbox::IdentityTmAccount| {
        (account.images_in_result, account.numbered_sets) = (true, true);
    };
    tm.sandbox.identity_tm().configure(settings).unwrap();
    let (_, result) = played(&tm, 12, "happy").await;
    let data = result.json()["IdentData"].clone();
    assert_eq!(
        data.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["0", "1", "Images"]
    );
    assert_eq!(
        (&data["0"]["Type"], &data["1"]["Type"]),
        (&json!(1), &json!(2))
    );
}

#[tokio::test]
async fn unknown_code_comes_from_the_settings() {
    let tm = Tm::start().await;
    for code in [4711, 20_099, 0] {
        tm.sandbox
            .identity_tm()
            .configure(|account| account.unknown_status = code)
            .unwrap();
        let id = tm.finished(&order(12), "unknown-status").await;
        assert_eq!(tm.kinds(&id).await.last(), Some(&u64::from(code)));
    }
}

#[tokio::test]
async fn endings_have_texts_if_configured() {
    let tm = Tm::start().await;
    let text = async |scenario: &str| {
        let id = tm.finished(&order(12), scenario).await;
        tm.get(&format!("getStatus/{id}")).await.json()["Status"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()["Text"]
            .clone()
    };
    assert_eq!(text("rejected").await, Value::Null);
    tm.sandbox
        .identity_tm()
        .configure(|account| account.status_texts = true)
        .unwrap();
    assert_eq!(text("rejected").await, "Ausweis abgelaufen am 01.02.2025");
    assert_eq!(
        text("canceled-in-review").await,
        "Bearbeitung beendet: Angaben nicht prüfbar"
    );
}
