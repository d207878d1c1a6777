//! Workers and starting programs killed with `kill -9` many times: nothing is lost, and nothing is
//! done twice.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idv_testkit::postgres::Server;
use serde_json::Value;
use support::company::{Chance, Company, is_thorough, until};

/// One vendor whose create requests can be repeated, one that can be searched, and one with
/// neither. The other two report by callbacks alone.
const PROVIDERS: [&str; 3] = ["idnow", "identity-tm", "identify24"];
const SCENARIOS: [&str; 5] = [
    "happy",
    "data-changed",
    "rejected",
    "fraud",
    "aborted-then-success",
];
/// The number of kills while the flows run. A third as many follow while they are deleted.
const KILLS: usize = 12;
const KILLS_IN_CI: usize = 30;

/// A killed worker holds its leases for this long; all other steps are quick enough to happen
/// between two kills.
const SETTINGS: &str = "lease_ms = 3000
[flow.schedule]
interval_ms = 300
slowest_ms = 600
wake_gap_ms = 100
sweep_ms = 0
settle_within_ms = 6000
confirm_after_ms = 300";

#[test]
fn sqlite_loses_and_repeats_nothing_when_killed() {
    survive_kills("flows.db", "over a file");
}

#[test]
fn postgres_loses_and_repeats_nothing_when_killed() {
    survive_kills(&Server::shared().database(), "over postgresql");
}

/// Returns the number of kills.
fn kills() -> usize {
    if is_thorough() { KILLS_IN_CI } else { KILLS }
}

/// Returns the number of flows, a multiple of the number of providers.
fn flows() -> usize {
    if is_thorough() { 21 } else { 12 }
}

fn survive_kills(store: &str, name: &str) {
    let mut chance = Chance::new(name);
    let company = Company::new(&PROVIDERS, store, SETTINGS);
    // A lease is longer than a call, and the kills are many.
    company.set_timeouts(2500, 2000);
    company.slow_down(60);
    let wanted: Vec<(String, &str)> = (0..flows())
        .map(|number| (chance.reference(), PROVIDERS[number % PROVIDERS.len()]))
        .collect();

    let (started, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let mut other = Chance(chance.below(u64::MAX));
    let mut people = Chance(chance.below(u64::MAX));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ended = SetOnDrop(&started);
            start_all(&company, &wanted, &mut other);
        });
        scope.spawn(|| act_all(&company, &wanted, &mut people, &over));
        let _over = SetOnDrop(&over);
        let mut done = 0;
        while done < kills() || !started.load(Ordering::SeqCst) {
            let worker = company.worker();
            worker.let_run(chance.milliseconds(20, 200));
            worker.let_run(chance.milliseconds(1, 700));
            worker.kill();
            done += 1;
        }
        println!("{name}: the worker was killed {done} times");
        let worker = company.worker().works();
        settle(&company);
        worker.stop();
    });

    let reported = every_flow_has_ended(&company, &wanted);
    nothing_was_created_twice(&company, &wanted, &reported);
    assert_eq!(
        company.json(&["audit", "verify"])["findings"],
        Value::Array(Vec::new())
    );

    for id in company.flows().keys() {
        company.json(&["flow", "delete", id, "--by", "test"]);
    }
    for _ in 0..kills() / 3 {
        let worker = company.worker();
        worker.let_run(chance.milliseconds(20, 200));
        worker.let_run(chance.milliseconds(1, 500));
        worker.kill();
    }
    let worker = company.worker().works();
    delete_by_hand(&company);
    worker.stop();
    everything_was_deleted_once(&company, &wanted);
    let verified = company.json(&["audit", "verify"]);
    assert_eq!(verified["flows"], flows());
}

/// Sets a flag when it is dropped, whether or not a test has failed.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Starts the flows. Every other start is killed midway and repeated with the same reference.
fn start_all(company: &Company, wanted: &[(String, &str)], chance: &mut Chance) {
    for (reference, provider) in wanted {
        while chance.below(2) == 0 {
            let mut child = company.start(provider, reference);
            std::thread::park_timeout(chance.milliseconds(20, 350));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        company.started(provider, reference);
    }
}

/// Lets the person of every existing verification act.
fn act_all(company: &Company, wanted: &[(String, &str)], chance: &mut Chance, over: &AtomicBool) {
    let mut acted = BTreeSet::new();
    while !over.load(Ordering::SeqCst) {
        for provider in PROVIDERS {
            let mut there = company.created(provider);
            if provider == "idnow" {
                there.extend(
                    wanted
                        .iter()
                        .filter(|(_, at)| *at == provider)
                        .map(|(reference, _)| reference.clone()),
                );
            }
            for name in there {
                let scenario = SCENARIOS[usize::try_from(chance.below(5)).unwrap()];
                if !acted.contains(&name) && company.act(provider, &name, scenario) {
                    acted.insert(name);
                }
            }
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
}

/// Plays the operator until every flow has ended: looks up lost create requests at the vendor.
fn settle(company: &Company) {
    until("every flow ends", || {
        let flows = company.flows();
        let (ended, open): (Vec<&Value>, Vec<&Value>) = flows
            .values()
            .partition(|flow| matches!(flow["phase"].as_str().unwrap(), "done" | "refused"));
        let unknown: Vec<&Value> = open
            .iter()
            .filter(|flow| flow["attention"]["kind"] == "creation_unknown")
            .copied()
            .collect();
        if open.is_empty() {
            return Ok(());
        }
        // Only when all other flows have ended, the remaining verifications at the vendor belong to
        // this one.
        if unknown.len() < open.len() {
            return Err(format!("{open:#?}"));
        }
        let known: BTreeSet<String> = ended
            .iter()
            .filter_map(|flow| vendor_id(company, flow))
            .collect();
        for flow in unknown {
            resolve(company, flow, &known);
        }
        Err(format!("{open:#?}"))
    });
}

fn resolve(company: &Company, flow: &Value, known: &BTreeSet<String>) {
    let (id, provider) = (
        flow["id"].as_str().unwrap(),
        flow["provider"].as_str().unwrap(),
    );
    let its = |vendor_id: &String| match company.reference(provider, vendor_id) {
        Some(reference) => company.json(&["flow", "status", "--reference", &reference])["id"] == id,
        None => false,
    };
    // A verification that belongs to another flow need not be checked.
    match company
        .created(provider)
        .into_iter()
        .filter(|id| !known.contains(id))
        .find(its)
    {
        Some(orphan) => company.json(&["flow", "operator", id, "--adopt", &orphan, "--by", "test"]),
        None => company.json(&["flow", "operator", id, "--create-again", "--by", "test"]),
    };
}

/// Returns the vendor's id of a flow, from its report.
fn vendor_id(company: &Company, flow: &Value) -> Option<String> {
    let report = company.run(&["flow", "report", flow["id"].as_str().unwrap()]);
    (report.exit == 0).then(|| report.json()["vendor_id"].as_str().unwrap().to_owned())
}

/// Checks that every requested flow has ended with a report, and returns the vendors' ids.
fn every_flow_has_ended(company: &Company, wanted: &[(String, &str)]) -> BTreeMap<String, String> {
    assert_eq!(
        company.phases(),
        BTreeMap::from([("done".to_owned(), flows())])
    );
    let mut reported = BTreeMap::new();
    for (reference, provider) in wanted {
        let flow = company.json(&["flow", "status", "--reference", reference]);
        assert_eq!(flow["provider"], *provider);
        assert_eq!(flow["status"]["state"], "finished", "{flow}");
        let vendor_id =
            vendor_id(company, &flow).unwrap_or_else(|| panic!("there is no report: {flow}"));
        reported.insert(reference.clone(), vendor_id);
    }
    reported
}

/// Checks that the vendors have one verification for each reference, and no others.
fn nothing_was_created_twice(
    company: &Company,
    wanted: &[(String, &str)],
    reported: &BTreeMap<String, String>,
) {
    let each = flows() / PROVIDERS.len();
    assert_eq!(company.sandbox.idnow().identifications(), each);
    for provider in &PROVIDERS[1..] {
        let of = wanted
            .iter()
            .filter(|(_, at)| at == provider)
            .map(|(reference, _)| reported[reference].clone());
        let ours: BTreeSet<String> = of.collect();
        assert_eq!(company.created(provider), ours, "{provider}");
        assert_eq!(
            ours.len(),
            each,
            "{provider}: two flows have the same verification"
        );
        for (reference, vendor_id) in wanted
            .iter()
            .filter(|(_, at)| at == provider)
            .map(|(reference, _)| (reference, &reported[reference]))
        {
            let submitted = company.reference(provider, vendor_id);
            assert!(
                submitted.is_some_and(|submitted| submitted.eq_ignore_ascii_case(reference)),
                "{provider}: {vendor_id}"
            );
        }
    }
}

/// Confirms manual deletions until no data is left.
fn delete_by_hand(company: &Company) {
    until("everything is deleted", || {
        for flow in company.flows().values() {
            if flow["attention"]["kind"] == "delete_by_hand" {
                company.json(&[
                    "flow",
                    "operator",
                    flow["id"].as_str().unwrap(),
                    "--deleted-by-hand",
                    "--by",
                    "test",
                ]);
            }
        }
        let phases = company.phases();
        if phases.get("erased") == Some(&flows()) {
            Ok(())
        } else {
            Err(format!("{phases:?}"))
        }
    });
}

/// Checks that the receipts are complete, and that vendors deleted each verification once.
fn everything_was_deleted_once(company: &Company, wanted: &[(String, &str)]) {
    let mut deleted: BTreeMap<String, usize> = BTreeMap::new();
    for request in company.sandbox.requests() {
        if request.method == "DELETE" && (200..300).contains(&request.status) {
            *deleted.entry(request.path).or_default() += 1;
        }
    }
    assert!(deleted.values().all(|times| *times == 1), "{deleted:?}");
    for (reference, provider) in wanted {
        let flow = company.json(&["flow", "status", "--reference", reference]);
        let by_vendor = matches!(*provider, "idnow" | "identity-tm");
        assert_eq!(
            flow["deletion"]["vendors_copy"],
            if by_vendor { "confirmed" } else { "by_hand" },
            "{flow}"
        );
        assert!(flow["deletion"]["own_copy_erased_at"].is_string());
        assert_eq!(
            company
                .run(&["flow", "report", flow["id"].as_str().unwrap()])
                .exit,
            1,
            "the report is erased"
        );
    }
    assert_eq!(deleted.len(), flows() / PROVIDERS.len() * 2);
}
