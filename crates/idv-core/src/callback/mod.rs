//! Callbacks: deliveries, messages and replies.

mod auth;
mod signature;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use jiff::Timestamp;

pub use auth::{CallbackAuth, CallbackCheck};
pub use signature::{SignatureAlgorithm, SignatureEncoding, SignatureScheme};

use crate::error::{Error, ErrorKind};
use crate::observation::Observation;

/// A request that arrived at one of the application's callback or return URLs, complete and not
/// parsed.
///
/// `Debug` prints neither the URL nor the body.
///
/// ```
/// use idv_core::Delivery;
/// use idv_core::http::{HeaderMap, Method};
///
/// let uri = "/callbacks/acme?attempt=2".parse().unwrap();
/// let delivery = Delivery::callback(Method::POST, uri, HeaderMap::new(), r#"{"id":"TS2-ZXNTM"}"#);
/// assert_eq!(delivery.query("attempt").as_deref(), Some("2"));
/// assert!(delivery.message().starts_with(b"{"));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// The expected sender.
    pub kind: DeliveryKind,
    /// The method.
    pub method: Method,
    /// The requested path and query.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte as it arrived.
    pub body: Bytes,
    /// The IP address of the sender, if it is reliable: never from a header that the sender can
    /// forge.
    pub source: Option<IpAddr>,
    /// The time of arrival.
    ///
    /// A [`Client`](crate::Client) supplies its own time if there is none. Signatures with a
    /// timestamp are compared with it, even if the delivery is stored and parsed later.
    pub received_at: Option<Timestamp>,
}

/// The expected sender of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryKind {
    /// The vendor.
    Callback,
    /// The person's browser, on its return. It never proves anything.
    Return,
}

impl Delivery {
    /// Creates a callback with a body.
    #[must_use]
    pub fn callback(method: Method, uri: Uri, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self {
            kind: DeliveryKind::Callback,
            method,
            uri,
            headers,
            body: body.into(),
            source: None,
            received_at: None,
        }
    }

    /// Creates the return of a person's browser to `uri`.
    #[must_use]
    pub fn returning(uri: Uri) -> Self {
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Self {
            kind: DeliveryKind::Return,
            method: Method::GET,
            uri,
            headers,
            body,
            source: None,
            received_at: None,
        }
    }

    /// Sets the sender's IP address, which must be reliable.
    #[must_use]
    pub const fn from_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets the time of arrival.
    #[must_use]
    pub const fn received_at(mut self, at: Timestamp) -> Self {
        self.received_at = Some(at);
        self
    }

    /// Returns the message byte for byte: the body, or the query if the body is empty.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        if self.body.is_empty() {
            self.uri.query().unwrap_or_default().as_bytes()
        } else {
            &self.body
        }
    }

    /// Returns the decoded value of a query parameter; the first one if it is repeated.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?;
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("kind", &self.kind)
            .field("method", &self.method)
            .field("body_length", &self.body.len())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// The observations of a delivery, and the reply to it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CallbackMessage {
    /// The observations; empty if the delivery is about something else.
    pub observations: Vec<Observation>,
    /// The reply to the vendor.
    pub reply: Reply,
}

impl CallbackMessage {
    /// Creates a message from its parts.
    #[must_use]
    pub const fn new(observations: Vec<Observation>, reply: Reply) -> Self {
        Self {
            observations,
            reply,
        }
    }
}

/// The HTTP reply to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Cow<'static, str>,
}

impl Reply {
    /// Creates a reply without a body.
    #[must_use]
    pub const fn status(status: StatusCode) -> Self {
        Self {
            status,
            body: Cow::Borrowed(""),
        }
    }

    /// Returns the reply to a delivery that failed: 403 if it is forged, 400 if it cannot be
    /// parsed, 404 if the vendor has no callbacks, 500 otherwise.
    #[must_use]
    pub fn to_error(error: &Error) -> Self {
        Self::status(match error.kind() {
            ErrorKind::Forged => StatusCode::FORBIDDEN,
            ErrorKind::Malformed | ErrorKind::LimitExceeded => StatusCode::BAD_REQUEST,
            ErrorKind::Unsupported => StatusCode::NOT_FOUND,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }
}

/// The properties of a vendor's callbacks that a server needs before it reads one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackSpec {
    /// The HTTP methods that the vendor uses.
    pub methods: &'static [Method],
    /// The maximum length of a body in bytes, which is more than the vendor ever sends.
    pub body_limit: usize,
    /// The time within which the vendor expects a reply, if its document names one.
    pub reply_within: Option<Duration>,
}

impl CallbackSpec {
    /// Creates a specification with these methods and a maximum length in bytes, and without a
    /// reply time.
    #[must_use]
    pub const fn new(methods: &'static [Method], body_limit: usize) -> Self {
        Self {
            methods,
            body_limit,
            reply_within: None,
        }
    }

    /// Sets the time within which the vendor expects a reply.
    #[must_use]
    pub const fn reply_within(mut self, time: Duration) -> Self {
        self.reply_within = Some(time);
        self
    }
}

#[cfg(test)]
mod tests;
