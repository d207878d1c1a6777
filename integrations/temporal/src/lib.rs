//! Runs identity verifications as workflows of Temporal.
//!
//! The flows are those of [`idv_flow`]: the same state machine plans each step, the same code calls
//! the vendors, and the same [store](idv_flow::store::Store) keeps states, reports, evidence, events
//! and the audit trail. A workflow schedules the steps instead of [`Engine::run`](idv_flow::Engine::run):
//! it keeps timers, queues and retries, on any number of workers.
//!
//! - A [`Host`] is an engine that is bound to a server. It [starts](Host::start) flows and records
//!   [decisions](Host::resolve).
//! - [`Host::run`] carries out workflows and steps.
//! - Callbacks arrive as before: `idv-axum`'s routes serve [`Host::engine`]. A callback is
//!   authenticated and stored before it is answered, and signals the workflow afterwards.
//!
//! Payloads hold ids and plans, no personal data, and are sealed by the vault's keys nevertheless.

#![forbid(unsafe_code)]

mod activities;
mod codec;
mod error;
mod host;
mod options;
mod queues;
mod replay;
mod rounds;
mod signals;
mod worker;
mod workflow;

pub use codec::SealingCodec;
pub use error::{HostError, Result};
pub use host::Host;
pub use options::HostOptions;
pub use temporalio_client;
pub use temporalio_common;
pub use temporalio_common::worker::{WorkerDeploymentOptions, WorkerDeploymentVersion};
pub use worker::{QueueLimits, WorkerSettings};

/// The search attributes that a namespace needs, each of the type `Keyword`: the provider's id, the
/// phase and the outcome.
pub const SEARCH_ATTRIBUTES: [&str; 3] = [workflow::PROVIDER, workflow::PHASE, workflow::OUTCOME];
