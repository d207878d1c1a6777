//! Handles that may lead to the result of a verification, tried in turn so that a forged one does
//! not block the genuine one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Verification;
use crate::id::{ResultHandle, VerificationId};

/// Number of misses after which a handle is dropped in favor of the others.
const MISSES: u8 = 3;
/// Number of dropped handles that are remembered, so that repeating a forged one does not bring it
/// back.
const MAX_DROPPED: usize = 32;

/// A bounded set of handles and the history of their attempts. Attempts and dropped handles are
/// stored by a digest of the handle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Handles {
    #[serde(rename = "handles", skip_serializing_if = "Vec::is_empty")]
    proven: Vec<ResultHandle>,
    #[serde(rename = "claimed_handles", skip_serializing_if = "Vec::is_empty")]
    claimed: Vec<ResultHandle>,
    #[serde(rename = "handle_misses", skip_serializing_if = "BTreeMap::is_empty")]
    misses: BTreeMap<String, u8>,
    #[serde(rename = "dropped_handles", skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
}

impl Handles {
    /// Returns all handles, proven ones first.
    pub(super) fn all(&self) -> impl Iterator<Item = &ResultHandle> {
        self.proven.iter().chain(&self.claimed)
    }

    /// Returns the handle to try next: the one with the fewest misses, proven ones first.
    pub(super) fn next(&self) -> Option<&ResultHandle> {
        self.all().min_by_key(|handle| self.misses(handle))
    }

    /// Returns the proven handle to try next.
    pub(super) fn next_proven(&self) -> Option<&ResultHandle> {
        self.proven.iter().min_by_key(|handle| self.misses(handle))
    }

    pub(super) fn misses(&self, handle: &ResultHandle) -> u8 {
        if self.misses.is_empty() {
            0
        } else {
            self.misses.get(&name(handle)).copied().unwrap_or_default()
        }
    }

    /// Adds a handle from a proven observation. A dropped handle returns, because the vendor itself
    /// names it.
    pub(super) fn prove(&mut self, handle: &ResultHandle, id: &VerificationId) {
        if !self.dropped.is_empty() {
            let name = name(handle);
            self.dropped.retain(|dropped| *dropped != name);
        }
        keep(&mut self.proven, handle, id);
    }

    /// Adds a handle from an unproven observation, unless it was dropped.
    pub(super) fn claim(&mut self, handle: &ResultHandle, id: &VerificationId) {
        if !self.is_dropped(handle) {
            keep(&mut self.claimed, handle, id);
        }
    }

    /// Counts a miss: the vendor does not know the handle. Returns whether the handle has reached
    /// its limit.
    pub(super) fn miss(&mut self, handle: &ResultHandle) -> bool {
        let misses = self.misses.entry(name(handle)).or_default();
        *misses = misses.saturating_add(1);
        *misses >= MISSES
    }

    /// Resets the misses of a handle that the vendor knows.
    pub(super) fn hit(&mut self, handle: &ResultHandle) {
        self.misses.remove(&name(handle));
    }

    /// Drops a handle. Returns whether it existed.
    pub(super) fn drop(&mut self, handle: &ResultHandle) -> bool {
        let before = self.all().count();
        self.proven.retain(|kept| kept != handle);
        self.claimed.retain(|kept| kept != handle);
        let was_there = self.all().count() < before;
        let name = name(handle);
        self.misses.remove(&name);
        if !self.dropped.contains(&name) {
            if self.dropped.len() >= MAX_DROPPED {
                self.dropped.remove(0);
            }
            self.dropped.push(name);
        }
        was_there
    }

    fn is_dropped(&self, handle: &ResultHandle) -> bool {
        !self.dropped.is_empty() && self.dropped.contains(&name(handle))
    }
}

/// Adds a handle to a bounded list. To be independent of their order, the handles with the least
/// digests stay.
///
/// The digest includes the reference, so that a sender who does not know it cannot choose handles
/// that displace the genuine one.
fn keep(kept: &mut Vec<ResultHandle>, handle: &ResultHandle, id: &VerificationId) {
    let rank = |handle: &ResultHandle| {
        let mut digest = Sha256::new();
        digest.update(id.reference.as_str().as_bytes());
        digest.update([0]);
        digest.update(handle.as_str().as_bytes());
        <[u8; 32]>::from(digest.finalize())
    };
    if kept.contains(handle) {
        return;
    }
    kept.push(handle.clone());
    if kept.len() > 1 {
        kept.sort_by_cached_key(rank);
        kept.truncate(Verification::MAX_HANDLES);
    }
}

fn name(handle: &ResultHandle) -> String {
    let digest = Sha256::digest(handle.as_str());
    hex::encode(digest.get(..16).unwrap_or_default())
}
