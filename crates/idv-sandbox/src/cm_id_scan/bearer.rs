//! Tokens of the customer: HS256 JWTs with the key ID in the header ("Authentication").

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::Sha256;

use super::account::Account;
use super::{Moment, World};
use crate::exchange::Incoming;
use crate::failure::Failure;

/// Returns the account of a request's token.
pub(crate) fn authorized(
    world: &World,
    request: &Incoming,
    moment: &Moment<'_>,
) -> Result<Account, Failure> {
    let (scheme, token) = request
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        .ok_or_else(|| Failure::unauthorized("Authorization must be Bearer and a token"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Failure::unauthorized(
            "Authorization must be Bearer and a token",
        ));
    }
    check(world, token.trim(), moment)
        .cloned()
        .map_err(Failure::unauthorized)
}

fn check<'a>(
    world: &'a World,
    token: &str,
    moment: &Moment<'_>,
) -> Result<&'a Account, &'static str> {
    let (signed, signature) = token.rsplit_once('.').ok_or("the token is not a JWT")?;
    let (header, payload) = signed.split_once('.').ok_or("the token is not a JWT")?;
    let header = object(header).ok_or("the token's header is not a JSON object in Base64url")?;
    if header.get("alg").and_then(Value::as_str) != Some("HS256") {
        return Err("alg must be HS256");
    }
    let key_id = header
        .get("kid")
        .and_then(Value::as_str)
        .ok_or("kid is missing in the token's header")?;
    let account = world.account(key_id).ok_or("kid is not known")?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| "the token's signature is not Base64url")?;
    let mac = Hmac::<Sha256>::new_from_slice(account.secret.as_bytes())
        .map_err(|_| "the secret is not a valid key")?;
    mac.chain_update(signed.as_bytes())
        .verify_slice(&signature)
        .map_err(|_| "the token's signature is wrong")?;
    let payload = object(payload).ok_or("the token's payload is not a JSON object in Base64url")?;
    let times = Times::of(&payload)?;
    // The client generates the token by its own clock, which may differ from virtual time.
    let mut verdicts = moment
        .clocks(account.strict_clock)
        .map(|now| times.check(account, now));
    let by_virtual_time = verdicts.next().unwrap_or(Ok(()));
    if by_virtual_time.is_ok() || verdicts.any(|verdict| verdict.is_ok()) {
        Ok(account)
    } else {
        by_virtual_time.map(|()| account)
    }
}

/// The times of a token, in seconds. RFC 7519 calls their type NumericDate, which may have a
/// fraction.
struct Times {
    issued: f64,
    not_before: f64,
    expires: f64,
}

impl Times {
    fn of(payload: &Map<String, Value>) -> Result<Self, &'static str> {
        let seconds = |name: &str| payload.get(name).and_then(Value::as_f64);
        Ok(Self {
            issued: seconds("iat").ok_or("iat must be a UNIX timestamp in seconds")?,
            not_before: seconds("nbf").ok_or("nbf must be a UNIX timestamp in seconds")?,
            expires: seconds("exp").ok_or("exp must be a UNIX timestamp in seconds")?,
        })
    }

    fn check(&self, account: &Account, now: Timestamp) -> Result<(), &'static str> {
        let now = now.as_duration().as_secs_f64();
        let latest = now + seconds(account.clock_skew_seconds);
        if self.issued > latest || self.not_before > latest {
            return Err("the token is not valid yet");
        }
        if self.expires <= now {
            return Err("the token is expired");
        }
        if self.expires - self.issued > seconds(account.longest_token_seconds) {
            return Err("the token is valid for too long");
        }
        Ok(())
    }
}

const fn seconds(setting: u64) -> f64 {
    std::time::Duration::from_secs(setting).as_secs_f64()
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
