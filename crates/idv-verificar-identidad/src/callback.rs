//! Parses delivery reports and replies to them ("Reception of delivery reports and status changes
//! of sent requests").
//!
//! The vendor sends a POST for every change of a request's state to the account's one URL, as JSON
//! or as a form, with HTTP Basic if the panel is configured for it. No call returns the outcome of
//! a verification, so the report settles it and must be authenticated before it is parsed. Reports
//! about the account's other services arrive at the same URL; the adapter accepts and ignores them.
//! The document does not describe retries: the reply to every valid report is 200 with an empty
//! body.

use http::{Method, StatusCode};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Error, ErrorKind,
    Reply, Result,
};

use crate::normalize::{self, Rules};
use crate::wire::Report;

/// Reports arrive by POST, as JSON or as a form ("Reception of delivery reports and status changes
/// of sent requests"). The documented fields take a few thousand bytes. The document states neither
/// a size limit nor a timeout for the reply.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 4 * 1024 * 1024);

/// Receives a delivery.
///
/// ```
/// use idv_core::{CallbackAuth, Delivery, ErrorKind, Outcome, Status, http};
/// use idv_verificar_identidad::{callback, normalize::Rules};
///
/// let auth = CallbackAuth::query("token", ["0123456789abcdef0123456789abcdef".into()])?;
/// let body = r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"299846332","Estado":"5100",
///     "FechaEnvio":"2021-10-10 10:10","UltimaActualizacion":"2021-10-10 10:25",
///     "Result":"{\"Resultado\":93.957847595214844,\"PruebaDeVida\":\"Si\"}"}"#;
/// let report = |uri: &str| {
///     let headers = http::HeaderMap::new();
///     Delivery::callback(http::Method::POST, uri.parse().unwrap(), headers, body)
/// };
///
/// let delivery = report("/idv?token=0123456789abcdef0123456789abcdef");
/// let received = callback::receive(&auth, Rules::default(), &delivery)?;
/// let observation = &received.observations[0];
/// assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
///
/// let error = callback::receive(&auth, Rules::default(), &report("/idv")).unwrap_err();
/// assert_eq!(error.kind(), &ErrorKind::Forged);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Forged`](ErrorKind::Forged) if the authentication is missing or wrong, or none is configured;
/// [`Malformed`](ErrorKind::Malformed) if the report cannot be parsed.
pub fn receive(auth: &CallbackAuth, rules: Rules, delivery: &Delivery) -> Result<CallbackMessage> {
    if delivery.kind == DeliveryKind::Return {
        // The vendor redirects no person back to the application.
        return Ok(CallbackMessage::new(
            Vec::new(),
            Reply::status(StatusCode::OK),
        ));
    }
    // All requests of the account share one secret.
    let trust = auth.verify(delivery, "")?;
    if !trust.is_proven() {
        return Err(Error::new(ErrorKind::Forged).detail(
            "reports must be authenticated, because the vendor has no call that confirms them",
        ));
    }
    let payload = Report::read(&delivery.body)?;
    let observation = normalize::observe(&payload, rules, Channel::Callback)?
        .map(|observation| observation.trusted(trust));
    Ok(CallbackMessage::new(
        observation.into_iter().collect(),
        Reply::status(StatusCode::OK),
    ))
}
