//! The server learns nothing about people: neither its database nor an exported history has a mark
//! of the person's data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use idv_flow::store::Phase;
use idv_flow::{Resolution, StartRequest};
use idv_testkit::Canary;
use support::server::Server;
use support::{Bank, Runner, VENDORS, files, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_has_no_mark_of_a_person() {
    let server = Server::start().await;
    let mut bank = Bank::new(&VENDORS).await;
    let host = bank.program().host(&server).await;
    let runner = Runner::Hosted(host.clone());
    bank.serve(host.engine());
    let worker = bank.program().worker(&server);
    let mut canary = Canary::new();
    let mut flows = Vec::new();
    for (number, vendor) in VENDORS.into_iter().enumerate() {
        let mut person = bank.person(vendor, host.engine(), number);
        person.person.given_names = Some(canary.mark("given").into());
        person.person.family_name = Some(canary.mark("family").into());
        person.person.birth_place = Some(canary.mark("birthplace").into());
        person.person.address.street = Some(canary.mark("street").into());
        person.person.address.city = Some(canary.mark("city").into());
        person.contact.email = Some(format!("{}@example.com", canary.mark("mail")).into());
        canary.watch(person.reference.as_str());
        let id = runner.start(StartRequest::new(person).at(vendor)).await;
        until("the verification is created", async || {
            runner.status(id).await.phase != Phase::Creating
        })
        .await;
        let vendor_id = bank.ids(vendor).pop().unwrap();
        canary.watch(vendor_id.clone());
        bank.sandbox
            .vendor(vendor)
            .unwrap()
            .act(&vendor_id, "happy")
            .unwrap();
        flows.push(id);
    }
    bank.sandbox
        .clock()
        .advance(Duration::from_secs(7_200))
        .await;
    for id in &flows {
        until("the verification ends", async || {
            runner.status(*id).await.phase == Phase::Done
        })
        .await;
        let plan = host.plan(*id).await.unwrap().unwrap();
        assert_eq!(plan.flow, *id);
        // A decision that fails leaves no trace of the person either.
        let refused = host.resolve(*id, &Resolution::CreateAgain, "desk-1").await;
        assert!(refused.is_err(), "{refused:?}");
    }
    let mut exported = server.run(&["workflow", "list", "--output", "json"]);
    for id in &flows {
        let id = format!("idv-{id}");
        exported += &server.run(&["workflow", "show", "--output", "json", "--workflow-id", &id]);
    }
    worker.stop();
    server.kill().await;
    let database = files(server.folder.path());
    let database = String::from_utf8_lossy(&database);
    // Payloads and ids are there to be found.
    for text in [&*database, &exported] {
        assert!(text.contains(&flows[0].to_string()), "no id of a flow");
        assert!(text.contains("IdvPhase"), "no search attribute");
    }
    assert!(database.contains("binary/idv-sealed"), "no sealed payload");
    canary.check("the server's database", &database);
    canary.check("the exported histories", &exported);
    // The codec seals with the vault's key; a history in clear would show the words of a plan.
    assert!(!database.contains("calls_vendor"), "a plan in clear");
}
