//! A vendor whose every byte is controlled: a listener on the loopback interface.

#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The connections and requests that arrived at a listener.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(Arc<(AtomicUsize, AtomicUsize)>);

impl Counts {
    pub(crate) fn connections(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }

    pub(crate) fn connection(&self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn request(&self) {
        self.0.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// Listens, and passes each connection with its number, starting at 1, to `serve`.
pub(crate) async fn listen<F, S>(serve: S) -> (String, Counts)
where
    S: Fn(TcpStream, usize, Counts) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let counts = Counts::default();
    let counted = counts.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.connection();
            tokio::spawn(serve(stream, counted.connections(), counted.clone()));
        }
    });
    (base, counts)
}

/// Reads one request, with its body by `Content-Length`; `None` if the connection ended instead.
pub(crate) async fn read_request<R: AsyncRead + Unpin>(
    stream: &mut R,
    counts: &Counts,
) -> Option<String> {
    let mut text = Vec::new();
    let mut byte = [0_u8; 1];
    while !text.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        text.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&text).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    counts.request();
    text.extend_from_slice(&body);
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Responds with a body, and keeps the connection.
pub(crate) async fn answer(
    stream: &mut (impl tokio::io::AsyncWrite + Unpin),
    head: &str,
    body: &str,
) {
    let text = format!(
        "HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// Builds a request with a body.
pub(crate) fn post(url: &str) -> Request<Bytes> {
    Request::post(url)
        .body(Bytes::from_static(b"{\"name\":\"Mustermann\"}"))
        .unwrap()
}

/// Returns the whole body of a response.
pub(crate) async fn text(response: http::Response<idv_core::Body>) -> String {
    let mut body = response.into_body();
    let mut whole = Vec::new();
    while let Some(piece) = body.next().await.unwrap() {
        whole.extend_from_slice(&piece);
    }
    String::from_utf8(whole).unwrap()
}
