//! Timers: work of the store as a whole, and lists of vendors.

use std::time::Duration;

use super::inbox;
use crate::engine::events::KEPT_FOR;
use crate::engine::repository::Inner;
use crate::error::{FlowError, Result};
use crate::machine::retention::later;

/// The timers of every store, and their periods.
pub(crate) const TIMERS: &[(&str, Duration)] = &[
    (SEAL_BLOCK, Duration::from_secs(60)),
    (PURGE, DAY),
    (RESEAL, DAY),
];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
// The names are stored: they must not change.
const SEAL_BLOCK: &str = "audit";
const PURGE: &str = "inbox";
const RESEAL: &str = "keys";
pub(super) const SWEEP: &str = "sweep:";

/// The maximum number of rows of one kind that a step of the purge removes.
const PURGED_AT_ONCE: usize = 5_000;
/// The pause before the next step of a purge that is not complete.
const PURGE_AGAIN: Duration = Duration::from_secs(1);
/// The time after which a list is tried again if no call to the account is possible now.
pub(super) const NO_CALLS: Duration = Duration::from_secs(10);

/// Returns the name of the timer that reads an account's list.
pub(crate) fn sweep_timer(account: &str) -> String {
    format!("{SWEEP}{account}")
}

impl Inner {
    /// Removes processed messages, delivered events and erased flows that are old, in bounded
    /// batches. Returns whether more is left.
    async fn purge(&self) -> Result<bool> {
        let now = self.now();
        let messages = inbox::earlier(now, inbox::REMEMBERED_FOR);
        let messages = self.store.purge_inbox(messages, PURGED_AT_ONCE).await?;
        let events = inbox::earlier(now, KEPT_FOR);
        let events = self.store.purge_events(events, PURGED_AT_ONCE).await?;
        let is_full = |count| count >= PURGED_AT_ONCE as u64;
        let is_left = self.purge_erased().await?;
        Ok(is_full(messages) || is_full(events) || is_left)
    }

    /// Does the work of a timer, and sets the time at which it is due next.
    pub(crate) async fn fire_timer(&self, name: &str) -> Result<()> {
        let period = TIMERS
            .iter()
            .find(|(timer, _)| *timer == name)
            .map(|(_, period)| *period);
        let swept = name
            .strip_prefix(SWEEP)
            .and_then(|account| self.account(account).ok());
        let (result, period) = match (name, &swept) {
            (SEAL_BLOCK, _) => (self.seal_block().await, period),
            (RESEAL, _) => (self.reseal().await, period),
            (PURGE, _) => match self.purge().await {
                // The rest follows in a later step, so that other work has its turn.
                Ok(true) => (Ok(()), Some(PURGE_AGAIN)),
                purged => (purged.map(drop), period),
            },
            (_, Some(at)) => match self.sweep(at, name).await {
                // Calls are not possible now.
                Ok(false) => (Ok(()), Some(NO_CALLS)),
                result => (result.map(drop), at.schedule.sweep),
            },
            _ => (Ok(()), None),
        };
        match &result {
            // A list that could not be read is read at the next time.
            Err(FlowError::Vendor(error)) => {
                tracing::warn!(
                    timer = name,
                    kind = crate::machine::change::kind(error),
                    "a list could not be read"
                );
            }
            _ => result?,
        }
        // A program claims only its own timers, and each of those has a period.
        let period = period.unwrap_or(DAY);
        Ok(self
            .store
            .reschedule_timer(name, later(self.now(), period))
            .await?)
    }
}
