//! The vendor's checks of a signed link (chapter 5).

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::account::Account;
use super::rules;
use super::start::{Submitted, check, is_link_parameter, is_transaction_number};
use crate::rule::{Refusal, Rule};

/// An accepted link.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) transaction_number: String,
    pub(crate) submitted: Submitted,
}

/// A link that is refused.
#[derive(Debug)]
pub(crate) struct Invalid {
    rule: &'static Rule,
    /// The parameter, if the rule is about one.
    parameter: Option<String>,
    /// The reason, for people.
    pub(crate) reason: &'static str,
}

impl Invalid {
    const fn new(rule: &'static Rule, reason: &'static str) -> Self {
        Self {
            rule,
            parameter: None,
            reason,
        }
    }

    fn at(mut self, parameter: &str) -> Self {
        self.parameter = Some(parameter.chars().take(64).collect());
        self
    }

    pub(crate) fn refusal(self) -> Refusal {
        match self.parameter {
            Some(parameter) => Refusal::by(self.rule).with_detail(parameter),
            None => Refusal::by(self.rule),
        }
    }
}

/// Checks a link's decoded parameters against each of these times.
pub(crate) fn accept(
    account: &Account,
    parameters: &[(String, String)],
    length: usize,
    mut clocks: impl Iterator<Item = Timestamp>,
) -> Result<Accepted, Invalid> {
    // The limit of browsers (5.3).
    if length > 1040 {
        return Err(Invalid::new(
            &rules::LINK_LENGTH,
            "the link is longer than 1040 characters",
        ));
    }
    let Some(((last, signature), signed)) = parameters.split_last() else {
        return Err(Invalid::new(
            &rules::LINK_SIGNATURE_LAST,
            "the link has no parameters",
        ));
    };
    if last != "signature" {
        return Err(Invalid::new(
            &rules::LINK_SIGNATURE_LAST,
            "the link does not end with its signature",
        )
        .at(last));
    }
    if !signed.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(Invalid::new(
            &rules::LINK_ORDER,
            "the parameters are not in alphabetical order, or one is repeated",
        ));
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
        return Err(Invalid::new(&rules::LINK_SIGNATURE, "the signature is wrong").at("signature"));
    }
    let mut accepted = Accepted {
        transaction_number: String::new(),
        submitted: Submitted::default(),
    };
    let mut timestamp = None;
    for (key, value) in signed {
        if !is_link_parameter(key) {
            return Err(Invalid::new(
                &rules::LINK_PARAMETERS,
                "the link has a parameter that is not known",
            )
            .at(key));
        }
        match key.as_str() {
            "timestamp" => timestamp = milliseconds(value),
            "transactionnumber" => accepted.transaction_number.clone_from(value),
            _ => {
                check(key, value).map_err(|failure| {
                    let detail = format!("{key}: {}", failure.rule().requires);
                    Invalid {
                        parameter: Some(detail),
                        ..Invalid::new(&rules::LINK_VALUES, "a parameter has a wrong format")
                    }
                })?;
                accepted.submitted.fields.insert(key.clone(), value.clone());
            }
        }
    }
    if !is_transaction_number(&accepted.transaction_number) {
        return Err(Invalid::new(
            &rules::LINK_TRANSACTION_NUMBER,
            "the transaction number is missing or has a wrong format",
        )
        .at("transactionnumber"));
    }
    let mut is_near = |time: Timestamp| {
        clocks.any(|now| {
            now.duration_since(time).unsigned_abs().as_secs() <= account.link_window_seconds
        })
    };
    let untimely = |rule| {
        let reason = "the timestamp is missing, or too far from now";
        Invalid::new(rule, reason).at("timestamp")
    };
    let timestamp = timestamp.ok_or_else(|| untimely(&rules::LINK_TIMESTAMP))?;
    if !is_near(timestamp) {
        return Err(untimely(&rules::LINK_AGE));
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
