//! Tests of the transport with a vendor whose every byte is controlled.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use idv_core::{ErrorKind, Sent, Transport, TransportCause, TransportError};
use idv_transport_reqwest::{ReqwestTransport, TransportOptions};
use support::{answer, listen, post, read_request, text};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, Semaphore};

fn transport() -> ReqwestTransport {
    ReqwestTransport::new(TransportOptions::default()).unwrap()
}

/// Returns the text of an error and of all its sources.
fn whole_chain(error: &TransportError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(" {error} {error:?}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn request_arrives_unchanged_with_user_agent_only() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let (base, _) = listen(move |mut stream, _, counts| {
        let sender = sender.clone();
        async move {
            sender
                .send(read_request(&mut stream, &counts).await.unwrap())
                .unwrap();
            answer(&mut stream, "201 Created\r\nx-vendor: one", "{}").await;
        }
    })
    .await;
    let mut request = post(&format!("{base}/a%20b?c=%2F&d"));
    request
        .headers_mut()
        .insert("x-api-key", "key".parse().unwrap());
    let response = transport().send(request).await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["x-vendor"].to_str().unwrap()
        ),
        (201, "one")
    );
    assert_eq!(text(response).await, "{}");

    let arrived = receiver.recv().await.unwrap();
    let mut lines: Vec<&str> = arrived.split("\r\n").collect();
    assert_eq!(lines.remove(0), "POST /a%20b?c=%2F&d HTTP/1.1");
    assert_eq!(lines.pop(), Some("{\"name\":\"Mustermann\"}"));
    let mut names: Vec<String> = lines
        .iter()
        .filter_map(|line| Some(line.split_once(':')?.0.to_lowercase()))
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "content-length",
            "host",
            "user-agent",
            "x-api-key"
        ]
    );
    assert!(
        arrived.contains(&format!(
            "user-agent: idv/{}\r\n",
            env!("CARGO_PKG_VERSION")
        )),
        "{arrived}"
    );
}

#[tokio::test]
async fn redirect_is_returned_and_not_followed() {
    let (base, counts) = listen(|mut stream, _, counts| async move {
        while read_request(&mut stream, &counts).await.is_some() {
            answer(
                &mut stream,
                "307 Temporary Redirect\r\nlocation: /elsewhere",
                "",
            )
            .await;
        }
    })
    .await;
    let response = transport().send(post(&base)).await.unwrap();
    assert_eq!(response.status().as_u16(), 307);
    assert_eq!(response.headers()["location"], "/elsewhere");
    assert_eq!(counts.requests(), 1);
}

#[tokio::test]
async fn closed_connection_leaves_the_request_open_without_a_retry() {
    let (base, counts) = listen(|mut stream, _, counts| async move {
        read_request(&mut stream, &counts).await;
    })
    .await;
    let error = transport().send(post(&base)).await.unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::Maybe, TransportCause::Interrupted)
    );
    assert_eq!((counts.connections(), counts.requests()), (1, 1));
}

#[tokio::test]
async fn reset_connection_leaves_the_request_open() {
    let (base, _) = listen(|mut stream, _, counts| async move {
        read_request(&mut stream, &counts).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let error = transport().send(post(&base)).await.unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::Maybe, TransportCause::Reset)
    );
}

/// A kept connection ends just when the next request is written. A client that sends the request
/// again on a new connection creates two verifications.
#[tokio::test]
async fn request_on_a_kept_connection_is_never_sent_twice() {
    let (base, counts) = listen(|mut stream, number, counts| async move {
        if number == 1 {
            read_request(&mut stream, &counts).await;
            answer(&mut stream, "200 OK", "first").await;
            // The vendor reads the second request and never responds.
            read_request(&mut stream, &counts).await;
        } else {
            while read_request(&mut stream, &counts).await.is_some() {
                answer(&mut stream, "200 OK", "again").await;
            }
        }
    })
    .await;
    let transport = transport();
    assert_eq!(
        text(transport.send(post(&base)).await.unwrap()).await,
        "first"
    );
    let error = transport.send(post(&base)).await.unwrap_err();
    assert_eq!(error.sent, Sent::Maybe);
    assert_eq!(
        (counts.connections(), counts.requests()),
        (1, 2),
        "the second request came once, on the kept connection"
    );
}

/// A kept connection is closed before the next request. Whichever side wins the race, the vendor
/// sees the request at most once, and no error says `No` about a request that it saw.
#[tokio::test]
async fn closed_idle_connection_causes_no_second_request() {
    for _ in 0..50 {
        let closed = Arc::new(Notify::new());
        let closing = Arc::clone(&closed);
        let (base, counts) = listen(move |mut stream, number, counts| {
            let closing = Arc::clone(&closing);
            async move {
                if number == 1 {
                    read_request(&mut stream, &counts).await;
                    answer(&mut stream, "200 OK", "first").await;
                    drop(stream);
                    closing.notify_one();
                } else {
                    while read_request(&mut stream, &counts).await.is_some() {
                        answer(&mut stream, "200 OK", "second").await;
                    }
                }
            }
        })
        .await;
        let transport = transport();
        assert_eq!(
            text(transport.send(post(&base)).await.unwrap()).await,
            "first"
        );
        closed.notified().await;
        match transport.send(post(&base)).await {
            Ok(response) => {
                assert_eq!(text(response).await, "second");
                assert_eq!(counts.requests(), 2);
            }
            Err(error) => {
                assert_eq!(error.sent, Sent::Maybe);
                assert_eq!(counts.requests(), 1);
            }
        }
    }
}

#[tokio::test]
async fn refused_connection_was_not_sent() {
    // The port is bound, so that no other program gets it, but not listening.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let base = format!(
        "http://{}/secret-path?token=SECRET",
        taken.local_addr().unwrap()
    );
    let error = transport().send(post(&base)).await.unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::No, TransportCause::Refused)
    );
    let printed = whole_chain(&error);
    assert!(
        !printed.to_lowercase().contains("secret") && !printed.contains("Mustermann"),
        "{printed}"
    );
}

#[tokio::test]
async fn invalid_request_was_not_sent() {
    let request = Request::post("/no-host?token=SECRET")
        .body(Bytes::new())
        .unwrap();
    let error = transport().send(request).await.unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::No, TransportCause::Request)
    );
    assert!(!whole_chain(&error).contains("SECRET"));
}

#[tokio::test]
async fn https_only_refuses_an_address_without_tls() {
    let (base, counts) = listen(|_, _, _| async {}).await;
    let options = TransportOptions::default().https_only(true);
    let error = ReqwestTransport::new(options)
        .unwrap()
        .send(post(&base))
        .await
        .unwrap_err();
    assert_eq!(error.sent, Sent::No);
    assert_eq!(counts.connections(), 0);
}

/// The clock stands still once the vendor has the request, so that only the timeouts can end it.
/// The test does not wait.
#[tokio::test]
async fn silent_vendor_times_out_and_leaves_the_request_open() {
    const MINUTE: Duration = Duration::from_secs(60);
    let (base, counts) = listen(|mut stream, _, counts| async move {
        read_request(&mut stream, &counts).await;
        tokio::time::pause();
        std::future::pending::<()>().await;
    })
    .await;
    for (read, total) in [(MINUTE, None), (60 * MINUTE, Some(MINUTE))] {
        let options = TransportOptions::default()
            .connect_timeout(60 * MINUTE)
            .read_timeout(read)
            .total_timeout(total);
        let error = ReqwestTransport::new(options)
            .unwrap()
            .send(post(&format!("{base}/?token=SECRET")))
            .await
            .unwrap_err();
        tokio::time::resume();
        assert_eq!(
            (error.sent, error.cause),
            (Sent::Maybe, TransportCause::Timeout)
        );
        assert!(!whole_chain(&error).contains("SECRET"));
    }
    assert_eq!(counts.requests(), 2);
}

#[tokio::test]
async fn body_is_streamed_before_it_is_complete() {
    let permits = Arc::new(Semaphore::new(0));
    let allowed = Arc::clone(&permits);
    let (base, _) = listen(move |mut stream, _, counts| {
        let allowed = Arc::clone(&allowed);
        async move {
            read_request(&mut stream, &counts).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await
                .unwrap();
            for _ in 0..3 {
                allowed.acquire().await.unwrap().forget();
                stream.write_all(b"5\r\npiece\r\n").await.unwrap();
            }
            allowed.acquire().await.unwrap().forget();
            stream.write_all(b"0\r\n\r\n").await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let mut body = transport().send(post(&base)).await.unwrap().into_body();
    for _ in 0..3 {
        // The vendor writes the next chunk only now, so the client cannot have read ahead.
        permits.add_permits(1);
        assert_eq!(body.next().await.unwrap().unwrap(), "piece");
    }
    permits.add_permits(1);
    assert!(body.next().await.unwrap().is_none());
}

#[tokio::test]
async fn interrupted_body_is_an_error() {
    let (base, _) = listen(|mut stream, _, counts| async move {
        read_request(&mut stream, &counts).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nMustermann")
            .await
            .unwrap();
    })
    .await;
    let mut body = transport()
        .send(post(&format!("{base}/?token=SECRET")))
        .await
        .unwrap()
        .into_body();
    assert_eq!(body.next().await.unwrap().unwrap(), "Mustermann");
    let error = body.next().await.unwrap_err();
    assert_eq!(
        (error.sent, error.cause),
        (Sent::Maybe, TransportCause::Interrupted)
    );
    let printed = whole_chain(&error);
    assert!(
        !printed.contains("Mustermann") && !printed.contains("SECRET"),
        "{printed}"
    );
}

#[tokio::test]
async fn encoded_body_is_not_decoded() {
    let (base, _) = listen(|mut stream, _, counts| async move {
        read_request(&mut stream, &counts).await;
        answer(&mut stream, "200 OK\r\ncontent-encoding: gzip", "not gzip").await;
    })
    .await;
    assert_eq!(
        text(transport().send(post(&base)).await.unwrap()).await,
        "not gzip"
    );
}

#[test]
fn invalid_certificates_and_user_agent_are_refused_at_once() {
    for pem in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let options = TransportOptions::default().extra_root_certificates(pem);
        assert_eq!(
            ReqwestTransport::new(options).unwrap_err().kind(),
            &ErrorKind::Config,
            "{pem}"
        );
    }
    let options = TransportOptions::default().user_agent("line\nbreak");
    assert_eq!(
        ReqwestTransport::new(options).unwrap_err().kind(),
        &ErrorKind::Config
    );
}
