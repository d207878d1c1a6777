//! Verifications per second from creation to deletion, on both engines over PostgreSQL in the same
//! run, with the history events and the calls to the server of each verification.
//!
//! `cargo run --release --example throughput -- 200 idnow` runs 200 verifications at one vendor. It
//! needs PostgreSQL and the development server, which `cargo xtask temporal test` installs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "it is a measurement for a terminal"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use idv_flow::{Attention, FlowId, StartRequest};
use idv_testkit::postgres;
use support::server::Server;
use support::{Bank, Program, Runner, VENDORS, until};

/// The number of steps that each engine carries out at the same time.
const WORKERS: usize = 8;
/// The number of histories that are counted.
const HISTORIES: usize = 20;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments
        .next()
        .map_or(100, |count| count.parse().expect("a number"));
    let wanted = arguments.next();
    let vendor = VENDORS
        .into_iter()
        .find(|id| wanted.as_deref().is_none_or(|wanted| wanted == *id))
        .expect("a vendor's id");
    let database = tokio::task::spawn_blocking(postgres::Server::start)
        .await
        .unwrap();
    println!("{count} verifications at {vendor}, from the creation to the deletion");

    let mut bank = Bank::new(&[vendor]).await;
    let (runner, stop) = program(&bank, &database).embedded(WORKERS).await;
    bank.serve(runner.engine());
    let (time, _) = run(&bank, &runner, vendor, count).await;
    println!("embedded engine: {:.1} per second", count as f64 / time);
    drop(stop);

    let server = Server::start().await;
    let mut bank = Bank::new(&[vendor]).await;
    let program = program(&bank, &database);
    let host = program.host(&server).await;
    bank.serve(host.engine());
    let workers = [program.worker(&server), program.worker(&server)];
    let (calls, writes) = (calls(&server).await, database_calls(&server).await);
    let runner = Runner::Hosted(host.clone());
    let (time, flows) = run(&bank, &runner, vendor, count).await;
    println!("Temporal, 2 workers: {:.1} per second", count as f64 / time);
    let each = |calls: f64| calls / count as f64;
    println!(
        "calls to the server per verification: {:.0}; of the server to its database: {:.0}",
        each(self::calls(&server).await - calls),
        each(database_calls(&server).await - writes)
    );
    let mut history = History::default();
    for id in flows.iter().take(HISTORIES) {
        history.add(&server, *id);
    }
    let each = |number: usize| number as f64 / flows.len().min(HISTORIES) as f64;
    println!(
        "history events per verification: {:.0}, with {:.0} activities, in {:.0} bytes",
        each(history.events),
        each(history.activities),
        each(history.bytes)
    );
    for worker in workers {
        tokio::task::spawn_blocking(|| worker.stop()).await.unwrap();
    }
}

fn program(bank: &Bank, database: &postgres::Server) -> Program {
    let mut program = bank.program();
    program.database = Some(database.database());
    // As in production; the tests have shorter times.
    program.round = Duration::from_secs(10);
    program
}

/// Returns the number of calls to the server.
async fn calls(server: &Server) -> f64 {
    server
        .counted("service_requests", "service_name=\"frontend\"")
        .await
}

/// Returns the number of calls of the server to its database.
async fn database_calls(server: &Server) -> f64 {
    server.counted("persistence_requests", "").await
}

/// The sums over histories.
#[derive(Default)]
struct History {
    events: usize,
    activities: usize,
    /// The size as the server counts it.
    bytes: usize,
}

impl History {
    /// Adds all histories of a flow: a decision after the end is a workflow of its own.
    fn add(&mut self, server: &Server, id: FlowId) {
        let (id, query) = (format!("idv-{id}"), format!("WorkflowId = 'idv-{id}'"));
        let run = |arguments: &[&str]| -> serde_json::Value {
            serde_json::from_str(&server.run(arguments)).unwrap()
        };
        let list = ["workflow", "list", "--output", "json", "--query", &query];
        for workflow in run(&list).as_array().unwrap() {
            let run_id = workflow["execution"]["runId"].as_str().unwrap();
            let of = ["--output", "json", "--run-id", run_id, "--workflow-id", &id];
            let history = run(&[&["workflow", "show"], &of[..]].concat());
            let events = history["events"].as_array().unwrap();
            let is_activity = |event: &&serde_json::Value| {
                event["eventType"] == "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"
            };
            self.events += events.len();
            self.activities += events.iter().filter(is_activity).count();
            let described = run(&[&["workflow", "describe"], &of[..]].concat());
            let size = &described["workflowExecutionInfo"]["historySizeBytes"];
            self.bytes += size.as_str().unwrap().parse::<usize>().unwrap();
        }
    }
}

/// Starts all verifications at once, has each person act, and has every copy deleted. Returns the
/// time in seconds.
async fn run(bank: &Bank, runner: &Runner, vendor: &str, count: usize) -> (f64, Vec<FlowId>) {
    let began = Instant::now();
    let mut flows = Vec::new();
    for number in 0..count {
        let person = bank.person(vendor, runner.engine(), number);
        flows.push(runner.start(StartRequest::new(person).at(vendor)).await);
    }
    let module = bank.sandbox.vendor(vendor).unwrap();
    let mut acted = BTreeSet::new();
    let mut verified = 0;
    until("every person is verified", async || {
        for id in module.ids() {
            if acted.insert(id.clone()) {
                module.act(&id, "happy").unwrap();
            }
        }
        bank.sandbox.clock().advance(Duration::from_secs(600)).await;
        while let Some(id) = flows.get(verified) {
            if !runner.status(*id).await.is_verified() {
                return false;
            }
            verified += 1;
        }
        true
    })
    .await;
    join_all(flows.iter().map(|id| runner.delete(*id))).await;
    for id in &flows {
        until("both copies are gone", async || {
            let status = runner.status(*id).await;
            let by_hand = status.attention == Some(Attention::DeleteByHand);
            by_hand || runner.engine().receipt(*id).await.unwrap().is_complete()
        })
        .await;
    }
    (began.elapsed().as_secs_f64(), flows)
}
