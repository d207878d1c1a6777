//! Follows one verification to its outcome and its final report.

mod inbox;
mod run;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::mpsc;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::callback::{Delivery, Reply};
use crate::client::Client;
use crate::error::Result;
use crate::new::CreateResponse;
use crate::observation::{Observation, Outcome, ResultState, Status};
use crate::report::Report;
use crate::verification::{Decision, ReportFinality, Step, Transition, Verification};

pub use inbox::TrackerInbox;

/// Capacity of the inbox. A tracker refuses further callbacks, and the vendor sends them again.
const INBOX: usize = 64;
/// Maximum number of final reports that are kept, for example if the outcome is disputed.
const REPORTS: usize = 4;

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
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Tracker, Verification};
    ///
    /// // A verification whose callbacks the application has applied itself so far.
    /// let verification = Verification::new(created.id.clone(), client.info(), None);
    /// let mut tracker = Tracker::follow(client, verification);
    /// tracker.advance().await?;
    /// assert!(tracker.is_verified());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use std::time::Duration;
    /// use idv_core::{Progress, Tracker};
    ///
    /// let now = client.now();
    /// let tracker = Tracker::new(client, &created).poll_every(Duration::from_secs(90));
    /// let Progress::WaitUntil(at) = tracker.progress() else { panic!("the vendor can be polled") };
    /// assert!(at.duration_since(now).as_secs() <= 90);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets a function that is called with each observation and its effect, for a log or a display.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Tracker, Transition};
    ///
    /// let (sender, effects) = std::sync::mpsc::channel();
    /// let mut tracker = Tracker::new(client, &created)
    ///     .on_observation(move |_, transition| drop(sender.send(transition.clone())));
    /// tracker.advance().await?;
    /// assert!(matches!(effects.try_recv(), Ok(Transition::Settled(_))));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn on_observation(
        mut self,
        observer: impl FnMut(&Observation, &Transition) + Send + 'static,
    ) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Returns the state, for storage.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let tracker = Tracker::new(client, &created);
    /// let stored = serde_json::to_string(tracker.state()).unwrap();
    /// assert!(stored.contains("verification"));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn state(&self) -> &TrackerState {
        &self.state
    }

    /// Returns the client.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let tracker = Tracker::new(client, &created);
    /// assert_eq!(tracker.client().info().name, "Example");
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the verification.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let tracker = Tracker::new(client, &created);
    /// assert_eq!(*tracker.verification().id(), created.id);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn verification(&self) -> &Verification {
        &self.state.verification
    }

    /// Returns the outcome once it is settled.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Outcome, Tracker};
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// assert_eq!(tracker.outcome(), None);
    /// tracker.advance().await?;
    /// assert_eq!(tracker.outcome(), Some(Outcome::Verified));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.state.verification.decision() {
            Decision::Settled(outcome) => Some(outcome),
            _ => None,
        }
    }

    /// Returns whether the person is verified.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// assert!(!tracker.is_verified());
    /// tracker.advance().await?;
    /// assert!(tracker.is_verified());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.state.verification.decision().is_verified()
    }

    /// Returns the final report of the outcome.
    ///
    /// If the verification is disputed or was decided by an operator, this is the latest report.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// let until = tracker.client().now() + jiff::SignedDuration::from_hours(1);
    /// tracker.run(until).await?;
    /// let report = tracker.report().expect("the vendor has a report");
    /// assert!(report.person.family_name.is_some());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
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
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Outcome, Tracker};
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// let until = tracker.client().now() + jiff::SignedDuration::from_hours(1);
    /// tracker.run(until).await?;
    /// let outcomes: Vec<_> = tracker.reports().map(|(outcome, _)| outcome).collect();
    /// assert_eq!(outcomes, [Some(Outcome::Verified)]);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn reports(&self) -> impl Iterator<Item = (Option<Outcome>, &Report)> {
        self.state
            .reports
            .iter()
            .map(|kept| (kept.outcome, &kept.report))
    }

    /// Records an operator's resolution of a dispute.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Outcome, Tracker};
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// assert!(tracker.resolve_dispute(Outcome::Rejected).is_err(), "nothing is disputed");
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Verification::resolve_dispute`].
    pub fn resolve_dispute(&mut self, outcome: Outcome) -> Result<()> {
        self.state.verification.resolve_dispute(outcome)
    }

    /// Applies an observation from another source, such as a list or a callback parsed by
    /// [`Client::receive`], and returns its effect.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Tracker, Transition};
    ///
    /// let observation = client.poll(&created.id).await?;
    /// let mut tracker = Tracker::new(client, &created);
    /// assert!(matches!(tracker.apply(&observation), Transition::Settled(_)));
    /// assert_eq!(tracker.apply(&observation), Transition::Unchanged);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
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
    /// [`Forged`](crate::ErrorKind::Forged) or [`Malformed`](crate::ErrorKind::Malformed);
    /// [`Reply::to_error`] is the reply to either.
    pub fn receive(&mut self, delivery: &Delivery) -> Result<Reply> {
        let message = self.client.receive(delivery)?;
        for observation in &message.observations {
            self.apply(observation);
        }
        Ok(message.reply)
    }

    /// Returns a handle that passes callbacks to this tracker from elsewhere in the program, while
    /// [`run`](Tracker::run) waits.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let mut tracker = Tracker::new(client, &created);
    /// let inbox = tracker.inbox(); // give it to the route of the web server
    /// # let delivery = vendor::callback(&created);
    /// assert_eq!(inbox.receive(&delivery)?.status, 200);
    /// tracker.advance().await?; // applies the callback
    /// assert!(tracker.is_verified());
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn inbox(&self) -> TrackerInbox {
        TrackerInbox::new(
            self.client.clone(),
            self.state.verification.id().clone(),
            Arc::clone(&self.sender),
        )
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
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::Tracker;
    ///
    /// let state = Tracker::new(client, &created).state().clone();
    /// assert_eq!(state.verification().id().reference, created.id.reference);
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub const fn verification(&self) -> &Verification {
        &self.verification
    }
}
