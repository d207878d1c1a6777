//! Tests that cross the crates of the workspace. The crate has no API.
//!
//! rustdoc compiles the pages of the book and the README as documentation of this crate, so that no
//! example in them can become stale.

#![forbid(unsafe_code)]

include!(concat!(env!("OUT_DIR"), "/pages.rs"));
