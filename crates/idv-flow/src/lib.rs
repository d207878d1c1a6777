//! Runs verifications from creation to deletion, across crashes.
//!
//! A verification lives for days. Processes restart, callbacks get lost, come late, twice or forged, vendors go down, and the law says
//! how long data stay. A [`Engine`] sees to all of that over a [`Store`](store::Store):
//!
//! - **Intent before the call, outcome after.** What a crash leaves open is settled by what the vendor can: creating again under the
//!   same reference, searching, or waiting for a proven callback; else a person is told. Nobody is invited twice in silence.
//! - **An inbox.** [`Engine::receive`] proves a message, seals it, and has the answer ready; it is worked off afterwards, once.
//! - **Timers.** Each vendor is asked by its own [`Schedule`]; where it has a list, many flows cost one call.
//! - **Every step is [`Verification::next_step`](idv_core::Verification::next_step)**, so a flow decides nothing that the core does not.
//! - **Deletion is a job** with a [`Receipt`], a legal hold that refuses, and words for what must be done by hand.
//! - **An [audit trail](audit)** that nobody changes unnoticed.
//! - **What needs a person** is a [list](Engine::operator), with what they can do about each.
//!
//! Personal data are sealed by a [`Vault`]; without a key a flow says so whenever it is opened.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod audit;
mod config;
mod engine;
mod error;
mod id;
pub mod machine;
mod report;
mod reseal;
mod status;
pub mod store;
mod vault;
mod webhook;

pub use config::{FlowConfig, StoreAddress};
pub use engine::Engine;
pub use engine::builder::EngineBuilder;
pub use engine::events::{DeliveryError, HandlerError};
pub use engine::metrics::INSTRUMENTS;
pub use engine::operator::{OperatorCursor, OperatorPage, OperatorTask, TaskTarget};
pub use engine::workers::WorkerStats;
pub use engine::workers::delete::{CopyState, Receipt};
pub use engine::workers::spawned::Workers;
pub use error::{FlowError, Result};
pub use id::FlowId;
pub use machine::attention::Attention;
pub use machine::event::{Event, EventKind};
pub use machine::evidence::{EvidenceKinds, EvidencePolicy, KeptEvidence};
pub use machine::resolution::Resolution;
pub use machine::retention::{DataCopy, Retention, RetentionRule};
pub use machine::schedule::Schedule;
pub use status::{FailingAccount, FlowStatus, Health, StartRequest, StartResponse};
pub use store::EventCursor;
pub use vault::Vault;
pub use webhook::Webhook;

/// The README's examples, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
