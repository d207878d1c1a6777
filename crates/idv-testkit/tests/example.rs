//! The tutorial's adapter, held to the contract.

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

#[path = "example/adapter.rs"]
mod adapter;
#[path = "example/vendor.rs"]
mod vendor;

idv_testkit::conformance!(vendor::Stage);
