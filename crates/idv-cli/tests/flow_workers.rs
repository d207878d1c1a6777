//! Workers that share a store, that are stopped, and whose database goes away.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use idv_sandbox::{Fault, FaultKind};
use idv_testkit::postgres::Server;
use support::company::{Chance, Company, Worker, is_thorough, until};

const QUICK: &str = "[flow.schedule]
interval_ms = 400
slowest_ms = 400
wake_gap_ms = 100
sweep_ms = 0";

/// Records each lease of a flow: the flow, the time, and the end of the previous lease.
const NOTE_CLAIMS: &str = "CREATE TABLE claims (flow TEXT, at BIGINT, before BIGINT);
CREATE FUNCTION note_claim() RETURNS trigger AS $$ BEGIN
    IF NEW.lease IS NOT NULL AND NEW.lease IS DISTINCT FROM OLD.lease THEN
        INSERT INTO claims VALUES (encode(OLD.flow, 'hex'), (extract(epoch FROM clock_timestamp()) * 1000000)::BIGINT, OLD.lease);
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER note_claim BEFORE UPDATE ON idv_queue FOR EACH ROW EXECUTE FUNCTION note_claim();";

#[test]
fn four_workers_repeat_no_step() {
    let flows = if is_thorough() { 32 } else { 16 };
    let server = Server::shared();
    let database = server.database();
    let mut chance = Chance::new("four workers");
    let company = Company::new(&["idnow", "identity-tm"], &database, QUICK);
    company.flows();
    server.execute(&database, NOTE_CLAIMS);
    // Two workers that claimed the same step would run it at the same time.
    company.slow_down(40);
    let workers: Vec<Worker> = (0..4).map(|_| company.worker().works()).collect();
    let wanted: Vec<(String, &str)> = (0..flows)
        .map(|number| (chance.reference(), ["idnow", "identity-tm"][number % 2]))
        .collect();
    for (reference, provider) in &wanted {
        company.started(provider, reference);
    }
    for order in company.created("identity-tm") {
        assert!(company.act("identity-tm", &order, "happy"));
    }
    for (reference, _) in wanted.iter().filter(|(_, provider)| *provider == "idnow") {
        assert!(company.act("idnow", reference, "happy"));
    }
    until("every person is verified", || {
        let phases = company.phases();
        if phases.get("done") == Some(&flows) {
            Ok(())
        } else {
            Err(format!("{phases:?}"))
        }
    });
    let done: Vec<u64> = workers.into_iter().map(Worker::stop).collect();

    // A worker on a busy machine may come too late for every step, but a single worker would be no
    // test.
    assert!(
        done.iter().filter(|done| **done > 0).count() > 1,
        "one worker did all: {done:?}"
    );
    let claims: u64 = server
        .execute(&database, "SELECT count(*) FROM claims")
        .parse()
        .unwrap();
    assert!(claims > flows as u64, "{claims}");
    assert_eq!(
        server.execute(&database, "SELECT * FROM claims WHERE before > at"),
        "",
        "claimed during another worker's lease"
    );
    // Each claimed step was run once; timers come on top.
    assert!(
        done.iter().sum::<u64>() >= claims,
        "{claims} claims, {done:?} steps"
    );
    assert_eq!(company.sandbox.idnow().identifications(), flows / 2);
    assert_eq!(company.created("identity-tm").len(), flows / 2);
    assert_eq!(
        company.answered(|request| request.path.ends_with("/start")),
        flows / 2,
        "each verification is created by one request"
    );
    // Under one lease a worker polls the status and fetches the result if there is one.
    // Identity.TM's result is judged with its history, which takes one more request.
    let asked = company.answered(|request| is_question(&request.method, &request.path));
    assert!(
        asked as u64 <= 2 * claims + flows as u64 / 2,
        "{asked} questions, {claims} claims"
    );
    assert_eq!(company.json(&["audit", "verify"])["flows"], flows);
}

/// Returns whether a request polls a verification rather than logging in or creating one.
fn is_question(method: &str, path: &str) -> bool {
    method == "GET" && !path.contains("_control") && !path.contains("login")
}

#[test]
fn signal_stops_worker_after_its_current_call() {
    let company = one_open_flow();
    company.sandbox.plan(Fault::new(FaultKind::Delay(10_000)));
    let asked = company.answered(|_| true);
    let worker = company.worker().works();
    until("the vendor is polled", || {
        if company.answered(|_| true) > asked {
            Ok(())
        } else {
            Err("nothing".to_owned())
        }
    });
    worker.signal("TERM");
    let (exit, last, said) = worker.end();
    assert_eq!(exit, 0, "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("steps to complete: 1"), "{said}");
    let last = last.unwrap();
    // The timer of the audit log may come on top.
    assert_eq!(last["under_way"], 1);
    assert!(last["done"].as_u64() >= Some(1), "{last}");
    assert!(asks_now(&company), "no lease remains");
}

#[test]
fn second_signal_stops_worker_at_once() {
    let company = one_open_flow();
    company
        .sandbox
        .plan(Fault::new(FaultKind::Delay(60_000)).times(8));
    let asked = company.answered(|_| true);
    let mut worker = company.worker().works();
    until("the vendor is polled", || {
        if company.answered(|_| true) > asked {
            Ok(())
        } else {
            Err("nothing".to_owned())
        }
    });
    let began = Instant::now();
    // Two signals in quick succession may count as one: send until the second one is received.
    until("the worker ends", || {
        if worker.is_there() {
            worker.signal("INT");
            return Err("the worker still runs".to_owned());
        }
        Ok(())
    });
    let (exit, last, said) = worker.end();
    assert_eq!((exit, last), (130, None), "{said}");
    assert!(
        began.elapsed() < Duration::from_secs(50),
        "the response takes a minute: {:?}",
        began.elapsed()
    );
    company.sandbox.clear_faults();
    assert!(
        !asks_now(&company),
        "the lease stays until it expires, since the worker may still be alive"
    );
}

#[test]
fn listening_worker_processes_callback_at_once() {
    // Without the callback, the next poll would be an hour away.
    let slow = "[flow.schedule]\ninterval_ms = 3600000\nwake_gap_ms = 100\nsweep_ms = 0";
    let company = Company::new(&["idnow"], "flows.db", slow);
    let mut worker = company.worker_with(&["--listen", "127.0.0.1:0"]);
    let address = worker.started()["listen"].as_str().unwrap().to_owned();
    let callbacks = format!("http://{address}/callbacks/idnow");
    company
        .sandbox
        .idnow()
        .configure(|account| account.callback_url = Some(callbacks))
        .unwrap();
    let reference = "0123456789abcdef0123456789abcdef";
    company.started("idnow", reference);
    assert!(company.act("idnow", reference, "happy"));
    until("the person is verified", || {
        let phases = company.phases();
        if phases.contains_key("done") {
            Ok(())
        } else {
            Err(format!("{phases:?}"))
        }
    });
    assert_eq!(company.get(&format!("http://{address}/health")).0, 200);
    assert_eq!(
        company.get(&format!("http://{address}/callbacks/nobody")).0,
        404
    );
    let taken = company.place.run(&["flow", "run", "--listen", &address]);
    assert!(taken.failed(2).contains("cannot listen"), "{}", taken.err);
    assert!(worker.is_there());
    worker.stop();
}

#[test]
fn workers_survive_database_restart() {
    let mut server = Server::start();
    let mut chance = Chance::new("a database that goes away");
    let company = Company::new(&["idnow"], &server.database(), QUICK);
    let mut worker = company.worker().works();
    let references: Vec<String> = (0..8).map(|_| chance.reference()).collect();
    for reference in &references {
        company.started("idnow", reference);
        company.act("idnow", reference, "happy");
    }
    server.crash();
    let failed = company.run(&["flow", "list"]);
    assert!(
        failed.failed(1).contains("the store failed"),
        "{}",
        failed.err
    );
    assert!(worker.is_there(), "the worker waits");
    server.restart();
    until("every person is verified", || {
        let phases = company.phases();
        if phases.get("done") == Some(&references.len()) {
            Ok(())
        } else {
            Err(format!("{phases:?}"))
        }
    });
    worker.stop();
    let verdicts: BTreeMap<String, bool> = company
        .flows()
        .into_iter()
        .map(|(id, flow)| (id, flow["status"]["outcome"] == "verified"))
        .collect();
    assert!(verdicts.values().all(|verified| *verified), "{verdicts:?}");
    company.json(&["audit", "verify"]);
}

/// Opens a company with one open flow over a file whose steps are leased for a long time.
fn one_open_flow() -> Company {
    let company = Company::new(
        &["idnow"],
        "flows.db",
        &format!("lease_ms = 3600000\n{QUICK}"),
    );
    company.set_timeouts(300_000, 120_000);
    company.started("idnow", "0123456789abcdef0123456789abcdef");
    company
}

/// Returns whether the vendor is polled when an operator requests it.
fn asks_now(company: &Company) -> bool {
    let flows = company.flows();
    let id = flows.keys().next().unwrap();
    let asked = company.answered(|request| is_question(&request.method, &request.path));
    company.json(&["flow", "operator", id, "--ask-now", "--by", "test"]);
    company.json(&["flow", "run", "--once"]);
    company.answered(|request| is_question(&request.method, &request.path)) > asked
}
