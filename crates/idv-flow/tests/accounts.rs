//! Several accounts of one vendor, tenants, the application's own keys, and lists ordered by time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use idv_core::Clock as _;
use idv_flow::store::{Filter, FlowStore as _, ListOrder, Phase};
use idv_flow::{Engine, FlowError, StartRequest, Vault};

use crate::support::{Bench, HOUR, Kind, new_verification};

/// Opens an engine with two accounts of the same vendor, and a tenant with its own key.
async fn engine(bench: &Bench) -> Engine {
    engine_of(bench, "b").await.unwrap()
}

async fn engine_of(bench: &Bench, tenants_key: &str) -> Result<Engine, FlowError> {
    Engine::builder(bench.store.clone())
        .client(bench.client())
        .account("example-branch", bench.client())
        .vault(Vault::new(&"a".repeat(64).into()).unwrap())
        .tenant("brand", Vault::new(&tenants_key.repeat(64).into()).unwrap())
        .clock(Arc::new(bench.clock.clone()))
        .open()
        .await
}

#[tokio::test]
async fn accounts_of_one_vendor_are_separate() {
    let bench = Bench::new(Kind::default());
    let engine = engine(&bench).await;
    assert_eq!(
        engine.accounts().collect::<Vec<_>>(),
        ["example", "example-branch"]
    );
    let new = new_verification(&engine);
    let first = engine.start(new.clone()).await.unwrap();
    // The same reference at another account is another verification.
    let second = engine
        .start(StartRequest::new(new.clone()).at("example-branch"))
        .await
        .unwrap();
    assert_ne!(first.id, second.id);
    let found = engine
        .find("example-branch", &new.reference)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id, found.provider.as_str(), found.account.as_str()),
        (second.id, "example", "example-branch")
    );
    let listed = engine
        .list(&Filter::all().of_account("example-branch"), None, 9)
        .await
        .unwrap();
    assert_eq!(
        listed.iter().map(|status| status.id).collect::<Vec<_>>(),
        [second.id]
    );
    assert_eq!(
        engine
            .list(&Filter::all().at_provider("example"), None, 9)
            .await
            .unwrap()
            .len(),
        2
    );
    let told = engine.events_page(None, 99).await.unwrap();
    assert!(
        told.iter()
            .any(|(_, event)| event.flow == second.id && event.account == "example-branch")
    );
    let error = engine
        .start(StartRequest::new(new_verification(&engine)).at("nowhere"))
        .await
        .unwrap_err();
    assert!(matches!(error, FlowError::UnknownAccount(_)), "{error}");
}

#[tokio::test]
async fn repeated_account_and_invalid_names_are_refused() {
    let bench = Bench::new(Kind::default());
    for name in ["example", "", "with blank", "ünusual", &"x".repeat(65)] {
        let builder = Engine::builder(bench.store.clone())
            .client(bench.client())
            .account(name, bench.client());
        let error = builder
            .clock(Arc::new(bench.clock.clone()))
            .open()
            .await
            .unwrap_err();
        assert!(matches!(error, FlowError::Invalid(_)), "{name}: {error}");
    }
    let engine = engine(&bench).await;
    let error = engine
        .start(StartRequest::new(new_verification(&engine)).tenant("Erika Mustermann"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no personal data"), "{error}");
}

#[tokio::test]
async fn second_start_with_key_returns_first_flow() {
    let bench = Bench::new(Kind::default());
    let engine = engine(&bench).await;
    let start = |key: &str| StartRequest::new(new_verification(&engine)).key(key);
    let first = engine.start(start("order-1")).await.unwrap();
    let calls = bench.vendor.calls("create");
    // The application has lost the reference, and creates another.
    let again = engine
        .start(start("order-1").at("example-branch"))
        .await
        .unwrap();
    assert_eq!(
        (again.id, again.already_existed, again.hand_off),
        (first.id, true, first.hand_off)
    );
    assert_eq!(bench.vendor.calls("create"), calls, "nothing is sent");
    let other = engine.start(start("order-2")).await.unwrap();
    let tenants = engine
        .start(start("order-1").tenant("brand"))
        .await
        .unwrap();
    assert!(
        first.id != other.id && first.id != tenants.id,
        "each tenant has its own keys"
    );
    assert_eq!(
        engine
            .find_by_key(None, "order-1")
            .await
            .unwrap()
            .unwrap()
            .id,
        first.id
    );
    assert_eq!(
        engine
            .find_by_key(Some("brand"), "order-1")
            .await
            .unwrap()
            .unwrap()
            .id,
        tenants.id
    );
    assert!(
        engine
            .find_by_key(Some("brand"), "order-2")
            .await
            .unwrap()
            .is_none()
    );
    let record = bench.store.load(first.id).await.unwrap().unwrap();
    assert!(
        !format!("{record:?}").contains("order-1"),
        "the store has only a digest of the key"
    );
}

#[tokio::test]
async fn flow_of_tenant_is_sealed_by_its_key() {
    let bench = Bench::new(Kind::default());
    let first = engine(&bench).await;
    let new = new_verification(&first);
    let reference = new.reference.clone();
    let tenants = first
        .start(StartRequest::new(new).tenant("brand"))
        .await
        .unwrap();
    let plain = first.start(new_verification(&first)).await.unwrap();
    bench.vendor.becomes(&reference, "passed");
    bench.pass(&first, HOUR).await;
    assert!(first.report(tenants.id).await.unwrap().is_some());
    assert_eq!(
        first.status(tenants.id).await.unwrap().tenant.as_deref(),
        Some("brand")
    );
    // Another key for the tenant opens everything except the tenant's flows.
    let other = engine_of(&bench, "c").await.unwrap();
    assert!(matches!(
        other.status(tenants.id).await.unwrap_err(),
        FlowError::Damaged(_)
    ));
    assert!(other.status(plain.id).await.is_ok());
    // A changed label in the store is detected.
    let mut record = bench.store.load(plain.id).await.unwrap().unwrap();
    record.account = "example-branch".to_owned();
    bench
        .store
        .commit(&idv_flow::store::Commit::new(&record, &[]))
        .await
        .unwrap();
    assert!(matches!(
        first.status(plain.id).await.unwrap_err(),
        FlowError::Damaged(_)
    ));
}

#[tokio::test]
async fn ended_flows_are_listed_in_order_of_their_end() {
    let bench = Bench::new(Kind::default());
    let engine = engine(&bench).await;
    let mut started = Vec::new();
    for _ in 0..3 {
        let new = new_verification(&engine);
        let reference = new.reference.clone();
        started.push((engine.start(new).await.unwrap().id, reference));
        bench.pass(&engine, Duration::from_secs(60)).await;
    }
    let before = bench.clock.now();
    for (_, reference) in started.iter().rev() {
        bench.vendor.becomes(reference, "passed");
        bench.pass(&engine, 2 * HOUR).await;
    }
    let filter = Filter::all()
        .in_phase(Phase::Done)
        .ordered_by(ListOrder::PhaseSince);
    let (mut ended, mut after) = (
        Vec::new(),
        Some(idv_flow::store::ListCursor::from_time(before)),
    );
    while let [status] = engine.list(&filter, after, 1).await.unwrap().as_slice() {
        after = Some(status.cursor(filter.order));
        ended.push(status.id);
        assert!(
            status.phase_since > before && status.phase_since > status.created_at,
            "{status:?}"
        );
    }
    assert_eq!(
        ended,
        started.iter().rev().map(|(id, _)| *id).collect::<Vec<_>>()
    );
    let by_start = engine
        .list(&Filter::all().ordered_by(ListOrder::CreatedAt), None, 9)
        .await
        .unwrap();
    assert_eq!(
        by_start.iter().map(|status| status.id).collect::<Vec<_>>(),
        started.iter().map(|(id, _)| *id).collect::<Vec<_>>()
    );
}
