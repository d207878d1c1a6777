//! Identity.TM: each rule refuses a request that is otherwise right.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod reached;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_tm::{Tm, order, with, without};
use idv_sandbox::IdentityTmAccount as Account;
use reached::{Reached, check_hints};
use serde_json::{Value, json};
use support::send;

/// A request that breaks one rule.
struct Broken {
    rule: &'static str,
    /// The settings with which the request breaks the rule.
    account: fn(&mut Account),
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn basic(password: &str) -> (&'static str, String) {
    let credentials = STANDARD.encode(format!("example:{password}"));
    ("Authorization", format!("Basic {credentials}"))
}

/// Returns the headers of a right request.
fn rights() -> Vec<(&'static str, String)> {
    let json = ("Content-Type", "application/json".to_owned());
    vec![basic("examplePassword"), json]
}

fn call(rule: &'static str, method: &'static str, path: &str, body: &Value) -> Broken {
    Broken {
        rule,
        account: |_| {},
        method,
        path: format!("/api/2.10/{path}"),
        headers: rights(),
        body: if body.is_null() {
            String::new()
        } else {
            body.to_string()
        },
    }
}

fn get(rule: &'static str, path: &str) -> Broken {
    call(rule, "GET", path, &Value::Null)
}

fn put(rule: &'static str, body: &Value) -> Broken {
    call(rule, "PUT", "putOrder", body)
}

impl Broken {
    fn account(self, account: fn(&mut Account)) -> Self {
        Self { account, ..self }
    }

    fn headers(self, headers: &[(&'static str, String)]) -> Self {
        let headers = headers.to_vec();
        Self { headers, ..self }
    }

    fn at(self, path: &str) -> Self {
        let path = path.to_owned();
        Self { path, ..self }
    }

    fn body(self, body: &str) -> Self {
        let body = body.to_owned();
        Self { body, ..self }
    }
}

/// Returns the requests that need no order.
fn without_order() -> Vec<Broken> {
    let text = ("Content-Type", "text/plain".to_owned());
    let video = || order(12);
    vec![
        get("base-path", "").at("/api/1.0/systemStatus"),
        get("base-path", "").at("/systemStatus"),
        call("base-path", "POST", "", &Value::Null).at("/status/0"),
        get("authentication", "systemStatus").headers(&[]),
        get("authentication", "systemStatus")
            .headers(&[("Authorization", "Basic ZXhhbXBsZQ==".to_owned())]),
        get("credentials", "systemStatus").headers(&[basic("otherPassword")]),
        put("content-type", &video()).headers(&[basic("examplePassword"), text]),
        put("json-body", &video()).body("[]"),
        call("json-body", "POST", "checkSignmeUser", &json!([])),
        get("call", "getOrders"),
        get("call", "putOrder"),
        call("call", "POST", "requestAnything/1", &Value::Null),
        get("order", "getStatus/0"),
        get("person-link", "").at("/status/0"),
        get("reference", "getOrdersByRef/a_b"),
        get("reference-found", "getOrdersByRef/a-b"),
        call(
            "sign-me-account",
            "POST",
            "checkSignmeUser",
            &json!({ "Email": "e@example.com" }),
        )
        .account(|account| account.sign_me = false),
        call("sign-me-email", "POST", "checkSignmeUser", &json!({})),
        call(
            "signature-type",
            "POST",
            "checkSignmeUser",
            &json!({ "Email": "e@example.com", "signatureType": "AES" }),
        ),
        call(
            "mobile",
            "POST",
            "requestNewPassword",
            &json!({ "mobile": "0171123456" }),
        ),
        call(
            "mobile-registered",
            "POST",
            "requestNewPassword",
            &json!({ "mobile": "+49171123456" }),
        )
        .account(|account| account.mobile = None),
        call(
            "mobile-matches",
            "POST",
            "requestNewPassword",
            &json!({ "mobile": "+49171123457" }),
        ),
        call("tan", "POST", "confirmNewPassword", &json!({})),
        call(
            "password-tan",
            "POST",
            "confirmNewPassword",
            &json!({ "tan": "123456" }),
        ),
    ]
}

/// Returns new orders that break a rule of their own.
fn new_orders() -> Vec<Broken> {
    let video = |path: &str, value: Value| with(order(12), path, value);
    let sign = |path: &str, value: Value| with(order(15), path, value);
    let pdf = |content: &str| json!(STANDARD.encode(content));
    let detail = |kind: u64, value: &str| json!({ "Type": kind, "Label": "A", "Value": value });
    let details = |count: usize| {
        let detail = |index: usize| (format!("a{index}"), detail(1, "x"));
        Value::Object((0..count).map(detail).collect())
    };
    let hashes = |hash: Value| with(without(order(15), "eSignPDF"), "eSignHash", hash);
    let place = with(
        sign("eSignPDF.SignaturePosX", json!(1)),
        "eSignPDF.SignatureTag",
        json!("Sign here"),
    );
    let both = with(
        video("WebhookURL.AfterVideo", json!("https://example.com")),
        "WebhookURL.AfterIdent",
        json!("https://example.com"),
    );
    vec![
        put("date", &video("IdentData.Birthdate", json!("12.08.1964"))),
        put("phone-number", &video("Mobile", json!("01711234567"))),
        put("country-code", &video("Address.Country", json!("XX"))),
        put("advanced-seal", &sign("Add", json!(128)))
            .account(|account| account.advanced_signatures = false),
        put("product-enabled", &order(12)).account(|account| account.products = vec![8]),
        put("required-element", &without(order(12), "Email")),
        put("required-element", &video("Email", json!(" "))),
        put("element-type", &video("Ref", json!(7))),
        put("element-type", &video("getTargetLink", json!("true"))),
        put("element-type", &video("eSignOptions", json!([]))),
        put("whole-number", &video("Product", json!(12.5))),
        put("page-number", &sign("eSignPDF.SignaturePage", json!(0))),
        put("text-length", &video("Ref", json!("x".repeat(101)))),
        put("language-code", &video("Lang", json!("xx"))),
        put("gender", &video("IdentData.Gender", json!("f"))),
        put("email-address", &video("Email", json!("example.com"))),
        put("redirect-url", &video("RedirectURL.Abort", json!("/no"))),
        put(
            "webhook-url",
            &video("WebhookURL.OnFinal", json!("app://x")),
        ),
        put("one-ident-webhook", &both),
        put("sms-placeholder", &video("verificationSmsText", json!("x"))),
        put("base64", &hashes(json!({ "Hash": "?" }))),
        put("jpeg", &video("IdentData.IDCard.Images.Front", pdf("x"))),
        put(
            "purpose-language",
            &video("Purpose", json!({ "english": "x" })),
        ),
        put("product", &video("Product", json!(3))),
        put("add", &video("Add", json!(1))),
        put("add-exclusive", &sign("Add", json!(4 + 8))),
        put("sign-me-behavior", &sign("Add", json!(4))).account(|account| account.sign_me = false),
        put(
            "additional-name",
            &video("IdentData.Additional", json!({ "": detail(1, "x") })),
        ),
        put(
            "additional-count",
            &video("IdentData.Additional", details(11)),
        ),
        put(
            "additional-count",
            &with(order(8), "IdentData.Additional", details(3)),
        ),
        put(
            "additional-type",
            &video("IdentData.Additional", json!({ "a": detail(5, "x") })),
        ),
        put(
            "additional-value",
            &video("IdentData.Additional", json!({ "a": detail(2, "x") })),
        ),
        put("document-to-sign", &without(order(15), "eSignPDF")),
        put("pdf", &sign("eSignPDF.Data", pdf("x"))),
        put(
            "pdf-unprotected",
            &sign("eSignPDF.Data", pdf("%PDF-1.4\n/Encrypt 5 0 R")),
        ),
        put("signature-place", &place),
        put(
            "signature-tag",
            &sign("eSignPDF.SignatureTag", json!("Nowhere")),
        ),
        put("stamping", &sign("eSignPDF.Stamping", json!([{}])))
            .account(|account| account.namirial = false),
        put("hash", &hashes(json!({ "Filename": "x" }))),
        put(
            "tan-text-for-signing",
            &video("eSignTanSmsText", json!("[TAN]")),
        ),
        put(
            "first-order-id",
            &with(
                without(order(15), "eSignPDF"),
                "MultiSignOptions",
                json!({}),
            ),
        ),
        put("sign-me-user", &sign("Add", json!(16))),
        put("sign-me-signature", &video("Add", json!(16))),
    ]
}

/// Returns the requests that concern existing orders, in an order that lets each break its rule.
async fn with_orders(tm: &Tm) -> Vec<Broken> {
    let hashes = with(
        without(order(15), "eSignPDF"),
        "eSignHash",
        json!({ "Hash": STANDARD.encode([1; 32]) }),
    );
    let (open, open_signature) = (tm.order(&order(12)).await, tm.order(&order(15)).await);
    let numberless = tm.order(&without(order(12), "Mobile")).await;
    let done = tm.finished(&order(12), "happy").await;
    let rejected = tm.finished(&order(12), "rejected").await;
    let signed = tm.finished(&order(15), "happy").await;
    let signed_hash = tm
        .finished(&with(hashes, "Mobile", json!("+491711234568")), "happy")
        .await;
    let deleted = tm.finished(&order(12), "happy").await;
    let reply = tm
        .call("DELETE", &format!("delIdentdata/{deleted}"), "")
        .await;
    assert_eq!(reply.status, 202);
    let further = |first: &str| json!({ "FirstOrderID": first });
    let second = |first: &str| {
        with(
            without(order(15), "eSignPDF"),
            "MultiSignOptions",
            further(first),
        )
    };
    let post = |rule: &'static str, path: String, body: Value| call(rule, "POST", &path, &body);
    let signing: fn(&mut Account) = |account| account.customer_side_signing = true;
    let phone: fn(&mut Account) = |account| account.phone_verification = true;
    let wrong = || json!({ "tan": "x" });
    let asked = tm.order(&order(12)).await;
    tm.sandbox.identity_tm().configure(phone).unwrap();
    let reply = tm
        .post(&format!("requestPhoneVerification/{asked}"), "")
        .await;
    assert_eq!(reply.status, 202);
    vec![
        put("first-order", &second("99920000000000")),
        put("first-order", &second(&done)),
        put(
            "further-order",
            &with(order(12), "MultiSignOptions", further(&signed)),
        ),
        put(
            "documents-of-first-order",
            &with(order(15), "MultiSignOptions", further(&signed)),
        ),
        put(
            "sign-parameters",
            &with(
                second(&signed),
                "MultiSignOptions.SignParameters",
                json!({ "Filename": "other.pdf" }),
            ),
        ),
        get("status-variant", &format!("getStatus/{open}/Extended")),
        get("final-order", &format!("getIdentData/{open}")),
        get("final-order", &format!("getImages/{open}")),
        get("identification-data", &format!("getIdentData/{rejected}")),
        get("data-variant", &format!("getIdentData/{done}/Include")),
        get(
            "variant-once",
            &format!("getIdentData/{done}/Signed/Signed"),
        ),
        get("result-pdf", &format!("getIdentDataPDF/{done}"))
            .account(|account| account.result_pdf = false),
        get("signed-order", &format!("getESignPDF/{done}")),
        get("signed-pdf", &format!("getESignPDF/{signed_hash}")),
        get("signed-hash", &format!("getESignHash/{signed}")),
        get("advanced-order", &format!("getESignAuditLogPDF/{signed}")),
        post(
            "callback-url",
            format!("getVideoFileBinaryAsync/{done}"),
            json!({}),
        ),
        post(
            "callback-url",
            format!("getVideoFileBinaryAsync/{done}"),
            json!({ "callbackUrl": "/video" }),
        ),
        get("video-recording", &format!("getVideoFileBinary/{rejected}")),
        get("audio-recording", &format!("getVoiceFiles/{done}")),
        get("data-kept", &format!("getIdentData/{deleted}")),
        call(
            "delete-after-end",
            "DELETE",
            &format!("delIdentdata/{open}"),
            &Value::Null,
        ),
        post(
            "cancel-before-end",
            format!("cancelOrder/{done}"),
            Value::Null,
        ),
        get("reuse", &format!("getIdentData/{done}/Signed"))
            .account(|account| account.namirial = false),
        get("encryption-key", &format!("getIdentData/{done}/crypt")),
        get("crypt-variant", &format!("getIdentDataPDF/{done}/Signed")),
        post(
            "signing-enabled",
            format!("requestSign/{open_signature}"),
            Value::Null,
        ),
        post("esign-order", format!("requestSign/{open}"), Value::Null).account(signing),
        post(
            "identified-before-signing",
            format!("requestSign/{open_signature}"),
            Value::Null,
        )
        .account(signing),
        post("tan", format!("confirmSign/{open_signature}"), json!({})).account(signing),
        post(
            "signing-started",
            format!("confirmSign/{open_signature}"),
            wrong(),
        )
        .account(signing),
        post(
            "unprocessed-order",
            format!("requestSign/{done}"),
            Value::Null,
        )
        .account(signing),
        post(
            "phone-verification-enabled",
            format!("requestPhoneVerification/{open}"),
            Value::Null,
        ),
        post(
            "mobile-of-order",
            format!("requestPhoneVerification/{numberless}"),
            Value::Null,
        )
        .account(phone),
        post(
            "phone-verification-started",
            format!("provePhoneControl/{open}"),
            wrong(),
        )
        .account(phone),
        post("right-tan", format!("provePhoneControl/{asked}"), wrong()).account(phone),
        post("right-tan", format!("provePhoneControl/{asked}"), wrong()).account(phone),
        post("tan-tries", format!("provePhoneControl/{asked}"), wrong()).account(phone),
    ]
}

#[tokio::test]
async fn each_rule_refuses_a_request() {
    let tm = Tm::start().await;
    let mut reached = Reached::of(&tm.sandbox, "identity-tm");
    let initial = tm.sandbox.identity_tm().account();
    let mut requests = without_order();
    requests.extend(new_orders());
    requests.extend(with_orders(&tm).await);
    for request in requests {
        let settings = |account: &mut Account| {
            *account = initial.clone();
            (request.account)(account);
        };
        tm.sandbox.identity_tm().configure(settings).unwrap();
        let headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let reply = send(
            &tm.base,
            request.method,
            &request.path,
            &headers,
            request.body,
        )
        .await
        .unwrap();
        reached.check(&reply, request.rule);
    }
    reached.check_all();
}

#[tokio::test]
async fn documented_requests_get_no_hint() {
    let tm = Tm::start().await;
    check_hints(&tm.sandbox, "identity-tm").await;
}
