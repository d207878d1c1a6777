//! CM.com ID Scan v1 as an idv provider.

#![forbid(unsafe_code)]

pub mod api;
pub mod callback;
mod config;
pub mod normalize;
mod provider;
pub mod session;
pub mod wire;

pub use config::{CmIdScanConfig, ENVIRONMENT};
pub use provider::CmIdScan;
