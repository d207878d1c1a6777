//! The state machine of one flow: pure, without I/O and without a clock.
//!
//! A driver holds a [`FlowState`], asks a [`Machine`] for the [next](Machine::next) step, carries
//! it out, and [applies](Machine::apply) the result. Each change yields a [`ChangeSet`]: audit
//! entries and application events, which the driver commits together with the state. The
//! [`Engine`](crate::Engine) of this crate is one driver; a workflow engine can be another.
//!
//! A driver must keep these rules:
//!
//! - Before it calls the vendor to create or to delete, downloads evidence, or erases our copy, it
//!   [begins](Machine::begin) the command and commits that. It does not carry out a command that
//!   can no longer begin: the flow has changed since the command was planned.
//! - If another driver changed the state since it was read, it reads the state again and applies
//!   the same input. Facts stay true whatever else is known; an input that no longer fits changes
//!   nothing.
//! - It applies the result of each command, failures included.
//!
//! # Example
//!
//! ```
//! use idv_core::{
//!     CreateSafety, HandOffKind, NewVerification, OsRandom, ProviderId, Reference, ReportSource,
//!     Timestamp, VendorInfo,
//! };
//! use idv_flow::machine::{Command, Input, Machine};
//! use idv_flow::{FlowId, Retention, Schedule};
//!
//! let vendor = VendorInfo::new(
//!     ProviderId::new("example"),
//!     "Example",
//!     CreateSafety::Keyed,
//!     HandOffKind::Redirect,
//!     ReportSource::Poll,
//! );
//! let schedule = Schedule::of(&vendor);
//! let now: Timestamp = "2026-01-01T00:00:00Z".parse()?;
//! let new = NewVerification::new(Reference::random(&OsRandom));
//! let id = FlowId::random(&OsRandom);
//! let (mut machine, changes) =
//!     Machine::start(id, &vendor, &schedule, new, Retention::default(), None, now)?;
//! assert_eq!(changes.audit.len(), 1);
//!
//! // The driver commits the mark, then sends the create request.
//! assert_eq!(machine.next(now).command, Some(Command::Create));
//! machine.begin(&Command::Create, now).expect("the command is the next step");
//!
//! // The driver crashed, and another one has taken over: the answer is lost.
//! machine.apply(Input::CreationInterrupted, now)?;
//! // This vendor's create request is idempotent, so the next step repeats it after a backoff.
//! let step = machine.next("2026-01-01T00:01:00Z".parse()?);
//! assert_eq!((step.command, step.attention), (Some(Command::Create), None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub(crate) mod attention;
pub(crate) mod change;
mod creation;
mod deletion;
pub(crate) mod event;
pub(crate) mod evidence;
mod format;
mod plan;
mod polling;
pub(crate) mod resolution;
pub(crate) mod retention;
pub(crate) mod schedule;
pub(crate) mod state;

use std::fmt;

use idv_core::report::Evidence;
use idv_core::{
    CreateResponse, DeleteOutcome, Error, EvidenceId, NewVerification, Observation, ResultHandle,
    VendorInfo, VerificationId,
};
use jiff::Timestamp;

pub use change::ChangeSet;
pub use event::{Event, EventKind};
pub use evidence::EvidenceResult;
pub use plan::{Command, Step};
pub use state::FlowState;

use crate::audit;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::event::Seen;
use crate::machine::resolution::{FlowDecision, Resolution};
use crate::machine::retention::{Retention, later};
use crate::machine::schedule::Schedule;
use crate::machine::state::Creation;

/// A flow's state and the rules by which it changes.
///
/// The [module](self) has an example.
pub struct Machine<'a> {
    id: FlowId,
    vendor: &'a VendorInfo,
    schedule: &'a Schedule,
    state: FlowState,
}

/// An input of the state machine: a fact, an answer of the vendor or a decision.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Input<'e> {
    /// The vendor answered a create request.
    Created(&'e CreateResponse),
    /// A create request failed.
    CreationFailed {
        /// The number of the request: [`FlowState::attempt`] when the request began.
        attempt: u32,
        /// The failure.
        error: &'e Error,
    },
    /// The program that was sending the create request crashed, and the vendor's answer is lost.
    CreationInterrupted,
    /// The time for create requests is over, and none reached the vendor.
    CreationGivenUp,
    /// The vendor was searched for verifications under the flow's reference.
    Searched(Result<&'e [VerificationId], &'e Error>),
    /// The vendor was polled, or its result was fetched.
    Answered {
        /// The handle under which the result was fetched; `None` for a poll.
        handle: Option<&'e ResultHandle>,
        /// When the call began.
        asked_at: Timestamp,
        /// The value of [`FlowState::reasons_to_ask`] when the call began.
        reasons: u32,
        /// The answer.
        answer: Result<&'e Observation, &'e Error>,
    },
    /// An observation that no call for this flow alone yielded: from a callback, a list or the
    /// person's return.
    Observed(&'e Observation),
    /// The configuration now knows the code that a message waited for.
    CodeTaught,
    /// A poll is postponed after an outage.
    Spread,
    /// The person's session has expired.
    Expired,
    /// The deletion of both copies was requested.
    DeletionRequested {
        /// The account that requests it.
        by: &'e str,
    },
    /// The vendor was called to delete its copy, or to confirm a deletion.
    DeletionAnswered(Result<DeleteOutcome, &'e Error>),
    /// A deletion that was [begun](Machine::begin) is postponed: no request was sent.
    DeletionPostponed,
    /// A long download of evidence is still running.
    EvidenceUnderWay {
        /// The number of the download: [`FlowState::download`].
        item: u32,
    },
    /// The program that was downloading evidence crashed. The next step begins the download anew.
    EvidenceInterrupted,
    /// A download of evidence ended, or there was nothing to download.
    EvidenceKept {
        /// The number of the download.
        item: u32,
        /// The processed items.
        results: &'e [EvidenceResult],
        /// The number of stored reports whose evidence was processed.
        reports: usize,
        /// The items that were left to download before, including the processed ones.
        missing: &'e [EvidenceId],
    },
    /// A download of evidence failed.
    EvidenceFailed {
        /// The number of the download.
        item: u32,
        /// The item, or `None` if the failure concerns no single item.
        listed: Option<&'e Evidence>,
        /// The number of stored reports that list the missing items.
        reports: usize,
        /// The items that are left to download, including this one.
        missing: &'e [EvidenceId],
        /// The failure.
        error: &'e Error,
    },
    /// The stored parts of the evidence could not be erased.
    ErasureFailed(&'e Error),
    /// This change erases our own copy.
    Erased,
    /// The retention was changed.
    Retained {
        /// The new retention.
        retention: &'e Retention,
        /// The account that changed it.
        by: &'e str,
    },
    /// An operator decided.
    Resolved {
        /// The decision.
        resolution: &'e Resolution,
        /// The operator's account.
        by: &'e str,
    },
    /// The application or an operator decided. A repetition changes nothing.
    Decided {
        /// The decision.
        decision: &'e FlowDecision,
        /// The account that decided.
        by: &'e str,
        /// The key of the decision, which a repetition has too.
        key: &'e str,
    },
    /// The program failed to carry out a command, for example because an adapter panicked.
    Crashed,
    /// Brings the columns that the store keeps in clear up to date, and changes nothing else.
    Refreshed,
}

impl<'a> Machine<'a> {
    /// Creates the machine of a flow at a vendor, with the schedule of the vendor's account.
    #[must_use]
    pub const fn new(
        id: FlowId,
        vendor: &'a VendorInfo,
        schedule: &'a Schedule,
        state: FlowState,
    ) -> Self {
        Self {
            id,
            vendor,
            schedule,
            state,
        }
    }

    /// Starts a flow with the intent to create a verification, which becomes the
    /// [next](Machine::next) step.
    ///
    /// `by` is the account that requests it, without personal data.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if the rules of the retention contradict each other.
    pub fn start(
        id: FlowId,
        vendor: &'a VendorInfo,
        schedule: &'a Schedule,
        new: NewVerification,
        retention: Retention,
        by: Option<String>,
        now: Timestamp,
    ) -> Result<(Self, ChangeSet)> {
        retention.check()?;
        let mut changes = ChangeSet::new(now);
        let mapping = format!("{}; idv {}", vendor.document, env!("CARGO_PKG_VERSION"));
        changes.write(audit::Event::Asked {
            by,
            provider: vendor.provider.to_string(),
            mapping,
        });
        Ok((
            Self::new(
                id,
                vendor,
                schedule,
                FlowState::new(new, vendor, retention, now),
            ),
            changes,
        ))
    }

    /// Returns the state.
    #[must_use]
    pub const fn state(&self) -> &FlowState {
        &self.state
    }

    pub(crate) const fn state_mut(&mut self) -> &mut FlowState {
        &mut self.state
    }

    /// Consumes the machine and returns the state.
    #[must_use]
    pub fn into_state(self) -> FlowState {
        self.state
    }

    /// Marks that the driver is about to carry out a command.
    ///
    /// Call it before the vendor is called. Returns `None` if the command is no longer the next
    /// step; the driver must not carry it out then. A mark stays in the state only for commands
    /// that must not be carried out twice, or not during a hold. Other commands always begin if
    /// they are the next step.
    pub fn begin(&mut self, command: &Command, now: Timestamp) -> Option<ChangeSet> {
        if self.next(now).command.as_ref() != Some(command) {
            return None;
        }
        let mut changes = ChangeSet::new(now);
        match command {
            Command::Create => self.begin_creation(&mut changes),
            Command::Delete | Command::ConfirmDeletion if self.state.deletion.may_be_held() => {
                self.begin_deletion(&mut changes);
            }
            Command::KeepEvidence => self.begin_evidence(&changes),
            Command::Erase => self.begin_erasure(),
            _ => {}
        }
        Some(changes)
    }

    /// Applies an input and returns the changes to commit.
    ///
    /// An input that does not fit the state, because another change came first, changes nothing.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`] if the state does not allow an operator's decision or a new
    /// retention; [`FlowError::Invalid`] if the rules of a new retention contradict each other.
    /// Facts never fail.
    pub fn apply(&mut self, input: Input<'_>, now: Timestamp) -> Result<ChangeSet> {
        let mut changes = ChangeSet::new(now);
        let before = Seen::of(&self.state, self.state.shown.attention.clone());
        self.change(input, &mut changes)?;
        self.state.note_end(self.vendor, now);
        if matches!(input, Input::DeletionAnswered(_)) && self.state.evidence.items == 0 {
            // Our copy often goes with the vendor's: one commit instead of two.
            self.erase_if_due(&mut changes);
        }
        let attention = self
            .next(now)
            .attention
            .map(|attention| attention.name().to_owned());
        changes.events = Seen::of(&self.state, attention).since(&before);
        Ok(changes)
    }

    fn change(&mut self, input: Input<'_>, changes: &mut ChangeSet) -> Result<()> {
        let now = changes.now;
        match input {
            Input::Created(created) => self.created(created, changes),
            Input::CreationFailed { attempt, error } => {
                self.creation_failed(attempt, error, changes);
            }
            Input::CreationInterrupted => self.creation_interrupted(changes),
            Input::CreationGivenUp => {
                if let Creation::Intended { .. } = self.state.creation {
                    self.state.refuse("given_up", changes);
                }
            }
            Input::Searched(found) => self.searched(found, changes),
            Input::Answered {
                handle,
                asked_at,
                reasons,
                answer,
            } => self.answered(handle, asked_at, reasons, answer, changes),
            Input::Observed(observation) => {
                let expires_at = self.expiry(self.state.begun_at(now));
                self.state.observe(observation, expires_at, changes);
            }
            Input::CodeTaught => self.state.unknown_code = None,
            Input::Spread => {
                self.state.asking.spread_until = Some(self.schedule.spread(now, self.id));
            }
            Input::Expired => {
                if let Some(observation) = self.state.verification.expire_if_due(now) {
                    self.state.observe(&observation, now, changes);
                }
            }
            Input::DeletionRequested { by } => return self.deletion_requested(by, changes),
            Input::DeletionAnswered(answer) => self.deletion_answered(answer, changes),
            Input::DeletionPostponed => self.state.deletion.calling_at = None,
            Input::EvidenceUnderWay { item } => self.evidence_under_way(item, changes),
            Input::EvidenceInterrupted => self.state.evidence.calling = None,
            Input::EvidenceKept {
                item,
                results,
                reports,
                missing,
            } => {
                self.evidence_kept(item, results, reports, missing, changes);
            }
            Input::EvidenceFailed {
                item,
                listed,
                reports,
                missing,
                error,
            } => {
                let listed = listed.map(|listed| (listed, reports, missing));
                self.evidence_failed(item, listed, error, changes);
            }
            Input::ErasureFailed(error) => self.erasure_failed(error, changes),
            // A hold that was set since the erasure was planned counts.
            Input::Erased => self.erase_if_due(changes),
            Input::Retained { retention, by } => return self.retained(retention, by, changes),
            Input::Resolved { resolution, by } => return self.resolved(resolution, by, changes),
            Input::Decided { decision, by, key } => {
                return self.decided(decision, by, key, changes);
            }
            Input::Crashed => {
                self.state.crashes = self.state.crashes.saturating_add(1);
                self.state.crashed_at = Some(now);
            }
            Input::Refreshed => {}
        }
        Ok(())
    }

    /// Sets the number of stored final reports, and adds an event if there is a new one.
    pub(crate) fn reports_stored(&mut self, count: usize, is_new: bool, changes: &mut ChangeSet) {
        self.state.reports = u8::try_from(count).unwrap_or(u8::MAX);
        let is_settled = changes
            .events
            .iter()
            .any(|event| matches!(event, EventKind::Settled { .. }));
        let decision = self.state.decision();
        if count > 0
            && (is_new || is_settled)
            && matches!(decision, Some(idv_core::Decision::Settled(_)))
        {
            changes.events.push(EventKind::ReportReady);
        }
    }

    /// Returns the end of the person's session if the vendor does not report it.
    fn expiry(&self, created_at: Timestamp) -> Timestamp {
        later(created_at, self.schedule.lifetime)
    }
}

impl fmt::Debug for Machine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("id", &self.id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Returns the error of a decision that the state does not allow.
const fn conflict<T>(why: &'static str) -> Result<T> {
    Err(FlowError::Conflict(why))
}

#[cfg(test)]
mod tests {
    use idv_core::{CreateSafety, HandOffKind, OsRandom, ProviderId, Reference, ReportSource};

    use super::*;

    #[test]
    fn command_begins_only_if_it_is_the_next_step() {
        let id = ProviderId::new("example");
        let vendor = VendorInfo::new(
            id,
            "Example",
            CreateSafety::Keyed,
            HandOffKind::Redirect,
            ReportSource::Poll,
        );
        let schedule = Schedule::of(&vendor);
        let new = NewVerification::new(Reference::random(&OsRandom));
        let now = Timestamp::UNIX_EPOCH;
        let started = Machine::start(
            FlowId::random(&OsRandom),
            &vendor,
            &schedule,
            new,
            Retention::default(),
            None,
            now,
        );
        let mut machine = started.unwrap().0;
        assert_eq!(machine.next(now).command, Some(Command::Create));
        assert!(machine.begin(&Command::Delete, now).is_none());
        assert!(machine.state().attempt().is_none());
        assert_eq!(
            machine.begin(&Command::Create, now).unwrap().audit,
            [audit::Event::Creating { attempt: 1 }]
        );
        assert_eq!(machine.state().attempt().unwrap().1, 1);
        assert!(
            machine.begin(&Command::Create, now).is_none(),
            "another driver carries it out"
        );
        // An input that does not fit changes nothing.
        let changes = machine.apply(Input::Erased, now).unwrap();
        assert!(changes.audit.is_empty() && changes.events.is_empty());
    }
}
