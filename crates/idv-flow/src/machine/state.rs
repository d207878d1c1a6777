//! The state of one flow, as it is sealed into the store, and the changes that facts make to it.

use idv_core::{
    Channel, CreateResponse, Decision, ErrorKind, HandOff, NewVerification, Observation, Outcome,
    ReportFinality, ResultHandle, ResultState, Status, Step, Transition, VendorInfo, Verification,
    VerificationId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::{AuditObservation, CreatedBy, Event};
use crate::machine::change::{ChangeSet, kind};
use crate::machine::evidence::Evidence;
use crate::machine::format::{FORMAT, OLDEST_FORMAT};
use crate::machine::retention::Retention;
use crate::report::KeptReport;
use crate::store::{Phase, Record};

/// Maximum number of audit entries that unauthenticated claims may write for a flow.
const MAX_CLAIMS_NOTED: u8 = 16;

/// The whole state of a flow except its reports: personal data, to be sealed before it is stored.
///
/// It serializes to JSON for a driver to store and is otherwise opaque. A program keeps the members
/// that a newer version has added, and refuses a state that only a newer version may change: see
/// [`FlowState::from_json`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlowState {
    /// The format of the program that wrote the state.
    #[serde(default)]
    pub(crate) format: u32,
    /// The oldest format whose programs may change the state.
    #[serde(default)]
    pub(crate) oldest_format: u32,
    /// The members that a newer program has added. This program keeps them.
    #[serde(skip)]
    pub(crate) newer: Option<Box<Value>>,
    pub(crate) verification: Verification,
    pub(crate) creation: Creation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hand_off: Option<HandOff>,
    /// The paths of submitted fields that the vendor's request cannot carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unsupported_fields: Vec<String>,
    /// When the verification last changed.
    pub(crate) since: Timestamp,
    #[serde(default)]
    pub(crate) asking: PollState,
    /// The number of stored final reports.
    #[serde(default)]
    pub(crate) reports: u8,
    /// An unknown code of the vendor that no operator has acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unknown_code: Option<String>,
    /// The code that an operator has acknowledged. The vendor may continue to send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) looked_at_code: Option<String>,
    /// Whether an operator has abandoned the verification.
    #[serde(default)]
    pub(crate) abandoned: bool,
    /// The number of create requests.
    #[serde(default)]
    pub(crate) calls: u32,
    /// The number of verifications that the vendor has, or may have, beside the one that the flow
    /// follows, and that no operator has acknowledged.
    #[serde(default)]
    pub(crate) strays: usize,
    /// When the verification ended: no further step is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) retention: Retention,
    #[serde(default)]
    pub(crate) deletion: Deletion,
    #[serde(default, skip_serializing_if = "Evidence::is_unused")]
    pub(crate) evidence: Evidence,
    /// The outcome that an operator set for a dispute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ruled: Option<Outcome>,
    /// The number of audit entries that claims have written.
    #[serde(default)]
    pub(crate) claims_noted: u8,
    #[serde(default)]
    pub(crate) shown: Shown,
    /// Final reports that are not stored yet, because the stored ones cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unstored: Vec<KeptReport>,
    /// The number of consecutive failures of a program to carry out a command, and the time of the
    /// last one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) crashes: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crashed_at: Option<Timestamp>,
    /// The number of events of the flow.
    #[serde(default)]
    pub(crate) events: u64,
    /// The keys of the last decisions that a workflow engine recorded, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) decisions: Vec<String>,
    /// The number and the hash (hexadecimal) of the audit trail's last block when this state was
    /// written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) block: Option<(u64, String)>,
}

/// The columns that the store keeps in clear, sealed beside them to reveal a change of either.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) due: Option<Timestamp>,
    pub(crate) attention: Option<String>,
    pub(crate) phase: Option<Phase>,
    /// Missing in a state that an older program wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase_since: Option<Timestamp>,
}

impl Shown {
    /// Returns the columns of a record.
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            due: record.due,
            attention: record.attention.clone(),
            phase: Some(record.phase),
            phase_since: Some(record.phase_since),
        }
    }
}

/// The progress of the creation. The request stays in the state only as long as it may have to be
/// sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Creation {
    /// No create request has reached the vendor yet.
    Intended {
        new: Box<NewVerification>,
        calls: u32,
        since: Timestamp,
        retry_at: Timestamp,
    },
    /// A create request is in progress. If its worker has crashed, the answer is lost. `open`: the
    /// answer of an earlier request is lost too.
    Calling {
        new: Box<NewVerification>,
        calls: u32,
        since: Timestamp,
        open: bool,
    },
    /// The answer is lost, and the engine is finding out whether the vendor created the
    /// verification.
    Unsettled {
        new: Box<NewVerification>,
        calls: u32,
        since: Timestamp,
        tries: u32,
        tried_at: Timestamp,
        found: usize,
        /// Whether the answer of an earlier request is lost too.
        #[serde(default)]
        open: bool,
    },
    /// The verification exists at the vendor.
    Created,
    /// Nothing was created, and nothing will be.
    Refused { error: String },
}

/// The state of polling.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PollState {
    /// When the vendor was last called, with or without success.
    pub(crate) asked_at: Option<Timestamp>,
    /// When the vendor last answered.
    pub(crate) answered_at: Option<Timestamp>,
    /// The number of consecutive answers without a change.
    pub(crate) unchanged: u32,
    /// The number of consecutive failures.
    pub(crate) failures: u32,
    pub(crate) failing_since: Option<Timestamp>,
    /// The kind of the last failure.
    pub(crate) error: Option<String>,
    /// The earliest time of the next call, if the vendor asked for a wait.
    pub(crate) not_before: Option<Timestamp>,
    /// When the schedule's next poll is due, if it was postponed after an outage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spread_until: Option<Timestamp>,
    /// The number of reasons to poll at once, and the number of those that a poll has covered.
    pub(crate) wakes: u32,
    pub(crate) heard: u32,
    /// Whether a message contradicts the settled outcome and the vendor was not polled since.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) contradicted: bool,
    /// Whether an operator has requested a poll, regardless of any wait.
    pub(crate) now: bool,
}

/// The state of the deletion.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Deletion {
    pub(crate) asked_at: Option<Timestamp>,
    /// When a delete request was last about to be sent. Until its answer arrives, the vendor may
    /// have deleted its copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calling_at: Option<Timestamp>,
    pub(crate) vendors: VendorsCopy,
    pub(crate) tries: u32,
    pub(crate) tried_at: Option<Timestamp>,
    /// The kind of the last failure.
    pub(crate) error: Option<String>,
    pub(crate) own_erased_at: Option<Timestamp>,
}

impl Deletion {
    /// Whether a hold can still keep the vendor's copy, so that a call must be marked before it is
    /// made.
    pub(crate) const fn may_be_held(&self) -> bool {
        !matches!(self.vendors, VendorsCopy::Deleted { .. })
    }
}

/// The state of the vendor's copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum VendorsCopy {
    /// The copy is complete, as far as is known.
    #[default]
    There,
    /// The vendor reported the deletion and has not confirmed it yet.
    Deleted { at: Timestamp },
    /// The vendor canceled the verification and keeps its data.
    CanceledOnly { at: Timestamp },
    /// The vendor accepted the deletion as a job. The engine asks again until the job is done.
    Accepted { at: Timestamp },
    /// The vendor confirmed that it has no copy.
    Gone { at: Timestamp },
    /// An operator confirmed that the vendor has no copy.
    GoneByHand { at: Timestamp },
}

impl VendorsCopy {
    /// Returns the time since which the vendor has had no copy.
    pub(crate) const fn gone_at(self) -> Option<Timestamp> {
        match self {
            Self::Gone { at } | Self::GoneByHand { at } => Some(at),
            _ => None,
        }
    }
}

impl FlowState {
    pub(crate) fn new(
        new: NewVerification,
        capabilities: &VendorInfo,
        retention: Retention,
        now: Timestamp,
    ) -> Self {
        Self {
            format: FORMAT,
            oldest_format: OLDEST_FORMAT,
            newer: None,
            verification: Verification::new(
                VerificationId::new(new.reference.clone(), None),
                capabilities,
                None,
            ),
            creation: Creation::Intended {
                new: Box::new(new),
                calls: 0,
                since: now,
                retry_at: now,
            },
            hand_off: None,
            unsupported_fields: Vec::new(),
            since: now,
            asking: PollState::default(),
            reports: 0,
            unknown_code: None,
            looked_at_code: None,
            abandoned: false,
            calls: 0,
            strays: 0,
            ended_at: None,
            retention,
            deletion: Deletion::default(),
            evidence: Evidence::default(),
            ruled: None,
            claims_noted: 0,
            shown: Shown::default(),
            unstored: Vec::new(),
            crashes: 0,
            crashed_at: None,
            events: 0,
            decisions: Vec::new(),
            block: None,
        }
    }

    /// Returns the verification to create and the number of the request, while a creation is
    /// [begun](super::Machine::begin).
    #[must_use]
    pub fn attempt(&self) -> Option<(&NewVerification, u32)> {
        match &self.creation {
            Creation::Calling { new, calls, .. } => Some((new, *calls)),
            _ => None,
        }
    }

    /// Returns the number of the download of evidence that is [begun](super::Machine::begin).
    #[must_use]
    pub fn download(&self) -> Option<u32> {
        self.evidence.calling.map(|calling| calling.item)
    }

    /// Returns the ids of the verification.
    #[must_use]
    pub const fn verification_id(&self) -> &VerificationId {
        self.verification.id()
    }

    /// Returns the number of reasons to poll at once that have occurred so far.
    #[must_use]
    pub const fn reasons_to_ask(&self) -> u32 {
        self.asking.wakes
    }

    /// Records that the verification exists at the vendor. Facts that are known already stay.
    pub(crate) fn created(
        &mut self,
        created: &CreateResponse,
        expires_at: Timestamp,
        by: CreatedBy,
        changes: &mut ChangeSet,
    ) {
        // A worker that was taken for dead sent its create request after the deletion.
        if self
            .deletion
            .vendors
            .gone_at()
            .is_some_and(|gone_at| created.at > gone_at)
        {
            return self.stray(changes);
        }
        if let Some(vendor_id) = &created.id.vendor_id {
            if self
                .verification
                .id()
                .vendor_id
                .as_ref()
                .is_some_and(|known| known != vendor_id)
            {
                return self.stray(changes);
            }
            self.verification.identify(vendor_id.clone());
        }
        self.verification.expire_at(expires_at);
        self.hand_off
            .get_or_insert_with(|| created.hand_off.clone());
        self.unsupported_fields = created
            .unsupported_fields
            .iter()
            .map(|path| (*path).to_owned())
            .collect();
        self.at_vendor(by, created.already_existed, changes);
    }

    /// Records that the vendor created, or may have created, a verification beside the one that the
    /// flow follows.
    pub(crate) fn stray(&mut self, changes: &mut ChangeSet) {
        self.strays = self.strays.saturating_add(1);
        changes.write(Event::Found {
            count: self.strays.saturating_add(1),
        });
    }

    /// Records that the verification exists at the vendor, without further facts.
    pub(crate) fn at_vendor(
        &mut self,
        by: CreatedBy,
        already_existed: bool,
        changes: &mut ChangeSet,
    ) {
        if matches!(self.creation, Creation::Created) {
            return;
        }
        self.creation = Creation::Created;
        (self.crashes, self.crashed_at) = (0, None);
        self.since = changes.now;
        changes.write(Event::Created {
            by,
            already_existed,
            unsupported_fields: self.unsupported_fields.clone(),
        });
    }

    /// Returns when the first create request was sent whose answer may be lost; `now` if the
    /// verification is known to exist. The person's session began at that time, however late the
    /// engine learns of it.
    pub(crate) fn begun_at(&self, now: Timestamp) -> Timestamp {
        match self.creation {
            Creation::Intended { since, .. }
            | Creation::Calling { since, .. }
            | Creation::Unsettled { since, .. } => since,
            Creation::Created | Creation::Refused { .. } => now,
        }
    }

    /// Applies an observation; `None` if it is about another verification.
    pub(crate) fn observe(
        &mut self,
        observation: &Observation,
        expires_at: Timestamp,
        changes: &mut ChangeSet,
    ) -> Option<Transition> {
        if !observation.subject.is(self.verification.id()) {
            return None;
        }
        if observation.trust.is_proven() && observation.channel != Channel::Deadline {
            if let Some(vendor_id) = &observation.subject.vendor_id {
                self.verification.identify(vendor_id.clone());
            }
            if !matches!(self.creation, Creation::Created) {
                self.verification.expire_at(expires_at);
                let by = if observation.channel == Channel::Callback {
                    CreatedBy::Callback
                } else {
                    CreatedBy::Answer
                };
                self.at_vendor(by, true, changes);
            }
        }
        let waits = self.waits_for_code(observation);
        let weight = self.verification.report_finality(observation);
        let transition = self.verification.apply(observation);
        if let Some(code) = observation
            .code
            .as_ref()
            .filter(|code| waits && !self.is_told(code))
            && !matches!(transition, Transition::UnknownCode(_))
        {
            self.unknown_code = Some(code.clone());
        }
        match &transition {
            Transition::Unchanged | Transition::WrongSubject => {}
            Transition::PollRequested => {
                self.asking.contradicted |=
                    matches!(self.verification.decision(), Decision::Settled(_));
                self.wake();
            }
            // The operator has a task for this code, or has acknowledged it.
            Transition::UnknownCode(code) if self.is_told(code) => return Some(transition),
            Transition::UnknownCode(code) => self.unknown_code = Some(code.clone()),
            _ => {
                self.since = changes.now;
                self.asking.unchanged = 0;
                self.unknown_code = None;
                if !matches!(
                    observation.channel,
                    Channel::Poll | Channel::Fetch | Channel::Deadline
                ) {
                    self.wake();
                }
            }
        }
        if transition != Transition::Unchanged && self.may_note(observation) {
            changes.write(Event::Observed(AuditObservation::new(
                observation,
                &transition,
            )));
        }
        if let (Some(ReportFinality::Final), ResultState::Inline(report)) =
            (weight, &observation.result)
        {
            let outcome = match observation.status {
                Some(Status::Finished(outcome)) => Some(outcome),
                _ => None,
            };
            changes
                .reports
                .push(KeptReport::new(report, outcome, changes.now));
        }
        Some(transition)
    }

    /// Returns whether an operator has a task for this unknown code, or has acknowledged it.
    fn is_told(&self, code: &str) -> bool {
        [&self.unknown_code, &self.looked_at_code]
            .into_iter()
            .any(|known| known.as_deref() == Some(code))
    }

    /// Counts an observation towards the audit trail, and returns whether it gets an entry.
    /// Unauthenticated claims, which anyone can send without end, get at most [`MAX_CLAIMS_NOTED`]
    /// entries.
    const fn may_note(&mut self, observation: &Observation) -> bool {
        if observation.trust.is_proven() {
            return true;
        }
        let noted = self.claims_noted < MAX_CLAIMS_NOTED;
        if noted {
            self.claims_noted += 1;
        }
        noted
    }

    /// Returns whether the message of an observation has to wait until its code is known, because
    /// its status or its report may count then.
    pub(crate) fn waits_for_code(&self, observation: &Observation) -> bool {
        let erased = self.deletion.own_erased_at.is_some();
        if erased || !is_not_understood(observation) || !observation.trust.is_proven() {
            return false;
        }
        let told = self.verification.clone().apply(observation);
        matches!(told, Transition::UnknownCode(_)) || observation.result != ResultState::Absent
    }

    /// Records a reason to poll the vendor at once.
    pub(crate) const fn wake(&mut self) {
        self.asking.wakes = self.asking.wakes.wrapping_add(1);
    }

    /// Returns whether an observation about this flow changes the state, or carries a report that
    /// may.
    pub(crate) fn is_news(&self, observation: &Observation) -> bool {
        if self.deletion.own_erased_at.is_some() {
            return false;
        }
        let proven = observation.trust.is_proven();
        let names =
            self.verification.id().vendor_id.is_none() && observation.subject.vendor_id.is_some();
        let settles = proven && (names || !matches!(self.creation, Creation::Created));
        let code = observation.code.as_deref().unwrap_or_default();
        let waits = self.waits_for_code(observation) && !self.is_told(code);
        let is_settled = matches!(self.verification.decision(), Decision::Settled(_));
        let mut after = self.verification.clone();
        let told = match after.apply(observation) {
            // One reason is enough until the next poll.
            Transition::PollRequested => {
                self.asking.wakes == self.asking.heard || (is_settled && !self.asking.contradicted)
            }
            Transition::UnknownCode(code) => !self.is_told(&code),
            _ => false,
        };
        settles
            || told
            || waits
            || after != self.verification
            || self.verification.report_finality(observation) == Some(ReportFinality::Final)
    }

    /// Records the answer to a call that began at `at`, when `wakes` reasons to poll had occurred.
    pub(crate) fn answered(&mut self, wakes: u32, changed: bool, at: Timestamp) {
        let asking = &mut self.asking;
        (self.crashes, self.crashed_at) = (0, None);
        asking.contradicted &= wakes != asking.wakes;
        asking.unchanged = if changed {
            0
        } else {
            asking.unchanged.saturating_add(1)
        };
        (
            asking.failures,
            asking.failing_since,
            asking.error,
            asking.not_before,
        ) = (0, None, None, None);
        (
            asking.asked_at,
            asking.answered_at,
            asking.heard,
            asking.now,
        ) = (Some(at), Some(at), wakes, false);
    }

    /// Records the failure of a call that began at `asked_at`.
    pub(crate) fn unanswered(
        &mut self,
        error: &idv_core::Error,
        asked_at: Timestamp,
        now: Timestamp,
    ) {
        let asking = &mut self.asking;
        asking.failures = asking.failures.saturating_add(1);
        asking.failing_since.get_or_insert(now);
        asking.error = Some(kind(error));
        (asking.asked_at, asking.now) = (Some(asked_at), false);
        asking.not_before = error
            .retry_after()
            .map(|wait| crate::machine::retention::later(now, wait));
    }

    /// Records that the vendor has no result of this person under a handle, if the error says so.
    /// Returns whether another handle is tried at once; then the call does not count as a failure.
    pub(crate) fn missed(
        &mut self,
        handle: &ResultHandle,
        error: &idv_core::Error,
        now: Timestamp,
    ) -> bool {
        let mismatch = *error.kind() == ErrorKind::SubjectMismatch;
        if !mismatch && *error.kind() != ErrorKind::NotFound {
            return false;
        }
        let another = self.verification.handle_missed(handle, mismatch);
        if another {
            let asking = &mut self.asking;
            (
                asking.failures,
                asking.failing_since,
                asking.error,
                asking.not_before,
            ) = (0, None, None, None);
            (asking.asked_at, asking.now) = (Some(now), false);
        }
        another
    }

    /// Records the end of the verification, once it has ended.
    pub(crate) fn note_end(&mut self, capabilities: &VendorInfo, now: Timestamp) {
        let over = match self.creation {
            Creation::Created => {
                let gone = self.deletion.vendors.gone_at().is_some();
                gone || self.abandoned || self.verification.next_step(capabilities) == Step::Done
            }
            Creation::Refused { .. } => true,
            _ => false,
        };
        if !over {
            self.ended_at = None;
        } else if self.ended_at.is_none() {
            self.ended_at = Some(now);
        }
    }

    /// Erases personal data.
    ///
    /// The ids of the verification stay: the vendor's copy may still have to be deleted, and late
    /// messages about it must be distinguishable from messages that match no flow.
    pub(crate) fn erase(&mut self, now: Timestamp) {
        self.hand_off = None;
        (self.reports, self.unstored) = (0, Vec::new());
        (self.unknown_code, self.looked_at_code) = (None, None);
        self.erase_evidence();
        if !matches!(self.creation, Creation::Created | Creation::Refused { .. }) {
            // The data must go although the vendor may have created the verification.
            self.creation = Creation::Refused {
                error: "erased".to_owned(),
            };
        }
        self.deletion.own_erased_at.get_or_insert(now);
    }

    /// Returns whether the verification can still expire.
    pub(crate) fn may_expire(&self) -> bool {
        self.verification.expire_if_due(Timestamp::MAX).is_some()
    }

    /// Returns whether the decision with this key is recorded.
    pub(crate) fn has_decision(&self, key: &str) -> bool {
        self.decisions.iter().any(|recorded| recorded == key)
    }

    /// Returns the decision; `None` if nothing was created, or if the creation is not settled.
    #[must_use]
    pub fn decision(&self) -> Option<Decision> {
        matches!(self.creation, Creation::Created).then(|| self.verification.decision())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Returns whether the vendor's code is unknown.
const fn is_not_understood(observation: &Observation) -> bool {
    observation.status.is_none() && observation.code.is_some()
}
