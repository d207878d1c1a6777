//! Tests of the call context: retries, limits, deadlines and errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_executor::block_on;
use http::{Request, Response, StatusCode};
use idv_core::call::{
    Answer, Attempt, Call, CallPolicy, Downloaded, Repeat, RetryOverride, Session, TokenCache,
};
use idv_core::{
    Body, CallContext, Capabilities, Client, CreateResponse, CreateSafety, Effect, Environment,
    ErrorKind, HandOffKind, NewVerification, Operation, Provider, ProviderId, ReportSource, Result,
    Secret, Sent, Transport, TransportCause, TransportError, VendorInfo,
};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport, environment};

#[derive(Debug)]
struct Nothing(VendorInfo);

#[async_trait]
impl Provider for Nothing {
    fn describe(&self) -> &VendorInfo {
        &self.0
    }

    async fn create(&self, _: &CallContext, _: &NewVerification) -> Result<CreateResponse> {
        Err(idv_core::Error::config("this vendor does nothing"))
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: None,
            results: None,
            evidence: None,
            listing: None,
            lookup: None,
            deletion: None,
            callbacks: None,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn nothing() -> Nothing {
    let mut info = VendorInfo::new(
        ProviderId::new("nothing"),
        "Nothing",
        CreateSafety::Unkeyed,
        HandOffKind::Redirect,
        ReportSource::Poll,
    );
    info.manual_steps = "write them a letter";
    Nothing(info)
}

fn clock() -> ManualClock {
    ManualClock::leaping("2026-01-01T00:00:00Z".parse().unwrap())
}

fn client(transport: &ScriptedTransport, clock: &ManualClock, policy: CallPolicy) -> Client {
    Client::new(nothing(), environment(transport, clock), policy)
}

fn context(transport: &ScriptedTransport, clock: &ManualClock) -> CallContext {
    client(transport, clock, CallPolicy::default()).context(Operation::Create)
}

fn request(_: &Attempt<'_>) -> Result<Request<Bytes>> {
    Ok(Request::get("https://vendor.example/")
        .body(Bytes::new())
        .unwrap())
}

fn status(code: u16) -> Exchange {
    Exchange::Answer(
        Response::builder()
            .status(code)
            .body(Bytes::from_static(b"{}"))
            .unwrap(),
    )
}

#[test]
fn retry_table_holds_for_every_result_of_an_attempt() {
    block_on(async {
        type Ending = fn() -> Exchange;
        let not_sent: Ending = || Exchange::Fail(Sent::No, TransportCause::Connect);
        let no_answer: Ending = || Exchange::Fail(Sent::Maybe, TransportCause::Interrupted);
        let broken: Ending = || Exchange::Break(Response::new(Bytes::from_static(b"{\"a\":")));
        let hangs: Ending = || Exchange::Hang;
        // The first exchange, whether the call is repeatable, the number of requests if the second
        // attempt succeeds, and whether the effect is unknown in the end.
        let rows: [(Ending, Repeat, usize, bool); 12] = [
            (not_sent, Repeat::Repeatable, 2, false),
            (not_sent, Repeat::Once, 2, false),
            (no_answer, Repeat::Repeatable, 2, false),
            (no_answer, Repeat::Once, 1, true),
            (broken, Repeat::Repeatable, 2, false),
            (broken, Repeat::Once, 1, true),
            (hangs, Repeat::Repeatable, 2, false),
            (hangs, Repeat::Once, 1, true),
            (|| status(503), Repeat::Repeatable, 2, false),
            (|| status(503), Repeat::Once, 1, true),
            (|| status(429), Repeat::Once, 2, false),
            (|| status(404), Repeat::Repeatable, 1, false),
        ];
        for (index, (ending, repeat, requests, unknown)) in rows.into_iter().enumerate() {
            let transport = ScriptedTransport::new();
            transport.then(ending()).then_json(200, "{}");
            let result = context(&transport, &clock()).send(repeat, request).await;
            assert_eq!(transport.count(), requests, "row {index}");
            let effect = match &result {
                Ok(answer) if answer.status.is_success() => Effect::NotApplied,
                Ok(answer) => answer.error().effect(),
                Err(error) => error.effect(),
            };
            assert_eq!(effect == Effect::Unknown, unknown, "row {index}");
        }
    });
}

#[test]
fn failed_call_names_its_cause_and_host_but_no_path() {
    block_on(async {
        for (exchange, cause, expected) in [
            (
                Exchange::Fail(Sent::No, TransportCause::Refused),
                TransportCause::Refused,
                "nothing create: the vendor is unavailable: no connection to vendor.example:8443: connection refused",
            ),
            (
                Exchange::Fail(Sent::No, TransportCause::Dns),
                TransportCause::Dns,
                "nothing create: the vendor is unavailable: no connection to vendor.example:8443: the host name cannot be resolved",
            ),
            (
                Exchange::Fail(Sent::No, TransportCause::Request),
                TransportCause::Request,
                "nothing create: the vendor is unavailable: the request cannot be sent",
            ),
            (
                Exchange::Fail(Sent::Maybe, TransportCause::Reset),
                TransportCause::Reset,
                "nothing create: the vendor is unavailable: no complete response: connection reset; whether the vendor acted is unknown",
            ),
            (
                Exchange::Hang,
                TransportCause::Timeout,
                "nothing create: the vendor is unavailable: no complete response: timed out; whether the vendor acted is unknown",
            ),
        ] {
            let transport = ScriptedTransport::new();
            transport.then(exchange);
            let context = client(&transport, &clock(), CallPolicy::default().max_attempts(1))
                .context(Operation::Create);
            let build = |_: &Attempt<'_>| {
                let uri = "https://user:SECRET@vendor.example:8443/SECRET?token=SECRET";
                Ok(Request::get(uri).body(Bytes::new()).unwrap())
            };
            let error = context.send(Repeat::Repeatable, build).await.unwrap_err();
            assert_eq!(
                (error.to_string().as_str(), error.transport_cause()),
                (expected, Some(cause))
            );
            assert!(!format!("{error:?}").contains("SECRET"), "{error:?}");
        }
    });
}

#[test]
fn request_is_built_again_for_each_attempt() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        transport
            .then(status(500))
            .then(status(500))
            .then_json(200, "{}");
        let build = |attempt: &Attempt<'_>| {
            let uri = format!(
                "https://vendor.example/{}?at={}",
                attempt.number,
                attempt.now.as_second()
            );
            Ok(Request::get(uri).body(Bytes::new()).unwrap())
        };
        let answer = context(&transport, &clock)
            .send(Repeat::Repeatable, build)
            .await
            .unwrap();
        assert_eq!(answer.status, 200);
        let uris: Vec<_> = transport
            .requests()
            .iter()
            .map(|request| request.uri().to_string())
            .collect();
        assert!(
            uris[0].contains("/1?") && uris[1].contains("/2?") && uris[2].contains("/3?"),
            "{uris:?}"
        );
    });
}

#[test]
fn last_response_is_returned_after_all_attempts() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        for _ in 0..9 {
            transport.then(status(500));
        }
        let answer = context(&transport, &clock)
            .send(Repeat::Repeatable, request)
            .await
            .unwrap();
        let error = answer.error();
        assert_eq!(
            (transport.count(), error.attempts(), error.http_status()),
            (4, 4, Some(500))
        );
        assert_eq!(
            (error.kind(), error.effect(), error.is_transient()),
            (&ErrorKind::Unavailable, Effect::Unknown, true)
        );
        assert_eq!(clock.slept().len(), 3, "one wait between two attempts");
    });
}

#[test]
fn earlier_attempt_with_unknown_effect_is_not_forgotten() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        transport
            .then(Exchange::Fail(Sent::Maybe, TransportCause::Timeout))
            .then(status(400));
        let answer = context(&transport, &clock)
            .send(Repeat::Repeatable, request)
            .await
            .unwrap();
        assert_eq!(answer.error().effect(), Effect::Unknown);

        let transport = ScriptedTransport::new();
        transport.then(Exchange::Fail(Sent::Maybe, TransportCause::Timeout));
        let error = context(&transport, &clock)
            .send(Repeat::Repeatable, request)
            .await
            .unwrap_err();
        assert_eq!(
            error.effect(),
            Effect::Unknown,
            "the attempts after it were not even sent"
        );
    });
}

#[test]
fn retry_after_is_respected_up_to_its_cap() {
    block_on(async {
        let wait = |seconds: u64| {
            Exchange::Answer(
                Response::builder()
                    .status(429)
                    .header("retry-after", seconds)
                    .body(Bytes::new())
                    .unwrap(),
            )
        };
        let (transport, clock) = (ScriptedTransport::new(), clock());
        transport.then(wait(7)).then_json(200, "{}");
        context(&transport, &clock)
            .send(Repeat::Once, request)
            .await
            .unwrap();
        assert_eq!(clock.slept(), [Duration::from_secs(7)]);

        let transport = ScriptedTransport::new();
        transport.then(wait(3600)).then_json(200, "{}");
        let error = context(&transport, &clock)
            .send(Repeat::Once, request)
            .await
            .unwrap()
            .error();
        assert_eq!(
            (transport.count(), error.kind()),
            (1, &ErrorKind::RateLimited)
        );
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)));
        assert_eq!(error.effect(), Effect::NotApplied);
    });
}

#[test]
fn operation_ends_at_its_deadline() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        for _ in 0..9 {
            transport.then(Exchange::Hang);
        }
        let policy = CallPolicy::default()
            .deadline(Duration::from_secs(30))
            .max_attempts(9);
        let error = client(&transport, &clock, policy)
            .context(Operation::Poll)
            .send(Repeat::Repeatable, request)
            .await
            .unwrap_err();
        assert_eq!(transport.count(), 2, "20 s, and the rest of 30 s");
        assert!(clock.slept().iter().sum::<Duration>() <= Duration::from_secs(30));
        assert_eq!(error.effect(), Effect::NotApplied, "a poll has no effect");
    });
}

#[test]
fn retry_budget_protects_an_unavailable_vendor() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        for _ in 0..500 {
            transport.then(status(503));
        }
        let client = client(&transport, &clock, CallPolicy::default());
        for _ in 0..100 {
            let _ = client
                .context(Operation::Poll)
                .send(Repeat::Repeatable, request)
                .await;
        }
        assert_eq!(
            transport.count(),
            100 + 20,
            "each call once, and the retry budget"
        );
    });
}

#[test]
fn adapter_overrides_the_meaning_of_a_status() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        transport.then(status(429)).then_json(200, "{}");
        let call = Call::repeatable()
            .retry_override(|status, _| (status == 429).then_some(RetryOverride::Final));
        let answer = context(&transport, &clock)
            .send(call, request)
            .await
            .unwrap();
        assert_eq!((transport.count(), answer.status.as_u16()), (1, 429));
    });
}

#[test]
fn long_response_is_refused_unread() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        transport.then_json(200, "x".repeat(101));
        let policy = CallPolicy::default().max_answer(100);
        let error = client(&transport, &clock, policy)
            .context(Operation::Create)
            .send(Repeat::Once, request)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&ErrorKind::LimitExceeded, Effect::Unknown)
        );
    });
}

#[test]
fn download_has_length_digest_and_media_type() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        transport.then(Exchange::Answer(Response::new(Bytes::from_static(
            b"%PDF-1.7 hello",
        ))));
        let mut sink = Vec::new();
        let cx = context(&transport, &clock);
        let Downloaded::Whole(download) = cx
            .download(Repeat::Repeatable, 100, &mut sink, request)
            .await
            .unwrap()
        else {
            panic!("the evidence exists")
        };
        assert_eq!(
            (sink.as_slice(), download.length),
            (&b"%PDF-1.7 hello"[..], 14)
        );
        assert_eq!(download.media_type.as_deref(), Some("application/pdf"));
        assert_eq!(
            download.sha256_hex(),
            "2a916d83fa20d97c7c3c04cf07b2d3f8d18ea47f59c841a221dd3a81f15fc347"
        );

        transport.then(Exchange::Answer(Response::new(Bytes::from_static(
            b"0123456789",
        ))));
        let error = cx
            .download(Repeat::Repeatable, 9, &mut sink, request)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::LimitExceeded);

        let requests = transport.count();
        transport.then(Exchange::Break(Response::new(Bytes::from_static(b"0123"))));
        let error = cx
            .download(Repeat::Repeatable, 9, &mut sink, request)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (&ErrorKind::Unavailable, requests + 1)
        );
    });
}

#[test]
fn missing_capability_is_refused_before_sending() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        let client = client(&transport, &clock, CallPolicy::default());
        let id = idv_core::VerificationId::new(client.reference(), None);
        let error = client.poll(&id).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing poll: not supported by this vendor: it has no polling"
        );
        let error = client.delete(&id).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("manual steps: write them a letter"),
            "{error}"
        );
        assert_eq!(
            client
                .list(&idv_core::ListQuery::default(), None)
                .await
                .unwrap_err()
                .kind(),
            &ErrorKind::Unsupported
        );
        let needs = idv_core::Requirements::new()
            .capability(idv_core::Capability::Deletion)
            .repeatable_create();
        let missing = client.require(&needs).unwrap_err().to_string();
        assert!(
            missing.contains("it has no deletion") && missing.contains("cannot be repeated"),
            "{missing}"
        );
        assert_eq!(transport.count(), 0);
    });
}

/// A vendor whose tokens expire: it accepts only the newest token, and counts logins.
#[derive(Debug, Default)]
struct TokenVendor {
    logins: AtomicUsize,
    refused: AtomicUsize,
}

#[async_trait]
impl Transport for TokenVendor {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        // Every caller has arrived before the first response.
        yield_now().await;
        let newest = self.logins.load(Ordering::SeqCst);
        let code = match (request.uri().path(), request.headers().get("token")) {
            ("/login", _) => {
                self.logins.fetch_add(1, Ordering::SeqCst);
                200
            }
            (_, Some(token))
                if token.to_str().ok().and_then(|token| token.parse().ok()) == Some(newest) =>
            {
                200
            }
            _ => {
                self.refused.fetch_add(1, Ordering::SeqCst);
                401
            }
        };
        Ok(Response::builder()
            .status(code)
            .body(Body::from(Bytes::new()))
            .unwrap())
    }
}

struct Login {
    tokens: TokenCache,
    vendor: Arc<TokenVendor>,
}

#[async_trait]
impl Session for Login {
    fn tokens(&self) -> &TokenCache {
        &self.tokens
    }
    async fn log_in(&self, cx: &CallContext) -> Result<Secret> {
        cx.send(Repeat::Repeatable, |_: &Attempt<'_>| {
            Ok(Request::post("https://vendor.example/login")
                .body(Bytes::new())
                .unwrap())
        })
        .await?;
        Ok(Secret::new(
            self.vendor.logins.load(Ordering::SeqCst).to_string(),
        ))
    }
}

#[derive(Debug)]
struct Shared(Arc<TokenVendor>);

#[async_trait]
impl Transport for Shared {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        self.0.send(request).await
    }
}

fn with_token(attempt: &Attempt<'_>) -> Result<Request<Bytes>> {
    Ok(Request::get("https://vendor.example/data")
        .header("token", attempt.token())
        .body(Bytes::new())
        .unwrap())
}

#[test]
fn refused_token_is_renewed_once_for_a_hundred_callers() {
    block_on(async {
        let vendor = Arc::new(TokenVendor::default());
        let login = Arc::new(Login {
            tokens: TokenCache::new(Duration::from_secs(3600)),
            vendor: Arc::clone(&vendor),
        });
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
        let client = Client::new(
            nothing(),
            Environment::new(Shared(Arc::clone(&vendor)), clock.clone()),
            CallPolicy::default(),
        );
        let call = async |client: &Client| -> Result<Answer> {
            client
                .context(Operation::Poll)
                .send(Call::repeatable().in_session(&*login), with_token)
                .await
        };
        assert_eq!(call(&client).await.unwrap().status, 200);
        assert_eq!(vendor.logins.load(Ordering::SeqCst), 1);

        // The vendor revokes the token; a hundred callers notice at once.
        vendor.logins.fetch_add(1, Ordering::SeqCst);
        let answers = futures_util::future::join_all((0..100).map(|_| call(&client))).await;
        assert!(
            answers
                .iter()
                .all(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200))
        );
        assert_eq!(vendor.logins.load(Ordering::SeqCst), 3, "one more login");

        // After an idle hour, the cache does not try the token again.
        let refused = vendor.refused.load(Ordering::SeqCst);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(call(&client).await.unwrap().status, 200);
        assert_eq!(
            (
                vendor.logins.load(Ordering::SeqCst),
                vendor.refused.load(Ordering::SeqCst)
            ),
            (4, refused)
        );
    });
}

#[test]
fn refused_credentials_are_not_retried_forever() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        transport
            .then_json(200, "{}")
            .then(status(401))
            .then(status(401));
        let vendor = Arc::new(TokenVendor::default());
        let login = Login {
            tokens: TokenCache::new(Duration::from_secs(3600)),
            vendor,
        };
        let cx = context(&transport, &clock);
        let answer = cx
            .send(Call::repeatable().in_session(&login), with_token)
            .await
            .unwrap();
        assert_eq!(answer.error().kind(), &ErrorKind::Unauthorized);
        assert_eq!(
            transport.count(),
            2,
            "a login, and one refusal of its fresh token"
        );
    });
}

/// The override of a vendor that reports a refused token in a response with status 200.
fn refused_inside(_: StatusCode, body: &[u8]) -> Option<RetryOverride> {
    (body == b"token expired").then_some(RetryOverride::Unauthorized)
}

#[test]
fn token_refused_in_a_success_is_renewed_once() {
    block_on(async {
        let (transport, clock) = (ScriptedTransport::new(), clock());
        let login = Login {
            tokens: TokenCache::new(Duration::from_secs(3600)),
            vendor: Arc::new(TokenVendor::default()),
        };
        let cx = context(&transport, &clock);
        let call = || {
            Call::once()
                .in_session(&login)
                .retry_override(refused_inside)
        };
        // A login and a response; then the vendor refuses the cached token: one more login and
        // response.
        transport.then_json(200, "{}").then_json(200, "good");
        transport
            .then_json(200, "token expired")
            .then_json(200, "{}")
            .then_json(200, "better");
        assert_eq!(&*cx.send(call(), with_token).await.unwrap().body, b"good");
        assert_eq!(&*cx.send(call(), with_token).await.unwrap().body, b"better");
        assert_eq!(transport.count(), 5);
        // If the vendor refuses a fresh token as well, the response is returned, and the vendor did
        // nothing.
        transport
            .then_json(200, "token expired")
            .then_json(200, "{}")
            .then_json(200, "token expired");
        assert_eq!(
            &*cx.send(call(), with_token).await.unwrap().body,
            b"token expired"
        );
        assert_eq!(transport.count(), 8);
    });
}

/// Lets every other future run.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
