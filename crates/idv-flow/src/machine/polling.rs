//! Applies the vendor's answer to a poll or a fetch, or its failure.

use idv_core::{Error, ErrorKind, Observation, ResultHandle, Transition};
use jiff::Timestamp;

use super::Machine;
use super::change::{ChangeSet, kind};

impl Machine<'_> {
    pub(super) fn answered(
        &mut self,
        handle: Option<&ResultHandle>,
        asked_at: Timestamp,
        reasons: u32,
        answer: Result<&Observation, &Error>,
        changes: &mut ChangeSet,
    ) {
        let expires_at = self.expiry(changes.now);
        let state = &mut self.state;
        match answer {
            Ok(observation) => {
                let transition = state.observe(observation, expires_at, changes);
                // An unknown code is no reason to poll faster.
                let changed = matches!(
                    transition,
                    Some(Transition::Progressed | Transition::Settled(_) | Transition::Disputed)
                );
                state.answered(reasons, changed, asked_at);
                if let Some(handle) = handle {
                    state.verification.handle_found(handle);
                }
            }
            Err(error) if handle.is_some_and(|handle| state.missed(handle, error, changes.now)) => {
                tracing::debug!(provider = %self.vendor.provider, kind = kind(error), "no result under this handle; the next handle is tried");
            }
            Err(error) => {
                if !matches!(error.kind(), ErrorKind::NotReady) {
                    tracing::debug!(provider = %self.vendor.provider, kind = kind(error), "a poll or fetch failed");
                }
                state.unanswered(error, asked_at, changes.now);
            }
        }
    }
}
