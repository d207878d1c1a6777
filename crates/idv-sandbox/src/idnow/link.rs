//! The vendor's checks of a signed link (chapter 5).

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::account::Account;
use super::start::{Submitted, check, is_link_parameter, is_transaction_number};

/// An accepted link.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) transaction_number: String,
    pub(crate) submitted: Submitted,
}

/// Checks a link's decoded parameters against each of these times. The reason of a refusal is for
/// people.
pub(crate) fn accept(
    account: &Account,
    parameters: &[(String, String)],
    length: usize,
    mut clocks: impl Iterator<Item = Timestamp>,
) -> Result<Accepted, &'static str> {
    // The limit of browsers (5.3).
    if length > 1040 {
        return Err("the link is longer than 1040 characters");
    }
    let Some(((last, signature), signed)) = parameters.split_last() else {
        return Err("the link has no parameters");
    };
    if last != "signature" {
        return Err("the link does not end with its signature");
    }
    if !signed.is_sorted_by(|a, b| a.0 < b.0) {
        return Err("the parameters are not in alphabetical order, or one is repeated");
    }
    let query: Vec<String> = signed
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let message = format!("/v1/{}/start?{}", account.company, query.join("&"));
    if !account.api_keys.iter().any(|key| {
        sign(key, &message)
            .as_bytes()
            .ct_eq(signature.as_bytes())
            .into()
    }) {
        return Err("the signature is wrong");
    }
    let mut accepted = Accepted {
        transaction_number: String::new(),
        submitted: Submitted::default(),
    };
    let mut timestamp = None;
    for (key, value) in signed {
        if !is_link_parameter(key) {
            return Err("the link has a parameter that is not known");
        }
        match key.as_str() {
            "timestamp" => timestamp = milliseconds(value),
            "transactionnumber" => accepted.transaction_number.clone_from(value),
            _ => {
                check(key, value).map_err(|_| "a parameter has a wrong format")?;
                accepted.submitted.fields.insert(key.clone(), value.clone());
            }
        }
    }
    if !is_transaction_number(&accepted.transaction_number) {
        return Err("the transaction number is missing or has a wrong format");
    }
    let is_near = |time: Timestamp| {
        clocks.any(|now| {
            now.duration_since(time).unsigned_abs().as_secs() <= account.link_window_seconds
        })
    };
    if !timestamp.is_some_and(is_near) {
        return Err("the timestamp is missing, or too far from now");
    }
    Ok(accepted)
}

/// Parses a timestamp of the table (5.4.2): digits only.
fn milliseconds(text: &str) -> Option<Timestamp> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .and_then(|time| Timestamp::from_millisecond(time).ok())
}

fn sign(key: &str, message: &str) -> String {
    // HMAC accepts keys of every length, so the empty signature is never used.
    Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map(|mut mac| {
            mac.update(message.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}
