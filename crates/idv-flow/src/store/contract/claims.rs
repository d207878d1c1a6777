//! Flows that are due, and their leases.

use std::sync::Arc;

use super::{
    Harness, at, at_once, claimed, counted, done, due, entry, flow, insert, load, opened,
    opened_often, record,
};
use crate::audit::AuditHead;
use crate::store::{Commit, Committed, Lease, Record, Store};

/// Promises: a claim returns due flows, the earliest first, up to the limit, and increments the
/// version of each.
pub async fn due_flows_are_claimed_in_order_up_to_the_limit<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for (number, second) in [(1, 30), (2, 10), (3, 40), (4, 20), (5, -9), (6, 31)] {
        insert(&store, &due(number, second)).await;
    }
    insert(&store, &record(7)).await;
    assert_eq!(claimed(&store, 30, 0).await, []);
    assert_eq!(claimed(&store, -10, 9).await, [], "nothing is due yet");
    let first = done(store.claim(at(30), at(60), 2, &[]).await);
    assert_eq!(
        first,
        [(5, -9), (2, 10)].map(|(number, second)| Record {
            version: 2,
            ..due(number, second)
        })
    );
    for record in first {
        assert_eq!(
            done(store.load(record.id).await),
            Some(record),
            "the store has the claimed version"
        );
    }
    assert_eq!(
        claimed(&store, 30, 9).await,
        [flow(4), flow(1)],
        "flows that are due at the time of the claim are claimed"
    );
    assert_eq!(claimed(&store, 30, 9).await, []);
    assert_eq!(claimed(&store, 35, usize::MAX).await, [flow(6)]);
    assert_eq!(
        load(&store, 3).await.version,
        1,
        "other flows do not change"
    );
}

/// Promises: a leased flow is claimed again only after its lease has expired, and then at a new
/// version.
pub async fn lease_holds_until_it_expires<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let other = harness.connect().await;
    insert(&store, &due(1, 0)).await;
    for round in 0..3 {
        let start = round * 100;
        let given = done(store.claim(at(start), at(start + 100), 1, &[]).await);
        let version = 2 + u64::try_from(round).expect("a version");
        assert_eq!(
            given,
            [Record {
                version,
                ..due(1, 0)
            }]
        );
        for store in [&store, &other] {
            assert_eq!(claimed(store, start, 9).await, []);
            assert_eq!(claimed(store, start + 99, 9).await, []);
        }
    }
}

/// Promises: a flow can be leased when it is inserted.
pub async fn flow_can_be_inserted_with_a_lease<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.insert(&due(1, 0), Some(at(10)), &[]).await);
    assert_eq!(claimed(&store, 9, 9).await, []);
    assert_eq!(claimed(&store, 10, 9).await, [flow(1)]);
}

/// Promises: a commit keeps the lease or ends it.
pub async fn commit_keeps_or_ends_the_lease<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &due(1, 0)).await;
    let mut held = done(store.claim(at(0), at(100), 1, &[]).await).remove(0);
    for due in [Some(at(1)), None, Some(at(2))] {
        held.due = due;
        let commit = Commit {
            lease: Lease::Keep,
            ..Commit::new(&held, &[])
        };
        assert_eq!(
            done(store.commit(&commit).await),
            Committed::Done(held.version + 1)
        );
        held.version += 1;
        assert_eq!(
            claimed(&store, 99, 9).await,
            [],
            "the lease stays, even if the flow had no due time in between"
        );
    }
    assert_eq!(
        done(store.commit(&Commit::new(&held, &[])).await),
        Committed::Done(held.version + 1)
    );
    assert_eq!(
        claimed(&store, 1, 9).await,
        [],
        "the flow is due again only at its due time"
    );
    assert_eq!(claimed(&store, 2, 9).await, [flow(1)]);
}

/// Promises: a worker cannot change a flow that another worker has claimed since.
pub async fn commit_conflicts_when_the_lease_was_lost<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &due(1, 0)).await;
    let slow = done(store.claim(at(0), at(10), 1, &[]).await).remove(0);
    let quick = done(harness.connect().await.claim(at(10), at(20), 1, &[]).await).remove(0);
    assert_eq!(
        done(store.commit(&Commit::new(&slow, &[entry(1, 1)])).await),
        Committed::Conflict
    );
    assert_eq!(claimed(&store, 19, 9).await, [], "the other's lease holds");
    assert_eq!(
        done(store.commit(&Commit::new(&quick, &[entry(1, 1)])).await),
        Committed::Done(4)
    );
}

/// Promises: a flow is claimed only at the due time that was committed last, and never without one.
pub async fn flow_is_not_claimed_when_it_is_no_longer_due<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in 1..=3 {
        insert(&store, &due(number, 0)).await;
    }
    for held in done(store.claim(at(0), at(10), 9, &[]).await) {
        let due = match held.id {
            id if id == flow(1) => None,
            id if id == flow(2) => Some(at(50)),
            _ => Some(at(-5)),
        };
        done(
            store
                .commit(&Commit::new(&Record { due, ..held }, &[]))
                .await,
        );
    }
    assert_eq!(claimed(&store, 49, 9).await, [flow(3)]);
    assert_eq!(claimed(&store, 50, 9).await, [flow(2)]);
    assert_eq!(claimed(&store, 1_000_000, 9).await, [flow(3), flow(2)]);
}

/// Promises: flows whose leases have expired are claimed in the order of their due times, not of
/// their leases.
pub async fn expired_lease_keeps_the_order_of_due_times<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &due(1, 1)).await;
    insert(&store, &due(2, 2)).await;
    assert_eq!(claimed(&store, 1, 1).await, [flow(1)]);
    assert_eq!(
        claimed(&store, 10, 1).await,
        [flow(2)],
        "a leased flow is skipped"
    );
    insert(&store, &due(3, 3)).await;
    assert_eq!(claimed(&store, 30, 1).await, [flow(1)]);
    assert_eq!(claimed(&store, 30, 9).await, [flow(2), flow(3)]);
}

/// Promises: concurrent claims return each flow once.
pub async fn flow_is_claimed_once_by_concurrent_claims<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for (number, store) in (1..=200).zip(stores.iter().cycle()) {
        insert(
            store,
            &due(number, i64::try_from(number % 50).expect("a second")),
        )
        .await;
    }
    let claimers = (0..16)
        .zip(stores.iter().cycle().cloned())
        .map(|(claimer, store)| async move {
            let mut all = Vec::new();
            // A concurrent claim may find fewer items than there are, but every item is found.
            loop {
                let given = done(store.claim(at(50), at(99), 1 + claimer % 7, &[]).await);
                assert!(given.iter().all(|record| record.version == 2), "{given:?}");
                assert!(given.is_sorted_by_key(|record| record.due), "{given:?}");
                if given.is_empty() {
                    return all;
                }
                all.extend(given.into_iter().map(|record| record.id));
            }
        });
    let given = counted(at_once(claimers).await.into_iter().flatten());
    assert!(
        given.len() == 200 && given.values().all(|times| *times == 1),
        "{given:?}"
    );
}

/// Promises: workers that share a store through leases and versions carry out each step of each
/// flow once.
pub async fn step_is_done_once_by_concurrent_workers<H: Harness>(harness: &H) {
    const FLOWS: u64 = 12;
    const STEPS: u64 = 8;
    let stores = opened_often(harness).await;
    for (number, store) in (1..=FLOWS).zip(stores.iter().cycle()) {
        insert(store, &due(number, 0)).await;
    }
    let workers = stores.iter().chain(&stores).cloned().map(work);
    let steps: u64 = at_once(workers).await.into_iter().sum();
    assert_eq!(steps, FLOWS * STEPS);
    for (number, store) in (1..=FLOWS).zip(stores.iter().cycle()) {
        let kept = load(store, number).await;
        assert_eq!(kept.audit.count, STEPS);
        let trail = done(store.audit_of(flow(number)).await);
        assert_eq!(
            trail.iter().map(|entry| entry.number).collect::<Vec<_>>(),
            (1..=STEPS).collect::<Vec<_>>()
        );
    }

    /// Carries out steps until none is left. Returns the number of steps.
    async fn work(store: Arc<dyn Store>) -> u64 {
        let mut steps = 0;
        while done(store.next_due(&[], &[]).await).is_some() {
            for held in done(store.claim(at(0), at(10), 2, &[]).await) {
                let number = u64::from_be_bytes(
                    held.id
                        .as_bytes()
                        .first_chunk()
                        .copied()
                        .expect("eight bytes"),
                );
                let count = held.audit.count + 1;
                let due = (count < STEPS).then(|| at(0));
                let entry = entry(number, count);
                let next = Record {
                    due,
                    audit: AuditHead {
                        count,
                        hash: entry.hash,
                    },
                    ..held
                };
                // No other worker changes a leased flow, so there is no conflict.
                assert!(matches!(
                    done(store.commit(&Commit::new(&next, &[entry])).await),
                    Committed::Done(_)
                ));
                steps += 1;
            }
            tokio::task::yield_now().await;
        }
        steps
    }
}
