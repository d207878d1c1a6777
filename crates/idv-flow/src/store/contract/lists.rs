//! Finding and listing flows.

use super::{Harness, at, done, entry, flow, insert, key, load, opened, record};
use crate::store::{Commit, Filter, Inserted, ListCursor, ListOrder, LookupKey, Phase, Record};

/// Promises: a flow is found by its reference key and by its vendor key; several flows can have the
/// same vendor key.
///
/// Erased flows are found, too, so that a late callback about one is recognized.
pub async fn flow_is_found_by_its_keys_in_any_phase<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(
        &store,
        &Record {
            vendor: Some(key(100)),
            ..record(1)
        },
    )
    .await;
    insert(
        &store,
        &Record {
            vendor: Some(key(200)),
            ..record(2)
        },
    )
    .await;
    insert(
        &store,
        &Record {
            vendor: Some(key(200)),
            ..record(3)
        },
    )
    .await;
    insert(&store, &record(4)).await;
    let found = async |keys: &[LookupKey]| {
        let mut found = done(store.locate(keys).await);
        found.sort();
        found
    };
    assert_eq!(found(&[]).await, []);
    assert_eq!(found(&[key(9)]).await, []);
    assert_eq!(found(&[key(1)]).await, [(key(1), flow(1))]);
    assert_eq!(found(&[key(100)]).await, [(key(100), flow(1))]);
    assert_eq!(
        found(&[key(200), key(1), key(9)]).await,
        [(key(1), flow(1)), (key(200), flow(2)), (key(200), flow(3))]
    );
    assert_eq!(
        found(&[key(4), key(4)]).await,
        [(key(4), flow(4))],
        "a repeated key is answered once"
    );
    let many: Vec<_> = (1..=2_500).map(key).collect();
    assert_eq!(
        found(&many).await.len(),
        7,
        "a page of a vendor's list can be long"
    );

    let moved = Record {
        vendor: Some(key(300)),
        ..record(1)
    };
    done(store.commit(&Commit::new(&moved, &[])).await);
    assert_eq!(found(&[key(100), key(300)]).await, [(key(300), flow(1))]);
    let erased = Record {
        phase: Phase::Erased,
        version: 2,
        ..moved
    };
    done(store.commit(&Commit::new(&erased, &[])).await);
    assert_eq!(
        found(&[key(1), key(300)]).await,
        [(key(1), flow(1)), (key(300), flow(1))]
    );
    assert_eq!(load(&store, 1).await.phase, Phase::Erased);
}

/// Promises: flows are listed in pages by id.
pub async fn flows_are_listed_by_id_in_pages<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in [5, 3, 9, 1, 7, 200, 70_000] {
        insert(&store, &record(number)).await;
    }
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = done(store.list(&Filter::all(), after, 3).await);
        let Some(last) = page.last() else { break };
        after = Some(last.id.into());
        assert!(page.len() <= 3);
        listed.extend(page);
    }
    assert_eq!(listed, [1, 3, 5, 7, 9, 200, 70_000].map(record));
    assert_eq!(
        done(store.list(&Filter::all(), Some(flow(6).into()), 1).await),
        [record(7)],
        "the cursor's flow need not exist"
    );
    assert_eq!(done(store.list(&Filter::all(), None, 0).await), []);
    assert_eq!(
        done(store.list(&Filter::all(), None, usize::MAX).await).len(),
        7
    );
}

/// Promises: a list by time is ordered by time and then by id, in pages without gaps or
/// repetitions.
pub async fn list_by_time_is_ordered<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    // The ids and the two times are in three different orders, and some times are the same.
    for number in 1..=9 {
        let second = i64::try_from(number).unwrap_or_default();
        let (created_at, phase_since) = (at(-(second / 2)), at(second * 7 % 5));
        insert(
            &store,
            &Record {
                created_at,
                phase_since,
                ..record(number)
            },
        )
        .await;
    }
    for order in [ListOrder::Id, ListOrder::CreatedAt, ListOrder::PhaseSince] {
        let filter = Filter::all().ordered_by(order).in_phase(Phase::Open);
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = done(store.list(&filter, after, 2).await);
            let Some(last) = page.last() else { break };
            after = Some(ListCursor::of(last, order));
            listed.extend(page);
        }
        assert!(
            listed.len() == 9 && listed.is_sorted_by_key(|record| ListCursor::of(record, order)),
            "{order:?}: {listed:?}"
        );
    }
    let since = Filter::all().ordered_by(ListOrder::PhaseSince);
    let found = done(
        store
            .list(&since, Some(ListCursor::from_time(at(4))), 99)
            .await,
    );
    assert_eq!(
        found.iter().map(|record| record.id).collect::<Vec<_>>(),
        [flow(2), flow(7)],
        "the list starts at a time"
    );
}

/// Promises: no two flows have the same application key, whatever their references. The key finds
/// its flow.
pub async fn application_key_is_unique<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let first = Record {
        application_key: Some(key(70)),
        ..record(1)
    };
    insert(&store, &first).await;
    let second = Record {
        application_key: Some(key(70)),
        ..record(2)
    };
    assert_eq!(
        done(store.insert(&second, None, &[entry(2, 1)]).await),
        Inserted::Exists(flow(1))
    );
    assert_eq!(done(store.load(flow(2)).await), None, "nothing is changed");
    assert_eq!(done(store.audit_of(flow(2)).await), []);
    assert_eq!(done(store.locate(&[key(70)]).await), [(key(70), flow(1))]);
    let erased = Record {
        phase: Phase::Erased,
        phase_since: at(3),
        ..first
    };
    done(store.commit(&Commit::new(&erased, &[])).await);
    assert_eq!(
        load(&store, 1).await,
        Record {
            version: 2,
            ..erased
        }
    );
    assert_eq!(
        done(store.insert(&second, None, &[]).await),
        Inserted::Exists(flow(1)),
        "the key of an erased flow stays taken"
    );
    insert(&store, &record(2)).await;
    insert(&store, &record(3)).await;
}

/// Promises: a filter restricts a list to the flows that it names, in any phase.
pub async fn filter_restricts_a_list<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let mut number = 0;
    for phase in Phase::ALL {
        for provider in ["one", "two"] {
            for attention in [None, Some("disputed".to_owned())] {
                number += 1;
                insert(
                    &store,
                    &Record {
                        phase: *phase,
                        provider: provider.to_owned(),
                        attention,
                        ..record(number)
                    },
                )
                .await;
            }
        }
    }
    let listed = async |filter: Filter| done(store.list(&filter, None, 99).await);
    assert_eq!(listed(Filter::all()).await.len(), 20);
    for phase in Phase::ALL {
        let found = listed(Filter::all().in_phase(*phase)).await;
        assert!(
            found.len() == 4 && found.iter().all(|record| record.phase == *phase),
            "{found:?}"
        );
        let found = listed(
            Filter::all()
                .in_phase(*phase)
                .at_provider("two")
                .needing_attention(),
        )
        .await;
        let [found] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert!(
            found.phase == *phase && found.provider == "two" && found.attention.is_some(),
            "{found:?}"
        );
    }
    let elsewhere = Record {
        account: "one-b".to_owned(),
        tenant: Some("brand".to_owned()),
        phase_since: at(9),
        created_at: at(-9),
        ..record(90)
    };
    insert(&store, &elsewhere).await;
    for filter in [
        Filter::all().of_account("one-b"),
        Filter::all().of_tenant("brand").in_phase(Phase::Open),
    ] {
        assert_eq!(listed(filter).await, std::slice::from_ref(&elsewhere));
    }
    assert_eq!(listed(Filter::all().of_tenant("vendor")).await, []);
    let found = listed(Filter::all().at_provider("one")).await;
    assert!(
        found.len() == 10 && found.is_sorted_by_key(|record| record.id),
        "{found:?}"
    );
    let found = listed(Filter::all().needing_attention()).await;
    assert!(
        found.len() == 10 && found.is_sorted_by_key(|record| record.id),
        "{found:?}"
    );
    let open = Filter::all().in_phase(Phase::Open).at_provider("one");
    let page = done(store.list(&open, Some(flow(5).into()), 1).await);
    assert_eq!(
        page.iter().map(|record| record.id).collect::<Vec<_>>(),
        [flow(6)],
        "a filtered list has pages"
    );
    assert_eq!(listed(Filter::all().at_provider("three")).await, []);
}
