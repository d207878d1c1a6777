//! What this crate is given instead of doing it: the network, the time, randomness.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

/// The network, the time and randomness, as an application or a test provides them. Cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Environment {
    /// How requests travel.
    pub transport: Arc<dyn Transport>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where random bits come from.
    pub random: Arc<dyn Random>,
}

impl Environment {
    /// An environment with random bits from the operating system.
    pub fn new(transport: impl Transport, clock: impl Clock) -> Self {
        Self { transport: Arc::new(transport), clock: Arc::new(clock), random: Arc::new(OsRandom) }
    }

    /// The same with another source of random bits.
    #[must_use]
    pub fn with_random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }
}

/// Carries one request to a vendor and its answer back.
///
/// # Contract
///
/// One call sends at most one request: no redirect is followed, nothing is repeated, nothing is cached. The answer's body is not
/// read ahead without bound. An error says truthfully whether any byte of the request may have left this machine; in doubt it says
/// that it may have. Dropping the future gives the request up.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and returns the head of the answer, its body still to be read.
    ///
    /// # Errors
    ///
    /// [`TransportError`] where no answer came. An answer with an error status is an answer.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError>;
}

/// The body of an answer: read piece by piece.
pub struct Body(BodyKind);

enum BodyKind {
    Whole(Option<Bytes>),
    Chunks(Box<dyn Chunks>),
}

impl Body {
    /// A body that arrives in pieces.
    pub fn chunks(chunks: impl Chunks + 'static) -> Self {
        Self(BodyKind::Chunks(Box::new(chunks)))
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`TransportError`] where the body breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.0 {
            BodyKind::Whole(bytes) => Ok(bytes.take()),
            BodyKind::Chunks(chunks) => chunks.next().await,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(BodyKind::Whole(Some(bytes)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body(…)")
    }
}

/// The pieces of a body on their way.
#[async_trait]
pub trait Chunks: Send {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`TransportError`] where the body breaks off.
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError>;
}

/// Why no answer came, or none that is whole.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
#[non_exhaustive]
pub struct TransportError {
    /// Whether any byte of the request may have left.
    pub sent: Sent,
    /// What happened.
    pub cause: TransportCause,
    /// The failure beneath. It must not print a URL or a body.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// A failure without one beneath.
    #[must_use]
    pub const fn new(sent: Sent, cause: TransportCause) -> Self {
        Self { sent, cause, source: None }
    }

    /// Adds the failure beneath, which must not print a URL or a body.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Whether any byte of a request may have left this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// None has: the vendor knows nothing of it.
    No,
    /// Some may have.
    Maybe,
}

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportCause {
    /// No connection could be made: the name, the route, the port or TLS failed.
    #[error("no connection could be made")]
    Connect,
    /// It took too long.
    #[error("the time ran out")]
    Timeout,
    /// The connection broke.
    #[error("the connection broke")]
    Interrupted,
    /// The request could not be built or sent as it is.
    #[error("the request could not be sent")]
    Request,
}

/// What time it is, and waiting.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time of day, for signatures, tokens and records.
    fn now(&self) -> Timestamp;

    /// Time that only ever goes forward, since a moment of no meaning; for deadlines.
    fn monotonic(&self) -> Duration;

    /// Waits.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Random bits that cannot be guessed.
pub trait Random: fmt::Debug + Send + Sync + 'static {
    /// Fills a buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// Random bits from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    // A machine without random bits must not go on with guessable ones; there is no better answer than to stop.
    #[expect(clippy::panic, reason = "there is no safe way to go on")]
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom::fill(buffer).is_err() {
            panic!("the operating system gives no random bits");
        }
    }
}
