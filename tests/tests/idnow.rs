//! IDnow end to end: the adapter against the sandbox over HTTP, each written from the vendor's
//! document alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::time::Duration;

use http::{HeaderMap, Method};
use idv::report::Verdict;
use idv::{
    Channel, CreateSafety, Decision, DeleteOutcome, Delivery, Effect, ErrorKind, EvidenceId,
    ListFilter, ListQuery, NewVerification, Outcome, Status, Step, Transition, Trust, Verification,
};
use idv_sandbox::{Fault, FaultKind};
use support::{Setup, minutes};

/// Polls at intervals of virtual time until there is nothing to poll for, and returns the
/// observations.
async fn follow(
    setup: &Setup,
    verification: &mut Verification,
) -> Vec<(Option<String>, Transition)> {
    let mut seen = Vec::new();
    for _ in 0..20 {
        if verification.next_step(setup.client.info()) != Step::Poll {
            break;
        }
        setup.sandbox.clock().advance(minutes(5)).await;
        let observation = setup.client.poll(verification.id()).await.unwrap();
        seen.push((observation.code.clone(), verification.apply(&observation)));
    }
    seen
}

#[tokio::test]
async fn each_scenario_ends_as_it_should() {
    let review = |leaning| Decision::Open(Status::InReview { leaning });
    let cases = [
        ("happy", Decision::Settled(Outcome::Verified)),
        ("data-changed", Decision::Settled(Outcome::Verified)),
        ("rejected", Decision::Settled(Outcome::Rejected)),
        ("fraud", Decision::Settled(Outcome::Rejected)),
        ("fraud-in-review", Decision::Settled(Outcome::Rejected)),
        ("aborted-then-success", Decision::Settled(Outcome::Verified)),
        ("canceled-in-review", Decision::Settled(Outcome::Canceled)),
        ("never-finishes", review(Some(Outcome::Verified))),
        ("unknown-status", Decision::Open(Status::AwaitingPerson)),
    ];
    for (scenario, expected) in cases {
        let setup = Setup::new().await;
        let mut verification = setup.create().await;
        setup.act(&verification, scenario);
        let seen = follow(&setup, &mut verification).await;
        assert_eq!(verification.decision(), expected, "{scenario}: {seen:?}");
    }
}

#[tokio::test]
async fn absent_person_expires_by_our_clock_and_at_the_vendor() {
    let setup = Setup::new().await;
    let created = setup
        .client
        .create(&setup.new_verification())
        .await
        .unwrap();
    let expires_at = created.expires_at.unwrap();
    let mut verification = Verification::new(created.id, setup.client.info(), Some(expires_at));
    setup.act(&verification, "expired");
    setup
        .sandbox
        .clock()
        .advance(Duration::from_secs(90 * 24 * 3600))
        .await;
    assert_eq!(setup.sandbox.idnow().identifications(), 0);
    let observation = setup.client.poll(verification.id()).await.unwrap();
    assert_eq!(observation.status, Some(Status::AwaitingPerson));
    verification.apply(&observation);
    let lapse = verification.expire_if_due(expires_at).unwrap();
    assert_eq!(
        verification.apply(&lapse),
        Transition::Settled(Outcome::Expired)
    );
}

#[tokio::test]
async fn changed_data_keep_submitted_values() {
    let setup = Setup::new().await;
    let mut verification = setup.create().await;
    setup.act(&verification, "data-changed");
    follow(&setup, &mut verification).await;
    let report = setup
        .client
        .fetch(verification.id(), None)
        .await
        .unwrap()
        .report()
        .cloned()
        .unwrap();
    let birth_date = report.person.birth_date.unwrap();
    assert_eq!(birth_date.verdict, Verdict::Changed);
    assert_eq!(birth_date.expose().unwrap().to_string(), "1965-08-12");
    assert_eq!(
        birth_date.submitted.unwrap().expose().to_string(),
        "1964-08-12"
    );
    let birth_place = report.person.birth_place.unwrap();
    assert_eq!(
        birth_place.alternatives.len(),
        1,
        "the agent's data before the review"
    );
}

#[tokio::test]
async fn json_xml_and_zip_of_one_case_yield_equal_reports() {
    for robot in [
        "CHANGEALL",
        "HAPPYPATH",
        "CHANGEALLREVIEW",
        "FRAUDREVIEW",
        "CANCELED",
        "ABORTIDENT",
    ] {
        let setup = Setup::new().await;
        setup
            .sandbox
            .idnow()
            .configure(|account| account.redact = true)
            .unwrap();
        let verification = setup.create().await;
        setup.act(&verification, robot);
        setup.sandbox.clock().advance(minutes(60)).await;
        let mut reports = Vec::new();
        for format in ["json", "xml", "zip"] {
            let client = setup.client_with(&[("IDV_IDNOW_RESULT_FORMAT", format)]);
            let mut observation = client.fetch(verification.id(), None).await.unwrap();
            assert_eq!(
                (observation.channel, observation.trust.is_proven()),
                (Channel::Fetch, true)
            );
            // Each result is proven by its own bytes.
            observation.trust = Trust::Claimed;
            reports.push(observation);
        }
        assert!(reports[0].report().is_some(), "{robot}");
        assert_eq!(reports[0], reports[1], "{robot}: JSON and XML");
        assert_eq!(reports[0], reports[2], "{robot}: JSON and ZIP");
    }
}

#[tokio::test]
async fn lost_answer_to_start_yields_one_identification() {
    for fault in [
        FaultKind::CutAfter,
        FaultKind::Truncated,
        FaultKind::CutBefore,
        FaultKind::Refuse,
        FaultKind::Html,
    ] {
        let setup = Setup::new().await;
        assert_eq!(setup.client.info().create_safety, CreateSafety::Keyed);
        setup.sandbox.plan(Fault::new(fault.clone()).at("/start"));
        let created = setup
            .client
            .create(&setup.new_verification())
            .await
            .unwrap();
        let acted = matches!(fault, FaultKind::CutAfter | FaultKind::Truncated);
        assert_eq!(
            (
                setup.sandbox.idnow().identifications(),
                created.already_existed
            ),
            (1, acted),
            "{fault:?}"
        );
        let starts = setup
            .sandbox
            .requests()
            .iter()
            .filter(|request| request.path.ends_with("/start"))
            .count();
        assert_eq!(starts, 2, "{fault:?}");
    }
}

#[tokio::test]
async fn silent_vendor_leaves_effect_unknown() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .plan(Fault::new(FaultKind::CutAfter).at("/start").times(99));
    let error = setup
        .client
        .create(&setup.new_verification())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Unavailable, Effect::Unknown)
    );
    assert_eq!(setup.sandbox.idnow().identifications(), 1);
}

#[tokio::test]
async fn finished_identification_is_a_conflict() {
    let setup = Setup::new().await;
    let new = setup.new_verification();
    let created = setup.client.create(&new).await.unwrap();
    setup
        .sandbox
        .idnow()
        .act(created.id.reference.as_str(), "rejected")
        .unwrap();
    setup.sandbox.clock().advance(minutes(30)).await;
    let error = setup.client.create(&new).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Conflict, Effect::NotApplied)
    );
    assert!(error.to_string().contains("finished"), "{error}");
    assert_eq!(error.attempts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_token_is_renewed_once_for_a_hundred_callers() {
    let setup = Setup::new().await;
    let verification = setup.create().await;
    setup.act(&verification, "never-finishes");
    setup.sandbox.clock().advance(minutes(10)).await;
    setup.client.poll(verification.id()).await.unwrap();
    setup.sandbox.idnow().forget_tokens();
    let polls =
        futures_util::future::join_all((0..100).map(|_| setup.client.poll(verification.id())))
            .await;
    assert!(polls.iter().all(Result::is_ok));
    let logins = setup
        .sandbox
        .requests()
        .iter()
        .filter(|request| request.path.ends_with("/login"))
        .count();
    assert_eq!(logins, 2, "the first login and one more");
}

#[tokio::test]
async fn forged_callback_changes_no_decision() {
    let setup = Setup::new().await;
    let mut verification = setup.create().await;
    let reference = verification.id().reference.as_str().to_owned();
    let body = format!(
        r#"{{"identificationprocess":{{"result":"SUCCESS","transactionnumber":"{reference}"}}}}"#
    );
    let delivery = Delivery::callback(
        Method::POST,
        "/hook".parse().unwrap(),
        HeaderMap::new(),
        body.clone(),
    );
    let received = setup.client.receive(&delivery).unwrap();
    assert_eq!(received.reply.status, 200);
    assert_eq!(
        verification.apply(&received.observations[0]),
        Transition::PollRequested
    );
    assert_eq!(
        verification.decision(),
        Decision::Open(Status::AwaitingPerson)
    );

    setup.act(&verification, "rejected");
    setup.sandbox.clock().advance(minutes(30)).await;
    let observation = setup.client.poll(verification.id()).await.unwrap();
    assert_eq!(
        verification.apply(&observation),
        Transition::Settled(Outcome::Rejected)
    );
    verification.apply(&received.observations[0]);
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Rejected)
    );

    // With a configured secret, a callback without it is not even parsed.
    let secret = setup.secret_file("0123456789abcdef0123");
    let client = setup.client_with(&[("IDV_IDNOW_CALLBACK_SECRET_FILE", &secret)]);
    assert_eq!(
        client.receive(&delivery).unwrap_err().kind(),
        &ErrorKind::Forged
    );
    let uri = "/hook?token=0123456789abcdef0123".parse().unwrap();
    let proven = client
        .receive(&Delivery::callback(
            Method::POST,
            uri,
            HeaderMap::new(),
            body,
        ))
        .unwrap();
    assert!(proven.observations[0].trust.is_proven());
    verification.apply(&proven.observations[0]);
    assert_eq!(
        verification.decision(),
        Decision::Settled(Outcome::Rejected),
        "even an authenticated callback settles nothing"
    );
}

#[tokio::test]
async fn list_reports_state_of_many_in_one_call() {
    let setup = Setup::new().await;
    let mut wanted = Vec::new();
    for (scenario, group) in [
        ("happy", ListFilter::Finished),
        ("never-finishes", ListFilter::InReview),
        ("canceled-in-review", ListFilter::Canceled),
        ("ABORTIDENT", ListFilter::Aborted),
    ] {
        let verification = setup.create().await;
        setup.act(&verification, scenario);
        wanted.push((group, verification));
    }
    setup.sandbox.clock().advance(minutes(60)).await;
    let before = setup.sandbox.requests().len();
    for (group, verification) in &wanted {
        let page = setup
            .client
            .list(&ListQuery::of([*group]), None)
            .await
            .unwrap();
        assert_eq!(
            (page.observations.len(), page.unreadable, page.next),
            (1, 0, None),
            "{group:?}"
        );
        assert!(page.observations[0].subject.is(verification.id()));
        assert!(page.observations[0].report().is_none() && page.observations[0].trust.is_proven());
    }
    let (mut cursor, mut all) = (None, 0);
    loop {
        let page = setup
            .client
            .list(&ListQuery::default(), cursor.as_deref())
            .await
            .unwrap();
        all += page.observations.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(all, 4);
    assert_eq!(
        setup.sandbox.requests().len() - before,
        4 + 4 + 1,
        "one call per group, and one login"
    );
}

#[tokio::test]
async fn evidence_is_downloaded_within_its_limit() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .idnow()
        .configure(|account| account.attachment_length = 300_000)
        .unwrap();
    let verification = setup.create().await;
    setup.act(&verification, "happy");
    setup.sandbox.clock().advance(minutes(60)).await;
    let observation = setup.client.poll(verification.id()).await.unwrap();
    let report = observation.report().unwrap();
    assert!(report.evidence.len() > 5);
    for evidence in &report.evidence {
        let mut file = Vec::new();
        let download = setup
            .client
            .evidence(verification.id(), &evidence.id, 1_000_000, &mut file)
            .await
            .unwrap();
        assert_eq!(download.length, file.len() as u64);
        assert_eq!(file.len(), 300_000, "{:?}", evidence.kind);
        assert_eq!(
            download.media_type, evidence.media_type,
            "{:?}",
            evidence.kind
        );
        let error = setup
            .client
            .evidence(verification.id(), &evidence.id, 299_999, &mut Vec::new())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
    }
    let mut archive = Vec::new();
    let whole = setup
        .client
        .evidence(
            verification.id(),
            &EvidenceId::new("archive"),
            10_000_000,
            &mut archive,
        )
        .await
        .unwrap();
    assert_eq!(whole.media_type.as_deref(), Some("application/zip"));
    let error = setup
        .client
        .evidence(
            verification.id(),
            &EvidenceId::new("nothing"),
            9,
            &mut Vec::new(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);
}

#[tokio::test]
async fn deletion_is_confirmed_and_repeatable() {
    let setup = Setup::new().await;
    let verification = setup.create().await;
    assert_eq!(
        setup.client.delete(verification.id()).await.unwrap(),
        DeleteOutcome::Data
    );
    assert_eq!(
        setup.client.delete(verification.id()).await.unwrap(),
        DeleteOutcome::AlreadyGone
    );
    assert_eq!(setup.sandbox.idnow().identifications(), 0);
}

#[tokio::test]
async fn broken_answer_is_an_error_and_verifies_no_one() {
    for fault in [
        FaultKind::WrongType,
        FaultKind::Html,
        FaultKind::Truncated,
        FaultKind::Oversize(40_000_000),
    ] {
        let setup = Setup::new().await;
        let verification = setup.create().await;
        setup.act(&verification, "happy");
        setup.sandbox.clock().advance(minutes(60)).await;
        let path = format!("/identifications/{}", verification.id().reference.as_str());
        setup
            .sandbox
            .plan(Fault::new(fault.clone()).at(&path).times(99));
        let error = setup.client.poll(verification.id()).await.unwrap_err();
        assert_eq!(error.effect(), Effect::NotApplied, "{fault:?}");
        let expected = match fault {
            FaultKind::WrongType => ErrorKind::Malformed,
            FaultKind::Oversize(_) => ErrorKind::LimitExceeded,
            _ => ErrorKind::Unavailable,
        };
        assert_eq!(error.kind(), &expected, "{fault:?}");
    }
}

#[tokio::test]
async fn unsupported_fields_are_listed() {
    let setup = Setup::new().await;
    let mut new = setup.new_verification();
    new.purpose = Some("opening an account".into());
    new.callback_url = Some("https://bank.example/hook".parse().unwrap());
    let created = setup.client.create(&new).await.unwrap();
    assert_eq!(created.unsupported_fields, ["callback_url", "purpose"]);
}

#[tokio::test]
async fn identification_of_other_system_is_followed() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let setup = Setup::new().await;
    let base = setup.sandbox.idnow().base_url();
    let mut stream = tokio::net::TcpStream::connect(base.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let request = "POST /api/v1/ihrebank/identifications/AH73JK3LM/start HTTP/1.1\r\nhost: gateway.test.idnow.de\r\n\
                   x-api-key: exampleApiKey\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");

    setup.sandbox.idnow().act("AH73JK3LM", "happy").unwrap();
    setup.sandbox.clock().advance(minutes(60)).await;
    let id = idv::VerificationId::new(idv::Reference::existing("ah73jk3lm").unwrap(), None);
    let observation = setup.client.poll(&id).await.unwrap();
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Verified))
    );
    let mut verification = Verification::new(id.clone(), setup.client.info(), None);
    assert_eq!(
        verification.apply(&observation),
        Transition::Settled(Outcome::Verified)
    );

    let before = setup.sandbox.requests().len();
    let error = setup
        .client
        .create(&NewVerification::new(id.reference))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "reference".into()
        }
    );
    assert_eq!(setup.sandbox.requests().len(), before, "nothing was sent");
}

#[tokio::test]
async fn archive_is_read_up_to_its_own_limit() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .idnow()
        .configure(|account| account.attachment_length = 50_000)
        .unwrap();
    let verification = setup.create().await;
    setup.act(&verification, "happy");
    setup.sandbox.clock().advance(minutes(60)).await;
    let small = [
        ("IDV_IDNOW_RESULT_FORMAT", "zip"),
        ("IDV_CALLS_MAX_ANSWER_BYTES", "100000"),
    ];
    let observation = setup
        .client_with(&small)
        .fetch(verification.id(), None)
        .await
        .unwrap();
    assert!(observation.report().is_some());
    let smaller = [
        ("IDV_IDNOW_RESULT_FORMAT", "zip"),
        ("IDV_IDNOW_MAX_ARCHIVE_BYTES", "100000"),
    ];
    let error = setup
        .client_with(&smaller)
        .fetch(verification.id(), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
}
