//! The provider with scripted responses: create, poll and fetch.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use std::time::Duration;

use fixture::{fixture, json};
use idv_cm_id_scan::api::{Api, Locale};
use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv_core::adapter::settings::Secrets;
use idv_core::report::Field;
use idv_core::{
    Capability, CreateSafety, Decision, Delivery, Effect, ErrorKind, EvidenceId, HandOff,
    NewVerification, Outcome, Provider as _, ResultHandle, Sent, Status, Step, Transition,
    TransportCause, VendorId, VendorInfo, Verification, VerificationId,
};
use idv_testkit::{Exchange, ManualClock, ScriptedTransport};
use serde_json::json;
use support::{
    BASE, RESULT, TRANSACTION, body, claims, client, client_at, client_of, config, empty, file,
    handle, header, id, lines, reference, vendor_text, with,
};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// A fixture with the transaction's id replaced.
fn result(name: &str) -> String {
    let result = json(name);
    assert_eq!(result["id"], TRANSACTION, "{name}");
    result.to_string()
}

fn new() -> NewVerification {
    let mut new = NewVerification::new(reference());
    new.locale = Some("nl".parse().unwrap());
    new.return_urls.success = Some("https://www.example.com/back?session=7".parse().unwrap());
    new
}

#[tokio::test]
async fn creation_sends_no_personal_data() {
    let transport = ScriptedTransport::new();
    transport.then_json(201, text("create-response.json"));
    let mut new = new();
    new.person.given_names = Some("Erika".into());
    new.callback_url = Some("https://www.example.com/callback".parse().unwrap());
    new.return_urls.failure = new.return_urls.success.clone();
    let created = client(&transport).create(&new).await.unwrap();

    let request = transport.requests().remove(0);
    assert_eq!(lines(&transport), ["POST transactions"]);
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    assert_eq!(
        body(&request),
        json!({
            "tasks": ["document_scan", "face_liveness", "face_match"],
            "locale": "nl-NL",
            "returnUrl": "https://www.example.com/back?session=7",
        })
    );
    assert_eq!(created.id, id());
    assert_eq!(
        created.unsupported_fields,
        ["person.given_names", "return_urls.failure", "callback_url"]
    );
    assert_eq!(
        created.expires_at.unwrap().to_string(),
        "2024-01-01T13:00:00Z"
    );
    let HandOff::Redirect(url) = &created.hand_off else {
        panic!("{created:?}")
    };
    assert_eq!(
        url.expose().as_str(),
        "https://id-scan.identity.cm.com/en-us/identifications/8f14e45fceea167a5a36dedd4bea2543"
    );
    assert!(!created.already_existed);
}

#[tokio::test]
async fn options_and_customization_are_sent() {
    let transport = ScriptedTransport::new();
    transport.then_json(201, text("create-response.json"));
    let client = client(&transport);
    client
        .vendor::<CmIdScan>()
        .unwrap()
        .customize(|_, transaction| {
            transaction.settings.document_scan.minimum_age = Some(18);
            Ok(())
        });
    let mut new = NewVerification::new(reference());
    let mut options = idv_cm_id_scan::CmIdScanOptions::default();
    (options.mobile_only, options.expires_in) = (Some(true), Some(7200));
    new.set_options(&options).unwrap();
    client.create(&new).await.unwrap();
    let body = body(&transport.requests()[0]);
    assert_eq!(
        (&body["mobileOnly"], &body["expiresIn"]),
        (&json!(true), &json!(7200))
    );
    assert!(body["settings"].to_string().contains("18"), "{body}");
    options.expires_in = Some(1);
    new.set_options(&options).unwrap();
    assert!(matches!(
        client.create(&new).await.unwrap_err().kind(),
        ErrorKind::InvalidRequest { .. }
    ));
    assert_eq!(transport.count(), 1, "it is checked before it is sent");
}

fn settings(config: &mut CmIdScanConfig) {
    config.allowed_expiration = Some(30);
    config.redact_fields = vec!["personal_number".into(), "signature".into()];
    config.capture_sources = vec!["camera".into(), "file".into()];
    config.level = Some("advanced".into());
    (config.minimum_age, config.maximum_age) = (Some(16), Some(80));
    config.validate_fields = vec!["personal_number".into()];
    config.extract_fields = vec![
        "document_number".into(),
        "given_names".into(),
        "surname".into(),
    ];
    config.locale = Some(Locale::Dutch);
    config.mobile_only = true;
    config.expires_in = Some(3600);
}

#[tokio::test]
async fn every_setting_reaches_the_vendor() {
    let transport = ScriptedTransport::new();
    transport
        .then_json(200, text("create-response.json"))
        .then_json(200, text("create-response.json"));
    // The sample omits the fields that its limits need: the vendor accepts this, the provider does
    // not.
    let config = with(settings);
    let cx = client(&transport).context(idv_core::Operation::Create);
    Api::new(&config)
        .unwrap()
        .create_transaction(&cx, &config.transaction())
        .await
        .unwrap();
    assert_eq!(body(&transport.requests()[0]), json("create-request.json"));
    assert!(CmIdScan::new(config).is_err());

    let config = with(|config| {
        settings(config);
        config
            .extract_fields
            .extend(["age".into(), "date_of_expiry".into()]);
    });
    let mut new = new();
    new.return_urls.success = None;
    client_of(config, &transport).create(&new).await.unwrap();
    let mut expected = json("create-request.json");
    expected["settings"]["documentScan"]["extractFields"] = json!([
        "document_number",
        "given_names",
        "surname",
        "age",
        "date_of_expiry"
    ]);
    assert_eq!(body(&transport.requests()[1]), expected);
}

#[tokio::test]
async fn unsupported_language_falls_back_and_is_named() {
    for (asked, configured, sent) in [
        (Some("en-GB"), None, json!("en-US")),
        (Some("fr"), None, json!("fr-FR")),
        (Some("nl-BE"), None, json!("nl-NL")),
        (Some("de"), None, json!(null)),
        (None, None, json!(null)),
        (Some("de"), Some(Locale::Dutch), json!("nl-NL")),
        (Some("fr"), Some(Locale::Dutch), json!("fr-FR")),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, text("create-response.json"));
        let mut new = new();
        new.locale = asked.map(|locale| locale.parse().unwrap());
        let created = client_of(with(|config| config.locale = configured), &transport)
            .create(&new)
            .await
            .unwrap();
        let body = body(&transport.requests()[0]);
        assert_eq!(
            body.get("locale").cloned().unwrap_or_default(),
            sent,
            "{asked:?} {configured:?}"
        );
        assert_eq!(
            created.unsupported_fields.contains(&"locale"),
            asked == Some("de"),
            "{asked:?}"
        );
    }
}

#[tokio::test]
async fn creation_is_not_repeated_after_lost_response() {
    for exchange in [
        Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
        empty(500),
        empty(503),
        empty(408),
        file("application/json", "{}"),
        file("application/json", r#"{"id":"c3b92333","state":"pending"}"#),
        file(
            "application/json",
            r#"{"id":"../c3b92333","state":"pending","url":"https://id-scan.example.com"}"#,
        ),
        file(
            "application/json",
            r#"{"id":"c3b92333","state":"pending","url":"javascript:alert(1)"}"#,
        ),
        file("text/html", "<html>"),
    ] {
        let transport = ScriptedTransport::new();
        transport.then(exchange);
        let error = client(&transport).create(&new()).await.unwrap_err();
        assert_eq!(
            (error.effect(), transport.count()),
            (Effect::Unknown, 1),
            "{error}"
        );
    }
    for (status, kind) in [
        (
            400,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Unauthorized),
        (
            422,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(status, text("own-error.json"));
        let error = client(&transport).create(&new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect(), transport.count()),
            (&kind, Effect::NotApplied, 1),
            "{error}"
        );
        assert_eq!(error.vendor_code(), Some("transaction_not_found"));
    }
    let transport = ScriptedTransport::new();
    transport
        .then(Exchange::Fail(Sent::No, TransportCause::Connect))
        .then(empty(429));
    transport.then_json(200, text("create-response.json"));
    client(&transport).create(&new()).await.unwrap();
    assert_eq!(transport.count(), 3, "a request without effect is repeated");
}

#[tokio::test]
async fn return_url_that_would_lose_the_result_is_refused() {
    for url in [
        "https://example.com/?trxid=1",
        "https://example.com/?ResultId=1",
        "https://example.com/#here",
    ] {
        let transport = ScriptedTransport::new();
        let mut new = new();
        new.return_urls.success = Some(url.parse().unwrap());
        let error = client(&transport).create(&new).await.unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidRequest {
                field: "return_urls.success".into()
            }
        );
        assert_eq!((transport.count(), error.effect()), (0, Effect::NotApplied));
    }
}

#[tokio::test]
async fn documented_lifetime_is_the_default_expiry() {
    for (expires_in, at) in [
        (None, "2024-01-01T13:00:00Z"),
        (Some(86_400), "2024-01-02T12:00:00Z"),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(
            200,
            r#"{"id":"c3b92333","state":"pending","url":"https://id-scan.example.com/x"}"#,
        );
        let created = client_of(with(|config| config.expires_in = expires_in), &transport)
            .create(&new())
            .await
            .unwrap();
        assert_eq!(created.expires_at.unwrap().to_string(), at);
    }
}

#[tokio::test]
async fn token_is_reused_while_it_outlives_a_call() {
    let transport = ScriptedTransport::new();
    for _ in 0..4 {
        transport.then_json(200, text("own-details-untouched.json"));
    }
    let clock = ManualClock::new("2024-01-01T12:00:00Z".parse().unwrap());
    let client = client_at(config(), &transport, &clock);
    let mut tokens = Vec::new();
    // A lifetime of 300 seconds, of which 120 are reserved.
    for wait in [0, 180, 1, 0] {
        clock.advance(Duration::from_secs(wait));
        client.poll(&id()).await.unwrap();
        let request = transport.requests().pop().unwrap();
        tokens.push(header(&request, "authorization").unwrap().to_owned());
        let claims = claims(&request);
        assert_eq!(claims["iat"], claims["nbf"]);
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            330
        );
    }
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    assert_eq!(tokens[2], tokens[3]);
    let claims = |index: usize| claims(&transport.requests()[index]);
    let noon = 1_704_110_400_i64;
    assert_eq!(
        (claims(0)["iat"].as_i64(), claims(0)["exp"].as_i64()),
        (Some(noon - 30), Some(noon + 300))
    );
    assert_eq!(
        (claims(2)["iat"].as_i64(), claims(2)["exp"].as_i64()),
        (Some(noon + 151), Some(noon + 481))
    );
}

#[tokio::test]
async fn poll_returns_the_state_without_outcome() {
    for (name, status, code) in [
        (
            "own-details-untouched.json",
            Some(Status::AwaitingPerson),
            "pending",
        ),
        (
            "create-response.json",
            Some(Status::AwaitingPerson),
            "pending",
        ),
        (
            "own-details-completed.json",
            Some(Status::Ended),
            "completed",
        ),
        (
            "own-details-expired.json",
            Some(Status::Finished(Outcome::Expired)),
            "expired",
        ),
        ("own-details-unknown.json", None, "quarantined"),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, text(name));
        let observation = client(&transport).poll(&id()).await.unwrap();
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (status, Some(code)),
            "{name}"
        );
        assert!(observation.trust.is_proven());
        assert_eq!(
            lines(&transport),
            [format!("GET transactions/{TRANSACTION}")]
        );
    }
    let transport = ScriptedTransport::new();
    transport.then_json(200, text("details.json").replace("2c2f04a5", "c3b92333"));
    assert_eq!(
        client(&transport).poll(&id()).await.unwrap().status,
        Some(Status::InProgress)
    );
}

#[tokio::test]
async fn result_is_fetched_by_its_handle_and_judged() {
    for (name, outcome) in [
        ("own-result-verified.json", Outcome::Verified),
        ("own-result-face-mismatch.json", Outcome::Rejected),
        ("own-result-document-only.json", Outcome::Inconclusive),
        ("result.json", Outcome::Inconclusive),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, result(name));
        let observation = client(&transport)
            .fetch(&id(), Some(&handle()))
            .await
            .unwrap();
        assert_eq!(
            observation.status,
            Some(Status::Finished(outcome)),
            "{name}"
        );
        assert!(observation.trust.is_proven());
        let report = observation.report().unwrap();
        assert_eq!(report.reference.as_deref(), Some(support::REFERENCE));
        assert!(
            report
                .acceptance
                .as_ref()
                .unwrap()
                .starts_with("strict/2 min_score=0.8"),
            "{:?}",
            report.acceptance
        );
        assert_eq!(
            report.reasons.is_empty(),
            outcome == Outcome::Verified,
            "{name}"
        );
        assert_eq!(
            lines(&transport),
            [format!("GET transactions/{TRANSACTION}/results/{RESULT}")]
        );
    }
}

#[tokio::test]
async fn result_needs_a_usable_handle() {
    let transport = ScriptedTransport::new();
    let field = ErrorKind::InvalidRequest {
        field: "handle".into(),
    };
    for handle in [
        None,
        Some(""),
        Some("../x"),
        Some("a/b"),
        Some("a?b"),
        Some("é"),
    ] {
        let handle = handle.map(ResultHandle::new);
        let error = client(&transport)
            .fetch(&id(), handle.as_ref())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &field);
    }
    let nameless = VerificationId::new(reference(), None);
    let error = client(&transport).poll(&nameless).await.unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "vendor_id".into()
        }
    );
    assert_eq!(transport.count(), 0);
}

#[tokio::test]
async fn result_of_another_transaction_is_refused() {
    let others = result("own-result-verified.json").replace("c3b92333", "ffffffff");
    let transport = ScriptedTransport::new();
    transport.then_json(200, others.clone());
    let error = client(&transport)
        .fetch(&id(), Some(&handle()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::SubjectMismatch);

    transport.then_json(
        200,
        text("own-details-completed.json").replace("c3b92333", "ffffffff"),
    );
    assert_eq!(
        client(&transport).poll(&id()).await.unwrap_err().kind(),
        &ErrorKind::SubjectMismatch
    );

    transport.then_json(200, others);
    let evidence = EvidenceId::new(format!(
        "results/{RESULT}/files/document_scan/image/portrait"
    ));
    let error = client(&transport)
        .evidence(&id(), &evidence, 100, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::SubjectMismatch);
    assert_eq!(transport.count(), 3, "nothing of it was downloaded");

    transport.then_json(200, r#"{"state":"completed","tasks":[]}"#);
    let error = client(&transport)
        .fetch(&id(), Some(&handle()))
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Malformed,
        "a result without an id is none"
    );
}

#[tokio::test]
async fn missing_result_is_not_found() {
    let transport = ScriptedTransport::new();
    transport.then_json(404, text("own-error.json"));
    let error = client(&transport)
        .fetch(&id(), Some(&handle()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.vendor_code()),
        (&ErrorKind::NotFound, Some("transaction_not_found"))
    );
    transport.then(empty(502));
    transport.then_json(200, result("own-result-verified.json"));
    assert!(
        client(&transport)
            .fetch(&id(), Some(&handle()))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn refused_id_that_is_not_a_uuid_is_not_found() {
    for (id, status, kind) in [
        ("zz-made-up", 400, ErrorKind::NotFound),
        ("zz-made-up", 422, ErrorKind::NotFound),
        ("zz-made-up", 404, ErrorKind::NotFound),
        ("zz-made-up", 403, ErrorKind::Unauthorized),
        (
            "e6b7ce66-0000-4000-8000-00000000000g",
            400,
            ErrorKind::NotFound,
        ),
        (
            "e6b7ce660000-4000-8000-0000-00000000",
            400,
            ErrorKind::NotFound,
        ),
        (RESULT, 404, ErrorKind::NotFound),
        (RESULT, 410, ErrorKind::NotFound),
        (
            RESULT,
            400,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
        (
            RESULT,
            422,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(status, text("own-error.json"));
        let error = client(&transport)
            .fetch(&self::id(), Some(&ResultHandle::new(id)))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.vendor_code()),
            (&kind, Some("transaction_not_found")),
            "{id} {status}"
        );
    }
}

#[tokio::test]
async fn dates_are_compared_with_the_injected_clock() {
    for (now, outcome) in [
        ("2031-08-30T23:59:59Z", Outcome::Verified),
        ("2031-08-31T00:00:00Z", Outcome::Rejected),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, result("own-result-verified.json"));
        let client = client_at(
            config(),
            &transport,
            &ManualClock::leaping(now.parse().unwrap()),
        );
        let observation = client.fetch(&id(), Some(&handle())).await.unwrap();
        assert_eq!(observation.status, Some(Status::Finished(outcome)), "{now}");
        let day = now.split('T').next().unwrap();
        assert!(
            observation
                .report()
                .unwrap()
                .acceptance
                .as_ref()
                .unwrap()
                .ends_with(&format!(" as_of={day}"))
        );
    }
}

#[tokio::test]
async fn configured_limits_are_enforced_on_results() {
    for (change, outcome) in [
        (
            (|config| config.minimum_age = Some(60)) as fn(&mut CmIdScanConfig),
            Outcome::Rejected,
        ),
        (|config| config.maximum_age = Some(50), Outcome::Rejected),
        (
            |config| config.allowed_expiration = Some(-3_650),
            Outcome::Rejected,
        ),
        (
            |config| {
                (
                    config.minimum_age,
                    config.maximum_age,
                    config.allowed_expiration,
                ) = (Some(18), Some(90), Some(-90));
            },
            Outcome::Verified,
        ),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, result("own-result-verified.json"));
        let observation = client_of(with(change), &transport)
            .fetch(&id(), Some(&handle()))
            .await
            .unwrap();
        assert_eq!(observation.status, Some(Status::Finished(outcome)));
    }
}

#[tokio::test]
async fn refused_token_names_every_cause() {
    let transport = ScriptedTransport::new();
    transport.then(empty(401));
    let error = client(&transport).poll(&id()).await.unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (&ErrorKind::Unauthorized, 1)
    );
    assert!(error.to_string().contains("clock"), "{error}");
}

#[tokio::test]
async fn verification_runs_from_creation_to_report() {
    let transport = ScriptedTransport::new();
    transport.then_json(201, text("create-response.json"));
    transport.then_json(200, text("own-details-untouched.json"));
    transport.then_json(200, text("own-details-completed.json"));
    transport.then_json(200, result("own-result-verified.json"));
    let client = client(&transport);
    let capabilities = client.info().clone();
    let created = client.create(&new()).await.unwrap();
    let mut verification = Verification::new(created.id.clone(), &capabilities, created.expires_at);
    verification.apply(&client.poll(&created.id).await.unwrap());
    assert_eq!(verification.next_step(&capabilities), Step::Poll);

    // The browser names a result; the vendor is queried all the same.
    let back = format!("/back?session=7&trxid={TRANSACTION}&resultid=zz-made-up");
    let received = client
        .receive(&Delivery::returning(back.parse().unwrap()))
        .unwrap();
    assert_eq!(
        verification.apply(&received.observations[0]),
        Transition::PollRequested
    );
    assert_eq!(verification.next_step(&capabilities), Step::Poll);

    verification.apply(&client.poll(&created.id).await.unwrap());
    assert_eq!(verification.decision(), Decision::Open(Status::Ended));
    assert_eq!(
        verification.next_step(&capabilities),
        Step::Fetch(ResultHandle::new("zz-made-up"))
    );

    // The proven handle takes precedence over the claimed one.
    let event = text("event-completed.json").replace("b659c273", "c3b92333");
    let mut headers = http::HeaderMap::new();
    headers.insert(
        "x-callback-secret",
        support::CALLBACK_SECRET.parse().unwrap(),
    );
    let delivery = Delivery::callback(
        http::Method::POST,
        "/webhook".parse().unwrap(),
        headers,
        event,
    );
    let received = client.receive(&delivery).unwrap();
    verification.apply(&received.observations[0]);
    let Step::Fetch(handle) = verification.next_step(&capabilities) else {
        panic!("{verification:?}")
    };
    assert_eq!(handle, support::handle());
    let observation = client.fetch(&created.id, Some(&handle)).await.unwrap();
    assert_eq!(
        verification.apply(&observation),
        Transition::Settled(Outcome::Verified)
    );
    assert_eq!(verification.next_step(&capabilities), Step::Done);
}

#[tokio::test]
async fn webhook_is_registered_once_with_the_secret() {
    let transport = ScriptedTransport::new();
    transport
        .then_json(201, text("webhook-response.json"))
        .then(empty(500));
    let provider = CmIdScan::new(config()).unwrap();
    let client = client(&transport);
    let url: idv_core::Url = "https://www.example.com/webhook".parse().unwrap();
    let created = provider
        .register_webhook(&client.context(idv_core::Operation::Other), url.clone())
        .await
        .unwrap();
    assert_eq!(
        created.events,
        ["transaction.state.updated", "task.state.updated"]
    );
    assert_eq!(created.created.unwrap().to_string(), "2022-01-01T00:00:00Z");
    assert_eq!(
        body(&transport.requests()[0]),
        json!({
            "url": "https://www.example.com/webhook",
            "events": ["transaction.state.updated", "task.state.updated"],
            "headers": { "X-Callback-Secret": support::CALLBACK_SECRET },
        })
    );
    assert_eq!(lines(&transport), ["POST webhooks"]);
    assert!(
        provider
            .register_webhook(&client.context(idv_core::Operation::Other), url)
            .await
            .is_err()
    );
    assert_eq!(transport.count(), 2, "it is not repeated");
    let plain = provider.webhook("http://www.example.com/webhook".parse().unwrap());
    let error = provider
        .api()
        .create_webhook(&client.context(idv_core::Operation::Other), &plain)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (
            &ErrorKind::InvalidRequest {
                field: "url".into()
            },
            2
        )
    );
}

#[test]
fn capabilities_are_those_of_the_document() {
    let provider = CmIdScan::new(with(|config| config.expires_in = Some(7_200))).unwrap();
    let capabilities = VendorInfo::of(&provider);
    assert_eq!(
        capabilities.capabilities,
        [
            Capability::Polling,
            Capability::Results,
            Capability::Evidence,
            Capability::Callbacks
        ]
    );
    assert_eq!(capabilities.create_safety, CreateSafety::Unkeyed);
    assert_eq!(
        capabilities.callback_proof,
        Some(idv_core::ProofKind::SharedSecret)
    );
    assert_eq!(capabilities.lifetime, Some(Duration::from_secs(7_200)));
    assert_eq!(capabilities.accepts, ["locale", "return_urls.success"]);
    assert!(capabilities.report_fields.contains(&Field::FamilyName));
    assert_eq!(provider.describe().provider.as_str(), "cm-id-scan");
    let open = CmIdScan::new(with(|config| config.callback_secret = Secrets::default())).unwrap();
    assert_eq!(VendorInfo::of(&open).callback_proof, None);
}

#[tokio::test]
async fn configured_address_is_used_for_every_call() {
    let transport = ScriptedTransport::new();
    transport.then_json(200, text("own-details-untouched.json"));
    let config =
        with(|config| config.base_url = Some("http://127.0.0.1:9000/id-scan/v1".parse().unwrap()));
    client_of(config, &transport).poll(&id()).await.unwrap();
    assert_eq!(
        transport.requests()[0].uri().to_string(),
        format!("http://127.0.0.1:9000/id-scan/v1/transactions/{TRANSACTION}")
    );
    assert!(BASE.starts_with("https://"));
    let id = VerificationId::new(reference(), Some(VendorId::new("../webhooks")));
    assert!(client(&transport).poll(&id).await.is_err());
    assert_eq!(transport.count(), 1);
}

#[tokio::test]
async fn vendor_text_is_kept_and_not_printed() {
    let body = json!({
        "errors": [{ "code": "not_found", "message": "no scan of Erika Mustermann" }],
    });
    for (status, id) in [(404, RESULT), (422, "not-a-uuid")] {
        let transport = ScriptedTransport::new();
        transport.then_json(status, body.to_string());
        let error = client(&transport)
            .fetch(&self::id(), Some(&ResultHandle::new(id)))
            .await
            .unwrap_err();
        assert_eq!(
            (error.vendor_code(), vendor_text(&error)),
            (Some("not_found"), Some("no scan of Erika Mustermann")),
            "{status}"
        );
        assert!(
            !format!("{error} {error:?}").contains("Mustermann"),
            "{error}"
        );
    }
}
