//! Verifies the audit trail, and the columns that the store keeps in clear.

use std::collections::BTreeMap;

use idv_core::Timestamp;

use crate::audit::blocks::BlockHead;
use crate::audit::{AuditBlock, AuditEntry, AuditHead, AuditReport, block_hash, entry_hash};
use crate::engine::repository::{Inner, LoadedFlow};
use crate::engine::workers::SET_ASIDE;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::attention::Attention;
use crate::machine::retention::later;
use crate::machine::state::{FlowState, Shown};
use crate::store::{Filter, Record};
use crate::vault::StoreKeys;

/// Number of entries or flows per read.
const PAGE: usize = 1_000;
/// Maximum number of listed findings. One suffices to distrust a trail.
const MAX_FINDINGS: usize = 100;
/// Maximum number of reads of a flow that changes during its verification.
const MAX_CHANGES: usize = 10;
/// Maximum number of blocks after the sealed head: one of a program that crashed before it sealed
/// the head, and one of another program since.
const MAX_LAG: u64 = 2;

impl Inner {
    /// Verifies every flow against its sealed state, every entry, the head of every trail, every
    /// report, every block, and an earlier anchor if there is one.
    pub(crate) async fn verify_audit(&self, anchor: Option<&str>) -> Result<AuditReport> {
        let mut check = Check::default();
        // Flows are read first: entries that are written during the verification only extend a
        // trail.
        self.verify_flows(&mut check).await?;
        let mut ends: BTreeMap<FlowId, End> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.store.audit(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.flow, last.number));
            for entry in page {
                let end = ends.entry(entry.flow).or_default();
                check.entry(&self.keys, &entry, end.last);
                end.last = AuditHead {
                    count: entry.number,
                    hash: entry.hash,
                };
                end.reached |= check.flows.get(&entry.flow).map(|seen| seen.head) == Some(end.last);
            }
        }
        let flows = std::mem::take(&mut check.flows);
        for (flow, seen) in &flows {
            match ends.get(flow) {
                Some(end) if end.reached && end.last == seen.head => {}
                // The trail grew during the verification, so the record must name its last entry by
                // now. An older record was restored.
                Some(end) if end.reached => {
                    let now = self
                        .store
                        .load(*flow)
                        .await?
                        .map_or(0, |record| record.audit.count);
                    if now < end.last.count {
                        let last = end.last.count;
                        check.find(format!("flow {flow}: the record names entry {now} as the last, and the trail ends at entry {last}"));
                    }
                }
                _ => check.find(format!(
                    "flow {flow}: entry {} is missing, which the record names as the last",
                    seen.head.count
                )),
            }
            if seen.has_reports {
                self.verify_reports(&mut check, *flow).await?;
            }
        }
        for flow in ends.keys().filter(|flow| !flows.contains_key(flow)) {
            // A flow that was started during the verification has a record by now.
            if self.store.load(*flow).await?.is_none() {
                check.find(format!(
                    "flow {flow}: the trail has entries, and the flow is missing"
                ));
            }
        }
        check.verified.flows = flows.len() as u64;
        self.verify_blocks(&mut check, anchor).await?;
        check.verified.older_key += self.outdated_messages().await?;
        Ok(check.verified)
    }

    /// Opens every flow, and compares the columns that the store keeps in clear with its sealed
    /// state.
    async fn verify_flows(&self, check: &mut Check) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.store.list(&Filter::all(), after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.id.into());
            for record in page {
                let outdated = self
                    .vault_of(record.tenant.as_deref())
                    .is_outdated(&record.body);
                let (flow, head, sealed_before) = (record.id, record.audit, outdated);
                let mut has_reports = false;
                match self.open(record) {
                    Err(error) => check.find(format!("flow {flow}: {error}")),
                    Ok(LoadedFlow { record, state, .. }) => {
                        check.shown(&record, &state, self.now());
                        has_reports = state.reports > 0 || state.deletion.own_erased_at.is_some();
                        if let Some(block) = state.block {
                            check.blocks.entry(block).or_insert(flow);
                        }
                        check.verified.older_key += u64::from(sealed_before);
                    }
                }
                check.flows.insert(flow, Seen { head, has_reports });
            }
        }
    }

    /// Compares the reports and the evidence of a flow with its state and its trail.
    async fn verify_reports(&self, check: &mut Check, flow: FlowId) -> Result<()> {
        for _ in 0..MAX_CHANGES {
            let Ok(loaded) = self.read(flow).await else {
                return Ok(());
            };
            let stored = self.store.reports(flow).await?;
            let trail = self.store.audit_of(flow).await?;
            let kept: Vec<(String, u64)> = trail.iter().filter_map(kept_evidence).collect();
            let (faults, outdated) = match loaded.state.evidence.items {
                0 => (Vec::new(), 0),
                _ => self.verify_evidence(&loaded, &kept).await?,
            };
            let LoadedFlow { record, state, .. } = loaded;
            // They are comparable only if the flow did not change meanwhile.
            if self
                .store
                .load(flow)
                .await?
                .is_none_or(|now| now.version != record.version)
            {
                continue;
            }
            faults.into_iter().for_each(|fault| check.find(fault));
            check.verified.older_key += outdated;
            if state.deletion.own_erased_at.is_some() {
                if stored.is_some() {
                    check.find(format!(
                        "flow {flow}: our copy was erased, and reports are still stored"
                    ));
                }
                return Ok(());
            }
            let vault = self.vault_of(record.tenant.as_deref());
            check.verified.older_key +=
                u64::from(stored.is_some_and(|sealed| vault.is_outdated(&sealed)));
            let written: Vec<(String, Option<String>)> =
                trail.iter().filter_map(stored_report).collect();
            match self.reports(&record).await {
                Err(FlowError::Damaged(what)) => {
                    check.find(format!("flow {flow}: the reports cannot be read: {what}"))
                }
                Err(error) => return Err(error),
                Ok(reports) => {
                    let names = reports.iter().map(|kept| {
                        (
                            hex::encode(kept.digest()),
                            kept.outcome.map(|outcome| outcome.name().to_owned()),
                        )
                    });
                    let names: Vec<_> = names.collect();
                    if names.len() != usize::from(state.reports) || names != written {
                        let (there, written) = (names.len(), written.len());
                        check.find(format!(
                            "flow {flow}: {there} reports are stored, and the trail names \
                             {written}: one is missing or was changed"
                        ));
                    }
                }
            }
            return Ok(());
        }
        Ok(())
    }

    /// Counts the parked messages that an older key seals.
    async fn outdated_messages(&self) -> Result<u64> {
        let (mut after, mut count) = (None, 0);
        loop {
            let page = self.store.parked(after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = Some((last.received_at, last.digest));
            count += page
                .iter()
                .filter(|message| self.vault.is_outdated(&message.body))
                .count() as u64;
        }
    }

    async fn verify_blocks(&self, check: &mut Check, anchor: Option<&str>) -> Result<()> {
        // The head is read before the blocks, because it is sealed after its block was added.
        let head = match self.head().await {
            Ok((head, current)) => {
                if !current {
                    check.find("an older key of the vault seals the head of the blocks".to_owned());
                }
                Some(head)
            }
            Err(error @ FlowError::Damaged(_)) => {
                check.find(error.to_string());
                None
            }
            Err(error) => return Err(error),
        };
        let mut previous: Option<AuditBlock> = None;
        let mut anchored = anchor.is_none();
        let mut ended = head.is_none_or(|head| head == BlockHead::default());
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
                } else if block.previous
                    != previous.as_ref().map_or([0; 32], |previous| previous.hash)
                {
                    check.find(format!(
                        "block {number} does not follow the block before it"
                    ));
                }
                let entries = self.store.block_entries(block.number).await?;
                if entries.len() as u64 != block.entries {
                    let (number, there, made) = (block.number, entries.len(), block.entries);
                    check.find(format!(
                        "block {number} was made of {made} entries, and {there} are stored"
                    ));
                } else if block_hash(&self.keys, &block, &entries) != block.hash {
                    check.find(format!(
                        "block {} or one of its entries was changed",
                        block.number
                    ));
                }
                check.verified.blocks += 1;
                check.verified.anchor = format!("{}:{}", block.number, hex::encode(block.hash));
                anchored |= anchor == Some(check.verified.anchor.as_str());
                ended |= Some(BlockHead::of(&block)) == head;
                check
                    .blocks
                    .remove(&(block.number, hex::encode(block.hash)));
                previous = Some(block);
            }
        }
        if !ended {
            check.find(
                "the block that the sealed head names is missing: the end of the trail was removed"
                    .to_owned(),
            );
        }
        for ((number, _), flow) in std::mem::take(&mut check.blocks) {
            check.find(format!(
                "flow {flow}: it was changed after block {number}, which is missing or was replaced"
            ));
        }
        let last = previous.map_or(0, |last| last.number);
        if let (Ok((head, _)), true) = (self.head().await, ended)
            && head.number + MAX_LAG < last
        {
            check.find(format!(
                "the sealed head names block {}, and {last} blocks are stored: an older head was \
                 restored",
                head.number
            ));
        }
        if !anchored {
            check.find("the anchor matches no block of this trail: the trail was rolled back, or the anchor is that of another store".to_owned());
        }
        Ok(())
    }
}

/// Returns the digest and the outcome of a report, if the entry records that one was stored.
fn stored_report(entry: &AuditEntry) -> Option<(String, Option<String>)> {
    let event: serde_json::Value = serde_json::from_str(&entry.event).ok()?;
    if event.get("event")?.as_str()? != "report_stored" {
        return None;
    }
    let outcome = event
        .get("outcome")
        .and_then(|outcome| outcome.as_str())
        .map(str::to_owned);
    Some((event.get("digest")?.as_str()?.to_owned(), outcome))
}

/// Returns the digest and the length of an item of evidence, if the entry records that one was
/// stored.
fn kept_evidence(entry: &AuditEntry) -> Option<(String, u64)> {
    let event: serde_json::Value = serde_json::from_str(&entry.event).ok()?;
    if event.get("event")?.as_str()? != "evidence_kept" {
        return None;
    }
    Some((
        event.get("digest")?.as_str()?.to_owned(),
        event.get("length")?.as_u64()?,
    ))
}

/// A flow at the time of the verification.
struct Seen {
    head: AuditHead,
    /// Whether reports are stored, or must no longer be.
    has_reports: bool,
}

/// The last entry that was read of a flow's trail.
#[derive(Default)]
struct End {
    last: AuditHead,
    /// Whether the entry was found that the flow's record names as the last.
    reached: bool,
}

#[derive(Default)]
struct Check {
    verified: AuditReport,
    flows: BTreeMap<FlowId, Seen>,
    /// The blocks that flows name, by number and hash, each with a flow that names it.
    blocks: BTreeMap<(u64, String), FlowId>,
}

impl Check {
    fn shown(&mut self, record: &Record, state: &FlowState, now: Timestamp) {
        let (mut shown, sealed) = (Shown::of(record), &state.shown);
        if sealed.phase_since.is_none() {
            shown.phase_since = None;
        }
        if shown == *sealed {
            return;
        }
        // A program that lacks the key or the vendor sets a flow aside, for a minute at a time.
        let aside = [Attention::Damaged, Attention::Unconfigured]
            .map(|attention| Some(attention.name().to_owned()));
        let soon = shown
            .due
            .is_some_and(|due| due <= later(now, SET_ASIDE * 2));
        if aside.contains(&shown.attention) && soon && shown.phase == sealed.phase {
            return;
        }
        let what = if shown.due != sealed.due {
            "the due time"
        } else if shown.phase == sealed.phase && shown.phase_since == sealed.phase_since {
            "the reason for an operator"
        } else {
            "the phase"
        };
        self.find(format!(
            "flow {}: a column differs from the sealed state: {what} was changed",
            record.id
        ));
    }

    fn entry(&mut self, keys: &StoreKeys, entry: &AuditEntry, before: AuditHead) {
        self.verified.entries += 1;
        let (flow, number) = (entry.flow, entry.number);
        if number != before.count + 1 {
            self.find(format!(
                "flow {flow}: entries are missing between {} and {number}",
                before.count
            ));
        } else if entry.previous != before.hash {
            self.find(format!(
                "flow {flow}: entry {number} does not follow the entry before it"
            ));
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
