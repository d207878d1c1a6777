//! How an answer of the vendor, or the lack of one, changes a flow.

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
                // A code that is not understood is no reason to ask any faster.
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
                tracing::debug!(provider = %self.vendor.provider, kind = kind(error), "a result is not there; another is tried");
            }
            Err(error) => {
                if !matches!(error.kind(), ErrorKind::NotReady) {
                    tracing::debug!(provider = %self.vendor.provider, kind = kind(error), "a question failed");
                }
                state.unanswered(error, asked_at, changes.now);
            }
        }
    }
}
