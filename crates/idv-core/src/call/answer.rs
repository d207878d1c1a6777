//! Responses of a vendor, and their conversion into errors.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::acts;
use super::limiter::Permit;
use crate::environment::Body;
use crate::error::{Effect, Error, ErrorKind, Operation, Result};
use crate::evidence::Download;
use crate::id::ProviderId;
use crate::observation::{Proof, ProofKind};

/// A vendor's response to a request of this crate.
///
/// `Debug` prints neither its headers nor its body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The complete body.
    pub body: Bytes,
    provider: ProviderId,
    operation: Operation,
    attempts: u32,
    open: bool,
    retry_after: Option<Duration>,
}

/// The result of [`CallContext::download`](super::CallContext::download).
#[derive(Debug)]
#[non_exhaustive]
pub enum Downloaded {
    /// The download is complete.
    Whole(Download),
    /// The vendor responded with an error status, and nothing was written to the sink.
    Refused(Answer),
}

impl Downloaded {
    /// Returns the download, or converts the vendor's response into an error with `refused`.
    ///
    /// # Errors
    ///
    /// Returns the error of `refused`.
    pub fn whole(self, refused: impl FnOnce(Answer) -> Error) -> Result<Download> {
        match self {
            Self::Whole(download) => Ok(download),
            Self::Refused(answer) => Err(refused(answer)),
        }
    }
}

impl Answer {
    pub(super) fn new(
        status: StatusCode,
        headers: HeaderMap,
        provider: ProviderId,
        operation: Operation,
    ) -> Self {
        Self {
            status,
            headers,
            body: Bytes::new(),
            provider,
            operation,
            attempts: 1,
            open: false,
            retry_after: None,
        }
    }

    pub(super) fn complete(&mut self, attempts: u32, open: bool, retry_after: Option<Duration>) {
        self.attempts = attempts;
        self.open = open;
        self.retry_after = retry_after;
    }

    /// Returns the proof that this is the response to a request of this crate.
    #[must_use]
    pub fn proof(&self) -> Proof {
        Proof::of(ProofKind::OwnCall, &self.body)
    }

    /// Parses the body with `read`.
    ///
    /// # Errors
    ///
    /// Returns the error of `read`, [completed](Answer::complement) with the facts of this
    /// response.
    pub fn read<'a, T>(&'a self, read: impl FnOnce(&'a [u8]) -> Result<T>) -> Result<T> {
        read(&self.body).map_err(|error| self.complement(error))
    }

    /// Returns the media type of the body, without parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        let value = self
            .headers
            .get(http::header::CONTENT_TYPE)?
            .to_str()
            .ok()?;
        value
            .split(';')
            .next()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// Converts this response into an error by its status alone.
    #[must_use]
    pub fn error(&self) -> Error {
        self.error_of(match self.status.as_u16() {
            401 | 403 => ErrorKind::Unauthorized,
            402 => ErrorKind::QuotaExhausted,
            404 | 410 => ErrorKind::NotFound,
            409 | 412 => ErrorKind::Conflict,
            408 | 500..=599 => ErrorKind::Unavailable,
            429 => ErrorKind::RateLimited,
            400..=499 => ErrorKind::InvalidRequest {
                field: "request".into(),
            },
            _ => ErrorKind::Malformed,
        })
    }

    /// Converts this response into an error of a kind that the adapter determined.
    ///
    /// The effect is unknown if the vendor may have acted: if the status is a success although the
    /// body cannot be parsed, or if the effect of an earlier attempt is unknown.
    #[must_use]
    pub fn error_of(&self, kind: ErrorKind) -> Error {
        self.complement(Error::new(kind))
    }

    /// Adds the status, the number of attempts and the effect of this response to an error.
    #[must_use]
    pub fn complement(&self, error: Error) -> Error {
        let may_have_acted = (self.open || self.status.is_success()) && acts(self.operation);
        let error = if may_have_acted {
            error.with_effect(Effect::Unknown)
        } else {
            error
        };
        error.during(&self.provider, self.operation).after_attempts(
            self.attempts,
            Some(self.status.as_u16()),
            self.retry_after,
        )
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A response. While `open` holds its unread body, the call keeps its permit.
pub(super) struct Arrived {
    pub(super) answer: Answer,
    pub(super) open: Option<(Body, Permit)>,
}

/// Returns the wait in the `Retry-After` header, given in seconds or as a date (RFC 9110, section
/// 10.2.3).
///
/// Returns `None` without a valid header.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let parse = |value: &str| {
            let headers =
                HeaderMap::from_iter([(http::header::RETRY_AFTER, value.parse().unwrap())]);
            retry_after(&headers, now)
        };
        assert_eq!(parse("120"), Some(Duration::from_secs(120)));
        assert_eq!(
            parse("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(parse("Sun, 06 Nov 1994 08:48:37 GMT"), Some(Duration::ZERO));
        assert_eq!(parse("soon"), None);
        assert_eq!(parse("-5"), None);
    }
}
