//! The control plane: the same verbs for every vendor, its description, and its protection.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod players;

use std::collections::BTreeSet;

use idv_sandbox::{ClockMode, Sandbox};
use players::{Players, URL, vendors};
use serde_json::{Value, json};

async fn players() -> Players {
    Players::start(Sandbox::builder().seed(7).callback(URL)).await
}

/// Returns the members of a schema that a value must have and may have.
fn members(schema: &Value) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let required = schema["required"].as_array().unwrap();
    (
        required.iter().map(|name| name.as_str().unwrap()).collect(),
        schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect(),
    )
}

/// Checks a response against the description of its route.
fn assert_described(description: &Value, method: &str, path: &str, value: &Value) {
    let operation = &description["paths"][path][method];
    let mut schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path}");
    let mut values = vec![value];
    if schema["type"] == "array" {
        schema = &schema["items"];
        values = value.as_array().unwrap().iter().collect();
    }
    if schema["type"] != "object" {
        return;
    }
    let (required, allowed) = members(schema);
    for value in values {
        let names: BTreeSet<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert!(names.is_superset(&required), "{method} {path}: {value}");
        assert!(names.is_subset(&allowed), "{method} {path}: {value}");
    }
}

#[tokio::test]
async fn every_vendor_has_the_same_verbs() {
    let players = players().await;
    let description = players.get("openapi.json").await;
    for vendor in &vendors() {
        let (status, answer) = players.create(vendor, "T-1").await;
        assert!((200..300).contains(&status), "{vendor}: {answer}");
        let facts = players.get(vendor).await;
        assert_described(&description, "get", "/_control/{vendor}", &facts);
        assert_eq!(facts["id"], *vendor);
        let list = players.get(&format!("{vendor}/verifications")).await;
        let path = "/_control/{vendor}/verifications";
        assert_described(&description, "get", path, &list);
        let known = &list["verifications"][0];
        let address = known["ref"].as_str().unwrap();
        assert_eq!(
            address,
            format!("{vendor}/{}", known["id"].as_str().unwrap())
        );
        let id = address.split_once('/').unwrap().1;
        let one = format!("{vendor}/verifications/{id}");
        let before = players.get(&one).await;
        let path = "/_control/{vendor}/verifications/{id}";
        assert_described(&description, "get", path, &before);
        let (status, steps) = players
            .control("POST", &format!("{one}/act"), r#"{"scenario":"happy"}"#)
            .await;
        assert_eq!(status, 200, "{vendor}: {steps}");
        let path = "/_control/{vendor}/verifications/{id}/act";
        assert_described(&description, "post", path, &steps);
        players.seconds(3 * 24 * 3600).await;
        let after = players.get(&one).await;
        assert_ne!(before["state"], after["state"], "{vendor}");
        assert!(after["timeline"].as_array().unwrap().len() > 2, "{vendor}");
    }
    let all = players.get("verifications").await;
    let path = "/_control/verifications";
    assert_described(&description, "get", path, &all);
    assert_eq!(all["total"], 5);
    for path in [
        "",
        "requests",
        "callbacks",
        "requests/1",
        "callbacks/1",
        "faults",
        "mails",
        "health",
    ] {
        let described = path.replace('1', "{number}");
        let value = players.get(path).await;
        assert_described(
            &description,
            "get",
            &format!("/_control/{described}"),
            &value,
        );
    }
}

#[tokio::test]
async fn verifications_are_listed_in_pages() {
    let players = players().await;
    for number in 0..5 {
        players.create("idnow", &format!("T-{number}")).await;
        players.seconds(1).await;
    }
    let mut path = "verifications?limit=2".to_owned();
    let mut ids = Vec::new();
    loop {
        let page = players.get(&path).await;
        assert_eq!(page["total"], 5);
        let known = page["verifications"].as_array().unwrap();
        ids.extend(
            known
                .iter()
                .map(|one| one["reference"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = next.strip_prefix("/_control/").unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(ids, ["T-4", "T-3", "T-2", "T-1", "T-0"]);
    let (status, error) = players.control("GET", "verifications?limit=x", "").await;
    assert_eq!(status, 400, "{error}");
}

#[tokio::test]
async fn described_bodies_are_those_that_are_read() {
    let players = players().await;
    players.create("idnow", "T-1").await;
    let description = players.get("openapi.json").await;
    let mut checked = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(members) = schema["properties"].as_object() else {
                continue;
            };
            let path = path
                .strip_prefix("/_control/")
                .unwrap()
                .replace("{vendor}", "idnow")
                .replace("{id}", "T-1")
                .replace("{number}", "1");
            let (status, error) = players
                .control(
                    &method.to_ascii_uppercase(),
                    &path,
                    r#"{"no_such_member":1}"#,
                )
                .await;
            assert_eq!(status, 400, "{path}: {error}");
            let error = error["error"].as_str().unwrap();
            let expected = error.split_once("expected").unwrap().1;
            let read: BTreeSet<&str> = expected.split('`').skip(1).step_by(2).collect();
            let described: BTreeSet<&str> = members.keys().map(String::as_str).collect();
            assert_eq!(read, described, "{path}: {error}");
            checked += 1;
        }
    }
    assert_eq!(checked, 6);
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let players = players().await;
    players.create("idnow", "T-1").await;
    for (method, path, body, status, expected) in [
        ("GET", "nowhere", "", 404, "GET /_control/ lists the routes"),
        (
            "GET",
            "nowhere/verifications",
            "",
            404,
            "expected one of idnow, ",
        ),
        ("DELETE", "clock", "", 404, "the route has POST"),
        (
            "GET",
            "idnow/verifications/T-2",
            "",
            400,
            "GET /_control/idnow/verifications lists",
        ),
        (
            "POST",
            "idnow/verifications/T-2/act",
            r#"{"scenario":"happy"}"#,
            400,
            "lists them",
        ),
        (
            "POST",
            "idnow/verifications/T-1/act",
            "{}",
            400,
            "scenarios: happy, ",
        ),
        (
            "POST",
            "idnow/verifications/T-1/act",
            r#"{"scenario":"x"}"#,
            400,
            "scenarios: happy, ",
        ),
        (
            "POST",
            "clock",
            "{}",
            400,
            "expected `advance_seconds`, `speed` or `until`",
        ),
        (
            "POST",
            "clock",
            r#"{"until":"then"}"#,
            400,
            "expected `next`",
        ),
        ("POST", "clock", r#"{"speed":1}"#, 400, "in process"),
        ("POST", "callbacks/9/resend", "", 400, "unknown callback 9"),
        ("GET", "callbacks/x", "", 400, "invalid number"),
        (
            "GET",
            "requests/99",
            "",
            400,
            "GET /_control/requests lists them",
        ),
        (
            "GET",
            "requests?after=x",
            "",
            400,
            "expected a whole number",
        ),
        (
            "POST",
            "idnow/trigger",
            r#"{"event":"x","url":"http://localhost/"}"#,
            400,
            "event",
        ),
    ] {
        let (got, error) = players.control(method, path, body).await;
        let text = error["error"].as_str().unwrap_or_default();
        assert_eq!(got, status, "{method} {path}: {error}");
        assert!(text.contains(expected), "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let players = players().await;
    let url = "http://localhost/_control/clock";
    let body = r#"{"advance_seconds":1}"#;
    for (headers, status) in [
        (&[("host", "localhost:7700")][..], 200),
        (&[("host", "gateway.idnow.de")], 200),
        (
            &[
                ("host", "localhost:7700"),
                ("origin", "http://localhost:7700"),
            ],
            200,
        ),
        (
            &[
                ("host", "localhost:7700"),
                ("sec-fetch-site", "same-origin"),
            ],
            200,
        ),
        (
            &[
                ("host", "localhost:7700"),
                ("origin", "http://localhost:3000"),
            ],
            403,
        ),
        (&[("host", "localhost:7700"), ("origin", "null")], 403),
        (
            &[("host", "localhost:7700"), ("sec-fetch-site", "cross-site")],
            403,
        ),
        (&[("host", "attacker.example")], 421),
        (&[("host", "192.0.2.7")], 421),
    ] {
        let (got, answer) = players.send("POST", url, headers, body).await;
        assert_eq!(got, status, "{headers:?}: {answer}");
    }
    let named = Players::start(Sandbox::builder().expose().public_host("sandbox.example")).await;
    for (host, status) in [
        ("sandbox.example", 200),
        ("sandbox", 200),
        ("attacker.example", 421),
    ] {
        let (got, _) = named.send("POST", url, &[("host", host)], body).await;
        assert_eq!(got, status, "{host}");
    }
}

#[tokio::test]
async fn callbacks_can_be_sent_again_and_forged() {
    let players = players().await;
    players.create("idnow", "T-1").await;
    players
        .control(
            "POST",
            "idnow/verifications/T-1/act",
            r#"{"scenario":"happy"}"#,
        )
        .await;
    players.seconds(3 * 24 * 3600).await;
    let seen = || players.received.lock().unwrap().len();
    let before = seen();
    let (_, resent) = players.control("POST", "callbacks/1/resend", "").await;
    assert_eq!(seen(), before + 1, "{resent}");
    let (_, duplicated) = players.control("POST", "callbacks/1/duplicate", "").await;
    assert_eq!(seen(), before + 3);
    assert_eq!(
        duplicated["attempts"].as_array().unwrap().len(),
        resent["attempts"].as_array().unwrap().len() + 2
    );
    let (_, delayed) = players
        .control("POST", "callbacks/1/delay", r#"{"seconds":60}"#)
        .await;
    assert_eq!(
        (seen(), &delayed["attempts"]),
        (before + 3, &duplicated["attempts"])
    );
    players.seconds(59).await;
    assert_eq!(seen(), before + 3);
    players.seconds(1).await;
    assert_eq!(seen(), before + 4);
    let (status, forged) = players.control("POST", "callbacks/1/forge", "").await;
    assert_eq!((status, seen()), (200, before + 5), "{forged}");
    let received = players.received.lock().unwrap();
    let (genuine, forged) = (&received[before], &received[before + 4]);
    assert_eq!(genuine.body(), forged.body());
    let secret = idv_sandbox::CALLBACK_SECRET;
    assert!(genuine.uri().query().unwrap().contains(secret));
    assert!(!forged.uri().query().unwrap().contains(secret));
    let callbacks = players.sandbox.callbacks();
    assert_eq!(callbacks.last().unwrap().state, "forged");
    assert!(
        callbacks
            .iter()
            .all(|callback| !callback.url.contains(secret))
    );
}

#[tokio::test]
async fn delayed_callback_is_sent_once() {
    let players = players().await;
    players.create("idnow", "T-1").await;
    players
        .control(
            "POST",
            "idnow/verifications/T-1/act",
            r#"{"scenario":"rejected"}"#,
        )
        .await;
    while players.sandbox.callbacks().is_empty() {
        // An event that sends nothing yet leaves the callback to come.
        let due = players.sandbox.clock().next_due().unwrap();
        let now = players.sandbox.clock().now();
        players
            .sandbox
            .clock()
            .advance(due.duration_since(now).unsigned_abs())
            .await;
    }
    // The first attempt succeeded, or the vendor's next one is planned.
    let before = players.received.lock().unwrap().len();
    players
        .sandbox
        .delay(1, std::time::Duration::from_secs(3600))
        .unwrap();
    players.seconds(3599).await;
    assert_eq!(players.received.lock().unwrap().len(), before);
    players.seconds(1).await;
    assert_eq!(players.received.lock().unwrap().len(), before + 1);
}

#[tokio::test]
async fn trigger_sends_a_callback_of_each_event() {
    let players = players().await;
    for vendor in &vendors() {
        let facts = players.get(vendor).await;
        let events = facts["events"].as_array().unwrap();
        assert!(!events.is_empty(), "{vendor}");
        for event in events {
            let body = json!({ "event": event["name"], "url": URL }).to_string();
            let before = players.received.lock().unwrap().len();
            let (status, sent) = players
                .control("POST", &format!("{vendor}/trigger"), body)
                .await;
            assert_eq!(status, 200, "{vendor} {event}: {sent}");
            assert_eq!(
                players.received.lock().unwrap().len(),
                before + 1,
                "{vendor} {event}"
            );
            assert_eq!(
                (&sent["vendor"], &sent["kind"]),
                (&json!(vendor), &event["name"])
            );
        }
        assert_eq!(
            players.get(&format!("{vendor}/verifications")).await["total"],
            0
        );
    }
}

#[tokio::test]
async fn clock_can_be_frozen_and_started() {
    let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
    let clock = sandbox.clock();
    assert_eq!(clock.mode(), ClockMode::Frozen);
    let frozen = clock.now();
    clock.set_speed(1_000_000.0).unwrap();
    assert_eq!(clock.mode(), ClockMode::Running);
    clock.set_speed(0.0).unwrap();
    let later = clock.now();
    assert!(later > frozen);
    assert_eq!(clock.now(), later, "a frozen clock stands still");
    assert!(clock.set_speed(f64::NAN).is_err());
    assert!(!clock.advance_to_next().await, "no event is planned");
    sandbox.shutdown().await;
}

#[tokio::test]
async fn values_are_masked_unless_shown() {
    for shows in [false, true] {
        let builder = Sandbox::builder().callback(URL);
        let builder = if shows {
            builder.show_personal_data()
        } else {
            builder
        };
        let players = Players::start(builder).await;
        players.create("idnow", "T-1").await;
        players
            .control(
                "POST",
                "idnow/verifications/T-1/act",
                r#"{"scenario":"happy"}"#,
            )
            .await;
        players.seconds(24 * 3600).await;
        let shown = format!(
            "{}{}",
            players.get("requests/1").await,
            players.get("callbacks/1").await
        );
        for secret in ["Bauer", "exampleApiKey", idv_sandbox::CALLBACK_SECRET] {
            assert_eq!(shown.contains(secret), shows, "{secret}: {shown}");
        }
        assert!(shown.contains("lastname"), "names stay: {shown}");
    }
}
