//! VerificarIdentidad 3.0, operated by Mensatek as an idv provider.

#![forbid(unsafe_code)]
