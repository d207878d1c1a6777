//! The receiver of callbacks.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderName, HeaderValue};
use idv::{Delivery, Url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Receives every callback, answers it with 200, and keeps it.
pub struct Receiver {
    /// The URL of the receiver.
    pub url: Url,
    arrived: Arc<Mutex<Vec<Delivery>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let arrived = Arc::<Mutex<Vec<Delivery>>>::default();
        let kept = Arc::clone(&arrived);
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let Some(delivery) = read(&mut stream).await else {
                    continue;
                };
                kept.lock().unwrap().push(delivery);
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .await;
            }
        });
        Self { url, arrived, task }
    }

    /// Returns the callbacks that have arrived since the last call.
    pub fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.arrived.lock().unwrap())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one whole request.
async fn read(stream: &mut tokio::net::TcpStream) -> Option<Delivery> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.split("\r\n");
            let mut words = lines.next()?.split(' ');
            let (method, uri) = (
                words.next()?.parse().unwrap(),
                words.next()?.parse().unwrap(),
            );
            let headers: HeaderMap = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| {
                    (
                        name.parse::<HeaderName>().unwrap(),
                        value.trim().parse::<HeaderValue>().unwrap(),
                    )
                })
                .collect();
            let length = headers
                .get("content-length")
                .map_or(0, |value| value.to_str().unwrap().parse::<usize>().unwrap());
            let body = &bytes[end + 4..];
            if body.len() >= length {
                return Some(Delivery::callback(
                    method,
                    uri,
                    headers,
                    body[..length].to_vec(),
                ));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
