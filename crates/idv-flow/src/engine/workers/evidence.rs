//! Keeps evidence: one item per step, downloaded, sealed and stored in parts.
//!
//! A mark that the download begins is committed first, then the parts are stored, then the flow
//! names them. Each download has a number of its own, so that the parts of two downloads never mix;
//! the next download removes parts that no flow names.

use std::collections::BTreeSet;
use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use idv_core::report::Evidence as Listed;
use idv_core::{Download, Error, ErrorKind, EvidenceId, Sink, async_trait};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::engine::evidence::NO_EVIDENCE_STORE;
use crate::engine::repository::{Inner, LoadedFlow, VendorHandle};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::evidence::{Evidence, EvidenceResult, KeptEvidence};
use crate::machine::{Command, FlowState, Input};
use crate::store::{EvidencePart, EvidenceStore, Lease, Record, StoreResult};
use crate::vault::{Context, Sealer};

/// The length of a part in clear: sealed, it is no longer than 1 MiB.
const PART: usize = 1024 * 1024 - 64;
/// The interval at which a long download reports that it is alive. Shorter than the silence after
/// which another worker begins it anew.
const WORD_EVERY: Duration = Duration::from_secs(2 * 60);

/// The result of a step.
struct Done {
    results: Vec<EvidenceResult>,
    /// The number of reports that were read.
    reports: usize,
    /// The items that were left to download.
    missing: Vec<EvidenceId>,
}

/// A failure to keep an item.
struct Failed {
    /// The item; `None` if the failure concerns no single item.
    listed: Option<Listed>,
    /// The number of reports that were read.
    reports: usize,
    /// The items that are left to download.
    missing: Vec<EvidenceId>,
    error: Error,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            listed: None,
            reports: 0,
            missing: Vec::new(),
            error,
        }
    }
}

impl Inner {
    /// Keeps the next item of a flow's evidence.
    pub(crate) async fn keep_evidence(
        &self,
        at: &VendorHandle,
        flow: LoadedFlow,
    ) -> Result<LoadedFlow> {
        let id = flow.record.id;
        let Some(flow) = self.begin(at, flow, &Command::KeepEvidence).await? else {
            return self.plan_anew(at, id).await;
        };
        let Some(item) = flow.state.download() else {
            return self.plan_anew(at, id).await;
        };
        match self.keep_next(at, &flow, item).await? {
            Ok(Done {
                results,
                reports,
                missing,
            }) => {
                let input = Input::EvidenceKept {
                    item,
                    results: &results,
                    reports,
                    missing: &missing,
                };
                let flow = self.change(at, flow, Lease::End, input).await?;
                let is_kept = |result: &EvidenceResult| matches!(result, EvidenceResult::Kept(_));
                // An operator has given it up meanwhile, or the flow was erased.
                if results.iter().any(is_kept)
                    && !flow
                        .state
                        .evidence
                        .kept
                        .iter()
                        .any(|kept| kept.item == item)
                {
                    self.evidence_store()?.erase_parts(id, Some(item)).await?;
                }
                Ok(flow)
            }
            Err(Failed {
                listed,
                reports,
                missing,
                error,
            }) => {
                let input = Input::EvidenceFailed {
                    item,
                    listed: listed.as_ref(),
                    reports,
                    missing: &missing,
                    error: &error,
                };
                self.change(at, flow, Lease::End, input).await
            }
        }
    }

    /// Downloads and stores the next item. The outer error ends the step; the inner one is a
    /// failure to keep the item.
    async fn keep_next(
        &self,
        at: &VendorHandle,
        flow: &LoadedFlow,
        item: u32,
    ) -> Result<Result<Done, Failed>> {
        let (record, evidence) = (&flow.record, &flow.state.evidence);
        let Ok(store) = self.evidence_store() else {
            return Ok(Err(Error::config(NO_EVIDENCE_STORE).into()));
        };
        let (mut missing, reports) = match self.missing_evidence(record, &flow.state).await {
            Ok(found) => found,
            Err(FlowError::Damaged(_)) => {
                return Ok(Err(
                    Error::malformed("the stored reports cannot be read").into()
                ));
            }
            Err(error) => return Err(error),
        };
        if let Err(error) = remove_leftovers(store, record.id, evidence).await {
            return Ok(Err(Error::new(ErrorKind::Sink).with_source(error).into()));
        }
        let too_many = missing.len().saturating_sub(evidence.items_left());
        missing.truncate(evidence.items_left());
        let mut done = Done {
            results: Vec::new(),
            reports,
            missing: missing.iter().map(|listed| listed.id.clone()).collect(),
        };
        if let Some(next) = next_item(&missing, evidence) {
            match self.keep_item(at, flow, store, item, next).await {
                Ok(result) => done.results.push(result),
                Err(error) => {
                    return Ok(Err(Failed {
                        listed: Some(next.clone()),
                        reports,
                        missing: done.missing,
                        error,
                    }));
                }
            }
        }
        if missing.len() == done.results.len() && too_many > 0 {
            done.results.push(EvidenceResult::TooMany(too_many));
        }
        Ok(Ok(done))
    }

    /// Returns the listed items that are to be kept and are not dealt with, and the number of
    /// reports that list them.
    async fn missing_evidence(
        &self,
        record: &Record,
        state: &FlowState,
    ) -> Result<(Vec<Listed>, usize)> {
        let (reports, evidence) = (self.reports(record).await?, &state.evidence);
        if reports.len() < usize::from(state.reports) {
            return Err(FlowError::Damaged("a report is missing"));
        }
        let (mut seen, mut missing) = (BTreeSet::new(), Vec::new());
        for kept in &reports {
            for listed in kept.report()?.evidence {
                if evidence.policy.keeps(listed.kind)
                    && !evidence.has(&listed.id)
                    && seen.insert(listed.id.clone())
                {
                    missing.push(listed);
                }
            }
        }
        Ok((missing, reports.len()))
    }

    /// Downloads an item into the store. After a failure none of its parts is left, unless the
    /// store fails too.
    async fn keep_item(
        &self,
        at: &VendorHandle,
        flow: &LoadedFlow,
        store: &dyn EvidenceStore,
        item: u32,
        listed: &Listed,
    ) -> Result<EvidenceResult, Error> {
        let (id, evidence) = (flow.record.id, &flow.state.evidence);
        let limit = evidence.policy.max_item.min(evidence.bytes_left());
        let too_long = EvidenceResult::TooLong {
            id: listed.id.clone(),
            kind: listed.kind,
        };
        if limit == 0 {
            return Ok(too_long);
        }
        let vault = self.vault_of(flow.record.tenant.as_deref());
        let mut parts = PartSink::new(self, vault, store, id, item);
        let stored = match self
            .download(at, flow, item, listed, limit, &mut parts)
            .await
        {
            Ok(download) => parts
                .finish()
                .await
                .map(|()| download)
                .map_err(|error| Error::new(ErrorKind::Sink).with_source(error)),
            Err(error) => Err(error),
        };
        match stored {
            Ok(download) => Ok(EvidenceResult::Kept(KeptEvidence {
                item,
                id: listed.id.clone(),
                kind: listed.kind,
                media_type: download.media_type.or_else(|| listed.media_type.clone()),
                length: parts.length,
                sha256: parts.digest.finalize().into(),
                kept_at: self.now(),
                parts: parts.part,
                key: vault.key_name(),
            })),
            Err(error) => {
                if let Err(error) = store.erase_parts(id, Some(item)).await {
                    tracing::warn!(flow = %id, error = &error as &dyn std::error::Error, "parts of evidence are left until the next try");
                }
                if *error.kind() == ErrorKind::LimitExceeded {
                    Ok(too_long)
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Downloads an item, and reports its progress at intervals. Ends early if the
    /// flow no longer waits for it.
    async fn download(
        &self,
        at: &VendorHandle,
        flow: &LoadedFlow,
        item: u32,
        listed: &Listed,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download, Error> {
        let id = flow.state.verification.id();
        let download = pin!(at.client.evidence(id, &listed.id, limit, sink));
        let superseded = pin!(async {
            loop {
                self.clock.sleep(WORD_EVERY).await;
                match self.say_under_way(at, flow.record.id, item).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "a download could not report its progress"
                        );
                    }
                }
            }
        });
        match select(download, superseded).await {
            Either::Left((downloaded, _)) => {
                self.note_answer(at, &downloaded).await;
                downloaded
            }
            Either::Right(_) => {
                Err(Error::new(ErrorKind::Conflict).detail("the evidence is no longer waited for"))
            }
        }
    }

    /// Reports the progress of a download. Returns whether the flow still waits for it.
    async fn say_under_way(&self, at: &VendorHandle, id: FlowId, item: u32) -> Result<bool> {
        self.settle_all_permits().await?;
        let flow = self.read(id).await?;
        if !flow.state.evidence.is_current(item) {
            return Ok(false);
        }
        let flow = self
            .change(at, flow, Lease::Keep, Input::EvidenceUnderWay { item })
            .await?;
        Ok(flow.state.evidence.is_current(item))
    }
}

/// Returns the item to download next. An item whose download fails comes after the others; one that
/// waits for an operator does not come at all.
fn next_item<'l>(missing: &'l [Listed], evidence: &Evidence) -> Option<&'l Listed> {
    missing
        .iter()
        .filter_map(|listed| match evidence.failure(&listed.id) {
            None => Some((None, listed)),
            Some(failed) if failed.awaits_operator() => None,
            Some(failed) => Some((Some(failed.failed_at), listed)),
        })
        .min_by_key(|(failed_at, _)| *failed_at)
        .map(|(_, listed)| listed)
}

/// Removes the parts that the flow does not name: those of interrupted downloads.
async fn remove_leftovers(
    store: &dyn EvidenceStore,
    id: FlowId,
    evidence: &Evidence,
) -> StoreResult<()> {
    // The first download of a flow finds nothing.
    if evidence.items <= 1 {
        return Ok(());
    }
    let named: BTreeSet<u32> = evidence.kept.iter().map(|kept| kept.item).collect();
    let there: BTreeSet<u32> = store
        .parts(id)
        .await?
        .into_iter()
        .map(|part| part.item)
        .collect();
    for item in there.difference(&named) {
        store.erase_parts(id, Some(*item)).await?;
    }
    Ok(())
}

/// Seals the bytes written to it and stores them in parts. It holds one part at a time.
struct PartSink<'a> {
    engine: &'a Inner,
    vault: &'a Sealer,
    store: &'a dyn EvidenceStore,
    flow: FlowId,
    item: u32,
    buffer: Zeroizing<Vec<u8>>,
    /// The number of parts that are stored.
    part: u32,
    length: u64,
    digest: Sha256,
}

impl<'a> PartSink<'a> {
    fn new(
        engine: &'a Inner,
        vault: &'a Sealer,
        store: &'a dyn EvidenceStore,
        flow: FlowId,
        item: u32,
    ) -> Self {
        Self {
            engine,
            vault,
            store,
            flow,
            item,
            buffer: Zeroizing::default(),
            part: 0,
            length: 0,
            digest: Sha256::new(),
        }
    }

    /// Stores the last part, which may be empty.
    async fn finish(&mut self) -> StoreResult<()> {
        self.put(true).await
    }

    async fn put(&mut self, is_last: bool) -> StoreResult<()> {
        let name = EvidencePart::new(self.flow, self.item, self.part);
        let sealed = self.vault.seal(
            &*self.engine.random,
            &Context::evidence(name, is_last),
            &self.buffer,
        );
        self.store.put_part(name, &sealed).await?;
        self.part = self.part.saturating_add(1);
        self.buffer.clear();
        Ok(())
    }
}

#[async_trait]
impl Sink for PartSink<'_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
        let mut rest = bytes;
        while !rest.is_empty() {
            // Whether a part is the last one is known when more bytes follow.
            if self.buffer.len() == PART {
                self.put(false).await.map_err(io::Error::other)?;
            }
            let (now, later) = rest.split_at(rest.len().min(PART - self.buffer.len()));
            append(&mut self.buffer, now);
            rest = later;
        }
        Ok(())
    }
}

/// Appends bytes to a buffer, which grows with its content: many items are far smaller than a part.
/// `Vec` itself would leave copies of the content behind in memory that is not cleared.
fn append(buffer: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    let length = buffer.len().saturating_add(bytes.len());
    if buffer.capacity() < length {
        let capacity = buffer.capacity().saturating_mul(2).min(PART).max(length);
        let mut larger = Zeroizing::new(Vec::with_capacity(capacity));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_grows_with_the_item_up_to_a_part() {
        let mut buffer = Zeroizing::default();
        append(&mut buffer, b"small");
        assert_eq!((buffer.as_slice(), buffer.capacity()), (&b"small"[..], 5));
        append(&mut buffer, b"er");
        assert_eq!(
            (buffer.as_slice(), buffer.capacity()),
            (&b"smaller"[..], 10)
        );
        append(&mut buffer, &vec![b'!'; PART - 7]);
        assert_eq!((buffer.len(), buffer.capacity()), (PART, PART));
        assert!(buffer.starts_with(b"smaller!") && buffer.ends_with(b"!"));
    }
}
