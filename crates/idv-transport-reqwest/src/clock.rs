//! The system's clock.

use std::pin::Pin;
use std::time::Duration;

use idv_core::Clock;
use jiff::Timestamp;
use tokio::time::Instant;

/// A clock with the time of the operating system and the timer of tokio.
///
/// If tokio's clock is paused, waits and [`monotonic`](Clock::monotonic) are paused as well, but
/// the time of day is not.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Creates a clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waiting_and_monotonic_time_agree() {
        let clock = SystemClock::new();
        clock.sleep(Duration::from_secs(3600)).await;
        assert!((3600..3601).contains(&clock.monotonic().as_secs()));
    }
}
