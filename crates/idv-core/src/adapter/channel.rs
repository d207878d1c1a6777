//! The kinds of payloads that a program can parse without a call.

use crate::error::{Error, Result};
use crate::observation::Channel;

/// Returns the channel of payloads of a kind: `result` is a fetch, `status` a poll, `callback` a
/// callback.
///
/// # Errors
///
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `kind`, if it is unknown.
pub fn payload_channel(kind: &str) -> Result<Channel> {
    match kind {
        "result" => Ok(Channel::Fetch),
        "status" => Ok(Channel::Poll),
        "callback" => Ok(Channel::Callback),
        _ => Err(Error::invalid(
            "kind",
            "expected result, status or callback",
        )),
    }
}
