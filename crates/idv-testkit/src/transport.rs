use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
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
    #[expect(clippy::expect_used, reason = "a test's own constant")]
    pub fn then_json(&self, status: u16, body: impl Into<String>) -> &Self {
        let answer = Response::builder()
            .status(StatusCode::from_u16(status).expect("a status of HTTP"))
            .header(http::header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Bytes::from(body.into()))
            .expect("a constant head is valid");
        self.then(Exchange::Answer(answer))
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
            Some(Exchange::Break(response)) => Ok(response.map(|bytes| Body::chunks(Broken(Some(bytes))))),
            Some(Exchange::Hang) => std::future::pending().await,
            None => Err(TransportError::new(Sent::No, TransportCause::Connect)),
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("left", &self.script.len()).field("requests", &self.requests.len()).finish()
    }
}

struct Broken(Option<Bytes>);

#[async_trait]
impl Chunks for Broken {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.0.take().map(Some).ok_or_else(|| TransportError::new(Sent::Maybe, TransportCause::Interrupted))
    }
}
