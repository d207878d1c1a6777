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

/// The time after which a timer is tried again that this program cannot work on.
pub(super) const NOT_OURS: Duration = Duration::from_secs(10);

/// Returns the name of the timer that reads an account's list.
pub(crate) fn sweep_timer(account: &str) -> String {
    format!("{SWEEP}{account}")
}

impl Inner {
    /// Removes messages that were processed, and events that were delivered, long ago.
    async fn purge(&self) -> Result<()> {
        self.store
            .purge_inbox(inbox::earlier(self.now(), inbox::REMEMBERED_FOR))
            .await?;
        self.store
            .purge_events(inbox::earlier(self.now(), KEPT_FOR))
            .await?;
        Ok(())
    }

    /// Does the work of a timer, and sets the time at which it is due next.
    pub(super) async fn fire_timer(&self, name: &str) -> Result<()> {
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
            (PURGE, _) => (self.purge().await, period),
            (_, Some(at)) => match self.sweep(at, name).await {
                // Calls are not possible now.
                Ok(false) => (Ok(()), Some(NOT_OURS)),
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
        // A timer of an account that is not configured here is left to other programs.
        let period = period.unwrap_or(NOT_OURS);
        Ok(self
            .store
            .wind_timer(name, later(self.now(), period))
            .await?)
    }
}
