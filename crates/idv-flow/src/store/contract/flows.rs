//! Inserting and changing flows.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    Harness, at, at_once, bytes32, claimed, done, due, entry, flow, insert, key, load, opened,
    opened_often, record,
};
use crate::audit::{AuditEntry, AuditHead};
use crate::store::{
    Commit, Committed, Filter, Inserted, LookupKey, Phase, Record, Reports, Store, StoreResult,
};

/// Promises: every program loads a flow as it was inserted, at version 1, with times to the
/// microsecond.
pub async fn flow_is_loaded_as_inserted<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let full = Record {
        version: 77,
        phase: Phase::Creating,
        phase_since: Timestamp::MIN,
        provider: "a \"provider\"; it's ünusual".to_owned(),
        account: "an account".to_owned(),
        tenant: Some("a tenant".to_owned()),
        attention: Some("disputed".to_owned()),
        due: Timestamp::from_microsecond(-1).ok(),
        created_at: Timestamp::MIN,
        vendor: Some(LookupKey([0xFF; 32])),
        application_key: Some(LookupKey([0; 32])),
        body: (0..=u8::MAX).collect(),
        audit: AuditHead {
            count: 3,
            hash: [0x80; 32],
        },
        ..record(1)
    };
    insert(&store, &full).await;
    let empty = Record {
        body: Vec::new(),
        due: Some(Timestamp::MAX),
        ..record(2)
    };
    insert(&store, &empty).await;
    let fine = Timestamp::from_nanosecond(1_900_000_000_123_456_789).ok();
    let before_1970 = Timestamp::from_nanosecond(-1_500).expect("a time");
    insert(
        &store,
        &Record {
            due: fine,
            created_at: before_1970,
            ..record(3)
        },
    )
    .await;

    let store = harness.connect().await;
    assert_eq!(load(&store, 1).await, Record { version: 1, ..full });
    let microsecond = |number| Timestamp::from_microsecond(number).expect("a time");
    let kept = load(&store, 2).await;
    assert_eq!(
        kept,
        Record {
            due: Timestamp::new(Timestamp::MAX.as_second(), 999_999_000).ok(),
            ..empty
        }
    );
    let kept = load(&store, 3).await;
    assert_eq!(
        kept.due,
        Some(microsecond(1_900_000_000_123_456)),
        "times are truncated to microseconds"
    );
    assert_eq!(kept.created_at, microsecond(-1), "before 1970 as well");
    assert_eq!(done(store.load(flow(4)).await), None);
}

/// Promises: bodies and reports can have the length of reports.
pub async fn large_flow_is_stored<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let body: Vec<u8> = (0..1_500_000_u32)
        .flat_map(|number| number.to_le_bytes().into_iter().take(1))
        .collect();
    insert(&store, &record(1)).await;
    let large = Record {
        body: body.clone(),
        ..record(1)
    };
    let committed = commit(&store, &large, Reports::Put(&body), &[]).await;
    assert_eq!(done(committed), Committed::Done(2));
    assert!(load(&store, 1).await.body == body, "the body is complete");
    assert!(
        done(store.reports(flow(1)).await) == Some(body),
        "the reports are complete"
    );
}

/// Promises: no two flows have the same reference key. A second insertion returns the first flow
/// and changes nothing.
pub async fn reference_is_unique<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.insert(&record(1), None, &[entry(1, 1)]).await);
    let second = Record {
        reference: key(1),
        due: Some(at(0)),
        vendor: Some(key(50)),
        ..record(2)
    };
    let inserted = done(store.insert(&second, None, &[entry(2, 1)]).await);
    assert_eq!(inserted, Inserted::Exists(flow(1)));
    assert_eq!(done(store.load(flow(2)).await), None);
    assert_eq!(done(store.audit_of(flow(2)).await), []);
    assert_eq!(done(store.locate(&[key(50)]).await), []);
    assert_eq!(claimed(&store, 1, 9).await, []);
    assert_eq!(load(&store, 1).await, record(1));
    // The same insertion again, as after a crash, finds the flow and adds no entry.
    assert_eq!(
        done(store.insert(&record(1), None, &[entry(1, 1)]).await),
        Inserted::Exists(flow(1))
    );
    assert_eq!(done(store.audit_of(flow(1)).await), [entry(1, 1)]);
    // The reference of an erased flow stays taken.
    let erased = Record {
        phase: Phase::Erased,
        ..record(1)
    };
    done(store.commit(&Commit::new(&erased, &[])).await);
    assert_eq!(
        done(store.insert(&second, None, &[]).await),
        Inserted::Exists(flow(1))
    );
}

/// Promises: of concurrent insertions with one reference key, one succeeds.
pub async fn reference_is_unique_among_concurrent_inserts<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    let calls = (1..=16).zip(stores.iter().cycle().cloned());
    let results = at_once(calls.map(|(number, store)| async move {
        let record = Record {
            reference: key(1),
            ..record(number)
        };
        (
            record.id,
            store.insert(&record, None, &[entry(number, 1)]).await,
        )
    }))
    .await;
    let results: Vec<_> = results
        .into_iter()
        .map(|(id, inserted)| (id, done(inserted)))
        .collect();
    let first: Vec<_> = results
        .iter()
        .filter(|(_, inserted)| *inserted == Inserted::New)
        .map(|(id, _)| *id)
        .collect();
    let [first] = first.as_slice() else {
        panic!("{} were inserted", first.len())
    };
    assert!(
        results
            .iter()
            .all(|(id, inserted)| id == first || *inserted == Inserted::Exists(*first)),
        "{results:?}"
    );
    for store in stores.iter().take(1) {
        assert_eq!(done(store.list(&Filter::all(), None, 99).await).len(), 1);
        assert_eq!(done(store.audit(None, 99).await).len(), 1);
    }
}

/// Promises: an insertion with an existing id and another reference fails and changes nothing.
pub async fn flow_id_is_unique<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &record(1)).await;
    let other = Record {
        reference: key(2),
        ..due(1, 0)
    };
    store
        .insert(&other, None, &[entry(1, 1)])
        .await
        .expect_err("the name is taken");
    assert_eq!(load(&store, 1).await, record(1));
    assert_eq!(done(store.locate(&[key(2)]).await), []);
    assert_eq!(done(store.audit_of(flow(1)).await), []);
}

/// Promises: [`FlowStore::commit`](crate::store::FlowStore::commit) replaces all fields and
/// increments the version.
pub async fn commit_replaces_the_flow_and_its_version<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &due(1, 5)).await;
    insert(&store, &record(2)).await;
    let changed = Record {
        phase: Phase::Done,
        provider: "another".to_owned(),
        attention: Some("disputed".to_owned()),
        due: Some(at(9)),
        vendor: Some(key(70)),
        body: b"changed".to_vec(),
        audit: AuditHead {
            count: 1,
            hash: bytes32(1),
        },
        ..record(1)
    };
    assert_eq!(
        done(store.commit(&Commit::new(&changed, &[])).await),
        Committed::Done(2)
    );
    assert_eq!(
        load(&store, 1).await,
        Record {
            version: 2,
            ..changed.clone()
        }
    );
    let back = Record {
        version: 2,
        ..record(1)
    };
    assert_eq!(
        done(store.commit(&Commit::new(&back, &[])).await),
        Committed::Done(3)
    );
    assert_eq!(load(&store, 1).await, Record { version: 3, ..back });
    assert_eq!(load(&store, 2).await, record(2), "no other is changed");
}

/// Promises: a commit at another version is a conflict, and changes neither the flow nor its lease,
/// reports or audit trail.
pub async fn commit_at_another_version_changes_nothing<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &due(1, 0)).await;
    done(commit(&store, &due(1, 0), Reports::Put(b"reports"), &[entry(1, 1)]).await);
    assert_eq!(claimed(&store, 0, 1).await, [flow(1)]);
    let kept = load(&store, 1).await;
    for version in [0, 1, 2, 4, u64::MAX] {
        let other = Record {
            version,
            phase: Phase::Done,
            body: b"lost".to_vec(),
            vendor: Some(key(60)),
            ..record(1)
        };
        for reports in [Reports::Put(b"lost"), Reports::Erase] {
            let committed = commit(&store, &other, reports, &[entry(1, 2)]).await;
            assert_eq!(done(committed), Committed::Conflict, "{version}");
        }
    }
    assert_eq!(load(&store, 1).await, kept);
    assert_eq!(
        done(store.reports(flow(1)).await).as_deref(),
        Some(&b"reports"[..])
    );
    assert_eq!(done(store.audit_of(flow(1)).await), [entry(1, 1)]);
    assert_eq!(done(store.locate(&[key(60)]).await), []);
    assert_eq!(claimed(&store, 9, 1).await, [], "the lease holds");
    // A commit of a missing flow is a conflict.
    let committed = commit(&store, &record(2), Reports::Put(b"lost"), &[entry(2, 1)]).await;
    assert_eq!(done(committed), Committed::Conflict);
    assert_eq!(done(store.load(flow(2)).await), None);
    assert_eq!(done(store.reports(flow(2)).await), None);
    assert_eq!(done(store.audit_of(flow(2)).await), []);
}

/// Promises: a commit that fails because an entry already exists changes nothing.
pub async fn failed_commit_changes_nothing<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.insert(&due(1, 0), Some(at(50)), &[entry(1, 1)]).await);
    let changed = Record {
        phase: Phase::Done,
        vendor: Some(key(60)),
        ..record(1)
    };
    let committed = commit(
        &store,
        &changed,
        Reports::Put(b"lost"),
        &[entry(1, 2), entry(1, 1)],
    )
    .await;
    committed.expect_err("an entry already exists");
    assert_eq!(load(&store, 1).await, due(1, 0));
    assert_eq!(done(store.reports(flow(1)).await), None);
    assert_eq!(done(store.audit_of(flow(1)).await), [entry(1, 1)]);
    assert_eq!(done(store.locate(&[key(60)]).await), []);
    assert_eq!(claimed(&store, 49, 1).await, [], "the lease holds");
    // An insertion that fails for the same reason changes nothing either.
    store
        .insert(&record(2), None, &[entry(1, 1)])
        .await
        .expect_err("an entry already exists");
    assert_eq!(done(store.load(flow(2)).await), None);
    // The store still accepts commits.
    assert_eq!(
        done(store.commit(&Commit::new(&changed, &[entry(1, 2)])).await),
        Committed::Done(2)
    );
}

/// Promises: of concurrent commits at one version, one succeeds, and only its entries are in the
/// trail.
pub async fn one_of_concurrent_commits_succeeds<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for store in stores.iter().take(1) {
        insert(store, &record(1)).await;
    }
    let calls = (1..=16_u64).zip(stores.iter().cycle().cloned());
    let results = at_once(calls.map(|(number, store)| async move {
        let body = number.to_le_bytes();
        let changed = Record {
            body: body.to_vec(),
            ..record(1)
        };
        let committed = commit(&store, &changed, Reports::Put(&body), &[entry(1, number)]).await;
        done(committed)
    }))
    .await;
    let made: Vec<_> = (1..=16_u64)
        .zip(results)
        .filter(|(_, committed)| *committed != Committed::Conflict)
        .collect();
    let [(number, Committed::Done(2))] = made.as_slice() else {
        panic!("{made:?}")
    };
    for store in &stores {
        assert_eq!(
            load(store, 1).await,
            Record {
                version: 2,
                body: number.to_le_bytes().to_vec(),
                ..record(1)
            }
        );
        assert_eq!(
            done(store.reports(flow(1)).await),
            Some(number.to_le_bytes().to_vec())
        );
        assert_eq!(done(store.audit_of(flow(1)).await), [entry(1, *number)]);
    }
}

/// Promises: among concurrent changes, one that fails or conflicts does not affect the others.
pub async fn concurrent_changes_fail_independently<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in 1..=12 {
        done(
            store
                .insert(&record(number), None, &[entry(number, 1)])
                .await,
        );
    }
    let calls = (1..=12_u64).map(|number| {
        let store = Arc::clone(&store);
        async move {
            let version = if number % 4 == 1 { 9 } else { 1 };
            // The first entry already exists.
            let added = if number % 4 == 2 {
                entry(number, 1)
            } else {
                entry(number, 2)
            };
            let changed = Record {
                version,
                phase: Phase::Done,
                ..record(number)
            };
            store.commit(&Commit::new(&changed, &[added])).await
        }
    });
    for (number, result) in (1..).zip(at_once(calls).await) {
        let (phase, entries) = match number % 4 {
            1 => {
                assert_eq!(done(result), Committed::Conflict);
                (Phase::Open, 1)
            }
            2 => {
                result.expect_err("an entry already exists");
                (Phase::Open, 1)
            }
            _ => {
                assert_eq!(done(result), Committed::Done(2));
                (Phase::Done, 2)
            }
        };
        assert_eq!(load(&store, number).await.phase, phase, "{number}");
        assert_eq!(
            done(store.audit_of(flow(number)).await).len(),
            entries,
            "{number}"
        );
    }
}

/// Promises: a commit keeps, replaces or erases the reports.
pub async fn reports_are_kept_replaced_and_erased<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &record(1)).await;
    insert(&store, &record(2)).await;
    let mut version = 1;
    let all: Vec<u8> = (0..=u8::MAX).collect();
    for (reports, expected) in [
        (Reports::Keep, None),
        (Reports::Erase, None),
        (Reports::Put(b"one"), Some(&b"one"[..])),
        (Reports::Keep, Some(b"one")),
        (Reports::Put(&all), Some(&all)),
        (Reports::Put(b""), Some(b"")),
        (Reports::Erase, None),
        (Reports::Put(b"two"), Some(b"two")),
    ] {
        let committed = commit(
            &store,
            &Record {
                version,
                ..record(1)
            },
            reports,
            &[],
        )
        .await;
        version += 1;
        assert_eq!(done(committed), Committed::Done(version));
        assert_eq!(
            done(store.reports(flow(1)).await).as_deref(),
            expected,
            "{reports:?}"
        );
        assert_eq!(done(store.reports(flow(2)).await), None, "no other's");
    }
}

/// Returns a commit that keeps, replaces or erases the reports.
async fn commit(
    store: &Arc<dyn Store>,
    record: &Record,
    reports: Reports<'_>,
    audit: &[AuditEntry],
) -> StoreResult<Committed> {
    store
        .commit(&Commit {
            reports,
            ..Commit::new(record, audit)
        })
        .await
}
