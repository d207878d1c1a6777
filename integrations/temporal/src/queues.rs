//! The task queues of activities, their timeouts and their retries.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use temporalio_client::RetryPolicy;
use temporalio_sdk::ActivityOptions;

/// The longest wait between two attempts of an activity.
pub(crate) const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// The settings that the workflow needs. They are part of the history, so that replays are
/// deterministic after a change of the configuration.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Settings {
    /// The longest time of a step.
    pub(crate) step_ms: u64,
    /// The longest silence of a worker.
    pub(crate) heartbeat_ms: u64,
    /// The number of history events after which the workflow continues as a new run.
    pub(crate) history_events: u32,
    /// Whether the namespace has the search attributes.
    pub(crate) search_attributes: bool,
}

/// The task queue of an activity.
#[derive(Clone, Copy)]
pub(crate) enum Queue<'a> {
    Main,
    Account(&'a str),
}

pub(crate) fn activity_options(
    main: &str,
    queue: Queue<'_>,
    settings: Settings,
    attempts: u32,
) -> ActivityOptions {
    let task_queue = match queue {
        Queue::Main => main.to_owned(),
        Queue::Account(account) => account_queue(main, account),
    };
    let retry = RetryPolicy::builder()
        .maximum_interval(LONGEST_BACKOFF)
        .maximum_attempts(attempts)
        .build();
    ActivityOptions::with_start_to_close_timeout(Duration::from_millis(settings.step_ms))
        .heartbeat_timeout(Duration::from_millis(settings.heartbeat_ms))
        .task_queue(task_queue)
        .retry_policy(retry)
        .build()
}

/// Returns the task queue of an account's calls.
pub(crate) fn account_queue(main: &str, account: &str) -> String {
    format!("{main}.{account}")
}
