//! Reports changes of flows to the application: the outbox in pages and as a stream, and the
//! delivery to a handler and a webhook.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt as _, join, select};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt as _, try_unfold};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use super::Engine;
use super::repository::Inner;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::event::Event;
use crate::machine::retention::later;
use crate::store::{EventCursor, PendingEvent};
use crate::webhook::Endpoint;

/// Number of events per read, and of concurrent deliveries.
const PAGE: usize = 64;
const AT_ONCE: usize = 16;
/// The longest wait until the next read of the outbox: another program may have added an event.
const IDLE: Duration = Duration::from_secs(1);
/// The shortest and the longest wait before a failed delivery is repeated.
const RETRY: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60 * 60));
/// The longest wait that a receiver can ask for.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Number of failed deliveries after which an operator gets a task: about ten minutes.
pub(crate) const LATE: u32 = 8;
/// Retention of events after their delivery.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The error of a handler. Return a [`DeliveryError`] to set the time of the next delivery.
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// The reason why an event was not delivered. The text is logged and holds no personal data.
///
/// ```
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # bank::run(async |bank| {
/// # let builder = || bank.builder();
/// use std::time::Duration;
/// use idv_core::NewVerification;
/// use idv_flow::DeliveryError;
///
/// let full = builder().on_change(|_, _| async {
///     Err(DeliveryError::new("the queue is full").retry_after(Duration::from_secs(60)).into())
/// });
/// let engine = full.open().await?;
/// let started = engine.start(NewVerification::new(engine.reference())).await?;
/// let error = engine.replay(started.id, 1).await.unwrap_err();
/// assert_eq!(error.to_string(), "the event was not delivered: the queue is full");
/// # Ok(())
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    reason: Cow<'static, str>,
    retry_after: Option<Duration>,
}

impl DeliveryError {
    /// Creates an error.
    ///
    /// The reason is a literal, so that no personal data gets into the logs.
    ///
    /// ```
    /// use std::time::Duration;
    /// use idv_flow::DeliveryError;
    ///
    /// let error = DeliveryError::new("the queue is full").retry_after(Duration::from_secs(60));
    /// assert_eq!(error.to_string(), "the queue is full");
    /// assert_eq!(error.wait(), Some(Duration::from_secs(60)));
    /// ```
    #[must_use]
    pub const fn new(reason: &'static str) -> Self {
        Self {
            reason: Cow::Borrowed(reason),
            retry_after: None,
        }
    }

    /// Delivers the event again no earlier than after `wait`, if that is longer than the backoff.
    /// Waits of more than a day count as a day.
    ///
    /// ```
    /// use std::time::Duration;
    /// use idv_flow::DeliveryError;
    ///
    /// let error = DeliveryError::new("the queue is full").retry_after(Duration::from_secs(60));
    /// assert_eq!(error.wait(), Some(Duration::from_secs(60)));
    /// ```
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Returns the wait that the receiver asked for.
    ///
    /// ```
    /// use idv_flow::DeliveryError;
    ///
    /// // The engine chooses the time of the next delivery.
    /// assert_eq!(DeliveryError::new("the queue is full").wait(), None);
    /// ```
    #[must_use]
    pub const fn wait(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Creates an error whose reason is composed of fixed words and numbers.
    pub(crate) const fn owned(reason: String) -> Self {
        Self {
            reason: Cow::Owned(reason),
            retry_after: None,
        }
    }
}

/// The receivers of events in this program.
#[derive(Debug, Default)]
pub(crate) struct Receivers {
    pub(crate) handler: Option<Handler>,
    pub(crate) endpoint: Option<Endpoint>,
}

impl Receivers {
    pub(crate) const fn is_empty(&self) -> bool {
        self.handler.is_none() && self.endpoint.is_none()
    }

    /// Sends an event to the handler and to the endpoint at the same time. Fails if either fails.
    async fn take(
        &self,
        engine: Option<Engine>,
        event: Event,
        is_replay: bool,
    ) -> Result<(), DeliveryError> {
        let sent = async {
            match &self.endpoint {
                Some(endpoint) => endpoint.send(&event, is_replay).await,
                None => Ok(()),
            }
        };
        let handled = async {
            match self.handler.as_ref().zip(engine) {
                Some((handler, engine)) => handler.take(engine, event.clone()).await,
                None => Ok(()),
            }
        };
        let panicked = |_| Err(DeliveryError::new("the receiver of events panicked"));
        let (sent, handled) = join(
            AssertUnwindSafe(sent).catch_unwind(),
            AssertUnwindSafe(handled).catch_unwind(),
        )
        .await;
        match (
            sent.unwrap_or_else(panicked),
            handled.unwrap_or_else(panicked),
        ) {
            (Ok(()), Ok(())) => Ok(()),
            (Ok(()), Err(error)) | (Err(error), Ok(())) => Err(error),
            (Err(error), Err(other)) => Err(DeliveryError {
                retry_after: error.wait().max(other.wait()),
                ..error
            }),
        }
    }
}

/// The application's handler for events.
#[derive(Clone)]
pub(crate) struct Handler(Arc<dyn Fn(Engine, Event) -> Handled + Send + Sync>);

/// The future of a handler's call.
type Handled = BoxFuture<'static, Result<(), HandlerError>>;

impl Handler {
    pub(crate) fn new<F, T>(handle: F) -> Self
    where
        F: Fn(Engine, Event) -> T + Send + Sync + 'static,
        T: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        Self(Arc::new(move |engine, event| handle(engine, event).boxed()))
    }

    /// Calls the handler. The error's text may hold personal data, so only the application may log
    /// it.
    async fn take(&self, engine: Engine, event: Event) -> Result<(), DeliveryError> {
        let failed = |error: HandlerError| {
            error.downcast::<DeliveryError>().map_or_else(
                |_| DeliveryError::new("the application's handler failed"),
                |error| *error,
            )
        };
        (self.0)(engine, event).await.map_err(failed)
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

impl Engine {
    /// Returns up to `limit` events after `after` in order, each with its cursor; from the first
    /// stored event if `after` is `None`.
    ///
    /// Store the last cursor: the next call continues after it. Events are kept for 30 days after
    /// their delivery, or after the change if there is no
    /// [handler](crate::EngineBuilder::on_change) and no [webhook](crate::EngineBuilder::webhook).
    ///
    /// ```
    /// # use idv_core::{Client, NewVerification, Secret, call::CallPolicy};
    /// # use idv_flow::{Engine, EventKind, Vault, store::MemoryStore};
    /// # use idv_idnow::{DataCentre, Idnow, IdnowConfig};
    /// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let transport = ScriptedTransport::new();
    /// # let clock = ManualClock::new("2026-01-01T00:00:00Z".parse()?);
    /// # transport.then_json(201, r#"{"id":"IBA-H5FD8"}"#);
    /// # let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
    /// # let environment = environment(&transport, &clock);
    /// # let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
    /// # let vault = Vault::new(&Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2)))?;
    /// # let builder = Engine::builder(MemoryStore::new()).client(client).vault(vault);
    /// # let engine = builder.open().await?;
    /// engine.start(NewVerification::new(engine.reference())).await?;
    ///
    /// let page = engine.events_page(None, 100).await?;
    /// let kinds: Vec<&str> = page.iter().map(|(_, event)| event.kind.name()).collect();
    /// assert_eq!(kinds, ["created", "hand_off_ready"]);
    ///
    /// let (last, _) = page.last().expect("the page has two events");
    /// assert!(engine.events_page(Some(*last), 100).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Store`] if the store cannot be read.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn events_page(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<(EventCursor, Event)>> {
        Ok(self.inner.store.events(after, limit).await?)
    }

    /// Returns the events after `after` as a stream that waits for further events and does not end
    /// by itself.
    ///
    /// An error ends the stream. Start a new one after the last cursor.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use futures_util::TryStreamExt as _;
    /// use idv_flow::EventKind;
    /// # let id = bank.verified(&engine).await?;
    ///
    /// // The cursor that the program stored before it was restarted; `None` at first.
    /// let mut after = None;
    /// let mut events = std::pin::pin!(engine.events(after));
    /// while let Some((cursor, event)) = events.try_next().await? {
    ///     if let EventKind::Settled { outcome } = event.kind {
    ///         assert_eq!((event.flow, outcome.name()), (id, "verified"));
    /// #         break;
    ///     }
    ///     after = Some(cursor); // stored together with the effect of the event
    /// }
    /// assert!(after.is_some());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Cancellation
    ///
    /// The stream only reads: it can be dropped at any time.
    pub fn events(
        &self,
        after: Option<EventCursor>,
    ) -> impl Stream<Item = Result<(EventCursor, Event)>> + Send + '_ {
        let inner = &*self.inner;
        try_unfold(
            (after, VecDeque::new()),
            move |(mut after, mut page): (_, VecDeque<(EventCursor, Event)>)| async move {
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
            },
        )
    }

    /// Sends an event to the handler and the webhook of this program again, whether or not it was
    /// delivered.
    ///
    /// Use it if a receiver has lost an event. The replay is out of order and carries the id and
    /// the sequence number of the original. The outbox does not change. Events are kept for 30 days
    /// after their delivery.
    ///
    /// ```
    /// # use idv_core::{Client, NewVerification, Secret, call::CallPolicy};
    /// # use idv_flow::{Engine, FlowError, Vault, store::MemoryStore};
    /// # use idv_idnow::{DataCentre, Idnow, IdnowConfig};
    /// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let transport = ScriptedTransport::new();
    /// # let clock = ManualClock::new("2026-01-01T00:00:00Z".parse()?);
    /// # transport.then_json(201, r#"{"id":"IBA-H5FD8"}"#);
    /// # let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
    /// # let environment = environment(&transport, &clock);
    /// # let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
    /// # let vault = Vault::new(&Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2)))?;
    /// # let builder = Engine::builder(MemoryStore::new()).client(client).vault(vault);
    /// let engine = builder.on_change(|_, _| async { Ok(()) }).open().await?;
    /// let started = engine.start(NewVerification::new(engine.reference())).await?;
    ///
    /// engine.replay(started.id, 1).await?;
    ///
    /// let error = engine.replay(started.id, 99).await.unwrap_err();
    /// assert!(matches!(error, FlowError::UnknownEvent { sequence: 99, .. }));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownEvent`]; [`FlowError::Delivery`] if the delivery failed;
    /// [`FlowError::Invalid`] if this program has no handler and no webhook.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the receivers may have received the event. Repeat the call to be
    /// sure.
    pub async fn replay(&self, flow: FlowId, sequence: u64) -> Result<()> {
        if self.inner.receivers.is_empty() {
            return Err(FlowError::Invalid(
                "this program has no handler and no webhook to replay the event to: configure \
                 one"
                .to_owned(),
            ));
        }
        let event = self
            .inner
            .store
            .event(flow, sequence)
            .await?
            .ok_or(FlowError::UnknownEvent { flow, sequence })?;
        self.inner
            .hand_over(event, true)
            .await
            .map_err(FlowError::Delivery)
    }
}

impl Inner {
    /// Delivers events as they arrive, until `stop` resolves or its sender is dropped. Deliveries
    /// in progress are completed.
    pub(crate) async fn deliver(&self, mut stop: oneshot::Receiver<()>) {
        if self.receivers.is_empty() {
            // The sender may be dropped; that ends the wait too.
            let _ = stop.await;
            return;
        }
        loop {
            let wait = match self.deliver_due().await {
                Ok(AT_ONCE..) => Duration::ZERO,
                Ok(_) => IDLE,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn Error,
                        "events could not be delivered"
                    );
                    IDLE
                }
            };
            let rest = async {
                if !wait.is_zero() {
                    select(pin!(self.events_wakeup.notified()), self.clock.sleep(wait)).await;
                }
            };
            if let Either::Left(_) = select(&mut stop, pin!(rest)).await {
                return;
            }
        }
    }

    /// Delivers all due events. Returns their number.
    pub(crate) async fn deliver_all_due(&self) -> Result<usize> {
        if self.receivers.is_empty() {
            return Ok(0);
        }
        let mut done = 0;
        loop {
            match self.deliver_due().await? {
                0 => return Ok(done),
                count => done += count,
            }
        }
    }

    async fn deliver_due(&self) -> Result<usize> {
        self.check_clock().await?;
        let now = self.now();
        let claimed = self
            .store
            .claim_events(now, self.lease_until(), AT_ONCE)
            .await?;
        let count = claimed.len();
        let mut under_way: FuturesUnordered<_> = claimed
            .into_iter()
            .map(|pending| self.deliver_one(pending))
            .collect();
        while let Some(delivered) = under_way.next().await {
            delivered?;
        }
        Ok(count)
    }

    async fn deliver_one(&self, pending: PendingEvent) -> Result<()> {
        let PendingEvent { event, tries } = pending;
        let (flow, sequence, name) = (event.flow, event.sequence, event.kind.name());
        let again = match self.hand_over(event, false).await {
            Ok(()) => None,
            Err(error) => {
                self.metrics.retry("delivery");
                tracing::warn!(%flow, sequence, event = name, tries, reason = %error, "an event was not delivered; it will be retried");
                let backoff = RETRY
                    .0
                    .saturating_mul(2_u32.saturating_pow(tries.clamp(1, 20) - 1))
                    .min(RETRY.1);
                let wait = error
                    .wait()
                    .map_or(backoff, |asked| asked.min(LONGEST_WAIT).max(backoff));
                Some(later(self.now(), wait))
            }
        };
        Ok(self.store.finish_event(flow, sequence, again).await?)
    }

    /// Returns the engine, for the application's handler.
    fn engine(&self) -> Option<Engine> {
        self.this
            .get()
            .and_then(std::sync::Weak::upgrade)
            .map(|inner| Engine { inner })
    }

    /// Sends an event to the receivers.
    ///
    /// A delivery fails after half of the lease: after the whole lease, another program would
    /// deliver the event too.
    async fn hand_over(&self, event: Event, is_replay: bool) -> Result<(), DeliveryError> {
        let (name, began) = (event.kind.name(), self.clock.monotonic());
        let span = tracing::info_span!("idv.flow.delivery", flow = %event.flow, sequence = event.sequence, event = name);
        let taken = self
            .receivers
            .take(self.engine(), event, is_replay)
            .instrument(span);
        let result = match select(pin!(taken), self.clock.sleep(self.lease / 2)).await {
            Either::Left((taken, _)) => taken,
            Either::Right(_) => Err(DeliveryError::new(
                "the receiver of events took longer than half of the lease",
            )),
        };
        self.metrics
            .delivery(name, self.clock.monotonic().saturating_sub(began), &result);
        result
    }
}
