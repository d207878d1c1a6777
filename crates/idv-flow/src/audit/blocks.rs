//! Adds the audit entries of all flows to a chain of blocks, and seals the head of that chain.

use std::fmt;

use idv_core::Random;

use crate::audit::{AuditBlock, block_hash};
use crate::engine::repository::Inner;
use crate::error::{FlowError, Result};
use crate::id::FlowId;
use crate::vault::{Context, Sealer};

/// The name of the stored value that holds the sealed head of the chain.
pub(crate) const HEAD: &str = "blocks";

/// Maximum number of entries in a block.
const BLOCK: usize = 10_000;
/// Maximum number of attempts to update the sealed head while other programs change it.
const MAX_CONFLICTS: usize = 10;

/// The head of the chain of blocks. It is sealed, so that the removal of the last block is
/// detected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BlockHead {
    pub(crate) number: u64,
    pub(crate) hash: [u8; 32],
}

impl BlockHead {
    pub(crate) fn of(block: &AuditBlock) -> Self {
        Self {
            number: block.number,
            hash: block.hash,
        }
    }

    /// Seals the head for the value of this name.
    pub(crate) fn seal(&self, vault: &Sealer, name: &'static str, random: &dyn Random) -> Vec<u8> {
        vault.seal(
            random,
            &Context::store(name),
            &[self.number.to_be_bytes().as_slice(), &self.hash].concat(),
        )
    }

    /// Opens the value of this name.
    pub(crate) fn open(vault: &Sealer, name: &'static str, sealed: &[u8]) -> Result<Self> {
        const DAMAGED: FlowError =
            FlowError::Damaged("the sealed end of the audit trail is cut short");
        let bytes = vault.open(&Context::store(name), sealed)?;
        let (number, hash) = bytes.split_first_chunk::<8>().ok_or(DAMAGED)?;
        Ok(Self {
            number: u64::from_be_bytes(*number),
            hash: hash.try_into().map_err(|_| DAMAGED)?,
        })
    }

    /// Parses an anchor, such as `12:ab…`.
    pub(crate) fn parse(anchor: &str) -> Result<Self> {
        let parse = || {
            let (number, hash) = anchor.split_once(':')?;
            Some(Self {
                number: number.parse().ok()?,
                hash: hex::decode(hash).ok()?.try_into().ok()?,
            })
        };
        parse().ok_or_else(|| {
            FlowError::Invalid(
                "invalid anchor: expected a block's number and hash such as `12:ab…`".to_owned(),
            )
        })
    }
}

/// The anchor of the block.
impl fmt::Display for BlockHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, hex::encode(self.hash))
    }
}

impl Inner {
    /// Adds the entries that belong to no block yet to a new block.
    pub(crate) async fn seal_block(&self) -> Result<()> {
        loop {
            if !self.advance_head().await? {
                // The stored value stays unchanged, as evidence for an operator.
                tracing::error!(
                    "the sealed head of the audit trail is missing or was changed: verify the \
                     audit trail"
                );
                return Ok(());
            }
            let mut entries = self.store.unsealed_entries(BLOCK).await?;
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
            let names: Vec<(FlowId, u64)> = entries
                .iter()
                .map(|entry| (entry.flow, entry.number))
                .collect();
            // If another program was faster, the next call adds the remaining entries.
            if !self.store.add_block(&block, &names).await? {
                return Ok(());
            }
            self.advance_head().await?;
            if entries.len() < BLOCK {
                return Ok(());
            }
        }
    }

    /// Seals the last block as the head of the chain. Returns whether the former head is still part
    /// of the chain; if it is not, nothing changes.
    async fn advance_head(&self) -> Result<bool> {
        for _ in 0..MAX_CONFLICTS {
            // The head is read before the last block, because it is never written before its block.
            let Some(sealed) = self.store.value(HEAD).await? else {
                return Ok(false);
            };
            let head = match BlockHead::open(&self.vault, HEAD, &sealed) {
                Ok(head) => head,
                Err(error @ FlowError::Keys(_)) => return Err(error),
                Err(_) => return Ok(false),
            };
            let last = self
                .store
                .last_block()
                .await?
                .map_or_else(BlockHead::default, |block| BlockHead::of(&block));
            if !self.is_block(head).await? {
                return Ok(false);
            }
            if last.number > 0 {
                self.note_block(last.number, last.hash);
            }
            if head == last && !self.vault.is_outdated(&sealed) {
                return Ok(true);
            }
            if self
                .store
                .replace(HEAD, &sealed, &last.seal(&self.vault, HEAD, &*self.random))
                .await?
            {
                return Ok(true);
            }
        }
        // Another program updates the head.
        Ok(true)
    }

    /// Seals the head again if the vault's key was changed.
    pub(crate) async fn reseal_head(&self) -> Result<()> {
        let sealed = self.store.value(HEAD).await?;
        if sealed.is_some_and(|sealed| self.vault.is_outdated(&sealed)) {
            self.advance_head().await?;
        }
        self.reseal_archive().await
    }

    /// Returns the head of the chain, and whether the current key seals it.
    pub(crate) async fn head(&self) -> Result<(BlockHead, bool)> {
        const MISSING: FlowError =
            FlowError::Damaged("the sealed head of the audit trail is missing");
        let sealed = self.store.value(HEAD).await?.ok_or(MISSING)?;
        Ok((
            BlockHead::open(&self.vault, HEAD, &sealed)?,
            !self.vault.is_outdated(&sealed),
        ))
    }

    /// Returns whether the chain has this block. The head of an empty chain counts as a block.
    pub(crate) async fn is_block(&self, head: BlockHead) -> Result<bool> {
        if head.number == 0 {
            return Ok(head == BlockHead::default());
        }
        let found = self
            .store
            .blocks(Some(head.number.saturating_sub(1)), 1)
            .await?;
        Ok(found.first().map(BlockHead::of) == Some(head))
    }
}
