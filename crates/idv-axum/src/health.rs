//! The routes of monitoring.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use idv_flow::Engine;

use crate::options::Options;
use crate::{NOT_CACHED, in_time};

/// The time limit of the store for a health check; monitors repeat theirs every few seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// The state of the health routes.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    pub(crate) flow: Engine,
    pub(crate) options: Options,
}

/// Checks whether the workers keep up.
pub(crate) async fn work(State(watched): State<Watched>) -> Response {
    match in_time(PATIENCE, watched.flow.health()).await {
        Some(health) if health.behind > watched.options.max_lag => {
            unwell("behind", Some(health.behind))
        }
        Some(health) => well(Some(health.behind)),
        None => unwell("unavailable", None),
    }
}

/// Checks whether messages can be stored.
pub(crate) async fn ready(State(watched): State<Watched>) -> Response {
    match in_time(PATIENCE, watched.flow.health()).await {
        Some(_) => well(None),
        None => unwell("unavailable", None),
    }
}

/// Answers as long as the program runs.
pub(crate) async fn live() -> Response {
    well(None)
}

fn well(behind: Option<Duration>) -> Response {
    tell(StatusCode::OK, "ok", behind)
}

fn unwell(word: &str, behind: Option<Duration>) -> Response {
    tell(StatusCode::SERVICE_UNAVAILABLE, word, behind)
}

fn tell(status: StatusCode, word: &str, behind: Option<Duration>) -> Response {
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    let behind = behind.map_or_else(String::new, |behind| {
        format!(",\"behind_seconds\":{}", behind.as_secs())
    });
    (
        status,
        [NOT_CACHED, (header::CONTENT_TYPE, JSON)],
        format!("{{\"status\":\"{word}\"{behind}}}"),
    )
        .into_response()
}
