//! Single steps of an engine, as the activities carry them out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use idv::idnow::{DataCentre, Idnow, IdnowConfig};
use idv_core::call::CallPolicy;
use idv_core::{Client, NewVerification, Secret};
use idv_flow::store::{MemoryStore, Phase};
use idv_flow::{Engine, FlowId, FlowObserver, FlowPlan, Schedule, Vault};
use idv_testkit::{ManualClock, ScriptedTransport, environment};

/// Remembers the flows that it was notified of.
#[derive(Debug, Default)]
struct Notified(Mutex<Vec<FlowId>>);

impl FlowObserver for Notified {
    fn changed(&self, flow: FlowId) {
        self.0.lock().unwrap().push(flow);
    }

    fn received(&self, flow: FlowId) {
        self.0.lock().unwrap().push(flow);
    }
}

struct Setup {
    engine: Engine,
    transport: ScriptedTransport,
    clock: ManualClock,
    notified: Arc<Notified>,
}

impl Setup {
    async fn new() -> Self {
        let transport = ScriptedTransport::new();
        let clock = ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap());
        let config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
        let client = Client::new(
            Idnow::new(config).unwrap(),
            environment(&transport, &clock),
            CallPolicy::default(),
        );
        let schedule = Schedule::of(client.info()).interval(Duration::from_secs(60));
        let key = Secret::new("000102030405060708090a0b0c0d0e0f".repeat(2));
        let notified = Arc::new(Notified::default());
        let engine = Engine::builder(MemoryStore::new())
            .client(client)
            .schedule("idnow", schedule.sweep(None))
            .vault(Vault::new(&key).unwrap())
            .observer(Arc::<Notified>::clone(&notified))
            .open()
            .await
            .unwrap();
        Self {
            engine,
            transport,
            clock,
            notified,
        }
    }

    /// Commits the intent of a flow, and returns its first plan.
    async fn submit(&self) -> FlowPlan {
        let new = NewVerification::new(self.engine.reference());
        let started = self.engine.submit(new).await.unwrap();
        self.engine.plan(started.id).await.unwrap()
    }
}

#[tokio::test]
async fn command_is_carried_out_if_it_is_next() {
    let setup = Setup::new().await;
    let plan = setup.submit().await;
    assert_eq!(plan.command.as_deref(), Some("create"));
    assert!(plan.calls_vendor && plan.is_keyed && !plan.is_over());

    let other = setup.engine.carry_out(plan.flow, "poll").await.unwrap();
    assert_eq!(other, plan, "another command changes nothing");

    setup.transport.then_json(201, r#"{"id":"IBA-H5FD8"}"#);
    let created = setup.engine.carry_out(plan.flow, "create").await.unwrap();
    assert_eq!((created.phase, created.command), (Phase::Open, None));
    assert!(created.due > plan.due && created.events == 2);
    assert_eq!(created.next.as_deref(), Some("poll"));
    assert_eq!(setup.transport.requests().len(), 1);
    assert!(setup.notified.0.lock().unwrap().contains(&plan.flow));

    let again = setup.engine.carry_out(plan.flow, "create").await.unwrap();
    assert_eq!(again.phase, Phase::Open);
    assert_eq!(setup.transport.requests().len(), 1, "nothing is sent twice");
}

#[tokio::test]
async fn command_waits_while_the_account_is_paused() {
    let setup = Setup::new().await;
    let plan = setup.submit().await;
    setup.engine.pause_account("idnow", "desk-1").await.unwrap();
    let held = setup.engine.carry_out(plan.flow, "create").await.unwrap();
    assert_eq!((held.phase, held.command), (Phase::Creating, None));
    assert!(held.due > plan.due && held.next == plan.command);
    assert!(setup.transport.requests().is_empty());
}

#[tokio::test]
async fn stalled_flow_is_returned_once_per_lease() {
    let setup = Setup::new().await;
    let plan = setup.submit().await;
    let late = Duration::from_secs(60);
    assert!(setup.engine.stalled(late, 10).await.unwrap().is_empty());
    setup.clock.advance(late + Duration::from_secs(1));
    let stalled = setup.engine.stalled(late, 10).await.unwrap();
    assert_eq!(stalled.len(), 1);
    assert!(stalled.iter().all(|stalled| stalled.flow == plan.flow));
    assert!(setup.engine.stalled(late, 10).await.unwrap().is_empty());
    setup.clock.advance(setup.engine.lease() + late);
    assert_eq!(setup.engine.stalled(late, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn changed_payload_is_refused() {
    let setup = Setup::new().await;
    let mut sealed = setup.engine.seal_payload(b"a plan").await.unwrap();
    assert_eq!(setup.engine.open_payload(&sealed).await.unwrap(), b"a plan");
    assert!(!sealed.windows(6).any(|window| window == b"a plan"));
    *sealed.last_mut().unwrap() ^= 1;
    assert!(setup.engine.open_payload(&sealed).await.is_err());
}
