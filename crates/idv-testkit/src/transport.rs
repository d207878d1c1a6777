use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use idv_core::{Body, Chunks, Sent, Transport, TransportCause, TransportError};

/// A transport that answers by a script and records what it was asked. Cheap to clone; clones share script and record.
///
/// A request for which the script has nothing left fails as [not sent](Sent::No) and shows in the record, so a test that counts
/// requests sees it.
#[derive(Debug, Clone, Default)]
pub struct ScriptedTransport(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    script: VecDeque<Exchange>,
    requests: Vec<Request<Bytes>>,
}

/// What the transport does with one request.
pub enum Exchange {
    /// Answers.
    Answer(Response<Bytes>),
    /// Fails.
    Fail(Sent, TransportCause),
    /// Answers with a head and the first piece of a body that then breaks off.
    Break(Response<Bytes>),
    /// Never answers.
    Hang,
}

impl Exchange {
    /// An answer with a status and a body.
    ///
    /// # Panics
    ///
    /// Where the status is none of HTTP.
    #[expect(clippy::expect_used, reason = "a test's own constant")]
    fn answer(status: u16, body: impl Into<Bytes>, media_type: Option<&str>) -> Self {
        let mut answer = Response::new(body.into());
        *answer.status_mut() = StatusCode::from_u16(status).expect("a status of HTTP");
        let media_type =
            media_type.map(|text| HeaderValue::from_str(text).expect("a value of a header"));
        answer
            .headers_mut()
            .extend(media_type.map(|value| (CONTENT_TYPE, value)));
        Self::Answer(answer)
    }
}

/// Returns an answer without a body.
///
/// # Panics
///
/// If the status is none of HTTP.
#[must_use]
pub fn empty(status: u16) -> Exchange {
    Exchange::answer(status, Bytes::new(), None)
}

/// Returns an answer that is a file.
///
/// # Panics
///
/// If the media type cannot be the value of a header.
#[must_use]
pub fn file(media_type: &str, bytes: impl Into<Bytes>) -> Exchange {
    Exchange::answer(200, bytes, Some(media_type))
}

/// Returns the method and the address of a request, as one line.
#[must_use]
pub fn line(request: &Request<Bytes>) -> String {
    format!("{} {}", request.method(), request.uri())
}

/// Returns a header of a request in clear.
///
/// # Panics
///
/// If the header is no text.
#[must_use]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("a header is text"))
}

impl ScriptedTransport {
    /// A transport without a script.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what is to be done with the next request.
    pub fn then(&self, exchange: Exchange) -> &Self {
        self.state().script.push_back(exchange);
        self
    }

    /// Adds an answer with a JSON body.
    ///
    /// # Panics
    ///
    /// Where the status is none of HTTP.
    pub fn then_json(&self, status: u16, body: impl Into<String>) -> &Self {
        self.then(Exchange::answer(
            status,
            body.into(),
            Some("application/json; charset=utf-8"),
        ))
    }

    /// Every request that was made, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        self.state().requests.clone()
    }

    /// How many requests were made.
    #[must_use]
    pub fn count(&self) -> usize {
        self.state().requests.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let exchange = {
            let mut state = self.state();
            state.requests.push(request);
            state.script.pop_front()
        };
        match exchange {
            Some(Exchange::Answer(response)) => Ok(response.map(Body::from)),
            Some(Exchange::Fail(sent, cause)) => Err(TransportError::new(sent, cause)),
            Some(Exchange::Break(response)) => {
                Ok(response.map(|bytes| Body::chunks(Broken(Some(bytes)))))
            }
            Some(Exchange::Hang) => std::future::pending().await,
            None => Err(TransportError::new(Sent::No, TransportCause::Connect)),
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("left", &self.script.len())
            .field("requests", &self.requests.len())
            .finish()
    }
}

struct Broken(Option<Bytes>);

#[async_trait]
impl Chunks for Broken {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.0
            .take()
            .map(Some)
            .ok_or_else(|| TransportError::new(Sent::Maybe, TransportCause::Interrupted))
    }
}
