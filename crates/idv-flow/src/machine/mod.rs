//! The state machine of one flow: pure, without I/O, without a clock.
//!
//! A driver holds a [`FlowState`], asks a [`Machine`] what is to be done [next](Machine::next), does it, and [applies](Machine::apply)
//! what came of it. What a change leaves behind is a [`ChangeSet`]: entries of the audit trail and events for the application, to be
//! committed together with the state. The engine of this crate is one driver; a workflow engine can be another.
//!
//! A driver keeps to these rules:
//!
//! - Before it calls the vendor to create or to delete, downloads evidence or erases our copy, it [begins](Machine::begin) the command and
//!   commits that. A command that cannot begin any more is not carried out: something has changed since it was planned.
//! - If somebody else changed the state since it was read, it reads the state again and applies the same input: facts hold whatever else
//!   is known, and what no longer fits changes nothing.
//! - Whatever comes of a command is applied, failures included.

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

use idv_core::{
    CreateResponse, DeleteOutcome, Error, NewVerification, Observation, ResultHandle, VendorInfo,
    VerificationId,
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
use crate::machine::resolution::Resolution;
use crate::machine::retention::{Retention, later};
use crate::machine::schedule::Schedule;
use crate::machine::state::Creation;

/// A flow's state, with the rules by which it changes.
pub struct Machine<'a> {
    id: FlowId,
    vendor: &'a VendorInfo,
    schedule: &'a Schedule,
    state: FlowState,
}

/// Something that happened to a flow.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Input<'e> {
    /// The vendor answered a creation.
    Created(&'e CreateResponse),
    /// A creation failed.
    CreationFailed {
        /// The number of the call: [`FlowState::attempt`] as it was when the call began.
        attempt: u32,
        /// The failure.
        error: &'e Error,
    },
    /// The program that was creating the verification is gone, and so is the vendor's answer.
    CreationInterrupted,
    /// The attempts to create the verification have come to their end, and none reached the vendor.
    CreationGivenUp,
    /// The vendor was searched for verifications under the flow's reference.
    Searched(Result<&'e [VerificationId], &'e Error>),
    /// The vendor was asked for the status, or for the result under a handle.
    Answered {
        /// The handle, if it was asked for a result.
        handle: Option<&'e ResultHandle>,
        /// When it was asked.
        asked_at: Timestamp,
        /// The number of reasons to ask that there were at that time: [`FlowState::reasons_to_ask`].
        reasons: u32,
        /// The answer.
        answer: Result<&'e Observation, &'e Error>,
    },
    /// Something was learnt without asking for this flow alone: by a callback, a list or the person's return.
    Observed(&'e Observation),
    /// The code that a message waited for is known now.
    CodeTaught,
    /// A poll is put off after an outage.
    Spread,
    /// The person's time is over.
    Expired,
    /// The deletion of both copies was requested.
    DeletionRequested {
        /// The account that requests it.
        by: &'e str,
    },
    /// The vendor was asked to delete, or to confirm a deletion.
    DeletionAnswered(Result<DeleteOutcome, &'e Error>),
    /// A long download of evidence goes on.
    EvidenceUnderWay {
        /// The number of the download: [`FlowState::download`].
        item: u32,
    },
    /// A download of evidence ended, or there was nothing to download.
    EvidenceKept {
        /// The number of the download.
        item: u32,
        /// The items that were dealt with.
        results: &'e [EvidenceResult],
        /// The number of stored reports whose evidence was looked at.
        reports: usize,
        /// Whether nothing is left to download.
        is_complete: bool,
    },
    /// A download of evidence failed.
    EvidenceFailed {
        /// The number of the download.
        item: u32,
        /// The failure.
        error: &'e Error,
    },
    /// Our own copy is erased with this change.
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
    /// Carrying out a command failed for a reason of the program's own, such as a panic of an adapter.
    Crashed,
    /// Nothing happened: what the store shows of the flow is brought up to date.
    Refreshed,
}

impl<'a> Machine<'a> {
    /// Returns the machine of a flow at a vendor. `schedule` is that of the vendor's account.
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

    /// Starts a flow: the intention to create a verification, which [`Machine::next`] has carried out. `by` is the account that asks for it.
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if the retention contradicts itself.
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

    /// Returns the state alone.
    #[must_use]
    pub fn into_state(self) -> FlowState {
        self.state
    }

    /// Marks that a command is about to be carried out: before the vendor is called. Returns `None` if the command is no longer the next
    /// step; then it must not be carried out.
    ///
    /// Only commands that must not be carried out twice, or not after a hold, leave a mark; others always begin if they are still the next
    /// step.
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

    /// Applies an input. One that does not fit the state, since something else has happened meanwhile, changes nothing.
    ///
    /// # Errors
    ///
    /// [`FlowError::Conflict`] and [`FlowError::Held`] for what somebody decided and the state does not allow. Facts never fail.
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
                self.creation_failed(attempt, error, changes)
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
                self.state.asking.spread_until = Some(self.schedule.spread(now, self.id))
            }
            Input::Expired => {
                if let Some(observation) = self.state.verification.expire_if_due(now) {
                    self.state.observe(&observation, now, changes);
                }
            }
            Input::DeletionRequested { by } => return self.deletion_requested(by, changes),
            Input::DeletionAnswered(answer) => self.deletion_answered(answer, changes),
            Input::EvidenceUnderWay { item } => self.evidence_under_way(item, changes),
            Input::EvidenceKept {
                item,
                results,
                reports,
                is_complete,
            } => {
                self.evidence_kept(item, results, reports, is_complete, changes);
            }
            Input::EvidenceFailed { item, error } => self.evidence_failed(item, error, changes),
            // A hold that was set since the erasure was planned counts.
            Input::Erased => self.erase_if_due(changes),
            Input::Retained { retention, by } => return self.retained(retention, by, changes),
            Input::Resolved { resolution, by } => return self.resolved(resolution, by, changes),
            Input::Crashed => {
                self.state.crashes = self.state.crashes.saturating_add(1);
                self.state.crashed_at = Some(now);
            }
            Input::Refreshed => {}
        }
        Ok(())
    }

    /// Notes how many final reports are stored after a change, and tells the application if there is a new one.
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

    /// When the person's time is over, if the vendor does not say so.
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

/// Fails if what somebody decided does not fit the state.
const fn conflict<T>(why: &'static str) -> Result<T> {
    Err(FlowError::Conflict(why))
}

#[cfg(test)]
mod tests {
    use idv_core::{CreateSafety, HandOffKind, OsRandom, ProviderId, Reference, ReportSource};

    use super::*;

    #[test]
    fn command_begins_only_while_it_is_the_next_step() {
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
            "it is being carried out"
        );
        // An input that does not fit changes nothing.
        let changes = machine.apply(Input::Erased, now).unwrap();
        assert!(changes.audit.is_empty() && changes.events.is_empty());
    }
}
