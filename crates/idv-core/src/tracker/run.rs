//! The calls of a tracker, and the waits between them.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use jiff::Timestamp;

use super::{Progress, Tracker};
use crate::error::{ErrorKind, Result};
use crate::id::ResultHandle;
use crate::info::Capability;
use crate::verification::Step;

/// Pause before a poll that a callback requested, so that many callbacks do not cause many polls.
const WAKE_GAP: Duration = Duration::from_secs(1);
/// Maximum number of times that the pause doubles after failed calls.
const DOUBLINGS: u32 = 3;

/// A call to the vendor.
enum NextCall {
    Poll,
    Fetch(ResultHandle),
}

impl Tracker {
    /// Returns the next action of the tracker.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Progress, Tracker};
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// assert!(matches!(tracker.progress(), Progress::WaitUntil(_)));
    /// let until = tracker.client().now() + jiff::SignedDuration::from_hours(1);
    /// tracker.run(until).await?;
    /// assert_eq!(tracker.progress(), Progress::Finished);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn progress(&self) -> Progress {
        match self.next_call() {
            Some(next) => Progress::WaitUntil(self.due(&next)),
            None => match self.state.verification.next_step(self.client.info()) {
                Step::AwaitCallback | Step::AwaitReport => Progress::AwaitCallback {
                    until: self
                        .state
                        .verification
                        .expire_if_due(Timestamp::MAX)
                        .and(self.state.verification.expires_at()),
                },
                Step::Done => Progress::Finished,
                _ => Progress::NeedsOperator,
            },
        }
    }

    /// Applies waiting callbacks, makes the next call to the vendor if it is due, notes an expired
    /// session, and returns the next action.
    ///
    /// Makes at most one call and does not wait for the next one.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Progress, Tracker};
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// while let Progress::WaitUntil(at) = tracker.advance().await? {
    ///     // Call again at `at`, for example from a job queue.
    /// #   let pause = at.duration_since(tracker.client().now());
    /// #   tracker.client().clock().sleep(pause.try_into().unwrap_or_default()).await;
    /// }
    /// assert!(tracker.is_verified());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`Client::poll`](crate::Client::poll) and
    /// [`Client::fetch`](crate::Client::fetch). If the error [is
    /// transient](crate::Error::is_transient), call again at the time in
    /// [`progress`](Tracker::progress); the pause grows with each failure. A result that is not
    /// ready yet is not an error.
    ///
    /// # Cancellation
    ///
    /// Safe: if the future is dropped, callbacks already taken from the inbox are applied, and an
    /// unfinished call counts as never made.
    pub async fn advance(&mut self) -> Result<Progress> {
        while let Ok(observation) = self.receiver.try_recv() {
            self.apply(&observation);
        }
        let asked_at = self.client.now();
        if let Some(next) = self.next_call()
            && self.due(&next) <= asked_at
        {
            self.call(&next, asked_at).await?;
        }
        self.expire();
        Ok(self.progress())
    }

    /// Advances the tracker until it is finished, needs an operator, or reaches `until`.
    ///
    /// Waits in between by the client's clock, and retries after transient errors with a growing
    /// pause. See [`Tracker`] for an example.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Progress, Tracker};
    ///
    /// let until = client.now() + jiff::SignedDuration::from_hours(1);
    /// let mut tracker = Tracker::new(client, &created);
    /// assert_eq!(tracker.run(until).await?, Progress::Finished);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Errors of the vendor that are not transient, such as refused credentials.
    ///
    /// # Cancellation
    ///
    /// Safe: the state is consistent at every await. Call `run` again, or store the
    /// [`state`](Tracker::state) and resume it later.
    pub async fn run(&mut self, until: Timestamp) -> Result<Progress> {
        loop {
            let progress = match self.advance().await {
                Ok(progress) => progress,
                Err(error) if error.is_transient() => self.progress(),
                Err(error) => return Err(error),
            };
            let wake_at = match progress {
                Progress::Finished | Progress::NeedsOperator => return Ok(progress),
                Progress::WaitUntil(at) => at,
                Progress::AwaitCallback { until: expires_at } => expires_at.unwrap_or(until),
            };
            let now = self.client.now();
            if now >= until {
                return Ok(progress);
            }
            // If the next call is due, make it without a pause.
            let pause =
                Duration::try_from(wake_at.min(until).duration_since(now)).unwrap_or_default();
            if pause.is_zero() {
                continue;
            }
            if let Either::Right((Some(observation), _)) =
                select(self.client.clock().sleep(pause), self.receiver.next()).await
            {
                self.apply(&observation);
            }
        }
    }

    /// Returns the next call to the vendor.
    fn next_call(&self) -> Option<NextCall> {
        let info = self.client.info();
        match self.state.verification.next_step(info) {
            Step::Poll => Some(NextCall::Poll),
            Step::Fetch(handle) => Some(NextCall::Fetch(handle)),
            // A callback contradicts the outcome, or may add to it.
            Step::Done | Step::AwaitReport
                if self.state.poll_requested && info.has(Capability::Polling) =>
            {
                Some(NextCall::Poll)
            }
            _ => None,
        }
    }

    /// Returns when a call is due.
    fn due(&self, next: &NextCall) -> Timestamp {
        let state = &self.state;
        let Some(asked_at) = state.asked_at else {
            return Timestamp::MIN;
        };
        let pause = if state.failures > 0 {
            self.interval
                .saturating_mul(1 << (state.failures - 1).min(DOUBLINGS))
        } else if state.fetch_pending && matches!(next, NextCall::Fetch(_)) {
            Duration::ZERO
        } else if state.poll_requested {
            WAKE_GAP.min(self.interval)
        } else {
            self.interval
        };
        let due = asked_at.saturating_add(pause).unwrap_or(Timestamp::MAX);
        state
            .not_before
            .map_or(due, |not_before| due.max(not_before))
    }

    async fn call(&mut self, next: &NextCall, asked_at: Timestamp) -> Result<()> {
        let id = self.state.verification.id();
        let result = match next {
            NextCall::Poll => self.client.poll(id).await,
            NextCall::Fetch(handle) => self.client.fetch(id, Some(handle)).await,
        };
        let state = &mut self.state;
        state.asked_at = Some(asked_at);
        state.fetch_pending = false;
        let error = match result {
            Ok(observation) => {
                (state.answered_at, state.failures, state.not_before) = (Some(asked_at), 0, None);
                state.poll_requested = false;
                if let NextCall::Fetch(handle) = next {
                    state.verification.handle_found(handle);
                }
                self.apply(&observation);
                return Ok(());
            }
            Err(error) => error,
        };
        match (next, error.kind()) {
            (NextCall::Fetch(handle), ErrorKind::NotFound | ErrorKind::SubjectMismatch) => {
                state.fetch_pending = state
                    .verification
                    .handle_missed(handle, *error.kind() == ErrorKind::SubjectMismatch);
                if state.fetch_pending {
                    return Ok(());
                }
            }
            // The result is not ready yet; keep to the vendor's pace.
            (_, ErrorKind::NotReady) => {
                (state.answered_at, state.failures) = (Some(asked_at), 0);
                return Ok(());
            }
            _ => {}
        }
        // The vendor has deleted an expired session and has nothing more to report.
        if matches!(next, NextCall::Poll)
            && !error.is_transient()
            && state.verification.expire_if_due(asked_at).is_some()
        {
            state.answered_at = Some(asked_at);
            return Ok(());
        }
        state.failures = state.failures.saturating_add(1);
        state.not_before = error
            .retry_after()
            .and_then(|wait| asked_at.checked_add(wait).ok());
        Err(error)
    }

    /// Notes that the session has expired, unless the vendor can be polled and has not been polled
    /// since.
    fn expire(&mut self) {
        let verification = &self.state.verification;
        let Some(expired) = verification.expire_if_due(self.client.now()) else {
            return;
        };
        let was_asked = self.state.answered_at >= verification.expires_at();
        if was_asked || verification.next_step(self.client.info()) != Step::Poll {
            self.apply(&expired);
        }
    }
}
