//! The login token: one login for all waiting calls, and no unnecessary login.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use idv_core::call::CallPolicy;
use idv_core::{Body, Client, Environment, ErrorKind, Transport, TransportError};
use idv_idnow::Idnow;
use idv_testkit::{ManualClock, ScriptedTransport, environment};
use support::*;

/// A vendor that tracks valid tokens and delays logins.
#[derive(Debug, Clone, Default)]
struct Vendor(Arc<State>);

#[derive(Debug, Default)]
struct State {
    logins: AtomicUsize,
    refused: AtomicUsize,
    good: tokio::sync::Mutex<HashSet<String>>,
}

impl Vendor {
    fn logins(&self) -> usize {
        self.0.logins.load(Ordering::SeqCst)
    }

    async fn forget_tokens(&self) {
        self.0.good.lock().await.clear();
    }

    async fn answer(&self, request: &Request<Bytes>) -> (u16, String) {
        if request.uri().path().ends_with("/login") {
            let token = format!("token-{}", self.0.logins.fetch_add(1, Ordering::SeqCst));
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            self.0.good.lock().await.insert(token.clone());
            return (200, format!(r#"{{"authToken":"{token}"}}"#));
        }
        let token = header(request, "x-api-login-token")
            .unwrap_or_default()
            .to_owned();
        tokio::task::yield_now().await;
        if self.0.good.lock().await.contains(&token) {
            return (200, result("SUCCESS"));
        }
        self.0.refused.fetch_add(1, Ordering::SeqCst);
        (401, failure("INVALID_LOGIN_TOKEN", ""))
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

fn clock() -> ManualClock {
    ManualClock::new("2014-06-02T05:00:00Z".parse().unwrap())
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
        assert_eq!(poll.await.unwrap().unwrap().as_deref(), Some("SUCCESS"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_polls_share_each_login() {
    let vendor = Vendor::default();
    let client = Client::new(
        Idnow::new(config()).unwrap(),
        Environment::new(vendor.clone(), clock()),
        CallPolicy::default(),
    );
    poll_a_hundred_times(&client).await;
    assert_eq!(
        (vendor.logins(), vendor.0.refused.load(Ordering::SeqCst)),
        (1, 0)
    );
    vendor.forget_tokens().await;
    poll_a_hundred_times(&client).await;
    assert_eq!(vendor.logins(), 2);
    assert!(vendor.0.refused.load(Ordering::SeqCst) >= 1);
}

#[tokio::test]
async fn token_unused_for_an_hour_is_not_sent() {
    let (vendor, clock) = (Vendor::default(), clock());
    let client = Client::new(
        Idnow::new(config()).unwrap(),
        Environment::new(vendor.clone(), clock.clone()),
        CallPolicy::default(),
    );
    client.poll(&id()).await.unwrap();
    // Each use restarts the hour.
    for _ in 0..3 {
        clock.advance(Duration::from_secs(40 * 60));
        client.poll(&id()).await.unwrap();
    }
    assert_eq!(vendor.logins(), 1);
    clock.advance(Duration::from_secs(60 * 60));
    client.poll(&id()).await.unwrap();
    assert_eq!(
        (vendor.logins(), vendor.0.refused.load(Ordering::SeqCst)),
        (2, 0)
    );
}

#[tokio::test]
async fn refused_credentials_are_not_retried() {
    let transport = ScriptedTransport::new();
    transport.then_json(401, failure("INVALID_LOGIN_TOKEN", ""));
    let client = client(&transport);
    let error = client.poll(&id()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.vendor_code(), transport.count()),
        (&ErrorKind::Unauthorized, Some("INVALID_LOGIN_TOKEN"), 1)
    );
    assert!(
        error.to_string().contains("company id or API key"),
        "{error}"
    );
}

#[tokio::test]
async fn expired_token_is_renewed_once() {
    let transport = logged_in();
    transport.then_json(200, result("SUCCESS"));
    transport.then_json(401, failure("TOKEN_EXPIRED", ""));
    transport.then_json(200, r#"{"authToken":"second"}"#);
    transport.then_json(200, result("SUCCESS"));
    let client = client(&transport);
    client.poll(&id()).await.unwrap();
    client.poll(&id()).await.unwrap();
    assert_eq!(
        header(&transport.requests()[4], "x-api-login-token"),
        Some("second")
    );

    transport.then_json(401, failure("SECURITY_VIOLATION", ""));
    transport.then_json(200, r#"{"authToken":"third"}"#);
    transport.then_json(401, failure("SECURITY_VIOLATION", ""));
    let error = client.poll(&id()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.vendor_code()),
        (&ErrorKind::Unauthorized, Some("SECURITY_VIOLATION"))
    );
    assert_eq!(transport.count(), 8);
}

#[tokio::test]
async fn unreadable_login_is_an_error_and_not_cached() {
    let transport = ScriptedTransport::new();
    transport.then_json(200, "<html>");
    transport.then_json(200, r#"{"authToken":"line\nbreak"}"#);
    let client = client(&transport);
    for _ in 0..2 {
        assert_eq!(
            client.poll(&id()).await.unwrap_err().kind(),
            &ErrorKind::Malformed
        );
    }
    transport.then_json(200, format!(r#"{{"authToken":"{TOKEN}"}}"#));
    transport.then_json(200, result("SUCCESS"));
    client.poll(&id()).await.unwrap();
}

#[tokio::test]
async fn accounts_do_not_share_tokens() {
    let transport = ScriptedTransport::new();
    for _ in 0..2 {
        transport.then_json(200, format!(r#"{{"authToken":"{TOKEN}"}}"#));
        transport.then_json(200, result("SUCCESS"));
    }
    let clock = clock();
    for _ in 0..2 {
        let client = Client::new(
            Idnow::new(config()).unwrap(),
            environment(&transport, &clock),
            CallPolicy::default(),
        );
        client.poll(&id()).await.unwrap();
    }
    assert_eq!(transport.count(), 4);
}
