//! The options of a request, and one attempt to send it.

use std::fmt;

use http::StatusCode;
use jiff::Timestamp;

use super::retry::{Repeat, RetryOverride};
use super::token::Session;
use crate::secret::Secret;

/// Options of one request.
///
/// A bare [`Repeat`] converts into a request without a session.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub(super) repeat: Repeat,
    pub(super) session: Option<&'a dyn Session>,
    pub(super) retry_override: Option<RetryOverrideFn>,
    pub(super) max_answer: Option<u64>,
}

/// A function that decides about a response by its status and body, in place of the retry table;
/// `None` leaves the decision to the table.
pub type RetryOverrideFn = fn(StatusCode, &[u8]) -> Option<RetryOverride>;

impl<'a> Call<'a> {
    /// Creates a request that may be repeated if its effect is unknown.
    #[must_use]
    pub const fn repeatable() -> Self {
        Self {
            repeat: Repeat::Repeatable,
            session: None,
            retry_override: None,
            max_answer: None,
        }
    }

    /// Creates a request that must not be repeated if its effect is unknown.
    #[must_use]
    pub const fn once() -> Self {
        Self {
            repeat: Repeat::Once,
            session: None,
            retry_override: None,
            max_answer: None,
        }
    }

    /// Uses the session's token, and renews it once if the vendor refuses it.
    #[must_use]
    pub const fn in_session(mut self, session: &'a dyn Session) -> Self {
        self.session = Some(session);
        self
    }

    /// Sets the maximum length of the response in bytes, in place of
    /// [`CallPolicy::max_answer`](super::CallPolicy::max_answer).
    #[must_use]
    pub const fn up_to(mut self, bytes: u64) -> Self {
        self.max_answer = Some(bytes);
        self
    }

    /// Sets a function that decides about responses before the retry table does.
    #[must_use]
    pub const fn retry_override(mut self, retry_override: RetryOverrideFn) -> Self {
        self.retry_override = Some(retry_override);
        self
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("repeat", &self.repeat)
            .field("in_session", &self.session.is_some())
            .finish_non_exhaustive()
    }
}

impl From<Repeat> for Call<'_> {
    fn from(repeat: Repeat) -> Self {
        Self {
            repeat,
            session: None,
            retry_override: None,
            max_answer: None,
        }
    }
}

/// One attempt.
///
/// Each attempt builds and signs its request again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The number of the attempt, starting at 1.
    pub number: u32,
    /// The current time.
    pub now: Timestamp,
    /// The session's token.
    pub token: Option<&'a Secret>,
}

impl Attempt<'_> {
    /// Returns the session's token in clear; empty outside a session.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.map_or("", Secret::expose)
    }
}
