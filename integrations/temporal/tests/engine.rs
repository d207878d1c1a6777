//! The workflow: starts, callbacks, decisions, retries and the length of histories.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use idv_core::{Capability, CreateSafety};
use idv_flow::store::Phase;
use idv_flow::{Attention, FlowError, FlowId, Resolution, StartRequest};
use idv_sandbox::{Fault, FaultKind};
use idv_temporal::{Host, HostError};
use idv_testkit::Canary;
use support::server::Server;
use support::{Bank, Runner, VENDORS, until};

/// Returns the first vendor with a property.
fn vendor(has: impl Fn(&idv::VendorInfo) -> bool) -> &'static str {
    let found = idv::providers().into_iter().find(has).unwrap();
    VENDORS
        .into_iter()
        .find(|id| *id == found.provider.as_str())
        .unwrap()
}

/// A bank with one vendor, a server, and a host without a worker.
async fn bank(vendor: &'static str) -> (Server, Bank, Host) {
    let server = Server::start().await;
    let mut bank = Bank::new(&[vendor]).await;
    let host = bank.program().host(&server).await;
    bank.serve(host.engine());
    (server, bank, host)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callback_is_kept_while_the_server_is_away() {
    let id = vendor(|info| info.has(Capability::Callbacks) && !info.has(Capability::Polling));
    let (server, bank, host) = bank(id).await;
    let worker = bank.program().worker(&server);
    let runner = Runner::Hosted(host.clone());
    let (flow, vendor_id) = bank.create(&runner, id, 1).await;
    worker.stop();
    server.kill().await;
    let module = bank.sandbox.vendor(id).unwrap();
    module.act(&vendor_id, "happy").unwrap();
    bank.sandbox
        .clock()
        .advance(Duration::from_secs(7_200))
        .await;
    until("a callback is answered", async || {
        let callbacks = bank.sandbox.callbacks();
        callbacks
            .iter()
            .any(|callback| callback.state == "delivered")
    })
    .await;
    assert_eq!(runner.status(flow).await.phase, Phase::Open);
    // A person is started meanwhile, too.
    let person = bank.person(id, host.engine(), 2);
    let late = host
        .start(StartRequest::new(person).at(id))
        .await
        .unwrap()
        .id;
    assert_eq!(runner.status(late).await.phase, Phase::Creating);

    server.restart().await;
    let worker = bank.program().worker(&server);
    until("the callback counts", async || {
        runner.status(flow).await.is_verified()
    })
    .await;
    until("the late flow is created", async || {
        runner.status(late).await.phase == Phase::Open
    })
    .await;
    worker.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_create_answer_needs_an_operator_once() {
    let id = vendor(|info| info.create_safety == CreateSafety::Unkeyed);
    let (server, bank, host) = bank(id).await;
    let worker = bank.program().worker(&server);
    bank.sandbox.plan(Fault::new(FaultKind::CutAfter).times(1));
    let person = bank.person(id, host.engine(), 1);
    let flow = host.start(person).await.unwrap().id;
    let status = || host.engine().status(flow);
    until("the flow needs an operator", async || {
        status().await.unwrap().attention == Some(Attention::CreationUnknown)
    })
    .await;
    let id = bank.ids(id);
    assert_eq!(id.len(), 1, "the request is not repeated");
    let history = history(&server, &format!("idv-{flow}"));
    let creates: Vec<&serde_json::Value> = scheduled(&history, "create");
    assert_eq!(creates.len(), 1, "{creates:?}");
    assert_eq!(creates[0]["retryPolicy"]["maximumAttempts"], 1);
    // The history has no other word of it.
    let mut canary = Canary::new();
    canary.watch(id[0].clone());
    canary.check("the history", &history.to_string());

    let refused = host
        .resolve(flow, &Resolution::AskNow, "desk-1")
        .await
        .map(drop);
    assert!(refused.is_ok(), "{refused:?}");
    let adopted = idv_core::VendorId::new(id[0].clone());
    host.resolve(flow, &Resolution::Adopt(adopted), "desk-1")
        .await
        .unwrap();
    until("the flow is adopted", async || {
        status().await.unwrap().phase == Phase::Open
    })
    .await;
    let refused = host.resolve(flow, &Resolution::CreateAgain, "desk-1").await;
    assert!(matches!(refused, Err(HostError::Refused(_))), "{refused:?}");
    worker.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_about_a_missing_flow_starts_no_workflow() {
    let (server, _bank, host) = bank("idnow").await;
    let missing = FlowId::from_bytes([7; 16]);
    let refused = host.delete(missing, "desk-1").await;
    assert!(matches!(
        refused,
        Err(HostError::Flow(FlowError::UnknownFlow(_)))
    ));
    let listed = server.run(&["workflow", "list", "--output", "json"]);
    assert!(!listed.contains(&missing.to_string()), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_history_continues_in_a_new_run() {
    let server = Server::start().await;
    let mut bank = Bank::new(&["identify24"]).await;
    let mut program = bank.program();
    program.history_events = 30;
    let host = program.host(&server).await;
    bank.serve(host.engine());
    let worker = program.worker(&server);
    let runner = Runner::Hosted(host.clone());
    let (flow, vendor_id) = bank.create(&runner, "identify24", 1).await;
    let id = format!("idv-{flow}");
    let first = || history(&server, &id)["events"].to_string();
    until("a new run continues", async || {
        first().contains("continuedExecutionRunId")
    })
    .await;
    let module = bank.sandbox.vendor("identify24").unwrap();
    module.act(&vendor_id, "happy").unwrap();
    bank.sandbox
        .clock()
        .advance(Duration::from_secs(7_200))
        .await;
    until("the verification ends", async || {
        runner.status(flow).await.is_verified()
    })
    .await;
    let events = history(&server, &id)["events"].as_array().unwrap().len();
    assert!(events < 60, "{events} events");
    host.replay(flow).await.unwrap();
    worker.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_delivered_by_an_activity() {
    let server = Server::start().await;
    let mut bank = Bank::new(&["idnow"]).await;
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let failed_once = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let builder = bank.program().builder().await.on_change(move |_, event| {
        let (sender, failed_once) = (sender.clone(), Arc::clone(&failed_once));
        async move {
            sender.send((event.sequence, event.kind.name()))?;
            if failed_once.swap(true, std::sync::atomic::Ordering::SeqCst) {
                Ok(())
            } else {
                Err("the application is not ready".into())
            }
        }
    });
    let host = bank.program().host_of(builder, server.url()).await;
    bank.serve(host.engine());
    let settings = idv_temporal::WorkerSettings::new().limits(
        "idnow",
        idv_temporal::QueueLimits::new().calls(1).per_second(50.0),
    );
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let local = tokio::task::LocalSet::new();
    let running = host.clone();
    let work = local.run_until(async move {
        running
            .run(&settings, async {
                let _ = stopped.await;
            })
            .await
            .unwrap();
    });
    let check = async {
        host.start(bank.person("idnow", host.engine(), 1))
            .await
            .unwrap();
        let mut received = Vec::new();
        while received.len() < 3 {
            received.push(receiver.recv().await.unwrap());
        }
        // The first delivery failed, and came again before the next.
        assert_eq!(
            received,
            [(1, "created"), (1, "created"), (2, "hand_off_ready")]
        );
        drop(stop);
    };
    tokio::join!(work, check);
}

fn history(server: &Server, id: &str) -> serde_json::Value {
    let arguments = ["workflow", "show", "--output", "json", "--workflow-id", id];
    serde_json::from_str(&server.run(&arguments)).unwrap()
}

/// Returns the scheduled activities of a type.
fn scheduled<'a>(history: &'a serde_json::Value, name: &str) -> Vec<&'a serde_json::Value> {
    history["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|event| event.get("activityTaskScheduledEventAttributes"))
        .filter(|activity| {
            activity["activityType"]["name"]
                .as_str()
                .unwrap()
                .contains(name)
        })
        .collect()
}
