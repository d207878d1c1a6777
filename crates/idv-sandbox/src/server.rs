//! Listening, reading requests, carrying out faults.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming as HyperBody};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::control;
use crate::exchange::{Answer, Incoming, Piece};
use crate::fault::FaultKind;
use crate::vendor::Vendor;
use crate::world::Worlds;

/// The longest request that is read.
const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// Which vendors a port serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// All of them, told apart by the `Host` header.
    Shared,
    /// One alone, whatever the host is called.
    Only(Vendor),
}

/// Serves a port until the task is dropped.
pub(crate) async fn serve(listener: TcpListener, port: Port, tls: Option<TlsAcceptor>, worlds: Arc<Worlds>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let (tls, worlds) = (tls.clone(), Arc::clone(&worlds));
                connections.spawn(connection(stream, port, tls, worlds));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, port: Port, tls: Option<TlsAcceptor>, worlds: Arc<Worlds>) {
    // Answers are small; without this each would wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let refused = Arc::new(AtomicBool::new(false));
    let stream = Wire { stream, refused: Arc::clone(&refused) };
    match tls {
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                http(stream, &refused, port, worlds).await;
            }
        }
        None => http(stream, &refused, port, worlds).await,
    }
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin, refused: &AtomicBool, port: Port, worlds: Arc<Worlds>) {
    let service = service_fn(move |request| answer(request, port, refused, Arc::clone(&worlds)));
    // An error here is a fault that was planned, or a client that went away.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// A connection that can be reset instead of closed.
struct Wire {
    stream: TcpStream,
    refused: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.refused.load(Ordering::Relaxed) {
            // With nothing to linger for, closing is a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

async fn answer(
    request: Request<HyperBody>,
    port: Port,
    refused: &AtomicBool,
    worlds: Arc<Worlds>,
) -> Result<Response<Outgoing>, Cut> {
    let (head, body) = request.into_parts();
    let host = head.headers.get("host").and_then(|host| host.to_str().ok()).or_else(|| head.uri.host()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    let Ok(body) = Limited::new(body, MAX_REQUEST).collect().await else {
        return Ok(Outgoing::response(Answer::empty(StatusCode::PAYLOAD_TOO_LARGE), None));
    };
    let incoming = Incoming {
        method: head.method,
        host,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    if incoming.path == "/_control" || incoming.path.starts_with("/_control/") {
        return Ok(Outgoing::response(control::handle(&worlds, &incoming).await, None));
    }
    let vendor = match port {
        Port::Shared => Vendor::of_host(&incoming.host),
        Port::Only(vendor) => Some(vendor),
    };
    let Some(vendor) = vendor else {
        let known = Vendor::ALL.map(|vendor| vendor.hosts().join(", ")).join(", ");
        let text = format!("No vendor here has the host of this request. There are: {known}.");
        return Ok(Outgoing::response(Answer::page(StatusCode::MISDIRECTED_REQUEST, &text), None));
    };
    let (answer, fault) = worlds.answer(vendor, &incoming);
    if let Some(FaultKind::Delay(milliseconds)) = fault {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    if fault == Some(FaultKind::Refuse) {
        refused.store(true, Ordering::Relaxed);
    }
    match (answer, fault) {
        (None, _) | (_, Some(FaultKind::CutAfter)) => Err(Cut),
        (Some(answer), fault) => Ok(Outgoing::response(spoil(answer, fault.as_ref()), fault.as_ref())),
    }
}

/// What a fault makes of an answer before it is sent.
fn spoil(mut answer: Answer, fault: Option<&FaultKind>) -> Answer {
    match fault {
        Some(FaultKind::WrongType) => answer.body = vec![Piece::Bytes(Bytes::from_static(b"[7]"))],
        Some(FaultKind::Oversize(length)) => {
            let padding = length.saturating_sub(answer.length());
            answer.body.push(Piece::Spaces(padding));
        }
        _ => {}
    }
    answer
}

/// The body of an answer on its way.
pub(crate) struct Outgoing {
    pieces: VecDeque<Piece>,
    /// How many bytes are still to be sent, of these pieces or (where the answer breaks off) of their beginning.
    left: u64,
    truncated: bool,
    /// Whether what comes before the break has had its turn to leave.
    flushed: bool,
    drip: Option<Drip>,
}

/// One byte at a time.
struct Drip {
    pause: Duration,
    waiting: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Outgoing {
    fn response(answer: Answer, fault: Option<&FaultKind>) -> Response<Self> {
        let length = answer.length();
        let truncated = fault == Some(&FaultKind::Truncated);
        let left = if truncated { length / 2 } else { length };
        let drip = match fault {
            Some(FaultKind::Drip(milliseconds)) => Some(Drip { pause: Duration::from_millis(*milliseconds), waiting: None }),
            _ => None,
        };
        let mut response = Response::new(Self { pieces: answer.body.into(), left, truncated, flushed: false, drip });
        *response.status_mut() = answer.status;
        for (name, value) in answer.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert("content-length", length.into());
        response
    }

    /// The next bytes, at most so many; nothing at the end.
    fn take(&mut self, most: u64) -> Bytes {
        static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];
        let most = most.min(self.left);
        let bytes = loop {
            match self.pieces.front_mut() {
                Some(piece) if piece.length() == 0 => drop(self.pieces.pop_front()),
                Some(Piece::Bytes(bytes)) => break bytes.split_to(usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len())),
                Some(Piece::Spaces(length)) => {
                    let count = most.min(*length).min(SPACES.len() as u64);
                    *length -= count;
                    let spaces = usize::try_from(count).ok().and_then(|count| SPACES.get(..count)).unwrap_or_default();
                    break Bytes::from_static(spaces);
                }
                None => break Bytes::new(),
            }
        };
        self.left -= bytes.len() as u64;
        bytes
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(drip) = &mut self.drip {
            let pause = drip.pause;
            let sleep = drip.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            drip.waiting = None;
        }
        let most = if self.drip.is_some() { 1 } else { u64::MAX };
        let bytes = self.take(most);
        if !bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if self.truncated && !self.flushed {
            // What came before is to leave first: a body that fails at once takes the head down with it.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.truncated.then(|| Err(Cut.into())))
    }
}

/// Binds a port of the loopback interface.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
