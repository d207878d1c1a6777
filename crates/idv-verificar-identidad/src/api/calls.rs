//! The functions of the API as data: their names, and what their codes mean.
//!
//! The vendor's other products give the same negative numbers other meanings, so each function has a table of its own.

use std::borrow::Cow;

use idv_core::{Effect, Error, ErrorKind};

/// A function of the API.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRow {
    /// The vendor's name of it, which stands in its address.
    pub name: &'static str,
    /// The section of the document.
    pub section: &'static str,
    /// Whether it does something: sends a text message and costs credits.
    pub acts: bool,
    /// The meanings of its negative codes.
    pub failures: &'static [Failure],
}

/// The meaning of a code of a failure.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The code: `Res`.
    pub res: i64,
    meaning: Meaning,
    /// Whether something may have been sent all the same.
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
    /// The error that an answer with this code is.
    #[must_use]
    pub fn error(&self, res: i64) -> Error {
        match self.failures.iter().find(|failure| failure.res == res) {
            Some(failure) => Error::new(failure.kind())
                .detail(failure.detail)
                .with_effect(failure.effect),
            None => {
                Error::malformed("it is a code that the document does not have for this function")
                    .with_effect(self.in_doubt())
            }
        }
    }

    /// Returns the effect of a call whose end is not known.
    pub(crate) const fn in_doubt(&self) -> Effect {
        if self.acts {
            Effect::Unknown
        } else {
            Effect::NotApplied
        }
    }
}

impl Failure {
    /// The kind of error.
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
    "API User or API Token is wrong: do not repeat the call, the vendor blocks senders of errors",
);

/// -5 to -7 are one row of the document: "general error in the request". It does not say at what point the request failed.
const GENERAL: &str = "a general error in the request: the vendor's support tells more";

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
            "there are not enough credits in the account",
        ),
        failure(
            -3,
            Meaning::Invalid,
            Effect::NotApplied,
            "parameters are missing or wrong: the error's vendor code has the vendor's words for which",
        ),
        failure(
            -4,
            Meaning::QuotaExhausted,
            Effect::NotApplied,
            "the account is not activated for this: have the vendor validate it",
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

/// Every function of the document, in its order.
pub static CALLS: &[&CallRow] = &[&SEND, &CERTIFICATE, &CREDITS];
