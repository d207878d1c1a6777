//! The vendor's own calls: each sends what the document shows, reads what it answers, and is repeated only where that does no harm.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod fixture;
mod support;

use std::future::Future;
use std::pin::Pin;

use fixture::fixture;
use idv_core::call::CallContext;
use idv_core::{Client, Effect, Error, ErrorKind, Operation, Reference, Secret, Sent, TransportCause};
use idv_identity_tm::IdentityTmConfig;
use idv_identity_tm::api::order::{Address, Order, Product, TestRobot};
use idv_identity_tm::api::{Api, CALLS, IdentDataVariants, OrderId, SignatureType, StatusVariants, Tan};
use idv_identity_tm::wire;
use idv_testkit::{Exchange, ScriptedTransport};
use support::*;

/// Every call of the document: its name, the chapter, the method, the status of a success, and every other status that the chapter
/// gives it. Written out of the document, not out of the crate.
#[rustfmt::skip]
const DOCUMENT: &[(&str, &str, &str, u16, &[u16])] = &[
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

/// Which calls reach a person, cost money or count tries: they are sent once, whatever becomes of the answer.
const ONCE: &[&str] = &[
    "putOrder",
    "requestSign",
    "confirmSign",
    "requestResendSignTan",
    "requestPhoneVerification",
    "provePhoneControl",
    "requestResendPhoneTan",
    "requestNewPassword",
    "confirmNewPassword",
];

type Called<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;
type Call = for<'a> fn(&'a Api, &'a CallContext) -> Called<'a>;

/// How each call is made, what the answer is that the document shows, and the body that it sends.
struct Row {
    name: &'static str,
    call: Call,
    /// What follows the name in the address.
    rest: &'static str,
    body: &'static str,
    answer: &'static [u8],
}

const fn row(name: &'static str, rest: &'static str, body: &'static str, answer: &'static [u8], call: Call) -> Row {
    Row { name, call, rest, body, answer }
}

/// The key of the fixtures.
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const ABOUT: &str = "/99920006C38842";
const TAN: &str = r#"{"tan":"123456"}"#;

#[rustfmt::skip]
const ROWS: &[Row] = &[
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

fn order() -> OrderId {
    OrderId::parse(ORDER).unwrap()
}

fn tan() -> Tan {
    Tan::parse("123456").unwrap()
}

/// An order with nothing in it but what is demanded, and our reference.
fn least() -> Order {
    let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
    let mut order = Order::new(Product::Video, "e.mustermann@example.com".into(), address);
    order.reference = Some(REFERENCE.to_owned());
    order
}

fn api_of(config: IdentityTmConfig, transport: &ScriptedTransport) -> (Api, Client) {
    (Api::new(&config).unwrap(), client_of(config, transport))
}

fn api(transport: &ScriptedTransport) -> (Api, Client) {
    api_of(config(), transport)
}

/// A success of a call, with the media type that belongs to it.
fn success(row: &Row) -> Exchange {
    let documented = DOCUMENT.iter().find(|call| call.0 == row.name).unwrap().3;
    let media_type = if row.name == "getVideoFileBinary" { "video/mp4" } else { "application/json" };
    let answer = http::Response::builder().status(documented).header("content-type", media_type);
    Exchange::Answer(answer.body(row.answer.into()).unwrap())
}

async fn call(row: &Row, exchanges: Vec<Exchange>) -> (Result<(), Error>, ScriptedTransport) {
    let transport = ScriptedTransport::new();
    for exchange in exchanges {
        transport.then(exchange);
    }
    let (api, client) = api(&transport);
    let result = (row.call)(&api, &client.context(Operation::Other)).await;
    (result, transport)
}

#[test]
fn the_table_of_calls_is_the_documents() {
    let table: Vec<_> = CALLS
        .iter()
        .map(|row| {
            let failures: Vec<_> = row.failures.iter().map(|failure| failure.status).collect();
            (row.name, row.chapter, row.method.as_str(), row.success, failures)
        })
        .collect();
    let document =
        DOCUMENT.iter().map(|(name, chapter, method, success, failures)| (*name, *chapter, *method, *success, failures.to_vec()));
    assert_eq!(table, document.collect::<Vec<_>>());
    // Every call of it can be made, and is made below.
    assert_eq!(ROWS.iter().map(|row| row.name).collect::<Vec<_>>(), DOCUMENT.iter().map(|call| call.0).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_call_sends_the_documents_request_and_reads_its_answer() {
    for (row, (name, _, method, ..)) in ROWS.iter().zip(DOCUMENT) {
        let (result, transport) = call(row, vec![success(row)]).await;
        assert!(result.is_ok(), "{name}: {result:?}");
        let requests = transport.requests();
        assert_eq!(requests.len(), 1, "{name}");
        assert_eq!(line(&requests[0]), format!("{method} {BASE}/{name}{}", row.rest));
        assert_eq!(header(&requests[0], "authorization"), Some(BASIC), "{name}");
        assert!(requests[0].headers()["authorization"].is_sensitive(), "{name}");
        assert_eq!(header(&requests[0], "content-type"), (!row.body.is_empty()).then_some("application/json"), "{name}");
        assert_eq!(std::str::from_utf8(requests[0].body()).unwrap(), row.body, "{name}");
    }
}

/// The kind that a documented status is, by the document's words about it.
fn meant(name: &str, status: u16) -> ErrorKind {
    let invalid = |field: &'static str| ErrorKind::InvalidRequest { field: field.into() };
    match (name, status) {
        ("getOrdersByRef", 400) => invalid("reference"),
        // What is retrieved is not there yet, or not enabled: nothing of the request is wrong.
        (name, 400) if name.starts_with("get") && name != "getStatus" => ErrorKind::Conflict,
        (_, 400) => invalid("request"),
        (_, 401) => ErrorKind::Unauthorized,
        (_, 404) => ErrorKind::NotFound,
        (_, 409) => invalid("tan"),
        (_, 406 | 410 | 412 | 429) => ErrorKind::Conflict,
        (_, 500) => ErrorKind::Unavailable,
        _ => panic!("{status} is documented nowhere"),
    }
}

#[tokio::test]
async fn every_documented_failure_of_every_call_has_its_kind_and_is_not_repeated() {
    for (row, (name, _, _, _, failures)) in ROWS.iter().zip(DOCUMENT) {
        for status in *failures {
            if *name == "serverStatus" {
                continue; // It is the answer to the question: below.
            }
            let answers = (0..4).map(|_| Exchange::Answer(failed(*status, r#"{"Error":"what was wrong"}"#))).collect();
            let (result, transport) = call(row, answers).await;
            let error = result.unwrap_err();
            assert_eq!(error.kind(), &meant(name, *status), "{name} {status}");
            assert_eq!((error.http_status(), error.vendor_code()), (Some(*status), Some("what was wrong")), "{name}");
            assert!(!error.to_string().contains("what was wrong"), "{error}");
            let expected = if *status == 500 { 4 } else { 1 };
            assert_eq!((transport.count(), error.attempts()), (expected, u32::try_from(expected).unwrap()), "{name} {status}");
            // A refusal did nothing; a wrong TAN too many did what it says, and is no loss either.
            assert_eq!(error.effect(), if *status == 500 { Effect::Unknown } else { Effect::NotApplied }, "{name} {status}");
        }
    }
}

fn failed(status: u16, body: &str) -> http::Response<bytes::Bytes> {
    http::Response::builder().status(status).body(body.to_owned().into()).unwrap()
}

#[tokio::test]
async fn statuses_that_no_chapter_has_are_read_by_what_http_says_of_them() {
    for (row, (name, ..)) in ROWS.iter().zip(DOCUMENT) {
        if *name == "serverStatus" {
            continue;
        }
        for (status, kind) in [
            (402, ErrorKind::QuotaExhausted),
            (403, ErrorKind::Unauthorized),
            (405, ErrorKind::NotFound),
            (415, ErrorKind::InvalidRequest { field: "request".into() }),
            (302, ErrorKind::Malformed),
        ] {
            let (result, transport) = call(row, vec![Exchange::Answer(failed(status, "<html>no</html>"))]).await;
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.vendor_code(), transport.count()), (&kind, None, 1), "{name} {status}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_only_where_that_does_no_harm() {
    for row in ROWS {
        let losses: [fn() -> Exchange; 4] = [
            || Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
            || Exchange::Hang,
            || empty(503),
            || Exchange::Break(failed(200, "{")),
        ];
        for (number, loss) in losses.iter().enumerate() {
            let (result, transport) = call(row, vec![loss(), success(row)]).await;
            let what = format!("{} {number}", row.name);
            if ONCE.contains(&row.name) {
                let error = result.unwrap_err();
                assert_eq!((error.kind(), error.effect()), (&ErrorKind::Unavailable, Effect::Unknown), "{what}");
                assert_eq!(transport.count(), 1, "{what}");
            } else if number == 3 && matches!(row.name, "getIdentDataPDF" | "getESignAuditLogPDF" | "getVideoFileBinary") {
                // A file that breaks off is in the sink already.
                assert_eq!((result.unwrap_err().kind(), transport.count()), (&ErrorKind::Unavailable, 1), "{what}");
            } else {
                assert!(result.is_ok(), "{what}: {result:?}");
                let requests = transport.requests();
                assert_eq!((requests.len(), line(&requests[0])), (2, line(&requests[1])), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_never_left_is_sent_again_whatever_it_is() {
    for row in ROWS {
        let unsent = Exchange::Fail(Sent::No, TransportCause::Connect);
        let (result, transport) = call(row, vec![unsent, success(row)]).await;
        assert!(result.is_ok(), "{}: {result:?}", row.name);
        assert_eq!(transport.count(), 2, "{}", row.name);
    }
}

#[tokio::test]
async fn a_429_is_waited_for_but_not_where_it_means_a_cancelled_order() {
    for row in ROWS {
        let limited = http::Response::builder().status(429).header("retry-after", "7").body(bytes::Bytes::new()).unwrap();
        let transport = ScriptedTransport::new();
        transport.then(Exchange::Answer(limited)).then(success(row));
        let clock = clock();
        let client = client_at(config(), &transport, &clock);
        let result = (row.call)(&Api::new(&config()).unwrap(), &client.context(Operation::Other)).await;
        if matches!(row.name, "confirmSign" | "provePhoneControl") {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.effect()), (&ErrorKind::Conflict, Effect::NotApplied), "{}", row.name);
            assert!(error.to_string().contains("cancelled"), "{error}");
            assert_eq!((transport.count(), clock.slept()), (1, Vec::new()), "{}", row.name);
        } else {
            assert!(result.is_ok(), "{}: {result:?}", row.name);
            assert_eq!(transport.count(), 2, "{}", row.name);
            assert!(clock.slept().iter().any(|slept| slept.as_secs() == 7), "{}: {:?}", row.name, clock.slept());
        }
    }
}

#[tokio::test]
async fn a_history_comes_in_the_documents_four_variants() {
    for (variants, path) in [
        (StatusVariants::default(), ""),
        (with_status(|variants| variants.include_sub_kind = true), "/IncludeSubKind"),
        (with_status(|variants| variants.extended_list = true), "/ExtendedList"),
        (StatusVariants::ALL, "/ExtendedList/IncludeSubKind"),
    ] {
        // A history is not among what can be encrypted.
        for config in [config(), encrypted()] {
            let transport = ScriptedTransport::new();
            transport.then_json(200, String::from_utf8(fixture("get-status.json")).unwrap());
            let (api, client) = api_of(config, &transport);
            let retrieved = api.status(&client.context(Operation::Poll), &order(), variants).await.unwrap();
            let list = retrieved.read(wire::StatusList::read).unwrap();
            assert_eq!(list.status.unwrap().len(), 10);
            assert_eq!(lines(&transport), [format!("GET getStatus/{ORDER}{path}")]);
        }
    }
}

#[tokio::test]
async fn a_result_comes_in_every_combination_of_variants_encrypted_and_not() {
    let names = ["IncludeInitialData", "IncludeIdentifyMethod", "IncludeIdentifier", "Signed"];
    for bits in 0_u8..16 {
        let chosen = |index: usize| bits & (1 << index) != 0;
        let mut variants = IdentDataVariants::default();
        (variants.initial_data, variants.identify_method) = (chosen(0), chosen(1));
        (variants.identifier, variants.signed) = (chosen(2), chosen(3));
        let path: String = (0..4).filter(|index| chosen(*index)).map(|index| format!("/{}", names[index])).collect();
        for (config, end, answer) in [
            (config(), "", bytes::Bytes::from_static(b"{\"IdentData\":[]}")),
            (encrypted(), "/crypt", fixture("crypt/java.bin").into()),
        ] {
            let plain = if end.is_empty() { answer.to_vec() } else { fixture("crypt/plain.json") };
            let transport = ScriptedTransport::new();
            transport.then(file("application/json", answer));
            let (api, client) = api_of(config, &transport);
            let retrieved = api.ident_data(&client.context(Operation::Fetch), &order(), variants).await.unwrap();
            assert_eq!(retrieved.bytes().as_ref(), plain);
            assert_eq!(lines(&transport), [format!("GET getIdentData/{ORDER}{path}{end}")]);
        }
    }
}

#[tokio::test]
async fn only_what_the_document_has_encrypted_is_asked_for_so_and_opened() {
    let plain = fixture("crypt/plain.json");
    for row in ROWS {
        // Chapters 3.3.2, 3.4.2, 3.5.2, 3.10.2 and 3.11.2.
        let can_be =
            matches!(row.name, "getIdentData" | "getIdentDataPDF" | "getESignPDF" | "getVideoFileBinary" | "getVoiceFiles");
        let transport = ScriptedTransport::new();
        let media_type = if row.name == "getVideoFileBinary" { "video/mp4" } else { "application/json" };
        if can_be {
            transport.then(file(media_type, fixture("crypt/java.bin")));
        } else {
            transport.then(success(row));
        }
        let (api, client) = api_of(encrypted(), &transport);
        let result = (row.call)(&api, &client.context(Operation::Other)).await;
        assert!(result.is_ok(), "{}: {result:?}", row.name);
        let end = if can_be { "/crypt" } else { "" };
        assert!(lines(&transport)[0].ends_with(&format!(" {}{}{end}", row.name, row.rest)), "{:?}", lines(&transport));
        if !can_be {
            continue;
        }
        // What was changed on its way is not believed, and nothing of a file comes out.
        let mut changed = fixture("crypt/java.bin");
        changed[30] ^= 1;
        let transport = ScriptedTransport::new();
        transport.then(file(media_type, changed)).then(file(media_type, plain.clone()));
        let (api, client) = api_of(encrypted(), &transport);
        let mut kinds = Vec::new();
        for _ in 0..2 {
            kinds.push((row.call)(&api, &client.context(Operation::Fetch)).await.unwrap_err().kind().clone());
        }
        assert_eq!(kinds, [ErrorKind::Forged, ErrorKind::Forged], "{}", row.name);
    }
    for name in ["ident_data_pdf", "video"] {
        let transport = ScriptedTransport::new();
        let media_type = if name == "video" { "video/webm" } else { "application/pdf" };
        transport.then(file(media_type, fixture("crypt/java.bin"))).then(file(media_type, b"short".as_slice()));
        let (api, client) = api_of(encrypted(), &transport);
        let cx = client.context(Operation::Evidence);
        let mut sink = Vec::new();
        let downloaded = if name == "video" {
            api.video(&cx, &order(), 10_000, &mut sink).await
        } else {
            api.ident_data_pdf(&cx, &order(), 10_000, &mut sink).await
        };
        assert_eq!((downloaded.unwrap().length, sink.as_slice()), (plain.len() as u64, plain.as_slice()));
        let mut sink = Vec::new();
        let error = api.ident_data_pdf(&cx, &order(), 10_000, &mut sink).await.unwrap_err();
        assert_eq!((error.kind(), sink.len()), (&ErrorKind::Malformed, 0));
    }
}

#[tokio::test]
async fn the_documents_samples_are_read() {
    let transport = ScriptedTransport::new();
    let text = |name: &str| String::from_utf8(fixture(name)).unwrap();
    transport.then_json(202, text("put-order-response.json"));
    transport.then_json(200, text("get-orders-by-ref.txt"));
    transport.then_json(200, text("system-status.json"));
    transport.then_json(200, text("check-signme-user.json"));
    transport.then_json(200, text("confirm-new-password.json"));
    transport.then_json(200, text("own-esign-pdf.json"));
    transport.then_json(200, text("own-esign-hash.json"));
    transport.then_json(200, text("get-images.json"));
    transport.then_json(200, text("get-voice-files.json"));
    let (api, client) = api(&transport);
    let cx = client.context(Operation::Other);
    assert_eq!(api.put_order(&cx, &least()).await.unwrap().order_id.as_str(), "99921269855041");
    let found = api.orders_by_ref(&cx, &Reference::existing("543210").unwrap()).await.unwrap();
    assert_eq!(found.iter().map(OrderId::as_str).collect::<Vec<_>>(), ["99921801997040", "99921800019939"]);
    let systems = api.system_status(&cx).await.unwrap();
    assert_eq!(
        (systems.server_alive, systems.video_available, systems.esign.fes_available),
        (Some(true), Some(true), Some(true))
    );
    assert_eq!(systems.iproov_available, None);
    let user = api.check_signme_user(&cx, &"e@example.com".into(), Some(SignatureType::Adv)).await.unwrap();
    assert_eq!((user.user_exists, user.user_is_able_to_sign), (Some(false), Some(false)));
    let sent = transport.requests();
    assert_eq!(sent.last().unwrap().body().as_ref(), br#"{"Email":"e@example.com","signatureType":"ADV"}"#);
    assert_eq!(Secret::expose(&api.confirm_new_password(&cx, &tan()).await.unwrap()), "XXXXXXXXXXXX");
    assert_eq!(api.signed_documents(&cx, &order()).await.unwrap().read(wire::SignedDocuments::read).unwrap().pdfs.len(), 2);
    assert!(!api.signed_hashes(&cx, &order()).await.unwrap().read(wire::Hashes::read).unwrap().hashes.entries.is_empty());
    assert_eq!(api.images(&cx, &order()).await.unwrap().read(wire::Images::read).unwrap().images.len(), 2);
    assert_eq!(api.voice_files(&cx, &order()).await.unwrap().read(wire::VoiceFiles::read).unwrap().voice_files.len(), 1);
}

#[tokio::test]
async fn every_kind_of_signature_is_asked_about_by_the_documents_word() {
    for (kind, word) in [(SignatureType::Qes, "QES"), (SignatureType::Adv, "ADV"), (SignatureType::Bas, "BAS")] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, r#"{"UserExists":true,"UserIsAbleToSign":true}"#);
        let (api, client) = api(&transport);
        api.check_signme_user(&client.context(Operation::Other), &"e@example.com".into(), Some(kind)).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
        assert_eq!(body["signatureType"], word);
    }
}

#[tokio::test]
async fn what_the_document_forbids_is_refused_before_it_is_sent() {
    let transport = ScriptedTransport::new();
    let (api, client) = api(&transport);
    let cx = client.context(Operation::Other);
    let field = |error: Error| match error.kind() {
        ErrorKind::InvalidRequest { field } => field.to_string(),
        other => panic!("{other:?}"),
    };
    for id in ["", "123456789012345678901", "9992 0006", "99920006/C", "..", "é"] {
        assert_eq!(field(OrderId::parse(id).unwrap_err()), "vendor_id", "{id}");
    }
    assert!(OrderId::parse("12345678901234567890").is_ok());
    for tan in ["", "1234567", "12 45", "12345é"] {
        assert_eq!(field(Tan::parse(tan).unwrap_err()), "tan", "{tan}");
    }
    // Five by the table of chapter 6.2.3, six by its sample.
    assert!(["12345", "123456"].iter().all(|tan| Tan::parse(*tan).is_ok()));
    for reference in ["a_b", "a/b", "..", ".", "a?b", "a#b", "a%2fb", &"a".repeat(101)] {
        let reference = Reference::existing(reference).unwrap();
        assert_eq!(field(api.orders_by_ref(&cx, &reference).await.unwrap_err()), "reference", "{reference:?}");
    }
    for mobile in ["", "+", "0171123456", "+49 171", "+49a", &format!("+{}", "1".repeat(64))] {
        assert_eq!(field(api.request_new_password(&cx, &mobile.into()).await.unwrap_err()), "mobile", "{mobile}");
    }
    assert_eq!(field(api.check_signme_user(&cx, &"nobody".into(), None).await.unwrap_err()), "Email");
    let mut order = least();
    order.reference = Some(TestRobot::Fraud.reference().to_owned());
    assert_eq!(field(api.put_order(&cx, &order).await.unwrap_err()), "Ref");
    assert_eq!(transport.count(), 0);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_malformed_and_after_a_change_of_unknown_effect() {
    let huge = format!("[{}", "[".repeat(100_000));
    let wrongs = [
        "",
        "null",
        "5",
        "\"text\"",
        "OK",
        "<html><body>It works</body></html>",
        "{\"OrderID\":",
        "[{\"a\":1}",
        "\u{feff}",
        &huge,
    ];
    for row in ROWS {
        // Files are what they are, and what has no documented answer is told by its status.
        let read = matches!(row.name, "putOrder" | "getOrdersByRef" | "systemStatus" | "checkSignmeUser" | "confirmNewPassword");
        if !read {
            continue;
        }
        for wrong in wrongs {
            let (result, transport) = call(row, vec![Exchange::Answer(failed(200, wrong))]).await;
            let error = result.expect_err(&format!("{}: {wrong:.20}", row.name));
            assert_eq!((error.kind(), error.http_status()), (&ErrorKind::Malformed, Some(200)), "{}: {wrong:.20}", row.name);
            assert_eq!((error.effect(), transport.count()), (Effect::Unknown, 1), "{}: {wrong:.20}", row.name);
            assert!(!error.to_string().contains("html"), "{error}");
        }
    }
    for body in wrongs {
        let transport = ScriptedTransport::new();
        for _ in 0..6 {
            transport.then_json(200, body);
        }
        let (api, client) = api(&transport);
        let cx = client.context(Operation::Poll);
        let malformed = |error: Error| assert_eq!(error.kind(), &ErrorKind::Malformed, "{body:.20}");
        malformed(api.status(&cx, &order(), StatusVariants::ALL).await.unwrap().read(wire::StatusList::read).unwrap_err());
        let result = api.ident_data(&cx, &order(), IdentDataVariants::default()).await.unwrap();
        malformed(result.read(wire::IdentResult::read).unwrap_err());
        malformed(api.images(&cx, &order()).await.unwrap().read(wire::Images::read).unwrap_err());
        malformed(api.voice_files(&cx, &order()).await.unwrap().read(wire::VoiceFiles::read).unwrap_err());
        malformed(api.signed_documents(&cx, &order()).await.unwrap().read(wire::SignedDocuments::read).unwrap_err());
        malformed(api.signed_hashes(&cx, &order()).await.unwrap().read(wire::Hashes::read).unwrap_err());
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_given_up() {
    let long = format!(r#"{{"IdentData":[],"x":"{}"}}"#, "x".repeat(2000));
    let small = with(|config| config.max_embedded_bytes = 2000);
    for name in ["getStatus", "getIdentData", "getESignPDF", "getESignHash", "getImages", "getVoiceFiles"] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, long.clone());
        let (api, client) = api_of(small.clone(), &transport);
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let error = (row.call)(&api, &client.context(Operation::Fetch)).await.unwrap_err();
        assert_eq!((error.kind(), transport.count()), (&ErrorKind::LimitExceeded, 1), "{name}");
    }
    for name in ["getIdentDataPDF", "getESignAuditLogPDF", "getVideoFileBinary"] {
        let transport = ScriptedTransport::new();
        transport.then(file("video/mp4", vec![0; 1001]));
        let (api, client) = api(&transport);
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let error = (row.call)(&api, &client.context(Operation::Evidence)).await.unwrap_err();
        assert_eq!((error.kind(), transport.count()), (&ErrorKind::LimitExceeded, 1), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_video_is_not_taken_for_one() {
    for (media_type, taken) in
        [("video/mp4", true), ("video/webm; codecs=vp8", true), ("application/json", false), ("text/html", false)]
    {
        let transport = ScriptedTransport::new();
        // What the bytes are does not matter: nobody looks into them.
        transport.then(file(media_type, b"bytes".as_slice()));
        let (api, client) = api(&transport);
        let result = api.video(&client.context(Operation::Evidence), &order(), 10, &mut Vec::new()).await;
        assert_eq!(result.is_ok(), taken, "{media_type}: {result:?}");
        if let Err(error) = result {
            assert_eq!(error.kind(), &ErrorKind::Malformed);
        }
    }
}

#[tokio::test]
async fn the_server_is_up_or_it_is_not() {
    for (status, up) in [(200, true), (500, false), (503, false), (404, false), (302, false)] {
        let transport = ScriptedTransport::new();
        for _ in 0..4 {
            transport.then(empty(status));
        }
        let (api, client) = api(&transport);
        assert_eq!(api.server_status(&client.context(Operation::Other)).await.unwrap(), up, "{status}");
    }
    let (api, client) = api(&ScriptedTransport::new());
    let error = api.server_status(&client.context(Operation::Other)).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unavailable);
}

#[tokio::test]
async fn calls_go_below_the_configured_address_with_a_slash_at_its_end_or_without() {
    for base in ["https://identity.example.com/a/2.10", "https://identity.example.com/a/2.10/"] {
        let transport = ScriptedTransport::new();
        transport.then(empty(200));
        let (api, client) = api_of(with(|config| config.base_url = Some(base.parse().unwrap())), &transport);
        api.server_status(&client.context(Operation::Other)).await.unwrap();
        assert_eq!(line(&transport.requests()[0]), "GET https://identity.example.com/a/2.10/serverStatus");
    }
}

fn with_status(change: impl FnOnce(&mut StatusVariants)) -> StatusVariants {
    let mut variants = StatusVariants::default();
    change(&mut variants);
    variants
}

/// An account with the key of the fixtures.
fn encrypted() -> IdentityTmConfig {
    with(|config| config.crypt_key = Some(KEY.into()))
}
