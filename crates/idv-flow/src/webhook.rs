//! Sends events to an endpoint of the application, signed according to Standard Webhooks.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::{Either, select};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use idv_core::adapter::settings::is_loopback;
use idv_core::call::retry_after;
use idv_core::{Clock, Secret, Timestamp, Transport, TransportCause, Url};
use serde::Serialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::engine::events::{DeliveryError, LONGEST_WAIT};
use crate::error::{FlowError, Result};
use crate::machine::event::Event;
use crate::machine::retention::later;

/// The prefix of a secret. The rest is Base64.
const PREFIX: &str = "whsec_";
/// The length of a secret in bytes, from the specification.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The timeout of a request, unless a third of the lease is shorter.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The pause after an endpoint answers 410 Gone.
const GONE_FOR: Duration = Duration::from_secs(60 * 60);

/// An endpoint of the application that receives events as signed requests, according to the
/// [Standard Webhooks] specification.
///
/// The request is a POST with a JSON body: `type` is `verification.` and the
/// [name](crate::EventKind::name) of the event, `timestamp` is the time of the change, and `data`
/// is the [`Event`]. The body holds no personal data.
///
/// | header | value |
/// |---|---|
/// | `webhook-id` | the flow's id, `-` and the event's sequence number; the same for each retry |
/// | `webhook-timestamp` | the time of the request, in seconds since 1970 |
/// | `webhook-signature` | `v1,` and the Base64 of an HMAC-SHA256 over id, timestamp and body; one per secret, separated by spaces |
///
/// The receiver answers with a status from 200 to 299 within 20 seconds and ignores ids that it has
/// seen. A receiver in Rust can authenticate requests with
/// [`SignatureScheme::standard_webhooks`](idv_core::SignatureScheme::standard_webhooks).
///
/// [Standard Webhooks]: https://www.standardwebhooks.com
///
/// ```
/// use std::sync::Arc;
/// use idv_core::{Secret, Transport};
/// use idv_flow::{EngineBuilder, Result, Webhook};
///
/// fn notify(
///     builder: EngineBuilder,
///     secret: &Secret,
///     transport: Arc<dyn Transport>,
/// ) -> Result<EngineBuilder> {
///     let webhook = Webhook::new("https://bank.example/hooks/idv", secret)?;
///     Ok(builder.webhook(webhook, transport))
/// }
/// ```
#[derive(Clone)]
pub struct Webhook {
    uri: Uri,
    keys: Vec<Zeroizing<Vec<u8>>>,
}

impl Webhook {
    /// Creates a webhook to `url`, signed with `secret`.
    ///
    /// The secret is `whsec_` and the Base64 of 24 to 64 random bytes, as `echo whsec_$(openssl
    /// rand -base64 32)` prints it.
    ///
    /// ```
    /// use idv_core::Secret;
    /// use idv_flow::Webhook;
    ///
    /// let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// assert!(Webhook::new("https://bank.example/hooks/idv", &secret).is_ok());
    /// assert!(Webhook::new("http://bank.example/hooks/idv", &secret).is_err());
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] unless `url` is an https URL, or an http URL on the loopback
    /// interface, without user and fragment, and `secret` has the form above. The error repeats
    /// neither.
    pub fn new(url: &str, secret: &Secret) -> Result<Self> {
        let invalid = || {
            FlowError::Invalid(
                "invalid webhook URL: expected https:// (http:// only on the loopback \
                 interface), without user and fragment"
                    .to_owned(),
            )
        };
        let parsed = Url::parse(url).map_err(|_| invalid())?;
        let is_safe =
            parsed.scheme() == "https" || (parsed.scheme() == "http" && is_loopback(&parsed));
        let is_bare = parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.fragment().is_none();
        if !is_safe || !is_bare {
            return Err(invalid());
        }
        let uri = parsed.as_str().parse().map_err(|_| invalid())?;
        Ok(Self {
            uri,
            keys: vec![key(secret)?],
        })
    }

    /// Adds a secret that was in use before, for rotation.
    ///
    /// Each request is signed with every secret, so that a receiver can switch at any time. To
    /// rotate, create the webhook with the new secret and add the old one here until every receiver
    /// has the new one.
    ///
    /// ```
    /// use idv_core::Secret;
    /// use idv_flow::Webhook;
    ///
    /// let new = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// let old = Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    /// let webhook = Webhook::new("https://bank.example/hooks/idv", &new)?.older_secret(&old)?;
    /// assert_eq!(format!("{webhook:?}"), r#"Webhook { host: "bank.example", secrets: 2 }"#);
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if `secret` does not have the form that [`Webhook::new`] expects. The
    /// error does not repeat it.
    pub fn older_secret(mut self, secret: &Secret) -> Result<Self> {
        self.keys.push(key(secret)?);
        Ok(self)
    }

    /// Returns the request that sends an event at `now`.
    fn request(&self, event: &Event, now: Timestamp) -> Result<Request<Bytes>, DeliveryError> {
        let failed = |_| DeliveryError::new("the webhook's request could not be built");
        let payload = Payload {
            kind: format!("verification.{}", event.kind.name()),
            timestamp: event.at,
            data: event,
        };
        let body = serde_json::to_vec(&payload).map_err(|_| failed(()))?;
        let (id, time) = (
            format!("{}-{}", event.flow, event.sequence),
            now.as_second().to_string(),
        );
        let signatures: Vec<String> = self
            .keys
            .iter()
            .filter_map(|key| sign(key, &id, &time, &body))
            .collect();
        Request::builder()
            .method(Method::POST)
            .uri(self.uri.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", time)
            .header("webhook-signature", signatures.join(" "))
            .body(body.into())
            .map_err(|_| failed(()))
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path and the query may hold a credential.
        f.debug_struct("Webhook")
            .field("host", &self.uri.host().unwrap_or_default())
            .field("secrets", &self.keys.len())
            .finish()
    }
}

/// A webhook and the transport that sends its requests.
#[derive(Debug)]
pub(crate) struct Endpoint {
    webhook: Webhook,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    /// The end of a pause that the endpoint asked for, and its answer.
    pause: Mutex<Option<(Timestamp, DeliveryError)>>,
}

impl Endpoint {
    /// Limits the timeout to a third of `lease`: if a request took longer than the lease, another
    /// program would send the event too.
    pub(crate) fn new(
        webhook: Webhook,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        lease: Duration,
    ) -> Self {
        Self {
            webhook,
            transport,
            clock,
            timeout: TIMEOUT.min(lease / 3),
            pause: Mutex::new(None),
        }
    }

    /// Sends an event, unless the endpoint has asked for a pause. A replay ignores the pause.
    pub(crate) async fn send(&self, event: &Event, is_replay: bool) -> Result<(), DeliveryError> {
        let now = self.clock.now();
        if let Some(error) = self.paused(now).filter(|_| !is_replay) {
            return Err(error);
        }
        let request = self.webhook.request(event, now)?;
        // Only the status counts; the body is not read.
        match select(self.transport.send(request), self.clock.sleep(self.timeout)).await {
            Either::Left((Ok(answer), _)) => self.judge(answer.status(), answer.headers()),
            Either::Left((Err(error), _)) => Err(no_answer(error.cause)),
            Either::Right(_) => Err(no_answer(TransportCause::Timeout)),
        }
    }

    fn paused(&self, now: Timestamp) -> Option<DeliveryError> {
        let pause = self.pause.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, error) = pause.as_ref().filter(|(until, _)| *until > now)?;
        let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        // An endpoint that is gone needs an operator, who sees a task after several failures. The
        // error therefore carries no wait.
        Some(if error.wait().is_some() {
            error.clone().retry_after(left)
        } else {
            error.clone()
        })
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), DeliveryError> {
        let now = self.clock.now();
        let asked = retry_after(headers, now).map(|wait| wait.min(LONGEST_WAIT));
        let (pause, result) = match status {
            _ if status.is_success() => (None, Ok(())),
            StatusCode::GONE => (
                Some(GONE_FOR),
                Err(DeliveryError::new(
                    "the webhook's endpoint is gone (410): correct its URL, or remove the \
                     webhook from the configuration",
                )),
            ),
            _ => {
                let error = DeliveryError::owned(format!(
                    "the webhook's endpoint answered with status {}",
                    status.as_u16()
                ));
                (
                    asked,
                    Err(asked.map_or(error.clone(), |wait| error.retry_after(wait))),
                )
            }
        };
        let pause = pause
            .zip(result.as_ref().err().cloned())
            .map(|(wait, error)| (later(now, wait), error));
        *self.pause.lock().unwrap_or_else(PoisonError::into_inner) = pause;
        result
    }
}

/// The body of a request.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Timestamp,
    data: &'a Event,
}

fn key(secret: &Secret) -> Result<Zeroizing<Vec<u8>>> {
    let encoded = secret.expose().strip_prefix(PREFIX);
    let key = encoded
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .map(Zeroizing::new);
    key.filter(|key| SECRET_BYTES.contains(&key.len()))
        .ok_or_else(|| {
            FlowError::Invalid(
                "invalid webhook secret: expected `whsec_` and the Base64 of 24 to 64 random bytes"
                    .to_owned(),
            )
        })
}

/// Returns the signature of a request. HMAC accepts keys of any length.
fn sign(key: &[u8], id: &str, time: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in [id, ".", time, "."] {
        mac.update(part.as_bytes());
    }
    mac.update(body);
    Some(format!(
        "v1,{}",
        STANDARD.encode(mac.finalize().into_bytes())
    ))
}

fn no_answer(cause: TransportCause) -> DeliveryError {
    DeliveryError::owned(format!("the webhook's endpoint did not answer: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example secret of the specification and its reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn published_example_has_published_signature() {
        let key = key(&SECRET.into()).unwrap();
        let signature = sign(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(
            signature.as_deref(),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        );
    }

    #[test]
    fn url_must_be_https_or_loopback() {
        for good in [
            "https://bank.example/hooks?tenant=4",
            "http://127.0.0.1:8080/",
            "http://localhost/x",
            "http://[::1]:1/",
        ] {
            assert!(Webhook::new(good, &SECRET.into()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "hooks",
            "http://bank.example/",
            "ftp://127.0.0.1/",
            "https://me:hunter2@bank.example/",
            "https://a.b/#c",
        ] {
            let error = Webhook::new(bad, &SECRET.into()).unwrap_err().to_string();
            assert!(
                error.contains("https://") && !error.contains("hunter2"),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn invalid_secret_is_refused_and_not_printed() {
        let short = format!("{PREFIX}{}", STANDARD.encode([7; 23]));
        let long = format!("{PREFIX}{}", STANDARD.encode([7; 65]));
        for bad in [
            "",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_",
            "whsec_not Base64",
            &short,
            &long,
        ] {
            let error = Webhook::new("https://bank.example/", &bad.into())
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("whsec_") && !error.contains("not Base64"),
                "{error}"
            );
        }
        let webhook = Webhook::new("https://bank.example/hunter2", &SECRET.into()).unwrap();
        assert!(
            webhook
                .clone()
                .older_secret(&short.as_str().into())
                .is_err()
        );
        assert_eq!(
            format!("{webhook:?}"),
            r#"Webhook { host: "bank.example", secrets: 1 }"#
        );
    }
}
