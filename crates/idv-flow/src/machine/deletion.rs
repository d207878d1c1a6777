//! The request, the start and the end of a deletion, and the holds that prevent it.

use idv_core::{DeleteOutcome, Error, ErrorKind};
use jiff::Timestamp;

use super::change::{ChangeSet, kind};
use super::retention::{DataCopy, Retention};
use super::state::{Creation, FlowState, VendorsCopy};
use super::{Command, Machine, conflict};
use crate::audit::Event;
use crate::error::Result;

impl Machine<'_> {
    /// Returns the copy that must still be kept, and the end of its hold. Of two holds, the longer
    /// one counts.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> Option<(DataCopy, Timestamp)> {
        let retention = &self.state.retention;
        [
            (DataCopy::Vendors, retention.vendor.not_before),
            (DataCopy::Own, retention.own.not_before),
        ]
        .into_iter()
        .filter_map(|(copy, until)| Some((copy, until.filter(|until| *until > now)?)))
        .max_by_key(|(_, until)| *until)
    }

    /// Records the request for deletion, or its refusal: see [`Machine::held`].
    pub(super) fn deletion_requested(&mut self, by: &str, changes: &mut ChangeSet) -> Result<()> {
        if let Some((copy, until)) = self.held(changes.now) {
            changes.write(Event::DeletionRefused {
                by: by.to_owned(),
                copy,
                until: until.to_string(),
            });
            return Ok(());
        }
        if self.state.deletion.asked_at.is_none() {
            self.state.deletion.asked_at = Some(changes.now);
            changes.write(Event::DeletionAsked { by: by.to_owned() });
        }
        if let Creation::Intended { .. } = self.state.creation {
            // No create request reached the vendor, and none will.
            self.state.refuse("deleted", changes);
        }
        Ok(())
    }

    pub(super) fn retained(
        &mut self,
        retention: &Retention,
        by: &str,
        changes: &mut ChangeSet,
    ) -> Result<()> {
        retention.check()?;
        if self.state.deletion.own_erased_at.is_some() {
            return conflict("our own copy is erased: there is nothing left to keep");
        }
        let holds = retention
            .vendor
            .not_before
            .is_some_and(|until| until > changes.now);
        if holds && self.state.deletion.calling_at.is_some() {
            return conflict(
                "the vendor is deleting its copy: a hold comes too late, unless the deletion \
                 fails; try again then",
            );
        }
        if self.state.evidence.erasing
            && retention
                .own
                .not_before
                .is_some_and(|until| until > changes.now)
        {
            return conflict("our own copy is being erased: a hold comes too late");
        }
        self.state.retention = *retention;
        changes.write(Event::Retained { by: by.to_owned() });
        Ok(())
    }

    /// Marks that a delete request is about to be sent, so that no hold is accepted for data that
    /// may already be deleted.
    pub(super) fn begin_deletion(&mut self, changes: &mut ChangeSet) {
        if self
            .state
            .deletion
            .calling_at
            .replace(changes.now)
            .is_none()
        {
            changes.write(Event::Deleting);
        }
    }

    /// Erases our own copy if that is the next step.
    pub(super) fn erase_if_due(&mut self, changes: &mut ChangeSet) {
        if self.next(changes.now).command == Some(Command::Erase) {
            self.state.erase(changes.now);
            changes.write(Event::Erased);
        }
    }

    pub(super) fn deletion_answered(
        &mut self,
        answer: Result<DeleteOutcome, &Error>,
        changes: &mut ChangeSet,
    ) {
        self.state.deletion.calling_at = None;
        match answer {
            Ok(deleted) => record_deleted(&mut self.state, changes, deleted),
            // A vendor that does not know the verification has no copy of it.
            Err(error) if *error.kind() == ErrorKind::NotFound => {
                record_deleted(&mut self.state, changes, DeleteOutcome::AlreadyGone);
            }
            Err(error) => {
                let error = kind(error);
                if self.state.deletion.error.as_ref() != Some(&error) {
                    changes.write(Event::NotDeleted {
                        error: error.clone(),
                    });
                }
                self.state.deletion.error = Some(error);
                tried(&mut self.state, changes.now);
            }
        }
    }
}

fn record_deleted(state: &mut FlowState, changes: &mut ChangeSet, deleted: DeleteOutcome) {
    let at = changes.now;
    let vendors = match deleted {
        DeleteOutcome::AlreadyGone => {
            changes.write(Event::Deleted {
                amount: "already_gone",
            });
            changes.write(Event::DeletionConfirmed);
            VendorsCopy::Gone { at }
        }
        DeleteOutcome::CanceledOnly => {
            changes.write(Event::Deleted {
                amount: "canceled_only",
            });
            VendorsCopy::CanceledOnly { at }
        }
        DeleteOutcome::Accepted => {
            if vendors_word(state.deletion.vendors) != vendors_word(VendorsCopy::Accepted { at }) {
                changes.write(Event::Deleted { amount: "accepted" });
            }
            VendorsCopy::Accepted { at }
        }
        _ => {
            changes.write(Event::Deleted { amount: "data" });
            VendorsCopy::Deleted { at }
        }
    };
    state.deletion.error = None;
    // A repeated answer counts as an attempt: a vendor that never confirms must not be called in
    // quick succession for ever.
    let is_repeated = vendors_word(state.deletion.vendors) == vendors_word(vendors);
    if is_repeated
        || matches!(
            vendors,
            VendorsCopy::CanceledOnly { .. } | VendorsCopy::Accepted { .. }
        )
    {
        tried(state, at);
    } else {
        (state.deletion.tries, state.deletion.tried_at) = (0, None);
    }
    state.deletion.vendors = vendors;
}

const fn vendors_word(copy: VendorsCopy) -> u8 {
    match copy {
        VendorsCopy::There => 0,
        VendorsCopy::Deleted { .. } => 1,
        VendorsCopy::CanceledOnly { .. } => 2,
        VendorsCopy::Gone { .. } | VendorsCopy::GoneByHand { .. } => 3,
        VendorsCopy::Accepted { .. } => 4,
    }
}

fn tried(state: &mut FlowState, now: Timestamp) {
    state.deletion.tries = state.deletion.tries.saturating_add(1);
    state.deletion.tried_at = Some(now);
}
