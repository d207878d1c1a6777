//! The audit trail: append-only, hash-chained, free of personal data.
//!
//! Each flow has a chain of its own, so that flows do not wait for each other: every entry holds the hash of the one before it, and the
//! flow's record says where its chain ends. A timer ties the chains together: it puts entries that stand in no block yet into a block,
//! and blocks are chained among themselves, so that a chain that vanishes whole is missed by its block.
//!
//! Hashes are HMAC-SHA256 under a key that the store keeps sealed, so that who can write to the database can still not write a trail
//! that holds; in a store without a key they are checksums against accidents. [`AuditReport::anchor`] is what to write down elsewhere: with
//! it, a trail that was rolled back to an earlier state is noticed too.

pub(crate) mod blocks;
pub(crate) mod verify;

use idv_core::report::EvidenceKind;
use idv_core::{Channel, Observation, Outcome, ProofKind, Status, Transition, Trust};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::id::FlowId;
use crate::machine::retention::DataCopy;
use crate::vault::StoreKeys;

/// One entry of a flow's audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The flow.
    pub flow: FlowId,
    /// Its number in the flow's trail, from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened: an [`Event`] in JSON.
    pub event: String,
    /// The hash of the entry before; zeros in the first.
    pub previous: [u8; 32],
    /// The hash of this entry.
    pub hash: [u8; 32],
}

/// Where a flow's audit trail ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

/// What happened to a flow. It names no person: who acted is an account's name, as the application gave it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A verification was asked for.
    Asked {
        /// Who asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// The provider's id.
        provider: String,
        /// The vendor's document and the version of the program that reads it.
        mapping: String,
    },
    /// The vendor is about to be asked to create it, for the so manyth time.
    Creating {
        /// The number of the call, from 1.
        attempt: u32,
    },
    /// That failed.
    NotCreated {
        /// The kind of failure.
        error: String,
        /// Whether the vendor may have acted all the same.
        effect_unknown: bool,
    },
    /// The verification is at the vendor.
    Created {
        /// How that was learnt.
        by: CreatedBy,
        /// Whether it was there already.
        already_existed: bool,
        /// What the vendor has no place for, and was not sent.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unsupported_fields: Vec<String>,
    },
    /// The vendor, or its adapter, refused for good; nothing was created.
    Refused {
        /// The kind of failure.
        error: String,
    },
    /// The vendor has, or may have, so many verifications under our reference.
    Found {
        /// How many.
        count: usize,
    },
    /// Something was learnt that changed the state, or that only claims to.
    Observed(Observed),
    /// A final report was stored.
    ReportStored {
        /// The SHA-256 of the report, as it is stored.
        digest: String,
        /// The outcome it came with.
        outcome: Option<Outcome>,
    },
    /// A person ruled on a dispute.
    Ruled {
        /// Who.
        by: String,
        /// What they ruled.
        outcome: Outcome,
    },
    /// A person acted otherwise.
    Resolved {
        /// Who.
        by: String,
        /// What they did, in one word.
        action: &'static str,
    },
    /// The retention was changed.
    Retained {
        /// Who changed it.
        by: String,
    },
    /// A deletion was asked for.
    DeletionAsked {
        /// Who asked.
        by: String,
    },
    /// A deletion was refused: the copy must still be kept.
    DeletionRefused {
        /// Who asked.
        by: String,
        /// Whose copy.
        copy: DataCopy,
        /// Until when it is kept.
        until: String,
    },
    /// The vendor is about to be asked to delete.
    Deleting,
    /// The vendor was asked to delete.
    Deleted {
        /// What it said: `data`, `canceled_only` or `already_gone`.
        amount: &'static str,
    },
    /// The vendor's deletion failed.
    NotDeleted {
        /// The kind of failure.
        error: String,
    },
    /// The vendor confirmed that nothing is there any more.
    DeletionConfirmed,
    /// A person says that they deleted at the vendor by hand.
    DeletedByHand {
        /// Who.
        by: String,
    },
    /// An item of evidence was stored.
    EvidenceKept {
        /// The SHA-256 of the item.
        digest: String,
        /// The kind of evidence.
        kind: EvidenceKind,
        /// Its length in bytes.
        length: u64,
    },
    /// Evidence that the policy's kinds name was not stored, because of the policy's limits.
    EvidenceLeftOut {
        /// The limit: `too_long` or `too_many`.
        reason: &'static str,
        /// The kind of evidence, if it is one item.
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<EvidenceKind>,
        /// The number of items.
        count: usize,
    },
    /// An item of evidence could not be stored.
    EvidenceNotKept {
        /// The kind of failure.
        error: String,
    },
    /// Our own copy was erased.
    Erased,
}

/// How it was learnt that a verification was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CreatedBy {
    /// The vendor answered.
    Answer,
    /// It was found by our reference.
    Search,
    /// A proven callback named it.
    Callback,
    /// A person looked it up.
    Operator,
}

/// Something that was learnt, as the audit trail has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Observed {
    /// How it came.
    pub channel: Channel,
    /// What it rests on; `None` where it is a claim.
    pub proof: Option<ProofKind>,
    /// The state that it told.
    pub status: Option<Status>,
    /// The vendor's code, or the digest of what stands in its place and looks like none.
    pub code: Option<String>,
    /// What it changed, in one word.
    pub change: &'static str,
    /// The SHA-256 of the vendor's message, byte for byte.
    pub digest: Option<String>,
}

impl Observed {
    pub(crate) fn new(observation: &Observation, transition: &Transition) -> Self {
        let proof = match observation.trust {
            Trust::Proven(proof) => Some(proof),
            Trust::Claimed => None,
        };
        Self {
            channel: observation.channel,
            proof: proof.map(idv_core::Proof::kind),
            status: observation.status,
            code: observation.code.as_deref().map(printable),
            change: match transition {
                Transition::PollRequested => "woken",
                Transition::Progressed => "progressed",
                Transition::Settled(_) => "settled",
                Transition::Disputed => "disputed",
                Transition::WrongSubject => "foreign",
                Transition::UnknownCode(_) => "not_understood",
                _ => "unchanged",
            },
            digest: proof.and_then(idv_core::Proof::digest).map(hex::encode),
        }
    }
}

/// A code as it is where it looks like one; else its digest, since free text could tell of a person.
pub(crate) fn printable(code: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/+".contains(&byte);
    if code.len() <= 64 && code.bytes().all(plain) {
        code.to_owned()
    } else {
        format!("sha256:{}", hex::encode(Sha256::digest(code)))
    }
}

/// Writes events to the end of a trail.
#[derive(Debug)]
pub(crate) struct Journal {
    flow: FlowId,
    head: AuditHead,
    at: Timestamp,
    entries: Vec<AuditEntry>,
}

impl Journal {
    pub(crate) const fn new(flow: FlowId, head: AuditHead, at: Timestamp) -> Self {
        Self {
            flow,
            head,
            at,
            entries: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, keys: &StoreKeys, event: &Event) {
        // An event is made of words and numbers, which always serialize.
        let event = serde_json::to_string(event).unwrap_or_default();
        let mut entry = AuditEntry {
            flow: self.flow,
            number: self.head.count + 1,
            at: self.at,
            event,
            previous: self.head.hash,
            hash: [0; 32],
        };
        entry.hash = entry_hash(keys, &entry);
        self.head = AuditHead {
            count: entry.number,
            hash: entry.hash,
        };
        self.entries.push(entry);
    }

    pub(crate) fn finish(self) -> (AuditHead, Vec<AuditEntry>) {
        (self.head, self.entries)
    }
}

/// The hash of an entry.
pub(crate) fn entry_hash(keys: &StoreKeys, entry: &AuditEntry) -> [u8; 32] {
    let (number, at) = (
        entry.number.to_be_bytes(),
        entry.at.as_microsecond().to_be_bytes(),
    );
    keys.link(&[
        b"entry",
        entry.flow.as_bytes(),
        &number,
        &at,
        entry.event.as_bytes(),
        &entry.previous,
    ])
}

/// The hash of a block over the hashes of its entries, in the order of flow and number.
pub(crate) fn block_hash(keys: &StoreKeys, block: &AuditBlock, entries: &[AuditEntry]) -> [u8; 32] {
    let mut content = Sha256::new();
    for entry in entries {
        content.update(entry.hash);
    }
    let numbers = [block.number, block.entries].map(u64::to_be_bytes).concat();
    keys.link(&[
        b"block",
        &numbers,
        &block.at.as_microsecond().to_be_bytes(),
        &block.previous,
        &content.finalize(),
    ])
}

/// What a verification of the audit trail found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditReport {
    /// How many flows there are.
    pub flows: u64,
    /// How many entries were checked.
    pub entries: u64,
    /// How many blocks were checked.
    pub blocks: u64,
    /// Number of flows, reports, items of evidence and parked messages that are still sealed by an older key of the vault. If there are none, the older key can be
    /// removed.
    pub older_key: u64,
    /// The number and hash of the last block, `12:ab…`: write it down elsewhere. Empty where there is no block yet.
    pub anchor: String,
    /// What is wrong, in words; nothing where the trail holds.
    pub findings: Vec<String>,
}

impl AuditReport {
    /// Whether nothing was changed and nothing is missing.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_no_code_is_not_written_out() {
        assert_eq!(printable("STATUS_11.2"), "STATUS_11.2");
        assert!(printable("Erika Mustermann").starts_with("sha256:"));
        assert!(printable(&"a".repeat(65)).starts_with("sha256:"));
    }
}
