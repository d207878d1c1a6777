//! Follows one verification to its outcome and its final report.

mod inbox;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::mpsc;
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::callback::{Delivery, Reply};
use crate::client::Client;
use crate::error::{ErrorKind, Result};
use crate::id::ResultHandle;
use crate::info::Capability;
use crate::new::CreateResponse;
use crate::observation::{Observation, Outcome, ResultState, Status};
use crate::report::Report;
use crate::verification::{Decision, ReportFinality, Step, Transition, Verification};

pub use inbox::TrackerInbox;

/// Capacity of the inbox. A tracker refuses further callbacks, and the vendor sends them again.
const INBOX: usize = 64;
/// Maximum number of final reports that are kept, for example if the outcome is disputed.
const REPORTS: usize = 4;
/// Pause before a poll that a callback requested, so that many callbacks do not cause many polls.
const WAKE_GAP: Duration = Duration::from_secs(1);
/// Maximum number of times that the pause doubles after failed calls.
const DOUBLINGS: u32 = 3;

/// Follows one verification to its outcome and its final report.
///
/// A tracker polls at the vendor's pace, fetches the result, applies callbacks, and notes when the
/// person's session expires. [`run`](Tracker::run) does all of this and waits in between. A program
/// with its own schedule calls [`advance`](Tracker::advance), which makes at most one call and
/// returns when to call again. If callbacks arrive elsewhere in the program, for example in a route
/// of a web server, an [`inbox`](Tracker::inbox) passes them on.
///
/// The [`state`](Tracker::state) can be stored as JSON at any time and [resumed](Tracker::resume)
/// later, also by another program.
///
/// ```
/// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
/// # futures_executor::block_on(async {
/// # let client = vendor::client();
/// # let created = vendor::create(&client).await?;
/// use idv_core::Tracker;
///
/// let until = client.now() + jiff::SignedDuration::from_hours(1);
/// let mut tracker = Tracker::new(client, &created);
/// tracker.run(until).await?;
/// assert!(tracker.is_verified());
/// let report = tracker.report().expect("the vendor has a report");
/// assert_eq!(report.checks.len(), 1);
/// # Ok::<(), idv_core::Error>(())
/// # }).unwrap();
/// ```
///
/// # Cancellation
///
/// Dropping the future of [`run`](Tracker::run) or [`advance`](Tracker::advance) is safe: the state
/// changes only after a response has arrived, and every call can be repeated.
pub struct Tracker {
    client: Client,
    state: TrackerState,
    interval: Duration,
    observer: Option<Observer>,
    sender: Arc<Mutex<mpsc::Sender<Observation>>>,
    receiver: mpsc::Receiver<Observation>,
}

type Observer = Box<dyn FnMut(&Observation, &Transition) + Send>;

/// The state of a [`Tracker`], for storage.
///
/// The state serializes with the final report, whose personal data are in clear: seal it at rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackerState {
    verification: Verification,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reports: Vec<FinalReport>,
    /// The time of the last call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asked_at: Option<Timestamp>,
    /// The time of the last successful call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered_at: Option<Timestamp>,
    /// The number of consecutive failed calls.
    #[serde(default)]
    failures: u32,
    /// The earliest time of the next call, if the vendor named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_before: Option<Timestamp>,
    /// Whether a callback requested a poll.
    #[serde(default)]
    poll_requested: bool,
    /// Whether the result can be fetched and has not been requested yet.
    #[serde(default)]
    fetch_pending: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FinalReport {
    outcome: Option<Outcome>,
    report: Report,
}

/// The next action of a [`Tracker`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// No further action: the outcome is settled, and the report has arrived if the vendor has one.
    Finished,
    /// The next call to the vendor is due at this time, or now if it has passed.
    WaitUntil(Timestamp),
    /// The tracker waits for a callback, because the vendor cannot be polled. After `until`, the
    /// person's session has expired.
    AwaitCallback {
        /// The expiry of the person's session; `None` if the outcome is settled and only the report
        /// is missing.
        until: Option<Timestamp>,
    },
    /// An operator has to decide: the vendor's statements contradict each other
    /// ([`Tracker::resolve_dispute`]), or no capability of the vendor leads to an outcome.
    NeedsOperator,
}

/// A call to the vendor.
enum Question {
    Poll,
    Fetch(ResultHandle),
}

impl Tracker {
    /// Creates a tracker of a newly created verification.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Progress, Tracker};
    ///
    /// let tracker = Tracker::new(client, &created);
    /// assert!(matches!(tracker.progress(), Progress::WaitUntil(_)));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn new(client: Client, created: &CreateResponse) -> Self {
        let by_lifetime = || {
            client
                .info()
                .lifetime
                .and_then(|lifetime| created.at.checked_add(lifetime).ok())
        };
        let expires_at = created.expires_at.or_else(by_lifetime);
        let verification = Verification::new(created.id.clone(), client.info(), expires_at);
        Self::follow(client, verification)
    }

    /// Creates a tracker of a verification with a known state.
    #[must_use]
    pub fn follow(client: Client, verification: Verification) -> Self {
        let state = TrackerState {
            verification,
            reports: Vec::new(),
            asked_at: None,
            answered_at: None,
            failures: 0,
            not_before: None,
            poll_requested: false,
            fetch_pending: false,
        };
        Self::resume(client, state)
    }

    /// Creates a tracker from a stored state.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Tracker, TrackerState};
    ///
    /// let mut tracker = Tracker::new(client.clone(), &created);
    /// tracker.advance().await?;
    /// let stored = serde_json::to_string(tracker.state()).unwrap();
    ///
    /// let state: TrackerState = serde_json::from_str(&stored).unwrap();
    /// let resumed = Tracker::resume(client, state);
    /// assert_eq!(resumed.outcome(), tracker.outcome());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn resume(client: Client, state: TrackerState) -> Self {
        let (sender, receiver) = mpsc::channel(INBOX);
        let interval = client
            .policy()
            .poll_interval
            .unwrap_or(client.info().poll_interval);
        Self {
            client,
            state,
            interval,
            observer: None,
            sender: Arc::new(Mutex::new(sender)),
            receiver,
        }
    }

    /// Sets the polling interval, in place of the vendor's.
    #[must_use]
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets a function that is called with each observation and its effect, for a log or a display.
    #[must_use]
    pub fn on_observation(
        mut self,
        observer: impl FnMut(&Observation, &Transition) + Send + 'static,
    ) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Returns the state, for storage.
    #[must_use]
    pub const fn state(&self) -> &TrackerState {
        &self.state
    }

    /// Returns the client.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the verification.
    #[must_use]
    pub const fn verification(&self) -> &Verification {
        &self.state.verification
    }

    /// Returns the outcome once it is settled.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.state.verification.decision() {
            Decision::Settled(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Returns whether the person is verified.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.state.verification.decision().is_verified()
    }

    /// Returns the final report of the outcome.
    ///
    /// If the verification is disputed or was decided by an operator, this is the latest report.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        let outcome = self.outcome()?;
        let with = |wanted: Option<Outcome>| {
            self.state
                .reports
                .iter()
                .rev()
                .find(move |kept| kept.outcome == wanted)
        };
        with(Some(outcome))
            .or_else(|| with(None))
            .or_else(|| self.state.reports.last())
            .map(|kept| &kept.report)
    }

    /// Returns every final report with the outcome that arrived with it, the latest last.
    pub fn reports(&self) -> impl Iterator<Item = (Option<Outcome>, &Report)> {
        self.state
            .reports
            .iter()
            .map(|kept| (kept.outcome, &kept.report))
    }

    /// Records an operator's resolution of a dispute.
    ///
    /// # Errors
    ///
    /// As [`Verification::resolve_dispute`].
    pub fn resolve_dispute(&mut self, outcome: Outcome) -> Result<()> {
        self.state.verification.resolve_dispute(outcome)
    }

    /// Applies an observation from another source, such as a list or a callback parsed by
    /// [`Client::receive`], and returns its effect.
    pub fn apply(&mut self, observation: &Observation) -> Transition {
        let state = &mut self.state;
        let finality = state.verification.report_finality(observation);
        let transition = state.verification.apply(observation);
        match &transition {
            Transition::PollRequested => state.poll_requested = true,
            Transition::Progressed | Transition::Settled(_) | Transition::Disputed => {
                let step = state.verification.next_step(self.client.info());
                state.fetch_pending = matches!(step, Step::Fetch(_));
                state.failures = 0;
            }
            _ => {}
        }
        if let (Some(ReportFinality::Final), ResultState::Inline(report)) =
            (finality, &observation.result)
        {
            let outcome = match observation.status {
                Some(Status::Finished(outcome)) => Some(outcome),
                _ => None,
            };
            state.reports.retain(|kept| kept.outcome != outcome);
            if state.reports.len() >= REPORTS {
                state.reports.remove(0);
            }
            state.reports.push(FinalReport {
                outcome,
                report: Report::clone(report),
            });
        }
        if let Some(observer) = &mut self.observer {
            observer(observation, &transition);
        }
        transition
    }

    /// Parses a callback or the person's return, applies its observations of this verification, and
    /// returns the reply that the vendor expects.
    ///
    /// Makes no call.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// # let delivery = vendor::callback(&created);
    /// use idv_core::Tracker;
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// let reply = tracker.receive(&delivery)?;
    /// assert_eq!(reply.status, 200);
    /// assert_eq!(tracker.outcome(), None); // this vendor's callbacks carry no proof
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Forged`](ErrorKind::Forged) or [`Malformed`](ErrorKind::Malformed); [`Reply::to_error`] is
    /// the reply to either.
    pub fn receive(&mut self, delivery: &Delivery) -> Result<Reply> {
        let message = self.client.receive(delivery)?;
        for observation in &message.observations {
            self.apply(observation);
        }
        Ok(message.reply)
    }

    /// Returns a handle that passes callbacks to this tracker from elsewhere in the program, while
    /// [`run`](Tracker::run) waits.
    #[must_use]
    pub fn inbox(&self) -> TrackerInbox {
        TrackerInbox::new(
            self.client.clone(),
            self.state.verification.id().clone(),
            Arc::clone(&self.sender),
        )
    }

    /// Returns the next action of the tracker.
    #[must_use]
    pub fn progress(&self) -> Progress {
        match self.question() {
            Some(question) => Progress::WaitUntil(self.due(&question)),
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
    /// The errors of [`Client::poll`] and [`Client::fetch`]. If the error [is
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
        if let Some(question) = self.question()
            && self.due(&question) <= asked_at
        {
            self.ask(&question, asked_at).await?;
        }
        self.expire();
        Ok(self.progress())
    }

    /// Advances the tracker until it is finished, needs an operator, or reaches `until`.
    ///
    /// Waits in between by the client's clock, and retries after transient errors with a growing
    /// pause. See [`Tracker`] for an example.
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
    fn question(&self) -> Option<Question> {
        let info = self.client.info();
        match self.state.verification.next_step(info) {
            Step::Poll => Some(Question::Poll),
            Step::Fetch(handle) => Some(Question::Fetch(handle)),
            // A callback contradicts the outcome, or may add to it.
            Step::Done | Step::AwaitReport
                if self.state.poll_requested && info.has(Capability::Polling) =>
            {
                Some(Question::Poll)
            }
            _ => None,
        }
    }

    /// Returns when a call is due.
    fn due(&self, question: &Question) -> Timestamp {
        let state = &self.state;
        let Some(asked_at) = state.asked_at else {
            return Timestamp::MIN;
        };
        let pause = if state.failures > 0 {
            self.interval
                .saturating_mul(1 << (state.failures - 1).min(DOUBLINGS))
        } else if state.fetch_pending && matches!(question, Question::Fetch(_)) {
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

    async fn ask(&mut self, question: &Question, asked_at: Timestamp) -> Result<()> {
        let id = self.state.verification.id();
        let answer = match question {
            Question::Poll => self.client.poll(id).await,
            Question::Fetch(handle) => self.client.fetch(id, Some(handle)).await,
        };
        let state = &mut self.state;
        state.asked_at = Some(asked_at);
        state.fetch_pending = false;
        let error = match answer {
            Ok(observation) => {
                (state.answered_at, state.failures, state.not_before) = (Some(asked_at), 0, None);
                state.poll_requested = false;
                if let Question::Fetch(handle) = question {
                    state.verification.handle_found(handle);
                }
                self.apply(&observation);
                return Ok(());
            }
            Err(error) => error,
        };
        match (question, error.kind()) {
            (Question::Fetch(handle), ErrorKind::NotFound | ErrorKind::SubjectMismatch) => {
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
        if matches!(question, Question::Poll)
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

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker")
            .field("client", &self.client)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl TrackerState {
    /// Returns the verification.
    #[must_use]
    pub const fn verification(&self) -> &Verification {
        &self.verification
    }
}
