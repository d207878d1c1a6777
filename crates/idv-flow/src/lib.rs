//! Runs verifications from creation to deletion, across crashes.

#![forbid(unsafe_code)]

pub mod audit;
mod error;
mod id;
mod retention;
pub mod store;

pub use error::{FlowError, Result};
pub use id::FlowId;
pub use retention::{Copy, Keep, Retention};
