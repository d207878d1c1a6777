//! Identify24 VideoIdent, API 1.0.1 as an idv provider.

#![forbid(unsafe_code)]

pub mod callback;
mod config;
pub mod normalize;
pub mod wire;

pub use config::{ENVIRONMENT, Identify24Config};
