//! The rules by which the emulator refuses a request. The document has no numbers, so a section is
//! its heading.

use http::StatusCode;

use crate::rule::{Route, Rule};

const FUNCTIONS: &str = "/VerificarIdentidad, /GetCertificadoIdentidad, /GetCreditos";
const AUTHENTICATION: &str = "AUTHENTICATION";
const NOTES: &str = "IMPORTANT NOTES";
const BODY: &str = "Request Body schema";
const SEND: &str = "Send Identity Verification Request";
const CERTIFICATE: &str = "Query and download PDF Certificate with the Identification";
const CREDITS: &str = "Credits Query";

/// The documented functions. The document shows no version in their paths.
pub(super) const ROUTES: &[Route] = &[
    Route::new("POST", "/v7/VerificarIdentidad", SEND),
    Route::new("POST", "/v7/GetCertificadoIdentidad", CERTIFICATE),
    Route::new("POST", "/v7/GetCreditos", CREDITS),
    Route::new("POST", "/VerificarIdentidad", SEND),
    Route::new("POST", "/GetCertificadoIdentidad", CERTIFICATE),
    Route::new("POST", "/GetCreditos", CREDITS),
];

/// Every rule, in the order in which they are checked.
pub(super) const ALL: &[&Rule] = &[
    &FUNCTION,
    &LINK,
    &LINK_METHOD,
    &REPETITION,
    &METHOD,
    &BASIC,
    &CREDENTIALS,
    &BODY_TYPE,
    &BODY_JSON,
    &PARAMETER_TYPE,
    &RESP,
    &PHONE,
    &PHONE_DIGITS,
    &MESSAGE_LINK,
    &SENDER_LENGTH,
    &DATE_FORMAT,
    &DATE_SKIPPED,
    &DATE_PAST,
    &DOCUMENT_NUMBER,
    &ACTIVATION,
    &GENERAL_ERROR,
    &CREDIT,
    &ID,
    &ID_INTEGER,
    &ID_KNOWN,
    &VALIDATED,
];

pub(super) static FUNCTION: Rule = Rule::new(
    "function",
    StatusCode::NOT_FOUND,
    FUNCTIONS,
    "The path is the name of a function with its letters in upper and lower case as documented, alone or after /v7.",
)
.assumed();

pub(super) static LINK: Rule = Rule::new(
    "link",
    StatusCode::NOT_FOUND,
    SEND,
    "A path below /vi is the link in a message that has been sent to a person.",
)
.assumed();

pub(super) static LINK_METHOD: Rule = Rule::new(
    "link-method",
    StatusCode::NOT_FOUND,
    SEND,
    "The link in a message is opened by GET.",
)
.assumed();

pub(super) static REPETITION: Rule = Rule::new(
    "repetition",
    StatusCode::TOO_MANY_REQUESTS,
    NOTES,
    "A client does not repeat calls that are refused or that only query the credits; after a block, it waits.",
)
.assumed();

pub(super) static METHOD: Rule = Rule::new(
    "method",
    StatusCode::METHOD_NOT_ALLOWED,
    AUTHENTICATION,
    "A function is called by POST.",
)
.assumed();

pub(super) static BASIC: Rule = Rule::new(
    "basic-authentication",
    StatusCode::OK,
    AUTHENTICATION,
    "The header Authorization is the word Basic and the Base64 encoding of APIUser:APIToken.",
);

pub(super) static CREDENTIALS: Rule = Rule::new(
    "credentials",
    StatusCode::OK,
    AUTHENTICATION,
    "The API user and the API token are those of the account.",
);

pub(super) static BODY_TYPE: Rule = Rule::new(
    "body-type",
    StatusCode::OK,
    BODY,
    "The Content-Type of a body is application/json or application/x-www-form-urlencoded.",
);

pub(super) static BODY_JSON: Rule = Rule::new(
    "body-json",
    StatusCode::OK,
    BODY,
    "A body of the type application/json is a JSON object.",
);

pub(super) static PARAMETER_TYPE: Rule = Rule::new(
    "parameter-type",
    StatusCode::OK,
    BODY,
    "A parameter in JSON is a string; a number stands for its digits.",
)
.assumed();

pub(super) static RESP: Rule = Rule::new(
    "resp",
    StatusCode::OK,
    NOTES,
    "Resp is absent or JSON, XML, TXT or ANT, in upper case.",
)
.assumed();

pub(super) static PHONE: Rule = Rule::new(
    "telefono",
    StatusCode::OK,
    SEND,
    "Telefono is present and not empty.",
);

pub(super) static PHONE_DIGITS: Rule = Rule::new(
    "telefono-digits",
    StatusCode::OK,
    SEND,
    "Telefono is a country code and a number: 8 to 15 digits without a leading zero.",
)
.assumed();

pub(super) static MESSAGE_LINK: Rule = Rule::new(
    "mensaje-link",
    StatusCode::OK,
    SEND,
    "Mensaje contains the keyword [LINK].",
);

pub(super) static SENDER_LENGTH: Rule = Rule::new(
    "remitente-length",
    StatusCode::OK,
    SEND,
    "Remitente has at most 11 characters.",
);

pub(super) static DATE_FORMAT: Rule = Rule::new(
    "fecha-format",
    StatusCode::OK,
    SEND,
    "Fecha is empty or a date and a time of the form 2022-05-01 15:10.",
);

pub(super) static DATE_SKIPPED: Rule = Rule::new(
    "fecha-skipped",
    StatusCode::OK,
    SEND,
    "Fecha is a time that exists in Spain: not in the hour that the clocks skip in spring.",
)
.assumed();

pub(super) static DATE_PAST: Rule = Rule::new(
    "fecha-past",
    StatusCode::OK,
    SEND,
    "Fecha is not before the current minute.",
)
.assumed();

pub(super) static DOCUMENT_NUMBER: Rule = Rule::new(
    "dni-characters",
    StatusCode::OK,
    SEND,
    "Dni has no control characters.",
)
.assumed();

pub(super) static ACTIVATION: Rule = Rule::new(
    "activation",
    StatusCode::OK,
    SEND,
    "The function is activated for the account (its setting `activated`).",
);

pub(super) static GENERAL_ERROR: Rule = Rule::new(
    "general-error",
    StatusCode::OK,
    SEND,
    "The vendor has no general error (the account's setting `general_error`).",
);

pub(super) static CREDIT: Rule = Rule::new(
    "credits",
    StatusCode::OK,
    SEND,
    "The account has the credits that the request costs.",
);

pub(super) static ID: Rule = Rule::new(
    "id",
    StatusCode::OK,
    CERTIFICATE,
    "Id is present and not empty.",
);

pub(super) static ID_INTEGER: Rule = Rule::new(
    "id-integer",
    StatusCode::OK,
    CERTIFICATE,
    "Id is an integer.",
);

pub(super) static ID_KNOWN: Rule = Rule::new(
    "id-known",
    StatusCode::OK,
    CERTIFICATE,
    "Id is the identifier of a request of the account.",
);

pub(super) static VALIDATED: Rule = Rule::new(
    "validated",
    StatusCode::OK,
    CERTIFICATE,
    "The certificate is downloaded after the verification has reached status 5100.",
)
.assumed();
