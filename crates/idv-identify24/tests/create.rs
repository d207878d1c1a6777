//! Creation: every field of the model, refusals before anything is sent, and lost responses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::call::CallPolicy;
use idv_core::report::{DocumentKind, Gender};
use idv_core::{
    Client, CreateResponse, Effect, Error, ErrorKind, HandOff, Locale, NewVerification, Sent,
    TransportCause, VendorId,
};
use idv_identify24::Identify24;
use idv_identify24::api::{NewIdent, Pdf};
use idv_testkit::{Exchange, ScriptedTransport, environment};
use serde_json::json;
use support::*;

async fn create(
    new: &NewVerification,
    answers: &[(u16, String)],
) -> (Result<CreateResponse, Error>, ScriptedTransport) {
    let transport = logged_in();
    for (status, body) in answers {
        transport.then_json(*status, body.clone());
    }
    let created = client(&transport).create(new).await;
    (created, transport)
}

/// The field that the error names; nothing must be sent.
async fn refused(change: impl FnOnce(&mut NewVerification)) -> String {
    let mut new = new();
    change(&mut new);
    let (created, transport) = create(&new, &[(200, created())]).await;
    let error = created.unwrap_err();
    assert_eq!(
        (transport.count(), error.effect()),
        (0, Effect::NotApplied),
        "nothing was sent, not even a login"
    );
    let ErrorKind::InvalidRequest { field } = error.kind() else {
        panic!("{error}")
    };
    field.to_string()
}

#[tokio::test]
async fn every_supported_input_is_sent() {
    let (created, transport) = create(&new(), &[(200, created())]).await;
    let created = created.unwrap();
    assert_eq!(lines(&transport), ["POST auth", "POST ident/create"]);
    let request = &transport.requests()[1];
    assert_eq!(header(request, "x-api-partner"), Some("911-internet"));
    assert_eq!(header(request, "x-api-token"), Some(TOKEN));
    assert_eq!(header(request, "content-type"), Some("application/json"));
    assert_eq!(
        sent(request),
        json!({
            "project_id": "6",
            "person_title": "Dr.",
            "gender": "FEMALE",
            "person_first_name": "ERIKA ZOË",
            "person_last_name": "MUSTERMANN-GROSS",
            "email": "e.mustermann@example.com",
            "street": "HEIDESTRASSE",
            "house_no": "17a",
            "zip_code": "51147",
            "city": "NÜRNBERG",
            "country": "AT",
            "mobile_phone": "004915111111111",
            "birthday": "1964-08-12",
            "birth_place": "KÖLN",
            "nationality": "DE",
            "type_of_id": "Personalausweis",
            "id_number": "LJFE8J32NDM",
            "id_country": "DE",
            "id_issue_date": "2021-05-10",
            "id_end_date": "2031-05-09",
            "issuing_authority": "Stadt Nürnberg",
            "custom_id": REFERENCE,
            "custom1": "own 1",
            "custom2": "own 2",
            "custom3": "own 3",
            "custom4": "own 4",
        })
    );
    assert_eq!(
        (
            created.id.reference.as_str(),
            created.id.vendor_id.as_ref().map(VendorId::as_str)
        ),
        (REFERENCE, Some(IDENT))
    );
    let HandOff::Redirect(link) = &created.hand_off else {
        panic!("a link")
    };
    assert_eq!(
        link.expose().as_str(),
        format!("https://identify24.de/apply/{IDENT}")
    );
    assert_eq!(
        (created.unsupported_fields.len(), created.already_existed),
        (0, false)
    );
    // An ident lives for 90 days.
    assert_eq!(
        created.expires_at.unwrap().to_string(),
        "2024-04-01T09:00:00Z"
    );
}

#[tokio::test]
async fn unsupported_inputs_are_omitted_and_listed() {
    let mut new = new();
    new.person.birth_name = Some("Gabler".into());
    new.locale = Some("de".parse::<Locale>().unwrap());
    new.return_urls.success = Some("https://bank.example.com/done".parse().unwrap());
    new.return_urls.failure = Some("https://bank.example.com/failed".parse().unwrap());
    new.callback_url = Some("https://bank.example.com/callback".parse().unwrap());
    new.purpose = Some("an account".into());
    let (made, transport) = create(&new, &[(200, created())]).await;
    assert_eq!(
        made.unwrap().unsupported_fields,
        [
            "person.birth_name",
            "locale",
            "return_urls.success",
            "return_urls.failure",
            "callback_url",
            "purpose"
        ]
    );
    let body = String::from_utf8(transport.requests()[1].body().to_vec()).unwrap();
    assert!(!body.to_lowercase().contains("gabler") && !body.contains("bank.example.com"));
}

#[tokio::test]
async fn missing_required_input_is_named() {
    type Remove = fn(&mut NewVerification);
    let required: [(&str, Remove); 11] = [
        ("person.given_names", |new| new.person.given_names = None),
        ("person.family_name", |new| new.person.family_name = None),
        ("person.gender", |new| new.person.gender = None),
        ("person.birth_date", |new| new.person.birth_date = None),
        ("person.birth_place", |new| new.person.birth_place = None),
        ("person.nationality", |new| new.person.nationality = None),
        ("person.address.postal_code", |new| {
            new.person.address.postal_code = None;
        }),
        ("person.address.city", |new| new.person.address.city = None),
        ("person.address.country", |new| {
            new.person.address.country = None;
        }),
        ("contact.email", |new| new.contact.email = None),
        ("contact.phone", |new| new.contact.phone = None),
    ];
    for (field, remove) in required {
        assert_eq!(refused(remove).await, field);
    }
    assert_eq!(
        refused(|new| new.person.given_names = Some(" \t".into())).await,
        "person.given_names"
    );
    assert_eq!(
        refused(|new| new.person.address.city = Some("".into())).await,
        "person.address.city"
    );
}

#[tokio::test]
async fn optional_input_may_be_missing() {
    let mut least = new();
    least.person.title = None;
    least.person.address.street = None;
    least.person.address.house_number = Some("".into());
    least.document = idv_core::ExpectedDocument::default();
    least.custom.clear();
    let (made, transport) = create(&least, &[(200, created())]).await;
    assert!(made.is_ok());
    let sent = sent(&transport.requests()[1]);
    let mut names: Vec<_> = sent
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "birth_place",
            "birthday",
            "city",
            "country",
            "custom_id",
            "email",
            "gender",
            "mobile_phone",
            "nationality",
            "person_first_name",
            "person_last_name",
            "project_id",
            "zip_code"
        ]
    );
}

#[tokio::test]
async fn forbidden_values_are_refused_by_the_models_name() {
    assert_eq!(
        refused(|new| new.person.gender = Some(Gender::Diverse.into())).await,
        "person.gender"
    );
    for kind in [
        DocumentKind::ResidencePermit,
        DocumentKind::DrivingLicence,
        DocumentKind::Other,
    ] {
        assert_eq!(
            refused(|new| new.document.kind = Some(kind.into())).await,
            "document.kind"
        );
    }
    for email in ["nobody", "@example.com", "a b@example.com", "a@b@c"] {
        assert_eq!(
            refused(|new| new.contact.email = Some(email.into())).await,
            "contact.email",
            "{email}"
        );
    }
    for phone in [
        "call me",
        "+49",
        "+0151111111",
        "0049",
        "123",
        "+4915111111111111",
    ] {
        assert_eq!(
            refused(|new| new.contact.phone = Some(phone.into())).await,
            "contact.phone",
            "{phone}"
        );
    }
    let year_nought = jiff::civil::date(0, 1, 1);
    assert_eq!(
        refused(|new| new.person.birth_date = Some(year_nought.into())).await,
        "person.birth_date"
    );
    assert_eq!(
        refused(|new| new.document.issued_on = Some(year_nought.into())).await,
        "document.issued_on"
    );
    assert_eq!(
        refused(|new| new.document.expires_on = Some(year_nought.into())).await,
        "document.expires_on"
    );
    assert_eq!(
        refused(|new| new.person.family_name = Some("Muster\nmann".into())).await,
        "person.family_name"
    );
    assert_eq!(
        refused(|new| new.document.issuer = Some("Stadt\u{0}".into())).await,
        "document.issuer"
    );
    for name in ["custom5", "custom", "Custom1", "trackingid"] {
        assert_eq!(
            refused(|new| drop(new.custom.insert(name.into(), "x".into()))).await,
            "custom",
            "{name}"
        );
    }
    assert_eq!(
        refused(|new| drop(new.custom.insert("custom1".into(), "a\u{7}".into()))).await,
        "custom"
    );
}

#[tokio::test]
async fn document_kind_and_gender_have_the_vendors_words() {
    let mut new = new();
    new.document.kind = Some(DocumentKind::Passport.into());
    new.person.gender = Some(Gender::Male.into());
    let (_, transport) = create(&new, &[(200, created())]).await;
    let sent = sent(&transport.requests()[1]);
    assert_eq!(
        (&sent["type_of_id"], &sent["gender"]),
        (&json!("Reisepass"), &json!("MALE"))
    );
}

#[tokio::test]
async fn customization_runs_before_the_check() {
    let transport = logged_in();
    transport.then_json(200, created());
    let provider = Identify24::new(config()).unwrap();
    provider.customize(|new, ident: &mut NewIdent| {
        assert_eq!(new.reference.as_str(), REFERENCE);
        ident.pdf = Some(Pdf::Content(b"%PDF-1.4 contract".as_slice().into()));
        Ok(())
    });
    let client = Client::new(
        provider,
        environment(&transport, &clock()),
        CallPolicy::default(),
    );
    let mut new = new();
    let mut options = idv_identify24::Identify24Options::default();
    options.store_name = Some("Nürnberg".into());
    new.set_options(&options).unwrap();
    client.create(&new).await.unwrap();
    let request = sent(&transport.requests()[1]);
    // Only names, places, streets and cities are in upper case.
    assert_eq!(request["store_name"], "Nürnberg");
    assert_eq!(
        request["pdf_content"],
        "data:@file/pdf;base64,JVBERi0xLjQgY29udHJhY3Q="
    );

    let provider = Identify24::new(config()).unwrap();
    provider.customize(|_, ident| {
        ident.pdf = Some(Pdf::Content(b"contract".as_slice().into()));
        Ok(())
    });
    let transport = ScriptedTransport::new();
    let client = Client::new(
        provider,
        environment(&transport, &clock()),
        CallPolicy::default(),
    );
    let error = client.create(&new).await.unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (
            &ErrorKind::InvalidRequest {
                field: "pdf_content".into()
            },
            0
        )
    );
}

#[tokio::test]
async fn creation_is_not_repeated_after_lost_response() {
    for exchange in [
        || Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
        || Exchange::Break(http::Response::new("{\"result\":true".into())),
    ] {
        let transport = logged_in();
        transport.then(exchange());
        transport.then_json(200, created());
        let error = client(&transport).create(&new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&ErrorKind::Unavailable, Effect::Unknown)
        );
        assert_eq!(lines(&transport), ["POST auth", "POST ident/create"]);
    }
    for status in [408, 500, 502, 503, 504] {
        let (made, transport) = create(&new(), &[(status, String::new()), (200, created())]).await;
        assert_eq!(made.unwrap_err().effect(), Effect::Unknown, "{status}");
        assert_eq!(transport.count(), 2, "{status}");
    }
}

#[tokio::test]
async fn unsent_or_rate_limited_creation_is_retried() {
    let transport = logged_in();
    transport.then(Exchange::Fail(Sent::No, TransportCause::Connect));
    transport.then_json(429, r#"{"result":false,"messages":["slow down"]}"#);
    transport.then_json(200, created());
    client(&transport).create(&new()).await.unwrap();
    assert_eq!(transport.count(), 4);
}

#[tokio::test]
async fn refusal_has_its_kind_and_no_effect() {
    let request = || ErrorKind::InvalidRequest {
        field: "request".into(),
    };
    for (status, kind) in [
        (400, request()),
        (402, ErrorKind::Conflict),
        (403, ErrorKind::Unauthorized),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (418, request()),
        (302, ErrorKind::Malformed),
    ] {
        for body in [text("own-refused.json"), "<html>".to_owned(), String::new()] {
            let (made, transport) = create(&new(), &[(status, body.clone())]).await;
            let error = made.unwrap_err();
            assert_eq!(
                (error.kind(), error.effect(), transport.count()),
                (&kind, Effect::NotApplied, 2),
                "{status} {body}"
            );
            let code = body
                .starts_with('{')
                .then_some("Ident could not be created for ERIKA MUSTERMANN");
            assert_eq!(vendor_text(&error), code);
            assert!(!format!("{error} {error:?}").contains("MUSTERMANN"));
        }
    }
}

#[tokio::test]
async fn failure_inside_a_200_is_an_error() {
    for (body, kind, effect) in [
        (
            text("own-refused.json"),
            ErrorKind::Conflict,
            Effect::NotApplied,
        ),
        (
            r#"{"result":"false"}"#.into(),
            ErrorKind::Conflict,
            Effect::NotApplied,
        ),
        (
            r#"{"result":false,"response_status":400,"messages":["birthday"]}"#.into(),
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
            Effect::NotApplied,
        ),
        (
            r#"{"result":true,"response_status":402}"#.into(),
            ErrorKind::Conflict,
            Effect::NotApplied,
        ),
        (
            r#"{"result":false,"response_status":"403"}"#.into(),
            ErrorKind::Unauthorized,
            Effect::NotApplied,
        ),
        // The server failed, or created an ident all the same.
        (
            r#"{"result":false,"response_status":500}"#.into(),
            ErrorKind::Unavailable,
            Effect::Unknown,
        ),
        (
            created().replace("true", "false"),
            ErrorKind::Conflict,
            Effect::Unknown,
        ),
        // The response reports success without an ident.
        (
            r#"{"result":true,"messages":[]}"#.into(),
            ErrorKind::Malformed,
            Effect::Unknown,
        ),
        ("{}".into(), ErrorKind::Malformed, Effect::Unknown),
        ("<html>".into(), ErrorKind::Malformed, Effect::Unknown),
        (String::new(), ErrorKind::Malformed, Effect::Unknown),
    ] {
        let (made, transport) = create(&new(), &[(200, body.clone()), (200, created())]).await;
        let error = made.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect(), transport.count()),
            (&kind, effect, 2),
            "{body}"
        );
    }
}

#[tokio::test]
async fn unusable_url_is_replaced_by_the_samples() {
    let answer =
        |url: &str| created().replace(&format!("https://identify24.de/apply/{IDENT}"), url);
    let sample = format!("https://identify24.de/apply/{IDENT}");
    let without = |member: &str| created().replace(&format!("\"{member}\""), "\"other\"");
    for body in [
        "",
        "javascript:alert(1)",
        "http://identify24.de/apply/1",
        "identify24.de",
        "https://user:word@identify24.de/",
    ]
    .map(answer)
    .into_iter()
    .chain([
        without("conference_url"),
        created().replace(&format!("\"{sample}\""), "null"),
        created().replace(&format!("\"{sample}\""), "[]"),
        format!(r#"{{"ident_id":"{IDENT}"}}"#),
        format!(r#"{{"result":true,"data":{{"ident_id":"{IDENT}"}}}}"#),
        // The URL also contains the id.
        without("ident_id"),
        created().replace(
            &format!("\"ident_id\":\"{IDENT}\""),
            "\"ident_id\":\"{not an id}\"",
        ),
        format!(r#"{{"result":true,"data":{{"conference_url":"{sample}/"}}}}"#)
            .replace("/\"}}", "\"}}"),
        format!(r#"{{"result":true,"conference_url":"http://identify24.de/apply/{IDENT}/"}}"#),
    ]) {
        let (made, transport) = create(&new(), &[(200, body.clone())]).await;
        let made = made.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(
            (made.id.vendor_id.unwrap().as_str(), transport.count()),
            (IDENT, 2),
            "{body}"
        );
        assert!(
            matches!(made.hand_off, HandOff::Redirect(link) if link.expose().as_str() == sample),
            "{body}"
        );
    }
    for (base, page) in [
        (
            "https://api.example.com/v2/",
            format!("https://example.com/v2/apply/{IDENT}"),
        ),
        (
            "https://gateway.example.com",
            format!("https://gateway.example.com/apply/{IDENT}"),
        ),
        (
            "http://127.0.0.1:8080",
            format!("http://127.0.0.1:8080/apply/{IDENT}"),
        ),
    ] {
        let transport = logged_in();
        transport.then_json(200, without("conference_url"));
        let made = client_of(
            with(|config| config.base_url = Some(base.parse().unwrap())),
            &transport,
        )
        .create(&new())
        .await
        .unwrap();
        assert!(
            matches!(made.hand_off, HandOff::Redirect(link) if link.expose().as_str() == page),
            "{base}"
        );
    }
    for body in [
        r#"{"result":true,"conference_url":"https://identify24.de/other/1"}"#,
        r#"{"result":true,"conference_url":"apply/1"}"#,
    ] {
        let (made, _) = create(&new(), &[(200, body.to_owned())]).await;
        assert_eq!(made.unwrap_err().effect(), Effect::Unknown, "{body}");
    }
    for url in [
        "https://identify24.de/apply/1?lang=de#start",
        "http://127.0.0.1:8080/apply/1",
    ] {
        let (made, _) = create(&new(), &[(200, answer(url))]).await;
        assert!(
            matches!(made.unwrap().hand_off, HandOff::Redirect(link) if link.expose().as_str() == url),
            "{url}"
        );
    }
    let (made, _) = create(
        &new(),
        &[(200, created().replace(IDENT, "../project/getAll"))],
    )
    .await;
    assert_eq!(made.unwrap_err().kind(), &ErrorKind::Malformed);
}

#[tokio::test]
async fn failed_login_has_no_effect() {
    for answers in [
        vec![Exchange::Fail(Sent::Maybe, TransportCause::Interrupted)],
        vec![Exchange::Answer(
            http::Response::builder()
                .status(500)
                .body("".into())
                .unwrap(),
        )],
        vec![Exchange::Answer(http::Response::new("<html>".into()))],
    ] {
        let transport = ScriptedTransport::new();
        for exchange in answers {
            transport.then(exchange);
        }
        let error = client(&transport).create(&new()).await.unwrap_err();
        assert_eq!(error.effect(), Effect::NotApplied, "{error}");
        assert!(lines(&transport).iter().all(|line| line == "POST auth"));
    }
}
