//! The health routes.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use idv_flow::Engine;

use crate::options::Options;
use crate::{NOT_CACHED, in_time};

/// The time limit for the store in a health check; monitoring repeats it every few seconds.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// The state of the health routes.
#[derive(Debug, Clone)]
pub(crate) struct HealthState {
    pub(crate) flow: Engine,
    pub(crate) options: Options,
}

/// Checks whether the workers keep up.
pub(crate) async fn work(State(state): State<HealthState>) -> Response {
    match in_time(TIME_LIMIT, state.flow.health()).await {
        Some(health) if health.behind > state.options.max_lag => {
            unhealthy("behind", Some(health.behind))
        }
        Some(health) => healthy(Some(health.behind)),
        None => unhealthy("unavailable", None),
    }
}

/// Checks whether messages can be stored.
pub(crate) async fn ready(State(state): State<HealthState>) -> Response {
    match in_time(TIME_LIMIT, state.flow.health()).await {
        Some(_) => healthy(None),
        None => unhealthy("unavailable", None),
    }
}

/// Answers as long as the program runs.
pub(crate) async fn live() -> Response {
    healthy(None)
}

fn healthy(behind: Option<Duration>) -> Response {
    respond(StatusCode::OK, "ok", behind)
}

fn unhealthy(status_word: &str, behind: Option<Duration>) -> Response {
    respond(StatusCode::SERVICE_UNAVAILABLE, status_word, behind)
}

fn respond(status: StatusCode, status_word: &str, behind: Option<Duration>) -> Response {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    let behind = behind.map_or_else(String::new, |behind| {
        format!(",\"behind_seconds\":{}", behind.as_secs())
    });
    (
        status,
        [NOT_CACHED, (header::CONTENT_TYPE, JSON)],
        format!("{{\"status\":\"{status_word}\"{behind}}}"),
    )
        .into_response()
}
