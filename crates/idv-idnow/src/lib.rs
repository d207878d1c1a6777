//! The IDnow gateway API v1 as an idv provider.

#![forbid(unsafe_code)]

pub mod api;
pub mod callback;
mod config;
mod evidence;
pub mod links;
pub mod normalize;
mod provider;
mod session;
pub mod wire;

pub use config::{DataCentre, ENVIRONMENT, IdnowConfig, LinkStyle, Product, ResultFormat, Variable};
pub use provider::Idnow;
