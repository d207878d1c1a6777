//! The documented requests.

use crate::rule::Route;

const GET: &str = "GET";
const POST: &str = "POST";
const PUT: &str = "PUT";
const DELETE: &str = "DELETE";

/// The requests of the tables "Method and URL", and the links for the person.
pub(super) const ROUTES: &[Route] = &[
    Route::new(PUT, "/api/2.10/putOrder", "3.1.3"),
    Route::new(GET, "/status/{token}", "3.1.5"),
    Route::new(GET, "/ident/{token}", "3.1.5"),
    Route::new(GET, "/autoid/{token}", "3.1.5"),
    Route::new(GET, "/api/2.10/getStatus/{OrderID}", "3.2.4"),
    Route::new(GET, "/api/2.10/getStatus/{OrderID}/IncludeSubKind", "3.2.4"),
    Route::new(GET, "/api/2.10/getStatus/{OrderID}/ExtendedList", "3.2.4"),
    Route::new(
        GET,
        "/api/2.10/getStatus/{OrderID}/ExtendedList/IncludeSubKind",
        "3.2.4",
    ),
    Route::new(GET, "/api/2.0/getStatus/{OrderID}/ExtendedList", "3.2.8"),
    Route::new(GET, "/api/2.10/getIdentData/{OrderID}", "3.3.2"),
    Route::new(
        GET,
        "/api/2.10/getIdentData/{OrderID}/IncludeInitialData",
        "3.3.2",
    ),
    Route::new(
        GET,
        "/api/2.10/getIdentData/{OrderID}/IncludeIdentifyMethod",
        "3.3.2",
    ),
    Route::new(
        GET,
        "/api/2.10/getIdentData/{OrderID}/IncludeIdentifier",
        "3.3.2",
    ),
    Route::new(GET, "/api/2.10/getIdentData/{OrderID}/Signed", "3.3.2"),
    Route::new(GET, "/api/2.10/getIdentData/{OrderID}/crypt", "3.3.2"),
    // "This variant can be used in combination with the other variants."
    Route::new(
        GET,
        "/api/2.10/getIdentData/{OrderID}/IncludeInitialData/crypt",
        "3.3.3",
    ),
    Route::new(
        GET,
        "/api/2.10/getIdentData/{OrderID}/IncludeIdentifyMethod/crypt",
        "3.3.3",
    ),
    Route::new(
        GET,
        "/api/2.10/getIdentData/{OrderID}/IncludeIdentifier/crypt",
        "3.3.3",
    ),
    Route::new(
        GET,
        "/api/2.10/getIdentData/{OrderID}/Signed/crypt",
        "3.3.3",
    ),
    Route::new(GET, "/api/2.10/getIdentDataPDF/{OrderID}", "3.4.2"),
    Route::new(GET, "/api/2.10/getIdentDataPDF/{OrderID}/crypt", "3.4.2"),
    Route::new(GET, "/api/2.10/getESignPDF/{OrderID}", "3.5.2"),
    Route::new(GET, "/api/2.10/getESignPDF/{OrderID}/crypt", "3.5.2"),
    Route::new(GET, "/api/2.10/getESignHash/{OrderID}", "3.6.2"),
    Route::new(GET, "/api/2.10/getESignAuditLogPDF/{OrderID}", "3.7.2"),
    Route::new(GET, "/api/2.10/getImages/{OrderID}", "3.8.2"),
    Route::new(POST, "/api/2.10/getVideoFileBinaryAsync/{OrderID}", "3.9.2"),
    Route::new(GET, "/api/2.10/getVideoFileBinary/{OrderID}", "3.10.2"),
    Route::new(
        GET,
        "/api/2.10/getVideoFileBinary/{OrderID}/crypt",
        "3.10.2",
    ),
    Route::new(GET, "/api/2.10/getVoiceFiles/{OrderID}", "3.11.1"),
    Route::new(GET, "/api/2.10/getVoiceFiles/{OrderID}/crypt", "3.11.1"),
    Route::new(DELETE, "/api/2.10/delIdentdata/{OrderID}", "3.12.1"),
    Route::new(DELETE, "/api/2.10/delIdentData/{OrderID}", "3.12"),
    Route::new(GET, "/api/2.10/getOrdersByRef/{Ref}", "3.13.1"),
    Route::new(POST, "/api/2.10/cancelOrder/{OrderID}", "4.2.1"),
    Route::new(POST, "/api/2.10/requestSign/{OrderID}", "5.1.2"),
    Route::new(POST, "/api/2.10/confirmSign/{OrderID}", "5.2.2"),
    Route::new(POST, "/api/2.10/requestResendSignTan/{OrderID}", "5.3.2"),
    Route::new(
        POST,
        "/api/2.10/requestPhoneVerification/{OrderID}",
        "6.1.2",
    ),
    Route::new(POST, "/api/2.10/provePhoneControl/{OrderID}", "6.2.2"),
    Route::new(POST, "/api/2.10/requestResendPhoneTan/{OrderID}", "6.3.2"),
    Route::new(GET, "/api/2.10/serverStatus", "8.1.1"),
    Route::new(GET, "/api/2.10/systemStatus", "8.2.1"),
    Route::new(POST, "/api/2.10/checkSignmeUser", "9.1.2"),
    Route::new(POST, "/api/2.10/requestNewPassword", "9.2.1.1"),
    Route::new(POST, "/api/2.10/confirmNewPassword", "9.2.2.1"),
];
