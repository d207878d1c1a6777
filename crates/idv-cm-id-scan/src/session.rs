//! Authorizes calls: a JSON Web Token that the adapter makes itself, signed with the secret of the account's credentials.
//!
//! The token's header carries the algorithm and the credentials' key id, its payload the times of issue, beginning and end, and nothing
//! else. The secret is used as it is written, without decoding. A token allows every call until it ends.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use idv_core::{Error, Result, Secret, Timestamp};
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// The part of a token's life that must be left for it to be used again, if its life is long enough: more than any attempt of a call takes.
const RESERVE: Duration = Duration::from_secs(120);

/// Makes a bearer token that is valid from `issued_at` for `lifetime`, in whole seconds.
///
/// # Errors
///
/// [`Config`](idv_core::ErrorKind::Config) if the key id or the secret is empty;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `issued_at` if that is before 1970, or `lifetime` if that is less
/// than a second or beyond all time.
///
/// ```
/// use std::time::Duration;
/// use idv_cm_id_scan::session::token;
///
/// let issued_at = "2024-01-01T00:00:00Z".parse()?;
/// let token = token("3b438437-04a4-40bb-8389-54bb02766fba", &"the account's secret".into(), issued_at, Duration::from_secs(60))?;
/// assert_eq!(token.expose().split('.').count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn token(
    key_id: &str,
    secret: &Secret,
    issued_at: Timestamp,
    lifetime: Duration,
) -> Result<Secret> {
    #[derive(Serialize)]
    struct Claims {
        iat: u64,
        nbf: u64,
        exp: u64,
    }
    check(key_id, secret)?;
    let iat = u64::try_from(issued_at.as_second())
        .map_err(|_| Error::invalid("issued_at", "it is before 1970"))?;
    let exp = iat
        .checked_add(lifetime.as_secs())
        .filter(|exp| *exp > iat)
        .ok_or_else(|| {
            Error::invalid(
                "lifetime",
                "it is a number of seconds, of which there is one at least",
            )
        })?;
    // Which signer a process has depends on features that other crates turn on; with several of them there is none until one is chosen.
    if CryptoProvider::try_get_default().is_none() {
        // If another thread was faster, its choice counts.
        let _ = DEFAULT_PROVIDER.install_default();
    }
    let unsigned = |_| Error::config("the token cannot be signed with the secret");
    let header = Header {
        kid: Some(key_id.to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let key = EncodingKey::from_secret(secret.expose().as_bytes()).map_err(unsigned)?;
    jsonwebtoken::encode(&header, &Claims { iat, nbf: iat, exp }, &key)
        .map(Secret::new)
        .map_err(unsigned)
}

/// Whether tokens can be made of these credentials.
pub(crate) fn check(key_id: &str, secret: &Secret) -> Result<()> {
    if key_id.trim().is_empty() || key_id.chars().any(char::is_control) {
        return Err(Error::config(
            "key_id is empty or has a control character: it is the key id of the account's credentials",
        ));
    }
    if secret.is_empty() {
        return Err(Error::config(
            "secret is empty: it is the secret of the account's credentials",
        ));
    }
    Ok(())
}

/// Makes tokens and keeps the last one for as long as it outlives the calls that carry it.
pub(crate) struct Minter {
    key_id: String,
    secret: Secret,
    lifetime: Duration,
    /// The time by which a token is dated back, for clocks that are behind this one.
    skew: Duration,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    minted_at: Timestamp,
    bearer: HeaderValue,
}

impl Minter {
    pub(crate) fn new(key_id: &str, secret: &Secret, lifetime: Duration, skew: Duration) -> Self {
        Self {
            key_id: key_id.to_owned(),
            secret: secret.clone(),
            lifetime,
            skew,
            kept: Mutex::default(),
        }
    }

    /// The value of `Authorization` for an attempt at `now`.
    pub(crate) fn bearer(&self, now: Timestamp) -> Result<HeaderValue> {
        let mut kept = self.kept();
        if let Some(kept) = kept
            .as_ref()
            .filter(|kept| self.is_usable(kept.minted_at, now))
        {
            return Ok(kept.bearer.clone());
        }
        let issued_at = now
            .checked_sub(self.skew)
            .map_err(|_| Error::config("token_skew reaches beyond all time"))?;
        let token = token(
            &self.key_id,
            &self.secret,
            issued_at,
            self.lifetime.saturating_add(self.skew),
        )?;
        // Base64 and dots are always a header's value; `Debug` does not print one that is sensitive.
        let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        let mut bearer = bearer.map_err(|_| Error::config("the token cannot be sent"))?;
        bearer.set_sensitive(true);
        *kept = Some(Kept {
            minted_at: now,
            bearer: bearer.clone(),
        });
        Ok(bearer)
    }

    /// Whether a token lives long enough. One from the future is none: the clock was set back, and it would not be valid yet.
    fn is_usable(&self, minted_at: Timestamp, now: Timestamp) -> bool {
        let reserve = RESERVE.min(self.lifetime / 2);
        Duration::try_from(now.duration_since(minted_at))
            .is_ok_and(|age| age <= self.lifetime.saturating_sub(reserve))
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter")
            .field("key_id", &self.key_id)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}
