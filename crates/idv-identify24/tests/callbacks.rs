//! Webhooks: authentication, polls that they trigger, and replies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use http::{HeaderMap, Method, StatusCode};
use idv_core::{
    Channel, Decision, Delivery, ErrorKind, Outcome, Provider as _, Reply, Status, Transition,
    VendorInfo, Verification,
};
use idv_identify24::{Identify24, Identify24Config};
use idv_testkit::ScriptedTransport;
use support::*;

fn delivery(uri: &str, body: &str) -> Delivery {
    Delivery::callback(
        Method::POST,
        uri.parse().unwrap(),
        HeaderMap::new(),
        body.to_owned(),
    )
}

fn receive(
    config: Identify24Config,
    uri: &str,
    body: &str,
) -> idv_core::Result<idv_core::CallbackMessage> {
    client_of(config, &ScriptedTransport::new()).receive(&delivery(uri, body))
}

fn good() -> String {
    format!("/identify24?tenant=7&token={SECRET}")
}

#[test]
fn webhook_with_secret_is_proven_and_answered_with_200() {
    let received = receive(guarded(), &good(), &text("own-webhook-final.json")).unwrap();
    assert_eq!(received.reply, Reply::status(StatusCode::OK));
    let [observation] = received.observations.as_slice() else {
        panic!("one observation")
    };
    assert!(observation.trust.is_proven() && observation.subject.is(&id()));
    assert_eq!(
        (observation.channel, observation.status),
        (Channel::Callback, Some(Status::Finished(Outcome::Verified)))
    );
    assert!(observation.report().is_some());
}

#[test]
fn wrong_or_missing_secret_is_forged() {
    let mut uris = vec![
        "/identify24".to_owned(),
        "/identify24?token=".to_owned(),
        format!("/identify24?Token={SECRET}"),
        format!("/identify24?token=wrong&token={SECRET}"),
        format!("/identify24?token={SECRET}x"),
    ];
    for index in 0..SECRET.len() {
        let mut changed = SECRET.as_bytes().to_vec();
        changed[index] = if changed[index] == b'0' { b'1' } else { b'0' };
        uris.push(format!(
            "/identify24?token={}",
            String::from_utf8(changed).unwrap()
        ));
    }
    for uri in uris {
        for body in [
            text("own-webhook-final.json"),
            "no JSON".to_owned(),
            String::new(),
        ] {
            let error = receive(guarded(), &uri, &body).unwrap_err();
            assert_eq!(error.kind(), &ErrorKind::Forged, "{uri}");
            assert_eq!(Reply::to_error(&error).status, StatusCode::FORBIDDEN);
        }
    }
}

#[test]
fn webhook_without_configured_secret_is_a_claim() {
    let received = receive(config(), "/identify24", &text("own-webhook-final.json")).unwrap();
    assert!(!received.observations[0].trust.is_proven());
}

#[test]
fn invalid_webhook_is_refused() {
    for body in [
        "",
        "{",
        "[]",
        "ident_id=1",
        "{}",
        r#"{"status":"Unidentified"}"#,
        r#"{"ident_id":"","custom_id":" "}"#,
        "\u{0}",
    ] {
        let error = receive(guarded(), &good(), body).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{body:?}");
        assert_eq!(Reply::to_error(&error).status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn return_of_the_person_has_no_information() {
    let returning = Delivery::returning(good().parse().unwrap());
    let received = client(&ScriptedTransport::new())
        .receive(&returning)
        .unwrap();
    assert!(received.observations.is_empty());
}

/// Every permutation of the numbers below `length`.
fn orders(length: usize) -> Vec<Vec<usize>> {
    (0..length).fold(vec![Vec::new()], |orders, next| {
        let insert = |order: &Vec<usize>, at| {
            let mut longer: Vec<usize> = order.clone();
            longer.insert(at, next);
            longer
        };
        orders
            .iter()
            .flat_map(|order| {
                (0..=order.len())
                    .map(|at| insert(order, at))
                    .collect::<Vec<_>>()
            })
            .collect()
    })
}

#[test]
fn repeated_and_reordered_webhooks_change_nothing() {
    let capabilities = VendorInfo::of(&Identify24::new(guarded()).unwrap());
    let observe = |word: &str| {
        receive(guarded(), &good(), &webhook(word))
            .unwrap()
            .observations
            .remove(0)
    };
    let observations = [
        "Unidentified",
        "Example Waiting",
        "Example Review",
        VERIFIED,
        "Never heard of",
    ]
    .map(observe);
    let fold = |order: &[usize]| {
        let mut state = Verification::new(id(), &capabilities, None);
        for index in order {
            state.apply(&observations[*index]);
            state.apply(&observations[*index]);
        }
        state
    };
    let expected = fold(&[0, 1, 2, 3, 4]);
    for order in orders(observations.len()) {
        let mut state = fold(&order);
        assert_eq!(state, expected, "{order:?}");
        for observation in &observations {
            state.apply(observation);
        }
        assert_eq!(state, expected, "{order:?} once more");
    }
    // A poll settles the outcome, so a webhook does not.
    assert_eq!(
        expected.decision(),
        Decision::Open(Status::InReview { leaning: None })
    );
}

#[tokio::test]
async fn webhook_triggers_a_poll_that_settles() {
    let provider = Identify24::new(guarded()).unwrap();
    let capabilities = VendorInfo::of(&provider);
    let mut state = Verification::new(id(), &capabilities, None);
    let told = receive(guarded(), &good(), &webhook(VERIFIED)).unwrap();
    assert_eq!(state.apply(&told.observations[0]), Transition::Progressed);
    assert!(!state.decision().is_verified());

    let transport = logged_in();
    transport.then_json(200, ident(VERIFIED));
    let polled = client(&transport).poll(&id()).await.unwrap();
    assert_eq!(state.apply(&polled), Transition::Settled(Outcome::Verified));
    // A late webhook with known facts changes nothing; one with other facts only triggers a poll.
    assert_eq!(state.apply(&told.observations[0]), Transition::Unchanged);
    let late = receive(guarded(), &good(), &webhook(REJECTED)).unwrap();
    assert_eq!(
        state.apply(&late.observations[0]),
        Transition::PollRequested
    );
    assert!(state.decision().is_verified());
}

#[tokio::test]
async fn unknown_word_changes_nothing_and_is_reported() {
    let capabilities = VendorInfo::of(&Identify24::new(guarded()).unwrap());
    let mut state = Verification::new(id(), &capabilities, None);
    let before = state.clone();
    let transport = logged_in();
    transport.then_json(200, ident("Identified"));
    let polled = client(&transport).poll(&id()).await.unwrap();
    assert_eq!(
        state.apply(&polled),
        Transition::UnknownCode("Identified".to_owned())
    );
    assert_eq!(state, before);
}

#[test]
fn webhook_of_another_ident_has_the_wrong_subject() {
    let capabilities = VendorInfo::of(&Identify24::new(guarded()).unwrap());
    let mut state = Verification::new(id(), &capabilities, None);
    for (from, to) in [
        (IDENT, "3d1b2c4e-0000-4000-8000-00000000a002"),
        (REFERENCE, "0c2d6a1f7e116f1c2a9e1c1f4a6b9a52"),
    ] {
        let received = receive(guarded(), &good(), &webhook(VERIFIED).replace(from, to)).unwrap();
        assert_eq!(
            state.apply(&received.observations[0]),
            Transition::WrongSubject
        );
    }
    assert!(
        Identify24::new(guarded())
            .unwrap()
            .capabilities()
            .callbacks
            .is_some()
    );
}
