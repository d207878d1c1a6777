//! The verifications of a vendor.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

/// The number of recorded events of a verification. Earlier ones are removed.
const MAX_TIMELINE: usize = 200;

/// An event of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TimelineEntry {
    pub(crate) at: Timestamp,
    pub(crate) what: String,
    /// Whether the event belongs to the plan of a scenario, so that another scenario removes it if
    /// it is still to come.
    pub(crate) is_planned: bool,
}

/// Verifications by key, in the order of their creation.
#[derive(Debug)]
pub(crate) struct Cases<C> {
    /// The numbers of the verifications, by key.
    numbers: HashMap<String, u64>,
    by_number: BTreeMap<u64, Kept<C>>,
    created: u64,
    /// The keys that [`Cases::take_new`] has not returned yet.
    new: Vec<String>,
}

#[derive(Debug)]
struct Kept<C> {
    key: String,
    case: C,
    created_at: Option<Timestamp>,
    timeline: VecDeque<TimelineEntry>,
}

impl<C> Default for Cases<C> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            by_number: BTreeMap::new(),
            created: 0,
            new: Vec::new(),
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
        self.kept(key).map(|kept| &kept.case)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut C> {
        self.kept_mut(key).map(|kept| &mut kept.case)
    }

    /// Adds a verification as the latest one, and removes an earlier one with the same key.
    pub(crate) fn insert(&mut self, key: String, case: C) {
        self.remove(&key);
        self.created += 1;
        self.numbers.insert(key.clone(), self.created);
        self.new.push(key.clone());
        let kept = Kept {
            key,
            case,
            created_at: None,
            timeline: VecDeque::new(),
        };
        self.by_number.insert(self.created, kept);
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<C> {
        self.by_number
            .remove(&self.numbers.remove(key)?)
            .map(|kept| kept.case)
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = &String> {
        self.by_number.values().map(|kept| &kept.key)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &C> {
        self.by_number.values().map(|kept| &kept.case)
    }

    /// Starts the timelines of the verifications that were added since the last call, and returns
    /// their keys.
    pub(crate) fn take_new(&mut self, now: Timestamp) -> Vec<String> {
        let new = std::mem::take(&mut self.new);
        for key in &new {
            if let Some(kept) = self.kept_mut(key) {
                kept.created_at = Some(now);
            }
            self.note(key, now, "created".to_owned());
        }
        new
    }

    /// Returns the time of a verification's creation.
    pub(crate) fn created_at(&self, key: &str) -> Option<Timestamp> {
        self.kept(key)?.created_at
    }

    /// Returns the events of a verification, in order of time.
    pub(crate) fn timeline(&self, key: &str) -> Vec<TimelineEntry> {
        let mut entries: Vec<TimelineEntry> = self
            .kept(key)
            .map(|kept| kept.timeline.iter().cloned().collect())
            .unwrap_or_default();
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    /// Adds an event to a verification's timeline.
    pub(crate) fn note(&mut self, key: &str, at: Timestamp, what: String) {
        let entry = TimelineEntry {
            at,
            what,
            is_planned: false,
        };
        self.add_entries(key, [entry]);
    }

    /// Replaces the planned events that are still to come.
    pub(crate) fn replan(
        &mut self,
        key: &str,
        now: Timestamp,
        plan: impl IntoIterator<Item = (Timestamp, String)>,
    ) {
        if let Some(kept) = self.kept_mut(key) {
            kept.timeline
                .retain(|entry| !entry.is_planned || entry.at <= now);
        }
        let planned = |(at, what)| TimelineEntry {
            at,
            what,
            is_planned: true,
        };
        self.add_entries(key, plan.into_iter().map(planned));
    }

    fn add_entries(&mut self, key: &str, entries: impl IntoIterator<Item = TimelineEntry>) {
        let Some(kept) = self.kept_mut(key) else {
            return;
        };
        kept.timeline.extend(entries);
        let surplus = kept.timeline.len().saturating_sub(MAX_TIMELINE);
        kept.timeline.drain(..surplus);
    }

    fn kept(&self, key: &str) -> Option<&Kept<C>> {
        self.by_number.get(self.numbers.get(key)?)
    }

    fn kept_mut(&mut self, key: &str) -> Option<&mut Kept<C>> {
        self.by_number.get_mut(self.numbers.get(key)?)
    }
}
