//! The channels of payloads that a program reads without a call.

use crate::error::{Error, Result};
use crate::observation::Channel;

/// Returns the channel that payloads of a kind come by: `result` by a fetch, `status` by a poll, `callback` by a callback.
///
/// # Errors
///
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming `kind` if there is no such kind.
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
