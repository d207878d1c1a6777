//! The archive of an identification (8.3.3.1) and what lies in it.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Crc;
use flate2::write::DeflateEncoder;

use super::account::Account;
use super::case::{Case, Outcome};
use super::documents::MOST;
use super::{render, signature};
use crate::exchange::Piece;

/// More than any archive's directory and results come to.
const OVERHEAD: u64 = 1 << 20;
/// More than the number of an archive's attachments.
const ATTACHMENTS: u64 = 16;

/// Whether the archives of an account stay below the 4 GB that the plain ZIP format can address.
pub(crate) fn fits(account: &Account) -> bool {
    let attachments = account.attachment_length.checked_mul(ATTACHMENTS).and_then(|sum| sum.checked_add(account.video_length));
    // What is signed, and once more the notes that say so.
    let documents = if account.e_sign { MOST as u64 * 2 } else { 0 };
    attachments.and_then(|sum| sum.checked_add(OVERHEAD + documents)).is_some_and(|sum| sum < u64::from(u32::MAX))
}

/// An attachment: small, of the kind that its name says, and as long as the account has it.
pub(super) fn attachment(key: &str, account: &Account) -> Vec<Piece> {
    let start = start(key);
    let length = if key == "videolog" { account.video_length.max(account.attachment_length) } else { account.attachment_length };
    vec![Piece::Bytes(start.into()), Piece::spaces(length.saturating_sub(start.len() as u64))]
}

/// The archive: the result as XML and its signature, the attachments, what was signed, and the result as JSON where the account has it
/// so. It is written here rather
/// than by a library so that gigabytes of attachments are neither kept nor read: the checksum of spaces is computed from their number.
pub(super) fn zip(case: &Case, account: &Account, outcome: &Outcome) -> Vec<Piece> {
    let tx = &case.transaction_number;
    let mut archive = Archive::default();
    let xml = render::xml(case, account, outcome);
    archive.deflated(&format!("{tx}.xml"), xml.as_bytes());
    if let Some(signature) = account.sign_results.then(|| signature::sign(xml.as_bytes())).flatten() {
        archive.deflated(&format!("{tx}.sig"), &signature);
    }
    if account.json_in_archive {
        archive.deflated(&format!("{tx}.json"), render::json(case, account, outcome).to_string().as_bytes());
    }
    for (key, name) in render::attachments(case, account, outcome) {
        // Pictures and recordings are compressed already.
        archive.stored(&name, attachment(&key, account));
    }
    for document in case.documents.iter().filter(|_| outcome.is_success()) {
        if let Some(signed) = document.signed(&case.ident_id) {
            archive.stored(&document.archive_name(), vec![Piece::Bytes(signed)]);
        }
    }
    archive.finish()
}

/// A ZIP archive as it is written (APPNOTE.TXT 6.3.3, without the extensions for more than 4 GB).
#[derive(Default)]
struct Archive {
    pieces: Vec<Piece>,
    /// How long the pieces are together.
    length: u64,
    directory: Vec<u8>,
    entries: u16,
}

/// What a header says of an entry.
struct Entry<'a> {
    name: &'a str,
    method: u16,
    crc: u32,
    length: u64,
}

impl Archive {
    fn deflated(&mut self, name: &str, contents: &[u8]) {
        let mut crc = Crc::new();
        crc.update(contents);
        let entry = |method, length| Entry { name, method, crc: crc.sum(), length };
        let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        match encoder.write_all(contents).and_then(|()| encoder.finish()) {
            Ok(body) => self.add(&entry(8, contents.len() as u64), vec![Piece::Bytes(body.into())]),
            // Writing to memory does not fail; if it did, the entry would be stored.
            Err(_) => self.add(&entry(0, contents.len() as u64), vec![Piece::Bytes(Bytes::copy_from_slice(contents))]),
        }
    }

    fn stored(&mut self, name: &str, body: Vec<Piece>) {
        let length = body.iter().map(Piece::length).sum();
        self.add(&Entry { name, method: 0, crc: checksum(&body), length }, body);
    }

    fn add(&mut self, entry: &Entry<'_>, body: Vec<Piece>) {
        let compressed = body.iter().map(Piece::length).sum();
        let common = entry.common(compressed);
        let mut header = b"PK\x03\x04".to_vec();
        header.extend_from_slice(&common);
        header.extend_from_slice(entry.name.as_bytes());

        // Made by version 2.0 under MS-DOS; no comment, the first disk, no attributes.
        self.directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        self.directory.extend_from_slice(&common);
        self.directory.extend_from_slice(&[0; 10]);
        self.directory.extend_from_slice(&four(self.length));
        self.directory.extend_from_slice(entry.name.as_bytes());

        self.length += header.len() as u64 + compressed;
        self.entries = self.entries.saturating_add(1);
        self.pieces.push(Piece::Bytes(header.into()));
        self.pieces.extend(body);
    }

    fn finish(mut self) -> Vec<Piece> {
        let length = four(self.directory.len() as u64);
        let entries = self.entries.to_le_bytes();
        self.directory.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        self.directory.extend([entries, entries].concat());
        self.directory.extend_from_slice(&length);
        self.directory.extend_from_slice(&four(self.length));
        self.directory.extend_from_slice(&[0; 2]);
        self.pieces.push(Piece::Bytes(self.directory.into()));
        self.pieces
    }
}

impl Entry<'_> {
    /// The fields that the header of an entry and its line of the directory have in common.
    fn common(&self, compressed: u64) -> Vec<u8> {
        // Names are UTF-8.
        const FLAGS: u16 = 1 << 11;
        // 1 January 1980, midnight: the format's beginning of time.
        const TIME: [u8; 4] = [0, 0, 0x21, 0];
        // A transaction number has 255 bytes at most, so a name is far below 64 kB.
        let name = u16::try_from(self.name.len()).unwrap_or_default();
        let mut common = Vec::new();
        for part in [20_u16, FLAGS, self.method] {
            common.extend_from_slice(&part.to_le_bytes());
        }
        common.extend_from_slice(&TIME);
        common.extend_from_slice(&self.crc.to_le_bytes());
        common.extend_from_slice(&four(compressed));
        common.extend_from_slice(&four(self.length));
        common.extend_from_slice(&name.to_le_bytes());
        common.extend_from_slice(&[0; 2]);
        common
    }
}

/// A length in four bytes: [`fits`] keeps everything below 4 GB.
fn four(length: u64) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

/// The checksum of pieces; that of repeated bytes takes as many steps as their number has bits.
fn checksum(body: &[Piece]) -> u32 {
    let mut sum = Crc::new();
    for piece in body {
        match piece {
            Piece::Bytes(bytes) => sum.update(bytes),
            Piece::Repeated(unit, length) => {
                let mut block = Crc::new();
                block.update(unit.bytes());
                let mut left = *length / unit.bytes().len() as u64;
                while left > 0 {
                    if left & 1 == 1 {
                        sum.combine(&block);
                    }
                    left >>= 1;
                    let mut twice = Crc::new();
                    twice.combine(&block);
                    twice.combine(&block);
                    block = twice;
                }
            }
        }
    }
    sum.sum()
}

/// How an attachment begins.
fn start(key: &str) -> &'static [u8] {
    match key {
        "pdf" => {
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
            3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        }
        "audiolog" => b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x10\x00",
        "videolog" => b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        // A picture of one grey point.
        _ => {
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00\x43\x00\x08\x06\x06\x07\x06\x05\x08\x07\
            \x07\x07\x09\x09\x08\x0a\x0c\x14\x0d\x0c\x0b\x0b\x0c\x19\x12\x13\x0f\x14\x1d\x1a\x1f\x1e\x1d\x1a\x1c\x1c\x20\x24\x2e\x27\x20\
            \x22\x2c\x23\x1c\x1c\x28\x37\x29\x2c\x30\x31\x34\x34\x34\x1f\x27\x39\x3d\x38\x32\x3c\x2e\x33\x34\x32\xff\xc0\x00\x0b\x08\x00\
            \x01\x00\x01\x01\x01\x11\x00\xff\xc4\x00\x14\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\xff\xc4\
            \x00\x14\x10\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x37\
            \xff\xd9"
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    fn bytes(pieces: &[Piece]) -> Vec<u8> {
        Piece::collect(pieces.to_vec())
    }

    #[test]
    fn a_checksum_of_spaces_is_that_of_the_bytes() {
        for length in [0, 1, 2, 3, 255, 256, 70_001] {
            let body = [Piece::Bytes(Bytes::from_static(b"start")), Piece::spaces(length)];
            let mut plain = Crc::new();
            plain.update(&bytes(&body));
            assert_eq!(checksum(&body), plain.sum(), "{length}");
        }
    }

    #[test]
    fn another_reader_finds_every_entry_whole() {
        let account = Account { attachment_length: 1000, video_length: 300_000, ..Account::default() };
        let mut archive = Archive::default();
        archive.deflated("ä.xml", "<a>äöü</a>".repeat(1000).as_bytes());
        for key in ["pdf", "videolog", "userface"] {
            archive.stored(key, attachment(key, &account));
        }
        let mut read = zip::ZipArchive::new(Cursor::new(bytes(&archive.finish()))).unwrap();
        for (name, contents) in [
            ("ä.xml", "<a>äöü</a>".repeat(1000).into_bytes()),
            ("pdf", bytes(&attachment("pdf", &account))),
            ("videolog", bytes(&attachment("videolog", &account))),
            ("userface", bytes(&attachment("userface", &account))),
        ] {
            let mut found = Vec::new();
            read.by_name(name).unwrap().read_to_end(&mut found).unwrap();
            assert_eq!(found, contents, "{name}");
        }
        assert_eq!(read.len(), 4);
    }

    #[test]
    fn an_archive_that_the_format_cannot_hold_is_refused() {
        let account = |attachment_length, video_length| Account { attachment_length, video_length, ..Account::default() };
        assert!(fits(&account(0, 1 << 31)));
        assert!(!fits(&account(0, 1 << 32)));
        assert!(!fits(&account(1 << 28, 0)));
        let most = (u64::from(u32::MAX) - OVERHEAD - 1) / 16 * 16;
        assert!(fits(&account(0, most)));
        assert!(!fits(&Account { e_sign: true, ..account(0, most) }), "documents need room too");
        assert!(!fits(&account(u64::MAX, u64::MAX)));
    }
}
