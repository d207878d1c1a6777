//! The documented requests, and the rules by which the emulator refuses others. The document does
//! not number its sections, so that a rule names the heading.
//!
//! The document does not list the statuses of refusals. 400, 401 and 404 have the meaning that HTTP
//! gives them; a rule is assumed if its requirement or a less obvious status is open.

use http::StatusCode;

use crate::rule::{Route, Rule};

/// The documented requests and the pages for the person.
pub(super) const ROUTES: &[Route] = &[
    Route::new("POST", "/id-scan/v1/transactions", "Create a transaction"),
    Route::new(
        "GET",
        "/id-scan/v1/transactions/{transactionId}",
        "Transaction details",
    ),
    Route::new(
        "GET",
        "/id-scan/v1/transactions/{transactionId}/results/{resultId}",
        "Retrieve transaction result",
    ),
    Route::new(
        "GET",
        "/id-scan/v1/transactions/{transactionId}/results/{resultId}/report",
        "Retrieve transaction report",
    ),
    Route::new(
        "GET",
        "/id-scan/v1/downloads/{file}",
        "Download document image",
    ),
    Route::new("POST", "/id-scan/v1/webhooks", "Events"),
    Route::new(
        "GET",
        "/{locale}/identifications/{token}",
        "Integration with return URL",
    ),
    Route::new(
        "GET",
        "/{locale}/identifications/{token}/scan",
        "Integration with return URL",
    ),
];

/// All rules.
pub(super) const ALL: &[&Rule] = &[
    &BEARER,
    &TOKEN_FORM,
    &TOKEN_ALGORITHM,
    &TOKEN_KEY_ID,
    &TOKEN_SIGNATURE,
    &TOKEN_TIMES,
    &TOKEN_START,
    &TOKEN_EXPIRED,
    &TOKEN_LIFETIME,
    &MEDIA_TYPE,
    &BODY,
    &TASKS,
    &TASK_COMBINATION,
    &SETTINGS,
    &KNOWN_SETTINGS,
    &ALLOWED_EXPIRATION,
    &CAPTURE_SOURCES,
    &LEVEL,
    &AGE_LIMIT,
    &AGE_ORDER,
    &FIELD_NAMES,
    &LOCALE,
    &MOBILE_ONLY,
    &EXPIRES_IN,
    &RETURN_URL,
    &WEBHOOK_URL,
    &WEBHOOK_EVENTS,
    &WEBHOOK_HEADERS,
    &ROUTE,
    &TRANSACTION,
    &RESULT,
    &REPORT_TYPE,
    &EXTENDED_REPORT,
    &FILE,
    &PAGE,
];

pub(super) const BEARER: Rule = unauthorized(
    "bearer-token",
    "The header `Authorization` contains the scheme `Bearer` and a token.",
);
pub(super) const TOKEN_FORM: Rule = unauthorized(
    "token-form",
    "The token is a JWT: a header and a payload, both JSON objects, and a signature, each in \
     Base64url without padding.",
);
pub(super) const TOKEN_ALGORITHM: Rule = unauthorized(
    "token-algorithm",
    "The member `alg` of the token's header is `HS256`.",
);
pub(super) const TOKEN_KEY_ID: Rule = unauthorized(
    "token-key-id",
    "The member `kid` of the token's header is the key ID of the credentials.",
);
pub(super) const TOKEN_SIGNATURE: Rule = unauthorized(
    "token-signature",
    "The token is signed with the secret of the key ID, used as it is and not decoded.",
);
pub(super) const TOKEN_TIMES: Rule = unauthorized(
    "token-times",
    "The token's payload contains `iat`, `nbf` and `exp`, each a UNIX timestamp in seconds.",
);
pub(super) const TOKEN_START: Rule = unauthorized(
    "token-start",
    "The times `iat` and `nbf` of the token are not in the future.",
);
pub(super) const TOKEN_EXPIRED: Rule = unauthorized(
    "token-expired",
    "The time `exp` of the token is in the future.",
);
pub(super) const TOKEN_LIFETIME: Rule = unauthorized(
    "token-lifetime",
    "The time from `iat` to `exp` of the token is at most the maximum of the account, which is an \
     hour by default.",
)
.assumed();

pub(super) const MEDIA_TYPE: Rule = bad(
    "media-type",
    "Create a transaction, Events",
    "The header `Content-Type` is `application/json`.",
);
pub(super) const BODY: Rule = bad(
    "body",
    "Create a transaction, Events",
    "The body is a JSON object.",
);
pub(super) const TASKS: Rule = bad(
    "tasks",
    "Create a transaction",
    "The body has the member `tasks`, an array of strings.",
);
pub(super) const TASK_COMBINATION: Rule = bad(
    "task-combination",
    "Task types",
    "The tasks are `document_scan` alone, or with `face_liveness`, or with `face_liveness` and \
     `face_match`.",
);
pub(super) const SETTINGS: Rule = bad(
    "settings",
    "Settings",
    "The members `settings` and `settings.documentScan` are objects.",
);
pub(super) const KNOWN_SETTINGS: Rule = bad(
    "known-settings",
    "Settings",
    "All members of `settings` are documented.",
)
.assumed();
pub(super) const ALLOWED_EXPIRATION: Rule = bad(
    "allowed-expiration",
    "Settings",
    "The setting `allowedExpiration` is an integer, a number of days.",
);
pub(super) const CAPTURE_SOURCES: Rule = bad(
    "capture-sources",
    "Settings",
    "The setting `captureSources` is an array of `camera`, `file` or both.",
);
pub(super) const LEVEL: Rule =
    bad("level", "Settings", "The setting `level` is `advanced`.").assumed();
pub(super) const AGE_LIMIT: Rule = bad(
    "age-limit",
    "Settings",
    "The settings `minimumAge` and `maximumAge` are integers from 0, numbers of years.",
);
pub(super) const AGE_ORDER: Rule = bad(
    "age-order",
    "Settings",
    "The setting `minimumAge` is not above `maximumAge`.",
)
.assumed();
pub(super) const FIELD_NAMES: Rule = bad(
    "field-names",
    "Settings",
    "The settings `redactFields`, `validateFields` and `extractFields` are arrays of names of \
     fields, in lower-case letters and underscores.",
)
.assumed();
pub(super) const LOCALE: Rule = bad(
    "locale",
    "Locale",
    "The member `locale` is `en-US`, `nl-NL` or `fr-FR`.",
);
pub(super) const MOBILE_ONLY: Rule = bad(
    "mobile-only",
    "Mobile only",
    "The member `mobileOnly` is `true` or `false`.",
);
pub(super) const EXPIRES_IN: Rule = bad(
    "expires-in",
    "Expires in",
    "The member `expiresIn` is a number of seconds from 3600 to 86400.",
);
pub(super) const RETURN_URL: Rule = bad(
    "return-url",
    "Integration with return URL",
    "The members `returnUrl` and `scanReturnUrl` are addresses with `https`, or with `http` on the \
     loopback interface.",
)
.assumed();

pub(super) const WEBHOOK_URL: Rule = bad(
    "webhook-url",
    "Events",
    "The body has the member `url`, an address with `https`, or with `http` on the loopback \
     interface.",
);
pub(super) const WEBHOOK_EVENTS: Rule = bad(
    "webhook-events",
    "Events",
    "The member `events` is an array of `transaction.state.updated`, `task.state.updated` or \
     both.",
);
pub(super) const WEBHOOK_HEADERS: Rule = bad(
    "webhook-headers",
    "Events",
    "The member `headers` maps names of headers to strings; `Host`, `Connection`, `Content-Type`, \
     `Content-Length` and `Transfer-Encoding` belong to the vendor.",
)
.assumed();

pub(super) const ROUTE: Rule = not_found(
    "route",
    "Environment",
    "The method and the path are those of a documented request, below `/id-scan/v1/`.",
);
pub(super) const TRANSACTION: Rule = not_found(
    "transaction",
    "Retrieve transaction result",
    "The transaction in the path was created with the same key ID.",
)
.assumed();
pub(super) const RESULT: Rule = not_found(
    "result",
    "Retrieve transaction result",
    "The result in the path is that of the transaction, which is completed.",
)
.assumed();
pub(super) const REPORT_TYPE: Rule = bad(
    "report-type",
    "Extended audit report",
    "The parameter `type` is absent, `simple` or `extended`.",
)
.assumed();
pub(super) const EXTENDED_REPORT: Rule = not_found(
    "extended-report",
    "Extended audit report",
    "The extended report is requested before the transaction expires.",
)
.assumed();
pub(super) const FILE: Rule = not_found(
    "file",
    "Download document image",
    "The address is that of a file of a transaction with the same key ID, and is still valid.",
)
.assumed();
pub(super) const PAGE: Rule = not_found(
    "page",
    "Integration with return URL",
    "The address is the `url` of a transaction, or `/scan` below it, to which the QR code leads.",
)
.assumed();

const fn unauthorized(name: &'static str, requires: &'static str) -> Rule {
    Rule::new(name, StatusCode::UNAUTHORIZED, "Authentication", requires)
}

const fn bad(name: &'static str, section: &'static str, requires: &'static str) -> Rule {
    Rule::new(name, StatusCode::BAD_REQUEST, section, requires)
}

const fn not_found(name: &'static str, section: &'static str, requires: &'static str) -> Rule {
    Rule::new(name, StatusCode::NOT_FOUND, section, requires)
}
