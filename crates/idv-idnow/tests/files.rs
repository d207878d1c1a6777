//! Results in files (chapters 9 and 10), and callbacks by their source (chapter 14.3), by the
//! account's configuration.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod fixture;
mod support;

use fixture::fixture;
use idv_core::report::Method;
use idv_core::{Delivery, ErrorKind, Outcome, Status};
use idv_idnow::{Idnow, IdnowConfig, Product};
use idv_testkit::ScriptedTransport;
use support::{REFERENCE, client_of, config, result, result_xml};

fn with(change: impl FnOnce(&mut IdnowConfig)) -> IdnowConfig {
    let mut config = config();
    change(&mut config);
    config
}

#[test]
fn file_is_read_with_the_configured_password() {
    let idnow = Idnow::new(with(|config| {
        config.archive_password = Some("chosen by the company".into());
        config.product = Some(Product::Video);
    }))
    .unwrap();
    for bytes in [fixture("encrypted.zip"), fixture("result-aborted.json")] {
        let observations = idnow.read_file(&bytes).unwrap();
        let [observation] = observations.as_slice() else {
            panic!("{observations:?}")
        };
        assert_eq!(
            (observation.code.as_deref(), observation.trust.is_proven()),
            (Some("ABORTED"), false)
        );
        assert_eq!(observation.report().unwrap().method, Some(Method::Video));
    }
    let wrong = Idnow::new(with(|config| {
        config.archive_password = Some("another".into());
    }))
    .unwrap();
    assert_eq!(
        wrong
            .read_file(&fixture("encrypted.zip"))
            .unwrap_err()
            .kind(),
        &ErrorKind::Unauthorized
    );
    let none = Idnow::new(config()).unwrap();
    assert_eq!(
        none.read_file(&fixture("encrypted.zip"))
            .unwrap_err()
            .kind(),
        &ErrorKind::Malformed
    );
    assert_eq!(
        none.read_file(result_xml("SUCCESS").as_bytes()).unwrap()[0].status,
        Some(Status::Finished(Outcome::Verified))
    );
}

#[test]
fn file_is_read_within_the_configured_limits() {
    let small = Idnow::new(with(|config| config.max_entry_bytes = 100)).unwrap();
    let zip = fixture::archive(&[("result.xml", result_xml("SUCCESS").as_bytes())]);
    assert_eq!(
        small.read_file(&zip).unwrap_err().kind(),
        &ErrorKind::LimitExceeded
    );
}

#[test]
fn callback_from_elsewhere_is_refused_if_sources_are_checked() {
    let delivery = |source: &str| {
        let delivery = Delivery::callback(
            http::Method::POST,
            "/idnow".parse().unwrap(),
            http::HeaderMap::new(),
            result("SUCCESS").into_bytes(),
        );
        delivery.from_source(source.parse().unwrap())
    };
    let transport = ScriptedTransport::new();
    // The account is on the test system.
    let checked = client_of(with(|config| config.check_source = true), &transport);
    let received = checked.receive(&delivery("52.30.27.5")).unwrap();
    assert_eq!(
        received.observations[0].subject.reference.as_deref(),
        Some(REFERENCE)
    );
    for source in ["62.128.13.228", "127.0.0.1"] {
        assert_eq!(
            checked.receive(&delivery(source)).unwrap_err().kind(),
            &ErrorKind::Forged,
            "{source}"
        );
        assert!(
            client_of(config(), &transport)
                .receive(&delivery(source))
                .is_ok(),
            "{source}"
        );
    }
}
