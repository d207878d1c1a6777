//! Retention of personal data by the vendor and by us.

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
/// // Deletes the vendor's copy a week after the end of the verification, and our own after five
/// // years, as anti-money-laundering law requires.
/// let retention = Retention::default()
///     .vendor(RetentionRule::after(7 * DAY))
///     .own(RetentionRule::after(5 * 365 * DAY));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retention {
    /// The rule for the vendor's copy.
    pub vendor: RetentionRule,
    /// The rule for our own copy: the report and the submitted data.
    pub own: RetentionRule,
}

impl Retention {
    /// Creates a retention from the rules for the vendor's copy and our own.
    #[must_use]
    pub const fn new(vendor: RetentionRule, own: RetentionRule) -> Self {
        Self { vendor, own }
    }

    idv_core::setters! { vendor: RetentionRule, own: RetentionRule }

    /// Returns an error if the rules contradict each other.
    pub(crate) fn check(&self) -> Result<()> {
        for (copy, keep) in [(DataCopy::Vendors, self.vendor), (DataCopy::Own, self.own)] {
            if let (Some(not_before), Some(not_after)) = (keep.not_before, keep.not_after)
                && not_before > not_after
            {
                return Err(FlowError::Invalid(format!(
                    "invalid retention of {copy}: `not_before` ({not_before}) is later than \
                     `not_after` ({not_after})"
                )));
            }
        }
        Ok(())
    }
}

/// The retention of one copy. By default the copy is kept until its deletion is requested.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RetentionRule {
    /// The time from the end of the verification to the deletion. A verification has ended when its
    /// report is stored, or when no report will come.
    pub after: Option<Duration>,
    /// The copy must not be deleted before this time, even on request: a legal hold.
    pub not_before: Option<Timestamp>,
    /// The copy must not be kept after this time, whatever the state of the verification.
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

    /// Deletes the copy `duration` after the verification has ended.
    #[must_use]
    pub const fn after(duration: Duration) -> Self {
        Self {
            after: Some(duration),
            ..Self::until_asked()
        }
    }

    /// Forbids the deletion before `at`.
    #[must_use]
    pub const fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }

    /// Forbids keeping the copy after `at`.
    #[must_use]
    pub const fn not_after(mut self, at: Timestamp) -> Self {
        self.not_after = Some(at);
        self
    }

    /// Returns the time of the deletion, from the end of the verification and the request for
    /// deletion; `None` if it is not known yet, or if there is none.
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

/// Adds a duration to a time, up to the latest representable time.
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
    fn copy_is_kept_without_request_or_rule() {
        assert_eq!(RetentionRule::until_asked().due(Some(day(1)), None), None);
        assert_eq!(
            RetentionRule::after(Duration::from_secs(86_400)).due(None, None),
            None
        );
    }

    #[test]
    fn hold_delays_and_limit_hastens_deletion() {
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
    fn contradictory_rules_are_refused() {
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
