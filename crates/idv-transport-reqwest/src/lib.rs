//! The [`Transport`](idv_core::Transport) over reqwest: TLS by rustls, no redirects, no retries, bodies streamed, and a truthful
//! word on whether a request may have left.
//!
//! ```
//! use idv_transport_reqwest::{ReqwestTransport, TransportOptions};
//!
//! let mut options = TransportOptions::default();
//! options.https_only = true;
//! let transport = ReqwestTransport::new(options)?;
//! # let _ = transport;
//! # Ok::<(), idv_core::Error>(())
//! ```
//!
//! [`environment`] joins it with the [`SystemClock`], for an application that changes nothing. Both need a tokio runtime with its
//! input, output and time enabled.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod options;
mod transport;

pub use clock::SystemClock;
pub use options::TransportOptions;
pub use transport::ReqwestTransport;

use idv_core::{Environment, Result};

/// An environment for production: this transport, the system's clock, random bits from the operating system.
///
/// # Errors
///
/// As [`ReqwestTransport::new`].
pub fn environment(options: TransportOptions) -> Result<Environment> {
    Ok(Environment::new(ReqwestTransport::new(options)?, SystemClock::new()))
}

/// The README's examples, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
