//! Archives blocks of the audit trail, and removes old flows and archived blocks.

use std::collections::BTreeSet;

use futures_util::stream::{Stream, try_unfold};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::blocks::BlockHead;
use crate::audit::{AuditBlock, AuditEntry, Event, Journal, account_of, block_hash, entry_hash};
use crate::engine::Engine;
use crate::engine::repository::Inner;
use crate::engine::workers::delete::Receipt;
use crate::engine::workers::inbox::earlier;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::store::{Committed, Filter, ListOrder, Phase, Record};

/// The name of the value with the last block that the application has archived.
pub(crate) const ARCHIVED: &str = "blocks-archived";
/// The name of the value with the last block that was removed: the stored chain begins after it.
pub(crate) const REMOVED: &str = "blocks-removed";

/// The maximum number of flows that a step of the purge removes.
const FLOWS: usize = 500;
/// The maximum number of blocks that a step of the purge removes.
const BLOCKS: usize = 10;
/// The number of flows that are read at a time.
const PAGE: usize = 256;
/// The maximum number of findings that a verification lists.
const MAX_FINDINGS: usize = 100;

/// A block of the audit trail with its entries, for an archive.
///
/// An archive is a file of JSON lines, one for each block: [`ArchivedBlock::to_line`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchivedBlock {
    /// The block.
    pub block: AuditBlock,
    /// The entries of the block, ordered by flow and number.
    pub entries: Vec<AuditEntry>,
}

impl ArchivedBlock {
    /// Returns the anchor of the block, `12:ab…`, in the format of
    /// [`AuditReport::anchor`](crate::audit::AuditReport::anchor).
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use futures_util::TryStreamExt as _;
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(3_600)).await?;
    ///
    /// let blocks: Vec<_> = engine.archive_audit(None)?.try_collect().await?;
    /// let anchor = blocks.last().expect("the trail has a block").anchor();
    /// assert_eq!(anchor, engine.verify_audit(None).await?.anchor);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn anchor(&self) -> String {
        BlockHead::of(&self.block).to_string()
    }

    /// Returns the block as one line of JSON, without a line break.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use futures_util::TryStreamExt as _;
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(3_600)).await?;
    ///
    /// let blocks: Vec<_> = engine.archive_audit(None)?.try_collect().await?;
    /// let line = blocks[0].to_line();
    /// assert!(line.starts_with(r#"{"block":1,"#));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn to_line(&self) -> String {
        let AuditBlock {
            number,
            at,
            entries: _,
            previous,
            hash,
        } = &self.block;
        let line = Line {
            block: *number,
            at: *at,
            previous: hex::encode(previous),
            hash: hex::encode(hash),
            entries: self.entries.iter().map(LineEntry::of).collect(),
        };
        // It consists of text and numbers, which always serialize.
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// Parses a line of an archive.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use futures_util::TryStreamExt as _;
    /// use idv_flow::audit::ArchivedBlock;
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(3_600)).await?;
    ///
    /// let blocks: Vec<_> = engine.archive_audit(None)?.try_collect().await?;
    /// assert_eq!(ArchivedBlock::from_line(&blocks[0].to_line())?, blocks[0]);
    /// assert!(ArchivedBlock::from_line("{}").is_err());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if the line is not one of [`ArchivedBlock::to_line`].
    pub fn from_line(line: &str) -> Result<Self> {
        let invalid = || {
            FlowError::Invalid(
                "invalid line of an audit archive: expected a block as one JSON object".to_owned(),
            )
        };
        let line: Line = serde_json::from_str(line).map_err(|_| invalid())?;
        let entries = line.entries.into_iter().map(LineEntry::read);
        let entries = entries.collect::<Option<Vec<_>>>().ok_or_else(invalid)?;
        Ok(Self {
            block: AuditBlock {
                number: line.block,
                at: line.at,
                entries: entries.len() as u64,
                previous: digest(&line.previous).ok_or_else(invalid)?,
                hash: digest(&line.hash).ok_or_else(invalid)?,
            },
            entries,
        })
    }
}

/// A block, as an archive has it.
#[derive(Serialize, Deserialize)]
struct Line {
    block: u64,
    at: Timestamp,
    previous: String,
    hash: String,
    entries: Vec<LineEntry>,
}

/// An entry, as an archive has it. The event stays text, since the hash covers its bytes.
#[derive(Serialize, Deserialize)]
struct LineEntry {
    flow: FlowId,
    number: u64,
    at: Timestamp,
    event: String,
    previous: String,
    hash: String,
}

impl LineEntry {
    fn of(entry: &AuditEntry) -> Self {
        Self {
            flow: entry.flow,
            number: entry.number,
            at: entry.at,
            event: entry.event.clone(),
            previous: hex::encode(entry.previous),
            hash: hex::encode(entry.hash),
        }
    }

    fn read(self) -> Option<AuditEntry> {
        Some(AuditEntry {
            flow: self.flow,
            number: self.number,
            at: self.at,
            event: self.event,
            previous: digest(&self.previous)?,
            hash: digest(&self.hash)?,
        })
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

/// The result of a verification of an archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// The number of blocks that were checked.
    pub blocks: u64,
    /// The number of entries that were checked.
    pub entries: u64,
    /// The anchor of the block before the first one: that of the last block of the previous file.
    /// Empty if the archive begins with the first block.
    pub begins_after: String,
    /// The anchor of the last block. Empty if there is no block.
    pub anchor: String,
    /// The faults that were found, at most 100.
    pub findings: Vec<String>,
}

impl ArchiveReport {
    /// Returns whether no fault was found.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # bank.start(&engine).await?;
    /// let report = engine.verify_archive(["not a block"]).await?;
    /// assert!(!report.holds());
    /// assert!(report.findings[0].contains("line 1"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    fn find(&mut self, finding: String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }
}

impl Engine {
    /// Streams the blocks of the audit trail after the anchor of an earlier archive, or from the
    /// first stored block on, to write them to an archive.
    ///
    /// The stream ends with the last block. Once the archive is durable, call
    /// [`Engine::confirm_archive`].
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use futures_util::TryStreamExt as _;
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(3_600)).await?;
    ///
    /// let mut file = String::new();
    /// let mut anchor = None;
    /// let mut blocks = std::pin::pin!(engine.archive_audit(None)?);
    /// while let Some(block) = blocks.try_next().await? {
    ///     file.push_str(&block.to_line());
    ///     file.push('\n');
    ///     anchor = Some(block.anchor());
    /// }
    /// // Here the file is synchronized to the disk. The next archive begins after the anchor.
    /// let anchor = anchor.expect("the trail has a block");
    /// engine.confirm_archive(&anchor).await?;
    /// assert!(engine.verify_archive(file.lines()).await?.holds());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if the anchor is not valid. Items of the stream fail with those of
    /// the store, and with [`FlowError::Damaged`] if a block does not match its hash: then
    /// [`Engine::verify_audit`] lists the faults.
    ///
    /// # Cancellation
    ///
    /// The stream only reads: it can be dropped and begun again.
    pub fn archive_audit(
        &self,
        after: Option<&str>,
    ) -> Result<impl Stream<Item = Result<ArchivedBlock>> + Send + '_> {
        let after = after.map(BlockHead::parse).transpose()?;
        let inner = &*self.inner;
        Ok(try_unfold(
            after.map(|head| head.number),
            move |after| async move {
                let page = inner.store.blocks(after, 1).await?;
                let Some(block) = page.into_iter().next() else {
                    return Ok(None);
                };
                let number = block.number;
                let archived = inner.intact(block).await?;
                Ok(Some((archived, Some(number))))
            },
        ))
    }

    /// Confirms that an archive up to the block of `anchor` is stored durably. Archived blocks may
    /// be removed from the store: see
    /// [`EngineBuilder::purge_erased_after`](crate::EngineBuilder::purge_erased_after).
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::FlowError;
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(3_600)).await?;
    /// # let anchor = engine.verify_audit(None).await?.anchor;
    ///
    /// // `anchor` is that of the last block in the archive.
    /// engine.confirm_archive(&anchor).await?;
    /// engine.confirm_archive(&anchor).await?; // a repeated confirmation changes nothing
    ///
    /// let other = format!("9:{}", "00".repeat(32));
    /// let error = engine.confirm_archive(&other).await.unwrap_err();
    /// assert!(matches!(error, FlowError::Invalid(_)));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::Invalid`] if the anchor is not that of a stored block; those of the store.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the confirmation is stored or not; repeat the call to be sure.
    pub async fn confirm_archive(&self, anchor: &str) -> Result<()> {
        let inner = &*self.inner;
        let head = BlockHead::parse(anchor)?;
        if let Some(archived) = inner.sealed_head(ARCHIVED).await?
            && archived.number >= head.number
        {
            return Ok(());
        }
        if head.number == 0 || !inner.is_block(head).await? {
            return Err(FlowError::Invalid(
                "invalid anchor: expected that of a block that is stored".to_owned(),
            ));
        }
        inner.move_head(ARCHIVED, head).await.map(drop)
    }

    /// Verifies the lines of an archive: each entry, each block, and that the blocks form one
    /// chain.
    ///
    /// The hashes are keyed, so the engine needs the store that wrote the archive, or a copy of it.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use futures_util::TryStreamExt as _;
    /// # bank.start(&engine).await?;
    /// # bank.pass(&engine, std::time::Duration::from_secs(3_600)).await?;
    ///
    /// let blocks: Vec<_> = engine.archive_audit(None)?.try_collect().await?;
    /// let lines: Vec<String> = blocks.iter().map(|block| block.to_line()).collect();
    /// let report = engine.verify_archive(&lines).await?;
    /// assert!(report.holds());
    /// assert_eq!(report.blocks, 1);
    ///
    /// let changed = lines[0].replace("asked", "Asked");
    /// assert!(!engine.verify_archive([changed]).await?.holds());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the store. A fault of the archive is a finding.
    ///
    /// # Cancellation
    ///
    /// The verification only reads: it can be dropped and repeated.
    pub async fn verify_archive<L: AsRef<str>>(
        &self,
        lines: impl IntoIterator<Item = L, IntoIter: Send>,
    ) -> Result<ArchiveReport> {
        let inner = &*self.inner;
        let removed = inner.sealed_head(REMOVED).await?;
        let mut report = ArchiveReport::default();
        let mut last: Option<BlockHead> = None;
        for (line, number) in lines.into_iter().zip(1_u64..) {
            let Ok(ArchivedBlock { block, entries }) = ArchivedBlock::from_line(line.as_ref())
            else {
                report.find(format!("line {number} is not a block of an audit archive"));
                continue;
            };
            let number = block.number;
            match last {
                None if number > 1 => {
                    report.begins_after = BlockHead {
                        number: number - 1,
                        hash: block.previous,
                    }
                    .to_string();
                }
                None => {}
                Some(last) if number != last.number + 1 => {
                    report.find(format!("block {} is missing", last.number + 1));
                }
                Some(last) if block.previous != last.hash => {
                    report.find(format!(
                        "block {number} does not follow the block before it"
                    ));
                }
                Some(_) => {}
            }
            let changed = entries
                .iter()
                .filter(|entry| entry_hash(&inner.keys, entry) != entry.hash);
            for AuditEntry { flow, number, .. } in changed {
                report.find(format!("flow {flow}: entry {number} was changed"));
            }
            if block_hash(&inner.keys, &block, &entries) != block.hash {
                report.find(format!("block {number} or one of its entries was changed"));
            }
            let head = BlockHead::of(&block);
            if removed.is_some_and(|removed| removed.number == number && removed != head) {
                report.find(format!(
                    "block {number} is not the block that was removed from the store"
                ));
            }
            report.blocks += 1;
            report.entries += entries.len() as u64;
            report.anchor = head.to_string();
            last = Some(head);
        }
        Ok(report)
    }
}

impl Inner {
    /// Returns a block with its entries, if they match its hash.
    async fn intact(&self, block: AuditBlock) -> Result<ArchivedBlock> {
        let entries = self.store.block_entries(block.number).await?;
        if block_hash(&self.keys, &block, &entries) != block.hash {
            return Err(FlowError::Damaged(
                "a block of the audit trail does not match its hash: verify the audit trail",
            ));
        }
        Ok(ArchivedBlock { block, entries })
    }

    /// Removes flows that were erased long ago, and archived blocks that are no longer needed, in
    /// bounded batches. Returns whether more may be left.
    pub(crate) async fn purge_erased(&self) -> Result<bool> {
        let Some(after) = self.purge_erased_after else {
            return Ok(false);
        };
        self.check_clock().await?;
        let before = earlier(self.now(), after);
        let is_full = self.purge_flows(before).await?;
        Ok(self.remove_blocks(before).await? || is_full)
    }

    async fn purge_flows(&self, before: Timestamp) -> Result<bool> {
        let filter = Filter::all()
            .in_phase(Phase::Erased)
            .ordered_by(ListOrder::PhaseSince);
        let (mut after, mut purged) = (None, 0);
        loop {
            let page = self.store.list(&filter, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(false);
            };
            after = Some(crate::store::ListCursor::of(last, filter.order));
            for record in page {
                if record.phase_since >= before {
                    return Ok(false);
                }
                if self.purge_flow(record, before).await? {
                    purged += 1;
                }
                if purged == FLOWS {
                    return Ok(true);
                }
            }
        }
    }

    /// Removes a flow if it was erased before `before`. Returns whether it was removed.
    async fn purge_flow(&self, record: Record, before: Timestamp) -> Result<bool> {
        let id = record.id;
        // The columns in clear do not decide: they may have been changed.
        let flow = match self.open(record) {
            Ok(flow) => flow,
            Err(FlowError::Damaged(_) | FlowError::Newer) => {
                tracing::warn!(flow = %id, "an erased flow is not purged: it cannot be opened");
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let receipt = Receipt::of(&flow);
        let gone_at = receipt.vendors_copy_gone_at.max(receipt.own_copy_erased_at);
        if !receipt.is_complete() || gone_at.is_none_or(|at| at >= before) {
            return Ok(false);
        }
        let mut journal = Journal::new(id, flow.record.audit, self.now());
        journal.write(&self.keys, &Event::Purged);
        let (_, entries) = journal.finish();
        // After a conflict, the next purge checks the flow again.
        let purged = self.store.purge(&flow.record, &entries).await?;
        Ok(matches!(purged, Committed::Done(_)))
    }

    /// Removes the first blocks, as long as each is old, archived and intact, and at least half of
    /// its entries belong to purged flows. The other entries move to a new block, so that the
    /// trails of existing flows stay complete.
    async fn remove_blocks(&self, before: Timestamp) -> Result<bool> {
        let Some(archived) = self.sealed_head(ARCHIVED).await? else {
            return Ok(false);
        };
        let (end, _) = self.head().await?;
        let mut removed = self.sealed_head(REMOVED).await?.unwrap_or_default();
        for _ in 0..BLOCKS {
            let Some(block) = self.store.blocks(None, 1).await?.into_iter().next() else {
                return Ok(false);
            };
            let head = BlockHead::of(&block);
            if head.number > removed.number {
                let is_old = block.at < before && head.number <= archived.number;
                // The end of the chain stays, since the next block follows it.
                if !is_old || head.number >= end.number {
                    return Ok(false);
                }
                let follows = block.previous == removed.hash && head.number == removed.number + 1;
                let Some(block) = self.intact(block).await.ok().filter(|_| follows) else {
                    tracing::error!(
                        block = head.number,
                        "a block of the audit trail is damaged and is not removed: verify the audit trail"
                    );
                    return Ok(false);
                };
                if !self.is_mostly_purged(&block.entries).await? {
                    return Ok(false);
                }
                // The anchor first: a block that remains after a crash is removed the next time.
                if !self.move_head(REMOVED, head).await? {
                    return Ok(true);
                }
                removed = head;
            }
            let entries = self.store.block_entries(head.number).await?;
            let kept: Vec<FlowId> = self.account_trails(&entries).into_iter().collect();
            self.store.remove_block(head.number, &kept).await?;
        }
        Ok(true)
    }

    /// Returns whether at least half of the entries belong to flows that were purged.
    async fn is_mostly_purged(&self, entries: &[AuditEntry]) -> Result<bool> {
        let flows: BTreeSet<FlowId> = entries.iter().map(|entry| entry.flow).collect();
        let accounts = self.account_trails(entries);
        let mut kept = 0;
        for flow in flows {
            if accounts.contains(&flow) || self.store.load(flow).await?.is_some() {
                kept += entries.iter().filter(|entry| entry.flow == flow).count();
            }
            if kept * 2 > entries.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the ids of the accounts' trails among the entries. Their entries stay in the store.
    fn account_trails(&self, entries: &[AuditEntry]) -> BTreeSet<FlowId> {
        let of_account = |entry: &&AuditEntry| account_of(&self.keys, entry).is_some();
        let entries = entries.iter().filter(of_account);
        entries.map(|entry| entry.flow).collect()
    }

    /// Reads the sealed head of a name.
    pub(crate) async fn sealed_head(&self, name: &'static str) -> Result<Option<BlockHead>> {
        let sealed = self.store.value(name).await?;
        sealed
            .map(|sealed| BlockHead::open(&self.vault, name, &sealed))
            .transpose()
    }

    /// Moves the sealed head of a name forward. Returns whether it did; another program may have.
    async fn move_head(&self, name: &'static str, head: BlockHead) -> Result<bool> {
        let seal = |head: BlockHead| head.seal(&self.vault, name, &*self.random);
        let none = self
            .store
            .remember(name, &seal(BlockHead::default()))
            .await?;
        if BlockHead::open(&self.vault, name, &none)?.number >= head.number {
            return Ok(false);
        }
        Ok(self.store.replace(name, &none, &seal(head)).await?)
    }

    /// Seals the heads of the archive with the current key of the vault.
    pub(crate) async fn reseal_archive(&self) -> Result<()> {
        for name in [ARCHIVED, REMOVED] {
            let Some(sealed) = self.store.value(name).await? else {
                continue;
            };
            if self.vault.is_outdated(&sealed) {
                let head = BlockHead::open(&self.vault, name, &sealed)?;
                let resealed = head.seal(&self.vault, name, &*self.random);
                // Another program may do the same.
                self.store.replace(name, &sealed, &resealed).await?;
            }
        }
        Ok(())
    }
}
