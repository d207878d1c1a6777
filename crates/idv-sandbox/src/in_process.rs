//! Without a network: a request is a call, and so is a callback.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};

use crate::exchange::{Answer, Incoming, Piece};
use crate::fault::FaultKind;
use crate::route::{self, Port};
use crate::sandbox::Sandbox;

/// The reason of an answer that did not come, or not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cut {
    /// There was no connection: nothing of the request was read, and nothing was done.
    #[error("the connection is refused")]
    Refused,
    /// The connection broke after the request had been read. Whether it was done is not told.
    #[error("the connection is cut")]
    Interrupted,
}

/// The time that a fault adds to an answer, among the extensions of a response of [`Sandbox::exchange`]. The exchange does not wait
/// for it: the caller has a clock, and decides whether it was too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerDelay(pub Duration);

/// The body of an answer, piece by piece. Where a fault breaks it off, an error is the last piece.
pub struct AnswerBody {
    pieces: VecDeque<Piece>,
    /// How many bytes are still to be sent, of these pieces or (where the answer breaks off) of their beginning.
    left: u64,
    truncated: bool,
}

impl Sandbox {
    /// Answers a request as it would be answered over HTTP, faults included, without a network. It works beside the ports too.
    ///
    /// The vendor is found by the address of the request: that of a vendor's handle, else any of its real hosts, else the `Host` header;
    /// the control plane is below each of them.
    ///
    /// # Errors
    ///
    /// [`Cut`], if a fault leaves no answer.
    ///
    /// ```
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use bytes::Bytes;
    /// use idv_sandbox::{Cut, Fault, FaultKind, Sandbox};
    ///
    /// let sandbox = Sandbox::builder().in_process().start().await?;
    /// let request = || http::Request::get(format!("{}/system_check", sandbox.idnow().base_url())).body(Bytes::new());
    /// assert_eq!(sandbox.exchange(request()?).await?.status(), 200);
    ///
    /// sandbox.plan(Fault::new(FaultKind::Refuse));
    /// assert_eq!(sandbox.exchange(request()?).await.err(), Some(Cut::Refused));
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
    /// ```
    pub async fn exchange(&self, request: Request<Bytes>) -> Result<Response<AnswerBody>, Cut> {
        let (mut head, body) = request.into_parts();
        if let Some(authority) = head.uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            // As a client of HTTP would.
            head.headers.entry("host").or_insert(host);
        }
        let port = head
            .uri
            .authority()
            .and_then(|authority| self.at(authority.as_str()))
            .map_or(Port::Shared, Port::Only);
        let (answer, fault) = if body.len() > route::MAX_REQUEST {
            (Some(route::too_long(&self.worlds)), None)
        } else {
            route::answer(&self.worlds, port, &Incoming::new(head, body)).await
        };
        match (answer, fault) {
            (_, Some(FaultKind::Refuse)) => Err(Cut::Refused),
            (None, _) | (_, Some(FaultKind::CutAfter)) => Err(Cut::Interrupted),
            (Some(answer), fault) => {
                let length = answer.length();
                let mut response = AnswerBody::response(answer, fault.as_ref());
                match fault {
                    Some(FaultKind::Delay(milliseconds)) => {
                        response
                            .extensions_mut()
                            .insert(AnswerDelay(Duration::from_millis(milliseconds)));
                    }
                    Some(FaultKind::Drip(milliseconds)) => {
                        let whole = Duration::from_millis(milliseconds.saturating_mul(length));
                        response.extensions_mut().insert(AnswerDelay(whole));
                    }
                    _ => {}
                }
                Ok(response)
            }
        }
    }
}

impl AnswerBody {
    /// All of it.
    ///
    /// # Errors
    ///
    /// [`Cut::Interrupted`] if it breaks off.
    pub fn whole(self) -> Result<Bytes, Cut> {
        let mut whole = BytesMut::new();
        for piece in self {
            whole.extend_from_slice(&piece?);
        }
        Ok(whole.freeze())
    }

    /// An answer on its way.
    pub(crate) fn response(answer: Answer, fault: Option<&FaultKind>) -> Response<Self> {
        let length = answer.length();
        let truncated = fault == Some(&FaultKind::Truncated);
        let left = if truncated { length / 2 } else { length };
        let mut response = Response::new(Self {
            pieces: answer.body.into(),
            left,
            truncated,
        });
        *response.status_mut() = answer.status;
        for (name, value) in answer.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
            .headers_mut()
            .insert("content-length", length.into());
        response
    }

    /// Whether it breaks off.
    pub(crate) const fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Takes the next bytes, `most` at most; none at the end.
    pub(crate) fn take_bytes(&mut self, most: u64) -> Bytes {
        while self.pieces.front().is_some_and(|piece| piece.length() == 0) {
            self.pieces.pop_front();
        }
        let most = most.min(self.left);
        let bytes = self
            .pieces
            .front_mut()
            .map(|piece| piece.take_bytes(most))
            .unwrap_or_default();
        self.left -= bytes.len() as u64;
        bytes
    }
}

impl Iterator for AnswerBody {
    type Item = Result<Bytes, Cut>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.take_bytes(u64::MAX);
        if !bytes.is_empty() {
            return Some(Ok(bytes));
        }
        // It breaks off once.
        std::mem::take(&mut self.truncated).then_some(Err(Cut::Interrupted))
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerBody")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// The address of a vendor if there is no port. Names below `localhost` lead nowhere else, should one get out.
pub(crate) fn authority(vendor: &str) -> String {
    format!("{vendor}.localhost")
}

/// Where callbacks go instead of the network.
#[derive(Clone)]
pub(crate) struct Receive(Arc<dyn Fn(Request<Bytes>) -> Answering + Send + Sync>);

type Answering = Pin<Box<dyn Future<Output = Option<StatusCode>> + Send>>;

impl Receive {
    pub(crate) fn new<F, A>(receive: F) -> Self
    where
        F: Fn(Request<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = Option<StatusCode>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(receive(request))))
    }

    /// The status that comes back, or 0 if none does.
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &str,
        headers: &[(String, String)],
        body: Option<(&'static str, Bytes)>,
    ) -> u16 {
        match request(method, url, headers, body) {
            Ok(request) => self.0(request).await.map_or(0, |status| status.as_u16()),
            Err(_) => 0,
        }
    }
}

impl fmt::Debug for Receive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receive(…)")
    }
}

/// A callback as a server sees it: the path and the query in the address, the host in its header.
fn request(
    method: Method,
    url: &str,
    headers: &[(String, String)],
    body: Option<(&'static str, Bytes)>,
) -> Result<Request<Bytes>, http::Error> {
    let url = url.parse::<Uri>()?;
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::builder().method(method).uri(target);
    if let Some(authority) = url.authority() {
        request = request.header("host", authority.as_str());
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match body {
        Some((media_type, body)) => request.header("content-type", media_type).body(body),
        None => request.body(Bytes::new()),
    }
}
