//! A [`Transport`](idv_core::Transport) over reqwest: TLS by rustls, no redirects, no retries,
//! streamed bodies, and precise errors.
//!
//! An error names its cause, and states whether any byte of the request may have been sent.
//!
//! ```
//! use idv_transport_reqwest::{ReqwestTransport, TransportOptions};
//!
//! let transport = ReqwestTransport::new(TransportOptions::default().https_only(true))?;
//! # let _ = transport;
//! # Ok::<(), idv_core::Error>(())
//! ```
//!
//! [`environment`] combines it with the [`SystemClock`]. Both need a tokio runtime with IO and time
//! enabled.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cause;
mod clock;
mod options;
mod transport;

pub use clock::SystemClock;
pub use options::TransportOptions;
pub use transport::ReqwestTransport;

use idv_core::{Environment, Result};

/// Returns an environment for production: this transport, the system's clock, and random bits from
/// the operating system.
///
/// # Errors
///
/// As [`ReqwestTransport::new`].
pub fn environment(options: TransportOptions) -> Result<Environment> {
    Ok(Environment::new(
        ReqwestTransport::new(options)?,
        SystemClock::new(),
    ))
}

/// Compiles the examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
