//! The provider with scripted responses: polling, fetching, looking up and deleting.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use fixture::fixture;
use idv_core::{
    Capability, Channel, CreateSafety, DeleteOutcome, Effect, Error, ErrorKind, ListQuery, Outcome,
    Reference, ReportSource, Requirements, ResultHandle, ResultState, Sent, Status, TransportCause,
    VendorId, VerificationId,
};
use idv_testkit::{Exchange, ScriptedTransport};
use support::*;

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn scripted(answers: &[(u16, String)]) -> ScriptedTransport {
    let transport = ScriptedTransport::new();
    for (status, body) in answers {
        transport.then_json(*status, body.clone());
    }
    transport
}

const HISTORY: &str = "GET getStatus/99920006C38842/ExtendedList/IncludeSubKind";

#[tokio::test]
async fn poll_is_proven_and_has_the_whole_history() {
    for (kinds, status) in [
        ([25].as_slice(), Status::AwaitingPerson),
        (&[25, 75, 6], Status::Finished(Outcome::Verified)),
        (&[25, 17], Status::Finished(Outcome::Rejected)),
        (&[25, 16], Status::Finished(Outcome::Canceled)),
        (&[25, 99], Status::Finished(Outcome::Expired)),
    ] {
        let transport = scripted(&[(200, history(kinds))]);
        let observation = client(&transport).poll(&id()).await.unwrap();
        assert_eq!(
            (observation.status, observation.channel),
            (Some(status), Channel::Poll),
            "{kinds:?}"
        );
        assert!(observation.trust.is_proven() && observation.subject.is(&id()));
        assert_eq!(lines(&transport), [HISTORY]);
    }
}

#[tokio::test]
async fn poll_tells_how_to_get_the_result() {
    let handle = || ResultState::Fetchable(ResultHandle::new(ORDER));
    for (product, kinds, fetchable) in [
        (12, &[25, 6][..], true),
        (12, &[25, 89, 17], true),
        (12, &[25, 89, 22], true),
        (12, &[25, 89, 63], true),
        (12, &[25, 89, 99], true),
        (12, &[25, 20_003, 6], true),
        (15, &[25, 6, 84], true),
        (15, &[25, 6, 103], true),
        (15, &[25, 6, 100], true),
        (15, &[25, 6, 29], true),
        // Only the signature; a fetch lists its documents.
        (15, &[25, 84], true),
        (17, &[25, 6], true),
        (12, &[25, 17], false),
        (12, &[25, 63], false),
        (12, &[25, 99], false),
        (15, &[25, 103], false),
        (12, &[25, 89], false),
    ] {
        let transport = scripted(&[(200, history(kinds))]);
        let observation = client_of(with(|config| config.product = product), &transport)
            .poll(&id())
            .await
            .unwrap();
        assert_eq!(
            observation.result == handle(),
            fetchable,
            "{product} {kinds:?}"
        );
        assert_eq!(
            observation.report().is_some(),
            !fetchable,
            "{product} {kinds:?}"
        );
    }
    // An open order without reasons: the next poll returns the whole history again.
    for (product, kinds) in [(12, &[25, 75][..]), (15, &[25, 6])] {
        let transport = scripted(&[(200, history(kinds))]);
        let observation = client_of(with(|config| config.product = product), &transport)
            .poll(&id())
            .await
            .unwrap();
        assert_eq!(
            observation.result,
            ResultState::Absent,
            "{product} {kinds:?}"
        );
    }
}

#[tokio::test]
async fn configured_product_determines_the_final_codes() {
    for (product, kinds, status) in [
        (12, [25, 6].as_slice(), Status::Finished(Outcome::Verified)),
        (15, &[25, 6, 84], Status::Finished(Outcome::Verified)),
    ] {
        let transport = scripted(&[(200, history(kinds))]);
        let client = client_of(with(|config| config.product = product), &transport);
        assert_eq!(client.poll(&id()).await.unwrap().status, Some(status));
    }
    // An identification is not a signature.
    let transport = scripted(&[(200, history(&[25, 6]))]);
    let observation = client_of(with(|config| config.product = 15), &transport)
        .poll(&id())
        .await
        .unwrap();
    assert!(
        !matches!(observation.status, Some(Status::Finished(_))),
        "{observation:?}"
    );
}

#[tokio::test]
async fn failed_poll_is_an_error_without_status() {
    for (status, body, kind) in [
        (
            400,
            r#"{"Error":"no"}"#,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
        (401, "", ErrorKind::Unauthorized),
        (404, "", ErrorKind::NotFound),
        (500, "<html>", ErrorKind::Unavailable),
        (200, "<html>", ErrorKind::Malformed),
        (200, r#"{"Status":["#, ErrorKind::Malformed),
        (200, "{}", ErrorKind::Malformed),
    ] {
        let error = client(&scripted(&vec![(status, body.to_owned()); 4]))
            .poll(&id())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&kind, Effect::NotApplied),
            "{status} {body}"
        );
    }
}

#[tokio::test]
async fn response_about_another_order_is_a_mismatch() {
    let other = VerificationId::new(
        Reference::parse("f".repeat(32)).unwrap(),
        Some(VendorId::new(ORDER)),
    );
    let another = VerificationId::new(reference(), Some(VendorId::new("99920006C38843")));
    for id in [other, another] {
        let error = client(&scripted(&[(200, history(&[6]))]))
            .poll(&id)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::SubjectMismatch);
    }
}

#[tokio::test]
async fn nothing_is_sent_without_the_vendors_id() {
    for vendor_id in [
        None,
        Some(VendorId::new("../getOrdersByRef")),
        Some(VendorId::new("")),
    ] {
        let transport = ScriptedTransport::new();
        let client = client(&transport);
        let id = VerificationId::new(reference(), vendor_id);
        let errors = [
            client.poll(&id).await.unwrap_err(),
            client.fetch(&id, None).await.unwrap_err(),
            client.delete(&id).await.unwrap_err(),
            client
                .evidence(&id, &idv_core::EvidenceId::new("pdf"), 10, &mut Vec::new())
                .await
                .unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(error.kind(), ErrorKind::InvalidRequest { .. }),
                "{error}"
            );
            assert_eq!((transport.count(), error.effect()), (0, Effect::NotApplied));
        }
    }
}

#[tokio::test]
async fn lookup_returns_every_order_of_a_reference() {
    let transport = scripted(&[(200, text("get-orders-by-ref.txt")), (200, "[]".to_owned())]);
    let client = client(&transport);
    let found = client.find(&reference()).await.unwrap();
    let ids: Vec<_> = found
        .iter()
        .map(|id| id.vendor_id.as_ref().unwrap().as_str())
        .collect();
    assert_eq!(ids, ["99921801997040", "99921800019939"]);
    assert!(found.iter().all(|id| id.reference == reference()));
    assert!(client.find(&reference()).await.unwrap().is_empty());
    assert_eq!(
        lines(&transport),
        vec![format!("GET getOrdersByRef/{REFERENCE}"); 2]
    );
}

#[tokio::test]
async fn status_404_counts_only_from_the_vendor() {
    let none = (404, String::new());
    // The lookup found nothing, and the server is the vendor's.
    let transport = scripted(&[none.clone(), (200, String::new())]);
    assert!(
        client(&transport)
            .find(&reference())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        lines(&transport),
        [
            format!("GET getOrdersByRef/{REFERENCE}"),
            "GET serverStatus".to_owned()
        ]
    );
    let transport = scripted(&[none.clone(), (200, String::new())]);
    assert_eq!(
        client(&transport).delete(&id()).await.unwrap(),
        DeleteOutcome::AlreadyGone
    );
    assert_eq!(
        lines(&transport),
        [
            format!("DELETE delIdentdata/{ORDER}"),
            "GET serverStatus".to_owned()
        ]
    );
    // A server without a status call is not the vendor's: a wrong URL deletes nothing.
    for status in [404, 500, 302] {
        let answers = [vec![none.clone()], vec![(status, "<html>".to_owned()); 4]].concat();
        assert_eq!(
            client(&scripted(&answers))
                .find(&reference())
                .await
                .unwrap_err()
                .kind(),
            &ErrorKind::NotFound
        );
        assert_eq!(
            client(&scripted(&answers))
                .delete(&id())
                .await
                .unwrap_err()
                .kind(),
            &ErrorKind::NotFound
        );
    }
    let transport = scripted(std::slice::from_ref(&none));
    assert_eq!(
        client(&transport).delete(&id()).await.unwrap_err().kind(),
        &ErrorKind::NotFound
    );
}

/// Deletes with these statuses for the calls in turn.
async fn deleted(statuses: &[u16]) -> (Result<DeleteOutcome, Error>, Vec<String>) {
    let answers: Vec<_> = statuses
        .iter()
        .map(|status| (*status, String::new()))
        .collect();
    let transport = scripted(&answers);
    let deleted = client(&transport).delete(&id()).await;
    (deleted, lines(&transport))
}

#[tokio::test]
async fn finished_order_is_deleted_and_open_one_cancelled() {
    let (delete, cancel) = (
        format!("DELETE delIdentdata/{ORDER}"),
        format!("POST cancelOrder/{ORDER}"),
    );
    let (outcome, asked) = deleted(&[202]).await;
    assert_eq!(
        (outcome.unwrap(), asked),
        (DeleteOutcome::Data, vec![delete.clone()])
    );
    let (outcome, asked) = deleted(&[406, 202]).await;
    assert_eq!(
        (outcome.unwrap(), asked),
        (
            DeleteOutcome::CanceledOnly,
            vec![delete.clone(), cancel.clone()]
        )
    );
    // The order ended between the two calls.
    let (outcome, asked) = deleted(&[406, 406, 202]).await;
    assert_eq!(
        (outcome.unwrap(), asked),
        (
            DeleteOutcome::Data,
            vec![delete.clone(), cancel.clone(), delete.clone()]
        )
    );
    let (outcome, asked) = deleted(&[406, 406, 406, 406]).await;
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.kind(), asked),
        (
            &ErrorKind::Conflict,
            vec![delete.clone(), cancel.clone(), delete.clone(), cancel]
        )
    );
    assert_eq!(error.effect(), Effect::NotApplied);
    for (statuses, kind) in [
        ([401].as_slice(), ErrorKind::Unauthorized),
        (
            &[400],
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
        (&[406, 401], ErrorKind::Unauthorized),
        (&[406, 404], ErrorKind::NotFound),
    ] {
        let (outcome, asked) = deleted(statuses).await;
        assert_eq!(
            (outcome.unwrap_err().kind(), asked.len()),
            (&kind, statuses.len()),
            "{statuses:?}"
        );
    }
}

#[tokio::test]
async fn deletion_is_retried_after_lost_response() {
    let transport = ScriptedTransport::new();
    transport.then(Exchange::Fail(Sent::Maybe, TransportCause::Interrupted));
    transport.then(empty(404)).then(empty(200));
    assert_eq!(
        client(&transport).delete(&id()).await.unwrap(),
        DeleteOutcome::AlreadyGone
    );
}

#[tokio::test]
async fn profile_lists_the_vendors_capabilities() {
    let transport = ScriptedTransport::new();
    let client = client(&transport);
    let capabilities = client.info();
    assert_eq!(
        (capabilities.provider.as_str(), capabilities.create_safety),
        ("identity-tm", CreateSafety::Findable)
    );
    assert_eq!(
        (capabilities.report_from, capabilities.lifetime),
        (ReportSource::Fetch, None)
    );
    for facet in Capability::ALL {
        assert_eq!(
            capabilities.has(*facet),
            *facet != Capability::Listing,
            "{facet}"
        );
    }
    client
        .require(
            &Requirements::new()
                .capability(Capability::Lookup)
                .capability(Capability::Deletion)
                .input("person.birth_name"),
        )
        .unwrap();
    let error = client
        .require(
            &Requirements::new()
                .capability(Capability::Listing)
                .input("custom")
                .proven_callbacks(),
        )
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("custom")
            && error.contains("listing")
            && error.contains("not authenticated"),
        "{error}"
    );
    assert_eq!(
        client
            .list(&ListQuery::default(), None)
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::Unsupported
    );
    assert_eq!(transport.count(), 0);
    let guarded = client_of(
        with(|config| config.callback_secret = "0123456789abcdef".into()),
        &transport,
    );
    guarded
        .require(&Requirements::new().proven_callbacks())
        .unwrap();
}
