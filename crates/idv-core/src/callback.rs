//! Being told: what arrives, how it is proven, what is answered.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method, StatusCode, Uri};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, ErrorKind, Result};
use crate::observation::{Observation, Proof, ProofKind, Trust};
use crate::secret::Secret;

/// A message that arrived at one of our addresses, whole and unread. `Debug` prints neither its address nor its body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// Who is to have sent it.
    pub kind: DeliveryKind,
    /// The method.
    pub method: Method,
    /// The path and query that was called.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte as it arrived.
    pub body: Bytes,
    /// The address it came from, where that is known for certain: not from a header that anybody can write.
    pub source: Option<IpAddr>,
}

/// Who is to have sent a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryKind {
    /// The vendor.
    Callback,
    /// The person's browser, coming back. It never proves anything.
    Return,
}

impl Delivery {
    /// A callback with a body.
    #[must_use]
    pub fn callback(method: Method, uri: Uri, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { kind: DeliveryKind::Callback, method, uri, headers, body: body.into(), source: None }
    }

    /// The person's browser, coming back to `uri`.
    #[must_use]
    pub fn returning(uri: Uri) -> Self {
        Self { kind: DeliveryKind::Return, method: Method::GET, uri, headers: HeaderMap::new(), body: Bytes::new(), source: None }
    }

    /// The same, from an address that is known for certain.
    #[must_use]
    pub const fn from_source(mut self, source: IpAddr) -> Self {
        self.source = Some(source);
        self
    }

    /// What was said, as it came: the body, or the query where the vendor tells by its address alone.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        if self.body.is_empty() { self.uri.query().unwrap_or_default().as_bytes() } else { &self.body }
    }

    /// The value of a parameter of the query, decoded; the first one where it is repeated.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?;
        url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("kind", &self.kind)
            .field("method", &self.method)
            .field("body_length", &self.body.len())
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// What a delivery says, and what to answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CallbackMessage {
    /// What it says; nothing, where it is about something else.
    pub observations: Vec<Observation>,
    /// What to answer.
    pub reply: Reply,
}

impl CallbackMessage {
    /// What a delivery says, and what to answer.
    #[must_use]
    pub const fn new(observations: Vec<Observation>, reply: Reply) -> Self {
        Self { observations, reply }
    }
}

/// What to answer to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Cow<'static, str>,
}

impl Reply {
    /// An answer without a body.
    #[must_use]
    pub const fn status(status: StatusCode) -> Self {
        Self { status, body: Cow::Borrowed("") }
    }

    /// Returns the answer to a delivery that could not be taken: 403 if it is forged, 400 if it cannot be read, 404 if the vendor
    /// has no callbacks.
    #[must_use]
    pub fn to_error(error: &Error) -> Self {
        Self::status(match error.kind() {
            ErrorKind::Forged => StatusCode::FORBIDDEN,
            ErrorKind::Malformed | ErrorKind::LimitExceeded => StatusCode::BAD_REQUEST,
            ErrorKind::Unsupported => StatusCode::NOT_FOUND,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        })
    }
}

/// How a vendor calls back: what a server has to know before it reads anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackSpec {
    /// The methods that the vendor calls by.
    pub methods: &'static [Method],
    /// How long a body may be, in bytes. It is more than the vendor ever sends.
    pub body_limit: usize,
    /// How soon the vendor wants its reply, where its document says so.
    pub reply_within: Option<Duration>,
}

impl CallbackSpec {
    /// By these methods, with bodies of at most so many bytes, and without a documented time for the reply.
    #[must_use]
    pub const fn new(methods: &'static [Method], body_limit: usize) -> Self {
        Self { methods, body_limit, reply_within: None }
    }

    /// The vendor wants its reply so soon.
    #[must_use]
    pub const fn reply_within(mut self, time: Duration) -> Self {
        self.reply_within = Some(time);
        self
    }
}

/// How the vendor's callbacks are told from anybody else's. Comparisons take the same time whatever is compared; empty secrets are
/// refused.
#[derive(Debug, Clone)]
pub struct CallbackAuth(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Open,
    Header { name: http::HeaderName, secret: Secret },
    Basic { expected: Secret },
    Query { parameter: String, secret: Secret },
    QueryPerSubject { parameter: String, key: Secret },
}

impl CallbackAuth {
    /// No proof: every callback is a claim, and a reason to ask. Only for vendors that can be asked.
    #[must_use]
    pub const fn none() -> Self {
        Self(Kind::Open)
    }

    /// A header that carries a secret.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) where the secret is shorter than 16 characters, or the name is none of a header.
    pub fn header(name: &str, secret: Secret) -> Result<Self> {
        let name = name.parse().map_err(|_| Error::config("the name of the callback's header is not a header's name"))?;
        Ok(Self(Kind::Header { name, secret: long_enough(secret)? }))
    }

    /// HTTP Basic authentication.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) where the password is shorter than 16 characters, or the user name holds a colon.
    pub fn basic(user: &str, password: Secret) -> Result<Self> {
        if user.contains(':') {
            return Err(Error::config("the user name for callbacks must not hold a colon"));
        }
        let password = long_enough(password)?;
        Ok(Self(Kind::Basic { expected: Secret::new(format!("{user}:{}", password.expose())) }))
    }

    /// A parameter of the callback's address that carries a secret.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) where the secret is shorter than 16 characters.
    pub fn query(parameter: impl Into<String>, secret: Secret) -> Result<Self> {
        Ok(Self(Kind::Query { parameter: parameter.into(), secret: long_enough(secret)? }))
    }

    /// A parameter of the callback's address that carries a secret of each verification's own, derived from `key`:
    /// what leaks with one address opens no other.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) where the key is shorter than 16 characters.
    pub fn query_per_subject(parameter: impl Into<String>, key: Secret) -> Result<Self> {
        Ok(Self(Kind::QueryPerSubject { parameter: parameter.into(), key: long_enough(key)? }))
    }

    /// What a proof of this guard rests on; `None` where it proves nothing.
    #[must_use]
    pub const fn proof(&self) -> Option<ProofKind> {
        match self.0 {
            Kind::Open => None,
            Kind::Header { .. } => Some(ProofKind::SharedSecret),
            Kind::Basic { .. } => Some(ProofKind::Basic),
            Kind::Query { .. } | Kind::QueryPerSubject { .. } => Some(ProofKind::SecretUrl),
        }
    }

    /// The parameter and its value to be put into the callback's address for `subject`, where this guard lives there.
    #[must_use]
    pub fn parameter_for(&self, subject: &str) -> Option<(&str, Secret)> {
        match &self.0 {
            Kind::Query { parameter, secret } => Some((parameter, secret.clone())),
            Kind::QueryPerSubject { parameter, key } => Some((parameter, Secret::new(hex::encode(derive(key, subject))))),
            _ => None,
        }
    }

    /// Examines a delivery once, for every subject that it is about. The person's browser, and a delivery through an open guard, is a
    /// claim.
    #[must_use]
    pub fn check<'a>(&'a self, delivery: &'a Delivery) -> CallbackCheck<'a> {
        let is_claim = delivery.kind == DeliveryKind::Return || matches!(self.0, Kind::Open);
        let is_possible = is_claim || self.is_possible(delivery);
        // Hashing a long body costs more than everything else here: it is done once, and only if a proof may come of it.
        let proof = match self.proof() {
            Some(kind) if !is_claim && is_possible => Some(Proof::of(kind, delivery.message())),
            _ => None,
        };
        CallbackCheck { guard: self, delivery, is_claim, proof }
    }

    /// Returns how far a delivery about `subject` can be believed: [`CallbackAuth::check`] for a single subject.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if the proof is missing or wrong.
    pub fn verify(&self, delivery: &Delivery, subject: &str) -> Result<Trust> {
        self.check(delivery).about(subject)
    }

    /// Returns whether a delivery is the vendor's whatever it is about. It never is if the guard is open, if the secret is one of a single
    /// verification, or if the person's browser made it.
    #[must_use]
    pub fn proves(&self, delivery: &Delivery) -> bool {
        let of_account = matches!(self.0, Kind::Header { .. } | Kind::Basic { .. } | Kind::Query { .. });
        of_account && delivery.kind == DeliveryKind::Callback && self.is_possible(delivery)
    }

    /// Refuses a delivery that cannot be proven, whatever its body says: a server asks before it reads one. Where the secret is a
    /// verification's own, it is only asked whether there is one.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) where [`CallbackAuth::verify`] would fail for every subject.
    pub fn precheck(&self, delivery: &Delivery) -> Result<()> {
        if delivery.kind == DeliveryKind::Return || self.is_possible(delivery) { Ok(()) } else { Err(forged()) }
    }

    /// Whether the address and the headers prove it, as far as that does not depend on whom it is about.
    fn is_possible(&self, delivery: &Delivery) -> bool {
        match &self.0 {
            Kind::Open => true,
            Kind::Header { name, secret } => {
                delivery.headers.get(name).is_some_and(|value| same(value.as_bytes(), secret.expose().as_bytes()))
            }
            Kind::Basic { expected } => delivery
                .headers
                .get(http::header::AUTHORIZATION)
                .and_then(|value| basic_credentials(value.as_bytes()))
                .is_some_and(|given| same(&given, expected.expose().as_bytes())),
            Kind::Query { parameter, secret } => {
                delivery.query(parameter).is_some_and(|given| same(given.as_bytes(), secret.expose().as_bytes()))
            }
            Kind::QueryPerSubject { parameter, .. } => delivery.query(parameter).is_some_and(|given| !given.is_empty()),
        }
    }
}

/// A delivery that a [`CallbackAuth`] has examined.
#[derive(Debug)]
pub struct CallbackCheck<'a> {
    guard: &'a CallbackAuth,
    delivery: &'a Delivery,
    is_claim: bool,
    proof: Option<Proof>,
}

impl CallbackCheck<'_> {
    /// Returns how far the delivery can be believed in what it says about `subject`.
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) if the proof is missing or wrong.
    pub fn about(&self, subject: &str) -> Result<Trust> {
        if self.is_claim {
            return Ok(Trust::Claimed);
        }
        let holds = match &self.guard.0 {
            Kind::QueryPerSubject { parameter, key } => self
                .delivery
                .query(parameter)
                .is_some_and(|given| same(given.as_bytes(), hex::encode(derive(key, subject)).as_bytes())),
            _ => true,
        };
        self.proof.filter(|_| holds).map(Trust::Proven).ok_or_else(forged)
    }
}

fn forged() -> Error {
    Error::new(ErrorKind::Forged).detail("the callback's secret is missing or wrong")
}

fn long_enough(secret: Secret) -> Result<Secret> {
    if secret.expose().len() < 16 {
        return Err(Error::config(
            "the secret that proves callbacks has fewer than 16 characters: make it of at least 128 random bits",
        ));
    }
    Ok(secret)
}

/// Compares by digest, so that neither the contents nor the length shows in the time it takes.
fn same(given: &[u8], expected: &[u8]) -> bool {
    Sha256::digest(given).as_slice().ct_eq(Sha256::digest(expected).as_slice()).into()
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
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, rest.trim_ascii()).ok()
}

#[cfg(test)]
mod tests;
