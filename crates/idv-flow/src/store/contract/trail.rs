//! The audit trail and its blocks.

use jiff::Timestamp;

use super::{Harness, at_once, bytes32, done, entry, flow, opened, opened_often, record};
use crate::audit::{AuditBlock, AuditEntry};
use crate::id::FlowId;
use crate::store::{Commit, Committed, Record};

/// Promises: audit entries are stored exactly if their change is, as they were written.
pub async fn entries_are_stored_with_their_change<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let first = AuditEntry {
        at: Timestamp::from_microsecond(-1_234_567).expect("a time"),
        event: "\"ünusual\"".to_owned(),
        ..entry(1, 1)
    };
    done(
        store
            .insert(&record(1), None, std::slice::from_ref(&first))
            .await,
    );
    assert_eq!(
        done(store.audit_of(flow(1)).await),
        std::slice::from_ref(&first)
    );
    let entries: Vec<_> = (2..=40).map(|number| entry(1, number)).collect();
    assert_eq!(
        done(store.commit(&Commit::new(&record(1), &entries)).await),
        Committed::Done(2)
    );
    assert_eq!(
        done(
            store
                .commit(&Commit::new(&record(1), &[entry(1, 41)]))
                .await
        ),
        Committed::Conflict
    );
    assert_eq!(
        done(
            store
                .commit(&Commit::new(
                    &Record {
                        version: 2,
                        ..record(1)
                    },
                    &[]
                ))
                .await
        ),
        Committed::Done(3)
    );
    let kept = done(harness.connect().await.audit_of(flow(1)).await);
    assert_eq!(kept, [vec![first], entries].concat());
    assert_eq!(done(store.audit_of(flow(2)).await), []);
}

/// Promises: all entries are read in pages, by flow and number.
pub async fn entries_are_read_by_flow_and_number<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let mut expected = Vec::new();
    for number in [300, 2, 40] {
        let entries: Vec<_> = (1..=11).map(|position| entry(number, position)).collect();
        done(store.insert(&record(number), None, &entries).await);
        expected.extend(entries);
    }
    expected.sort_by_key(|entry| (entry.flow, entry.number));
    for limit in [1, 4, 11, 33, usize::MAX] {
        let mut read = Vec::new();
        let mut after = None;
        loop {
            let page = done(store.audit(after, limit).await);
            let Some(last) = page.last() else { break };
            assert!(page.len() <= limit);
            after = Some((last.flow, last.number));
            read.extend(page);
        }
        assert_eq!(read, expected, "{limit}");
    }
    assert_eq!(done(store.audit(None, 0).await), []);
    let middle = done(store.audit(Some((flow(3), 5)), 1).await);
    assert_eq!(middle, [entry(40, 1)], "the entry need not be there");
}

/// Promises: entries are unsealed until a block takes them. A block keeps its fields.
pub async fn block_takes_unsealed_entries<H: Harness>(harness: &H) {
    let store = trail_of_three(harness).await;
    let unsealed = done(store.unsealed_entries(99).await);
    assert_eq!(named(&unsealed), [(flow(1), 1), (flow(1), 2), (flow(2), 1)]);
    assert_eq!(
        done(store.unsealed_entries(2).await),
        unsealed.iter().take(2).cloned().collect::<Vec<_>>()
    );
    let made = AuditBlock {
        at: Timestamp::from_microsecond(-7).expect("a time"),
        ..block(1, 2)
    };
    assert!(done(
        store.add_block(&made, &[(flow(2), 1), (flow(1), 1)]).await
    ));
    assert_eq!(
        named(&done(store.unsealed_entries(99).await)),
        [(flow(1), 2)]
    );
    assert_eq!(
        named(&done(store.block_entries(1).await)),
        [(flow(1), 1), (flow(2), 1)],
        "the entries are ordered by flow and number"
    );
    assert_eq!(done(store.last_block().await), Some(made));
    // Later entries are unsealed; a block may be empty; a missing block has no entries.
    done(store.commit(&Commit::new(&record(1), &[entry(1, 3)])).await);
    assert_eq!(
        named(&done(store.unsealed_entries(99).await)),
        [(flow(1), 2), (flow(1), 3)]
    );
    assert!(done(store.add_block(&block(2, 0), &[]).await));
    assert_eq!(done(store.block_entries(2).await), []);
    assert_eq!(done(store.block_entries(3).await), []);
    assert_eq!(
        done(store.audit(None, 99).await).len(),
        4,
        "the trail has all entries"
    );
}

/// Promises: a block whose number exists is not added and takes no entries.
pub async fn block_number_is_unique<H: Harness>(harness: &H) {
    let store = trail_of_three(harness).await;
    assert!(done(store.add_block(&block(1, 1), &[(flow(1), 1)]).await));
    let other = AuditBlock {
        hash: bytes32(99),
        ..block(1, 1)
    };
    assert!(!done(store.add_block(&other, &[(flow(2), 1)]).await));
    assert!(
        !done(store.add_block(&other, &[(flow(1), 1)]).await),
        "the number is taken, whatever the entries"
    );
    assert_eq!(done(store.last_block().await), Some(block(1, 1)));
    assert_eq!(named(&done(store.block_entries(1).await)), [(flow(1), 1)]);
    assert_eq!(
        named(&done(store.unsealed_entries(99).await)),
        [(flow(1), 2), (flow(2), 1)]
    );
}

/// Promises: a block with an entry that is missing, repeated or already in a block fails and
/// changes nothing.
pub async fn entry_is_in_one_block<H: Harness>(harness: &H) {
    let store = trail_of_three(harness).await;
    assert!(done(store.add_block(&block(1, 1), &[(flow(1), 1)]).await));
    for wrong in [(flow(1), 1), (flow(1), 9), (flow(9), 1), (flow(2), 1)] {
        let entries = [(flow(2), 1), wrong, (flow(1), 2)];
        store
            .add_block(&block(2, 3), &entries)
            .await
            .expect_err("an entry is not unsealed");
        assert_eq!(done(store.last_block().await), Some(block(1, 1)));
        assert_eq!(done(store.block_entries(2).await), []);
        assert_eq!(
            named(&done(store.unsealed_entries(99).await)),
            [(flow(1), 2), (flow(2), 1)]
        );
    }
    assert!(
        done(
            store
                .add_block(&block(2, 2), &[(flow(2), 1), (flow(1), 2)])
                .await
        ),
        "the number is still free"
    );
}

/// Promises: of concurrent blocks with one number, one is added.
pub async fn one_of_concurrent_blocks_is_added<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    const ENTRIES: u64 = 1_200;
    for store in stores.iter().take(1) {
        let entries: Vec<_> = (1..=ENTRIES).map(|number| entry(1, number)).collect();
        done(store.insert(&record(1), None, &entries).await);
    }
    let names: Vec<_> = (1..=ENTRIES).map(|number| (flow(1), number)).collect();
    let calls = (0..8).zip(stores.iter().cycle().cloned());
    let results = at_once(calls.map(|(number, store)| {
        let names = names.clone();
        async move {
            done(
                store
                    .add_block(
                        &AuditBlock {
                            hash: bytes32(number),
                            ..block(1, ENTRIES)
                        },
                        &names,
                    )
                    .await,
            )
        }
    }))
    .await;
    let added: Vec<_> = (0..8).zip(results).filter(|(_, added)| *added).collect();
    let [(number, true)] = added.as_slice() else {
        panic!("{added:?}")
    };
    for store in stores {
        assert_eq!(
            done(store.blocks(None, 9).await),
            [AuditBlock {
                hash: bytes32(*number),
                ..block(1, ENTRIES)
            }]
        );
        assert_eq!(done(store.block_entries(1).await).len(), names.len());
        assert_eq!(done(store.unsealed_entries(9).await), []);
    }
}

/// Promises: blocks are read in pages, by number.
pub async fn blocks_are_read_in_order<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    assert_eq!(done(store.last_block().await), None);
    assert_eq!(done(store.blocks(None, 9).await), []);
    for number in [1, 2, 3, 10, 300] {
        assert!(done(store.add_block(&block(number, 0), &[]).await));
    }
    let numbers = async |after, limit| -> Vec<_> {
        done(store.blocks(after, limit).await)
            .iter()
            .map(|block| block.number)
            .collect()
    };
    assert_eq!(numbers(None, 2).await, [1, 2]);
    assert_eq!(numbers(Some(2), 2).await, [3, 10]);
    assert_eq!(numbers(Some(10), usize::MAX).await, [300]);
    assert_eq!(numbers(Some(300), 2).await, Vec::<u64>::new());
    assert_eq!(numbers(None, 0).await, Vec::<u64>::new());
    assert_eq!(done(store.last_block().await), Some(block(300, 0)));
    assert_eq!(done(store.blocks(Some(2), 1).await), [block(3, 0)]);
}

/// Returns a store with three unsealed entries of two flows.
async fn trail_of_three<H: Harness>(harness: &H) -> std::sync::Arc<dyn crate::store::Store> {
    let store = opened(harness).await;
    done(store.insert(&record(2), None, &[entry(2, 1)]).await);
    done(store.insert(&record(3), None, &[]).await);
    done(
        store
            .insert(
                &Record {
                    version: 1,
                    ..record(1)
                },
                None,
                &[entry(1, 1), entry(1, 2)],
            )
            .await,
    );
    store
}

pub(super) fn block(number: u64, entries: u64) -> AuditBlock {
    AuditBlock {
        number,
        at: super::at(7),
        entries,
        previous: bytes32(number.saturating_sub(1)),
        hash: bytes32(number),
    }
}

pub(super) fn named(entries: &[AuditEntry]) -> Vec<(FlowId, u64)> {
    entries
        .iter()
        .map(|entry| (entry.flow, entry.number))
        .collect()
}
