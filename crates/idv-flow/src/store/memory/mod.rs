//! A store in memory.

mod flows;
mod inbox;
mod outbox;
mod queue;
mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use idv_core::Clock;
use jiff::Timestamp;

use self::inbox::Kept;
use self::outbox::Events;
use self::queue::Queue;
use self::trail::Trail;
use super::{
    Backlog, EvidencePart, EvidenceStore, LookupKey, Record, Store, StoreResult, TimerStore,
};
use crate::id::FlowId;

/// A store in memory: for tests, and for programs that may lose all data when they end.
///
/// Clones share the data, so that a test can end a program and start it again.
#[derive(Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Option<Arc<dyn Clock>>,
}

impl MemoryStore {
    /// Returns an empty store.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use idv_flow::Engine;
    /// use idv_flow::store::MemoryStore;
    /// # let client = bank.client();
    ///
    /// let store = MemoryStore::new();
    /// let builder = || Engine::builder(store.clone()).client(client.clone());
    /// let first = builder().open().await?;
    /// # let id = bank.start(&first).await?;
    /// // A program starts the flow `id` and ends. The next one continues with the same data.
    /// drop(first);
    /// assert!(builder().open().await?.status(id).await?.hand_off.is_some());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the clock that all programs over this store share, like that of a database's server.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// use std::sync::Arc;
    /// use idv_flow::store::{MemoryStore, Store as _};
    /// use idv_testkit::ManualClock;
    ///
    /// let server = ManualClock::new("2026-01-01T00:00:20Z".parse()?);
    /// let store = MemoryStore::new().with_clock(Arc::new(server));
    /// assert_eq!(store.server_time().await?, Some("2026-01-01T00:00:20Z".parse()?));
    /// assert_eq!(MemoryStore::new().server_time().await?, None);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Locks the state. Each method checks everything that can fail before it changes anything, so
    /// a panic that poisoned the lock left no partial change.
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

    async fn server_time(&self) -> StoreResult<Option<Timestamp>> {
        Ok(self.clock.as_ref().map(|clock| clock.now()))
    }

    fn evidence_store(&self) -> Option<&dyn EvidenceStore> {
        Some(self)
    }
}

#[async_trait]
impl TimerStore for MemoryStore {
    async fn set_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let mut state = self.state();
        if !state.timers.contains(name) {
            state.timers.set(name.to_owned(), Some(due));
        }
        Ok(())
    }

    async fn claim_timers(
        &self,
        now: Timestamp,
        until: Timestamp,
        names: &[&str],
    ) -> StoreResult<Vec<String>> {
        let is_wanted = |name: &String| is_among(names, name);
        let timers = &mut self.state().timers;
        Ok(timers.claim(now, until, usize::MAX, is_wanted))
    }

    async fn reschedule_timer(&self, name: &str, due: Timestamp) -> StoreResult<()> {
        let mut state = self.state();
        if state.timers.contains(name) {
            state.timers.set(name.to_owned(), Some(due));
            state.timers.lease_until(name, None);
        }
        Ok(())
    }

    async fn next_due(&self, accounts: &[&str], timers: &[&str]) -> StoreResult<Option<Timestamp>> {
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
        let timers = state.timers.next(|name| is_among(timers, name));
        Ok([flows, messages, timers].into_iter().flatten().min())
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

/// The stored data.
#[derive(Default)]
struct State {
    values: BTreeMap<String, Vec<u8>>,
    flows: BTreeMap<FlowId, Record>,
    references: BTreeMap<LookupKey, FlowId>,
    application_keys: BTreeMap<LookupKey, FlowId>,
    vendors: BTreeSet<(LookupKey, FlowId)>,
    /// The reference keys and application keys of purged flows.
    purged: BTreeMap<LookupKey, FlowId>,
    reports: BTreeMap<FlowId, Vec<u8>>,
    due: Queue<FlowId>,
    messages: BTreeMap<[u8; 32], Kept>,
    inbox: Queue<[u8; 32]>,
    timers: Queue<String>,
    trail: Trail,
    outbox: Events,
    evidence: BTreeMap<EvidencePart, Vec<u8>>,
}

/// Returns whether an account is in a list, or the list is empty.
fn is_among(accounts: &[&str], account: &str) -> bool {
    accounts.is_empty() || accounts.contains(&account)
}

/// Returns the entries after a key, or all entries.
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
