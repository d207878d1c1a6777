//! VerificarIdentidad's emulator beyond the document: its settings, its page, and a response to
//! every call.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod support;
mod verificar_identidad;

use std::path::Path;

use serde_json::{Value, json};
use support::{JSON, send};
use verificar_identidad::{FORM, Vi, basic, request};

/// Pseudo-random numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// The vendor's page.
fn chapter() -> String {
    std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("vendors/verificar-identidad.md"),
    )
    .unwrap()
}

#[tokio::test]
async fn invalid_settings_are_refused() {
    let vi = Vi::start().await;
    let account = vi.control("GET", "account", "").await.json();
    for (name, value) in [
        ("callback_url", json!("https://example.com/reports")),
        ("general_error", json!(-4)),
        ("blocked_status", json!(200)),
        ("certificate_failure_status", json!(99)),
        ("user", json!("a:b")),
        ("user", json!("")),
        ("token", json!("")),
        ("sender", json!("DoceLetras12")),
        ("certificate_type", json!("a\nb")),
        ("no_such_setting", json!(true)),
    ] {
        let mut settings = account.clone();
        settings[name] = value.clone();
        assert_eq!(
            vi.control("PUT", "account", &settings.to_string())
                .await
                .status,
            400,
            "{name}: {value}"
        );
    }
    assert_eq!(vi.control("GET", "account", "").await.json(), account);
    let changed = vi
        .control(
            "PUT",
            "account",
            r#"{"nested":"array","report_format":"multipart"}"#,
        )
        .await
        .json();
    assert_eq!(
        (&changed["nested"], &changed["report_format"]),
        (&json!("array"), &json!("multipart"))
    );
}

#[tokio::test]
async fn page_names_every_setting_scenario_and_route() {
    let (vi, chapter) = (Vi::start().await, chapter());
    let account = vi.control("GET", "account", "").await.json();
    let scenarios = send(
        &vi.base,
        "GET",
        "/_control/verificar-identidad/scenarios",
        &[],
        "",
    )
    .await
    .unwrap()
    .json();
    assert_eq!(scenarios.as_array().unwrap().len(), 17);
    let scenarios = scenarios
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap());
    for name in scenarios.chain(account.as_object().unwrap().keys().map(String::as_str)) {
        assert!(chapter.contains(&format!("`{name}`")), "{name}");
    }
    let id = vi.request(&request()).await;
    let mut routes = 0;
    for line in chapter
        .lines()
        .filter(|line| line.contains(" /_control/verificar-identidad/"))
    {
        let (method, path) = line
            .strip_prefix("- `")
            .unwrap()
            .split_once('`')
            .unwrap()
            .0
            .split_once(' ')
            .unwrap();
        let path = path.replace("{id}", &id).replace("{number}", "34600000001");
        let reply = send(&vi.base, method, &path, &[], "").await.unwrap();
        assert_ne!(reply.status, 404, "{method} {path}");
        assert!(
            serde_json::from_slice::<Value>(&reply.body).is_ok(),
            "{method} {path}: {}",
            reply.text()
        );
        routes += 1;
    }
    assert_eq!(
        routes, 7,
        "as many lines as there are routes, the account's two in one"
    );
}

#[tokio::test]
async fn every_call_is_answered() {
    let vi = Vi::with(|account| account.block_after = 0).await;
    let (right, wrong) = (basic("APIUser", "APIToken"), basic("APIUser", "%"));
    let id = vi.request(&request()).await;
    let mut numbers = Numbers(1);
    let names = [
        "Telefono",
        "Mensaje",
        "Fecha",
        "Dni",
        "Remitente",
        "Resp",
        "Id",
        "",
        "TELEFONO",
        "\u{0130}d",
    ];
    let values = [
        "\"34600000001\"",
        "\"[LINK]\"",
        "\"2026-01-01 01:00\"",
        "\"9999-12-31 23:59\"",
        "\"-001-01-01 00:0\"",
        "\"JSON\"",
        "\"XML\"",
        "\"TXT\"",
        "null",
        "true",
        "-1",
        "1e400",
        "1.5",
        "[]",
        "{}",
        "\"\\u0000\"",
        "\"\u{1F600}\"",
        "\"",
        "\"éé-éé-éé éé:é\"",
        "99999999999999999999999",
    ];
    let queries = [
        "",
        "?Resp=XML",
        "?Id=%ff",
        "?Telefono=34600000001&Resp=JSON",
        "?=&&=",
        "?Fecha=2026-03-29+02:30&Telefono=34600000001",
    ];
    let functions = [
        "VerificarIdentidad",
        "GetCertificadoIdentidad",
        "GetCreditos",
        "",
        "%00",
        "%ff",
        "vi",
    ];
    for round in 0..600 {
        let pairs: Vec<String> = (0..numbers.below(5))
            .map(|_| format!("\"{}\":{}", numbers.one_of(&names), numbers.one_of(&values)))
            .collect();
        let mut body = format!("{{{}}}", pairs.join(",")).into_bytes();
        if numbers.below(4) == 0 && !body.is_empty() {
            let at = numbers.below(body.len());
            body[at] = u8::try_from(numbers.below(256)).unwrap();
        }
        let media_type = if numbers.below(3) == 0 { FORM } else { JSON };
        let authorization = if numbers.below(8) == 0 {
            &wrong
        } else {
            &right
        };
        let target = format!(
            "/{}{}{}",
            numbers.one_of(&["v7/", "", "vi/"]),
            numbers.one_of(&functions),
            numbers.one_of(&queries)
        );
        let method = numbers.one_of(&["POST", "POST", "POST", "GET", "PUT"]);
        let reply = send(
            &vi.base,
            method,
            &target,
            &[media_type, ("Authorization", authorization)],
            &body,
        )
        .await
        .unwrap();
        assert!(
            [200, 404, 405].contains(&reply.status),
            "{round}: {method} {target}: {}",
            reply.status
        );
    }
    vi.seconds(3600).await;
    let ids = vi.sandbox.verificar_identidad().ids();
    assert!(
        ids.contains(&id) && ids.len() > 5,
        "some of it was accepted: {}",
        ids.len()
    );
}
