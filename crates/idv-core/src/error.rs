//! Errors, with the effect that the failed call may have had.

mod kind;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::environment::{TransportCause, TransportError};
use crate::id::ProviderId;
use crate::pii::Pii;

pub use kind::{Effect, ErrorKind, Operation};

/// The result of fallible operations of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error.
///
/// It states its [kind](Error::kind), whether the vendor may have acted although the call failed
/// ([`Error::effect`]), and whether the same call may succeed later ([`Error::is_transient`]).
///
/// `Display` prints one line, without any body, text of the vendor or personal data. A failed
/// connection is printed with its [cause](TransportCause) and with the host and port of the
/// configured URL, without path and query. The vendor's own text is available from
/// [`Error::vendor_text`]. A rejected person is an [`Outcome`](crate::Outcome), not an error.
///
/// ```
/// use idv_core::{Effect, Error, ErrorKind};
///
/// /// Decides what to do after a failed create call.
/// fn after(error: &Error) -> &'static str {
///     match (error.kind(), error.effect()) {
///         (_, Effect::Unknown) => "find out whether the verification exists",
///         (ErrorKind::InvalidRequest { .. }, _) => "correct the request",
///         _ if error.is_transient() => "try again later",
///         _ => "notify an operator",
///     }
/// }
///
/// let error = Error::new(ErrorKind::Unavailable).with_effect(Effect::Unknown);
/// assert_eq!(after(&error), "find out whether the verification exists");
/// assert_eq!(error.to_string(), "the vendor is unavailable; whether the vendor acted is unknown");
/// ```
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

impl Error {
    /// Creates an error of this kind, without an effect at the vendor.
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

    /// Creates an [`InvalidRequest`](ErrorKind::InvalidRequest) error for a field; `detail` states
    /// the expected value.
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

    /// Creates a [`Config`](ErrorKind::Config) error; `detail` states the expected value.
    #[must_use]
    pub fn config(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config).detail(detail)
    }

    /// Creates a [`Malformed`](ErrorKind::Malformed) error; `detail` states the expected content
    /// without quoting the vendor.
    #[must_use]
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Malformed).detail(detail)
    }

    /// Creates a [`Malformed`](ErrorKind::Malformed) error with the position in the JSON.
    ///
    /// The error does not quote the JSON, which may contain personal data.
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

    /// Adds an explanation: the expected value, or the action to take.
    ///
    /// It must not contain the vendor's text or personal data.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Changes the kind, for an adapter that knows a more precise one.
    ///
    /// All other facts are kept, including the vendor's code and text.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    pub(crate) fn detail_text(&self) -> &str {
        &self.0.detail
    }

    /// Sets whether the vendor may have acted.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
        self
    }

    /// Renames the field of an [`InvalidRequest`](ErrorKind::InvalidRequest) error from the
    /// vendor's name to that of the model.
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

    /// Adds the vendor's code for the failure.
    ///
    /// [`Error::vendor_code`] returns it; it is never printed.
    #[must_use]
    pub fn with_vendor_code(mut self, code: impl Into<String>) -> Self {
        self.0.vendor_code = Some(code.into());
        self
    }

    /// Adds the vendor's description of the failure, which may contain personal data from the
    /// request.
    ///
    /// [`Error::vendor_text`] returns it; it is never printed.
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

    /// Adds the underlying error.
    ///
    /// It must not print the vendor's text, a URL or personal data.
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

    /// Returns the kind of the error.
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

    /// Returns the provider, if the error occurred in a call.
    #[must_use]
    pub fn provider(&self) -> Option<&ProviderId> {
        self.0.provider.as_ref()
    }

    /// Returns the operation that failed.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// Returns the number of attempts; 0 if the call failed before the first request.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the HTTP status of the last response, if there was one.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// Returns the vendor's code for the failure, verbatim.
    #[must_use]
    pub fn vendor_code(&self) -> Option<&str> {
        self.0.vendor_code.as_deref()
    }

    /// Returns the vendor's description of the failure, verbatim.
    ///
    /// Show it to an operator, but do not log it.
    #[must_use]
    pub fn vendor_text(&self) -> Option<&Pii<String>> {
        self.0.vendor_text.as_ref()
    }

    /// Returns the cause if no complete response arrived, such as a refused connection, DNS, TLS or
    /// a timeout.
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

    /// Returns the wait that the vendor requested, if any.
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
    fn display_is_one_line_without_the_vendors_text() {
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
    fn malformed_json_is_not_quoted() {
        let error = serde_json::from_str::<u8>("\"Mustermann\"").unwrap_err();
        let ours = Error::malformed_json(&error);
        assert!(error.to_string().contains("Mustermann"));
        assert!(!format!("{ours} {ours:?}").contains("Mustermann"));
    }
}
