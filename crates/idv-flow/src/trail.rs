//! Tying the audit trail together, and verifying it.

use std::collections::BTreeMap;

use crate::audit::{AuditBlock, AuditEntry, AuditHead, Verified, block_hash, entry_hash};
use crate::error::Result;
use crate::id::FlowId;
use crate::inner::Inner;
use crate::store::Filter;

/// How many entries or flows are read at a time.
const PAGE: usize = 1_000;
/// How many entries a block holds at the most.
const BLOCK: usize = 10_000;
/// How many findings are listed; one is enough to distrust a trail.
const MAX_FINDINGS: usize = 100;

impl Inner {
    /// Puts the entries that stand in no block yet into one.
    pub(crate) async fn tie(&self) -> Result<()> {
        loop {
            let mut entries = self.store.loose_entries(BLOCK).await?;
            if entries.is_empty() {
                return Ok(());
            }
            entries.sort_unstable_by_key(|entry| (entry.flow, entry.number));
            let last = self.store.last_block().await?;
            let mut block = AuditBlock {
                number: last.as_ref().map_or(1, |last| last.number + 1),
                at: self.now(),
                entries: entries.len() as u64,
                previous: last.map_or([0; 32], |last| last.hash),
                hash: [0; 32],
            };
            block.hash = block_hash(&self.keys, &block, &entries);
            let names: Vec<(FlowId, u64)> = entries.iter().map(|entry| (entry.flow, entry.number)).collect();
            // Where somebody else was faster, the rest is tied the next time.
            if !self.store.add_block(&block, &names).await? || entries.len() < BLOCK {
                return Ok(());
            }
        }
    }

    /// Checks every entry, every flow's end and every block; and, where one is given, that an anchor written down earlier is there.
    pub(crate) async fn verify_audit(&self, anchor: Option<&str>) -> Result<Verified> {
        let mut check = Check::default();
        // The flows first: what is written while the trail is read is only more of it.
        let heads = self.heads().await?;
        let mut ends: BTreeMap<FlowId, End> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.store.audit(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.flow, last.number));
            for entry in page {
                let end = ends.entry(entry.flow).or_default();
                check.entry(&self.keys, &entry, end.last);
                end.last = AuditHead { count: entry.number, hash: entry.hash };
                end.reached |= heads.get(&entry.flow) == Some(&end.last);
            }
        }
        for (flow, head) in &heads {
            match ends.get(flow) {
                Some(end) if end.reached && end.last == *head => {}
                // More was written while the trail was read: then the record names it by now. One that does not was put back.
                Some(end) if end.reached => {
                    let now = self.store.load(*flow).await?.map_or(0, |record| record.audit.count);
                    if now < end.last.count {
                        check.find(format!(
                            "flow {flow}: its record ends at entry {now}, and its trail at entry {}",
                            end.last.count
                        ));
                    }
                }
                _ => check.find(format!("flow {flow}: the trail lacks entry {}, which its record names as the last", head.count)),
            }
        }
        for flow in ends.keys().filter(|flow| !heads.contains_key(flow)) {
            // A flow that was started meanwhile has a record by now.
            if self.store.load(*flow).await?.is_none() {
                check.find(format!("flow {flow}: there is a trail and no flow"));
            }
        }
        self.verify_blocks(&mut check, anchor).await?;
        check.verified.flows = heads.len() as u64;
        Ok(check.verified)
    }

    async fn heads(&self) -> Result<BTreeMap<FlowId, AuditHead>> {
        let mut heads = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.store.list(&Filter::all(), after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(heads) };
            after = Some(last.id);
            heads.extend(page.into_iter().map(|record| (record.id, record.audit)));
        }
    }

    async fn verify_blocks(&self, check: &mut Check, anchor: Option<&str>) -> Result<()> {
        let mut previous: Option<AuditBlock> = None;
        let mut anchored = anchor.is_none();
        loop {
            let after = previous.as_ref().map(|block| block.number);
            let page = self.store.blocks(after, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for block in page {
                let number = previous.as_ref().map_or(1, |previous| previous.number + 1);
                if block.number != number {
                    check.find(format!("block {number} is missing"));
                } else if block.previous != previous.as_ref().map_or([0; 32], |previous| previous.hash) {
                    check.find(format!("block {number} does not follow the block before it"));
                }
                let entries = self.store.block_entries(block.number).await?;
                if entries.len() as u64 != block.entries {
                    let (number, there, made) = (block.number, entries.len(), block.entries);
                    check.find(format!("block {number} was made of {made} entries, and {there} are there"));
                } else if block_hash(&self.keys, &block, &entries) != block.hash {
                    check.find(format!("block {} or one of its entries was changed", block.number));
                }
                check.verified.blocks += 1;
                check.verified.anchor = name(&block);
                anchored |= anchor == Some(check.verified.anchor.as_str());
                previous = Some(block);
            }
        }
        if !anchored {
            check.find("the anchor that was given is no block of this trail: it was rolled back, or is another's".to_owned());
        }
        Ok(())
    }
}

/// A block as an anchor names it.
fn name(block: &AuditBlock) -> String {
    format!("{}:{}", block.number, hex::encode(block.hash))
}

/// How far a flow's trail was read.
#[derive(Default)]
struct End {
    last: AuditHead,
    /// Whether the entry was met that the flow's record names as the last.
    reached: bool,
}

#[derive(Default)]
struct Check {
    verified: Verified,
}

impl Check {
    fn entry(&mut self, keys: &crate::vault::StoreKeys, entry: &AuditEntry, before: AuditHead) {
        self.verified.entries += 1;
        let (flow, number) = (entry.flow, entry.number);
        if number != before.count + 1 {
            self.find(format!("flow {flow}: before entry {number}, {} is the last: what lies between is missing", before.count));
        } else if entry.previous != before.hash {
            self.find(format!("flow {flow}: entry {number} does not follow the entry before it"));
        }
        if entry_hash(keys, entry) != entry.hash {
            self.find(format!("flow {flow}: entry {number} was changed"));
        }
    }

    fn find(&mut self, finding: String) {
        if self.verified.findings.len() < MAX_FINDINGS {
            self.verified.findings.push(finding);
        }
    }
}
