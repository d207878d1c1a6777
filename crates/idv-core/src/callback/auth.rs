//! Authenticates callbacks.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::signature::{SignatureKey, SignatureScheme};
use super::{Delivery, DeliveryKind};
use crate::error::{Error, ErrorKind, Result};
use crate::observation::{Proof, ProofKind, Trust};
use crate::secret::Secret;

/// Authenticates a vendor's callbacks. Comparisons take the same time whatever is compared.
///
/// Each scheme takes one secret or several, so that a secret can be rotated: a callback is authentic if any of them proves it, and an
/// address that is built for the vendor ([`CallbackAuth::parameter_for`]) carries the first one.
///
/// # Errors
///
/// The constructors fail with [`Config`](ErrorKind::Config) if there is no secret, or if one is shorter than 16 characters.
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
    /// Returns the authentication of vendors that can be asked: every callback is a claim, and a reason to ask.
    #[must_use]
    pub const fn none() -> Self {
        Self(Kind::None)
    }

    /// Returns authentication by a header that carries a secret.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`]; also if `name` is not the name of a header.
    pub fn header(name: &str, secrets: impl IntoIterator<Item = Secret>) -> Result<Self> {
        let name = name.parse().map_err(|_| {
            Error::config("the name of the callback's header is not a header's name")
        })?;
        Ok(Self(Kind::Header {
            name,
            secrets: long_enough(secrets)?,
        }))
    }

    /// Returns HTTP Basic authentication.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`]; also if the user name holds a colon.
    pub fn basic(user: &str, passwords: impl IntoIterator<Item = Secret>) -> Result<Self> {
        if user.contains(':') {
            return Err(Error::config(
                "the user name for callbacks must not hold a colon",
            ));
        }
        let joined = |password: &Secret| Secret::new(format!("{user}:{}", password.expose()));
        Ok(Self(Kind::Basic {
            credentials: long_enough(passwords)?.iter().map(joined).collect(),
        }))
    }

    /// Returns authentication by a parameter of the callback's address that carries a secret.
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

    /// Returns authentication by a parameter of the callback's address that carries a secret of each verification's own, derived from a
    /// key: a leaked address opens no other verification.
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

    /// Returns authentication by a signature over the body.
    ///
    /// # Errors
    ///
    /// See [`CallbackAuth`]; also if a secret does not have the form that the scheme gives it.
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

    /// Returns the kind of proof that authentic callbacks bring; `None` if they bring none.
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

    /// Returns the parameter and its value to be put into the callback's address for `subject`, if the secret is a part of the address.
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

    /// Examines a delivery once, for every subject that it is about. The person's return, and a delivery without authentication, is a
    /// claim.
    #[must_use]
    pub fn check<'a>(&'a self, delivery: &'a Delivery) -> CallbackCheck<'a> {
        let is_claim = delivery.kind == DeliveryKind::Return || matches!(self.0, Kind::None);
        // Hashing a long body costs more than everything else here: it is done once, and only if a proof may come of it.
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

    /// Returns the trust in a delivery about `subject`: [`CallbackAuth::check`] for a single subject.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if the proof is missing or wrong.
    pub fn verify(&self, delivery: &Delivery, subject: &str) -> Result<Trust> {
        self.check(delivery).about(subject)
    }

    /// Returns whether a delivery is the vendor's whatever it is about. It never is without authentication, if the secret is one of a
    /// single verification, or if the person's browser made it.
    #[must_use]
    pub fn proves(&self, delivery: &Delivery) -> bool {
        let of_account = !matches!(self.0, Kind::None | Kind::QueryPerSubject { .. });
        of_account && delivery.kind == DeliveryKind::Callback && self.holds(delivery)
    }

    /// Refuses a delivery that cannot be proven, whatever its body says, so that a server asks before it reads one. Of a signature and
    /// of a verification's own secret it asks only whether there is one.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if [`CallbackAuth::verify`] would fail for every body and subject.
    pub fn precheck(&self, delivery: &Delivery) -> Result<()> {
        let is_possible = match &self.0 {
            _ if delivery.kind == DeliveryKind::Return => true,
            Kind::Signature { scheme, .. } => scheme.is_present(&delivery.headers),
            _ => self.holds(delivery),
        };
        if is_possible { Ok(()) } else { Err(forged()) }
    }

    /// Whether the delivery is authentic, as far as that does not depend on its subject.
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

/// A delivery that a [`CallbackAuth`] has examined.
#[derive(Debug)]
pub struct CallbackCheck<'a> {
    auth: &'a CallbackAuth,
    delivery: &'a Delivery,
    is_claim: bool,
    proof: Option<Proof>,
}

impl CallbackCheck<'_> {
    /// Returns the trust in the delivery's statements about `subject`.
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
    Error::new(ErrorKind::Forged).detail("the callback's secret or signature is missing or wrong")
}

fn long_enough(secrets: impl IntoIterator<Item = Secret>) -> Result<Vec<Secret>> {
    let secrets: Vec<_> = secrets.into_iter().collect();
    if secrets.is_empty() {
        return Err(Error::config("there is no secret that proves callbacks"));
    }
    if secrets.iter().any(|secret| secret.expose().len() < 16) {
        return Err(Error::config(
            "the secret that proves callbacks has fewer than 16 characters: make it of at least 128 random bits",
        ));
    }
    Ok(secrets)
}

/// Compares by digest, so that neither the contents nor the length shows in the time it takes.
pub(super) fn same(given: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(given)
        .as_slice()
        .ct_eq(Sha256::digest(expected).as_slice())
        .into()
}

fn derive(key: &Secret, subject: &str) -> [u8; 32] {
    // HMAC takes keys of every length, so the empty digest is never used.
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
