//! Single steps, the person's page, and the samples of callbacks.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use super::create::{DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH, Submitted};
use super::scenario::{FINDINGS, STEPS};
use super::transaction::{COMPLETED, EXPIRED, PENDING, Transaction};
use super::{Moment, Own, World, api, pages, webhook};
use crate::part::Part as _;
use crate::person::Choice;
use crate::sandbox::Sandbox;
use crate::state::State;
use crate::vendor::CALLBACK_SECRET;

/// The steps of a person who does everything.
const TASKS: [&str; 4] = [
    "person-shows-front",
    "person-shows-back",
    "person-shows-face",
    "vendor-compares-faces",
];

async fn start() -> Sandbox {
    let builder = Sandbox::builder().in_process().speed(0.0);
    builder.start().await.unwrap()
}

fn with<T>(sandbox: &Sandbox, work: impl FnOnce(&mut World, &mut Moment<'_>) -> T) -> T {
    let work = |state: &mut State, now| state.with::<Own, T>(now, work);
    sandbox.worlds.unrecorded(work)
}

/// Creates a transaction with every task and these members, and returns its id.
fn create(sandbox: &Sandbox, members: &Value) -> String {
    let mut body = json!({ "tasks": [DOCUMENT_SCAN, FACE_LIVENESS, FACE_MATCH] });
    let body = body.as_object_mut().unwrap();
    body.extend(members.as_object().unwrap().clone());
    let submitted = Submitted::parse(body).unwrap();
    with(sandbox, |world, moment| {
        let key_id = world.first.key_id.clone();
        api::add(world, &key_id, submitted, moment).id
    })
}

fn transaction(sandbox: &Sandbox, id: &str) -> Transaction {
    with(sandbox, |world, _| world.cases.get(id).unwrap().clone())
}

async fn pass(sandbox: &Sandbox, seconds: u64) {
    sandbox.clock().advance(Duration::from_secs(seconds)).await;
}

/// Takes a step, whose effects happen at once.
async fn take(sandbox: &Sandbox, id: &str, step: &str) -> Result<(), String> {
    let vendor = sandbox.vendor(Own::ID).unwrap();
    vendor
        .take_step(id, step)
        .map_err(|error| error.to_string())?;
    pass(sandbox, 0).await;
    Ok(())
}

fn choose(sandbox: &Sandbox, id: &str, choice: Choice) {
    let choose = |state: &mut State, now| (Own::ENTRY.choose)(state, now, id, choice);
    sandbox.worlds.unrecorded(choose).unwrap();
}

fn return_address(sandbox: &Sandbox, id: &str) -> Option<String> {
    (Own::ENTRY.return_address)(&sandbox.worlds.state(), id)
}

fn is_open(sandbox: &Sandbox, id: &str) -> bool {
    crate::part::person::<Own>(&sandbox.worlds.state(), id).is_some_and(|page| page.is_open)
}

#[tokio::test]
async fn steps_lead_to_the_finding_of_each_scenario() {
    let sandbox = start().await;
    let members =
        json!({ "settings": { "documentScan": { "allowedExpiration": 30, "minimumAge": 18 } } });
    for (scenario, step, _, finding) in FINDINGS {
        let (stepped, acted) = (create(&sandbox, &members), create(&sandbox, &members));
        for step in TASKS.into_iter().chain([step]) {
            take(&sandbox, &stepped, step).await.unwrap();
        }
        sandbox
            .vendor(Own::ID)
            .unwrap()
            .act(&acted, scenario)
            .unwrap();
        pass(&sandbox, 600).await;
        for id in [stepped, acted] {
            let transaction = transaction(&sandbox, &id);
            assert_eq!(transaction.state, COMPLETED, "{step}");
            assert_eq!(transaction.done, transaction.submitted.tasks, "{step}");
            assert_eq!((transaction.attempts, transaction.scans.len()), (1, 2));
            assert_eq!(transaction.outcome.unwrap().finding, finding, "{step}");
        }
    }
}

#[tokio::test]
async fn step_is_refused_when_it_does_not_fit() {
    let sandbox = start().await;
    let all = &TASKS[..];
    let cases: [(&[&str], &str, &str); 15] = [
        (
            &[],
            "person-dances",
            "unknown step; steps: person-shows-front",
        ),
        (&[], "person-shows-back", "picture of the front"),
        (&[], "person-shows-wrong-side", "picture of the front"),
        (&[], "person-shows-face", "document is not complete"),
        (&[], "vendor-compares-faces", "person's face"),
        (&all[..2], "person-shows-front", "already complete"),
        (&all[..2], "person-shows-wrong-side", "already complete"),
        (&all[..3], "person-shows-face", "already completed"),
        (&all[..3], "vendor-finds-nothing", "not completed"),
        (all, "vendor-compares-faces", "already completed"),
        (all, "vendor-allows-expiry", "no expired document"),
        (all, "vendor-finds-no-age", "no limit of the age"),
        (
            &["vendor-sends-unknown-state"],
            "person-shows-front",
            "not pending",
        ),
        (
            &["vendor-sends-unknown-state"],
            "transaction-expires",
            "not pending",
        ),
        (&["transaction-expires"], "person-shows-front", "is over"),
    ];
    for (before, step, reason) in cases {
        let id = create(&sandbox, &json!({}));
        for step in before {
            take(&sandbox, &id, step).await.unwrap();
        }
        let error = take(&sandbox, &id, step).await.unwrap_err();
        assert!(error.contains(reason), "{step}: {error}");
    }
    let id = create(&sandbox, &json!({ "tasks": [DOCUMENT_SCAN] }));
    for step in [
        "person-shows-face",
        "vendor-compares-faces",
        "vendor-denies-faces",
    ] {
        take(&sandbox, &id, step).await.unwrap_err();
    }
    for (step, _) in STEPS {
        let refusal = take(&sandbox, &id, step).await.err().unwrap_or_default();
        assert!(!refusal.contains("unknown step"), "{step}: {refusal}");
    }
}

#[tokio::test]
async fn step_without_a_finding_has_its_effect() {
    let sandbox = start().await;
    let id = create(&sandbox, &json!({}));
    for step in [
        "person-shows-front",
        "person-shows-wrong-side",
        "person-shows-front",
    ] {
        take(&sandbox, &id, step).await.unwrap();
    }
    let shown = transaction(&sandbox, &id);
    let codes: Vec<&str> = shown.scans.iter().map(|scan| scan.code).collect();
    let front = "front_side_provided_back_side_required";
    assert_eq!(
        (shown.attempts, codes),
        (2, vec![front, "unknown_type_back", front])
    );
    take(&sandbox, &id, "transaction-expires").await.unwrap();
    assert_eq!(transaction(&sandbox, &id).state, EXPIRED);
    let id = create(&sandbox, &json!({}));
    take(&sandbox, &id, "vendor-sends-unknown-state")
        .await
        .unwrap();
    assert_eq!(transaction(&sandbox, &id).state, "on_hold");
}

#[tokio::test]
async fn finished_person_returns_with_both_ids() {
    let sandbox = start().await;
    let members = json!({ "returnUrl": "https://bank.example/done?a=b" });
    for choice in [
        Choice::Succeed,
        Choice::DataDiffer,
        Choice::Fail,
        Choice::SuspectFraud,
    ] {
        let id = create(&sandbox, &members);
        assert_eq!(return_address(&sandbox, &id), None);
        choose(&sandbox, &id, choice);
        pass(&sandbox, 0).await;
        let transaction = transaction(&sandbox, &id);
        assert_eq!((transaction.attempts, transaction.scans.len()), (1, 2));
        assert_eq!(transaction.done, transaction.submitted.tasks);
        let result = transaction.outcome.unwrap().result_id;
        let place = format!("https://bank.example/done?a=b&trxid={id}&resultid={result}");
        assert_eq!(return_address(&sandbox, &id), Some(place), "{choice:?}");
        assert!(!is_open(&sandbox, &id));
    }
    let id = create(&sandbox, &json!({}));
    choose(&sandbox, &id, Choice::Succeed);
    pass(&sandbox, 0).await;
    assert_eq!(transaction(&sandbox, &id).state, COMPLETED);
    assert_eq!(
        return_address(&sandbox, &id),
        None,
        "there is no return URL"
    );
}

#[tokio::test]
async fn abandoned_transaction_expires_without_return() {
    let sandbox = start().await;
    let id = create(&sandbox, &json!({ "returnUrl": "https://bank.example/" }));
    for choice in [Choice::ComeBackLater, Choice::Abandon] {
        choose(&sandbox, &id, choice);
        pass(&sandbox, 600).await;
        assert_eq!(transaction(&sandbox, &id).state, PENDING);
        assert_eq!(return_address(&sandbox, &id), None);
        assert!(is_open(&sandbox, &id));
    }
    assert_eq!(transaction(&sandbox, &id).attempts, 1);
    pass(&sandbox, 3600).await;
    assert_eq!(transaction(&sandbox, &id).state, EXPIRED);
    assert_eq!(return_address(&sandbox, &id), None);
    assert!(!is_open(&sandbox, &id));
}

#[tokio::test]
async fn page_asks_for_what_the_transaction_needs() {
    let sandbox = start().await;
    let plain = transaction(
        &sandbox,
        &create(&sandbox, &json!({ "tasks": [DOCUMENT_SCAN] })),
    );
    let page = pages::page(&plain, false);
    assert_eq!(
        (page.language, page.asked.len(), page.shown.len()),
        ("en-US", 1, 0)
    );
    assert!(page.asked[0].starts_with("Take or upload"));
    let settings =
        json!({ "captureSources": ["file"], "minimumAge": 18, "allowedExpiration": -30 });
    let members =
        json!({ "locale": "nl-NL", "mobileOnly": true, "settings": { "documentScan": settings } });
    let full = transaction(&sandbox, &create(&sandbox, &members));
    let page = pages::page(&full, false);
    assert_eq!(
        (page.language, page.title.as_str()),
        ("nl-NL", "Identiteitsverificatie")
    );
    assert_eq!(page.asked.len(), 4, "{:?}", page.asked);
    assert!(page.asked[0].contains("QR") && page.asked[1].starts_with("Upload"));
    let shown = [("allowedExpiration", "-30"), ("minimumAge", "18")];
    assert_eq!(
        page.shown,
        shown.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(
        pages::page(&full, true).asked,
        page.asked[1..],
        "the phone is a mobile device"
    );
    let french = transaction(&sandbox, &create(&sandbox, &json!({ "locale": "fr-FR" })));
    assert_eq!(pages::page(&french, false).language, "fr-FR");
}

#[tokio::test]
async fn page_redirects_only_a_finished_person() {
    let sandbox = start().await;
    let members = json!({ "scanReturnUrl": "https://bank.example/scanned" });
    let id = create(&sandbox, &members);
    let token = transaction(&sandbox, &id).token;
    let page = ["en-us", "identifications", token.as_str()];
    let qr_code = ["en-us", "identifications", token.as_str(), "scan"];
    let status = |path: &[&str]| with(&sandbox, |world, _| pages::handle(world, path).status);
    assert_eq!(
        (status(&page), status(&qr_code)),
        (StatusCode::OK, StatusCode::OK)
    );
    choose(&sandbox, &id, Choice::Succeed);
    pass(&sandbox, 0).await;
    assert_eq!(
        (status(&page), status(&qr_code)),
        (StatusCode::OK, StatusCode::FOUND)
    );
}

#[tokio::test]
async fn trigger_gives_a_signed_callback_of_each_event() {
    let sandbox = start().await;
    let url = "http://127.0.0.1:9/hook";
    let trigger = |event: &str, url: &str| {
        let trigger = |state: &mut State, now| (Own::ENTRY.trigger)(state, now, event, url);
        sandbox.worlds.unrecorded(trigger)
    };
    for (event, _) in Own::EVENTS {
        let callback = trigger(event, url).unwrap();
        assert_eq!((callback.kind, callback.url.as_str()), (*event, url));
        let secret = ("X-Callback-Secret".to_owned(), CALLBACK_SECRET.to_owned());
        assert_eq!(callback.headers, [secret]);
        let (_, body) = callback.body.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], *event);
        assert_eq!(body["transaction"]["id"], callback.reference.as_str());
        let completed = *event == webhook::TRANSACTION;
        assert_eq!(body["transaction"]["resultId"].is_string(), completed);
    }
    assert!(trigger("transaction.created", url).is_err());
    assert!(trigger(webhook::TASK, "https://bank.example/hook").is_err());
    assert_eq!(sandbox.cm_id_scan().transactions(), 0);
    assert!(with(&sandbox, |world, _| world.own.webhooks.is_empty()));
    assert!(sandbox.callbacks().is_empty());
}
