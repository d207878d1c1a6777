//! CM.com ID Scan v1 as an idv provider.

#![forbid(unsafe_code)]

pub mod session;
pub mod wire;
