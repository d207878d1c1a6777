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

/// Keeps evidence in sealed parts of at most 1 MiB, in the [`Store`](super::Store) or elsewhere.
///
/// # Contract
///
/// - A part is stored completely and durably when [`EvidenceStore::put_part`] returns. It replaces
///   the part of the same name.
/// - No later call finds parts that [`EvidenceStore::erase_parts`] has erased. Erasing missing
///   parts succeeds.
/// - Parts can be stored in any order. [`EvidenceStore::parts`] also finds those that a crash left.
///
/// # Cancellation
///
/// If the future of a method is dropped, a part is stored completely or not at all, and an erasure
/// may have erased some parts: repeat the call.
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
    /// Returns the name of a part.
    #[must_use]
    pub const fn new(flow: FlowId, item: u32, part: u32) -> Self {
        Self { flow, item, part }
    }

    /// Returns the range of the names that the parts of a flow can have.
    pub(super) const fn all_of(flow: FlowId) -> RangeInclusive<Self> {
        Self::new(flow, 0, 0)..=Self::new(flow, u32::MAX, u32::MAX)
    }
}
