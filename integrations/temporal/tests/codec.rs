//! The example of a codec server, with Temporal's command line as its client.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../examples/codec_server.rs"]
mod codec_server;
mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use idv_flow::FlowPlan;
use support::server::Server;
use support::{Bank, until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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
    let place = listener.local_addr().unwrap();
    let address = format!("http://{place}");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let id = format!("idv-{flow}");
    let show = ["workflow", "show", "--output", "json", "--workflow-id", &id];
    let codec = [
        "--codec-endpoint",
        &address,
        "--codec-auth",
        "Bearer a-token",
    ];
    let opened = input(&server.run(&[&show[..], &codec].concat()));
    let opened: serde_json::Value = serde_json::from_slice(&opened).unwrap();
    let plan: FlowPlan = serde_json::from_value(opened["plan"].clone()).unwrap();
    assert_eq!((plan.flow, plan.account.as_str()), (flow, "idnow"));

    // The command line would repeat a refused request until its time is over.
    for (authorization, status) in [("Bearer another", "401"), ("Bearer a-token", "200")] {
        let body = r#"{"payloads":[]}"#;
        let request = format!(
            "POST /decode HTTP/1.1\r\nhost: codec\r\nconnection: close\r\nauthorization: \
             {authorization}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = tokio::net::TcpStream::connect(place).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    let sealed = serde_json::from_slice::<serde_json::Value>(&input(&server.run(&show)));
    assert!(sealed.is_err(), "{sealed:?}");
    worker.stop();
}

/// Returns the data of the workflow's input in a history that the command line printed.
fn input(history: &str) -> Vec<u8> {
    let history: serde_json::Value = serde_json::from_str(history).unwrap();
    let started = &history["events"][0]["workflowExecutionStartedEventAttributes"];
    let data = started["input"]["payloads"][0]["data"].as_str().unwrap();
    BASE64_STANDARD.decode(data).unwrap()
}
