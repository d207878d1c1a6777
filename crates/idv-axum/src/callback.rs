//! The route of callbacks.

use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{OriginalUri, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use idv_core::{Bytes, CallbackSpec, Client, Delivery, ProofKind, Reply};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::options::Options;
use crate::{NOT_CACHED, Served, in_time};

/// Handles a callback.
pub(crate) async fn take(
    State(served): State<Served>,
    path: Result<Path<Vec<(String, String)>>, PathRejection>,
    request: Request,
) -> Response {
    let Some((account, client)) = served.account(path) else {
        return answer(StatusCode::NOT_FOUND);
    };
    let span = tracing::info_span!("idv.callback", provider = %client.info().provider, account);
    async {
        let response = served.callback(&account, &client, request).await;
        tracing::debug!(status = response.status().as_u16(), "replied to a callback");
        response
    }
    .instrument(span)
    .await
}

impl Served {
    async fn callback(&self, account: &str, client: &Client, request: Request) -> Response {
        let Some(callbacks) = client.provider().capabilities().callbacks else {
            return answer(StatusCode::NOT_FOUND);
        };
        let spec = callbacks.spec();
        let limits = TimeLimits::new(&self.options, &spec);
        if !spec.methods.contains(request.method()) {
            tracing::warn!("refused a callback: the vendor does not use this method");
            return not_allowed(spec.methods);
        }
        let (head, body) = request.into_parts();
        let (uri, source) = (called(&head), self.options.client_ip.of(&head));
        let mut delivery = Delivery::callback(head.method, uri, head.headers, Bytes::new());
        delivery.source = source;
        if let Err(error) = callbacks.auth().precheck(&delivery) {
            tracing::warn!("refused a callback: authentication failed before its body was read");
            return reply(client, &delivery, Reply::to_error(&error));
        }
        delivery.body = match self.read(body, spec.body_limit, limits.body()).await {
            Ok(body) => body,
            Err(status) => {
                tracing::warn!(
                    status = status.as_u16(),
                    "refused a callback: its body is too long, too slow or incomplete"
                );
                return answer(status);
            }
        };
        let received = self.receiver.receive(account, &delivery);
        match in_time(limits.store(), received).await {
            Some(received) => reply(client, &delivery, received),
            None => answer(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    /// Reads the body, or returns the status that says why it cannot.
    async fn read(&self, body: Body, limit: usize, time: Duration) -> Result<Bytes, StatusCode> {
        let limit = limit.min(self.options.body_limit);
        if axum::body::HttpBody::size_hint(&body).lower() > limit as u64 {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        match tokio::time::timeout(time, Limited::new(body, limit).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
            Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        }
    }
}

/// The time limits between a vendor's request and the reply.
struct TimeLimits<'a> {
    options: &'a Options,
    /// Four fifths of the vendor's documented time for the reply, counted from the request.
    until: Option<Instant>,
}

impl<'a> TimeLimits<'a> {
    fn new(options: &'a Options, spec: &CallbackSpec) -> Self {
        Self {
            options,
            until: spec.reply_within.map(|time| Instant::now() + time * 4 / 5),
        }
    }

    fn body(&self) -> Duration {
        self.at_most(self.options.body_timeout)
    }

    fn store(&self) -> Duration {
        self.at_most(self.options.reply_within)
    }

    fn at_most(&self, time: Duration) -> Duration {
        self.until.map_or(time, |until| {
            time.min(until.saturating_duration_since(Instant::now()))
        })
    }
}

/// Returns the path and query of the request as it arrived, before nesting.
pub(crate) fn called(head: &Parts) -> Uri {
    let uri = head
        .extensions
        .get::<OriginalUri>()
        .map_or(&head.uri, |OriginalUri(uri)| uri);
    uri.path_and_query()
        .map_or_else(Uri::default, |called| called.clone().into())
}

/// Builds the reply. An unauthenticated client gets a challenge for HTTP Basic, since some send
/// credentials only after one.
fn reply(client: &Client, delivery: &Delivery, reply: Reply) -> Response {
    let basic = client.info().callback_proof == Some(ProofKind::Basic);
    if basic
        && reply.status == StatusCode::FORBIDDEN
        && !delivery.headers.contains_key(header::AUTHORIZATION)
    {
        const CHALLENGE: HeaderValue =
            HeaderValue::from_static("Basic realm=\"callbacks\", charset=\"UTF-8\"");
        return (
            StatusCode::UNAUTHORIZED,
            [NOT_CACHED, (header::WWW_AUTHENTICATE, CHALLENGE)],
        )
            .into_response();
    }
    if reply.body.is_empty() {
        answer(reply.status)
    } else {
        (reply.status, [NOT_CACHED], reply.body).into_response()
    }
}

fn not_allowed(methods: &[Method]) -> Response {
    let names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let mut response = answer(StatusCode::METHOD_NOT_ALLOWED);
    // Method names are tokens, which are valid header values.
    if let Ok(allow) = HeaderValue::from_str(&names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

fn answer(status: StatusCode) -> Response {
    (status, [NOT_CACHED]).into_response()
}
