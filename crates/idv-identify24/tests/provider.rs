//! The provider with scripted responses: its capabilities, and polling.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::{
    Capability, Channel, CreateSafety, Effect, ErrorKind, EvidenceId, HandOffKind, ListQuery,
    Outcome, ProofKind, Provider as _, ReportSource, ResultState, Status, VendorId, VendorInfo,
    Verification, VerificationId,
};
use idv_identify24::{Identify24, Identify24Config};
use idv_testkit::ScriptedTransport;
use support::*;

fn capabilities(config: Identify24Config) -> VendorInfo {
    VendorInfo::of(&Identify24::new(config).unwrap())
}

#[test]
fn capabilities_are_those_of_the_document() {
    let capabilities = capabilities(guarded());
    assert_eq!(
        (capabilities.provider.as_str(), capabilities.name),
        ("identify24", "Identify24 VideoIdent")
    );
    assert_eq!(
        capabilities.capabilities,
        [Capability::Polling, Capability::Callbacks]
    );
    assert_eq!(
        (capabilities.create_safety, capabilities.hand_off),
        (CreateSafety::Unkeyed, HandOffKind::Redirect)
    );
    assert_eq!(
        (capabilities.report_from, capabilities.callback_proof),
        (ReportSource::Callback, Some(ProofKind::SecretUrl))
    );
    assert_eq!(capabilities.lifetime.unwrap().as_secs(), 90 * 24 * 60 * 60);
    assert_eq!(capabilities.accepts.len(), 21);
}

#[test]
fn report_comes_from_polls_without_secret() {
    let capabilities = capabilities(config());
    assert_eq!(
        (capabilities.report_from, capabilities.callback_proof),
        (ReportSource::Poll, None)
    );
}

#[test]
fn accepted_fields_exist_in_the_model() {
    let accepted = capabilities(config()).accepts;
    assert_eq!(
        new().given(),
        accepted,
        "every accepted input, in the model's order"
    );
}

#[tokio::test]
async fn poll_is_proven_and_names_the_ident() {
    for (word, status) in [
        ("Unidentified", Some(Status::AwaitingPerson)),
        ("Example Waiting", Some(Status::InProgress)),
        (VERIFIED, Some(Status::Finished(Outcome::Verified))),
        (REJECTED, Some(Status::Finished(Outcome::Rejected))),
        ("Never heard of", None),
    ] {
        let transport = logged_in();
        transport.then_json(200, ident(word));
        let observation = client(&transport).poll(&id()).await.unwrap();
        assert_eq!(
            (
                observation.status,
                observation.code.as_deref(),
                observation.channel
            ),
            (status, Some(word), Channel::Poll)
        );
        assert!(observation.trust.is_proven() && observation.subject.is(&id()));
        // The webhook has the report.
        assert_eq!(observation.result, ResultState::Absent);
        assert_eq!(
            lines(&transport),
            ["POST auth".to_owned(), format!("GET ident/get/{IDENT}")]
        );
    }
}

#[tokio::test]
async fn poll_has_the_report_without_secret() {
    let (transport, capabilities) = (logged_in(), capabilities(config()));
    transport.then_json(200, ident(VERIFIED));
    let observation = client_of(config(), &transport).poll(&id()).await.unwrap();
    assert_eq!(
        observation.report().unwrap().custom["custom1"].expose(),
        "policy-4711"
    );
    let mut state = Verification::new(id(), &capabilities, None);
    state.apply(&observation);
    assert_eq!(
        (
            state.decision().is_verified(),
            state.next_step(&capabilities)
        ),
        (true, idv_core::Step::Done)
    );
}

#[tokio::test]
async fn response_without_subject_is_the_requested_one() {
    let transport = logged_in();
    transport.then_json(200, r#"{"result":true,"data":{"status":"Unidentified"}}"#);
    let observation = client(&transport).poll(&id()).await.unwrap();
    assert!(observation.subject.is(&id()));
}

#[tokio::test]
async fn response_about_another_ident_is_a_mismatch() {
    for (from, to) in [
        (IDENT, "3d1b2c4e-0000-4000-8000-00000000a002"),
        (REFERENCE, "0c2d6a1f7e116f1c2a9e1c1f4a6b9a52"),
    ] {
        let transport = logged_in();
        transport.then_json(200, ident(VERIFIED).replace(from, to));
        let error = client(&transport).poll(&id()).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::SubjectMismatch);
    }
}

#[tokio::test]
async fn failed_poll_is_an_error_without_status() {
    let request = || ErrorKind::InvalidRequest {
        field: "request".into(),
    };
    for (status, body, kind) in [
        (400, String::new(), request()),
        (402, String::new(), ErrorKind::Conflict),
        (403, String::new(), ErrorKind::Unauthorized),
        (404, text("own-refused.json"), ErrorKind::NotFound),
        (409, String::new(), ErrorKind::Conflict),
        (429, String::new(), ErrorKind::RateLimited),
        (500, "<html>".to_owned(), ErrorKind::Unavailable),
        (504, String::new(), ErrorKind::Unavailable),
        (200, text("own-refused.json"), ErrorKind::Conflict),
        (
            200,
            ident(VERIFIED).replace("true", "false"),
            ErrorKind::Conflict,
        ),
        (
            200,
            r#"{"result":false,"response_status":404}"#.to_owned(),
            ErrorKind::NotFound,
        ),
        (
            200,
            r#"{"result":true,"data":null}"#.to_owned(),
            ErrorKind::Malformed,
        ),
        (
            200,
            r#"{"result":true,"data":[]}"#.to_owned(),
            ErrorKind::Malformed,
        ),
        (200, "<html>".to_owned(), ErrorKind::Malformed),
        (
            200,
            ident(VERIFIED).trim_end_matches('}').to_owned(),
            ErrorKind::Malformed,
        ),
    ] {
        let transport = logged_in();
        for _ in 0..4 {
            transport.then_json(status, body.clone());
        }
        let error = client(&transport).poll(&id()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&kind, Effect::NotApplied),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn nothing_is_sent_without_the_vendors_id() {
    for vendor_id in [
        None,
        Some(VendorId::new("")),
        Some(VendorId::new("../auth")),
        Some(VendorId::new("a?b=c")),
        Some(VendorId::new("a b")),
    ] {
        let transport = ScriptedTransport::new();
        let error = client(&transport)
            .poll(&VerificationId::new(reference(), vendor_id))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (
                &ErrorKind::InvalidRequest {
                    field: "vendor_id".into()
                },
                0
            )
        );
    }
}

#[tokio::test]
async fn operation_without_a_call_is_unsupported() {
    let transport = ScriptedTransport::new();
    let client = client(&transport);
    let errors = [
        client.fetch(&id(), None).await.unwrap_err(),
        client
            .evidence(&id(), &EvidenceId::new("video"), 1, &mut Vec::new())
            .await
            .unwrap_err(),
        client.list(&ListQuery::default(), None).await.unwrap_err(),
        client.find(&reference()).await.unwrap_err(),
        client.delete(&id()).await.unwrap_err(),
    ];
    for error in &errors {
        assert_eq!(error.kind(), &ErrorKind::Unsupported);
    }
    assert_eq!(transport.count(), 0);
    let said = errors[4].to_string();
    assert!(
        said.contains("manual steps") && said.contains("90 days"),
        "{said}"
    );
    assert_eq!(
        Identify24::new(config()).unwrap().describe().provider,
        Identify24::ID
    );
}
