//! What is not taken, and what it is answered with. Time is the runtime's, and is not waited for.

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

/// A callback that proves itself, about a person whom the application does not know: the method, the address, headers and the body.
type Proven = (Method, String, Vec<(&'static str, String)>, String);

fn proven(desk: &Desk, vendor: &Vendor) -> Proven {
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

fn built(parts: &Proven, body: impl Into<Body>) -> http::Request<Body> {
    let headers: Vec<(&str, &str)> = parts
        .2
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    request(parts.0.clone(), &parts.1, &headers, body)
}

#[tokio::test]
async fn what_proves_itself_is_taken_with_and_without_a_slash_and_whatever_its_media_type() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let mut parts = proven(&desk, &vendor);
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
        // Some clients send the whole address.
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
async fn a_method_that_the_vendor_never_calls_by_is_refused_and_the_others_are_named() {
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
        let mut parts = proven(&desk, &vendor);
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
async fn an_unknown_provider_is_not_found() {
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
async fn unreadable_message_is_kept_if_its_account_proves_it() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let mut parts = proven(&desk, &vendor);
        if vendor.is("identity-tm") {
            // The secret is that of the empty reference, and no order is named.
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
        // A secret of one verification does not prove a message that names none.
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
        // Without a secret any sender could have it kept. A vendor that cannot be asked has to have one.
        if !vendor.can_be_asked() {
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
async fn a_body_that_is_too_long_is_refused_before_it_is_read_where_it_says_so_and_while_it_is_read_where_not()
 {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let parts = proven(&desk, &vendor);
        let limit = desk
            .client
            .provider()
            .capabilities()
            .callbacks
            .unwrap()
            .spec()
            .body_limit;
        // What polls this body fails the test.
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
    let parts = proven(&narrow, &Vendor::keyed());
    assert_eq!(
        narrow.ask(built(&parts, parts.3.clone())).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn what_proves_nothing_is_refused_before_its_body_is_read() {
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
async fn a_body_that_never_ends_is_not_waited_for() {
    let desk = Desk::with(
        &Vendor::keyed(),
        true,
        &Options::new().body_timeout(Duration::from_secs(7)),
    )
    .await;
    let parts = proven(&desk, &Vendor::keyed());
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
    // One that comes drop by drop, for ever.
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
    // Where the vendor waits for its reply, the body has no more time than that.
    let strict = Desk::open(&Vendor::named("identity-tm")).await;
    let mut order = proven(&strict, &Vendor::named("identity-tm"));
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
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("it broke off")) });
    assert_eq!(
        desk.ask(built(&parts, Body::from_stream(broken)))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(desk.store.offered(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_hangs_is_answered_503_in_the_vendors_time() {
    for vendor in Vendor::all().await {
        let desk = Desk::open(&vendor).await;
        let parts = proven(&desk, &vendor);
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
        // Identity.TM wants its reply within five seconds (chapter 2.6.1).
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
async fn the_address_that_a_callback_came_from_is_believed_from_the_named_header_alone() {
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
        let parts = proven(&desk, &Vendor::named("identity-tm"));
        let answer = desk.ask(request(parts.0, &parts.1, &[header], "")).await;
        assert_eq!(answer.status, expected, "{source:?} {header:?}");
    }
}

/// A body of so many bytes that nobody may ask for.
struct Announced(u64);

impl axum::body::HttpBody for Announced {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        panic!("the body is read")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0)
    }
}
