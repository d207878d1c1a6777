//! Where callbacks arrive. An application has a web framework for the first half of this.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use idv::{Client, Delivery, Observation, Reply, Url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::Outcome;

/// How long a callback may be, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

/// Receives callbacks on the loopback interface until it is dropped.
pub struct Inbox {
    observations: Arc<Mutex<Vec<Observation>>>,
    url: Url,
    _server: JoinSet<()>,
}

impl Inbox {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// Where no port is free.
    pub async fn open(client: Client) -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/callbacks", listener.local_addr()?).parse()?;
        let observations = Arc::<Mutex<Vec<Observation>>>::default();
        let arrived = Arc::clone(&observations);
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A caller that breaks off harms nobody but itself.
                let _ = take(stream, &client, &arrived).await;
            }
        });
        Ok(Self { observations, url, _server: server })
    }

    /// The address that vendors are told.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// What arrived since the last time, proven or claimed.
    #[must_use]
    pub fn take(&self) -> Vec<Observation> {
        std::mem::take(&mut self.observations.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes one callback, keeps what it says, and only then answers it. An application keeps it where it survives a crash.
async fn take(mut stream: TcpStream, client: &Client, arrived: &Mutex<Vec<Observation>>) -> io::Result<()> {
    let reply = match client.receive(&delivery(&mut stream).await?) {
        Ok(received) => {
            arrived.lock().unwrap_or_else(PoisonError::into_inner).extend(received.observations);
            received.reply
        }
        Err(error) => Reply::to_error(&error),
    };
    let (status, body) = (reply.status.as_u16(), reply.body);
    let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await
}

/// Reads a request whole: its headers too, since with some vendors the secret is in one of them.
async fn delivery(stream: &mut TcpStream) -> io::Result<Delivery> {
    let mut request = Vec::new();
    let begin = loop {
        more(stream, &mut request).await?;
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(request.get(..begin).unwrap_or_default()).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let method = words.next().unwrap_or_default().parse().map_err(io::Error::other)?;
    let target = words.next().unwrap_or_default().parse().map_err(io::Error::other)?;
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let name: HeaderName = name.parse().map_err(io::Error::other)?;
        headers.append(name, HeaderValue::from_str(value).map_err(io::Error::other)?);
    }
    let length = headers.get("content-length").and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
    while request.len().saturating_sub(begin) < length {
        more(stream, &mut request).await?;
    }
    Ok(Delivery::callback(method, target, headers, request.split_off(begin)))
}

async fn more(stream: &mut TcpStream, request: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(request).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ if request.len() > LIMIT => Err(io::Error::other("too long")),
        _ => Ok(()),
    }
}
