//! The token: one login for all waiting calls, and no unnecessary login.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use idv_core::call::{CallPolicy, Session as _};
use idv_core::{
    Body, Client, Effect, Environment, ErrorKind, Operation, Transport, TransportError, async_trait,
};
use idv_identify24::Identify24;
use idv_testkit::{ManualClock, ScriptedTransport, environment};
use serde_json::json;
use support::*;

/// A vendor that tracks valid tokens and delays logins.
#[derive(Debug, Clone, Default)]
struct Vendor(Arc<State>);

#[derive(Debug, Default)]
struct State {
    logins: AtomicUsize,
    refused: AtomicUsize,
    answered: AtomicUsize,
    /// The number of answers after which the vendor forgets all tokens, once.
    forgets_after: AtomicUsize,
    good: tokio::sync::Mutex<HashSet<String>>,
}

impl Vendor {
    fn logins(&self) -> usize {
        self.0.logins.load(Ordering::SeqCst)
    }

    async fn answer(&self, request: &Request<Bytes>) -> (u16, String) {
        if request.uri().path() == "/auth" {
            let token = format!("token-{}", self.0.logins.fetch_add(1, Ordering::SeqCst));
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            self.0.good.lock().await.insert(token.clone());
            return (200, support::token(&token));
        }
        let token = header(request, "x-api-token")
            .unwrap_or_default()
            .to_owned();
        tokio::task::yield_now().await;
        let mut good = self.0.good.lock().await;
        if self.0.answered.fetch_add(1, Ordering::SeqCst) + 1
            == self.0.forgets_after.load(Ordering::SeqCst)
        {
            good.clear();
        }
        if good.contains(&token) {
            return (200, ident("Unidentified"));
        }
        self.0.refused.fetch_add(1, Ordering::SeqCst);
        (
            401,
            r#"{"result":false,"messages":["No valid API key provided."]}"#.to_owned(),
        )
    }
}

#[async_trait]
impl Transport for Vendor {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let (status, body) = self.answer(&request).await;
        Ok(Response::builder()
            .status(status)
            .body(Body::from(Bytes::from(body)))
            .unwrap())
    }
}

fn still_clock() -> ManualClock {
    ManualClock::new("2024-01-02T09:00:00Z".parse().unwrap())
}

fn client_at(vendor: &Vendor, clock: &ManualClock) -> Client {
    Client::new(
        Identify24::new(config()).unwrap(),
        Environment::new(vendor.clone(), clock.clone()),
        CallPolicy::default(),
    )
}

async fn poll_a_hundred_times(client: &Client) {
    let polls: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(
                async move { client.poll(&id()).await.map(|observation| observation.code) },
            )
        })
        .collect();
    for poll in polls {
        assert_eq!(
            poll.await.unwrap().unwrap().as_deref(),
            Some("Unidentified")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_polls_log_in_once() {
    let vendor = Vendor::default();
    poll_a_hundred_times(&client_at(&vendor, &still_clock())).await;
    assert_eq!(
        (vendor.logins(), vendor.0.refused.load(Ordering::SeqCst)),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn expired_token_is_renewed_once_for_concurrent_polls() {
    let vendor = Vendor::default();
    let client = client_at(&vendor, &still_clock());
    // A token refused immediately after its login is not renewed, so every call must already have
    // it.
    client.poll(&id()).await.unwrap();
    vendor.0.forgets_after.store(41, Ordering::SeqCst);
    poll_a_hundred_times(&client).await;
    assert_eq!(vendor.logins(), 2);
    let refused = vendor.0.refused.load(Ordering::SeqCst);
    assert!((1..=61).contains(&refused), "{refused}");
    // Only the refused calls were repeated.
    assert_eq!(vendor.0.answered.load(Ordering::SeqCst), 101 + refused);
}

#[tokio::test]
async fn token_unused_for_half_an_hour_is_not_sent() {
    let (vendor, clock) = (Vendor::default(), still_clock());
    let client = client_at(&vendor, &clock);
    client.poll(&id()).await.unwrap();
    // Each use restarts the half hour.
    for _ in 0..4 {
        clock.advance(Duration::from_secs(20 * 60));
        client.poll(&id()).await.unwrap();
    }
    assert_eq!(vendor.logins(), 1);
    clock.advance(Duration::from_secs(30 * 60));
    client.poll(&id()).await.unwrap();
    assert_eq!(
        (vendor.logins(), vendor.0.refused.load(Ordering::SeqCst)),
        (2, 0)
    );
}

#[tokio::test]
async fn login_matches_the_document() {
    let transport = logged_in();
    let (api, client) = (Identify24::new(config()).unwrap(), client(&transport));
    let token = api
        .api()
        .log_in(&client.context(Operation::Other))
        .await
        .unwrap();
    assert_eq!(token.expose(), TOKEN);
    let request = &transport.requests()[0];
    assert_eq!(lines(&transport), ["POST auth"]);
    assert_eq!(header(request, "content-type"), Some("application/json"));
    assert!(header(request, "x-api-token").is_none() && header(request, "x-api-partner").is_none());
    assert_eq!(
        sent(request),
        serde_json::from_str::<serde_json::Value>(&text("auth-request.json")).unwrap()
    );
    assert_eq!(
        sent(request),
        json!({ "PARTNER": "911-internet", "APIKEY": "example-api-key" })
    );
}

#[tokio::test]
async fn refused_credentials_are_not_retried() {
    let transport = ScriptedTransport::new();
    transport.then_json(
        401,
        r#"{"result":false,"messages":["No valid API key provided."]}"#,
    );
    let error = client(&transport).poll(&id()).await.unwrap_err();
    assert_eq!(
        (error.kind(), vendor_text(&error), transport.count()),
        (
            &ErrorKind::Unauthorized,
            Some("No valid API key provided."),
            1
        )
    );
    assert!(error.to_string().contains("API key"), "{error}");
}

#[tokio::test]
async fn second_refusal_is_an_error() {
    let transport = logged_in();
    transport.then_json(200, ident("Unidentified"));
    transport.then_json(401, "");
    transport.then_json(200, token("second"));
    transport.then_json(401, "");
    let client = client(&transport);
    client.poll(&id()).await.unwrap();
    assert_eq!(
        client.poll(&id()).await.unwrap_err().kind(),
        &ErrorKind::Unauthorized
    );
    assert_eq!(transport.count(), 5);
    assert_eq!(
        header(&transport.requests()[4], "x-api-token"),
        Some("second")
    );
}

#[tokio::test]
async fn creation_is_repeated_after_a_refused_token() {
    let transport = logged_in();
    transport.then_json(200, ident("Unidentified"));
    transport.then_json(401, "");
    transport.then_json(200, token("second"));
    transport.then_json(200, created());
    let client = client(&transport);
    client.poll(&id()).await.unwrap();
    client.create(&new()).await.unwrap();
    assert_eq!(
        lines(&transport)[2..],
        ["POST ident/create", "POST auth", "POST ident/create"]
    );
}

#[tokio::test]
async fn token_refused_inside_another_status_is_renewed_once() {
    let refusals = [
        (
            200,
            r#"{"result":false,"response_status":401,"messages":["Token expired"]}"#,
        ),
        (200, r#"{"result":false,"response_status":"401"}"#),
        (200, r#"{"response_status":401}"#),
        (400, r#"{"result":false,"response_status":401}"#),
    ];
    for (status, refusal) in refusals {
        let transport = logged_in();
        transport.then_json(200, ident("Unidentified"));
        for _ in 0..2 {
            transport.then_json(status, refusal);
            transport.then_json(200, token("second"));
            transport.then_json(200, ident("Unidentified"));
        }
        let client = client(&transport);
        client.poll(&id()).await.unwrap();
        client
            .poll(&id())
            .await
            .unwrap_or_else(|error| panic!("{status} {refusal}: {error}"));
        assert_eq!(
            lines(&transport)[3..],
            ["POST auth".to_owned(), format!("GET ident/get/{IDENT}")],
            "{refusal}"
        );
        assert_eq!(
            header(&transport.requests()[4], "x-api-token"),
            Some("second")
        );
        // The next expired token is renewed, too.
        client.poll(&id()).await.unwrap();
        assert_eq!(transport.count(), 8, "{refusal}");

        // A creation with a refused token had no effect.
        let transport = logged_in();
        transport.then_json(200, ident("Unidentified"));
        transport.then_json(status, refusal);
        transport.then_json(200, token("second"));
        transport.then_json(200, created());
        let client = support::client(&transport);
        client.poll(&id()).await.unwrap();
        client.create(&new()).await.unwrap();
        assert_eq!(
            lines(&transport)[2..],
            ["POST ident/create", "POST auth", "POST ident/create"],
            "{refusal}"
        );
    }
    // A second refusal in a row is an error.
    let transport = logged_in();
    transport.then_json(200, refusals[0].1);
    let error = client(&transport).poll(&id()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect(), vendor_text(&error)),
        (
            &ErrorKind::Unauthorized,
            Effect::NotApplied,
            Some("Token expired")
        )
    );
    assert_eq!(
        transport.count(),
        2,
        "a token that is refused right after its login is not renewed"
    );
}

#[tokio::test]
async fn other_failures_inside_a_200_keep_the_token() {
    for body in [
        r#"{"result":false,"response_status":403,"messages":["401"]}"#.to_owned(),
        r#"{"result":false,"messages":["401"]}"#.to_owned(),
        format!(r#"{{"result":false,"response_status":401,"ident_id":"{IDENT}"}}"#),
        "401".to_owned(),
    ] {
        let transport = logged_in();
        transport.then_json(200, ident("Unidentified"));
        transport.then_json(200, body.clone());
        let client = client(&transport);
        client.poll(&id()).await.unwrap();
        assert!(client.create(&new()).await.is_err(), "{body}");
        assert_eq!(transport.count(), 3, "{body}");
    }
}

#[tokio::test]
async fn unusable_login_is_an_error_and_not_cached() {
    let transport = ScriptedTransport::new();
    let client = client(&transport);
    for body in [
        "<html>",
        "{}",
        r#"{"result":true,"token":""}"#,
        r#"{"result":true,"token":"line\nbreak"}"#,
        r#"{"token":"zwölf"}"#,
    ] {
        transport.then_json(200, body);
        assert_eq!(
            client.poll(&id()).await.unwrap_err().kind(),
            &ErrorKind::Malformed,
            "{body}"
        );
    }
    transport.then_json(200, r#"{"result":false,"messages":["no"]}"#);
    assert_eq!(
        client.poll(&id()).await.unwrap_err().kind(),
        &ErrorKind::Conflict
    );
    transport.then_json(200, token(TOKEN));
    transport.then_json(200, ident("Unidentified"));
    client.poll(&id()).await.unwrap();
}

#[tokio::test]
async fn accounts_do_not_share_tokens() {
    let transport = ScriptedTransport::new();
    for _ in 0..2 {
        transport.then_json(200, token(TOKEN));
        transport.then_json(200, ident("Unidentified"));
    }
    for _ in 0..2 {
        let client = Client::new(
            Identify24::new(config()).unwrap(),
            environment(&transport, &clock()),
            CallPolicy::default(),
        );
        client.poll(&id()).await.unwrap();
    }
    assert_eq!(transport.count(), 4);
}
