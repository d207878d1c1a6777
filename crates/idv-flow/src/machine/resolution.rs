//! What an operator decides about a flow.

use idv_core::{Decision, Outcome, Step, VendorId};

use super::change::ChangeSet;
use super::retention::later;
use super::state::{Creation, VendorsCopy};
use super::{Machine, conflict};
use crate::audit::{CreatedBy, Event};
use crate::error::{FlowError, Result};

/// What a person does about a flow that needs one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// Rules on a dispute.
    Rule(Outcome),
    /// Says which of the vendor's verifications it is.
    Adopt(VendorId),
    /// Says that the vendor created nothing, and has it created. Whoever says so wrongly has a person invited twice.
    CreateAgain,
    /// Says that nothing more is expected of it. What still comes is taken in.
    Abandon,
    /// Has the vendor asked now, and the messages that wait for an unknown code judged again, whatever the schedule says.
    AskNow,
    /// Drops the handle under which the result is being fetched, because it is forged or the vendor does not know it. A claim does not
    /// bring it back; a message of the vendor does.
    DropHandle,
    /// Says that an unknown code, or a second verification of the same person, was looked at.
    Acknowledge,
    /// Says that the vendor's copy was deleted by hand.
    DeletedByHand,
    /// Gives up the evidence that is not kept yet: the deletion of both copies no longer waits for it.
    GiveUpEvidence,
}

impl Machine<'_> {
    pub(super) fn resolved(
        &mut self,
        resolution: &Resolution,
        by: &str,
        changes: &mut ChangeSet,
    ) -> Result<()> {
        let now = changes.now;
        let state = &mut self.state;
        let mut note = |action| {
            changes.write(Event::Resolved {
                by: by.to_owned(),
                action,
            })
        };
        let unsettled = matches!(state.creation, Creation::Unsettled { .. });
        match resolution {
            Resolution::Rule(outcome) => {
                if state.decision() != Some(Decision::Disputed) {
                    return conflict("nothing is disputed: there is nothing to rule on");
                }
                state
                    .verification
                    .resolve_dispute(*outcome)
                    .map_err(|_| FlowError::Conflict("a ruling has to end the dispute"))?;
                (state.since, state.ruled) = (now, Some(*outcome));
                changes.write(Event::Ruled {
                    by: by.to_owned(),
                    outcome: *outcome,
                });
            }
            Resolution::Adopt(vendor_id) => {
                if !unsettled {
                    return conflict(
                        "it is known what became of the creation: nothing is to be adopted",
                    );
                }
                note("adopted");
                state.verification.identify(vendor_id.clone());
                let expires_at = later(state.begun_at(now), self.schedule.lifetime);
                state.verification.expire_at(expires_at);
                state.at_vendor(CreatedBy::Operator, true, changes);
            }
            Resolution::CreateAgain => {
                let Creation::Unsettled { new, calls, .. } = &state.creation else {
                    return conflict(
                        "it is known what became of the creation: nothing is created again",
                    );
                };
                state.creation = Creation::Intended {
                    new: new.clone(),
                    calls: *calls,
                    since: now,
                    retry_at: now,
                };
                note("create_again");
            }
            Resolution::Abandon => {
                note("abandoned");
                state.abandoned = true;
                if !matches!(state.creation, Creation::Created | Creation::Refused { .. }) {
                    state.creation = Creation::Refused {
                        error: "abandoned".to_owned(),
                    };
                }
            }
            Resolution::AskNow => {
                note("ask_now");
                // A vendor's message waits for its turn; an operator does not.
                state.asking.now =
                    matches!(state.creation, Creation::Created) && state.ended_at.is_none();
                let asking = &mut state.asking;
                (
                    asking.failures,
                    asking.failing_since,
                    asking.error,
                    asking.not_before,
                ) = (0, None, None, None);
                (
                    state.deletion.tries,
                    state.deletion.tried_at,
                    state.deletion.error,
                ) = (0, None, None);
                state.evidence.retry_now();
                if let Creation::Intended { retry_at, .. } = &mut state.creation {
                    *retry_at = now;
                }
            }
            Resolution::Acknowledge => {
                note("acknowledged");
                if let Some(code) = state.unknown_code.take() {
                    state.looked_at_code = Some(code);
                }
                state.strays = 0;
            }
            Resolution::DropHandle => {
                let Step::Fetch(handle) = state.verification.next_step(self.vendor) else {
                    return conflict("no result is being fetched: there is no handle to drop");
                };
                note("drop_handle");
                state.verification.drop_handle(&handle);
                let asking = &mut state.asking;
                (
                    asking.failures,
                    asking.failing_since,
                    asking.error,
                    asking.not_before,
                ) = (0, None, None, None);
            }
            Resolution::DeletedByHand => {
                if !matches!(state.creation, Creation::Created)
                    || state.deletion.vendors.gone_at().is_some()
                {
                    return conflict("there is nothing at the vendor that could have been deleted");
                }
                state.deletion.vendors = VendorsCopy::GoneByHand { at: now };
                changes.write(Event::DeletedByHand { by: by.to_owned() });
            }
            Resolution::GiveUpEvidence => return self.evidence_given_up(by, changes),
        }
        Ok(())
    }
}
