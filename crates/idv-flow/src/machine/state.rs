//! One flow's state, as it is sealed into the store, and how facts change it.

use idv_core::{
    Channel, CreateResponse, Decision, ErrorKind, HandOff, NewVerification, Observation, Outcome,
    ReportFinality, ResultHandle, ResultState, Status, Step, Transition, VendorInfo, Verification,
    VerificationId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::{CreatedBy, Event, Observed};
use crate::machine::change::{ChangeSet, kind};
use crate::machine::evidence::Evidence;
use crate::machine::format::{FORMAT, OLDEST_FORMAT};
use crate::machine::retention::Retention;
use crate::report::KeptReport;
use crate::store::{Phase, Record};

/// Maximum number of audit entries that claims may write for a flow.
const MAX_CLAIMS_NOTED: u8 = 16;

/// Everything about a flow but its reports: personal data, to be sealed before it is stored.
///
/// It serializes to JSON for a driver to store, and is opaque beyond that. A program keeps what a newer one has added, and refuses a state
/// that only a newer one can change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlowState {
    /// The format of the program that wrote it.
    #[serde(default)]
    pub(crate) format: u32,
    /// The oldest format whose programs may change it.
    #[serde(default)]
    pub(crate) oldest_format: u32,
    /// What a newer program has added, which this one keeps.
    #[serde(skip)]
    pub(crate) newer: Option<Box<Value>>,
    pub(crate) verification: Verification,
    pub(crate) creation: Creation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hand_off: Option<HandOff>,
    /// What was given and not sent, since the vendor has no place for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unsupported_fields: Vec<String>,
    /// When the verification last went on.
    pub(crate) since: Timestamp,
    #[serde(default)]
    pub(crate) asking: Asking,
    /// How many final reports are stored.
    #[serde(default)]
    pub(crate) reports: u8,
    /// A code of the vendor's that nobody understood and no person has looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unknown_code: Option<String>,
    /// The one that a person has looked at: the vendor may go on sending it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) looked_at_code: Option<String>,
    /// A person has said that nothing more is expected of it.
    #[serde(default)]
    pub(crate) abandoned: bool,
    /// How often the vendor was asked to create it.
    #[serde(default)]
    pub(crate) calls: u32,
    /// How many verifications the vendor has, or may have, beyond the one that is followed, and no person has looked at.
    #[serde(default)]
    pub(crate) strays: usize,
    /// When the verification came to its end: nothing more is expected of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) retention: Retention,
    #[serde(default)]
    pub(crate) deletion: Deletion,
    #[serde(default, skip_serializing_if = "Evidence::is_unused")]
    pub(crate) evidence: Evidence,
    /// The outcome that an operator ruled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ruled: Option<Outcome>,
    /// The audit entries that claims have written.
    #[serde(default)]
    pub(crate) claims_noted: u8,
    #[serde(default)]
    pub(crate) shown: Shown,
    /// Final reports that are not stored yet, since the stored ones cannot be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unstored: Vec<KeptReport>,
    /// How often in a row a program failed to carry out a command, and when it last did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) crashes: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crashed_at: Option<Timestamp>,
    /// The number of events that the application was told.
    #[serde(default)]
    pub(crate) events: u64,
    /// The last block of the audit trail when this was written: its number and its hash in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) block: Option<(u64, String)>,
}

/// The state that the store shows in clear, sealed beside it: a change of the one without the other is noticed.
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
    /// The columns of a record.
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            due: record.due,
            attention: record.attention.clone(),
            phase: Some(record.phase),
            phase_since: Some(record.phase_since),
        }
    }
}

/// How far the creation is. What was asked for is kept only as long as it may have to be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Creation {
    /// It reached nobody yet.
    Intended {
        new: Box<NewVerification>,
        calls: u32,
        since: Timestamp,
        retry_at: Timestamp,
    },
    /// The vendor is being asked; where nobody is at it any more, the answer is lost. `open`: so is that of a call before it.
    Calling {
        new: Box<NewVerification>,
        calls: u32,
        since: Timestamp,
        open: bool,
    },
    /// The answer is lost: it is being found out what became of it.
    Unsettled {
        new: Box<NewVerification>,
        calls: u32,
        since: Timestamp,
        tries: u32,
        tried_at: Timestamp,
        found: usize,
        /// Whether the answer of a call before the last one is lost, too.
        #[serde(default)]
        open: bool,
    },
    /// The verification is at the vendor.
    Created,
    /// Nothing was created, for good.
    Refused { error: String },
}

/// How the asking goes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Asking {
    /// When the vendor last answered, or failed to.
    pub(crate) asked_at: Option<Timestamp>,
    /// When the vendor last answered.
    pub(crate) answered_at: Option<Timestamp>,
    /// How many answers in a row brought nothing new.
    pub(crate) unchanged: u32,
    /// How many questions in a row failed.
    pub(crate) failures: u32,
    pub(crate) failing_since: Option<Timestamp>,
    /// The kind of the last failure.
    pub(crate) error: Option<String>,
    /// Not before then: the vendor asked for it.
    pub(crate) not_before: Option<Timestamp>,
    /// When the schedule's next poll is due, if it was put off after an outage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spread_until: Option<Timestamp>,
    /// How often there was a reason to ask at once, and up to which of them it was asked.
    pub(crate) wakes: u32,
    pub(crate) heard: u32,
    /// A message contradicts the settled outcome, and the vendor was not asked since.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) contradicted: bool,
    /// An operator wants the vendor asked now, whatever else says to wait.
    pub(crate) now: bool,
}

/// How far the deletion is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Deletion {
    pub(crate) asked_at: Option<Timestamp>,
    /// When the vendor was last about to be asked; until its answer is here, it may have deleted.
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

/// What is left at the vendor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum VendorsCopy {
    /// All of it, as far as is known.
    #[default]
    There,
    /// The vendor said that it deleted; it is still to be asked whether anything is left.
    Deleted { at: Timestamp },
    /// The vendor called the verification off, and keeps what it has.
    CanceledOnly { at: Timestamp },
    /// The vendor accepted the deletion as a job; it is asked again until the job is done.
    Accepted { at: Timestamp },
    /// Nothing: the vendor confirmed it.
    Gone { at: Timestamp },
    /// Nothing: a person says so.
    GoneByHand { at: Timestamp },
}

impl VendorsCopy {
    /// Since when nothing is left there.
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
            asking: Asking::default(),
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
            block: None,
        }
    }

    /// Returns what the vendor is being asked to create, and the number of the call, while a creation is [begun](super::Machine::begin).
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

    /// Returns how the verification is called.
    #[must_use]
    pub const fn verification_id(&self) -> &VerificationId {
        self.verification.id()
    }

    /// Returns the number of reasons to ask the vendor at once that there have been.
    #[must_use]
    pub const fn reasons_to_ask(&self) -> u32 {
        self.asking.wakes
    }

    /// The verification is at the vendor. What was learnt of it before stays.
    pub(crate) fn created(
        &mut self,
        created: &CreateResponse,
        expires_at: Timestamp,
        by: CreatedBy,
        changes: &mut ChangeSet,
    ) {
        // A program that was taken for dead while it was about to ask has asked all the same: after the deletion, too.
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

    /// The vendor created, or may have created, another one than the one that is followed.
    pub(crate) fn stray(&mut self, changes: &mut ChangeSet) {
        self.strays = self.strays.saturating_add(1);
        changes.write(Event::Found {
            count: self.strays.saturating_add(1),
        });
    }

    /// The verification is at the vendor, and nothing else is known of it.
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

    /// When the vendor was first asked to create what may be there without our knowing; `now` where it is known to be there. The
    /// person's time began then, however late it is found out.
    pub(crate) fn begun_at(&self, now: Timestamp) -> Timestamp {
        match self.creation {
            Creation::Intended { since, .. }
            | Creation::Calling { since, .. }
            | Creation::Unsettled { since, .. } => since,
            Creation::Created | Creation::Refused { .. } => now,
        }
    }

    /// Takes an observation in. `None` where it is about somebody else.
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
            // Told once.
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
            changes.write(Event::Observed(Observed::new(observation, &transition)));
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

    /// Whether a person is told of a code that nobody understands, or has looked at it.
    fn is_told(&self, code: &str) -> bool {
        [&self.unknown_code, &self.looked_at_code]
            .into_iter()
            .any(|known| known.as_deref() == Some(code))
    }

    /// Counts an observation that is to be written into the audit trail. An unauthenticated sender may claim something without end, and gets
    /// no more than [`MAX_CLAIMS_NOTED`] entries.
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

    /// Whether the observation of a message has to wait until its code is taught: what it says, or its report, may count then.
    pub(crate) fn waits_for_code(&self, observation: &Observation) -> bool {
        let erased = self.deletion.own_erased_at.is_some();
        if erased || !is_not_understood(observation) || !observation.trust.is_proven() {
            return false;
        }
        let told = self.verification.clone().apply(observation);
        matches!(told, Transition::UnknownCode(_)) || observation.result != ResultState::Absent
    }

    /// There is a reason to ask the vendor at once.
    pub(crate) const fn wake(&mut self) {
        self.asking.wakes = self.asking.wakes.wrapping_add(1);
    }

    /// Whether an observation about this flow changes anything, or carries a report that may.
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
            // One reason to ask is enough until it was asked.
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

    /// The vendor answered a question that was asked at `at`, when there had been so many reasons to.
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

    /// A question that was asked at `asked_at` failed.
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

    /// Notes that the vendor has no result of this person under a handle, if the error says so. Returns whether another handle is tried at
    /// once: then nothing has failed.
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

    /// Notes that the verification is at its end, once it is.
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

    /// Erases what tells of the person. What the verification is called stays: the vendor's copy may still have to go, and what comes late
    /// about it is to be told from what is about nobody.
    pub(crate) fn erase(&mut self, now: Timestamp) {
        self.hand_off = None;
        (self.reports, self.unstored) = (0, Vec::new());
        (self.unknown_code, self.looked_at_code) = (None, None);
        self.erase_evidence();
        if !matches!(self.creation, Creation::Created | Creation::Refused { .. }) {
            // Nothing may be kept, though nobody knows whether there is something at the vendor.
            self.creation = Creation::Refused {
                error: "erased".to_owned(),
            };
        }
        self.deletion.own_erased_at.get_or_insert(now);
    }

    /// Whether the end of the person's time is still to be noted.
    pub(crate) fn may_lapse(&self) -> bool {
        self.verification.expire_if_due(Timestamp::MAX).is_some()
    }

    /// Returns what is decided; `None` if nothing was created, or nobody knows.
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

/// Whether the vendor's code is not known here.
const fn is_not_understood(observation: &Observation) -> bool {
    observation.status.is_none() && observation.code.is_some()
}
