//! The model behind the crate `idv`: verifications, capabilities, reports, errors and calls, and
//! the interface for adapters.
//!
//! Applications use the crate `idv`, which re-exports this one. Use `idv-core` directly for two
//! purposes:
//!
//! - to write an adapter for another vendor: see [`Provider`] and the module [`adapter`];
//! - to write a library that accepts a [`Client`] of any vendor, without a transport or a TLS
//!   stack.
//!
//! # The model
//!
//! An application holds a [`Client`] and does not depend on the vendor. An adapter implements
//! [`Provider`] and one trait for each [capability](Capability) of its vendor. Data flow in one
//! direction:
//!
//! 1. Every response, callback and return becomes an [`Observation`], with its [trust](Trust).
//! 2. [`Verification::apply`] folds observations into one state, independent of their order and
//!    repetition.
//! 3. [`Verification::next_step`] returns the next step, and [`Verification::decision`] the
//!    outcome.
//!
//! A [`Tracker`] makes the calls and runs this loop until the outcome and the final [`Report`] have
//! arrived. The crate itself performs no I/O: an [`Environment`] provides the transport, the clock
//! and random numbers.
//!
//! # Example
//!
//! The function below works with every vendor, and with every runtime. The example runs it with a
//! fictitious vendor in memory.
//!
//! ```
//! use idv_core::{Client, HandOff, NewVerification, Outcome, Report, Result, Tracker};
//! use idv_core::jiff::SignedDuration;
//!
//! /// Verifies a person and waits for the report.
//! async fn verify(client: Client) -> Result<(Option<Outcome>, Option<Report>)> {
//!     let request = NewVerification::builder(client.reference()) // store the reference before the call
//!         .given_names("Erika")
//!         .family_name("Mustermann")
//!         .birth_date("1964-08-12")
//!         .build()?;
//!     let created = client.create(&request).await?;
//!     if let HandOff::Redirect(url) = &created.hand_off {
//!         println!("send the person to {}", url.expose());
//!     }
//!     let until = client.now() + SignedDuration::from_hours(24);
//!     let mut tracker = Tracker::new(client, &created);
//!     tracker.run(until).await?;
//!     Ok((tracker.outcome(), tracker.report().cloned()))
//! }
//!
//! # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
//! # futures_executor::block_on(async {
//! let (outcome, report) = verify(vendor::client()).await?;
//! assert_eq!(outcome, Some(Outcome::Verified));
//! assert!(report.is_some());
//! # Ok::<(), idv_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Guarantees
//!
//! - **No verification is created twice.** Every error states whether the vendor may have acted:
//!   [`Error::effect`].
//! - **No decision without proof.** [`Trust::Proven`] needs a [`Proof`], which only this crate can
//!   create.
//! - **Nothing personal is printed.** Personal data are [`Pii`] and credentials are [`Secret`];
//!   both print a placeholder.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `xml` | no | an XML parser, for adapters of vendors that send XML |
//! | `schema` | no | JSON Schemas of the observation and the report |
//! | `opentelemetry` | no | metrics of calls, recorded to the application's meter provider |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapter;
pub mod call;
mod callback;
mod client;
mod date;
mod environment;
mod error;
mod evidence;
#[cfg(test)]
mod formats;
mod id;
mod info;
mod input;
pub mod metrics;
mod new;
mod observation;
pub mod pii;
mod provider;
pub mod report;
mod secret;
mod setters;
mod text;
mod tracker;
mod verification;

pub use call::CallContext;
pub use callback::{
    CallbackAuth, CallbackCheck, CallbackMessage, CallbackSpec, Delivery, DeliveryKind, Reply,
    SignatureAlgorithm, SignatureEncoding, SignatureScheme,
};
pub use client::Client;
pub use date::{PartialDate, time_in_zone, time_zone};
pub use environment::{
    Body, Chunks, Clock, Environment, OsRandom, Random, Sent, Transport, TransportCause,
    TransportError,
};
pub use error::{Effect, Error, ErrorKind, Operation, Result};
pub use evidence::{Download, Recorder, Sink};
pub use id::{EvidenceId, ProviderId, Reference, ResultHandle, Subject, VendorId, VerificationId};
pub use info::{Capability, CreateSafety, HandOffKind, ReportSource, Requirements, VendorInfo};
pub use input::{Input, NewVerificationBuilder};
pub use new::{
    Contact, CreateResponse, ExpectedDocument, HandOff, Locale, NewVerification, ReturnUrls,
    SessionUrl, SubmittedAddress, SubmittedPerson,
};
pub use observation::{
    Channel, Observation, Outcome, Proof, ProofKind, ResultState, Status, Trust,
};
pub use pii::Pii;
pub use provider::{
    Callbacks, Capabilities, DeleteOutcome, Deletion, EvidenceSource, ListFilter, ListQuery,
    Listing, Lookup, Page, Polling, Provider, Results,
};
pub use report::Report;
pub use secret::Secret;
pub use text::Text;
pub use tracker::{Progress, Tracker, TrackerInbox, TrackerState};
pub use verification::{Decision, ReportFinality, Step, Transition, Verification};

// Public dependencies: their types appear in signatures.
pub use {bytes, http, jiff, serde_json, url};

pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use jiff::Timestamp;
pub use url::Url;

/// Compiles the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
