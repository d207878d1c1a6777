//! The documented requests, and the names whose values the inspector may show.

use crate::rule::Route;

/// The documented requests, in the order of their sections.
pub(super) const ROUTES: &[Route] = &[
    Route::new(
        "POST",
        "/api/v1/{company}/identifications/{transactionnumber}/start",
        "3.2.3",
    ),
    Route::new("GET", "/{company}/userdata", "4.3"),
    Route::new("GET", "/{company}/userdata/{transactionnumber}", "4.3"),
    // The document does not show how the form is sent.
    Route::new("POST", "/{company}/userdata", "4.3"),
    Route::new("POST", "/{company}/userdata/{transactionnumber}", "4.3"),
    Route::new("GET", "/v1/{company}/start", "5.4.2"),
    Route::new(
        "GET",
        "/{company}/identifications/{transactionnumber}",
        "6.1.1.1",
    ),
    Route::new("GET", "/{ident-id}", "6.1.1.2"),
    Route::new("GET", "/api/v1/{company}", "6.4"),
    Route::new("POST", "/api/v1/{company}/documentdefinitions", "7.1.3.1"),
    Route::new(
        "POST",
        "/api/v1/{company}/documentdefinitions/{identifier}",
        "7.1.4.1",
    ),
    Route::new(
        "DELETE",
        "/api/v1/{company}/documentdefinitions/{identifier}",
        "7.1.5.1",
    ),
    Route::new("GET", "/api/v1/{company}/documentdefinitions", "7.1.6.1"),
    Route::new(
        "GET",
        "/api/v1/{company}/documentdefinitions/{identifier}",
        "7.1.7.1",
    ),
    Route::new(
        "POST",
        "/api/v1/{company}/documentdefinitions/{identifier}/data",
        "7.1.8.1",
    ),
    Route::new(
        "GET",
        "/api/v1/{company}/documentdefinitions/{identifier}/data",
        "7.1.9.1",
    ),
    Route::new(
        "GET",
        "/api/v1/{company}/identifications/{transactionnumber}/documents",
        "7.2.1.1",
    ),
    Route::new(
        "GET",
        "/api/v1/{company}/identifications/{transactionnumber}/documents/{identifier}",
        "7.2.2.1",
    ),
    Route::new(
        "POST",
        "/api/v1/{company}/identifications/{transactionnumber}/documents/{identifier}",
        "7.2.3.1",
    ),
    Route::new(
        "POST",
        "/api/v1/{company}/identifications/{transactionnumber}/documents/{identifier}/data",
        "7.2.4.1",
    ),
    Route::new(
        "POST",
        "/api/v1/{company}/identifications/{transactionnumber}/documents/{identifier}/signed",
        "7.2.6.1",
    ),
    Route::new(
        "GET",
        "/api/v1/{company}/identifications/{transactionnumber}/documents/{identifier}/signed",
        "7.2.6.2",
    ),
    Route::new("POST", "/api/v1/{company}/login", "8.3.1"),
    Route::new("GET", "/api/v1/{company}/identifications", "8.3.2"),
    Route::new(
        "GET",
        "/api/v1/{company}/identifications/{transactionnumber}.zip",
        "8.3.3.1",
    ),
    Route::new(
        "GET",
        "/api/v1/{company}/identifications/{transactionnumber}",
        "8.3.3.2",
    ),
    Route::new(
        "DELETE",
        "/api/v1/{company}/identifications/{transactionnumber}",
        "8.3.4",
    ),
    Route::new(
        "POST",
        "/api/v1/{company}/identifications/{transactionnumber}/copy",
        "8.3.5",
    ),
    Route::new(
        "POST",
        "/api/v1/{company}/identifications/{transactionnumber}/archive",
        "8.3.6",
    ),
    Route::new("GET", "/assets/certs/{name}", "13.3.1"),
    Route::new(
        "POST",
        "/api/v1/{company}/identifications/{transactionnumber}/requestVideoChat",
        "15.2.1",
    ),
    Route::new("GET", "/system_check", "16.1"),
];

/// The names whose values are neither personal data nor secrets.
pub(super) const PUBLIC: &[&str] = &[
    "aborted",
    "access-control-allow-origin",
    "bottom",
    "canceled",
    "cause",
    "companyid",
    "content-length",
    "content-type",
    "estimatedWaitingTime",
    "height",
    "id",
    "identchanges",
    "identificationtime",
    "key",
    "left",
    "message",
    "mimeType",
    "optional",
    "page",
    "pending",
    "positionInQueue",
    "previousresult",
    "reason",
    "result",
    "reviewchanges",
    "reviewstatus",
    "shortcode",
    "shortname",
    "signatureFontSize",
    "signatureFontSize2",
    "sortOrder",
    "status",
    "target_companyid",
    "testRobotName",
    "testRobotType",
    "timestamp",
    "type",
    "viewPolicy",
    "width",
];
