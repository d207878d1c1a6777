//! The errors of this crate.

use std::error::Error as StdError;

use idv_flow::FlowError;

/// The failure of an operation on the workflow engine.
///
/// No error prints personal data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The engine or its store failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The state of the flow does not allow the decision. Holds the reason.
    #[error("{0}")]
    Refused(String),
    /// The vault has no key: the payloads of workflows would be readable on the server.
    #[error("the vault has no key: configure one, so that payloads can be sealed")]
    NoKey,
    /// The server failed or refused an operation.
    #[error("the workflow engine failed: {what}")]
    Server {
        /// The operation, in words of this crate.
        what: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

/// The result of a fallible operation of this crate.
pub type Result<T, E = HostError> = std::result::Result<T, E>;

/// Returns a function that wraps a failure of the server.
pub(crate) fn server<E: Into<Box<dyn StdError + Send + Sync>>>(
    what: &'static str,
) -> impl FnOnce(E) -> HostError {
    move |source| HostError::Server {
        what,
        source: source.into(),
    }
}
