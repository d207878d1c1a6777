//! Tells open pages that the sandbox has changed, by server-sent events.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use tokio::sync::watch::Receiver;

use super::layout::secured;
use crate::exchange::{Answer, Incoming};
use crate::guard;
use crate::world::Worlds;

/// The path of the events.
const PATH: &str = "/_page/events";

/// The maximum number of open streams.
const MAX_FOLLOWERS: usize = 64;

/// The shortest time between two events. Changes in between make one event.
const PAUSE: Duration = Duration::from_millis(100);

/// The time after which a stream without events sends a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

const MEDIA_TYPE: &str = "text/event-stream";

/// Returns a stream of events; `None` if the request asks for something else, is refused, or comes
/// while too many streams are open.
pub(crate) fn follow(worlds: &Worlds, request: &Incoming) -> Option<Response<Changes>> {
    let is_wanted = request.method == Method::GET && request.path == PATH;
    if !is_wanted || guard::threat(worlds, request).is_some() || worlds.followers() >= MAX_FOLLOWERS
    {
        return None;
    }
    let mut changes = worlds.follow_changes();
    // The page may be older than the stream, so that the first event comes at once.
    changes.mark_changed();
    Response::builder()
        .header("content-type", MEDIA_TYPE)
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff")
        .header("cross-origin-resource-policy", "same-origin")
        .body(Changes {
            next: Box::pin(next(changes, Duration::ZERO)),
        })
        .ok()
}

/// Returns the response to a request that gets no stream.
pub(super) fn single() -> Answer {
    secured(Answer::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain; charset=utf-8",
        "Too many pages are open, or the sandbox has no port.",
    ))
    .with_header("retry-after", "10")
}

/// A stream of events, which ends with the sandbox.
pub(crate) struct Changes {
    next: Next,
}

/// The next event, and the receiver for the following ones; no receiver at the end.
type Next = Pin<Box<dyn Future<Output = (Option<Receiver<u64>>, Bytes)> + Send>>;

impl Changes {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Poll::Ready((changes, event)) = self.next.as_mut().poll(cx) else {
            return Poll::Pending;
        };
        match changes {
            Some(changes) => {
                self.next = Box::pin(next(changes, PAUSE));
                Poll::Ready(Some(event))
            }
            None => {
                self.next = Box::pin(std::future::pending());
                Poll::Ready(None)
            }
        }
    }
}

async fn next(mut changes: Receiver<u64>, pause: Duration) -> (Option<Receiver<u64>>, Bytes) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    match tokio::time::timeout(HEARTBEAT, changes.changed()).await {
        Ok(Ok(())) => {
            let number = *changes.borrow_and_update();
            let event = format!("event: change\ndata: {number}\n\n");
            (Some(changes), event.into())
        }
        Err(_) => (Some(changes), Bytes::from_static(b": still here\n\n")),
        Ok(Err(_)) => (None, Bytes::new()),
    }
}
