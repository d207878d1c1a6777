//! Flows, from their creation to their deletion, in worlds in which everything goes wrong.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a test is a crate of its own, and nobody uses it"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod check;
mod clock;
mod events;
mod executor;
mod media;
mod mutants;
mod operator;
mod plan;
mod program;
mod random;
mod simulation;
mod store;
mod trace;
mod transport;
mod vendor;
mod world;
