//! The span and the metrics of one request, by OpenTelemetry's conventions for HTTP clients.
//!
//! Neither includes the path or the query, which may contain a reference, a session URL or a
//! secret.

use std::time::Duration;

use http::{Method, Request, StatusCode, Uri};
use tracing::field::Empty;

use crate::environment::TransportCause;
use crate::metrics::{AttributeValue, Instruments, REQUEST_DURATION};

/// The method and URI of a request.
pub(super) struct Target {
    method: Method,
    uri: Uri,
}

/// The result of a request.
pub(super) enum Ended {
    Answered(StatusCode),
    NotAnswered(TransportCause),
    /// The response was too long.
    GivenUp,
}

impl Target {
    pub(super) fn of<T>(request: &Request<T>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
        }
    }

    fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    fn port(&self) -> u16 {
        self.uri
            .port_u16()
            .unwrap_or(if self.uri.scheme_str() == Some("http") {
                80
            } else {
                443
            })
    }

    /// Returns the span of attempt `number`, starting at 1.
    pub(super) fn span(&self, number: u32) -> tracing::Span {
        tracing::debug_span!(
            "idv.http",
            otel.name = self.method.as_str(),
            otel.kind = "client",
            http.request.method = self.method.as_str(),
            http.request.resend_count = (number > 1).then(|| number - 1),
            server.address = self.host(),
            server.port = self.port(),
            http.response.status_code = Empty,
            error.type = Empty,
        )
    }

    /// Completes the span and records the duration.
    pub(super) fn end(
        &self,
        span: &tracing::Span,
        instruments: &Instruments,
        (provider, operation): (&str, &'static str),
        took: Duration,
        ended: &Ended,
    ) {
        let status = match ended {
            Ended::Answered(status) => Some(status.as_u16()),
            Ended::NotAnswered(_) | Ended::GivenUp => None,
        };
        let error = match ended {
            Ended::Answered(status) if status.is_client_error() || status.is_server_error() => {
                Some(status.as_str())
            }
            Ended::Answered(_) => None,
            Ended::NotAnswered(cause) => Some(name(*cause)),
            Ended::GivenUp => Some("limit_exceeded"),
        };
        if let Some(status) = status {
            span.record("http.response.status_code", status);
        }
        if let Some(error) = error {
            span.record("error.type", error);
        }
        let attributes: [(&'static str, AttributeValue<'_>); 7] = [
            ("http.request.method", self.method.as_str().into()),
            ("server.address", self.host().into()),
            ("server.port", self.port().into()),
            ("http.response.status_code", status.into()),
            ("error.type", error.into()),
            ("idv.provider", provider.into()),
            ("idv.operation", operation.into()),
        ];
        instruments.record(&REQUEST_DURATION, took.as_secs_f64(), &attributes);
    }
}

const fn name(cause: TransportCause) -> &'static str {
    match cause {
        TransportCause::Dns => "dns",
        TransportCause::Refused => "refused",
        TransportCause::Unreachable => "unreachable",
        TransportCause::Certificate => "certificate",
        TransportCause::Tls => "tls",
        TransportCause::Connect => "connect",
        TransportCause::Timeout => "timeout",
        TransportCause::Reset => "reset",
        TransportCause::Interrupted => "interrupted",
        TransportCause::Request => "request",
    }
}
