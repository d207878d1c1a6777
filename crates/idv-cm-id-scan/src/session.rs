//! Authorizes calls with a JSON Web Token that the adapter signs with the secret of the account's
//! credentials.
//!
//! The token's header has the algorithm and the credentials' key id, its payload only the times of
//! issue, start and expiry. The secret is used verbatim, without decoding. A token authorizes every
//! call until it expires.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use idv_core::{Error, Result, Secret, Timestamp};
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

/// A token is reused only if this much of its lifetime remains, provided that the lifetime is long
/// enough. No attempt of a call takes longer.
const RESERVE: Duration = Duration::from_secs(120);

/// Signs a bearer token that is valid from `issued_at` for `lifetime`, in whole seconds.
///
/// # Errors
///
/// [`Config`](idv_core::ErrorKind::Config) if the key id or the secret is empty;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `issued_at` if the time is before
/// 1970, or `lifetime` if it is less than a second or overflows.
///
/// ```
/// use std::time::Duration;
/// use idv_cm_id_scan::session::token;
///
/// let issued_at = "2024-01-01T00:00:00Z".parse()?;
/// let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
/// let secret = "the account's secret".into();
/// let token = token(key_id, &secret, issued_at, Duration::from_secs(60))?;
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
        .map_err(|_| Error::invalid("issued_at", "expected a time from 1970 on"))?;
    let exp = iat
        .checked_add(lifetime.as_secs())
        .filter(|exp| *exp > iat)
        .ok_or_else(|| Error::invalid("lifetime", "expected 1 second or more"))?;
    // Cargo features of other crates decide whether a process has one signer. With several of them,
    // one must be chosen.
    if CryptoProvider::try_get_default().is_none() {
        // If another thread was faster, its choice applies.
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

/// Checks that the credentials can sign tokens.
pub(crate) fn check(key_id: &str, secret: &Secret) -> Result<()> {
    if key_id.trim().is_empty() || key_id.chars().any(char::is_control) {
        return Err(Error::config(
            "key_id is empty or has a control character: expected the key id of the \
             account's credentials",
        ));
    }
    if secret.is_empty() {
        return Err(Error::config(
            "secret is empty: expected the secret of the account's credentials",
        ));
    }
    Ok(())
}

/// Signs tokens, and reuses the last one while it outlives the calls that carry it.
pub(crate) struct Minter {
    key_id: String,
    secret: Secret,
    lifetime: Duration,
    /// The time by which a token is backdated, in case the vendor's clock is slow.
    skew: Duration,
    cached: Mutex<Option<CachedToken>>,
}

struct CachedToken {
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
            cached: Mutex::default(),
        }
    }

    /// Returns the value of `Authorization` for an attempt at `now`.
    pub(crate) fn bearer(&self, now: Timestamp) -> Result<HeaderValue> {
        let mut cached = self.cached();
        if let Some(cached) = cached
            .as_ref()
            .filter(|cached| self.is_usable(cached.minted_at, now))
        {
            return Ok(cached.bearer.clone());
        }
        let issued_at = now
            .checked_sub(self.skew)
            .map_err(|_| Error::config("token_skew overflows the clock"))?;
        let token = token(
            &self.key_id,
            &self.secret,
            issued_at,
            self.lifetime.saturating_add(self.skew),
        )?;
        // Base64 and dots are always a valid header value; `Debug` redacts a sensitive one.
        let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        let mut bearer =
            bearer.map_err(|_| Error::config("the token is not a valid header value"))?;
        bearer.set_sensitive(true);
        *cached = Some(CachedToken {
            minted_at: now,
            bearer: bearer.clone(),
        });
        Ok(bearer)
    }

    /// Returns whether enough of a token's lifetime remains. A token from the future is not usable:
    /// the clock was set back, and the token is not valid yet.
    fn is_usable(&self, minted_at: Timestamp, now: Timestamp) -> bool {
        let reserve = RESERVE.min(self.lifetime / 2);
        Duration::try_from(now.duration_since(minted_at))
            .is_ok_and(|age| age <= self.lifetime.saturating_sub(reserve))
    }

    fn cached(&self) -> MutexGuard<'_, Option<CachedToken>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
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
