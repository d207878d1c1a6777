//! Identify24 VideoIdent, API 1.0.1 as an idv provider.

#![forbid(unsafe_code)]

pub mod api;
pub mod callback;
mod config;
pub mod normalize;
mod session;
pub mod wire;

pub use config::{ENVIRONMENT, Identify24Config};
