//! Listening, reading requests, carrying out faults.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming as HyperBody};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::control;
use crate::exchange::{Answer, Content, Incoming};
use crate::fault::FaultKind;
use crate::idnow;
use crate::world::Worlds;

/// The longest request that is read.
const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// Which vendors a port serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// All of them, told apart by the `Host` header.
    Shared,
    /// IDnow alone, whatever the host is called.
    Idnow,
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
    match tls {
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                http(stream, port, worlds).await;
            }
        }
        None => http(stream, port, worlds).await,
    }
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin, port: Port, worlds: Arc<Worlds>) {
    let service = service_fn(move |request| answer(request, port, Arc::clone(&worlds)));
    // An error here is a fault that was planned, or a client that went away.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Cut;

async fn answer(request: Request<HyperBody>, port: Port, worlds: Arc<Worlds>) -> Result<Response<Outgoing>, Cut> {
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
    if incoming.path.starts_with("/_control") {
        return Ok(Outgoing::response(control::handle(&worlds, &incoming).await, None));
    }
    if port == Port::Shared && !idnow::HOSTS.contains(&incoming.host.as_str()) {
        let known = idnow::HOSTS.join(", ");
        let text = format!("No vendor here has the host of this request. There are: {known}.");
        return Ok(Outgoing::response(Answer::page(StatusCode::MISDIRECTED_REQUEST, &text), None));
    }
    let (answer, fault) = worlds.idnow(&incoming);
    if let Some(FaultKind::Delay(milliseconds)) = fault {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    match (answer, fault) {
        (None, _) | (_, Some(FaultKind::CutAfter)) => Err(Cut),
        (Some(answer), fault) => Ok(Outgoing::response(spoil(answer, fault.as_ref()), fault.as_ref())),
    }
}

/// What a fault makes of an answer before it is sent.
fn spoil(mut answer: Answer, fault: Option<&FaultKind>) -> Answer {
    match fault {
        Some(FaultKind::WrongType) => answer.body = Content::Whole(Bytes::from_static(b"[7]")),
        Some(FaultKind::Oversize(length)) => {
            if let Content::Whole(start) = &answer.body {
                answer.body = Content::Padded { start: start.clone(), length: *length };
            }
        }
        _ => {}
    }
    answer
}

/// The body of an answer on its way.
pub(crate) struct Outgoing {
    start: Bytes,
    /// How many bytes of padding follow.
    padding: u64,
    /// After how many bytes it breaks off.
    truncated: bool,
    drip: Option<(Duration, Option<Pin<Box<tokio::time::Sleep>>>)>,
}

impl Outgoing {
    fn response(answer: Answer, fault: Option<&FaultKind>) -> Response<Self> {
        let (start, length) = match answer.body {
            Content::Whole(bytes) => (bytes.clone(), bytes.len() as u64),
            Content::Padded { start, length } => {
                let length = length.max(start.len() as u64);
                (start, length)
            }
        };
        let padding = length - start.len() as u64;
        let truncated = fault == Some(&FaultKind::Truncated);
        let drip = match fault {
            Some(FaultKind::Drip(milliseconds)) => Some((Duration::from_millis(*milliseconds), None)),
            _ => None,
        };
        let start = if truncated { start.slice(..start.len() / 2) } else { start };
        let mut response = Response::new(Self { start, padding, truncated, drip });
        *response.status_mut() = answer.status;
        for (name, value) in answer.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert("content-length", length.into());
        response
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        static PADDING: [u8; 64 * 1024] = [b' '; 64 * 1024];
        if let Some((pause, waiting)) = &mut self.drip {
            let pause = *pause;
            let sleep = waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            *waiting = None;
            let next = if self.start.is_empty() { self.start.clone() } else { self.start.split_to(1) };
            return Poll::Ready((!next.is_empty()).then(|| Ok(Frame::data(next))));
        }
        if !self.start.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.start)))));
        }
        if self.truncated {
            return Poll::Ready(Some(Err(Box::new(Cut))));
        }
        let piece = usize::try_from(self.padding.min(PADDING.len() as u64)).unwrap_or_default();
        self.padding -= piece as u64;
        let bytes = PADDING.get(..piece).filter(|bytes| !bytes.is_empty());
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(Bytes::from_static(bytes)))))
    }
}

/// Binds a port of the loopback interface.
pub(crate) async fn bind(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
