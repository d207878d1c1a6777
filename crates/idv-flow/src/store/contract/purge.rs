//! Removing flows and blocks of the audit trail.

use std::sync::Arc;

use super::trail::{block, named};
use super::{
    Harness, at, at_once, claimed, done, due, entry, flow, insert, key, load, message, opened,
    opened_often, record,
};
use crate::store::{Commit, Committed, Filter, Inserted, Record, Reports, Store};

/// Promises: [`FlowStore::purge`](crate::store::FlowStore::purge) removes the record, the reports
/// and the messages of one flow, and adds to its audit trail.
pub async fn purged_flow_is_removed_with_its_data<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in [1, 2] {
        let record = Record {
            vendor: Some(key(50 + number)),
            ..due(number, 0)
        };
        done(store.insert(&record, None, &[entry(number, 1)]).await);
        let commit = Commit {
            reports: Reports::Put(b"reports"),
            ..Commit::new(&record, &[])
        };
        assert_eq!(done(store.commit(&commit).await), Committed::Done(2));
        let kept = message(number, 0)
            .parked("unreadable", None)
            .kept_for(flow(number));
        done(store.push(&kept, at(-9)).await);
    }
    let first = load(&store, 1).await;
    let purged = done(store.purge(&first, &[entry(1, 2)]).await);
    assert_eq!(purged, Committed::Done(3));

    let store = harness.connect().await;
    assert_eq!(done(store.load(flow(1)).await), None);
    assert_eq!(done(store.reports(flow(1)).await), None);
    assert_eq!(
        done(store.locate(&[key(1), key(51), key(2)]).await),
        [(key(2), flow(2))]
    );
    let listed = done(store.list(&Filter::all(), None, 9).await);
    assert_eq!(listed.len(), 1, "{listed:?}");
    let parked = done(store.parked(None, 9).await);
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert!(done(store.reports(flow(2)).await).is_some());
    assert_eq!(
        done(store.audit_of(flow(1)).await),
        [entry(1, 1), entry(1, 2)],
        "the audit trail stays until its blocks are removed"
    );
    assert_eq!(claimed(&store, 9, 9).await, [flow(2)]);
    let again = done(store.purge(&first, &[]).await);
    assert_eq!(again, Committed::Conflict, "it is gone");
}

/// Promises: the reference key and the application key of a purged flow cannot be used again.
pub async fn keys_of_a_purged_flow_stay_taken<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let first = Record {
        application_key: Some(key(70)),
        vendor: Some(key(80)),
        ..record(1)
    };
    insert(&store, &first).await;
    done(store.purge(&first, &[]).await);
    let same_reference = Record {
        reference: key(1),
        ..record(2)
    };
    let same_key = Record {
        application_key: Some(key(70)),
        ..record(3)
    };
    for taken in [&first, &same_reference, &same_key] {
        let inserted = store.insert(taken, None, &[entry(9, 1)]).await;
        assert_eq!(done(inserted), Inserted::Purged(flow(1)));
        assert_eq!(done(store.load(taken.id).await), None);
    }
    assert_eq!(done(store.audit(None, 9).await), [], "nothing changes");
    let same_vendor = Record {
        vendor: Some(key(80)),
        application_key: Some(key(71)),
        ..record(4)
    };
    insert(&store, &same_vendor).await;
    // Concurrent insertions, of which one has a purged key, are independent.
    let calls = [same_reference, record(5), same_key, record(6)].map(|record| {
        let store = Arc::clone(&store);
        async move { done(store.insert(&record, None, &[]).await) }
    });
    assert_eq!(
        at_once(calls.into_iter()).await,
        [
            Inserted::Purged(flow(1)),
            Inserted::New,
            Inserted::Purged(flow(1)),
            Inserted::New
        ]
    );
}

/// Promises: a purge at another version, or with an entry that exists, changes nothing.
pub async fn purge_at_another_version_changes_nothing<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.insert(&due(1, 0), None, &[entry(1, 1)]).await);
    for version in [0, 2, u64::MAX] {
        let other = Record {
            version,
            ..due(1, 0)
        };
        let purged = done(store.purge(&other, &[entry(1, 2)]).await);
        assert_eq!(purged, Committed::Conflict, "{version}");
    }
    let missing = done(store.purge(&record(2), &[entry(2, 1)]).await);
    assert_eq!(missing, Committed::Conflict);
    store
        .purge(&due(1, 0), &[entry(1, 1)])
        .await
        .expect_err("the entry exists");
    assert_eq!(load(&store, 1).await, due(1, 0));
    assert_eq!(done(store.audit(None, 9).await), [entry(1, 1)]);
    let taken = done(store.insert(&record(1), None, &[]).await);
    assert_eq!(taken, Inserted::Exists(flow(1)));
    assert_eq!(claimed(&store, 0, 9).await, [flow(1)]);
}

/// Promises: of a concurrent purge and changes of one flow, one succeeds.
pub async fn one_of_concurrent_purges_succeeds<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for store in stores.iter().take(1) {
        insert(store, &record(1)).await;
    }
    let calls = (1..=12_u64).zip(stores.iter().cycle().cloned());
    let results = at_once(calls.map(|(number, store)| async move {
        let entries = [entry(1, number)];
        match number % 2 {
            0 => done(store.purge(&record(1), &entries).await),
            _ => done(store.commit(&Commit::new(&record(1), &entries)).await),
        }
    }))
    .await;
    let succeeded: Vec<_> = (1..=12_u64)
        .zip(results)
        .filter(|(_, result)| *result != Committed::Conflict)
        .collect();
    let [(number, Committed::Done(2))] = succeeded.as_slice() else {
        panic!("{succeeded:?}")
    };
    for store in &stores {
        let is_there = done(store.load(flow(1)).await).is_some();
        assert_eq!(is_there, number % 2 == 1);
        assert_eq!(done(store.audit_of(flow(1)).await), [entry(1, *number)]);
    }
}

/// Promises: [`AuditStore::remove_block`](crate::store::AuditStore::remove_block) removes a block
/// and the entries of purged flows; the entries of other flows become unsealed.
pub async fn removed_block_keeps_entries_of_other_flows<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in [1, 2] {
        let entries = [entry(number, 1), entry(number, 2)];
        done(store.insert(&record(number), None, &entries).await);
    }
    let names = [(flow(1), 1), (flow(1), 2), (flow(2), 1)];
    assert!(done(store.add_block(&block(1, 3), &names).await));
    assert!(done(store.add_block(&block(2, 1), &[(flow(2), 2)]).await));
    done(store.purge(&record(1), &[entry(1, 3)]).await);

    assert!(done(store.remove_block(1, &[]).await));
    assert!(!done(store.remove_block(1, &[]).await), "it is gone");
    assert!(
        !done(store.remove_block(3, &[]).await),
        "it was never there"
    );
    let store: Arc<dyn Store> = harness.connect().await;
    assert_eq!(done(store.blocks(None, 9).await), [block(2, 1)]);
    assert_eq!(done(store.block_entries(1).await), []);
    assert_eq!(
        named(&done(store.unsealed_entries(9).await)),
        [(flow(1), 3), (flow(2), 1)]
    );
    assert_eq!(
        named(&done(store.audit(None, 9).await)),
        [(flow(1), 3), (flow(2), 1), (flow(2), 2)]
    );
    // A trail without a flow is kept on request.
    done(store.remember("name", b"old").await);
    let of_account = entry(7, 1);
    let replaced = store.replace_with_entry("name", b"old", b"new", &of_account);
    assert!(done(replaced.await));
    assert!(done(store.add_block(&block(4, 1), &[(flow(7), 1)]).await));
    assert!(done(store.remove_block(4, &[flow(7)]).await));
    assert_eq!(done(store.audit_of(flow(7)).await), [of_account]);
    assert!(done(store.add_block(&block(4, 1), &[(flow(7), 1)]).await));
    assert!(done(store.remove_block(4, &[flow(2)]).await));
    assert_eq!(done(store.audit_of(flow(7)).await), []);
    let again = [(flow(1), 3), (flow(2), 1)];
    assert!(done(store.add_block(&block(3, 2), &again).await));
    assert_eq!(named(&done(store.block_entries(3).await)), again);
}
