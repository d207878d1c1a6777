//! Reads webhooks, and replies to them.
//!
//! The vendor calls one address for all idents of an account, by POST, with a flat object of JSON. It does not sign, and the document
//! names neither the addresses that it calls from, nor how often it repeats, nor what it takes for a success: a secret in the address is
//! the only proof there is, and the reply is 200 with an empty body. A message has no time and no number of its own, so that a repetition
//! cannot be told from a second event of the same kind; neither changes anything that is known already.

use http::{Method, StatusCode};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Reply, Result,
};

use crate::normalize::{self, Statuses};
use crate::wire::Webhook;

/// Webhooks come by POST, as a flat object ("Sample Payload"). The agent's notes have no documented bound, nor has the time for the
/// reply.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 1024 * 1024);

/// Reads a delivery: a webhook, or the person's return, of which the document knows nothing.
///
/// # Errors
///
/// [`Forged`](idv_core::ErrorKind::Forged) if the guard has a secret and the webhook lacks it;
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read or names no ident.
pub fn receive(
    guard: &CallbackAuth,
    statuses: &Statuses,
    delivery: &Delivery,
) -> Result<CallbackMessage> {
    let reply = Reply::status(StatusCode::OK);
    if delivery.kind == DeliveryKind::Return {
        return Ok(CallbackMessage::new(Vec::new(), reply));
    }
    // The secret is one for all idents, so that nothing has to be read before it was looked at.
    let trust = guard.verify(delivery, "")?;
    let webhook = Webhook::read(&delivery.body)?;
    Ok(CallbackMessage::new(
        vec![normalize::webhook(&webhook, statuses, Channel::Callback).trusted(trust)],
        reply,
    ))
}
