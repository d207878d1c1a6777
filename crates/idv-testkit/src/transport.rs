use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use idv_core::{Body, Chunks, Sent, Transport, TransportCause, TransportError};

/// A transport that answers requests from a script and records them.
///
/// Clones are cheap and share the script and the record. A request beyond the end of the script
/// fails as [not sent](Sent::No) and is recorded, so that a test that counts requests notices it.
///
/// ```
/// use http::Request;
/// use idv_core::Transport;
/// use idv_testkit::{ScriptedTransport, line};
///
/// # futures_executor::block_on(async {
/// let transport = ScriptedTransport::new();
/// transport.then_json(200, r#"{"state":"passed"}"#);
///
/// let request = Request::get("https://api.example.com/1").body(bytes::Bytes::new())?;
/// let response = transport.send(request).await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(line(&transport.requests()[0]), "GET https://api.example.com/1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
pub struct ScriptedTransport(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    script: VecDeque<Exchange>,
    requests: Vec<Request<Bytes>>,
}

/// The reaction of a [`ScriptedTransport`] to one request.
pub enum Exchange {
    /// Sends this response.
    Answer(Response<Bytes>),
    /// Fails: whether the request was sent, and the cause.
    Fail(Sent, TransportCause),
    /// Sends the head and the first chunk of the body, then breaks off.
    Break(Response<Bytes>),
    /// Never responds.
    Hang,
}

impl Exchange {
    /// Returns a response with a status and a body.
    ///
    /// # Panics
    ///
    /// If the status is not an HTTP status.
    #[expect(clippy::expect_used, reason = "a test's own constant")]
    fn answer(status: u16, body: impl Into<Bytes>, media_type: Option<&str>) -> Self {
        let mut answer = Response::new(body.into());
        *answer.status_mut() = StatusCode::from_u16(status).expect("a valid HTTP status");
        let media_type =
            media_type.map(|text| HeaderValue::from_str(text).expect("a valid header value"));
        answer
            .headers_mut()
            .extend(media_type.map(|value| (CONTENT_TYPE, value)));
        Self::Answer(answer)
    }
}

/// Returns a response without a body.
///
/// # Panics
///
/// If the status is not an HTTP status.
#[must_use]
pub fn empty(status: u16) -> Exchange {
    Exchange::answer(status, Bytes::new(), None)
}

/// Returns a 200 response whose body is a file.
///
/// # Panics
///
/// If the media type is not a valid header value.
#[must_use]
pub fn file(media_type: &str, bytes: impl Into<Bytes>) -> Exchange {
    Exchange::answer(200, bytes, Some(media_type))
}

/// Returns the method and the URL of a request in one line.
#[must_use]
pub fn line(request: &Request<Bytes>) -> String {
    format!("{} {}", request.method(), request.uri())
}

/// Returns a header of a request, including a sensitive one.
///
/// # Panics
///
/// If the header is not visible ASCII.
#[must_use]
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub fn header<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request
        .headers()
        .get(name)
        .map(|value| value.to_str().expect("a header is text"))
}

impl ScriptedTransport {
    /// Creates a transport with an empty script.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the reaction to the next request.
    pub fn then(&self, exchange: Exchange) -> &Self {
        self.state().script.push_back(exchange);
        self
    }

    /// Appends a response with a JSON body.
    ///
    /// # Panics
    ///
    /// If the status is not an HTTP status.
    pub fn then_json(&self, status: u16, body: impl Into<String>) -> &Self {
        self.then(Exchange::answer(
            status,
            body.into(),
            Some("application/json; charset=utf-8"),
        ))
    }

    /// Returns all requests, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        self.state().requests.clone()
    }

    /// Returns the number of requests.
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
