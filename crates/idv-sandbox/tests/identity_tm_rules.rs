//! Identity.TM's putOrder (3.1): the rules between its rows, and getOrdersByRef (3.13).

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
use identity_tm::{Tm, accepted, order, refused, with, without};
use serde_json::{Value, json};

#[tokio::test]
async fn behaviors_add_up_unless_contradictory() {
    let tm = Tm::start().await;
    let body = |add: u64| with(order(15), "Add", json!(add));
    for add in [
        4,
        8,
        128,
        256,
        4096,
        8192,
        4096 + 8192,
        131_072,
        4_194_304,
        8_388_608,
        4 + 256 + 131_072 + 4_194_304,
    ] {
        accepted(&tm, &body(add), &format!("Add {add}")).await;
    }
    for add in [
        4 + 8,
        4 + 16,
        8 + 16,
        128 + 256,
        4_194_304 + 8_388_608,
        1,
        32,
        64,
        1 << 40,
    ] {
        refused(&tm, &body(add), &format!("Add {add}")).await;
    }
}

#[tokio::test]
async fn disabled_functions_are_refused() {
    let tm = Tm::start().await;
    let put = async |order: &Value| {
        tm.call_as(
            "second",
            "secondPassword",
            "PUT",
            "putOrder",
            &order.to_string(),
        )
        .await
        .status
    };
    for (product, status) in [
        (0, 400),
        (8, 202),
        (12, 202),
        (15, 400),
        (16, 400),
        (17, 400),
        (19, 400),
    ] {
        assert_eq!(put(&order(product)).await, status, "product {product}");
    }
    for (add, status) in [
        (4, 400),
        (8, 400),
        (16, 400),
        (128, 400),
        (256, 400),
        (4096, 202),
        (131_072, 202),
    ] {
        assert_eq!(
            put(&with(order(12), "Add", json!(add))).await,
            status,
            "Add {add}"
        );
    }
    let stamped = with(order(15), "eSignPDF.Stamping", json!([{ "Content": "x" }]));
    accepted(&tm, &stamped, "a stamp").await;
    tm.sandbox
        .identity_tm()
        .configure(|account| account.namirial = false)
        .unwrap();
    refused(&tm, &stamped, "eSignPDF.Stamping").await;
}

#[tokio::test]
async fn exclusive_elements_are_refused() {
    let tm = Tm::start().await;
    let url = json!("https://example.com");
    let both = with(
        with(order(12), "WebhookURL.AfterVideo", url.clone()),
        "WebhookURL.AfterIdent",
        url.clone(),
    );
    refused(&tm, &both, "WebhookURL").await;
    accepted(
        &tm,
        &with(order(12), "WebhookURL.AfterIdent", url),
        "WebhookURL",
    )
    .await;
    let places = [
        ("SignaturePosX", json!(1)),
        ("SignatureFieldName", json!("field")),
        ("SignatureTag", json!("Sign here")),
    ];
    for (name, value) in &places {
        let one = with(order(15), &format!("eSignPDF.{name}"), value.clone());
        accepted(&tm, &one, name).await;
        for (other, value) in places.iter().filter(|(other, _)| other != name) {
            refused(
                &tm,
                &with(one.clone(), &format!("eSignPDF.{other}"), value.clone()),
                "eSignPDF",
            )
            .await;
        }
    }
    refused(
        &tm,
        &with(order(12), "eSignTanSmsText", json!("[TAN]")),
        "eSignTanSmsText",
    )
    .await;
}

#[tokio::test]
async fn documents_must_be_unprotected_with_one_tag() {
    let tm = Tm::start().await;
    let body = |pdf: &[u8], tag: Option<&str>| {
        let mut body = with(order(15), "eSignPDF.Data", json!(STANDARD.encode(pdf)));
        if let Some(tag) = tag {
            body["eSignPDF"]["SignatureTag"] = json!(tag);
        }
        body
    };
    refused(
        &tm,
        &body(b"%PDF-1.4\ntrailer << /Encrypt 5 0 R >>", None),
        "eSignPDF.Data",
    )
    .await;
    let compressed = {
        use std::io::Write as _;
        let mut encoder = flate2::write::ZlibEncoder::new(
            b"%PDF-1.4\n<< /Filter /FlateDecode >>\nstream\n".to_vec(),
            flate2::Compression::fast(),
        );
        encoder.write_all(b"BT (Sign here) Tj ET").unwrap();
        encoder.finish().unwrap()
    };
    accepted(&tm, &body(&compressed, Some("Sign here")), "once").await;
    accepted(
        &tm,
        &body(b"%PDF-1.4\n(Sign here)", Some("Sign here")),
        "once",
    )
    .await;
    refused(
        &tm,
        &body(
            &[&compressed[..], b"\n(Sign here)"].concat(),
            Some("Sign here"),
        ),
        "eSignPDF.SignatureTag twice",
    )
    .await;
    refused(
        &tm,
        &body(&compressed, Some("Nowhere")),
        "eSignPDF.SignatureTag never",
    )
    .await;
    accepted(
        &tm,
        &body(b"%PDF-1.4\n/ToUnicode 7 0 R", Some("Sign here")),
        "letters with the font's own codes",
    )
    .await;
}

#[tokio::test]
async fn further_persons_sign_first_orders_documents() {
    let tm = Tm::start().await;
    let first = tm.order(&order(15)).await;
    let further = |first: &str| {
        with(
            without(order(15), "eSignPDF"),
            "MultiSignOptions",
            json!({ "FirstOrderID": first }),
        )
    };
    accepted(&tm, &further(&first), "the first order").await;
    refused(&tm, &further("99920000000000"), "MultiSignOptions").await;
    let video = tm.order(&order(12)).await;
    refused(&tm, &further(&video), "MultiSignOptions").await;
    refused(
        &tm,
        &with(further(&first), "MultiSignOptions", json!({})),
        "MultiSignOptions",
    )
    .await;
    refused(
        &tm,
        &with(further(&first), "eSignPDF", order(15)["eSignPDF"].clone()),
        "MultiSignOptions",
    )
    .await;
    let parameters = |value: Value| with(further(&first), "MultiSignOptions.SignParameters", value);
    let good = json!({
        "Filename": "contract.pdf", "SignaturePosX": 1, "SignaturePosY": 2, "SignatureWidth": 3, "SignatureHeight": 4, "SignaturePage": 1
    });
    let id = tm.order(&parameters(good.clone())).await;
    assert_eq!(tm.view(&id).await["unknown"], json!([]));
    accepted(
        &tm,
        &parameters(json!([{ "Filename": "contract.pdf", "SignatureFieldName": "field" }])),
        "a field",
    )
    .await;
    refused(
        &tm,
        &parameters(json!({ "Filename": "other.pdf" })),
        "MultiSignOptions",
    )
    .await;
    refused(
        &tm,
        &parameters(with(good, "SignatureFieldName", json!("field"))),
        "MultiSignOptions",
    )
    .await;
}

#[tokio::test]
async fn number_of_special_attributes_is_limited() {
    let tm = Tm::start().await;
    let attributes = |count: usize| {
        let detail = |index: usize| (format!("a{index}"), json!({ "Type": 1, "Label": "A" }));
        Value::Object((0..count).map(detail).collect())
    };
    for (product, most) in [(8, 2), (12, 10)] {
        accepted(
            &tm,
            &with(
                order(product),
                "IdentData",
                json!({ "Additional": attributes(most) }),
            ),
            "as many",
        )
        .await;
        refused(
            &tm,
            &with(
                order(product),
                "IdentData",
                json!({ "Additional": attributes(most + 1) }),
            ),
            "IdentData",
        )
        .await;
    }
    let typed = |kind: Value, value: &str| {
        with(
            order(12),
            "IdentData",
            json!({ "Additional": { "a": { "Type": kind, "Label": "A", "Value": value } } }),
        )
    };
    for (kind, value) in [
        (1, "x"),
        (2, "2010-01-11"),
        (3, "true"),
        (4, "DE"),
        (4, "DEU"),
        (2, ""),
    ] {
        accepted(&tm, &typed(json!(kind), value), value).await;
    }
    for (kind, value) in [
        (0, "x"),
        (5, "x"),
        (2, "11.01.2010"),
        (3, "maybe"),
        (4, "XX"),
    ] {
        refused(&tm, &typed(json!(kind), value), "IdentData").await;
    }
}

#[tokio::test]
async fn body_must_be_json_with_its_media_type() {
    let tm = Tm::start().await;
    for body in ["", "[]", "{", "7", "\"x\""] {
        assert_eq!(tm.call("PUT", "putOrder", body).await.status, 400, "{body}");
    }
    let basic = format!("Basic {}", STANDARD.encode("example:examplePassword"));
    let text = order(12).to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let headers = [
            ("Authorization", basic.as_str()),
            ("Content-Type", media_type),
        ];
        let reply = support::send(&tm.base, "PUT", "/api/2.10/putOrder", &headers, &text)
            .await
            .unwrap();
        assert_eq!(reply.status, 400, "{media_type}");
    }
    assert_eq!(
        tm.call("POST", "putOrder", &text).await.status,
        404,
        "only PUT creates"
    );
    assert_eq!(tm.sandbox.identity_tm().orders(), 0);
}

#[tokio::test]
async fn reference_can_repeat_and_is_found() {
    let tm = Tm::start().await;
    let body = with(order(12), "Ref", json!("A-b.1+2"));
    let (one, two) = (tm.order(&body).await, tm.order(&body).await);
    assert_ne!(one, two);
    assert_eq!(
        tm.get("getOrdersByRef/A-b.1+2").await.json(),
        json!([one, two])
    );
    assert_eq!(tm.get("getOrdersByRef/A-b").await.status, 404);
    for wrong in ["A_b", "A%20b", "%C3%A4", ""] {
        assert_eq!(
            tm.get(&format!("getOrdersByRef/{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
    let other = tm
        .call_as(
            "second",
            "secondPassword",
            "GET",
            "getOrdersByRef/A-b.1+2",
            "",
        )
        .await;
    assert_eq!(other.status, 404, "of another account");
    tm.seconds(90 * identity_tm::DAY).await;
    assert_eq!(tm.get("getOrdersByRef/A-b.1+2").await.status, 200);
    tm.seconds(1).await;
    assert_eq!(
        tm.get("getOrdersByRef/A-b.1+2").await.status,
        404,
        "after 90 days"
    );
}
