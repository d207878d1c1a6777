//! Marked data goes through every operation of IDnow over real HTTP, faults included; no mark may show in any log at TRACE, in any
//! error, in any `Debug`, or in a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use std::error::Error as _;
use std::fmt::Debug;

use http::{HeaderMap, Method};
use idv::{Delivery, EvidenceId, ListQuery, NewVerification, Verification, Want};
use idv_sandbox::{Fault, FaultKind};
use idv_testkit::{Canary, Recording};
use support::{Setup, minutes};

/// What would be printed of a value by somebody who is careless.
fn printed(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// What would be printed of a failure: the error and everything beneath it.
fn failure<T: Debug>(result: idv::Result<T>) -> String {
    let error = result.expect_err("it was made to fail");
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(beneath) = cause {
        text += &format!(" {beneath} {beneath:?}");
        cause = beneath.source();
    }
    text
}

fn marked(setup: &Setup, canary: &mut Canary) -> NewVerification {
    let mut new = setup.new_verification();
    new.person.given_names = Some(canary.mark("given").into());
    new.person.family_name = Some(canary.mark("family").into());
    new.person.birth_name = Some(canary.mark("birthname").into());
    new.person.birth_place = Some(canary.mark("birthplace").into());
    new.person.title = Some(canary.mark("title").into());
    new.person.address.street = Some(canary.mark("street").into());
    new.person.address.city = Some(canary.mark("city").into());
    new.person.address.postal_code = Some(canary.mark("zip").into());
    new.contact.email = Some(format!("{}@example.com", canary.mark("mail")).into());
    new.custom.insert("custom1".into(), canary.mark("custom").into());
    // The reference opens the person's session, so most of it must not show either.
    canary.watch(new.reference.as_str().get(8..).unwrap());
    new
}

#[tokio::test]
async fn no_mark_shows_anywhere_over_every_operation_of_idnow() {
    let setup = Setup::new().await;
    let mut canary = Canary::new();
    canary.watch(setup.sandbox.idnow().api_key());
    let recording = Recording::start();
    let mut out = String::new();

    let new = marked(&setup, &mut canary);
    out += &printed(&new);
    let created = setup.client.create(&new).await.unwrap();
    out += &printed(&created);
    canary.watch(created.id.vendor_id.as_ref().unwrap().as_str());
    let mut verification = Verification::new(created.id.clone(), setup.client.capabilities(), created.expires_at);

    for (scenario, advance) in [("data-changed", 60), ("canceled-in-review", 60)] {
        let another = marked(&setup, &mut canary);
        let id = setup.client.create(&another).await.unwrap().id;
        setup.sandbox.idnow().act(id.reference.as_str(), scenario).unwrap();
        setup.sandbox.clock().advance(minutes(advance)).await;
        for format in ["json", "xml", "zip"] {
            let client = setup.client_with(&[("IDV_IDNOW_RESULT_FORMAT", format)]);
            let observation = client.fetch(&id, None, &Want::default()).await.unwrap();
            out += &printed(&observation);
            out += &printed(&client);
        }
        let observation = setup.client.poll(&id).await.unwrap();
        out += &printed(&observation);
        out += &printed(&observation.report().unwrap().evidence);
        out += &format!("{:?}", verification.apply(&observation));
        for evidence in ["pdf", "idfrontside", "archive"] {
            let download = setup.client.evidence(&id, &EvidenceId::new(evidence), 1 << 20, &mut Vec::new()).await;
            out += &format!("{download:?}");
        }
        // What a callback brings.
        let body = serde_json::to_vec(&serde_json::json!({ "identificationprocess": {
            "result": "SUCCESS", "transactionnumber": id.reference.as_str() }, "userdata": { "lastname": { "value": canary.mark("hook") } } }));
        let delivery =
            Delivery::callback(Method::POST, "/hook?token=0123456789abcdef".parse().unwrap(), HeaderMap::new(), body.unwrap());
        out += &printed(&delivery);
        out += &printed(&setup.client.receive(&delivery).unwrap());
    }
    out += &printed(&setup.client.list(&ListQuery::default(), None).await.unwrap());

    // Every fault at every operation.
    let id = created.id.clone();
    for kind in [
        FaultKind::CutAfter,
        FaultKind::Truncated,
        FaultKind::WrongType,
        FaultKind::Html,
        FaultKind::Status { code: 400, retry_after: None },
        FaultKind::Status { code: 404, retry_after: None },
        FaultKind::Oversize(40 << 20),
    ] {
        setup.sandbox.plan(Fault::new(kind.clone()).at("/identifications").times(9999));
        out += &failure(setup.client.create(&marked(&setup, &mut canary)).await.map(drop));
        if !matches!(kind, FaultKind::Status { code: 404, .. }) {
            out += &failure(setup.client.poll(&id).await);
        }
        out += &failure(setup.client.fetch(&id, None, &Want::default()).await);
        // A list of something else is a list of nothing that can be read.
        if kind != FaultKind::WrongType {
            out += &failure(setup.client.list(&ListQuery::default(), None).await);
        }
        out += &failure(setup.client.evidence(&id, &EvidenceId::new("idfrontside"), 1 << 20, &mut Vec::new()).await);
        setup.sandbox.clear_faults();
    }
    // What is refused before it is sent.
    let mut wrong = marked(&setup, &mut canary);
    wrong.custom.insert(canary.mark("key"), canary.mark("value").into());
    out += &failure(setup.client.create(&wrong).await);
    let garbage = Delivery::callback(Method::POST, "/hook".parse().unwrap(), HeaderMap::new(), canary.mark("garbage"));
    out += &failure(setup.client.receive(&garbage));
    out += &format!("{:?}", setup.client.delete(&id).await);
    out += &printed(&verification);

    // A panic that prints what it has at hand.
    let panic = std::panic::catch_unwind(|| panic!("{new:?} {created:?} {verification:?}")).unwrap_err();
    out += panic.downcast_ref::<String>().unwrap();

    let log = recording.text();
    assert!(log.contains("idv.call") && log.contains("operation=\"evidence\""), "the log was recorded: {log}");
    assert_eq!(canary.found_in(&log), None, "in the log: {log}");
    assert_eq!(canary.found_in(&out), None, "printed: {out}");
}

#[test]
fn the_canary_sees_what_is_printed() {
    let mut canary = Canary::new();
    let name = canary.mark("name");
    let recording = Recording::start();
    tracing::trace!(person = %name, "careless");
    assert!(canary.found_in(&recording.text()).is_some());
}
