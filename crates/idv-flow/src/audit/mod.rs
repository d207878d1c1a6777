//! The audit trail: append-only, hash-chained and free of personal data.
//!
//! Each flow has its own chain of entries, so that flows do not wait for each other. An account has
//! one too, for the changes that operators make to its control. Each entry
//! holds the hash of its predecessor, and the flow's record holds the head of the chain. A timer
//! adds the entries of all flows to blocks, which form a chain too, so that the removal of a flow
//! with its whole chain is detected by its block.
//!
//! Hashes are HMAC-SHA256 under a key that the store keeps sealed: write access to the database
//! does not suffice to forge a trail. In a store without a vault key, the hashes are checksums
//! against accidents only. To detect a trail that was rolled back to an earlier state, keep
//! [`AuditReport::anchor`] outside of the database and pass it to the next verification.
//!
//! # Archive
//!
//! Blocks are exported with [`Engine::archive_audit`](crate::Engine::archive_audit) and verified
//! later with [`Engine::verify_archive`](crate::Engine::verify_archive). The store removes a block
//! when [`purge_erased_after`](crate::EngineBuilder::purge_erased_after) is set, the block is older
//! than that, it is [confirmed](crate::Engine::confirm_archive) as archived, and at least half of
//! its entries belong to purged flows. Its other entries move to a new block, so that the trail of
//! a stored flow is always complete. The sealed anchor of the last removed block is where the
//! stored chain begins.
//!
//! # Example
//!
//! ```
//! # use idv_core::{Client, NewVerification, Secret, call::CallPolicy};
//! # use idv_flow::{Engine, Vault, store::MemoryStore};
//! # use idv_idnow::{DataCentre, Idnow, IdnowConfig};
//! # use idv_testkit::{ManualClock, ScriptedTransport, environment};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = ScriptedTransport::new();
//! # let clock = ManualClock::new("2026-01-01T00:00:00Z".parse()?);
//! # let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
//! # let environment = environment(&transport, &clock);
//! # let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
//! # let vault = Vault::new(&Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2)))?;
//! # let builder = Engine::builder(MemoryStore::new()).client(client).vault(vault);
//! # let engine = builder.open().await?;
//! # let started = engine.submit(NewVerification::new(engine.reference())).await?;
//! let trail = engine.audit_of(started.id).await?;
//! assert!(trail[0].event.starts_with(r#"{"event":"asked""#));
//!
//! let report = engine.verify_audit(None).await?;
//! assert!(report.holds(), "{:?}", report.findings);
//! assert_eq!((report.flows, report.entries), (1, 1));
//! # Ok(())
//! # }
//! ```

mod archive;
pub(crate) mod blocks;
pub(crate) mod verify;

use idv_core::report::EvidenceKind;
use idv_core::{Channel, Observation, Outcome, ProofKind, Status, Transition, Trust};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::accounts::control::AccountMode;
use crate::engine::accounts::limits::AccountLimits;
use crate::id::FlowId;
use crate::machine::retention::DataCopy;
use crate::vault::StoreKeys;

pub use archive::{ArchiveReport, ArchivedBlock};

/// An entry of the audit trail of a flow or an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The flow, or the id that the trail of an account has in its place.
    pub flow: FlowId,
    /// The number of the entry within the trail of the flow or account, from 1.
    pub number: u64,
    /// When the entry was written.
    pub at: Timestamp,
    /// The [`Event`], in JSON.
    pub event: String,
    /// The hash of the previous entry; zeros in the first.
    pub previous: [u8; 32],
    /// The hash of this entry.
    pub hash: [u8; 32],
}

/// The head of a flow's audit trail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of entries.
    pub count: u64,
    /// The hash of the last entry; zeros if there is none.
    pub hash: [u8; 32],
}

/// A block of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditBlock {
    /// The number of the block, from 1.
    pub number: u64,
    /// When the block was made.
    pub at: Timestamp,
    /// The number of its entries.
    pub entries: u64,
    /// The hash of the previous block; zeros in the first.
    pub previous: [u8; 32],
    /// The hash of this block, which covers the hashes of its entries in order.
    pub hash: [u8; 32],
}

/// An event of the audit trail. It names no person: `by` is an account's name, as the
/// application passed it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A verification was requested.
    Asked {
        /// The account that requested it.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// The provider's id.
        provider: String,
        /// The vendor's document and the version of the program that interprets it.
        mapping: String,
    },
    /// The engine is about to send the create request.
    Creating {
        /// The number of the request, from 1.
        attempt: u32,
    },
    /// A create request failed.
    NotCreated {
        /// The kind of failure.
        error: String,
        /// Whether the vendor may have created the verification all the same.
        effect_unknown: bool,
    },
    /// The verification exists at the vendor.
    Created {
        /// The source of this fact.
        by: CreatedBy,
        /// Whether the verification existed before the request.
        already_existed: bool,
        /// The paths of submitted fields that the vendor's request cannot carry.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        unsupported_fields: Vec<String>,
    },
    /// The vendor or its adapter refused permanently. Nothing was created.
    Refused {
        /// The kind of failure.
        error: String,
    },
    /// The vendor has, or may have, several verifications under our reference.
    Found {
        /// Their number.
        count: usize,
    },
    /// An observation changed the state, or claimed a change without proof.
    Observed(AuditObservation),
    /// A final report was stored.
    ReportStored {
        /// The SHA-256 digest of the stored report.
        digest: String,
        /// The outcome that came with the report.
        outcome: Option<Outcome>,
    },
    /// An operator resolved a dispute.
    Ruled {
        /// The operator's account.
        by: String,
        /// The outcome that the operator set.
        outcome: Outcome,
    },
    /// An operator made another decision.
    Resolved {
        /// The operator's account.
        by: String,
        /// The decision, as one word.
        action: &'static str,
    },
    /// The retention was changed.
    Retained {
        /// The account that changed it.
        by: String,
    },
    /// A deletion was requested.
    DeletionAsked {
        /// The account that requested it.
        by: String,
    },
    /// A deletion was refused because of a hold.
    DeletionRefused {
        /// The account that requested it.
        by: String,
        /// The copy under the hold.
        copy: DataCopy,
        /// The end of the hold.
        until: String,
    },
    /// The engine is about to send the delete request.
    Deleting,
    /// The vendor answered a delete request.
    Deleted {
        /// The vendor's answer: `data`, `canceled_only`, `accepted` or `already_gone`.
        amount: &'static str,
    },
    /// A delete request failed.
    NotDeleted {
        /// The kind of failure.
        error: String,
    },
    /// The vendor confirmed that it has no copy.
    DeletionConfirmed,
    /// An operator confirmed the deletion of the vendor's copy by hand.
    DeletedByHand {
        /// The operator's account.
        by: String,
    },
    /// An item of evidence was stored.
    EvidenceKept {
        /// The SHA-256 digest of the item.
        digest: String,
        /// The kind of evidence.
        kind: EvidenceKind,
        /// The length in bytes.
        length: u64,
    },
    /// Evidence of a kind that the policy keeps was not stored, because of the policy's limits or
    /// an operator's decision.
    EvidenceLeftOut {
        /// The reason: the limits `too_long` and `too_many`, or `skipped`.
        reason: &'static str,
        /// The kind of evidence, if the event is about a single item.
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
    /// The flow was removed from the store.
    Purged,
    /// An operator changed the control of an account. It is an entry of the account's own trail.
    AccountChanged {
        /// The name of the account.
        account: String,
        /// The change: `pause`, `resume`, `drain` or `limit`.
        change: &'static str,
        /// The operator's account.
        by: String,
        /// The mode from then on.
        mode: AccountMode,
        /// The limits from then on; `None` if those of the configuration hold.
        limits: Option<AccountLimits>,
        /// The last entry that the control named, if the trail had later ones: an older control had
        /// been restored in the database.
        #[serde(skip_serializing_if = "Option::is_none")]
        restored_from: Option<u64>,
    },
}

/// The source of the fact that a verification exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CreatedBy {
    /// The vendor's answer.
    Answer,
    /// A search by our reference.
    Search,
    /// An authenticated callback.
    Callback,
    /// An operator.
    Operator,
}

/// An observation, as the audit trail records it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AuditObservation {
    /// The channel of the observation.
    pub channel: Channel,
    /// The kind of proof; `None` for a claim.
    pub proof: Option<ProofKind>,
    /// The observed status.
    pub status: Option<Status>,
    /// The vendor's code, or its digest if it does not look like a code.
    pub code: Option<String>,
    /// The change that the observation caused, as one word.
    pub change: &'static str,
    /// The SHA-256 digest of the vendor's message, byte for byte.
    pub digest: Option<String>,
}

impl AuditObservation {
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

/// Returns the code if it looks like one; otherwise its digest, because free text may hold personal
/// data.
pub(crate) fn printable(code: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/+".contains(&byte);
    if code.len() <= 64 && code.bytes().all(plain) {
        code.to_owned()
    } else {
        format!("sha256:{}", hex::encode(Sha256::digest(code)))
    }
}

/// Appends entries to a trail.
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
        // An event consists of words and numbers, so serialization always succeeds.
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

/// Returns the name of the account if the entry belongs to the trail of one.
pub(crate) fn account_of(keys: &StoreKeys, entry: &AuditEntry) -> Option<String> {
    /// The event of an account's trail.
    #[derive(Deserialize)]
    struct OfAccount {
        event: String,
        account: String,
    }
    let event: OfAccount = serde_json::from_str(&entry.event).ok()?;
    let is_its =
        event.event == "account_changed" && keys.account_trail(&event.account) == entry.flow;
    is_its.then_some(event.account)
}

/// Returns the hash of an entry.
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

/// Returns the hash of a block over the hashes of its entries, ordered by flow and number.
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

/// The result of a verification of the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditReport {
    /// The number of flows.
    pub flows: u64,
    /// The number of checked entries.
    pub entries: u64,
    /// The number of checked blocks.
    pub blocks: u64,
    /// The number of flows, reports, items of evidence and parked messages that an older key of the
    /// vault still seals. If it is 0, the older key can be removed.
    pub older_key: u64,
    /// The number and the hash of the last block, `12:ab…`; empty if there is no block yet. Keep it
    /// outside of the database.
    pub anchor: String,
    /// The faults, in words; empty if the trail holds.
    pub findings: Vec<String>,
}

impl AuditReport {
    /// Returns whether no fault was found.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # bank.start(&engine).await?;
    /// let report = engine.verify_audit(None).await?;
    /// assert!(report.holds());
    /// // With an anchor of another trail there is a finding.
    /// let anchor = format!("9:{}", "00".repeat(32));
    /// assert!(!engine.verify_audit(Some(&anchor)).await?.holds());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_with_free_text_is_replaced_by_its_digest() {
        assert_eq!(printable("STATUS_11.2"), "STATUS_11.2");
        assert!(printable("Erika Mustermann").starts_with("sha256:"));
        assert!(printable(&"a".repeat(65)).starts_with("sha256:"));
    }
}
