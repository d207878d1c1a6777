//! Compares the program's clock with the database server's.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::repository::Inner;
use crate::error::{FlowError, Result};

/// The longest time, by the program's clock, for which a comparison counts. A clock that jumps ends
/// it at once.
const COMPARED_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Refuses to work if the program's clock is wrong.
#[derive(Debug)]
pub(crate) struct ClockGuard {
    tolerance: Duration,
    /// The time of the last comparison, and the difference it found.
    last: Mutex<Option<(Timestamp, SignedDuration)>>,
}

impl ClockGuard {
    pub(crate) const fn new(tolerance: Duration) -> Self {
        Self {
            tolerance,
            last: Mutex::new(None),
        }
    }
}

impl Inner {
    /// Returns [`FlowError::WrongClock`] if the program's clock differs from the store's by more
    /// than the tolerance.
    pub(crate) async fn check_clock(&self) -> Result<()> {
        let now = self.now();
        let last = *self
            .clock_guard
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let by = match last {
            Some((at, by)) if now.duration_since(at).abs() < COMPARED_EVERY => by,
            _ => {
                let Some(server) = self.store.server_time().await? else {
                    return Ok(());
                };
                // The server's answer took some time. Of the differences at both ends, the smaller
                // one counts, in favor of the clock.
                let (begin, end) = (
                    now.duration_since(server),
                    self.now().duration_since(server),
                );
                let by = if begin.abs() < end.abs() { begin } else { end };
                *self
                    .clock_guard
                    .last
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some((now, by));
                by
            }
        };
        if by.unsigned_abs() > self.clock_guard.tolerance {
            return Err(FlowError::WrongClock { by });
        }
        Ok(())
    }
}
