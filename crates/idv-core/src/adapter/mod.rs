//! For authors of adapters: everything that adapters share.
//!
//! An application needs nothing of this module.

mod entry;
pub mod settings;
pub mod wire;

pub use entry::{NormalizeOption, Payload, VendorEntry};
