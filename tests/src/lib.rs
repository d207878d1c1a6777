//! Tests that cross the crates of the workspace; there is nothing to use here.
//!
//! The pages of the book and the README are compiled as documentation of this crate, so that no example in them can go stale.

#![forbid(unsafe_code)]

include!(concat!(env!("OUT_DIR"), "/pages.rs"));
