//! Due times and leases of the store in memory.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::store::to_microsecond;

/// Due times and leases. There are two indexes, so that neither a claim nor the search for the next
/// time visits items that are not due.
pub(super) struct Queue<K> {
    slots: BTreeMap<K, Slot>,
    /// Ordered by the due time.
    by_due: BTreeSet<(Timestamp, K)>,
    /// Ordered by the time at which a claim finds the item.
    by_wake: BTreeSet<(Timestamp, K)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    due: Option<Timestamp>,
    lease: Option<Timestamp>,
}

impl Slot {
    /// Returns when a claim finds the item.
    fn wake(self) -> Option<Timestamp> {
        self.due
            .map(|due| self.lease.map_or(due, |lease| lease.max(due)))
    }
}

// Not derived: that would require a default of the keys.
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

    /// Sets when an item is due. Its lease stays.
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

    /// Sets the lease of an item, if the item exists.
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

    /// Leases wanted items that are due and not leased, the earliest first. It skips items that are
    /// due and leased: workers have them.
    pub(super) fn claim(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
        is_wanted: impl Fn(&K) -> bool,
    ) -> Vec<K> {
        let now = to_microsecond(now);
        // Most of the time no item is due, and the index of wake times shows it at once.
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

    /// Returns the earliest time at which a claim finds a wanted item.
    pub(super) fn next(&self, is_wanted: impl Fn(&K) -> bool) -> Option<Timestamp> {
        self.by_wake
            .iter()
            .find(|(_, key)| is_wanted(key))
            .map(|(wake, _)| *wake)
    }
}
