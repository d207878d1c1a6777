//! The verifications of a vendor.

use std::collections::{BTreeMap, HashMap};

/// Verifications by key, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Cases<C> {
    /// The numbers of the verifications, by key.
    numbers: HashMap<String, u64>,
    by_number: BTreeMap<u64, (String, C)>,
    created: u64,
}

impl<C> Default for Cases<C> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            by_number: BTreeMap::new(),
            created: 0,
        }
    }
}

impl<C> Cases<C> {
    pub(crate) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(crate) fn contains_key(&self, key: &str) -> bool {
        self.numbers.contains_key(key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&C> {
        self.by_number
            .get(self.numbers.get(key)?)
            .map(|(_, case)| case)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut C> {
        self.by_number
            .get_mut(self.numbers.get(key)?)
            .map(|(_, case)| case)
    }

    /// Adds a verification as the latest one, and removes an earlier one with the same key.
    pub(crate) fn insert(&mut self, key: String, case: C) {
        self.remove(&key);
        self.created += 1;
        self.numbers.insert(key.clone(), self.created);
        self.by_number.insert(self.created, (key, case));
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<C> {
        self.by_number
            .remove(&self.numbers.remove(key)?)
            .map(|(_, case)| case)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.by_number.values().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &C> {
        self.by_number.values().map(|(_, case)| case)
    }
}
