//! VerificarIdentidad 3.0, operated by Mensatek as an idv provider.

#![forbid(unsafe_code)]

pub mod api;
pub mod callback;
mod config;
mod create;
pub mod dni;
pub mod evidence;
pub mod normalize;
mod provider;
mod session;
pub mod wire;

pub use config::{AnswerFormat, ENVIRONMENT, LINK, PURPOSE, RequestFormat, VerificarIdentidadConfig};
pub use provider::VerificarIdentidad;
