//! Identity.TM end to end: the adapter against the sandbox over HTTP, each written from the
//! vendor's document alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod create;
mod crypt;
mod esign;
mod every_call;
mod functions;
mod results;
mod video;
mod webhooks;
