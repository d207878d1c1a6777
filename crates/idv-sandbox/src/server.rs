//! Listens, reads requests, and carries out faults of the connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming as HyperBody};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::exchange::Incoming;
use crate::fault::FaultKind;
use crate::in_process::{AnswerBody, Cut};
use crate::page::live::{self, Changes};
use crate::route::{self, Port};
use crate::world::Worlds;

/// Serves a port until the task is dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    port: Port,
    tls: Option<TlsAcceptor>,
    worlds: Arc<Worlds>,
) {
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
    // Responses are small; without this each would wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let refused = Arc::new(AtomicBool::new(false));
    let stream = Wire {
        stream,
        refused: Arc::clone(&refused),
    };
    match tls {
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                http(stream, &refused, port, worlds).await;
            }
        }
        None => http(stream, &refused, port, worlds).await,
    }
}

async fn http(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    refused: &AtomicBool,
    port: Port,
    worlds: Arc<Worlds>,
) {
    let service = service_fn(move |request| answer(request, port, refused, Arc::clone(&worlds)));
    // An error is a planned fault or a client that closed the connection.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// A connection that can be reset instead of closed.
struct Wire {
    stream: TcpStream,
    refused: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.refused.load(Ordering::Relaxed) {
            // Without lingering, closing is a reset.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

async fn answer(
    request: Request<HyperBody>,
    port: Port,
    refused: &AtomicBool,
    worlds: Arc<Worlds>,
) -> Result<Response<Outgoing>, Cut> {
    let (head, body) = request.into_parts();
    let (answer, fault) = match Limited::new(body, route::MAX_REQUEST).collect().await {
        Ok(body) => {
            let incoming = Incoming::new(head, body.to_bytes());
            if let Some(changes) = live::follow(&worlds, &incoming) {
                return Ok(changes.map(Outgoing::Changes));
            }
            route::answer(&worlds, port, &incoming).await
        }
        Err(_) => (Some(route::too_long(&worlds)), None),
    };
    if let Some(FaultKind::Delay(milliseconds)) = fault {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    if fault == Some(FaultKind::Refuse) {
        refused.store(true, Ordering::Relaxed);
    }
    match (answer, fault) {
        (None, _) | (_, Some(FaultKind::CutAfter)) => Err(Cut::Interrupted),
        (Some(answer), fault) => Ok(AnswerBody::response(answer, fault.as_ref())
            .map(|body| Outgoing::Answer(Sent::new(body, fault.as_ref())))),
    }
}

/// The body of a response on its way.
enum Outgoing {
    Answer(Sent),
    /// A stream of events that ends with the sandbox.
    Changes(Changes),
}

/// The body of a complete response on its way.
struct Sent {
    body: AnswerBody,
    /// Whether the bytes before the break have been flushed.
    flushed: bool,
    drip: Option<Drip>,
}

/// Sends one byte at a time.
struct Drip {
    pause: Duration,
    waiting: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Sent {
    fn new(body: AnswerBody, fault: Option<&FaultKind>) -> Self {
        let drip = match fault {
            Some(FaultKind::Drip(milliseconds)) => Some(Drip {
                pause: Duration::from_millis(*milliseconds),
                waiting: None,
            }),
            _ => None,
        };
        Self {
            body,
            flushed: false,
            drip,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = match &mut *self {
            Self::Answer(sent) => sent.poll(cx).map_err(Into::into),
            Self::Changes(changes) => changes.poll(cx).map(|event| event.map(Ok)),
        };
        next.map_ok(Frame::data)
    }
}

impl Sent {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        if let Some(drip) = &mut self.drip {
            let pause = drip.pause;
            let sleep = drip
                .waiting
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            drip.waiting = None;
        }
        let most = if self.drip.is_some() { 1 } else { u64::MAX };
        let bytes = self.body.take_bytes(most);
        if !bytes.is_empty() {
            return Poll::Ready(Some(Ok(bytes)));
        }
        if self.body.is_truncated() && !self.flushed {
            // The bytes before the break must be sent first: a body that fails at once discards the
            // head as well.
            self.flushed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.body.is_truncated().then_some(Err(Cut::Interrupted)))
    }
}
