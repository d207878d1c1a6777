//! The flows of the store in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, State, beyond, is_among};
use crate::audit::AuditEntry;
use crate::id::FlowId;
use crate::store::{
    Commit, Committed, Filter, FlowStore, Inserted, Lease, ListCursor, ListOrder, LookupKey,
    Record, Reports, StoreError, StoreResult, to_microsecond,
};

#[async_trait]
impl FlowStore for MemoryStore {
    async fn insert(
        &self,
        record: &Record,
        lease: Option<Timestamp>,
        audit: &[AuditEntry],
    ) -> StoreResult<Inserted> {
        let mut state = self.state();
        let by_key = record
            .application_key
            .and_then(|key| state.application_keys.get(&key));
        if let Some(id) = state.references.get(&record.reference).or(by_key) {
            return Ok(Inserted::Exists(*id));
        }
        let mut keys = std::iter::once(record.reference).chain(record.application_key);
        if let Some(id) = keys.find_map(|key| state.purged.get(&key)) {
            return Ok(Inserted::Purged(*id));
        }
        if state.flows.contains_key(&record.id) {
            return Err(StoreError::new("a flow with this id already exists"));
        }
        state.trail.check(audit)?;
        state.trail.add(audit);
        state.put(Record {
            version: 1,
            ..record.clone()
        });
        state.due.lease_until(&record.id, lease);
        Ok(Inserted::New)
    }

    async fn load(&self, id: FlowId) -> StoreResult<Option<Record>> {
        Ok(self.state().flows.get(&id).cloned())
    }

    async fn commit(&self, commit: &Commit<'_>) -> StoreResult<Committed> {
        let record = commit.record;
        let mut state = self.state();
        if !state.is_at(record) {
            return Ok(Committed::Conflict);
        }
        if state
            .references
            .get(&record.reference)
            .is_some_and(|id| *id != record.id)
        {
            return Err(StoreError::new("another flow has this reference"));
        }
        if let Some(arrival) = &commit.arrival
            && state.knows_message(arrival.digest, arrival.forgotten)
        {
            return Ok(Committed::Conflict);
        }
        state.trail.check(commit.audit)?;
        state.trail.add(commit.audit);
        state.outbox.add(commit.events);
        let version = record.version.saturating_add(1);
        state.put(Record {
            version,
            ..record.clone()
        });
        if let Some((digest, end)) = commit.message {
            state.end_message(digest, end);
        }
        if let Some(arrival) = &commit.arrival {
            state.note_arrival(arrival, &record.account);
        }
        if commit.lease == Lease::End {
            state.due.lease_until(&record.id, None);
        }
        match commit.reports {
            Reports::Keep => {}
            Reports::Put(reports) => {
                state.reports.insert(record.id, reports.to_vec());
            }
            Reports::Erase => state.erase_reports(record.id),
        }
        Ok(Committed::Done(version))
    }

    async fn purge(&self, record: &Record, audit: &[AuditEntry]) -> StoreResult<Committed> {
        let mut state = self.state();
        if !state.is_at(record) {
            return Ok(Committed::Conflict);
        }
        state.trail.check(audit)?;
        state.trail.add(audit);
        state.take(record.id);
        state.due.remove(&record.id);
        state.erase_reports(record.id);
        let keys = std::iter::once(record.reference).chain(record.application_key);
        state.purged.extend(keys.map(|key| (key, record.id)));
        Ok(Committed::Done(record.version.saturating_add(1)))
    }

    async fn reports(&self, id: FlowId) -> StoreResult<Option<Vec<u8>>> {
        Ok(self.state().reports.get(&id).cloned())
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Record>> {
        let mut state = self.state();
        let State { due, flows, .. } = &mut *state;
        let claimed = due.claim(now, until, limit, |id| {
            flows
                .get(id)
                .is_some_and(|flow| is_among(accounts, &flow.account))
        });
        let mut records = Vec::with_capacity(claimed.len());
        for id in claimed {
            if let Some(record) = state.flows.get_mut(&id) {
                record.version = record.version.saturating_add(1);
                records.push(record.clone());
            }
        }
        Ok(records)
    }

    async fn locate(&self, keys: &[LookupKey]) -> StoreResult<Vec<(LookupKey, FlowId)>> {
        let state = self.state();
        let mut found = BTreeSet::new();
        for key in keys {
            let by_vendor = state
                .vendors
                .range((*key, FlowId::from_bytes([0; 16]))..)
                .take_while(|(kept, _)| kept == key)
                .map(|(_, id)| id);
            let ids = state
                .references
                .get(key)
                .into_iter()
                .chain(state.application_keys.get(key))
                .chain(by_vendor);
            found.extend(ids.map(|id| (*key, *id)));
        }
        Ok(found.into_iter().collect())
    }

    async fn list(
        &self,
        filter: &Filter,
        after: Option<ListCursor>,
        limit: usize,
    ) -> StoreResult<Vec<Record>> {
        let state = self.state();
        let equal = |wanted: &Option<String>, is: Option<&String>| {
            wanted.is_none() || wanted.as_ref() == is
        };
        let wanted = |record: &&Record| {
            filter.phase.is_none_or(|phase| record.phase == phase)
                && equal(&filter.provider, Some(&record.provider))
                && equal(&filter.account, Some(&record.account))
                && equal(&filter.tenant, record.tenant.as_ref())
                && (!filter.attention || record.attention.is_some())
        };
        if filter.order == ListOrder::Id {
            let records = beyond(&state.flows, after.map(ListCursor::id)).map(|(_, record)| record);
            return Ok(records.filter(wanted).take(limit).cloned().collect());
        }
        let place = |record: &Record| ListCursor::of(record, filter.order);
        let mut records: Vec<&Record> = state.flows.values().filter(wanted).collect();
        records.retain(|record| after.is_none_or(|after| place(record) > after));
        records.sort_by_key(|record| place(record));
        Ok(records.into_iter().take(limit).cloned().collect())
    }

    async fn others_due(&self, accounts: &[&str], now: Timestamp) -> StoreResult<Vec<String>> {
        let state = self.state();
        let due = state
            .flows
            .values()
            .filter(|flow| flow.due.is_some_and(|due| due < now));
        let others: BTreeSet<&str> = due
            .map(|flow| flow.account.as_str())
            .filter(|account| !accounts.contains(account))
            .collect();
        Ok(others.into_iter().map(str::to_owned).collect())
    }
}

impl State {
    /// Returns whether a flow is still at the version of a record.
    fn is_at(&self, record: &Record) -> bool {
        self.flows
            .get(&record.id)
            .is_some_and(|kept| kept.version == record.version)
    }

    /// Removes the reports of a flow, and the messages that are kept for it.
    fn erase_reports(&mut self, id: FlowId) {
        self.reports.remove(&id);
        let Self {
            messages, inbox, ..
        } = self;
        messages.retain(|digest, kept| {
            let is_removed = kept.message.flow == Some(id);
            if is_removed {
                inbox.remove(digest);
            }
            !is_removed
        });
    }

    /// Takes a record out of the flows and their indexes. Its lease stays.
    fn take(&mut self, id: FlowId) {
        let Some(old) = self.flows.remove(&id) else {
            return;
        };
        self.references.remove(&old.reference);
        if let Some(key) = old.application_key {
            self.application_keys.remove(&key);
        }
        if let Some(vendor) = old.vendor {
            self.vendors.remove(&(vendor, old.id));
        }
    }

    /// Replaces a record, also in the indexes. Its lease stays.
    fn put(&mut self, record: Record) {
        let record = Record {
            due: record.due.map(to_microsecond),
            created_at: to_microsecond(record.created_at),
            phase_since: to_microsecond(record.phase_since),
            ..record
        };
        self.take(record.id);
        self.references.insert(record.reference, record.id);
        if let Some(key) = record.application_key {
            self.application_keys.insert(key, record.id);
        }
        if let Some(vendor) = record.vendor {
            self.vendors.insert((vendor, record.id));
        }
        self.due.set(record.id, record.due);
        self.flows.insert(record.id, record);
    }
}
