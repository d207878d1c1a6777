//! The sandbox without a network: requests and callbacks are function calls.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, StatusCode, Uri};

use crate::exchange::{Answer, Incoming, Piece};
use crate::fault::FaultKind;
use crate::route::{self, Port};
use crate::sandbox::Sandbox;
use crate::vendor::{Entry, VENDORS};

/// The reason of a missing or incomplete response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cut {
    /// There was no connection: the vendor read nothing and did not act.
    #[error("the connection was refused")]
    Refused,
    /// The connection broke after the vendor read the request. Whether it acted is unknown.
    #[error("the connection broke")]
    Interrupted,
}

/// The delay that a fault adds to a response, in the extensions of a response of
/// [`Sandbox::exchange`].
///
/// The exchange does not wait for it: the caller has a clock and decides whether the delay exceeds
/// its timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerDelay(pub Duration);

/// The body of a response, as an iterator over its pieces. If a fault truncates it, the last item
/// is an error.
pub struct AnswerBody {
    pieces: VecDeque<Piece>,
    /// The number of bytes left to send: of all pieces, or of their beginning if a fault truncates
    /// the response.
    left: u64,
    truncated: bool,
}

impl Sandbox {
    /// Answers a request as the sandbox would over HTTP, including faults, without a network.
    ///
    /// It also works beside the ports. The address of the request selects the vendor: a vendor's
    /// own address, or any of its real hosts, or the `Host` header. The control plane is below each
    /// of them.
    ///
    /// # Errors
    ///
    /// [`Cut`] if a fault leaves no response.
    ///
    /// # Cancellation
    ///
    /// The vendor may have acted on the request.
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
        let authority = head
            .uri
            .authority()
            .map_or(self.shared.as_str(), http::uri::Authority::as_str);
        if let Ok(host) = HeaderValue::from_str(authority) {
            // HTTP clients set this header.
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
    /// Collects the whole body.
    ///
    /// # Errors
    ///
    /// [`Cut::Interrupted`] if a fault truncates it.
    pub fn whole(self) -> Result<Bytes, Cut> {
        let mut whole = BytesMut::new();
        for piece in self {
            whole.extend_from_slice(&piece?);
        }
        Ok(whole.freeze())
    }

    /// Returns a response with a body on its way.
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

    /// Returns whether a fault truncates the body.
    pub(crate) const fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Takes up to `most` bytes; none at the end.
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
        // The error occurs once.
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

/// Returns the address of the sandbox and those of the vendors, without ports. Names below
/// `localhost` lead nowhere else, even if one leaves the process.
pub(crate) fn authorities() -> (String, Vec<(&'static Entry, String)>) {
    let vendors = VENDORS
        .iter()
        .map(|vendor| (vendor, format!("{}.localhost", vendor.id)));
    ("sandbox.localhost".to_owned(), vendors.collect())
}

/// The function that receives callbacks.
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

    /// Delivers a callback as a server sees it: with the path and the query in its URI, and the
    /// host in a header. Returns the status of the reply, or 0 if there is none.
    pub(crate) async fn request(&self, request: Request<Bytes>) -> u16 {
        let (mut head, body) = request.into_parts();
        if let Some(authority) = head.uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            head.headers.insert("host", host);
        }
        head.uri = head
            .uri
            .path_and_query()
            .cloned()
            .map_or_else(Uri::default, Uri::from);
        self.0(Request::from_parts(head, body))
            .await
            .map_or(0, |status| status.as_u16())
    }
}

impl fmt::Debug for Receive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receive(…)")
    }
}
