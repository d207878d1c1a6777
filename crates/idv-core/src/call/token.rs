//! Session tokens: cached, and renewed once for all waiting calls.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::lock::Mutex;

use super::CallContext;
use crate::error::Result;
use crate::secret::Secret;

/// Logs an adapter in at its vendor.
///
/// A call [in a session](super::Call::in_session) uses the cached token. If the vendor responds 401
/// to a cached token, the token is renewed once.
#[async_trait]
pub trait Session: Send + Sync {
    /// Returns the token cache.
    fn tokens(&self) -> &TokenCache;

    /// Logs in and returns a new token.
    ///
    /// Only one login runs at a time; other calls wait for it.
    ///
    /// # Errors
    ///
    /// Returns the errors of the login call.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, no token is cached, and the next call logs in again.
    async fn log_in(&self, cx: &CallContext) -> Result<Secret>;
}

/// A cache for one session token.
pub struct TokenCache {
    idle_life: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    token: Option<Secret>,
    /// The number of logins, so that the refusal of an old token does not remove a new one.
    generation: u64,
    last_used: Duration,
}

/// A token for one attempt.
pub(super) struct Issued {
    pub(super) token: Secret,
    pub(super) generation: u64,
    /// Whether the token comes from the cache.
    pub(super) kept: bool,
}

impl TokenCache {
    /// Creates a cache for tokens that expire after `idle_life` without use.
    ///
    /// The cache drops a token earlier, after nine tenths of that time.
    #[must_use]
    pub fn new(idle_life: Duration) -> Self {
        Self {
            idle_life: idle_life.mul_f64(0.9),
            kept: Mutex::new(Kept::default()),
        }
    }

    /// Returns the cached token or a new one. Calls during a login wait for it instead of logging
    /// in again.
    pub(super) async fn issue(&self, session: &dyn Session, cx: &CallContext) -> Result<Issued> {
        let mut kept = self.kept.lock().await;
        let now = cx.monotonic();
        let alive = now.saturating_sub(kept.last_used) < self.idle_life;
        if let Some(token) = kept.token.clone().filter(|_| alive) {
            kept.last_used = now;
            return Ok(Issued {
                token,
                generation: kept.generation,
                kept: true,
            });
        }
        kept.token = None;
        let token = session.log_in(cx).await?;
        kept.token = Some(token.clone());
        kept.generation += 1;
        kept.last_used = cx.monotonic();
        Ok(Issued {
            token,
            generation: kept.generation,
            kept: false,
        })
    }

    /// Removes the token of this generation; a newer one stays.
    pub(super) async fn refuse(&self, generation: u64) {
        let mut kept = self.kept.lock().await;
        if kept.generation == generation {
            kept.token = None;
        }
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("idle_life", &self.idle_life)
            .finish_non_exhaustive()
    }
}
