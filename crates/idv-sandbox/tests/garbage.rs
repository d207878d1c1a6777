//! Every request gets a response, whatever its content: a panic would leave none.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "support/signing.rs"]
mod signing;
mod support;

use support::{JSON, KEY, World, send};

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

#[tokio::test]
async fn every_path_and_body_is_answered() {
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"];
    let segments = [
        "api",
        "v1",
        "ihrebank",
        "testbank",
        "identifications",
        "T-1",
        "T-1.zip",
        "start",
        "login",
        "requestVideoChat",
        "copy",
        "archive",
        "documentdefinitions",
        "documents",
        "doc1",
        "data",
        "signed",
        "assets",
        "certs",
        "userdata",
        "",
        ".",
        "..",
        "%00",
        "%ff%fe",
        "%F0%9F%98%80",
        "%",
        "%2F",
        "a.b.c",
        ".zip",
        "_control",
        "clock",
        "idnow",
        "accounts",
        "act",
        "faults",
        "forge",
        "TST-ABCDE",
    ];
    let queries = [
        "",
        "?",
        "?pending=true",
        "?=&&=",
        "?tid=%ff",
        "?signature=",
        "?timestamp=9999999999999999&signature=é",
        "?a=%",
    ];
    let bodies = [
        "",
        "{}",
        "[]",
        "null",
        "{\"apiKey\":{}}",
        "{\"birthday\":\"ä975-12-2\"}",
        "{\"birthday\":\"\u{1f600}-1-1-1\"}",
        "\u{0}",
        "{\"questions\":{\"\":{\"value\":1e999}}}",
        "{\"questions\":{\"a\":{\"value\":-0}}}",
        "{\"advance_seconds\":0}",
        "{\"name\":\"a\",\"identifier\":\"doc1\",\"mimeType\":\"a/b\",\"sortOrder\":18446744073709551615}",
        "{\"signatures\":{\"a\":{\"position\":{\"page\":\"99999999999999999999\",\"left\":1e999}}}}",
        "{\"target_companyid\":\"\"}",
        "{\"kind\":\"wrong_type\"}",
        "{\"scenario\":\"happy\"}",
        "{\"url\":\"\",\"body\":1}",
        "{\"company\":\"ihrebank\"}",
    ];
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let mut numbers = Numbers(7);
    let world = World::start().await;
    let settings = |account: &mut idv_sandbox::Account| {
        account.e_sign = true;
        account.archiving = true;
    };
    world.sandbox.idnow().configure(settings).unwrap();
    signing::define(&world, serde_json::json!({})).await;
    world.create("T-1", "{}").await;
    let token = world.token().await;
    let headers = [KEY, JSON, ("X-API-LOGIN-TOKEN", token.as_str())];
    for _ in 0..1500 {
        let path: String = (0..numbers.below(7))
            .map(|_| format!("/{}", numbers.one_of(&segments)))
            .collect();
        let target = format!(
            "/{}{}",
            path.trim_start_matches('/'),
            numbers.one_of(&queries)
        );
        let method = numbers.one_of(&methods);
        let body = if numbers.below(20) == 0 {
            deep.as_str()
        } else {
            numbers.one_of(&bodies)
        };
        let answer = send(&world.base, method, &target, &headers, body).await;
        let status = answer
            .unwrap_or_else(|error| panic!("{method} {target} {body:.60}: {error}"))
            .status;
        assert!(
            (200..500).contains(&status),
            "{method} {target} {body:.60}: {status}"
        );
    }
}

#[tokio::test]
async fn extreme_times_are_accepted() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    for seconds in ["0", "18446744073709551615", "18446744073709551615"] {
        let body = format!("{{\"advance_seconds\":{seconds}}}");
        assert_eq!(
            world.control("POST", "clock", &body).await.status,
            200,
            "{seconds}"
        );
    }
    assert_eq!(
        world.create("T-2", "{}").await.status,
        201,
        "the sandbox continues"
    );
    assert_eq!(
        world
            .control(
                "POST",
                "idnow/identifications/T-2/act",
                r#"{"scenario":"happy"}"#
            )
            .await
            .status,
        200
    );
    assert_eq!(
        world
            .control("POST", "clock", r#"{"advance_seconds":1}"#)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn oversized_request_is_refused() {
    let world = World::start().await;
    // One byte too many: the server has read the whole request when it responds, so the connection
    // is not reset.
    let longest = 32 * 1024 * 1024;
    for (length, status) in [(longest, 400), (longest + 1, 413)] {
        let body = vec![b' '; length];
        assert_eq!(
            world
                .send("POST", "/api/v1/ihrebank/login", &[JSON], body)
                .await
                .status,
            status
        );
    }
}
