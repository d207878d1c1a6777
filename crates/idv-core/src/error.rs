//! What can go wrong, in terms a caller can act on.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::id::ProviderId;

/// The result of everything here that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure. It answers three questions: what kind ([`Error::kind`]), whether the vendor may have acted all the same
/// ([`Error::effect`]), and whether the same call may succeed later ([`Error::is_transient`]).
///
/// It prints as one line in our own words: never a body, never a vendor's text, never a person's data. A person who is rejected is
/// an [`Outcome`](crate::Outcome), not an error.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    effect: Effect,
    provider: Option<ProviderId>,
    operation: Option<Operation>,
    attempts: u32,
    http_status: Option<u16>,
    vendor_code: Option<String>,
    retry_after: Option<Duration>,
    detail: Cow<'static, str>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of failure it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration cannot work. Nothing was sent.
    #[error("the configuration is not valid")]
    Config,
    /// The vendor has no such operation, or cannot give what is needed. Nothing was sent.
    #[error("not supported by this vendor")]
    Unsupported,
    /// A value that we sent, or were about to send, is not allowed by the vendor's document.
    #[error("`{field}` is not valid")]
    InvalidRequest {
        /// The field of the request, as a path in the model (`person.birth_date`), or the vendor's own name of it where the model
        /// has none.
        field: Cow<'static, str>,
    },
    /// The credentials were refused.
    #[error("the credentials were refused")]
    Unauthorized,
    /// The account has no credits left, or is not activated for this.
    #[error("the account's quota is used up")]
    QuotaExhausted,
    /// The vendor knows no such verification, or none any more.
    #[error("not found")]
    NotFound,
    /// What was asked for is not there yet.
    #[error("not ready yet")]
    NotReady,
    /// The verification is in a state that does not allow it: it is finished, for example.
    #[error("the state of the verification does not allow it")]
    Conflict,
    /// The vendor asks for fewer calls.
    #[error("too many calls")]
    RateLimited,
    /// The vendor did not answer, or answered that it is broken.
    #[error("the vendor is unavailable")]
    Unavailable,
    /// What came cannot be read.
    #[error("what came cannot be read")]
    Malformed,
    /// A message that pretends to come from the vendor lacks its proof.
    #[error("the message is not from who it pretends")]
    Forged,
    /// The vendor answered about another verification than the one that was asked for.
    #[error("the answer is about another verification")]
    SubjectMismatch,
    /// A limit that the caller set was exceeded: the size of evidence, for example.
    #[error("a limit was exceeded")]
    LimitExceeded,
    /// The place that evidence was to be written to failed.
    #[error("the evidence could not be stored")]
    Sink,
}

/// Whether the vendor may have acted although the call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The vendor did not act: the call may be made again, changed or not.
    NotApplied,
    /// Nobody knows. An unkeyed create must not be repeated; look the verification up, wait for its callback, or ask a person.
    Unknown,
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Creating a verification.
    Create,
    /// Asking for the state.
    Poll,
    /// Fetching the result.
    Fetch,
    /// Downloading evidence.
    Evidence,
    /// Listing many verifications.
    List,
    /// Finding a verification by our reference.
    Find,
    /// Deleting at the vendor.
    Delete,
    /// Receiving a callback or a returning person.
    Receive,
    /// A call of the vendor's own API that is outside the model.
    Other,
}

impl Operation {
    /// The operation as one word, as it stands in traces.
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
    /// A failure of a kind, with no effect at the vendor.
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
            retry_after: None,
            detail: Cow::Borrowed(""),
            source: None,
        }))
    }

    /// A value that may not be sent, with what to do about it.
    #[must_use]
    pub fn invalid(field: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidRequest { field: field.into() }).detail(detail)
    }

    /// A configuration that cannot work, with what to do about it.
    #[must_use]
    pub fn config(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config).detail(detail)
    }

    /// Something that cannot be read, with what was expected, in our own words.
    #[must_use]
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Malformed).detail(detail)
    }

    /// JSON that cannot be read: the place of the fault without the text that stands there, since that may be a person's data.
    #[must_use]
    pub fn malformed_json(error: &serde_json::Error) -> Self {
        let fault = match error.classify() {
            serde_json::error::Category::Eof => "ends too early",
            serde_json::error::Category::Syntax => "is not JSON",
            serde_json::error::Category::Data => "has another shape than documented",
            serde_json::error::Category::Io => "cannot be read",
        };
        Self::malformed(format!("the JSON {fault}, at line {} column {}", error.line(), error.column()))
    }

    /// Adds what to do about it or what was expected: our own words, never a vendor's text nor a person's data.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
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

    /// The same, its field by the name that it has in the model: for adapters whose vendor has names of its own.
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
            && let Some((_, name)) = names.iter().find(|(vendors, _)| *vendors == field.as_ref())
        {
            *field = Cow::Borrowed(name);
        }
        self
    }

    /// Adds the vendor's own code for the failure. It is kept for [`Error::vendor_code`] and never printed.
    #[must_use]
    pub fn with_vendor_code(mut self, code: impl Into<String>) -> Self {
        self.0.vendor_code = Some(code.into());
        self
    }

    /// Adds the failure beneath. It must not print a vendor's text, a URL or a person's data.
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

    pub(crate) fn after_attempts(mut self, attempts: u32, http_status: Option<u16>, retry_after: Option<Duration>) -> Self {
        self.0.attempts = attempts;
        self.0.http_status = http_status;
        self.0.retry_after = retry_after;
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Whether the vendor may have acted although the call failed.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }

    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// This alone does not make a repetition safe: see [`Error::effect`].
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Unavailable | ErrorKind::RateLimited | ErrorKind::NotReady)
    }

    /// The provider, where the failure came in a call to one.
    #[must_use]
    pub fn provider(&self) -> Option<&ProviderId> {
        self.0.provider.as_ref()
    }

    /// What was being done.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// How many requests were tried; 0 when nothing was to be sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The HTTP status of the last answer, where there was one.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The vendor's own code for the failure, verbatim.
    #[must_use]
    pub fn vendor_code(&self) -> Option<&str> {
        self.0.vendor_code.as_deref()
    }

    /// How long the vendor asked to wait, where it did.
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
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_prints_one_line_without_the_vendors_words() {
        let error = Error::invalid("person.birth_date", "write YYYY-MM-DD")
            .with_vendor_code("SOMETHING THE VENDOR SAID")
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
