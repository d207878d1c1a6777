//! The server for the routes, over real connections.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use idv_axum::{Limits, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// A generous time limit for any machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

async fn served(routes: Router, limits: Limits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async {
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve(listener, routes, limits, stopped));
    Served {
        address,
        stop,
        server,
    }
}

/// Sends bytes and returns the connection.
async fn sent(address: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// Reads until the connection is closed.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset connection counts as closed.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text))
        .await
        .unwrap();
    String::from_utf8(text).unwrap()
}

const WHOLE: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn incomplete_requests_do_not_block_others() {
    let routes = Router::new().route("/", get(|| async { "here" }));
    let limits = Limits::default()
        .connections(4)
        .head_timeout(Duration::from_millis(50));
    let served = served(routes, limits).await;
    let mut halves = Vec::new();
    for _ in 0..12 {
        halves.push(sent(served.address, "GET / HTTP/1.1\r\nhost:").await);
    }
    let text = answer(sent(served.address, WHOLE).await).await;
    assert!(
        text.starts_with("HTTP/1.1 200") && text.ends_with("here"),
        "{text}"
    );
    for half in halves {
        assert!(!answer(half).await.contains("200"));
    }
}

#[tokio::test]
async fn connection_serves_one_request() {
    let routes = Router::new().route(
        "/",
        get(|ConnectInfo(address): ConnectInfo<SocketAddr>| async move { address.to_string() }),
    );
    let served = served(routes, Limits::default()).await;
    let stream = sent(served.address, &WHOLE.repeat(2)).await;
    let address = stream.local_addr().unwrap().to_string();
    let text = answer(stream).await;
    assert_eq!(
        (text.matches("200 OK").count(), text.ends_with(&address)),
        (1, true),
        "{text}"
    );
}

#[tokio::test]
async fn connection_timeout_closes_busy_connection() {
    let routes = Router::new().route("/", get(|| async { std::future::pending::<&str>().await }));
    let served = served(
        routes,
        Limits::default().connection_timeout(Duration::from_millis(50)),
    )
    .await;
    assert_eq!(answer(sent(served.address, WHOLE).await).await, "");
}

#[tokio::test]
async fn request_under_way_completes_after_stop() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes_on) = (Arc::clone(&begun), Arc::clone(&go_on));
    let slow = move || {
        let (begins, goes_on) = (Arc::clone(&begins), Arc::clone(&goes_on));
        async move {
            begins.notify_one();
            goes_on.notified().await;
            "done"
        }
    };
    let served = served(Router::new().route("/", get(slow)), Limits::default()).await;
    let stream = sent(served.address, WHOLE).await;
    begun.notified().await;
    served.stop.send(()).unwrap();
    go_on.notify_one();
    assert!(answer(stream).await.ends_with("done"));
    tokio::time::timeout(PATIENCE, served.server)
        .await
        .unwrap()
        .unwrap();
    assert!(
        TcpStream::connect(served.address).await.is_err(),
        "the listener is closed"
    );
}
