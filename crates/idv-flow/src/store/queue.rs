//! What is due when, for the store in memory.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::to_microsecond;

/// What is due when, and until when it is leased. Two indexes, so that neither a claim nor the next time looks at what is not due.
pub(super) struct Queue<K> {
    slots: BTreeMap<K, Slot>,
    /// By when it is due.
    by_due: BTreeSet<(Timestamp, K)>,
    /// By when a claim finds it.
    by_wake: BTreeSet<(Timestamp, K)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    due: Option<Timestamp>,
    lease: Option<Timestamp>,
}

impl Slot {
    /// When a claim finds it.
    fn wake(self) -> Option<Timestamp> {
        self.due
            .map(|due| self.lease.map_or(due, |lease| lease.max(due)))
    }
}

// Not derived: it would demand a default of the keys.
impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            slots: BTreeMap::new(),
            by_due: BTreeSet::new(),
            by_wake: BTreeSet::new(),
        }
    }
}

impl<K: Ord + Clone> Queue<K> {
    pub(super) fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.slots.contains_key(key)
    }

    /// Sets when something is due; its lease stays.
    pub(super) fn set(&mut self, key: K, due: Option<Timestamp>) {
        let lease = self.slots.get(&key).and_then(|slot| slot.lease);
        self.place(
            key,
            Slot {
                due: due.map(to_microsecond),
                lease,
            },
        );
    }

    /// Sets until when something that is here is leased.
    pub(super) fn lease_until<Q: Ord + ToOwned<Owned = K> + ?Sized>(
        &mut self,
        key: &Q,
        lease: Option<Timestamp>,
    ) where
        K: Borrow<Q>,
    {
        if let Some(slot) = self.slots.get(key).copied() {
            self.place(
                key.to_owned(),
                Slot {
                    lease: lease.map(to_microsecond),
                    ..slot
                },
            );
        }
    }

    fn place(&mut self, key: K, slot: Slot) {
        self.remove(&key);
        if let Some((due, wake)) = slot.due.zip(slot.wake()) {
            self.by_due.insert((due, key.clone()));
            self.by_wake.insert((wake, key.clone()));
        }
        self.slots.insert(key, slot);
    }

    pub(super) fn remove(&mut self, key: &K) {
        let Some(slot) = self.slots.remove(key) else {
            return;
        };
        if let Some((due, wake)) = slot.due.zip(slot.wake()) {
            self.by_due.remove(&(due, key.clone()));
            self.by_wake.remove(&(wake, key.clone()));
        }
    }

    /// Leases what is wanted, due and not leased, the earliest first. It passes over what is due and leased, which is what workers are at.
    pub(super) fn claim(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        is_wanted: impl Fn(&K) -> bool,
    ) -> Vec<K> {
        let now = to_microsecond(now);
        // Where nothing is to be found, as most of the time, not even that.
        if self.next(|_| true).is_none_or(|next| next > now) {
            return Vec::new();
        }
        let due = self
            .by_due
            .iter()
            .take_while(|(due, _)| *due <= now)
            .map(|(_, key)| key);
        let free = due.filter(|key| {
            self.slots
                .get(*key)
                .and_then(|slot| slot.lease)
                .is_none_or(|lease| lease <= now)
        });
        let claimed: Vec<_> = free
            .filter(|key| is_wanted(key))
            .take(limit)
            .cloned()
            .collect();
        for key in &claimed {
            if let Some(slot) = self.slots.get(key).copied() {
                self.place(
                    key.clone(),
                    Slot {
                        lease: Some(to_microsecond(until)),
                        ..slot
                    },
                );
            }
        }
        claimed
    }

    /// The earliest time at which a claim finds something that is wanted.
    pub(super) fn next(&self, is_wanted: impl Fn(&K) -> bool) -> Option<Timestamp> {
        self.by_wake
            .iter()
            .find(|(_, key)| is_wanted(key))
            .map(|(wake, _)| *wake)
    }
}
