//! Telling the application what happened to its flows: pages and a stream of the outbox, and a handler that acknowledges.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt as _, select};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt as _, try_unfold};
use tokio::sync::oneshot;

use super::Engine;
use super::repository::Inner;
use crate::error::Result;
use crate::machine::event::Event;
use crate::machine::retention::later;
use crate::store::{EventCursor, PendingEvent};

/// Number of events that are read at a time, and that are delivered at the same time.
const PAGE: usize = 64;
const AT_ONCE: usize = 16;
/// The longest wait before the outbox is looked at again: another program may have added an event.
const IDLE: Duration = Duration::from_secs(1);
/// The shortest and the longest wait before a failed delivery is repeated.
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60 * 60));
/// Number of failed deliveries after which an operator is told: about ten minutes.
pub(crate) const LATE: u32 = 8;
/// Retention of events after their delivery.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The reason why a handler did not take an event.
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// The application's handler for events.
#[derive(Clone)]
pub(crate) struct Handler(Arc<dyn Fn(Event) -> BoxFuture<'static, Result<(), HandlerError>> + Send + Sync>);

impl Handler {
    pub(crate) fn new<F, T>(handle: F) -> Self
    where
        F: Fn(Event) -> T + Send + Sync + 'static,
        T: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        Self(Arc::new(move |event| handle(event).boxed()))
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

impl Engine {
    /// Returns up to `limit` events after `after`, in order, each with its cursor; from the first that is kept if `after` is `None`. Store the
    /// last cursor, and the next call goes on from there.
    ///
    /// Events are kept for 30 days after their delivery, or after they happened if there is no
    /// [handler](crate::EngineBuilder::on_change).
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn events_page(&self, after: Option<EventCursor>, limit: usize) -> Result<Vec<(EventCursor, Event)>> {
        Ok(self.inner.store.events(after, limit).await?)
    }

    /// Returns the events after `after` as a stream that waits for further ones and never ends by itself. An error ends it; begin again after
    /// the last cursor.
    ///
    /// ```
    /// use futures_util::TryStreamExt as _;
    /// use idv_flow::{Engine, EventCursor, EventKind};
    ///
    /// async fn follow(engine: &Engine, mut after: Option<EventCursor>) -> idv_flow::Result<()> {
    ///     let mut events = std::pin::pin!(engine.events(after));
    ///     while let Some((cursor, event)) = events.try_next().await? {
    ///         if let EventKind::Settled { outcome } = event.kind {
    ///             println!("flow {}: {}", event.flow, outcome.name());
    ///         }
    ///         after = Some(cursor); // To be stored, so that nothing is read again after a restart.
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn events(&self, after: Option<EventCursor>) -> impl Stream<Item = Result<(EventCursor, Event)>> + Send + '_ {
        let inner = &*self.inner;
        try_unfold((after, VecDeque::new()), move |(mut after, mut page): (_, VecDeque<(EventCursor, Event)>)| async move {
            loop {
                if let Some(next) = page.pop_front() {
                    return Ok(Some((next, (after, page))));
                }
                page = inner.store.events(after, PAGE).await?.into();
                match page.back() {
                    Some((last, _)) => after = Some(*last),
                    None => inner.clock.sleep(IDLE).await,
                }
            }
        })
    }
}

impl Inner {
    /// Delivers events as they come, until `stop` says so, or its sender is gone. What is being delivered then is brought to an end.
    pub(crate) async fn deliver(&self, mut stop: oneshot::Receiver<()>) {
        let Some(handler) = &self.handler else { return };
        loop {
            let wait = match self.deliver_due(handler).await {
                Ok(AT_ONCE..) => Duration::ZERO,
                Ok(_) => IDLE,
                Err(error) => {
                    tracing::error!(error = &error as &dyn Error, "events could not be delivered");
                    IDLE
                }
            };
            let rest = async {
                if !wait.is_zero() {
                    select(pin!(self.events_bell.notified()), self.clock.sleep(wait)).await;
                }
            };
            if let Either::Left(_) = select(&mut stop, pin!(rest)).await {
                return;
            }
        }
    }

    /// Delivers every event that is due now. Returns how many.
    pub(crate) async fn deliver_all_due(&self) -> Result<usize> {
        let Some(handler) = &self.handler else { return Ok(0) };
        let mut done = 0;
        loop {
            match self.deliver_due(handler).await? {
                0 => return Ok(done),
                count => done += count,
            }
        }
    }

    async fn deliver_due(&self, handler: &Handler) -> Result<usize> {
        let now = self.now();
        let claimed = self.store.claim_events(now, self.lease_until(), AT_ONCE).await?;
        let count = claimed.len();
        let mut under_way: FuturesUnordered<_> = claimed.into_iter().map(|pending| self.deliver_one(handler, pending)).collect();
        while let Some(delivered) = under_way.next().await {
            delivered?;
        }
        Ok(count)
    }

    /// Hands an event to the application. A handler that takes longer than half the lease has failed: another program would deliver the event
    /// meanwhile.
    async fn deliver_one(&self, handler: &Handler, pending: PendingEvent) -> Result<()> {
        let PendingEvent { event, tries } = pending;
        let (flow, sequence, name) = (event.flow, event.sequence, event.kind.name());
        let handled = AssertUnwindSafe(async { (handler.0)(event).await }).catch_unwind();
        let is_taken = match select(pin!(handled), self.clock.sleep(self.lease / 2)).await {
            Either::Left((Ok(Ok(())), _)) => true,
            Either::Left((Ok(Err(_)) | Err(_), _)) | Either::Right(_) => false,
        };
        let again =
            (!is_taken).then(|| later(self.now(), RETRY.0.saturating_mul(2_u32.saturating_pow(tries.min(20) - 1)).min(RETRY.1)));
        if !is_taken {
            // The application's error is its own to log: it may tell of a person.
            tracing::warn!(%flow, sequence, event = name, tries, "the application did not take an event; it is delivered again");
        }
        Ok(self.store.finish_event(flow, sequence, again).await?)
    }
}
