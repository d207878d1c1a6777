//! Identify24 VideoIdent, API 1.0.1 as an idv provider.

#![forbid(unsafe_code)]

pub mod wire;
