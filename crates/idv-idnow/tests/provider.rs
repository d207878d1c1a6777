//! The provider with scripted responses: each operation with every documented response.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use idv_core::report::{EvidenceKind, Field, Gender, Method};
use idv_core::{
    Capability, Channel, CreateSafety, DeleteOutcome, Delivery, Effect, Error, ErrorKind, HandOff,
    ListFilter, ListQuery, NewVerification, Observation, Outcome, Reference, Requirements,
    ResultState, Sent, Status, TransportCause, Trust, VendorId, VerificationId,
};
use idv_idnow::{DataCentre, Idnow, IdnowConfig, LinkStyle, Product, ResultFormat};
use idv_testkit::{Exchange, ScriptedTransport};
use support::*;

fn new() -> NewVerification {
    let mut new = NewVerification::new(Reference::parse(REFERENCE).unwrap());
    new.person.given_names = Some("Michael".into());
    new.person.family_name = Some("Berger".into());
    new.person.birth_date = Some(jiff::civil::date(1975, 12, 20).into());
    new.person.gender = Some(Gender::Male.into());
    new.contact.email = Some("sampleuser@example.com".into());
    new.custom.insert("custom1".into(), "287492_23552".into());
    new
}

fn visit(hand_off: &HandOff) -> &str {
    let HandOff::Redirect(url) = hand_off else {
        return "";
    };
    url.expose().as_str()
}

fn with(change: impl FnOnce(&mut IdnowConfig)) -> IdnowConfig {
    let mut config = config();
    change(&mut config);
    config
}

async fn failed_create(status: u16, body: String) -> Error {
    let transport = ScriptedTransport::new();
    for _ in 0..4 {
        transport.then_json(status, body.clone());
    }
    client(&transport).create(&new()).await.unwrap_err()
}

async fn failed_poll(status: u16, body: String) -> Result<Observation, Error> {
    let transport = logged_in();
    for _ in 0..4 {
        transport.then_json(status, body.clone());
    }
    client(&transport).poll(&id()).await
}

#[tokio::test]
async fn create_sends_the_model_and_returns_the_link() {
    let transport = ScriptedTransport::new();
    transport.then_json(201, format!(r#"{{"id":"{IDENT_ID}"}}"#));
    let mut new = new();
    new.purpose = Some("opening an account".into());
    let created = client(&transport).create(&new).await.unwrap();
    assert_eq!(created.id, id());
    assert_eq!(
        visit(&created.hand_off),
        format!("https://go.test.idnow.de/ihrebank/identifications/{REFERENCE}")
    );
    assert!(!created.already_existed);
    assert_eq!(created.unsupported_fields, ["purpose"]);
    assert_eq!(created.at.to_string(), "2014-06-02T05:00:00Z");
    assert_eq!(
        created.expires_at.unwrap().to_string(),
        "2014-08-31T05:00:00Z"
    );

    let requests = transport.requests();
    assert_eq!(
        line(&requests[0]),
        format!("POST {BASE}/identifications/{REFERENCE}/start")
    );
    assert_eq!(
        std::str::from_utf8(requests[0].body()).unwrap(),
        r#"{"birthday":"1975-12-20","custom1":"287492_23552","email":"sampleuser@example.com","firstname":"Michael","gender":"MALE","lastname":"Berger"}"#
    );
}

#[tokio::test]
async fn options_and_customization_are_sent() {
    let transport = ScriptedTransport::new();
    transport.then_json(201, format!(r#"{{"id":"{IDENT_ID}"}}"#));
    let client = client(&transport);
    client.vendor::<Idnow>().unwrap().customize(|_, request| {
        request.questions.insert(
            "contract".to_owned(),
            idv_idnow::api::Answer::YesNo(true.into()),
        );
        Ok(())
    });
    let mut new = new();
    let mut options = idv_idnow::IdnowOptions::default();
    options.tracking_id = Some("campaign-7".into());
    new.set_options(&options).unwrap();
    client.create(&new).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
    assert_eq!(
        (&body["trackingid"], &body["questions"]["contract"]["value"]),
        (&"campaign-7".into(), &1.into())
    );
}

#[tokio::test]
async fn hand_off_can_be_short_or_white_label_link() {
    let transport = ScriptedTransport::new();
    transport.then_json(201, format!(r#"{{"id":"{IDENT_ID}"}}"#));
    let config = with(|config| {
        config.link = LinkStyle::Short;
        config.go_url = Some("https://ident.ihrebank.de".parse().unwrap());
    });
    let created = client_of(config, &transport).create(&new()).await.unwrap();
    assert_eq!(
        visit(&created.hand_off),
        format!("https://ident.ihrebank.de/{IDENT_ID}")
    );
}

#[tokio::test]
async fn keyed_creation_is_retried_after_lost_response() {
    for loss in [
        Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
        empty(503),
        Exchange::Hang,
    ] {
        let transport = ScriptedTransport::new();
        transport.then(loss);
        transport.then_json(200, format!(r#"{{"id":"{IDENT_ID}"}}"#));
        let created = client(&transport).create(&new()).await.unwrap();
        assert!(created.already_existed);
        assert_eq!(created.id, id());
        let requests = transport.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(line(&requests[0]), line(&requests[1]));
        assert_eq!(requests[0].body(), requests[1].body());
    }
}

#[tokio::test]
async fn creation_under_a_finished_number_is_a_conflict() {
    let error = failed_create(409, failure("EXISTING_IDENTIFICATION", "")).await;
    assert_eq!(error.kind(), &ErrorKind::Conflict);
    assert_eq!(
        (error.vendor_code(), error.effect()),
        (Some("EXISTING_IDENTIFICATION"), Effect::NotApplied)
    );
    assert!(error.to_string().contains("finished"), "{error}");
}

#[tokio::test]
async fn documented_creation_failures_have_their_kind() {
    let field = |field: &'static str| ErrorKind::InvalidRequest {
        field: field.into(),
    };
    for (status, cause, key, kind) in [
        (400, "BAD_REQUEST", "birthday", field("person.birth_date")),
        (400, "BAD_REQUEST", "mobilephone", field("contact.phone")),
        (400, "UNRECOGNIZED_FIELD", "", field("request")),
        (400, "UNPARSEABLE_JSON", "", field("request")),
        (400, "MISSING_TRANSACTION_TOKEN", "", field("reference")),
        (401, "INVALID_LOGIN_TOKEN", "", ErrorKind::Unauthorized),
        (401, "SECURITY_VIOLATION", "", ErrorKind::Unauthorized),
        (404, "OBJECT_NOT_FOUND", "", ErrorKind::NotFound),
        (412, "PRECONDITION_FAILED", "", ErrorKind::Conflict),
        (500, "INTERNAL_SERVER_ERROR", "", ErrorKind::Unavailable),
    ] {
        let error = failed_create(status, failure(cause, key)).await;
        assert_eq!(
            (error.kind(), error.vendor_code(), error.http_status()),
            (&kind, Some(cause), Some(status))
        );
        assert_eq!(
            error.effect(),
            if status == 500 {
                Effect::Unknown
            } else {
                Effect::NotApplied
            },
            "{cause}"
        );
        assert_eq!(
            error.attempts(),
            if status == 500 { 4 } else { 1 },
            "{cause}"
        );
    }
}

#[tokio::test]
async fn unreadable_creation_response_has_unknown_effect() {
    for body in ["", "<html>", "{}", r#"{"id":""}"#] {
        let error = failed_create(201, body.to_owned()).await;
        assert_eq!(
            (error.kind(), error.effect()),
            (&ErrorKind::Malformed, Effect::Unknown),
            "{body}"
        );
    }
    assert!(
        failed_create(404, failure("OBJECT_NOT_FOUND", ""))
            .await
            .to_string()
            .contains("gateway_url")
    );
    let transport = ScriptedTransport::new();
    transport.then_json(201, r#"{"id":"../elsewhere"}"#);
    let short = with(|config| config.link = LinkStyle::Short);
    let error = client_of(short, &transport)
        .create(&new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Malformed, Effect::Unknown)
    );
}

#[tokio::test]
async fn unsupported_input_is_refused_before_sending() {
    let mut diverse = new();
    diverse.person.gender = Some(Gender::Diverse.into());
    let mut named = new();
    named.custom.insert("customer".into(), "1".into());
    for (new, field) in [(diverse, "person.gender"), (named, "custom")] {
        let transport = ScriptedTransport::new();
        let error = client(&transport).create(&new).await.unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidRequest {
                field: field.into()
            }
        );
        assert_eq!((transport.count(), error.attempts()), (0, 0));
    }
}

#[tokio::test]
async fn poll_returns_status_and_report() {
    let transport = logged_in();
    transport.then_json(200, result("SUCCESS"));
    let observation = client(&transport).poll(&id()).await.unwrap();
    assert_eq!(
        (observation.channel, observation.status),
        (Channel::Poll, Some(Status::Finished(Outcome::Verified)))
    );
    assert!(observation.trust.is_proven());
    assert_eq!(observation.code.as_deref(), Some("SUCCESS"));
    assert_eq!(observation.at.unwrap().to_string(), "2014-06-02T05:03:54Z");
    let report = observation.report().unwrap();
    assert_eq!(
        report
            .person
            .given_names
            .as_ref()
            .unwrap()
            .expose()
            .unwrap(),
        "ARMIN"
    );
    assert_eq!(
        report
            .evidence
            .iter()
            .map(|evidence| evidence.kind)
            .collect::<Vec<_>>(),
        [EvidenceKind::ReportPdf, EvidenceKind::Selfie]
    );
    assert_eq!(
        line(&transport.requests()[1]),
        format!("GET {BASE}/identifications/{REFERENCE}")
    );
}

#[tokio::test]
async fn poll_matches_the_table_of_results() {
    let documentation = include_str!("../src/lib.rs");
    let review = |leaning| Some(Status::InReview { leaning });
    for (code, state, status) in [
        (
            "SUCCESS",
            "finished, verified",
            Some(Status::Finished(Outcome::Verified)),
        ),
        (
            "SUCCESS_DATA_CHANGED",
            "finished, verified",
            Some(Status::Finished(Outcome::Verified)),
        ),
        (
            "FRAUD_SUSPICION_CONFIRMED",
            "finished, rejected",
            Some(Status::Finished(Outcome::Rejected)),
        ),
        (
            "CANCELED",
            "finished, canceled",
            Some(Status::Finished(Outcome::Canceled)),
        ),
        (
            "REVIEW_PENDING",
            "in review, leaning to verified",
            review(Some(Outcome::Verified)),
        ),
        (
            "FRAUD_SUSPICION_PENDING",
            "in review, leaning to rejected",
            review(Some(Outcome::Rejected)),
        ),
        ("CHECK_PENDING", "in review", review(None)),
        (
            "ABORTED",
            "awaiting the person",
            Some(Status::AwaitingPerson),
        ),
        ("SUCCESSFUL", "", None),
    ] {
        assert_eq!(
            documentation.contains(&format!("//! | `{code}` | {state} | ")),
            status.is_some(),
            "{code}"
        );
        let transport = logged_in();
        transport.then_json(200, result(code));
        let observation = client(&transport).poll(&id()).await.unwrap();
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (status, Some(code))
        );
    }
}

#[tokio::test]
async fn poll_awaits_the_person_before_a_result() {
    let observation = failed_poll(404, failure("OBJECT_NOT_FOUND", ""))
        .await
        .unwrap();
    assert_eq!(observation.status, Some(Status::AwaitingPerson));
    assert_eq!(observation.code.as_deref(), Some("OBJECT_NOT_FOUND"));
    assert!(observation.trust.is_proven() && observation.result == ResultState::Absent);
    assert!(observation.subject.is(&id()));
}

#[tokio::test]
async fn other_404_is_an_error_without_status() {
    for body in ["", "<html>404</html>", "{}", r#"{"errors":[]}"#] {
        let error = failed_poll(404, body.to_owned()).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::NotFound);
        assert!(error.to_string().contains("gateway_url"), "{error}");
    }
}

#[tokio::test]
async fn other_poll_failures_are_errors() {
    for (status, cause, kind) in [
        (
            400,
            "MISSING_TRANSACTION_TOKEN",
            ErrorKind::InvalidRequest {
                field: "reference".into(),
            },
        ),
        (412, "PRECONDITION_FAILED", ErrorKind::Conflict),
        (500, "INTERNAL_SERVER_ERROR", ErrorKind::Unavailable),
    ] {
        let error = failed_poll(status, failure(cause, "")).await.unwrap_err();
        assert_eq!((error.kind(), error.effect()), (&kind, Effect::NotApplied));
    }
    let error = failed_poll(200, "<html>".to_owned()).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Malformed);
    let error = failed_poll(200, r#"{"identifications":[]}"#.to_owned())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Malformed);
}

#[tokio::test]
async fn response_about_another_person_is_a_mismatch() {
    let other = VerificationId::new(
        Reference::parse("ffffffffffffffffffffffffffffffff").unwrap(),
        Some(VendorId::new(IDENT_ID)),
    );
    let transport = logged_in();
    transport.then_json(200, result("SUCCESS"));
    transport.then_json(200, result("SUCCESS"));
    let client = client(&transport);
    assert_eq!(
        client.poll(&other).await.unwrap_err().kind(),
        &ErrorKind::SubjectMismatch
    );
    assert_eq!(
        client.fetch(&other, None).await.unwrap_err().kind(),
        &ErrorKind::SubjectMismatch
    );
}

#[tokio::test]
async fn number_in_another_case_is_the_same() {
    let transport = logged_in();
    transport.then_json(
        200,
        result("SUCCESS").replace(REFERENCE, &REFERENCE.to_uppercase()),
    );
    assert!(client(&transport).poll(&id()).await.is_ok());
}

#[tokio::test]
async fn single_result_is_found_in_a_list() {
    let other = result("ABORTED")
        .replace(REFERENCE, "somebody-elses-number")
        .replace(IDENT_ID, "IBA-OTHER");
    let transport = logged_in();
    transport.then_json(
        200,
        format!(r#"{{"identifications":[{other},{}]}}"#, result("SUCCESS")),
    );
    assert_eq!(
        client(&transport)
            .poll(&id())
            .await
            .unwrap()
            .code
            .as_deref(),
        Some("SUCCESS")
    );
}

#[tokio::test]
async fn result_is_equal_in_json_xml_and_archive() {
    let mut fetched = Vec::new();
    for (format, ending, answer) in [
        (
            ResultFormat::Json,
            "",
            file("application/json", result("SUCCESS")),
        ),
        (
            ResultFormat::Xml,
            ".xml",
            file("application/xml", result_xml("SUCCESS")),
        ),
        (
            ResultFormat::Zip,
            ".zip",
            file("application/zip", archive(&result_xml("SUCCESS"))),
        ),
    ] {
        let transport = logged_in();
        transport.then(answer);
        let client = client_of(with(|config| config.result_format = format), &transport);
        fetched.push(client.fetch(&id(), None).await.unwrap());
        assert_eq!(
            line(&transport.requests()[1]),
            format!("GET {BASE}/identifications/{REFERENCE}{ending}")
        );
    }
    // Each format is proven by its own bytes, and all give the same report.
    let digests: Vec<_> = fetched
        .iter_mut()
        .map(
            |observation| match std::mem::replace(&mut observation.trust, Trust::Claimed) {
                Trust::Proven(proof) => proof.digest().unwrap(),
                Trust::Claimed => panic!("an answer to the adapter's own call is proven"),
            },
        )
        .collect();
    let [json, xml, zip] = fetched.as_slice() else {
        panic!("three formats")
    };
    assert!(json.report().is_some() && json.channel == Channel::Fetch);
    assert_eq!((json, json), (xml, zip));
    assert!(digests[0] != digests[1] && digests[1] != digests[2]);
}

#[tokio::test]
async fn json_is_fetched_if_xml_is_not_available() {
    let transport = logged_in();
    transport.then_json(404, failure("OBJECT_NOT_FOUND", ""));
    transport.then_json(200, result("SUCCESS"));
    let client = client_of(
        with(|config| config.result_format = ResultFormat::Xml),
        &transport,
    );
    assert!(client.fetch(&id(), None).await.unwrap().report().is_some());
    assert_eq!(
        line(&transport.requests()[2]),
        format!("GET {BASE}/identifications/{REFERENCE}")
    );
}

#[tokio::test]
async fn missing_result_explains_possible_causes() {
    for format in [ResultFormat::Json, ResultFormat::Xml, ResultFormat::Zip] {
        let transport = logged_in();
        transport
            .then_json(404, failure("OBJECT_NOT_FOUND", ""))
            .then_json(404, failure("OBJECT_NOT_FOUND", ""));
        let client = client_of(with(|config| config.result_format = format), &transport);
        let error = client.fetch(&id(), None).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::NotFound);
        assert!(
            error
                .to_string()
                .contains("not finished yet, expired or deleted"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn product_determines_a_missing_method() {
    let bare = format!(
        r#"{{"identificationprocess":{{"result":"ABORTED","transactionnumber":"{REFERENCE}","id":"{IDENT_ID}"}}}}"#
    );
    for (product, method) in [
        (None, None),
        (Some(Product::Auto), Some(Method::Auto)),
        (Some(Product::Video), Some(Method::Video)),
    ] {
        let transport = logged_in();
        transport.then_json(200, bare.clone());
        let client = client_of(with(|config| config.product = product), &transport);
        assert_eq!(
            client.poll(&id()).await.unwrap().report().unwrap().method,
            method
        );
        let received = client.receive(&webhook("/", &bare)).unwrap();
        assert_eq!(
            received.observations[0]
                .report()
                .and_then(|report| report.method),
            method
        );
    }
}

#[tokio::test]
async fn list_visits_every_group_without_reports() {
    let transport = logged_in();
    for code in ["SUCCESS", "REVIEW_PENDING", "CANCELED", "ABORTED"] {
        transport.then_json(
            200,
            format!(r#"{{"identifications":[{},7]}}"#, result(code)),
        );
    }
    let client = client(&transport);
    let (mut cursor, mut codes) = (None, Vec::new());
    loop {
        let page = client
            .list(&ListQuery::default(), cursor.as_deref())
            .await
            .unwrap();
        assert_eq!((page.observations.len(), page.unreadable), (1, 1));
        let observation = &page.observations[0];
        assert!(observation.trust.is_proven() && observation.channel == Channel::List);
        assert!(matches!(observation.result, ResultState::Fetchable(_)));
        codes.push(observation.code.clone().unwrap());
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(codes, ["SUCCESS", "REVIEW_PENDING", "CANCELED", "ABORTED"]);
    let lines: Vec<_> = transport.requests()[1..].iter().map(line).collect();
    let list = format!("GET {BASE}/identifications");
    assert_eq!(
        lines,
        [
            list.clone(),
            format!("{list}?pending=true"),
            format!("{list}?canceled=true"),
            format!("{list}?aborted=true")
        ]
    );
}

#[tokio::test]
async fn list_of_chosen_groups_queries_each_once() {
    let transport = logged_in();
    transport
        .then_json(200, "[]")
        .then_json(200, r#"{"identifications":[]}"#);
    let client = client(&transport);
    let query = ListQuery::of([
        ListFilter::Aborted,
        ListFilter::InReview,
        ListFilter::Aborted,
    ]);
    let page = client.list(&query, None).await.unwrap();
    let page = client
        .list(&query, Some(&page.next.unwrap()))
        .await
        .unwrap();
    assert_eq!(page.next, None);
    let lines: Vec<_> = transport.requests()[1..].iter().map(line).collect();
    assert_eq!(
        lines,
        [
            format!("GET {BASE}/identifications?aborted=true"),
            format!("GET {BASE}/identifications?pending=true")
        ]
    );
    let error = client.list(&query, Some("finished")).await.unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (
            &ErrorKind::InvalidRequest {
                field: "cursor".into()
            },
            3
        )
    );
}

#[tokio::test]
async fn delete_returns_its_outcome() {
    let transport = logged_in();
    transport.then(empty(200));
    transport.then_json(404, failure("OBJECT_NOT_FOUND", ""));
    let client = client(&transport);
    assert_eq!(client.delete(&id()).await.unwrap(), DeleteOutcome::Data);
    assert_eq!(
        client.delete(&id()).await.unwrap(),
        DeleteOutcome::AlreadyGone
    );
    assert_eq!(
        line(&transport.requests()[1]),
        format!("DELETE {BASE}/identifications/{REFERENCE}")
    );
    // A proxy's 404 does not confirm a deletion.
    transport.then(empty(404));
    assert_eq!(
        client.delete(&id()).await.unwrap_err().kind(),
        &ErrorKind::NotFound
    );
}

#[tokio::test]
async fn deletion_is_retried_after_lost_response() {
    let transport = logged_in();
    transport.then(Exchange::Fail(Sent::Maybe, TransportCause::Interrupted));
    transport.then_json(404, failure("OBJECT_NOT_FOUND", ""));
    assert_eq!(
        client(&transport).delete(&id()).await.unwrap(),
        DeleteOutcome::AlreadyGone
    );
}

fn webhook(uri: &str, body: &str) -> Delivery {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    Delivery::callback(
        http::Method::POST,
        uri.parse().unwrap(),
        headers,
        body.to_owned(),
    )
}

#[tokio::test]
async fn webhook_is_authenticated_only_by_the_secret() {
    let secret = "0123456789abcdef";
    let transport = ScriptedTransport::new();
    let guarded = client_of(
        with(|config| config.callback_secret = secret.into()),
        &transport,
    );
    let body = result("SUCCESS");
    let received = guarded
        .receive(&webhook(&format!("/idnow?token={secret}"), &body))
        .unwrap();
    assert!(received.observations[0].trust.is_proven());
    assert_eq!(
        (received.reply.status.as_u16(), received.reply.body.as_ref()),
        (200, "")
    );
    for uri in ["/idnow", "/idnow?token=", "/idnow?token=0123456789abcdeg"] {
        assert_eq!(
            guarded.receive(&webhook(uri, &body)).unwrap_err().kind(),
            &ErrorKind::Forged
        );
    }
    let open = client(&transport)
        .receive(&webhook("/idnow", &body))
        .unwrap();
    assert!(!open.observations[0].trust.is_proven());
    assert_eq!(open.observations[0].channel, Channel::Callback);
}

#[test]
fn profile_lists_the_vendors_capabilities() {
    let client = client(&ScriptedTransport::new());
    let capabilities = client.info();
    assert_eq!(capabilities.provider.as_str(), "idnow");
    assert_eq!(capabilities.create_safety, CreateSafety::Keyed);
    assert_eq!(capabilities.lifetime.unwrap().as_secs(), 90 * 24 * 60 * 60);
    for facet in Capability::ALL {
        assert_eq!(
            capabilities.has(*facet),
            *facet != Capability::Lookup,
            "{facet}"
        );
    }
    client
        .require(
            &Requirements::new()
                .capability(Capability::Deletion)
                .input("person.birth_name")
                .repeatable_create(),
        )
        .unwrap();
    let error = client
        .require(&Requirements::new().proven_callbacks().input("callback_url"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("callback_url") && error.contains("not authenticated"),
        "{error}"
    );
}

#[tokio::test]
async fn full_result_fills_exactly_the_declared_fields() {
    let item = |value: &str| format!(r#"{{"value":{value},"status":"NEW"}}"#);
    let (text, date, country) = (item("\"TEXT\""), item("\"1983-05-22\""), item("\"DE\""));
    let full = format!(
        r#"{{"identificationprocess":{{"result":"ABORTED","reason":"TECH_VIDEO","agentname":"HMUELLER","identificationtime":"2014-06-02T05:03:54Z","transactionnumber":"{REFERENCE}","id":"{IDENT_ID}"}},
        "customdata":{{"custom1":"1"}},"contactdata":{{"email":"a@example.com","mobilephone":"+49151"}},
        "userdata":{{"birthday":{date},"birthname":{text},"birthplace":{text},"firstname":{text},"gender":{},"lastname":{text},"nationality":{country},"personalnumber":{text},"title":{text},
          "address":{{"street":{text},"streetnumber":{text},"city":{text},"zipcode":{text},"country":{country}}}}},
        "identificationdocument":{{"type":{},"country":{country},"validuntil":{date},"number":{text},"issuedby":{text},"dateissued":{date},"driversclasses":{}}},
        "attachments":{{"pdf":"1.pdf","videolog":"1.mp4"}},"questions":{{"question":1}}}}"#,
        item("\"MALE\""),
        item("\"DRIVERS_LICENSE\""),
        item(r#"[{"type":"B"}]"#),
    );
    let transport = logged_in();
    transport.then_json(200, full.replace("ABORTED", "REVIEW_PENDING"));
    let client = client(&transport);
    let observation = client.poll(&id()).await.unwrap();
    let report = observation.report().unwrap();
    let filled: Vec<_> = Field::ALL
        .iter()
        .copied()
        .filter(|field| field.is_filled(report))
        .collect();
    assert_eq!(filled, client.info().report_fields);
}

#[test]
fn invalid_configuration_gives_no_provider() {
    let config = IdnowConfig::new("", "key".into(), DataCentre::De);
    assert_eq!(Idnow::new(config).unwrap_err().kind(), &ErrorKind::Config);
}
