//! An application with its routes, at a vendor of the sandbox.

#![allow(
    unreachable_pub,
    dead_code,
    reason = "each test is a crate and uses a part of this module"
)]

pub mod store;
pub mod vendor;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use idv::call::CallPolicy;
use idv::{Client, Clock, NewVerification, Reference, Timestamp, Url};
use idv_axum::Options;
use idv_flow::audit::AuditEntry;
use idv_flow::{Engine, FlowId, FlowStatus};
use idv_sandbox::{Sandbox, VirtualClock};
use tower::ServiceExt as _;

pub use store::WatchedStore;
#[allow(unused_imports, reason = "not each test needs both")]
pub use vendor::{SECRET, Vendor};

/// A listening application and its vendor, whose clock only the test moves.
pub struct Bank {
    pub vendor: Vendor,
    pub sandbox: Sandbox,
    pub client: Client,
    pub flow: Engine,
    pub store: WatchedStore,
    /// The base address of the routes.
    pub base: Url,
    routes: Router,
    _server: tokio::task::JoinSet<()>,
}

impl Bank {
    pub async fn open(vendor: &Vendor) -> Self {
        Self::with(vendor, true, &Options::new()).await
    }

    pub async fn with(vendor: &Vendor, secret: bool, options: &Options) -> Self {
        let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ImpatientClock(
            Arc::new(idv::transport::SystemClock::new()),
            sandbox.clock(),
        ));
        let mut environment =
            idv::transport::environment(idv::transport::TransportOptions::default()).unwrap();
        environment.clock = Arc::clone(&clock);
        let client = vendor.client(&sandbox, environment, secret);
        let store = WatchedStore::default();
        let flow = Engine::builder(store.clone())
            .client(client.clone())
            .clock(clock)
            .open()
            .await
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: Url = format!("http://{}/identity", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let routes = idv_axum::routes(&flow, options);
        let app = Router::new().nest("/identity", routes.clone());
        let mut server = tokio::task::JoinSet::new();
        server.spawn(async move { axum::serve(listener, app).await.unwrap() });
        let callbacks = idv_axum::callback_url(&base, vendor.id()).unwrap();
        vendor.of(&sandbox).report_to(callbacks.as_str()).unwrap();
        Self {
            vendor: vendor.clone(),
            sandbox,
            client,
            flow,
            store,
            base,
            routes,
            _server: server,
        }
    }

    /// Starts a verification.
    pub async fn start(&self) -> (FlowId, Reference) {
        let new = self.person();
        let reference = new.reference.clone();
        (
            self.flow
                .start(idv_flow::StartRequest::new(new))
                .await
                .unwrap()
                .id,
            reference,
        )
    }

    /// Sends a request without the network.
    pub async fn ask(&self, request: Request<Body>) -> Answer {
        Answer::of(self.routes.clone().oneshot(request).await.unwrap()).await
    }

    /// Returns a person with every field that the vendor accepts.
    pub fn person(&self) -> NewVerification {
        NewVerification::builder(self.flow.reference())
            .given_names("Erika")
            .family_name("Mustermann")
            .birth_date("1982-05-22")
            .birth_place("Berlin")
            .nationality("DE")
            .gender("female")
            .street("Heidestr.")
            .house_number("17")
            .postal_code("51147")
            .city("Köln")
            .country("DE")
            .email("erika@example.com")
            .phone("+4915123456789")
            .callback_url(idv_axum::callback_url(&self.base, self.vendor.id()).unwrap())
            .success_url(idv_axum::return_url(&self.base, self.vendor.id()).unwrap())
            .build()
            .unwrap()
    }

    /// Moves the clock, delivers callbacks and runs due work until the verification is decided.
    pub async fn follow(&self, id: FlowId) -> FlowStatus {
        for _ in 0..100 {
            self.sandbox.clock().advance(Duration::from_secs(60)).await;
            self.flow.run_due().await.unwrap();
            let status = self.flow.status(id).await.unwrap();
            if matches!(status.status, Some(idv::Status::Finished(_))) {
                return status;
            }
        }
        panic!("{:?}: the verification was never decided", self.vendor);
    }

    /// Returns the observations in the audit log: channel and proof.
    pub async fn observed(&self, id: FlowId) -> Vec<(String, Option<String>)> {
        let word = |event: &serde_json::Value, name: &str| event[name].as_str().map(str::to_owned);
        let trail: Vec<AuditEntry> = self.flow.audit_of(id).await.unwrap();
        trail
            .iter()
            .map(|entry| serde_json::from_str::<serde_json::Value>(&entry.event).unwrap())
            .filter(|event| event["event"] == "observed")
            .map(|event| (word(&event, "channel").unwrap(), word(&event, "proof")))
            .collect()
    }
}

/// The routes of an application without a running vendor, for requests made by the test.
pub struct Desk {
    pub client: Client,
    pub flow: Engine,
    pub store: WatchedStore,
    pub routes: Router,
    pub sandbox: Sandbox,
}

impl Desk {
    pub async fn open(vendor: &Vendor) -> Self {
        Self::with(vendor, true, &Options::new()).await
    }

    pub async fn with(vendor: &Vendor, secret: bool, options: &Options) -> Self {
        let sandbox = Sandbox::builder().in_process().start().await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ImpatientClock(
            Arc::new(idv::transport::SystemClock::new()),
            sandbox.clock(),
        ));
        let transport = idv_testkit::ScriptedTransport::new();
        let mut environment = idv_testkit::environment(
            &transport,
            &idv_testkit::ManualClock::new(Timestamp::UNIX_EPOCH),
        );
        environment.clock = Arc::clone(&clock);
        let client = vendor.client(&sandbox, environment, secret);
        let store = WatchedStore::default();
        let flow = Engine::builder(store.clone())
            .client(client.clone())
            .clock(clock)
            .open()
            .await
            .unwrap();
        let routes = idv_axum::routes(&flow, options);
        Self {
            client,
            flow,
            store,
            routes,
            sandbox,
        }
    }

    /// Sends a request.
    pub async fn ask(&self, request: Request<Body>) -> Answer {
        Answer::of(self.routes.clone().oneshot(request).await.unwrap()).await
    }

    /// Moves the clock.
    pub async fn advance(&self, by: Duration) {
        self.sandbox.clock().advance(by).await;
    }
}

/// Builds a request.
pub fn request(
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// A complete response.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    async fn of(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// The sandbox's clock: waits between attempts end at once; timeouts of attempts never pass.
#[derive(Debug)]
struct ImpatientClock(Arc<dyn Clock>, VirtualClock);

impl Clock for ImpatientClock {
    fn now(&self) -> Timestamp {
        self.1.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if duration <= CallPolicy::default().backoff_cap {
            return Box::pin(std::future::ready(()));
        }
        self.0.sleep(duration)
    }
}
