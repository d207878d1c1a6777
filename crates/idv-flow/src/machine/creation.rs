//! How a creation begins, ends and is settled if its answer is lost.

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

    /// The call of this number failed.
    pub(super) fn creation_failed(&mut self, attempt: u32, error: &Error, changes: &mut ChangeSet) {
        let keyed = self.vendor.create_safety == CreateSafety::Keyed;
        let (new, calls, since, open) = match &self.state.creation {
            Creation::Calling {
                new,
                calls,
                since,
                open,
            } if *calls == attempt => (new.clone(), *calls, *since, *open),
            // A worker that believed this one dead has noted that the answer is lost; this is the answer.
            Creation::Unsettled {
                new,
                calls,
                since,
                open,
                ..
            } if *calls == attempt => (new.clone(), *calls, *since, *open),
            // A program that was taken for dead asked all the same, after another had gone on: nobody knows what came of it.
            Creation::Created
                if self.state.calls > attempt && !keyed && error.effect() == Effect::Unknown =>
            {
                return self.state.stray(changes);
            }
            // Once the vendor has deleted it, our reference is a key no longer: the same call creates another one.
            Creation::Created
                if self.state.deletion.vendors.gone_at().is_some()
                    && error.effect() == Effect::Unknown =>
            {
                return self.state.stray(changes);
            }
            Creation::Refused { .. } if error.effect() == Effect::Unknown => {
                return self.state.stray(changes);
            }
            // A callback has settled it, or another call is under way or has been: its answer counts.
            _ => return,
        };
        let kind = kind(error);
        if open && keyed && *error.kind() == ErrorKind::Conflict {
            // It is there, and so far that it can no longer be changed.
            let expires_at = self.expiry(since);
            self.state.verification.expire_at(expires_at);
            self.state.at_vendor(CreatedBy::Answer, true, changes);
            return;
        }
        let unknown = error.effect() == Effect::Unknown || open;
        tracing::warn!(provider = %self.vendor.provider, kind, effect_unknown = unknown, "a creation failed");
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
    /// Nothing was created, and nothing will be.
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

/// Whether the same creation may succeed later: the vendor is down, or the account is to be put right.
fn may_pass(error: &Error) -> bool {
    error.is_transient()
        || matches!(
            error.kind(),
            ErrorKind::Unauthorized | ErrorKind::QuotaExhausted
        )
}
