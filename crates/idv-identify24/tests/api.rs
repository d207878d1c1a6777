//! The API on its own: requests as in the document, responses, and failures.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use http::Method;
use idv_core::report::Country;
use idv_core::{Client, Effect, ErrorKind, Operation, Pii};
use idv_identify24::Identify24;
use idv_identify24::api::{CALLS, FAILURES, Gender, IdentId, NewIdent, Pdf, Project, TypeOfId};
use idv_testkit::ScriptedTransport;
use serde_json::{Value, json};
use support::*;

fn api(transport: &ScriptedTransport) -> (Identify24, Client) {
    (Identify24::new(config()).unwrap(), client(transport))
}

/// Every attribute of the document's sample and of newer versions.
fn everything() -> NewIdent {
    let text = |text: &str| Some(Pii::<String>::from(text));
    let country = |letters: &str| Country::from_alpha2(letters).map(Into::into);
    let date = |text: &str| Some(text.parse::<jiff::civil::Date>().unwrap().into());
    let mut ident = NewIdent::new(6);
    ident.company_name = text("Optional");
    ident.store_name = text("Optional");
    ident.branche = text("Optional");
    ident.person_title = text("Optional");
    ident.gender = Some(Gender::Male.into());
    ident.person_first_name = text("John");
    ident.person_last_name = text("Doe");
    ident.person_position = text("Optional");
    ident.email = text("johndoe@identify24.de");
    ident.street = text("Markgrafenstr.");
    ident.house_no = text("23");
    ident.zip_code = text("94670");
    ident.city = text("Nürnberg");
    ident.country = country("DE");
    ident.mobile_phone = text("01511111111");
    ident.international_code = country("DE");
    ident.birthday = date("1981-09-05");
    ident.birth_place = text("BERLIN");
    ident.nationality = country("DE");
    ident.type_of_id = Some(TypeOfId::Personalausweis.into());
    ident.id_number = text("LJFE8J32NDM");
    ident.id_country = country("DE");
    ident.id_issue_date = date("2021-05-10");
    ident.id_end_date = date("2031-05-09");
    ident.issuing_authority = text("Stadt Nürnberg");
    ident.custom_id = text("Optional");
    ident.custom1 = text("custom1");
    ident.custom2 = text("custom2");
    ident.custom3 = text("custom3");
    ident.custom4 = text("custom4");
    ident
}

#[tokio::test]
async fn request_matches_the_documents_sample() {
    let mut sample: Value = serde_json::from_slice(&fixture("ident-create-request.json")).unwrap();
    for (name, value) in [
        ("project_id", "6"),
        ("person_first_name", "JOHN"),
        ("person_last_name", "DOE"),
        ("street", "MARKGRAFENSTR."),
        ("city", "NÜRNBERG"),
        ("pdf_url", "https://bank.example.com/contract.pdf"),
    ] {
        sample[name] = value.into();
    }
    sample.as_object_mut().unwrap().remove("pdf_content");
    let mut ident = everything();
    ident.pdf = Some(Pdf::Url(
        "https://bank.example.com/contract.pdf"
            .parse::<idv_core::Url>()
            .unwrap()
            .into(),
    ));
    let transport = logged_in();
    transport.then_json(200, text("ident-create-response.json"));
    let (provider, client) = api(&transport);
    let created = provider
        .api()
        .create_ident(&client.context(Operation::Create), &ident)
        .await
        .unwrap();
    assert_eq!(sent(&transport.requests()[1]), sample);
    assert_eq!(
        created.ident_id.as_str(),
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    );
    assert!(
        created
            .conference_url
            .expose()
            .path()
            .ends_with(created.ident_id.as_str())
    );
    assert!(!format!("{created:?}").contains("xxxx"));
}

#[test]
fn attributes_of_newer_versions_are_sent() {
    let mut ident = everything();
    let text = |text: &str| Some(Pii::<String>::from(text));
    ident.company_hrb_number = text("HRB 4711");
    ident.company_hrb_city = text("Fürth");
    ident.company_street = text("Hauptstraße");
    ident.company_house_no = text("1");
    ident.company_zip_code = text("90762");
    ident.company_city = text("Fürth");
    ident.company_country = text("DE");
    ident.check().unwrap();
    let sent = serde_json::to_value(&ident).unwrap();
    for (name, value) in [
        ("company_hrb_number", "HRB 4711"),
        ("company_hrb_city", "Fürth"),
        ("company_street", "Hauptstraße"),
        ("company_house_no", "1"),
        ("company_zip_code", "90762"),
        ("company_city", "Fürth"),
        ("company_country", "DE"),
    ] {
        assert_eq!(sent[name], value);
    }
}

#[test]
fn invalid_ident_is_refused_by_attribute() {
    let refused = |change: &dyn Fn(&mut NewIdent)| {
        let mut ident = everything();
        change(&mut ident);
        match ident.check().unwrap_err().kind() {
            ErrorKind::InvalidRequest { field } => field.to_string(),
            other => panic!("{other}"),
        }
    };
    assert_eq!(refused(&|ident| ident.project_id = 0), "project_id");
    assert_eq!(refused(&|ident| ident.birthday = None), "birthday");
    assert_eq!(
        refused(&|ident| ident.company_hrb_city = Some("a\tb".into())),
        "company_hrb_city"
    );
    assert_eq!(
        refused(&|ident| ident.mobile_phone = Some("+49".into())),
        "mobile_phone"
    );
    let url: idv_core::Url = "ftp://bank.example.com/contract.pdf".parse().unwrap();
    assert_eq!(
        refused(&|ident| ident.pdf = Some(Pdf::Url(url.clone().into()))),
        "pdf_url"
    );
    assert_eq!(
        refused(&|ident| ident.pdf = Some(Pdf::Content("<html>".into()))),
        "pdf_content"
    );
    assert!(everything().check().is_ok());
}

#[test]
fn pdf_is_sent_as_url_or_content() {
    let mut ident = everything();
    ident.pdf = Some(Pdf::Content(b"%PDF-1.7".as_slice().into()));
    let sent = serde_json::to_value(&ident).unwrap();
    assert_eq!(
        (&sent["pdf_content"], sent.get("pdf_url")),
        (&json!("data:@file/pdf;base64,JVBERi0xLjc="), None)
    );
    assert!(text("ident-create-request.json").contains("data:@file/pdf;base64,"));
}

#[test]
fn upper_case_follows_unicode() {
    for (written, sent) in [
        ("Groß", "GROSS"),
        ("Žižkov", "ŽIŽKOV"),
        ("Αθήνα", "ΑΘΉΝΑ"),
        ("ŐRI", "ŐRI"),
        ("京都", "京都"),
    ] {
        let mut ident = everything();
        ident.city = Some(written.into());
        assert_eq!(serde_json::to_value(&ident).unwrap()["city"], sent);
    }
}

#[tokio::test]
async fn every_call_matches_the_document() {
    let transport = logged_in();
    let (provider, client) = api(&transport);
    let (cx, api) = (client.context(Operation::Other), provider.api());
    transport.then_json(200, text("ident-create-response.json"));
    transport.then_json(200, text("ident-get-response.json"));
    transport.then_json(200, text("project-get-all-response.json"));
    transport.then_json(200, text("project-get-response.json"));
    api.create_ident(&cx, &everything()).await.unwrap();
    let retrieved = api
        .ident(&cx, &IdentId::parse("xxxxxxxx-xxxx").unwrap())
        .await
        .unwrap();
    let status = idv_identify24::api::read_ident(&retrieved)
        .unwrap()
        .ident()
        .unwrap()
        .status
        .clone();
    assert_eq!(status.unwrap().to_value(), "Unidentified");
    let projects: Vec<Project> = api.projects(&cx).await.unwrap();
    let project = api.project(&cx, 6).await.unwrap();
    assert_eq!(projects, std::slice::from_ref(&project));
    assert_eq!(
        (
            project.id.as_str(),
            project.title.as_deref(),
            project.status.as_deref()
        ),
        ("6", Some("911 Internet GmbH"), Some("Active"))
    );

    let requests = transport.requests();
    assert_eq!(
        lines(&transport),
        [
            "POST auth",
            "POST ident/create",
            "GET ident/get/xxxxxxxx-xxxx",
            "GET project/getAll",
            "GET project/get"
        ]
    );
    for (request, call) in requests.iter().zip(CALLS) {
        assert_eq!(request.method(), call.method);
        assert!(
            request
                .uri()
                .to_string()
                .starts_with(&format!("{BASE}/{}", call.name))
        );
        assert_eq!(!request.body().is_empty(), call.has_body, "{}", call.name);
        // Every call requires this header.
        assert_eq!(header(request, "content-type"), Some("application/json"));
        let authorized = call.name != "auth";
        assert_eq!(
            header(request, "x-api-partner"),
            authorized.then_some("911-internet")
        );
        assert_eq!(header(request, "x-api-token"), authorized.then_some(TOKEN));
        assert!(!format!("{:?}", request.headers()).contains(TOKEN));
    }
    // A GET with a number in its body.
    assert_eq!(
        (requests[4].method(), sent(&requests[4])),
        (&Method::GET, json!({ "project_id": 6 }))
    );
    assert_eq!(
        sent(&requests[4]),
        serde_json::from_slice::<Value>(&fixture("project-get-request.json")).unwrap()
    );
}

#[tokio::test]
async fn documented_statuses_have_their_kind_in_every_call() {
    let documented: Vec<_> = FAILURES.iter().map(|failure| failure.status).collect();
    assert_eq!(
        documented,
        [400, 401, 402, 403, 404, 409, 429, 500, 502, 503, 504]
    );
    for failure in FAILURES {
        for call in 0..4 {
            let transport = logged_in();
            for _ in 0..8 {
                transport.then_json(
                    failure.status,
                    r#"{"result":false,"messages":["one","two"]}"#,
                );
            }
            let (provider, client) = api(&transport);
            let (cx, api) = (client.context(Operation::Other), provider.api());
            let error = match call {
                0 => api.create_ident(&cx, &everything()).await.unwrap_err(),
                1 => api
                    .ident(&cx, &IdentId::parse("a").unwrap())
                    .await
                    .unwrap_err(),
                2 => api.projects(&cx).await.unwrap_err(),
                _ => api.project(&cx, 6).await.unwrap_err(),
            };
            assert_eq!(
                (error.kind(), vendor_text(&error)),
                (&failure.kind(), Some("one; two")),
                "{}",
                failure.status
            );
            assert_eq!(error.http_status(), Some(failure.status));
            assert_eq!(
                error.is_transient(),
                failure.status == 429 || failure.status >= 500,
                "{}",
                failure.status
            );
            let printed = error.to_string();
            assert!(
                printed.contains(failure.detail) && !printed.contains("one;"),
                "{printed}"
            );
        }
    }
}

#[tokio::test]
async fn other_project_is_a_mismatch() {
    for (body, kind) in [
        (
            text("project-get-response.json").replace("\"6\"", "\"7\""),
            ErrorKind::SubjectMismatch,
        ),
        (
            r#"{"result":true,"data":null}"#.into(),
            ErrorKind::Malformed,
        ),
        (
            r#"{"result":true,"data":[{"id":"6"},{"id":"7"}]}"#.into(),
            ErrorKind::Malformed,
        ),
        (
            r#"{"result":true,"data":{"title":"no id"}}"#.into(),
            ErrorKind::Malformed,
        ),
        (
            r#"{"result":false,"messages":"no such project"}"#.into(),
            ErrorKind::Conflict,
        ),
        ("[]".into(), ErrorKind::Malformed),
    ] {
        let transport = logged_in();
        transport.then_json(200, body.clone());
        let (provider, client) = api(&transport);
        let error = provider
            .api()
            .project(&client.context(Operation::Other), 6)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &kind, "{body}");
    }
    let transport = logged_in();
    transport.then_json(200, r#"{"result":true,"data":[]}"#);
    let (provider, client) = api(&transport);
    assert!(
        provider
            .api()
            .projects(&client.context(Operation::Other))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn refused_ident_is_not_sent() {
    let transport = ScriptedTransport::new();
    let (provider, client) = api(&transport);
    let error = provider
        .api()
        .create_ident(&client.context(Operation::Create), &NewIdent::new(6))
        .await
        .unwrap_err();
    assert_eq!((error.effect(), transport.count()), (Effect::NotApplied, 0));
}

#[test]
fn ident_id_needs_no_escaping() {
    assert!(
        IdentId::parse(IDENT).is_ok()
            && IdentId::parse("A_1").is_ok()
            && IdentId::parse("a".repeat(100)).is_ok()
    );
    for text in [
        "",
        ".",
        "..",
        "a/b",
        "a?b",
        "a#b",
        "a b",
        "ä",
        "a%2Fb",
        "a\n",
        &"a".repeat(101),
    ] {
        let error = IdentId::parse(text).unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidRequest {
                field: "vendor_id".into()
            },
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn base_url_may_have_a_path() {
    for base in [
        "https://proxy.example.com/identify24/",
        "https://proxy.example.com/identify24",
    ] {
        let transport = logged_in();
        transport.then_json(200, ident("Unidentified"));
        let config = with(|config| config.base_url = Some(base.parse().unwrap()));
        client_of(config, &transport).poll(&id()).await.unwrap();
        let addresses: Vec<_> = transport
            .requests()
            .iter()
            .map(|request| request.uri().to_string())
            .collect();
        assert_eq!(
            addresses,
            [
                "https://proxy.example.com/identify24/auth".to_owned(),
                format!("https://proxy.example.com/identify24/ident/get/{IDENT}")
            ]
        );
    }
}

#[tokio::test]
async fn vendor_text_is_kept_and_not_printed() {
    for status in [200, 404] {
        let transport = logged_in();
        let body = r#"{"result":false,"messages":["no ident of Erika Mustermann"]}"#;
        transport.then_json(status, body);
        let error = client(&transport).poll(&id()).await.unwrap_err();
        assert_eq!(
            (error.vendor_code(), vendor_text(&error)),
            (None, Some("no ident of Erika Mustermann")),
            "{status}"
        );
        assert!(
            !format!("{error} {error:?}").contains("Mustermann"),
            "{error}"
        );
    }
}
