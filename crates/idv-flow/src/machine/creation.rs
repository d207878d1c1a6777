//! The start and the end of a create request, and the settlement of a lost answer.

use idv_core::{CreateResponse, CreateSafety, Effect, Error, ErrorKind, VerificationId};

use super::Machine;
use super::change::{ChangeSet, kind};
use super::retention::later;
use super::state::{Creation, FlowState};
use crate::audit::{CreatedBy, Event};

impl Machine<'_> {
    pub(super) fn begin_creation(&mut self, changes: &mut ChangeSet) {
        let state = &mut self.state;
        let (new, calls, since, open) = match &state.creation {
            Creation::Intended {
                new, calls, since, ..
            } => (new.clone(), *calls, *since, false),
            Creation::Unsettled {
                new, calls, since, ..
            } => (new.clone(), *calls, *since, true),
            _ => return,
        };
        let calls = calls.saturating_add(1);
        changes.write(Event::Creating { attempt: calls });
        state.calls = calls;
        state.creation = Creation::Calling {
            new,
            calls,
            since,
            open,
        };
    }

    pub(super) fn created(&mut self, created: &CreateResponse, changes: &mut ChangeSet) {
        let expires_at = created
            .expires_at
            .unwrap_or_else(|| self.expiry(created.at));
        self.state
            .created(created, expires_at, CreatedBy::Answer, changes);
    }

    /// Applies the failure of the request with this number.
    pub(super) fn creation_failed(&mut self, attempt: u32, error: &Error, changes: &mut ChangeSet) {
        let keyed = self.vendor.create_safety == CreateSafety::Keyed;
        let (new, calls, since, open) = match &self.state.creation {
            Creation::Calling {
                new,
                calls,
                since,
                open,
            } if *calls == attempt => (new.clone(), *calls, *since, *open),
            // Another worker took this one for dead and marked the answer as lost. Here it is.
            Creation::Unsettled {
                new,
                calls,
                since,
                open,
                ..
            } if *calls == attempt => (new.clone(), *calls, *since, *open),
            // A worker that was taken for dead sent its request after another worker had continued.
            // The vendor may have created a second verification.
            Creation::Created
                if self.state.calls > attempt && !keyed && error.effect() == Effect::Unknown =>
            {
                return self.state.stray(changes);
            }
            // After the vendor has deleted the verification, our reference is no longer an
            // idempotency key: the same request creates another verification.
            Creation::Created
                if self.state.deletion.vendors.gone_at().is_some()
                    && error.effect() == Effect::Unknown =>
            {
                return self.state.stray(changes);
            }
            Creation::Refused { .. } if error.effect() == Effect::Unknown => {
                return self.state.stray(changes);
            }
            // A callback has settled the creation, or the answer of another request counts.
            _ => return,
        };
        let kind = kind(error);
        if open && keyed && *error.kind() == ErrorKind::Conflict {
            // The verification exists and has progressed so far that a create request can no longer
            // change it.
            let expires_at = self.expiry(since);
            self.state.verification.expire_at(expires_at);
            self.state.at_vendor(CreatedBy::Answer, true, changes);
            return;
        }
        let unknown = error.effect() == Effect::Unknown || open;
        tracing::warn!(provider = %self.vendor.provider, kind, effect_unknown = unknown, "a create request failed");
        changes.write(Event::NotCreated {
            error: kind.clone(),
            effect_unknown: unknown,
        });
        if unknown {
            self.state.creation = Creation::Unsettled {
                new,
                calls,
                since,
                tries: calls,
                tried_at: changes.now,
                found: 0,
                open,
            };
        } else if may_pass(error) {
            let wait = error
                .retry_after()
                .unwrap_or_default()
                .max(self.schedule.backoff(calls));
            self.state.creation = Creation::Intended {
                new,
                calls,
                since,
                retry_at: later(changes.now, wait),
            };
        } else {
            self.state.refuse(&kind, changes);
        }
    }

    pub(super) fn creation_interrupted(&mut self, changes: &mut ChangeSet) {
        let Creation::Calling {
            new,
            calls,
            since,
            open,
        } = &self.state.creation
        else {
            return;
        };
        let (new, calls, since, open) = (new.clone(), *calls, *since, *open);
        changes.write(Event::NotCreated {
            error: "interrupted".to_owned(),
            effect_unknown: true,
        });
        // The first attempt to settle it is due at once.
        self.state.creation = Creation::Unsettled {
            new,
            calls,
            since,
            tries: 0,
            tried_at: since,
            found: 0,
            open,
        };
    }

    pub(super) fn searched(
        &mut self,
        found: Result<&[VerificationId], &Error>,
        changes: &mut ChangeSet,
    ) {
        let Creation::Unsettled {
            since,
            tries,
            tried_at,
            found: count,
            ..
        } = &mut self.state.creation
        else {
            return;
        };
        let created_at = *since;
        (*tries, *tried_at) = (tries.saturating_add(1), changes.now);
        match found {
            Ok(ids) => {
                if *count != ids.len() {
                    *count = ids.len();
                    changes.write(Event::Found { count: ids.len() });
                }
                if let [only] = ids {
                    if let Some(vendor_id) = &only.vendor_id {
                        self.state.verification.identify(vendor_id.clone());
                    }
                    let expires_at = self.expiry(created_at);
                    self.state.verification.expire_at(expires_at);
                    self.state.at_vendor(CreatedBy::Search, true, changes);
                }
            }
            Err(error) => tracing::debug!(
                kind = kind(error),
                "the search for an interrupted creation failed"
            ),
        }
    }
}

impl FlowState {
    /// Records that nothing was created and nothing will be.
    pub(super) fn refuse(&mut self, error: &str, changes: &mut ChangeSet) {
        changes.write(Event::Refused {
            error: error.to_owned(),
        });
        self.creation = Creation::Refused {
            error: error.to_owned(),
        };
        self.since = changes.now;
    }
}

/// Returns whether the same request may succeed later: the vendor recovers, or the account is
/// corrected.
fn may_pass(error: &Error) -> bool {
    error.is_transient()
        || matches!(
            error.kind(),
            ErrorKind::Unauthorized | ErrorKind::QuotaExhausted
        )
}
