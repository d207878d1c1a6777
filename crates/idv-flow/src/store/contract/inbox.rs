//! The inbox of callbacks.

use super::{Harness, at, at_once, bytes32, counted, done, message, opened, opened_often, taken};
use crate::store::{Message, MessageEnd, Pushed};

/// Promises: a message is taken once, however often it comes before it is forgotten; the first stays.
pub async fn a_message_is_taken_once<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let forgotten = at(-1_000);
    let first = Message { body: (0..=u8::MAX).collect(), ..message(1, 0) };
    assert_eq!(done(store.push(&first, forgotten).await), Pushed::New);
    let again = Message { provider: "another".to_owned(), ..message(1, 5) };
    assert_eq!(done(store.push(&again, forgotten).await), Pushed::Repeated);
    assert_eq!(done(store.push(&message(2, 5), forgotten).await), Pushed::New);
    assert_eq!(taken(&store, 0, 9).await, [Message { tries: 1, ..first }]);
    assert_eq!(done(store.push(&again, at(1_000)).await), Pushed::Repeated, "what was not worked off is never forgotten");
    done(store.finish(&bytes32(1), &MessageEnd::Done(at(1))).await);
    assert_eq!(done(store.push(&again, forgotten).await), Pushed::Repeated);
    assert_eq!(taken(&harness.connect().await, 5, 9).await, [Message { tries: 1, ..message(2, 5) }]);
}

/// Promises: the same, for many at once.
pub async fn a_message_is_taken_once_whoever_is_first<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    let calls = (0..16).zip(stores.iter().cycle().cloned());
    let pushed = at_once(calls.map(|(_, store)| async move { done(store.push(&message(1, 0), at(-9)).await) })).await;
    let new = pushed.iter().filter(|pushed| **pushed == Pushed::New).count();
    assert_eq!(new, 1, "{pushed:?}");
    // And so where one that was forgotten comes again.
    for store in stores.iter().take(1) {
        done(store.finish(&bytes32(1), &MessageEnd::Done(at(1))).await);
    }
    let calls = (0..16).zip(stores.iter().cycle().cloned());
    let pushed = at_once(calls.map(|(_, store)| async move { done(store.push(&message(1, 50), at(40)).await) })).await;
    let new = pushed.iter().filter(|pushed| **pushed == Pushed::New).count();
    assert_eq!(new, 1, "{pushed:?}");
}

/// Promises: a message that was worked off before it may be forgotten counts anew, with all that it says now.
pub async fn a_message_worked_off_long_ago_counts_anew<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(0)).await);
    assert_eq!(taken(&store, 0, 9).await.len(), 1);
    done(store.finish(&bytes32(1), &MessageEnd::Done(at(10))).await);
    let again = Message { provider: "another".to_owned(), body: b"again".to_vec(), ..message(1, 20) };
    assert_eq!(done(store.push(&again, at(10)).await), Pushed::Repeated, "it was not worked off before then");
    assert_eq!(taken(&store, 20, 9).await, []);
    assert_eq!(done(store.push(&again, at(11)).await), Pushed::New);
    assert_eq!(done(store.push(&again, at(11)).await), Pushed::Repeated);
    assert_eq!(taken(&store, 20, 9).await, [Message { tries: 1, ..again }], "and is not leased any more");
}

/// Promises: a claim gives the messages that are due, the earliest first, no more than was asked for, counts each, and leases it.
pub async fn messages_are_claimed_in_their_order_and_counted<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for (number, second) in [(1, 3), (2, 1), (3, 9), (4, 2)] {
        done(store.push(&message(number, second), at(-9)).await);
    }
    let later = Message { due: at(40), received_at: at(-40), ..message(5, 0) };
    done(store.push(&later, at(-9)).await);
    assert_eq!(taken(&store, 3, 0).await, []);
    let claimed = |number, second, tries| Message { tries, ..message(number, second) };
    assert_eq!(taken(&store, 3, 2).await, [claimed(2, 1, 1), claimed(4, 2, 1)]);
    assert_eq!(taken(&store, 3, 9).await, [claimed(1, 3, 1)]);
    assert_eq!(taken(&harness.connect().await, 12, 9).await, [claimed(3, 9, 1)], "the leases hold");
    assert_eq!(taken(&store, 13, 9).await, [claimed(2, 1, 2), claimed(4, 2, 2), claimed(1, 3, 2)], "until they run out");
    assert_eq!(taken(&store, 40, 9).await.len(), 5);
}

/// Promises: a message that is put off is due then, with its body, and leased by nobody.
pub async fn a_message_put_off_is_claimed_then<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(-9)).await);
    assert_eq!(taken(&store, 0, 9).await.len(), 1);
    done(store.finish(&bytes32(1), &MessageEnd::Later(at(5))).await);
    assert_eq!(taken(&store, 4, 9).await, []);
    assert_eq!(taken(&store, 5, 9).await, [Message { due: at(5), tries: 2, ..message(1, 0) }]);
}

/// Promises: a parked message is shown to a person, the oldest first, and not claimed until the person says so.
pub async fn a_parked_message_waits_for_a_person<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for (number, second) in [(1, 3), (2, 1), (3, 2), (4, 0)] {
        done(store.push(&message(number, second), at(-9)).await);
    }
    assert_eq!(taken(&store, 3, 9).await.len(), 4);
    for number in 1..=3 {
        done(store.finish(&bytes32(number), &MessageEnd::Parked("unreadable".to_owned())).await);
    }
    let parked = |number, second| Message { tries: 1, attention: Some("unreadable".to_owned()), ..message(number, second) };
    assert_eq!(done(store.parked(9).await), [parked(2, 1), parked(3, 2), parked(1, 3)]);
    assert_eq!(done(store.parked(1).await), [parked(2, 1)]);
    assert_eq!(done(store.push(&message(1, 3), at(1_000)).await), Pushed::Repeated);
    done(store.finish(&bytes32(4), &MessageEnd::Done(at(4))).await);
    assert_eq!(taken(&store, 1_000, 9).await, []);
    assert_eq!(done(store.next_due().await), None);
    // Tried again, and given up.
    done(store.finish(&bytes32(2), &MessageEnd::Later(at(7))).await);
    done(store.finish(&bytes32(3), &MessageEnd::Done(at(7))).await);
    assert_eq!(taken(&store, 7, 9).await, [Message { due: at(7), tries: 2, ..message(2, 1) }]);
    assert_eq!(done(store.parked(9).await), [parked(1, 3)]);
    // One can come parked.
    let stranger = Message { attention: Some("stranger".to_owned()), ..message(5, 0) };
    done(store.push(&stranger, at(-9)).await);
    assert_eq!(done(store.parked(1).await), [stranger]);
    assert_eq!(taken(&store, 8, 9).await, []);
}

/// Promises: what was worked off stays so, though another that once held it puts it off or parks it. A message that is not there does
/// not come to be by its end.
pub async fn a_message_worked_off_stays_so<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.push(&message(1, 0), at(-9)).await);
    done(store.finish(&bytes32(1), &MessageEnd::Done(at(1))).await);
    for end in [MessageEnd::Later(at(2)), MessageEnd::Parked("unreadable".to_owned()), MessageEnd::Done(at(99))] {
        for number in [1, 2] {
            done(store.finish(&bytes32(number), &end).await);
            assert_eq!(taken(&store, 1_000, 9).await, [], "{end:?}");
            assert_eq!(done(store.parked(9).await), [], "{end:?}");
        }
    }
    assert_eq!(done(store.purge_inbox(at(2)).await), 1, "it was worked off when it first was");
}

/// Promises: what was worked off before a time is forgotten; all else stays.
pub async fn messages_worked_off_are_forgotten<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for number in 1..=5 {
        done(store.push(&message(number, 0), at(-9)).await);
    }
    for (number, second) in [(1, 10), (2, 19), (3, 20)] {
        done(store.finish(&bytes32(number), &MessageEnd::Done(at(second))).await);
    }
    done(store.finish(&bytes32(4), &MessageEnd::Parked("unreadable".to_owned())).await);
    assert_eq!(done(store.purge_inbox(at(20)).await), 2);
    assert_eq!(done(store.purge_inbox(at(20)).await), 0);
    let pushed = async |number| done(store.push(&message(number, 30), at(-9)).await);
    assert_eq!(pushed(1).await, Pushed::New);
    assert_eq!(pushed(3).await, Pushed::Repeated);
    assert_eq!(pushed(4).await, Pushed::Repeated);
    assert_eq!(pushed(5).await, Pushed::Repeated);
    assert_eq!(done(store.purge_inbox(at(1_000)).await), 1);
    assert_eq!(done(store.parked(9).await).len(), 1);
    assert_eq!(taken(&store, 30, 9).await.len(), 2);
}

/// Promises: however many claim at the same time, each message is given once.
pub async fn no_message_is_claimed_twice_by_however_many<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for (number, store) in (1..=100).zip(stores.iter().cycle()) {
        done(store.push(&message(number, i64::try_from(number % 10).expect("a second")), at(-9)).await);
    }
    let claimers = (0..16).zip(stores.iter().cycle().cloned()).map(|(claimer, store)| async move {
        let mut all = Vec::new();
        loop {
            let given = taken(&store, 50, 1 + claimer % 7).await;
            if given.is_empty() {
                return all;
            }
            all.extend(given.into_iter().map(|message| (message.digest, message.tries)));
        }
    });
    let given = counted(at_once(claimers).await.into_iter().flatten());
    assert_eq!(given.len(), 100);
    assert!(given.iter().all(|((_, tries), times)| *tries == 1 && *times == 1), "{given:?}");
}
