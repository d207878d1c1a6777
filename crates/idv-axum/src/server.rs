//! A server for the routes that strangers cannot exhaust.

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

/// Pause after a connection could not be accepted: the program may have no more file descriptors.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The limits of [`serve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The number of connections that are open at a time. Further ones wait.
    pub connections: usize,
    /// The time in which the head of a request has to arrive.
    pub head_within: Duration,
    /// The time after which a connection is closed, whatever it is at.
    pub connection_within: Duration,
}

impl Default for Limits {
    /// 128 connections, 10 seconds, 60 seconds.
    fn default() -> Self {
        Self { connections: 128, head_within: Duration::from_secs(10), connection_within: Duration::from_secs(60) }
    }
}

impl Limits {
    /// Sets the number of connections that are open at a time.
    #[must_use]
    pub const fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets the time in which the head of a request has to arrive.
    #[must_use]
    pub const fn head_within(mut self, time: Duration) -> Self {
        self.head_within = time;
        self
    }

    /// Sets the time after which a connection is closed.
    #[must_use]
    pub const fn connection_within(mut self, time: Duration) -> Self {
        self.connection_within = time;
        self
    }
}

/// Serves routes by plain HTTP/1.1 until `stop` completes, then ends the requests under way.
///
/// A sender who opens connections and sends no whole request holds each for no longer than [`Limits::head_within`]. One connection takes
/// one request: vendors call back seldom. The address of the sender is known to [`Source::Connection`](crate::Source::Connection).
pub async fn serve(listener: TcpListener, routes: Router, limits: Limits, stop: impl Future<Output = ()>) {
    let free = Arc::new(Semaphore::new(limits.connections.max(1)));
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            // It is never closed.
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
                    tracing::warn!(kind = ?error.kind(), "a connection could not be accepted");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, address: SocketAddr, routes: Router, limits: Limits, mut stopped: watch::Receiver<bool>) {
    let service = TowerToHyperService::new(routes.layer(Extension(ConnectInfo(address))));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
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
    // Whatever is wrong with a connection is its sender's affair.
    if !matches!(tokio::time::timeout(limits.connection_within, ended).await, Ok(Ok(()))) {
        tracing::debug!("a connection ended before its request was answered");
    }
}
