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
    ///
    /// ```
    /// use std::time::Duration;
    /// use idv_flow::{Retention, RetentionRule};
    ///
    /// let week = Duration::from_secs(7 * 24 * 60 * 60);
    /// let retention = Retention::new(RetentionRule::after(week), RetentionRule::until_asked());
    /// assert_eq!(retention.vendor.after, Some(week));
    /// assert_eq!(retention.own, RetentionRule::default());
    /// ```
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
    ///
    /// ```
    /// use idv_flow::RetentionRule;
    ///
    /// let rule = RetentionRule::until_asked();
    /// assert_eq!((rule.after, rule.not_before, rule.not_after), (None, None, None));
    /// ```
    #[must_use]
    pub const fn until_asked() -> Self {
        Self {
            after: None,
            not_before: None,
            not_after: None,
        }
    }

    /// Deletes the copy `duration` after the verification has ended.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// use idv_flow::{Retention, RetentionRule};
    ///
    /// let retention = Retention::default().own(RetentionRule::after(Duration::from_secs(86_400)));
    /// let engine = builder().retention(retention).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// assert!(engine.report(id).await?.is_some());
    /// clock.advance(Duration::from_secs(86_400));
    /// engine.run_due().await?;
    /// assert!(engine.report(id).await?.is_none());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn after(duration: Duration) -> Self {
        Self {
            after: Some(duration),
            ..Self::until_asked()
        }
    }

    /// Forbids the deletion before `at`.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::{FlowError, Retention, RetentionRule};
    /// # let id = bank.verified(&engine).await?;
    ///
    /// let hold = RetentionRule::until_asked().not_before("2031-01-01T00:00:00Z".parse()?);
    /// engine.retain(id, Retention::default().own(hold), "legal-desk").await?;
    /// let error = engine.delete(id, "privacy-desk").await.unwrap_err();
    /// assert!(error.to_string().contains("our own copy must be kept until 2031-01-01"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
        self
    }

    /// Forbids keeping the copy after `at`.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// use std::time::Duration;
    /// use idv_flow::{Retention, RetentionRule};
    /// # let id = bank.start(&engine).await?;
    ///
    /// let limit = RetentionRule::until_asked().not_after("2026-01-02T00:00:00Z".parse()?);
    /// engine.retain(id, Retention::new(limit, limit), "legal-desk").await?;
    /// clock.advance(Duration::from_secs(2 * 86_400));
    /// engine.run_due().await?;
    /// assert!(engine.receipt(id).await?.own_copy_erased_at.is_some()); // although it was open
    /// # Ok(())
    /// # });
    /// ```
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
