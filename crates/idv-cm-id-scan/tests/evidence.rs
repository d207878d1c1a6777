//! Images and audit reports: their ids, their URLs, and refused hosts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use fixture::{fixture, json};
use idv_core::report::EvidenceKind;
use idv_core::{ErrorKind, EvidenceId};
use idv_testkit::ScriptedTransport;
use support::{
    RESULT, TRANSACTION, client, client_of, empty, file, handle, header, id, lines, with,
};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn result(name: &str) -> String {
    json(name).to_string()
}

#[tokio::test]
async fn evidence_id_outlives_its_url() {
    let transport = ScriptedTransport::new();
    transport.then_json(200, result("own-result-everything.json"));
    let client = client(&transport);
    let observation = client.fetch(&id(), Some(&handle())).await.unwrap();
    let report = observation.report().unwrap();
    let listed: Vec<_> = report
        .evidence
        .iter()
        .map(|evidence| (evidence.id.as_str(), evidence.kind))
        .collect();
    let of = |rest: &str| format!("results/{RESULT}/{rest}");
    assert_eq!(
        listed,
        [
            (
                of("files/document_scan/document/passport").as_str(),
                EvidenceKind::DocumentFront
            ),
            (
                of("files/document_scan/document/passport#2").as_str(),
                EvidenceKind::DocumentBack
            ),
            (
                of("files/document_scan/image/portrait").as_str(),
                EvidenceKind::Portrait
            ),
            (
                of("files/document_scan/document/raw_document_image").as_str(),
                EvidenceKind::Other
            ),
            (
                of("files/face_liveness/image/selfie").as_str(),
                EvidenceKind::Selfie
            ),
            (of("report").as_str(), EvidenceKind::ReportPdf),
            (of("report/extended").as_str(), EvidenceKind::ReportPdf),
        ]
    );

    // Later the same image has another URL.
    transport.then_json(
        200,
        result("own-result-everything.json").replace("downloads/doc2", "downloads/moved"),
    );
    transport.then(file("image/jpeg", vec![0xFF, 0xD8, 0xFF, 0xE0]));
    let mut image = Vec::new();
    let download = client
        .evidence(&id(), &report.evidence[1].id, 100, &mut image)
        .await
        .unwrap();
    assert_eq!(
        (download.length, download.media_type.as_deref()),
        (4, Some("image/jpeg"))
    );
    assert_eq!(image, [0xFF, 0xD8, 0xFF, 0xE0]);
    assert_eq!(lines(&transport)[2], "GET downloads/moved");
    assert!(
        header(&transport.requests()[2], "authorization")
            .unwrap()
            .starts_with("Bearer ")
    );

    for (index, address) in [(5, "report"), (6, "report?type=extended")] {
        transport.then(file("application/pdf", "%PDF-1.7"));
        client
            .evidence(&id(), &report.evidence[index].id, 100, &mut Vec::new())
            .await
            .unwrap();
        assert_eq!(
            lines(&transport).pop().unwrap(),
            format!("GET transactions/{TRANSACTION}/results/{RESULT}/{address}")
        );
    }
}

#[tokio::test]
async fn token_is_sent_to_the_configured_host_only() {
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
        let evidence = EvidenceId::new(format!(
            "results/{RESULT}/files/document_scan/image/portrait"
        ));
        let error = client(&transport)
            .evidence(&id(), &evidence, 100, &mut Vec::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (&ErrorKind::Malformed, 1),
            "{elsewhere}"
        );
    }
}

#[tokio::test]
async fn file_at_the_vendors_host_is_fetched_through_a_proxy() {
    for (base, address, sent) in [
        (
            "http://127.0.0.1:9000",
            "https://api.cm.com/id-scan/v1/downloads/x",
            "http://127.0.0.1:9000/downloads/x",
        ),
        (
            "http://127.0.0.1:9000/",
            "https://api.cm.com/id-scan/v1/a/../downloads/x?y=z",
            "http://127.0.0.1:9000/downloads/x?y=z",
        ),
        (
            "https://proxy.example.com/cm/v1",
            "https://api.cm.com:443/id-scan/v1/x",
            "https://proxy.example.com/cm/v1/x",
        ),
        (
            "https://proxy.example.com/cm/v1",
            "https://proxy.example.com/elsewhere/x",
            "https://proxy.example.com/elsewhere/x",
        ),
    ] {
        let transport = ScriptedTransport::new();
        let mut result = json("own-result-verified.json");
        result["tasks"][0]["files"][1]["url"] = address.into();
        transport
            .then_json(200, result.to_string())
            .then(file("image/png", vec![0x89, b'P', b'N', b'G']));
        let client = client_of(
            with(|config| config.base_url = Some(base.parse().unwrap())),
            &transport,
        );
        let evidence = EvidenceId::new(format!(
            "results/{RESULT}/files/document_scan/image/portrait"
        ));
        client
            .evidence(&id(), &evidence, 100, &mut Vec::new())
            .await
            .unwrap();
        assert_eq!(transport.requests()[1].uri().to_string(), sent, "{address}");
        assert!(
            header(&transport.requests()[1], "authorization")
                .unwrap()
                .starts_with("Bearer ")
        );
    }
    for elsewhere in [
        "https://api.cm.com/other/downloads/x",
        "https://api.cm.com/id-scan/v1/../../other/x",
        "https://api.cm.com/id-scan/v1/%2e%2e/x",
        "http://api.cm.com/id-scan/v1/downloads/x",
        "https://api.cm.com:8443/id-scan/v1/downloads/x",
        "https://user@api.cm.com/id-scan/v1/downloads/x",
        "https://:secret@api.cm.com/id-scan/v1/downloads/x",
        "https://user@proxy.example.com/x",
        "https://evil.example.com/id-scan/v1/downloads/x",
    ] {
        let transport = ScriptedTransport::new();
        let mut result = json("own-result-verified.json");
        result["tasks"][0]["files"][1]["url"] = elsewhere.into();
        transport.then_json(200, result.to_string());
        let base = "https://proxy.example.com/cm".parse().unwrap();
        let client = client_of(with(|config| config.base_url = Some(base)), &transport);
        let evidence = EvidenceId::new(format!(
            "results/{RESULT}/files/document_scan/image/portrait"
        ));
        let error = client
            .evidence(&id(), &evidence, 100, &mut Vec::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (&ErrorKind::Malformed, 1),
            "{elsewhere}"
        );
    }
}

#[tokio::test]
async fn image_has_the_side_in_its_name() {
    use EvidenceKind::{DocumentBack, DocumentFront, Other};

    let card = "Netherlands - Driving License (2022)";
    for (names, kinds) in [
        (
            ["{} Side B", "{} Side A", ""],
            [DocumentBack, DocumentFront, Other],
        ),
        (
            ["{} Side B", "{}", "{}"],
            [DocumentBack, DocumentFront, Other],
        ),
        (
            ["{}", "{} side b", "{}"],
            [DocumentFront, DocumentBack, Other],
        ),
        (
            ["{}", "{} (front)", "{}"],
            [DocumentBack, DocumentFront, Other],
        ),
        (
            ["{} Back", "{} - Frontside", "{}"],
            [DocumentBack, DocumentFront, Other],
        ),
        (["{}", "{}", "{}"], [DocumentFront, DocumentBack, Other]),
        (
            ["{} Side Bar", "{} Aside B", "{}"],
            [DocumentFront, DocumentBack, Other],
        ),
    ] {
        let mut result = json("own-result-verified.json");
        let file = |name: &str| {
            let name = name.replace("{}", card);
            serde_json::json!({ "category": "document", "type": "DRIVING_LICENSE", "name": name, "url": "https://api.cm.com/x" })
        };
        result["tasks"][0]["files"] = names.map(file).into_iter().collect();
        let transport = ScriptedTransport::new();
        transport.then_json(200, result.to_string());
        let observation = client(&transport)
            .fetch(&id(), Some(&handle()))
            .await
            .unwrap();
        let evidence = observation.report().unwrap().evidence.clone();
        assert_eq!(
            evidence[..3]
                .iter()
                .map(|evidence| evidence.kind)
                .collect::<Vec<_>>(),
            kinds,
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn report_is_a_pdf_by_its_bytes() {
    let report = EvidenceId::new(format!("results/{RESULT}/report"));
    for (bytes, is_pdf) in [
        (b"%PDF-1.7".to_vec(), true),
        (b"\xEF\xBB\xBF%PDF-1.7".to_vec(), true),
        ([vec![b'\n'; 1_019], b"%PDF-1.7".to_vec()].concat(), true),
        ([vec![b'\n'; 1_020], b"%PDF-1.7".to_vec()].concat(), false),
        (b"<html>no report</html>".to_vec(), false),
        (b"%PDF".to_vec(), false),
        (Vec::new(), false),
    ] {
        let transport = ScriptedTransport::new();
        // An error page may have the media type of a PDF.
        transport.then(file("application/pdf", bytes.clone()));
        let mut sink = Vec::new();
        let downloaded = client(&transport)
            .evidence(&id(), &report, 10_000, &mut sink)
            .await;
        assert_eq!(downloaded.is_ok(), is_pdf, "{bytes:?}");
        if is_pdf {
            assert_eq!(sink, bytes);
        } else {
            assert_eq!(downloaded.unwrap_err().kind(), &ErrorKind::Malformed);
        }
    }
}

#[tokio::test]
async fn missing_evidence_is_not_found() {
    let transport = ScriptedTransport::new();
    for name in [
        "",
        "portrait",
        "results/",
        "results/x",
        "results//report",
        "results/a b/report",
        "results/x/y",
        "files/a/b/c",
    ] {
        let error = client(&transport)
            .evidence(&id(), &EvidenceId::new(name), 100, &mut Vec::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (&ErrorKind::NotFound, 0),
            "{name}"
        );
    }
    transport.then_json(200, result("own-result-verified.json"));
    let evidence = EvidenceId::new(format!(
        "results/{RESULT}/files/document_scan/image/portrait#2"
    ));
    let error = client(&transport)
        .evidence(&id(), &evidence, 100, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);
}

#[tokio::test]
async fn late_extended_report_is_a_conflict() {
    let report = |name: &str| EvidenceId::new(format!("results/{RESULT}/{name}"));
    for status in [400, 404, 409, 410, 422] {
        let transport = ScriptedTransport::new();
        transport.then_json(status, text("own-error.json"));
        let error = client(&transport)
            .evidence(&id(), &report("report/extended"), 100, &mut Vec::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.http_status()),
            (&ErrorKind::Conflict, Some(status))
        );
        assert_eq!(error.vendor_code(), Some("transaction_not_found"));
    }
    let transport = ScriptedTransport::new();
    transport
        .then(empty(404))
        .then(file("text/html", "<html>"))
        .then(file("application/pdf", "%PDF-1.7 and more"));
    let client = client(&transport);
    let download = async |limit| {
        client
            .evidence(&id(), &report("report"), limit, &mut Vec::new())
            .await
            .unwrap_err()
    };
    assert_eq!(download(100).await.kind(), &ErrorKind::NotFound);
    assert_eq!(download(100).await.kind(), &ErrorKind::Malformed);
    assert_eq!(download(8).await.kind(), &ErrorKind::LimitExceeded);
}
