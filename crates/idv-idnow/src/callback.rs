//! What a callback says (chapter 14), and what the vendor wants to hear.
//!
//! The vendor signs nothing, and names its source addresses only. A callback whose address carries the configured secret is proven;
//! without one each is a claim. Either way it settles nothing, since the vendor can be asked: it is a reason to ask.
//!
//! The vendor takes every 2xx for success and tries everything else again, for a day (14.6): so a callback about another verification,
//! or with a result that nobody knows, is answered 200 as well.

use http::StatusCode;
use idv_core::{Channel, Delivery, DeliveryKind, Error, Guard, Observation, Received, Reply, Result, Subject};

use crate::normalize::{self, Inline};
use crate::wire;

/// Reads a callback, or the person's return.
///
/// # Errors
///
/// [`Forged`](idv_core::ErrorKind::Forged) where a secret is configured and missing or wrong;
/// [`Malformed`](idv_core::ErrorKind::Malformed) where the body is no result.
pub fn receive(guard: &Guard, delivery: &Delivery) -> Result<Received> {
    if delivery.kind == DeliveryKind::Return {
        return Ok(Received::new(returned(delivery).into_iter().collect(), Reply::status(StatusCode::OK)));
    }
    // The secret is the same for every verification, so it is asked for before anything is read.
    let trust = guard.verify(delivery, "")?;
    let payload = wire::read(&delivery.body)?;
    if payload.identifications.is_empty() {
        return Err(Error::malformed("the callback holds no identification that can be read"));
    }
    let observations = payload
        .identifications
        .iter()
        .map(|identification| normalize::observation(identification, Channel::Callback, Inline::Report).trusted(trust))
        .collect();
    Ok(Received::new(observations, Reply::status(StatusCode::OK)))
}

/// The redirect carries nothing but the transaction number, by a parameter that the account chooses (6.2.2): in the document's example
/// it is `transaction-number`.
fn returned(delivery: &Delivery) -> Option<Observation> {
    let names = ["transaction-number", "transactionnumber", "transactionNumber", "transactionId"];
    let number = names.into_iter().find_map(|name| delivery.query(name))?;
    Some(Observation::claimed(Subject::new(Some(number), None), Channel::Return))
}
