//! Reads, verifies and reseals stored evidence.

use bytes::Bytes;
use futures_util::stream::{Stream, try_unfold};
use sha2::{Digest, Sha256};

use super::Engine;
use super::repository::{Inner, LoadedFlow};
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::machine::evidence::{FailedEvidence, KeptEvidence};
use crate::store::{EvidencePart, EvidenceStore, Record};
use crate::vault::{Context, Sealer};

/// The error if evidence is to be kept and no store is configured for it.
pub(crate) const NO_EVIDENCE_STORE: &str = "evidence is to be kept, and this store holds none: set an evidence store by EngineBuilder::evidence_store";

impl Engine {
    /// Returns the stored evidence of a flow.
    ///
    /// The list is complete after the event [`EvidenceReady`](crate::EventKind::EvidenceReady), and
    /// empty after our own copy was erased.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let builder = || bank.builder();
    /// use idv_flow::EvidencePolicy;
    ///
    /// let engine = builder().evidence(EvidencePolicy::all()).open().await?;
    /// # let id = bank.verified(&engine).await?;
    /// // Later the person of the flow `id` is verified.
    /// let kept = engine.evidence(id).await?;
    /// assert_eq!(kept.len(), 1);
    /// assert_eq!(kept[0].media_type.as_deref(), Some("application/pdf"));
    /// assert_eq!(kept[0].length, 8); // bytes
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors). [`FlowError::UnknownFlow`] if no flow has this id.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn evidence(&self, id: FlowId) -> Result<Vec<KeptEvidence>> {
        Ok(self.inner.read(id).await?.state.evidence.kept)
    }

    /// Returns the items of a flow's evidence whose download fails.
    ///
    /// The engine keeps the other items, and deletes neither copy before an operator
    /// [skips](crate::Resolution::SkipEvidence) the failed ones or the download succeeds.
    ///
    /// # Errors
    ///
    /// As [`Engine::evidence`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn failed_evidence(&self, id: FlowId) -> Result<Vec<FailedEvidence>> {
        Ok(self.inner.read(id).await?.state.evidence.failed)
    }

    /// Reads an item of evidence by its [number](KeptEvidence::item), as a stream of pieces of at
    /// most 1 MiB.
    ///
    /// The stream ends without an error only if the whole item is unchanged, according to its
    /// seals, length and digest. Do not use a part of it before.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use futures_util::TryStreamExt as _;
    /// # let builder = bank.builder().evidence(idv_flow::EvidencePolicy::all());
    /// # let engine = builder.open().await?;
    /// # let id = bank.verified(&engine).await?;
    ///
    /// for kept in engine.evidence(id).await? {
    ///     let mut pieces = std::pin::pin!(engine.read_evidence(id, kept.item).await?);
    ///     let mut length = 0;
    ///     while let Some(piece) = pieces.try_next().await? {
    ///         length += piece.len() as u64; // written to a file, for example
    ///     }
    ///     assert_eq!(length, kept.length);
    /// }
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors), for the call and for the items of the stream.
    ///
    /// - [`FlowError::UnknownFlow`] if no flow has this id, and [`FlowError::UnknownEvidence`] if
    ///   the flow has no such item, or if it is erased meanwhile.
    /// - [`FlowError::Damaged`] if the item was changed.
    /// - [`FlowError::Invalid`] if no store for evidence is configured here.
    ///
    /// # Cancellation
    ///
    /// The call and the stream only read: they can be dropped and repeated.
    pub async fn read_evidence(
        &self,
        id: FlowId,
        item: u32,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + use<>> {
        let (record, kept) = self.inner.kept_evidence(id, item).await?;
        self.inner.evidence_store()?;
        let reading = Reading {
            engine: self.clone(),
            record,
            kept,
            part: 0,
            length: 0,
            digest: Sha256::new(),
        };
        Ok(try_unfold(reading, Reading::next))
    }
}

/// A read of an item in progress.
struct Reading {
    engine: Engine,
    record: Record,
    kept: KeptEvidence,
    part: u32,
    length: u64,
    digest: Sha256,
}

impl Reading {
    /// Returns the next piece. The last one is returned only if the digest of the whole item
    /// matches.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        const CHANGED: FlowError = FlowError::Damaged("an item of evidence was changed");
        if self.part >= self.kept.parts {
            return Ok(None);
        }
        let piece = self
            .engine
            .inner
            .evidence_part(&self.record, &self.kept, self.part)
            .await?;
        self.part += 1;
        self.length = self.length.saturating_add(piece.len() as u64);
        self.digest.update(&piece);
        if self.part == self.kept.parts {
            let digest: [u8; 32] = self.digest.clone().finalize().into();
            if (self.length, digest) != (self.kept.length, self.kept.sha256) {
                return Err(CHANGED);
            }
        }
        Ok(Some((piece, self)))
    }
}

impl Inner {
    /// Returns the store for evidence.
    pub(crate) fn evidence_store(&self) -> Result<&dyn EvidenceStore> {
        let own = self.evidence_store.as_deref();
        own.or_else(|| self.store.evidence_store())
            .ok_or_else(|| FlowError::Invalid(NO_EVIDENCE_STORE.to_owned()))
    }

    async fn kept_evidence(&self, id: FlowId, item: u32) -> Result<(Record, KeptEvidence)> {
        let LoadedFlow { record, state, .. } = self.read(id).await?;
        let kept = state
            .evidence
            .kept
            .into_iter()
            .find(|kept| kept.item == item);
        kept.map(|kept| (record, kept))
            .ok_or(FlowError::UnknownEvidence(item))
    }

    /// Returns a part in clear.
    async fn evidence_part(
        &self,
        record: &Record,
        kept: &KeptEvidence,
        part: u32,
    ) -> Result<Bytes> {
        let name = EvidencePart::new(record.id, kept.item, part);
        let Some(sealed) = self.evidence_store()?.part(name).await? else {
            // The item may have been erased meanwhile.
            self.kept_evidence(record.id, kept.item).await?;
            return Err(FlowError::Damaged(
                "a part of an item of evidence is missing",
            ));
        };
        let vault = self.vault_of(record.tenant.as_deref());
        let mut clear = vault.open(&Context::evidence(name, part + 1 == kept.parts), &sealed)?;
        Ok(Bytes::from(std::mem::take(&mut *clear)))
    }

    /// Seals the evidence of a flow again by the current key. Returns whether the flow's state has
    /// changed. Items that cannot be read stay unchanged.
    pub(crate) async fn reseal_evidence(&self, flow: &mut LoadedFlow) -> Result<bool> {
        let vault = self.vault_of(flow.record.tenant.as_deref());
        let current = vault.key_name();
        let outdated: Vec<usize> = flow
            .state
            .evidence
            .kept
            .iter()
            .enumerate()
            .filter(|(_, kept)| kept.key != current)
            .map(|(at, _)| at)
            .collect();
        let mut is_changed = false;
        for at in outdated {
            let Some(kept) = flow.state.evidence.kept.get_mut(at) else {
                continue;
            };
            match self.reseal_item(vault, flow.record.id, kept).await {
                Ok(()) => (kept.key, is_changed) = (current.clone(), true),
                Err(FlowError::Damaged(what)) => {
                    tracing::error!(flow = %flow.record.id, item = kept.item, what, "evidence is damaged");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(is_changed)
    }

    async fn reseal_item(&self, vault: &Sealer, flow: FlowId, kept: &KeptEvidence) -> Result<()> {
        let store = self.evidence_store()?;
        for part in 0..kept.parts {
            let name = EvidencePart::new(flow, kept.item, part);
            let sealed = store.part(name).await?.ok_or(FlowError::Damaged(
                "a part of an item of evidence is missing",
            ))?;
            let context = Context::evidence(name, part + 1 == kept.parts);
            if vault.is_outdated(&sealed) {
                let clear = vault.open(&context, &sealed)?;
                store
                    .put_part(name, &vault.seal(&*self.random, &context, &clear))
                    .await?;
            }
        }
        Ok(())
    }

    /// Compares the evidence of a flow with the store and with the digests in its trail. Returns
    /// the faults, and the number of items that an older key seals.
    pub(crate) async fn verify_evidence(
        &self,
        flow: &LoadedFlow,
        trail: &[(String, u64)],
    ) -> Result<(Vec<String>, u64)> {
        let (id, evidence) = (flow.record.id, &flow.state.evidence);
        let is_erased = flow.state.deletion.own_erased_at.is_some();
        let Ok(store) = self.evidence_store() else {
            let missing = evidence.kept.len();
            return Ok((
                vec![format!(
                    "flow {id}: {missing} items of evidence cannot be checked: no evidence store \
                     is configured"
                )],
                0,
            ));
        };
        let parts = store.parts(id).await?;
        let mut faults = Vec::new();
        if is_erased && !parts.is_empty() {
            faults.push(format!(
                "flow {id}: our copy was erased, and {} parts of evidence are still stored",
                parts.len()
            ));
        }
        if !is_erased {
            let kept: Vec<(String, u64)> = evidence
                .kept
                .iter()
                .map(|kept| (kept.sha256_hex(), kept.length))
                .collect();
            if kept != trail {
                let (kept, trail) = (kept.len(), trail.len());
                faults.push(format!("flow {id}: the {kept} items of evidence differ from the {trail} that the trail names"));
            }
        }
        for kept in evidence.kept.iter().filter(|_| !evidence.erasing) {
            let there = parts
                .iter()
                .filter(|name| name.item == kept.item && name.part < kept.parts)
                .count();
            if u32::try_from(there) != Ok(kept.parts) {
                faults.push(format!(
                    "flow {id}: item {} of the evidence has {there} of {} parts",
                    kept.item, kept.parts
                ));
            }
        }
        let current = self.vault_of(flow.record.tenant.as_deref()).key_name();
        let outdated = evidence
            .kept
            .iter()
            .filter(|kept| kept.key != current)
            .count();
        Ok((faults, outdated as u64))
    }
}
