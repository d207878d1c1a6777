//! The contract of stores, as a suite of tests.
//!
//! A [`Harness`] provides empty stores; [`store_contract!`](crate::store_contract!) creates a test
//! of each promise. The three stores of this crate pass the suite, and so must a custom store:
//!
//! ```
//! use std::sync::Arc;
//!
//! use idv_flow::store::contract::Harness;
//! use idv_flow::store::{MemoryStore, Store};
//!
//! struct Memory(MemoryStore);
//!
//! impl Harness for Memory {
//!     async fn open() -> Self {
//!         Self(MemoryStore::new())
//!     }
//!
//!     async fn connect(&self) -> Arc<dyn Store> {
//!         Arc::new(self.0.clone())
//!     }
//! }
//!
//! idv_flow::store_contract!(Memory);
//! # fn main() {}
//! ```

#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod abandoned;
mod claims;
mod evidence;
mod flows;
mod inbox;
mod lists;
mod outbox;
mod parked;
mod purge;
mod timers;
mod trail;
mod values;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{LookupKey, Message, Phase, Record, Store};
use crate::audit::AuditEntry;
use crate::id::FlowId;

pub use abandoned::*;
pub use claims::*;
pub use evidence::*;
pub use flows::*;
pub use inbox::*;
pub use lists::*;
pub use outbox::*;
pub use parked::*;
pub use purge::*;
pub use timers::*;
pub use trail::*;
pub use values::*;

/// A store under test. Its folder or server lives as long as the harness.
pub trait Harness: Send + Sync + Sized + 'static {
    /// Returns an empty place for one store, without tables.
    fn open() -> impl Future<Output = Self> + Send;

    /// Opens the store there as another program would: two of them share only the stored data.
    fn connect(&self) -> impl Future<Output = Arc<dyn Store>> + Send;
}

/// Creates a test of each promise of a [`Store`]. See [`contract`](mod@crate::store::contract).
#[macro_export]
macro_rules! store_contract {
    ($harness:ty) => {
        $crate::store_contract!(@tests $harness;
            tables_are_created_once_by_concurrent_programs
            first_value_of_a_name_is_kept
            value_is_replaced_when_it_is_still_the_old_one
            one_of_concurrent_values_is_kept
            one_of_concurrent_replacements_succeeds
            value_is_replaced_together_with_entry
            one_of_concurrent_replacements_adds_its_entry
            flow_is_loaded_as_inserted
            large_flow_is_stored
            reference_is_unique
            reference_is_unique_among_concurrent_inserts
            flow_id_is_unique
            commit_replaces_the_flow_and_its_version
            commit_at_another_version_changes_nothing
            failed_commit_changes_nothing
            one_of_concurrent_commits_succeeds
            concurrent_changes_fail_independently
            reports_are_kept_replaced_and_erased
            flow_is_found_by_its_keys_in_any_phase
            application_key_is_unique
            list_by_time_is_ordered
            flows_are_listed_by_id_in_pages
            filter_restricts_a_list
            due_flows_are_claimed_in_order_up_to_the_limit
            lease_holds_until_it_expires
            flow_can_be_inserted_with_a_lease
            commit_keeps_or_ends_the_lease
            commit_conflicts_when_the_lease_was_lost
            flow_is_not_claimed_when_it_is_no_longer_due
            expired_lease_keeps_the_order_of_due_times
            flow_is_claimed_once_by_concurrent_claims
            step_is_done_once_by_concurrent_workers
            message_is_stored_once
            message_is_stored_once_by_concurrent_pushes
            message_processed_long_ago_counts_as_new
            messages_are_claimed_in_order_up_to_the_limit
            postponed_message_is_claimed_when_due
            parked_message_waits_for_an_operator
            parked_message_is_claimed_when_due
            parked_messages_are_woken
            parked_messages_are_counted_by_account
            message_kept_for_a_flow_is_erased_with_it
            processed_message_stays_processed
            processed_messages_are_purged
            message_ends_with_the_commit_that_names_it
            message_that_a_commit_brings_is_known_from_then_on
            one_of_concurrent_commits_brings_a_message
            message_is_claimed_once_by_concurrent_claims
            events_are_stored_with_their_change
            reader_misses_no_event_of_concurrent_writers
            event_is_claimed_after_earlier_events
            old_events_are_purged
            backlog_is_counted
            timer_is_created_once
            timer_is_claimed_by_its_name
            timer_is_claimed_until_it_is_rescheduled
            timer_is_claimed_once_by_concurrent_claims
            next_due_is_the_time_of_the_next_claim
            entries_are_stored_with_their_change
            entries_are_read_by_flow_and_number
            block_takes_unsealed_entries
            block_number_is_unique
            entry_is_in_one_block
            one_of_concurrent_blocks_is_added
            blocks_are_read_in_order
            purged_flow_is_removed_with_its_data
            keys_of_a_purged_flow_stay_taken
            purge_at_another_version_changes_nothing
            one_of_concurrent_purges_succeeds
            removed_block_keeps_entries_of_other_flows
            dropped_change_is_made_whole_or_not_at_all
            dropped_claim_loses_nothing
        );
    };
    (@tests $harness:ty; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                $crate::store::contract::run(async {
                    let harness = <$harness as $crate::store::contract::Harness>::open().await;
                    $crate::store::contract::$name(&harness).await;
                });
            }
        )*
    };
}

/// Runs a test on a new runtime with several threads, so that races can occur.
pub fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(test);
}

/// Promises: [`Store::migrate`] can be called whenever a program starts, by several at once, and
/// keeps stored data.
pub async fn tables_are_created_once_by_concurrent_programs<H: Harness>(harness: &H) {
    let stores = [
        harness.connect().await,
        harness.connect().await,
        harness.connect().await,
    ];
    let calls = (0..2)
        .flat_map(|_| &stores)
        .cloned()
        .map(|store| async move { store.migrate().await });
    for result in at_once(calls).await {
        done(result);
    }
    let store = harness.connect().await;
    insert(&store, &record(1)).await;
    done(store.migrate().await);
    assert_eq!(load(&store, 1).await, record(1), "stored data stays");
}

/// Opens a store and creates its tables.
async fn opened<H: Harness>(harness: &H) -> Arc<dyn Store> {
    let store = harness.connect().await;
    done(store.migrate().await);
    store
}

/// Opens several stores over the same data.
async fn opened_often<H: Harness>(harness: &H) -> Vec<Arc<dyn Store>> {
    let mut stores = vec![opened(harness).await];
    for _ in 0..3 {
        stores.push(harness.connect().await);
    }
    stores
}

/// Returns the value of a call that must not fail.
fn done<T, E: Debug>(result: Result<T, E>) -> T {
    result.expect("the store does not fail")
}

/// Returns the results of concurrent calls on several threads.
async fn at_once<T: Send + 'static>(
    calls: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let calls: Vec<_> = calls.map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(calls.len());
    for call in calls {
        results.push(call.await.expect("a call does not panic"));
    }
    results
}

/// Returns the time `second` seconds after the start of the test.
fn at(second: i64) -> Timestamp {
    let start = Timestamp::from_second(1_900_000_000).expect("a time");
    start + SignedDuration::from_secs(second)
}

/// Returns the flow of a number. Flows are ordered like their numbers.
fn flow(number: u64) -> FlowId {
    let mut bits = [0; 16];
    bits.iter_mut()
        .zip(number.to_be_bytes())
        .for_each(|(bit, byte)| *bit = byte);
    FlowId::from_bytes(bits)
}

/// Returns the key of a number.
fn key(number: u64) -> LookupKey {
    LookupKey(bytes32(number))
}

/// Returns the digest of a number.
fn bytes32(number: u64) -> [u8; 32] {
    let mut digest = [0xA5; 32];
    digest
        .iter_mut()
        .zip(number.to_be_bytes())
        .for_each(|(byte, part)| *byte = part);
    digest
}

/// Returns an open flow at version 1 with nothing due. Its reference is the key of its number.
fn record(number: u64) -> Record {
    let mut record = Record::new(flow(number), "vendor", key(number), at(0));
    (record.phase, record.body) = (Phase::Open, vec![7; 40]);
    record
}

/// Returns the same flow, due at `second`.
fn due(number: u64, second: i64) -> Record {
    Record {
        due: Some(at(second)),
        ..record(number)
    }
}

/// Returns an entry of a flow's audit trail.
fn entry(flow_number: u64, number: u64) -> AuditEntry {
    AuditEntry {
        flow: flow(flow_number),
        number,
        at: at(1),
        event: format!(r#"{{"what":"entry {number}"}}"#),
        previous: bytes32(number.saturating_sub(1)),
        hash: bytes32(number),
    }
}

/// Returns a message that arrives at `second`.
fn message(number: u64, second: i64) -> Message {
    Message::new(
        bytes32(number),
        "vendor".to_owned(),
        at(second),
        vec![number.to_le_bytes()[0]; 20],
    )
}

async fn insert(store: &Arc<dyn Store>, record: &Record) {
    let inserted = done(store.insert(record, None, &[]).await);
    assert_eq!(inserted, super::Inserted::New);
}

async fn load(store: &Arc<dyn Store>, number: u64) -> Record {
    done(store.load(flow(number)).await).expect("the flow is there")
}

/// Claims flows at `second` for ten seconds.
async fn claimed(store: &Arc<dyn Store>, second: i64, limit: usize) -> Vec<FlowId> {
    done(store.claim(at(second), at(second + 10), limit, &[]).await)
        .into_iter()
        .map(|record| record.id)
        .collect()
}

/// Claims messages at `second` for ten seconds.
async fn taken(store: &Arc<dyn Store>, second: i64, limit: usize) -> Vec<Message> {
    done(
        store
            .claim_inbox(at(second), at(second + 10), limit, &[])
            .await,
    )
}

/// Counts how often each item occurs.
fn counted<T: Ord>(things: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for thing in things {
        *counts.entry(thing).or_insert(0) += 1;
    }
    counts
}
