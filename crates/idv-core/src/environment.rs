//! The environment that an application provides: the network, the clock and randomness.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

/// The network, clock and random number generator that an application or a test provides.
///
/// Cheap to clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Environment {
    /// Sends requests.
    pub transport: Arc<dyn Transport>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Generates random bits.
    pub random: Arc<dyn Random>,
}

impl Environment {
    /// Creates an environment with random bits from the operating system.
    pub fn new(transport: impl Transport, clock: impl Clock) -> Self {
        Self {
            transport: Arc::new(transport),
            clock: Arc::new(clock),
            random: Arc::new(OsRandom),
        }
    }

    /// Replaces the source of random bits.
    #[must_use]
    pub fn with_random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }
}

/// Sends one request to a vendor and returns the response.
///
/// # Contract
///
/// One call sends at most one request: a transport follows no redirects, repeats nothing and caches
/// nothing. It does not buffer the body of a response without bound. An error says truthfully
/// whether any byte of the request may have been sent; in doubt, it says [`Sent::Maybe`].
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and returns the head of the response, with its body still to be read.
    ///
    /// # Errors
    ///
    /// [`TransportError`] if no response arrived. A response with an error status is not an error.
    ///
    /// # Cancellation
    ///
    /// Dropping the future abandons the request, which may have reached the vendor.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError>;
}

/// The body of a response, read chunk by chunk.
pub struct Body(BodyKind);

enum BodyKind {
    Whole(Option<Bytes>),
    Chunks(Box<dyn Chunks>),
}

impl Body {
    /// Creates a body that arrives in chunks.
    pub fn chunks(chunks: impl Chunks + 'static) -> Self {
        Self(BodyKind::Chunks(Box::new(chunks)))
    }

    /// Returns the next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`TransportError`] if the body breaks off.
    ///
    /// # Cancellation
    ///
    /// Dropping the future may lose a chunk: do not read the body any further.
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

/// Reads the chunks of a body as they arrive.
#[async_trait]
pub trait Chunks: Send {
    /// Returns the next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`TransportError`] if the body breaks off.
    ///
    /// # Cancellation
    ///
    /// Dropping the future may lose a chunk: the caller drops the body as well.
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError>;
}

/// The reason why no complete response arrived.
///
/// `Display` prints the cause.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
#[non_exhaustive]
pub struct TransportError {
    /// Whether any byte of the request may have been sent.
    pub sent: Sent,
    /// The cause.
    pub cause: TransportCause,
    /// The underlying failure. It must not print a URL or a body.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

impl TransportError {
    /// Creates an error without an underlying failure.
    #[must_use]
    pub const fn new(sent: Sent, cause: TransportCause) -> Self {
        Self {
            sent,
            cause,
            source: None,
        }
    }

    /// Adds the underlying failure, which must not print a URL or a body.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Whether any byte of a request may have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No byte was sent: the vendor does not know of the request.
    No,
    /// Some bytes may have been sent.
    Maybe,
}

/// The cause of a request without a complete response.
///
/// A transport that cannot tell the details uses [`Connect`](Self::Connect) before it has sent
/// anything, and [`Interrupted`](Self::Interrupted) after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportCause {
    /// The host name could not be resolved.
    #[error("the host name cannot be resolved")]
    Dns,
    /// The host refused the connection: no program listens on the port.
    #[error("connection refused")]
    Refused,
    /// There is no route to the host.
    #[error("the host is unreachable")]
    Unreachable,
    /// The server's certificate is not valid for the host, has expired, or has an unknown issuer.
    #[error("the server's certificate is not trusted")]
    Certificate,
    /// The TLS handshake failed for another reason: the port does not speak TLS, for example.
    #[error("the TLS handshake failed")]
    Tls,
    /// The connection failed for another reason.
    #[error("the connection failed")]
    Connect,
    /// The connection or the response took too long.
    #[error("timed out")]
    Timeout,
    /// The peer reset the connection.
    #[error("connection reset")]
    Reset,
    /// The connection was closed early or failed for another reason.
    #[error("connection closed early")]
    Interrupted,
    /// The request is not valid HTTP, or the transport's options forbid it.
    #[error("the request cannot be sent")]
    Request,
}

/// A clock that tells the time and waits.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the time of day, for signatures, tokens and records.
    fn now(&self) -> Timestamp;

    /// Returns the time since an arbitrary moment, for deadlines. It never goes backwards.
    fn monotonic(&self) -> Duration;

    /// Waits for `duration`. Dropping the future ends the wait.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A generator of random bits that cannot be guessed.
pub trait Random: fmt::Debug + Send + Sync + 'static {
    /// Fills a buffer with random bits.
    fn fill(&self, buffer: &mut [u8]);
}

/// Random bits from the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    // A machine without random bits must not go on with guessable ones; there is no better answer
    // than to stop.
    #[expect(clippy::panic, reason = "there is no safe way to go on")]
    fn fill(&self, buffer: &mut [u8]) {
        if getrandom::fill(buffer).is_err() {
            panic!("the operating system gives no random bits");
        }
    }
}
