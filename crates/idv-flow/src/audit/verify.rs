//! Verifies the audit trail, and the columns that the store keeps in clear.

use std::collections::BTreeMap;

use idv_core::Timestamp;

use crate::audit::archive::REMOVED;
use crate::audit::blocks::BlockHead;
use crate::audit::{AuditEntry, AuditHead, AuditReport, account_of, block_hash, entry_hash};
use crate::engine::accounts::control::AccountControl;
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
    /// Checks every flow against the state that is sealed, every entry, every flow's end, every
    /// report and every block; and, if one is given, that an anchor written down earlier is there.
    pub(crate) async fn verify_audit(&self, anchor: Option<&str>) -> Result<AuditReport> {
        self.refresh_keys().await?;
        let mut check = Check::default();
        // Before the blocks: it is sealed before its block is removed.
        let removed = match self.sealed_head(REMOVED).await {
            Ok(removed) => removed.unwrap_or_default(),
            Err(error @ FlowError::Damaged(_)) => {
                check.find(format!("the anchor of the last removed block: {error}"));
                BlockHead::default()
            }
            Err(error) => return Err(error),
        };
        // The flows first: what is written while the trail is read is only more of it.
        self.verify_flows(&mut check).await?;
        for at in &self.accounts {
            if let Some(control) = self.control_to_verify(&mut check, &at.id).await?
                && let Ok(head) = control.trail()
            {
                let id = self.keys.account_trail(&at.id);
                check.accounts.insert(id, (at.id.clone(), Some(head)));
            }
        }
        let mut ends: BTreeMap<FlowId, End> = BTreeMap::new();
        let mut after = None;
        loop {
            let page = self.store.audit(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.flow, last.number));
            for entry in page {
                if let Some(account) = account_of(&self.keys, &entry) {
                    if let Some(named) = restored_from(&entry) {
                        check.find(format!(
                            "account {account}: before entry {}, its control named entry {named} as \
                             the last: an older control had been restored",
                            entry.number
                        ));
                    }
                    let found = || (account, None);
                    check.accounts.entry(entry.flow).or_insert_with(found);
                }
                let end = ends.entry(entry.flow).or_default();
                if entry.number != end.last.count + 1 {
                    end.gaps.push((end.last.count, entry.number));
                }
                check.entry(&self.keys, &entry, end.last);
                end.last = AuditHead {
                    count: entry.number,
                    hash: entry.hash,
                };
                end.purged = is_purge(&entry);
                end.reached |= check.head_of(entry.flow) == Some(end.last);
                end.event = check
                    .accounts
                    .contains_key(&entry.flow)
                    .then_some(entry.event);
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
        for (flow, end) in &ends {
            let is_stored = flows.contains_key(flow) || check.accounts.contains_key(flow);
            // A flow that was started meanwhile has a record by now.
            if !is_stored && !end.purged && self.store.load(*flow).await?.is_none() {
                check.find(format!("flow {flow}: there is a trail and no flow"));
            }
            // The trail of a purged flow loses entries with the blocks that are removed. The
            // remaining blocks show whether other entries are missing.
            let may_have_gaps = !is_stored && end.purged && removed.number > 0;
            let subject = check.subject(*flow);
            for (last, next) in end.gaps.iter().filter(|_| !may_have_gaps) {
                check.find(format!(
                    "{subject}: before entry {next}, {last} is the last: the entries between are missing"
                ));
            }
        }
        check.verified.flows = flows.len() as u64;
        self.verify_accounts(&mut check, &ends).await?;
        self.verify_blocks(&mut check, anchor, removed).await?;
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
                    Err(error @ FlowError::Keys(_)) => return Err(error),
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

    /// Compares the control of each account with the end of its trail.
    async fn verify_accounts(&self, check: &mut Check, ends: &BTreeMap<FlowId, End>) -> Result<()> {
        for (id, (account, before)) in check.accounts.clone() {
            let none = End::default();
            let end = ends.get(&id).unwrap_or(&none);
            let before = before.filter(|head| head.count > 0);
            if let Some(head) = before.filter(|_| !end.reached) {
                check.find(format!(
                    "account {account}: entry {} is missing, which its control names as the last",
                    head.count
                ));
                continue;
            }
            let Some(control) = self.control_to_verify(check, &account).await? else {
                continue;
            };
            let Ok(head) = control.trail() else { continue };
            if head.count > end.last.count {
                // It changed during the verification, or its last entries are missing.
                let trail = self.store.audit_of(id).await?;
                let last = trail.iter().find(|entry| entry.number == head.count);
                if last.is_none_or(|last| last.hash != head.hash) {
                    check.find(format!(
                        "account {account}: entry {} is missing, which its control names as the \
                         last",
                        head.count
                    ));
                }
            } else if head != end.last {
                let (named, last) = (head.count, end.last.count);
                check.find(format!(
                    "account {account}: its control names entry {named} as the last, and the trail \
                     ends at entry {last}: an older control was restored"
                ));
            } else if end
                .event
                .as_deref()
                .is_some_and(|event| !is_in_force(event, &control))
            {
                check.find(format!(
                    "account {account}: its mode or its limits differ from the last entry of its \
                     trail: an older program changed them, or they were changed in the database"
                ));
            }
        }
        Ok(())
    }

    /// Reads the control of an account. One that cannot be read is a finding.
    async fn control_to_verify(
        &self,
        check: &mut Check,
        account: &str,
    ) -> Result<Option<AccountControl>> {
        let damaged = |check: &mut Check, error: &FlowError| {
            check.find(format!("account {account}: {error}"));
        };
        match self.stored_control(account).await {
            Ok(control) => {
                let control = control.unwrap_or_default();
                if let Err(error) = control.trail() {
                    damaged(check, &error);
                }
                Ok(Some(control))
            }
            Err(error @ (FlowError::Damaged(_) | FlowError::Newer)) => {
                damaged(check, &error);
                Ok(None)
            }
            Err(error) => Err(error),
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
                    check.find(format!("flow {flow}: the reports cannot be read: {what}"));
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

    /// Counts the parked messages that an older key sealed.
    pub(crate) async fn outdated_messages(&self) -> Result<u64> {
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

    async fn verify_blocks(
        &self,
        check: &mut Check,
        anchor: Option<&str>,
        removed: BlockHead,
    ) -> Result<()> {
        // Read before the blocks: it is sealed after its block was added.
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
        let mut previous = removed;
        // The anchor of a store without blocks is empty.
        let mut anchored = anchor.is_none_or(str::is_empty);
        if let Some(given) = anchor.and_then(|anchor| BlockHead::parse(anchor).ok()) {
            anchored |= given == removed;
            if given.number < removed.number {
                check.find(format!(
                    "the anchor that was given is older than block {}, the last that was archived and removed: verify the archive with it",
                    removed.number
                ));
                anchored = true;
            }
        }
        let mut ended = head.is_none_or(|head| head == removed);
        loop {
            // A block that the anchor of the removed blocks covers is about to be removed.
            let page = self.store.blocks(Some(previous.number), PAGE).await?;
            if page.is_empty() {
                break;
            }
            for block in page {
                let number = previous.number + 1;
                if block.number != number {
                    check.find(format!("block {number} is missing"));
                } else if block.previous != previous.hash {
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
                previous = BlockHead::of(&block);
                check.verified.anchor = previous.to_string();
                anchored |= anchor == Some(check.verified.anchor.as_str());
                ended |= Some(previous) == head;
                check
                    .blocks
                    .remove(&(block.number, hex::encode(block.hash)));
            }
        }
        if !ended {
            check.find(
                "the block that the sealed head names is missing: the end of the trail was removed"
                    .to_owned(),
            );
        }
        let named = std::mem::take(&mut check.blocks).into_iter();
        for ((number, _), flow) in named.filter(|((number, _), _)| *number > removed.number) {
            check.find(format!(
                "flow {flow}: it was changed after block {number}, which is missing or was replaced"
            ));
        }
        let last = previous.number;
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

/// Returns whether the control has the mode and the limits that an entry of its account names.
fn is_in_force(event: &str, control: &AccountControl) -> bool {
    let Ok(event) = serde_json::from_str::<serde_json::Value>(event) else {
        return false;
    };
    let limits = serde_json::to_value(control.set_limits()).unwrap_or_default();
    let mode = serde_json::Value::from(control.mode.name());
    event.get("mode") == Some(&mode) && event.get("limits") == Some(&limits)
}

/// Returns the entry that a restored control named as the last, if this entry was the next one.
fn restored_from(entry: &AuditEntry) -> Option<u64> {
    let event: serde_json::Value = serde_json::from_str(&entry.event).ok()?;
    event.get("restored_from")?.as_u64()
}

/// Returns whether an entry says that the flow was purged.
fn is_purge(entry: &AuditEntry) -> bool {
    serde_json::from_str(&entry.event).is_ok_and(|event: serde_json::Value| {
        event.get("event").is_some_and(|name| name == "purged")
    })
}

/// The digest and the length of an item of evidence, if an entry says that one was kept.
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
    /// The numbers before and after each gap.
    gaps: Vec<(u64, u64)>,
    /// Whether the last entry says that the flow was purged.
    purged: bool,
    /// The last event of an account's trail.
    event: Option<String>,
}

#[derive(Default)]
struct Check {
    verified: AuditReport,
    flows: BTreeMap<FlowId, Seen>,
    /// The accounts by the ids of their trails, each with the head that its control named first.
    accounts: BTreeMap<FlowId, (String, Option<AuditHead>)>,
    /// The blocks that flows name, by number and hash, each with a flow that names it.
    blocks: BTreeMap<(u64, String), FlowId>,
}

impl Check {
    /// Returns the head of a trail that the flow or the account named.
    fn head_of(&self, trail: FlowId) -> Option<AuditHead> {
        let of_account = || self.accounts.get(&trail).and_then(|(_, head)| *head);
        self.flows
            .get(&trail)
            .map(|seen| seen.head)
            .or_else(of_account)
    }

    /// Returns the flow or the account of a trail, in words.
    fn subject(&self, trail: FlowId) -> String {
        match self.accounts.get(&trail) {
            Some((account, _)) => format!("account {account}"),
            None => format!("flow {trail}"),
        }
    }

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
        let number = entry.number;
        let subject = || self.subject(entry.flow);
        let mut faults = Vec::new();
        if number == before.count + 1 && entry.previous != before.hash {
            faults.push(format!(
                "{}: entry {number} does not follow the entry before it",
                subject()
            ));
        }
        if entry_hash(keys, entry) != entry.hash {
            faults.push(format!("{}: entry {number} was changed", subject()));
        }
        faults.into_iter().for_each(|fault| self.find(fault));
    }

    fn find(&mut self, finding: String) {
        if self.verified.findings.len() < MAX_FINDINGS {
            self.verified.findings.push(finding);
        }
    }
}
