//! Parked messages.

use jiff::Timestamp;

use super::{Harness, at, bytes32, done, flow, insert, message, opened, record, taken};
use crate::store::{Commit, Committed, Message, MessageEnd, Phase, Pushed, Record, Reports};

/// Promises: a parked message is listed for an operator, the oldest first, and not claimed until an
/// operator has it judged.
pub async fn parked_message_waits_for_an_operator<H: Harness>(harness: &H) {
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
        "the list has pages"
    );
    assert_eq!(done(store.parked(Some((at(3), bytes32(1))), 9).await), []);
    assert_eq!(
        done(store.push(&message(1, 3), at(1_000)).await),
        Pushed::Repeated
    );
    done(store.finish(&bytes32(4), &MessageEnd::Done(at(4))).await);
    assert_eq!(taken(&store, 1_000, 9).await, []);
    assert_eq!(done(store.next_due(&[], &[]).await), None);
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

/// Promises: a parked message with a due time is claimed then, and stays parked until its end is
/// stored.
pub async fn parked_message_is_claimed_when_due<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(-9)).await);
    done(
        store
            .push(&message(2, 0).parked("unreadable", Some(at(20))), at(-9))
            .await,
    );
    assert_eq!(taken(&store, 0, 9).await.len(), 1);
    done(store.finish(&bytes32(1), &parked_until(Some(at(5)))).await);
    assert_eq!(done(store.next_due(&[], &[]).await), Some(at(5)));
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
        "the message stays parked while a worker processes it"
    );
    done(store.finish(&bytes32(1), &parked_until(None)).await);
    assert_eq!(taken(&store, 19, 9).await, []);
    assert_eq!(taken(&harness.connect().await, 20, 9).await.len(), 1);
}

/// Promises: parked messages are woken, all of them or those of one flow. Other messages, and those
/// that are due earlier, stay as they are.
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

/// Promises: parked messages are counted by account, whether they are due or not.
pub async fn parked_messages_are_counted_by_account<H: Harness>(harness: &H) {
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

/// Promises: the transaction that erases a flow's reports removes the messages that are kept for
/// the flow, and no others.
pub async fn message_kept_for_a_flow_is_erased_with_it<H: Harness>(harness: &H) {
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
        "the message is removed completely"
    );
}

/// Returns the end of a message that cannot be parsed.
pub(super) fn parked_until(again: Option<Timestamp>) -> MessageEnd {
    MessageEnd::Parked {
        reason: "unreadable".to_owned(),
        again,
    }
}
