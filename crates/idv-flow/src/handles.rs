//! Trying result handles in turn, so that a forged one does not block the genuine one.

use std::collections::BTreeMap;

use idv_core::{Decision, Outcome, ResultHandle, Verification};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How often the vendor may not know a handle before it is dropped in favour of the others.
const MISSES: u8 = 3;
/// Number of dropped handles that are remembered, so that repeating a forged one does not bring it back.
const MAX_DROPPED: usize = 32;

/// The misses of a flow's result handles. A handle is named by its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Handles {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    misses: BTreeMap<String, u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
}

impl Handles {
    /// Returns the handle to fetch next: the one with the fewest misses, proven ones first.
    pub(crate) fn next<'a>(&self, verification: &'a Verification) -> Option<&'a ResultHandle> {
        verification.handles().min_by_key(|handle| self.misses_of(handle))
    }

    /// Returns whether the vendor has not been asked for this handle in vain.
    pub(crate) fn is_untried(&self, handle: &ResultHandle) -> bool {
        self.misses_of(handle) == 0
    }

    /// Notes that the vendor does not know a handle, or has another person's result there (`mismatch`). Drops it if there are others.
    /// Returns whether one of those has not been tried yet.
    pub(crate) fn miss(&mut self, verification: &mut Verification, handle: &ResultHandle, mismatch: bool) -> bool {
        let misses = self.misses.entry(name(handle)).or_default();
        *misses = misses.saturating_add(1);
        let hopeless = mismatch || *misses >= MISSES;
        // After such an end nothing else can bring the result.
        let decision = verification.decision();
        let is_over = matches!(decision, Decision::Disputed | Decision::Settled(Outcome::Canceled | Outcome::Expired));
        if hopeless && (is_over || verification.handles().any(|other| other != handle)) {
            self.drop(verification, handle);
        }
        self.next(verification).is_some_and(|next| self.is_untried(next))
    }

    /// Notes that a fetch with a handle succeeded.
    pub(crate) fn hit(&mut self, handle: &ResultHandle) {
        self.misses.remove(&name(handle));
    }

    /// Drops a handle. A claim does not bring it back.
    pub(crate) fn drop(&mut self, verification: &mut Verification, handle: &ResultHandle) {
        verification.drop_handle(handle);
        let name = name(handle);
        self.misses.remove(&name);
        if self.dropped.len() >= MAX_DROPPED {
            self.dropped.remove(0);
        }
        self.dropped.push(name);
    }

    /// Returns whether a handle was dropped.
    pub(crate) fn is_dropped(&self, handle: &ResultHandle) -> bool {
        !self.dropped.is_empty() && self.dropped.contains(&name(handle))
    }

    /// Takes a dropped handle back: the vendor itself names it.
    pub(crate) fn restore(&mut self, handle: &ResultHandle) {
        let name = name(handle);
        self.dropped.retain(|dropped| *dropped != name);
    }

    fn misses_of(&self, handle: &ResultHandle) -> u8 {
        if self.misses.is_empty() { 0 } else { self.misses.get(&name(handle)).copied().unwrap_or_default() }
    }
}

fn name(handle: &ResultHandle) -> String {
    let digest = Sha256::digest(handle.as_str());
    hex::encode(digest.get(..16).unwrap_or_default())
}
