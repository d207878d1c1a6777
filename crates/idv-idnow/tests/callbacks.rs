//! Callbacks (chapter 14) and the person's return (chapter 6.2).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test"
)]

mod fixture;

use fixture::fixture;
use http::{HeaderMap, Method, StatusCode};
use idv_core::{
    CallbackAuth, CallbackMessage, Channel, Delivery, ErrorKind, Outcome, ProofKind, Result,
    Status, Trust,
};
use idv_idnow::DataCentre;
use idv_idnow::callback::{self, Sources};

const SECRET: &str = "0123456789abcdef0123";

fn delivery(address: &str, body: Vec<u8>) -> Delivery {
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        "application/json".parse().unwrap(),
    )]);
    Delivery::callback(Method::POST, address.parse().unwrap(), headers, body)
}

fn receive(guard: &CallbackAuth, address: &str, body: Vec<u8>) -> Result<CallbackMessage> {
    callback::receive(guard, Sources::Any, &delivery(address, body))
}

#[test]
fn callback_without_configured_secret_is_a_claim() {
    let received = receive(
        &CallbackAuth::none(),
        "/callback",
        fixture("callback-canceled.json"),
    )
    .unwrap();
    let [observation] = received.observations.as_slice() else {
        panic!("{received:?}")
    };
    assert_eq!(
        observation.subject.reference.as_deref(),
        Some("IDN-x-83176070")
    );
    assert_eq!(
        (observation.channel, observation.trust),
        (Channel::Callback, Trust::Claimed)
    );
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Canceled))
    );
    assert!(observation.report().is_some());
    assert_eq!(
        (received.reply.status, received.reply.body.as_ref()),
        (StatusCode::OK, "")
    );
}

#[test]
fn callback_is_authenticated_by_the_secret() {
    let guard = CallbackAuth::query("token", [SECRET.into()]).unwrap();
    let received = receive(
        &guard,
        &format!("/callback?token={SECRET}"),
        fixture("result-success.json"),
    )
    .unwrap();
    let Trust::Proven(proof) = received.observations[0].trust else {
        panic!("{received:?}")
    };
    assert_eq!(proof.kind(), ProofKind::SecretUrl);
    for address in [
        "/callback",
        "/callback?token=",
        "/callback?token=x",
        &format!("/callback?token={SECRET}x"),
    ] {
        let error = receive(&guard, address, fixture("result-success.json")).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Forged, "{address}");
    }
}

#[test]
fn secret_authenticates_only_its_own_transaction() {
    let guard = CallbackAuth::query_per_subject("token", [SECRET.into()]).unwrap();
    // IDnow ignores case.
    let (_, token) = guard.parameter_for("ah73jk3lm").unwrap();
    let address = format!("/callback?token={}", token.expose());
    assert!(
        receive(&guard, &address, fixture("result-success.json"))
            .unwrap()
            .observations[0]
            .trust
            .is_proven()
    );
    let error = receive(&guard, &address, fixture("callback-canceled.json")).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Forged);
    // The secret does not authenticate a list that hides another identification.
    let error = receive(&guard, &address, fixture("list-with-a-bad-entry.json")).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Forged);
}

#[test]
fn every_valid_callback_is_answered_with_200() {
    for name in fixture::results()
        .into_iter()
        .filter(|name| name.ends_with(".json"))
    {
        let received = receive(&CallbackAuth::none(), "/callback", fixture(&name)).unwrap();
        assert_eq!(received.reply.status, StatusCode::OK, "{name}");
        assert!(!received.observations.is_empty(), "{name}");
    }
    let received = receive(
        &CallbackAuth::none(),
        "/callback",
        fixture("result-unknown.json"),
    )
    .unwrap();
    assert_eq!(received.observations[0].status, None);
}

#[test]
fn body_without_identification_is_refused() {
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "\"x\"",
        "{\"identificationprocess\":{\"result\":\"SUCCESS\"}}",
        "PK\u{3}\u{4}",
        "a=b",
    ] {
        let error =
            receive(&CallbackAuth::none(), "/callback", body.as_bytes().to_vec()).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{body}");
    }
}

#[test]
fn return_is_a_claim_about_its_transaction() {
    let guard = CallbackAuth::query("token", [SECRET.into()]).unwrap();
    let receive = |address: &str| {
        callback::receive(
            &guard,
            Sources::Any,
            &Delivery::returning(address.parse().unwrap()),
        )
        .unwrap()
    };
    for address in [
        // The document's example.
        "/ident-success?transaction-number=AH73JK3LM",
        "/return/success/web?transactionId=AH73JK3LM",
        &format!("/return?transactionnumber=AH73JK3LM&token={SECRET}"),
    ] {
        let received = receive(address);
        let [observation] = received.observations.as_slice() else {
            panic!("{address}")
        };
        assert_eq!(observation.subject.reference.as_deref(), Some("AH73JK3LM"));
        assert_eq!(
            (observation.channel, observation.trust, observation.status),
            (Channel::Return, Trust::Claimed, None)
        );
    }
    for address in ["/ident-success", "/ident-success?transaction-number="] {
        assert!(receive(address).observations.is_empty(), "{address}");
    }
}

/// A callback with this number of identifications.
fn several(count: usize) -> Vec<u8> {
    let entries: Vec<_> = (0..count)
        .map(|number| format!(r#"{{"identificationprocess":{{"id":"A{number}"}}}}"#))
        .collect();
    format!("[{}]", entries.join(",")).into_bytes()
}

#[test]
fn callback_has_at_most_sixteen_identifications() {
    for (count, taken) in [(1, true), (16, true), (17, false), (4_000, false)] {
        let received = receive(&CallbackAuth::none(), "/callback", several(count));
        let page = idv_idnow::normalize::kind(&several(count), "callback");
        match (received, page) {
            (Ok(received), Ok(page)) if taken => {
                assert_eq!(
                    (received.observations.len(), page.observations.len()),
                    (count, count)
                );
            }
            (Err(error), Err(other)) if !taken => {
                assert_eq!(
                    (error.kind(), other.kind()),
                    (&ErrorKind::Malformed, &ErrorKind::Malformed)
                );
            }
            other => panic!("{count}: {other:?}"),
        }
    }
}

#[test]
fn identifications_of_one_callback_have_one_proof() {
    let guard = CallbackAuth::query("token", [SECRET.into()]).unwrap();
    let received = receive(&guard, &format!("/callback?token={SECRET}"), several(16)).unwrap();
    let proofs: Vec<_> = received
        .observations
        .iter()
        .map(|observation| match observation.trust {
            Trust::Proven(proof) => proof.digest().unwrap(),
            Trust::Claimed => panic!("it is proven"),
        })
        .collect();
    // The SHA-256 digest of the body.
    let expected: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
        <sha2::Sha256 as sha2::Digest>::new(),
        several(16),
    ))
    .into();
    assert_eq!(proofs, [expected; 16]);
}

#[test]
fn callback_without_its_secret_is_not_read() {
    let guard = CallbackAuth::query("token", [SECRET.into()]).unwrap();
    let error = receive(&guard, "/callback", b"{".to_vec()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Forged);
}

#[test]
fn callback_is_checked_by_its_source() {
    let (de, ch, test) = (
        Sources::Of(DataCentre::De),
        Sources::Of(DataCentre::Ch),
        Sources::Of(DataCentre::Test),
    );
    // Chapter 14.3.
    for (address, of) in [
        ("62.128.13.228", Some(de)),
        ("62.128.13.229", Some(de)),
        ("193.169.187.168", Some(ch)),
        ("193.169.187.169", Some(ch)),
        ("193.169.187.170", Some(ch)),
        ("52.30.27.5", Some(test)),
        ("52.48.216.0", Some(test)),
        ("::ffff:52.48.216.0", Some(test)),
        ("62.128.13.227", None),
        ("62.128.13.230", None),
        ("193.169.187.171", None),
        ("52.48.216.1", None),
        ("127.0.0.1", None),
        ("::1", None),
    ] {
        for sources in [Sources::Any, Sources::Documented, de, ch, test] {
            let delivery = delivery("/callback", fixture("result-success.json"))
                .from_source(address.parse().unwrap());
            let taken = match sources {
                Sources::Any => true,
                Sources::Documented => of.is_some(),
                sources => of == Some(sources),
            };
            match callback::receive(&CallbackAuth::none(), sources, &delivery) {
                Ok(received) => assert!(
                    taken && !received.observations[0].trust.is_proven(),
                    "{address} {sources:?}"
                ),
                Err(error) => assert!(
                    !taken && error.kind() == &ErrorKind::Forged,
                    "{address} {sources:?}"
                ),
            }
        }
    }
    let unknown = callback::receive(
        &CallbackAuth::none(),
        de,
        &delivery("/callback", fixture("result-success.json")),
    );
    assert_eq!(unknown.unwrap_err().kind(), &ErrorKind::Forged);
    let returned = callback::receive(
        &CallbackAuth::none(),
        de,
        &Delivery::returning("/return?transactionId=A".parse().unwrap()),
    );
    assert_eq!(returned.unwrap().observations.len(), 1);
}
