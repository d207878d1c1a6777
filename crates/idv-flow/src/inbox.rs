//! The inbox: a message is proven, sealed and answered at once, and worked off afterwards.
//!
//! A proof cannot be stored, so the whole delivery is, and it is proven again when it is worked off. Messages that are repeated are
//! told by the digest of what they say and of the address they were sent to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use idv_core::{Delivery, DeliveryKind, Reply};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::attention::Attention;
use crate::case::kind;
use crate::error::{FlowError, Result};
use crate::inner::{At, Inner};
use crate::retention::later;
use crate::store::{Message, MessageEnd, Pushed};
use crate::vault::Context;

/// After how long the same message counts anew. Fewer than a vendor takes to send something that is the same and new: a second
/// attempt that ends as the first did.
const REPEATED_WITHIN: Duration = Duration::from_secs(10 * 60);
/// For how long a message that is about nobody yet is kept: the flow it is about may not know the vendor's id yet.
const UNMATCHED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest wait before such a message is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);
/// For how long messages that were worked off are remembered.
pub(crate) const REMEMBERED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Inner {
    /// Takes a message in. Whatever is wrong with it is the reply; an error is only that it could not be stored, and the vendor is to
    /// send it again.
    pub(crate) async fn receive(&self, provider: &str, delivery: &Delivery) -> Result<Reply> {
        let at = self.provider(provider)?;
        let received = match at.client.receive(delivery) {
            Ok(received) => received,
            Err(error) => {
                tracing::warn!(provider = %at.id, kind = kind(&error), "a message was refused");
                return Ok(Reply::to_error(&error));
            }
        };
        if received.observations.is_empty() {
            return Ok(received.reply);
        }
        // Anybody can claim something about nobody; what is proven may be about somebody whose name at the vendor is not known yet.
        let proven = received.observations.iter().any(|observation| observation.trust.is_proven());
        if !proven {
            let keys: Vec<_> = received.observations.iter().flat_map(|said| self.keys_of(&at.id, &said.subject)).collect();
            if self.store.locate(&keys).await?.is_empty() {
                return Ok(received.reply);
            }
        }
        let now = self.now();
        let digest = digest(&at.id, delivery);
        // What is stored is made of strings, which always serialize.
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(&StoredDelivery::new(delivery)).unwrap_or_default());
        let body = self.vault.seal(&*self.random, &Context::message(&digest), &bytes);
        let message = Message::new(digest, at.id.clone(), now, body);
        let forgotten = earlier(now, REPEATED_WITHIN);
        if self.store.push(&message, forgotten).await? == Pushed::New {
            self.bell.notify_one();
        }
        Ok(received.reply)
    }

    /// Works a message off.
    pub(crate) async fn work_off(&self, message: Message) -> Result<()> {
        let end = match self.provider(&message.provider) {
            Ok(at) => self.apply_message(&at, &message).await?,
            // It waits for a program that knows this vendor.
            Err(_) => MessageEnd::Later(later(self.now(), Duration::from_secs(60))),
        };
        Ok(self.store.finish(&message.digest, &end).await?)
    }

    async fn apply_message(&self, at: &At, message: &Message) -> Result<MessageEnd> {
        let unproven = || MessageEnd::Parked(Attention::Unproven.name().to_owned());
        let opened = self.vault.open(&Context::message(&message.digest), &message.body);
        let delivery = opened.and_then(|bytes| StoredDelivery::read(&bytes));
        let Ok(delivery) = delivery else { return Ok(unproven()) };
        let received = match at.client.receive(&delivery) {
            Ok(received) => received,
            Err(error) => {
                tracing::warn!(provider = %at.id, kind = kind(&error), "a message that was taken in cannot be believed any more");
                return Ok(unproven());
            }
        };
        let mut unmatched = false;
        let mut proven = false;
        for observation in &received.observations {
            let mut about = false;
            for (_, id) in self.store.locate(&self.keys_of(&at.id, &observation.subject)).await? {
                let opened = match self.read(id).await {
                    Err(FlowError::UnknownFlow(_)) => continue,
                    // A person is told when its turn comes; the message is not lost until then.
                    Err(FlowError::Damaged(_)) => return Ok(MessageEnd::Later(later(self.now(), LONGEST_WAIT))),
                    opened => opened?,
                };
                about |= self.take_in(at, opened, observation).await?;
            }
            unmatched |= !about;
            proven |= !about && observation.trust.is_proven();
        }
        let now = self.now();
        Ok(if !unmatched {
            MessageEnd::Done(now)
        } else if now < later(message.received_at, UNMATCHED_FOR) {
            let wait = Duration::from_secs(5) * 2_u32.saturating_pow(message.tries.min(10));
            MessageEnd::Later(later(now, wait.min(LONGEST_WAIT)))
        } else if proven {
            MessageEnd::Parked(Attention::Unmatched.name().to_owned())
        } else {
            // Anybody can claim something about nobody.
            MessageEnd::Done(now)
        })
    }
}

/// What makes a message the same as another: what it says, and where to. Only messages that were proven, as far as they can be, get here.
fn digest(provider: &str, delivery: &Delivery) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut part = |bytes: &[u8]| {
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    part(provider.as_bytes());
    part(if delivery.kind == DeliveryKind::Return { b"return" } else { b"callback" });
    part(delivery.method.as_str().as_bytes());
    part(delivery.uri.path().as_bytes());
    part(delivery.uri.query().unwrap_or_default().as_bytes());
    part(&delivery.body);
    digest.finalize().into()
}

pub(crate) fn earlier(at: jiff::Timestamp, by: Duration) -> jiff::Timestamp {
    at.saturating_sub(jiff::SignedDuration::try_from(by).unwrap_or(jiff::SignedDuration::MAX)).unwrap_or(jiff::Timestamp::MIN)
}

/// A delivery as it is sealed: all of it, so that it can be proven again.
#[derive(Serialize, Deserialize)]
struct StoredDelivery {
    returning: bool,
    method: String,
    uri: String,
    /// Names, and values in base64: they are bytes.
    headers: Vec<(String, String)>,
    body: String,
    source: Option<std::net::IpAddr>,
}

impl StoredDelivery {
    fn new(delivery: &Delivery) -> Self {
        let header = |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), STANDARD.encode(value));
        Self {
            returning: delivery.kind == DeliveryKind::Return,
            method: delivery.method.to_string(),
            uri: delivery.uri.to_string(),
            headers: delivery.headers.iter().map(header).collect(),
            body: STANDARD.encode(&delivery.body),
            source: delivery.source,
        }
    }

    fn read(bytes: &[u8]) -> Result<Delivery> {
        const DAMAGED: FlowError = FlowError::Damaged("a message is not in the form that is expected");
        let stored: Self = serde_json::from_slice(bytes).map_err(|_| DAMAGED)?;
        let uri = stored.uri.parse().map_err(|_| DAMAGED)?;
        if stored.returning {
            return Ok(Delivery::returning(uri));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &stored.headers {
            let name: HeaderName = name.parse().map_err(|_| DAMAGED)?;
            let value = STANDARD.decode(value).map_err(|_| DAMAGED)?;
            headers.append(name, HeaderValue::from_bytes(&value).map_err(|_| DAMAGED)?);
        }
        let body = STANDARD.decode(&stored.body).map_err(|_| DAMAGED)?;
        let delivery = Delivery::callback(stored.method.parse().map_err(|_| DAMAGED)?, uri, headers, body);
        Ok(match stored.source {
            Some(source) => delivery.from_source(source),
            None => delivery,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(body: &'static str) -> Delivery {
        let mut headers = HeaderMap::new();
        headers.append("x-secret", HeaderValue::from_bytes(b"\xe9 1").unwrap());
        headers.append("x-secret", HeaderValue::from_static("2"));
        Delivery::callback(http::Method::POST, "/callback?a=b".parse().unwrap(), headers, body)
            .from_source("192.0.2.1".parse().unwrap())
    }

    #[test]
    fn a_delivery_comes_back_byte_for_byte() {
        let stored = serde_json::to_vec(&StoredDelivery::new(&delivery("\u{0}ü"))).unwrap();
        let read = StoredDelivery::read(&stored).unwrap();
        let given = delivery("\u{0}ü");
        assert_eq!((read.kind, &read.method, &read.uri, &read.headers), (given.kind, &given.method, &given.uri, &given.headers));
        assert_eq!((&read.body, read.source), (&given.body, given.source));
        let returning = Delivery::returning("/back?a=b".parse().unwrap());
        let stored = serde_json::to_vec(&StoredDelivery::new(&returning)).unwrap();
        assert_eq!(StoredDelivery::read(&stored).unwrap().kind, DeliveryKind::Return);
    }

    #[test]
    fn what_is_none_is_refused() {
        for bytes in [b"".as_slice(), b"{}", br#"{"returning":false,"method":"","uri":" ","headers":[],"body":"","source":null}"#]
        {
            assert!(StoredDelivery::read(bytes).is_err());
        }
    }

    #[test]
    fn the_same_message_has_the_same_digest_and_another_has_another() {
        assert_eq!(digest("a", &delivery("1")), digest("a", &delivery("1")));
        assert_ne!(digest("a", &delivery("1")), digest("a", &delivery("2")));
        assert_ne!(digest("a", &delivery("1")), digest("b", &delivery("1")));
    }
}
