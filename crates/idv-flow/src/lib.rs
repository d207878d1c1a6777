//! Durable identity verifications: creates, follows, stores and deletes them across crashes and
//! outages.
//!
//! A verification takes minutes to weeks. Meanwhile processes restart, callbacks are lost, late,
//! repeated or forged, vendors fail, and the law sets how long personal data is kept. An
//! [`Engine`], backed by a [`Store`](store::Store), handles all of this:
//!
//! - **Intent before the call, answer after it.** The engine commits the intent to create a
//!   verification before it sends the request. If a crash loses the answer, the engine repeats the
//!   request under the same reference, searches for the verification or waits for an authenticated
//!   callback, depending on the vendor. If none of these is possible, an operator decides. No
//!   person is invited twice unnoticed.
//! - **An inbox.** [`Engine::receive`] authenticates a callback, and applies it to its flow or
//!   stores it sealed before it replies. Each callback is processed once.
//! - **Timers.** The engine polls each vendor on its own [`Schedule`]. If the vendor has a list,
//!   one call covers many flows.
//! - **One set of rules.** Each step comes from
//!   [`Verification::next_step`](idv_core::Verification::next_step), the same as without an engine.
//! - **An outbox.** The application receives each [`Event`] at least once, as a
//!   [stream](Engine::events), by a [handler](EngineBuilder::on_change) or by a signed [`Webhook`].
//! - **Deletion as a job**, with a [`Receipt`], retention rules and legal holds.
//! - **An [audit trail](audit)** that reveals later changes.
//! - **Tasks for an operator**, each with its options: see [`Engine::operator`].
//!
//! A [`Vault`] seals personal data. Without a key, the engine logs a warning whenever it opens.
//!
//! # When to use it
//!
//! Use this crate if verifications must survive a restart of the application. If the application
//! keeps the state of a verification itself, [`idv_core::Tracker`] is the same loop without a
//! store. A workflow engine can schedule the steps instead of [`Engine::run`], by
//! [`Engine::plan`] and [`Engine::carry_out`]: `idv-temporal` does so for Temporal.
//!
//! # Example
//!
//! The example runs against a scripted vendor and a manual clock. An application gets its client
//! from the configuration, opens a persistent store and lets [`Engine::run`] process the flows.
//!
//! ```
//! # use idv_core::{Reference, Secret};
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = ScriptedTransport::new();
//! # let clock = ManualClock::new("2014-06-02T05:00:00Z".parse()?);
//! # transport.then_json(201, r#"{"id":"IBA-H5FD8"}"#);
//! # transport.then_json(200, r#"{"authToken":"7eb579f6-51b9-4a61-a32b-8bce0f84c6fa"}"#);
//! # transport.then_json(200, r#"{"identificationprocess":{"result":"SUCCESS","id":"IBA-H5FD8",
//! #   "transactionnumber":"6f1c2a9e1c1f4a6b9a520c2d6a1f7e11",
//! #   "identificationtime":"2014-06-02T05:03:54Z"}}"#);
//! # let environment = environment(&transport, &clock);
//! # let key = Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2));
//! # let reference = Reference::parse("6f1c2a9e1c1f4a6b9a520c2d6a1f7e11")?;
//! use std::time::Duration;
//! use idv_core::{Client, HandOff, NewVerification, call::CallPolicy};
//! use idv_flow::{Engine, Schedule, Vault, store::MemoryStore};
//! use idv_idnow::{DataCentre, Idnow, IdnowConfig};
//!
//! let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
//! let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
//! let schedule = Schedule::of(client.info()).interval(Duration::from_secs(60)).sweep(None);
//! let engine = Engine::builder(MemoryStore::new())
//!     .client(client)
//!     .schedule("idnow", schedule)
//!     .vault(Vault::new(&key)?)
//!     .open()
//!     .await?;
//!
//! // `reference` is the result of `engine.reference()`, stored with the application's order.
//! let started = engine.start(NewVerification::new(reference)).await?;
//! assert!(matches!(started.hand_off, Some(HandOff::Redirect(_))));
//!
//! // The person follows the link. Ten minutes later a worker polls the vendor.
//! clock.advance(Duration::from_secs(600));
//! engine.run_due().await?;
//! assert!(engine.status(started.id).await?.is_verified());
//! assert!(engine.report(started.id).await?.is_some());
//! # Ok(())
//! # }
//! ```

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

pub use config::{AccountSettings, AccountTable, FlowConfig, StoreAddress};
pub use engine::Engine;
pub use engine::accounts::control::{AccountChange, AccountMode};
pub use engine::accounts::limits::{AccountLimits, CircuitBreaker, RateLimit};
pub use engine::accounts::status::{AccountStatus, CircuitStatus};
pub use engine::builder::EngineBuilder;
pub use engine::events::{DeliveryError, HandlerError};
pub use engine::hosting::{FlowObserver, FlowPlan};
pub use engine::metrics::INSTRUMENTS;
pub use engine::operator::{OperatorCursor, OperatorPage, OperatorTask, TaskTarget};
pub use engine::workers::WorkerStats;
pub use engine::workers::delete::{CopyState, Receipt};
pub use engine::workers::spawned::Workers;
pub use error::{FlowError, Result};
pub use id::FlowId;
pub use machine::attention::Attention;
pub use machine::event::{Event, EventKind};
pub use machine::evidence::{EvidenceKinds, EvidencePolicy, FailedEvidence, KeptEvidence};
pub use machine::resolution::{FlowDecision, Resolution};
pub use machine::retention::{DataCopy, Retention, RetentionRule};
pub use machine::schedule::Schedule;
pub use status::{
    FailingAccount, FlowStatus, Health, RestrictedAccount, StartRequest, StartResponse,
};
pub use store::EventCursor;
pub use vault::{DataKey, FileKeys, KeyError, KeyProvider, LocalKeys, Vault, WrappedKey};
pub use webhook::Webhook;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
