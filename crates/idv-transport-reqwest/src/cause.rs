//! The cause of a failed request, derived from the errors of reqwest and their sources.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use idv_core::{Sent, TransportCause, TransportError};

/// Converts an error. Before a connection exists, no byte has been sent; after that, some may have
/// been.
pub(crate) fn transport_error(error: reqwest::Error) -> TransportError {
    let sent = if error.is_connect() || error.is_builder() {
        Sent::No
    } else {
        Sent::Maybe
    };
    TransportError::new(sent, cause(&error)).with_source(error.without_url())
}

fn cause(error: &reqwest::Error) -> TransportCause {
    if error.is_builder() {
        return TransportCause::Request;
    }
    if error.is_dns() {
        return TransportCause::Dns;
    }
    if error.is_timeout() {
        return TransportCause::Timeout;
    }
    let mut next = error.source();
    while let Some(inner) = next {
        if let Some(cause) = of_io(inner).or_else(|| of_tls(inner)) {
            return cause;
        }
        next = inner.source();
    }
    if error.is_connect() {
        TransportCause::Connect
    } else {
        TransportCause::Interrupted
    }
}

fn of_io(error: &(dyn StdError + 'static)) -> Option<TransportCause> {
    let error = error.downcast_ref::<io::Error>()?;
    // An error inside an io::Error is not its source, but the source of that error is.
    if let Some(cause) = error
        .get_ref()
        .and_then(|inner| of_io(inner).or_else(|| of_tls(inner)))
    {
        return Some(cause);
    }
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => TransportCause::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            TransportCause::Unreachable
        }
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            TransportCause::Reset
        }
        ErrorKind::TimedOut => TransportCause::Timeout,
        _ => return None,
    })
}

fn of_tls(error: &(dyn StdError + 'static)) -> Option<TransportCause> {
    Some(match error.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            TransportCause::Certificate
        }
        _ => TransportCause::Tls,
    })
}
