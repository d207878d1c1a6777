//! The audit trail: append-only, hash-chained, free of personal data.
//!
//! Each flow has a chain of its own, so that flows do not wait for each other: every entry holds the hash of the one before it, and the
//! flow's record says where its chain ends. A timer ties the chains together: it puts entries that stand in no block yet into a block,
//! and blocks are chained among themselves, so that a chain that vanishes whole is missed by its block.
//!
//! Hashes are HMAC-SHA256 under a key that only the program knows where the store is sealed, so that who can write to the
//! database can still not write a trail that holds. [`Verified::anchor`] is what to write down elsewhere: with it, even a trail that was
//! rolled back to an earlier state is noticed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::FlowId;

/// One entry of a flow's audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The flow.
    pub flow: FlowId,
    /// Its number in the flow's trail, from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened: an [`Event`](crate::audit::Event) in JSON.
    pub event: String,
    /// The hash of the entry before; zeros in the first.
    pub previous: [u8; 32],
    /// The hash of this entry.
    pub hash: [u8; 32],
}

/// Where a flow's audit trail ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// How many entries there are.
    pub count: u64,
    /// The hash of the last one; zeros where there is none.
    pub hash: [u8; 32],
}

/// A block of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditBlock {
    /// Its number, from 1.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// How many entries it holds.
    pub entries: u64,
    /// The hash of the block before; zeros in the first.
    pub previous: [u8; 32],
    /// The hash of this block and, by their hashes in order, of its entries.
    pub hash: [u8; 32],
}
