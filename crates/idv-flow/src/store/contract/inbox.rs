//! The inbox of callbacks.

use jiff::Timestamp;

use super::{
    Harness, at, at_once, bytes32, counted, done, flow, insert, message, opened, opened_often,
    record, taken,
};
use crate::store::{Commit, Committed, Message, MessageEnd, Phase, Pushed, Record, Reports};

/// Promises: a message is taken once, however often it comes before it is forgotten; the first stays.
pub async fn a_message_is_taken_once<H: Harness>(harness: &H) {
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
        "what was not worked off is never forgotten"
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

/// Promises: the same, for many at once.
pub async fn a_message_is_taken_once_whoever_is_first<H: Harness>(harness: &H) {
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
    // And so where one that was forgotten comes again.
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

/// Promises: a message that was worked off before it may be forgotten counts anew, with all that it says now.
pub async fn a_message_worked_off_long_ago_counts_anew<H: Harness>(harness: &H) {
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
        "it was not worked off before then"
    );
    assert_eq!(taken(&store, 20, 9).await, []);
    assert_eq!(done(store.push(&again, at(11)).await), Pushed::New);
    assert_eq!(done(store.push(&again, at(11)).await), Pushed::Repeated);
    assert_eq!(
        taken(&store, 20, 9).await,
        [Message { tries: 1, ..again }],
        "and is not leased any more"
    );
}

/// Promises: a claim gives the messages that are due, the earliest first, no more than was asked for, counts each, and leases it.
pub async fn messages_are_claimed_in_their_order_and_counted<H: Harness>(harness: &H) {
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
        "the leases hold"
    );
    assert_eq!(
        taken(&store, 13, 9).await,
        [claimed(2, 1, 2), claimed(4, 2, 2), claimed(1, 3, 2)],
        "until they run out"
    );
    assert_eq!(taken(&store, 40, 9).await.len(), 5);
}

/// Promises: a message that is put off is due then, with its body, and leased by nobody.
pub async fn a_message_put_off_is_claimed_then<H: Harness>(harness: &H) {
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

/// Promises: a parked message is shown to a person, the oldest first, and not claimed until the person says so.
pub async fn a_parked_message_waits_for_a_person<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for (number, second) in [(1, 3), (2, 1), (3, 2), (4, 0)] {
        done(store.push(&message(number, second), at(-9)).await);
    }
    assert_eq!(taken(&store, 3, 9).await.len(), 4);
    for number in 1..=3 {
        done(store.finish(&bytes32(number), &parked_until(None)).await);
    }
    let parked = |number, second| {
        Message {
            tries: 1,
            ..message(number, second)
        }
        .parked("unreadable", None)
    };
    assert_eq!(
        done(store.parked(None, 9).await),
        [parked(2, 1), parked(3, 2), parked(1, 3)]
    );
    assert_eq!(done(store.parked(None, 1).await), [parked(2, 1)]);
    assert_eq!(
        done(store.parked(Some((at(1), bytes32(2))), 1).await),
        [parked(3, 2)],
        "pages of them"
    );
    assert_eq!(done(store.parked(Some((at(3), bytes32(1))), 9).await), []);
    assert_eq!(
        done(store.push(&message(1, 3), at(1_000)).await),
        Pushed::Repeated
    );
    done(store.finish(&bytes32(4), &MessageEnd::Done(at(4))).await);
    assert_eq!(taken(&store, 1_000, 9).await, []);
    assert_eq!(done(store.next_due(&[]).await), None);
    // Tried again, and given up.
    done(store.finish(&bytes32(2), &MessageEnd::Later(at(7))).await);
    done(store.finish(&bytes32(3), &MessageEnd::Done(at(7))).await);
    assert_eq!(
        taken(&store, 7, 9).await,
        [Message {
            due: Some(at(7)),
            tries: 2,
            ..message(2, 1)
        }]
    );
    assert_eq!(done(store.parked(None, 9).await), [parked(1, 3)]);
    // One can come parked.
    let stranger = message(5, 0).parked("stranger", None);
    done(store.push(&stranger, at(-9)).await);
    assert_eq!(done(store.parked(None, 1).await), [stranger]);
    assert_eq!(taken(&store, 8, 9).await, []);
}

/// Promises: a parked message that is to be judged again is due then, and stays parked until its end is said.
pub async fn a_parked_message_is_judged_again_when_due<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(-9)).await);
    done(
        store
            .push(&message(2, 0).parked("unreadable", Some(at(20))), at(-9))
            .await,
    );
    assert_eq!(taken(&store, 0, 9).await.len(), 1);
    done(store.finish(&bytes32(1), &parked_until(Some(at(5)))).await);
    assert_eq!(done(store.next_due(&[]).await), Some(at(5)));
    assert_eq!(taken(&store, 4, 9).await, []);
    let again = Message {
        tries: 2,
        ..message(1, 0)
    }
    .parked("unreadable", Some(at(5)));
    assert_eq!(taken(&store, 5, 9).await, std::slice::from_ref(&again));
    assert_eq!(
        done(store.parked(None, 1).await),
        [again],
        "it is parked while a worker judges it"
    );
    done(store.finish(&bytes32(1), &parked_until(None)).await);
    assert_eq!(taken(&store, 19, 9).await, []);
    assert_eq!(taken(&harness.connect().await, 20, 9).await.len(), 1);
}

/// Promises: parked messages are woken, all or those of one flow; what is not parked, or is due earlier, stays as it is.
pub async fn parked_messages_are_woken<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for (number, again) in [(1, None), (2, Some(at(90))), (3, Some(at(5)))] {
        done(
            store
                .push(&message(number, 0).parked("unreadable", again), at(-9))
                .await,
        );
    }
    done(store.push(&message(4, 80), at(-9)).await);
    done(
        store
            .push(
                &message(5, 0)
                    .parked("unreadable", Some(at(90)))
                    .kept_for(flow(7)),
                at(-9),
            )
            .await,
    );
    done(
        store
            .push(&message(6, 0).parked("unreadable", None), at(-9))
            .await,
    );
    done(store.finish(&bytes32(6), &MessageEnd::Done(at(1))).await);
    assert_eq!(done(store.wake_parked(Some(flow(8)), at(10)).await), 0);
    assert_eq!(done(store.wake_parked(Some(flow(7)), at(10)).await), 1);
    assert_eq!(done(store.wake_parked(None, at(20)).await), 2);
    assert_eq!(done(store.wake_parked(None, at(20)).await), 0);
    let due: Vec<_> = taken(&store, 20, 9)
        .await
        .into_iter()
        .map(|message| (message.digest, message.due))
        .collect();
    let expected = [(3, 5), (5, 10), (1, 20), (2, 20)]
        .map(|(number, second)| (bytes32(number), Some(at(second))));
    assert_eq!(due, expected);
}

/// Promises: parked messages are counted by their account, whether they are due or not.
pub async fn parked_messages_are_counted<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(-9)).await);
    done(
        store
            .push(&message(2, 0).parked("unreadable", None), at(-9))
            .await,
    );
    done(
        store
            .push(
                &message(3, 0)
                    .parked("unreadable", Some(at(5)))
                    .kept_for(flow(1)),
                at(-9),
            )
            .await,
    );
    let other = Message {
        account: "another".to_owned(),
        ..message(4, 0)
    };
    done(store.push(&other.parked("unreadable", None), at(-9)).await);
    assert_eq!(done(store.parked_count("vendor").await), 2);
    assert_eq!(done(store.parked_count("another").await), 1);
    assert_eq!(done(store.parked_count("elsewhere").await), 0);
    done(store.finish(&bytes32(2), &MessageEnd::Done(at(1))).await);
    assert_eq!(done(store.parked_count("vendor").await), 1);
}

/// Promises: a message that is kept for a flow goes in the transaction that erases the flow's reports, and no other goes.
pub async fn a_message_of_a_flow_is_erased_with_it<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in [1, 2] {
        insert(&store, &record(number)).await;
        done(
            store
                .push(
                    &message(number, 0)
                        .parked("unknown_code", Some(at(5)))
                        .kept_for(flow(number)),
                    at(-9),
                )
                .await,
        );
    }
    done(
        store
            .push(&message(3, 0).parked("unreadable", None), at(-9))
            .await,
    );
    let kept: Vec<_> = done(store.parked(None, 9).await)
        .into_iter()
        .map(|message| message.flow)
        .collect();
    assert_eq!(kept.iter().flatten().count(), 2, "{kept:?}");
    let erase = async |record: Record| {
        done(
            store
                .commit(&Commit {
                    reports: Reports::Erase,
                    ..Commit::new(&record, &[])
                })
                .await,
        )
    };
    assert_eq!(
        erase(Record {
            version: 9,
            ..record(2)
        })
        .await,
        Committed::Conflict
    );
    assert_eq!(
        erase(Record {
            phase: Phase::Erased,
            ..record(1)
        })
        .await,
        Committed::Done(2)
    );
    let left: Vec<_> = done(store.parked(None, 9).await)
        .into_iter()
        .map(|message| message.digest)
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(!left.contains(&bytes32(1)), "{left:?}");
    assert_eq!(taken(&store, 5, 9).await.len(), 1);
    assert_eq!(
        done(store.push(&message(1, 9), at(-9)).await),
        Pushed::New,
        "nothing of it is left"
    );
}

/// Promises: what was worked off stays so, though another that once held it puts it off or parks it. A message that is not there does
/// not come to be by its end.
pub async fn a_message_worked_off_stays_so<H: Harness>(harness: &H) {
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
        done(store.purge_inbox(at(2)).await),
        1,
        "it was worked off when it first was"
    );
}

/// Promises: what was worked off before a time is forgotten; all else stays.
pub async fn messages_worked_off_are_forgotten<H: Harness>(harness: &H) {
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
    assert_eq!(done(store.purge_inbox(at(20)).await), 2);
    assert_eq!(done(store.purge_inbox(at(20)).await), 0);
    let pushed = async |number| done(store.push(&message(number, 30), at(-9)).await);
    assert_eq!(pushed(1).await, Pushed::New);
    assert_eq!(pushed(3).await, Pushed::Repeated);
    assert_eq!(pushed(4).await, Pushed::Repeated);
    assert_eq!(pushed(5).await, Pushed::Repeated);
    assert_eq!(done(store.purge_inbox(at(1_000)).await), 1);
    assert_eq!(done(store.parked(None, 9).await).len(), 1);
    assert_eq!(taken(&store, 30, 9).await.len(), 2);
}

/// Promises: however many claim at the same time, each message is given once.
pub async fn no_message_is_claimed_twice_by_however_many<H: Harness>(harness: &H) {
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

/// The end of a message that cannot be read.
fn parked_until(again: Option<Timestamp>) -> MessageEnd {
    MessageEnd::Parked {
        reason: "unreadable".to_owned(),
        again,
    }
}

/// Promises: the end of a message that a commit names is there exactly if the commit is.
pub async fn message_ends_in_the_commit_that_names_it<H: Harness>(harness: &H) {
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
        done(store.purge_inbox(at(99)).await),
        0,
        "a conflict ends no message"
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
    assert_eq!(done(store.purge_inbox(at(99)).await), 1);
}
