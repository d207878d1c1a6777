//! Reads deliveries ("Reception of delivery reports and status changes of sent requests"), and replies to them.
//!
//! The vendor sends a POST on every change of a request's state to the one address of the account, JSON or a form, with HTTP Basic if the
//! panel is set so. The vendor has no call that repeats the end of a verification, so a report settles it, and is read only once it is
//! proven. Reports about the account's other services come to the same address; they are accepted and say nothing. The document does not
//! say what follows a failed delivery: every report that can be read is answered with 200 and an empty body.

use http::{Method, StatusCode};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Error, ErrorKind,
    Reply, Result,
};

use crate::normalize::{self, Rules};
use crate::wire::Report;

/// Reports come by POST, as JSON or as a form ("Reception of delivery reports and status changes of sent requests"). The documented fields
/// take a few thousand bytes; no bound and no time for the reply are documented.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 4 * 1024 * 1024);

/// Reads a delivery.
///
/// # Errors
///
/// [`Forged`](ErrorKind::Forged) if its proof is missing or wrong, or the guard asks for none; [`Malformed`](ErrorKind::Malformed) if it
/// cannot be read.
pub fn receive(guard: &CallbackAuth, rules: Rules, delivery: &Delivery) -> Result<CallbackMessage> {
    if delivery.kind == DeliveryKind::Return {
        // The vendor sends no one back.
        return Ok(CallbackMessage::new(
            Vec::new(),
            Reply::status(StatusCode::OK),
        ));
    }
    // The proof is the account's, not the request's.
    let trust = guard.verify(delivery, "")?;
    if !trust.is_proven() {
        return Err(Error::new(ErrorKind::Forged)
            .detail("the vendor cannot be asked for it, so it must be proven"));
    }
    let told = Report::read(&delivery.body)?;
    let observation = normalize::observe(&told, rules, Channel::Callback)?
        .map(|observation| observation.trusted(trust));
    Ok(CallbackMessage::new(
        observation.into_iter().collect(),
        Reply::status(StatusCode::OK),
    ))
}
