//! Records spans and metrics of the engine, and the accounts at which calls fail.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use idv_core::metrics::{Instrument, InstrumentKind, Instruments};
use idv_core::{Error, ErrorKind, Timestamp};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::engine::accounts::control::AccountMode;
use crate::engine::events::DeliveryError;
use crate::engine::repository::Inner;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::{Event, EventKind};
use crate::status::{FailingAccount, Health, RestrictedAccount};
use crate::store::Backlog;

/// The instruments of an [`Engine`](crate::Engine), recorded with the feature `opentelemetry`.
///
/// Their scope is `idv-flow`; that of the clients' instruments, [`idv_core::metrics::INSTRUMENTS`],
/// is `idv-core`. The gauges of one store have the same value in every program that uses it.
///
/// ```
/// use idv_flow::INSTRUMENTS;
///
/// assert!(INSTRUMENTS.iter().any(|instrument| instrument.name == "idv.flow.lag"));
/// ```
pub const INSTRUMENTS: &[Instrument] = &[
    STEP_DURATION,
    STEPS_ACTIVE,
    CONFLICTS,
    RETRIES,
    LEASES_LOST,
    EVENTS,
    DELIVERY_DURATION,
    MESSAGES_RECEIVED,
    LAG,
    INBOX_DEPTH,
    INBOX_PARKED,
    OUTBOX_LAG,
    FAILING,
    PAUSED,
    DRAINING,
    CIRCUIT_OPEN,
];

const STEP_DURATION: Instrument = Instrument::new(
    "idv.flow.step.duration",
    InstrumentKind::Histogram,
    "s",
    "Duration of a worker's step: a step of a flow, a message or a timer.",
    &[ACCOUNT, OPERATION, ERROR],
);
const STEPS_ACTIVE: Instrument = Instrument::new(
    "idv.flow.steps.active",
    InstrumentKind::Gauge,
    "{step}",
    "Number of steps in progress in this program.",
    &[],
);
const CONFLICTS: Instrument = Instrument::new(
    "idv.flow.conflicts",
    InstrumentKind::Counter,
    "{conflict}",
    "Number of changes that were planned again because another program changed the flow first.",
    &[ACCOUNT],
);
const RETRIES: Instrument = Instrument::new(
    "idv.flow.retries",
    InstrumentKind::Counter,
    "{retry}",
    "Number of steps, messages and deliveries that failed and will be retried.",
    &[OPERATION],
);
const LEASES_LOST: Instrument = Instrument::new(
    "idv.flow.leases.lost",
    InstrumentKind::Counter,
    "{lease}",
    "Number of steps that outlasted their lease, so that another worker may have taken them over.",
    &[ACCOUNT, OPERATION],
);
const EVENTS: Instrument = Instrument::new(
    "idv.flow.events",
    InstrumentKind::Counter,
    "{event}",
    "Number of committed events for the application, by name.",
    &[ACCOUNT, EVENT, OUTCOME],
);
const DELIVERY_DURATION: Instrument = Instrument::new(
    "idv.flow.delivery.duration",
    InstrumentKind::Histogram,
    "s",
    "Duration of a delivery of an event to the handler and the webhook.",
    &[EVENT, ERROR],
);
const MESSAGES_RECEIVED: Instrument = Instrument::new(
    "idv.flow.messages.received",
    InstrumentKind::Counter,
    "{message}",
    "Number of received callbacks and returns.",
    &[ACCOUNT, ERROR],
);
const LAG: Instrument = Instrument::new(
    "idv.flow.lag",
    InstrumentKind::Gauge,
    "s",
    "Time for which the oldest step of this program's accounts has been due.",
    &[],
);
const INBOX_DEPTH: Instrument = Instrument::new(
    "idv.flow.inbox.depth",
    InstrumentKind::Gauge,
    "{message}",
    "Number of messages in the inbox that wait for a worker.",
    &[],
);
const INBOX_PARKED: Instrument = Instrument::new(
    "idv.flow.inbox.parked",
    InstrumentKind::Gauge,
    "{message}",
    "Number of messages that cannot be interpreted yet.",
    &[],
);
const OUTBOX_LAG: Instrument = Instrument::new(
    "idv.flow.outbox.lag",
    InstrumentKind::Gauge,
    "s",
    "Age of the oldest undelivered event, if this program has a handler or a webhook.",
    &[],
);
const FAILING: Instrument = Instrument::new(
    "idv.flow.account.failing",
    InstrumentKind::Gauge,
    "s",
    "Time for which every call of this program at an account has failed; 0 if the last one \
     succeeded.",
    &[ACCOUNT],
);
const PAUSED: Instrument = Instrument::new(
    "idv.flow.account.paused",
    InstrumentKind::Gauge,
    "{account}",
    "1 if an operator has paused the account, else 0.",
    &[ACCOUNT],
);
const DRAINING: Instrument = Instrument::new(
    "idv.flow.account.draining",
    InstrumentKind::Gauge,
    "{account}",
    "1 if the account takes no new flows because an operator drains it, else 0.",
    &[ACCOUNT],
);
const CIRCUIT_OPEN: Instrument = Instrument::new(
    "idv.flow.account.circuit_open",
    InstrumentKind::Gauge,
    "{account}",
    "1 if only probes are sent to the account's vendor because of outages, else 0.",
    &[ACCOUNT],
);

const ACCOUNT: &str = "idv.account";
const OPERATION: &str = "idv.operation";
const EVENT: &str = "idv.event";
const OUTCOME: &str = "idv.outcome";
const ERROR: &str = "error.type";

/// The interval at which the gauges are recorded.
const SAMPLED_EVERY: Duration = Duration::from_secs(15);

/// The recorder of the engine's metrics.
#[derive(Debug)]
pub(crate) struct Metrics {
    instruments: Instruments,
    /// The kind of the last failure at each account that fails, and the time of the first one.
    failing: Mutex<BTreeMap<String, (&'static str, Timestamp)>>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            instruments: Instruments::new(env!("CARGO_PKG_NAME"), INSTRUMENTS),
            failing: Mutex::default(),
        }
    }

    /// Counts a change that has to be planned again.
    pub(crate) fn conflict(&self, account: &str) {
        self.instruments
            .record(&CONFLICTS, 1.0, &[(ACCOUNT, account.into())]);
    }

    /// Counts a failure after which an operation is retried.
    pub(crate) fn retry(&self, operation: &str) {
        self.instruments
            .record(&RETRIES, 1.0, &[(OPERATION, operation.into())]);
    }

    /// Counts a committed event.
    pub(crate) fn event(&self, event: &Event) {
        let outcome = match &event.kind {
            EventKind::Settled { outcome } => Some(outcome.name()),
            _ => None,
        };
        let attributes = [
            (ACCOUNT, (&*event.account).into()),
            (EVENT, event.kind.name().into()),
            (OUTCOME, outcome.into()),
        ];
        self.instruments.record(&EVENTS, 1.0, &attributes);
    }

    /// Counts a callback or a return.
    pub(crate) fn received(&self, account: &str, error: Option<&'static str>) {
        self.instruments.record(
            &MESSAGES_RECEIVED,
            1.0,
            &[(ACCOUNT, account.into()), (ERROR, error.into())],
        );
    }

    /// Records a delivery of an event.
    pub(crate) fn delivery(&self, event: &str, took: Duration, result: &Result<(), DeliveryError>) {
        let error = result.is_err().then_some("not_taken");
        self.instruments.record(
            &DELIVERY_DURATION,
            took.as_secs_f64(),
            &[(EVENT, event.into()), (ERROR, error.into())],
        );
    }

    /// Records whether a vendor answered a call.
    pub(crate) fn answered<T>(&self, account: &str, now: Timestamp, answer: &Result<T, Error>) {
        let failure = answer
            .as_ref()
            .err()
            .filter(|error| is_failure(error.kind()));
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            Some(error) => {
                failing.entry(account.to_owned()).or_insert(("", now)).0 = error.kind().name();
            }
            None => drop(failing.remove(account)),
        }
    }

    /// Returns the accounts that fail.
    fn failing(&self) -> Vec<FailingAccount> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |(account, (kind, since)): (&String, &(&'static str, Timestamp))| FailingAccount {
            account: account.clone(),
            kind: (*kind).to_owned(),
            since: *since,
        };
        failing.iter().map(of).collect()
    }

    fn step(
        &self,
        account: Option<&str>,
        operation: &str,
        took: Duration,
        lease: Duration,
        error: Option<&'static str>,
    ) {
        let attributes = [
            (ACCOUNT, account.into()),
            (OPERATION, operation.into()),
            (ERROR, error.into()),
        ];
        self.instruments
            .record(&STEP_DURATION, took.as_secs_f64(), &attributes);
        if error.is_some() {
            self.retry(operation);
        }
        if took >= lease {
            self.instruments.record(
                &LEASES_LOST,
                1.0,
                &[(ACCOUNT, account.into()), (OPERATION, operation.into())],
            );
        }
    }
}

impl Inner {
    /// Runs a step in its own span, and records its duration.
    pub(crate) async fn measured<T>(
        &self,
        account: Option<&str>,
        operation: &str,
        flow: Option<FlowId>,
        step: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let span = tracing::info_span!(
            "idv.flow.step",
            otel.name = operation,
            operation,
            account,
            flow = flow.map(tracing::field::display),
            error.type = Empty,
        );
        let began = self.clock.monotonic();
        let result = step.instrument(span.clone()).await;
        let error = result.as_ref().err().map(FlowError::kind);
        if let Some(error) = error {
            span.record("error.type", error);
        }
        self.metrics.step(
            account,
            operation,
            self.clock.monotonic().saturating_sub(began),
            self.lease,
            error,
        );
        result
    }

    /// Records the gauges at intervals, without end.
    pub(crate) async fn sample(&self) {
        if !Instruments::ARE_RECORDING {
            return std::future::pending().await;
        }
        loop {
            // The workers log a failure of the store.
            let _ = self.sample_once().await;
            self.clock.sleep(SAMPLED_EVERY).await;
        }
    }

    async fn sample_once(&self) -> Result<()> {
        let due = self.due_since().await?;
        let health = self.health(self.since(due)).await?;
        let gauge = |instrument: &Instrument, value: f64| {
            self.metrics.instruments.record(instrument, value, &[]);
        };
        gauge(&STEPS_ACTIVE, self.worker_stats.read().under_way as f64);
        gauge(&LAG, health.behind.as_secs_f64());
        gauge(&INBOX_DEPTH, health.messages as f64);
        gauge(&INBOX_PARKED, health.parked as f64);
        if !self.receivers.is_empty() {
            gauge(&OUTBOX_LAG, health.undelivered_for.as_secs_f64());
        }
        for account in self.account_names() {
            let failing = health
                .failing
                .iter()
                .find(|failing| failing.account == account);
            let since = self.since(failing.map(|failing| failing.since));
            let Ok(control) = self.control(account).await else {
                continue;
            };
            let flag = |is_set: bool| if is_set { 1.0 } else { 0.0 };
            for (instrument, value) in [
                (&FAILING, since.as_secs_f64()),
                (&PAUSED, flag(control.mode == AccountMode::Paused)),
                (&DRAINING, flag(control.mode == AccountMode::Draining)),
                (&CIRCUIT_OPEN, flag(control.open.is_some())),
            ] {
                self.metrics
                    .instruments
                    .record(instrument, value, &[(ACCOUNT, account.into())]);
            }
        }
        Ok(())
    }

    /// Returns the state of the queues and the failing accounts, beside the lag of the workers.
    pub(crate) async fn health(&self, behind: Duration) -> Result<Health> {
        let Backlog {
            messages,
            parked,
            oldest_event,
        } = self.store.backlog(!self.receivers.is_empty()).await?;
        let (mut failing, mut restricted) = (self.metrics.failing(), Vec::new());
        for account in self.account_names() {
            // One that cannot be read is on the operator's list.
            let control = match self.control(account).await {
                Err(FlowError::Damaged(_) | FlowError::Newer) => continue,
                control => control?,
            };
            if control.mode != AccountMode::Active {
                restricted.push(RestrictedAccount {
                    account: account.to_owned(),
                    mode: control.mode,
                    since: control.since,
                });
            }
            // Another program may have seen the outages.
            if let Some(open) = &control.open
                && !failing.iter().any(|failing| failing.account == account)
            {
                failing.push(FailingAccount {
                    account: account.to_owned(),
                    kind: open.kind.clone(),
                    since: open.since,
                });
            }
        }
        Ok(Health {
            behind,
            messages,
            parked,
            undelivered_for: self.since(oldest_event),
            failing,
            restricted,
        })
    }

    /// Returns the time since `at`; zero if it is in the future or `None`.
    fn since(&self, at: Option<Timestamp>) -> Duration {
        at.and_then(|at| Duration::try_from(self.now().duration_since(at)).ok())
            .unwrap_or_default()
    }
}

/// Returns whether an error is a failure of the vendor or the account, and not an answer about one
/// verification.
const fn is_failure(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unauthorized
            | ErrorKind::QuotaExhausted
            | ErrorKind::RateLimited
            | ErrorKind::Unavailable
            | ErrorKind::Malformed
    )
}
