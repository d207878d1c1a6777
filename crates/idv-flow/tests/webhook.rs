//! The signed webhook: accepted by a verifier of Standard Webhooks, repeated until the endpoint
//! accepts it, and replayed by id.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use idv_core::*;
use idv_flow::{DeliveryError, Engine, Event, FlowError, FlowId, Webhook};
use idv_transport_reqwest::{ReqwestTransport, TransportOptions};
use serde_json::Value;
use support::*;

const SIGNED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLDER: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// An answer of the endpoint: a status with headers, or none at all.
type Answer = Option<(u16, &'static [(&'static str, &'static str)])>;

#[derive(Debug, Default)]
struct World {
    received: Vec<Request<Bytes>>,
    answers: VecDeque<Answer>,
}

/// The application's endpoint, in memory. It answers 204 unless another answer is planned.
#[derive(Debug, Clone, Default)]
struct Endpoint(Arc<Mutex<World>>);

impl Endpoint {
    fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    fn received(&self) -> Vec<Request<Bytes>> {
        self.0.lock().unwrap().received.clone()
    }

    fn ids(&self) -> Vec<String> {
        self.received()
            .iter()
            .map(|request| request.headers()["webhook-id"].to_str().unwrap().to_owned())
            .collect()
    }

    async fn engine(&self, bench: &Bench) -> Engine {
        bench
            .open(bench.builder().webhook(webhook(), Arc::new(self.clone())))
            .await
    }
}

#[async_trait]
impl Transport for Endpoint {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        let answer = {
            let World { received, answers } = &mut *self.0.lock().unwrap();
            received.push(request);
            answers.pop_front().unwrap_or(Some((204, &[])))
        };
        let Some((status, headers)) = answer else {
            std::future::pending().await
        };
        let response = Response::builder().status(status);
        let response = headers.iter().fold(response, |response, (name, value)| {
            response.header(*name, *value)
        });
        Ok(response
            .body(Bytes::from_static(b"the body does not count").into())
            .unwrap())
    }
}

fn webhook() -> Webhook {
    Webhook::new("https://bank.example/hooks", &SIGNED.into()).unwrap()
}

/// Returns whether a verifier of Standard Webhooks accepts a request.
fn holds(secret: &str, request: &Request<Bytes>, at: Timestamp) -> bool {
    let auth =
        CallbackAuth::signature(SignatureScheme::standard_webhooks(), [secret.into()]).unwrap();
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let delivery = Delivery::callback(
        request.method().clone(),
        uri,
        headers,
        request.body().clone(),
    )
    .received_at(at);
    auth.proves(&delivery)
}

/// Starts a flow and returns the ids of its first two events.
async fn two_events(engine: &Engine) -> [String; 2] {
    let (id, _) = start(engine).await;
    [1, 2].map(|sequence| format!("{id}-{sequence}"))
}

#[tokio::test]
async fn signature_is_rejected_when_request_is_altered() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let engine = endpoint.engine(&bench).await;
    let (id, reference) = start(&engine).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&engine, HOUR).await;
    let received = endpoint.received();
    let sent_at = |request: &Request<Bytes>| -> Timestamp {
        Timestamp::from_second(
            request.headers()["webhook-timestamp"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap(),
        )
        .unwrap()
    };
    let mut types = Vec::new();
    for (request, sequence) in received.iter().zip(1..) {
        let at = sent_at(request);
        assert_eq!(
            (
                request.method().as_str(),
                request.uri().to_string().as_str()
            ),
            ("POST", "https://bank.example/hooks")
        );
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(
            request.headers()["webhook-id"],
            format!("{id}-{sequence}").as_str()
        );
        assert!(holds(SIGNED, request, at) && !holds(OLDER, request, at));
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut altered = request.clone();
            let value = altered.headers()[name].to_str().unwrap();
            let (first, rest) = value.split_at(value.len() - 2);
            let value = format!("{first}{}", if rest == "11" { "22" } else { "11" });
            altered.headers_mut().insert(name, value.parse().unwrap());
            assert!(!holds(SIGNED, &altered, at), "{name}");
        }
        let mut altered = request.clone();
        *altered.body_mut() = String::from_utf8(request.body().to_vec())
            .unwrap()
            .replace("example", "another")
            .into();
        assert!(!holds(SIGNED, &altered, at));

        let json: Value = serde_json::from_slice(request.body()).unwrap();
        let event: Event = serde_json::from_value(json["data"].clone()).unwrap();
        assert_eq!((event.flow, event.sequence), (id, sequence));
        assert_eq!(json["timestamp"], event.at.to_string());
        types.push(json["type"].as_str().unwrap().to_owned());
        let text = format!("{request:?}");
        assert!(
            !text.contains("Mustermann") && !text.contains(reference.as_str()),
            "{text}"
        );
    }
    assert_eq!(
        types,
        ["created", "hand_off_ready", "settled", "report_ready"]
            .map(|name| format!("verification.{name}"))
    );
    assert!(
        std::str::from_utf8(received[2].body())
            .unwrap()
            .contains(r#""event":"settled","outcome":"verified""#)
    );
}

#[tokio::test]
async fn rotated_secret_suits_every_receiver() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let webhook = webhook().older_secret(&OLDER.into()).unwrap();
    let engine = bench
        .open(bench.builder().webhook(webhook, Arc::new(endpoint.clone())))
        .await;
    two_events(&engine).await;
    engine.run_due().await.unwrap();
    let request = &endpoint.received()[0];
    assert_eq!(
        request.headers()["webhook-signature"]
            .to_str()
            .unwrap()
            .split(' ')
            .count(),
        2
    );
    assert!(holds(SIGNED, request, bench.clock.now()) && holds(OLDER, request, bench.clock.now()));
}

#[tokio::test]
async fn event_is_sent_until_endpoint_accepts_it() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let engine = endpoint.engine(&bench).await;
    endpoint.answers([
        Some((500, &[][..])),
        Some((301, &[("location", "https://elsewhere.example/")])),
        Some((404, &[])),
    ]);
    let [one, two] = two_events(&engine).await;
    engine.run_due().await.unwrap();
    assert_eq!(endpoint.ids().len(), 1, "the second waits for the first");
    bench.pass(&engine, MINUTE).await;
    let expected = [&one, &one, &one, &one, &two].map(Clone::clone);
    assert_eq!(endpoint.ids(), expected, "no redirect is followed");
    assert!(
        endpoint
            .received()
            .iter()
            .all(|request| request.uri().host() == Some("bank.example"))
    );
}

#[tokio::test]
async fn retry_after_of_endpoint_is_respected() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let engine = endpoint.engine(&bench).await;
    endpoint.answers([Some((429, &[("retry-after", "1800")][..]))]);
    two_events(&engine).await;
    engine.run_due().await.unwrap();
    two_events(&engine).await;
    bench.pass(&engine, 29 * MINUTE).await;
    assert_eq!(endpoint.received().len(), 1, "other flows' events wait too");
    bench.pass(&engine, 2 * MINUTE).await;
    assert_eq!(endpoint.received().len(), 5);

    endpoint.answers([Some((503, &[("retry-after", "99999999999")][..]))]);
    two_events(&engine).await;
    bench.pass(&engine, 23 * HOUR).await;
    assert_eq!(endpoint.received().len(), 6);
    bench.pass(&engine, 2 * HOUR).await;
    assert_eq!(
        endpoint.received().len(),
        8,
        "no endpoint delays the events for more than a day"
    );
}

#[tokio::test]
async fn gone_endpoint_is_paused_and_needs_operator() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let engine = endpoint.engine(&bench).await;
    endpoint.answers([Some((410, &[][..])); 2]);
    let (id, _) = start(&engine).await;
    bench.pass(&engine, 55 * MINUTE).await;
    assert_eq!(endpoint.received().len(), 1, "nothing is sent for an hour");
    assert_eq!(attention(&engine).await, ["undelivered"]);
    let error = engine.replay(id, 1).await.unwrap_err().to_string();
    assert!(
        error.contains("410") && error.contains("remove the webhook"),
        "{error}"
    );
    engine.replay(id, 1).await.unwrap();
    bench.pass(&engine, 2 * HOUR).await;
    assert_eq!(
        endpoint.ids()[3..],
        [format!("{id}-1"), format!("{id}-2")],
        "the endpoint is back"
    );
    assert!(attention(&engine).await.is_empty());
}

#[tokio::test]
async fn hanging_endpoint_times_out() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let lease = Duration::from_secs(600);
    let engine = bench
        .open(
            bench
                .builder()
                .lease(lease)
                .webhook(webhook(), Arc::new(endpoint.clone())),
        )
        .await;
    let (id, _) = start(&engine).await;
    endpoint.answers([None]);
    let began = bench.clock.now();
    let time = async {
        loop {
            tokio::task::yield_now().await;
            bench.clock.advance(Duration::from_secs(1));
        }
    };
    let error = tokio::select! {
        result = engine.replay(id, 1) => result.unwrap_err().to_string(),
        () = time => unreachable!(),
    };
    assert_eq!(
        error,
        "the event was not delivered: the webhook's endpoint did not answer: timed out"
    );
    let took = bench.clock.now().duration_since(began);
    assert!((19..60).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test]
async fn event_needs_both_handler_and_endpoint() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let handled: Arc<Mutex<Vec<u64>>> = Arc::default();
    let seen = Arc::clone(&handled);
    let builder = bench
        .builder()
        .webhook(webhook(), Arc::new(endpoint.clone()))
        .on_change(move |_, event| {
            let seen = Arc::clone(&seen);
            async move {
                let mut seen = seen.lock().unwrap();
                seen.push(event.sequence);
                match seen.len() {
                    2 => Err(DeliveryError::new("the queue is full")
                        .retry_after(HOUR)
                        .into()),
                    _ => Ok(()),
                }
            }
        });
    let engine = bench.open(builder).await;
    endpoint.answers([Some((500, &[][..]))]);
    start(&engine).await;
    engine.run_due().await.unwrap();
    assert_eq!(
        (handled.lock().unwrap().len(), endpoint.received().len()),
        (1, 1)
    );
    bench.pass(&engine, 59 * MINUTE).await;
    assert_eq!(
        (handled.lock().unwrap().len(), endpoint.received().len()),
        (2, 2),
        "the handler asked for an hour"
    );
    bench.pass(&engine, 2 * MINUTE).await;
    assert_eq!(*handled.lock().unwrap(), [1, 1, 1, 2]);
    assert_eq!(endpoint.received().len(), 4);
}

#[tokio::test]
async fn event_is_replayed_by_id() {
    let (bench, endpoint) = (Bench::new(Kind::default()), Endpoint::default());
    let engine = endpoint.engine(&bench).await;
    let (id, _) = start(&engine).await;
    engine.run_due().await.unwrap();
    engine.replay(id, 1).await.unwrap();
    assert_eq!(
        endpoint.ids(),
        [1, 2, 1].map(|sequence| format!("{id}-{sequence}"))
    );
    let received = endpoint.received();
    assert_eq!(received[0].body(), received[2].body());
    engine.run_due().await.unwrap();
    assert_eq!(endpoint.received().len(), 3, "the outbox does not change");

    let unknown = FlowId::from_bytes([7; 16]);
    for (flow, sequence) in [(id, 3), (id, 0), (unknown, 1)] {
        assert!(matches!(
            engine.replay(flow, sequence).await,
            Err(FlowError::UnknownEvent { .. })
        ));
    }
    let other = bench.flow().await;
    assert!(
        matches!(other.replay(id, 1).await, Err(FlowError::Invalid(_))),
        "the program has no receiver"
    );
}

#[tokio::test]
async fn request_arrives_over_http() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let route = axum::routing::post(
        move |uri: http::Uri, headers: HeaderMap, body: Bytes| async move {
            sender.send((uri, headers, body)).unwrap();
            http::StatusCode::NO_CONTENT
        },
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        axum::serve(listener, axum::Router::new().route("/hooks", route)).await
    });

    let bench = Bench::new(Kind::default());
    let webhook =
        Webhook::new(&format!("http://{address}/hooks?tenant=4"), &SIGNED.into()).unwrap();
    let transport = ReqwestTransport::new(TransportOptions::default()).unwrap();
    let engine = bench
        .open(bench.builder().webhook(webhook, Arc::new(transport)))
        .await;
    let ids = two_events(&engine).await;
    engine.run_due().await.unwrap();
    for id in ids {
        let (uri, headers, body) = received.recv().await.unwrap();
        assert_eq!(
            (uri.query(), headers["webhook-id"].to_str().unwrap()),
            (Some("tenant=4"), id.as_str())
        );
        let mut request = Request::post(uri).body(body).unwrap();
        *request.headers_mut() = headers;
        assert!(holds(SIGNED, &request, bench.clock.now()));
    }
    server.abort();
}
