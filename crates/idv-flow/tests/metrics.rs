//! Metrics and spans: every instrument is recorded as described, and none carries personal data.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use idv_core::metrics::{Instrument, InstrumentKind};
use idv_core::*;
use idv_flow::{Engine, Retention, RetentionRule, Webhook};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use support::*;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// The meter provider is global to the program, and tracing caches for all threads whether a span
/// is enabled.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A series of measurements: the value of a counter or a gauge, or the count of a histogram.
#[derive(Debug, Clone)]
struct Series {
    name: String,
    unit: String,
    kind: InstrumentKind,
    attributes: BTreeMap<String, String>,
    value: f64,
}

/// Keeps the series of the last export.
#[derive(Debug, Clone, Default)]
struct Exported(Arc<Mutex<Vec<Series>>>);

impl Exported {
    fn all(&self) -> Vec<Series> {
        self.0.lock().unwrap().clone()
    }

    /// Returns the sum of the series of an instrument that have these attributes.
    fn sum(&self, name: &str, attributes: &[(&str, &str)]) -> f64 {
        let has = |series: &Series| {
            attributes
                .iter()
                .all(|(key, value)| series.attributes.get(*key).is_some_and(|is| is == value))
        };
        self.all()
            .iter()
            .filter(|series| series.name == name && has(series))
            .map(|series| series.value)
            .sum()
    }
}

impl PushMetricExporter for Exported {
    fn export(&self, metrics: &ResourceMetrics) -> impl Future<Output = OTelSdkResult> + Send {
        let metrics = metrics.scope_metrics().flat_map(ScopeMetrics::metrics);
        *self.0.lock().unwrap() = metrics.flat_map(series).collect();
        async { Ok(()) }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

fn series(metric: &Metric) -> Vec<Series> {
    let values = match metric.data() {
        AggregatedMetrics::F64(data) => values(data, |value| value),
        AggregatedMetrics::U64(data) => values(data, |value| value as f64),
        AggregatedMetrics::I64(data) => values(data, |value| value as f64),
    };
    let series = |(kind, attributes, value)| {
        let (name, unit) = (metric.name().to_owned(), metric.unit().to_owned());
        Series {
            name,
            unit,
            kind,
            attributes,
            value,
        }
    };
    values.into_iter().map(series).collect()
}

fn values<T: Copy>(
    data: &MetricData<T>,
    number: fn(T) -> f64,
) -> Vec<(InstrumentKind, BTreeMap<String, String>, f64)> {
    let attributes =
        |pairs: &mut dyn Iterator<Item = &opentelemetry::KeyValue>| -> BTreeMap<String, String> {
            pairs
                .map(|pair| (pair.key.to_string(), pair.value.to_string()))
                .collect()
        };
    match data {
        MetricData::Gauge(gauge) => gauge
            .data_points()
            .map(|point| {
                (
                    InstrumentKind::Gauge,
                    attributes(&mut point.attributes()),
                    number(point.value()),
                )
            })
            .collect(),
        MetricData::Sum(sum) => sum
            .data_points()
            .map(|point| {
                (
                    InstrumentKind::Counter,
                    attributes(&mut point.attributes()),
                    number(point.value()),
                )
            })
            .collect(),
        MetricData::Histogram(histogram) => histogram
            .data_points()
            .map(|point| {
                (
                    InstrumentKind::Histogram,
                    attributes(&mut point.attributes()),
                    point.count() as f64,
                )
            })
            .collect(),
        MetricData::ExponentialHistogram(_) => Vec::new(),
    }
}

/// An endpoint that refuses every request.
#[derive(Debug)]
struct Closed;

#[async_trait]
impl Transport for Closed {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Body>, TransportError> {
        Err(TransportError::new(Sent::No, TransportCause::Refused))
    }
}

async fn engine(bench: &Bench) -> Engine {
    let webhook = Webhook::new(
        "https://bank.example/",
        &"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(),
    )
    .unwrap();
    bench
        .open(bench.builder().webhook(webhook, Arc::new(Closed)))
        .await
}

fn instruments() -> impl Iterator<Item = &'static Instrument> {
    metrics::INSTRUMENTS.iter().chain(idv_flow::INSTRUMENTS)
}

#[tokio::test]
async fn every_instrument_is_recorded_as_described() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let exported = Exported::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exported.clone())
        .build();
    opentelemetry::global::set_meter_provider(provider.clone());
    let bench = Bench::new(Kind::default());
    let engine = engine(&bench).await;

    let (id, reference) = start(&engine).await;
    // While a poll hangs, the flow changes and its lease expires.
    bench.vendor.next("poll", Fate::HangBefore);
    bench.clock.advance(HOUR);
    let meanwhile = async {
        while bench.vendor.calls("poll") == 0 {
            tokio::task::yield_now().await;
        }
        engine
            .retain(
                id,
                Retention::new(RetentionRule::after(DAY), RetentionRule::until_asked()),
                "test",
            )
            .await
            .unwrap();
        bench.clock.advance(HOUR);
    };
    let (ran, ()) = tokio::join!(engine.run_due(), meanwhile);
    ran.unwrap();
    engine
        .receive("example", &message(&reference, None, "passed"))
        .await
        .unwrap();
    engine
        .receive(
            "example",
            &said(&reference, None, "passed", "another-secret-than-ours"),
        )
        .await
        .unwrap();
    engine
        .receive("example", &delivery("not JSON", SECRET))
        .await
        .unwrap();
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&engine, HOUR).await;
    bench.vendor.next("create", Fate::Status(503));
    start(&engine).await;
    // Only `run` records the gauges.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stopping = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        stop.send(()).unwrap();
    };
    tokio::join!(engine.run(2, async { stopped.await.unwrap() }), stopping);
    provider.force_flush().unwrap();

    for instrument in instruments() {
        let name = instrument.name;
        let of: Vec<Series> = exported
            .all()
            .into_iter()
            .filter(|series| series.name == name)
            .collect();
        assert!(!of.is_empty(), "{name} is not recorded");
        for series in &of {
            assert_eq!(
                (series.unit.as_str(), series.kind),
                (instrument.unit, instrument.kind),
                "{name}"
            );
            for (key, value) in &series.attributes {
                assert!(
                    instrument.attributes.contains(&key.as_str()),
                    "{name}: {key}"
                );
                let is_of_a_person =
                    value.contains(reference.as_str()) || value.contains(&id.to_string());
                assert!(!is_of_a_person, "{name}: {key}={value}");
            }
        }
    }
    let all = exported.all();
    assert!(
        all.iter()
            .all(|series| instruments().any(|instrument| instrument.name == series.name)),
        "{all:?}"
    );

    let (at_vendor, of_account) = (("idv.provider", "example"), ("idv.account", "example"));
    for (name, attributes, expected) in [
        ("idv.flow.conflicts", &[of_account][..], 1.0),
        (
            "idv.flow.leases.lost",
            &[of_account, ("idv.operation", "poll")],
            1.0,
        ),
        (
            "idv.flow.events",
            &[
                of_account,
                ("idv.event", "settled"),
                ("idv.outcome", "verified"),
            ],
            1.0,
        ),
        (
            "idv.flow.messages.received",
            &[of_account, ("error.type", "forged")],
            1.0,
        ),
        ("idv.flow.messages.received", &[of_account], 3.0),
        ("idv.flow.inbox.parked", &[], 1.0),
        (
            "idv.client.operation.duration",
            &[
                at_vendor,
                ("idv.operation", "create"),
                ("error.type", "unavailable"),
            ],
            1.0,
        ),
        (
            "http.client.request.duration",
            &[("error.type", "timeout"), ("http.request.method", "GET")],
            1.0,
        ),
        (
            "http.client.request.duration",
            &[("error.type", "503"), ("http.response.status_code", "503")],
            1.0,
        ),
    ] {
        assert_eq!(
            exported.sum(name, attributes),
            expected,
            "{name} {attributes:?}: {all:#?}"
        );
    }
    for (name, attributes) in [
        (
            "idv.flow.step.duration",
            &[of_account, ("idv.operation", "poll")][..],
        ),
        ("idv.flow.step.duration", &[("idv.operation", "audit")]),
        (
            "idv.flow.delivery.duration",
            &[("idv.event", "created"), ("error.type", "not_taken")],
        ),
        ("idv.flow.retries", &[("idv.operation", "delivery")]),
        ("idv.flow.outbox.lag", &[]),
    ] {
        assert!(
            exported.sum(name, attributes) > 0.0,
            "{name} {attributes:?}: {all:#?}"
        );
    }
}

/// Collects the names and fields of spans, as text.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

struct Fields<'a>(&'a mut String);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write as _;
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for Spans {
    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: Context<'_, S>,
    ) {
        let mut text = attributes.metadata().name().to_owned();
        attributes.record(&mut Fields(&mut text));
        self.0.lock().unwrap().push(text);
    }

    fn on_record(
        &self,
        _: &tracing::span::Id,
        values: &tracing::span::Record<'_>,
        _: Context<'_, S>,
    ) {
        let mut text = "later".to_owned();
        values.record(&mut Fields(&mut text));
        self.0.lock().unwrap().push(text);
    }
}

#[tokio::test]
async fn spans_name_operation_and_flow() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let spans = Spans::default();
    let _guard =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
    let bench = Bench::new(Kind::default());
    let engine = engine(&bench).await;
    let (id, reference) = start(&engine).await;
    bench.vendor.next("poll", Fate::Status(500));
    bench.pass(&engine, HOUR).await;
    let spans = spans.0.lock().unwrap().clone();
    for expected in [
        format!(r#"idv.flow.step otel.name="poll" operation="poll" account="example" flow={id}"#),
        format!(r#"idv.flow.delivery flow={id} sequence=1 event="created""#),
        r#"idv.http otel.name="GET" otel.kind="client" http.request.method="GET" server.address="vendor.example" server.port=443"#
            .to_owned(),
        "later http.response.status_code=500".to_owned(),
        r#"later error.type="500""#.to_owned(),
    ] {
        assert!(spans.contains(&expected), "{expected}: {spans:#?}");
    }
    for text in &spans {
        assert!(
            !text.contains(reference.as_str())
                && !text.contains("Mustermann")
                && !text.contains("v1"),
            "{text}"
        );
    }
}
