//! Results and files in archives (chapter 8.3.3.1), and hostile archives.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod fixture;

use fixture::{archive, archive_with, fixture};
use idv_core::{Channel, ErrorKind, Outcome, Status};
use idv_idnow::normalize;
use idv_idnow::wire;
use idv_idnow::wire::archive::{Limits, Options};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

const RESULT: &str = "AH73JK3LM.xml";

fn result() -> Vec<u8> {
    fixture("result.xml")
}

#[test]
fn files_are_found_by_name_and_by_key() {
    let picture: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0];
    let bytes = archive(&[
        ("AH73JK3LM_userface.jpg", picture),
        (RESULT, &result()),
        ("AH73JK3LM.pdf", b"%PDF-"),
    ]);
    let limits = Limits::default();
    assert_eq!(
        wire::archive::names(&bytes, &limits).unwrap(),
        ["AH73JK3LM_userface.jpg", RESULT, "AH73JK3LM.pdf"]
    );
    for name in ["AH73JK3LM_userface.jpg", "userface"] {
        assert_eq!(
            wire::archive::entry(&bytes, name, &limits).unwrap(),
            picture,
            "{name}"
        );
    }
    assert_eq!(
        wire::archive::entry(&bytes, "pdf", &limits).unwrap(),
        b"%PDF-"
    );
    // Listed by the result but not in the archive, and not listed at all.
    for name in ["videolog", "face", "other.jpg", "", "../AH73JK3LM.pdf"] {
        assert_eq!(
            wire::archive::entry(&bytes, name, &limits)
                .unwrap_err()
                .kind(),
            &ErrorKind::NotFound,
            "{name}"
        );
    }
    // Without a result the documented names apply.
    let bytes = archive(&[("AH73JK3LM_userface.jpg", picture)]);
    assert_eq!(
        wire::archive::entry(&bytes, "userface", &limits).unwrap(),
        picture
    );
    assert_eq!(
        wire::archive::entry(&bytes, "face", &limits)
            .unwrap_err()
            .kind(),
        &ErrorKind::NotFound
    );
}

#[test]
fn streamed_archive_is_read() {
    // Sizes after the contents, as in archives that servers generate on the fly (chapter 9.2.2).
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    writer
        .start_file(RESULT, SimpleFileOptions::default())
        .unwrap();
    std::io::Write::write_all(&mut writer, &result()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert!(verifies(&bytes));
}

#[test]
fn archive_without_result_is_refused() {
    assert_eq!(refused(&archive(&[])), ErrorKind::Malformed);
    assert_eq!(
        refused(&archive(&[("AH73JK3LM.pdf", b"%PDF-")])),
        ErrorKind::Malformed
    );
}

#[test]
fn nested_archive_is_not_opened() {
    let inner = archive(&[(RESULT, &result())]);
    assert_eq!(
        refused(&archive(&[("inner.zip", &inner)])),
        ErrorKind::Malformed
    );
    assert_eq!(refused(&archive(&[(RESULT, &inner)])), ErrorKind::Malformed);
}

#[test]
fn names_that_lead_outside_are_refused() {
    for name in [
        "../x.jpg",
        "a/../../x.jpg",
        "/etc/x.jpg",
        "..\\x.jpg",
        "C:\\x.jpg",
        "C:x.jpg",
        "\\x.jpg",
        "a/..",
        "x\0.jpg",
    ] {
        let bytes = renamed(name);
        assert_eq!(refused(&bytes), ErrorKind::Malformed, "{name:?}");
    }
}

#[test]
fn harmless_names_are_accepted() {
    for (name, path) in [
        ("a/b/x.jpg", "a/b/x.jpg"),
        ("a\\b\\x.jpg", "a/b/x.jpg"),
        ("a//x.jpg", "a/x.jpg"),
        ("./x.jpg", "x.jpg"),
        ("Kunde 12:30.pdf", "Kunde 12:30.pdf"),
        ("Müller & Söhne?.jpg", "Müller & Söhne?.jpg"),
    ] {
        let bytes = renamed(name);
        assert!(verifies(&bytes), "{name}");
        let names = wire::archive::names(&bytes, &Limits::default()).unwrap();
        assert_eq!(names, [RESULT, path], "{name}");
        assert_eq!(
            wire::archive::entry(&bytes, name, &Limits::default()).unwrap(),
            b"x",
            "{name}"
        );
    }
}

#[test]
fn result_is_chosen_by_content() {
    let (json, xml) = (fixture("result.json"), result());
    let latin = b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><identifications/>";
    type Files<'a> = &'a [(&'a str, &'a [u8])];
    let cases: [(&str, Files<'_>); 11] = [
        (
            "another XML first",
            &[("a.xml", b"<report/>"), (RESULT, &xml)],
        ),
        (
            "a list without a result first",
            &[("a.xml", b"<identifications/>"), (RESULT, &xml)],
        ),
        (
            "broken XML first",
            &[("a.xml", b"<report>"), (RESULT, &xml)],
        ),
        (
            "a file of a Macintosh first",
            &[
                ("__MACOSX/._AH73JK3LM.xml", b"\0\x05\x16\x07"),
                (RESULT, &xml),
            ],
        ),
        (
            "another JSON first",
            &[("a.json", br#"{"version":1}"#), ("b.json", &json)],
        ),
        (
            "JSON beside XML of no result",
            &[("a.xml", b"<report/>"), ("b.json", &json)],
        ),
        (
            "JSON beside XML that cannot be decoded",
            &[("a.xml", latin), ("b.json", &json)],
        ),
        ("in a folder", &[("AH73JK3LM/AH73JK3LM.xml", &xml)]),
        (
            "of another ending",
            &[("x.jpg", b"\xFF\xD8"), ("AH73JK3LM.XML", &xml)],
        ),
        (
            "without an ending",
            &[("x.jpg", b"\xFF\xD8"), ("y.txt", b"{"), ("result", &json)],
        ),
        ("of an ending that says otherwise", &[("result.txt", &xml)]),
    ];
    for (case, files) in cases {
        assert!(verifies(&archive(files)), "{case}");
    }
}

#[test]
fn xml_result_takes_precedence_over_json() {
    let aborted = fixture("result-aborted.json");
    for files in [
        [("a.json", &aborted), (RESULT, &result())],
        [(RESULT, &result()), ("a.json", &aborted)],
    ] {
        let files = files.map(|(name, bytes)| (name, bytes.as_slice()));
        assert!(verifies(&archive(&files)));
    }
}

#[test]
fn file_is_found_by_name_in_any_folder() {
    let limits = Limits::default();
    let xml = result();
    let bytes = archive(&[
        ("one/AH73JK3LM.xml", &xml),
        ("one/AH73JK3LM_userface.jpg", b"first"),
        ("two/AH73JK3LM_userface.jpg", b"second"),
        ("two/AH73JK3LM.pdf", b"report"),
        ("two/AH73JK3LM_security1.jpg", b"third"),
        ("three/AH73JK3LM_security1.jpg", b"fourth"),
    ]);
    for (name, contents) in [
        ("userface", Some(&b"first"[..])),
        ("one/AH73JK3LM_userface.jpg", Some(b"first")),
        ("two/AH73JK3LM_userface.jpg", Some(b"second")),
        ("two\\AH73JK3LM_userface.jpg", Some(b"second")),
        ("pdf", Some(b"report")),
        ("AH73JK3LM.pdf", Some(b"report")),
        // Two folders have the file, and neither of them has the result.
        ("AH73JK3LM_userface.jpg", None),
        ("security1", None),
        ("H73JK3LM.pdf", None),
    ] {
        let found = wire::archive::entry(&bytes, name, &limits);
        match contents {
            Some(contents) => assert_eq!(found.unwrap(), contents, "{name}"),
            None => assert_eq!(found.unwrap_err().kind(), &ErrorKind::NotFound, "{name}"),
        }
    }
    let bytes = archive(&[("a/AH73JK3LM_userface.jpg", b"face")]);
    assert_eq!(
        wire::archive::entry(&bytes, "userface", &limits).unwrap(),
        b"face"
    );
}

/// An archive with a result and a file of this name. The name replaces a placeholder, because a
/// writer may sanitize names.
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
fn repeated_entry_names_are_refused() {
    let mut bytes = archive(&[
        (RESULT, &result()),
        ("AH73JK3LN.xml", &fixture("same-case.xml")),
    ]);
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
    // The encryption flag without an AES header, in the local header and in the directory (APPNOTE
    // 4.4.4).
    let directory = bytes
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    bytes[6] |= 1;
    bytes[directory + 8] |= 1;
    assert_eq!(refused(&bytes), ErrorKind::Malformed);
}

const PASSWORD: &str = "chosen by the company";

fn encrypted(password: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, contents) in files {
        let options =
            SimpleFileOptions::default().with_aes_encryption(zip::AesMode::Aes256, password);
        writer.start_file(*name, options).unwrap();
        std::io::Write::write_all(&mut writer, contents).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn aes_archive_is_opened_with_its_password() {
    let bytes = encrypted(
        PASSWORD,
        &[("AH73JK3LM_userface.jpg", b"face"), (RESULT, &result())],
    );
    let (password, wrong) = (
        idv_core::Secret::from(PASSWORD),
        idv_core::Secret::from("another password"),
    );
    let limits = Limits::default();
    let options = Options::from(&limits).password(&password);
    assert_eq!(wire::archive::result(&bytes, options).unwrap(), result());
    assert_eq!(
        wire::archive::entry(&bytes, "userface", options).unwrap(),
        b"face"
    );
    assert_eq!(wire::archive::names(&bytes, options).unwrap().len(), 2);
    let observations = normalize::payload_with(&bytes, Channel::Fetch, options).unwrap();
    assert_eq!(
        observations,
        normalize::payload(&archive(&[(RESULT, &result())]), Channel::Fetch).unwrap()
    );

    let error = normalize::payload_with(
        &bytes,
        Channel::Fetch,
        Options::from(&limits).password(&wrong),
    )
    .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unauthorized);
    assert!(
        error.to_string().contains("archive_password")
            && !format!("{error} {error:?}").contains("another password")
    );
    let error = normalize::payload(&bytes, Channel::Fetch).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Malformed);
    assert!(error.to_string().contains("archive_password"), "{error}");
}

#[test]
fn aes_archive_of_another_program_is_opened() {
    // Made with pyzipper 0.4.0: WZ_AES, 256 bits, deflated.
    let password = idv_core::Secret::from(PASSWORD);
    let bytes = fixture("encrypted.zip");
    let options = Options::from(&Limits::default()).password(&password);
    let observation = normalize::payload_with(&bytes, Channel::Fetch, options)
        .unwrap()
        .remove(0);
    assert_eq!(observation.code.as_deref(), Some("ABORTED"));
}

#[test]
fn modified_aes_archive_is_refused() {
    let password = idv_core::Secret::from(PASSWORD);
    let whole = encrypted(PASSWORD, &[(RESULT, &result())]);
    // The local header has 30 bytes, the name and the extra field; the salt and the password check
    // follow.
    let contents = 30 + RESULT.len() + usize::from(u16::from_le_bytes([whole[28], whole[29]])) + 18;
    let end = whole
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    for place in (contents..end).step_by(41).chain([end - 1]) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        let options = Options::from(&Limits::default()).password(&password);
        assert!(
            normalize::payload_with(&bytes, Channel::Fetch, options).is_err(),
            "byte {place}"
        );
    }
}

#[test]
fn damaged_contents_are_refused() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut bytes = archive_with(stored, &[(RESULT, &fixture("result-aborted.json"))]);
    let place = bytes
        .windows(7)
        .position(|window| window == b"ABORTED")
        .unwrap();
    bytes[place..place + 7].copy_from_slice(b"SUCCESS");
    assert_eq!(refused(&bytes), ErrorKind::Malformed);
}

#[test]
fn each_limit_is_enforced() {
    let spaces = padded();
    let many: Vec<(String, &[u8])> = (0..1001)
        .map(|number| (format!("{number}.txt"), &b"x"[..]))
        .collect();
    let many: Vec<_> = many
        .iter()
        .map(|(name, contents)| (name.as_str(), *contents))
        .collect();
    let of = |limits: Limits, bytes: &[u8]| {
        wire::archive::result(bytes, &limits)
            .unwrap_err()
            .kind()
            .clone()
    };
    let mut limits = Limits::default();
    assert_eq!(of(limits, &archive(&many)), ErrorKind::LimitExceeded);
    // Spaces compress a thousandfold.
    let bomb = archive(&[(RESULT, &spaces)]);
    assert_eq!(of(limits, &bomb), ErrorKind::LimitExceeded);
    limits.ratio = 10_000;
    assert!(wire::archive::result(&bomb, &limits).is_ok());
    limits.entry = (4 << 20) - 1;
    assert_eq!(of(limits, &bomb), ErrorKind::LimitExceeded);
    limits.entry = 4 << 20;
    limits.total = (4 << 20) - 1;
    assert_eq!(of(limits, &bomb), ErrorKind::LimitExceeded);
}

/// A result of 4 MiB, mostly white space.
fn padded() -> Vec<u8> {
    let mut bytes = result();
    bytes.resize(4 << 20, b' ');
    bytes
}

#[test]
fn zip64_directory_is_refused_before_counting() {
    let bytes = archive(&[(RESULT, &result())]);
    let end = bytes.len() - 22;
    let directory = bytes
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap() as u64;
    let claimed = 1_u64 << 40;
    let mut large = bytes[..end].to_vec();
    // The ZIP64 end record (APPNOTE 4.3.14), its locator, and the usual end record.
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
fn false_length_is_refused() {
    let mut bytes = archive(&[(RESULT, &padded())]);
    let directory = bytes
        .windows(4)
        .position(|window| window == b"PK\x01\x02")
        .unwrap();
    // The uncompressed size, in the local header and in the directory (APPNOTE 4.3.7 and 4.3.12).
    bytes[22..26].copy_from_slice(&100_u32.to_le_bytes());
    bytes[directory + 24..directory + 28].copy_from_slice(&100_u32.to_le_bytes());
    assert_eq!(refused(&bytes), ErrorKind::Malformed);
}

fn verifies(payload: &[u8]) -> bool {
    let observations = normalize::payload(payload, Channel::Fetch).unwrap();
    observations
        .iter()
        .any(|observation| observation.status == Some(Status::Finished(Outcome::Verified)))
}

fn refused(payload: &[u8]) -> ErrorKind {
    normalize::payload(payload, Channel::Fetch)
        .expect_err("it is read")
        .kind()
        .clone()
}
