//! The audit trail of accounts: the changes that operators make to their control.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::pin::pin;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use futures_util::future::join;
use idv_flow::audit::AuditEntry;
use idv_flow::store::{AuditStore as _, Store as _};
use idv_flow::{AccountLimits, AccountMode, Engine, Vault};
use serde_json::{Value, json};
use support::meddled::{Change, Meddled};
use support::*;

const CONTROL: &str = "account:example";

/// Opens a program over a store that an attacker can change.
async fn meddled(bench: &Bench) -> (Meddled, Engine) {
    let store = Meddled {
        store: bench.store.clone(),
        ..Meddled::default()
    };
    let vault = Vault::new(&idv_core::Secret::new("a".repeat(64))).unwrap();
    let builder = Engine::builder(store.clone())
        .client(bench.client())
        .random(Arc::new(bench.bits.clone()))
        .vault(vault);
    (store, bench.open(builder).await)
}

/// Makes one change of each kind.
async fn change(engine: &Engine) {
    engine.pause_account("example", "ops-1").await.unwrap();
    let limits = AccountLimits::none().per_second(3).concurrent(2);
    let limited = engine.limit_account("example", Some(limits), "ops-2");
    limited.await.unwrap();
    engine.drain_account("example", "ops-1").await.unwrap();
    engine.resume_account("example", "ops-3").await.unwrap();
}

async fn events(engine: &Engine) -> Vec<Value> {
    let trail = engine.audit_of_account("example").await.unwrap();
    trail
        .iter()
        .map(|entry| serde_json::from_str(&entry.event).unwrap())
        .collect()
}

async fn findings(engine: &Engine) -> Vec<String> {
    engine.verify_audit(None).await.unwrap().findings
}

async fn finds(engine: &Engine, finding: &str) {
    let findings = findings(engine).await;
    let is_found = findings.iter().any(|found| found.contains(finding));
    assert!(is_found, "{finding}: {findings:?}");
}

/// Replaces the stored control, as a database administrator can.
async fn replace(bench: &Bench, change: impl Fn(&mut Value)) {
    let old = bench.store.value(CONTROL).await.unwrap().unwrap();
    let mut control = serde_json::from_slice(&old).unwrap();
    change(&mut control);
    let new = serde_json::to_vec(&control).unwrap();
    assert!(bench.store.replace(CONTROL, &old, &new).await.unwrap());
}

#[tokio::test]
async fn changes_of_account_are_entries_of_its_trail() {
    let bench = Bench::new(Kind::default());
    let (_, engine) = meddled(&bench).await;
    start(&engine).await;
    change(&engine).await;
    let events = events(&engine).await;
    let shown: Vec<_> = events
        .iter()
        .map(|event| ["event", "account", "change", "by", "mode"].map(|name| &event[name]))
        .collect();
    let entry = |change: &'static str, by: &'static str, mode: &'static str| {
        ["account_changed", "example", change, by, mode].map(Value::from)
    };
    assert_eq!(
        shown,
        [
            entry("pause", "ops-1", "paused").each_ref(),
            entry("limit", "ops-2", "paused").each_ref(),
            entry("drain", "ops-1", "draining").each_ref(),
            entry("resume", "ops-3", "active").each_ref(),
        ]
    );
    assert_eq!(events[0]["limits"], Value::Null);
    assert_eq!(events[3]["limits"]["concurrent"], 2);
    assert_eq!(findings(&engine).await, [] as [&str; 0]);
    let before = engine.verify_audit(None).await.unwrap();
    bench.pass(&engine, HOUR).await;
    let after = engine.verify_audit(None).await.unwrap();
    assert!(after.holds() && before.flows == 1 && after.blocks > before.blocks);
    assert_eq!(bench.store.unsealed_entries(9).await.unwrap(), []);
    // A program without the account verifies its trail too.
    let other = bench.with(Kind {
        provider: "other",
        ..Kind::default()
    });
    let (_, other) = meddled(&other).await;
    assert!(
        findings(&other)
            .await
            .iter()
            .all(|found| !found.contains("account "))
    );
}

#[tokio::test]
async fn changed_entry_of_account_is_found() {
    let bench = Bench::new(Kind::default());
    let (store, engine) = meddled(&bench).await;
    for is_sealed in [false, true] {
        change(&engine).await;
        if is_sealed {
            bench.pass(&engine, HOUR).await;
        }
        assert_eq!(findings(&engine).await, [] as [&str; 0]);
        let trail = engine.audit_of_account("example").await.unwrap();
        for victim in &trail {
            let name = (victim.flow, victim.number);
            let is = move |entry: &AuditEntry| (entry.flow, entry.number) == name;
            let changes: [Arc<Change>; 3] = [
                Arc::new(move |entries: &mut Vec<AuditEntry>| entries.retain(|entry| !is(entry))),
                Arc::new(move |entries: &mut Vec<AuditEntry>| {
                    for entry in entries.iter_mut().filter(|entry| is(entry)) {
                        entry.event = entry.event.replace("ops", "nobody");
                    }
                }),
                Arc::new(move |entries: &mut Vec<AuditEntry>| {
                    // The events of two entries are exchanged.
                    if let Some(at) = entries.iter().position(is) {
                        let other = (at + 1) % entries.len();
                        let event = entries[at].event.clone();
                        entries[at].event = entries[other].event.clone();
                        entries[other].event = event;
                    }
                }),
            ];
            for change in changes {
                *store.entries.lock().unwrap() = Some(change);
                assert_ne!(findings(&engine).await, [] as [&str; 0], "{victim:?}");
            }
            *store.entries.lock().unwrap() = None;
        }
    }
    assert_eq!(findings(&engine).await, [] as [&str; 0]);
}

#[tokio::test]
async fn control_without_its_entry_is_found() {
    let bench = Bench::new(Kind::default());
    let (_, engine) = meddled(&bench).await;
    engine.pause_account("example", "ops-1").await.unwrap();
    let paused = bench.store.value(CONTROL).await.unwrap().unwrap();
    engine.resume_account("example", "ops-1").await.unwrap();
    let resumed = bench.store.value(CONTROL).await.unwrap().unwrap();
    assert_eq!(findings(&engine).await, [] as [&str; 0]);

    let replaced = bench.store.replace(CONTROL, &resumed, &paused);
    assert!(replaced.await.unwrap());
    finds(
        &engine,
        "account example: its control names entry 1 as the last",
    )
    .await;
    replace(&bench, |control| control["trail"] = Value::Null).await;
    finds(&engine, "account example").await;
    let old = bench.store.value(CONTROL).await.unwrap().unwrap();
    assert!(bench.store.replace(CONTROL, &old, &resumed).await.unwrap());
    assert_eq!(findings(&engine).await, [] as [&str; 0]);

    replace(&bench, |control| control["mode"] = json!("draining")).await;
    finds(&engine, "account example: its mode or its limits differ").await;
    replace(&bench, |control| control["mode"] = json!("active")).await;
    replace(&bench, |control| {
        control["limits"] = json!({"concurrent": 1});
    })
    .await;
    finds(&engine, "account example: its mode or its limits differ").await;
}

#[tokio::test]
async fn account_with_restored_control_can_be_changed_and_is_found() {
    let bench = Bench::new(Kind::default());
    let (_, engine) = meddled(&bench).await;
    engine.pause_account("example", "ops-1").await.unwrap();
    let paused = bench.store.value(CONTROL).await.unwrap().unwrap();
    engine.resume_account("example", "ops-1").await.unwrap();
    let resumed = bench.store.value(CONTROL).await.unwrap().unwrap();
    let replaced = bench.store.replace(CONTROL, &resumed, &paused);
    assert!(replaced.await.unwrap());

    let (_, other) = meddled(&bench).await;
    for engine in [&engine, &other] {
        let status = engine.drain_account("example", "ops-2").await.unwrap();
        assert_eq!(status.mode, AccountMode::Draining);
    }
    let events = events(&engine).await;
    let noted: Vec<_> = events.iter().map(|event| &event["restored_from"]).collect();
    let none = Value::Null;
    assert_eq!(noted, [&none, &none, &json!(1), &none]);
    assert_eq!(
        findings(&engine).await,
        [
            "account example: before entry 3, its control named entry 1 as the last: an older control \
          had been restored"
        ]
    );
}

#[tokio::test]
async fn control_of_earlier_program_is_continued() {
    let bench = Bench::new(Kind::default());
    let control = json!({
        "version": 1,
        "mode": "paused",
        "since": "2026-01-01T00:00:00Z",
        "history": [{"at": "2026-01-01T00:00:00Z", "by": "ops-1", "change": "pause"}],
    });
    let control = serde_json::to_vec(&control).unwrap();
    bench.store.remember(CONTROL, &control).await.unwrap();
    let (_, engine) = meddled(&bench).await;
    let status = engine.account_status("example").await.unwrap();
    assert_eq!(status.mode, AccountMode::Paused);
    assert_eq!(findings(&engine).await, [] as [&str; 0]);
    let status = engine.resume_account("example", "ops-2").await.unwrap();
    assert_eq!(
        (status.mode, status.history.len()),
        (AccountMode::Active, 2)
    );
    assert_eq!(events(&engine).await.len(), 1);
    assert_eq!(findings(&engine).await, [] as [&str; 0]);
}

#[tokio::test]
async fn concurrent_changes_of_account_are_all_recorded() {
    let bench = Bench::new(Kind::default());
    let (_, first) = meddled(&bench).await;
    let (_, second) = meddled(&bench).await;
    for _ in 0..5 {
        join(change(&first), change(&second)).await;
    }
    let trail = first.audit_of_account("example").await.unwrap();
    let numbers: Vec<_> = trail.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
    assert_eq!(findings(&second).await, [] as [&str; 0]);
}

#[tokio::test]
async fn trail_of_account_outlives_purge_of_flows() {
    let bench = Bench::new(Kind::default());
    let builder = bench.builder().purge_erased_after(40 * DAY);
    let engine = bench.open(builder).await;
    engine.pause_account("example", "ops-1").await.unwrap();
    engine.resume_account("example", "ops-1").await.unwrap();
    let trail = engine.audit_of_account("example").await.unwrap();
    let (id, reference) = start(&engine).await;
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&engine, DAY).await;
    engine.delete(id, "privacy-desk").await.unwrap();
    bench.pass(&engine, 50 * DAY).await;
    start(&engine).await;
    bench.pass(&engine, 50 * DAY).await;

    let (mut lines, mut anchor) = (Vec::new(), String::new());
    {
        let mut blocks = pin!(engine.archive_audit(None).unwrap());
        while let Some(block) = blocks.try_next().await.unwrap() {
            lines.push(block.to_line());
            anchor = block.anchor();
        }
    }
    assert!(lines.concat().contains("account_changed"));
    assert!(engine.verify_archive(&lines).await.unwrap().holds());
    engine.confirm_archive(&anchor).await.unwrap();
    bench.pass(&engine, 50 * DAY).await;
    let first = bench.store.blocks(None, 1).await.unwrap()[0].number;
    assert!(first > 1, "the first block is removed");
    assert_eq!(engine.audit_of_account("example").await.unwrap(), trail);
    assert_eq!(findings(&engine).await, [] as [&str; 0]);
}
