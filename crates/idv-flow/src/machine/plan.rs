//! Plans the next step of a flow: a pure function of its state.

use std::time::Duration;

use idv_core::{
    Capability, CreateSafety, Decision, ResultHandle, Status, Step as Next, VendorInfo,
};
use jiff::Timestamp;

use super::Machine;
use super::attention::Attention;
use super::evidence::Evidence;
use super::retention::later;
use super::schedule::Schedule;
use super::state::{Creation, FlowState, PollState, VendorsCopy};
use crate::id::FlowId;

/// The silence after which another worker restarts a download of evidence. It is longer than the
/// interval at which a live download reports.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(10 * 60);
/// The number of failed deletions after which an operator gets a task, and of attempts to have a
/// deletion confirmed.
const DELETION_TRIES: u32 = 3;
/// The wait before a deletion is repeated if the vendor only canceled the verification.
const AFTER_CANCELLATION: Duration = Duration::from_secs(24 * 60 * 60);
/// The kind of a failure of the program itself.
pub(crate) const CRASHED: &str = "crashed";
/// The number of consecutive permanent failures after which an operator gets a task.
pub(super) const PERMANENT_FAILURES: u32 = 3;

/// A command: one action that a driver carries out for a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Sends the create request: see [`FlowState::attempt`].
    Create,
    /// Searches the vendor for the verification of an interrupted creation.
    Search,
    /// Records that the answer to a create request is lost.
    SettleInterrupted,
    /// Gives up a creation that did not reach the vendor.
    GiveUp,
    /// Polls the vendor for the status.
    Poll,
    /// Postpones a poll that came due during an outage of the workers, so that the flows do not all
    /// poll at the same time.
    Spread,
    /// Fetches the result under this handle.
    Fetch(ResultHandle),
    /// Records that the person's session has expired.
    Expire,
    /// Downloads and stores one item of evidence. The command is planned until no item is left.
    KeepEvidence,
    /// Has the vendor delete its copy.
    Delete,
    /// Asks the vendor whether it still has a copy.
    ConfirmDeletion,
    /// Erases our own copy.
    Erase,
}

impl Command {
    /// Returns whether the command calls the vendor. The others only change what is stored.
    #[must_use]
    pub const fn calls_vendor(&self) -> bool {
        match self {
            Self::Create
            | Self::Search
            | Self::Poll
            | Self::Fetch(_)
            | Self::KeepEvidence
            | Self::Delete
            | Self::ConfirmDeletion => true,
            Self::SettleInterrupted | Self::GiveUp | Self::Spread | Self::Expire | Self::Erase => {
                false
            }
        }
    }

    /// Returns the command as one word, as traces and metrics show it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Search => "search",
            Self::SettleInterrupted => "settle_interrupted",
            Self::GiveUp => "give_up",
            Self::Poll => "poll",
            Self::Spread => "spread",
            Self::Fetch(_) => "fetch",
            Self::Expire => "expire",
            Self::KeepEvidence => "keep_evidence",
            Self::Delete => "delete",
            Self::ConfirmDeletion => "confirm_deletion",
            Self::Erase => "erase",
        }
    }
}

/// The next step of a flow: a command that is due, or the time of the next one, and the reason if
/// the flow needs an operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The command to carry out now.
    pub command: Option<Command>,
    /// When the next command is due: now, if there is a command.
    pub due: Option<Timestamp>,
    /// Why the flow needs an operator, beside any command.
    pub attention: Option<Attention>,
}

impl Step {
    fn at(command: Command, at: Timestamp, now: Timestamp) -> Self {
        Self {
            command: (at <= now).then_some(command),
            due: Some(at),
            attention: None,
        }
    }

    fn needing(mut self, attention: Option<Attention>) -> Self {
        self.attention = self.attention.or(attention);
        self
    }

    /// Returns the earlier of two plans; if both are due, the first.
    fn or(self, other: Self) -> Self {
        let attention = self.attention.clone().or_else(|| other.attention.clone());
        let first = match (self.due, other.due) {
            (Some(ours), Some(theirs)) => ours <= theirs || self.command.is_some(),
            (ours, _) => ours.is_some(),
        };
        Self {
            attention,
            ..if first { self } else { other }
        }
    }
}

impl Machine<'_> {
    /// Returns the next step.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Step {
        let state = &self.state;
        let planner = Planner {
            id: self.id,
            capabilities: self.vendor,
            schedule: self.schedule,
            now,
        };
        let mut step = planner.next(state);
        if let Some(crashed_at) = state.crashed_at.filter(|_| step.command.is_some()) {
            let wait = self.schedule.backoff(state.crashes);
            step = Step::at(
                step.command.unwrap_or(Command::Poll),
                later(crashed_at, wait),
                now,
            )
            .needing(step.attention);
        }
        // A second verification of the same person takes precedence: the operator must learn of it.
        let strays =
            (state.strays > 0).then(|| Attention::SeveralFound(state.strays.saturating_add(1)));
        let damaged = (!state.unstored.is_empty()).then_some(Attention::Damaged);
        let crashing = (state.crashes > 0).then(|| Attention::Failing(CRASHED.to_owned()));
        Step {
            attention: strays.or(damaged).or(crashing).or(step.attention),
            ..step
        }
    }
}

/// The inputs of a plan beside the flow's state.
struct Planner<'a> {
    id: FlowId,
    capabilities: &'a VendorInfo,
    schedule: &'a Schedule,
    now: Timestamp,
}

impl Planner<'_> {
    fn next(&self, state: &FlowState) -> Step {
        if state.deletion.own_erased_at.is_some() && !vendor_copy_matters(state) {
            return Step::default();
        }
        // The vendor is not polled about a verification that is to be deleted.
        let deletion = self.deletion(state);
        let is_erased = state.deletion.own_erased_at.is_some() || state.evidence.erasing;
        if deletion.command.is_some() || is_erased {
            return deletion;
        }
        let verification = match &state.creation {
            Creation::Created
                if state.deletion.vendors == VendorsCopy::There && !state.abandoned =>
            {
                self.verification(state)
            }
            Creation::Created | Creation::Refused { .. } => Step::default(),
            creation => self.creation(creation),
        };
        // If several steps are due, deletion comes first, then evidence.
        deletion.or(self.evidence(state)).or(verification)
    }

    fn creation(&self, creation: &Creation) -> Step {
        match creation {
            Creation::Intended {
                since, retry_at, ..
            } => {
                let give_up_at = later(*since, self.schedule.create_within);
                // The engine gives up at once if the next attempt would come after the limit.
                if *retry_at >= give_up_at || self.now >= give_up_at {
                    Step::at(Command::GiveUp, (*retry_at).min(give_up_at), self.now)
                } else {
                    Step::at(Command::Create, *retry_at, self.now)
                }
            }
            Creation::Calling { .. } => Step::at(Command::SettleInterrupted, self.now, self.now),
            Creation::Unsettled {
                since,
                tries,
                tried_at,
                found,
                ..
            } => {
                let patience_over = self.now >= later(*since, self.schedule.settle_within);
                let attention = || {
                    Some(if *found > 1 {
                        Attention::SeveralFound(*found)
                    } else {
                        Attention::CreationUnknown
                    })
                };
                let wait = self.schedule.backoff(tries.saturating_add(1));
                let at = self.schedule.jittered(*tried_at, wait, self.id, *tries);
                match self.capabilities.create_safety {
                    CreateSafety::Keyed => Step::at(Command::Create, at, self.now)
                        .needing(patience_over.then_some(Attention::CreationUnknown)),
                    _ if *found > 1 => Step::default().needing(attention()),
                    CreateSafety::Findable if self.now < later(*since, self.schedule.lifetime) => {
                        Step::at(Command::Search, at, self.now)
                            .needing(patience_over.then(attention).flatten())
                    }
                    // No call shows the state of the creation. An authenticated callback still may.
                    _ => Step::default().needing(attention()),
                }
            }
            Creation::Created | Creation::Refused { .. } => Step::default(),
        }
    }

    fn verification(&self, state: &FlowState) -> Step {
        let unknown = state.unknown_code.clone().map(Attention::UnknownCode);
        let step = state.verification.next_step(self.capabilities);
        let disputed = state.verification.decision() == Decision::Disputed;
        let plan = match &step {
            Next::Done | Next::AwaitReport
                if state.asking.contradicted && self.capabilities.has(Capability::Polling) =>
            {
                self.ask(state, Command::Poll)
                    .needing(self.failing(&state.asking))
            }
            Next::Done => return Step::default().needing(unknown),
            // The operator who resolves the dispute needs the report.
            Next::Fetch(handle) if disputed => {
                return self.fetch(state, handle).needing(Some(Attention::Disputed));
            }
            Next::NeedsOperator => {
                let attention = if disputed {
                    Attention::Disputed
                } else {
                    Attention::NoWayOn
                };
                return Step::default().needing(Some(attention));
            }
            Next::Poll => self.ask(state, Command::Poll),
            Next::Fetch(handle) => self.fetch(state, handle),
            // Only an expiry or a time limit ends these.
            _ => Step::default(),
        };
        let plan = if state.may_expire() {
            plan.or(self.expiry(state, &step))
        } else {
            plan
        };
        // After the person's part is over, the flow waits for the vendor.
        let persons_turn = Decision::Open(Status::AwaitingPerson) == state.verification.decision()
            || Decision::Open(Status::InProgress) == state.verification.decision();
        let overdue_at = later(state.since, self.schedule.overdue);
        let plan = match (persons_turn && state.may_expire(), self.now >= overdue_at) {
            (true, _) => plan,
            (false, true) => plan.needing(Some(Attention::Overdue)),
            (false, false) => plan.or(Step {
                due: Some(overdue_at),
                ..Step::default()
            }),
        };
        plan.needing(self.failing(&state.asking)).needing(unknown)
    }

    /// Plans the end of the person's session. A vendor that can be polled is polled once more after
    /// that time, within the grace period.
    fn expiry(&self, state: &FlowState, step: &Next) -> Step {
        let expires_at = state.verification.expires_at().unwrap_or(Timestamp::MAX);
        let asked = state.asking.answered_at.is_some_and(|at| at >= expires_at);
        // The grace period counts only if a poll was tried since: after an outage of the workers,
        // the vendor's state is unknown.
        let tried = state.asking.asked_at.is_some_and(|at| at >= expires_at);
        let failing_since = state.asking.failing_since.filter(|_| tried);
        let out_of_patience = failing_since
            .is_some_and(|since| self.now >= later(since.max(expires_at), self.schedule.grace));
        if *step == Next::Poll && !asked && !out_of_patience {
            let at = if state.asking.failures > 0 {
                self.ask_at(state).0.max(expires_at)
            } else {
                expires_at
            };
            return Step::at(Command::Poll, at, self.now);
        }
        Step::at(Command::Expire, expires_at, self.now)
    }

    fn fetch(&self, state: &FlowState, handle: &ResultHandle) -> Step {
        let asking = &state.asking;
        let command = Command::Fetch(handle.clone());
        let missed = matches!(
            asking.error.as_deref(),
            None | Some("not_found" | "subject_mismatch")
        );
        // An answer without a change is an answer, even if it arrived at the time of the last
        // change.
        match asking
            .asked_at
            .filter(|at| (*at > state.since || asking.unchanged > 0) && !asking.now)
        {
            // A result that was not fetched yet is available.
            None if asking.failures == 0 => Step::at(command, state.since, self.now),
            // An untried handle does not wait for the backoff of the handles that failed.
            Some(at)
                if missed
                    && asking.answered_at != Some(at)
                    && state.verification.is_untried(handle) =>
            {
                let at = later(at, self.schedule.wake_gap);
                Step::at(
                    command,
                    asking
                        .not_before
                        .map_or(at, |not_before| at.max(not_before)),
                    self.now,
                )
            }
            _ => self.ask(state, command),
        }
    }

    fn ask(&self, state: &FlowState, command: Command) -> Step {
        let (at, is_routine) = self.ask_at(state);
        let is_spread = state.asking.spread_until.is_some_and(|until| until >= at);
        let is_late = self.now >= later(at, self.schedule.outage());
        let command = if is_routine && is_late && !is_spread {
            Command::Spread
        } else {
            command
        };
        Step::at(command, at, self.now)
    }

    /// Returns when to poll the vendor, and whether only the schedule requires it.
    fn ask_at(&self, state: &FlowState) -> (Timestamp, bool) {
        let asking = &state.asking;
        let last = asking.asked_at.unwrap_or(state.since);
        if asking.now {
            return (last.min(self.now), false);
        }
        let mut is_routine = false;
        let woken = asking.wakes != asking.heard;
        let open = matches!(state.verification.decision(), Decision::Open(status) if status != Status::Ended);
        let swept =
            open && self.schedule.sweep.is_some() && self.capabilities.has(Capability::Listing);
        let at = if asking.failures > 0 {
            self.schedule.jittered(
                last,
                self.schedule.backoff(asking.failures),
                self.id,
                asking.failures,
            )
        } else if woken || (!open && asking.answered_at.is_none_or(|at| at < state.since)) {
            asking
                .asked_at
                .map_or(state.since, |at| later(at, self.schedule.wake_gap))
        } else if !open && asking.unchanged == 0 {
            // The verification was settled just now: the missing part is available or soon will be.
            later(last, self.schedule.wake_gap)
        } else {
            is_routine = true;
            let is_idle = state.verification.decision() == Decision::Open(Status::AwaitingPerson);
            let idle = Duration::try_from(last.duration_since(state.since)).unwrap_or_default();
            let wait = match (swept, is_idle) {
                (true, _) => self.schedule.backstop,
                (false, true) => self.schedule.idle_pace(asking.unchanged, idle),
                (false, false) => self.schedule.pace(asking.unchanged),
            };
            let at = self
                .schedule
                .jittered(last, wait, self.id, asking.unchanged);
            asking.spread_until.map_or(at, |until| at.max(until))
        };
        (
            asking
                .not_before
                .map_or(at, |not_before| at.max(not_before)),
            is_routine,
        )
    }

    fn failing(&self, asking: &PollState) -> Option<Attention> {
        self.lasting(asking.error.as_ref(), asking.failures, asking.failing_since)
            .map(Attention::Failing)
    }

    /// Returns the kind of a failure that an operator has to know of: a permanent or a lasting one.
    fn lasting(
        &self,
        error: Option<&String>,
        failures: u32,
        since: Option<Timestamp>,
    ) -> Option<String> {
        let error = error?;
        let passes = matches!(error.as_str(), "unavailable" | "rate_limited" | "not_ready");
        let long = since.is_some_and(|since| self.now >= later(since, self.schedule.failing));
        (long || (!passes && failures >= PERMANENT_FAILURES)).then(|| error.clone())
    }

    /// Plans the download of evidence: once the verification has ended, or when a copy is to be
    /// deleted.
    fn evidence(&self, state: &FlowState) -> Step {
        let evidence = &state.evidence;
        let asked_at = state.deletion.asked_at;
        let copies = [&state.retention.vendor, &state.retention.own];
        let deletions = copies
            .into_iter()
            .filter_map(|keep| keep.due(state.ended_at, asked_at));
        let Some(wanted_at) = state.ended_at.into_iter().chain(deletions).min() else {
            return Step::default();
        };
        // After this time the vendor's copy must go, with or without its evidence.
        let too_late = state
            .retention
            .vendor
            .not_after
            .is_some_and(|limit| limit <= self.now);
        if too_late || !state.awaits_evidence(self.capabilities) {
            return Step::default();
        }
        let attention = self
            .evidence_failing(evidence)
            .map(Attention::EvidenceFailing);
        let at = match (evidence.calling, evidence.failed_at) {
            (Some(calling), _) => Some(later(calling.at, DOWNLOAD_PATIENCE)),
            (None, Some(failed_at)) => Some(self.after_failure(evidence, failed_at)),
            // A report that came since may list further items.
            (None, None) if evidence.only_failed == Some(state.reports) => evidence
                .failed
                .iter()
                .filter(|failed| !failed.awaits_operator())
                .map(|failed| self.backoff(failed.failed_at, failed.failures))
                .min(),
            (None, None) => Some(wanted_at),
        };
        // Without a time, the operator decides.
        at.map_or_else(Step::default, |at| {
            Step::at(Command::KeepEvidence, at, self.now)
        })
        .needing(attention)
    }

    fn backoff(&self, failed_at: Timestamp, failures: u32) -> Timestamp {
        let wait = self.schedule.backoff(failures);
        self.schedule.jittered(failed_at, wait, self.id, failures)
    }

    /// Returns the time of the next try after consecutive failures to keep or erase evidence.
    fn after_failure(&self, evidence: &Evidence, failed_at: Timestamp) -> Timestamp {
        let at = self.backoff(failed_at, evidence.failures);
        evidence
            .not_before
            .map_or(at, |not_before| at.max(not_before))
    }

    /// Returns the kind of a failure to keep or erase evidence that an operator has to know of.
    fn evidence_failing(&self, evidence: &Evidence) -> Option<String> {
        let is_long = |since| self.now >= later(since, self.schedule.failing);
        let failed = evidence
            .failed
            .iter()
            .find(|failed| failed.awaits_operator())
            .or_else(|| evidence.failed.iter().find(|failed| is_long(failed.since)));
        failed.map(|failed| failed.error.clone()).or_else(|| {
            self.lasting(
                evidence.error.as_ref(),
                evidence.failures,
                evidence.failing_since,
            )
        })
    }

    fn deletion(&self, state: &FlowState) -> Step {
        let deletion = &state.deletion;
        if state.evidence.erasing && deletion.own_erased_at.is_none() {
            let evidence = &state.evidence;
            let at = evidence.failed_at.map_or(self.now, |failed_at| {
                self.after_failure(evidence, failed_at)
            });
            let attention = self.evidence_failing(evidence);
            return Step::at(Command::Erase, at, self.now)
                .needing(attention.map(Attention::EvidenceFailing));
        }
        // Evidence is kept before a deletion, unless a copy must not be kept any longer.
        let awaits_evidence = state.awaits_evidence(self.capabilities);
        let vendors_due = state
            .retention
            .vendor
            .due(state.ended_at, deletion.asked_at);
        let vendors_limit = state.retention.vendor.not_after;
        let deletable_at = if awaits_evidence {
            vendors_limit
        } else {
            vendors_due
        };
        let plan = match deletable_at {
            Some(due) if matches!(state.creation, Creation::Created) => {
                self.vendors_deletion(state, due)
            }
            _ => Step::default(),
        };
        // Our copy holds the vendor's id and the request that may still have to be sent. Until the
        // vendor's copy is deleted and the creation is settled, only the limit after which the copy
        // must not be kept erases it.
        let limit = state.retention.own.not_after;
        let needed = match state.creation {
            Creation::Created if awaits_evidence => true,
            Creation::Created => vendors_due.is_some() && deletion.vendors.gone_at().is_none(),
            Creation::Refused { .. } => false,
            _ => true,
        };
        let own_due = state.retention.own.due(state.ended_at, deletion.asked_at);
        let own_due = if needed { limit } else { own_due };
        match own_due.filter(|_| deletion.own_erased_at.is_none()) {
            Some(due) => plan.or(Step::at(Command::Erase, due, self.now)),
            None => plan,
        }
    }

    fn vendors_deletion(&self, state: &FlowState, due: Timestamp) -> Step {
        let deletion = &state.deletion;
        let by_hand =
            || Step::default().needing((self.now >= due).then_some(Attention::DeleteByHand));
        let again = || {
            let wait = self.schedule.backoff(deletion.tries);
            let at = deletion.tried_at.map_or(due, |tried_at| {
                self.schedule
                    .jittered(tried_at, wait, self.id, deletion.tries)
            });
            at.max(due)
        };
        let failing = (deletion.tries >= DELETION_TRIES)
            .then(|| Attention::DeletionFailing(deletion.error.clone()));
        match deletion.vendors {
            VendorsCopy::Gone { .. } | VendorsCopy::GoneByHand { .. } => Step::default(),
            _ if !self.capabilities.has(Capability::Deletion) => {
                let waiting = Step {
                    due: (self.now < due).then_some(due),
                    ..Step::default()
                };
                waiting.needing(by_hand().attention)
            }
            VendorsCopy::There | VendorsCopy::Accepted { .. } => {
                Step::at(Command::Delete, again(), self.now).needing(failing)
            }
            VendorsCopy::Deleted { at } => Step::at(
                Command::ConfirmDeletion,
                later(at, self.schedule.confirm_after).max(again()),
                self.now,
            )
            .needing(failing),
            VendorsCopy::CanceledOnly { at } if deletion.tries < DELETION_TRIES => {
                Step::at(Command::Delete, later(at, AFTER_CANCELLATION), self.now)
            }
            VendorsCopy::CanceledOnly { .. } => by_hand(),
        }
    }
}

/// Returns whether the vendor may still have a copy that is to be deleted.
fn vendor_copy_matters(state: &FlowState) -> bool {
    let to_go = state
        .retention
        .vendor
        .due(state.ended_at, state.deletion.asked_at)
        .is_some();
    matches!(state.creation, Creation::Created)
        && to_go
        && state.deletion.vendors.gone_at().is_none()
}
