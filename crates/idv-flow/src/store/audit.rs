//! The audit trail.

use std::fmt;

use async_trait::async_trait;

use super::StoreResult;
use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;

/// Keeps the audit trail and its blocks. Entries are added with the changes that they describe.
///
/// The [contract of the store](super::Store#contract) applies to each method.
///
/// # Cancellation
///
/// If the future of a method is dropped, its transaction is committed as a whole or rolled back.
#[async_trait]
pub trait AuditStore: fmt::Debug + Send + Sync {
    /// Returns up to `limit` entries of the audit trail after `after`, ordered by flow and number.
    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>>;

    /// Returns the audit trail of one flow, in order.
    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>>;

    /// Returns up to `limit` entries that are in no block, ordered by flow and number.
    async fn unsealed_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>>;

    /// Adds a block of unsealed entries, unless there is a block of that number.
    ///
    /// Returns whether the block was added.
    ///
    /// # Errors
    ///
    /// If an entry is missing or already in a block; then nothing changes.
    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool>;

    /// Returns up to `limit` blocks after `after`, in order.
    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>>;

    /// Returns the last block.
    async fn last_block(&self) -> StoreResult<Option<AuditBlock>>;

    /// Returns the entries of a block, ordered by flow and number.
    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>>;

    /// Removes a block with the entries of flows that were purged. The entries of other flows, and
    /// those of the trails in `kept`, become unsealed, so that a later block has them.
    ///
    /// Returns whether there was a block of that number.
    async fn remove_block(&self, number: u64, kept: &[FlowId]) -> StoreResult<bool>;

    /// Replaces the value under a name if it is still `old`, and adds an entry that records it.
    /// Returns whether it was; otherwise nothing changes.
    ///
    /// # Errors
    ///
    /// If there is an entry of this number; then nothing changes.
    async fn replace_with_entry(
        &self,
        name: &str,
        old: &[u8],
        new: &[u8],
        entry: &AuditEntry,
    ) -> StoreResult<bool>;
}
