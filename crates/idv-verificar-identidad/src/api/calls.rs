//! The functions of the API, with the meanings of their codes, as tables.
//!
//! The vendor's other products use the same negative numbers with other meanings, so each function
//! has its own table.

use std::borrow::Cow;

use idv_core::{Effect, Error, ErrorKind};

/// One function of the API.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRow {
    /// The vendor's name for the function, which is also its path.
    pub name: &'static str,
    /// The section of the document.
    pub section: &'static str,
    /// Whether the function acts: sends a text message and costs credits.
    pub acts: bool,
    /// The meanings of the negative codes.
    pub failures: &'static [Failure],
}

/// The meaning of one failure code.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The code (`Res`).
    pub res: i64,
    meaning: Meaning,
    /// Whether the vendor may have sent a message despite the failure.
    pub effect: Effect,
    /// The meaning in words.
    pub detail: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Unauthorized,
    QuotaExhausted,
    Invalid,
}

impl CallRow {
    /// Returns the error of a response with this code.
    ///
    /// ```
    /// use idv_core::{Effect, ErrorKind};
    /// use idv_verificar_identidad::api::CALLS;
    ///
    /// let send = CALLS.iter().find(|call| call.name == "VerificarIdentidad").expect("documented");
    /// assert_eq!(send.error(-2).kind(), &ErrorKind::QuotaExhausted);
    /// assert_eq!(send.error(-2).effect(), Effect::NotApplied);
    /// // "General error in the request": a message may have been sent.
    /// assert_eq!(send.error(-5).effect(), Effect::Unknown);
    /// ```
    #[must_use]
    pub fn error(&self, res: i64) -> Error {
        match self.failures.iter().find(|failure| failure.res == res) {
            Some(failure) => Error::new(failure.kind())
                .detail(failure.detail)
                .with_effect(failure.effect),
            None => {
                Error::malformed("undocumented code for this function").with_effect(self.in_doubt())
            }
        }
    }

    /// Returns the effect of a call without a clear response.
    pub(crate) const fn in_doubt(&self) -> Effect {
        if self.acts {
            Effect::Unknown
        } else {
            Effect::NotApplied
        }
    }
}

impl Failure {
    /// Returns the kind of the error.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_verificar_identidad::api::CALLS;
    ///
    /// for call in CALLS {
    ///     let failure = call.failures.iter().find(|failure| failure.res == -1);
    ///     assert_eq!(failure.expect("documented").kind(), ErrorKind::Unauthorized);
    /// }
    /// ```
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self.meaning {
            Meaning::Unauthorized => ErrorKind::Unauthorized,
            Meaning::QuotaExhausted => ErrorKind::QuotaExhausted,
            Meaning::Invalid => ErrorKind::InvalidRequest {
                field: Cow::Borrowed("request"),
            },
        }
    }
}

const fn failure(res: i64, meaning: Meaning, effect: Effect, detail: &'static str) -> Failure {
    Failure {
        res,
        meaning,
        effect,
        detail,
    }
}

const CREDENTIALS: Failure = failure(
    -1,
    Meaning::Unauthorized,
    Effect::NotApplied,
    "wrong API user or API token: do not repeat the call, because the vendor blocks senders \
     of errors",
);

/// The document has one row for -5 to -7: "general error in the request". It does not say at what
/// point the request failed.
const GENERAL: &str = "general error in the request: ask the vendor's support";

pub(crate) static SEND: CallRow = CallRow {
    name: "VerificarIdentidad",
    section: "Send Identity Verification Request",
    acts: true,
    failures: &[
        CREDENTIALS,
        failure(
            -2,
            Meaning::QuotaExhausted,
            Effect::NotApplied,
            "not enough credits in the account",
        ),
        failure(
            -3,
            Meaning::Invalid,
            Effect::NotApplied,
            "missing or invalid parameters: the error's vendor text names them",
        ),
        failure(
            -4,
            Meaning::QuotaExhausted,
            Effect::NotApplied,
            "the account is not activated for this function: ask the vendor to validate it",
        ),
        failure(-5, Meaning::Invalid, Effect::Unknown, GENERAL),
        failure(-6, Meaning::Invalid, Effect::Unknown, GENERAL),
        failure(-7, Meaning::Invalid, Effect::Unknown, GENERAL),
    ],
};

pub(crate) static CERTIFICATE: CallRow = CallRow {
    name: "GetCertificadoIdentidad",
    section: "Query and download PDF Certificate with the Identification",
    acts: false,
    failures: &[CREDENTIALS],
};

pub(crate) static CREDITS: CallRow = CallRow {
    name: "GetCreditos",
    section: "Credits Query",
    acts: false,
    failures: &[CREDENTIALS],
};

/// Every function, in the document's order.
pub static CALLS: &[&CallRow] = &[&SEND, &CERTIFICATE, &CREDITS];
