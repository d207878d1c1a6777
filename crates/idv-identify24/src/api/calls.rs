//! The calls of the API and the status codes of its responses, as tables.

use http::{Method, StatusCode};
use idv_core::adapter::{Failure, Meaning};

/// One call of the API.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRow {
    /// The vendor's name for the call, which is also its path below the API's base URL.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// Whether the request carries a JSON body.
    pub has_body: bool,
}

const fn row(name: &'static str, method: Method, has_body: bool) -> CallRow {
    CallRow {
        name,
        method,
        has_body,
    }
}

pub(crate) static AUTH: CallRow = row("auth", Method::POST, true);
pub(crate) static IDENT_CREATE: CallRow = row("ident/create", Method::POST, true);
pub(crate) static IDENT_GET: CallRow = row("ident/get", Method::GET, false);
pub(crate) static PROJECT_GET_ALL: CallRow = row("project/getAll", Method::GET, false);
// The document shows a GET with a body.
pub(crate) static PROJECT_GET: CallRow = row("project/get", Method::GET, true);

/// Every call, in the document's order.
pub static CALLS: &[&CallRow] = &[
    &AUTH,
    &IDENT_CREATE,
    &IDENT_GET,
    &PROJECT_GET_ALL,
    &PROJECT_GET,
];

const BROKEN: &str = "the vendor reported a server error";

/// The failures that every call can report ("Errors").
pub static FAILURES: &[Failure] = &[
    Failure::new(
        400,
        Meaning::Invalid("request"),
        "the vendor rejected the request, often because a required attribute is missing",
    ),
    Failure::new(
        401,
        Meaning::Unauthorized,
        "wrong partner or API key, or the token was refused",
    ),
    Failure::new(
        402,
        Meaning::Conflict,
        "the vendor accepted the parameters, but the request failed",
    ),
    Failure::new(
        403,
        Meaning::Unauthorized,
        "the API key has no permission for this call",
    ),
    Failure::new(404, Meaning::NotFound, "not found at the vendor"),
    Failure::new(
        409,
        Meaning::Conflict,
        "the request conflicts with another one",
    ),
    Failure::new(429, Meaning::RateLimited, "too many requests"),
    Failure::new(500, Meaning::Unavailable, BROKEN),
    Failure::new(502, Meaning::Unavailable, BROKEN),
    Failure::new(503, Meaning::Unavailable, BROKEN),
    Failure::new(504, Meaning::Unavailable, BROKEN),
];

/// Returns whether the vendor may have acted despite this status.
pub(crate) fn leaves_open(status: u16) -> bool {
    StatusCode::from_u16(status)
        .is_ok_and(|status| status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT)
}
