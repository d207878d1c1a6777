//! Images, recordings and files: streamed, or unpacked from the archive.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use idv_core::{Error, ErrorKind, EvidenceId};
use idv_testkit::ScriptedTransport;
use support::*;

async fn evidence(
    transport: &ScriptedTransport,
    id_: &str,
    limit: u64,
) -> Result<(Vec<u8>, idv_core::Download), Error> {
    let mut sink = Vec::new();
    let download = client(transport)
        .evidence(&id(), &EvidenceId::new(id_), limit, &mut sink)
        .await?;
    Ok((sink, download))
}

/// The documented bodies of errors, with their statuses.
fn refusals() -> [(u16, String); 6] {
    [
        (400, failure("BAD_REQUEST", "")),
        (403, String::new()),
        (404, failure("OBJECT_NOT_FOUND", "")),
        (405, String::new()),
        (412, failure("PRECONDITION_FAILED", "")),
        (500, failure("INTERNAL_SERVER_ERROR", "")),
    ]
}

/// Scripts a refusal for every attempt: a transient one is retried three times.
fn refuse(transport: &ScriptedTransport, status: u16, body: &str) {
    for _ in 0..if status == 500 { 4 } else { 1 } {
        transport.then_json(status, body.to_owned());
    }
}

#[tokio::test]
async fn archive_is_streamed() {
    let transport = logged_in();
    transport.then(file("application/octet-stream", "some bytes"));
    let (bytes, download) = evidence(&transport, "archive", 10).await.unwrap();
    assert_eq!(
        (bytes.as_slice(), download.length),
        (b"some bytes".as_slice(), 10)
    );
    assert_eq!(
        line(&transport.requests()[1]),
        format!("GET {BASE}/identifications/{REFERENCE}.zip")
    );
}

#[tokio::test]
async fn report_comes_from_the_documented_archive() {
    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    let (bytes, download) = evidence(&transport, "pdf", 100).await.unwrap();
    assert_eq!(
        (bytes.as_slice(), download.media_type.as_deref()),
        (&b"%PDF-1.4 report"[..], Some("application/pdf"))
    );
    assert_eq!(
        line(&transport.requests()[1]),
        format!("GET {BASE}/identifications/{REFERENCE}.zip")
    );
    assert_eq!(transport.count(), 2);
}

#[tokio::test]
async fn report_and_audio_fall_back_to_their_own_path() {
    for (name, ending) in [("pdf", ".pdf"), ("audiolog", ".mp3")] {
        for (status, body) in refusals() {
            let transport = logged_in();
            refuse(&transport, status, &body);
            transport.then(file("application/octet-stream", "some bytes"));
            let (bytes, download) = evidence(&transport, name, 10).await.unwrap();
            assert_eq!(
                (bytes.as_slice(), download.length),
                (b"some bytes".as_slice(), 10),
                "{status}"
            );
            let last = line(transport.requests().last().unwrap());
            assert_eq!(
                last,
                format!("GET {BASE}/identifications/{REFERENCE}{ending}"),
                "{status}"
            );
        }
    }
    // The archive exists, but the file is not in it.
    let transport = logged_in();
    transport
        .then(file("application/zip", archive(&result_xml("SUCCESS"))))
        .then(file("audio/mpeg", "sound"));
    assert_eq!(
        evidence(&transport, "audiolog", 10).await.unwrap().0,
        b"sound"
    );
}

#[tokio::test]
async fn signed_document_falls_back_to_the_archive() {
    for (status, body) in refusals() {
        let transport = logged_in();
        refuse(&transport, status, &body);
        let zip = archive_of(&[
            ("doc1_signed.pdf", b"%PDF-1.4 signed"),
            (
                &format!("{REFERENCE}.xml"),
                result_xml("SUCCESS").as_bytes(),
            ),
        ]);
        transport.then(file("application/zip", zip));
        let (bytes, _) = evidence(&transport, "doc1_signed.pdf", 100).await.unwrap();
        assert_eq!(bytes, b"%PDF-1.4 signed", "{status}");
    }
}

#[tokio::test]
async fn no_fallback_after_the_first_byte() {
    let transport = logged_in();
    transport.then(file("application/pdf", "%PDF-1.4 signed"));
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    let mut sink = Few(0);
    let error = client(&transport)
        .evidence(&id(), &EvidenceId::new("doc1_signed.pdf"), 100, &mut sink)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), transport.count(), sink.0),
        (&ErrorKind::Sink, 2, 1)
    );
}

/// A sink that fails, and counts the attempts.
struct Few(usize);

#[idv_core::async_trait]
impl idv_core::Sink for Few {
    async fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
        self.0 += 1;
        Err(std::io::Error::other("the disk is full"))
    }
}

#[tokio::test]
async fn files_are_found_in_folders_of_the_archive() {
    let (name, xml) = (format!("{REFERENCE}_userface.jpg"), result_xml("SUCCESS"));
    let zip = archive_of(&[
        (&format!("{REFERENCE}/images/{name}"), b"\xFF\xD8\xFF face"),
        (&format!("{REFERENCE}/{REFERENCE}.xml"), xml.as_bytes()),
        (&format!("{REFERENCE}/{REFERENCE}.pdf"), b"%PDF-1.4 report"),
        ("other/Kunde 12:30.pdf", b"%PDF-1.4 other"),
    ]);
    for (asked, contents) in [
        ("userface".to_owned(), &b"\xFF\xD8\xFF face"[..]),
        (name.clone(), b"\xFF\xD8\xFF face"),
        (format!("{REFERENCE}/images/{name}"), b"\xFF\xD8\xFF face"),
        ("pdf".to_owned(), b"%PDF-1.4 report"),
        ("Kunde 12:30.pdf".to_owned(), b"%PDF-1.4 other"),
    ] {
        let transport = logged_in();
        transport.then(file("application/zip", zip.clone()));
        assert_eq!(
            evidence(&transport, &asked, 100).await.unwrap().0,
            contents,
            "{asked}"
        );
    }
}

#[tokio::test]
async fn signed_document_is_streamed_by_its_archive_name() {
    let transport = logged_in();
    transport.then(file("application/pdf", "%PDF-1.4 signed"));
    let (bytes, download) = evidence(&transport, "doc1_signed.pdf", 100).await.unwrap();
    assert_eq!(
        (bytes.as_slice(), download.media_type.as_deref()),
        (&b"%PDF-1.4 signed"[..], Some("application/pdf"))
    );
    assert_eq!(
        line(&transport.requests()[1]),
        format!("GET {BASE}/identifications/{REFERENCE}/documents/doc1/signed")
    );
    // A file of the archive whose name resembles a signed document's.
    let name = format!("{REFERENCE}_userface.jpg");
    for looks in [
        "userface_signed.pdf",
        "../x_signed.pdf",
        "_signed.pdf",
        name.as_str(),
    ] {
        let transport = logged_in();
        if looks == "userface_signed.pdf" {
            transport.then_json(404, failure("OBJECT_NOT_FOUND", ""));
        }
        transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
        let found = evidence(&transport, looks, 100).await;
        assert_eq!(found.is_ok(), looks == name, "{looks}");
        let last = line(transport.requests().last().unwrap());
        assert_eq!(
            last,
            format!("GET {BASE}/identifications/{REFERENCE}.zip"),
            "{looks}"
        );
    }
}

#[tokio::test]
async fn other_evidence_is_unpacked_by_key_or_name() {
    for name in ["userface".to_owned(), format!("{REFERENCE}_userface.jpg")] {
        let transport = logged_in();
        transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
        let (bytes, download) = evidence(&transport, &name, 100).await.unwrap();
        assert_eq!(bytes, b"\xFF\xD8\xFF face");
        assert_eq!(download.media_type.as_deref(), Some("image/jpeg"));
        // SHA-256 of the same bytes by Python's hashlib.
        assert_eq!(
            download.sha256_hex(),
            "da6e83537d6cf63daa02c0c39e80646eba82b0277dee216de51afb090b1a1bbd"
        );
    }
}

#[tokio::test]
async fn evidence_respects_both_limits() {
    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    assert_eq!(
        evidence(&transport, "userface", 7)
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::LimitExceeded
    );

    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    let mut config = config();
    config.max_archive_bytes = 100;
    let client = client_of(config, &transport);
    let error = client
        .evidence(&id(), &EvidenceId::new("userface"), 1000, &mut Vec::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn missing_evidence_is_not_found() {
    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    assert_eq!(
        evidence(&transport, "videolog", 100)
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::NotFound
    );
    let transport = logged_in();
    transport
        .then_json(404, failure("OBJECT_NOT_FOUND", ""))
        .then_json(404, failure("OBJECT_NOT_FOUND", ""));
    assert_eq!(
        evidence(&transport, "pdf", 100).await.unwrap_err().kind(),
        &ErrorKind::NotFound
    );
    // Another failure is more informative than a missing file.
    for first_fails in [true, false] {
        let transport = logged_in();
        let (told, absent) = (
            failure("PRECONDITION_FAILED", ""),
            failure("OBJECT_NOT_FOUND", ""),
        );
        let answers = if first_fails {
            [(412, told), (404, absent)]
        } else {
            [(404, absent), (412, told)]
        };
        for (status, body) in answers {
            transport.then_json(status, body);
        }
        assert_eq!(
            evidence(&transport, "pdf", 100).await.unwrap_err().kind(),
            &ErrorKind::Conflict
        );
        assert_eq!(transport.count(), 3);
    }
}

#[tokio::test]
async fn sink_failure_differs_from_vendor_failure() {
    struct Full;

    #[idv_core::async_trait]
    impl idv_core::Sink for Full {
        async fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::Error::other("the disk is full"))
        }
    }

    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    let error = client(&transport)
        .evidence(&id(), &EvidenceId::new("userface"), 100, &mut Full)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Sink);
}
