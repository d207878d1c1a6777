//! A client's route for callbacks: it refuses a callback with a wrong secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use idv_sandbox::CALLBACK_SECRET;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

pub(crate) struct Receiver {
    url: String,
    counts: Arc<Counts>,
}

/// The numbers of received callbacks.
#[derive(Default)]
struct Counts {
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

impl Receiver {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/callbacks", listener.local_addr()?);
        let counts = Arc::new(Counts::default());
        let own = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A sender that closes the connection gets no answer.
                let _ = answer(stream, &own).await;
            }
        });
        Ok(Self { url, counts })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the address to which a person's browser returns.
    pub(crate) fn return_url(&self) -> String {
        self.url.replace("/callbacks", "/return")
    }

    pub(crate) fn accepted(&self) -> usize {
        self.counts.accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> usize {
        self.counts.refused.load(Ordering::Relaxed)
    }
}

async fn answer(stream: TcpStream, counts: &Counts) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if head.starts_with("GET /return") {
        // The browser of a person who has finished.
        let reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nback";
        return stream.write_all(reply.as_bytes()).await;
    }
    let is_accepted = head.contains(CALLBACK_SECRET);
    let status = if is_accepted {
        counts.accepted.fetch_add(1, Ordering::Relaxed);
        "200 OK"
    } else {
        counts.refused.fetch_add(1, Ordering::Relaxed);
        "403 Forbidden"
    };
    let reply = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(reply.as_bytes()).await
}
