//! Calls whose futures are dropped before they are ready.

use std::pin::pin;
use std::task::Poll;

use super::{Harness, at, bytes32, done, due, entry, flow, key, load, message, opened, record};
use crate::audit::AuditBlock;
use crate::store::{Commit, Record, Reports};

/// Promises: an insertion, a commit or a block whose future is dropped is made as a whole or not at
/// all, and the store continues to work.
pub async fn dropped_change_is_made_whole_or_not_at_all<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    for polls in 1..=200 {
        let number = polls * 10;
        let new = Record {
            vendor: Some(key(number + 1)),
            ..record(number)
        };
        let beginning = [entry(number, 1), entry(number, 2)];
        let changed = Record {
            body: b"changed".to_vec(),
            ..new.clone()
        };
        let more = [entry(number, 3), entry(number, 4)];
        let commit = Commit {
            reports: Reports::Put(b"reports"),
            ..Commit::new(&changed, &more)
        };
        let names = [(flow(number), 1), (flow(number), 2)];
        let block = AuditBlock {
            number,
            at: at(0),
            entries: 2,
            previous: bytes32(0),
            hash: bytes32(number),
        };

        // Each call is repeated: the repetition waits for anything that the dropped call left in
        // progress. If the dropped call had done half of its work, the rest would be missing then.
        let inserted = abandon(polls, store.insert(&new, None, &beginning)).await;
        done(store.insert(&new, None, &beginning).await);
        assert_eq!(load(&store, number).await, new, "dropped after {polls}");
        assert_eq!(
            done(store.audit_of(flow(number)).await),
            beginning,
            "dropped after {polls}"
        );
        assert_eq!(
            done(store.locate(&[key(number), key(number + 1)]).await).len(),
            2,
            "dropped after {polls}"
        );

        let committed = abandon(polls, store.commit(&commit)).await;
        done(store.commit(&commit).await);
        assert_eq!(
            load(&store, number).await,
            Record {
                version: 2,
                ..changed.clone()
            },
            "dropped after {polls}"
        );
        assert_eq!(
            done(store.reports(flow(number)).await).as_deref(),
            Some(&b"reports"[..]),
            "dropped after {polls}"
        );
        assert_eq!(
            done(store.audit_of(flow(number)).await).len(),
            4,
            "dropped after {polls}"
        );

        let added = abandon(polls, store.add_block(&block, &names)).await;
        done(store.add_block(&block, &names).await);
        assert_eq!(
            done(store.last_block().await),
            Some(block),
            "dropped after {polls}"
        );
        assert_eq!(
            done(store.block_entries(number).await),
            beginning,
            "dropped after {polls}"
        );

        if inserted.is_some() && committed.is_some() && added.is_some() {
            return;
        }
    }
    panic!("the calls do not end");
}

/// Promises: the items of a claim whose future is dropped are claimed again after the lease at the
/// latest.
pub async fn dropped_claim_loses_nothing<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    done(store.insert(&due(1, 0), None, &[]).await);
    done(store.push(&message(1, 0), at(-9)).await);
    done(store.set_timer("sweep", at(0)).await);
    let mut now = 0;
    for polls in 1..=12 {
        now += 10;
        abandon(polls, store.claim(at(now), at(now + 10), 1, &[])).await;
        abandon(polls, store.claim_inbox(at(now), at(now + 10), 1, &[])).await;
        abandon(polls, store.claim_timers(at(now), at(now + 10), &[])).await;
        let mut found = [false; 3];
        // A claim that is still in progress returns its items a moment later.
        for _ in 0..1_000 {
            now += 10;
            let [flows, messages, timers] = &mut found;
            *flows |= !done(store.claim(at(now), at(now + 10), 1, &[]).await).is_empty();
            *messages |= !done(store.claim_inbox(at(now), at(now + 10), 1, &[]).await).is_empty();
            *timers |= !done(store.claim_timers(at(now), at(now + 10), &[]).await).is_empty();
            if found == [true; 3] {
                break;
            }
        }
        assert_eq!(found, [true; 3], "dropped after {polls}");
    }
}

/// Returns the output of a future, or `None` if it was dropped because it was not ready after
/// `polls` polls.
pub(super) async fn abandon<F: Future>(polls: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            left -= 1;
            if left == 0 {
                Poll::Ready(None)
            } else {
                Poll::Pending
            }
        }
    })
    .await
}
