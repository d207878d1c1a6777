//! Authenticates callbacks.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::signature::{SignatureKey, SignatureScheme};
use super::{Delivery, DeliveryKind};
use crate::error::{Error, ErrorKind, Result};
use crate::observation::{Proof, ProofKind, Trust};
use crate::secret::Secret;

/// Authenticates a vendor's callbacks.
///
/// Comparisons take constant time.
///
/// Each scheme takes one or more secrets, so that they can be rotated: a callback is authentic if
/// any secret matches. A callback URL that is built for the vendor
/// ([`CallbackAuth::parameter_for`]) carries the first one.
///
/// ```
/// use idv_core::http::{HeaderMap, Method};
/// use idv_core::{CallbackAuth, Delivery, Secret};
///
/// let auth = CallbackAuth::header("x-token", [Secret::from("0123456789abcdef")])?;
/// let mut headers = HeaderMap::new();
/// headers.insert("x-token", "0123456789abcdef".parse().unwrap());
/// let uri = "/callback".parse().unwrap();
/// assert!(auth.proves(&Delivery::callback(Method::POST, uri, headers, "{}")));
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// The constructors fail with [`Config`](ErrorKind::Config) if there is no secret, or if a secret
/// is shorter than 16 characters.
#[derive(Debug, Clone)]
pub struct CallbackAuth(Kind);

#[derive(Debug, Clone)]
enum Kind {
    None,
    Header {
        name: http::HeaderName,
        secrets: Vec<Secret>,
    },
    Basic {
        credentials: Vec<Secret>,
    },
    Query {
        parameter: String,
        secrets: Vec<Secret>,
    },
    QueryPerSubject {
        parameter: String,
        keys: Vec<Secret>,
    },
    Signature {
        scheme: SignatureScheme,
        keys: Vec<SignatureKey>,
    },
}

impl CallbackAuth {
    /// Creates the authentication of vendors without any: every callback is unproven, and a reason
    /// to poll.
    #[must_use]
    pub const fn none() -> Self {
        Self(Kind::None)
    }

    /// Creates authentication by a header that carries a secret.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`]; also if `name` is not a valid header name.
    pub fn header(name: &str, secrets: impl IntoIterator<Item = Secret>) -> Result<Self> {
        let name = name.parse().map_err(|_| {
            Error::config("the header name for callbacks is not a valid HTTP header name")
        })?;
        Ok(Self(Kind::Header {
            name,
            secrets: long_enough(secrets)?,
        }))
    }

    /// Creates authentication by HTTP Basic.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`]; also if the user name contains a colon.
    pub fn basic(user: &str, passwords: impl IntoIterator<Item = Secret>) -> Result<Self> {
        if user.contains(':') {
            return Err(Error::config(
                "the user name for callbacks must not contain a colon",
            ));
        }
        let joined = |password: &Secret| Secret::new(format!("{user}:{}", password.expose()));
        Ok(Self(Kind::Basic {
            credentials: long_enough(passwords)?.iter().map(joined).collect(),
        }))
    }

    /// Creates authentication by a query parameter of the callback URL that carries a secret.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`].
    pub fn query(
        parameter: impl Into<String>,
        secrets: impl IntoIterator<Item = Secret>,
    ) -> Result<Self> {
        Ok(Self(Kind::Query {
            parameter: parameter.into(),
            secrets: long_enough(secrets)?,
        }))
    }

    /// Creates authentication by a query parameter that carries a secret for each verification,
    /// derived from a key.
    ///
    /// A leaked URL authenticates no other verification.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`].
    pub fn query_per_subject(
        parameter: impl Into<String>,
        keys: impl IntoIterator<Item = Secret>,
    ) -> Result<Self> {
        Ok(Self(Kind::QueryPerSubject {
            parameter: parameter.into(),
            keys: long_enough(keys)?,
        }))
    }

    /// Creates authentication by a signature over the body.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`]; also if a secret does not have the format of the scheme.
    pub fn signature(
        scheme: SignatureScheme,
        secrets: impl IntoIterator<Item = Secret>,
    ) -> Result<Self> {
        let keys = long_enough(secrets)?
            .iter()
            .map(|secret| scheme.key(secret))
            .collect::<Result<_>>()?;
        Ok(Self(Kind::Signature { scheme, keys }))
    }

    /// Returns the kind of proof that authentic callbacks carry; `None` if they carry none.
    #[must_use]
    pub const fn proof(&self) -> Option<ProofKind> {
        match self.0 {
            Kind::None => None,
            Kind::Header { .. } => Some(ProofKind::SharedSecret),
            Kind::Basic { .. } => Some(ProofKind::Basic),
            Kind::Query { .. } | Kind::QueryPerSubject { .. } => Some(ProofKind::SecretUrl),
            Kind::Signature { .. } => Some(ProofKind::Signature),
        }
    }

    /// Returns the name and value of the query parameter of the callback URL for `subject`, if the
    /// secret is a part of the URL.
    #[must_use]
    pub fn parameter_for(&self, subject: &str) -> Option<(&str, Secret)> {
        match &self.0 {
            Kind::Query { parameter, secrets } => Some((parameter, secrets.first()?.clone())),
            Kind::QueryPerSubject { parameter, keys } => Some((
                parameter,
                Secret::new(hex::encode(derive(keys.first()?, subject))),
            )),
            _ => None,
        }
    }

    /// Examines a delivery once, for every subject that it is about.
    ///
    /// The person's return, and a delivery without authentication, are unproven.
    #[must_use]
    pub fn check<'a>(&'a self, delivery: &'a Delivery) -> CallbackCheck<'a> {
        let is_claim = delivery.kind == DeliveryKind::Return || matches!(self.0, Kind::None);
        // Hash the body once, and only if it can be proven: for a long body this is the expensive
        // part.
        let proof = match self.proof() {
            Some(kind) if !is_claim && self.holds(delivery) => {
                Some(Proof::of(kind, delivery.message()))
            }
            _ => None,
        };
        CallbackCheck {
            auth: self,
            delivery,
            is_claim,
            proof,
        }
    }

    /// Returns the trust in a delivery about `subject`: a shortcut for [`CallbackAuth::check`] with
    /// a single subject.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if the proof is missing or wrong.
    pub fn verify(&self, delivery: &Delivery, subject: &str) -> Result<Trust> {
        self.check(delivery).about(subject)
    }

    /// Returns whether a delivery is proven for every subject.
    ///
    /// Returns `false` without authentication, if each verification has its own secret, and for the
    /// return of a person's browser.
    #[must_use]
    pub fn proves(&self, delivery: &Delivery) -> bool {
        let of_account = !matches!(self.0, Kind::None | Kind::QueryPerSubject { .. });
        of_account && delivery.kind == DeliveryKind::Callback && self.holds(delivery)
    }

    /// Refuses a delivery that fails for every body, so that a server can call it before it reads
    /// the body.
    ///
    /// A signature, and a verification's own secret, are only checked for presence.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if [`CallbackAuth::verify`] would fail for every body and
    /// subject.
    pub fn precheck(&self, delivery: &Delivery) -> Result<()> {
        let is_possible = match &self.0 {
            _ if delivery.kind == DeliveryKind::Return => true,
            Kind::Signature { scheme, .. } => scheme.is_present(&delivery.headers),
            _ => self.holds(delivery),
        };
        if is_possible { Ok(()) } else { Err(forged()) }
    }

    /// Returns whether the delivery is authentic, as far as that does not depend on its subject.
    fn holds(&self, delivery: &Delivery) -> bool {
        let any = |given: &[u8], secrets: &[Secret]| {
            secrets
                .iter()
                .any(|secret| same(given, secret.expose().as_bytes()))
        };
        match &self.0 {
            Kind::None => true,
            Kind::Header { name, secrets } => delivery
                .headers
                .get(name)
                .is_some_and(|value| any(value.as_bytes(), secrets)),
            Kind::Basic { credentials } => delivery
                .headers
                .get(http::header::AUTHORIZATION)
                .and_then(|value| basic_credentials(value.as_bytes()))
                .is_some_and(|given| any(&given, credentials)),
            Kind::Query { parameter, secrets } => delivery
                .query(parameter)
                .is_some_and(|given| any(given.as_bytes(), secrets)),
            Kind::QueryPerSubject { parameter, .. } => delivery
                .query(parameter)
                .is_some_and(|given| !given.is_empty()),
            Kind::Signature { scheme, keys } => scheme.holds(delivery, keys),
        }
    }
}

/// A delivery that [`CallbackAuth::check`] has examined.
#[derive(Debug)]
pub struct CallbackCheck<'a> {
    auth: &'a CallbackAuth,
    delivery: &'a Delivery,
    is_claim: bool,
    proof: Option<Proof>,
}

impl CallbackCheck<'_> {
    /// Returns the trust in the delivery's observations of `subject`.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if the proof is missing or wrong.
    pub fn about(&self, subject: &str) -> Result<Trust> {
        if self.is_claim {
            return Ok(Trust::Claimed);
        }
        let holds = match &self.auth.0 {
            Kind::QueryPerSubject { parameter, keys } => {
                self.delivery.query(parameter).is_some_and(|given| {
                    keys.iter().any(|key| {
                        same(
                            given.as_bytes(),
                            hex::encode(derive(key, subject)).as_bytes(),
                        )
                    })
                })
            }
            _ => true,
        };
        self.proof
            .filter(|_| holds)
            .map(Trust::Proven)
            .ok_or_else(forged)
    }
}

fn forged() -> Error {
    Error::new(ErrorKind::Forged)
        .detail("the secret or signature of the callback is missing or wrong")
}

fn long_enough(secrets: impl IntoIterator<Item = Secret>) -> Result<Vec<Secret>> {
    let secrets: Vec<_> = secrets.into_iter().collect();
    if secrets.is_empty() {
        return Err(Error::config("the callback secret is missing"));
    }
    if secrets.iter().any(|secret| secret.expose().len() < 16) {
        return Err(Error::config(
            "the callback secret has fewer than 16 characters: generate it from at least 128 random bits",
        ));
    }
    Ok(secrets)
}

/// Compares the digests of two values, so that the duration reveals neither their content nor their
/// length.
pub(super) fn same(given: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(given)
        .as_slice()
        .ct_eq(Sha256::digest(expected).as_slice())
        .into()
}

fn derive(key: &Secret, subject: &str) -> [u8; 32] {
    // HMAC accepts keys of every length, so the empty digest is never used.
    Hmac::<Sha256>::new_from_slice(key.expose().as_bytes())
        .map(|mut mac| {
            mac.update(subject.to_ascii_lowercase().as_bytes());
            mac.finalize().into_bytes().into()
        })
        .unwrap_or_default()
}

fn basic_credentials(header: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        rest.trim_ascii(),
    )
    .ok()
}
