//! Flows from creation to deletion, in simulated worlds in which everything can fail.

#![allow(missing_docs, unreachable_pub, reason = "no crate uses a test")]
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
