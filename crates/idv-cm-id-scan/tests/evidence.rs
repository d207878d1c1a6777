//! Images and audit reports: what they are called, where they are, and where they are not looked for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod fixture;
mod support;

use fixture::{fixture, json};
use idv_core::report::EvidenceKind;
use idv_core::{ErrorKind, EvidenceId};
use idv_testkit::ScriptedTransport;
use support::{RESULT, TRANSACTION, client, empty, file, handle, header, id, lines};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn result(name: &str) -> String {
    json(name).to_string()
}

#[tokio::test]
async fn evidence_is_downloaded_by_ids_that_survive_from_where_the_result_says_it_is_now() {
    let transport = ScriptedTransport::new();
    transport.then_json(200, result("own-result-everything.json"));
    let client = client(&transport);
    let observation = client.fetch(&id(), Some(&handle())).await.unwrap();
    let report = observation.report().unwrap();
    let listed: Vec<_> = report.evidence.iter().map(|evidence| (evidence.id.as_str(), evidence.kind)).collect();
    let of = |rest: &str| format!("results/{RESULT}/{rest}");
    assert_eq!(
        listed,
        [
            (of("files/document_scan/document/passport").as_str(), EvidenceKind::DocumentFront),
            (of("files/document_scan/document/passport#2").as_str(), EvidenceKind::DocumentBack),
            (of("files/document_scan/image/portrait").as_str(), EvidenceKind::Portrait),
            (of("files/document_scan/document/raw_document_image").as_str(), EvidenceKind::Other),
            (of("files/face_liveness/image/selfie").as_str(), EvidenceKind::Selfie),
            (of("report").as_str(), EvidenceKind::ReportPdf),
            (of("report/extended").as_str(), EvidenceKind::ReportPdf),
        ]
    );

    // Later the same image has another address.
    transport.then_json(200, result("own-result-everything.json").replace("downloads/doc2", "downloads/moved"));
    transport.then(file("image/jpeg", vec![0xFF, 0xD8, 0xFF, 0xE0]));
    let mut image = Vec::new();
    let download = client.evidence(&id(), &report.evidence[1].id, 100, &mut image).await.unwrap();
    assert_eq!((download.length, download.media_type.as_deref()), (4, Some("image/jpeg")));
    assert_eq!(image, [0xFF, 0xD8, 0xFF, 0xE0]);
    assert_eq!(lines(&transport)[2], "GET downloads/moved");
    assert!(header(&transport.requests()[2], "authorization").unwrap().starts_with("Bearer "));

    for (index, address) in [(5, "report"), (6, "report?type=extended")] {
        transport.then(file("application/pdf", "%PDF-1.7"));
        client.evidence(&id(), &report.evidence[index].id, 100, &mut Vec::new()).await.unwrap();
        assert_eq!(lines(&transport).pop().unwrap(), format!("GET transactions/{TRANSACTION}/results/{RESULT}/{address}"));
    }
}

#[tokio::test]
async fn a_token_is_sent_to_the_configured_host_and_nowhere_else() {
    for elsewhere in [
        "https://evil.example.com/id-scan/v1/downloads/x",
        "https://api.cm.com.evil.example.com/x",
        "http://api.cm.com/id-scan/v1/downloads/x",
        "https://api.cm.com:8443/id-scan/v1/downloads/x",
        "https://evil@api.cm.com/id-scan/v1/downloads/x",
        "https://api.cm.com@evil.example.com/x",
        "//api.cm.com/x",
        "/id-scan/v1/downloads/x",
        "file:///etc/passwd",
        "x",
    ] {
        let transport = ScriptedTransport::new();
        let mut result = json("own-result-verified.json");
        result["tasks"][0]["files"][1]["url"] = elsewhere.into();
        transport.then_json(200, result.to_string());
        let evidence = EvidenceId::new(format!("results/{RESULT}/files/document_scan/image/portrait"));
        let error = client(&transport).evidence(&id(), &evidence, 100, &mut Vec::new()).await.unwrap_err();
        assert_eq!((error.kind(), transport.count()), (&ErrorKind::Malformed, 1), "{elsewhere}");
    }
}

#[tokio::test]
async fn evidence_that_is_not_there_is_not_found_and_nothing_is_sent_for_names_that_are_none() {
    let transport = ScriptedTransport::new();
    for name in ["", "portrait", "results/", "results/x", "results//report", "results/a b/report", "results/x/y", "files/a/b/c"] {
        let error = client(&transport).evidence(&id(), &EvidenceId::new(name), 100, &mut Vec::new()).await.unwrap_err();
        assert_eq!((error.kind(), transport.count()), (&ErrorKind::NotFound, 0), "{name}");
    }
    transport.then_json(200, result("own-result-verified.json"));
    let evidence = EvidenceId::new(format!("results/{RESULT}/files/document_scan/image/portrait#2"));
    let error = client(&transport).evidence(&id(), &evidence, 100, &mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);
}

#[tokio::test]
async fn an_extended_report_that_comes_too_late_is_a_conflict_and_no_pdf_is_none() {
    let report = |name: &str| EvidenceId::new(format!("results/{RESULT}/{name}"));
    for status in [400, 404, 409, 410, 422] {
        let transport = ScriptedTransport::new();
        transport.then_json(status, text("own-error.json"));
        let error = client(&transport).evidence(&id(), &report("report/extended"), 100, &mut Vec::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.http_status()), (&ErrorKind::Conflict, Some(status)));
        assert_eq!(error.vendor_code(), Some("transaction_not_found"));
    }
    let transport = ScriptedTransport::new();
    transport.then(empty(404)).then(file("text/html", "<html>")).then(file("application/pdf", "%PDF-1.7 and more"));
    let client = client(&transport);
    let download = async |limit| client.evidence(&id(), &report("report"), limit, &mut Vec::new()).await.unwrap_err();
    assert_eq!(download(100).await.kind(), &ErrorKind::NotFound);
    assert_eq!(download(100).await.kind(), &ErrorKind::Malformed);
    assert_eq!(download(8).await.kind(), &ErrorKind::LimitExceeded);
}
