//! Attacks by someone with write access to the database and without the key.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use idv_core::{Reference, Secret, Status};
use idv_flow::store::{
    AuditStore as _, Commit, FlowStore as _, LookupKey, MemoryStore, Phase, Record, Reports, Store,
};
use idv_flow::{Engine, FlowError, FlowId, Vault};
use support::*;

fn vault(digit: &str) -> Vault {
    Vault::new(&Secret::new(digit.repeat(64))).unwrap()
}

/// Creates a sealed store with a verified and a rejected person.
async fn sealed() -> (Bench, Engine, [(FlowId, Reference); 2]) {
    let bench = Bench::new(Kind::default());
    let flow = bench.open(bench.builder().vault(vault("a"))).await;
    let people = [start(&flow).await, start(&flow).await];
    for ((_, reference), state) in people.iter().zip(["passed", "failed"]) {
        bench.vendor.becomes(reference, state);
    }
    bench.pass(&flow, HOUR).await;
    assert!(flow.verify_audit(None).await.unwrap().holds());
    (bench, flow, people)
}

async fn record(bench: &Bench, id: FlowId) -> Record {
    bench.store.load(id).await.unwrap().unwrap()
}

/// Writes a record to the database, bypassing the engine.
async fn write(bench: &Bench, record: &Record) {
    bench.store.commit(&Commit::new(record, &[])).await.unwrap();
}

async fn findings(flow: &Engine) -> String {
    flow.verify_audit(None).await.unwrap().findings.join("; ")
}

#[tokio::test]
async fn swapped_references_verify_no_other_person() {
    let (bench, flow, [(good, one), (bad, other)]) = sealed().await;
    let keys = [
        record(&bench, good).await.reference,
        record(&bench, bad).await.reference,
    ];
    for (id, key) in [(good, LookupKey([9; 32])), (bad, keys[0]), (good, keys[1])] {
        write(
            &bench,
            &Record {
                reference: key,
                ..record(&bench, id).await
            },
        )
        .await;
    }
    for reference in [&one, &other] {
        let error = flow.find("example", reference).await.unwrap_err();
        assert!(matches!(error, FlowError::Damaged(_)), "{error}");
        let mut again = new_verification(&flow);
        again.reference = reference.clone();
        assert!(matches!(
            flow.start(again).await.unwrap_err(),
            FlowError::Damaged(_)
        ));
    }
    for id in [good, bad] {
        assert!(flow.status(id).await.is_err() && flow.report(id).await.is_err());
        assert!(
            findings(&flow).await.contains(&id.to_string()),
            "{}",
            findings(&flow).await
        );
    }
    assert_eq!(bench.vendor.calls("create"), 2, "nothing was created again");
}

#[tokio::test]
async fn key_of_another_flow_does_not_hide_a_flow() {
    let (bench, flow, [(good, one), (bad, _)]) = sealed().await;
    let key = record(&bench, good).await.reference;
    write(
        &bench,
        &Record {
            vendor: Some(key),
            ..record(&bench, bad).await
        },
    )
    .await;
    assert_eq!(flow.find("example", &one).await.unwrap().unwrap().id, good);
    assert!(findings(&flow).await.contains(&bad.to_string()));
}

#[tokio::test]
async fn changed_clear_column_stops_flow() {
    let changes: [fn(&mut Record); 5] = [
        |record| record.reference = LookupKey([9; 32]),
        |record| record.vendor = None,
        |record| record.vendor = Some(LookupKey([9; 32])),
        |record| record.created_at += jiff::SignedDuration::from_secs(1),
        |record| record.provider = "elsewhere".to_owned(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let bench = Bench::new(Kind::default());
        let flow = bench.open(bench.builder().vault(vault("a"))).await;
        let elsewhere = bench.with(Kind {
            provider: "elsewhere",
            ..Kind::default()
        });
        let both = bench
            .open(elsewhere.builder().client(bench.client()).vault(vault("a")))
            .await;
        let (id, reference) = start(&flow).await;
        bench.vendor.becomes(&reference, "passed");
        let mut changed = record(&bench, id).await;
        change(&mut changed);
        write(&bench, &changed).await;
        bench.pass(&both, HOUR).await;
        assert_eq!(bench.vendor.calls("poll"), 0, "{number}");
        assert!(
            matches!(both.status(id).await.unwrap_err(), FlowError::Damaged(_)),
            "{number}"
        );
        assert_eq!(attention(&both).await, ["damaged"], "{number}");
        assert!(
            findings(&both)
                .await
                .contains("the value was changed, or sealed for another place"),
            "{number}: {}",
            findings(&both).await
        );
    }
}

#[tokio::test]
async fn swapped_references_are_found_without_key() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let ((first, _), (second, reference)) = (start(&flow).await, start(&flow).await);
    let key = record(&bench, second).await.reference;
    write(
        &bench,
        &Record {
            reference: LookupKey([9; 32]),
            ..record(&bench, second).await
        },
    )
    .await;
    write(
        &bench,
        &Record {
            reference: key,
            ..record(&bench, first).await
        },
    )
    .await;
    assert!(flow.find("example", &reference).await.is_err());
    assert!(!findings(&flow).await.is_empty());
}

#[tokio::test]
async fn changed_due_time_is_found() {
    let changes: [fn(&mut Record); 6] = [
        |record| record.due = None,
        |record| record.due = Some(jiff::Timestamp::MAX),
        |record| {
            record.due = record
                .due
                .map(|due| due - jiff::SignedDuration::from_secs(1));
        },
        |record| record.phase = Phase::Done,
        |record| record.attention = Some("disputed".to_owned()),
        |record| {
            (record.attention, record.due) =
                (Some("damaged".to_owned()), Some(jiff::Timestamp::MAX));
        },
    ];
    let (bench, flow, _) = sealed().await;
    let (id, _) = start(&flow).await;
    let kept = record(&bench, id).await;
    for (number, change) in changes.into_iter().enumerate() {
        let mut changed = Record {
            version: record(&bench, id).await.version,
            ..kept.clone()
        };
        change(&mut changed);
        write(&bench, &changed).await;
        assert!(
            findings(&flow)
                .await
                .contains("a column differs from the sealed state"),
            "{number}: {}",
            findings(&flow).await
        );
    }
    write(
        &bench,
        &Record {
            version: record(&bench, id).await.version,
            ..kept
        },
    )
    .await;
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn removed_or_restored_report_is_found() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.open(bench.builder().vault(vault("a"))).await;
    let (id, reference) = start(&flow).await;
    let mut versions = Vec::new();
    for state in ["passed", "failed"] {
        flow.receive("example", &message(&reference, None, state))
            .await
            .unwrap();
        flow.run_due().await.unwrap();
        versions.push(bench.store.reports(id).await.unwrap().unwrap());
    }
    assert!(flow.verify_audit(None).await.unwrap().holds());
    for reports in [
        Reports::Erase,
        Reports::Put(&versions[0]),
        Reports::Put(b"\x01 rubbish"),
    ] {
        let now = record(&bench, id).await;
        let mut commit = Commit::new(&now, &[]);
        commit.reports = reports;
        bench.store.commit(&commit).await.unwrap();
        assert!(
            findings(&flow).await.contains("report"),
            "{reports:?}: {}",
            findings(&flow).await
        );
    }
}

#[tokio::test]
async fn report_of_erased_flow_is_found() {
    let (bench, flow, [(id, _), _]) = sealed().await;
    let reports = bench.store.reports(id).await.unwrap().unwrap();
    flow.delete(id, "desk-3").await.unwrap();
    bench.pass(&flow, HOUR).await;
    assert!(flow.verify_audit(None).await.unwrap().holds());
    let now = record(&bench, id).await;
    let mut commit = Commit::new(&now, &[]);
    commit.reports = Reports::Put(&reports);
    bench.store.commit(&commit).await.unwrap();
    assert!(
        findings(&flow).await.contains("was erased"),
        "{}",
        findings(&flow).await
    );
}

/// A snapshot of a database: the flows, their reports, the trail, and the sealed head of its
/// blocks.
struct Snapshot {
    records: Vec<Record>,
    head: Vec<u8>,
    blocks: u64,
}

impl Snapshot {
    async fn of(bench: &Bench) -> Self {
        let records = bench
            .store
            .list(&Default::default(), None, 100)
            .await
            .unwrap();
        let head = bench.store.value("blocks").await.unwrap().unwrap();
        Self {
            records,
            head,
            blocks: bench
                .store
                .last_block()
                .await
                .unwrap()
                .map_or(0, |block| block.number),
        }
    }
}

/// Writes a new database: these flows with their trails, this sealed head, and the blocks up to
/// this one. The other entries belong to no block.
async fn rewritten(bench: &Bench, records: &[Record], head: &[u8], blocks: u64) -> MemoryStore {
    let store = MemoryStore::new();
    store
        .remember("keys", &bench.store.value("keys").await.unwrap().unwrap())
        .await
        .unwrap();
    store.remember("blocks", head).await.unwrap();
    for record in records {
        let mut entries = bench.store.audit_of(record.id).await.unwrap();
        entries.truncate(usize::try_from(record.audit.count).unwrap());
        store.insert(record, None, &entries).await.unwrap();
        if let Some(reports) = bench
            .store
            .reports(record.id)
            .await
            .unwrap()
            .filter(|_| record.phase == Phase::Done)
        {
            let kept = store.load(record.id).await.unwrap().unwrap();
            let mut commit = Commit::new(&kept, &[]);
            commit.reports = Reports::Put(&reports);
            store.commit(&commit).await.unwrap();
        }
    }
    for block in bench
        .store
        .blocks(None, usize::try_from(blocks).unwrap())
        .await
        .unwrap()
    {
        let entries = bench.store.block_entries(block.number).await.unwrap();
        let names: Vec<_> = entries
            .iter()
            .map(|entry| (entry.flow, entry.number))
            .collect();
        assert!(store.add_block(&block, &names).await.unwrap());
    }
    store
}

/// Creates a sealed store in which a person is rejected and later another is verified, with a
/// snapshot from before both.
async fn rejected_since() -> (Bench, Engine, Snapshot, Snapshot, FlowId) {
    let bench = Bench::new(Kind::default());
    let flow = bench.open(bench.builder().vault(vault("a"))).await;
    let ((id, reference), (_, other)) = (start(&flow).await, start(&flow).await);
    bench.pass(&flow, HOUR).await;
    let before = Snapshot::of(&bench).await;
    bench.vendor.becomes(&reference, "failed");
    bench.pass(&flow, HOUR).await;
    bench.vendor.becomes(&other, "passed");
    bench.pass(&flow, 2 * HOUR).await;
    let after = Snapshot::of(&bench).await;
    assert!(after.blocks > before.blocks && flow.verify_audit(None).await.unwrap().holds());
    (bench, flow, before, after, id)
}

/// Returns one flow of the earlier snapshot, and the others of the later one.
fn put_back(before: &Snapshot, after: &Snapshot, id: FlowId) -> Vec<Record> {
    let old = before.records.iter().filter(|record| record.id == id);
    old.chain(after.records.iter().filter(|record| record.id != id))
        .cloned()
        .collect()
}

#[tokio::test]
async fn restored_flow_is_found_without_anchor() {
    let (bench, _, before, after, id) = rejected_since().await;
    let records = put_back(&before, &after, id);
    // With the current head of the blocks, and with the earlier one restored as well.
    for (head, expected) in [
        (&after.head, "the end of the trail was removed"),
        (&before.head, "was changed after block"),
    ] {
        let store = rewritten(&bench, &records, head, before.blocks).await;
        let rolled = Bench {
            store,
            ..bench.clone()
        };
        let flow = rolled.open(rolled.builder().vault(vault("a"))).await;
        assert_eq!(
            flow.status(id).await.unwrap().status,
            Some(Status::AwaitingPerson),
            "the sealed head matches"
        );
        assert!(
            findings(&flow).await.contains(expected),
            "{}",
            findings(&flow).await
        );
        // Workers do not hide it.
        bench.clock.advance(HOUR);
        flow.run_due().await.unwrap();
        rolled.pass(&flow, 5 * HOUR).await;
        assert!(
            findings(&flow).await.contains(expected),
            "{}",
            findings(&flow).await
        );
    }
}

#[tokio::test]
async fn removal_of_sealed_head_is_found() {
    let (bench, _, before, after, id) = rejected_since().await;
    for head in [b"".as_slice(), b"\x01 rubbish"] {
        let store = rewritten(&bench, &put_back(&before, &after, id), head, before.blocks).await;
        let rolled = Bench {
            store,
            ..bench.clone()
        };
        let flow = rolled.open(rolled.builder().vault(vault("a"))).await;
        rolled.pass(&flow, HOUR).await;
        assert!(!flow.verify_audit(None).await.unwrap().holds());
    }
}

#[tokio::test]
async fn restored_database_is_found_by_anchor() {
    let (bench, flow, before, _, _) = rejected_since().await;
    let anchor = flow.verify_audit(None).await.unwrap().anchor;
    let store = rewritten(&bench, &before.records, &before.head, before.blocks).await;
    let rolled = Bench {
        store,
        ..bench.clone()
    };
    let flow = rolled.open(rolled.builder().vault(vault("a"))).await;
    assert!(
        flow.verify_audit(None).await.unwrap().holds(),
        "the restored database is consistent"
    );
    assert!(!flow.verify_audit(Some(&anchor)).await.unwrap().holds());
}

#[tokio::test]
async fn rotated_key_reseals_head_of_trail() {
    let (bench, _, _, after, _) = rejected_since().await;
    let rotated = bench
        .builder()
        .vault(vault("b").with_older(&Secret::new("a".repeat(64))).unwrap());
    let flow = bench.open(rotated).await;
    let verified = flow.verify_audit(None).await.unwrap();
    assert!(verified.holds() && verified.older_key == 4, "{verified:?}");
    let resealed = bench.store.value("blocks").await.unwrap().unwrap();
    assert!(
        bench
            .store
            .replace("blocks", &resealed, &after.head)
            .await
            .unwrap()
    );
    assert!(
        findings(&flow)
            .await
            .contains("an older key of the vault seals the head"),
        "{}",
        findings(&flow).await
    );
}

#[tokio::test]
async fn older_key_can_be_removed_after_rotation() {
    let bench = Bench::new(Kind {
        polling: false,
        ..Kind::default()
    });
    let flow = bench.open(bench.builder().vault(vault("a"))).await;
    let ((id, reference), (waiting, other)) = (start(&flow).await, start(&flow).await);
    for said in [
        message(&reference, None, "passed"),
        message(&other, None, "Identified"),
        delivery("<1", SECRET),
    ] {
        flow.receive("example", &said).await.unwrap();
    }
    bench.pass(&flow, HOUR).await;
    let both = vault("b").with_older(&Secret::new("a".repeat(64))).unwrap();
    let rotated = bench.open(bench.builder().vault(both)).await;
    assert_eq!(
        rotated.verify_audit(None).await.unwrap().older_key,
        5,
        "two flows, a report and two messages"
    );
    bench.pass(&rotated, 2 * DAY).await;
    let verified = rotated.verify_audit(None).await.unwrap();
    assert!(verified.holds() && verified.older_key == 0, "{verified:?}");
    let taught = bench.with(Kind {
        taught: Some("Identified"),
        ..bench.kind.clone()
    });
    let alone = taught.open(taught.builder().vault(vault("b"))).await;
    alone.run_due().await.unwrap();
    assert!(
        alone.report(id).await.unwrap().is_some()
            && alone.status(waiting).await.unwrap().is_verified()
    );
    assert!(alone.verify_audit(None).await.unwrap().holds());
    assert_eq!(attention(&alone).await, ["unreadable"]);
}

#[tokio::test]
async fn same_flow_in_other_store_has_other_digests() {
    let (bench, _, [(id, reference), _]) = sealed().await;
    let other = Bench::new(Kind::default());
    let flow = other
        .open(
            other
                .builder()
                .random(Arc::new(idv_core::OsRandom))
                .vault(vault("a")),
        )
        .await;
    other
        .store
        .insert(&record(&bench, id).await, None, &[])
        .await
        .unwrap();
    assert_eq!(flow.find("example", &reference).await.unwrap(), None);
    assert!(flow.status(id).await.is_err());
    assert!(!flow.verify_audit(None).await.unwrap().holds());
}
