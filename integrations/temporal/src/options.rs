//! The settings of a host.

use std::time::Duration;

/// The settings of a [`Host`](crate::Host).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostOptions {
    /// The namespace of the server. Default: `default`.
    pub namespace: String,
    /// The task queue of the workflows, and the first part of the names of the accounts' task
    /// queues. It is also the first part of the workflows' ids. Default: `idv`.
    pub task_queue: String,
    /// The silence after which a worker counts as crashed. Default: 30 seconds.
    pub heartbeat: Duration,
    /// The interval between rounds of the housekeeping, and between looks whether a list is due.
    /// Default: 10 seconds.
    pub round: Duration,
    /// How late a step must be for the housekeeping to signal its workflow. Default: 1 minute.
    pub stalled_after: Duration,
    /// The number of events after which the history of a workflow continues in a new run. Default:
    /// 1,000.
    pub history_events: u32,
    /// Whether the namespace has the [search attributes](crate::SEARCH_ATTRIBUTES). Default: true.
    pub search_attributes: bool,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            namespace: "default".to_owned(),
            task_queue: "idv".to_owned(),
            heartbeat: Duration::from_secs(30),
            round: Duration::from_secs(10),
            stalled_after: Duration::from_secs(60),
            history_events: 1_000,
            search_attributes: true,
        }
    }
}

impl HostOptions {
    /// Returns the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    idv_core::setters! {
        heartbeat: Duration,
        round: Duration,
        stalled_after: Duration,
        history_events: u32,
        search_attributes: bool,
    }

    /// Sets the namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets the task queue.
    #[must_use]
    pub fn task_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.task_queue = task_queue.into();
        self
    }
}
