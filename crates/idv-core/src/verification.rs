//! The state of one verification: a fold over observations that depends neither on their order nor on their repetition.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::id::{ResultHandle, VendorId, VerificationId};
use crate::info::{Capability, ReportSource, VendorInfo};
use crate::observation::{Channel, Observation, Outcome, ResultState, Status, Trust};

mod handles;
mod outcomes;

use handles::Handles;
use outcomes::Outcomes;

/// One verification, as far as it is known. It holds no personal data; store it between calls.
///
/// Each component only ever grows (the furthest progress, the outcomes that were proven, whether a report came), so the same
/// observations end in the same state whatever their order and however often each comes:
///
/// - progress never runs backwards;
/// - a claim settles nothing; it is a reason to [ask the vendor](Transition::PollRequested), and may name a result handle;
/// - if the vendor can be asked, no callback settles the outcome, proven or not; if it cannot, a proven one does;
/// - a report counts if its observation can settle the outcome, or if it comes with a proven callback of a vendor that reports so;
/// - two different proven outcomes, or one that is itself [`Disputed`](Outcome::Disputed), are a dispute, and the person is not verified
///   until an operator has [ruled](Verification::resolve_dispute);
/// - a claimed result handle is one of at most [`MAX_HANDLES`](Verification::MAX_HANDLES) that are tried in turn, so that a forged one
///   does not block the genuine one;
/// - an observation about another verification is [foreign](Transition::WrongSubject) and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The version of the persisted format.
    #[serde(default)]
    version: Version,
    id: VerificationId,
    /// Whether the vendor can be asked for the outcome.
    askable: bool,
    /// Whether the report comes with a callback, though the vendor be asked for the outcome.
    reported: bool,
    expires_at: Option<Timestamp>,
    progress: Progress,
    /// What outcomes the vendor has foreseen.
    leanings: Outcomes,
    /// What outcomes are proven.
    outcomes: Outcomes,
    /// Whether the time ran out by our own clock.
    lapsed: bool,
    report: ReportSeen,
    #[serde(flatten)]
    handles: Handles,
    #[serde(rename = "ruling")]
    resolution: Option<DisputeResolution>,
}

impl Verification {
    /// Maximum number of result handles of each kind, proven and claimed.
    pub const MAX_HANDLES: usize = 8;

    /// A verification of which nothing is known yet, at a vendor with these capabilities. `expires_at` is until when the person
    /// can do their part: [`CreateResponse::expires_at`](crate::CreateResponse::expires_at).
    #[must_use]
    pub fn new(id: VerificationId, info: &VendorInfo, expires_at: Option<Timestamp>) -> Self {
        Self {
            version: Version,
            id,
            askable: info.can_be_asked(),
            reported: info.report_from == ReportSource::Callback,
            expires_at,
            progress: Progress::Awaiting,
            leanings: Outcomes::default(),
            outcomes: Outcomes::default(),
            lapsed: false,
            report: ReportSeen::None,
            handles: Handles::default(),
            resolution: None,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn id(&self) -> &VerificationId {
        &self.id
    }

    /// Until when the person can do their part.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Sets until when the person can do their part where it was not known: after an interrupted creation was settled. A known time stays.
    pub fn expire_at(&mut self, expires_at: Timestamp) {
        self.expires_at.get_or_insert(expires_at);
    }

    /// Adds the vendor's id where it was not known: after an interrupted creation was settled. A known one stays.
    pub fn identify(&mut self, vendor_id: VendorId) {
        self.id.vendor_id.get_or_insert(vendor_id);
    }

    /// What the report of an observation is worth; `None` where none came along, or it does not count. An application keeps the
    /// final ones: where several came, each with the outcome that its observation tells.
    #[must_use]
    pub fn report_finality(&self, observation: &Observation) -> Option<ReportFinality> {
        let counts = observation.subject.is(&self.id)
            && observation.trust.is_proven()
            && (self.settles(observation) || self.reported)
            // What comes with a code that is not known is not counted either: the code changes nothing, and is reported.
            && !not_understood(observation);
        let final_word = match observation.status {
            Some(Status::Finished(_)) => true,
            // A result that carries no state of its own is fetched when there is one to fetch.
            None => observation.channel == Channel::Fetch,
            Some(_) => false,
        };
        match observation.result {
            ResultState::Inline(_) if counts => Some(if final_word {
                ReportFinality::Final
            } else {
                ReportFinality::Preliminary
            }),
            _ => None,
        }
    }

    /// Takes an observation in, and says what it changed.
    pub fn apply(&mut self, observation: &Observation) -> Transition {
        if !observation.subject.is(&self.id) {
            return Transition::WrongSubject;
        }
        let before = self.decision();
        let (progress, report) = (self.progress, self.report);
        match observation.trust {
            Trust::Proven(_) => self.join(observation),
            Trust::Claimed => {
                if let ResultState::Fetchable(handle) = &observation.result {
                    self.handles.claim(handle, &self.id);
                }
            }
        }
        let after = self.decision();
        if after != before {
            return match after {
                Decision::Disputed => Transition::Disputed,
                Decision::Settled(outcome) => Transition::Settled(outcome),
                Decision::Open(_) => Transition::Progressed,
            };
        }
        if self.progress > progress || self.report > report {
            return Transition::Progressed;
        }
        if !self.settles(observation) {
            return if self.says_nothing_new(observation) {
                Transition::Unchanged
            } else {
                Transition::PollRequested
            };
        }
        match (&observation.status, &observation.code) {
            (None, Some(code)) => Transition::UnknownCode(code.clone()),
            _ => Transition::Unchanged,
        }
    }

    /// That the person's time ran out, once it has: an observation to be applied like any other. It ends only a verification of
    /// which the vendor has not said that the person did their part; what the vendor says later prevails.
    #[must_use]
    pub fn expire_if_due(&self, now: Timestamp) -> Option<Observation> {
        let over = self.expires_at.is_some_and(|expires_at| now >= expires_at);
        (over && !self.lapsed && matches!(self.decision(), Decision::Open(_)))
            .then(|| Observation::lapsed(&self.id, now))
    }

    /// Records an operator's ruling on a dispute, in place of an earlier one. An outcome that is proven only afterwards, and that the
    /// ruling did not know, disputes it again.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ErrorKind::Conflict) if there never was a dispute to rule on, and [`InvalidRequest`](ErrorKind::InvalidRequest) if the
    /// ruling is [`Disputed`](Outcome::Disputed) itself. Nothing changes then.
    pub fn resolve_dispute(&mut self, outcome: Outcome) -> Result<()> {
        if outcome == Outcome::Disputed {
            return Err(Error::invalid(
                "outcome",
                "a ruling has to end the dispute: choose another outcome",
            ));
        }
        if self.resolution.is_none() && self.decision() != Decision::Disputed {
            return Err(Error::new(ErrorKind::Conflict).detail("the outcome is not disputed"));
        }
        self.resolution = Some(DisputeResolution {
            outcome,
            seen: self.outcomes,
        });
        Ok(())
    }

    /// Returns the handles under which the result may be found, proven ones first. [`Step::Fetch`] has the one to try next.
    pub fn handles(&self) -> impl Iterator<Item = &ResultHandle> {
        self.handles.all()
    }

    /// Returns whether the vendor has never answered that it does not know a handle.
    #[must_use]
    pub fn is_untried(&self, handle: &ResultHandle) -> bool {
        self.handles.misses(handle) == 0
    }

    /// Notes that a fetch with a handle succeeded.
    pub fn handle_found(&mut self, handle: &ResultHandle) {
        self.handles.hit(handle);
    }

    /// Notes that the vendor does not know a handle, or has another person's result there (`mismatch`). A handle that stays unknown is
    /// dropped if there are others, or if the verification is over without a result. Returns whether another handle is worth trying at
    /// once.
    pub fn handle_missed(&mut self, handle: &ResultHandle, mismatch: bool) -> bool {
        let is_hopeless = self.handles.miss(handle) || mismatch;
        let is_over = matches!(
            self.decision(),
            Decision::Disputed | Decision::Settled(Outcome::Canceled | Outcome::Expired)
        );
        if is_hopeless && (is_over || self.handles().any(|other| other != handle)) {
            self.drop_handle(handle);
        }
        self.handles
            .next()
            .is_some_and(|next| self.is_untried(next))
    }

    /// Drops a handle that an operator holds to be forged. Returns whether it was there. It comes back only if a proven observation names
    /// it.
    pub fn drop_handle(&mut self, handle: &ResultHandle) -> bool {
        self.handles.drop(handle)
    }

    /// What is decided.
    #[must_use]
    pub fn decision(&self) -> Decision {
        if let Some(resolution) = self
            .resolution
            .filter(|resolution| resolution.seen.contains_all(self.outcomes))
        {
            return Decision::Settled(resolution.outcome);
        }
        match self.outcomes.single() {
            Some(outcome) if outcome != Outcome::Disputed && self.resolution.is_none() => {
                return Decision::Settled(outcome);
            }
            None if self.outcomes.is_empty() => {}
            _ => return Decision::Disputed,
        }
        if self.lapsed && self.progress < Progress::Review {
            return Decision::Settled(Outcome::Expired);
        }
        Decision::Open(match self.progress {
            Progress::Awaiting => Status::AwaitingPerson,
            Progress::Underway => Status::InProgress,
            Progress::Review => Status::InReview {
                leaning: self.leanings.single(),
            },
            Progress::Ended => Status::Ended,
        })
    }

    /// What to do now.
    #[must_use]
    pub fn next_step(&self, info: &VendorInfo) -> Step {
        let status = match self.decision() {
            Decision::Disputed => return self.fetch_left(info).unwrap_or(Step::NeedsOperator),
            Decision::Settled(Outcome::Canceled | Outcome::Expired) => {
                return self.fetch_left(info).unwrap_or(Step::Done);
            }
            Decision::Settled(_) => None,
            Decision::Open(status) => Some(status),
        };
        let ended = matches!(status, None | Some(Status::Ended));
        if ended {
            if self.report == ReportSeen::Final && status.is_none() {
                return Step::Done;
            }
            if info.has(Capability::Results)
                && let Some(handle) = self.handles.next()
            {
                return Step::Fetch(handle.clone());
            }
            match info.report_from {
                ReportSource::Poll if info.has(Capability::Polling) => return Step::Poll,
                _ if info.has(Capability::Callbacks) => return Step::AwaitReport,
                // Settled, and nothing is left that could bring the report.
                _ if status.is_none() => return Step::Done,
                _ => return Step::NeedsOperator,
            }
        }
        if info.has(Capability::Polling) {
            Step::Poll
        } else if info.has(Capability::Callbacks) {
            Step::AwaitCallback
        } else {
            Step::NeedsOperator
        }
    }

    /// Returns the fetch of a result that is not here yet, if the vendor itself said that there is one. After an end that need not have a
    /// result, a claim does not make it worth asking for.
    fn fetch_left(&self, info: &VendorInfo) -> Option<Step> {
        let handle = self.handles.next_proven()?;
        (self.report != ReportSeen::Final && info.has(Capability::Results))
            .then(|| Step::Fetch(handle.clone()))
    }

    /// Whether an observation, if it says so, settles the outcome.
    fn settles(&self, observation: &Observation) -> bool {
        observation.trust.is_proven() && (observation.channel != Channel::Callback || !self.askable)
    }

    fn join(&mut self, observation: &Observation) {
        let settles = self.settles(observation);
        match observation.status {
            Some(Status::Finished(_)) if observation.channel == Channel::Deadline => {
                self.lapsed = true
            }
            Some(Status::Finished(outcome)) if settles => {
                self.outcomes.insert(outcome);
                self.progress = Progress::Ended;
            }
            Some(Status::Ended) if settles => self.progress = Progress::Ended,
            // That it is over is not believed from a callback where the vendor can be asked, but that the person is done is; unless it
            // expired.
            Some(Status::Finished(Outcome::Expired)) => {}
            Some(Status::Finished(_) | Status::Ended) => {
                self.progress = self.progress.max(Progress::Review)
            }
            Some(Status::InReview { leaning }) => {
                self.progress = self.progress.max(Progress::Review);
                if let Some(leaning) = leaning {
                    self.leanings.insert(leaning);
                }
            }
            Some(Status::InProgress) => self.progress = self.progress.max(Progress::Underway),
            Some(Status::AwaitingPerson) | None => {}
        }
        if let ResultState::Fetchable(handle) = &observation.result {
            self.handles.prove(handle, &self.id);
        }
        if let Some(weight) = self.report_finality(observation) {
            self.report = self.report.max(match weight {
                ReportFinality::Preliminary => ReportSeen::Preliminary,
                ReportFinality::Final => ReportSeen::Final,
            });
        }
    }

    /// Returns whether an observation that settles nothing agrees with what is settled. One that does not, such as a suspicion of fraud
    /// after a success, is a reason to ask the vendor again.
    fn says_nothing_new(&self, observation: &Observation) -> bool {
        match (self.decision(), observation.status) {
            (
                Decision::Settled(known),
                Some(
                    Status::Finished(said)
                    | Status::InReview {
                        leaning: Some(said),
                    },
                ),
            ) => known == said,
            (Decision::Settled(_), _) => true,
            _ => false,
        }
    }
}

/// The effect of an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transition {
    /// No change.
    Unchanged,
    /// No change, but a reason to ask the vendor now.
    PollRequested,
    /// Progress, or the report.
    Progressed,
    /// The outcome is settled.
    Settled(Outcome),
    /// The vendor's statements contradict each other. The person is not verified until an operator resolves the dispute.
    Disputed,
    /// The observation is about another verification.
    WrongSubject,
    /// The adapter does not know the vendor's code. It changes nothing; tell an operator.
    UnknownCode(String),
}

/// Whether a report is the vendor's last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReportFinality {
    /// The vendor may still change it.
    Preliminary,
    /// It is the result.
    Final,
}

/// What is decided about a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// Nothing yet; this is how far it is.
    Open(Status),
    /// This came of it.
    Settled(Outcome),
    /// The vendor has said two different things. Nobody is verified.
    Disputed,
}

impl Decision {
    /// Whether the person is verified.
    #[must_use]
    pub fn is_verified(self) -> bool {
        self == Self::Settled(Outcome::Verified)
    }
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Ask for the state, at the vendor's pace.
    Poll,
    /// Fetch the result.
    Fetch(ResultHandle),
    /// Wait to be told; the vendor cannot be asked.
    AwaitCallback,
    /// Wait for the report, which comes by itself.
    AwaitReport,
    /// Nothing more.
    Done,
    /// An operator has to look at it.
    NeedsOperator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Progress {
    Awaiting,
    Underway,
    Review,
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReportSeen {
    None,
    Preliminary,
    Final,
}

/// An operator's resolution of a dispute, and the outcomes that were known to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct DisputeResolution {
    outcome: Outcome,
    seen: Outcomes,
}

/// Whether the vendor's code is not known here.
fn not_understood(observation: &Observation) -> bool {
    observation.status.is_none() && observation.code.is_some()
}

/// The version of the persisted format: 1. A later one is refused, so that an older program does not misread it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
struct Version;

impl TryFrom<u8> for Version {
    type Error = String;

    fn try_from(version: u8) -> std::result::Result<Self, String> {
        if version == 1 {
            Ok(Self)
        } else {
            Err(format!(
                "unsupported version {version} of a verification: expected 1"
            ))
        }
    }
}

impl From<Version> for u8 {
    fn from(_: Version) -> Self {
        1
    }
}

#[cfg(test)]
mod steps;
#[cfg(test)]
pub(crate) mod tests;
