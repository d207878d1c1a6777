//! The documented requests, and the rules by which the emulator refuses others. The document does
//! not number its sections, so that a rule names the heading.

use http::StatusCode;

use crate::rule::{Route, Rule};

/// The documented requests and the page for the person.
pub(super) const ROUTES: &[Route] = &[
    Route::new("POST", "/auth", "auth"),
    Route::new("POST", "/ident/create", "ident/create"),
    Route::new("GET", "/ident/get/{ident_id}", "ident/get"),
    Route::new("GET", "/project/getAll", "project/getAll"),
    Route::new("GET", "/project/get", "project/get"),
    Route::new("GET", "/apply/{ident_id}", "ident/create"),
];

/// All rules.
pub(super) const ALL: &[&Rule] = &[
    &METHOD,
    &MEDIA_TYPE,
    &BODY,
    &CREDENTIALS,
    &API_KEY,
    &HEADERS,
    &TOKEN,
    &TOKEN_PARTNER,
    &TOKEN_EXPIRED,
    &FLAT,
    &TEXT,
    &REQUIRED,
    &DATE,
    &GENDER,
    &EMAIL,
    &PHONE,
    &COUNTRY,
    &TYPE_OF_ID,
    &PDF_URL,
    &PDF_CONTENT,
    &PROJECT_ID,
    &PROJECT,
    &PROJECT_OWNER,
    &PROJECT_ACTIVE,
    &IDENT,
    &IDENT_OWNER,
    &IDENT_LIFETIME,
    &PAGE,
];

pub(super) const METHOD: Rule = Rule::new(
    "method",
    StatusCode::NOT_FOUND,
    "METHODS",
    "The path is that of a documented method, with its HTTP method.",
)
.assumed();
pub(super) const MEDIA_TYPE: Rule = bad(
    "media-type",
    "HEADERS",
    "The header `Content-Type` is `application/json`, in requests by `GET` as well.",
);
pub(super) const BODY: Rule = bad(
    "body",
    "Content and Charset",
    "The body is a JSON object in UTF-8.",
);

pub(super) const CREDENTIALS: Rule = bad(
    "credentials",
    "auth",
    "The body has the members `PARTNER` and `APIKEY`, both strings that are not empty.",
);
pub(super) const API_KEY: Rule = unauthorized(
    "api-key",
    "auth",
    "The `APIKEY` is that of the account whose user name is `PARTNER`.",
);
pub(super) const HEADERS: Rule = unauthorized(
    "headers",
    "HEADERS",
    "The request has the headers `X-API-PARTNER` and `X-API-TOKEN`.",
)
.assumed();
pub(super) const TOKEN: Rule = unauthorized(
    "token",
    "Authentication",
    "The header `X-API-TOKEN` is a token from a response of `auth`.",
);
pub(super) const TOKEN_PARTNER: Rule = unauthorized(
    "token-partner",
    "HEADERS",
    "The header `X-API-PARTNER` is the user name for which `auth` issued the token.",
);
pub(super) const TOKEN_EXPIRED: Rule = unauthorized(
    "token-expired",
    "Authentication",
    "The token was issued or used less than 30 minutes ago.",
);

pub(super) const FLAT: Rule = bad(
    "flat",
    "Content and Charset",
    "The body is flat: no member is an object or an array.",
);
pub(super) const TEXT: Rule = bad(
    "text",
    "Ident Attributes",
    "All attributes are strings; only `project_id` can be a number.",
)
.assumed();
pub(super) const REQUIRED: Rule = bad(
    "required",
    "Ident Attributes",
    "All required attributes are there and not empty.",
);
pub(super) const DATE: Rule = bad(
    "date",
    "Ident Attributes",
    "The attributes `birthday`, `id_issue_date` and `id_end_date` have the form YYYY-MM-DD.",
);
pub(super) const GENDER: Rule = bad(
    "gender",
    "Ident Attributes",
    "The attribute `gender` is `MALE` or `FEMALE`.",
);
pub(super) const EMAIL: Rule = bad(
    "email",
    "Ident Attributes",
    "The attribute `email` is an e-mail address.",
);
pub(super) const PHONE: Rule = bad(
    "phone",
    "Ident Attributes",
    "The attribute `mobile_phone` is a phone number of 5 to 20 digits.",
)
.assumed();
pub(super) const COUNTRY: Rule = bad(
    "country",
    "Ident Attributes",
    "The attributes `nationality`, `country` and `id_country` are two-letter codes of ISO 3166 in \
     upper case.",
);
pub(super) const TYPE_OF_ID: Rule = bad(
    "type-of-id",
    "Ident Attributes",
    "The attribute `type_of_id` is `Personalausweis` or `Reisepass`.",
);
pub(super) const PDF_URL: Rule = bad(
    "pdf-url",
    "Ident Attributes",
    "The attribute `pdf_url` is a URL with `http` or `https`.",
)
.assumed();
pub(super) const PDF_CONTENT: Rule = bad(
    "pdf-content",
    "Ident Attributes",
    "The attribute `pdf_content` is a PDF file in Base64.",
);

pub(super) const PROJECT_ID: Rule = bad(
    "project-id",
    "project/get",
    "The body has the member `project_id`, a number or a string.",
);
pub(super) const PROJECT: Rule = Rule::new(
    "project",
    StatusCode::NOT_FOUND,
    "Errors",
    "The `project_id` is the id of a project.",
);
pub(super) const PROJECT_OWNER: Rule = Rule::new(
    "project-owner",
    StatusCode::FORBIDDEN,
    "Errors",
    "The project is one of the partner's own.",
)
.assumed();
pub(super) const PROJECT_ACTIVE: Rule = Rule::new(
    "project-active",
    StatusCode::PAYMENT_REQUIRED,
    "Errors",
    "The project of a new ident has the status `Active`.",
)
.assumed();
pub(super) const IDENT: Rule = Rule::new(
    "ident",
    StatusCode::NOT_FOUND,
    "Errors",
    "The IdentID in the path is that of an ident.",
);
pub(super) const IDENT_OWNER: Rule = Rule::new(
    "ident-owner",
    StatusCode::FORBIDDEN,
    "Errors",
    "The ident is one of the partner's own.",
)
.assumed();
pub(super) const IDENT_LIFETIME: Rule = Rule::new(
    "ident-lifetime",
    StatusCode::NOT_FOUND,
    "Lifetime",
    "The ident was created less than 90 days ago.",
)
.assumed();
pub(super) const PAGE: Rule = Rule::new(
    "page",
    StatusCode::NOT_FOUND,
    "ident/create",
    "The address of the page is the `conference_url` of an ident.",
)
.assumed();

const fn bad(name: &'static str, section: &'static str, requires: &'static str) -> Rule {
    Rule::new(name, StatusCode::BAD_REQUEST, section, requires)
}

const fn unauthorized(name: &'static str, section: &'static str, requires: &'static str) -> Rule {
    Rule::new(name, StatusCode::UNAUTHORIZED, section, requires)
}
