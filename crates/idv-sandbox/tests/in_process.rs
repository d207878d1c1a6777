//! The sandbox behaves the same without a network: responses, faults, callbacks.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use idv_sandbox::{AnswerBody, AnswerDelay, Builder, Cut, Fault, FaultKind, Sandbox};
use serde_json::{Value, json};
use support::{JSON, KEY, Reply, send, still};

const START: &str = "/api/v1/ihrebank/identifications/T-1/start";

async fn inside(builder: Builder) -> Sandbox {
    builder.in_process().start().await.unwrap()
}

/// Builds the same request as `support::send`.
async fn exchange(
    sandbox: &Sandbox,
    base: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response<AnswerBody>, Cut> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{base}{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sandbox
        .exchange(
            request
                .body(Bytes::copy_from_slice(body.as_bytes()))
                .unwrap(),
        )
        .await
}

/// Returns a start request for IDnow.
async fn start(sandbox: &Sandbox) -> Result<Response<AnswerBody>, Cut> {
    exchange(
        sandbox,
        &sandbox.idnow().base_url(),
        "POST",
        START,
        &[KEY, JSON],
        "{}",
    )
    .await
}

/// Returns a response as text, without `base`.
fn written(status: u16, headers: Vec<(String, String)>, body: &[u8], base: &str) -> String {
    let connection = ["connection", "content-length"];
    let mut headers: Vec<_> = headers
        .into_iter()
        .filter(|(name, _)| !connection.contains(&name.as_str()))
        .collect();
    headers.sort();
    format!("{status} {headers:?} {}", String::from_utf8_lossy(body)).replace(base, "")
}

fn as_text(response: Response<AnswerBody>, base: &str) -> String {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let (status, headers) = (
        response.status().as_u16(),
        response.headers().iter().map(header).collect(),
    );
    written(
        status,
        headers,
        &response.into_body().whole().unwrap(),
        base,
    )
}

fn reply_as_text(reply: Reply, base: &str) -> String {
    written(reply.status, reply.headers, &reply.body, base)
}

#[tokio::test]
async fn in_process_responses_match_http() {
    let (listening, inside) = (
        still().seed(1).start().await.unwrap(),
        inside(still().seed(1)).await,
    );
    let token = "Bearer of nothing";
    let requests = [
        ("idnow", "GET", "/system_check", vec![], ""),
        ("idnow", "POST", START, vec![KEY, JSON], "{}"),
        ("idnow", "POST", START, vec![KEY, JSON], "{"),
        (
            "idnow",
            "GET",
            "/api/v1/ihrebank/identifications/T-1?a=%20b",
            vec![],
            "",
        ),
        (
            "identity-tm",
            "POST",
            "/api/2.10/putOrder",
            vec![JSON],
            "{}",
        ),
        (
            "cm-id-scan",
            "POST",
            "/id-scan/v1/transactions",
            vec![JSON, ("Authorization", token)],
            "{}",
        ),
        ("identify24", "GET", "/api/v1/auth", vec![JSON], ""),
        ("identify24", "POST", "/nothing/here", vec![], "text"),
        ("idnow", "GET", "/_control/requests", vec![], ""),
        (
            "identify24",
            "POST",
            "/_control/clock",
            vec![JSON],
            r#"{"advance_seconds": 5}"#,
        ),
    ];
    for (vendor, method, target, headers, body) in requests {
        let (there, here) = (
            listening.vendor(vendor).unwrap().base_url(),
            inside.vendor(vendor).unwrap().base_url(),
        );
        let over_http = send(&there, method, target, &headers, body).await.unwrap();
        let in_process = exchange(&inside, &here, method, target, &headers, body)
            .await
            .unwrap();
        assert_eq!(
            as_text(in_process, &here),
            reply_as_text(over_http, &there),
            "{method} {target}"
        );
    }
    assert_eq!(inside.requests(), listening.requests());
    // Includes the other routes, if only for the refusal of a request without credentials.
    for vendor in inside.vendors() {
        let (there, here) = (
            listening.vendor(vendor.id()).unwrap().base_url(),
            vendor.base_url(),
        );
        let target = vendor.create_path();
        let over_http = send(&there, "POST", target, &[JSON], "{}").await.unwrap();
        let in_process = exchange(&inside, &here, "POST", target, &[JSON], "{}")
            .await
            .unwrap();
        assert_eq!(
            as_text(in_process, &here),
            reply_as_text(over_http, &there),
            "{}",
            vendor.id()
        );
    }
    assert_eq!(
        (inside.idnow().identifications(), inside.requests().len()),
        (1, 8 + inside.vendors().len())
    );
}

#[tokio::test]
async fn vendor_is_found_by_its_real_hosts() {
    let sandbox = inside(still()).await;
    let status = async |request: http::request::Builder| {
        sandbox
            .exchange(request.body(Bytes::new()).unwrap())
            .await
            .unwrap()
            .status()
    };
    assert_eq!(
        status(Request::get("https://gateway.idnow.de/system_check")).await,
        200
    );
    let shared = format!("{}/system_check", sandbox.shared_url());
    assert_eq!(
        status(Request::get(&shared).header("host", "gateway.idnow.de")).await,
        200
    );
    assert_eq!(
        status(Request::get("/system_check").header("host", "gateway.idnow.de:443")).await,
        200
    );
    assert_eq!(status(Request::get(&shared)).await, 421);
    assert_eq!(
        status(Request::get("https://bank.example/system_check")).await,
        421
    );
    assert_eq!(status(Request::get("/_control/")).await, 200);
}

#[tokio::test]
async fn listening_sandbox_answers_in_process() {
    let sandbox = still().start().await.unwrap();
    assert_eq!(start(&sandbox).await.unwrap().status(), 201);
    assert_eq!(
        send(
            &sandbox.idnow().base_url(),
            "POST",
            START,
            &[KEY, JSON],
            "{}"
        )
        .await
        .unwrap()
        .status,
        200,
        "it is there"
    );
}

#[tokio::test]
async fn missing_response_reports_whether_request_was_read() {
    for (fault, cut, created) in [
        (FaultKind::Refuse, Cut::Refused, 0),
        (FaultKind::CutBefore, Cut::Interrupted, 0),
        (FaultKind::CutAfter, Cut::Interrupted, 1),
    ] {
        let sandbox = inside(still()).await;
        sandbox.plan(Fault::new(fault));
        assert_eq!(start(&sandbox).await.err(), Some(cut));
        assert_eq!(
            (
                sandbox.idnow().identifications(),
                sandbox.requests()[0].status
            ),
            (created, 0)
        );
        assert!(start(&sandbox).await.is_ok(), "it strikes once");
    }
}

#[tokio::test]
async fn slow_response_reports_its_delay() {
    let sandbox = inside(still()).await;
    let before = sandbox.clock().now();
    for (fault, milliseconds) in [
        (FaultKind::Delay(86_400_000), 86_400_000),
        (FaultKind::Drip(1000), 18_000),
    ] {
        sandbox.plan(Fault::new(fault));
        let response = start(&sandbox).await.unwrap();
        assert_eq!(
            response.extensions().get(),
            Some(&AnswerDelay(Duration::from_millis(milliseconds)))
        );
        assert!(
            serde_json::from_slice::<Value>(&response.into_body().whole().unwrap()).unwrap()["id"]
                .is_string()
        );
    }
    assert_eq!(
        start(&sandbox)
            .await
            .unwrap()
            .extensions()
            .get::<AnswerDelay>(),
        None
    );
    assert_eq!(sandbox.clock().now(), before);
}

#[tokio::test]
async fn faulty_responses_match_http() {
    let faults = [
        FaultKind::Status {
            code: 429,
            retry_after: Some("7".to_owned()),
        },
        FaultKind::Status {
            code: 503,
            retry_after: None,
        },
        FaultKind::Html,
        FaultKind::WrongType,
        FaultKind::Oversize(300_000),
        FaultKind::Hostile(300_000),
        FaultKind::Nested(300_000),
        FaultKind::StatusInside(401),
    ];
    for fault in faults {
        let (listening, inside) = (
            still().seed(1).start().await.unwrap(),
            inside(still().seed(1)).await,
        );
        listening.plan(Fault::new(fault.clone()));
        inside.plan(Fault::new(fault.clone()));
        let over_http = send(
            &listening.idnow().base_url(),
            "POST",
            START,
            &[KEY, JSON],
            "{}",
        )
        .await
        .unwrap();
        let in_process = start(&inside).await.unwrap();
        assert_eq!(
            in_process.headers()["content-length"],
            over_http.header("content-length").unwrap()
        );
        assert!(
            as_text(in_process, "\0") == reply_as_text(over_http, "\0"),
            "{fault:?}"
        );
        assert_eq!(inside.requests(), listening.requests());
    }
}

#[tokio::test]
async fn truncated_response_has_its_first_half() {
    let sandbox = inside(still()).await;
    sandbox.plan(Fault::new(FaultKind::Truncated));
    let response = start(&sandbox).await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["content-length"]
        ),
        (201, &"18".parse().unwrap())
    );
    let pieces: Vec<_> = response.into_body().collect();
    assert_eq!(pieces.len(), 2);
    assert_eq!(
        (pieces[0].as_ref().unwrap().len(), pieces[1].clone()),
        (9, Err(Cut::Interrupted))
    );
    assert_eq!(sandbox.idnow().identifications(), 1, "the vendor acted");
}

#[tokio::test]
async fn large_response_comes_in_pieces() {
    let sandbox = inside(still()).await;
    sandbox.plan(Fault::new(FaultKind::Oversize(5 << 30)));
    let mut body = start(&sandbox).await.unwrap().into_body();
    assert!(
        body.by_ref()
            .take(100)
            .all(|piece| piece.unwrap().len() <= 64 * 1024)
    );
    assert!(body.next().is_some(), "and there is more");
}

#[tokio::test]
async fn oversized_request_is_not_read() {
    let sandbox = inside(still()).await;
    let url = format!("{}{START}", sandbox.idnow().base_url());
    let request = |length: usize| {
        Request::post(&url)
            .header(KEY.0, KEY.1)
            .header(JSON.0, JSON.1)
            .body(vec![b' '; length].into())
    };
    assert_eq!(
        sandbox
            .exchange(request((32 << 20) + 1).unwrap())
            .await
            .unwrap()
            .status(),
        413
    );
    assert_eq!(sandbox.requests().len(), 0);
    assert_eq!(
        sandbox
            .exchange(request(32 << 20).unwrap())
            .await
            .unwrap()
            .status(),
        400,
        "read, and no JSON"
    );
}

/// The received requests and the next replies: 200 by default; 0 means no reply.
#[derive(Clone, Default)]
struct Customer(Arc<Mutex<Desk>>);

#[derive(Default)]
struct Desk {
    came: Vec<Request<Bytes>>,
    answers: VecDeque<u16>,
}

impl Customer {
    async fn sandbox(&self) -> Sandbox {
        let customer = self.clone();
        let sandbox = inside(still().deliver_callbacks_to(move |request| {
            let customer = customer.clone();
            async move { customer.take(request) }
        }))
        .await;
        sandbox
            .idnow()
            .configure(|account| {
                account.callback_url = Some("http://localhost/hook?secret=1".to_owned());
            })
            .unwrap();
        sandbox
    }

    fn take(&self, request: Request<Bytes>) -> Option<StatusCode> {
        let mut state = self.0.lock().unwrap();
        state.came.push(request);
        StatusCode::from_u16(state.answers.pop_front().unwrap_or(200)).ok()
    }

    fn results(&self) -> Vec<String> {
        let result = |request: &Request<Bytes>| {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            body["identificationprocess"]["result"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        self.0.lock().unwrap().came.iter().map(result).collect()
    }
}

/// Identifies a person.
async fn identify(sandbox: &Sandbox) {
    start(sandbox).await.unwrap();
    let steps = sandbox.idnow().act("T-1", "happy").unwrap();
    sandbox
        .clock()
        .advance(Duration::from_secs(steps.last().unwrap().after_seconds))
        .await;
}

#[tokio::test]
async fn callback_arrives_as_a_server_request() {
    let customer = Customer::default();
    let sandbox = customer.sandbox().await;
    identify(&sandbox).await;
    assert_eq!(customer.results(), ["REVIEW_PENDING", "SUCCESS"]);
    let request = customer.0.lock().unwrap().came.remove(0);
    assert_eq!(
        (
            request.method().as_str(),
            request.uri().to_string().as_str()
        ),
        ("POST", "/hook?secret=1")
    );
    assert_eq!(request.headers()["host"], "localhost");
    assert_eq!(
        request.headers()["content-type"],
        "application/json; charset=utf-8"
    );
    assert!(
        sandbox
            .callbacks()
            .iter()
            .all(|callback| callback.state == "delivered")
    );
}

#[tokio::test]
async fn refused_or_unanswered_callback_is_retried() {
    let customer = Customer::default();
    let sandbox = customer.sandbox().await;
    customer.0.lock().unwrap().answers.extend([0, 500]);
    identify(&sandbox).await;
    sandbox.clock().advance(Duration::from_secs(3600)).await;
    let statuses = |index: usize| {
        sandbox.callbacks()[index]
            .attempts
            .iter()
            .map(|attempt| attempt.status)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (statuses(0), sandbox.callbacks()[0].state),
        (vec![0, 500, 200], "delivered")
    );
    assert_eq!(statuses(1), [200]);
}

#[tokio::test]
async fn callback_faults_work_in_process() {
    for (fault, expected) in [
        (FaultKind::CallbackLost, vec!["SUCCESS"]),
        (
            FaultKind::CallbackLate(86_400),
            vec!["SUCCESS", "REVIEW_PENDING"],
        ),
        (
            FaultKind::CallbackDuplicated,
            vec!["REVIEW_PENDING", "REVIEW_PENDING", "SUCCESS"],
        ),
        (
            FaultKind::CallbackReordered,
            vec!["SUCCESS", "REVIEW_PENDING"],
        ),
    ] {
        let customer = Customer::default();
        let sandbox = customer.sandbox().await;
        sandbox.plan(Fault::new(fault.clone()));
        identify(&sandbox).await;
        sandbox
            .clock()
            .advance(Duration::from_secs(2 * 86_400))
            .await;
        assert_eq!(customer.results(), expected, "{fault:?}");
    }
    let customer = Customer::default();
    let sandbox = customer.sandbox().await;
    let body = json!({ "identificationprocess": { "result": "FORGED" } }).to_string();
    assert_eq!(
        sandbox
            .forge_callback("http://localhost/hook", body)
            .await
            .unwrap(),
        200
    );
    assert_eq!(customer.results(), ["FORGED"]);
    assert!(
        sandbox
            .forge_callback("http://bank.example/hook", "")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn callback_without_receiver_is_unanswered() {
    let sandbox = inside(still()).await;
    sandbox
        .idnow()
        .configure(|account| account.callback_url = Some("http://localhost/hook".to_owned()))
        .unwrap();
    identify(&sandbox).await;
    let callbacks = sandbox.callbacks();
    assert_eq!(
        (
            callbacks.len(),
            callbacks[0].attempts[0].status,
            callbacks[0].state
        ),
        (2, 0, "pending")
    );
}

#[test]
fn no_runtime_is_needed() {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut life = std::pin::pin!(async {
        let customer = Customer::default();
        let sandbox = customer.sandbox().await;
        identify(&sandbox).await;
        sandbox.shutdown().await;
        customer.results().len()
    });
    assert_eq!(life.as_mut().poll(&mut context), std::task::Poll::Ready(2));
}

#[tokio::test]
async fn time_stands_still_in_process() {
    let sandbox = inside(Sandbox::builder().speed(1e9)).await;
    let before = sandbox.clock().now();
    start(&sandbox).await.unwrap();
    assert_eq!(sandbox.clock().now(), before);
    sandbox.clock().advance(Duration::from_secs(7)).await;
    assert_eq!(sandbox.clock().now().duration_since(before).as_secs(), 7);
}

#[tokio::test]
async fn clock_reports_the_next_event() {
    let sandbox = inside(still()).await;
    assert_eq!(sandbox.clock().next_due(), None);
    start(&sandbox).await.unwrap();
    sandbox.idnow().act("T-1", "rejected").unwrap();
    let mut moments = 0;
    while let Some(due) = sandbox.clock().next_due() {
        sandbox
            .clock()
            .advance(
                due.duration_since(sandbox.clock().now())
                    .try_into()
                    .unwrap(),
            )
            .await;
        assert_eq!(sandbox.clock().now(), due);
        moments += 1;
    }
    assert!(moments > 1, "{moments}");
}
