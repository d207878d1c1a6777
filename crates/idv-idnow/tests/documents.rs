//! eSigning (chapter 7): requests and responses as in the document.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod esigning;
mod fixture;
mod support;

use esigning::*;
use idv_core::call::CallPolicy;
use idv_core::{Effect, ErrorKind, Pii, Sent, TransportCause};
use idv_idnow::api::documents::{
    Document, DocumentFile, DocumentStatus, DocumentUpdate, PDF, Signature,
};
use idv_testkit::Exchange;
use serde_json::Value;
use support::*;

#[tokio::test]
async fn definition_calls_match_the_document() {
    let transport = logged_in();
    transport.then_json(201, "{}");
    transport.then_json(200, "{}");
    transport.then_json(200, text("definitions.json"));
    transport.then_json(200, text("definition.json"));
    transport.then(empty(200));
    transport.then(file("application/octet-stream", PDF_FILE));
    transport.then_json(200, "{}");
    let account = Account::new(&transport);
    let (api, cx) = (&account.api, account.cx());
    api.create_document_definition(&cx, &contract())
        .await
        .unwrap();
    api.update_document_definition(&cx, &contract())
        .await
        .unwrap();
    let listed = api.document_definitions(&cx).await.unwrap();
    let one = api.document_definition(&cx, &doc1()).await.unwrap();
    api.upload_default_document(&cx, &doc1(), &DocumentFile::pdf(PDF_FILE).unwrap())
        .await
        .unwrap();
    let mut sink = Vec::new();
    let download = api
        .download_default_document(&cx, &doc1(), 100, &mut sink)
        .await
        .unwrap();
    api.delete_document_definition(&cx, &doc1()).await.unwrap();

    let requests = transport.requests();
    let lines: Vec<_> = requests.iter().skip(1).map(line).collect();
    assert_eq!(
        lines,
        [
            format!("POST {BASE}/documentdefinitions"),
            format!("POST {BASE}/documentdefinitions/doc1"),
            format!("GET {BASE}/documentdefinitions"),
            format!("GET {BASE}/documentdefinitions/doc1"),
            format!("POST {BASE}/documentdefinitions/doc1/data"),
            format!("GET {BASE}/documentdefinitions/doc1/data"),
            format!("DELETE {BASE}/documentdefinitions/doc1"),
        ]
    );
    for request in &requests[1..] {
        assert_eq!(
            (
                header(request, "x-api-login-token"),
                header(request, "x-api-key")
            ),
            (Some(TOKEN), None)
        );
    }
    for request in &requests[1..3] {
        assert_eq!(header(request, "content-type"), Some("application/json"));
        assert_eq!(
            serde_json::from_slice::<Value>(request.body()).unwrap(),
            sample("definition-create.json")
        );
    }
    assert_eq!(
        header(&requests[5], "content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(requests[5].body().as_ref(), PDF_FILE);
    assert_eq!(
        (
            header(&requests[7], "content-type"),
            requests[7].body().as_ref()
        ),
        (Some("application/json"), &b"{}"[..])
    );

    assert_eq!((one, listed.unreadable), (contract(), 0));
    let names: Vec<_> = listed
        .entries
        .iter()
        .map(|one| {
            (
                one.identifier.as_str(),
                one.name.as_str(),
                one.mime_type.as_str(),
                one.sort_order,
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("doc1", "Arbeitsvertrag", "application/pdf", Some(1)),
            ("doc2", "AGB", "text/plain", Some(2)),
            ("doc3", "NDA", "application/xword", Some(3)),
        ]
    );
    assert_eq!(
        (
            sink.as_slice(),
            download.length,
            download.media_type.as_deref()
        ),
        (PDF_FILE, 15, Some(PDF))
    );
    assert_eq!(
        download.sha256_hex(),
        DocumentFile::pdf(PDF_FILE).unwrap().sha256_hex()
    );
}

#[tokio::test]
async fn document_calls_match_the_document() {
    let transport = logged_in();
    transport.then_json(200, text("documents.json"));
    transport.then_json(200, text("document.json"));
    transport.then(empty(200));
    transport.then(empty(200));
    transport.then(file("application/pdf", PDF_FILE));
    let account = Account::new(&transport);
    let (api, cx) = (&account.api, account.cx());
    let listed = api.documents(&cx, &number()).await.unwrap();
    let one = api.document(&cx, &number(), &doc1()).await.unwrap();
    let mut update = DocumentUpdate::default();
    update.name = Some("My Extended Contract".into());
    update.signatures.insert(
        "mysignature3".into(),
        Signature::at(by_field("my_acrofield_signature_3")),
    );
    api.update_document(&cx, &number(), &doc1(), &update)
        .await
        .unwrap();
    api.upload_document(
        &cx,
        &number(),
        &doc1(),
        &DocumentFile::pdf(PDF_FILE).unwrap(),
    )
    .await
    .unwrap();
    let mut sink = Vec::new();
    api.download_signed_document(&cx, &number(), &doc1(), 15, &mut sink)
        .await
        .unwrap();

    let requests = transport.requests();
    let lines: Vec<_> = requests.iter().skip(1).map(line).collect();
    let documents = format!("{BASE}/identifications/1234567890/documents");
    assert_eq!(
        lines,
        [
            format!("GET {documents}"),
            format!("GET {documents}/doc1"),
            format!("POST {documents}/doc1"),
            format!("POST {documents}/doc1/data"),
            format!("GET {documents}/doc1/signed"),
        ]
    );
    for request in &requests[1..] {
        assert_eq!(
            (
                header(request, "x-api-login-token"),
                header(request, "x-api-key")
            ),
            (Some(TOKEN), None)
        );
    }
    assert_eq!(
        header(&requests[3], "content-type"),
        Some("application/json")
    );
    assert_eq!(
        serde_json::from_slice::<Value>(requests[3].body()).unwrap(),
        sample("document-update.json")
    );
    assert_eq!(
        header(&requests[4], "content-type"),
        Some("application/octet-stream")
    );
    assert_eq!(
        (requests[4].body().as_ref(), sink.as_slice()),
        (PDF_FILE, PDF_FILE)
    );

    assert_eq!(listed.entries, std::slice::from_ref(&one));
    assert_eq!(
        one.name.as_ref().map(Pii::expose).map(String::as_str),
        Some("Arbeitsvertrag")
    );
    assert_eq!(
        (one.version.as_deref(), one.status.as_ref()),
        (None, Some(&DocumentStatus::Uploaded))
    );
    assert_eq!(
        one.hash.as_deref(),
        Some("094c33504ab62a49957ed5f051fc10fc0e1bd7feadfdb223654270835e693bb4")
    );
    assert_eq!(one.display_hash.as_deref(), Some("094c-3350-4ab6"));
    assert_eq!(one.definition, Some(contract()));
}

#[tokio::test]
async fn document_is_parsed_alone_and_from_a_list() {
    let one = r#"{"name":"A","status":"NEED_UPLOAD","documentDefinition":{"identifier":"doc1"}}"#;
    let other = r#"{"name":"B","status":"SIGNED","documentDefinition":{"identifier":"doc2"}}"#;
    for answer in [
        one.to_owned(),
        format!("[{one}]"),
        format!("[{other},{one}]"),
        format!("\u{feff}[{other},null,{one}]"),
    ] {
        let transport = logged_in();
        transport.then_json(200, answer.clone());
        let account = Account::new(&transport);
        let document = account
            .api
            .document(&account.cx(), &number(), &doc1())
            .await
            .unwrap();
        assert_eq!(
            document.status,
            Some(DocumentStatus::NeedUpload),
            "{answer}"
        );
    }
    // Other responses are errors.
    for answer in [
        "[]",
        "{}",
        "null",
        "7",
        "",
        "<html>",
        "[null]",
        other,
        &format!("[{other},{other}]"),
    ] {
        let transport = logged_in();
        transport.then_json(200, answer);
        let account = Account::new(&transport);
        let error = account
            .api
            .document(&account.cx(), &number(), &doc1())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{answer}");
        let transport = logged_in();
        transport.then_json(200, answer);
        let account = Account::new(&transport);
        let error = account
            .api
            .document_definition(&account.cx(), &doc1())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Malformed, "{answer}");
    }
}

#[tokio::test]
async fn undocumented_status_is_kept() {
    for (word, status) in [
        ("NEED_UPLOAD", DocumentStatus::NeedUpload),
        ("UPLOADED", DocumentStatus::Uploaded),
        ("SIGNED", DocumentStatus::Signed),
        (
            "SOMETHING_NEW",
            DocumentStatus::Other("SOMETHING_NEW".into()),
        ),
    ] {
        let transport = logged_in();
        transport.then_json(
            200,
            format!(r#"[{{"status":"{word}","documentDefinition":"/documentdefinitions/doc1"}}]"#),
        );
        let account = Account::new(&transport);
        let document = account
            .api
            .document(&account.cx(), &number(), &doc1())
            .await
            .unwrap();
        assert_eq!((document.status, document.definition), (Some(status), None));
    }
}

#[test]
fn pdf_file_must_begin_like_a_pdf() {
    let field = |file: idv_core::Result<DocumentFile>| match file.unwrap_err().kind() {
        ErrorKind::InvalidRequest { field } => field.to_string(),
        kind => panic!("{kind:?}"),
    };
    assert_eq!(DocumentFile::pdf(PDF_FILE).unwrap().media_type(), PDF);
    assert_eq!(
        DocumentFile::new("text/plain", "AGB")
            .unwrap()
            .bytes()
            .as_ref(),
        b"AGB"
    );
    for bytes in [
        &b"PK\x03\x04"[..],
        b"<html>",
        b"%PDF",
        b" %PDF-1.4",
        b"\xFF\xD8\xFF",
    ] {
        assert_eq!(field(DocumentFile::pdf(bytes)), "data");
        assert_eq!(field(DocumentFile::new("APPLICATION/PDF", bytes)), "data");
    }
    assert_eq!(field(DocumentFile::new("text/plain", "")), "data");
    assert_eq!(field(DocumentFile::pdf("")), "data");
    assert_eq!(field(DocumentFile::new("pdf", PDF_FILE)), "mimeType");
}

#[test]
fn document_recognizes_its_file_by_digest() {
    // `openssl dgst -sha256` of the bytes.
    let file = DocumentFile::new("text/plain", "abc").unwrap();
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(file.sha256_hex(), digest);
    let mut document = Document::default();
    assert_eq!(document.holds(&file), None);
    document.hash = Some(digest.to_uppercase());
    assert_eq!(document.holds(&file), Some(true));
    document.hash = Some(digest.replace('b', "c"));
    assert_eq!(document.holds(&file), Some(false));
}

#[tokio::test]
async fn only_idempotent_calls_are_retried() {
    let lost = || Exchange::Fail(Sent::Maybe, TransportCause::Interrupted);
    let transport = logged_in();
    transport.then(lost());
    let account = Account::new(&transport);
    let error = account
        .api
        .create_document_definition(&account.cx(), &contract())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect(), transport.count()),
        (&ErrorKind::Unavailable, Effect::Unknown, 2)
    );

    let transport = logged_in();
    let account = Account::new(&transport);
    let (api, cx) = (&account.api, account.cx());
    let pdf = DocumentFile::pdf(PDF_FILE).unwrap();
    let mut update = DocumentUpdate::default();
    update.version = Some("V1.2.3".into());
    let mut expected = 1;
    macro_rules! repeated {
        ($($call:expr),* $(,)?) => {$(
            transport.then(lost());
            transport.then_json(200, text("document.json"));
            $call.await.unwrap();
            expected += 2;
            assert_eq!(transport.count(), expected, stringify!($call));
        )*};
    }
    repeated!(
        api.update_document_definition(&cx, &contract()),
        api.delete_document_definition(&cx, &doc1()),
        api.document_definitions(&cx),
        api.upload_default_document(&cx, &doc1(), &pdf),
        api.download_default_document(&cx, &doc1(), 1000, &mut Vec::new()),
        api.documents(&cx, &number()),
        api.document(&cx, &number(), &doc1()),
        api.update_document(&cx, &number(), &doc1(), &update),
        api.upload_document(&cx, &number(), &doc1(), &pdf),
        api.download_signed_document(&cx, &number(), &doc1(), 1000, &mut Vec::new()),
    );
}

#[tokio::test]
async fn documented_errors_have_their_kind_in_every_call() {
    let pdf = DocumentFile::pdf(PDF_FILE).unwrap();
    let mut update = DocumentUpdate::default();
    update.version = Some("V1.2.3".into());
    let element = || ErrorKind::InvalidRequest {
        field: "sortOrder".into(),
    };
    // The table of chapter 12, and the status of a missing right in the chapter on copies.
    for (status, cause, kind) in [
        (400, "UNRECOGNIZED_FIELD", element()),
        (400, "UNPARSEABLE_JSON", element()),
        (400, "MISSING_TRANSACTION_TOKEN", element()),
        (400, "BAD_REQUEST", element()),
        (401, "INVALID_LOGIN_TOKEN", ErrorKind::Unauthorized),
        (401, "SECURITY_VIOLATION", ErrorKind::Unauthorized),
        (403, "SECURITY_VIOLATION", ErrorKind::Unauthorized),
        (404, "OBJECT_NOT_FOUND", ErrorKind::NotFound),
        (409, "EXISTING_IDENTIFICATION", ErrorKind::Conflict),
        (412, "PRECONDITION_FAILED", ErrorKind::Conflict),
        (500, "INTERNAL_SERVER_ERROR", ErrorKind::Unavailable),
    ] {
        let mut sink = Vec::new();
        macro_rules! fails {
            ($(|$api:ident, $cx:ident| $call:expr),* $(,)?) => {$({
                let transport = logged_in();
                for _ in 0..CallPolicy::default().max_attempts {
                    transport.then_json(status, failure(cause, "sortOrder"));
                }
                let account = Account::new(&transport);
                let ($api, $cx) = (&account.api, &account.cx());
                let error = $call.await.unwrap_err();
                assert_eq!((error.kind(), error.vendor_code()), (&kind, Some(cause)), "{}", stringify!($call));
                assert_eq!(error.http_status(), Some(status));
                assert_eq!(error.effect() == Effect::Unknown, status == 500, "{}", stringify!($call));
            })*};
        }
        fails!(
            |api, cx| api.create_document_definition(cx, &contract()),
            |api, cx| api.update_document_definition(cx, &contract()),
            |api, cx| api.delete_document_definition(cx, &doc1()),
            |api, cx| api.document_definitions(cx),
            |api, cx| api.document_definition(cx, &doc1()),
            |api, cx| api.upload_default_document(cx, &doc1(), &pdf),
            |api, cx| api.download_default_document(cx, &doc1(), 1000, &mut sink),
            |api, cx| api.documents(cx, &number()),
            |api, cx| api.document(cx, &number(), &doc1()),
            |api, cx| api.update_document(cx, &number(), &doc1(), &update),
            |api, cx| api.upload_document(cx, &number(), &doc1(), &pdf),
            |api, cx| api.download_signed_document(cx, &number(), &doc1(), 1000, &mut sink),
        );
        assert!(sink.is_empty(), "an error is not taken for a file");
    }
}

#[tokio::test]
async fn undocumented_error_key_is_not_printed() {
    let transport = logged_in();
    transport.then_json(400, failure("BAD_REQUEST", "Mustermann"));
    let account = Account::new(&transport);
    let error = account
        .api
        .create_document_definition(&account.cx(), &contract())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "request".into()
        }
    );
    assert!(!format!("{error} {error:?}").contains("Mustermann"));
}

#[tokio::test]
async fn file_above_the_limit_is_refused() {
    let transport = logged_in();
    transport.then(file(PDF, PDF_FILE));
    let account = Account::new(&transport);
    let mut sink = Vec::new();
    let error = account
        .api
        .download_signed_document(&account.cx(), &number(), &doc1(), 14, &mut sink)
        .await
        .unwrap_err();
    assert_eq!((error.kind(), sink.len()), (&ErrorKind::LimitExceeded, 0));
}

#[test]
fn every_sample_is_listed_in_the_readme() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/documents");
    let readme = text("README.md");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || readme.contains(&format!("`{name}`")),
            "{name}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_answers_do_not_panic(status in 200_u16..600, body: Vec<u8>, word in "\\PC{0,20}", number: f64) {
        let object = format!(
            r#"[{{"name":{0},"identifier":"a","documentDefinition":{0},"signatures":{{{0}:{{"position":{{"page":{1},"left":{1},"width":{0},"bottom":"{1}","height":{1}}}}}}}}}]"#,
            Value::from(word), serde_json::Number::from_f64(number).unwrap_or(0.into()),
        );
        for body in [body, object.into_bytes()] {
            let transport = logged_in();
            for _ in 0..5 {
                transport.then(Exchange::Answer(http::Response::builder().status(status).body(body.clone().into()).unwrap()));
            }
            let account = Account::new(&transport);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let _ = account.api.documents(&account.cx(), &esigning::number()).await;
                let _ = account.api.document_definitions(&account.cx()).await;
            });
        }
    }
}
