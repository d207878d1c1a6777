//! The example of a codec server, with Temporal's command line as its client.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "../examples/codec_server.rs"]
mod codec_server;
mod support;

use idv_flow::FlowPlan;
use support::server::Server;
use support::{Bank, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_line_reads_payloads_by_the_codec_server() {
    let server = Server::start().await;
    let mut bank = Bank::new(&["idnow"]).await;
    let host = bank.program().host(&server).await;
    bank.serve(host.engine());
    let worker = bank.program().worker(&server);
    let person = bank.person("idnow", host.engine(), 1);
    let flow = host.start(person).await.unwrap().id;
    host.engine().wait_for_hand_off(flow).await.unwrap();
    until(
        "the workflow has a plan",
        async || matches!(host.plan(flow).await, Ok(Some(plan)) if plan.due.is_some()),
    )
    .await;

    let origin = "https://temporal.bank.example".parse().unwrap();
    let routes = codec_server::routes(host.engine().clone(), &"a-token".into(), origin);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let id = format!("idv-{flow}");
    let show = ["workflow", "show", "--output", "json", "--workflow-id", &id];
    let with = |authorization: &'static str| {
        let codec = ["--codec-endpoint", &address, "--codec-auth", authorization];
        let arguments: Vec<&str> = show.iter().chain(&codec).copied().collect();
        server.try_run(&arguments)
    };
    let opened = with("Bearer a-token").unwrap();
    let history: serde_json::Value = serde_json::from_str(&opened).unwrap();
    let started = &history["events"][0]["workflowExecutionStartedEventAttributes"];
    let plan: FlowPlan = serde_json::from_value(started["input"][0]["plan"].clone()).unwrap();
    assert_eq!((plan.flow, plan.account.as_str()), (flow, "idnow"));

    let refused = with("Bearer another").err().unwrap_or_default();
    assert!(refused.contains("401"), "{refused}");
    assert!(!server.run(&show).contains("\"plan\""), "it is sealed");
    worker.stop();
}
