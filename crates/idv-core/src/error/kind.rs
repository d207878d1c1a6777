//! The classification of an error: its kind, effect and operation.

use std::borrow::Cow;

/// The kind of an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is not valid. Nothing was sent.
    #[error("the configuration is not valid")]
    Config,
    /// The vendor lacks the operation or a required capability. Nothing was sent.
    #[error("not supported by this vendor")]
    Unsupported,
    /// The vendor's document does not allow a value in the request; the request may have been sent.
    #[error("`{field}` is not valid")]
    InvalidRequest {
        /// The field of the request: a path in the model (`person.birth_date`), or the vendor's own
        /// name if the model has no such field.
        field: Cow<'static, str>,
    },
    /// The vendor rejected the credentials.
    #[error("the credentials were refused")]
    Unauthorized,
    /// The account has no credits left, or is not activated for the operation.
    #[error("the account's quota is used up")]
    QuotaExhausted,
    /// The vendor does not know the verification, or has deleted it.
    #[error("not found")]
    NotFound,
    /// The result is not available yet.
    #[error("not ready yet")]
    NotReady,
    /// The state of the verification does not allow the operation, for example because it is
    /// finished.
    #[error("the state of the verification does not allow it")]
    Conflict,
    /// The vendor requests a lower rate of calls.
    #[error("too many calls")]
    RateLimited,
    /// The vendor was unreachable, sent no response, or reported an internal failure.
    #[error("the vendor is unavailable")]
    Unavailable,
    /// A response or payload could not be parsed.
    #[error("the response could not be parsed")]
    Malformed,
    /// A callback has no valid proof that the vendor sent it.
    #[error("callback authentication failed")]
    Forged,
    /// The response is about another verification than the request.
    #[error("the response is about another verification")]
    SubjectMismatch,
    /// A limit set by the caller was exceeded, such as the size of evidence.
    #[error("a limit was exceeded")]
    LimitExceeded,
    /// The sink for evidence failed.
    #[error("the evidence could not be stored")]
    Sink,
}

impl ErrorKind {
    /// Returns the name used in traces and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Unsupported => "unsupported",
            Self::InvalidRequest { .. } => "invalid_request",
            Self::Unauthorized => "unauthorized",
            Self::QuotaExhausted => "quota_exhausted",
            Self::NotFound => "not_found",
            Self::NotReady => "not_ready",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
            Self::Forged => "forged",
            Self::SubjectMismatch => "subject_mismatch",
            Self::LimitExceeded => "limit_exceeded",
            Self::Sink => "sink",
        }
    }
}

/// Whether the vendor may have acted although the call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The vendor did not act: the call can be repeated, with or without changes.
    NotApplied,
    /// The vendor may have acted. Do not repeat a create call that has no idempotency key: find the
    /// verification, wait for its callback, or ask an operator.
    Unknown,
}

/// The operation that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Create a verification.
    Create,
    /// Poll the state.
    Poll,
    /// Fetch the result.
    Fetch,
    /// Download evidence.
    Evidence,
    /// List verifications.
    List,
    /// Find verifications by the application's reference.
    Find,
    /// Delete a verification at the vendor.
    Delete,
    /// Receive a callback or the person's return.
    Receive,
    /// Call the vendor's own API, outside the model.
    Other,
}

impl Operation {
    /// Returns the name used in traces and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Poll => "poll",
            Self::Fetch => "fetch",
            Self::Evidence => "evidence",
            Self::List => "list",
            Self::Find => "find",
            Self::Delete => "delete",
            Self::Receive => "receive",
            Self::Other => "other",
        }
    }
}
