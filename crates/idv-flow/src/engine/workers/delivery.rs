//! The stored form of a callback or a return.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use idv_core::{Delivery, DeliveryKind};
use serde::{Deserialize, Serialize};

use crate::error::{FlowError, Result};

/// A delivery as it is stored: whole, so that it can be authenticated again.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredDelivery {
    returning: bool,
    method: String,
    uri: String,
    /// Names, and values in Base64, since they need not be text.
    headers: Vec<(String, String)>,
    body: String,
    source: Option<std::net::IpAddr>,
    #[serde(default)]
    received_at: Option<jiff::Timestamp>,
}

impl StoredDelivery {
    pub(super) fn new(delivery: &Delivery) -> Self {
        let header =
            |(name, value): (&HeaderName, &HeaderValue)| (name.to_string(), STANDARD.encode(value));
        Self {
            returning: delivery.kind == DeliveryKind::Return,
            method: delivery.method.to_string(),
            uri: delivery.uri.to_string(),
            headers: delivery.headers.iter().map(header).collect(),
            body: STANDARD.encode(&delivery.body),
            source: delivery.source,
            received_at: delivery.received_at,
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Delivery> {
        const DAMAGED: FlowError = FlowError::Damaged("a stored message has an unexpected form");
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
        let mut delivery = Delivery::callback(
            stored.method.parse().map_err(|_| DAMAGED)?,
            uri,
            headers,
            body,
        );
        (delivery.source, delivery.received_at) = (stored.source, stored.received_at);
        Ok(delivery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(body: &'static str) -> Delivery {
        let mut headers = HeaderMap::new();
        headers.append("x-secret", HeaderValue::from_bytes(b"\xe9 1").unwrap());
        headers.append("x-secret", HeaderValue::from_static("2"));
        Delivery::callback(
            http::Method::POST,
            "/callback?a=b".parse().unwrap(),
            headers,
            body,
        )
        .from_source("192.0.2.1".parse().unwrap())
    }

    #[test]
    fn delivery_is_read_as_it_was_stored() {
        let stored = serde_json::to_vec(&StoredDelivery::new(&delivery("\u{0}ü"))).unwrap();
        let read = StoredDelivery::read(&stored).unwrap();
        let given = delivery("\u{0}ü");
        assert_eq!(
            (read.kind, &read.method, &read.uri, &read.headers),
            (given.kind, &given.method, &given.uri, &given.headers)
        );
        assert_eq!((&read.body, read.source), (&given.body, given.source));
        let returning = Delivery::returning("/back?a=b".parse().unwrap());
        let stored = serde_json::to_vec(&StoredDelivery::new(&returning)).unwrap();
        assert_eq!(
            StoredDelivery::read(&stored).unwrap().kind,
            DeliveryKind::Return
        );
    }

    #[test]
    fn invalid_delivery_is_refused() {
        for bytes in [
            b"".as_slice(),
            b"{}",
            br#"{"returning":false,"method":"","uri":" ","headers":[],"body":"","source":null}"#,
        ] {
            assert!(StoredDelivery::read(bytes).is_err());
        }
    }
}
