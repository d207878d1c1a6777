//! Callbacks: what arrives, what it says, and what to reply.

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

/// A message that arrived at one of our addresses, whole and unread. `Debug` prints neither its address nor its body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Who is to have sent it.
    pub kind: DeliveryKind,
    /// The method.
    pub method: Method,
    /// The path and query that was called.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte as it arrived.
    pub body: Bytes,
    /// The address it came from, where that is known for certain: not from a header that anybody can write.
    pub source: Option<IpAddr>,
    /// The time at which it arrived. A [`Client`](crate::Client) supplies its own if there is none; a signature with a time is compared
    /// with it, also if the delivery is stored and read again later.
    pub received_at: Option<Timestamp>,
}

/// Who is to have sent a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryKind {
    /// The vendor.
    Callback,
    /// The person's browser, coming back. It never proves anything.
    Return,
}

impl Delivery {
    /// A callback with a body.
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

    /// The person's browser, coming back to `uri`.
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

    /// The same, from an address that is known for certain.
    #[must_use]
    pub const fn from_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// The same, with the time at which it arrived.
    #[must_use]
    pub const fn received_at(mut self, at: Timestamp) -> Self {
        self.received_at = Some(at);
        self
    }

    /// What was said, as it came: the body, or the query where the vendor tells by its address alone.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        if self.body.is_empty() {
            self.uri.query().unwrap_or_default().as_bytes()
        } else {
            &self.body
        }
    }

    /// The value of a parameter of the query, decoded; the first one where it is repeated.
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

/// What a delivery says, and what to answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CallbackMessage {
    /// What it says; nothing, where it is about something else.
    pub observations: Vec<Observation>,
    /// What to answer.
    pub reply: Reply,
}

impl CallbackMessage {
    /// What a delivery says, and what to answer.
    #[must_use]
    pub const fn new(observations: Vec<Observation>, reply: Reply) -> Self {
        Self {
            observations,
            reply,
        }
    }
}

/// What to answer to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Cow<'static, str>,
}

impl Reply {
    /// An answer without a body.
    #[must_use]
    pub const fn status(status: StatusCode) -> Self {
        Self {
            status,
            body: Cow::Borrowed(""),
        }
    }

    /// Returns the answer to a delivery that could not be taken: 403 if it is forged, 400 if it cannot be read, 404 if the vendor
    /// has no callbacks.
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

/// How a vendor calls back: what a server has to know before it reads anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackSpec {
    /// The methods that the vendor calls by.
    pub methods: &'static [Method],
    /// How long a body may be, in bytes. It is more than the vendor ever sends.
    pub body_limit: usize,
    /// How soon the vendor wants its reply, where its document says so.
    pub reply_within: Option<Duration>,
}

impl CallbackSpec {
    /// By these methods, with bodies of at most so many bytes, and without a documented time for the reply.
    #[must_use]
    pub const fn new(methods: &'static [Method], body_limit: usize) -> Self {
        Self {
            methods,
            body_limit,
            reply_within: None,
        }
    }

    /// The vendor wants its reply so soon.
    #[must_use]
    pub const fn reply_within(mut self, time: Duration) -> Self {
        self.reply_within = Some(time);
        self
    }
}

#[cfg(test)]
mod tests;
