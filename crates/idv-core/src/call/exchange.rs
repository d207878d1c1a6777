//! One exchange with a vendor: a request and its response, within the limits of the policy.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, poll_immediate, select};
use http::{Request, Uri};
use tracing::Instrument as _;

use super::answer::{Answer, Arrived};
use super::limiter::Permit;
use super::measure::{Ended, Target};
use super::{CallContext, acts, settle};
use crate::environment::{Body, Sent, TransportCause, TransportError};
use crate::error::{Error, ErrorKind, Result};

impl CallContext {
    /// Makes one attempt. The outer error ends the call; the retry table decides about the inner
    /// one.
    pub(super) async fn attempt(
        &self,
        number: u32,
        request: Request<Bytes>,
        stream: bool,
        limit: u64,
    ) -> Result<Result<Arrived, TransportError>, Failure> {
        let Some(permit) = self.turn().await else {
            return Err(Failure::NoTurn);
        };
        let target = Target::of(&request);
        let (span, began) = (target.span(number), self.monotonic());
        let timeout = self
            .shared
            .policy
            .attempt_timeout
            .min(self.deadline.saturating_sub(self.monotonic()));
        let exchange = async {
            let response = match self.shared.environment.transport.send(request).await {
                Ok(response) => response,
                Err(error) => return Ok(Err(error)),
            };
            let (head, mut body) = response.into_parts();
            tracing::debug!(status = head.status.as_u16(), "answered");
            let mut answer = Answer::new(
                head.status,
                head.headers,
                self.shared.provider.clone(),
                self.operation,
            );
            if stream && head.status.is_success() {
                return Ok(Ok(Arrived {
                    answer,
                    open: Some((body, permit)),
                }));
            }
            match collect(&mut body, &mut answer, limit).await {
                Ok(true) => Ok(Ok(Arrived { answer, open: None })),
                Ok(false) => Err(Failure::TooLong(limit)),
                Err(error) => Ok(Err(error)),
            }
        };
        let ended = self
            .within(timeout, exchange)
            .instrument(span.clone())
            .await;
        // If the attempt timed out, the whole request may have been sent.
        let ended = ended.unwrap_or(Ok(Err(TransportError::new(
            Sent::Maybe,
            TransportCause::Timeout,
        ))));
        let end = match &ended {
            Ok(Ok(arrived)) => Ended::Answered(arrived.answer.status),
            Ok(Err(error)) => Ended::NotAnswered(error.cause),
            Err(_) => Ended::GivenUp,
        };
        let of = (self.shared.provider.as_str(), self.operation.name());
        target.end(
            &span,
            &self.shared.instruments,
            of,
            self.monotonic().saturating_sub(began),
            &end,
        );
        ended
    }

    /// Waits for a permit; `None` if the deadline passes first. Usually a permit is free, and no
    /// timer is needed.
    async fn turn(&self) -> Option<Permit> {
        let mut acquire = pin!(self.shared.limiter.acquire());
        if let Some(permit) = poll_immediate(acquire.as_mut()).await {
            return Some(permit);
        }
        self.within(self.deadline.saturating_sub(self.monotonic()), acquire)
            .await
    }

    pub(super) async fn piece(&self, body: &mut Body) -> Result<Option<Bytes>> {
        let failed = |error: TransportError| {
            let detail = format!("the download was interrupted: {error}");
            self.error(ErrorKind::Unavailable)
                .detail(detail)
                .with_source(error)
        };
        match self
            .within(self.shared.policy.attempt_timeout, body.next())
            .await
        {
            Some(piece) => piece.map_err(failed),
            None => Err(failed(TransportError::new(
                Sent::Maybe,
                TransportCause::Timeout,
            ))),
        }
    }

    async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        match select(pin!(future), self.shared.environment.clock.sleep(limit)).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }

    /// Returns the error for a request without a complete response.
    ///
    /// The error names only the host and port of the URL: the path or query may contain a session
    /// URL, and the user part a password.
    pub(super) fn no_answer(&self, uri: &Uri, error: TransportError) -> Error {
        let detail = match (error.sent, error.cause, uri.host()) {
            (Sent::Maybe, ..) => format!("no complete response: {error}"),
            (Sent::No, TransportCause::Request, _) | (Sent::No, _, None) => error.to_string(),
            (Sent::No, _, Some(host)) => {
                let port = uri
                    .port_u16()
                    .map_or_else(String::new, |port| format!(":{port}"));
                format!("no connection to {host}{port}: {error}")
            }
        };
        self.error(ErrorKind::Unavailable)
            .detail(detail)
            .with_source(error)
    }
}

/// A failure that ends a call regardless of the retry table.
pub(super) enum Failure {
    NoTurn,
    TooLong(u64),
}

impl Failure {
    pub(super) fn into_error(self, cx: &CallContext, open: bool, number: u32) -> Error {
        match self {
            Self::NoTurn => settle(
                cx.error(ErrorKind::Unavailable)
                    .detail("too many concurrent calls"),
                open,
            ),
            Self::TooLong(limit) => {
                // The vendor responded, so it may have acted.
                let error = cx
                    .error(ErrorKind::LimitExceeded)
                    .detail(format!("the response is longer than {limit} bytes"));
                settle(error, acts(cx.operation)).after_attempts(number, None, None)
            }
        }
    }
}

/// Reads the whole body; `false` if it is too long.
async fn collect(body: &mut Body, answer: &mut Answer, limit: u64) -> Result<bool, TransportError> {
    let Some(first) = body.next().await? else {
        return Ok(true);
    };
    if first.len() as u64 > limit {
        return Ok(false);
    }
    // Most responses arrive in one chunk, which needs no copy.
    let Some(second) = body.next().await? else {
        answer.body = first;
        return Ok(true);
    };
    let mut whole = Vec::with_capacity(first.len() + second.len());
    whole.extend_from_slice(&first);
    let mut piece = Some(second);
    while let Some(bytes) = piece {
        if (whole.len() + bytes.len()) as u64 > limit {
            return Ok(false);
        }
        whole.extend_from_slice(&bytes);
        piece = body.next().await?;
    }
    answer.body = whole.into();
    Ok(true)
}
