//! Callback signatures: HMAC of the body, optionally with a timestamp.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::Delivery;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Maximum number of signatures in a header that are compared. A vendor sends one for each of its
/// active keys.
const MAX_SIGNATURES: usize = 16;

/// The prefix of Base64 secrets in Standard Webhooks.
const STANDARD_SECRET: &str = "whsec_";

/// The hash function of a signature's HMAC (RFC 2104).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// HMAC-SHA256.
    HmacSha256,
    /// HMAC-SHA512.
    HmacSha512,
}

/// The text form of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureEncoding {
    /// Hexadecimal digits, in either case.
    Hex,
    /// Base64 with padding (RFC 4648, section 4).
    Base64,
}

/// A vendor's scheme for the signatures of its callbacks.
///
/// | scheme | signed text | header |
/// |---|---|---|
/// | [`SignatureScheme::body`] | the body | the signature, optionally with a [prefix](SignatureScheme::prefix) |
/// | [`SignatureScheme::timestamped`] | `time.body` | `t=time,v1=signature,…` |
/// | [`SignatureScheme::standard_webhooks`] | `id.time.body` | `v1,signature …`, with `webhook-id` and `webhook-timestamp` |
///
/// Timestamps are seconds since 1970. A callback is refused if its timestamp differs from its
/// arrival by more than the [tolerance](SignatureScheme::tolerance), in either direction, so that a
/// recorded callback cannot be replayed later.
///
/// ```
/// use idv_core::{CallbackAuth, SignatureAlgorithm, SignatureEncoding, SignatureScheme};
///
/// let scheme = SignatureScheme::body("x-sha2-signature", SignatureAlgorithm::HmacSha256, SignatureEncoding::Hex)?;
/// let auth = CallbackAuth::signature(scheme, ["the newest of the secrets".into(), "the one before it".into()])?;
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureScheme {
    layout: Layout,
    header: HeaderName,
    algorithm: SignatureAlgorithm,
    encoding: SignatureEncoding,
    prefix: &'static str,
    members: (&'static str, &'static str),
    tolerance: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Body,
    Timestamped,
    StandardWebhooks,
}

impl SignatureScheme {
    /// Creates the scheme of vendors that sign the body alone and send the signature in `header`.
    ///
    /// The scheme does not prevent replay; a repeated observation changes nothing.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if `header` is not a valid header name.
    pub fn body(
        header: &str,
        algorithm: SignatureAlgorithm,
        encoding: SignatureEncoding,
    ) -> Result<Self> {
        Self::new(Layout::Body, header, algorithm, encoding)
    }

    /// Creates the scheme of vendors that sign `time.body` and send `t=time,v1=signature` in
    /// `header`, with one `v1` for each of their keys.
    ///
    /// Other members of the header are ignored.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if `header` is not a valid header name.
    pub fn timestamped(
        header: &str,
        algorithm: SignatureAlgorithm,
        encoding: SignatureEncoding,
    ) -> Result<Self> {
        Self::new(Layout::Timestamped, header, algorithm, encoding)
    }

    /// Creates the scheme of the Standard Webhooks specification, whose secrets are `whsec_`
    /// followed by Base64.
    #[must_use]
    pub const fn standard_webhooks() -> Self {
        Self {
            layout: Layout::StandardWebhooks,
            header: HeaderName::from_static("webhook-signature"),
            algorithm: SignatureAlgorithm::HmacSha256,
            encoding: SignatureEncoding::Base64,
            prefix: "",
            members: MEMBERS,
            tolerance: TOLERANCE,
        }
    }

    /// Sets the text before each signature, such as `sha256=`.
    #[must_use]
    pub const fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Sets the names of the members in the header of [`SignatureScheme::timestamped`].
    ///
    /// The default is `t` and `v1`.
    #[must_use]
    pub const fn members(mut self, time: &'static str, signature: &'static str) -> Self {
        self.members = (time, signature);
        self
    }

    /// Sets the tolerance between the timestamp of a signature and its arrival.
    ///
    /// The default is 5 minutes.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    fn new(
        layout: Layout,
        header: &str,
        algorithm: SignatureAlgorithm,
        encoding: SignatureEncoding,
    ) -> Result<Self> {
        let header = header.parse().map_err(|_| {
            Error::config("the header name for signatures is not a valid HTTP header name")
        })?;
        Ok(Self {
            layout,
            header,
            algorithm,
            encoding,
            prefix: "",
            members: MEMBERS,
            tolerance: TOLERANCE,
        })
    }

    /// Decodes a secret by the format of the scheme.
    pub(super) fn key(&self, secret: &Secret) -> Result<SignatureKey> {
        let text = secret.expose();
        match text
            .strip_prefix(STANDARD_SECRET)
            .filter(|_| self.layout == Layout::StandardWebhooks)
        {
            Some(encoded) => STANDARD.decode(encoded).map(SignatureKey).map_err(|_| {
                Error::config("invalid callback secret: expected `whsec_` followed by Base64")
            }),
            None => Ok(SignatureKey(text.as_bytes().to_vec())),
        }
    }

    /// Returns whether the headers carry a signature, authentic or not.
    pub(super) fn is_present(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(&self.header)
    }

    /// Returns whether any signature of the delivery matches any key, and its timestamp is within
    /// the tolerance.
    pub(super) fn holds(&self, delivery: &Delivery, keys: &[SignatureKey]) -> bool {
        let Some(Signed {
            time,
            parts,
            signatures,
        }) = self.signed(&delivery.headers)
        else {
            return false;
        };
        if let Some(time) = time
            && !self.is_near(time, delivery.received_at)
        {
            return false;
        }
        let decoded = signatures
            .into_iter()
            .take(MAX_SIGNATURES)
            .filter_map(|signature| {
                let signature = signature.trim().strip_prefix(self.prefix)?;
                match self.encoding {
                    SignatureEncoding::Hex => hex::decode(signature).ok(),
                    SignatureEncoding::Base64 => STANDARD.decode(signature).ok(),
                }
            });
        let decoded: Vec<_> = decoded.collect();
        keys.iter().any(|key| {
            let expected = self.algorithm.sign(key, &parts, &delivery.body);
            // The length of a signature is not secret.
            decoded
                .iter()
                .any(|given| given.as_slice().ct_eq(&expected).into())
        })
    }

    fn is_near(&self, time: &str, received_at: Option<Timestamp>) -> bool {
        let time = time
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        // Without a time of arrival, a replayed callback looks like a new one.
        let Some((time, received_at)) = time.zip(received_at) else {
            return false;
        };
        received_at.duration_since(time).unsigned_abs() <= self.tolerance
    }

    /// Parses the headers.
    fn signed<'a>(&self, headers: &'a HeaderMap) -> Option<Signed<'a>> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let header = text(&self.header)?;
        Some(match self.layout {
            Layout::Body => Signed {
                time: None,
                parts: Vec::new(),
                signatures: vec![header],
            },
            Layout::Timestamped => {
                let members = || {
                    header
                        .split(',')
                        .filter_map(|member| member.trim().split_once('='))
                };
                let time = members().find(|(name, _)| *name == self.members.0)?.1;
                let signatures = members()
                    .filter(|(name, _)| *name == self.members.1)
                    .map(|(_, signature)| signature)
                    .collect();
                Signed {
                    time: Some(time),
                    parts: vec![time],
                    signatures,
                }
            }
            Layout::StandardWebhooks => {
                let id = text(&HeaderName::from_static("webhook-id"))?;
                let time = text(&HeaderName::from_static("webhook-timestamp"))?;
                let signatures = header
                    .split(' ')
                    .filter_map(|signature| signature.strip_prefix("v1,"))
                    .collect();
                Signed {
                    time: Some(time),
                    parts: vec![id, time],
                    signatures,
                }
            }
        })
    }
}

const MEMBERS: (&str, &str) = ("t", "v1");
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The signatures of a delivery, and the text that precedes the body in the signed text.
struct Signed<'a> {
    time: Option<&'a str>,
    parts: Vec<&'a str>,
    signatures: Vec<&'a str>,
}

/// A key for signatures, which is never printed.
#[derive(Clone)]
pub(super) struct SignatureKey(Vec<u8>);

impl fmt::Debug for SignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl SignatureAlgorithm {
    fn sign(self, key: &SignatureKey, parts: &[&str], body: &[u8]) -> Vec<u8> {
        fn sign<M: Mac + KeyInit>(key: &SignatureKey, parts: &[&str], body: &[u8]) -> Vec<u8> {
            // HMAC accepts keys of every length. No signature is empty, so the empty digest never
            // matches.
            let Ok(mut mac) = <M as KeyInit>::new_from_slice(&key.0) else {
                return Vec::new();
            };
            for part in parts {
                mac.update(part.as_bytes());
                mac.update(b".");
            }
            mac.update(body);
            mac.finalize().into_bytes().to_vec()
        }
        match self {
            Self::HmacSha256 => sign::<Hmac<Sha256>>(key, parts, body),
            Self::HmacSha512 => sign::<Hmac<Sha512>>(key, parts, body),
        }
    }
}

#[cfg(test)]
mod tests;
