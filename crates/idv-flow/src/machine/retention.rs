//! Retention of data, by the vendor and by us.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{FlowError, Result};

/// The retention of each copy of a person's data.
///
/// ```
/// use std::time::Duration;
/// use idv_flow::{Retention, RetentionRule};
///
/// const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// // Deletes the vendor's copy a week after the report was stored, and ours after five years, as money laundering law requires.
/// let retention = Retention::default().vendor(RetentionRule::after(7 * DAY)).own(RetentionRule::after(5 * 365 * DAY));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retention {
    /// The vendor's copy.
    pub vendor: RetentionRule,
    /// Our own copy: the report, and what was submitted.
    pub own: RetentionRule,
}

impl Retention {
    /// Creates a retention from the rules for the vendor's copy and our own.
    #[must_use]
    pub const fn new(vendor: RetentionRule, own: RetentionRule) -> Self {
        Self { vendor, own }
    }

    idv_core::setters! { vendor: RetentionRule, own: RetentionRule }

    /// Fails if the rules contradict each other.
    pub(crate) fn check(&self) -> Result<()> {
        for (copy, keep) in [(DataCopy::Vendors, self.vendor), (DataCopy::Own, self.own)] {
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

/// The retention of one copy. By default it is kept until its deletion is requested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RetentionRule {
    /// The copy is deleted this long after the verification ended: the report was stored, or there will be none.
    pub after: Option<Duration>,
    /// The copy must not be deleted earlier, even on request: a legal hold.
    pub not_before: Option<Timestamp>,
    /// The copy must not be kept longer, whatever the state of the verification.
    pub not_after: Option<Timestamp>,
}

impl RetentionRule {
    /// Keeps the copy until its deletion is requested.
    #[must_use]
    pub const fn until_asked() -> Self {
        Self {
            after: None,
            not_before: None,
            not_after: None,
        }
    }

    /// Deletes the copy this long after the verification ended.
    #[must_use]
    pub const fn after(duration: Duration) -> Self {
        Self {
            after: Some(duration),
            ..Self::until_asked()
        }
    }

    /// Forbids the deletion before this time.
    #[must_use]
    pub const fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }

    /// Forbids keeping the copy after this time.
    #[must_use]
    pub const fn not_after(mut self, at: Timestamp) -> Self {
        self.not_after = Some(at);
        self
    }

    /// Returns the time of the deletion, by the end of the verification and the request for deletion. `None` if not known yet, or never.
    pub(crate) fn due(
        &self,
        ended_at: Option<Timestamp>,
        asked_at: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let planned = self
            .after
            .zip(ended_at)
            .map(|(after, ended_at)| later(ended_at, after));
        let wanted = [planned, asked_at].into_iter().flatten().min();
        let wanted = wanted.map(|at| self.not_before.map_or(at, |not_before| at.max(not_before)));
        [wanted, self.not_after].into_iter().flatten().min()
    }
}

/// A copy of a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCopy {
    /// The vendor's copy.
    Vendors,
    /// Our own copy.
    Own,
}

impl fmt::Display for DataCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vendors => "the vendor's copy",
            Self::Own => "our own copy",
        })
    }
}

/// Adds a duration to a time, up to the end of time.
pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX))
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    #[test]
    fn what_nobody_asks_for_and_no_rule_names_is_kept() {
        assert_eq!(RetentionRule::until_asked().due(Some(day(1)), None), None);
        assert_eq!(
            RetentionRule::after(Duration::from_secs(86_400)).due(None, None),
            None
        );
    }

    #[test]
    fn a_hold_delays_and_a_limit_hastens() {
        let keep = RetentionRule::after(Duration::from_secs(2 * 86_400));
        assert_eq!(keep.due(Some(day(1)), None), Some(day(3)));
        assert_eq!(keep.due(Some(day(1)), Some(day(2))), Some(day(2)));
        assert_eq!(
            keep.not_before(day(5)).due(Some(day(1)), Some(day(2))),
            Some(day(5))
        );
        assert_eq!(keep.not_after(day(2)).due(Some(day(1)), None), Some(day(2)));
        assert_eq!(keep.not_after(day(9)).due(None, None), Some(day(9)));
    }

    #[test]
    fn a_contradiction_is_refused() {
        let keep = RetentionRule::until_asked()
            .not_before(day(2))
            .not_after(day(1));
        let error = Retention::new(RetentionRule::default(), keep)
            .check()
            .unwrap_err()
            .to_string();
        assert!(error.contains("our own copy"), "{error}");
    }
}
