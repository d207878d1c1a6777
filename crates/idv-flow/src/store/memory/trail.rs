//! The audit trail of the store in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::{MemoryStore, State, beyond};
use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::store::{AuditStore, StoreError, StoreResult, to_microsecond};

#[async_trait]
impl AuditStore for MemoryStore {
    async fn audit(
        &self,
        after: Option<(FlowId, u64)>,
        limit: usize,
    ) -> StoreResult<Vec<AuditEntry>> {
        Ok(beyond(&self.state().trail.entries, after)
            .map(|(_, entry)| entry.clone())
            .take(limit)
            .collect())
    }

    async fn audit_of(&self, id: FlowId) -> StoreResult<Vec<AuditEntry>> {
        Ok(self
            .state()
            .trail
            .entries
            .range((id, 0)..=(id, u64::MAX))
            .map(|(_, entry)| entry.clone())
            .collect())
    }

    async fn unsealed_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        let state = self.state();
        Ok(state
            .trail
            .unsealed
            .iter()
            .take(limit)
            .filter_map(|name| state.trail.entries.get(name))
            .cloned()
            .collect())
    }

    async fn add_block(&self, block: &AuditBlock, entries: &[(FlowId, u64)]) -> StoreResult<bool> {
        let mut state = self.state();
        let trail = &mut state.trail;
        if trail.blocks.contains_key(&block.number) {
            return Ok(false);
        }
        let names: BTreeSet<_> = entries.iter().copied().collect();
        if names.len() < entries.len() || !names.is_subset(&trail.unsealed) {
            return Err(StoreError::new(
                "an entry of the block is missing or already in a block",
            ));
        }
        for name in &names {
            trail.unsealed.remove(name);
        }
        trail.blocks.insert(
            block.number,
            (
                AuditBlock {
                    at: to_microsecond(block.at),
                    ..block.clone()
                },
                names,
            ),
        );
        Ok(true)
    }

    async fn blocks(&self, after: Option<u64>, limit: usize) -> StoreResult<Vec<AuditBlock>> {
        Ok(beyond(&self.state().trail.blocks, after)
            .map(|(_, (block, _))| block.clone())
            .take(limit)
            .collect())
    }

    async fn last_block(&self) -> StoreResult<Option<AuditBlock>> {
        Ok(self
            .state()
            .trail
            .blocks
            .last_key_value()
            .map(|(_, (block, _))| block.clone()))
    }

    async fn block_entries(&self, number: u64) -> StoreResult<Vec<AuditEntry>> {
        let state = self.state();
        let names = state
            .trail
            .blocks
            .get(&number)
            .into_iter()
            .flat_map(|(_, names)| names);
        Ok(names
            .filter_map(|name| state.trail.entries.get(name))
            .cloned()
            .collect())
    }

    async fn remove_block(&self, number: u64, kept: &[FlowId]) -> StoreResult<bool> {
        let mut state = self.state();
        let State { trail, flows, .. } = &mut *state;
        let Some((_, names)) = trail.blocks.remove(&number) else {
            return Ok(false);
        };
        for name in names {
            if flows.contains_key(&name.0) || kept.contains(&name.0) {
                trail.unsealed.insert(name);
            } else {
                trail.entries.remove(&name);
            }
        }
        Ok(true)
    }

    async fn replace_with_entry(
        &self,
        name: &str,
        old: &[u8],
        new: &[u8],
        entry: &AuditEntry,
    ) -> StoreResult<bool> {
        let mut state = self.state();
        let State { trail, values, .. } = &mut *state;
        let Some(kept) = values.get_mut(name).filter(|kept| kept.as_slice() == old) else {
            return Ok(false);
        };
        let entries = std::slice::from_ref(entry);
        trail.check(entries)?;
        *kept = new.to_vec();
        trail.add(entries);
        Ok(true)
    }
}

/// The audit trail.
#[derive(Default)]
pub(super) struct Trail {
    entries: BTreeMap<(FlowId, u64), AuditEntry>,
    unsealed: BTreeSet<(FlowId, u64)>,
    blocks: BTreeMap<u64, (AuditBlock, BTreeSet<(FlowId, u64)>)>,
}

impl Trail {
    /// Fails if one of these entries already exists.
    pub(super) fn check(&self, entries: &[AuditEntry]) -> StoreResult<()> {
        let names: BTreeSet<_> = entries
            .iter()
            .map(|entry| (entry.flow, entry.number))
            .collect();
        if names.len() < entries.len() || names.iter().any(|name| self.entries.contains_key(name)) {
            return Err(StoreError::new(
                "an entry of the audit trail already exists",
            ));
        }
        Ok(())
    }

    pub(super) fn add(&mut self, entries: &[AuditEntry]) {
        for entry in entries {
            let name = (entry.flow, entry.number);
            self.entries.insert(
                name,
                AuditEntry {
                    at: to_microsecond(entry.at),
                    ..entry.clone()
                },
            );
            self.unsealed.insert(name);
        }
    }
}
