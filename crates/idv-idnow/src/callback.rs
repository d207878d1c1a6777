//! What a callback says (chapter 14), and the reply that IDnow expects.
//!
//! IDnow signs no callback. A secret in the webhook's address, which the [`Guard`] checks, proves it; without one every callback is a
//! claim. Either way it decides nothing, since IDnow can be asked: it is a reason to ask.
//!
//! Every 2xx is a success to IDnow, and everything else is repeated for a day (chapter 14.6). So whatever can be read is answered with
//! 200 and an empty body, a result that nobody knows too.

use http::{Method, StatusCode};
use idv_core::{Channel, Delivery, DeliveryKind, Error, Guard, Intake, Observation, Received, Reply, Result, Subject};

use crate::normalize::{self, Inline};
use crate::wire;

/// How callbacks come (chapter 14.1): JSON by POST, which is one result without its attachments. No bound and no time for the reply are
/// documented.
pub const INTAKE: Intake = Intake::new(&[Method::POST], 4 * 1024 * 1024);

/// What parameters a return is looked through for. The account's own address names them (chapter 6.2.2): the first is the document's
/// example.
const RETURN_PARAMETERS: [&str; 5] =
    ["transaction-number", "transactionnumber", "transactionNumber", "transactionId", "reference"];

/// Reads a delivery: a callback, whose body is one identification as JSON, or the person's return.
///
/// The guard is asked about each transaction number that a callback names. A return names it in its address, at best, and proves
/// nothing.
///
/// # Errors
///
/// [`Forged`](idv_core::ErrorKind::Forged) where the guard has a secret and the callback has not;
/// [`Malformed`](idv_core::ErrorKind::Malformed) where the body is no identification.
pub fn receive(guard: &Guard, delivery: &Delivery) -> Result<Received> {
    let observations = match delivery.kind {
        DeliveryKind::Return => returned(delivery).into_iter().collect(),
        _ => told(guard, delivery)?,
    };
    Ok(Received::new(observations, Reply::status(StatusCode::OK)))
}

/// Chapter 14.4.1.
fn told(guard: &Guard, delivery: &Delivery) -> Result<Vec<Observation>> {
    let payload = wire::read(&delivery.body)?;
    if payload.identifications.is_empty() {
        return Err(Error::malformed("the callback holds no identification"));
    }
    let believed = |identification| {
        let observation = normalize::observation(identification, Channel::Callback, Inline::Report);
        let subject = observation.subject.reference.as_deref().unwrap_or_default();
        let trust = guard.verify(delivery, subject)?;
        Ok(observation.trusted(trust))
    };
    payload.identifications.iter().map(believed).collect()
}

/// Chapter 6.2.2.
fn returned(delivery: &Delivery) -> Option<Observation> {
    let number = RETURN_PARAMETERS.iter().find_map(|name| delivery.query(name)).filter(|number| !number.is_empty())?;
    Some(Observation::claimed(Subject::new(Some(number), None), Channel::Return))
}
