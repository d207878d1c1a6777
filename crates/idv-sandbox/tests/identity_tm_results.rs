//! Identity.TM's results: getIdentData and its variants (3.3), the PDF (3.4), content encryption (9.4), re-use (7).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use aes_gcm::aead::consts::U23;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInOut as _, AesGcm, KeyInit as _, Nonce, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_tm::{DAY, Tm, order, with};
use serde_json::{Value, json};

const KEY: [u8; 32] = [0x42; 32];

/// Decrypts a body of 9.4 in the documented layout: 23 bytes, the content, 16 bytes.
fn decrypt(sealed: &[u8], key: &[u8; 32]) -> Option<Vec<u8>> {
    let (vector, rest) = sealed.split_first_chunk::<23>()?;
    let (content, tag) = rest.split_last_chunk::<16>()?;
    let mut content = content.to_vec();
    let cipher = AesGcm::<Aes256, U23>::new(key.into());
    let buffer = InOutBuf::from(content.as_mut_slice());
    cipher
        .decrypt_inout_detached(&Nonce::from(*vector), b"", buffer, &Tag::from(*tag))
        .ok()?;
    Some(content)
}

fn with_key(tm: &Tm) {
    tm.sandbox
        .identity_tm()
        .configure(|account| account.encryption_key = Some("42".repeat(32)))
        .unwrap();
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Returns an order with the person's data.
fn detailed() -> Value {
    with(
        order(12),
        "IdentData",
        json!({
            "Firstname": "Erika", "Surname": "Mustermann", "Street": "Heidestr. 17", "ZipCode": "51147", "City": "Köln",
            "Birthdate": "1964-08-12", "Birthplace": "Berlin", "Nationality": "DE"
        }),
    )
}

#[tokio::test]
async fn result_matches_sample_3_3_7() {
    let tm = Tm::start().await;
    let id = tm.finished(&detailed(), "happy").await;
    let result = tm
        .get(&format!("getIdentData/{id}/IncludeInitialData"))
        .await
        .json();
    assert_eq!(
        keys(&result),
        ["Identitfied", "IdentData"],
        "the typo is in the document"
    );
    let (checked, initial) = (&result["IdentData"][0], &result["IdentData"][1]);
    let data = [
        "Firstname",
        "Surname",
        "Street",
        "ZipCode",
        "City",
        "Birthdate",
        "Birthplace",
        "Nationality",
    ];
    let expected: Vec<&str> = ["Type"]
        .into_iter()
        .chain(data)
        .chain(["Gender", "Mobile", "IDCard"])
        .collect();
    assert_eq!(keys(checked), expected);
    assert_eq!(checked["Type"], 1);
    assert_eq!(
        checked["IDCard"],
        json!({
            "CardNo": "T22000129", "PlaceOfIssue": "Stadt Köln", "DateOfIssue": "2020-11-01", "extDocumentType": 1,
            "CountryOfIssue": "DE", "ValidUntil": "2030-10-31", "Type": "IDCard"
        })
    );
    for name in data {
        assert_eq!(checked[name], initial[name], "{name}");
    }
    assert_eq!(initial["Type"], 2);
    assert_eq!(
        initial["IDCard"],
        json!({ "CardNo": null, "PlaceOfIssue": null, "ValidUntil": "1970-01-01" })
    );
}

#[tokio::test]
async fn omitted_data_is_null_or_1970_in_initial_data() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(12), "happy").await;
    let initial = tm
        .get(&format!("getIdentData/{id}/IncludeInitialData"))
        .await
        .json()["IdentData"][1]
        .clone();
    assert_eq!(initial["Birthdate"], "1970-01-01");
    for name in [
        "Firstname",
        "Surname",
        "Street",
        "ZipCode",
        "City",
        "Birthplace",
        "Nationality",
    ] {
        assert_eq!(initial[name], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn variants_combine_in_any_order() {
    let tm = Tm::start().await;
    with_key(&tm);
    let id = tm.finished(&order(12), "happy").await;
    let variants = [
        "IncludeInitialData",
        "IncludeIdentifyMethod",
        "IncludeIdentifier",
        "crypt",
    ];
    for mask in 0..16_u32 {
        let chosen: Vec<&str> = (0..4)
            .filter(|bit| mask >> bit & 1 == 1)
            .map(|bit| variants[bit])
            .collect();
        for path in [
            chosen.join("/"),
            chosen.iter().rev().copied().collect::<Vec<_>>().join("/"),
        ] {
            let reply = tm
                .get(format!("getIdentData/{id}/{path}").trim_end_matches('/'))
                .await;
            assert_eq!(
                reply.header("content-type"),
                Some("application/json"),
                "{path}"
            );
            let body = if mask & 8 == 0 {
                reply.body
            } else {
                decrypt(&reply.body, &KEY).unwrap()
            };
            let result: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(
                result["IdentData"].as_array().unwrap().len(),
                if mask & 1 == 1 { 2 } else { 1 },
                "{path}"
            );
            assert_eq!(
                result.get("IdentifyMethod"),
                (mask & 2 != 0).then_some(&json!("Video")),
                "{path}"
            );
            assert_eq!(
                result.get("Identifier"),
                (mask & 4 != 0).then_some(&json!(1872)),
                "{path}"
            );
        }
    }
    for (path, status) in [
        ("crypt/crypt", 400),
        ("Signed/Signed", 400),
        ("Everything", 404),
        ("crypt/Everything", 404),
    ] {
        assert_eq!(
            tm.get(&format!("getIdentData/{id}/{path}")).await.status,
            status,
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_method_has_its_name() {
    let tm = Tm::start().await;
    for (product, name) in [
        (8, "Shop"),
        (12, "Video"),
        (15, "Video"),
        (0, "eID"),
        (19, "eID"),
        (16, "AutoID"),
    ] {
        let id = tm.finished(&order(product), "happy").await;
        let result = tm
            .get(&format!("getIdentData/{id}/IncludeIdentifyMethod"))
            .await
            .json();
        assert_eq!(result["IdentifyMethod"], name, "product {product}");
        let card = &result["IdentData"][0]["IDCard"];
        assert_eq!(
            card.get("CardNo").is_none(),
            name == "eID",
            "a chip does not contain the number"
        );
        assert_eq!(card.get("eidRestrictedIdentifier").is_some(), name == "eID");
    }
}

#[tokio::test]
async fn account_settings_change_the_form() {
    let tm = Tm::start().await;
    let configure = |change: fn(&mut idv_sandbox::IdentityTmAccount)| {
        tm.sandbox.identity_tm().configure(change).unwrap();
    };
    configure(|account| {
        account.images_in_result = true;
        account.user_ip_in_result = true;
        account.identifier_as_text = true;
    });
    let id = tm.finished(&detailed(), "happy").await;
    let result = tm
        .get(&format!(
            "getIdentData/{id}/IncludeInitialData/IncludeIdentifier"
        ))
        .await
        .json();
    assert_eq!(
        (&result["Identifier"], &result["UserIp"]),
        (&json!("1872"), &json!("203.0.113.7"))
    );
    let data = &result["IdentData"];
    assert_eq!(
        (&data["Type"], &data["Surname"]),
        (&json!(1), &json!("Mustermann")),
        "an object with images, else an array"
    );
    for image in data["Images"].as_array().unwrap() {
        assert_eq!(keys(image), ["Image", "Filename"]);
        assert!(
            STANDARD
                .decode(image["Image"].as_str().unwrap())
                .unwrap()
                .starts_with(b"\xff\xd8\xff")
        );
    }
    configure(|account| account.image_recording = false);
    assert!(tm.get(&format!("getIdentData/{id}")).await.json()["IdentData"].is_array());
}

#[tokio::test]
async fn point_of_sale_order_reports_its_method() {
    let tm = Tm::start().await;
    let body = with(
        with(order(0), "Add", json!(8_388_608)),
        "eIDSettings",
        json!({ "EnableOCR": true, "CaptureImages": true }),
    );
    let id = tm.finished(&body, "happy").await;
    let result = tm.get(&format!("getIdentData/{id}")).await.json();
    assert_eq!(
        (
            &result["OcrStatus"],
            &result["eIdUsed"],
            &result["SecurityCheckFailed"]
        ),
        (&json!(1), &json!(true), &json!(false))
    );
    tm.sandbox
        .identity_tm()
        .configure(|account| account.names_as_printed = true)
        .unwrap();
    let printed = tm.get(&format!("getIdentData/{id}")).await.json();
    assert_eq!(
        (printed.get("eIdUsed"), &printed["eldUsed"]),
        (None, &json!(true))
    );
}

#[tokio::test]
async fn requested_licences_and_attributes_are_reported() {
    let tm = Tm::start().await;
    for (add, card, licence) in [
        (0, true, false),
        (4096, true, true),
        (8192, false, true),
        (4096 + 8192, true, true),
    ] {
        let id = tm
            .finished(&with(detailed(), "Add", json!(add)), "happy")
            .await;
        let data = tm.get(&format!("getIdentData/{id}")).await.json()["IdentData"][0].clone();
        assert_eq!(
            (
                data.get("IDCard").is_some(),
                data.get("DriverLicence").is_some()
            ),
            (card, licence),
            "Add {add}"
        );
    }
    let mut body = detailed();
    body["IdentData"]["Birthname"] = json!("");
    body["IdentData"]["Additional"] = json!({
        "color": { "Type": 1, "Label": "Color", "Value": "red" }, "since": { "Type": 2, "Label": "Since" }
    });
    let id = tm.finished(&body, "happy").await;
    let data = tm.get(&format!("getIdentData/{id}")).await.json()["IdentData"][0].clone();
    assert_eq!(
        data["Birthname"], "Gabler",
        "determined, since it is submitted"
    );
    assert_eq!(
        data["Additional"],
        json!({ "color": "red", "since": "2010-01-11" })
    );
    body["IdentData"]["Birthname"] = Value::Null;
    let id = tm.finished(&body, "happy").await;
    assert_eq!(
        tm.get(&format!("getIdentData/{id}")).await.json()["IdentData"][0].get("Birthname"),
        None
    );
}

#[tokio::test]
async fn corrected_data_differs_from_submitted_data() {
    let tm = Tm::start().await;
    let id = tm.finished(&detailed(), "data-changed").await;
    let data = tm
        .get(&format!("getIdentData/{id}/IncludeInitialData"))
        .await
        .json()["IdentData"]
        .clone();
    let differing: Vec<_> = keys(&data[1])
        .into_iter()
        .filter(|name| {
            !matches!(*name, "Type" | "IDCard" | "Mobile") && data[0][name] != data[1][name]
        })
        .collect();
    assert_eq!(differing, ["Birthdate", "Birthplace"]);
}

#[tokio::test]
async fn only_positive_and_suspicious_orders_have_results() {
    let tm = Tm::start().await;
    for (scenario, status, fraud) in [
        ("happy", 200, None),
        ("fraud", 200, Some(true)),
        ("fraud-in-review", 200, Some(true)),
        ("rejected", 400, None),
        ("canceled-in-review", 400, None),
        ("never-finishes", 400, None),
        ("unknown-status", 400, None),
    ] {
        let id = tm.finished(&order(12), scenario).await;
        for name in ["getIdentData", "getIdentDataPDF"] {
            assert_eq!(
                tm.get(&format!("{name}/{id}")).await.status,
                status,
                "{name} of {scenario}"
            );
        }
        if status == 200 {
            assert_eq!(
                tm.get(&format!("getIdentData/{id}"))
                    .await
                    .json()
                    .get("FraudAttempt"),
                fraud.map(Value::from).as_ref()
            );
        }
    }
    let unsigned = tm.finished(&order(15), "signature-aborted").await;
    assert_eq!(
        tm.get(&format!("getIdentData/{unsigned}")).await.status,
        200,
        "identified, though not signed"
    );
}

#[tokio::test]
async fn pdf_contains_result_if_enabled() {
    let tm = Tm::start().await;
    let id = tm.finished(&detailed(), "happy").await;
    let reply = tm.get(&format!("getIdentDataPDF/{id}")).await;
    assert_eq!(reply.header("content-type"), Some("application/pdf"));
    let has = |text: &[u8]| reply.body.windows(text.len()).any(|window| window == text);
    assert!(reply.body.starts_with(b"%PDF-1.4\n") && reply.body.ends_with(b"%%EOF\n"));
    assert!(has(b"Mustermann") && has(b"T22000129") && has(id.as_bytes()) && has(b"K\xf6ln"));
    // Every object is at the position in the directory.
    let text = String::from_utf8_lossy(
        &reply
            .body
            .iter()
            .map(|byte| byte & 0x7f)
            .collect::<Vec<_>>(),
    )
    .into_owned();
    let start: usize = text
        .split("startxref\n")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(text.get(start..).unwrap().starts_with("xref\n0 6\n"));
    for (number, line) in text
        .get(start..)
        .unwrap()
        .lines()
        .skip(3)
        .take(5)
        .enumerate()
    {
        let offset: usize = line.split(' ').next().unwrap().parse().unwrap();
        assert!(
            text.get(offset..)
                .unwrap()
                .starts_with(&format!("{} 0 obj\n", number + 1))
        );
    }
    tm.sandbox
        .identity_tm()
        .configure(|account| account.result_pdf = false)
        .unwrap();
    assert_eq!(tm.get(&format!("getIdentDataPDF/{id}")).await.status, 400);
}

#[tokio::test]
async fn only_the_shared_key_decrypts() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(12), "happy").await;
    let path = format!("getIdentData/{id}/crypt");
    assert_eq!(tm.get(&path).await.status, 400, "without a key");
    assert!(
        tm.sandbox
            .identity_tm()
            .configure(|account| account.encryption_key = Some("42".into()))
            .is_err()
    );
    with_key(&tm);
    let (one, two) = (tm.get(&path).await, tm.get(&path).await);
    assert_eq!(one.status, 200);
    assert_ne!(one.body[..23], two.body[..23], "a vector is used once");
    let plain = tm.get(&format!("getIdentData/{id}")).await.body;
    assert_eq!(decrypt(&one.body, &KEY).unwrap(), plain);
    assert_eq!(one.body.len(), 23 + plain.len() + 16);
    assert_eq!(decrypt(&one.body, &[0x43; 32]), None, "another key");
    for index in [0, 23, one.body.len() - 1] {
        let mut altered = one.body.clone();
        altered[index] ^= 1;
        assert_eq!(decrypt(&altered, &KEY), None, "byte {index} altered");
    }
    tm.sandbox
        .identity_tm()
        .configure(|account| account.always_encrypted = true)
        .unwrap();
    assert_eq!(
        decrypt(&tm.get(&format!("getIdentData/{id}")).await.body, &KEY).unwrap(),
        plain,
        "without a request"
    );
}

#[tokio::test]
async fn identification_is_reused_to_sign() {
    let tm = Tm::start().await;
    let id = tm.finished(&detailed(), "happy").await;
    let signed = tm.get(&format!("getIdentData/{id}/Signed")).await;
    assert_eq!(signed.status, 200);
    assert!(!signed.text().contains("Mustermann"), "it is encrypted");
    let put = async |product: u64, data: &str| {
        tm.put_order(&with(order(product), "IdentDataSigned", json!(data)))
            .await
            .json()
    };
    let accepted = put(15, signed.text()).await;
    assert_eq!(accepted["SignedDataAccepted"], true);
    let order_id = accepted["OrderID"].as_str().unwrap();
    assert_eq!(
        tm.statuses(order_id).await,
        [(25, 0), (7, 12), (6, 19), (23, 20)]
    );
    tm.run(order_id, "happy").await;
    assert_eq!(
        tm.kinds(order_id).await[4..],
        [101, 102, 83, 71, 84, 80],
        "without another identification"
    );
    let data = tm.get(&format!("getIdentData/{order_id}")).await.json();
    assert_eq!(data["IdentData"][0]["IDCard"]["CardNo"], "T22000129");
    let mut tampered = signed.text().to_owned().into_bytes();
    tampered[40] = if tampered[40] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    for (product, text) in [
        (15, tampered.as_str()),
        (15, "nothing of ours"),
        (12, signed.text()),
    ] {
        let refused = put(product, text).await;
        assert_eq!(refused["SignedDataAccepted"], false);
        let kinds = tm.kinds(refused["OrderID"].as_str().unwrap()).await;
        assert_eq!(kinds, [25, 7], "the person is identified anew");
    }
    let licence = tm
        .finished(&with(detailed(), "Add", json!(8192)), "happy")
        .await;
    let insufficient = tm.get(&format!("getIdentData/{licence}/Signed")).await;
    assert_eq!(
        put(15, insufficient.text()).await["SignedDataAccepted"],
        false,
        "no document"
    );
    tm.seconds(10 * 365 * DAY).await;
    assert_eq!(
        put(15, signed.text()).await["SignedDataAccepted"],
        false,
        "the document is no longer valid"
    );
    let other = tm.finished(&order(12), "happy").await;
    tm.sandbox
        .identity_tm()
        .configure(|account| account.namirial = false)
        .unwrap();
    assert_eq!(
        tm.get(&format!("getIdentData/{other}/Signed")).await.status,
        400
    );
}

#[tokio::test]
async fn verified_phone_is_not_an_identification() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(17), "happy").await;
    let result = tm
        .get(&format!("getIdentData/{id}/IncludeIdentifyMethod"))
        .await
        .json();
    assert_eq!(result.get("IdentifyMethod"), None);
    let data = &result["IdentData"][0];
    assert_eq!(
        (&data["Mobile"], &data["Surname"]),
        (&json!("+491711234567"), &json!("Mustermann"))
    );
    assert_eq!(
        (&data["Birthdate"], data.get("IDCard"), data.get("Gender")),
        (&json!(""), None, None),
        "no agent saw a document"
    );
}

#[tokio::test]
async fn eid_follows_its_settings() {
    let tm = Tm::start().await;
    tm.sandbox
        .identity_tm()
        .configure(|account| account.images_in_result = true)
        .unwrap();
    let plain: (&[&str], bool, bool, bool) = (&[], false, false, false);
    let settings = [
        plain,
        (&["CaptureImages"], false, true, false),
        (&["EnableOCR"], true, true, false),
        (&["VerifyMobileNumber"], false, false, true),
    ];
    for (names, number, images, mobile) in settings {
        let chosen: Value = names
            .iter()
            .map(|name| ((*name).to_owned(), json!(true)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let id = tm
            .finished(&with(order(0), "eIDSettings", chosen), "happy")
            .await;
        assert_eq!(
            tm.statuses(&id).await.contains(&(71, 62)),
            mobile,
            "{names:?}"
        );
        let result = tm
            .get(&format!("getIdentData/{id}/IncludeIdentifier"))
            .await
            .json();
        assert_eq!(result.get("Identifier"), None, "no agent checked it");
        assert_eq!(result["IdentData"].is_object(), images, "{names:?}");
        let data = if images {
            &result["IdentData"]
        } else {
            &result["IdentData"][0]
        };
        assert!(data["IDCard"].get("eidRestrictedIdentifier").is_some());
        for name in ["CardNo", "PlaceOfIssue", "DateOfIssue"] {
            assert_eq!(
                data["IDCard"].get(name).is_some(),
                number,
                "{name} with {names:?}"
            );
        }
        assert_eq!(data.get("Mobile").is_some(), mobile, "{names:?}");
        let recorded = tm.get(&format!("getImages/{id}")).await.json();
        assert_eq!(recorded.get("Images").is_some(), images, "{names:?}");
    }
    let disabled = tm
        .finished(
            &with(order(0), "eIDSettings", json!({ "DisableEID": true })),
            "happy",
        )
        .await;
    assert_eq!(
        tm.get(&format!("getIdentData/{disabled}/IncludeIdentifyMethod"))
            .await
            .json()["IdentifyMethod"],
        "Shop"
    );
}

#[tokio::test]
async fn used_documents_are_reported() {
    let tm = Tm::start().await;
    for (add, document, kind, name) in [
        (0, Value::Null, 1, "IDCard"),
        (4096, Value::Null, 9, "IDCard"),
        (0, json!(["Student card"]), 0, "Student card"),
        (
            4096,
            json!([{ "Document": "Student card" }]),
            8,
            "Student card",
        ),
    ] {
        let id = tm
            .finished(
                &with(
                    with(order(12), "Add", json!(add)),
                    "LegitimationDocument",
                    document,
                ),
                "happy",
            )
            .await;
        let card =
            tm.get(&format!("getIdentData/{id}")).await.json()["IdentData"][0]["IDCard"].clone();
        assert_eq!(
            (&card["extDocumentType"], &card["Type"]),
            (&json!(kind), &json!(name))
        );
    }
}
