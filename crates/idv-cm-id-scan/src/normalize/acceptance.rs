//! The rule that decides whether a result verifies a person. The vendor measures and does not
//! decide.

use std::fmt;

use idv_core::report::{Check, Finding};
use idv_core::{Error, Outcome, Result, Timestamp};

use super::fields::same_field;
use super::judge;
use crate::api::Tasks;
use crate::wire::Transaction;

/// The rule that judges the result of a completed transaction: version 2 of the strict rule.
///
/// | part | requirement | outcome if violated |
/// |---|---|---|
/// | the document scan and every requested task | present and `completed` | inconclusive |
/// | each task | proven by a score, a `valid` field, or the word `valid` or `match`; for a face task also by completion if `completed_means_match` is set | inconclusive |
/// | the score of each task and of a recognized document | at least `min_score` if present (required with `require_scores`) | inconclusive |
/// | the score of a face task | not below `face_floor` | **rejected** |
/// | any other value in a face task | known and not negative | inconclusive |
/// | each of the `required_fields` | present, with a value | inconclusive |
/// | the validity of each field | `valid` or `not_checked` | inconclusive; for the age **rejected** |
/// | the comparison of each field | `match`, `not_performed`, or absent | inconclusive |
/// | the expiry date | not past by more than `allowed_expiration` days (0) | **rejected** |
/// | the age and the date of birth | within `minimum_age` and `maximum_age` | **rejected** |
///
/// Missing, unreadable and unknown values count against a result, never for it. A result without
/// violations is verified; one rejection suffices to reject. An invalid field usually means a bad
/// picture, so it is inconclusive.
///
/// Limits are judged by the dates, regardless of the vendor's `validity` and even if their fields
/// are tolerated. A certain violation rejects; an uncertain one, such as a year of birth at the
/// limit, is inconclusive. An invalid expiry date within the limit is inconclusive; without a
/// readable date it rejects, unless `allowed_expiration` is set. Dates are compared in UTC with the
/// time of completion, or with the time of the judgement if that is missing.
///
/// [`Report::acceptance`](idv_core::Report::acceptance) carries the `Display` output: the rule's
/// version and all settings.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Acceptance {
    /// The requested tasks. If `None`, the tasks of the result are judged.
    pub ordered: Option<Tasks>,
    /// The minimum score of a task, from 0 to 1.
    pub min_score: f64,
    /// The score of a face task below which the person is rejected, from 0 to 1.
    pub face_floor: f64,
    /// Whether each task must have a score.
    pub require_scores: bool,
    /// Whether a completed face task has passed if nothing else is known of it. The vendor's
    /// document does not say so.
    pub completed_means_match: bool,
    /// The fields that must be present, by any of their names.
    pub required_fields: Vec<String>,
    /// The fields whose validity and comparison are ignored, by any of their names. Limits still
    /// apply.
    pub tolerated_fields: Vec<String>,
    /// The number of days by which a document may be expired; if negative, the number of days for
    /// which it must still be valid.
    pub allowed_expiration: Option<i32>,
    /// The minimum age, in years.
    pub minimum_age: Option<u16>,
    /// The maximum age, in years.
    pub maximum_age: Option<u16>,
}

/// The judgement of a result.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judgement {
    /// The outcome: verified if there are no reasons against it.
    pub outcome: Outcome,
    /// Every reason against it. A code names the vendor's field or task and the problem:
    /// `document_number:invalid`.
    pub reasons: Vec<Finding>,
    /// Every check, with its result.
    pub checks: Vec<Check>,
}

impl Acceptance {
    /// The default minimum score.
    pub const MIN_SCORE: f64 = 0.8;
    /// The default score below which a face task rejects.
    pub const FACE_FLOOR: f64 = 0.5;
    /// The default required fields.
    pub(crate) const REQUIRED_FIELDS: [&str; 2] = ["document_number", "surname"];

    /// Returns the strict rule with default settings.
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

    /// Checks the settings of the rule.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key.
    pub fn check(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.min_score) {
            return Err(Error::config(
                "invalid acceptance_min_score: expected a number from 0 to 1",
            ));
        }
        if !(0.0..=self.min_score).contains(&self.face_floor) {
            return Err(Error::config(
                "invalid acceptance_face_floor: expected a number from 0 to \
                 acceptance_min_score",
            ));
        }
        if self.required_fields.is_empty() {
            return Err(Error::config(
                "acceptance_required_fields is empty: name a field that every result has, \
                 because a result without data proves nothing",
            ));
        }
        if self.require_scores && self.completed_means_match {
            return Err(Error::config(
                "acceptance_require_scores and acceptance_completed_means_match contradict \
                 each other: set only one of them",
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

    /// Judges the result of a completed transaction.
    ///
    /// `now` is the time of the judgement, for a result without a time of completion. If both are
    /// missing, an expiry date counts only if the vendor has checked it, and a date of birth gives
    /// no age.
    #[must_use]
    pub fn judge(&self, transaction: &Transaction<'_>, now: Option<Timestamp>) -> Judgement {
        judge::judge(self, transaction, now)
    }

    /// Returns whether a field is tolerated, by any of its names.
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

/// Writes a number. Formatting a fraction takes as long as parsing a field, so the default's text
/// is precomputed.
fn number(f: &mut fmt::Formatter<'_>, number: f64, usual: f64, written: &str) -> fmt::Result {
    if number.to_bits() == usual.to_bits() {
        f.write_str(written)
    } else {
        write!(f, "{number}")
    }
}

/// Writes words separated by commas, if there are any.
fn list(f: &mut fmt::Formatter<'_>, name: &str, words: &[impl AsRef<str>]) -> fmt::Result {
    for (index, word) in words.iter().enumerate() {
        f.write_str(if index == 0 { name } else { "," })?;
        f.write_str(word.as_ref())?;
    }
    Ok(())
}
