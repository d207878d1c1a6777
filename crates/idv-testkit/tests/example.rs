//! The tutorial's adapter passes the conformance suite.

#![allow(
    missing_docs,
    unreachable_pub,
    reason = "a test is a crate without users"
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

idv_testkit::conformance!(vendor::ExampleHarness);
