//! IDnow in the sandbox, in this process, and its client.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv_core::call::CallPolicy;
use idv_core::{
    Body, Chunks, Client, Clock, Delivery, Environment, NewVerification, PartialDate, Sent,
    Timestamp, Transport, TransportCause, TransportError,
};
use idv_sandbox::{AnswerBody, Builder, Cut, Sandbox, VirtualClock};
use tokio::sync::Notify;

const SECRET: &str = "a callback's secret of the benchmark";

/// The vendor and its callbacks.
pub(super) struct Vendor {
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) client: Client,
    pub(super) clock: BenchClock,
    callbacks: Arc<Mutex<Vec<Delivery>>>,
}

impl Vendor {
    pub(super) async fn start() -> Self {
        Self::build(Sandbox::builder(), None).await
    }

    /// Starts the vendor at this time, for a client with a clock of its own.
    pub(super) async fn start_at(time: Timestamp, clock: Arc<dyn Clock>) -> Self {
        Self::build(Sandbox::builder().start_time(time), Some(clock)).await
    }

    async fn build(builder: Builder, of_client: Option<Arc<dyn Clock>>) -> Self {
        let callbacks = Arc::<Mutex<Vec<Delivery>>>::default();
        let inbox = Arc::clone(&callbacks);
        let receive = move |request: Request<Bytes>| {
            let (head, body) = request.into_parts();
            inbox.lock().unwrap().push(Delivery::callback(
                head.method,
                head.uri,
                head.headers,
                body,
            ));
            std::future::ready(Some(StatusCode::OK))
        };
        let sandbox = Arc::new(
            builder
                .in_process()
                .deliver_callbacks_to(receive)
                .start()
                .await
                .unwrap(),
        );
        let idnow = sandbox.idnow();
        let address = format!(
            "http://localhost/callback?token={}",
            SECRET.replace(' ', "%20")
        );
        idnow
            .configure(|account| account.callback_url = Some(address))
            .unwrap();
        let mut config =
            IdnowConfig::new(idnow.company_id(), idnow.api_key().into(), DataCentre::Test);
        config.gateway_url = Some(idnow.base_url().parse().unwrap());
        config.go_url = Some(idnow.base_url().parse().unwrap());
        config.callback_secret = SECRET.into();
        config.callback_parameter = "token".to_owned();
        let clock = BenchClock::new(sandbox.clock());
        let mut environment = Environment::new(InProcess(Arc::clone(&sandbox)), clock.clone());
        if let Some(clock) = of_client {
            environment.clock = clock;
        }
        // No call waits for the vendor here, so the limit of concurrent calls would distort the
        // figures.
        let client = Client::new(
            Idnow::new(config).unwrap(),
            environment,
            CallPolicy::default(),
        );
        Self {
            sandbox,
            client,
            clock,
            callbacks,
        }
    }

    /// Returns the data about the person.
    pub(super) fn submitted(&self) -> NewVerification {
        let mut new = NewVerification::new(self.client.reference());
        new.person.given_names = Some("Erika".into());
        new.person.family_name = Some("Mustermann".into());
        new.person.birth_date = Some(
            "1964-08-12"
                .parse::<PartialDate>()
                .unwrap()
                .whole()
                .unwrap()
                .into(),
        );
        new.person.birth_place = Some("Berlin".into());
        new.contact.email = Some("erika@example.com".into());
        new
    }

    /// Returns the callbacks that have arrived since the last call.
    pub(super) fn callbacks(&self) -> Vec<Delivery> {
        std::mem::take(&mut self.callbacks.lock().unwrap())
    }

    /// Advances the clock of the vendor and of the programs.
    pub(super) async fn pass(&self, time: Duration) {
        self.sandbox.clock().advance(time).await;
    }
}

/// The sandbox's time, which advances on request only.
///
/// A short sleep on this clock is a short sleep in real time. The clock records that a runner found
/// no due step.
#[derive(Debug, Clone)]
pub(super) struct BenchClock {
    time: VirtualClock,
    began: Timestamp,
    idle: Arc<(AtomicBool, Notify)>,
}

impl BenchClock {
    fn new(time: VirtualClock) -> Self {
        Self {
            began: time.now(),
            time,
            idle: Arc::default(),
        }
    }

    /// Returns a clock with the same time for another engine, with its own record of idleness.
    pub(super) fn of_a_flow(&self) -> Self {
        Self {
            idle: Arc::default(),
            ..self.clone()
        }
    }

    /// Completes when the runner has found no due step and `at_rest` holds.
    pub(super) async fn idle(&self, at_rest: impl Fn() -> bool) {
        loop {
            self.idle.1.notified().await;
            if self.idle.0.load(Ordering::SeqCst) && at_rest() {
                return;
            }
        }
    }
}

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        self.time.now()
    }

    fn monotonic(&self) -> Duration {
        self.time
            .now()
            .duration_since(self.began)
            .try_into()
            .unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if duration.is_zero() {
            return Box::pin(std::future::ready(()));
        }
        // A runner sleeps for the shortest time if a step is about to become due.
        self.idle
            .0
            .store(duration > Duration::from_millis(10), Ordering::SeqCst);
        self.idle.1.notify_one();
        // The time limits of calls: no call here ever waits.
        let limit = duration > Duration::from_secs(1);
        Box::pin(async move {
            if limit {
                return std::future::pending().await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        })
    }
}

/// The transport to the vendor: a function call.
struct InProcess(Arc<Sandbox>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        match self.0.exchange(request).await {
            Ok(response) => Ok(response.map(|body| Body::chunks(Pieces(body)))),
            Err(Cut::Refused) => Err(TransportError::new(Sent::No, TransportCause::Connect)),
            Err(_) => Err(TransportError::new(
                Sent::Maybe,
                TransportCause::Interrupted,
            )),
        }
    }
}

struct Pieces(AnswerBody);

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.0
            .next()
            .transpose()
            .map_err(|_| TransportError::new(Sent::Maybe, TransportCause::Interrupted))
    }
}
