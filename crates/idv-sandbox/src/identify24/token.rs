//! Tokens: a JWT that is made at authentication and dies when it was not used for half an hour ("Authentication").

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::Sha256;

use crate::random::Random;

/// The life of an unused token.
const IDLE: SignedDuration = SignedDuration::from_mins(30);

/// The tokens that were made.
#[derive(Debug, Default)]
pub(crate) struct Tokens(HashMap<String, Token>);

#[derive(Debug)]
struct Token {
    partner: String,
    used: Timestamp,
}

impl Tokens {
    /// Makes a token for a partner.
    pub(crate) fn issue(&mut self, partner: &str, now: Timestamp, random: &mut Random) -> String {
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(&json!({ "typ": "JWT", "alg": "HS256" }));
        let claims = part(&json!({ "sub": partner, "iat": now.as_second(), "jti": random.uuid() }));
        let signed = format!("{header}.{claims}");
        // HMAC takes keys of every length, so the empty signature is never used. Nobody but the vendor reads it.
        let signature = Hmac::<Sha256>::new_from_slice(random.uuid().as_bytes()).map(|mut mac| {
            mac.update(signed.as_bytes());
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        });
        let token = format!("{signed}.{}", signature.unwrap_or_default());
        self.0.insert(token.clone(), Token { partner: partner.to_owned(), used: now });
        token
    }

    /// Uses a token: whether it is this partner's and alive. One that was idle for too long is forgotten.
    pub(crate) fn touch(&mut self, token: &str, partner: &str, now: Timestamp) -> bool {
        self.0.retain(|_, token| now.duration_since(token.used) < IDLE);
        match self.0.get_mut(token).filter(|token| token.partner == partner) {
            Some(token) => {
                token.used = now;
                true
            }
            None => false,
        }
    }

    /// Every token becomes invalid.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
