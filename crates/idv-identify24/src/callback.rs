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
/// ```
/// use idv_core::{CallbackAuth, Delivery, ErrorKind, Outcome, Status, http};
/// use idv_identify24::{callback, normalize::Statuses};
///
/// let auth = CallbackAuth::query("token", ["0123456789abcdef0123".into()])?;
/// // The document has no list of states: the configuration teaches those of the account.
/// let statuses = Statuses::of_document().with("Some Word", Status::Finished(Outcome::Verified))?;
/// let body = r#"{"ident_id":"3d1b2c4e-0000-4000-8000-00000000a001","status":"Some Word",
///     "custom_id":"6f1c2a9e1c1f4a6b9a520c2d6a1f7e11","first_name":"JOHN","last_name":"DOE"}"#;
/// let webhook = |uri: &str| {
///     let headers = http::HeaderMap::new();
///     Delivery::callback(http::Method::POST, uri.parse().unwrap(), headers, body)
/// };
///
/// let delivery = webhook("/webhook?token=0123456789abcdef0123");
/// let received = callback::receive(&auth, &statuses, &delivery)?;
/// let observation = &received.observations[0];
/// assert!(observation.trust.is_proven());
/// assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
///
/// let error = callback::receive(&auth, &statuses, &webhook("/webhook")).unwrap_err();
/// assert_eq!(error.kind(), &ErrorKind::Forged);
/// # Ok::<(), idv_core::Error>(())
/// ```
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
