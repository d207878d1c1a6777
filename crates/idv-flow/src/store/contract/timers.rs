//! Timers, and the time of the next work.

use super::{
    Harness, at, at_once, bytes32, claimed, done, due, flow, insert, message, opened, opened_often,
    taken,
};
use crate::store::{Commit, MessageEnd, Record};

/// Promises: creating an existing timer changes nothing.
pub async fn timer_is_created_once<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.set_timer("sweep", at(10)).await);
    done(store.set_timer("sweep", at(5)).await);
    done(store.set_timer("sweep", at(50)).await);
    assert_eq!(
        done(store.claim_timers(at(9), at(20), &[]).await),
        Vec::<String>::new()
    );
    assert_eq!(
        done(store.claim_timers(at(10), at(20), &[]).await),
        ["sweep"]
    );
    done(store.set_timer("sweep", at(0)).await);
    assert_eq!(
        done(store.claim_timers(at(19), at(30), &[]).await),
        Vec::<String>::new(),
        "setting a timer does not end its lease"
    );
}

/// Promises: a claim for some timers finds no other.
pub async fn timer_is_claimed_by_its_name<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.set_timer("ours", at(10)).await);
    done(store.set_timer("theirs", at(5)).await);
    let ours = ["ours"];
    assert_eq!(done(store.next_due(&[], &ours).await), Some(at(10)));
    assert_eq!(done(store.next_due(&[], &["neither"]).await), None);
    let none = Vec::<String>::new();
    assert_eq!(done(store.claim_timers(at(9), at(20), &ours).await), none);
    assert_eq!(done(store.claim_timers(at(10), at(20), &ours).await), ours);
    assert_eq!(
        done(store.claim_timers(at(10), at(20), &[]).await),
        ["theirs"]
    );
}

/// Promises: every due timer is claimed, the earliest first, and leased until it is rescheduled or
/// the lease expires.
pub async fn timer_is_claimed_until_it_is_rescheduled<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let other = harness.connect().await;
    for (name, second) in [
        ("purge", 30),
        ("sweep ünusual", 10),
        ("block", 20),
        ("later", 31),
    ] {
        done(store.set_timer(name, at(second)).await);
    }
    assert_eq!(
        done(store.claim_timers(at(30), at(40), &[]).await),
        ["sweep ünusual", "block", "purge"]
    );
    assert_eq!(
        done(other.claim_timers(at(30), at(40), &[]).await),
        Vec::<String>::new()
    );
    done(store.reschedule_timer("block", at(35)).await);
    assert_eq!(
        done(other.claim_timers(at(34), at(44), &[]).await),
        ["later"]
    );
    assert_eq!(
        done(other.claim_timers(at(35), at(45), &[]).await),
        ["block"],
        "the timer is due again, and not leased"
    );
    assert_eq!(
        done(other.claim_timers(at(40), at(50), &[]).await),
        ["sweep ünusual", "purge"],
        "the leases of the other timers expired"
    );
    done(store.reschedule_timer("nothing", at(0)).await);
    assert_eq!(
        done(store.claim_timers(at(41), at(50), &[]).await),
        Vec::<String>::new(),
        "a missing timer is not created"
    );
}

/// Promises: concurrent claims return each timer once.
pub async fn timer_is_claimed_once_by_concurrent_claims<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    for round in 0..5 {
        let now = round * 100;
        for store in &stores {
            for name in ["one", "two", "three"] {
                done(store.set_timer(name, at(0)).await);
            }
        }
        let claims = (0..12).zip(stores.iter().cycle().cloned());
        let given = at_once(claims.map(|(_, store)| async move {
            done(store.claim_timers(at(now), at(now + 50), &[]).await)
        }))
        .await;
        let mut given: Vec<_> = given.into_iter().flatten().collect();
        given.sort();
        assert_eq!(given, ["one", "three", "two"]);
        for (name, store) in given.iter().zip(&stores) {
            done(store.reschedule_timer(name, at(now + 100)).await);
        }
    }
}

/// Promises: [`TimerStore::next_due`](crate::store::TimerStore::next_due) is the earliest time at
/// which a claim finds something; for leased items, when the lease expires.
pub async fn next_due_is_the_time_of_the_next_claim<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let next = async || done(store.next_due(&[], &[]).await);
    assert_eq!(next().await, None);
    done(store.set_timer("sweep", at(90)).await);
    assert_eq!(next().await, Some(at(90)));
    done(store.push(&message(1, 80), at(-9)).await);
    assert_eq!(next().await, Some(at(80)));
    insert(&store, &due(1, 70)).await;
    insert(&store, &due(2, 71)).await;
    done(store.insert(&due(3, 5), Some(at(75)), &[]).await);
    assert_eq!(
        next().await,
        Some(at(70)),
        "a leased flow counts when its lease expires, not when it is due"
    );

    assert_eq!(claimed(&store, 70, 9).await, [flow(1)]);
    assert_eq!(next().await, Some(at(71)));
    let second = done(store.claim(at(71), at(300), 1, &[]).await).remove(0);
    assert_eq!(next().await, Some(at(75)));
    assert_eq!(claimed(&store, 75, 1).await, [flow(3)]);
    assert_eq!(
        next().await,
        Some(at(80)),
        "the first flow's lease expires when the message is due"
    );
    assert_eq!(taken(&store, 80, 9).await.len(), 1);
    assert_eq!(claimed(&store, 80, 9).await, [flow(1)]);
    assert_eq!(next().await, Some(at(85)));
    assert_eq!(claimed(&store, 85, 9).await, [flow(3)]);
    assert_eq!(
        next().await,
        Some(at(90)),
        "a timer, a message and a flow are due at once"
    );

    assert_eq!(
        done(store.claim_timers(at(90), at(400), &[]).await),
        ["sweep"]
    );
    done(store.finish(&bytes32(1), &MessageEnd::Done(at(90))).await);
    for number in [1, 3] {
        let held = done(store.load(flow(number)).await).expect("the flow is there");
        done(
            store
                .commit(&Commit::new(&Record { due: None, ..held }, &[]))
                .await,
        );
    }
    assert_eq!(next().await, Some(at(300)));
    done(
        store
            .commit(&Commit::new(
                &Record {
                    due: Some(at(350)),
                    ..second
                },
                &[],
            ))
            .await,
    );
    assert_eq!(next().await, Some(at(350)));
    done(store.reschedule_timer("sweep", at(320)).await);
    assert_eq!(next().await, Some(at(320)));
}
