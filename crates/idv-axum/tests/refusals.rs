//! What is not taken, and what it is answered with. Time is the runtime's, and is not waited for.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};
use idv_axum::{ClientIp, Options};
use support::{Desk, SECRET, Vendor, request};

/// A callback that proves itself, about somebody whom nobody knows.
fn proven(desk: &Desk, vendor: Vendor) -> (Method, String, Vec<(&'static str, String)>, &'static str) {
    let path = format!("/callbacks/{}", vendor.id());
    match vendor {
        Vendor::CmIdScan => {
            let body =
                r#"{"id":"1","type":"transaction.state.updated","transaction":{"id":"b659c273-0000-4000-8000-000000000000"}}"#;
            (Method::POST, path, vec![("x-callback-secret", SECRET.to_owned())], body)
        }
        Vendor::Identify24 => (Method::POST, format!("{path}?token={SECRET}"), vec![], r#"{"ident_id":"1","status":"InReview"}"#),
        Vendor::IdentityTm | Vendor::IdentityTmBySource => {
            let guard = desk.client.provider().capabilities().callbacks.unwrap().auth().clone();
            let (name, token) = guard.parameter_for("abc").unwrap();
            (Method::GET, format!("{path}?event=OnFinal&ref=abc&{name}={}", token.expose()), vec![], "")
        }
        Vendor::Idnow => {
            let body = r#"{"identificationprocess":{"result":"SUCCESS","transactionnumber":"abc"}}"#;
            (Method::POST, format!("{path}?token={SECRET}"), vec![("content-type", "text/plain".to_owned())], body)
        }
        Vendor::VerificarIdentidad => {
            let body = "Servicio=VERIFICACION_IDENTIDAD&ID=1&Estado=5000";
            (Method::POST, format!("{path}?token={SECRET}"), vec![], body)
        }
        Vendor::VerificarIdentidadByPassword => {
            let body = r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":"5000"}"#;
            // mensatek:canarysecretofsixteen
            let basic = "Basic bWVuc2F0ZWs6Y2FuYXJ5c2VjcmV0b2ZzaXh0ZWVu".to_owned();
            (Method::POST, path, vec![("authorization", basic)], body)
        }
    }
}

fn built(parts: &(Method, String, Vec<(&'static str, String)>, &'static str), body: impl Into<Body>) -> http::Request<Body> {
    let headers: Vec<(&str, &str)> = parts.2.iter().map(|(name, value)| (*name, value.as_str())).collect();
    request(parts.0.clone(), &parts.1, &headers, body)
}

#[tokio::test]
async fn what_proves_itself_is_taken_with_and_without_a_slash_and_whatever_its_media_type() {
    for vendor in Vendor::ALL {
        let desk = Desk::open(vendor).await;
        let mut parts = proven(&desk, vendor);
        let taken = desk.ask(built(&parts, parts.3)).await;
        assert_eq!((taken.status, taken.body.as_str()), (StatusCode::OK, ""), "{vendor:?}");
        assert_eq!(taken.header("cache-control"), "no-store");
        assert_eq!((desk.store.offered(), desk.store.stored()), (1, 1), "{vendor:?}");
        for end in ["/", "/OnFinal"] {
            let id = vendor.id();
            let mut other = parts.clone();
            other.1 = parts.1.replacen(id, &format!("{id}{end}"), 1);
            assert_eq!(desk.ask(built(&other, parts.3)).await.status, StatusCode::OK, "{vendor:?} {end}");
        }
        // Some clients send the whole address.
        parts.1 = format!("https://bank.example{}", parts.1);
        assert_eq!(desk.ask(built(&parts, parts.3)).await.status, StatusCode::OK, "{vendor:?}");
        assert_eq!((desk.store.offered(), desk.store.stored()), (4, 3), "{vendor:?}");
    }
}

#[tokio::test]
async fn a_method_that_the_vendor_never_calls_by_is_refused_and_the_others_are_named() {
    for vendor in Vendor::ALL {
        let desk = Desk::open(vendor).await;
        let allowed = desk.client.provider().capabilities().callbacks.unwrap().spec().methods;
        let mut parts = proven(&desk, vendor);
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
            let answer = desk.ask(built(&parts, parts.3)).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{vendor:?} {method}");
            let expected = if vendor == Vendor::IdentityTm { "GET, POST, PUT" } else { "POST" };
            assert_eq!(answer.header("allow"), expected, "{vendor:?} {method}");
        }
        assert_eq!(desk.store.offered(), 0, "{vendor:?}");
    }
}

#[tokio::test]
async fn an_unknown_provider_is_not_found() {
    let desk = Desk::open(Vendor::Idnow).await;
    for target in
        ["/callbacks/identity-tm?token=a", "/callbacks/nobody", "/callbacks/IDNOW", "/callbacks/%FF", "/callbacks/", "/callbacks"]
    {
        let answer = desk.ask(request(Method::POST, target, &[], "{}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_FOUND, ""), "{target}");
    }
    for target in ["/returns/nobody", "/returns/%FF"] {
        assert_eq!(desk.ask(request(Method::GET, target, &[], "")).await.status, StatusCode::NOT_FOUND, "{target}");
    }
    assert_eq!(desk.store.offered(), 0);
}

#[tokio::test]
async fn unreadable_message_is_kept_if_its_account_proves_it() {
    for vendor in Vendor::ALL {
        let desk = Desk::open(vendor).await;
        let mut parts = proven(&desk, vendor);
        if vendor == Vendor::IdentityTm {
            // The secret is that of the empty reference, and no order is named.
            let guard = desk.client.provider().capabilities().callbacks.unwrap().auth().clone();
            let (name, token) = guard.parameter_for("").unwrap();
            parts.1 = format!("/callbacks/identity-tm?{name}={}", token.expose());
        }
        let answer = desk.ask(built(&parts, "\u{0}<html>")).await;
        // A secret of one verification does not prove a message that names none.
        let (status, kept) = if vendor == Vendor::IdentityTm { (StatusCode::BAD_REQUEST, 0) } else { (StatusCode::OK, 1) };
        assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{vendor:?}");
        assert_eq!(desk.store.stored(), kept, "{vendor:?}");
        // Without a secret any sender could have it kept. VerificarIdentidad has to have one.
        if matches!(vendor, Vendor::VerificarIdentidad | Vendor::VerificarIdentidadByPassword) {
            continue;
        }
        let desk = Desk::with(vendor, None, &Options::new()).await;
        let answer = desk.ask(built(&parts, "\u{0}<html>")).await;
        assert!(answer.status.is_client_error() && desk.store.offered() == 0, "{vendor:?}: {}", answer.status);
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_read_where_it_says_so_and_while_it_is_read_where_not() {
    for vendor in Vendor::ALL {
        let desk = Desk::open(vendor).await;
        let parts = proven(&desk, vendor);
        let limit = desk.client.provider().capabilities().callbacks.unwrap().spec().body_limit;
        // What polls this body fails the test.
        let untouched = Body::new(Announced(limit as u64 + 1));
        assert_eq!(desk.ask(built(&parts, untouched)).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{vendor:?}");
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 64 * 1024])));
        assert_eq!(desk.ask(built(&parts, Body::from_stream(endless))).await.status, StatusCode::PAYLOAD_TOO_LARGE, "{vendor:?}");
        assert_eq!(desk.store.offered(), 0, "{vendor:?}");
    }
    let narrow = Desk::with(Vendor::Idnow, Some(SECRET), &Options::new().body_limit(10)).await;
    let parts = proven(&narrow, Vendor::Idnow);
    assert_eq!(narrow.ask(built(&parts, parts.3)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_proves_nothing_is_refused_before_its_body_is_read() {
    for vendor in Vendor::ALL {
        let desk = Desk::open(vendor).await;
        let target = format!("/callbacks/{}?ref=abc", vendor.id());
        let method = desk.client.provider().capabilities().callbacks.unwrap().spec().methods[0].clone();
        let unread = Body::new(Announced(10));
        let answer = desk.ask(request(method.clone(), &target, &[], unread)).await;
        if vendor == Vendor::VerificarIdentidadByPassword {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"callbacks\", charset=\"UTF-8\"");
        } else {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{vendor:?}");
        }
        let wrong = [("authorization", "Basic bWVuc2F0ZWs6d3Jvbmc="), ("x-callback-secret", "wrong")];
        let answer = desk.ask(request(method, &format!("{target}&token=wrong"), &wrong, "")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{vendor:?}");
        assert_eq!(desk.store.offered(), 0, "{vendor:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_not_waited_for() {
    let desk = Desk::with(Vendor::Idnow, Some(SECRET), &Options::new().body_timeout(Duration::from_secs(7))).await;
    let parts = proven(&desk, Vendor::Idnow);
    let begun = tokio::time::Instant::now();
    let answer = desk.ask(built(&parts, Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()))).await;
    assert_eq!((answer.status, begun.elapsed().as_secs()), (StatusCode::REQUEST_TIMEOUT, 7));
    // One that comes drop by drop, for ever.
    let drops = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
    });
    assert_eq!(desk.ask(built(&parts, Body::from_stream(drops))).await.status, StatusCode::REQUEST_TIMEOUT);
    // Where the vendor waits for its reply, the body has no more time than that.
    let strict = Desk::open(Vendor::IdentityTm).await;
    let mut order = proven(&strict, Vendor::IdentityTm);
    order.0 = Method::PUT;
    let begun = tokio::time::Instant::now();
    let answer = strict.ask(built(&order, Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>()))).await;
    assert_eq!((answer.status, begun.elapsed().as_secs()), (StatusCode::REQUEST_TIMEOUT, 4));
    let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("it broke off")) });
    assert_eq!(desk.ask(built(&parts, Body::from_stream(broken))).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(desk.store.offered(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_hangs_is_answered_503_in_the_vendors_time() {
    for vendor in Vendor::ALL {
        let desk = Desk::open(vendor).await;
        let parts = proven(&desk, vendor);
        desk.store.fail();
        assert_eq!(desk.ask(built(&parts, parts.3)).await.status, StatusCode::SERVICE_UNAVAILABLE, "{vendor:?}");
        desk.store.hang();
        let begun = tokio::time::Instant::now();
        assert_eq!(desk.ask(built(&parts, parts.3)).await.status, StatusCode::SERVICE_UNAVAILABLE, "{vendor:?}");
        // Identity.TM wants its reply within five seconds (chapter 2.6.1).
        let expected = if vendor == Vendor::IdentityTm { 4 } else { 10 };
        assert_eq!(begun.elapsed().as_secs(), expected, "{vendor:?}");
        desk.store.recover();
        assert_eq!(desk.ask(built(&parts, parts.3)).await.status, StatusCode::OK, "{vendor:?}");
        assert_eq!(desk.store.stored(), 1, "{vendor:?}");
    }
}

#[tokio::test]
async fn the_address_that_a_callback_came_from_is_believed_from_the_named_header_alone() {
    let header = ClientIp::Header(http::HeaderName::from_static("x-real-ip"));
    for (source, header, expected) in [
        (ClientIp::Unknown, ("x-real-ip", "212.211.189.136"), StatusCode::FORBIDDEN),
        (ClientIp::Connection, ("x-real-ip", "212.211.189.136"), StatusCode::FORBIDDEN),
        (header.clone(), ("x-real-ip", "192.0.2.1"), StatusCode::FORBIDDEN),
        (header.clone(), ("x-forwarded-for", "212.211.189.136"), StatusCode::FORBIDDEN),
        (header, ("x-real-ip", "192.0.2.1, 212.211.189.136"), StatusCode::OK),
    ] {
        let desk = Desk::with(Vendor::IdentityTmBySource, Some(SECRET), &Options::new().client_ip(source.clone())).await;
        let parts = proven(&desk, Vendor::IdentityTm);
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
