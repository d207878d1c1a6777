//! The inbox of callbacks.

use super::parked::parked_until;
use super::{
    Harness, at, at_once, bytes32, counted, done, insert, message, opened, opened_often, record,
    taken,
};
use crate::store::{Arrival, Commit, Committed, Message, MessageEnd, Pushed, Record};

/// Promises: a repeated message is stored once, and the first one stays.
pub async fn message_is_stored_once<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let forgotten = at(-1_000);
    let first = Message {
        body: (0..=u8::MAX).collect(),
        ..message(1, 0)
    };
    assert_eq!(done(store.push(&first, forgotten).await), Pushed::New);
    let again = Message {
        account: "another".to_owned(),
        ..message(1, 5)
    };
    assert_eq!(done(store.push(&again, forgotten).await), Pushed::Repeated);
    assert_eq!(
        done(store.push(&message(2, 5), forgotten).await),
        Pushed::New
    );
    assert_eq!(taken(&store, 0, 9).await, [Message { tries: 1, ..first }]);
    assert_eq!(
        done(store.push(&again, at(1_000)).await),
        Pushed::Repeated,
        "an unprocessed message is never forgotten"
    );
    done(store.finish(&bytes32(1), &MessageEnd::Done(at(1))).await);
    assert_eq!(done(store.push(&again, forgotten).await), Pushed::Repeated);
    assert_eq!(
        taken(&harness.connect().await, 5, 9).await,
        [Message {
            tries: 1,
            ..message(2, 5)
        }]
    );
}

/// Promises: of concurrent pushes of one message, one stores it.
pub async fn message_is_stored_once_by_concurrent_pushes<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    let calls = (0..16).zip(stores.iter().cycle().cloned());
    let pushed = at_once(
        calls.map(|(_, store)| async move { done(store.push(&message(1, 0), at(-9)).await) }),
    )
    .await;
    let new = pushed
        .iter()
        .filter(|pushed| **pushed == Pushed::New)
        .count();
    assert_eq!(new, 1, "{pushed:?}");
    // The same holds for a message that was forgotten and comes again.
    for store in stores.iter().take(1) {
        done(store.finish(&bytes32(1), &MessageEnd::Done(at(1))).await);
    }
    let calls = (0..16).zip(stores.iter().cycle().cloned());
    let pushed = at_once(
        calls.map(|(_, store)| async move { done(store.push(&message(1, 50), at(40)).await) }),
    )
    .await;
    let new = pushed
        .iter()
        .filter(|pushed| **pushed == Pushed::New)
        .count();
    assert_eq!(new, 1, "{pushed:?}");
}

/// Promises: a message that was processed before `forgotten` is replaced as if it were new.
pub async fn message_processed_long_ago_counts_as_new<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(0)).await);
    assert_eq!(taken(&store, 0, 9).await.len(), 1);
    done(store.finish(&bytes32(1), &MessageEnd::Done(at(10))).await);
    let again = Message {
        account: "another".to_owned(),
        body: b"again".to_vec(),
        ..message(1, 20)
    };
    assert_eq!(
        done(store.push(&again, at(10)).await),
        Pushed::Repeated,
        "the message was not processed before that time"
    );
    assert_eq!(taken(&store, 20, 9).await, []);
    assert_eq!(done(store.push(&again, at(11)).await), Pushed::New);
    assert_eq!(done(store.push(&again, at(11)).await), Pushed::Repeated);
    assert_eq!(
        taken(&store, 20, 9).await,
        [Message { tries: 1, ..again }],
        "the lease has ended"
    );
}

/// Promises: a claim returns due messages, the earliest first, up to the limit, counts each claim,
/// and leases each message.
pub async fn messages_are_claimed_in_order_up_to_the_limit<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for (number, second) in [(1, 3), (2, 1), (3, 9), (4, 2)] {
        done(store.push(&message(number, second), at(-9)).await);
    }
    let later = Message {
        due: Some(at(40)),
        received_at: at(-40),
        ..message(5, 0)
    };
    done(store.push(&later, at(-9)).await);
    assert_eq!(taken(&store, 3, 0).await, []);
    let claimed = |number, second, tries| Message {
        tries,
        ..message(number, second)
    };
    assert_eq!(
        taken(&store, 3, 2).await,
        [claimed(2, 1, 1), claimed(4, 2, 1)]
    );
    assert_eq!(taken(&store, 3, 9).await, [claimed(1, 3, 1)]);
    assert_eq!(
        taken(&harness.connect().await, 12, 9).await,
        [claimed(3, 9, 1)],
        "the leases have not expired"
    );
    assert_eq!(
        taken(&store, 13, 9).await,
        [claimed(2, 1, 2), claimed(4, 2, 2), claimed(1, 3, 2)],
        "the leases have expired"
    );
    assert_eq!(taken(&store, 40, 9).await.len(), 5);
}

/// Promises: a postponed message is claimed at its new time, with its body and without a lease.
pub async fn postponed_message_is_claimed_when_due<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(-9)).await);
    assert_eq!(taken(&store, 0, 9).await.len(), 1);
    done(store.finish(&bytes32(1), &MessageEnd::Later(at(5))).await);
    assert_eq!(taken(&store, 4, 9).await, []);
    assert_eq!(
        taken(&store, 5, 9).await,
        [Message {
            due: Some(at(5)),
            tries: 2,
            ..message(1, 0)
        }]
    );
}

/// Promises: a processed message stays processed although a slow worker postpones or parks it. The
/// end of a missing message creates nothing.
pub async fn processed_message_stays_processed<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(-9)).await);
    done(store.finish(&bytes32(1), &MessageEnd::Done(at(1))).await);
    for end in [
        MessageEnd::Later(at(2)),
        parked_until(Some(at(2))),
        MessageEnd::Done(at(99)),
    ] {
        for number in [1, 2] {
            done(store.finish(&bytes32(number), &end).await);
            assert_eq!(taken(&store, 1_000, 9).await, [], "{end:?}");
            assert_eq!(done(store.parked(None, 9).await), [], "{end:?}");
        }
    }
    assert_eq!(
        done(store.purge_inbox(at(2), 99).await),
        1,
        "the first processing time stays"
    );
}

/// Promises: messages that were processed before a time are removed, up to the limit, and no
/// others.
pub async fn processed_messages_are_purged<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in 1..=5 {
        done(store.push(&message(number, 0), at(-9)).await);
    }
    for (number, second) in [(1, 10), (2, 19), (3, 20)] {
        done(
            store
                .finish(&bytes32(number), &MessageEnd::Done(at(second)))
                .await,
        );
    }
    done(store.finish(&bytes32(4), &parked_until(None)).await);
    assert_eq!(done(store.purge_inbox(at(20), 0).await), 0);
    assert_eq!(done(store.purge_inbox(at(20), 1).await), 1);
    assert_eq!(done(store.purge_inbox(at(20), 99).await), 1);
    assert_eq!(done(store.purge_inbox(at(20), 99).await), 0);
    let pushed = async |number| done(store.push(&message(number, 30), at(-9)).await);
    assert_eq!(pushed(1).await, Pushed::New);
    assert_eq!(pushed(3).await, Pushed::Repeated);
    assert_eq!(pushed(4).await, Pushed::Repeated);
    assert_eq!(pushed(5).await, Pushed::Repeated);
    assert_eq!(done(store.purge_inbox(at(1_000), 99).await), 1);
    assert_eq!(done(store.parked(None, 9).await).len(), 1);
    assert_eq!(taken(&store, 30, 9).await.len(), 2);
}

/// Promises: concurrent claims return each message once.
pub async fn message_is_claimed_once_by_concurrent_claims<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for (number, store) in (1..=100).zip(stores.iter().cycle()) {
        done(
            store
                .push(
                    &message(number, i64::try_from(number % 10).expect("a second")),
                    at(-9),
                )
                .await,
        );
    }
    let claimers = (0..16)
        .zip(stores.iter().cycle().cloned())
        .map(|(claimer, store)| async move {
            let mut all = Vec::new();
            loop {
                let given = taken(&store, 50, 1 + claimer % 7).await;
                if given.is_empty() {
                    return all;
                }
                all.extend(
                    given
                        .into_iter()
                        .map(|message| (message.digest, message.tries)),
                );
            }
        });
    let given = counted(at_once(claimers).await.into_iter().flatten());
    assert_eq!(given.len(), 100);
    assert!(
        given
            .iter()
            .all(|((_, tries), times)| *tries == 1 && *times == 1),
        "{given:?}"
    );
}

/// Promises: the end of a message that a commit names is stored exactly if the commit is.
pub async fn message_ends_with_the_commit_that_names_it<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &record(1)).await;
    for number in 1..=2 {
        done(store.push(&message(number, 0), at(-600)).await);
    }
    assert_eq!(taken(&store, 0, 9).await.len(), 2);
    let end = MessageEnd::Done(at(1));
    let digest = bytes32(1);
    let committed = async |version| {
        let record = Record {
            version,
            ..record(1)
        };
        let mut commit = Commit::new(&record, &[]);
        commit.message = Some((&digest, &end));
        done(store.commit(&commit).await)
    };
    assert_eq!(committed(9).await, Committed::Conflict);
    assert_eq!(
        done(store.purge_inbox(at(99), 99).await),
        0,
        "a commit that conflicts does not end the message"
    );
    assert_eq!(committed(1).await, Committed::Done(2));
    assert_eq!(
        taken(&store, 10, 9)
            .await
            .iter()
            .map(|message| message.digest)
            .collect::<Vec<_>>(),
        [bytes32(2)]
    );
    assert_eq!(done(store.purge_inbox(at(99), 99).await), 1);
}

/// Promises: a message that a commit brings counts as processed from then on, and a commit that
/// brings a known message changes nothing.
pub async fn message_that_a_commit_brings_is_known_from_then_on<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    insert(&store, &record(1)).await;
    let commit = async |version, number, second, forgotten| {
        let (digest, record) = (
            bytes32(number),
            Record {
                version,
                ..record(1)
            },
        );
        let mut commit = Commit::new(&record, &[]);
        commit.arrival = Some(Arrival {
            digest: &digest,
            at: at(second),
            forgotten: at(forgotten),
        });
        done(store.commit(&commit).await)
    };
    assert_eq!(commit(9, 1, 5, -9).await, Committed::Conflict);
    assert_eq!(
        done(store.push(&message(2, 0), at(-9)).await),
        Pushed::New,
        "another message waits"
    );
    assert_eq!(commit(1, 1, 5, -9).await, Committed::Done(2));
    for number in [1, 2] {
        assert_eq!(
            commit(2, number, 6, 5).await,
            Committed::Conflict,
            "{number} was not processed before that time"
        );
    }
    assert_eq!(
        done(store.push(&message(1, 6), at(5)).await),
        Pushed::Repeated
    );
    assert_eq!(
        taken(&store, 99, 9).await.len(),
        1,
        "the one that was pushed"
    );
    assert_eq!(done(store.purge_inbox(at(5), 9).await), 0);
    assert_eq!(
        commit(2, 1, 8, 6).await,
        Committed::Done(3),
        "a message that was processed long ago counts as new"
    );
    assert_eq!(done(store.purge_inbox(at(8), 9).await), 0);
    assert_eq!(done(store.purge_inbox(at(9), 9).await), 1);
    assert_eq!(done(store.push(&message(1, 9), at(-9)).await), Pushed::New);
}

/// Promises: of concurrent commits that bring one message, one is stored.
pub async fn one_of_concurrent_commits_brings_a_message<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for store in stores.iter().take(1) {
        insert(store, &record(1)).await;
    }
    let calls = (0..16).zip(stores.iter().cycle().cloned());
    let committed = at_once(calls.map(|(_, store)| async move {
        let (digest, record) = (bytes32(1), record(1));
        let mut commit = Commit::new(&record, &[]);
        commit.arrival = Some(Arrival {
            digest: &digest,
            at: at(1),
            forgotten: at(-9),
        });
        done(store.commit(&commit).await)
    }))
    .await;
    let changed = committed
        .iter()
        .filter(|committed| **committed == Committed::Done(2))
        .count();
    assert_eq!(changed, 1, "{committed:?}");
}
