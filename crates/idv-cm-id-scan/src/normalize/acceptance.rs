//! The rule that says whether a result is good enough. The vendor measures and does not decide.

use std::fmt;

use idv_core::report::{Check, Finding};
use idv_core::{Error, Outcome, Result, Timestamp};

use super::fields::same_field;
use super::judge;
use crate::api::Tasks;
use crate::wire::Transaction;

/// The rule that judges the result of a completed transaction. Version 2 of the strict rule:
///
/// | part | has to be, or else | the outcome is |
/// |---|---|---|
/// | the scan of a document, and every task that was ordered | there and `completed` | inconclusive |
/// | each task | proven: by a score, a `valid` field, or the word `valid` or `match`; a task about the face also by its completion if `completed_means_match` says so | inconclusive |
/// | the score of each task, and of a recognized document | `min_score` at least, if there is one (everywhere, with `require_scores`) | inconclusive |
/// | the score of a task about the face | not below `face_floor` | **rejected** |
/// | anything else in a task about the face | known and not negative | inconclusive |
/// | each of the `required_fields` | there, with a value | inconclusive |
/// | the validity of each field | `valid` or `not_checked` | inconclusive; for the age **rejected** |
/// | the comparison of each field | `match`, `not_performed`, or not there | inconclusive |
/// | the day of expiry | not past by more than `allowed_expiration` days (0) | **rejected** |
/// | the age and the day of birth | within `minimum_age` and `maximum_age` | **rejected** |
///
/// Whatever is missing, unreadable or unknown speaks against a result, never for it. A result that fails in nothing is verified; one
/// rejection is one. An invalid field is mostly a bad picture, hence inconclusive.
///
/// Limits are judged from the dates, whatever the vendor's `validity` says of them, and also if their fields are tolerated: a limit that
/// certainly is not kept rejects, and one of which the dates leave it open, such as a year of birth at the edge, is inconclusive. An
/// invalid day of expiry that is within the limit is inconclusive; without a readable date it rejects unless days are allowed. The dates
/// are compared with the time of completion, or else with the time of the judgement, in UTC.
///
/// Its `Display` is what [`Report::acceptance`](idv_core::Report::acceptance) carries: the rule's version and every setting in it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Acceptance {
    /// The tasks that were ordered; `None` if that is not known, and the tasks that are there are judged.
    pub ordered: Option<Tasks>,
    /// The least score of a task, from 0 to 1.
    pub min_score: f64,
    /// The score of a task about the face below which the person is rejected, from 0 to 1.
    pub face_floor: f64,
    /// Whether each task must have a score.
    pub require_scores: bool,
    /// Whether a task about the face that is completed, and of which nothing else is known, has come out well. The vendor's document does
    /// not say so.
    pub completed_means_match: bool,
    /// The fields that must be there, by any of their names.
    pub required_fields: Vec<String>,
    /// The fields of which neither validity nor comparison counts, by any of their names. Limits stay.
    pub tolerated_fields: Vec<String>,
    /// For how many days a document may have expired; if negative, for how many days it must still be valid.
    pub allowed_expiration: Option<i32>,
    /// The least age, in years.
    pub minimum_age: Option<u16>,
    /// The greatest age, in years.
    pub maximum_age: Option<u16>,
}

/// The judgement of a result.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The outcome: verified if there are no reasons against it.
    pub outcome: Outcome,
    /// Every reason against it. A code is the vendor's field or task and what is wrong with it: `document_number:invalid`.
    pub reasons: Vec<Finding>,
    /// Every check, with its result.
    pub checks: Vec<Check>,
}

impl Acceptance {
    /// The least score if no other is set.
    pub const MIN_SCORE: f64 = 0.8;
    /// The score of a task about the face that rejects, if no other is set.
    pub const FACE_FLOOR: f64 = 0.5;
    /// The fields that are required if no others are set.
    pub(crate) const REQUIRED_FIELDS: [&str; 2] = ["document_number", "surname"];

    /// The strict rule, in which nothing is set.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            ordered: None,
            min_score: Self::MIN_SCORE,
            face_floor: Self::FACE_FLOOR,
            require_scores: false,
            completed_means_match: false,
            required_fields: Self::REQUIRED_FIELDS.map(str::to_owned).into(),
            tolerated_fields: Vec::new(),
            allowed_expiration: None,
            minimum_age: None,
            maximum_age: None,
        }
    }

    /// Checks that the rule can be one.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key.
    pub fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.min_score) {
            return Err(Error::config(
                "acceptance_min_score is a number from 0 to 1",
            ));
        }
        if !(0.0..=self.min_score).contains(&self.face_floor) {
            return Err(Error::config(
                "acceptance_face_floor is a number from 0 to acceptance_min_score",
            ));
        }
        if self.required_fields.is_empty() {
            return Err(Error::config(
                "acceptance_required_fields names no field: name one that every result has, since a result that says nothing proves nothing",
            ));
        }
        if self.require_scores && self.completed_means_match {
            return Err(Error::config(
                "acceptance_require_scores and acceptance_completed_means_match contradict each other: set one of them",
            ));
        }
        if self
            .minimum_age
            .zip(self.maximum_age)
            .is_some_and(|(minimum, maximum)| minimum > maximum)
        {
            return Err(Error::config(
                "minimum_age is above maximum_age: no person could pass",
            ));
        }
        Ok(())
    }

    /// Judges the result of a completed transaction. `now` is the time of the judgement, for a result that does not say when it was
    /// completed. Without either, a day of expiry counts only if the vendor has checked it, and a day of birth says no age.
    #[must_use]
    pub fn judge(&self, transaction: &Transaction<'_>, now: Option<Timestamp>) -> Judgement {
        judge::judge(self, transaction, now)
    }

    /// Whether a field is tolerated, by any of its names.
    pub(super) fn tolerates(&self, field: &str) -> bool {
        self.tolerated_fields
            .iter()
            .any(|tolerated| same_field(tolerated, field))
    }
}

impl Default for Acceptance {
    fn default() -> Self {
        Self::strict()
    }
}

impl fmt::Display for Acceptance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("strict/2 min_score=")?;
        number(f, self.min_score, Self::MIN_SCORE, "0.8")?;
        f.write_str(" face_floor=")?;
        number(f, self.face_floor, Self::FACE_FLOOR, "0.5")?;
        if self.require_scores {
            f.write_str(" require_scores")?;
        }
        if self.completed_means_match {
            f.write_str(" completed_means_match")?;
        }
        list(f, " required_fields=", &self.required_fields)?;
        list(f, " tolerated_fields=", &self.tolerated_fields)?;
        if let Some(days) = self.allowed_expiration {
            write!(f, " allowed_expiration={days}")?;
        }
        if let Some(age) = self.minimum_age {
            write!(f, " minimum_age={age}")?;
        }
        if let Some(age) = self.maximum_age {
            write!(f, " maximum_age={age}")?;
        }
        match self.ordered {
            Some(tasks) => list(f, " tasks=", tasks.names()),
            None => Ok(()),
        }
    }
}

/// A number. To write a fraction takes as long as to read a field, so the usual one is not written anew for each report.
fn number(f: &mut fmt::Formatter<'_>, number: f64, usual: f64, written: &str) -> fmt::Result {
    if number.to_bits() == usual.to_bits() {
        f.write_str(written)
    } else {
        write!(f, "{number}")
    }
}

/// Words with commas between them, if there are any.
fn list(f: &mut fmt::Formatter<'_>, name: &str, words: &[impl AsRef<str>]) -> fmt::Result {
    for (index, word) in words.iter().enumerate() {
        f.write_str(if index == 0 { name } else { "," })?;
        f.write_str(word.as_ref())?;
    }
    Ok(())
}
