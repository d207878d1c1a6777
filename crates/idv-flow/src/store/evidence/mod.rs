//! Stores for evidence.

#[cfg(feature = "object-store")]
mod object;

use std::fmt;
use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::StoreResult;
use crate::id::FlowId;

#[cfg(feature = "object-store")]
pub use object::ObjectEvidence;

/// Keeps evidence in sealed parts of at most 1 MiB, beside a [`Store`](super::Store) or in a place of its own.
///
/// # Contract
///
/// - A part is there as a whole and durably when [`EvidenceStore::put_part`] returns; one that was there under its name is replaced.
/// - What [`EvidenceStore::erase_parts`] erased is not found by any later call. Parts that are not there are no error.
/// - The order in which parts are put is the caller's; parts that a crash left behind are found by [`EvidenceStore::parts`].
///
/// # Cancellation
///
/// If the future of a method is dropped, a part is there as a whole or not at all, and an erasure may have erased some parts: repeat the
/// call.
#[async_trait]
pub trait EvidenceStore: fmt::Debug + Send + Sync + 'static {
    /// Stores a part.
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()>;

    /// Returns a part.
    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>>;

    /// Returns the names of the parts of a flow, in order.
    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>>;

    /// Erases the parts of an item, or of all items of a flow.
    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()>;
}

/// The name of a part of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EvidencePart {
    /// The flow.
    pub flow: FlowId,
    /// The number of the item within the flow.
    pub item: u32,
    /// The number of the part within the item, from 0.
    pub part: u32,
}

impl EvidencePart {
    /// Names a part.
    #[must_use]
    pub const fn new(flow: FlowId, item: u32, part: u32) -> Self {
        Self { flow, item, part }
    }

    /// The names that the parts of a flow can have.
    pub(super) const fn all_of(flow: FlowId) -> RangeInclusive<Self> {
        Self::new(flow, 0, 0)..=Self::new(flow, u32::MAX, u32::MAX)
    }
}
