//! The fold of observations into the state of a verification.

use super::{Decision, Progress, ReportFinality, ReportSeen, Transition, Verification};
use crate::observation::{Channel, Observation, Outcome, ResultState, Status, Trust};

impl Verification {
    /// Returns the finality of an observation's report; `None` if there is no report, or if it does
    /// not count.
    ///
    /// An application keeps the final reports. If there are several, it keeps each with the outcome
    /// of its observation.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{ReportFinality, Verification};
    ///
    /// let verification = Verification::new(created.id.clone(), client.info(), None);
    /// let fetched = client.fetch(&created.id, None).await?;
    /// assert_eq!(verification.report_finality(&fetched), Some(ReportFinality::Final));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn report_finality(&self, observation: &Observation) -> Option<ReportFinality> {
        let counts = observation.subject.is(&self.id)
            && observation.trust.is_proven()
            && (self.settles(observation) || self.reported)
            // An unknown code changes nothing, so its report does not count either.
            && !not_understood(observation);
        let final_word = match observation.status {
            Some(Status::Finished(_)) => true,
            // A result without a status of its own exists only once it can be fetched.
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

    /// Applies an observation and returns its effect.
    ///
    /// [`Verification`] describes the rules; the order and repetition of observations do not
    /// matter.
    ///
    /// ```
    /// # mod vendor { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vendor.rs")); }
    /// # futures_executor::block_on(async {
    /// # let client = vendor::client();
    /// # let created = vendor::create(&client).await?;
    /// use idv_core::{Outcome, Transition, Verification};
    ///
    /// let mut verification = Verification::new(created.id.clone(), client.info(), None);
    /// let polled = client.poll(&created.id).await?;
    /// assert_eq!(verification.apply(&polled), Transition::Settled(Outcome::Verified));
    /// # Ok::<(), idv_core::Error>(())
    /// # }).unwrap();
    /// ```
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

    /// Returns whether the observation settles the outcome, if it names one.
    fn settles(&self, observation: &Observation) -> bool {
        observation.trust.is_proven() && (observation.channel != Channel::Callback || !self.askable)
    }

    fn join(&mut self, observation: &Observation) {
        let settles = self.settles(observation);
        match observation.status {
            Some(Status::Finished(_)) if observation.channel == Channel::Deadline => {
                self.lapsed = true;
            }
            Some(Status::Finished(outcome)) if settles => {
                self.outcomes.insert(outcome);
                self.progress = Progress::Ended;
            }
            Some(Status::Ended) if settles => self.progress = Progress::Ended,
            // If the vendor can be polled, a callback does not prove the end, but it does move the
            // progress to review. An expired session was not reviewed.
            Some(Status::Finished(Outcome::Expired)) => {}
            Some(Status::Finished(_) | Status::Ended) => {
                self.progress = self.progress.max(Progress::Review);
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

    /// Returns whether an observation that settles nothing agrees with the settled outcome.
    ///
    /// An observation that does not agree, such as a suspicion of fraud after a success, is a
    /// reason to poll again.
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

/// Returns whether the adapter does not know the vendor's code.
fn not_understood(observation: &Observation) -> bool {
    observation.status.is_none() && observation.code.is_some()
}
