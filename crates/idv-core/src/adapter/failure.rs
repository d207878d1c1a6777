//! The meaning of HTTP statuses, by a vendor's document.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// A row in a vendor's table of failures: an HTTP status and its meaning.
///
/// ```
/// use idv_core::ErrorKind;
/// use idv_core::adapter::{Failure, Meaning};
///
/// static FAILURES: &[Failure] = &[Failure::new(410, Meaning::Conflict, "the order has already been processed")];
/// assert_eq!(Failure::error_of(FAILURES, 410).unwrap().kind(), &ErrorKind::Conflict);
/// assert!(Failure::error_of(FAILURES, 400).is_none());
/// ```
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    meaning: Meaning,
    /// The meaning in words, printed by the error.
    pub detail: &'static str,
}

/// The meaning of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meaning {
    /// The vendor does not accept this field of the request.
    Invalid(&'static str),
    /// The vendor does not accept the credentials, or does not permit the call.
    Unauthorized,
    /// The vendor does not know the subject of the call.
    NotFound,
    /// The state of the subject does not allow the call.
    Conflict,
    /// The account makes too many calls.
    RateLimited,
    /// The vendor is temporarily unavailable.
    Unavailable,
}

impl Failure {
    /// Creates a row.
    #[must_use]
    pub const fn new(status: u16, meaning: Meaning, detail: &'static str) -> Self {
        Self {
            status,
            meaning,
            detail,
        }
    }

    /// Returns the kind of error.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self.meaning {
            Meaning::Invalid(field) => ErrorKind::InvalidRequest {
                field: Cow::Borrowed(field),
            },
            Meaning::Unauthorized => ErrorKind::Unauthorized,
            Meaning::NotFound => ErrorKind::NotFound,
            Meaning::Conflict => ErrorKind::Conflict,
            Meaning::RateLimited => ErrorKind::RateLimited,
            Meaning::Unavailable => ErrorKind::Unavailable,
        }
    }

    /// Returns the error for a status by a table; `None` if the table does not contain it.
    #[must_use]
    pub fn error_of(failures: &[Self], status: u16) -> Option<Error> {
        let failure = failures.iter().find(|failure| failure.status == status)?;
        Some(Error::new(failure.kind()).detail(failure.detail))
    }
}
