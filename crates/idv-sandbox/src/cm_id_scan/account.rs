//! An account: its credentials, the terms agreed with the vendor, and the simulated person.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::transaction::{COMPLETED, EXPIRED, Finding, PENDING, Transaction};
use crate::callback::Reach;
use crate::clock::renewed;
use crate::part::Settings;

/// The expiry date of the standard person's document, which is renewed in time.
pub(super) const STANDARD_EXPIRY: Date = Date::constant(2031, 8, 30);

/// The settings of an account, including behaviour that the document leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The key ID, `kid` of the tokens ("Authentication").
    pub key_id: String,
    /// The secret that signs tokens, used as it is: it is not Base64.
    pub secret: String,
    /// The maximum time from `iat` to `exp` of a token, in seconds.
    pub longest_token_seconds: u64,
    /// The maximum time by which `iat` and `nbf` of a token may be ahead of the clock, in seconds.
    pub clock_skew_seconds: u64,
    /// Whether the times of tokens must be right by virtual time. Otherwise the client's own clock
    /// may confirm them.
    pub strict_clock: bool,
    /// Whether the id of a result alone selects the result, whatever the transaction in the
    /// request. The response contains the actual transaction, so that a customer can notice it.
    pub results_by_id_alone: bool,
    /// The time for which the files of a result can be downloaded, in seconds; unlimited, if
    /// absent.
    pub result_files_seconds: Option<u64>,
    /// The validity of an expired document's date within `allowedExpiration`, which is
    /// undocumented.
    pub allowed_expiration_validity: String,
    /// The state of the scenario `unknown-status`.
    pub unknown_status: String,
    /// The minimum length of each image, in bytes.
    pub image_length: usize,
    /// The simulated person.
    pub person: Person,
}

/// The person on the passport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Person {
    /// The given names, as printed.
    pub given_names: String,
    /// The surname, as printed.
    pub surname: String,
    /// The date of birth.
    pub date_of_birth: Date,
    /// The nationality. The vendor uses names, not codes.
    pub nationality: String,
    /// The number of the passport.
    pub document_number: String,
    /// The personal number on the passport.
    pub personal_number: String,
    /// The sex, as in the machine-readable zone: `F`, `M` or `X`.
    pub sex: String,
    /// The last day of the passport's validity.
    pub date_of_expiry: Date,
}

impl Person {
    /// Returns the sandbox's sample person, with this surname.
    pub(super) fn erika(surname: &str) -> Self {
        Self {
            given_names: "Erika".to_owned(),
            surname: surname.to_owned(),
            date_of_birth: Date::constant(1982, 5, 22),
            nationality: "Germany".to_owned(),
            personal_number: "00000000T".to_owned(),
            ..Self::default()
        }
    }

    /// Returns the person with the data of a finding.
    pub(super) fn found(self, finding: Finding, transaction: &Transaction, now: Timestamp) -> Self {
        let date_of_expiry = match finding {
            Finding::ExpiredUnchecked => Date::constant(2015, 5, 20),
            // The last day of the allowance.
            Finding::ExpiredAllowed => {
                let days = transaction.submitted.document.allowed_expiration;
                let today = now.to_zoned_datetime(TimeZone::UTC).date();
                let allowance = Span::new().try_days(days);
                allowance
                    .and_then(|allowance| today.checked_sub(allowance))
                    .unwrap_or(Date::MIN)
            }
            _ => renewed(
                self.date_of_expiry,
                STANDARD_EXPIRY,
                now.to_zoned_datetime(TimeZone::UTC).date(),
            ),
        };
        Self {
            date_of_expiry,
            ..self
        }
    }
}

impl Settings for Account {
    const ID: Option<&'static str> = Some("key ID");

    fn id(&self) -> &str {
        &self.key_id
    }

    fn others() -> Vec<Self> {
        vec![Self {
            key_id: "5d1f6a4e-2b90-4c7e-9f33-8a1c0e7b6d52".to_owned(),
            secret: "secondSecretOfTheSandboxThatNobodyElseHas".to_owned(),
            ..Self::default()
        }]
    }

    fn check(&self, _: &Reach) -> Result<(), &'static str> {
        if self.secret.is_empty() {
            return Err("the secret must not be empty");
        }
        if self.unknown_status.is_empty()
            || [PENDING, COMPLETED, EXPIRED].contains(&self.unknown_status.as_str())
        {
            return Err("invalid unknown_status: expected a word other than the known states");
        }
        Ok(())
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            key_id: "3b438437-04a4-40bb-8389-54bb02766fba".to_owned(),
            secret: "AC4Etykn7jusGR5FwLDAtILtQbiQbTMKedP31szXg4WlSbjGEXyNMZ".to_owned(),
            longest_token_seconds: 3600,
            clock_skew_seconds: 0,
            strict_clock: false,
            results_by_id_alone: false,
            result_files_seconds: None,
            allowed_expiration_validity: "valid".to_owned(),
            unknown_status: "on_hold".to_owned(),
            image_length: 0,
            person: Person::default(),
        }
    }
}

impl Default for Person {
    fn default() -> Self {
        Self {
            given_names: "Sanne Maria".to_owned(),
            surname: "Voorbeeld".to_owned(),
            date_of_birth: Date::constant(1990, 3, 10),
            nationality: "Netherlands".to_owned(),
            document_number: "NX12VB345".to_owned(),
            personal_number: "999999990".to_owned(),
            sex: "F".to_owned(),
            date_of_expiry: STANDARD_EXPIRY,
        }
    }
}
