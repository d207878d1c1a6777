//! How long data are kept, by the vendor and by us.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{FlowError, Result};

/// How long each copy of a person's data is kept.
///
/// ```
/// use std::time::Duration;
/// use idv_flow::{Keep, Retention};
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// // The vendor's copy goes a week after the report was stored; ours after five years, as the law on money laundering has it.
/// let retention = Retention::new(Keep::after(7 * DAY), Keep::after(5 * 365 * DAY));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retention {
    /// The vendor's copy.
    pub vendor: Keep,
    /// Our own copy: the report, and what was submitted.
    pub own: Keep,
}

impl Retention {
    /// How long the vendor's copy is kept, and our own.
    #[must_use]
    pub const fn new(vendor: Keep, own: Keep) -> Self {
        Self { vendor, own }
    }

    /// Fails where it contradicts itself.
    pub(crate) fn check(&self) -> Result<()> {
        for (copy, keep) in [(Copy::Vendors, self.vendor), (Copy::Own, self.own)] {
            if let (Some(not_before), Some(not_after)) = (keep.not_before, keep.not_after)
                && not_before > not_after
            {
                return Err(FlowError::Invalid(format!(
                    "{copy} must not be deleted before {not_before} and not be kept after {not_after}: the first is later than the second"
                )));
            }
        }
        Ok(())
    }
}

/// How long one copy is kept. Without anything set it is kept until its deletion is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Keep {
    /// It is deleted this long after the verification came to its end: the report was stored, or there will be none.
    pub after: Option<Duration>,
    /// It must not be deleted before then, whoever asks: a legal hold.
    pub not_before: Option<Timestamp>,
    /// It must not be kept after then, however far the verification is.
    pub not_after: Option<Timestamp>,
}

impl Keep {
    /// It is kept until its deletion is asked for.
    #[must_use]
    pub const fn until_asked() -> Self {
        Self { after: None, not_before: None, not_after: None }
    }

    /// It is deleted so long after the verification came to its end.
    #[must_use]
    pub const fn after(duration: Duration) -> Self {
        Self { after: Some(duration), ..Self::until_asked() }
    }

    /// It must not be deleted before then.
    #[must_use]
    pub const fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }

    /// It must not be kept after then.
    #[must_use]
    pub const fn not_after(mut self, at: Timestamp) -> Self {
        self.not_after = Some(at);
        self
    }

    /// When it is to be deleted, given when the verification ended and when the deletion was asked for. `None`: not yet known, or never.
    pub(crate) fn due(&self, ended_at: Option<Timestamp>, asked_at: Option<Timestamp>) -> Option<Timestamp> {
        let planned = self.after.zip(ended_at).map(|(after, ended_at)| later(ended_at, after));
        let wanted = [planned, asked_at].into_iter().flatten().min();
        let wanted = wanted.map(|at| self.not_before.map_or(at, |not_before| at.max(not_before)));
        [wanted, self.not_after].into_iter().flatten().min()
    }
}

/// Whose copy of a person's data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Copy {
    /// The vendor's.
    Vendors,
    /// Our own.
    Own,
}

impl fmt::Display for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vendors => "the vendor's copy",
            Self::Own => "our own copy",
        })
    }
}

/// So much later, or at the end of time.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    #[test]
    fn what_nobody_asks_for_and_no_rule_names_is_kept() {
        assert_eq!(Keep::until_asked().due(Some(day(1)), None), None);
        assert_eq!(Keep::after(Duration::from_secs(86_400)).due(None, None), None);
    }

    #[test]
    fn a_hold_delays_and_a_limit_hastens() {
        let keep = Keep::after(Duration::from_secs(2 * 86_400));
        assert_eq!(keep.due(Some(day(1)), None), Some(day(3)));
        assert_eq!(keep.due(Some(day(1)), Some(day(2))), Some(day(2)));
        assert_eq!(keep.not_before(day(5)).due(Some(day(1)), Some(day(2))), Some(day(5)));
        assert_eq!(keep.not_after(day(2)).due(Some(day(1)), None), Some(day(2)));
        assert_eq!(keep.not_after(day(9)).due(None, None), Some(day(9)));
    }

    #[test]
    fn a_contradiction_is_refused() {
        let keep = Keep::until_asked().not_before(day(2)).not_after(day(1));
        let error = Retention::new(Keep::default(), keep).check().unwrap_err().to_string();
        assert!(error.contains("our own copy"), "{error}");
    }
}
