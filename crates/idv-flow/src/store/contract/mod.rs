//! The contract that every store is held to, as a suite of tests.
//!
//! A [`Harness`] brings empty stores; [`store_contract!`](crate::store_contract!) makes a test of each promise. The three stores of this
//! crate pass it, and so must one of your own:
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
mod outbox;
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
pub use outbox::*;
pub use timers::*;
pub use trail::*;
pub use values::*;

/// A store under test. What it needs (a folder, a server) lives as long as the harness.
pub trait Harness: Send + Sync + Sized + 'static {
    /// A place for one store, with nothing in it: its tables have not been made.
    fn open() -> impl Future<Output = Self> + Send;

    /// The store there, as one more program would open it: two of them share nothing but what is stored.
    fn connect(&self) -> impl Future<Output = Arc<dyn Store>> + Send;
}

/// Makes a test of each promise of a [`Store`]. See [`contract`](mod@crate::store::contract).
#[macro_export]
macro_rules! store_contract {
    ($harness:ty) => {
        $crate::store_contract!(@tests $harness;
            tables_are_made_once_by_however_many
            a_name_keeps_the_first_value
            a_value_is_replaced_only_while_it_is_the_old_one
            of_many_values_one_is_kept
            of_many_replacements_one_is_made
            a_flow_is_loaded_as_it_was_inserted
            a_flow_of_many_bytes_is_kept
            a_reference_is_there_once
            a_reference_is_there_once_whoever_is_first
            a_name_is_there_once
            a_commit_replaces_the_flow_and_counts_its_version
            a_commit_at_another_version_changes_nothing
            a_commit_that_fails_changes_nothing
            of_many_commits_at_one_version_one_is_made
            changes_at_once_fail_alone
            reports_are_kept_replaced_and_erased
            a_flow_is_found_by_its_keys_whatever_its_phase
            application_key_is_there_once
            list_by_time_is_in_order
            flows_are_listed_by_their_names_in_pages
            flows_are_listed_as_they_are_filtered
            what_is_due_is_claimed_in_its_order_up_to_the_limit
            a_lease_holds_until_it_runs_out
            a_flow_can_be_inserted_with_a_lease
            a_commit_keeps_or_ends_the_lease
            who_lost_the_lease_cannot_commit
            what_is_not_due_any_more_is_not_claimed
            what_was_due_first_is_first_though_it_was_leased
            no_flow_is_claimed_twice_by_however_many
            no_step_is_done_twice_by_however_many
            a_message_is_taken_once
            a_message_is_taken_once_whoever_is_first
            a_message_worked_off_long_ago_counts_anew
            messages_are_claimed_in_their_order_and_counted
            a_message_put_off_is_claimed_then
            a_parked_message_waits_for_a_person
            a_parked_message_is_judged_again_when_due
            parked_messages_are_woken
            parked_messages_are_counted
            a_message_of_a_flow_is_erased_with_it
            a_message_worked_off_stays_so
            messages_worked_off_are_forgotten
            message_ends_in_the_commit_that_names_it
            no_message_is_claimed_twice_by_however_many
            events_are_there_exactly_when_their_change_is
            events_are_never_missed_by_a_reader
            an_event_is_claimed_after_those_before_it
            old_events_are_forgotten
            what_waits_is_counted
            a_timer_is_made_once
            a_timer_is_claimed_once_until_it_is_wound
            no_timer_is_claimed_twice_by_however_many
            the_next_time_is_the_first_at_which_a_claim_finds_something
            entries_are_there_exactly_when_their_change_is
            entries_are_read_by_flow_and_number
            a_block_takes_loose_entries
            a_number_of_a_block_is_taken_once
            an_entry_stands_in_one_block
            of_many_blocks_of_one_number_one_is_added
            blocks_are_read_in_order
            a_change_that_is_dropped_is_made_whole_or_not_at_all
            a_claim_that_is_dropped_loses_nothing
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

/// Runs a test on a runtime of its own, with several threads: races are to be raced.
pub fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(test);
}

/// Promises: [`Store::migrate`] may be called whenever a program starts, by several at once, and leaves what is stored as it is.
pub async fn tables_are_made_once_by_however_many<H: Harness>(harness: &H) {
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
    assert_eq!(load(&store, 1).await, record(1), "what is stored stays");
}

/// A store whose tables are made.
async fn opened<H: Harness>(harness: &H) -> Arc<dyn Store> {
    let store = harness.connect().await;
    done(store.migrate().await);
    store
}

/// Several of them over the same data.
async fn opened_often<H: Harness>(harness: &H) -> Vec<Arc<dyn Store>> {
    let mut stores = vec![opened(harness).await];
    for _ in 0..3 {
        stores.push(harness.connect().await);
    }
    stores
}

/// What must not fail.
fn done<T, E: Debug>(result: Result<T, E>) -> T {
    result.expect("the store does it")
}

/// The results of calls that are made at the same time, on several threads.
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

/// So many seconds into the test.
fn at(second: i64) -> Timestamp {
    let start = Timestamp::from_second(1_900_000_000).expect("a time");
    start + SignedDuration::from_secs(second)
}

/// The flow of a number; a higher number comes later in the order of names.
fn flow(number: u64) -> FlowId {
    let mut bits = [0; 16];
    bits.iter_mut()
        .zip(number.to_be_bytes())
        .for_each(|(bit, byte)| *bit = byte);
    FlowId::from_bytes(bits)
}

/// The key of a number.
fn key(number: u64) -> LookupKey {
    LookupKey(bytes32(number))
}

/// The digest of a number.
fn bytes32(number: u64) -> [u8; 32] {
    let mut digest = [0xA5; 32];
    digest
        .iter_mut()
        .zip(number.to_be_bytes())
        .for_each(|(byte, part)| *byte = part);
    digest
}

/// An open flow that waits for nothing, at version 1. Its reference is the key of its number.
fn record(number: u64) -> Record {
    let mut record = Record::new(flow(number), "vendor", key(number), at(0));
    (record.phase, record.body) = (Phase::Open, vec![7; 40]);
    record
}

/// The same, due then.
fn due(number: u64, second: i64) -> Record {
    Record {
        due: Some(at(second)),
        ..record(number)
    }
}

/// An entry of the trail of a flow.
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

/// A message that comes then.
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

/// The flows that a claim gives at a time, leased for ten seconds.
async fn claimed(store: &Arc<dyn Store>, second: i64, limit: usize) -> Vec<FlowId> {
    done(store.claim(at(second), at(second + 10), limit, &[]).await)
        .into_iter()
        .map(|record| record.id)
        .collect()
}

/// The messages that a claim gives at a time, leased for ten seconds.
async fn taken(store: &Arc<dyn Store>, second: i64, limit: usize) -> Vec<Message> {
    done(
        store
            .claim_inbox(at(second), at(second + 10), limit, &[])
            .await,
    )
}

/// How often each thing is there.
fn counted<T: Ord>(things: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for thing in things {
        *counts.entry(thing).or_insert(0) += 1;
    }
    counts
}
