//! The calls of the API, with their paths and the meanings of their status codes, as tables.

use http::{Method, StatusCode};
use idv_core::adapter::{Failure, Meaning};
use idv_core::{Error, ErrorKind};

/// One call of the customer API.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRow {
    /// The vendor's name of the call, which is part of its path.
    pub name: &'static str,
    /// The chapter of the document.
    pub chapter: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The status of a success.
    pub success: u16,
    /// The meanings of the other documented status codes.
    pub failures: &'static [Failure],
}

impl CallRow {
    /// Returns the error of a response with this HTTP status: by the document's meaning for this
    /// call, or, if it has none, by the status alone.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_core::http::StatusCode;
    /// use idv_identity_tm::api::CALLS;
    ///
    /// let cancel = CALLS.iter().find(|call| call.name == "cancelOrder").expect("a call");
    /// assert_eq!(cancel.error(StatusCode::NOT_ACCEPTABLE).kind(), &ErrorKind::Conflict);
    /// // The document has no 403.
    /// assert_eq!(cancel.error(StatusCode::FORBIDDEN).kind(), &ErrorKind::Unauthorized);
    /// ```
    #[must_use]
    pub fn error(&self, status: StatusCode) -> Error {
        Failure::error_of(self.failures, status.as_u16()).unwrap_or_else(|| undocumented(status))
    }

    /// Returns whether the document defines the status for this call.
    pub(crate) fn documents(&self, status: StatusCode) -> bool {
        self.failures
            .iter()
            .any(|failure| failure.status == status.as_u16())
    }
}

fn undocumented(status: StatusCode) -> Error {
    match status.as_u16() {
        402 => Error::new(ErrorKind::QuotaExhausted),
        403 => Error::new(ErrorKind::Unauthorized)
            .detail("the account is not authorized for this call"),
        404 | 405 => {
            Error::new(ErrorKind::NotFound).detail("unknown path at the vendor: check base_url")
        }
        429 => Error::new(ErrorKind::RateLimited),
        408 | 500..=599 => Error::new(ErrorKind::Unavailable),
        400..=499 => Error::invalid("request", "the vendor rejected the request"),
        _ => Error::malformed("undocumented status"),
    }
}

const fn row(
    name: &'static str,
    chapter: &'static str,
    method: Method,
    success: u16,
    failures: &'static [Failure],
) -> CallRow {
    CallRow {
        name,
        chapter,
        method,
        success,
        failures,
    }
}

const BAD_REQUEST: Failure = Failure::new(
    400,
    Meaning::Invalid("request"),
    "the vendor rejected the request",
);
const NOT_AVAILABLE: Failure = Failure::new(
    400,
    Meaning::Conflict,
    "not available: the order is not finally processed, or the account is not configured for it",
);
const CREDENTIALS: Failure = Failure::new(401, Meaning::Unauthorized, "wrong user or password");
const NO_ORDER: Failure = Failure::new(404, Meaning::NotFound, "no such order");
const NO_ORDER_OR_DELETED: Failure =
    Failure::new(404, Meaning::NotFound, "no such order, or already deleted");
const WRONG_STATE: Failure = Failure::new(
    406,
    Meaning::Conflict,
    "the state of the order does not allow this call",
);
const WRONG_TAN: Failure = Failure::new(409, Meaning::Invalid("tan"), "wrong TAN");
const PROCESSED: Failure = Failure::new(
    410,
    Meaning::Conflict,
    "the order has already been processed",
);
const TOO_MANY_TANS: Failure = Failure::new(
    429,
    Meaning::Conflict,
    "too many wrong TANs: the vendor cancelled the order",
);

const DATA: &[Failure] = &[NOT_AVAILABLE, CREDENTIALS, NO_ORDER];
const START: &[Failure] = &[
    BAD_REQUEST,
    CREDENTIALS,
    NO_ORDER_OR_DELETED,
    WRONG_STATE,
    PROCESSED,
];
const NO_SIGNING: Failure = Failure::new(
    412,
    Meaning::Conflict,
    "signing has not been started: request it first",
);
const NO_VERIFICATION: Failure = Failure::new(
    412,
    Meaning::Conflict,
    "the verification of the phone number has not been started: request it first",
);

pub(crate) static PUT_ORDER: CallRow = row(
    "putOrder",
    "3.1",
    Method::PUT,
    202,
    &[BAD_REQUEST, CREDENTIALS],
);
pub(crate) static STATUS: CallRow = row(
    "getStatus",
    "3.2",
    Method::GET,
    200,
    &[BAD_REQUEST, CREDENTIALS, NO_ORDER],
);
pub(crate) static IDENT_DATA: CallRow = row("getIdentData", "3.3", Method::GET, 200, DATA);
pub(crate) static IDENT_DATA_PDF: CallRow = row("getIdentDataPDF", "3.4", Method::GET, 200, DATA);
pub(crate) static SIGNED_DOCUMENTS: CallRow = row("getESignPDF", "3.5", Method::GET, 200, DATA);
pub(crate) static SIGNED_HASHES: CallRow = row("getESignHash", "3.6", Method::GET, 200, DATA);
pub(crate) static AUDIT_LOG: CallRow = row("getESignAuditLogPDF", "3.7", Method::GET, 200, DATA);
pub(crate) static IMAGES: CallRow = row("getImages", "3.8", Method::GET, 200, DATA);
pub(crate) static PROVIDE_VIDEO: CallRow =
    row("getVideoFileBinaryAsync", "3.9", Method::POST, 200, DATA);
pub(crate) static VIDEO: CallRow = row("getVideoFileBinary", "3.10", Method::GET, 200, DATA);
pub(crate) static VOICE_FILES: CallRow = row("getVoiceFiles", "3.11", Method::GET, 200, DATA);
pub(crate) static DELETE: CallRow = row(
    "delIdentdata",
    "3.12",
    Method::DELETE,
    202,
    &[BAD_REQUEST, CREDENTIALS, NO_ORDER_OR_DELETED, WRONG_STATE],
);
pub(crate) static ORDERS_BY_REF: CallRow = row(
    "getOrdersByRef",
    "3.13",
    Method::GET,
    200,
    &[
        Failure::new(
            400,
            Meaning::Invalid("reference"),
            "the vendor rejected the reference",
        ),
        CREDENTIALS,
        Failure::new(404, Meaning::NotFound, "no order under this reference"),
    ],
);
pub(crate) static CANCEL: CallRow = row(
    "cancelOrder",
    "4.2",
    Method::POST,
    202,
    &[
        BAD_REQUEST,
        CREDENTIALS,
        NO_ORDER,
        Failure::new(
            406,
            Meaning::Conflict,
            "the state of the order does not allow a cancellation",
        ),
    ],
);
pub(crate) static REQUEST_SIGN: CallRow = row("requestSign", "5.1", Method::POST, 202, START);
pub(crate) static CONFIRM_SIGN: CallRow = row(
    "confirmSign",
    "5.2",
    Method::POST,
    202,
    &[
        BAD_REQUEST,
        CREDENTIALS,
        NO_ORDER_OR_DELETED,
        WRONG_TAN,
        PROCESSED,
        NO_SIGNING,
        TOO_MANY_TANS,
    ],
);
pub(crate) static RESEND_SIGN_TAN: CallRow = row(
    "requestResendSignTan",
    "5.3",
    Method::POST,
    202,
    &[
        BAD_REQUEST,
        CREDENTIALS,
        NO_ORDER_OR_DELETED,
        PROCESSED,
        NO_SIGNING,
    ],
);
pub(crate) static REQUEST_PHONE: CallRow =
    row("requestPhoneVerification", "6.1", Method::POST, 202, START);
pub(crate) static PROVE_PHONE: CallRow = row(
    "provePhoneControl",
    "6.2",
    Method::POST,
    202,
    &[
        BAD_REQUEST,
        CREDENTIALS,
        NO_ORDER_OR_DELETED,
        WRONG_TAN,
        PROCESSED,
        NO_VERIFICATION,
        TOO_MANY_TANS,
    ],
);
pub(crate) static RESEND_PHONE_TAN: CallRow = row(
    "requestResendPhoneTan",
    "6.3",
    Method::POST,
    202,
    &[
        BAD_REQUEST,
        CREDENTIALS,
        NO_ORDER_OR_DELETED,
        PROCESSED,
        NO_VERIFICATION,
    ],
);
pub(crate) static SERVER_STATUS: CallRow = row(
    "serverStatus",
    "8.1",
    Method::GET,
    200,
    &[Failure::new(
        500,
        Meaning::Unavailable,
        "the service is not available",
    )],
);
pub(crate) static SYSTEM_STATUS: CallRow = row(
    "systemStatus",
    "8.2",
    Method::GET,
    200,
    &[
        CREDENTIALS,
        Failure::new(
            500,
            Meaning::Unavailable,
            "the services are not available at all",
        ),
    ],
);
pub(crate) static CHECK_SIGNME_USER: CallRow = row(
    "checkSignmeUser",
    "9.1",
    Method::POST,
    200,
    &[BAD_REQUEST, CREDENTIALS],
);
pub(crate) static REQUEST_NEW_PASSWORD: CallRow = row(
    "requestNewPassword",
    "9.2.1",
    Method::POST,
    200,
    &[
        BAD_REQUEST,
        Failure::new(
            401,
            Meaning::Unauthorized,
            "wrong user, password or phone number",
        ),
    ],
);
pub(crate) static CONFIRM_NEW_PASSWORD: CallRow = row(
    "confirmNewPassword",
    "9.2.2",
    Method::POST,
    200,
    &[
        BAD_REQUEST,
        Failure::new(
            401,
            Meaning::Unauthorized,
            "wrong user, password or TAN; after a wrong TAN, request the change again",
        ),
    ],
);

/// Every call, in the document's order.
pub static CALLS: &[&CallRow] = &[
    &PUT_ORDER,
    &STATUS,
    &IDENT_DATA,
    &IDENT_DATA_PDF,
    &SIGNED_DOCUMENTS,
    &SIGNED_HASHES,
    &AUDIT_LOG,
    &IMAGES,
    &PROVIDE_VIDEO,
    &VIDEO,
    &VOICE_FILES,
    &DELETE,
    &ORDERS_BY_REF,
    &CANCEL,
    &REQUEST_SIGN,
    &CONFIRM_SIGN,
    &RESEND_SIGN_TAN,
    &REQUEST_PHONE,
    &PROVE_PHONE,
    &RESEND_PHONE_TAN,
    &SERVER_STATUS,
    &SYSTEM_STATUS,
    &CHECK_SIGNME_USER,
    &REQUEST_NEW_PASSWORD,
    &CONFIRM_NEW_PASSWORD,
];
