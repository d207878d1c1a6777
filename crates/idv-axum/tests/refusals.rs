//! Refused messages and their status codes. The clock is the runtime's paused one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};
use idv::ProofKind;
use idv_axum::{ClientIp, Options};
use support::{Desk, SECRET, Vendor, request};

/// An authenticated callback for an unknown verification: method, address, headers and body.
type CallbackParts = (Method, String, Vec<(&'static str, String)>, String);

fn authenticated(desk: &Desk, vendor: &Vendor) -> CallbackParts {
    let path = format!("/callbacks/{}", vendor.id());
    let forged = vendor.of(&desk.sandbox).forgery(&path, "abc", "1");
    let (mut url, mut headers) = (forged.url, Vec::new());
    match vendor.proof() {
        ProofKind::SharedSecret => headers.push(("x-callback-secret", SECRET.to_owned())),
        // sandbox:callbackSecretOfTheSandboxAlone
        ProofKind::Basic => {
            headers.push((
                "authorization",
                "Basic c2FuZGJveDpjYWxsYmFja1NlY3JldE9mVGhlU2FuZGJveEFsb25l".to_owned(),
            ));
        }
        _ => {
            let auth = desk
                .client
                .provider()
                .capabilities()
                .callbacks
                .unwrap()
                .auth()
                .clone();
            let (name, token) = auth.parameter_for("abc").unwrap();
            url.push(if url.contains('?') { '&' } else { '?' });
            url += &format!("{name}={}", token.expose());
        }
    }
    (forged.method, url, headers, forged.body)
}

fn built(parts: &CallbackParts, body: impl Into<Body>) -> http::Request<Body> {
    let headers: Vec<(&str, &str)> = parts
        .2
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    request(parts.0.clone(), &parts.1, &headers, body)
}

#[tokio::test]
async fn authenticated_callback_needs_no_slash_or_media_type() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let mut parts = authenticated(&desk, &vendor);
        let taken = desk.ask(built(&parts, parts.3.clone())).await;
        assert_eq!(
            (taken.status, taken.body.as_str()),
            (StatusCode::OK, ""),
            "{vendor:?}"
        );
        assert_eq!(taken.header("cache-control"), "no-store");
        assert_eq!(
            (desk.store.offered(), desk.store.stored()),
            (1, 1),
            "{vendor:?}"
        );
        for end in ["/", "/OnFinal"] {
            let id = vendor.id();
            let mut other = parts.clone();
            other.1 = parts.1.replacen(id, &format!("{id}{end}"), 1);
            assert_eq!(
                desk.ask(built(&other, parts.3.clone())).await.status,
                StatusCode::OK,
                "{vendor:?} {end}"
            );
        }
        // Some clients send an absolute URL.
        parts.1 = format!("https://bank.example{}", parts.1);
        assert_eq!(
            desk.ask(built(&parts, parts.3.clone())).await.status,
            StatusCode::OK,
            "{vendor:?}"
        );
        assert_eq!(
            (desk.store.offered(), desk.store.stored()),
            (4, 3),
            "{vendor:?}"
        );
    }
}

#[tokio::test]
async fn undocumented_method_is_refused_with_allow_header() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let allowed = desk
            .client
            .provider()
            .capabilities()
            .callbacks
            .unwrap()
            .spec()
            .methods;
        let mut parts = authenticated(&desk, &vendor);
        let every = [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::TRACE,
            Method::CONNECT,
        ];
        for method in every.into_iter().filter(|method| !allowed.contains(method)) {
            parts.0 = method.clone();
            let answer = desk.ask(built(&parts, parts.3.clone())).await;
            assert_eq!(
                answer.status,
                StatusCode::METHOD_NOT_ALLOWED,
                "{vendor:?} {method}"
            );
            let expected = if vendor.is("identity-tm") {
                "GET, POST, PUT"
            } else {
                "POST"
            };
            assert_eq!(answer.header("allow"), expected, "{vendor:?} {method}");
        }
        assert_eq!(desk.store.offered(), 0, "{vendor:?}");
    }
}

#[tokio::test]
async fn unknown_account_is_not_found() {
    let desk = Desk::open(&Vendor::keyed()).await;
    for target in [
        "/callbacks/identity-tm?token=a",
        "/callbacks/nobody",
        "/callbacks/IDNOW",
        "/callbacks/%FF",
        "/callbacks/",
        "/callbacks",
    ] {
        let answer = desk.ask(request(Method::POST, target, &[], "{}")).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::NOT_FOUND, ""),
            "{target}"
        );
    }
    for target in ["/returns/nobody", "/returns/%FF"] {
        assert_eq!(
            desk.ask(request(Method::GET, target, &[], "")).await.status,
            StatusCode::NOT_FOUND,
            "{target}"
        );
    }
    assert_eq!(desk.store.offered(), 0);
}

#[tokio::test]
async fn authenticated_unreadable_message_is_kept() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let mut parts = authenticated(&desk, &vendor);
        if vendor.is("identity-tm") {
            // The secret belongs to the empty reference, and the message names no order.
            let guard = desk
                .client
                .provider()
                .capabilities()
                .callbacks
                .unwrap()
                .auth()
                .clone();
            let (name, token) = guard.parameter_for("").unwrap();
            parts.1 = format!("/callbacks/identity-tm?{name}={}", token.expose());
        }
        let answer = desk.ask(built(&parts, "\u{0}<html>")).await;
        // The secret of one verification does not authenticate a message that names none.
        let (status, kept) = if vendor.is("identity-tm") {
            (StatusCode::BAD_REQUEST, 0)
        } else {
            (StatusCode::OK, 1)
        };
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, ""),
            "{vendor:?}"
        );
        assert_eq!(desk.store.stored(), kept, "{vendor:?}");
        // Without a secret, any sender could fill the store. A vendor that cannot be polled
        // requires one.
        if !vendor.can_be_polled() {
            continue;
        }
        let desk = Desk::with(&vendor, false, &Options::new()).await;
        let answer = desk.ask(built(&parts, "\u{0}<html>")).await;
        assert!(
            answer.status.is_client_error() && desk.store.offered() == 0,
            "{vendor:?}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn long_body_is_refused_before_or_while_it_is_read() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let parts = authenticated(&desk, &vendor);
        let limit = desk
            .client
            .provider()
            .capabilities()
            .callbacks
            .unwrap()
            .spec()
            .body_limit;
        // Polling this body fails the test.
        let untouched = Body::new(Announced(limit as u64 + 1));
        assert_eq!(
            desk.ask(built(&parts, untouched)).await.status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{vendor:?}"
        );
        let endless =
            stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 64 * 1024])));
        assert_eq!(
            desk.ask(built(&parts, Body::from_stream(endless)))
                .await
                .status,
            StatusCode::PAYLOAD_TOO_LARGE,
            "{vendor:?}"
        );
        assert_eq!(desk.store.offered(), 0, "{vendor:?}");
    }
    let narrow = Desk::with(&Vendor::keyed(), true, &Options::new().body_limit(10)).await;
    let parts = authenticated(&narrow, &Vendor::keyed());
    assert_eq!(
        narrow.ask(built(&parts, parts.3.clone())).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn unauthenticated_message_is_refused_before_its_body() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let target = format!("/callbacks/{}?ref=abc", vendor.id());
        let method = desk
            .client
            .provider()
            .capabilities()
            .callbacks
            .unwrap()
            .spec()
            .methods[0]
            .clone();
        let unread = Body::new(Announced(10));
        let answer = desk
            .ask(request(method.clone(), &target, &[], unread))
            .await;
        if vendor.has_password() {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(
                answer.header("www-authenticate"),
                "Basic realm=\"callbacks\", charset=\"UTF-8\""
            );
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{vendor:?}");
        }
        let wrong = [
            ("authorization", "Basic c2FuZGJveDp3cm9uZw=="),
            ("x-callback-secret", "wrong"),
        ];
        let answer = desk
            .ask(request(
                method,
                &format!("{target}&token=wrong"),
                &wrong,
                "",
            ))
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{vendor:?}");
        assert_eq!(desk.store.offered(), 0, "{vendor:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn endless_body_times_out() {
    let desk = Desk::with(
        &Vendor::keyed(),
        true,
        &Options::new().body_timeout(Duration::from_secs(7)),
    )
    .await;
    let parts = authenticated(&desk, &Vendor::keyed());
    let begun = tokio::time::Instant::now();
    let answer = desk
        .ask(built(
            &parts,
            Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()),
        ))
        .await;
    assert_eq!(
        (answer.status, begun.elapsed().as_secs()),
        (StatusCode::REQUEST_TIMEOUT, 7)
    );
    // A body that arrives slowly and never ends.
    let drops = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
    });
    assert_eq!(
        desk.ask(built(&parts, Body::from_stream(drops)))
            .await
            .status,
        StatusCode::REQUEST_TIMEOUT
    );
    // If the vendor limits the time for the reply, the body has no more time than that.
    let strict = Desk::open(&Vendor::named("identity-tm")).await;
    let mut order = authenticated(&strict, &Vendor::named("identity-tm"));
    order.0 = Method::PUT;
    let begun = tokio::time::Instant::now();
    let answer = strict
        .ask(built(
            &order,
            Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()),
        ))
        .await;
    assert_eq!(
        (answer.status, begun.elapsed().as_secs()),
        (StatusCode::REQUEST_TIMEOUT, 4)
    );
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("broken pipe")) });
    assert_eq!(
        desk.ask(built(&parts, Body::from_stream(broken)))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(desk.store.offered(), 0);
}

#[tokio::test(start_paused = true)]
async fn failing_store_replies_503_within_vendor_limit() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let parts = authenticated(&desk, &vendor);
        desk.store.fail();
        assert_eq!(
            desk.ask(built(&parts, parts.3.clone())).await.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{vendor:?}"
        );
        desk.store.hang();
        let begun = tokio::time::Instant::now();
        assert_eq!(
            desk.ask(built(&parts, parts.3.clone())).await.status,
            StatusCode::SERVICE_UNAVAILABLE,
            "{vendor:?}"
        );
        // Identity.TM requires its reply within five seconds (section 2.6.1).
        let expected = if vendor.is("identity-tm") { 4 } else { 10 };
        assert_eq!(begun.elapsed().as_secs(), expected, "{vendor:?}");
        desk.store.recover();
        assert_eq!(
            desk.ask(built(&parts, parts.3.clone())).await.status,
            StatusCode::OK,
            "{vendor:?}"
        );
        assert_eq!(desk.store.stored(), 1, "{vendor:?}");
    }
}

#[tokio::test]
async fn sender_address_comes_from_configured_header_only() {
    let header = ClientIp::Header(http::HeaderName::from_static("x-real-ip"));
    for (source, header, expected) in [
        (
            ClientIp::Unknown,
            ("x-real-ip", "212.211.189.136"),
            StatusCode::FORBIDDEN,
        ),
        (
            ClientIp::Connection,
            ("x-real-ip", "212.211.189.136"),
            StatusCode::FORBIDDEN,
        ),
        (
            header.clone(),
            ("x-real-ip", "192.0.2.1"),
            StatusCode::FORBIDDEN,
        ),
        (
            header.clone(),
            ("x-forwarded-for", "212.211.189.136"),
            StatusCode::FORBIDDEN,
        ),
        (
            header,
            ("x-real-ip", "192.0.2.1, 212.211.189.136"),
            StatusCode::OK,
        ),
    ] {
        let desk = Desk::with(
            &Vendor::named("identity-tm").by_source(),
            true,
            &Options::new().client_ip(source.clone()),
        )
        .await;
        let parts = authenticated(&desk, &Vendor::named("identity-tm"));
        let answer = desk.ask(request(parts.0, &parts.1, &[header], "")).await;
        assert_eq!(answer.status, expected, "{source:?} {header:?}");
    }
}

/// A body that announces its length and must not be read.
struct Announced(u64);

impl axum::body::HttpBody for Announced {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        panic!("the body was read")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}
