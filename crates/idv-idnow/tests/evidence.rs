//! Images, recordings and files: streamed where they have an address, else unpacked.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use idv_core::{Error, ErrorKind, EvidenceId};
use idv_testkit::ScriptedTransport;
use support::*;

async fn evidence(transport: &ScriptedTransport, id_: &str, limit: u64) -> Result<(Vec<u8>, idv_core::Download), Error> {
    let mut sink = Vec::new();
    let download = client(transport).evidence(&id(), &EvidenceId::new(id_), limit, &mut sink).await?;
    Ok((sink, download))
}

#[tokio::test]
async fn the_archive_the_report_and_the_sound_are_streamed() {
    for (name, ending) in [("archive", ".zip"), ("pdf", ".pdf"), ("audiolog", ".mp3")] {
        let transport = logged_in();
        transport.then(file("application/octet-stream", "some bytes"));
        let (bytes, download) = evidence(&transport, name, 10).await.unwrap();
        assert_eq!((bytes.as_slice(), download.length), (b"some bytes".as_slice(), 10));
        assert_eq!(line(&transport.requests()[1]), format!("GET {BASE}/identifications/{REFERENCE}{ending}"));
    }
}

#[tokio::test]
async fn a_signed_document_is_streamed_by_the_name_that_it_has_in_archives() {
    let transport = logged_in();
    transport.then(file("application/pdf", "%PDF-1.4 signed"));
    let (bytes, download) = evidence(&transport, "doc1_signed.pdf", 100).await.unwrap();
    assert_eq!((bytes.as_slice(), download.media_type.as_deref()), (&b"%PDF-1.4 signed"[..], Some("application/pdf")));
    assert_eq!(line(&transport.requests()[1]), format!("GET {BASE}/identifications/{REFERENCE}/documents/doc1/signed"));
    // A file of the archive whose name only looks like one.
    let name = format!("{REFERENCE}_userface.jpg");
    for looks in ["userface_signed.pdf", "../x_signed.pdf", "_signed.pdf", name.as_str()] {
        let transport = logged_in();
        if looks == "userface_signed.pdf" {
            transport.then_json(404, failure("OBJECT_NOT_FOUND", ""));
        }
        transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
        let found = evidence(&transport, looks, 100).await;
        assert_eq!(found.is_ok(), looks == name, "{looks}");
        let last = line(transport.requests().last().unwrap());
        assert_eq!(last, format!("GET {BASE}/identifications/{REFERENCE}.zip"), "{looks}");
    }
}

#[tokio::test]
async fn everything_else_is_unpacked_from_the_archive_by_key_or_name() {
    for name in ["userface".to_owned(), format!("{REFERENCE}_userface.jpg")] {
        let transport = logged_in();
        transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
        let (bytes, download) = evidence(&transport, &name, 100).await.unwrap();
        assert_eq!(bytes, b"\xFF\xD8\xFF face");
        assert_eq!(download.media_type.as_deref(), Some("image/jpeg"));
        // sha256 of the same bytes by Python's hashlib.
        assert_eq!(download.sha256_hex(), "da6e83537d6cf63daa02c0c39e80646eba82b0277dee216de51afb090b1a1bbd");
    }
}

#[tokio::test]
async fn a_report_without_an_address_of_its_own_is_unpacked() {
    let transport = logged_in();
    transport.then(empty(404)).then(file("application/zip", archive(&result_xml("SUCCESS"))));
    let (bytes, download) = evidence(&transport, "pdf", 100).await.unwrap();
    assert_eq!(bytes, b"%PDF-1.4 report");
    assert_eq!(download.media_type.as_deref(), Some("application/pdf"));
}

#[tokio::test]
async fn evidence_is_bound_by_the_callers_limit_and_by_the_accounts() {
    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    assert_eq!(evidence(&transport, "userface", 7).await.unwrap_err().kind(), &ErrorKind::LimitExceeded);

    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    let mut config = config();
    config.max_archive_bytes = 100;
    let client = client_of(config, &transport);
    let error = client.evidence(&id(), &EvidenceId::new("userface"), 1000, &mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::LimitExceeded);
}

#[tokio::test]
async fn evidence_that_is_not_there_is_not_found() {
    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    assert_eq!(evidence(&transport, "videolog", 100).await.unwrap_err().kind(), &ErrorKind::NotFound);
    let transport = logged_in();
    transport.then_json(404, failure("OBJECT_NOT_FOUND", "")).then_json(404, failure("OBJECT_NOT_FOUND", ""));
    assert_eq!(evidence(&transport, "pdf", 100).await.unwrap_err().kind(), &ErrorKind::NotFound);
    // Whatever else goes wrong does not send us to the archive.
    let transport = logged_in();
    transport.then_json(412, failure("PRECONDITION_FAILED", ""));
    assert_eq!(evidence(&transport, "pdf", 100).await.unwrap_err().kind(), &ErrorKind::Conflict);
    assert_eq!(transport.count(), 2);
}

#[tokio::test]
async fn a_sink_that_fails_is_told_apart_from_the_vendor() {
    struct Full;

    #[idv_core::async_trait]
    impl idv_core::Sink for Full {
        async fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::Error::other("the disk is full"))
        }
    }

    let transport = logged_in();
    transport.then(file("application/zip", archive(&result_xml("SUCCESS"))));
    let error = client(&transport).evidence(&id(), &EvidenceId::new("userface"), 100, &mut Full).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Sink);
}
