//! Times that a client generates by its own clock when virtual time differs, and the `Date` of
//! responses.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod cm_id_scan;
mod support;

use std::time::Duration;

use bytes::Bytes;
use cm_id_scan::{Cm, KEY, SECRET, header, token};
use hmac::{Hmac, KeyInit as _, Mac as _};
use idv_sandbox::Sandbox;
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;
use support::{World, still};

/// The client's clock: the initial virtual time, which it keeps.
fn wall() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Starts a sandbox whose virtual time begins with the client's clock.
async fn sandbox() -> Sandbox {
    still().wall_clock(wall).start().await.unwrap()
}

/// Returns a token that the client issues by its own clock for a minute, as in the document's
/// example.
fn minute() -> String {
    let now = wall().as_second();
    token(
        &header(KEY),
        &json!({ "iat": now, "nbf": now, "exp": now + 60 }),
        SECRET,
    )
}

/// Returns a link that the client signs by its own clock.
fn link() -> String {
    link_at(wall().as_millisecond(), 1)
}

fn link_at(milliseconds: i64, number: u32) -> String {
    let signed =
        format!("/v1/ihrebank/start?timestamp={milliseconds}&transactionnumber=T-{number}");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"exampleApiKey").unwrap();
    mac.update(signed.as_bytes());
    format!(
        "{signed}&signature={}",
        hex::encode(mac.finalize().into_bytes())
    )
}

#[tokio::test]
async fn token_by_clients_clock_is_accepted_after_advance() {
    let sandbox = sandbox().await;
    let cm = Cm {
        base: sandbox.cm_id_scan().base_url(),
        sandbox,
    };
    for advance in [0, 120, 3600, 90 * 24 * 3600] {
        cm.seconds(advance).await;
        let reply = cm
            .with_token(
                &minute(),
                "POST",
                "transactions",
                r#"{"tasks":["document_scan"]}"#,
            )
            .await;
        assert_eq!(reply.status, 201, "after {advance} s: {}", reply.text());
    }
    let virtual_time = token(&header(KEY), &cm.claims(), SECRET);
    assert_eq!(
        cm.with_token(&virtual_time, "GET", "transactions/x", "")
            .await
            .status,
        404,
        "virtual time confirms it as well"
    );
    cm.sandbox
        .cm_id_scan()
        .configure(|account| account.strict_clock = true)
        .unwrap();
    let refused = cm.with_token(&minute(), "GET", "transactions/x", "").await;
    assert_eq!(
        (refused.status, refused.json()),
        (401, json!({ "message": "the token is expired" }))
    );
}

#[tokio::test]
async fn token_is_refused_when_no_clock_confirms_it() {
    let sandbox = sandbox().await;
    let cm = Cm {
        base: sandbox.cm_id_scan().base_url(),
        sandbox,
    };
    cm.seconds(7200).await;
    // The token has expired by the client's clock, and is not valid yet by virtual time.
    for from in [-3600, 3600] {
        let from = wall().as_second() + from;
        let token = token(
            &header(KEY),
            &json!({ "iat": from, "nbf": from, "exp": from + 60 }),
            SECRET,
        );
        assert_eq!(
            cm.with_token(&token, "GET", "transactions/x", "")
                .await
                .status,
            401,
            "{from}"
        );
    }
}

#[tokio::test]
async fn link_by_clients_clock_is_accepted_after_advance() {
    let sandbox = sandbox().await;
    let world = World {
        base: sandbox.idnow().base_url(),
        sandbox,
    };
    world.seconds(24 * 3600).await;
    assert_eq!(world.send("GET", &link(), &[], "").await.status, 302);
    world
        .sandbox
        .idnow()
        .configure(|account| account.strict_clock = true)
        .unwrap();
    assert_eq!(world.send("GET", &link(), &[], "").await.status, 403);
}

#[tokio::test]
async fn clients_are_accepted_after_a_frozen_day() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    // The clock is moved forward, then frozen, while a day of real time passes.
    let seconds = Arc::new(AtomicI64::new(wall().as_second()));
    let clock = Arc::clone(&seconds);
    let now = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
    let sandbox = still().wall_clock(now).start().await.unwrap();
    let cm = Cm {
        base: sandbox.cm_id_scan().base_url(),
        sandbox,
    };
    cm.seconds(7 * 24 * 3600).await;
    seconds.fetch_add(24 * 3600, Ordering::Relaxed);
    let issued = seconds.load(Ordering::Relaxed);
    let claims = json!({ "iat": issued, "nbf": issued, "exp": issued + 60 });
    let by_wall = token(&header(KEY), &claims, SECRET);
    let by_date = token(&header(KEY), &cm.claims(), SECRET);
    for token in [by_wall, by_date] {
        let reply = cm.with_token(&token, "GET", "transactions/x", "").await;
        assert_eq!(reply.status, 404, "{}", reply.text());
    }
    let idnow = cm.sandbox.idnow().base_url();
    let virtual_time = cm.sandbox.clock().now().as_millisecond();
    for (number, milliseconds) in [(1, issued * 1000), (2, virtual_time)] {
        let link = link_at(milliseconds, number);
        let reply = support::send(&idnow, "GET", &link, &[], "").await.unwrap();
        assert_eq!(reply.status, 302, "{}", reply.text());
    }
}

#[tokio::test]
async fn in_process_sandbox_uses_virtual_time_alone() {
    let in_process = Sandbox::builder().in_process();
    for (builder, status) in [
        (in_process.clone(), 401),
        (in_process.wall_clock(wall), 404),
    ] {
        let sandbox = builder.start().await.unwrap();
        sandbox.clock().advance(Duration::from_secs(120)).await;
        let request = http::Request::get(format!(
            "{}/id-scan/v1/transactions/x",
            sandbox.cm_id_scan().base_url()
        ));
        let request = request
            .header("authorization", format!("Bearer {}", minute()))
            .body(Bytes::new())
            .unwrap();
        assert_eq!(sandbox.exchange(request).await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn date_header_is_virtual_time() {
    let world = World::start().await;
    for (advance, date) in [
        (0, "Thu, 01 Jan 2026 00:00:00 GMT"),
        (3600 * 24 * 59, "Sun, 01 Mar 2026 00:00:00 GMT"),
    ] {
        world.seconds(advance).await;
        for path in ["/system_check", "/nowhere", "/_control/"] {
            let reply = world.send("GET", path, &[], "").await;
            let dates: Vec<_> = reply
                .headers
                .iter()
                .filter(|(name, _)| name == "date")
                .map(|(_, value)| value.as_str())
                .collect();
            assert_eq!(dates, [date], "{path}");
        }
    }
    let target = format!("{}/system_check", world.sandbox.idnow().base_url());
    let answer = world
        .sandbox
        .exchange(http::Request::get(target).body(Bytes::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.headers()["date"], "Sun, 01 Mar 2026 00:00:00 GMT");
}
