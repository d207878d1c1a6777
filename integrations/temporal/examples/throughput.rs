//! Verifications per second from creation to deletion, on both engines in the same run, with the
//! number of history events of each verification.
//!
//! `cargo run --release --example throughput -- 200 idnow` runs 200 verifications at one vendor.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it is a measurement for a terminal"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use idv_flow::{FlowId, StartRequest};
use support::server::Server;
use support::{Bank, Runner, VENDORS, until};

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

    let mut bank = Bank::new(&[vendor]).await;
    let (runner, stop) = bank.program().embedded().await;
    bank.serve(runner.engine());
    let (embedded, _) = run(&bank, &runner, vendor, count).await;
    drop(stop);

    let server = Server::start().await;
    let mut bank = Bank::new(&[vendor]).await;
    let host = bank.program().host(&server).await;
    bank.serve(host.engine());
    let workers = [
        bank.program().worker(&server),
        bank.program().worker(&server),
    ];
    let runner = Runner::Hosted(host.clone());
    let (hosted, flows) = run(&bank, &runner, vendor, count).await;
    let mut events = 0;
    for id in flows.iter().take(20) {
        events += host.replay(*id).await.unwrap();
    }
    println!("{count} verifications at {vendor}, SQLite");
    println!(
        "embedded engine: {:.1} per second",
        per_second(count, embedded)
    );
    println!(
        "Temporal, development server, 2 workers: {:.1} per second",
        per_second(count, hosted)
    );
    println!(
        "history events per verification: {}",
        events / flows.len().min(20)
    );
    for worker in workers {
        tokio::task::spawn_blocking(|| worker.stop()).await.unwrap();
    }
}

#[expect(clippy::cast_precision_loss, reason = "the number is small")]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// Starts all verifications at once, has each person act, and has every copy deleted.
async fn run(bank: &Bank, runner: &Runner, vendor: &str, count: usize) -> (Duration, Vec<FlowId>) {
    let began = Instant::now();
    let mut flows = Vec::new();
    for number in 0..count {
        let person = bank.person(vendor, runner.engine(), number);
        flows.push(runner.start(StartRequest::new(person).at(vendor)).await);
    }
    let module = bank.sandbox.vendor(vendor).unwrap();
    let mut acted = BTreeSet::new();
    let mut verified = BTreeSet::new();
    until("every person is verified", async || {
        for id in module.ids() {
            if acted.insert(id.clone()) {
                module.act(&id, "happy").unwrap();
            }
        }
        bank.sandbox.clock().advance(Duration::from_secs(600)).await;
        for id in &flows {
            if !verified.contains(id) && runner.status(*id).await.is_verified() {
                verified.insert(*id);
            }
        }
        verified.len() == count
    })
    .await;
    join_all(flows.iter().map(|id| runner.delete(*id))).await;
    for id in &flows {
        until("both copies are gone", async || {
            let status = runner.status(*id).await;
            let by_hand = status.attention == Some(idv_flow::Attention::DeleteByHand);
            by_hand || runner.engine().receipt(*id).await.unwrap().is_complete()
        })
        .await;
    }
    (began.elapsed(), flows)
}
