//! VerificarIdentidad 3.0, operated by Mensatek as an idv provider.

#![forbid(unsafe_code)]

mod config;
pub mod dni;
mod session;
pub mod wire;

pub use config::{AnswerFormat, ENVIRONMENT, LINK, PURPOSE, RequestFormat, VerificarIdentidadConfig};
