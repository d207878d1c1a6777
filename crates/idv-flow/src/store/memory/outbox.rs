//! The outbox of the store in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, beyond};
use crate::id::FlowId;
use crate::machine::event::Event;
use crate::store::{EventCursor, Outbox, PendingEvent, StoreResult, to_microsecond};

#[async_trait]
impl Outbox for MemoryStore {
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
        let Events {
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
        let Events {
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

    async fn purge_events(&self, before: Timestamp, limit: usize) -> StoreResult<u64> {
        let mut state = self.state();
        let Events {
            events, waiting, ..
        } = &mut state.outbox;
        let before = to_microsecond(before);
        let mut purged = 0;
        events.retain(|_, kept| {
            let is_old = kept.event.at < before && (kept.due.is_none() || kept.tries == 0);
            let is_removed = purged < limit && is_old;
            purged += usize::from(is_removed);
            !is_removed
        });
        for positions in waiting.values_mut() {
            positions.retain(|position| events.contains_key(position));
        }
        waiting.retain(|_, positions| !positions.is_empty());
        Ok(purged as u64)
    }
}

/// The events for the application.
#[derive(Default)]
pub(super) struct Events {
    /// By position.
    pub(super) events: BTreeMap<u64, KeptEvent>,
    /// The positions of the undelivered events of each flow, in order.
    waiting: BTreeMap<FlowId, BTreeSet<u64>>,
    last: u64,
}

pub(super) struct KeptEvent {
    pub(super) event: Event,
    /// Missing once the event was delivered.
    pub(super) due: Option<Timestamp>,
    lease: Option<Timestamp>,
    tries: u32,
}

impl Events {
    pub(super) fn add(&mut self, events: &[Event]) {
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
