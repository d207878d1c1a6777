//! A tracker at every vendor of the sandbox: with and without callbacks, stored and resumed, and
//! waiting on its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use idv::{Client, CreateResponse, Delivery, Outcome, Progress, Tracker, TrackerState, Transition};
use support::Setup;

/// Creates a verification at the sandbox's IDnow, and plays a scenario.
async fn created(setup: &Setup, scenario: &str) -> CreateResponse {
    let created = setup
        .client
        .create(&setup.new_verification())
        .await
        .unwrap();
    setup
        .sandbox
        .idnow()
        .act(created.id.reference.as_str(), scenario)
        .unwrap();
    created
}

fn stored(tracker: &Tracker) -> TrackerState {
    serde_json::from_str(&serde_json::to_string(tracker.state()).unwrap()).unwrap()
}

#[tokio::test]
async fn stored_tracker_resumes() {
    let setup = Setup::new().await;
    let created = created(&setup, "happy").await;
    let mut tracker = Tracker::new(setup.client.clone(), &created);
    let mut polls = 0;
    loop {
        match tracker.advance().await.unwrap() {
            Progress::Finished => break,
            Progress::WaitUntil(at) => {
                let before = setup.sandbox.requests().len();
                // The tracker does not poll before its time, whichever program holds it.
                tracker = Tracker::resume(setup.client.clone(), stored(&tracker));
                assert_eq!(tracker.advance().await.unwrap(), Progress::WaitUntil(at));
                assert_eq!(setup.sandbox.requests().len(), before);
                setup.sandbox.clock().advance(Duration::from_secs(60)).await;
                polls += 1;
                assert!(polls < 1000, "{tracker:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    let tracker = Tracker::resume(setup.client.clone(), stored(&tracker));
    assert_eq!(
        (tracker.outcome(), tracker.is_verified()),
        (Some(Outcome::Verified), true)
    );
    assert_eq!(
        tracker.report().unwrap().reference.as_deref(),
        Some(created.id.reference.as_str())
    );
    assert_eq!(tracker.progress(), Progress::Finished);
}

#[tokio::test]
async fn run_ends_at_its_limit_and_at_the_outcome() {
    let setup = Setup::new().await;
    let created = created(&setup, "rejected").await;
    let mut tracker = Tracker::new(setup.client.clone(), &created);
    let now = setup.client.now();
    assert!(matches!(
        tracker.run(now).await.unwrap(),
        Progress::WaitUntil(_)
    ));
    assert_eq!(tracker.outcome(), None);

    setup
        .sandbox
        .clock()
        .advance(Duration::from_secs(3600))
        .await;
    assert_eq!(
        tracker.run(setup.client.now()).await.unwrap(),
        Progress::Finished
    );
    assert!(tracker.outcome().is_some() && !tracker.is_verified());
}

#[tokio::test]
async fn absent_person_expires_after_last_poll() {
    let setup = Setup::new().await;
    let created = setup
        .client
        .create(&setup.new_verification())
        .await
        .unwrap();
    let mut tracker = Tracker::new(setup.client.clone(), &created);
    tracker.advance().await.unwrap();
    setup
        .sandbox
        .clock()
        .advance(Duration::from_secs(200 * 24 * 3600))
        .await;
    let polls = setup.sandbox.requests().len();
    assert_eq!(tracker.advance().await.unwrap(), Progress::Finished);
    assert!(
        setup.sandbox.requests().len() > polls,
        "the vendor is polled once more"
    );
    assert_eq!(tracker.outcome(), Some(Outcome::Expired));
    assert!(tracker.report().is_none());
}

#[tokio::test]
async fn tracker_backs_off_and_survives_outage() {
    let setup = Setup::new().await;
    let created = created(&setup, "happy").await;
    let mut tracker = Tracker::new(setup.client.clone(), &created);
    setup
        .sandbox
        .clock()
        .advance(Duration::from_secs(3600))
        .await;
    for _ in 0..4 {
        setup
            .sandbox
            .plan(idv_sandbox::Fault::new(idv_sandbox::FaultKind::Refuse));
    }
    let error = tracker.advance().await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    let Progress::WaitUntil(first) = tracker.progress() else {
        panic!("{:?}", tracker.progress())
    };
    assert!(first > setup.client.now());
    setup.sandbox.clock().advance(Duration::from_secs(60)).await;
    assert_eq!(tracker.advance().await.unwrap(), Progress::Finished);
    assert!(tracker.is_verified());
}

/// Returns a callback of IDnow about a verification, with its secret unless it is forged.
fn callback(client: &Client, created: &CreateResponse, result: &str) -> Delivery {
    let body = serde_json::json!({ "identificationprocess": { "transactionnumber": created.id.reference.as_str(), "result": result } });
    let auth = client.provider().capabilities().callbacks.unwrap().auth();
    let uri = match auth.parameter_for("") {
        Some((name, secret)) => format!("/callbacks/idnow?{name}={}", secret.expose()),
        None => "/callbacks/idnow".to_owned(),
    };
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    Delivery::callback(
        http::Method::POST,
        uri.parse().unwrap(),
        headers,
        body.to_string(),
    )
}

#[tokio::test]
async fn callback_in_inbox_causes_one_poll() {
    let setup = Setup::new().await;
    let created = created(&setup, "happy").await;
    let transitions = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&transitions);
    let mut tracker = Tracker::new(setup.client.clone(), &created)
        .on_observation(move |_, transition| noted.lock().unwrap().push(transition.clone()));
    let inbox = tracker.inbox();
    tracker.advance().await.unwrap();
    setup.sandbox.clock().advance(Duration::from_secs(10)).await;
    let polls = setup.sandbox.requests().len();
    for _ in 0..50 {
        assert!(
            inbox
                .receive(&callback(&setup.client, &created, "SUCCESS"))
                .unwrap()
                .status
                .is_success()
        );
    }
    tracker.advance().await.unwrap();
    assert_eq!(
        setup.sandbox.requests().len(),
        polls + 1,
        "ten seconds are shorter than the poll interval"
    );
    assert!(
        transitions
            .lock()
            .unwrap()
            .contains(&Transition::PollRequested)
    );
}

#[tokio::test]
async fn inbox_is_bounded_and_ignores_other_verifications() {
    let setup = Setup::new().await;
    let created = created(&setup, "happy").await;
    let other = setup
        .client
        .create(&setup.new_verification())
        .await
        .unwrap();
    let tracker = Tracker::new(setup.client.clone(), &created);
    let inbox = tracker.inbox();
    for _ in 0..500 {
        assert!(
            inbox
                .receive(&callback(&setup.client, &other, "SUCCESS"))
                .is_ok()
        );
    }
    let taken = (0..500)
        .filter(|_| {
            inbox
                .clone()
                .receive(&callback(&setup.client, &created, "SUCCESS"))
                .is_ok()
        })
        .count();
    assert!((1..=100).contains(&taken), "{taken}");
    drop(tracker);
    assert!(
        inbox
            .receive(&callback(&setup.client, &created, "SUCCESS"))
            .is_ok(),
        "a dropped tracker receives no message"
    );
}
