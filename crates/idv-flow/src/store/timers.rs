//! Timers, and the time of the next work.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreResult;

/// Keeps the timers of recurring work.
///
/// The [contract of the store](super::Store#contract) applies to each method.
///
/// # Cancellation
///
/// If the future of a method is dropped, its transaction is committed as a whole or rolled back.
#[async_trait]
pub trait TimerStore: fmt::Debug + Send + Sync {
    /// Creates a timer, unless there is one of that name.
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()>;

    /// Leases every timer that is due at `now` and not leased beyond `now`, until `until`.
    async fn claim_timers(
        &self,
        now: Timestamp,
        until: Timestamp,
        names: &[&str],
    ) -> StoreResult<Vec<String>>;

    /// Sets the next time of a timer, and ends its lease.
    ///
    /// A missing timer is not created.
    async fn reschedule_timer(&self, name: &str, due: Timestamp) -> StoreResult<()>;

    /// Returns the earliest time at which a claim for these accounts finds a flow or a message, or
    /// a claim for these timers finds one. No names stand for all.
    async fn next_due(&self, accounts: &[&str], timers: &[&str]) -> StoreResult<Option<Timestamp>>;
}
