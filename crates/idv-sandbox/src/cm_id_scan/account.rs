//! An account: its credentials, its agreements with the vendor, and the person who comes.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::transaction::{COMPLETED, EXPIRED, Finding, PENDING, Transaction};
use crate::clock::renewed;
use crate::part::Settings;

/// The expiry of the standard person's document, which is renewed in time.
pub(super) const STANDARD_EXPIRY: Date = Date::constant(2031, 8, 30);

/// The settings of an account. What the document leaves open is set here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The key ID: `kid` of the tokens ("Authentication").
    pub key_id: String,
    /// The secret that tokens are signed with, as it stands: it is no Base64.
    pub secret: String,
    /// The longest time from `iat` to `exp` of a token, in seconds.
    pub longest_token_seconds: u64,
    /// The seconds that the `iat` and `nbf` of a token may be ahead of the clock.
    pub clock_skew_seconds: u64,
    /// Whether virtual time alone decides about the times of tokens; otherwise the client's own clock may be right too.
    pub strict_clock: bool,
    /// Whether the id of a result alone decides which result is answered, whatever transaction it is asked of. What comes names the
    /// transaction that it is of, so that a customer can see it.
    pub results_by_id_alone: bool,
    /// The time in which the files of a result can be downloaded, in seconds; unlimited, if it is absent.
    pub result_files_seconds: Option<u64>,
    /// The validity of the date of an expired document within `allowedExpiration`: no document says it.
    pub allowed_expiration_validity: String,
    /// The state of the scenario `unknown-status`.
    pub unknown_status: String,
    /// The least length of each image, in bytes.
    pub image_length: usize,
    /// The person who comes.
    pub person: Person,
}

/// The person who shows their passport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Person {
    /// The given names, as they are printed.
    pub given_names: String,
    /// The surname, as it is printed.
    pub surname: String,
    /// The date of birth.
    pub date_of_birth: Date,
    /// The nationality: the vendor has names, no codes.
    pub nationality: String,
    /// The number of the passport.
    pub document_number: String,
    /// The personal number in it.
    pub personal_number: String,
    /// The sex, as in the machine-readable zone: `F`, `M` or `X`.
    pub sex: String,
    /// The last day of the passport's validity.
    pub date_of_expiry: Date,
}

impl Person {
    /// The sandbox's sample person, with this surname.
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

    /// The person as this finding has them.
    pub(super) fn found(self, finding: Finding, transaction: &Transaction, now: Timestamp) -> Self {
        let date_of_expiry = match finding {
            Finding::ExpiredUnchecked => Date::constant(2015, 5, 20),
            // On the last day that is allowed.
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

    fn check(&self) -> Result<(), &'static str> {
        if self.secret.is_empty() {
            return Err("the secret must not be empty");
        }
        if self.unknown_status.is_empty()
            || [PENDING, COMPLETED, EXPIRED].contains(&self.unknown_status.as_str())
        {
            return Err("unknown_status must be a word, and none of the known states");
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
