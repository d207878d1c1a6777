//! A program with a wrong clock, or with a store that cannot be written, changes nothing and
//! reports it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use idv_flow::{Engine, FlowError, Retention, RetentionRule, StartRequest};
use idv_testkit::ManualClock;
use support::*;

/// Opens a program whose clock is ahead of the shared one.
async fn ahead(bench: &Bench, by: Duration) -> (Engine, ManualClock) {
    let clock = ManualClock::new(idv_core::Clock::now(&bench.clock));
    clock.advance(by);
    let store = bench
        .store
        .clone()
        .with_clock(Arc::new(bench.clock.clone()));
    let retention = Retention::default()
        .own(RetentionRule::after(5 * 365 * DAY))
        .vendor(RetentionRule::after(30 * DAY));
    let builder = Engine::builder(store)
        .client(bench.client())
        .retention(retention);
    (
        builder.clock(Arc::new(clock.clone())).open().await.unwrap(),
        clock,
    )
}

#[tokio::test]
async fn program_with_wrong_clock_changes_nothing() {
    let bench = Bench::new(Kind::default());
    let (right, shared) = (ahead(&bench, Duration::ZERO).await, bench.clock.clone());
    let (right, right_clock) = right;
    let pass = async |time: Duration| {
        for _ in 0..60 {
            right.run_due().await.unwrap();
            shared.advance(time / 60);
            right_clock.advance(time / 60);
        }
    };
    let (id, reference) = start(&right).await;
    bench.vendor.becomes(&reference, "passed");
    pass(HOUR).await;
    assert!(right.report(id).await.unwrap().is_some());
    let (waiting, _) = start(&right).await;
    // Six years ahead everything would be expired, deleted and erased.
    for by in [Duration::from_secs(31), DAY, 6 * 365 * DAY] {
        let (wrong, _) = ahead(&bench, by).await;
        assert!(
            matches!(
                wrong.run_due().await.unwrap_err(),
                FlowError::WrongClock { .. }
            ),
            "{by:?}"
        );
        assert!(matches!(
            wrong.health().await.unwrap_err(),
            FlowError::WrongClock { .. }
        ));
        let refused = wrong
            .start(StartRequest::new(new_verification(&wrong)))
            .await
            .unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("differs from the database server's"),
            "{refused}"
        );
        let message = message(&reference, None, "passed");
        assert!(matches!(
            wrong.receive("example", &message).await.unwrap_err(),
            FlowError::WrongClock { .. }
        ));
        assert!(matches!(
            wrong.delete(id, "operator").await.unwrap_err(),
            FlowError::WrongClock { .. }
        ));
    }
    assert_eq!(bench.vendor.calls("delete"), 0);
    assert!(right.report(id).await.unwrap().is_some());
    assert!(right.status(waiting).await.unwrap().hand_off.is_some());
    // Other programs continue, and a corrected clock counts within seconds.
    let (mended, clock) = ahead(&bench, Duration::from_secs(20)).await;
    mended.run_due().await.unwrap();
    clock.advance(DAY);
    assert!(mended.run_due().await.is_err());
    shared.advance(DAY);
    clock.advance(Duration::from_secs(6));
    mended.run_due().await.unwrap();
    mended.health().await.unwrap();
}

#[tokio::test]
async fn clock_jump_during_step_deletes_nothing() {
    let bench = Bench::new(Kind::default());
    let (engine, clock) = ahead(&bench, Duration::ZERO).await;
    let (id, reference) = start(&engine).await;
    bench.vendor.becomes(&reference, "passed");
    for _ in 0..60 {
        engine.run_due().await.unwrap();
        bench.clock.advance(MINUTE);
        clock.advance(MINUTE);
    }
    // The clock jumps between two reads.
    clock.advance(31 * DAY);
    assert!(engine.run_due().await.is_err());
    let receipt = engine.receipt(id).await.unwrap();
    assert_eq!(
        (receipt.vendors_copy_gone_at, bench.vendor.calls("delete")),
        (None, 0)
    );
}
