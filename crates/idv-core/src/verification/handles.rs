//! The handles under which the result of a verification may be found, tried in turn so that a forged one does not block the genuine one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Verification;
use crate::id::{ResultHandle, VerificationId};

/// Number of answers that the vendor does not know a handle, after which the handle is dropped in favor of the others.
const MISSES: u8 = 3;
/// Number of dropped handles that are remembered, so that repeating a forged one does not bring it back.
const MAX_DROPPED: usize = 32;

/// A bounded set of handles, and how the attempts with them went. Attempts and dropped handles are named by a digest of the handle.
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

    /// Keeps a handle of a proven observation. If it was dropped, it comes back: the vendor itself names it.
    pub(super) fn prove(&mut self, handle: &ResultHandle, id: &VerificationId) {
        if !self.dropped.is_empty() {
            let name = name(handle);
            self.dropped.retain(|dropped| *dropped != name);
        }
        keep(&mut self.proven, handle, id);
    }

    /// Keeps a handle of a claim, unless it was dropped.
    pub(super) fn claim(&mut self, handle: &ResultHandle, id: &VerificationId) {
        if !self.is_dropped(handle) {
            keep(&mut self.claimed, handle, id);
        }
    }

    /// Counts an answer that the vendor does not know a handle. Returns whether the handle is hopeless.
    pub(super) fn miss(&mut self, handle: &ResultHandle) -> bool {
        let misses = self.misses.entry(name(handle)).or_default();
        *misses = misses.saturating_add(1);
        *misses >= MISSES
    }

    /// Forgets the misses of a handle that the vendor knows.
    pub(super) fn hit(&mut self, handle: &ResultHandle) {
        self.misses.remove(&name(handle));
    }

    /// Drops a handle. Returns whether it was there.
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

/// Keeps a handle unless enough others are kept. The order in which handles come does not matter: those whose digest with our reference is
/// least stay. Our reference is in it so that a sender who does not know it cannot choose handles that displace the genuine one.
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
