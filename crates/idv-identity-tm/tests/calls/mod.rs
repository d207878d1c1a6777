//! The document's calls, and an example of each.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::future::Future;
use std::pin::Pin;

use idv_core::call::CallContext;
use idv_core::{Client, Error, Operation, Reference};
use idv_identity_tm::IdentityTmConfig;
use idv_identity_tm::api::order::{Address, Order, Product};
use idv_identity_tm::api::{Api, IdentDataVariants, OrderId, StatusVariants, Tan};
use idv_testkit::{Exchange, ScriptedTransport};

use super::support::*;

/// Every call of the document: its name, its chapter, the method, the status of a success, and
/// every other documented status. Copied from the document, not from the crate.
#[rustfmt::skip]
pub(crate) const DOCUMENT: &[(&str, &str, &str, u16, &[u16])] = &[
    ("putOrder", "3.1", "PUT", 202, &[400, 401]),
    ("getStatus", "3.2", "GET", 200, &[400, 401, 404]),
    ("getIdentData", "3.3", "GET", 200, &[400, 401, 404]),
    ("getIdentDataPDF", "3.4", "GET", 200, &[400, 401, 404]),
    ("getESignPDF", "3.5", "GET", 200, &[400, 401, 404]),
    ("getESignHash", "3.6", "GET", 200, &[400, 401, 404]),
    ("getESignAuditLogPDF", "3.7", "GET", 200, &[400, 401, 404]),
    ("getImages", "3.8", "GET", 200, &[400, 401, 404]),
    ("getVideoFileBinaryAsync", "3.9", "POST", 200, &[400, 401, 404]),
    ("getVideoFileBinary", "3.10", "GET", 200, &[400, 401, 404]),
    ("getVoiceFiles", "3.11", "GET", 200, &[400, 401, 404]),
    ("delIdentdata", "3.12", "DELETE", 202, &[400, 401, 404, 406]),
    ("getOrdersByRef", "3.13", "GET", 200, &[400, 401, 404]),
    ("cancelOrder", "4.2", "POST", 202, &[400, 401, 404, 406]),
    ("requestSign", "5.1", "POST", 202, &[400, 401, 404, 406, 410]),
    ("confirmSign", "5.2", "POST", 202, &[400, 401, 404, 409, 410, 412, 429]),
    ("requestResendSignTan", "5.3", "POST", 202, &[400, 401, 404, 410, 412]),
    ("requestPhoneVerification", "6.1", "POST", 202, &[400, 401, 404, 406, 410]),
    ("provePhoneControl", "6.2", "POST", 202, &[400, 401, 404, 409, 410, 412, 429]),
    ("requestResendPhoneTan", "6.3", "POST", 202, &[400, 401, 404, 410, 412]),
    ("serverStatus", "8.1", "GET", 200, &[500]),
    ("systemStatus", "8.2", "GET", 200, &[401, 500]),
    ("checkSignmeUser", "9.1", "POST", 200, &[400, 401]),
    ("requestNewPassword", "9.2.1", "POST", 200, &[400, 401]),
    ("confirmNewPassword", "9.2.2", "POST", 200, &[400, 401]),
];

pub(crate) type Called<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;
pub(crate) type Call = for<'a> fn(&'a Api, &'a CallContext) -> Called<'a>;

/// An example of a call: the arguments, the documented response, and the request's body.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) call: Call,
    /// The path after the call's name.
    pub(crate) rest: &'static str,
    pub(crate) body: &'static str,
    pub(crate) answer: &'static [u8],
}

pub(crate) const fn row(
    name: &'static str,
    rest: &'static str,
    body: &'static str,
    answer: &'static [u8],
    call: Call,
) -> Row {
    Row {
        name,
        call,
        rest,
        body,
        answer,
    }
}

/// The key of the fixtures.
pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
pub(crate) const ABOUT: &str = "/99920006C38842";
pub(crate) const TAN: &str = r#"{"tan":"123456"}"#;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    row("putOrder", "", r#"{"Ref":"0123456789abcdef0123456789abcdef","Product":12,"Add":0,"Email":"e.mustermann@example.com","Address":{"Firstname":"Erika","Surname":"Mustermann","Country":"DE"}}"#,
        br#"{"OrderID":"99920006C38842"}"#,
        |api, cx| Box::pin(async { api.put_order(cx, &least()).await.map(drop) })),
    row("getStatus", ABOUT, "", br#"{"OrderID":"99920006C38842","Status":[]}"#,
        |api, cx| Box::pin(async { api.status(cx, &order(), StatusVariants::default()).await.map(drop) })),
    row("getIdentData", ABOUT, "", br#"{"IdentData":[]}"#,
        |api, cx| Box::pin(async { api.ident_data(cx, &order(), IdentDataVariants::default()).await.map(drop) })),
    row("getIdentDataPDF", ABOUT, "", b"%PDF-1.4",
        |api, cx| Box::pin(async { api.ident_data_pdf(cx, &order(), 1000, &mut Vec::new()).await.map(drop) })),
    row("getESignPDF", ABOUT, "", br#"{"PDFs":[]}"#,
        |api, cx| Box::pin(async { api.signed_documents(cx, &order()).await.map(drop) })),
    row("getESignHash", ABOUT, "", br#"{"Hashes":[]}"#,
        |api, cx| Box::pin(async { api.signed_hashes(cx, &order()).await.map(drop) })),
    row("getESignAuditLogPDF", ABOUT, "", b"%PDF-1.4",
        |api, cx| Box::pin(async { api.audit_log(cx, &order(), 1000, &mut Vec::new()).await.map(drop) })),
    row("getImages", ABOUT, "", br#"{"Images":[]}"#,
        |api, cx| Box::pin(async { api.images(cx, &order()).await.map(drop) })),
    row("getVideoFileBinaryAsync", ABOUT, r#"{"callbackUrl":"https://bank.example.com/video?order=1"}"#, b"",
        |api, cx| Box::pin(async {
            api.provide_video(cx, &order(), &"https://bank.example.com/video?order=1".parse().unwrap()).await
        })),
    row("getVideoFileBinary", ABOUT, "", b"\0\0\0\x18ftypmp42",
        |api, cx| Box::pin(async { api.video(cx, &order(), 1000, &mut Vec::new()).await.map(drop) })),
    row("getVoiceFiles", ABOUT, "", br#"{"Voicefiles":[]}"#,
        |api, cx| Box::pin(async { api.voice_files(cx, &order()).await.map(drop) })),
    row("delIdentdata", ABOUT, "", b"", |api, cx| Box::pin(async { api.delete(cx, &order()).await })),
    row("getOrdersByRef", "/543210", "", br#"["99921801997040","99921800019939"]"#,
        |api, cx| Box::pin(async { api.orders_by_ref(cx, &Reference::existing("543210").unwrap()).await.map(drop) })),
    row("cancelOrder", ABOUT, "", b"", |api, cx| Box::pin(async { api.cancel(cx, &order()).await })),
    row("requestSign", ABOUT, "", b"", |api, cx| Box::pin(async { api.request_sign(cx, &order()).await })),
    row("confirmSign", ABOUT, TAN, b"", |api, cx| Box::pin(async { api.confirm_sign(cx, &order(), &tan()).await })),
    row("requestResendSignTan", ABOUT, "", b"", |api, cx| Box::pin(async { api.resend_sign_tan(cx, &order()).await })),
    row("requestPhoneVerification", ABOUT, "", b"",
        |api, cx| Box::pin(async { api.request_phone_verification(cx, &order()).await })),
    row("provePhoneControl", ABOUT, TAN, b"", |api, cx| Box::pin(async { api.prove_phone_control(cx, &order(), &tan()).await })),
    row("requestResendPhoneTan", ABOUT, "", b"", |api, cx| Box::pin(async { api.resend_phone_tan(cx, &order()).await })),
    row("serverStatus", "", "", b"OK", |api, cx| Box::pin(async { api.server_status(cx).await.map(|up| assert!(up)) })),
    row("systemStatus", "", "", br#"{"serverAlive":true}"#,
        |api, cx| Box::pin(async { api.system_status(cx).await.map(drop) })),
    row("checkSignmeUser", "", r#"{"Email":"e.mustermann@example.com"}"#, br#"{"UserExists":false,"UserIsAbleToSign":false}"#,
        |api, cx| Box::pin(async { api.check_signme_user(cx, &"e.mustermann@example.com".into(), None).await.map(drop) })),
    row("requestNewPassword", "", r#"{"mobile":"+49171123456"}"#, b"",
        |api, cx| Box::pin(async { api.request_new_password(cx, &"+49171123456".into()).await })),
    row("confirmNewPassword", "", TAN, br#"{"password":"XXXXXXXXXXXX"}"#,
        |api, cx| Box::pin(async { api.confirm_new_password(cx, &tan()).await.map(drop) })),
];

/// The order in every example.
pub(crate) fn order() -> OrderId {
    OrderId::parse(ORDER).unwrap()
}

/// A TAN.
pub(crate) fn tan() -> Tan {
    Tan::parse("123456").unwrap()
}

/// An order with only the required fields and the reference.
pub(crate) fn least() -> Order {
    let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
    let mut order = Order::new(Product::Video, "e.mustermann@example.com".into(), address);
    order.reference = Some(REFERENCE.to_owned());
    order
}

/// The API, and a client that creates contexts for it.
pub(crate) fn api_of(config: IdentityTmConfig, transport: &ScriptedTransport) -> (Api, Client) {
    (Api::new(&config).unwrap(), client_of(config, transport))
}

/// The API of the default account.
pub(crate) fn api(transport: &ScriptedTransport) -> (Api, Client) {
    api_of(config(), transport)
}

/// A successful response of a call, with its media type.
pub(crate) fn success(row: &Row) -> Exchange {
    let documented = DOCUMENT.iter().find(|call| call.0 == row.name).unwrap().3;
    let media_type = if row.name == "getVideoFileBinary" {
        "video/mp4"
    } else {
        "application/json"
    };
    let answer = http::Response::builder()
        .status(documented)
        .header("content-type", media_type);
    Exchange::Answer(answer.body(row.answer.into()).unwrap())
}

/// Makes a call with scripted responses.
pub(crate) async fn call(
    row: &Row,
    exchanges: Vec<Exchange>,
) -> (Result<(), Error>, ScriptedTransport) {
    let transport = ScriptedTransport::new();
    for exchange in exchanges {
        transport.then(exchange);
    }
    let (api, client) = api(&transport);
    let result = (row.call)(&api, &client.context(Operation::Other)).await;
    (result, transport)
}

/// A response with a status and a body.
pub(crate) fn failed(status: u16, body: &str) -> http::Response<bytes::Bytes> {
    http::Response::builder()
        .status(status)
        .body(body.to_owned().into())
        .unwrap()
}

/// An account with the key of the fixtures.
pub(crate) fn encrypted() -> IdentityTmConfig {
    with(|config| config.crypt_key = Some(KEY.into()))
}
