//! VerificarIdentidad: every rule refuses a request that breaks it and is otherwise right; and the
//! person's page and the single steps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod support;
mod verificar_identidad;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use idv_sandbox::{RecordedRequest, Sandbox, VerificarIdentidadAccount};
use serde_json::{Value, json};
use verificar_identidad::{basic, request, with};

const JSON: &str = "application/json";

/// VerificarIdentidad without a network.
struct Vi {
    sandbox: Sandbox,
    base: String,
}

/// A change of the account's settings.
type Change = fn(&mut VerificarIdentidadAccount);

/// A request that breaks a rule and is otherwise right.
struct Call {
    method: &'static str,
    path: String,
    authorization: Option<String>,
    content_type: &'static str,
    body: String,
}

impl Call {
    /// Returns a right call of a function.
    fn of(function: &str, body: &Value) -> Self {
        Self {
            method: "POST",
            path: format!("/v7/{function}"),
            authorization: Some(basic("APIUser", "APIToken")),
            content_type: JSON,
            body: body.to_string(),
        }
    }

    /// Returns a right request to verify a person, with another value; `null` removes it.
    fn send(name: &str, value: impl Into<Value>) -> Self {
        Self::of("VerificarIdentidad", &with(name, value))
    }

    /// Returns a right query of the credits.
    fn credits() -> Self {
        Self::of("GetCreditos", &json!({ "Resp": "JSON" }))
    }

    fn certificate(id: impl Into<Value>) -> Self {
        Self::of(
            "GetCertificadoIdentidad",
            &json!({ "Id": id.into(), "Resp": "JSON" }),
        )
    }

    fn page(method: &'static str, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            authorization: None,
            content_type: "",
            body: String::new(),
        }
    }
}

impl Vi {
    async fn start() -> Self {
        let sandbox = Sandbox::builder().in_process().speed(0.0).start();
        let sandbox = sandbox.await.unwrap();
        let base = sandbox.verificar_identidad().base_url();
        Self { sandbox, base }
    }

    /// Sends a request and returns its record and the response.
    async fn exchange(&self, call: Call) -> (RecordedRequest, http::Response<Bytes>) {
        let mut request = Request::builder()
            .method(call.method)
            .uri(format!("{}{}", self.base, call.path));
        if let Some(authorization) = call.authorization {
            request = request.header("authorization", authorization);
        }
        if !call.content_type.is_empty() {
            request = request.header("content-type", call.content_type);
        }
        let request = request.body(Bytes::from(call.body)).unwrap();
        let response = self.sandbox.exchange(request).await.unwrap();
        let (head, body) = response.into_parts();
        let response = http::Response::from_parts(head, body.whole().unwrap());
        (self.sandbox.requests().pop().unwrap(), response)
    }

    /// Sends a right request to verify a person, and returns its identifier.
    async fn verification(&self) -> String {
        let call = Call::of("VerificarIdentidad", &request());
        let (record, response) = self.exchange(call).await;
        assert_eq!((record.refusal, record.hint), (None, None));
        assert!(!response.headers().contains_key("x-sandbox-refusal"));
        self.sandbox.verificar_identidad().ids().pop().unwrap()
    }

    /// Returns the path of the link in the latest message.
    fn link(&self) -> String {
        let message = self.sandbox.verificar_identidad().messages().pop();
        let text = message.unwrap().text;
        text.split(&self.base).nth(1).unwrap().to_owned()
    }

    fn configure(&self, change: impl FnOnce(&mut VerificarIdentidadAccount)) {
        let vi = self.sandbox.verificar_identidad();
        vi.configure(change).unwrap();
    }

    async fn state(&self, id: &str) -> Value {
        let path = format!("/_control/verificar-identidad/requests/{id}");
        let uri = format!("{}{path}", self.base);
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        let response = self.sandbox.exchange(request).await.unwrap();
        serde_json::from_slice(&response.into_body().whole().unwrap()).unwrap()
    }

    async fn statuses(&self, id: &str) -> Vec<i64> {
        let view = self.state(id).await;
        let statuses = view["statuses"].as_array().unwrap().iter();
        statuses
            .map(|status| status["estado"].as_i64().unwrap())
            .collect()
    }
}

/// Returns the calls that break a rule alone, by the rule's name.
fn breaches() -> Vec<(&'static str, Call)> {
    let (right, credits) = (|| Call::of("VerificarIdentidad", &request()), Call::credits);
    vec![
        ("function", Call::of("getcreditos", &json!({}))),
        ("link", Call::page("GET", "/vi/AAAAAAAAAAAA")),
        (
            "method",
            Call {
                method: "PUT",
                ..credits()
            },
        ),
        (
            "basic-authentication",
            Call {
                authorization: None,
                ..credits()
            },
        ),
        (
            "credentials",
            Call {
                authorization: Some(basic("APIUser", "another")),
                ..right()
            },
        ),
        (
            "body-type",
            Call {
                content_type: "text/plain",
                ..right()
            },
        ),
        (
            "body-json",
            Call {
                body: "34600000001".to_owned(),
                ..right()
            },
        ),
        ("parameter-type", Call::send("Mensaje", json!(["[LINK]"]))),
        ("resp", Call::send("Resp", "json")),
        ("telefono", Call::send("Telefono", Value::Null)),
        ("telefono-digits", Call::send("Telefono", "+34600000001")),
        ("mensaje-link", Call::send("Mensaje", "Hola")),
        ("remitente-length", Call::send("Remitente", "DoceLetras12")),
        ("fecha-format", Call::send("Fecha", "2026-05-01")),
        ("fecha-skipped", Call::send("Fecha", "2026-03-29 02:30")),
        ("fecha-past", Call::send("Fecha", "2025-12-31 10:00")),
        ("dni-characters", Call::send("Dni", "1\n2")),
        ("id", Call::certificate("")),
        ("id-integer", Call::certificate("1x")),
        ("id-known", Call::certificate("1")),
    ]
}

/// Checks that the latest request was refused by this rule alone.
#[track_caller]
fn assert_refused(name: &str, (record, response): &(RecordedRequest, http::Response<Bytes>)) {
    let refusal = record.refusal.as_ref().unwrap_or_else(|| panic!("{name}"));
    assert_eq!(refusal.rule.name, name, "{refusal:?}");
    assert_eq!(refusal.rule.status, response.status(), "{name}");
    let header = response.headers()["x-sandbox-refusal"].to_str().unwrap();
    assert!(header.starts_with(refusal.rule.section), "{header}");
    let detail = refusal.detail.as_deref().unwrap_or_default();
    assert!(!detail.contains("34600000001"), "{detail}");
}

#[tokio::test]
async fn each_rule_refuses_a_request_that_breaks_it() {
    let mut reached = BTreeSet::new();
    for (name, call) in breaches() {
        let vi = Vi::start().await;
        assert_refused(name, &vi.exchange(call).await);
        assert_eq!(vi.sandbox.verificar_identidad().requests(), 0, "{name}");
        assert!(reached.insert(name));
    }
    let settings: [(&str, Change); 3] = [
        ("activation", |account| account.activated = false),
        ("general-error", |account| account.general_error = Some(-6)),
        ("credits", |account| account.credit_hundredths = 99),
    ];
    for (name, change) in settings {
        let vi = Vi::start().await;
        vi.configure(change);
        let call = Call::of("VerificarIdentidad", &request());
        assert_refused(name, &vi.exchange(call).await);
        assert!(reached.insert(name));
    }
    let vi = Vi::start().await;
    let id = vi.verification().await;
    assert_refused("validated", &vi.exchange(Call::certificate(id)).await);
    let link = Call::page("PUT", vi.link());
    assert_refused("link-method", &vi.exchange(link).await);
    vi.configure(|account| account.block_after = 1);
    assert_eq!(vi.exchange(Call::credits()).await.0.refusal, None);
    assert_refused("repetition", &vi.exchange(Call::credits()).await);
    reached.extend(["validated", "link-method", "repetition"]);

    let rules = vi.sandbox.vendor("verificar-identidad").unwrap().rules();
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), rules.len(), "the names are unique");
    assert_eq!(reached, names);
    for rule in rules {
        assert!(
            !rule.section.is_empty() && rule.requires.ends_with('.'),
            "{rule:?}"
        );
    }
}

#[tokio::test]
async fn other_answers_to_wrong_credentials_have_a_rule() {
    for (answer, status) in [("bare", 200), ("unauthorized", 401), ("forbidden", 403)] {
        let vi = Vi::start().await;
        let answer = serde_json::from_value(json!(answer)).unwrap();
        vi.configure(|account| account.wrong_credentials = answer);
        let call = Call {
            authorization: None,
            ..Call::credits()
        };
        let (record, response) = vi.exchange(call).await;
        let rule = record.refusal.unwrap().rule.name;
        assert_eq!(
            (rule, response.status().as_u16()),
            ("basic-authentication", status)
        );
    }
}

#[tokio::test]
async fn misspelled_function_gets_a_hint() {
    let vi = Vi::start().await;
    let routes = vi.sandbox.vendor("verificar-identidad").unwrap().routes();
    assert_eq!(
        routes.len(),
        6,
        "three functions with and without a version"
    );
    for route in routes {
        let call = |path: String| Call {
            path,
            ..Call::credits()
        };
        let (record, _) = vi.exchange(call(route.path.to_owned())).await;
        assert_eq!(record.hint, None, "{route:?}");
        let (record, _) = vi.exchange(call(route.path.to_lowercase())).await;
        let hint = record.hint.unwrap();
        assert!(hint.contains(route.path) && hint.contains(route.section));
    }
}

#[tokio::test]
async fn page_opens_while_the_person_can_act() {
    let vi = Vi::start().await;
    let id = vi.verification().await;
    let (record, response) = vi.exchange(Call::page("GET", vi.link())).await;
    assert_eq!((record.refusal, response.status().as_u16()), (None, 200));
    assert_eq!(record.hint, None, "the page is served");
    assert!(
        String::from_utf8_lossy(response.body()).contains("Verificación de identidad"),
        "the page is Spanish"
    );
    // The person is on the page, so the scenario does not open the link again.
    let vendor = vi.sandbox.vendor("verificar-identidad").unwrap();
    vendor.act(&id, "happy").unwrap();
    vi.sandbox.clock().advance(Duration::from_secs(3600)).await;
    assert_eq!(
        vi.statuses(&id).await,
        [3000, 3001, 3002, 3003, 5000, 5001, 5100]
    );
    let (_, response) = vi.exchange(Call::page("GET", vi.link())).await;
    assert!(String::from_utf8_lossy(response.body()).contains("ha terminado"));
}

#[tokio::test]
async fn steps_lead_to_each_status_in_order() {
    let vi = Vi::start().await;
    let vendor = vi.sandbox.vendor("verificar-identidad").unwrap();
    let ways: [(&str, &[&str], &[i64]); 3] = [
        (
            "take-expired-document",
            &["ask-for-front", "ask-for-back", "accept-pictures"],
            &[3000, 3001, 3002, 3003, 5000, 5001, 5500],
        ),
        (
            "take-passport",
            &["ask-for-front", "accept-pictures"],
            &[3000, 3001, 3002, 5000, 5001, 5500],
        ),
        (
            "take-document-with-another-number",
            &["ask-for-front", "ask-for-back", "accept-pictures"],
            &[3000, 3001, 3002, 3003, 5000, 5001, 5500],
        ),
    ];
    for (document, pictures, statuses) in ways {
        let id = vi.verification().await;
        let beginning = [document, "open-link", "look-into-camera"];
        let end = ["finish-process", "reject"];
        for step in beginning.iter().chain(pictures).chain(&end) {
            vendor.take_step(&id, step).unwrap();
            vi.sandbox.clock().advance(Duration::ZERO).await;
        }
        assert_eq!(vi.statuses(&id).await, statuses, "{document}");
        assert!(vendor.take_step(&id, "validate").is_err(), "it is over");
    }
}

#[tokio::test]
async fn step_is_refused_unless_it_fits() {
    let vi = Vi::start().await;
    let vendor = vi.sandbox.vendor("verificar-identidad").unwrap();
    let id = vi.verification().await;
    let refused = |step: &str| vendor.take_step(&id, step).unwrap_err().to_string();
    for (step, why) in [
        ("look-into-camera", "open the link first"),
        ("ask-for-front", "look into the camera first"),
        ("ask-for-back", "ask for the front first"),
        ("accept-pictures", "ask for all sides"),
        ("finish-process", "accept the pictures first"),
        ("validate", "process has to finish"),
        ("reject", "process has to finish"),
        ("no-such-step", "steps: take-valid-document"),
    ] {
        let error = refused(step);
        assert!(error.contains(why), "{step}: {error}");
    }
    for step in [
        "take-passport",
        "open-link",
        "look-into-camera",
        "ask-for-front",
    ] {
        vendor.take_step(&id, step).unwrap();
        vi.sandbox.clock().advance(Duration::ZERO).await;
    }
    assert!(refused("ask-for-back").contains("passport has no back"));
    vendor.take_step(&id, "accept-pictures").unwrap();
    vi.sandbox.clock().advance(Duration::ZERO).await;
    assert!(refused("look-different").contains("accepted the pictures"));
    vendor.take_step(&id, "finish-process").unwrap();
    vi.sandbox.clock().advance(Duration::ZERO).await;
    for step in ["open-link", "close-page"] {
        assert!(refused(step).contains("process has finished"), "{step}");
    }
}

#[tokio::test]
async fn person_who_closes_the_page_can_return() {
    let vi = Vi::start().await;
    let vendor = vi.sandbox.vendor("verificar-identidad").unwrap();
    let id = vi.verification().await;
    vendor.act(&id, "happy").unwrap();
    vi.sandbox.clock().advance(Duration::from_secs(90)).await;
    vendor.take_step(&id, "close-page").unwrap();
    vi.sandbox.clock().advance(Duration::from_secs(3600)).await;
    assert_eq!(vi.statuses(&id).await, [3000, 3001], "the scenario ended");
    vendor.take_step(&id, "open-link").unwrap();
    vi.sandbox.clock().advance(Duration::ZERO).await;
    assert_eq!(vi.statuses(&id).await, [3000, 3001, 3000]);
}

#[tokio::test]
async fn step_waits_for_the_message() {
    let vi = Vi::start().await;
    let call = Call::send("Fecha", "2026-02-01 10:00");
    assert_eq!(vi.exchange(call).await.0.refusal, None);
    let vendor = vi.sandbox.vendor("verificar-identidad").unwrap();
    let id = vi.sandbox.verificar_identidad().ids().pop().unwrap();
    let error = vendor.take_step(&id, "open-link").unwrap_err().to_string();
    assert!(error.contains("has not been sent"), "{error}");
}
