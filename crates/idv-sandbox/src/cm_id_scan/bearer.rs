//! Tokens of the customer: HS256 JWTs with the key ID in the header ("Authentication").

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::account::Account;
use super::{Moment, World, rules};
use crate::exchange::Incoming;
use crate::failure::Failure;
use crate::rule::Rule;

/// Returns the account of a request's token.
pub(crate) fn authorized(
    world: &World,
    request: &Incoming,
    moment: &Moment<'_>,
) -> Result<Account, Failure> {
    let (_, token) = request
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .ok_or_else(|| Failure::by(&rules::BEARER, "Authorization must be Bearer and a token"))?;
    check(world, token.trim(), moment)
        .cloned()
        .map_err(|(rule, text)| Failure::by(rule, text))
}

/// A violated rule, and its text.
type Violation = (&'static Rule, &'static str);

fn check<'a>(world: &'a World, token: &str, moment: &Moment<'_>) -> Result<&'a Account, Violation> {
    let form = |text| (&rules::TOKEN_FORM, text);
    let (signed, signature) = token
        .rsplit_once('.')
        .ok_or(form("the token is not a JWT"))?;
    let (header, payload) = signed
        .split_once('.')
        .ok_or(form("the token is not a JWT"))?;
    let header =
        object(header).ok_or(form("the token's header is not a JSON object in Base64url"))?;
    if header.get("alg").and_then(Value::as_str) != Some("HS256") {
        return Err((&rules::TOKEN_ALGORITHM, "alg must be HS256"));
    }
    let key_id = header
        .get("kid")
        .and_then(Value::as_str)
        .ok_or((&rules::TOKEN_KEY_ID, "kid is missing in the token's header"))?;
    let account = world
        .account(key_id)
        .ok_or((&rules::TOKEN_KEY_ID, "kid is not known"))?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| form("the token's signature is not Base64url"))?;
    // HMAC accepts keys of every length.
    let wrong = (&rules::TOKEN_SIGNATURE, "the token's signature is wrong");
    let mac = Hmac::<Sha256>::new_from_slice(account.secret.as_bytes()).map_err(|_| wrong)?;
    mac.chain_update(signed.as_bytes())
        .verify_slice(&signature)
        .map_err(|_| wrong)?;
    let payload = object(payload).ok_or(form(
        "the token's payload is not a JSON object in Base64url",
    ))?;
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
    fn of(payload: &Map<String, Value>) -> Result<Self, Violation> {
        let seconds = |name: &str, text| {
            let seconds = payload.get(name).and_then(Value::as_f64);
            seconds.ok_or((&rules::TOKEN_TIMES, text))
        };
        Ok(Self {
            issued: seconds("iat", "iat must be a UNIX timestamp in seconds")?,
            not_before: seconds("nbf", "nbf must be a UNIX timestamp in seconds")?,
            expires: seconds("exp", "exp must be a UNIX timestamp in seconds")?,
        })
    }

    fn check(&self, account: &Account, now: Timestamp) -> Result<(), Violation> {
        let now = now.as_duration().as_secs_f64();
        let latest = now + seconds(account.clock_skew_seconds);
        if self.issued > latest || self.not_before > latest {
            return Err((&rules::TOKEN_START, "the token is not valid yet"));
        }
        if self.expires <= now {
            return Err((&rules::TOKEN_EXPIRED, "the token is expired"));
        }
        if self.expires - self.issued > seconds(account.longest_token_seconds) {
            return Err((&rules::TOKEN_LIFETIME, "the token is valid for too long"));
        }
        Ok(())
    }
}

const fn seconds(setting: u64) -> f64 {
    std::time::Duration::from_secs(setting).as_secs_f64()
}

/// Returns a token of the account that is valid for a minute.
pub(super) fn token(account: &Account, now: Timestamp) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now = now.as_second();
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": account.key_id });
    let payload = json!({ "iat": now, "nbf": now, "exp": now + 60 });
    let signed = format!("{}.{}", part(header), part(payload));
    // HMAC accepts keys of every length.
    let signature = Hmac::<Sha256>::new_from_slice(account.secret.as_bytes())
        .map(|mac| URL_SAFE_NO_PAD.encode(mac.chain_update(&signed).finalize().into_bytes()));
    format!("{signed}.{}", signature.unwrap_or_default())
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
