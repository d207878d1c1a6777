//! A store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use idv_core::Clock;
use jiff::Timestamp;

use super::queue::Queue;
use super::{
    Backlog, Commit, Committed, EventCursor, EvidencePart, EvidenceStore, Filter, Inserted, Lease,
    ListCursor, ListOrder, LookupKey, Message, MessageEnd, PendingEvent, Pushed, Record, Reports,
    Store, StoreError, StoreResult, to_microsecond,
};
use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::machine::event::Event;

/// A store in memory: for tests, and for programs that may forget everything when they end.
///
/// A clone is the same store, so that a test can end a program and start it again over what was stored.
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Option<Arc<dyn Clock>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the clock that all programs over this store share, as the server of a database has one.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The state. Each method changes it only after everything that can fail has been looked at, so a panic elsewhere that poisoned the
    /// lock left nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn migrate(&self) -> StoreResult<()> {
        Ok(())
    }

    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        Ok(self.clock.as_ref().map(|clock| clock.now()))
    }

    async fn remember(&self, name: &str, value: &[u8]) -> StoreResult<Vec<u8>> {
        Ok(self
            .state()
            .values
            .entry(name.to_owned())
            .or_insert_with(|| value.to_vec())
            .clone())
    }

    async fn value(&self, name: &str) -> StoreResult<Option<Vec<u8>>> {
        Ok(self.state().values.get(name).cloned())
    }

    async fn replace(&self, name: &str, old: &[u8], new: &[u8]) -> StoreResult<bool> {
        let mut state = self.state();
        let kept = state
            .values
            .get_mut(name)
            .filter(|kept| kept.as_slice() == old);
        Ok(kept.map(|kept| *kept = new.to_vec()).is_some())
    }

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
        if state.flows.contains_key(&record.id) {
            return Err(StoreError::new("a flow of this name is there already"));
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
        if state
            .flows
            .get(&record.id)
            .is_none_or(|kept| kept.version != record.version)
        {
            return Ok(Committed::Conflict);
        }
        if state
            .references
            .get(&record.reference)
            .is_some_and(|id| *id != record.id)
        {
            return Err(StoreError::new("another flow has this reference"));
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
        if commit.lease == Lease::End {
            state.due.lease_until(&record.id, None);
        }
        match commit.reports {
            Reports::Keep => {}
            Reports::Put(reports) => {
                state.reports.insert(record.id, reports.to_vec());
            }
            Reports::Erase => {
                state.reports.remove(&record.id);
                let State {
                    messages, inbox, ..
                } = &mut *state;
                messages.retain(|digest, kept| {
                    let gone = kept.message.flow == Some(record.id);
                    if gone {
                        inbox.remove(digest);
                    }
                    !gone
                });
            }
        }
        Ok(Committed::Done(version))
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

    async fn push(&self, message: &Message, forgotten: Timestamp) -> StoreResult<Pushed> {
        let mut state = self.state();
        let anew = |kept: &Kept| {
            kept.done_at
                .is_some_and(|done_at| done_at < to_microsecond(forgotten))
        };
        if state
            .messages
            .get(&message.digest)
            .is_some_and(|kept| !anew(kept))
        {
            return Ok(Pushed::Repeated);
        }
        let (received_at, due) = (
            to_microsecond(message.received_at),
            message.due.map(to_microsecond),
        );
        let message = Message {
            received_at,
            due,
            ..message.clone()
        };
        state.inbox.set(message.digest, message.due);
        state.inbox.lease_until(&message.digest, None);
        state.messages.insert(
            message.digest,
            Kept {
                message,
                done_at: None,
            },
        );
        Ok(Pushed::New)
    }

    async fn claim_inbox(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        accounts: &[&str],
    ) -> StoreResult<Vec<Message>> {
        let mut state = self.state();
        let State {
            inbox, messages, ..
        } = &mut *state;
        let of = |kept: &Kept| is_among(accounts, &kept.message.account);
        let claimed = inbox.claim(now, until, limit, |digest| {
            messages.get(digest).is_some_and(of)
        });
        let mut messages = Vec::with_capacity(claimed.len());
        for digest in claimed {
            if let Some(Kept { message, .. }) = state.messages.get_mut(&digest) {
                message.tries = message.tries.saturating_add(1);
                messages.push(message.clone());
            }
        }
        Ok(messages)
    }

    async fn finish(&self, digest: &[u8; 32], end: &MessageEnd) -> StoreResult<()> {
        self.state().end_message(digest, end);
        Ok(())
    }

    async fn parked(
        &self,
        after: Option<(Timestamp, [u8; 32])>,
        limit: usize,
    ) -> StoreResult<Vec<Message>> {
        let state = self.state();
        let place = |message: &Message| (message.received_at, message.digest);
        let after = after.map(|(at, digest)| (to_microsecond(at), digest));
        let parked = state
            .messages
            .values()
            .map(|kept| &kept.message)
            .filter(|message| message.attention.is_some());
        let mut parked: Vec<_> = parked
            .filter(|message| after.is_none_or(|after| place(message) > after))
            .collect();
        parked.sort_by_key(|message| place(message));
        Ok(parked.into_iter().take(limit).cloned().collect())
    }

    async fn parked_count(&self, account: &str) -> StoreResult<u64> {
        let state = self.state();
        let parked =
            |kept: &&Kept| kept.message.attention.is_some() && kept.message.account == account;
        Ok(state.messages.values().filter(parked).count() as u64)
    }

    async fn wake_parked(&self, flow: Option<FlowId>, now: Timestamp) -> StoreResult<u64> {
        let mut state = self.state();
        let State {
            messages, inbox, ..
        } = &mut *state;
        let now = to_microsecond(now);
        let mut woken = 0;
        for (digest, kept) in messages {
            let message = &mut kept.message;
            let wanted = message.attention.is_some() && (flow.is_none() || message.flow == flow);
            if wanted && message.due.is_none_or(|due| due > now) {
                message.due = Some(now);
                inbox.set(*digest, message.due);
                woken += 1;
            }
        }
        Ok(woken)
    }

    async fn purge_inbox(&self, before: Timestamp) -> StoreResult<u64> {
        let mut state = self.state();
        let State {
            messages, inbox, ..
        } = &mut *state;
        let before = to_microsecond(before);
        let mut purged = 0;
        messages.retain(|digest, kept| {
            let old = kept.done_at.is_some_and(|done_at| done_at < before);
            if old {
                inbox.remove(digest);
                purged += 1;
            }
            !old
        });
        Ok(purged)
    }

    async fn events(
        &self,
        after: Option<EventCursor>,
        limit: usize,
    ) -> StoreResult<Vec<(EventCursor, Event)>> {
        let state = self.state();
        let after = after.map(|cursor| cursor.parts().1);
        let place = |position: &u64| EventCursor::new(0, *position);
        let events = beyond(&state.outbox.events, after).take(limit);
        Ok(events
            .map(|(position, kept)| (place(position), kept.event.clone()))
            .collect())
    }

    async fn event(&self, flow: FlowId, sequence: u64) -> StoreResult<Option<Event>> {
        let state = self.state();
        let found = state
            .outbox
            .events
            .values()
            .find(|kept| kept.event.flow == flow && kept.event.sequence == sequence);
        Ok(found.map(|kept| kept.event.clone()))
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> StoreResult<Vec<PendingEvent>> {
        let mut state = self.state();
        let Outbox {
            events, waiting, ..
        } = &mut state.outbox;
        let now = to_microsecond(now);
        let mut ready: Vec<(Timestamp, u64)> = Vec::new();
        for positions in waiting.values() {
            let first = positions
                .first()
                .and_then(|position| Some((*position, events.get(position)?)));
            if let Some((position, pending)) = first
                && let Some(due) = pending.due.filter(|due| *due <= now)
                && pending.lease.is_none_or(|lease| lease <= now)
            {
                ready.push((due, position));
            }
        }
        ready.sort_unstable();
        let mut claimed = Vec::new();
        for (_, position) in ready.into_iter().take(limit) {
            if let Some(kept) = events.get_mut(&position) {
                kept.lease = Some(to_microsecond(until));
                kept.tries = kept.tries.saturating_add(1);
                claimed.push(PendingEvent::new(kept.event.clone(), kept.tries));
            }
        }
        Ok(claimed)
    }

    async fn finish_event(
        &self,
        flow: FlowId,
        sequence: u64,
        again: Option<Timestamp>,
    ) -> StoreResult<()> {
        let mut state = self.state();
        let Outbox {
            events, waiting, ..
        } = &mut state.outbox;
        let Some(positions) = waiting.get_mut(&flow) else {
            return Ok(());
        };
        let found = positions.iter().copied().find(|position| {
            events
                .get(position)
                .is_some_and(|kept| kept.event.sequence == sequence)
        });
        let Some(kept) = found.and_then(|position| events.get_mut(&position)) else {
            return Ok(());
        };
        (kept.due, kept.lease) = (again.map(to_microsecond), None);
        if again.is_none() {
            positions.retain(|position| Some(*position) != found);
        }
        if positions.is_empty() {
            waiting.remove(&flow);
        }
        Ok(())
    }

    async fn late_events(&self, tries: u32, limit: usize) -> StoreResult<Vec<PendingEvent>> {
        let state = self.state();
        let late = state
            .outbox
            .events
            .values()
            .filter(|kept| kept.due.is_some() && kept.tries >= tries);
        Ok(late
            .take(limit)
            .map(|kept| PendingEvent::new(kept.event.clone(), kept.tries))
            .collect())
    }

    async fn purge_events(&self, before: Timestamp) -> StoreResult<u64> {
        let mut state = self.state();
        let Outbox {
            events, waiting, ..
        } = &mut state.outbox;
        let before = to_microsecond(before);
        let count = events.len();
        events.retain(|_, kept| kept.event.at >= before || (kept.due.is_some() && kept.tries > 0));
        for positions in waiting.values_mut() {
            positions.retain(|position| events.contains_key(position));
        }
        waiting.retain(|_, positions| !positions.is_empty());
        Ok((count - events.len()) as u64)
    }

    async fn backlog(&self, with_events: bool) -> StoreResult<Backlog> {
        let state = self.state();
        let waiting = || {
            state
                .messages
                .values()
                .filter(|kept| kept.done_at.is_none())
        };
        let parked = waiting()
            .filter(|kept| kept.message.attention.is_some())
            .count();
        let undelivered = state
            .outbox
            .events
            .values()
            .filter(|kept| with_events && kept.due.is_some());
        Ok(Backlog {
            messages: (waiting().count() - parked) as u64,
            parked: parked as u64,
            oldest_event: undelivered.map(|kept| kept.event.at).min(),
        })
    }

    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let mut state = self.state();
        if !state.timers.contains(name) {
            state.timers.set(name.to_owned(), Some(due));
        }
        Ok(())
    }

    async fn claim_timers(&self, now: Timestamp, until: Timestamp) -> StoreResult<Vec<String>> {
        Ok(self.state().timers.claim(now, until, usize::MAX, |_| true))
    }

    async fn wind_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let mut state = self.state();
        if state.timers.contains(name) {
            state.timers.set(name.to_owned(), Some(due));
            state.timers.lease_until(name, None);
        }
        Ok(())
    }

    async fn next_due(&self, accounts: &[&str]) -> StoreResult<Option<Timestamp>> {
        let state = self.state();
        let flows = state.due.next(|id| {
            state
                .flows
                .get(id)
                .is_some_and(|flow| is_among(accounts, &flow.account))
        });
        let of = |kept: &Kept| is_among(accounts, &kept.message.account);
        let messages = state
            .inbox
            .next(|digest| state.messages.get(digest).is_some_and(of));
        Ok([flows, messages, state.timers.next(|_| true)]
            .into_iter()
            .flatten()
            .min())
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

    async fn loose_entries(&self, limit: usize) -> StoreResult<Vec<AuditEntry>> {
        let state = self.state();
        Ok(state
            .trail
            .loose
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
        if names.len() < entries.len() || !names.is_subset(&trail.loose) {
            return Err(StoreError::new(
                "an entry of the block is not there, or is in a block already",
            ));
        }
        for name in &names {
            trail.loose.remove(name);
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

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        Some(self)
    }
}

#[async_trait]
impl EvidenceStore for MemoryStore {
    async fn put_part(&self, part: EvidencePart, body: &[u8]) -> StoreResult<()> {
        self.state().evidence.insert(part, body.to_vec());
        Ok(())
    }

    async fn part(&self, part: EvidencePart) -> StoreResult<Option<Vec<u8>>> {
        Ok(self.state().evidence.get(&part).cloned())
    }

    async fn parts(&self, flow: FlowId) -> StoreResult<Vec<EvidencePart>> {
        Ok(self
            .state()
            .evidence
            .range(EvidencePart::all_of(flow))
            .map(|(part, _)| *part)
            .collect())
    }

    async fn erase_parts(&self, flow: FlowId, item: Option<u32>) -> StoreResult<()> {
        self.state()
            .evidence
            .retain(|part, _| part.flow != flow || item.is_some_and(|item| part.item != item));
        Ok(())
    }
}

/// Everything that is stored.
#[derive(Default)]
struct State {
    values: BTreeMap<String, Vec<u8>>,
    flows: BTreeMap<FlowId, Record>,
    references: BTreeMap<LookupKey, FlowId>,
    application_keys: BTreeMap<LookupKey, FlowId>,
    vendors: BTreeSet<(LookupKey, FlowId)>,
    reports: BTreeMap<FlowId, Vec<u8>>,
    due: Queue<FlowId>,
    messages: BTreeMap<[u8; 32], Kept>,
    inbox: Queue<[u8; 32]>,
    timers: Queue<String>,
    trail: Trail,
    outbox: Outbox,
    evidence: BTreeMap<EvidencePart, Vec<u8>>,
}

impl State {
    /// Ends a message, unless it has ended.
    fn end_message(&mut self, digest: &[u8; 32], end: &MessageEnd) {
        let Self {
            messages, inbox, ..
        } = self;
        let Some(Kept { message, done_at }) = messages
            .get_mut(digest)
            .filter(|kept| kept.done_at.is_none())
        else {
            return;
        };
        match end {
            MessageEnd::Done(at) => {
                *done_at = Some(to_microsecond(*at));
                message.attention = None;
                message.body = Vec::new();
                inbox.set(*digest, None);
            }
            MessageEnd::Later(due) => {
                message.due = Some(to_microsecond(*due));
                message.attention = None;
                inbox.set(*digest, message.due);
            }
            MessageEnd::Parked { reason, again } => {
                message.due = again.map(to_microsecond);
                message.attention = Some(reason.clone());
                inbox.set(*digest, message.due);
            }
        }
        inbox.lease_until(digest, None);
    }

    /// Puts a record in the place of the one of its name, and into the indexes. Its lease stays.
    fn put(&mut self, record: Record) {
        let record = Record {
            due: record.due.map(to_microsecond),
            created_at: to_microsecond(record.created_at),
            phase_since: to_microsecond(record.phase_since),
            ..record
        };
        if let Some(old) = self.flows.get(&record.id) {
            self.references.remove(&old.reference);
            if let Some(key) = old.application_key {
                self.application_keys.remove(&key);
            }
            if let Some(vendor) = old.vendor {
                self.vendors.remove(&(vendor, old.id));
            }
        }
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

/// A message, and when it was worked off.
struct Kept {
    message: Message,
    done_at: Option<Timestamp>,
}

/// What the application is told.
#[derive(Default)]
struct Outbox {
    /// By position.
    events: BTreeMap<u64, KeptEvent>,
    /// The positions of the undelivered events of each flow, in order.
    waiting: BTreeMap<FlowId, BTreeSet<u64>>,
    last: u64,
}

struct KeptEvent {
    event: Event,
    /// Missing once it was delivered.
    due: Option<Timestamp>,
    lease: Option<Timestamp>,
    tries: u32,
}

impl Outbox {
    fn add(&mut self, events: &[Event]) {
        for event in events {
            self.last += 1;
            let event = Event {
                at: to_microsecond(event.at),
                ..event.clone()
            };
            self.waiting
                .entry(event.flow)
                .or_default()
                .insert(self.last);
            self.events.insert(
                self.last,
                KeptEvent {
                    due: Some(event.at),
                    event,
                    lease: None,
                    tries: 0,
                },
            );
        }
    }
}

/// The audit trail.
#[derive(Default)]
struct Trail {
    entries: BTreeMap<(FlowId, u64), AuditEntry>,
    loose: BTreeSet<(FlowId, u64)>,
    blocks: BTreeMap<u64, (AuditBlock, BTreeSet<(FlowId, u64)>)>,
}

impl Trail {
    /// Fails where one of these entries is there already.
    fn check(&self, entries: &[AuditEntry]) -> StoreResult<()> {
        let names: BTreeSet<_> = entries
            .iter()
            .map(|entry| (entry.flow, entry.number))
            .collect();
        if names.len() < entries.len() || names.iter().any(|name| self.entries.contains_key(name)) {
            return Err(StoreError::new(
                "an entry of the audit trail is there already",
            ));
        }
        Ok(())
    }

    fn add(&mut self, entries: &[AuditEntry]) {
        for entry in entries {
            let name = (entry.flow, entry.number);
            self.entries.insert(
                name,
                AuditEntry {
                    at: to_microsecond(entry.at),
                    ..entry.clone()
                },
            );
            self.loose.insert(name);
        }
    }
}

/// Returns whether an account is one of these, or there are none.
fn is_among(accounts: &[&str], account: &str) -> bool {
    accounts.is_empty() || accounts.contains(&account)
}

/// What comes after a key, or all.
fn beyond<K: Ord, V>(
    map: &BTreeMap<K, V>,
    after: Option<K>,
) -> std::collections::btree_map::Range<'_, K, V> {
    use std::ops::Bound;
    map.range((
        after.map_or(Bound::Unbounded, Bound::Excluded),
        Bound::Unbounded,
    ))
}
