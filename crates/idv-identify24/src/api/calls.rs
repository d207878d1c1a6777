//! The calls of the API and the statuses of its answers, as data.

use http::{Method, StatusCode};
use idv_core::{Error, ErrorKind};

/// A call of the API.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRow {
    /// The vendor's name of it, which is its address below that of the API.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// Whether it carries a body.
    pub has_body: bool,
}

const fn row(name: &'static str, method: Method, has_body: bool) -> CallRow {
    CallRow { name, method, has_body }
}

pub(crate) static AUTH: CallRow = row("auth", Method::POST, true);
pub(crate) static IDENT_CREATE: CallRow = row("ident/create", Method::POST, true);
pub(crate) static IDENT_GET: CallRow = row("ident/get", Method::GET, false);
pub(crate) static PROJECT_GET_ALL: CallRow = row("project/getAll", Method::GET, false);
// A GET with a body: so says the document.
pub(crate) static PROJECT_GET: CallRow = row("project/get", Method::GET, true);

/// Every call of the document, in its order.
pub static CALLS: &[&CallRow] = &[&AUTH, &IDENT_CREATE, &IDENT_GET, &PROJECT_GET_ALL, &PROJECT_GET];

/// The meaning of a documented status of a failure ("Errors").
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The status.
    pub status: u16,
    meaning: Meaning,
    /// The meaning in words.
    pub detail: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Invalid,
    Unauthorized,
    NotFound,
    Conflict,
    RateLimited,
    Unavailable,
}

impl Failure {
    /// The kind of error.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self.meaning {
            Meaning::Invalid => ErrorKind::InvalidRequest { field: std::borrow::Cow::Borrowed("request") },
            Meaning::Unauthorized => ErrorKind::Unauthorized,
            Meaning::NotFound => ErrorKind::NotFound,
            Meaning::Conflict => ErrorKind::Conflict,
            Meaning::RateLimited => ErrorKind::RateLimited,
            Meaning::Unavailable => ErrorKind::Unavailable,
        }
    }
}

const fn failure(status: u16, meaning: Meaning, detail: &'static str) -> Failure {
    Failure { status, meaning, detail }
}

const BROKEN: &str = "something went wrong at the vendor";

/// The failures of all calls.
pub static FAILURES: &[Failure] = &[
    failure(400, Meaning::Invalid, "the vendor does not take the request: often, a required part is missing"),
    failure(401, Meaning::Unauthorized, "the token is refused, or partner or API key is wrong"),
    failure(402, Meaning::Conflict, "the vendor takes the request for valid, but it failed"),
    failure(403, Meaning::Unauthorized, "the API key has no permission for this call"),
    failure(404, Meaning::NotFound, "the vendor knows no such thing"),
    failure(409, Meaning::Conflict, "the request conflicts with another one"),
    failure(429, Meaning::RateLimited, "too many calls too quickly"),
    failure(500, Meaning::Unavailable, BROKEN),
    failure(502, Meaning::Unavailable, BROKEN),
    failure(503, Meaning::Unavailable, BROKEN),
    failure(504, Meaning::Unavailable, BROKEN),
];

/// Returns the error for a status that the document has a meaning for.
pub(crate) fn documented(status: u16) -> Option<Error> {
    let failure = FAILURES.iter().find(|failure| failure.status == status)?;
    Some(Error::new(failure.kind()).detail(failure.detail))
}

/// Whether a status leaves open if the vendor acted.
pub(crate) fn leaves_open(status: u16) -> bool {
    StatusCode::from_u16(status).is_ok_and(|status| status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT)
}
