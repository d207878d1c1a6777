//! Failures, in terms that a caller can act on.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::environment::{TransportCause, TransportError};
use crate::id::ProviderId;
use crate::pii::Pii;

/// The result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure. It answers three questions: its kind ([`Error::kind`]), whether the vendor may have acted although the call failed
/// ([`Error::effect`]), and whether the same call may succeed later ([`Error::is_transient`]).
///
/// `Display` prints one line in our own words: never a body, the vendor's text, or a person's data. A failed connection is printed
/// with its [cause](TransportCause) and with the host and port of the configured address, never with its path or query. The
/// vendor's own words are available from [`Error::vendor_text`]. A rejected person is an [`Outcome`](crate::Outcome), not an error.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    effect: Effect,
    provider: Option<ProviderId>,
    operation: Option<Operation>,
    attempts: u32,
    http_status: Option<u16>,
    vendor_code: Option<String>,
    vendor_text: Option<Pii<String>>,
    retry_after: Option<Duration>,
    detail: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of a failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration cannot work. Nothing was sent.
    #[error("the configuration is not valid")]
    Config,
    /// The vendor lacks the operation or a required capability. Nothing was sent.
    #[error("not supported by this vendor")]
    Unsupported,
    /// The vendor's document does not allow a value of the request, whether it was sent or not.
    #[error("`{field}` is not valid")]
    InvalidRequest {
        /// The field of the request, as a path in the model (`person.birth_date`), or by the vendor's own name if the model has
        /// none.
        field: Cow<'static, str>,
    },
    /// The vendor refused the credentials.
    #[error("the credentials were refused")]
    Unauthorized,
    /// The account has no credits left, or is not activated for the operation.
    #[error("the account's quota is used up")]
    QuotaExhausted,
    /// The vendor knows no such verification, or no longer knows it.
    #[error("not found")]
    NotFound,
    /// The result is not available yet.
    #[error("not ready yet")]
    NotReady,
    /// The state of the verification does not allow the operation; it is finished, for example.
    #[error("the state of the verification does not allow it")]
    Conflict,
    /// The vendor asks for fewer calls.
    #[error("too many calls")]
    RateLimited,
    /// The vendor could not be reached, did not answer, or reported a failure of its own.
    #[error("the vendor is unavailable")]
    Unavailable,
    /// A response or payload could not be parsed.
    #[error("the response could not be parsed")]
    Malformed,
    /// A callback lacks valid proof that the vendor sent it.
    #[error("callback authentication failed")]
    Forged,
    /// The vendor answered about another verification than the requested one.
    #[error("the answer is about another verification")]
    SubjectMismatch,
    /// A limit of the caller was exceeded: the size of evidence, for example.
    #[error("a limit was exceeded")]
    LimitExceeded,
    /// The sink for evidence failed.
    #[error("the evidence could not be stored")]
    Sink,
}

impl ErrorKind {
    /// Returns the kind as one word, as traces and metrics show it.
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
    /// The vendor did not act: the call may be made again, changed or not.
    NotApplied,
    /// The vendor may have acted. Do not repeat an unkeyed create: look the verification up, wait for its callback, or ask an
    /// operator.
    Unknown,
}

/// The operation during which a failure occurred.
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
    /// Find verifications by our reference.
    Find,
    /// Delete at the vendor.
    Delete,
    /// Receive a callback or a returning person.
    Receive,
    /// Call the vendor's own API, outside the model.
    Other,
}

impl Operation {
    /// Returns the operation as one word, as traces show it.
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

impl Error {
    /// Creates a failure of this kind, without effect at the vendor.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            effect: Effect::NotApplied,
            provider: None,
            operation: None,
            attempts: 0,
            http_status: None,
            vendor_code: None,
            vendor_text: None,
            retry_after: None,
            detail: Cow::Borrowed(""),
            source: None,
        }))
    }

    /// Creates an [`InvalidRequest`](ErrorKind::InvalidRequest) for a field; `detail` says what is expected.
    #[must_use]
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorKind::InvalidRequest {
            field: field.into(),
        })
        .detail(detail)
    }

    /// Creates a [`Config`](ErrorKind::Config) failure; `detail` says what is expected.
    #[must_use]
    pub fn config(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config).detail(detail)
    }

    /// Creates a [`Malformed`](ErrorKind::Malformed) failure; `detail` says in our own words what was expected.
    #[must_use]
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Malformed).detail(detail)
    }

    /// Creates a [`Malformed`](ErrorKind::Malformed) failure with the place of the fault in the JSON, without the text there, which
    /// may be personal data.
    #[must_use]
    pub fn malformed_json(error: &serde_json::Error) -> Self {
        let fault = match error.classify() {
            serde_json::error::Category::Eof => "ends too early",
            serde_json::error::Category::Syntax => "is not JSON",
            serde_json::error::Category::Data => "has another shape than documented",
            serde_json::error::Category::Io => "cannot be read",
        };
        Self::malformed(format!(
            "the JSON {fault}, at line {} column {}",
            error.line(),
            error.column()
        ))
    }

    /// Adds an explanation in our own words: what was expected or what to do. Never the vendor's text or a person's data.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Changes the kind, for an adapter that knows better. Everything else is kept, the vendor's code and text above all.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn detail_text(&self) -> &str {
        &self.0.detail
    }

    /// States whether the vendor may have acted.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
        self
    }

    /// Renames the field of an [`InvalidRequest`](ErrorKind::InvalidRequest) from the vendor's name to the model's.
    ///
    /// ```
    /// use idv_core::Error;
    ///
    /// let error = Error::invalid("Surname", "it is empty").with_field_named(&[("Surname", "person.family_name")]);
    /// assert_eq!(error.to_string(), "`person.family_name` is not valid: it is empty");
    /// ```
    #[must_use]
    pub fn with_field_named(mut self, names: &[(&str, &'static str)]) -> Self {
        if let ErrorKind::InvalidRequest { field } = &mut self.0.kind
            && let Some((_, name)) = names
                .iter()
                .find(|(vendor_name, _)| *vendor_name == field.as_ref())
        {
            *field = Cow::Borrowed(name);
        }
        self
    }

    /// Adds the vendor's own code for the failure. [`Error::vendor_code`] returns it; nothing prints it.
    #[must_use]
    pub fn with_vendor_code(mut self, code: impl Into<String>) -> Self {
        self.0.vendor_code = Some(code.into());
        self
    }

    /// Adds the vendor's own description of the failure, which may repeat personal data that was sent. [`Error::vendor_text`]
    /// returns it; nothing prints it.
    ///
    /// ```
    /// use idv_core::{Error, ErrorKind};
    ///
    /// let error = Error::new(ErrorKind::NotFound).with_vendor_text("no ident of Erika Mustermann");
    /// assert_eq!(error.vendor_text().map(|text| text.expose().as_str()), Some("no ident of Erika Mustermann"));
    /// assert_eq!(error.to_string(), "not found");
    /// ```
    #[must_use]
    pub fn with_vendor_text(mut self, text: impl Into<String>) -> Self {
        self.0.vendor_text = Some(Pii::new(text.into()));
        self
    }

    /// Adds the underlying failure. It must not print the vendor's text, a URL or a person's data.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn during(mut self, provider: &ProviderId, operation: Operation) -> Self {
        self.0.provider.get_or_insert_with(|| provider.clone());
        self.0.operation.get_or_insert(operation);
        self
    }

    pub(crate) fn after_attempts(
        mut self,
        attempts: u32,
        http_status: Option<u16>,
        retry_after: Option<Duration>,
    ) -> Self {
        self.0.attempts = attempts;
        self.0.http_status = http_status;
        self.0.retry_after = retry_after;
        self
    }

    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns whether the vendor may have acted although the call failed.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// Returns whether the same call may succeed later without any change.
    ///
    /// This alone does not make a repetition safe: see [`Error::effect`].
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Unavailable | ErrorKind::RateLimited | ErrorKind::NotReady
        )
    }

    /// Returns the provider whose call failed, if there was a call.
    #[must_use]
    pub fn provider(&self) -> Option<&ProviderId> {
        self.0.provider.as_ref()
    }

    /// Returns the operation that failed.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// Returns the number of attempts; 0 if the failure preceded the first request.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the HTTP status of the last answer, if there was one.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// Returns the vendor's own code for the failure, verbatim.
    #[must_use]
    pub fn vendor_code(&self) -> Option<&str> {
        self.0.vendor_code.as_deref()
    }

    /// Returns the vendor's own description of the failure, verbatim: for an operator, not for a log.
    #[must_use]
    pub fn vendor_text(&self) -> Option<&Pii<String>> {
        self.0.vendor_text.as_ref()
    }

    /// Returns the cause if no answer or no complete answer arrived: connection refused, DNS, TLS, timeout and so on.
    ///
    /// ```
    /// use idv_core::{Error, ErrorKind, Sent, TransportCause, TransportError};
    ///
    /// let refused = TransportError::new(Sent::No, TransportCause::Refused);
    /// let error = Error::new(ErrorKind::Unavailable).with_source(refused);
    /// assert_eq!(error.transport_cause(), Some(TransportCause::Refused));
    /// ```
    #[must_use]
    pub fn transport_cause(&self) -> Option<TransportCause> {
        let error = self.0.source.as_deref()?.downcast_ref::<TransportError>()?;
        Some(error.cause)
    }

    /// Returns the wait that the vendor asked for, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(provider) = &self.0.provider {
            write!(f, "{provider}")?;
            if let Some(operation) = self.0.operation {
                write!(f, " {}", operation.name())?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", self.0.kind)?;
        if !self.0.detail.is_empty() {
            write!(f, ": {}", self.0.detail)?;
        }
        if let Some(status) = self.0.http_status {
            write!(f, " (HTTP {status})")?;
        }
        if self.0.attempts > 1 {
            write!(f, " after {} attempts", self.0.attempts)?;
        }
        if self.0.effect == Effect::Unknown {
            f.write_str("; whether the vendor acted is unknown")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("effect", &self.0.effect)
            .field("provider", &self.0.provider)
            .field("operation", &self.0.operation)
            .field("attempts", &self.0.attempts)
            .field("http_status", &self.0.http_status)
            .field("detail", &self.0.detail)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_one_line_without_the_vendors_words() {
        let error = Error::invalid("person.birth_date", "write YYYY-MM-DD")
            .with_vendor_code("SOMETHING THE VENDOR SAID")
            .with_vendor_text("SOMETHING ABOUT ERIKA")
            .during(&ProviderId::new("example"), Operation::Create)
            .after_attempts(2, Some(400), None);
        assert_eq!(
            error.to_string(),
            "example create: `person.birth_date` is not valid: write YYYY-MM-DD (HTTP 400) after 2 attempts"
        );
        assert!(!format!("{error:?}").contains("SOMETHING"));
        assert_eq!(error.vendor_code(), Some("SOMETHING THE VENDOR SAID"));
    }

    #[test]
    fn json_that_cannot_be_read_is_not_quoted() {
        let error = serde_json::from_str::<u8>("\"Mustermann\"").unwrap_err();
        let ours = Error::malformed_json(&error);
        assert!(error.to_string().contains("Mustermann"));
        assert!(!format!("{ours} {ours:?}").contains("Mustermann"));
    }
}
