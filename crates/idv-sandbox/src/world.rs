//! The state behind its lock, and the passage of time: commands, requests, and due events.

use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use jiff::Timestamp;

use crate::callback::{CallbackSender, Reply, Sending};
use crate::clock::{Clock, check_speed};
use crate::command::{Command, Outcome};
use crate::exchange::{Answer, Incoming};
use crate::fault::FaultKind;
use crate::journal::Input;
use crate::state::{Begun, State};
use crate::vendor::Entry;

/// The worlds and their clock. One lock guards the whole state; it is never held across an await.
#[derive(Debug)]
pub(crate) struct Worlds {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    pub(crate) sender: CallbackSender,
    /// The seed of the ids.
    pub(crate) seed: u64,
    /// Whether time can pass by itself.
    pub(crate) can_run: bool,
    /// Only one task at a time runs due events, so that they run in order.
    turn: tokio::sync::Mutex<()>,
    /// The number of changes so far, for pages that follow them.
    changes: tokio::sync::watch::Sender<u64>,
}

/// The state, for reading. Changes are [commands](Command), so that a state file records them.
#[derive(Debug)]
pub(crate) struct View<'a>(MutexGuard<'a, State>);

impl Deref for View<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

/// Unit tests of the vendors' modules set up a state without commands.
#[cfg(test)]
impl std::ops::DerefMut for View<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.0
    }
}

impl Worlds {
    pub(crate) fn new(
        clock: Clock,
        sender: CallbackSender,
        seed: u64,
        can_run: bool,
        state: State,
    ) -> Self {
        Self {
            state: Mutex::new(state),
            clock,
            sender,
            seed,
            can_run,
            turn: tokio::sync::Mutex::new(()),
            changes: tokio::sync::watch::Sender::new(0),
        }
    }

    /// Returns a receiver that sees the number of changes.
    pub(crate) fn follow_changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Returns the number of receivers that follow the changes.
    pub(crate) fn followers(&self) -> usize {
        self.changes.receiver_count()
    }

    /// Tells the followers that the state has changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Returns the state for reading.
    pub(crate) fn state(&self) -> View<'_> {
        View(self.locked())
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the state without recording it. The work must not change what the sandbox does.
    pub(crate) fn unrecorded<T>(&self, work: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let mut state = self.locked();
        let now = self.clock.now();
        work(&mut state, now)
    }

    /// Carries out a command other than a reset.
    pub(crate) fn execute(&self, command: &Command) -> Result<Outcome, String> {
        let mut state = self.locked();
        let now = self.clock.now();
        state.read_wall_clock();
        state.record(now, || Input::Command(command.clone()))?;
        let outcome = command.apply(&mut state, now);
        if let Command::Speed(speed) = command {
            self.clock.set_speed(*speed);
        }
        drop(state);
        self.changed();
        outcome
    }

    /// Carries out a command and runs the events that are due, so that its effect is visible even
    /// if the clock is frozen.
    pub(crate) async fn execute_now(&self, command: &Command) -> Result<Outcome, String> {
        let outcome = self.execute(command)?;
        // A task that has the turn runs these events as well. Waiting for it could last until a
        // recipient of callbacks has replied, and that may be the sender of this command.
        if let Ok(_turn) = self.turn.try_lock() {
            self.run_until(self.clock.now(), false).await;
        }
        Ok(outcome)
    }

    /// Lets a vendor answer a request, and records it. The caller carries out faults of the
    /// connection.
    pub(crate) fn answer(
        &self,
        vendor: &'static Entry,
        request: &Incoming,
    ) -> (Option<Answer>, Option<FaultKind>) {
        let mut state = self.locked();
        let now = self.clock.now();
        state.read_wall_clock();
        if let Err(error) = state.record(now, || Input::of_request(vendor, request)) {
            let body = serde_json::json!({ "error": error });
            return (
                Some(Answer::json(StatusCode::SERVICE_UNAVAILABLE, &body)),
                None,
            );
        }
        let answered = state.answer(now, vendor, request);
        drop(state);
        self.changed();
        answered
    }

    /// Runs every event that is due until `until`, in order of time, including those that follow
    /// from earlier ones, then sets the clock to `until`.
    pub(crate) async fn advance_to(&self, until: Timestamp) {
        let _turn = self.turn.lock().await;
        self.run_until(until, true).await;
    }

    /// Runs the events that are due as time passes.
    pub(crate) async fn run_due(&self) {
        let _turn = self.turn.lock().await;
        self.run_until(self.clock.now(), false).await;
    }

    /// As [`Worlds::advance_to`], for a caller who has the turn. `is_advance` says whether the
    /// clock moves at the user's request.
    async fn run_until(&self, until: Timestamp, is_advance: bool) {
        let mut changes = is_advance;
        loop {
            let begun = self.locked().begin_next(&self.clock, until);
            changes |= begun.is_some();
            match begun {
                Some(Begun::Ended) => {}
                Some(Begun::Sending(sending, at)) => self.deliver(*sending, at).await,
                None => break,
            }
            self.changed();
        }
        let mut state = self.locked();
        self.clock.move_to(until);
        if changes {
            // The next input reports a failure.
            let _ = state.record(self.clock.now(), || Input::Time);
        }
        drop(state);
        self.changed();
    }

    /// Records the reply to a callback.
    pub(crate) fn record_reply(&self, sending: Sending, at: Timestamp, reply: &Reply) {
        let mut state = self.locked();
        // The next input reports a failure.
        let _ = state.record(self.clock.now(), || Input::of_reply(sending.number, reply));
        state.end(sending, at, reply);
    }

    /// Moves the clock to the time of the next event and runs what is due then. Returns whether
    /// there is an event.
    pub(crate) async fn advance_to_next(&self) -> bool {
        let next = self.state().next_due();
        if let Some(next) = next {
            self.advance_to(next.max(self.clock.now())).await;
        }
        next.is_some()
    }

    /// Sets the number of virtual seconds per real second; with 0 the clock is frozen.
    pub(crate) fn set_speed(&self, speed: f64) -> Result<(), String> {
        check_speed(speed)?;
        if !self.can_run {
            return Err(
                "the sandbox is in process: its clock stands still until it is advanced".to_owned(),
            );
        }
        self.execute(&Command::Speed(speed)).map(drop)
    }

    /// Resets everything except the clock.
    pub(crate) async fn reset(&self) -> Result<(), String> {
        // A callback on its way belongs to the old records.
        let _turn = self.turn.lock().await;
        self.execute(&Command::Reset).map(drop)
    }

    /// Sends a callback again.
    pub(crate) async fn resend(&self, callback: usize) -> Result<(), String> {
        let command = Command::Resend { callback, times: 1 };
        self.execute_now(&command).await.map(drop)
    }

    /// Sends a callback again, twice in a row.
    pub(crate) async fn duplicate(&self, callback: usize) -> Result<(), String> {
        let command = Command::Resend { callback, times: 2 };
        self.execute_now(&command).await.map(drop)
    }

    /// Postpones a callback that is still to come, or sends it again later, by a number of virtual
    /// seconds.
    pub(crate) fn delay(&self, callback: usize, seconds: u64) -> Result<(), String> {
        self.execute(&Command::Delay { callback, seconds })
            .map(drop)
    }

    /// Sends a callback with a wrong secret. Returns the status of the reply, or 0 if there is
    /// none.
    pub(crate) async fn forge_like(&self, callback: usize) -> Result<u16, String> {
        let Outcome::Callback(forged) = self.execute(&Command::Forge { callback })? else {
            return Ok(0);
        };
        self.advance_to(self.clock.now()).await;
        let state = self.state();
        let attempt = state
            .callbacks
            .get(forged)
            .and_then(|callback| callback.attempts.last());
        Ok(attempt.map_or(0, |attempt| attempt.status))
    }

    /// Sets whether the inspector shows personal data and secrets.
    pub(crate) fn show_personal_data(&self, shows: bool) {
        self.locked().options.shows_personal_data = shows;
        self.changed();
    }
}
