//! For authors of adapters: everything that adapters share.
//!
//! An application needs nothing of this module.

pub mod settings;
pub mod wire;
