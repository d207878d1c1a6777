//! The state of one verification: a fold over observations, independent of their order and
//! repetition.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::id::{ResultHandle, VendorId, VerificationId};
use crate::info::{Capability, ReportSource, VendorInfo};
use crate::observation::{Observation, Outcome, Status};

mod decision;
mod fold;
mod handles;
mod outcomes;

pub use decision::{Decision, ReportFinality, Step, Transition};
use handles::Handles;
use outcomes::Outcomes;

/// The state of one verification.
///
/// It contains no personal data; store it between calls.
///
/// Each component of the state only grows (the furthest progress, the proven outcomes, the arrival
/// of a report), so the same observations lead to the same state in any order and with any
/// repetitions:
///
/// - Progress never moves backwards.
/// - An unproven observation decides nothing; it is a reason to [poll](Transition::PollRequested),
///   and may name a result handle.
/// - If the vendor can be polled, a callback never settles the outcome, proven or not. If it
///   cannot, a proven callback does.
/// - A report counts if its observation can settle the outcome, or if it arrives with a proven
///   callback of a vendor that reports by callback.
/// - Two different proven outcomes, or one that is itself [`Disputed`](Outcome::Disputed), are a
///   dispute. The person is not verified until an operator
///   [resolves](Verification::resolve_dispute) it.
/// - An unproven result handle is one of at most [`MAX_HANDLES`](Verification::MAX_HANDLES) that
///   are tried in turn, so that a forged handle does not block the genuine one.
/// - An observation of [another verification](Transition::WrongSubject) changes nothing.
///
/// A [`Tracker`](crate::Tracker) makes the calls and applies the observations. To schedule the
/// calls yourself, follow [`next_step`](Verification::next_step):
///
/// ```
/// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
/// # futures_executor::block_on(async {
/// # let client = vendor::client();
/// # let created = vendor::create(&client).await?;
/// use idv_core::{Step, Verification};
///
/// let mut verification = Verification::new(created.id, client.info(), created.expires_at);
/// loop {
///     let observation = match verification.next_step(client.info()) {
///         Step::Poll => client.poll(verification.id()).await?,
///         Step::Fetch(handle) => client.fetch(verification.id(), Some(&handle)).await?,
///         _ => break,
///     };
///     verification.apply(&observation);
/// }
/// assert!(verification.decision().is_verified());
/// # Ok::<(), idv_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// The version of the stored format.
    #[serde(default)]
    version: Version,
    id: VerificationId,
    /// Whether the application can poll or fetch the outcome.
    askable: bool,
    /// Whether the report arrives by callback, even if the outcome can be polled.
    reported: bool,
    expires_at: Option<Timestamp>,
    progress: Progress,
    /// The outcomes that the vendor expected.
    leanings: Outcomes,
    /// The proven outcomes.
    outcomes: Outcomes,
    /// Whether the session expired by the application's own clock.
    lapsed: bool,
    report: ReportSeen,
    #[serde(flatten)]
    handles: Handles,
    #[serde(rename = "ruling")]
    resolution: Option<DisputeResolution>,
}

impl Verification {
    /// Maximum number of result handles of each kind, proven and unproven.
    pub const MAX_HANDLES: usize = 8;

    /// Creates the state of a new verification at a vendor.
    ///
    /// `expires_at` is the expiry of the person's session:
    /// [`CreateResponse::expires_at`](crate::CreateResponse::expires_at).
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

    /// Returns the identifiers of the verification.
    #[must_use]
    pub const fn id(&self) -> &VerificationId {
        &self.id
    }

    /// Returns when the person's session expires.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Sets the expiry of the person's session if it is unknown, after an interrupted create call
    /// was resolved.
    ///
    /// A known expiry stays.
    pub fn expire_at(&mut self, expires_at: Timestamp) {
        self.expires_at.get_or_insert(expires_at);
    }

    /// Adds the vendor's identifier if it is unknown, after an interrupted create call was
    /// resolved.
    ///
    /// A known identifier stays.
    pub fn identify(&mut self, vendor_id: VendorId) {
        self.id.vendor_id.get_or_insert(vendor_id);
    }

    /// Returns an observation that the person's session has expired, once it has; apply it like any
    /// other.
    ///
    /// It ends only a verification of which the vendor has not reported that the person has done
    /// their part. A later observation of the vendor prevails.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use std::time::Duration;
    /// use idv_core::{Decision, Outcome, Verification};
    ///
    /// let expires_at = created.at + Duration::from_secs(60);
    /// let mut verification = Verification::new(created.id, client.info(), Some(expires_at));
    /// assert!(verification.expire_if_due(created.at).is_none());
    /// if let Some(expired) = verification.expire_if_due(expires_at) {
    ///     verification.apply(&expired);
    /// }
    /// assert_eq!(verification.decision(), Decision::Settled(Outcome::Expired));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn expire_if_due(&self, now: Timestamp) -> Option<Observation> {
        let over = self.expires_at.is_some_and(|expires_at| now >= expires_at);
        (over && !self.lapsed && matches!(self.decision(), Decision::Open(_)))
            .then(|| Observation::lapsed(&self.id, now))
    }

    /// Records an operator's resolution of a dispute, in place of an earlier one.
    ///
    /// If another outcome is proven later that the operator did not know of, the verification is
    /// disputed again.
    ///
    /// # Errors
    ///
    /// [`Conflict`](ErrorKind::Conflict) if there never was a dispute, and
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) if `outcome` is
    /// [`Disputed`](Outcome::Disputed) itself. Nothing changes then.
    pub fn resolve_dispute(&mut self, outcome: Outcome) -> Result<()> {
        if outcome == Outcome::Disputed {
            return Err(Error::invalid(
                "outcome",
                "a resolution must end the dispute: choose another outcome",
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

    /// Returns the handles that may lead to the result, proven ones first.
    ///
    /// [`Step::Fetch`] contains the one to try next.
    pub fn handles(&self) -> impl Iterator<Item = &ResultHandle> {
        self.handles.all()
    }

    /// Returns whether the vendor has never reported a handle as unknown.
    #[must_use]
    pub fn is_untried(&self, handle: &ResultHandle) -> bool {
        self.handles.misses(handle) == 0
    }

    /// Records that a fetch with a handle succeeded.
    pub fn handle_found(&mut self, handle: &ResultHandle) {
        self.handles.hit(handle);
    }

    /// Records that the vendor does not know a handle, or returns another person's result for it
    /// (`mismatch`).
    ///
    /// A handle that stays unknown is dropped if there are others, or if the verification is over
    /// without a result. Returns whether another handle should be tried at once.
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

    /// Drops a handle that an operator considers forged, and returns whether it existed.
    ///
    /// The handle returns only if a proven observation names it.
    pub fn drop_handle(&mut self, handle: &ResultHandle) -> bool {
        self.handles.drop(handle)
    }

    /// Returns the decision so far.
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

    /// Returns the next step for the application, at a vendor described by `info`.
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
                // The outcome is settled, and no capability can return the report.
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

    /// Returns the fetch of a missing result, if a proven observation named its handle.
    ///
    /// An outcome without a proven handle need not have a result, so an unproven handle is not
    /// worth a fetch.
    fn fetch_left(&self, info: &VendorInfo) -> Option<Step> {
        let handle = self.handles.next_proven()?;
        (self.report != ReportSeen::Final && info.has(Capability::Results))
            .then(|| Step::Fetch(handle.clone()))
    }
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

/// An operator's resolution of a dispute, and the outcomes that the operator knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct DisputeResolution {
    outcome: Outcome,
    seen: Outcomes,
}

/// The version of the stored format: 1. A later version is refused, so that an older program does
/// not misread it.
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
