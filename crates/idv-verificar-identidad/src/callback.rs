//! What a delivery says ("Reception of delivery reports and status changes of sent requests"), and the reply.
//!
//! The vendor sends a POST on every change of a request's state to the one address of the account, JSON or a form, with HTTP Basic where
//! the panel is set so. Nobody can be asked how a verification ended, so that a report settles, and is not even read before it is proven.
//! Reports about the account's other services come to the same address; they are taken and say nothing. What the vendor does after a
//! failure the document does not say: whatever can be read is answered with 200 and an empty body.

use http::{Method, StatusCode};
use idv_core::{Channel, Delivery, DeliveryKind, Error, ErrorKind, Guard, Intake, Received, Reply, Result};

use crate::normalize;
use crate::wire::Report;

/// How reports come ("Reception of delivery reports and status changes of sent requests"): by POST, as JSON or as a form. The fields that
/// are documented take a few thousand bytes; no bound and no time for the reply are documented.
pub const INTAKE: Intake = Intake::new(&[Method::POST], 4 * 1024 * 1024);

/// Reads a delivery.
///
/// # Errors
///
/// [`Forged`](ErrorKind::Forged) where its proof is missing or wrong, or the guard asks for none; [`Malformed`](ErrorKind::Malformed)
/// where it cannot be read.
pub fn receive(guard: &Guard, delivery: &Delivery) -> Result<Received> {
    if delivery.kind == DeliveryKind::Return {
        // The vendor sends nobody back.
        return Ok(Received::new(Vec::new(), Reply::status(StatusCode::OK)));
    }
    // The proof is the account's, not the request's.
    let trust = guard.verify(delivery, "")?;
    if !trust.is_proven() {
        return Err(Error::new(ErrorKind::Forged).detail("nobody can be asked whether it is true, so it must be proven"));
    }
    let told = Report::read(&delivery.body)?;
    let observation = normalize::observe(&told, Channel::Callback)?.map(|observation| observation.trusted(trust));
    Ok(Received::new(observation.into_iter().collect(), Reply::status(StatusCode::OK)))
}
