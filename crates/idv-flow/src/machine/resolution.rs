//! An operator's decisions about a flow.

use idv_core::{Decision, EvidenceId, Outcome, Step, VendorId};
use serde::{Deserialize, Serialize};

use super::change::ChangeSet;
use super::retention::{Retention, later};
use super::state::{Creation, VendorsCopy};
use super::{Machine, conflict};
use crate::audit::{CreatedBy, Event};
use crate::error::{FlowError, Result};

/// The number of decisions whose keys a flow keeps. A decision is repeated soon or never, so only
/// those that are recorded at about the same time count.
const MAX_DECISIONS: usize = 16;

/// An operator's decision about a flow.
///
/// ```
/// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
/// # bank::run(async |bank| {
/// # let engine = bank.engine().await?;
/// use idv_core::Outcome;
/// use idv_flow::Resolution;
/// # let id = bank.disputed(&engine).await?;
///
/// // The vendor has confirmed to the operator that its review found a fraud.
/// engine.resolve(id, &Resolution::ResolveDispute(Outcome::Rejected), "desk-3").await?;
/// let status = engine.status(id).await?;
/// assert!(!status.disputed && !status.is_verified());
/// # Ok(())
/// # });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Resolution {
    /// Resolves a dispute with this outcome.
    ResolveDispute(Outcome),
    /// Follows this one of the vendor's verifications.
    Adopt(VendorId),
    /// Sends the create request again, because the vendor created nothing.
    ///
    /// If the vendor did create a verification, the person is invited twice.
    CreateAgain,
    /// Stops following the verification. Later observations still count.
    Abandon,
    /// Polls the vendor now, whatever the schedule says, downloads evidence whose download failed
    /// again, and processes the messages that wait for an unknown code again.
    AskNow,
    /// Drops the handle under which the result is being fetched, because it is forged or unknown to
    /// the vendor.
    ///
    /// A claim does not bring the handle back; an authenticated message does.
    DropHandle,
    /// Acknowledges an unknown code, or a second verification of the same person.
    Acknowledge,
    /// Confirms that the vendor's copy was deleted by hand.
    DeletedByHand,
    /// Skips this item of evidence, whose download fails. The engine keeps the others, and the
    /// deletion of both copies no longer waits for this one.
    SkipEvidence(EvidenceId),
    /// Gives up the evidence that is not kept yet. The deletion of both copies no longer waits for
    /// it.
    GiveUpEvidence,
}

/// A decision of the application or of an operator about a flow, for [`Engine::decide`].
///
/// [`Engine::decide`]: crate::Engine::decide
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlowDecision {
    /// Resolves the reason why the flow needs an operator: see
    /// [`Engine::resolve`](crate::Engine::resolve).
    Resolve(Resolution),
    /// Requests the deletion of both copies: see [`Engine::delete`](crate::Engine::delete).
    Delete,
    /// Changes the retention: see [`Engine::retain`](crate::Engine::retain).
    Retain(Retention),
}

impl Machine<'_> {
    /// Records a decision, unless its key is recorded already. A refused deletion is an audit entry,
    /// and its key is not recorded.
    pub(super) fn decided(
        &mut self,
        decision: &FlowDecision,
        by: &str,
        key: &str,
        changes: &mut ChangeSet,
    ) -> Result<()> {
        if self.state.has_decision(key) {
            return Ok(());
        }
        match decision {
            FlowDecision::Resolve(resolution) => self.resolved(resolution, by, changes)?,
            FlowDecision::Retain(retention) => self.retained(retention, by, changes)?,
            FlowDecision::Delete => {
                self.deletion_requested(by, changes)?;
                if self.held(changes.now).is_some() {
                    return Ok(());
                }
            }
        }
        let decisions = &mut self.state.decisions;
        if decisions.len() >= MAX_DECISIONS {
            decisions.remove(0);
        }
        decisions.push(key.to_owned());
        Ok(())
    }

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
            });
        };
        let unsettled = matches!(state.creation, Creation::Unsettled { .. });
        match resolution {
            Resolution::ResolveDispute(outcome) => {
                if state.decision() != Some(Decision::Disputed) {
                    return conflict("the outcome is not disputed: there is no dispute to resolve");
                }
                state
                    .verification
                    .resolve_dispute(*outcome)
                    .map_err(|_| FlowError::Conflict("the outcome of a resolved dispute must not be `disputed`: use another outcome"))?;
                (state.since, state.ruled) = (now, Some(*outcome));
                changes.write(Event::Ruled {
                    by: by.to_owned(),
                    outcome: *outcome,
                });
            }
            Resolution::Adopt(vendor_id) => {
                if !unsettled {
                    return conflict("the creation is settled: there is no verification to adopt");
                }
                note("adopted");
                state.verification.identify(vendor_id.clone());
                let expires_at = later(state.begun_at(now), self.schedule.lifetime);
                state.verification.expire_at(expires_at);
                state.at_vendor(CreatedBy::Operator, true, changes);
            }
            Resolution::CreateAgain => {
                let Creation::Unsettled { new, calls, .. } = &state.creation else {
                    return conflict("the creation is settled: no create request can be repeated");
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
                // A vendor's message respects the minimum gap between polls; an operator's decision
                // does not.
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
                    return conflict("the vendor has no copy that could have been deleted");
                }
                state.deletion.vendors = VendorsCopy::GoneByHand { at: now };
                changes.write(Event::DeletedByHand { by: by.to_owned() });
            }
            Resolution::SkipEvidence(id) => return self.evidence_skipped(id, by, changes),
            Resolution::GiveUpEvidence => return self.evidence_given_up(by, changes),
        }
        Ok(())
    }
}
