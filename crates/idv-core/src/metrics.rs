//! Metrics by the semantic conventions of OpenTelemetry.
//!
//! With the feature `opentelemetry`, clients record to the global meter provider, which the
//! application sets with `opentelemetry::global::set_meter_provider` before it creates them.
//! Without the feature, or without a provider, nothing is recorded. No attribute contains personal
//! data.

use std::fmt;

/// An instrument: the measured quantity and its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instrument {
    /// The name, such as `idv.client.operation.duration`.
    pub name: &'static str,
    /// The kind.
    pub kind: InstrumentKind,
    /// The unit by UCUM: `s`, or the counted objects in braces.
    pub unit: &'static str,
    /// The description of the measurement, in one sentence.
    pub description: &'static str,
    /// The attributes that a measurement may have.
    pub attributes: &'static [&'static str],
}

impl Instrument {
    /// Creates a description of an instrument.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: InstrumentKind,
        unit: &'static str,
        description: &'static str,
        attributes: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            kind,
            unit,
            description,
            attributes,
        }
    }
}

/// The kind of an instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstrumentKind {
    /// A whole number that only grows.
    Counter,
    /// A value that rises and falls.
    Gauge,
    /// A distribution.
    Histogram,
}

/// The instruments of a [`Client`](crate::Client).
pub const INSTRUMENTS: &[Instrument] = &[OPERATION_DURATION, REQUEST_DURATION];

pub(crate) const OPERATION_DURATION: Instrument = Instrument::new(
    "idv.client.operation.duration",
    InstrumentKind::Histogram,
    "s",
    "Duration of an operation at a vendor, with its retries and waits.",
    &["idv.provider", "idv.operation", "error.type"],
);
pub(crate) const REQUEST_DURATION: Instrument = Instrument::new(
    "http.client.request.duration",
    InstrumentKind::Histogram,
    "s",
    "Duration of HTTP client requests.",
    &[
        "http.request.method",
        "server.address",
        "server.port",
        "http.response.status_code",
        "error.type",
        "idv.provider",
        "idv.operation",
    ],
);

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttributeValue<'a> {
    /// The attribute is omitted.
    Missing,
    /// A string without personal data.
    Text(&'a str),
    /// A whole number.
    Number(i64),
}

impl<'a> From<&'a str> for AttributeValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u16> for AttributeValue<'_> {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl<'a, T: Into<Self>> From<Option<T>> for AttributeValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

/// A set of instruments that record measurements.
pub struct Instruments {
    #[cfg(feature = "opentelemetry")]
    built: Vec<(&'static str, Built)>,
}

#[cfg(not(feature = "opentelemetry"))]
impl Instruments {
    /// Whether the feature `opentelemetry` is on.
    pub const ARE_RECORDING: bool = false;

    /// Creates the instruments in the scope of a crate.
    #[must_use]
    pub const fn new(_scope: &'static str, _instruments: &'static [Instrument]) -> Self {
        Self {}
    }

    /// Records a value; for a counter, the increment.
    ///
    /// Missing attributes are omitted.
    #[inline]
    pub const fn record(
        &self,
        _instrument: &Instrument,
        _value: f64,
        _attributes: &[(&'static str, AttributeValue<'_>)],
    ) {
    }
}

#[cfg(feature = "opentelemetry")]
enum Built {
    Counter(opentelemetry::metrics::Counter<u64>),
    Gauge(opentelemetry::metrics::Gauge<f64>),
    Histogram(opentelemetry::metrics::Histogram<f64>),
}

#[cfg(feature = "opentelemetry")]
impl Instruments {
    /// Whether the feature `opentelemetry` is on.
    pub const ARE_RECORDING: bool = true;

    /// Creates the instruments in the scope of a crate.
    #[must_use]
    pub fn new(scope: &'static str, instruments: &'static [Instrument]) -> Self {
        /// Buckets in seconds: those that the conventions recommend for requests, and longer ones
        /// for operations with retries.
        const BUCKETS: [f64; 17] = [
            0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0,
            60.0, 120.0,
        ];
        let scope = opentelemetry::InstrumentationScope::builder(scope)
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let meter = opentelemetry::global::meter_with_scope(scope);
        let build = |instrument: &Instrument| {
            let Instrument {
                name,
                unit,
                description,
                ..
            } = *instrument;
            let built = match instrument.kind {
                InstrumentKind::Counter => Built::Counter(
                    meter
                        .u64_counter(name)
                        .with_unit(unit)
                        .with_description(description)
                        .build(),
                ),
                InstrumentKind::Gauge => Built::Gauge(
                    meter
                        .f64_gauge(name)
                        .with_unit(unit)
                        .with_description(description)
                        .build(),
                ),
                InstrumentKind::Histogram => {
                    let histogram = meter
                        .f64_histogram(name)
                        .with_unit(unit)
                        .with_description(description);
                    Built::Histogram(histogram.with_boundaries(BUCKETS.to_vec()).build())
                }
            };
            (name, built)
        };
        Self {
            built: instruments.iter().map(build).collect(),
        }
    }

    /// Records a value; for a counter, the increment.
    ///
    /// Missing attributes are omitted.
    pub fn record(
        &self,
        instrument: &Instrument,
        value: f64,
        attributes: &[(&'static str, AttributeValue<'_>)],
    ) {
        use opentelemetry::KeyValue;

        let Some((_, built)) = self.built.iter().find(|(name, _)| *name == instrument.name) else {
            return;
        };
        let pair = |(key, value): &(&'static str, AttributeValue<'_>)| match value {
            AttributeValue::Missing => None,
            AttributeValue::Text(text) => Some(KeyValue::new(*key, (*text).to_owned())),
            AttributeValue::Number(number) => Some(KeyValue::new(*key, *number)),
        };
        let attributes: Vec<KeyValue> = attributes.iter().filter_map(pair).collect();
        match built {
            // The cast saturates.
            Built::Counter(counter) => counter.add(value as u64, &attributes),
            Built::Gauge(gauge) => gauge.record(value, &attributes),
            Built::Histogram(histogram) => histogram.record(value, &attributes),
        }
    }
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Instruments")
    }
}
