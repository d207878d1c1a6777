//! Runs verifications from creation to deletion, across crashes.
//!
//! A verification lives for days. Processes restart, callbacks get lost, come late, twice or forged, vendors go down, and the law says
//! how long data stay. A [`Flow`] sees to all of that over a [`Store`](store::Store):
//!
//! - **Intent before the call, outcome after.** What a crash leaves open is settled by what the vendor can: creating again under the
//!   same reference, searching, or waiting for a proven callback; else a person is told. Nobody is invited twice in silence.
//! - **An inbox.** [`Flow::receive`] proves a message, seals it, and has the answer ready; it is worked off afterwards, once.
//! - **Timers.** Each vendor is asked by its own [`Schedule`]; where it has a list, many flows cost one call.
//! - **Every step is [`Verification::next_step`](idv_core::Verification::next_step)**, so a flow decides nothing that the core does not.
//! - **Deletion is a job** with a [`Receipt`], a legal hold that refuses, and words for what must be done by hand.
//! - **An [audit trail](audit)** that nobody changes unnoticed.
//! - **What needs a person** is a [list](Flow::operator), with what they can do about each.
//!
//! Personal data are sealed by a [`Vault`]; without a key a flow says so whenever it is opened.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod ask;
mod attention;
pub mod audit;
mod builder;
mod case;
mod config;
mod create;
mod deletion;
mod error;
mod flow;
mod id;
mod inbox;
mod inner;
mod ledger;
mod operator;
mod plan;
mod report;
mod reseal;
mod retention;
mod runner;
mod schedule;
mod status;
pub mod store;
mod trail;
mod vault;
mod verify;

pub use attention::Attention;
pub use builder::FlowBuilder;
pub use config::{FlowConfig, StoreAddress};
pub use deletion::{CopyState, Receipt};
pub use error::{FlowError, Result};
pub use flow::Flow;
pub use id::FlowId;
pub use operator::{About, Item, Resolution};
pub use retention::{DataCopy, Keep, Retention};
pub use runner::Tally;
pub use schedule::Schedule;
pub use status::{FlowStatus, Health, Start, Started};
pub use vault::Vault;

/// The README's examples, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
