//! Named values.

use super::{Harness, at_once, done, entry, flow, opened, opened_often};
use crate::audit::AuditEntry;

/// Promises: [`Store::remember`](crate::store::Store::remember) keeps the first value and returns
/// it. Any bytes are a value.
pub async fn first_value_of_a_name_is_kept<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let all: Vec<u8> = (0..=u8::MAX).collect();
    assert_eq!(done(store.remember("all", &all).await), all);
    assert_eq!(
        done(store.remember("all", b"other").await),
        all,
        "the first value stays"
    );
    assert_eq!(
        done(store.remember("none", b"").await),
        b"",
        "an empty value is a value"
    );
    assert_eq!(done(store.remember("none", b"other").await), b"");
    assert_eq!(
        done(harness.connect().await.remember("all", b"").await),
        all,
        "every program reads the value"
    );
    assert_eq!(done(store.value("all").await), Some(all));
    assert_eq!(done(store.value("none").await), Some(Vec::new()));
    assert_eq!(
        done(store.value("other").await),
        None,
        "reading does not create a value"
    );
    assert_eq!(done(store.value("other").await), None);
}

/// Promises: [`Store::replace`](crate::store::Store::replace) replaces only the value that it
/// names.
pub async fn value_is_replaced_when_it_is_still_the_old_one<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    assert!(
        !done(store.replace("name", b"", b"new").await),
        "a missing value is not replaced"
    );
    done(store.remember("name", b"one").await);
    assert!(!done(store.replace("name", b"two", b"three").await));
    assert_eq!(done(store.remember("name", b"").await), b"one");
    assert!(done(store.replace("name", b"one", b"").await));
    assert_eq!(done(store.remember("name", b"four").await), b"");
    assert!(done(store.replace("name", b"", b"five").await));
    assert!(
        !done(store.replace("other", b"five", b"six").await),
        "a value of another name is not replaced"
    );
    assert_eq!(done(store.remember("name", b"").await), b"five");
}

/// Promises: concurrent calls of `remember` all return one value.
pub async fn one_of_concurrent_values_is_kept<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    let calls = (0..16_u8).zip(stores.iter().cycle().cloned());
    let kept = at_once(
        calls.map(|(number, store)| async move { store.remember("name", &[number]).await }),
    )
    .await;
    let mut kept: Vec<_> = kept.into_iter().map(done).collect();
    kept.dedup();
    assert_eq!(kept.len(), 1, "{kept:?}");
}

/// Promises: of concurrent replacements of one value, one succeeds.
pub async fn one_of_concurrent_replacements_succeeds<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for store in stores.iter().take(1) {
        done(store.remember("name", b"old").await);
    }
    let calls = (0..16_u8).zip(stores.iter().cycle().cloned());
    let made = at_once(calls.map(|(number, store)| async move {
        (number, store.replace("name", b"old", &[number]).await)
    }))
    .await;
    let made: Vec<_> = made
        .into_iter()
        .filter(|(_, made)| *made.as_ref().expect("the store does it"))
        .collect();
    let [(number, _)] = made.as_slice() else {
        panic!("{} replacements were made", made.len())
    };
    for store in stores {
        assert_eq!(done(store.remember("name", b"").await), [*number]);
    }
}

/// Promises: [`AuditStore::replace_with_entry`](crate::store::AuditStore::replace_with_entry) makes
/// both changes or none.
pub async fn value_is_replaced_together_with_entry<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let first = AuditEntry {
        event: "\"ünusual\"".to_owned(),
        ..entry(7, 1)
    };
    let missing = store.replace_with_entry("name", b"", b"new", &first);
    assert!(!done(missing.await), "a missing value is not replaced");
    done(store.remember("name", b"one").await);
    let other = store.replace_with_entry("name", b"two", b"three", &first);
    assert!(!done(other.await));
    assert_eq!(done(store.audit_of(flow(7)).await), []);

    let made = store.replace_with_entry("name", b"one", b"two", &first);
    assert!(done(made.await));
    assert_eq!(done(store.value("name").await), Some(b"two".to_vec()));
    assert_eq!(
        done(store.unsealed_entries(9).await),
        std::slice::from_ref(&first)
    );

    let again = store.replace_with_entry("name", b"two", b"three", &first);
    again.await.expect_err("the entry exists");
    let other = harness.connect().await;
    assert_eq!(done(other.value("name").await), Some(b"two".to_vec()));
    assert_eq!(done(other.audit_of(flow(7)).await), [first]);
}

/// Promises: of concurrent replacements of one value with an entry, one succeeds.
pub async fn one_of_concurrent_replacements_adds_its_entry<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for store in stores.iter().take(1) {
        done(store.remember("name", b"old").await);
    }
    let calls = (1..=16_u64).zip(stores.iter().cycle().cloned());
    let made = at_once(calls.map(|(number, store)| async move {
        let new = number.to_be_bytes();
        let entry = entry(7, number);
        done(store.replace_with_entry("name", b"old", &new, &entry).await)
    }))
    .await;
    let made: Vec<_> = (1..=16_u64).zip(made).filter(|(_, made)| *made).collect();
    let [(number, _)] = made.as_slice() else {
        panic!("{made:?}")
    };
    for store in stores {
        let value = done(store.value("name").await);
        assert_eq!(value, Some(number.to_be_bytes().to_vec()));
        assert_eq!(done(store.audit_of(flow(7)).await), [entry(7, *number)]);
    }
}
