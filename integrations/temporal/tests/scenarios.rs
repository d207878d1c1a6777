//! The scenarios of all vendors, on both engines, with the same results.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use idv_core::Capability;
use idv_core::report::Evidence;
use idv_flow::FlowId;
use idv_flow::store::Phase;
use idv_sandbox::Ending;
use support::server::Server;
use support::{Bank, EVIDENCE, Runner, VENDORS, until};

/// The result of a scenario, as an application sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Played {
    outcome: String,
    disputed: bool,
    has_report: bool,
    evidence: Vec<String>,
    is_complete: bool,
    events: Vec<&'static str>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_end_alike_on_both_engines() {
    let mut bank = Bank::new(&VENDORS).await;
    let (runner, stop) = bank.program().embedded(4).await;
    bank.serve(runner.engine());
    let embedded = play(&bank, &runner).await;
    drop(stop);
    drop(bank);

    let server = Server::start().await;
    let mut bank = Bank::new(&VENDORS).await;
    let runner = Runner::Hosted(bank.program().host(&server).await);
    bank.serve(runner.engine());
    let worker = bank.program().worker(&server);
    let hosted = play(&bank, &runner).await;
    worker.stop();

    assert!(embedded.len() >= 5 * VENDORS.len(), "{}", embedded.len());
    for (scenario, expected) in &embedded {
        assert_eq!(hosted.get(scenario), Some(expected), "{scenario}");
    }
    assert_eq!(hosted.len(), embedded.len());
}

/// Plays every scenario with an outcome, from creation to deletion.
async fn play(bank: &Bank, runner: &Runner) -> BTreeMap<String, Played> {
    let mut flows: BTreeMap<String, FlowId> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for vendor in VENDORS {
        let module = bank.sandbox.vendor(vendor).unwrap();
        for scenario in module.scenarios() {
            if !has_outcome(scenario.ending) {
                continue;
            }
            let (id, vendor_id) = bank.create(runner, vendor, flows.len()).await;
            // Some scenarios need data that this person does not have.
            let Ok(steps) = module.act(&vendor_id, scenario.name) else {
                continue;
            };
            let end = steps.iter().map(|step| step.after_seconds).max();
            longest = longest.max(Duration::from_secs(end.unwrap_or_default()));
            flows.insert(format!("{vendor} {}", scenario.name), id);
        }
    }
    bank.sandbox
        .clock()
        .advance(longest + Duration::from_secs(60))
        .await;
    for (scenario, id) in &flows {
        until(&format!("{scenario} ends"), async || {
            let status = runner.status(*id).await;
            status.phase == Phase::Done || status.disputed
        })
        .await;
    }
    let mut played = BTreeMap::new();
    for (scenario, id) in flows {
        played.insert(scenario.clone(), end(runner, id, &scenario).await);
    }
    let audit = runner.engine().verify_audit(None).await.unwrap();
    assert!(audit.holds(), "{audit:?}");
    played
}

const fn has_outcome(ending: Ending) -> bool {
    matches!(
        ending,
        Ending::Verified
            | Ending::VerifiedWithChanges
            | Ending::Rejected
            | Ending::Inconclusive
            | Ending::Canceled
    )
}

/// Has both copies deleted, and returns the result.
async fn end(runner: &Runner, id: FlowId, scenario: &str) -> Played {
    let engine = runner.engine();
    let status = runner.status(id).await;
    let client = engine.client(&status.account).unwrap();
    let listed = match engine.report(id).await.unwrap() {
        Some(report) if client.info().has(Capability::Evidence) => {
            let is_kept = |listed: &&Evidence| EVIDENCE.contains(&listed.kind);
            report.evidence.iter().filter(is_kept).count()
        }
        _ => 0,
    };
    until(&format!("the evidence of {scenario} is kept"), async || {
        engine.evidence(id).await.unwrap().len() >= listed
    })
    .await;
    let mut evidence: Vec<String> = engine
        .evidence(id)
        .await
        .unwrap()
        .iter()
        .map(|kept| format!("{:?} {}", kept.kind, kept.sha256_hex()))
        .collect();
    evidence.sort();
    runner.delete_all(id, scenario).await;
    let events = engine.events_page(None, 10_000).await.unwrap();
    Played {
        outcome: format!("{:?}", status.status),
        disputed: status.disputed,
        has_report: status.has_report,
        evidence,
        is_complete: engine.receipt(id).await.unwrap().is_complete(),
        events: events
            .iter()
            .filter(|(_, event)| event.flow == id)
            .map(|(_, event)| event.kind.name())
            // Which steps between the first and the last a poll sees depends on its time.
            .filter(|name| *name != "progressed")
            .collect(),
    }
}
