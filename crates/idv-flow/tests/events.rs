//! Events for the application, and their acknowledgement.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, Mutex};

use futures_util::TryStreamExt as _;
use idv_core::Outcome;
use idv_flow::{Engine, Event, EventKind, FlowId, Retention, RetentionRule, StartRequest};
use support::*;

/// A handler that records its events and fails for chosen ones.
#[derive(Clone, Default)]
struct RecordingHandler {
    events: Arc<Mutex<Vec<Event>>>,
    fails_at: Arc<Mutex<Option<(FlowId, &'static str)>>>,
}

impl RecordingHandler {
    async fn engine(&self, bench: &Bench) -> Engine {
        let told = self.clone();
        bench
            .open(bench.builder().on_change(move |_, event| {
                let told = told.clone();
                async move {
                    if *told.fails_at.lock().unwrap() == Some((event.flow, event.kind.name())) {
                        return Err("the application is down".into());
                    }
                    told.events.lock().unwrap().push(event);
                    Ok(())
                }
            }))
            .await
    }

    fn of(&self, flow: FlowId) -> Vec<(u64, &'static str)> {
        self.events
            .lock()
            .unwrap()
            .iter()
            .filter(|event| event.flow == flow)
            .map(|event| (event.sequence, event.kind.name()))
            .collect()
    }
}

#[tokio::test]
async fn every_change_is_delivered_once_and_in_order() {
    let (bench, told) = (Bench::new(Kind::default()), RecordingHandler::default());
    let engine = told.engine(&bench).await;
    let new = new_verification(&engine);
    let reference = new.reference.clone();
    let retention = Retention::new(RetentionRule::after(DAY), RetentionRule::after(2 * DAY));
    let id = settle(StartRequest::new(new).retention(retention), &engine).await;
    bench.vendor.becomes(&reference, "review");
    bench.pass(&engine, HOUR).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&engine, 10 * DAY).await;
    let expected = [
        "created",
        "hand_off_ready",
        "progressed",
        "settled",
        "report_ready",
        "deleted",
        "erased",
    ]
    .into_iter()
    .zip(1..)
    .map(|(name, number)| (number, name));
    assert_eq!(told.of(id), expected.collect::<Vec<_>>());
    let settled = told
        .events
        .lock()
        .unwrap()
        .iter()
        .find(|event| event.kind.name() == "settled")
        .cloned()
        .unwrap();
    assert_eq!(
        settled.kind,
        EventKind::Settled {
            outcome: Outcome::Verified
        }
    );
    assert_eq!(settled.provider, "example");
}

#[tokio::test]
async fn event_is_committed_with_its_change() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    let (id, reference) = start(&engine).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&engine, HOUR).await;
    // A new handler receives the events that occurred while no program had one.
    let told = RecordingHandler::default();
    let other = told.engine(&bench).await;
    other.run_due().await.unwrap();
    assert_eq!(
        told.of(id),
        [
            (1, "created"),
            (2, "hand_off_ready"),
            (3, "settled"),
            (4, "report_ready")
        ]
    );
    other.run_due().await.unwrap();
    assert_eq!(
        told.of(id).len(),
        4,
        "an acknowledged event is not delivered again"
    );
}

#[tokio::test]
async fn failed_event_holds_back_its_own_flow_only() {
    let (bench, told) = (Bench::new(Kind::default()), RecordingHandler::default());
    let engine = told.engine(&bench).await;
    let (one, one_reference) = start(&engine).await;
    let (other, other_reference) = start(&engine).await;
    *told.fails_at.lock().unwrap() = Some((one, "settled"));
    for reference in [&one_reference, &other_reference] {
        bench.vendor.becomes(reference, "passed");
    }
    bench.pass(&engine, 5 * MINUTE).await;
    assert_eq!(told.of(one), [(1, "created"), (2, "hand_off_ready")]);
    assert_eq!(told.of(other).len(), 4);
    bench.pass(&engine, 6 * HOUR).await;
    assert_eq!(attention(&engine).await, ["undelivered"]);
    assert!(
        engine
            .operator()
            .await
            .unwrap()
            .iter()
            .all(|item| item.about == idv_flow::TaskTarget::Flow(one))
    );

    *told.fails_at.lock().unwrap() = None;
    bench.pass(&engine, 2 * HOUR).await;
    assert_eq!(
        told.of(one),
        [
            (1, "created"),
            (2, "hand_off_ready"),
            (3, "settled"),
            (4, "report_ready")
        ]
    );
    assert!(attention(&engine).await.is_empty());
}

#[tokio::test]
async fn handler_that_panics_or_hangs_is_called_again() {
    let bench = Bench::new(Kind::default());
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    let builder = bench.builder().on_change(move |_, _| {
        let counted = Arc::clone(&counted);
        async move {
            let number = {
                let mut count = counted.lock().unwrap();
                *count += 1;
                *count
            };
            assert!(number > 1, "the first call fails");
            if number == 2 {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    });
    let engine = bench.open(builder).await;
    let (id, _) = start(&engine).await;
    let time = async {
        loop {
            tokio::task::yield_now().await;
            bench.clock.advance(MINUTE);
        }
    };
    let work = async {
        // The first call fails, the second never ends; then the handler processes both events.
        while *count.lock().unwrap() < 4 {
            engine.run_due().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = work => {}
        () = time => {}
    }
    assert_eq!(
        engine
            .events_page(None, 10)
            .await
            .unwrap()
            .iter()
            .filter(|(_, event)| event.flow == id)
            .count(),
        2
    );
}

#[tokio::test]
async fn events_are_read_in_pages_and_as_stream() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    for _ in 0..5 {
        start(&engine).await;
    }
    let all = engine.events_page(None, 100).await.unwrap();
    assert_eq!(all.len(), 10);
    let (mut read, mut after) = (Vec::new(), None);
    loop {
        let page = engine.events_page(after, 3).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        read.extend(page);
    }
    assert_eq!(read, all);

    let cursor = all[6].0;
    let mut stream = std::pin::pin!(engine.events(Some(cursor.to_string().parse().unwrap())));
    for expected in &all[7..] {
        assert_eq!(stream.try_next().await.unwrap().as_ref(), Some(expected));
    }
    let next = stream.try_next();
    let later = async {
        let (id, _) = start(&engine).await;
        bench.clock.advance(MINUTE);
        id
    };
    let (next, id) = tokio::join!(next, later);
    assert_eq!(next.unwrap().unwrap().1.flow, id);
}

#[tokio::test]
async fn event_carries_no_personal_data() {
    let bench = Bench::new(Kind::default());
    let engine = bench.flow().await;
    let (_, reference) = start(&engine).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&engine, HOUR).await;
    let events = engine.events_page(None, 100).await.unwrap();
    for (_, event) in &events {
        let json = serde_json::to_string(event).unwrap();
        assert!(
            !json.contains("Mustermann") && !json.contains(reference.as_str()),
            "{json}"
        );
        assert_eq!(&serde_json::from_str::<Event>(&json).unwrap(), event);
    }
    let newer: Event = serde_json::from_str(
        r#"{"flow":"00000000000000000000000000000000","sequence":1,"at":"2026-01-01T00:00:00Z","provider":"a","account":"a","event":"new","x":1}"#,
    )
    .unwrap();
    assert_eq!(newer.kind, EventKind::Unknown);
}
