//! Delivery reports: authentication, settled outcomes, and ignored reports.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use base64::Engine as _;
use fixture::{FORMS, fixture, reports};
use http::{HeaderMap, Method, StatusCode};
use idv_core::VendorId;
use idv_core::adapter::settings::Secrets;
use idv_core::{
    CallbackAuth, Client, Decision, Delivery, ErrorKind, Outcome, ProofKind, Reply, Status, Step,
    Trust, Verification, VerificationId,
};
use idv_testkit::ScriptedTransport;
use idv_verificar_identidad::callback;
use idv_verificar_identidad::normalize::Rules;
use support::*;

const PASSWORD: &str = "0123456789abcdef";

fn quiet() -> Client {
    client(&ScriptedTransport::new())
}

fn with_basic(credentials: Option<&str>, body: Vec<u8>) -> Delivery {
    let mut headers = HeaderMap::new();
    if let Some(credentials) = credentials {
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials);
        headers.insert("authorization", format!("Basic {encoded}").parse().unwrap());
    }
    Delivery::callback(Method::POST, "/idv".parse().unwrap(), headers, body)
}

fn ours() -> VerificationId {
    VerificationId::new(reference(), Some(VendorId::new("299846332")))
}

fn told(state: &str) -> Vec<u8> {
    format!(r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"299846332","Estado":"{state}","Result":"{{\"Resultado\":93.5}}"}}"#)
        .into()
}

#[test]
fn report_is_authenticated_by_the_urls_secret() {
    for form in FORMS {
        let received = quiet().receive(&delivery(fixture(form))).unwrap();
        assert_eq!(received.reply, Reply::status(StatusCode::OK), "{form}");
        assert_eq!(received.observations.len(), 1, "{form}");
        assert!(
            matches!(received.observations[0].trust, Trust::Proven(proof) if proof.kind() == ProofKind::SecretUrl),
            "{form}"
        );
        assert!(received.observations[0].subject.is(&ours()), "{form}");
    }
    for uri in [
        "/idv",
        "/idv?token=",
        "/idv?token=wrong",
        "/idv?TOKEN=5ec4e70123456789abcdef0123456789",
    ] {
        let error = quiet()
            .receive(&delivery_to(uri, fixture("report.json")))
            .unwrap_err();
        assert_eq!(
            (error.kind(), Reply::to_error(&error).status),
            (&ErrorKind::Forged, StatusCode::FORBIDDEN),
            "{uri}"
        );
    }
}

#[test]
fn report_is_authenticated_by_http_basic() {
    let config = with(|config| {
        config.callback_secret = Secrets::default();
        config.callback_user = Some("mensatek".to_owned());
        config.callback_password = PASSWORD.into();
    });
    let client = client_of(config, &ScriptedTransport::new());
    let received = client
        .receive(&with_basic(
            Some("mensatek:0123456789abcdef"),
            fixture("report.json"),
        ))
        .unwrap();
    assert!(
        matches!(received.observations[0].trust, Trust::Proven(proof) if proof.kind() == ProofKind::Basic)
    );
    for wrong in [
        None,
        Some("mensatek:"),
        Some("mensatek:0123456789abcdeF"),
        Some("0123456789abcdef"),
        Some(""),
    ] {
        let error = client
            .receive(&with_basic(wrong, fixture("report.json")))
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Forged, "{wrong:?}");
    }
    // A secret in the URL does not replace HTTP Basic.
    assert!(client.receive(&delivery(fixture("report.json"))).is_err());
}

#[test]
fn report_is_authenticated_before_parsing() {
    for body in [b"".as_slice(), b"{", b"{\xFF", &[b'['; 100_000]] {
        assert_eq!(
            quiet()
                .receive(&delivery_to("/idv", body.to_vec()))
                .unwrap_err()
                .kind(),
            &ErrorKind::Forged
        );
        let error = quiet().receive(&delivery(body.to_vec())).unwrap_err();
        assert_eq!(
            (error.kind(), Reply::to_error(&error).status),
            (&ErrorKind::Malformed, StatusCode::BAD_REQUEST)
        );
    }
    let open = callback::receive(
        &CallbackAuth::none(),
        Rules::default(),
        &delivery(fixture("report.json")),
    );
    assert_eq!(
        open.unwrap_err().kind(),
        &ErrorKind::Forged,
        "open authentication proves nothing"
    );
}

#[test]
fn authenticated_report_settles_the_outcome() {
    let client = quiet();
    for (state, decision) in [
        ("5100", Decision::Settled(Outcome::Verified)),
        ("5500", Decision::Settled(Outcome::Rejected)),
    ] {
        let mut verification = Verification::new(ours(), client.info(), None);
        for state in ["3000", "3001", "3003", "5000", "5001"] {
            for observation in client.receive(&delivery(told(state))).unwrap().observations {
                let _ = verification.apply(&observation);
            }
            assert!(
                !matches!(verification.decision(), Decision::Settled(_)),
                "{state}"
            );
            assert_eq!(
                verification.next_step(client.info()),
                Step::AwaitCallback,
                "{state}"
            );
        }
        let observation = client
            .receive(&delivery(told(state)))
            .unwrap()
            .observations
            .remove(0);
        let _ = verification.apply(&observation);
        assert_eq!(
            (
                verification.decision(),
                verification.next_step(client.info())
            ),
            (decision, Step::Done),
            "{state}"
        );
        // A late report changes nothing.
        for late in ["3002", "5001", "5999"] {
            let _ =
                verification.apply(&client.receive(&delivery(told(late))).unwrap().observations[0]);
        }
        assert_eq!(verification.decision(), decision);
    }
}

#[test]
fn claim_settles_nothing() {
    let client = quiet();
    let mut verification = Verification::new(ours(), client.info(), None);
    let page = idv_verificar_identidad::normalize::kind(&told("5100"), "callback").unwrap();
    assert_eq!(
        page.observations[0].status,
        Some(Status::Finished(Outcome::Verified))
    );
    let _ = verification.apply(&page.observations[0]);
    assert!(!matches!(verification.decision(), Decision::Settled(_)));
}

#[test]
fn other_services_and_returns_are_ignored() {
    for body in [
        fixture("own-report-other-service.json"),
        br#"{"Servicio":"EMAILCERTIFICADO","ID":"299846332","Estado":"5100"}"#.to_vec(),
        b"Servicio=SMSRECIBIDO&ID=299846332&Estado=5100".to_vec(),
    ] {
        let received = quiet().receive(&delivery(body)).unwrap();
        assert_eq!(
            (received.observations.len(), received.reply.status),
            (0, StatusCode::OK)
        );
    }
    let received = quiet()
        .receive(&Delivery::returning(
            format!("/?token={SECRET}").parse().unwrap(),
        ))
        .unwrap();
    assert_eq!(
        (received.observations.len(), received.reply.status),
        (0, StatusCode::OK)
    );
}

#[test]
fn report_without_subject_is_refused() {
    for body in [
        r#"{"Servicio":"VERIFICACION_IDENTIDAD","Estado":"5100"}"#,
        r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"","Estado":"5100"}"#,
        r#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":{"a":1},"Estado":"5100"}"#,
        r#"{"ID":"299846332","Estado":"5100"}"#,
        r#"{"Servicio":"","ID":"299846332","Estado":"5100"}"#,
        r#"[{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":"3000"},{"ID":"2","Estado":"5100"}]"#,
        "Servicio=VERIFICACION_IDENTIDAD&Estado=5100",
        "[]",
        "{}",
    ] {
        assert_eq!(
            quiet().receive(&delivery(body)).unwrap_err().kind(),
            &ErrorKind::Malformed,
            "{body}"
        );
    }
}

#[test]
fn every_fixture_is_accepted() {
    for name in reports() {
        let received = quiet()
            .receive(&delivery(fixture(&name)))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(received.reply.status, StatusCode::OK, "{name}");
        assert!(
            received.observations.iter().all(|it| it.trust.is_proven()),
            "{name}"
        );
    }
}
