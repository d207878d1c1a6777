//! Parses webhooks and replies to them.
//!
//! The vendor sends the webhooks of all idents of an account to one URL, by POST, as a flat JSON
//! object. Webhooks are not signed, and the document names neither the vendor's IP addresses nor a
//! retry policy nor the expected reply. A secret in the URL is the only possible authentication,
//! and the reply is 200 with an empty body. A webhook has neither a time nor a number of its own,
//! so a redelivery looks like a second event of the same kind. Neither changes known facts.

use http::{Method, StatusCode};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Reply, Result,
};

use crate::normalize::{self, Statuses};
use crate::wire::Webhook;

/// Webhooks arrive by POST as a flat object ("Sample Payload"). The document limits neither the
/// length of the agent's notes nor the time for the reply.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 1024 * 1024);

/// Receives a delivery: a webhook, or the person's return, which the document does not describe.
///
/// # Errors
///
/// [`Forged`](idv_core::ErrorKind::Forged) if the configuration has a secret and the webhook lacks
/// it; [`Malformed`](idv_core::ErrorKind::Malformed) if the webhook cannot be parsed or names no
/// ident.
pub fn receive(
    auth: &CallbackAuth,
    statuses: &Statuses,
    delivery: &Delivery,
) -> Result<CallbackMessage> {
    let reply = Reply::status(StatusCode::OK);
    if delivery.kind == DeliveryKind::Return {
        return Ok(CallbackMessage::new(Vec::new(), reply));
    }
    // All idents share one secret, so the body is authenticated before it is parsed.
    let trust = auth.verify(delivery, "")?;
    let webhook = Webhook::read(&delivery.body)?;
    Ok(CallbackMessage::new(
        vec![normalize::webhook(&webhook, statuses, Channel::Callback).trusted(trust)],
        reply,
    ))
}
