//! Results and files in archives (chapter 8.3.3.1), and archives that are meant to break something.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod fixture;

use fixture::{archive, archive_with, fixture};
use idv_core::{Channel, ErrorKind, Outcome, Status};
use idv_idnow::normalize;
use idv_idnow::wire::{self, archive::Limits};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

const RESULT: &str = "AH73JK3LM.xml";

fn result() -> Vec<u8> {
    fixture("result.xml")
}

#[test]
fn files_are_found_by_name_and_by_key() {
    let picture: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0];
    let bytes = archive(&[("AH73JK3LM_userface.jpg", picture), (RESULT, &result()), ("AH73JK3LM.pdf", b"%PDF-")]);
    let limits = Limits::default();
    assert_eq!(wire::archive::names(&bytes, &limits).unwrap(), ["AH73JK3LM_userface.jpg", RESULT, "AH73JK3LM.pdf"]);
    for name in ["AH73JK3LM_userface.jpg", "userface"] {
        assert_eq!(wire::archive::entry(&bytes, name, &limits).unwrap(), picture, "{name}");
    }
    assert_eq!(wire::archive::entry(&bytes, "pdf", &limits).unwrap(), b"%PDF-");
    // Listed by the result and not in the archive; listed by nobody.
    for name in ["videolog", "face", "other.jpg", "", "../AH73JK3LM.pdf"] {
        assert_eq!(wire::archive::entry(&bytes, name, &limits).unwrap_err().kind(), &ErrorKind::NotFound, "{name}");
    }
    // Without a result the names are the document's.
    let bytes = archive(&[("AH73JK3LM_userface.jpg", picture)]);
    assert_eq!(wire::archive::entry(&bytes, "userface", &limits).unwrap(), picture);
    assert_eq!(wire::archive::entry(&bytes, "face", &limits).unwrap_err().kind(), &ErrorKind::NotFound);
}

#[test]
fn an_archive_that_is_written_as_it_is_sent_is_read() {
    // Lengths after the contents, as servers write that make an archive on the fly (chapter 9.2.2).
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    writer.start_file(RESULT, SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut writer, &result()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert!(verifies(&bytes));
}

#[test]
fn an_archive_without_a_result_is_refused() {
    assert_eq!(refused(&archive(&[])), ErrorKind::Malformed);
    assert_eq!(refused(&archive(&[("AH73JK3LM.pdf", b"%PDF-")])), ErrorKind::Malformed);
}

#[test]
fn an_archive_in_an_archive_stays_closed() {
    let inner = archive(&[(RESULT, &result())]);
    assert_eq!(refused(&archive(&[("inner.zip", &inner)])), ErrorKind::Malformed);
    assert_eq!(refused(&archive(&[(RESULT, &inner)])), ErrorKind::Malformed);
}

#[test]
fn names_that_lead_out_are_refused() {
    for name in
        ["../x.jpg", "a/../../x.jpg", "/etc/x.jpg", "..\\x.jpg", "C:\\x.jpg", "C:x.jpg", "a//x.jpg", "./x.jpg", "a/..", "x\0.jpg"]
    {
        let bytes = renamed(name);
        assert_eq!(refused(&bytes), ErrorKind::Malformed, "{name:?}");
    }
    assert!(verifies(&renamed("a/b/x.jpg")));
}

/// An archive with a result and a file of this name. It is written over a placeholder, since a writer may make names harmless.
fn renamed(name: &str) -> Vec<u8> {
    let placeholder = "#".repeat(name.len());
    let mut bytes = archive(&[(RESULT, &result()), (&placeholder, b"x")]);
    for start in 0..bytes.len() - name.len() {
        if bytes[start..].starts_with(placeholder.as_bytes()) {
            bytes[start..start + name.len()].copy_from_slice(name.as_bytes());
        }
    }
    bytes
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let mut bytes = archive(&[(RESULT, &result()), ("AH73JK3LN.xml", &fixture("same-case.xml"))]);
    for start in 0..bytes.len() - RESULT.len() {
        if bytes[start..].starts_with(b"AH73JK3LN.xml") {
            bytes[start..start + RESULT.len()].copy_from_slice(RESULT.as_bytes());
        }
    }
    assert_eq!(refused(&bytes), ErrorKind::Malformed);
}

#[test]
fn encrypted_entries_are_refused() {
    let mut bytes = archive(&[(RESULT, &result())]);
    // The flag of encryption, in the file's own header and in the directory (APPNOTE 4.4.4).
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
    assert_eq!(refused(&bytes), ErrorKind::Malformed);
}

#[test]
fn damaged_contents_are_refused() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut bytes = archive_with(stored, &[(RESULT, &fixture("result-aborted.json"))]);
    let place = bytes.windows(7).position(|window| window == b"ABORTED").unwrap();
    bytes[place..place + 7].copy_from_slice(b"SUCCESS");
    assert_eq!(refused(&bytes), ErrorKind::Malformed);
}

#[test]
fn each_limit_holds() {
    let zeros = vec![b' '; 4 << 20];
    let many: Vec<(String, &[u8])> = (0..1001).map(|number| (format!("{number}.txt"), &b"x"[..])).collect();
    let many: Vec<_> = many.iter().map(|(name, contents)| (name.as_str(), *contents)).collect();
    let of = |limits: Limits, bytes: &[u8]| wire::archive::result(bytes, &limits).unwrap_err().kind().clone();
    let mut limits = Limits::default();
    assert_eq!(of(limits, &archive(&many)), ErrorKind::LimitExceeded);
    // 4 MiB of spaces are packed a thousandfold.
    let bomb = archive(&[(RESULT, &zeros)]);
    assert_eq!(of(limits, &bomb), ErrorKind::LimitExceeded);
    limits.ratio = 10_000;
    assert!(wire::archive::result(&bomb, &limits).is_ok());
    limits.entry = (4 << 20) - 1;
    assert_eq!(of(limits, &bomb), ErrorKind::LimitExceeded);
    limits.entry = 4 << 20;
    limits.total = (4 << 20) - 1;
    assert_eq!(of(limits, &bomb), ErrorKind::LimitExceeded);
}

#[test]
fn a_directory_that_claims_any_number_of_entries_is_refused_before_they_are_counted() {
    let bytes = archive(&[(RESULT, &result())]);
    let end = bytes.len() - 22;
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap() as u64;
    let claimed = 1_u64 << 40;
    let mut large = bytes[..end].to_vec();
    // The large end (APPNOTE 4.3.14), its locator, and the usual end that refers to it.
    large.extend_from_slice(b"PK\x06\x06");
    large.extend_from_slice(&44_u64.to_le_bytes());
    large.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for number in [claimed, claimed, claimed * 46, directory] {
        large.extend_from_slice(&number.to_le_bytes());
    }
    large.extend_from_slice(b"PK\x06\x07");
    large.extend_from_slice(&0_u32.to_le_bytes());
    large.extend_from_slice(&(end as u64).to_le_bytes());
    large.extend_from_slice(&1_u32.to_le_bytes());
    large.extend_from_slice(b"PK\x05\x06");
    large.extend_from_slice(&[0, 0, 0, 0]);
    large.extend_from_slice(&[0xFF; 12]);
    large.extend_from_slice(&[0, 0]);
    assert_eq!(refused(&large), ErrorKind::LimitExceeded);
}

#[test]
fn a_length_that_lies_is_refused() {
    let mut bytes = archive(&[(RESULT, &vec![b' '; 4 << 20])]);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    // The length before packing, in the file's own header and in the directory (APPNOTE 4.3.7 and 4.3.12).
    bytes[22..26].copy_from_slice(&100_u32.to_le_bytes());
    bytes[directory + 24..directory + 28].copy_from_slice(&100_u32.to_le_bytes());
    assert_eq!(refused(&bytes), ErrorKind::Malformed);
}

fn verifies(payload: &[u8]) -> bool {
    let observations = normalize::payload(payload, Channel::Fetch).unwrap();
    observations.iter().any(|observation| observation.status == Some(Status::Finished(Outcome::Verified)))
}

fn refused(payload: &[u8]) -> ErrorKind {
    normalize::payload(payload, Channel::Fetch).expect_err("it is read").kind().clone()
}
