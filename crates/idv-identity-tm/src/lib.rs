//! Identity.TM (customer API 2.10) as an idv provider: identifications and qualified signatures behind the model of [`idv_core`].
//!
//! This crate follows "Identity.TM Web Services, API Reference, version 2.10aa"; "chapter" is a chapter of it.

#![forbid(unsafe_code)]

pub mod api;
pub mod normalize;
pub mod wire;
