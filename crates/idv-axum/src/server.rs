//! A server for the routes, with limits on connections and time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// The pause after a failed `accept`, which usually means that file descriptors are used up.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The limits of [`serve`].
///
/// ```
/// use std::time::Duration;
/// use idv_axum::Limits;
///
/// let limits = Limits::default().connections(32).head_timeout(Duration::from_secs(5));
/// assert_eq!(limits.connections, 32);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum number of open connections. Further ones wait in the listener's queue.
    pub connections: usize,
    /// The time in which the head of a request has to arrive.
    pub head_timeout: Duration,
    /// The time after which a connection is closed, even if its request is unanswered.
    pub connection_timeout: Duration,
}

impl Default for Limits {
    /// 128 connections, 10 seconds, 60 seconds.
    fn default() -> Self {
        Self {
            connections: 128,
            head_timeout: Duration::from_secs(10),
            connection_timeout: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// Sets the maximum number of open connections.
    #[must_use]
    pub const fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the time in which the head of a request has to arrive.
    #[must_use]
    pub const fn head_timeout(mut self, time: Duration) -> Self {
        self.head_timeout = time;
        self
    }

    /// Sets the time after which a connection is closed.
    #[must_use]
    pub const fn connection_timeout(mut self, time: Duration) -> Self {
        self.connection_timeout = time;
        self
    }
}

/// Serves routes by plain HTTP/1.1 until `stop` completes, then completes the requests under way.
///
/// A sender that opens connections without complete requests holds each for at most
/// [`Limits::head_timeout`]. A connection serves one request, since vendors send callbacks seldom.
/// [`ClientIp::Connection`](crate::ClientIp::Connection) knows the sender's address.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use axum::{Router, routing::get};
/// use idv_axum::{Limits, serve};
///
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let routes = Router::new().route("/", get(|| async { "ok" }));
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let server = tokio::spawn(serve(listener, routes, Limits::default(), async { let _ = stopped.await; }));
/// let _ = stop.send(());
/// server.await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
///
/// # Cancellation
///
/// Dropping the future closes the listener and aborts every request under way. To end gracefully,
/// complete `stop`.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let free = Arc::new(Semaphore::new(limits.connections.max(1)));
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&free).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            (place, accepted) = accepted => match accepted {
                Ok((stream, address)) => {
                    let connection = connection(stream, address, routes.clone(), limits, stopped.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(kind = ?error.kind(), "could not accept a connection");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    while connections.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    routes: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let service = TowerToHyperService::new(routes.layer(Extension(ConnectInfo(address))));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = async {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    // A failed connection concerns only its sender.
    if !matches!(
        tokio::time::timeout(limits.connection_timeout, ended).await,
        Ok(Ok(()))
    ) {
        tracing::debug!("a connection ended before its request was answered");
    }
}
