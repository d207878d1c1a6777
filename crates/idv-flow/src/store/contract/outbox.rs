//! The outbox.

use super::{Harness, at, at_once, done, flow, insert, opened, opened_often, record};
use crate::id::FlowId;
use crate::machine::event::{Event, EventKind};
use crate::store::{Backlog, Commit, Committed, EventCursor, Message, MessageEnd, Record, Store};

/// Returns an event of a flow.
fn event(of: FlowId, sequence: u64, second: i64) -> Event {
    Event {
        flow: of,
        sequence,
        at: at(second),
        provider: "example".to_owned(),
        account: "example-b".to_owned(),
        tenant: Some("brand".to_owned()),
        kind: EventKind::Created,
    }
}

/// Commits events with a change of a flow that is at a version.
async fn tell(store: &dyn Store, record: &Record, version: u64, events: &[Event]) -> Committed {
    let record = Record {
        version,
        ..record.clone()
    };
    let mut commit = Commit::new(&record, &[]);
    commit.events = events;
    done(store.commit(&commit).await)
}

/// Fails unless a change was made.
fn committed(committed: Committed) {
    assert!(matches!(committed, Committed::Done(_)));
}

/// Fails unless these are all events. A transaction in progress elsewhere may hold an event back.
async fn expect(store: &dyn Store, expected: &[Event]) {
    let mut events = Vec::new();
    for _ in 0..20_000 {
        events = done(store.events(None, 1_000).await)
            .into_iter()
            .map(|(_, event)| event)
            .collect();
        if events == expected {
            return;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(events, expected);
}

/// Promises: events are stored exactly if their change is, and read in pages in the order of
/// changes.
pub async fn events_are_stored_with_their_change<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let record = record(1);
    insert(&store, &record).await;
    let events = [
        event(record.id, 1, 1),
        event(record.id, 2, 1),
        event(record.id, 3, 2),
    ];
    assert_eq!(
        tell(&*store, &record, 9, &events).await,
        Committed::Conflict
    );
    expect(&*store, &[]).await;
    committed(tell(&*store, &record, 1, &events[..2]).await);
    committed(tell(&*store, &record, 2, &events[2..]).await);
    let other = harness.connect().await;
    expect(&*other, &events).await;
    let (mut after, mut read): (Option<EventCursor>, Vec<Event>) = (None, Vec::new());
    loop {
        let page = done(other.events(after, 2).await);
        let Some((last, _)) = page.last() else { break };
        assert!(after < Some(*last), "cursors order as events do");
        after = Some(*last);
        read.extend(page.into_iter().map(|(_, event)| event));
    }
    assert_eq!(read, events);
    for expected in events {
        assert_eq!(
            done(other.event(record.id, expected.sequence).await),
            Some(expected)
        );
    }
    for (of, sequence) in [
        (record.id, 0),
        (record.id, 4),
        (record.id, u64::MAX),
        (flow(9), 1),
    ] {
        assert_eq!(done(other.event(of, sequence).await), None);
    }
}

/// Promises: a reader misses no event of concurrent writers.
pub async fn reader_misses_no_event_of_concurrent_writers<H: Harness>(harness: &H) {
    let stores = opened_often(harness).await;
    let flows: Vec<Record> = (1..=12).map(record).collect();
    for record in &flows {
        for store in stores.iter().take(1) {
            insert(store, record).await;
        }
    }
    let writers = flows
        .iter()
        .zip(stores.iter().cycle().cloned())
        .map(|(record, store)| {
            let record = record.clone();
            async move {
                for version in 1..=5 {
                    committed(
                        tell(&*store, &record, version, &[event(record.id, version, 1)]).await,
                    );
                }
                Vec::new()
            }
        });
    let reader = stores.first().cloned().into_iter().map(|store| async move {
        let (mut after, mut read) = (None, Vec::new());
        while read.len() < 60 {
            let page = done(store.events(after, 7).await);
            after = page.last().map(|(cursor, _)| *cursor).or(after);
            read.extend(
                page.into_iter()
                    .map(|(_, event)| (event.flow, event.sequence)),
            );
            tokio::task::yield_now().await;
        }
        read
    });
    type Read = std::pin::Pin<Box<dyn Future<Output = Vec<(FlowId, u64)>> + Send>>;
    let tasks = writers
        .map(|task| -> Read { Box::pin(task) })
        .chain(reader.map(|task| -> Read { Box::pin(task) }));
    let mut read: Vec<_> = at_once(tasks.collect::<Vec<_>>().into_iter())
        .await
        .into_iter()
        .flatten()
        .collect();
    for record in &flows {
        let of: Vec<u64> = read
            .iter()
            .filter(|(flow, _)| *flow == record.id)
            .map(|(_, sequence)| *sequence)
            .collect();
        assert_eq!(of, [1, 2, 3, 4, 5], "those of a flow come in order");
    }
    read.sort_unstable();
    read.dedup();
    assert_eq!(read.len(), 60);
}

/// Promises: only the first undelivered event of a flow is claimed, by one caller at a time.
pub async fn event_is_claimed_after_earlier_events<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let (one, other) = (record(1), record(2));
    for record in [&one, &other] {
        insert(&store, record).await;
    }
    committed(
        tell(
            &*store,
            &one,
            1,
            &[event(one.id, 1, 5), event(one.id, 2, 5)],
        )
        .await,
    );
    committed(tell(&*store, &other, 1, &[event(other.id, 1, 6)]).await);
    let claimed = async |now, until| -> Vec<(FlowId, u64, u32)> {
        let pending = done(store.claim_events(at(now), at(until), 9).await);
        pending
            .into_iter()
            .map(|pending| (pending.event.flow, pending.event.sequence, pending.tries))
            .collect()
    };
    assert_eq!(claimed(4, 20).await, []);
    assert_eq!(claimed(6, 20).await, [(one.id, 1, 1), (other.id, 1, 1)]);
    assert_eq!(claimed(19, 30).await, [], "they are leased");
    done(store.finish_event(other.id, 1, None).await);
    assert_eq!(
        claimed(20, 30).await,
        [(one.id, 1, 2)],
        "the lease of the first event expired, and the other event was delivered"
    );
    done(store.finish_event(one.id, 1, Some(at(25))).await);
    assert_eq!(claimed(24, 30).await, [], "the second waits for the first");
    assert_eq!(done(store.late_events(2, 9).await).len(), 1);
    assert_eq!(claimed(25, 30).await, [(one.id, 1, 3)]);
    done(store.finish_event(one.id, 1, None).await);
    done(store.finish_event(one.id, 1, Some(at(0))).await);
    assert_eq!(
        claimed(25, 30).await,
        [(one.id, 2, 1)],
        "a delivered event stays delivered"
    );
    assert_eq!(done(store.late_events(2, 9).await), []);
    done(store.finish_event(flow(9), 1, None).await);
}

/// Promises: old events are removed, up to the limit, if they were delivered or never claimed.
pub async fn old_events_are_purged<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let (one, other) = (record(1), record(2));
    for record in [&one, &other] {
        insert(&store, record).await;
    }
    committed(
        tell(
            &*store,
            &one,
            1,
            &[event(one.id, 1, 5), event(one.id, 2, 50)],
        )
        .await,
    );
    committed(tell(&*store, &other, 1, &[event(other.id, 1, 6)]).await);
    assert_eq!(done(store.claim_events(at(6), at(20), 9).await).len(), 2);
    done(store.finish_event(one.id, 1, None).await);
    assert_eq!(done(store.purge_events(at(6), 99).await), 1);
    assert_eq!(
        done(store.purge_events(at(50), 99).await),
        0,
        "one event is being delivered"
    );
    expect(&*store, &[event(one.id, 2, 50), event(other.id, 1, 6)]).await;
    assert_eq!(done(store.purge_events(at(51), 0).await), 0);
    assert_eq!(done(store.purge_events(at(51), 1).await), 1);
}

/// Promises: waiting messages and parked messages are counted separately until they are processed,
/// and the oldest undelivered event is found.
pub async fn backlog_is_counted<H: Harness>(harness: &H) {
    let store = opened(harness).await;
    let record = record(1);
    insert(&store, &record).await;
    assert_eq!(done(store.backlog(true).await), Backlog::default());
    committed(
        tell(
            &*store,
            &record,
            1,
            &[event(record.id, 1, 5), event(record.id, 2, 6)],
        )
        .await,
    );
    for digest in [[1; 32], [2; 32], [3; 32]] {
        let message = Message::new(digest, "example".to_owned(), at(1), vec![1]);
        let message = if digest == [3; 32] {
            message.parked("unmatched", None)
        } else {
            message
        };
        done(store.push(&message, at(0)).await);
    }
    done(store.finish(&[1; 32], &MessageEnd::Done(at(2))).await);
    let expected = Backlog {
        messages: 1,
        parked: 1,
        oldest_event: Some(at(5)),
    };
    assert_eq!(done(store.backlog(true).await), expected);
    assert_eq!(
        done(store.backlog(false).await),
        Backlog {
            oldest_event: None,
            ..expected
        }
    );
    done(store.claim_events(at(6), at(20), 9).await);
    done(store.finish_event(record.id, 1, None).await);
    assert_eq!(
        done(store.backlog(true).await),
        Backlog {
            oldest_event: Some(at(6)),
            ..expected
        }
    );
}
