//! The model that every identity-verification vendor is normalized to: traits, facts and their fold, reports, errors and calls.
//!
//! An application holds a [`Client`] and never sees a vendor. An adapter implements [`Provider`] and, for each thing its
//! vendor can do, one trait. What a vendor says becomes an [`Observation`]; observations are folded by
//! [`Verification::apply`] into one state, whatever their order and however often they are repeated; and
//! [`Verification::next_step`] says what to do now. Data flows one way: wire → observation → fold → decision.
//!
//! Nothing here does input or output: transport, time and randomness are handed in as an [`Environment`].
//!
//! # The rules this crate enforces
//!
//! - **Nobody is created twice by accident.** An error says whether the vendor may have acted: [`Error::effect`].
//! - **Nothing unproven decides.** [`Trust::Proven`] needs a [`Proof`], and only this crate makes one.
//! - **Nothing personal is printed.** A person's data is [`Pii`], a credential is [`Secret`]; both print a placeholder.

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

// Public dependencies: their types are in signatures.
pub use {bytes, http, jiff, serde_json, url};

pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use jiff::Timestamp;
pub use url::Url;

/// The README's examples, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
