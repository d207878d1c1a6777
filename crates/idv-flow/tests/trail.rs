//! The audit trail: its content, and the detection of changes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use idv_flow::audit::{AuditBlock, AuditEntry};
use idv_flow::store::*;
use idv_flow::{Engine, FlowId, StartRequest, Vault};
use support::meddled::{Change, Meddled};
use support::*;

/// Creates three verifications, over two days and at least four blocks.
async fn trail() -> (Meddled, Engine, Vec<FlowId>) {
    let bench = Bench::new(Kind::default());
    let store = Meddled {
        store: bench.store.clone(),
        ..Meddled::default()
    };
    let vault = Vault::new(&idv_core::Secret::new("a".repeat(64))).unwrap();
    let flow = bench
        .open(
            Engine::builder(store.clone())
                .client(bench.client())
                .random(Arc::new(bench.bits.clone()))
                .vault(vault),
        )
        .await;
    let mut flows = Vec::new();
    for state in ["passed", "failed", "waiting"] {
        let new = new_verification(&flow);
        let reference = new.reference.clone();
        flows.push(settle(StartRequest::new(new).by("desk-3"), &flow).await);
        bench.vendor.becomes(&reference, state);
        bench.pass(&flow, HOUR).await;
    }
    bench.pass(&flow, HOUR).await;
    (store, flow, flows)
}

#[tokio::test]
async fn unchanged_trail_holds_and_has_anchor() {
    let (_, flow, _) = trail().await;
    let verified = flow.verify_audit(None).await.unwrap();
    assert!(verified.holds(), "{verified:?}");
    assert!(
        verified.flows == 3 && verified.entries >= 13 && verified.blocks >= 3,
        "{verified:?}"
    );
    assert!(
        flow.verify_audit(Some(&verified.anchor))
            .await
            .unwrap()
            .holds()
    );
    let strange = flow
        .verify_audit(Some(&format!("1:{}", "0".repeat(64))))
        .await
        .unwrap();
    assert!(
        !strange.holds() && strange.findings[0].contains("anchor"),
        "{strange:?}"
    );
}

#[tokio::test]
async fn anchor_of_store_without_blocks_is_accepted() {
    let bench = Bench::new(Kind::default());
    let flow = bench.flow().await;
    let anchor = flow.verify_audit(None).await.unwrap().anchor;
    assert_eq!(anchor, "");
    start(&flow).await;
    bench.pass(&flow, HOUR).await;
    let later = flow.verify_audit(Some(&anchor)).await.unwrap();
    assert!(later.holds() && !later.anchor.is_empty(), "{later:?}");
}

#[tokio::test]
async fn changed_or_missing_entry_is_found() {
    let (store, flow, _) = trail().await;
    let count = flow.verify_audit(None).await.unwrap().entries;
    let all = store.store.audit(None, 1_000).await.unwrap();
    assert_eq!(all.len() as u64, count);
    for victim in &all {
        let name = (victim.flow, victim.number);
        let is = move |entry: &AuditEntry| (entry.flow, entry.number) == name;
        let changes: [Arc<Change>; 4] = [
            Arc::new(move |entries: &mut Vec<AuditEntry>| entries.retain(|entry| !is(entry))),
            Arc::new(move |entries: &mut Vec<AuditEntry>| {
                entries
                    .iter_mut()
                    .filter(|entry| is(entry))
                    .for_each(|entry| entry.event.push(' '));
            }),
            Arc::new(move |entries: &mut Vec<AuditEntry>| {
                let later = jiff::SignedDuration::from_secs(1);
                entries
                    .iter_mut()
                    .filter(|entry| is(entry))
                    .for_each(|entry| entry.at += later);
            }),
            Arc::new(move |entries: &mut Vec<AuditEntry>| {
                // Without the key, no attacker can compute a matching hash.
                entries
                    .iter_mut()
                    .filter(|entry| is(entry))
                    .for_each(|entry| entry.hash = [7; 32]);
            }),
        ];
        for change in changes {
            *store.entries.lock().unwrap() = Some(change);
            assert!(
                !flow.verify_audit(None).await.unwrap().holds(),
                "{victim:?}"
            );
        }
    }
    *store.entries.lock().unwrap() = None;
    assert!(flow.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn removed_flow_with_its_trail_is_found() {
    let (store, flow, flows) = trail().await;
    for id in flows {
        *store.hidden.lock().unwrap() = Some(id);
        let verified = flow.verify_audit(None).await.unwrap();
        assert!(
            verified
                .findings
                .iter()
                .any(|finding| finding.contains("block")),
            "{verified:?}"
        );
    }
}

#[tokio::test]
async fn changed_missing_or_rolled_back_block_is_found() {
    let (store, flow, _) = trail().await;
    let anchor = flow.verify_audit(None).await.unwrap().anchor;
    let changes: [fn(&mut Vec<AuditBlock>); 3] = [
        |blocks| drop(blocks.drain(..1.min(blocks.len()))),
        |blocks| blocks.iter_mut().for_each(|block| block.entries += 1),
        |blocks| {
            blocks
                .iter_mut()
                .filter(|block| block.number == 2)
                .for_each(|block| block.previous = [0; 32]);
        },
    ];
    for change in changes {
        *store.blocks.lock().unwrap() = Some(Arc::new(change));
        assert!(!flow.verify_audit(None).await.unwrap().holds());
    }
    let last = store.store.last_block().await.unwrap().unwrap().number;
    let rolled_back =
        move |blocks: &mut Vec<AuditBlock>| blocks.retain(|block| block.number != last);
    *store.blocks.lock().unwrap() = Some(Arc::new(rolled_back));
    assert!(!flow.verify_audit(Some(&anchor)).await.unwrap().holds());
}

#[tokio::test]
async fn trail_has_accounts_channels_and_proofs_only() {
    let (store, _, flows) = trail().await;
    let entries = store.store.audit_of(flows[0]).await.unwrap();
    let events: Vec<serde_json::Value> = entries
        .iter()
        .map(|entry| serde_json::from_str(&entry.event).unwrap())
        .collect();
    let words: Vec<&str> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        ["asked", "creating", "created", "observed", "report_stored"]
    );
    assert_eq!(
        (&events[0]["by"], &events[0]["provider"]),
        (&"desk-3".into(), &"example".into())
    );
    assert!(events[0]["mapping"].as_str().unwrap().contains("idv "));
    let observed = &events[3];
    assert_eq!(
        (&observed["channel"], &observed["proof"], &observed["code"]),
        (&"poll".into(), &"own_call".into(), &"passed".into())
    );
    assert_eq!(observed["digest"].as_str().unwrap().len(), 64);
    assert_eq!(events[4]["outcome"], "verified");
    let all: String = store
        .store
        .audit(None, 1_000)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    assert!(!all.contains("Mustermann"));
}

#[tokio::test]
async fn restored_flow_does_not_match_its_trail() {
    let bench = Bench::new(Kind::default());
    let vault = Vault::new(&idv_core::Secret::new("a".repeat(64))).unwrap();
    let flow = bench.open(bench.builder().vault(vault)).await;
    let (id, reference) = start(&flow).await;
    let before = bench.store.load(id).await.unwrap().unwrap();
    bench.vendor.becomes(&reference, "failed");
    bench.pass(&flow, HOUR).await;
    let after = bench.store.load(id).await.unwrap().unwrap();
    // The state alone does not open with another head of the trail.
    let forged = Record {
        body: before.body.clone(),
        ..after.clone()
    };
    bench
        .store
        .commit(&Commit::new(&forged, &[]))
        .await
        .unwrap();
    assert!(matches!(
        flow.status(id).await.unwrap_err(),
        idv_flow::FlowError::Damaged(_)
    ));
    // With its own head of the trail the state opens, and the trail has later entries.
    let forged = Record {
        version: after.version + 1,
        ..before
    };
    bench
        .store
        .commit(&Commit::new(&forged, &[]))
        .await
        .unwrap();
    assert!(flow.status(id).await.is_ok());
    let verified = flow.verify_audit(None).await.unwrap();
    assert!(
        verified
            .findings
            .iter()
            .any(|finding| finding.contains("the record names entry")),
        "{verified:?}"
    );
}
